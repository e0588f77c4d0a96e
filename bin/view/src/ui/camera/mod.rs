//! Cameras: one, whole and with a ground of itself, or all of them side by side.

mod grid;
mod tile;

use std::time::Duration;

use egui::{Color32, Id, Key, Rect, Sense, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2};
use transom::{CallKind, CameraState, EndReason, PeerName, SoundState};

use crate::model::{Action, Call, Ending, Face, OwnSound, Presence, Stage, State, name};
use crate::words;

use super::album::Album;
use super::call::{self, Bar, Frame, Hint, Item, backdrop, centred, scrims};
use super::kit::{self, Drawing, Over, icons, text, within};
use super::page::pair_again;
use super::theme::{DARK, OFF, OFF_TEXT, OVER_CAPTION, OVER_SOFT, STAGE, Type, shade};
use super::{Draft, guard};

pub(super) use grid::show as grid;

/// The room that the bar of a camera needs with all of its buttons; with less, some are in the
/// menu.
const WHOLE_BAR: f32 = 640.0;
/// The button that is held to speak to a camera, and the same in a narrow window.
const TALK: f32 = 172.0;
const TALK_NARROW: f32 = 116.0;

/// One camera; controls take only the part that is clear of panes. Without a call for it, it was
/// stopped: it can be watched again.
pub(super) fn show(
    ui: &mut Ui,
    (room, clear): (Rect, Rect),
    state: &State,
    peer: PeerName,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let place = UiBuilder::new()
        .id(Id::new(("camera page", peer)))
        .max_rect(room);
    within(ui, place, |ui| {
        ui.set_clip_rect(room);
        match state.calls.of(peer) {
            Some(call) => watched(ui, (room, clear), state, call, album, draft, actions),
            None => idle(ui, room, state, peer, album, actions),
        }
    });
}

fn watched(
    ui: &mut Ui,
    (room, clear): (Rect, Rect),
    state: &State,
    call: &Call,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let face = Face::Peer(call.peer);
    let said = words::picture_of(&name(&call.peer), call.sound.speaks);
    let picture = kit::area(ui, room, Id::new(("picture", call.peer)), &said);
    guard::place(ui, ("picture", call.peer), room);
    if picture.double_clicked() {
        actions.push(Action::Fullscreen(!state.fullscreen));
    }
    let like = state.preferences(call.peer);
    let live = album.live(face).filter(|_| state.has_picture(face));
    let is_live = call.stage == Stage::Live && gives_pictures(call);
    match live.or(last(state, call, album).map(|(picture, _)| picture)) {
        Some(picture) => {
            let tint = if is_live {
                Color32::WHITE
            } else {
                Color32::from_gray(115)
            };
            let how = match like.fill {
                true => Drawing::filling(like),
                false => Drawing::whole(like),
            };
            kit::around(ui.painter(), room, &[how.place(picture, room)], |p| {
                backdrop(p, room, face, like, album);
            });
            let drawn = kit::draw(ui.painter(), picture, how.tint(tint), room);
            if is_live {
                draft.sizes.push((face, drawn));
            }
        }
        None if is_box(state, call) && !is_forbidden(call) => {
            kit::scrim(ui.painter(), room, Color32::from_gray(24), STAGE);
        }
        None => instead(ui, room, state, call),
    }
    let is_talking = can_talk(state, call);
    let is_narrow = draft.layout.is_narrow || clear.width() < WHOLE_BAR;
    let bar = bar(state, call, draft, is_narrow, is_talking);
    let mut frame = Frame::new(clear.intersect(room), draft.layout, &bar);
    frame.is_narrow = is_narrow;
    let needed = call.stage != Stage::Live || draft.more.is_open() || call.spoken_to;
    let is_shown = draft.hiding.shows(ui, needed);
    if is_shown {
        scrims(ui, room);
    }
    if let Some((title, line)) = situation(state, call, album) {
        centred(
            ui,
            room.center() - vec2(0.0, 24.0),
            room.width() - 48.0,
            &title,
            &line,
        );
    }
    top(ui, &mut frame, state, call, is_shown, actions);
    if state.overlay {
        call::numbers(ui, &mut frame, state, call);
    }
    if is_shown {
        let peer = call.peer;
        let at = bar.show_with(ui, &frame, draft, actions, |ui, place| {
            hold_to_talk(ui, place, peer, call.spoken_to, frame.is_bare);
        });
        guard::place(ui, ("bar", call.peer), at);
    }
    if is_talking {
        held(ui, call, actions);
    }
    if let Some(hint) = Hint::of(ui, &frame, state, call, draft) {
        hint.show(ui, draft);
    }
    call::more(ui, &frame, state, call, draft, actions);
    if picture.has_focus() {
        kit::focus_ring_over(ui, &picture, room.shrink(6.0), 0);
    }
}

/// Whether the contact is a camera box and no person.
fn is_box(state: &State, call: &Call) -> bool {
    let mut people = state.people.iter();
    let contact = people.find(|person| person.name == call.peer);
    contact.is_some_and(|contact| state.is_camera(contact))
}

/// Whether this watch ended because the contact gives no right to it.
fn is_forbidden(call: &Call) -> bool {
    let Stage::Ended(Ending::Reason { reason, .. }) = &call.stage else {
        return false;
    };
    *reason == EndReason::Forbidden
}

/// The last picture, while it may stand for the one that is awaited. That of a person can be of an
/// earlier call, and shows nothing that this watch has seen.
fn last(state: &State, call: &Call, album: &Album) -> Option<(kit::Picture, Duration)> {
    let stands = match call.stage {
        Stage::Interrupted(_) => true,
        _ => is_box(state, call) && !is_forbidden(call),
    };
    album.last(Face::Peer(call.peer)).filter(|_| stands)
}

/// The contact's colour and avatar instead of a picture.
fn instead(ui: &Ui, room: Rect, state: &State, call: &Call) {
    call::colour(ui, room, state, call);
    let mut people = state.people.iter();
    let contact = people.find(|person| person.name == call.peer);
    let key = contact.and_then(|contact| contact.key.as_ref());
    let at = room.center() - vec2(0.0, 96.0);
    kit::avatar(ui.painter(), at, 96.0, &name(&call.peer), key);
}

/// A camera that is not watched now.
fn idle(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    peer: PeerName,
    album: &Album,
    actions: &mut Vec<Action>,
) {
    let (face, shown) = (Face::Peer(peer), name(&peer));
    ui.painter().rect_filled(room, 0.0, STAGE);
    if let Some(picture) = album.faded(face) {
        let how = Drawing::whole(state.preferences(peer)).tint(Color32::from_gray(90));
        kit::draw(ui.painter(), picture, how, room);
    }
    let person = state.people.iter().find(|person| person.name == peer);
    let stranger = person.filter(|person| person.turns_us_away());
    let (title, line) = match stranger {
        Some(_) => (words::does_not_know_you(&shown), words::CONNECT_AGAIN),
        None => (shown, ""),
    };
    let above = room.center() - vec2(0.0, if line.is_empty() { 40.0 } else { 64.0 });
    centred(ui, above, room.width() - 48.0, &title, line);
    let (words, does) = match stranger {
        Some(person) => (words::CONNECT_BY_CODE, pair_again(state, person)),
        None => (words::WATCH, Action::Watch(peer)),
    };
    let button = kit::Button::new(kit::Kind::Call, words).height(44.0);
    let size = vec2(button.measure(ui), 44.0);
    let place = Rect::from_center_size(room.center() + vec2(0.0, 30.0), size);
    let place = UiBuilder::new().id(Id::new("watch")).max_rect(place);
    if within(ui, place, |ui| ui.add(button)).clicked() {
        actions.push(does);
    }
    if let Some(person) = person.filter(|person| state.has_conversation(person)) {
        let chat = kit::Button::new(kit::Kind::OnStage, words::CHAT).height(44.0);
        let chat = chat.icon(icons::CHAT_CIRCLE.filled());
        let size = vec2(chat.measure(ui), 44.0);
        let place = Rect::from_center_size(room.center() + vec2(0.0, 90.0), size);
        let builder = UiBuilder::new().id(Id::new("idle chat")).max_rect(place);
        if within(ui, builder, |ui| ui.add(chat)).clicked() {
            actions.push(Action::ShowChat(!state.view.chat));
        }
        if person.unread > 0 {
            let right = place.right_top() + vec2(8.0, 2.0);
            kit::badge(ui.painter(), right, person.unread, &DARK);
        }
    }
}

/// Whether the camera gives pictures, as far as it says.
fn gives_pictures(call: &Call) -> bool {
    let camera = call.far_camera.as_ref().map(|(state, _)| *state);
    !matches!(camera, Some(CameraState::Off | CameraState::Lost))
}

/// Why there is no live picture, as a title and a line; nothing while there is one.
pub(super) fn situation(state: &State, call: &Call, album: &Album) -> Option<(String, String)> {
    let shown = name(&call.peer);
    let last = last(state, call, album).map(|(_, at)| at);
    let last = last.map(|at| words::last_picture(&words::clock(&state.zone, at)));
    let alone = |title: String| Some((title, String::new()));
    match &call.stage {
        Stage::Waiting => {
            let person = state.people.iter().find(|person| person.name == call.peer);
            match person.map(|person| &person.presence) {
                Some(Presence::Refused) => alone(words::BLOCKED.to_owned()),
                Some(presence) if presence.turns_us_away() => {
                    let line = words::CONNECT_AGAIN.to_owned();
                    Some((words::does_not_know_you(&shown), line))
                }
                _ => {
                    let line = last.unwrap_or_else(|| words::starts_later(CallKind::View));
                    Some((words::is_away(&shown), line))
                }
            }
        }
        Stage::Ringing => alone(words::asking(&shown)),
        Stage::Interrupted(_) => {
            let line = last.unwrap_or_else(|| words::starts_later(CallKind::View));
            Some((words::is_away(&shown), line))
        }
        Stage::Ended(ending) => Some(words::ended(&shown, call.kind, ending)),
        Stage::Live => match &call.far_camera {
            Some((CameraState::Lost, text)) => alone(words::far_camera_lost(&shown, text)),
            Some((CameraState::Off, _)) => alone(words::far_camera_off(&shown)),
            _ if call.shown.is_none() => alone(words::no_picture_yet(&shown, call.kind)),
            _ => None,
        },
    }
}

/// The chips at the top.
fn top(
    ui: &mut Ui,
    frame: &mut Frame,
    state: &State,
    call: &Call,
    is_shown: bool,
    actions: &mut Vec<Action>,
) {
    if !is_shown {
        return call::chips(ui, frame, state, call, false, actions);
    }
    let mut left = frame.room.min + vec2(16.0, 16.0);
    if !frame.has_list {
        call::list_button(ui, left, frame, state, actions);
        left.x += 50.0;
    }
    let is_live = call.stage == Stage::Live;
    let width = named(ui, left, &name(&call.peer), is_live);
    let named = Rect::from_min_size(left, vec2(width, 40.0));
    frame.covers.push(named);
    call::warnings(
        ui,
        frame,
        state,
        call,
        left + vec2(width + 10.0, 0.0),
        actions,
    );
}

/// "Front door, live". Gives back how wide that is.
fn named(ui: &Ui, left: egui::Pos2, shown: &str, is_live: bool) -> f32 {
    let state = if is_live { words::LIVE } else { "" };
    let widths = [
        text::width(ui, shown, Type::Strong).min(260.0),
        text::width(ui, state, Type::Body),
    ];
    let width = 32.0 + widths[0] + if is_live { widths[1] + 9.0 } else { 0.0 } + 16.0;
    let rect = Rect::from_min_size(left, vec2(width, 40.0));
    let p = ui.painter();
    kit::chip(p, rect);
    let dot = if is_live {
        kit::Dot::Online
    } else {
        kit::Dot::Away
    };
    kit::mark(p, rect.left_center() + vec2(18.0, 0.0), 4.0, dot, &DARK);
    let at = rect.left_center() + vec2(32.0, 0.0);
    let drawn = text::cut(p, at, widths[0] + 1.0, shown, Type::Strong, Color32::WHITE);
    let at = pos2(drawn.right() + 9.0, rect.center().y);
    text::cut(p, at, widths[1] + 1.0, state, Type::Body, OVER_SOFT);
    text::say(ui, rect, &words::call_chip(shown, state));
    width
}

/// Whether that camera lets us be heard.
fn can_talk(state: &State, call: &Call) -> bool {
    let is_listener = state.sound.listeners.contains(&call.peer);
    is_listener && state.own_sound(call) != OwnSound::NoMicrophone
}

/// Whether a camera has a microphone that we may hear.
pub(super) fn has_sound(call: &Call) -> bool {
    let silent = [SoundState::NoMicrophone, SoundState::NotAllowed];
    let state = call.sound.state.as_ref();
    state.is_some_and(|(state, _)| !silent.contains(state))
}

/// The button of a camera's sound: silent until it is pressed.
pub(super) fn sound(call: &Call) -> (kit::Icon, &'static str, Over, Action) {
    let (peer, on) = (call.peer, !call.heard);
    let action = Action::Hear { peer, on };
    match call.heard {
        true => (
            icons::SPEAKER_HIGH.filled(),
            words::SOUND_OFF,
            Over::Rest,
            action,
        ),
        false => (
            icons::SPEAKER_SLASH.filled(),
            words::SOUND_ON,
            Over::Rest,
            action,
        ),
    }
}

fn bar<'a>(state: &State, call: &Call, draft: &Draft, is_narrow: bool, can_talk: bool) -> Bar<'a> {
    let peer = call.peer;
    let mut items = Vec::new();
    let is_live = call.stage == Stage::Live;
    if is_live && has_sound(call) {
        let (icon, words, look, action) = sound(call);
        items.push(Item::new("sound", icon, words, action).look(look));
    }
    // In a narrow room both are in the menu.
    if is_live && call.shown.is_some() && !is_narrow {
        let icon = icons::CAMERA.filled();
        let save = Item::new("snapshot", icon, words::SNAPSHOT, Action::Snapshot(peer));
        items.push(save.keys("Ctrl+S"));
        let on = !call.recording;
        let (words, icon) = match on {
            true => (words::RECORD, icons::RECORD.filled()),
            false => (words::STOP_RECORDING_SHORT, icons::STOP.filled()),
        };
        let record = Item::new("record", icon, words, Action::Record { peer, on });
        items.push(record.keys("Ctrl+E"));
    }
    if is_live && !is_narrow {
        items.push(call::screen(state));
    }
    let mut people = state.people.iter();
    let person = people.find(|person| person.name == peer);
    if person.is_some_and(|person| state.has_conversation(person)) {
        items.push(call::chat(state, call));
    }
    let stranger = person.filter(|person| person.turns_us_away());
    if let Some(person) = stranger.filter(|_| call.stage == Stage::Waiting) {
        let does = pair_again(state, person);
        items.push(Item::new("pair", icons::KEYBOARD, words::CONNECT, does));
    }
    if let Stage::Ended(_) = call.stage {
        let icon = icons::ARROW_CLOCKWISE;
        items.push(Item::new(
            "again",
            icon,
            words::WATCH_AGAIN,
            Action::Watch(peer),
        ));
    }
    if is_live {
        items.push(Item::more(draft.more.is_open()));
    }
    let words = match call.stage {
        Stage::Ended(_) => words::CLOSE,
        _ => words::STOP,
    };
    items.push(Item::new("end", icons::X, words, Action::HangUp(peer)).keys("Ctrl+H"));
    let wide = match can_talk && is_live {
        true if is_narrow => TALK_NARROW,
        true => TALK,
        false => 0.0,
    };
    Bar { items, wide }
}

/// A camera hears us only while the button is held. Its press is looked at by [`held`].
fn hold_to_talk(ui: &mut Ui, place: Rect, peer: PeerName, is_held: bool, is_bare: bool) {
    let pill = Rect::from_min_size(place.min, vec2(place.width(), 48.0));
    let response = ui.interact(pill, talk_id(peer), Sense::click_and_drag());
    let said = words::hold_to_talk(&name(&peer));
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ui.is_enabled(), &said));
    let p = ui.painter();
    p.rect_filled(pill, 24.0, if is_held { DARK.good } else { OFF });
    let words = match (is_held, is_bare) {
        (true, _) => words::TALKING,
        (false, true) => words::TALK,
        (false, false) => words::HOLD_TO_TALK,
    };
    let width = text::width(ui, words, Type::Strong);
    let left = pill.center().x - (width + 30.0) / 2.0;
    let icon = pos2(left + 11.0, pill.center().y);
    icons::MICROPHONE.filled().paint(p, icon, 22.0, OFF_TEXT);
    let at = pos2(left + 30.0, pill.center().y);
    text::cut(p, at, width + 1.0, words, Type::Strong, OFF_TEXT);
    if !is_bare {
        let below = pos2(pill.center().x, place.top() + 60.0);
        let middle = egui::Align2::CENTER_CENTER;
        text::paint(
            p,
            below,
            middle,
            words::OR_HOLD_F7,
            Type::CaptionMedium,
            OVER_CAPTION,
        );
    }
    kit::focus_ring_over(ui, &response, pill, 24);
}

fn talk_id(peer: PeerName) -> Id {
    Id::new(("hold to talk", peer))
}

/// Lets the camera hear us for as long as the button, or F7, is held.
pub(super) fn held(ui: &Ui, call: &Call, actions: &mut Vec<Action>) {
    let peer = call.peer;
    let button = ui.ctx().read_response(talk_id(peer));
    let by_hand = button
        .as_ref()
        .is_some_and(egui::Response::is_pointer_button_down_on);
    let has_focus = button.is_some_and(|button| button.has_focus());
    let by_key =
        ui.input(|input| input.key_down(Key::F7) || has_focus && input.key_down(Key::Space));
    let is_held = (by_hand || by_key) && ui.input(|input| input.focused);
    if is_held != call.spoken_to {
        actions.push(match is_held {
            true => Action::SpeakTo(Some(peer)),
            false => Action::SpeakNoMore(peer),
        });
    }
}

/// Darker at the lower edge of a tile, so that its words are read.
fn tile_fade(ui: &Ui, rect: Rect) {
    let lower = rect
        .with_min_y(rect.bottom() - 64.0)
        .shrink2(vec2(0.0, 6.0));
    kit::scrim(ui.painter(), lower, shade(0.0), shade(0.35));
}
