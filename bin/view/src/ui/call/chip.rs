//! Chips at the upper left of a picture: the list, whose picture it is and how long, and everything
//! that must not be overlooked: recordings, mutes, holds, and other peers that see us.

use egui::{Color32, Id, Pos2, Rect, Stroke, Ui, UiBuilder, Vec2, pos2, vec2};

use crate::model::{Action, Call, OwnSound, Stage, State, name};
use crate::words;

use super::super::kit::{self, Icon, Round, icons, text, within};
use super::super::list;
use super::super::theme::{DARK, OVER_SOFT, Type};
use super::{Frame, MARGIN};

pub(super) const HEIGHT: f32 = 40.0;
const GAP: f32 = 10.0;
/// How often a time is drawn anew.
const SECOND: std::time::Duration = std::time::Duration::from_secs(1);
/// How long a screen reader finds that a call has begun.
const CONNECTED: std::time::Duration = std::time::Duration::from_secs(3);

/// Draws the chips. While the controls are hidden, only those are left that warn.
pub(in crate::ui) fn chips(
    ui: &mut Ui,
    frame: &mut Frame,
    state: &State,
    call: &Call,
    is_shown: bool,
    actions: &mut Vec<Action>,
) {
    let mut left = frame.room.min + vec2(MARGIN, MARGIN);
    if is_shown {
        if !frame.has_list {
            list_button(ui, left, frame, state, actions);
            left.x += HEIGHT + GAP;
        }
        if super::is_answered(call) {
            let width = face(ui, left, state, call);
            let face = Rect::from_min_size(left, vec2(width, HEIGHT));
            frame.covers.push(face);
            left.x += width + GAP;
        }
    }
    warnings(ui, frame, state, call, left, actions);
}

/// What stays on the screen as long as it is true, from that place on.
pub(in crate::ui) fn warnings(
    ui: &mut Ui,
    frame: &mut Frame,
    state: &State,
    call: &Call,
    mut left: Pos2,
    actions: &mut Vec<Action>,
) {
    for (icon, words) in marks(state, call) {
        let width = text::width(ui, &words, Type::Medium) + 56.0;
        let rect = next(frame, &mut left, width);
        warning(ui, rect, icon, &words);
    }
    hold(ui, frame, state, call, left, actions);
    if !frame.has_list {
        for (peer, words) in list::watchers(state) {
            let width = 300.0_f32.min(frame.room.width() - 2.0 * MARGIN);
            let rect = Rect::from_min_size(frame.below_chips(), vec2(width, 44.0));
            list::viewer(ui, rect, peer, &words, actions);
            frame.covers.push(rect);
        }
    }
}

/// A place for a chip of that width: behind the others, or in a new row where they leave no room.
fn next(frame: &mut Frame, left: &mut Pos2, width: f32) -> Rect {
    let (start, end) = (frame.room.left() + MARGIN, frame.room.right() - MARGIN);
    if left.x + width > end && left.x > start {
        *left = pos2(start, left.y + HEIGHT + GAP);
    }
    let rect = Rect::from_min_size(*left, vec2(width.min(end - left.x), HEIGHT));
    frame.covers.push(rect);
    left.x = rect.right() + GAP;
    rect
}

/// The way to the list, or back to it, with what is unread there.
pub(in crate::ui) fn list_button(
    ui: &mut Ui,
    at: Pos2,
    frame: &mut Frame,
    state: &State,
    actions: &mut Vec<Action>,
) {
    let unread = state.people.iter().map(|person| person.unread).sum();
    let (icon, name, action) = match frame.is_narrow {
        true => (icons::CARET_LEFT, words::back(unread), Action::Back),
        false => (
            icons::SIDEBAR_SIMPLE,
            words::show_list(unread),
            Action::ShowList(true),
        ),
    };
    let rect = Rect::from_min_size(at, Vec2::splat(HEIGHT));
    frame.covers.push(rect);
    let place = UiBuilder::new().id(Id::new("show list")).max_rect(rect);
    if within(ui, place, |ui| ui.add(Round::small(icon, &name))).clicked() {
        actions.push(action);
    }
    if unread > 0 {
        let right = rect.right_top() + vec2(4.0, 6.0);
        kit::badge(ui.painter(), right, unread, &DARK);
    }
}

/// Whose picture it is. Gives back how wide that is.
fn face(ui: &Ui, left: Pos2, state: &State, call: &Call) -> f32 {
    let shown = name(&call.peer);
    let mut people = state.people.iter();
    let person = people.find(|person| person.name == call.peer);
    let is_verified = person.is_some_and(|person| state.is_verified(person));
    let time = call.since.map(|since| {
        ui.ctx().request_repaint_after(SECOND);
        words::duration(state.now.saturating_sub(since))
    });
    let time = time.unwrap_or_default();
    let named = text::width(ui, &shown, Type::Strong).min(200.0);
    let mark = if is_verified { 20.0 } else { 0.0 };
    let timed = text::width(ui, &time, Type::Body);
    let width = 45.0 + named + mark + if timed > 0.0 { timed + 11.0 } else { 0.0 } + 16.0;
    let rect = Rect::from_min_size(left, vec2(width, HEIGHT));
    let p = ui.painter();
    kit::chip(p, rect);
    let at = rect.left_center() + vec2(21.0, 0.0);
    if call.sound.speaks {
        p.circle_stroke(at, 15.2, Stroke::new(2.5, DARK.good));
    }
    kit::avatar(
        p,
        at,
        28.0,
        &shown,
        person.and_then(|person| person.key.as_ref()),
    );
    let at = rect.left_center() + vec2(45.0, 0.0);
    let shown = text::cut(p, at, named + 1.0, &shown, Type::Strong, Color32::WHITE);
    if is_verified {
        let mark = pos2(shown.right() + 12.0, rect.center().y);
        icons::SEAL_CHECK
            .filled()
            .paint(p, mark, 16.0, DARK.accent_text);
    }
    let at = pos2(shown.right() + mark + 10.0, rect.center().y);
    text::cut(p, at, timed + 1.0, &time, Type::Body, OVER_SOFT);
    text::say(ui, rect, &words::call_chip(&name(&call.peer), &time));
    if call
        .since
        .is_some_and(|since| state.now.saturating_sub(since) < CONNECTED)
    {
        text::announce(ui, rect, words::CONNECTED);
    }
    width
}

/// The words of the chips that stay.
fn marks(state: &State, call: &Call) -> Vec<(Option<Icon>, String)> {
    let name = name(&call.peer);
    let mut all = Vec::new();
    for (on, words) in [
        (call.far_recording, words::records_you(&name)),
        (call.recording, words::YOU_RECORD.to_owned()),
    ] {
        if on {
            all.push((None, words));
        }
    }
    if call.stage != Stage::Live {
        return all;
    }
    let is_audible = call.is_talk() || call.heard;
    let far = call.sound.state.as_ref().filter(|_| is_audible);
    let far = far.and_then(|(state, text)| words::far_sound(&name, *state, text));
    all.extend(far.map(|words| (Some(icons::MICROPHONE_SLASH.filled()), words)));
    let own = state.own_sound(call);
    if own == OwnSound::Muted && call.is_talk() {
        let icon = Some(icons::MICROPHONE_SLASH.filled());
        all.push((icon, words::YOU_ARE_MUTED.to_owned()));
    }
    let has_sound = call.sound.state.is_some();
    if has_sound && call.is_talk() && own == OwnSound::Unheard {
        let icon = Some(icons::EAR);
        all.push((icon, words::does_not_hear(&name)));
    }
    all
}

fn warning(ui: &Ui, rect: Rect, icon: Option<Icon>, words: &str) {
    let p = ui.painter();
    kit::chip(p, rect);
    let at = rect.left_center() + vec2(20.0, 0.0);
    match icon {
        Some(icon) => drop(icon.paint(p, at, 18.0, Color32::WHITE)),
        None => drop(p.circle_filled(at, 5.0, DARK.danger_text)),
    }
    let left = rect.left_center() + vec2(38.0, 0.0);
    text::cut(
        p,
        left,
        rect.width() - 52.0,
        words,
        Type::Medium,
        Color32::WHITE,
    );
    text::say(ui, rect, words);
}

/// With several calls: the button that chooses where our microphone goes.
fn hold(
    ui: &mut Ui,
    frame: &mut Frame,
    state: &State,
    call: &Call,
    mut left: Pos2,
    actions: &mut Vec<Action>,
) {
    if !call.is_talk() || call.stage != Stage::Live || state.live_talks() < 2 {
        return;
    }
    let peer = call.peer;
    let (to_all, is_focus) = (state.sound.speaks_to_all, state.spoken_to() == Some(peer));
    let speak_to = words::speak_to(&name(&peer));
    let (words, action) = match is_focus && !to_all {
        true => (words::SPEAK_TO_ALL, Action::SpeakTo(None)),
        false => (speak_to.as_str(), Action::SpeakTo(Some(peer))),
    };
    let button = kit::Button::new(kit::Kind::OnStage, words);
    let place = next(frame, &mut left, button.measure(ui));
    let place = UiBuilder::new()
        .id(Id::new(("speak to", peer)))
        .max_rect(place.translate(vec2(0.0, 2.0)));
    if within(ui, place, |ui| ui.add(button)).clicked() {
        actions.push(action);
    }
}
