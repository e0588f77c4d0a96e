//! The dialogs by which two meet: the code that is shown, the code that is typed, and what follows.

mod enter;
mod nearby;
mod show;

use egui::{Align, Sense, Ui, UiBuilder, pos2, vec2};
use transom::PeerName;

use crate::model::{Action, Dialog, State, name};
use crate::words;

use super::kit::{self, Button, Kind, icons, text, within};
use super::theme::{Type, tokens};
use super::{Draft, page};

/// Shows the dialog of a pairing if one is open, and returns whether one was.
pub(super) fn dialog(ui: &Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) -> bool {
    match &state.dialog {
        Some(Dialog::ShowCode) => show::dialog(ui, state, draft, actions),
        Some(Dialog::EnterCode(form)) => enter::dialog(ui, state, form, actions),
        Some(Dialog::Nearby) => nearby::dialog(ui, state, draft, actions),
        Some(Dialog::Connected(peer)) => connected(ui, state, *peer, draft, actions),
        _ => return false,
    }
    true
}

/// The title of a dialog, with the button that closes it.
fn title(ui: &mut Ui, words: &str, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let size = vec2(ui.available_width(), 34.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let left = row.left_center();
    let shown = text::cut(
        ui.painter(),
        left,
        row.width() - 56.0,
        words,
        Type::Title,
        t.text,
    );
    text::say(ui, shown, words);
    let close =
        egui::Rect::from_min_size(pos2(row.right() - 34.0, row.top() - 6.0), vec2(40.0, 40.0));
    let place = UiBuilder::new().max_rect(close);
    let button = |ui: &mut Ui| kit::icon_button(ui, icons::X, words::CLOSE, 40.0);
    if within(ui, place, button).clicked() {
        actions.push(Action::Close);
    }
}

/// Both are connected; a camera is there to be watched.
fn connected(ui: &Ui, state: &State, peer: PeerName, draft: &mut Draft, actions: &mut Vec<Action>) {
    let shown = name(&peer);
    let person = state.people.iter().find(|person| person.name == peer);
    let shows = kit::dialog(ui, "connected", 440.0, |ui| {
        let t = tokens(ui);
        ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
        let width = ui.available_width();
        let (row, _) = ui.allocate_exact_size(vec2(width, 104.0), Sense::hover());
        let p = ui.painter();
        let at = pos2(row.center().x, row.top() + 52.0);
        kit::avatar(
            p,
            at,
            88.0,
            &shown,
            person.and_then(|person| person.key.as_ref()),
        );
        let mark = at + vec2(38.0, 30.0);
        p.circle_filled(mark, 17.0, t.floating);
        icons::SEAL_CHECK
            .filled()
            .paint(p, mark, 28.0, t.accent_text);
        let contact = person.and_then(|person| person.contact.as_ref());
        let kept =
            contact.and_then(|contact| words::rights_kept(&shown, contact.may, state.meeting.may));
        let lines = [
            (words::are_connected(&shown), Type::Title, t.text),
            (words::code_has_proven(&shown), Type::Body, t.soft),
        ];
        let kept = kept.map(|kept| (kept, Type::Body, t.text));
        for (words, font, ink) in lines.into_iter().chain(kept) {
            ui.add_space(10.0);
            ui.with_layout(egui::Layout::top_down(Align::Center), |ui| {
                ui.label(text::rich(words, font, ink));
            });
        }
        ui.add_space(24.0);
        let done = Button::new(Kind::OnCard, words::DONE);
        if person.is_some_and(|person| state.is_camera(person)) {
            let watch = Button::new(Kind::Main, words::WATCH).icon(icons::EYE);
            return buttons(ui, [done, watch], |at| {
                actions.push(Action::Close);
                actions.extend((at == 1).then_some(Action::Watch(peer)));
            });
        }
        let write = words::write_to(&shown);
        let row = [
            done,
            Button::new(Kind::OnCard, &write).icon(icons::CHAT_CIRCLE.filled()),
            Button::new(Kind::Main, words::VIDEO_CALL).icon(icons::VIDEO_CAMERA.filled()),
        ];
        buttons(ui, row, |at| {
            actions.push(Action::Close);
            match (at, person) {
                (1, _) => {
                    actions.push(Action::Choose(peer));
                    draft.written.of(peer).wants_text = true;
                }
                (2, Some(person)) => actions.extend(page::call(state, person, true)),
                _ => {}
            }
        });
    });
    if shows.backdrop_response.clicked() {
        actions.push(Action::Close);
    }
}

/// A row of buttons in the middle, or one below the other where they have no room.
fn buttons<const N: usize>(ui: &mut Ui, row: [Button<'_>; N], mut clicked: impl FnMut(usize)) {
    let room = ui.available_width();
    let row = row.map(|button| button.height(44.0));
    let width: f32 =
        row.iter().map(|button| button.measure(ui)).sum::<f32>() + 8.0 * (N as f32 - 1.0);
    if width > room {
        ui.spacing_mut().item_spacing.y = 8.0;
        for (at, button) in row.into_iter().enumerate() {
            if ui.add(button.width(room)).clicked() {
                clicked(at);
            }
        }
        return;
    }
    ui.horizontal(|ui| {
        ui.add_space((room - width) / 2.0);
        for (at, button) in row.into_iter().enumerate() {
            if ui.add(button).clicked() {
                clicked(at);
            }
        }
    });
}
