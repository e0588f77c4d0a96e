//! Two people compare their fingerprints, by voice or side by side.

use egui::Ui;
use transom::PeerName;

use crate::model::{Action, State, name};
use crate::words;

use super::{box_of_words, buttons, theme};

pub(super) fn show(ui: &mut Ui, state: &State, peer: &PeerName, actions: &mut Vec<Action>) {
    let who = name(peer);
    ui.heading(words::is_it_really(&who));
    let person = state.people.iter().find(|person| person.name == *peer);
    let key = person.and_then(|person| person.key);
    let (Some(theirs), Some(ours)) = (key, state.own.key) else {
        ui.label(words::no_key_yet(&who));
        buttons(ui, |ui| close(ui, actions));
        return;
    };
    ui.label(words::how_to_compare(&who));
    let verified = state.verified.contains(&theirs);
    // Green is for what was compared, not for what is to be.
    let colour = match verified {
        true => theme::good(ui),
        false => ui.visuals().strong_text_color(),
    };
    ui.columns(2, |columns| {
        if let [left, right] = columns {
            left.label(words::YOURS);
            box_of_words(left, colour, grouped(&ours.fingerprint().to_string()));
            right.label(words::theirs(&who));
            box_of_words(right, colour, grouped(&theirs.fingerprint().to_string()));
        }
    });
    if verified {
        ui.label(words::MATCHED);
    }
    buttons(ui, |ui| {
        let (label, on) = match verified {
            false => (words::THEY_MATCH, true),
            true => (words::NOT_SURE, false),
        };
        if ui.button(label).clicked() {
            actions.push(Action::Verify { key: theirs, on });
            actions.push(Action::Close);
        }
        close(ui, actions);
    });
}

fn close(ui: &mut Ui, actions: &mut Vec<Action>) {
    if ui.button(words::CLOSE).on_hover_text("Esc").clicked() {
        actions.push(Action::Close);
    }
}

/// Two lines of two groups of letters, to be read aloud one after the other.
fn grouped(fingerprint: &str) -> String {
    let groups: Vec<_> = fingerprint.split('-').collect();
    let lines: Vec<_> = groups.chunks(2).map(|groups| groups.join("  ")).collect();
    lines.join("\n")
}
