//! Warnings, each with what to do about it.

use std::path::Path;

use egui::{Color32, Label, RichText, ScrollArea, Ui};
use transom::{PeerName, PublicKey};

use crate::model::{Action, State, Warning, name};
use crate::words;

use super::theme;

pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    at: usize,
    warning: &Warning,
    actions: &mut Vec<Action>,
) {
    ui.horizontal(|ui| {
        if ui.button(words::DISMISS).clicked() {
            actions.push(Action::Dismiss(at));
        }
        ui.vertical(|ui| text(ui, state, warning, actions));
    });
}

fn text(ui: &mut Ui, state: &State, warning: &Warning, actions: &mut Vec<Action>) {
    match warning {
        Warning::BadLines(lines) => bad_lines(ui, state, lines, actions),
        Warning::KeyChanged {
            peer,
            pinned,
            offered,
            in_book,
        } => {
            ui.visuals_mut().override_text_color = Some(Color32::WHITE);
            changed(ui, state, peer, [pinned, offered], *in_book);
        }
        Warning::Trouble(what) => title(ui, &words::line(what)),
    }
}

/// With the way to the file: it is mended where it was written.
fn bad_lines(ui: &mut Ui, state: &State, lines: &[String], actions: &mut Vec<Action>) {
    title(ui, &words::unusable_lines(lines.len()));
    ScrollArea::vertical().max_height(70.0).show(ui, |ui| {
        for line in lines {
            ui.monospace(words::line(line));
        }
    });
    let folder = state.book_path.parent();
    // Of a path that is only a name.
    let folder = folder.map(|folder| match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    });
    if let Some(folder) = folder
        && ui.small_button(words::OPEN_CONTACTS_FOLDER).clicked()
    {
        actions.push(Action::OpenFolder(folder.to_owned()));
    }
}

/// There is no button to go on: whoever is in between would be let in by the habit of clicking.
fn changed(
    ui: &mut Ui,
    state: &State,
    peer: &PeerName,
    [pinned, offered]: [&PublicKey; 2],
    in_book: bool,
) {
    let name = name(peer);
    let heading = words::key_changed(&name);
    // Strong text has a colour of its own, which is black in the light theme.
    let heading = RichText::new(heading).strong().size(16.0);
    ui.label(heading.color(Color32::WHITE));
    fingerprint(ui, words::KNOWN_KEY, pinned);
    fingerprint(ui, words::SHOWN_KEY, offered);
    let meaning = words::key_changed_why(&name);
    ui.add(Label::new(meaning).wrap());
    if in_book {
        let file = words::line(&state.book_path.to_string_lossy()).into_owned();
        ui.label(words::change_key(&file));
        ui.monospace(format!("key={offered}"));
    } else {
        ui.label(words::FORGET_KEY);
        ui.monospace(format!("transom users forget {name}"));
    }
}

fn title(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(text).strong().color(theme::alarm(ui))).wrap());
}

fn fingerprint(ui: &mut Ui, what: &str, key: &PublicKey) {
    ui.monospace(format!("{what}  {}", key.fingerprint()));
}
