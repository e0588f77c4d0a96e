//! What begins a call: the buttons beside a contact, the card of somebody who rings, and the list of those who rang in vain.

use std::time::{Duration, Instant};

use egui::{Align2, Area, Button, Frame, Id, Margin, Order, RichText, ScrollArea, Ui, vec2};
use transom::{CallKind, PeerName};

use crate::model::{Action, Call, Incoming, State, name};
use crate::words;

use super::{Draft, theme};

/// How often a list with times is drawn anew.
const MINUTE: Duration = Duration::from_secs(60);

/// Calls or watches that peer.
pub(super) fn begin(peer: PeerName, kind: CallKind) -> Action {
    match kind {
        CallKind::Talk => Action::Call(peer),
        _ => Action::Watch(peer),
    }
}

/// The buttons beside the chosen contact.
pub(super) fn buttons(ui: &mut Ui, state: &State, peer: PeerName, actions: &mut Vec<Action>) {
    let open = state.calls.of(peer).filter(|call| call.is_open());
    ui.horizontal(|ui| {
        for (text, kind) in [
            (words::CALL, CallKind::Talk),
            (words::WATCH, CallKind::View),
        ] {
            // Somebody who is watched can be called, but nobody is asked for what there is.
            let ready = open.is_none_or(|call| call.kind != kind && !call.is_talk());
            let button = Button::new(text).min_size(vec2(84.0, 26.0));
            if ui.add_enabled(ready, button).clicked() {
                start(open, peer, kind, actions);
            }
        }
    });
}

fn start(open: Option<&Call>, peer: PeerName, kind: CallKind, actions: &mut Vec<Action>) {
    if open.is_some() {
        actions.push(Action::HangUp(peer));
    }
    actions.push(begin(peer, kind));
}

/// A card for each who rings, over everything else.
pub(super) fn rings(ui: &Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    let incoming = &state.calls.incoming;
    draft
        .rang
        .retain(|peer| incoming.iter().any(|ring| ring.peer == *peer));
    if incoming.is_empty() {
        return;
    }
    Area::new(Id::new("ringing"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_TOP, vec2(0.0, 70.0))
        .fade_in(false)
        .show(ui.ctx(), |ui| {
            for ring in incoming {
                ui.push_id(ring.peer, |ui| card(ui, state, ring, draft, actions));
                ui.add_space(6.0);
            }
        });
}

fn card(ui: &mut Ui, state: &State, ring: &Incoming, draft: &mut Draft, actions: &mut Vec<Action>) {
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(18));
    frame.show(ui, |ui| {
        ui.set_min_width(420.0);
        ui.label(
            RichText::new(words::rings(&name(&ring.peer)))
                .size(26.0)
                .strong(),
        );
        if let Some(key) = &ring.key {
            ui.label(RichText::new(words::key(key)).monospace());
        }
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            let camera_first = state.preferences(ring.peer).camera_on;
            for (text, camera) in answers(camera_first) {
                let peer = ring.peer;
                let answer = ui.add(Button::new(text).min_size(vec2(0.0, 34.0)));
                if answer.clicked() {
                    actions.push(Action::Answer { peer, camera });
                }
                // Enter answers as last time, but not while somebody types.
                if camera == camera_first && !draft.rang.contains(&peer) {
                    draft.rang.push(peer);
                    if !draft.typing {
                        answer.request_focus();
                    }
                }
            }
            let decline = RichText::new(words::DECLINE).color(theme::alarm(ui));
            if ui
                .add(Button::new(decline).min_size(vec2(0.0, 34.0)))
                .clicked()
            {
                actions.push(Action::Decline(ring.peer));
            }
        });
    });
}

/// The ways to answer, as one did last time first.
fn answers(camera_first: bool) -> [(&'static str, bool); 2] {
    let off = (words::ANSWER, false);
    let on = (words::ANSWER_WITH_CAMERA, true);
    if camera_first { [on, off] } else { [off, on] }
}

/// Who rang in vain, across the top.
pub(super) fn missed(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let missed = &state.calls.missed;
    if missed.is_empty() {
        return;
    }
    // The minutes go on.
    ui.ctx().request_repaint_after(MINUTE);
    let now = Instant::now();
    ui.horizontal(|ui| {
        ui.label(
            RichText::new(words::MISSED)
                .strong()
                .color(theme::alarm(ui)),
        );
        if ui.button(words::MISSED_CLEAR).clicked() {
            actions.push(Action::ForgetMissed(None));
        }
    });
    let list = ScrollArea::vertical().id_salt("missed").max_height(90.0);
    list.show(ui, |ui| {
        for (at, one) in missed.iter().enumerate() {
            ui.push_id(("missed", at), |ui| {
                ui.horizontal(|ui| {
                    let minutes = now.saturating_duration_since(one.at).as_secs() / 60;
                    ui.label(words::missed(&name(&one.peer), one.kind, minutes));
                    let back = Button::new(words::CALL_BACK).small();
                    if ui.add(back).clicked() {
                        actions.push(Action::Call(one.peer));
                    }
                });
            });
        }
    });
}
