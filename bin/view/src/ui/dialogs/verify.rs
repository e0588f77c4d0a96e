//! Two people compare their fingerprints, by voice or side by side.

use egui::{Align, Layout, Sense, Ui, vec2};
use transom::PeerName;

use crate::model::{Action, State, name};
use crate::words;

use super::super::kit::{Button, Kind, icons, text};
use super::super::page::key_box;
use super::super::theme::{Type, tokens};
use super::{buttons, sentence, title};

pub(super) fn show(ui: &mut Ui, state: &State, peer: &PeerName, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let who = name(peer);
    title(ui, &words::is_it_really(&who), actions);
    let person = state.people.iter().find(|person| person.name == *peer);
    let key = person.and_then(|person| person.key);
    let (Some(theirs), Some(ours)) = (key, state.own.key) else {
        sentence(ui, &words::no_key_yet(&who));
        return;
    };
    sentence(ui, &words::how_to_compare(&who));
    ui.add_space(12.0);
    let verified = state.verified.contains(&theirs);
    // Green is for what was compared, not for what is to be.
    let ink = if verified { t.good } else { t.text };
    let width = ui.available_width();
    let one = match width < 440.0 {
        true => width,
        false => (width - 12.0) / 2.0,
    };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(12.0, 12.0);
        // In the light theme a dialog is as white as a field.
        let ground = if t.floating == t.base {
            t.raised
        } else {
            t.base
        };
        let font = (Type::CodeField, ink, ground);
        let ours = ours.fingerprint().to_string();
        key_box(ui, one, words::YOURS, &ours, font);
        let theirs = theirs.fingerprint().to_string();
        key_box(ui, one, &words::theirs(&who), &theirs, font);
    });
    ui.add_space(4.0);
    let (icon, words, ink) = match verified {
        true => (icons::SEAL_CHECK.filled(), words::MATCHED, t.accent_text),
        false => (icons::INFO, words::ONE_LETTER_DIFFERS, t.soft),
    };
    ui.horizontal_top(|ui| {
        let (place, _) = ui.allocate_exact_size(vec2(20.0, 20.0), Sense::hover());
        icon.paint(ui.painter(), place.center(), 18.0, ink);
        ui.add(egui::Label::new(text::rich(words, Type::Small, t.soft)).wrap());
    });
    let verify = |on| [Action::Verify { key: theirs, on }, Action::Close];
    buttons(ui, |ui| {
        if verified {
            let unsure = Button::new(Kind::Neutral, words::NOT_SURE).height(44.0);
            if ui.add(unsure).clicked() {
                actions.extend(verify(false));
            }
            return;
        }
        let matches = Button::new(Kind::Main, words::ALL_LETTERS_MATCH).height(44.0);
        if ui.add(matches.icon(icons::SEAL_CHECK.filled())).clicked() {
            actions.extend(verify(true));
        }
        let later = ui.add(Button::new(Kind::Ghost, words::NOT_NOW).height(44.0));
        let differ = Button::new(Kind::RedGhost, words::THEY_DIFFER).height(44.0);
        let left = Layout::left_to_right(Align::Center);
        let differ = ui.with_layout(left, |ui| ui.add(differ)).inner;
        if differ.clicked() {
            actions.extend(verify(false));
        } else if later.clicked() {
            actions.push(Action::Close);
        }
    });
}
