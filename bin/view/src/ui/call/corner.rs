//! A call that goes on while another page is open: its picture in the upper right corner, with its
//! time and the buttons that matter.

use egui::{Color32, Id, Rect, Sense, Shadow, Stroke, Ui, UiBuilder, pos2, vec2};

use crate::model::{Action, Call, Face, Stage, State, name};
use crate::words;

use super::super::album::Album;
use super::super::guard;
use super::super::kit::{self, Drawing, Over, Round, icons, text, within};
use super::super::theme::{DARK, OVER_SOFT, STAGE, Type, shade};
use super::Draft;

const SIZE: egui::Vec2 = vec2(320.0, 180.0);

/// The calls of the corner, one below the other, under the header of the page.
pub(in crate::ui) fn show(
    ui: &mut Ui,
    page: Rect,
    state: &State,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let size = SIZE.min(vec2(page.width() - 32.0, SIZE.y));
    let top = page.min + vec2(page.width() - size.x - 16.0, 80.0);
    for (at, call) in state.in_corner().enumerate() {
        let top = top + vec2(0.0, (size.y + 12.0) * at as f32);
        let rect = Rect::from_min_size(top, size);
        let place = UiBuilder::new()
            .id(Id::new(("corner", call.peer)))
            .max_rect(rect);
        within(ui, place, |ui| {
            one(ui, rect, state, call, album, draft, actions)
        });
        guard::place(ui, ("corner", call.peer), rect);
    }
}

fn one(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    call: &Call,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let (peer, face, shown) = (call.peer, Face::Peer(call.peer), name(&call.peer));
    let said = words::picture_of(&shown, call.sound.speaks);
    let response = ui.interact(rect, Id::new(("picture", peer)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &said));
    let p = ui.painter();
    let shadow = Shadow {
        offset: [0, 6],
        blur: 24,
        spread: 0,
        color: Color32::from_black_alpha(115),
    };
    p.add(shadow.as_shape(rect, 14.0));
    let picture = album.live(face).filter(|_| state.has_picture(face));
    if let Some(picture) = picture.filter(|_| call.stage == Stage::Live) {
        let how = Drawing::filling(state.preferences(peer)).radius(14);
        let drawn = kit::draw(p, picture, how, rect);
        draft.sizes.push((face, drawn));
    } else {
        p.rect_filled(rect, 14.0, STAGE);
        let person = state.people.iter().find(|person| person.name == peer);
        let key = person.and_then(|person| person.key.as_ref());
        kit::avatar(p, rect.center(), 64.0, &shown, key);
    }
    let lower = rect
        .with_min_y(rect.bottom() - 70.0)
        .shrink2(vec2(0.0, 12.0));
    kit::scrim(p, lower.translate(vec2(0.0, 2.0)), shade(0.0), shade(0.45));
    chip(ui, rect, state, call, &shown);
    buttons(ui, rect, state, call, actions);
    kit::focus_ring_over(ui, &response, rect, 14);
    if response.clicked() {
        enlarge(state, call, actions);
    }
}

fn enlarge(state: &State, call: &Call, actions: &mut Vec<Action>) {
    actions.extend(state.leaving(Some(call.peer)));
    actions.push(Action::Choose(call.peer));
}

fn chip(ui: &Ui, rect: Rect, state: &State, call: &Call, shown: &str) {
    let time = match (&call.stage, call.since) {
        (Stage::Interrupted(_), _) => words::RECONNECTING.to_owned(),
        (_, Some(since)) => {
            let second = std::time::Duration::from_secs(1);
            ui.ctx().request_repaint_after(second);
            words::duration(state.now.saturating_sub(since))
        }
        _ => words::IT_RINGS.to_owned(),
    };
    let named = text::width(ui, shown, Type::Strong).min(120.0);
    let width = 46.0 + named + 10.0 + text::width(ui, &time, Type::Body) + 14.0;
    let chip = Rect::from_min_size(rect.min + vec2(10.0, 10.0), vec2(width, 32.0));
    let p = ui.painter();
    kit::chip(p, chip);
    let at = chip.left_center() + vec2(16.0, 0.0);
    if call.sound.speaks {
        p.circle_stroke(at, 13.2, Stroke::new(2.0, DARK.good));
    }
    let person = state.people.iter().find(|person| person.name == call.peer);
    kit::avatar(
        p,
        at,
        24.0,
        shown,
        person.and_then(|person| person.key.as_ref()),
    );
    let left = chip.left_center() + vec2(36.0, 0.0);
    let drawn = text::cut(p, left, named + 1.0, shown, Type::Strong, Color32::WHITE);
    let left = pos2(drawn.right() + 10.0, chip.center().y);
    text::cut(p, left, 200.0, &time, Type::Body, OVER_SOFT);
    text::say(ui, chip, &words::call_chip(shown, &time));
}

fn buttons(ui: &mut Ui, rect: Rect, state: &State, call: &Call, actions: &mut Vec<Action>) {
    let peer = call.peer;
    let muted = state.sound.muted;
    let mute = match muted {
        true => Round::small(icons::MICROPHONE_SLASH.filled(), words::UNMUTE).look(Over::Off),
        false => Round::small(icons::MICROPHONE.filled(), words::MUTE),
    };
    let camera = match call.camera_on {
        true => Round::small(icons::VIDEO_CAMERA.filled(), words::STOP_VIDEO),
        false => {
            Round::small(icons::VIDEO_CAMERA_SLASH.filled(), words::START_VIDEO).look(Over::Off)
        }
    };
    let on = !call.camera_on;
    let large = Round::small(icons::ARROWS_OUT, words::ENLARGE);
    let end = Round::small(icons::PHONE_DISCONNECT.filled(), words::HANG_UP).look(Over::Danger);
    let has_camera = state.calls.own.request.is_some();
    let lefts = [10.0, 58.0, rect.width() - 98.0, rect.width() - 50.0];
    for (at, (left, round)) in lefts
        .into_iter()
        .zip([mute, camera, large, end])
        .enumerate()
    {
        if at == 1 && !has_camera {
            continue;
        }
        let size = vec2(40.0, 40.0);
        let place = Rect::from_min_size(pos2(rect.left() + left, rect.bottom() - 50.0), size);
        let place = UiBuilder::new()
            .id(Id::new(("corner button", peer, at)))
            .max_rect(place);
        if within(ui, place, |ui| ui.add(round)).clicked() {
            match at {
                0 => actions.push(Action::Mute(!muted)),
                1 => actions.push(Action::ShowCamera { peer, on }),
                2 => enlarge(state, call, actions),
                _ => actions.push(Action::HangUp(peer)),
            }
        }
    }
}
