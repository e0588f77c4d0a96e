//! Warnings across the top, each with what to do about it.

use egui::{Frame, RichText, ScrollArea, Ui};
use transom::{PeerName, PublicKey};
use transom_users::escape;

use crate::model::{Action, State, Warning, name};

use super::theme;

pub(super) fn show(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    for (at, warning) in state.warnings.iter().enumerate() {
        ui.push_id(at, |ui| {
            Frame::group(ui.style()).show(ui, |ui| {
                ui.horizontal(|ui| {
                    if ui.button("Dismiss").clicked() {
                        actions.push(Action::Dismiss(at));
                    }
                    ui.vertical(|ui| text(ui, warning));
                });
            });
        });
    }
}

fn text(ui: &mut Ui, warning: &Warning) {
    match warning {
        Warning::BadLines(lines) => bad_lines(ui, lines),
        Warning::Knock { key, address } => {
            title(
                ui,
                &format!("Somebody unknown knocked from {address} and was turned away"),
            );
            fingerprint(ui, "its key", key);
            ui.label("If you know it, add this to its line of your contact list, and start again:");
            ui.monospace(format!("key={key}"));
        }
        Warning::KeyChanged {
            peer,
            pinned,
            offered,
            in_book,
        } => changed(ui, peer, pinned, offered, *in_book),
        Warning::Trouble(what) => title(ui, &escape(what)),
    }
}

fn bad_lines(ui: &mut Ui, lines: &[String]) {
    let count = lines.len();
    title(
        ui,
        &format!(
            "{count} {} of the contact list can't be used",
            if count == 1 { "line" } else { "lines" }
        ),
    );
    ScrollArea::vertical().max_height(70.0).show(ui, |ui| {
        for line in lines {
            ui.monospace(escape(line));
        }
    });
}

fn changed(ui: &mut Ui, peer: &PeerName, pinned: &PublicKey, offered: &PublicKey, in_book: bool) {
    let name = name(peer);
    title(
        ui,
        &format!("{name} shows another key than before and was refused: it may be somebody else"),
    );
    fingerprint(ui, "known", pinned);
    fingerprint(ui, "shown", offered);
    if in_book {
        ui.label("If its owner confirms the new key, change key= in its line of your contact list, and start again:");
        ui.monospace(format!("key={offered}"));
    } else {
        ui.label(
            "If its owner confirms the new key, let the old one be forgotten, and start again:",
        );
        ui.monospace(format!("transom users forget {name}"));
    }
}

fn title(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).strong().color(theme::ALARM));
}

fn fingerprint(ui: &mut Ui, what: &str, key: &PublicKey) {
    ui.monospace(format!("{what}  {}", key.fingerprint()));
}
