//! The page of one person: who they are, and everything that was written and sent both ways.

mod header;

pub(super) use header::call;

use egui::{Id, Panel, Rect, Ui, UiBuilder};

use crate::model::{Action, Person, State, name};
use crate::words;

use super::kit::{self, icons, text, within};
use super::theme::{Type, tokens};
use super::{Draft, files, talk};

/// The page with its header.
pub(super) fn show(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    ui.painter().rect_filled(room, 0.0, tokens(ui).base);
    let place = UiBuilder::new().id(Id::new("page")).max_rect(room);
    within(ui, place, |ui| {
        ui.set_clip_rect(room);
        header::show(ui, room, state, person, draft, actions);
        let below = room.with_min_y(room.top() + header::HEIGHT);
        conversation(ui, below, state, person, draft, actions);
    });
}

/// The same beside a call.
pub(super) fn chat(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    ui.painter().rect_filled(room, 0.0, t.base);
    // What is behind takes no click.
    kit::ground(ui, room, Id::new("chat ground"));
    let place = UiBuilder::new().id(Id::new("chat")).max_rect(room);
    within(ui, place, |ui| {
        ui.set_clip_rect(room);
        let title = words::chat_with(&name(&person.name));
        let left = room.min + egui::vec2(20.0, 32.0);
        let shown = text::cut(
            ui.painter(),
            left,
            room.width() - 80.0,
            &title,
            Type::Heading,
            t.text,
        );
        text::say(ui, shown, &title);
        let corner = egui::pos2(room.right() - 52.0, room.top() + 12.0);
        let close = Rect::from_min_size(corner, egui::vec2(40.0, 40.0));
        let place = UiBuilder::new().id(Id::new("close chat")).max_rect(close);
        let button = |ui: &mut Ui| kit::icon_button(ui, icons::X, words::CLOSE_CHAT, 40.0);
        if within(ui, place, button).clicked() {
            actions.push(Action::ShowChat(false));
        }
        let below = room.with_min_y(room.top() + header::HEIGHT);
        conversation(ui, below, state, person, draft, actions);
    });
}

fn conversation(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let inner = UiBuilder::new()
        .id(Id::new("conversation"))
        .max_rect(room.shrink2(egui::vec2(16.0, 8.0)));
    within(ui, inner, |ui| {
        let files = Panel::bottom("files")
            .resizable(false)
            .frame(egui::Frame::NONE);
        let files = files.show(ui, |ui| files::show(ui, state, person, draft, actions));
        super::settle(ui, "files", files.response.rect);
        talk::show(ui, state, person, draft, actions);
    });
}
