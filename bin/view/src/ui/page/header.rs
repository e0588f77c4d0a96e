//! The head of a page: name and presence of the contact, and the buttons that call it.

use egui::{Align, Id, Layout, Rect, Stroke, Ui, UiBuilder, pos2, vec2};

use crate::model::{Action, Person, Presence, Stage, State, name};
use crate::words;

use super::super::Draft;
use super::super::kit::{self, Button, Dot, Kind, icons, text, within};
use super::super::theme::{Type, tokens};

pub(super) const HEIGHT: f32 = 64.0;
/// Below this width of the window the video call is an icon.
const SHORT: f32 = 900.0;

pub(super) fn show(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    draft: &Draft,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let row = room.with_max_y(room.top() + HEIGHT);
    let line = Stroke::new(1.0, t.line);
    ui.painter().hline(row.x_range(), row.bottom() - 0.5, line);
    let mut left = row.left() + 20.0;
    if draft.layout.is_narrow {
        let place = Rect::from_min_size(pos2(row.left() + 6.0, row.top() + 12.0), vec2(40.0, 40.0));
        let place = UiBuilder::new().id(Id::new("back")).max_rect(place);
        let back = |ui: &mut Ui| kit::icon_button(ui, icons::ARROW_LEFT, words::BACK, 40.0);
        if within(ui, place, back).clicked() {
            actions.push(Action::Back);
        }
        left = row.left() + 54.0;
    }
    let right = row
        .with_min_x(row.right() - 260.0)
        .with_max_x(row.right() - 16.0);
    let place = UiBuilder::new()
        .id(Id::new("header buttons"))
        .max_rect(right);
    let place = place.layout(Layout::right_to_left(Align::Center));
    let buttons = within(ui, place, |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        buttons(ui, state, person, actions);
        ui.min_rect()
    });
    who(
        ui,
        row.with_min_x(left).with_max_x(buttons.left() - 12.0),
        state,
        person,
    );
}

fn who(ui: &Ui, row: Rect, state: &State, person: &Person) {
    let t = tokens(ui);
    let shown = name(&person.name);
    let p = ui.painter();
    let at = pos2(row.left() + 20.0, row.center().y);
    let avatar = kit::avatar(p, at, 40.0, &shown, person.key.as_ref());
    let dot = match person.presence {
        Presence::Here => Dot::Online,
        _ => Dot::Away,
    };
    kit::dot(p, avatar, dot, t.base, t);
    let is_verified = state.is_verified(person);
    let width = row.width() - 52.0 - if is_verified { 24.0 } else { 0.0 };
    let left = row.left() + 52.0;
    let at = pos2(left, row.top() + 23.5);
    let drawn = text::cut(p, at, width, &shown, Type::Heading, t.text);
    if is_verified {
        let mark = pos2(drawn.right() + 13.0, drawn.center().y);
        icons::SEAL_CHECK
            .filled()
            .paint(p, mark, 17.0, t.accent_text);
    }
    let presence = words::presence(&person.presence);
    let at = pos2(left, row.top() + 43.0);
    text::cut(p, at, row.width() - 52.0, &presence, Type::Small, t.soft);
    text::say(ui, row, &shown);
    text::say(ui, row, &presence);
}

/// From the right: everything about the person, a video call, a call.
fn buttons(ui: &mut Ui, state: &State, person: &Person, actions: &mut Vec<Action>) {
    let shown = name(&person.name);
    let (peer, abilities) = (person.name, state.abilities(person));
    let about = words::about_person(&shown);
    if kit::icon_button(ui, icons::DOTS_THREE_VERTICAL, &about, 40.0).clicked() {
        actions.push(Action::Sheet(!state.view.sheet));
    }
    if !abilities.takes_calls() {
        return;
    }
    let open = state
        .calls
        .of(peer)
        .is_some_and(|call| call.is_open() && call.is_talk());
    let can = person.presence != Presence::Refused && !open;
    let is_short = ui.ctx().content_rect().width() < SHORT;
    ui.add_enabled_ui(can, |ui| {
        let video = match is_short {
            true => kit::icon_button(ui, icons::VIDEO_CAMERA, words::VIDEO_CALL, 40.0),
            false => {
                let button = Button::new(Kind::Tonal, words::VIDEO_CALL);
                ui.add(button.icon(icons::VIDEO_CAMERA.filled()))
            }
        };
        if video.clicked() {
            actions.extend(call(state, person, true));
        }
        if kit::icon_button(ui, icons::PHONE, words::CALL, 40.0).clicked() {
            actions.extend(call(state, person, false));
        }
    });
}

/// Calls a person, with our camera or without.
pub(in crate::ui) fn call(state: &State, person: &Person, video: bool) -> Vec<Action> {
    let peer = person.name;
    let like = state.preferences(peer);
    let preferences = crate::model::Preferences {
        camera_on: video,
        ..like
    };
    let watched = state
        .calls
        .of(peer)
        .filter(|call| !matches!(call.stage, Stage::Ended(_)));
    let stop = watched.map(|_| Action::HangUp(peer));
    let mut actions: Vec<_> = stop.into_iter().collect();
    actions.push(Action::Prefer { peer, preferences });
    actions.push(Action::Call(peer));
    actions
}
