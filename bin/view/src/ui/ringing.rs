//! An incoming call: a card at the top of the page, over everything else. It moves nothing, takes
//! no keyboard focus, and is deaf to clicks while it is new.

use egui::{AsId, Context, Id, Rect, Sense, Stroke, Ui, UiBuilder, Vec2, pos2, vec2};
use transom::CallKind;
use transom::sounds::DeviceName;

use crate::model::{Action, Face, Incoming, State, name};
use crate::words;

use super::album::Album;
use super::call::mirrored;
use super::kit::{self, Button, Drawing, Kind, icons, text, within};
use super::theme::{Type, tokens};
use super::{Draft, guard, keys};

/// Of the card, without its margins.
const WIDTH: f32 = 480.0;
const MARGIN: f32 = 20.0;
/// Between *Decline* and *Answer*, so that neither is hit instead of the other.
const APART: f32 = 32.0;

/// A card for each ringing call, the oldest at the top.
pub(super) fn show(
    ui: &Ui,
    page: Rect,
    state: &State,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let incoming = &state.calls.incoming;
    if incoming.is_empty() {
        return;
    }
    let screen = ui.ctx().content_rect();
    let is_narrow = draft.layout.is_narrow;
    let room = if is_narrow { screen } else { page };
    let outer = (WIDTH + 2.0 * MARGIN).min(room.width() - 24.0);
    let top = room.top() + if is_narrow { 12.0 } else { 80.0 };
    let at = pos2(room.center().x - outer / 2.0, top);
    let shown = kit::float("ringing").fixed_pos(at).show(ui.ctx(), |ui| {
        ui.set_width(outer);
        ui.spacing_mut().item_spacing.y = 12.0;
        for ring in incoming {
            let frame = kit::floating(ui, 20, MARGIN as i8);
            guard::card(ui, id(ring), frame, |ui, is_ready| {
                ui.set_width(outer - 2.0 * MARGIN);
                card(ui, state, ring, is_ready, album, draft, actions);
            });
        }
        if let Some(first) = incoming.first() {
            guard::place(ui, first_in_line(first), ui.min_rect());
        }
    });
    // A click on a dialog raises the dialog.
    ui.ctx().move_to_top(shown.response.layer_id);
}

/// The call that rings longest, once a key can be meant for it.
pub(super) fn first<'a>(ctx: &Context, state: &'a State) -> Option<&'a Incoming> {
    let first = state.calls.incoming.first()?;
    guard::is_ready(ctx, first_in_line(first)).then_some(first)
}

fn id(ring: &Incoming) -> impl AsId + Copy {
    ("ring", ring.peer, ring.key)
}

fn first_in_line(ring: &Incoming) -> impl AsId {
    ("first", id(ring))
}

fn card(
    ui: &mut Ui,
    state: &State,
    ring: &Incoming,
    is_ready: bool,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    head(ui, state, ring, is_ready, actions);
    ui.add_space(if draft.layout.is_narrow { 16.0 } else { 18.0 });
    guard::buttons(ui, is_ready, |ui| answers(ui, state, ring, actions));
    ui.add_space(12.0);
    if state.calls.own.open {
        picture(ui, state, album, draft);
        ui.add_space(12.0);
    }
    guard::buttons(ui, is_ready, |ui| foot(ui, state, actions));
    for call in state
        .calls
        .open
        .iter()
        .filter(|call| call.is_talk() && call.is_open())
    {
        let t = tokens(ui);
        let hold = words::is_put_on_hold(&name(&call.peer));
        ui.label(text::rich(hold, Type::Small, t.soft));
    }
}

/// The caller, whether its key is verified, and the kind of call.
fn head(ui: &mut Ui, state: &State, ring: &Incoming, is_ready: bool, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 64.0), Sense::hover());
    let shown = name(&ring.peer);
    let p = ui.painter();
    let at = row.left_center() + vec2(32.0, 0.0);
    p.circle_stroke(at, 33.0, Stroke::new(3.0, t.good));
    kit::avatar(p, at, 56.0, &shown, ring.key.as_ref());
    let width = row.width() - 80.0 - 48.0;
    let is_verified = ring.key.is_some_and(|key| state.verified.contains(&key));
    let title = words::calls(&shown);
    let mark = if is_verified { 24.0 } else { 0.0 };
    let left = row.min + vec2(80.0, 20.0);
    let drawn = text::cut(p, left, width - mark, &title, Type::Title, t.text);
    if is_verified {
        let at = pos2(drawn.right() + 14.0, drawn.center().y);
        icons::SEAL_CHECK.filled().paint(p, at, 19.0, t.accent_text);
    }
    let sure = if is_verified {
        words::VERIFIED
    } else {
        words::NOT_VERIFIED
    };
    text::announce(ui, drawn, &title);
    let (icon, kind) = match ring.kind {
        CallKind::Talk => (icons::VIDEO_CAMERA, words::VIDEO_CALL),
        _ => (icons::EYE, words::WANTS_TO_SEE),
    };
    icon.paint(p, row.min + vec2(89.0, 46.0), 17.0, t.soft);
    let line = if is_verified {
        kind.to_owned()
    } else {
        words::joined(kind, sure)
    };
    let left = row.min + vec2(106.0, 46.0);
    let drawn = text::cut(p, left, width - 26.0, &line, Type::Body, t.soft);
    text::say(ui, drawn, &words::joined(kind, sure));
    if state.config.bell && !state.calls.is_silent {
        let place = Rect::from_min_size(
            pos2(row.right() - 40.0, row.top() + 12.0),
            Vec2::splat(40.0),
        );
        let place = UiBuilder::new()
            .id(Id::new(("silence", ring.peer)))
            .max_rect(place);
        let clicked = within(ui, place, |ui| {
            let button =
                |ui: &mut Ui| kit::icon_button(ui, icons::BELL_SLASH, words::SILENCE, 40.0);
            guard::buttons(ui, is_ready, |ui| button(ui).clicked())
        });
        if clicked {
            actions.push(Action::Silence);
        }
    }
}

/// From left to right: no, then yes, and the camera last. In a narrow card the last is below.
fn answers(ui: &mut Ui, state: &State, ring: &Incoming, actions: &mut Vec<Action>) {
    let peer = ring.peer;
    let width = ui.available_width();
    let is_narrow = width < 430.0;
    let decline = Button::new(Kind::Danger, words::DECLINE).height(44.0);
    let decline = decline.icon(icons::PHONE_DISCONNECT.filled());
    let answer = Button::new(Kind::Call, words::ANSWER).height(44.0);
    let answer = answer.icon(icons::PHONE.filled());
    let video = Button::new(Kind::Call, words::ANSWER_WITH_VIDEO).height(44.0);
    let video = video.icon(icons::VIDEO_CAMERA.filled());
    if is_narrow {
        let half = (width - 24.0) / 2.0;
        ui.horizontal(|ui| {
            push(
                ui,
                decline.width(half),
                vec![Action::Decline(peer)],
                actions,
            );
            ui.add_space(24.0);
            push(
                ui,
                answer.width(half),
                keys::answers(state, peer, false),
                actions,
            );
        });
        ui.add_space(8.0);
        push(
            ui,
            video.width(width),
            keys::answers(state, peer, true),
            actions,
        );
    } else {
        ui.horizontal(|ui| {
            push(ui, decline, vec![Action::Decline(peer)], actions);
            let gaps = ui.available_width() - answer.measure(ui) - video.measure(ui) - 8.0;
            ui.add_space(gaps.max(APART));
            push(ui, answer, keys::answers(state, peer, false), actions);
            ui.add_space(8.0);
            push(ui, video, keys::answers(state, peer, true), actions);
        });
    }
}

fn push(ui: &mut Ui, button: Button<'_>, does: Vec<Action>, actions: &mut Vec<Action>) {
    if ui.add(button).clicked() {
        actions.extend(does);
    }
}

/// What we look like, for ourselves only.
fn picture(ui: &mut Ui, state: &State, album: &Album, draft: &mut Draft) {
    let t = tokens(ui);
    let width = ui.available_width().min(360.0);
    let size = vec2(ui.available_width(), width * 9.0 / 16.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let rect = Rect::from_center_size(row.center(), vec2(width, size.y));
    ui.painter().rect_filled(rect, 14.0, super::theme::STAGE);
    match (album.live(Face::Own), state.calls.own_trouble()) {
        (Some(picture), None) => {
            let how = Drawing::filling(mirrored()).radius(14);
            let drawn = kit::draw(ui.painter(), picture, how, rect);
            draft.sizes.push((Face::Own, drawn));
            text::say(ui, rect, words::ONLY_YOU_SEE_IT);
        }
        (_, Some(trouble)) => {
            let words = words::own_trouble(&trouble);
            let at = rect.center();
            let middle = egui::Align2::CENTER_CENTER;
            text::paint(ui.painter(), at, middle, &words, Type::Small, t.soft);
            text::say(ui, rect, &words);
        }
        _ => {}
    }
}

/// The microphone that will be used, whether we are muted, and a look at ourselves.
fn foot(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let sound = &state.sound;
    let size = vec2(ui.available_width(), 32.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let chosen = &sound.settings.microphone;
    let words = words::microphone_is(chosen, &sound.microphone);
    let can_mute = *chosen != DeviceName::None;
    let check = match state.calls.own.open {
        true => words::HIDE_MY_PICTURE,
        false => words::CHECK_MY_PICTURE,
    };
    let checks = text::width(ui, check, Type::SmallStrong) + 33.0;
    let place = UiBuilder::new()
        .id(Id::new("check my picture"))
        .max_rect(row.with_min_x(row.right() - checks));
    let link = |ui: &mut Ui| kit::link(ui, Some(icons::EYE), check);
    if within(ui, place, link).clicked() {
        actions.push(Action::ShowOwn(!state.calls.own.open));
    }
    let (icon, ink) = match sound.muted {
        true => (icons::MICROPHONE_SLASH, t.danger_text),
        false => (icons::MICROPHONE, t.soft),
    };
    let room = row.with_max_x(row.right() - checks - 12.0);
    let name = if sound.muted {
        words::UNMUTE
    } else {
        words::MUTE
    };
    let place = Rect::from_min_size(room.min, vec2(32.0, 32.0));
    if can_mute {
        let place = place.translate(vec2(-8.0, 0.0));
        let response = kit::area(ui, place, Id::new("mute before"), name);
        if response.hovered() {
            ui.painter().rect_filled(place, 8.0, t.hover);
        }
        kit::focus_ring(ui, &response, place, 8);
        if response.clicked() {
            actions.push(Action::Mute(!sound.muted));
        }
    }
    let p = ui.painter();
    icon.paint(p, pos2(room.left() + 9.0, room.center().y), 17.0, ink);
    let left = pos2(room.left() + 26.0, room.center().y);
    let drawn = text::cut(p, left, room.width() - 26.0, &words, Type::Small, t.soft);
    text::say(ui, drawn, &words);
}
