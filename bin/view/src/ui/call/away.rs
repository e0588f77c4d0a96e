//! What is there instead of a picture: a call that rings, one that comes back by itself, one that
//! failed, and a person without a camera.

use std::time::Duration;

use egui::{Align, Color32, Id, Rect, Ui, UiBuilder, pos2, vec2};
use transom::{CallKind, CameraState};

use crate::model::{Action, Call, Ending, Face, Preferences, Presence, Stage, State, name};
use crate::words;

use super::super::album::Album;
use super::super::kit::{self, Button, Drawing, Kind, icons, text, within};
use super::super::theme::{self, OVER_SOFT, STAGE, Type, mix, shade};
use super::{Draft, Frame, centred};

/// How often a spinner turns on.
const SPIN: Duration = Duration::from_millis(500);
/// Positions of a spinner.
const STEPS: u128 = 8;

/// The person's colour, down to the stage.
pub(in crate::ui) fn colour(ui: &Ui, room: Rect, state: &State, call: &Call) {
    let person = state.people.iter().find(|person| person.name == call.peer);
    let key = person.and_then(|person| person.key.as_ref());
    let of_key = theme::avatar(key.map(|key| key.0.as_slice()));
    kit::scrim(ui.painter(), room, mix(STAGE, of_key, 0.42), STAGE);
}

/// The ground of an outgoing call: our own picture, large, or the colour of the contact.
pub(super) fn calling(
    ui: &Ui,
    room: Rect,
    state: &State,
    call: &Call,
    album: &Album,
    draft: &mut Draft,
) {
    let own = album
        .live(Face::Own)
        .filter(|_| state.has_picture(Face::Own));
    match own.filter(|_| call.camera_on) {
        Some(picture) => {
            let how = Drawing::filling(mirrored());
            let drawn = kit::draw(ui.painter(), picture, how, room);
            draft.sizes.push((Face::Own, drawn));
            ui.painter().rect_filled(room, 0.0, shade(0.22));
            let upper = room.with_max_y(room.top() + 300.0);
            kit::scrim(ui.painter(), upper, shade(0.62), shade(0.0));
        }
        None => colour(ui, room, state, call),
    }
}

/// As in a mirror.
pub(in crate::ui) fn mirrored() -> Preferences {
    Preferences {
        mirror: true,
        ..Preferences::default()
    }
}

/// The words over the picture, while there is something to say about it.
pub(super) fn words(ui: &Ui, frame: &Frame, state: &State, call: &Call) {
    let shown = name(&call.peer);
    match &call.stage {
        Stage::Waiting => {
            let lines = [words::calling(&shown, call.kind), waiting(state, call)];
            rings(ui, frame.room, state, call, &lines);
        }
        Stage::Ringing => {
            let lines = [
                words::calling(&shown, call.kind),
                words::IT_RINGS.to_owned(),
            ];
            rings(ui, frame.room, state, call, &lines);
        }
        Stage::Interrupted(since) => reconnecting(ui, frame.room, state, *since),
        Stage::Live => {
            let face = Face::Peer(call.peer);
            let far = call.far_camera.as_ref();
            let line = match far.map(|(state, text)| (*state, text.as_str())) {
                Some((CameraState::Lost, text)) => words::far_camera_lost(&shown, text),
                Some((CameraState::Off, _)) => words::far_camera_off(&shown),
                _ if !state.has_picture(face) => words::no_picture_yet(&shown, call.kind),
                _ => return,
            };
            person(ui, frame.room, state, call, &line);
        }
        Stage::Ended(_) => {}
    }
}

/// Why the call waits.
fn waiting(state: &State, call: &Call) -> String {
    let shown = name(&call.peer);
    let person = state.people.iter().find(|person| person.name == call.peer);
    match person.map(|person| &person.presence) {
        Some(Presence::Refused) => words::BLOCKED.to_owned(),
        Some(presence) if presence.turns_us_away() => words::turned_away(&shown),
        _ => words::away_for_now(&shown, call.kind),
    }
}

/// The contact that is called, at the top.
fn rings(ui: &Ui, room: Rect, state: &State, call: &Call, lines: &[String; 2]) {
    let person = state.people.iter().find(|person| person.name == call.peer);
    let key = person.and_then(|person| person.key.as_ref());
    let at = pos2(room.center().x, room.top() + 72.0);
    kit::avatar(ui.painter(), at, 72.0, &name(&call.peer), key);
    let width = room.width() - 32.0;
    let p = ui.painter();
    let title = pos2(at.x, room.top() + 120.0);
    let shown = text::wrap(
        p,
        title,
        width,
        &lines[0],
        Type::Large,
        Color32::WHITE,
        Align::Center,
    );
    text::say(ui, shown, &lines[0]);
    let line = pos2(at.x, shown.bottom() + 4.0);
    let shown = text::wrap(
        p,
        line,
        width,
        &lines[1],
        Type::Message,
        OVER_SOFT,
        Align::Center,
    );
    text::say(ui, shown, &lines[1]);
}

/// A person without a picture.
fn person(ui: &Ui, room: Rect, state: &State, call: &Call, line: &str) {
    let person = state.people.iter().find(|person| person.name == call.peer);
    let key = person.and_then(|person| person.key.as_ref());
    let at = room.center() - vec2(0.0, 54.0);
    let avatar = kit::avatar(ui.painter(), at, 96.0, &name(&call.peer), key);
    if call.sound.speaks {
        let ring = egui::Stroke::new(3.0, theme::DARK.good);
        ui.painter()
            .circle_stroke(at, avatar.width() / 2.0 + 5.0, ring);
    }
    let below = pos2(at.x, avatar.bottom() + 20.0);
    let width = room.width() - 32.0;
    let p = ui.painter();
    let shown = text::wrap(
        p,
        below,
        width,
        line,
        Type::Message,
        Color32::WHITE,
        Align::Center,
    );
    text::say(ui, shown, line);
}

fn reconnecting(ui: &Ui, room: Rect, state: &State, since: Duration) {
    ui.ctx().request_repaint_after(SPIN);
    let ago = state.now.saturating_sub(since);
    let at = room.center() - vec2(0.0, 72.0);
    spinner(ui, at, state.now);
    let title = at + vec2(0.0, 40.0);
    let width = 340.0_f32.min(room.width() - 32.0);
    centred(
        ui,
        title,
        width,
        words::RECONNECTING,
        &words::broke_ago(ago.as_secs()),
    );
}

/// A ring that turns in steps.
fn spinner(ui: &Ui, at: egui::Pos2, now: Duration) {
    let step = now.as_millis() / SPIN.as_millis() % STEPS;
    let from = step as f32 / STEPS as f32;
    let track = Color32::from_white_alpha(60);
    let look = (4.0, track, Color32::WHITE);
    kit::progress_ring(ui.painter(), at, 20.0, (from, 0.25), look);
}

/// A call that came to nothing, until it is put away.
pub(super) fn ended(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    call: &Call,
    ending: &Ending,
    actions: &mut Vec<Action>,
) {
    let shown = name(&call.peer);
    let person = state.people.iter().find(|person| person.name == call.peer);
    let key = person.and_then(|person| person.key.as_ref());
    let at = room.center() - vec2(0.0, 74.0);
    kit::avatar(ui.painter(), at, 96.0, &shown, key);
    let (title, line) = words::ended(&shown, call.kind, ending);
    let width = 520.0_f32.min(room.width() - 32.0);
    let p = ui.painter();
    let top = pos2(at.x, at.y + 66.0);
    let drawn = text::wrap(
        p,
        top,
        width,
        &title,
        Type::Large,
        Color32::WHITE,
        Align::Center,
    );
    text::say(ui, drawn, &title);
    let mut bottom = drawn.bottom();
    if !line.is_empty() {
        let below = pos2(at.x, bottom + 4.0);
        let drawn = text::wrap(
            p,
            below,
            width,
            &line,
            Type::Message,
            OVER_SOFT,
            Align::Center,
        );
        text::say(ui, drawn, &line);
        bottom = drawn.bottom();
    }
    let peer = call.peer;
    let again = match call.kind {
        CallKind::Talk => (icons::VIDEO_CAMERA, words::CALL_AGAIN, Action::Call(peer)),
        _ => (icons::VIDEO_CAMERA, words::WATCH_AGAIN, Action::Watch(peer)),
    };
    let close = Button::new(Kind::OnStage, words::CLOSE).icon(icons::X);
    let write = Button::new(Kind::OnStage, words::WRITE_INSTEAD).icon(icons::CHAT_CIRCLE.filled());
    let call_again = Button::new(Kind::Call, again.1).icon(again.0.filled());
    let is_narrow = room.width() < 460.0;
    let mut row = vec![(close, vec![Action::HangUp(peer)])];
    if call.is_talk() {
        row.push((write, vec![Action::HangUp(peer), Action::Choose(peer)]));
    }
    row.push((call_again, vec![again.2]));
    let size = vec2(if is_narrow { 240.0 } else { room.width() }, 200.0);
    let place = Rect::from_center_size(pos2(at.x, bottom + 38.0 + size.y / 2.0), size);
    let place = UiBuilder::new()
        .id(Id::new(("ended", peer)))
        .max_rect(place);
    within(ui, place, |ui| {
        ui.spacing_mut().item_spacing = vec2(12.0, 8.0);
        let width = |button: &Button<'_>| button.measure(ui);
        let all: f32 = row.iter().map(|(button, _)| width(button)).sum();
        let indent = (ui.available_width() - all - 12.0 * (row.len() as f32 - 1.0)) / 2.0;
        let layout = match is_narrow {
            true => egui::Layout::top_down(Align::Center),
            false => egui::Layout::left_to_right(Align::Min),
        };
        ui.with_layout(layout, |ui| {
            if !is_narrow {
                ui.add_space(indent - 12.0);
            }
            for (button, does) in row {
                let button = button.height(44.0);
                let button = if is_narrow {
                    button.width(240.0)
                } else {
                    button
                };
                if ui.add(button).clicked() {
                    actions.extend(does);
                }
            }
        });
    });
}
