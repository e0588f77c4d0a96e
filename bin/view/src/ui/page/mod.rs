//! The page of one contact: its name, and everything that was written, called and sent.

mod blocked;
mod bubble;
mod composer;
mod drop;
mod files;
mod header;
mod offers;
mod timeline;
mod turned_away;

pub(super) use blocked::key_box;
pub(super) use drop::show as drops;
pub(super) use files::to_open;
pub(super) use header::call;
pub(super) use offers::{offers, size_of};
pub(super) use timeline::Timeline;
pub(super) use turned_away::pair_again;

use egui::{Id, Rect, Ui, UiBuilder, pos2, vec2};

use crate::model::{Action, Person, State, name};
use crate::words;

use super::Draft;
use super::album::Album;
use super::kit::{self, icons, text, within};
use super::theme::{Type, tokens};

/// The widest that a conversation gets.
const WIDEST: f32 = 760.0;

/// The page with its header.
pub(super) fn show(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    ui.painter().rect_filled(room, 0.0, tokens(ui).base);
    let place = UiBuilder::new().id(Id::new("page")).max_rect(room);
    within(ui, place, |ui| {
        ui.set_clip_rect(room);
        header::show(ui, room, state, person, draft, actions);
        let below = room.with_min_y(room.top() + header::HEIGHT);
        conversation(ui, below, state, person, album, draft, actions);
    });
}

/// The same beside a call.
pub(super) fn chat(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    album: &Album,
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
        let left = room.min + vec2(20.0, 32.0);
        let shown = text::cut(
            ui.painter(),
            left,
            room.width() - 80.0,
            &title,
            Type::Heading,
            t.text,
        );
        text::say(ui, shown, &title);
        let corner = pos2(room.right() - 52.0, room.top() + 12.0);
        let close = Rect::from_min_size(corner, vec2(40.0, 40.0));
        let place = UiBuilder::new().id(Id::new("close chat")).max_rect(close);
        let button = |ui: &mut Ui| kit::icon_button(ui, icons::X, words::CLOSE_CHAT, 40.0);
        if within(ui, place, button).clicked() {
            actions.push(Action::ShowChat(false));
        }
        let below = room.with_min_y(room.top() + header::HEIGHT);
        if kit::is_new(ui, Id::new("chat field")) {
            draft.written.of(person.name).wants_text = true;
        }
        conversation(ui, below, state, person, album, draft, actions);
    });
}

fn conversation(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let high = composer::height(ui, column(room), person, draft);
    let (above, below) = room.split_top_bottom_at_y(room.bottom() - high);
    let above = turned_away::show(ui, above, state, person, actions);
    match blocked::of(state, person) {
        Some(changed) => blocked::show(ui, above, state, person, changed, actions),
        None => {
            let timeline = &mut draft.timeline;
            timeline::show(ui, above, state, person, album, timeline, actions);
        }
    }
    composer::show(ui, below, state, person, draft, actions);
}

/// The part of a room that a conversation takes.
fn column(room: Rect) -> Rect {
    let width = (room.width() - 40.0).min(WIDEST);
    Rect::from_center_size(room.center(), vec2(width, room.height()))
}
