//! Below the list, only while it is true: the peers that see our camera or hear us, and what all
//! transfers together do.

use egui::{Align2, Id, Rect, Stroke, Ui, UiBuilder, pos2, vec2};
use transom::PeerName;

use crate::model::{Action, State, Transfer, name};
use crate::words;

use super::super::kit::{self, Button, Kind, icons, text, within};
use super::super::theme::{Type, tokens};

/// Viewers that are shown one by one; the others are stopped after those.
const MOST: usize = 3;
const VIEWER: f32 = 52.0;
const TRANSFERS: f32 = 44.0;

/// A peer that gets our picture or sound while its own picture is not on the screen.
pub(in crate::ui) fn watchers(state: &State) -> Vec<(PeerName, String)> {
    let viewers = state.calls.viewers.iter().copied();
    let mut all: Vec<_> = viewers
        .map(|peer| (peer, words::sees_camera(&name(&peer))))
        .collect();
    for peer in state.hidden_listeners() {
        if !state.calls.viewers.contains(&peer) {
            all.push((peer, words::hears_microphone(&name(&peer))));
        }
    }
    all
}

pub(super) fn height(state: &State) -> f32 {
    let viewers = watchers(state).len().min(MOST) as f32 * VIEWER;
    let transfers = if state.totals().0 > 0 { TRANSFERS } else { 0.0 };
    match viewers + transfers {
        0.0 => 0.0,
        some => some + 8.0,
    }
}

pub(super) fn show(ui: &mut Ui, room: Rect, state: &State, actions: &mut Vec<Action>) {
    if room.height() < 1.0 {
        return;
    }
    let t = tokens(ui);
    ui.painter().rect_filled(room, 0.0, t.side);
    let line = Stroke::new(1.0, t.line);
    ui.painter().hline(room.x_range(), room.top() + 0.5, line);
    let mut top = room.top() + 8.0;
    for (peer, words) in watchers(state).iter().take(MOST) {
        let rect = Rect::from_min_size(
            pos2(room.left() + 8.0, top),
            vec2(room.width() - 16.0, VIEWER - 8.0),
        );
        viewer(ui, rect, *peer, words, actions);
        top += VIEWER;
    }
    if state.totals().0 > 0 {
        let rect = Rect::from_min_size(pos2(room.left(), top), vec2(room.width(), TRANSFERS));
        transfers(ui, rect, state, actions);
    }
}

/// "Bob sees your camera", and the way to end that.
pub(in crate::ui) fn viewer(
    ui: &mut Ui,
    rect: Rect,
    peer: PeerName,
    words: &str,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let p = ui.painter();
    p.rect_filled(rect, 12.0, t.danger_wash);
    let middle = rect.center().y;
    icons::EYE.paint(p, pos2(rect.left() + 22.0, middle), 20.0, t.danger_text);
    let left = pos2(rect.left() + 44.0, middle);
    let width = rect.width() - 44.0 - 70.0;
    text::cut(p, left, width, words, Type::SmallStrong, t.text);
    text::say(ui, rect, words);
    let place = Rect::from_min_size(pos2(rect.right() - 60.0, middle - 16.0), vec2(56.0, 32.0));
    let stop = Button::new(Kind::OnCard, words::STOP)
        .height(32.0)
        .width(54.0);
    let name = words::stop_that(words);
    let clicked = within(
        ui,
        UiBuilder::new().id(Id::new(("stop", peer))).max_rect(place),
        |ui| ui.add(stop.name(&name)).clicked(),
    );
    if clicked {
        actions.push(Action::StopViewer(peer));
    }
}

fn transfers(ui: &Ui, rect: Rect, state: &State, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let (count, done, all, rate) = state.totals();
    // Nobody knows how much is left of what is still being counted.
    let (share, known_rate) = match state.running().any(Transfer::is_counting) {
        true => (0.0, 0),
        false => (done as f32 / all.max(1) as f32, rate),
    };
    let words = words::transfers(count, all.saturating_sub(done), known_rate);
    let response = kit::area(
        ui,
        rect.shrink2(vec2(8.0, 2.0)),
        Id::new("all files"),
        &words,
    );
    if response.hovered() {
        ui.painter()
            .rect_filled(rect.shrink2(vec2(8.0, 2.0)), 12.0, t.raised);
    }
    let p = ui.painter();
    let at = pos2(rect.left() + 30.0, rect.center().y);
    kit::progress_ring(p, at, 9.0, (0.0, share), (3.0, t.pressed, t.accent_text));
    let end = pos2(rect.right() - 20.0, rect.center().y);
    let speed = words::rate(rate);
    let right = text::paint(p, end, Align2::RIGHT_CENTER, &speed, Type::Small, t.soft);
    let left = pos2(rect.left() + 53.0, rect.center().y);
    text::cut(
        p,
        left,
        right.left() - left.x - 12.0,
        &words,
        Type::Small,
        t.text,
    );
    kit::focus_ring(ui, &response, rect.shrink2(vec2(8.0, 2.0)), 12);
    let peer = state.running().next().map(|one| one.status.peer);
    if let Some(peer) = peer.filter(|_| response.clicked()) {
        actions.extend(super::open(state, peer));
    }
}
