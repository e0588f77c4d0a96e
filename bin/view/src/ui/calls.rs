//! What begins a call: the buttons beside a contact, the cards of ringing calls, and the list of
//! missed calls.

use std::time::{Duration, Instant};

use egui::{
    Align2, Area, AsId, Button, Context, Frame, Id, Margin, Order, RichText, ScrollArea, Ui, vec2,
};
use transom::{CallKind, PeerName};

use crate::model::{Action, Call, Incoming, Person, State, name};
use crate::words;

use super::{arrivals, sound, theme};

/// How often a list with times is drawn anew.
const MINUTE: Duration = Duration::from_secs(60);
/// Where the cards of ringing calls begin, as a share of the window's height: below the notices.
const RINGS: f32 = 0.56;
/// Points between *Decline* and *Answer*, so that neither is hit instead of the other.
const GAP: f32 = 32.0;

/// Calls or watches that peer.
pub(super) fn begin(peer: PeerName, kind: CallKind) -> Action {
    match kind {
        CallKind::Talk => Action::Call(peer),
        _ => Action::Watch(peer),
    }
}

/// The buttons beside the chosen contact: a camera can only be watched, and an inbox neither.
pub(super) fn buttons(ui: &mut Ui, state: &State, person: &Person, actions: &mut Vec<Action>) {
    let (peer, abilities) = (person.name, state.abilities(person));
    let open = state.calls.of(peer).filter(|call| call.is_open());
    ui.horizontal(|ui| {
        for (text, kind, is_possible) in [
            (words::CALL, CallKind::Talk, abilities.takes_calls()),
            (words::WATCH, CallKind::View, abilities.can_be_watched()),
        ] {
            if !is_possible {
                continue;
            }
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

/// A card for each ringing call, over everything else. It takes no keyboard focus.
pub(super) fn rings(ui: &Ui, state: &State, actions: &mut Vec<Action>) {
    let incoming = &state.calls.incoming;
    if incoming.is_empty() {
        return;
    }
    let screen = ui.ctx().content_rect();
    let top = screen.height() * RINGS;
    let area = Area::new(Id::new("ringing"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_TOP, vec2(0.0, top))
        .fade_in(false);
    let shown = area.show(ui.ctx(), |ui| {
        let room = ScrollArea::vertical().max_height(screen.height() - top);
        room.show(ui, |ui| {
            for ring in incoming {
                let frame = Frame::popup(ui.style()).inner_margin(Margin::same(14));
                arrivals::card(ui, id(ring), frame, |ui| card(ui, state, ring, actions));
            }
            if let Some(first) = incoming.first() {
                arrivals::place(ui, first_in_line(first), ui.min_rect());
            }
        });
    });
    // A click on a dialog raises the dialog.
    ui.ctx().move_to_top(shown.response.layer_id);
}

/// The call that rings longest, once a key can be meant for it.
pub(super) fn ringing<'a>(ctx: &Context, state: &'a State) -> Option<&'a Incoming> {
    let first = state.calls.incoming.first()?;
    arrivals::is_ready(ctx, first_in_line(first)).then_some(first)
}

fn id(ring: &Incoming) -> impl AsId + Copy {
    ("ring", ring.peer, ring.key)
}

fn first_in_line(ring: &Incoming) -> impl AsId {
    ("first", id(ring))
}

fn card(ui: &mut Ui, state: &State, ring: &Incoming, actions: &mut Vec<Action>) {
    ui.set_min_width(420.0);
    let title = RichText::new(words::rings(&name(&ring.peer)));
    ui.label(title.size(24.0).strong());
    if let Some(key) = &ring.key {
        ui.label(RichText::new(words::key(key)).monospace());
    }
    ui.add_space(8.0);
    let peer = ring.peer;
    let button = |text: RichText| Button::new(text).min_size(vec2(0.0, 34.0));
    ui.horizontal(|ui| {
        let decline = RichText::new(words::DECLINE).color(theme::alarm(ui));
        if ui.add(button(decline)).clicked() {
            actions.push(Action::Decline(peer));
        }
        ui.add_space(GAP);
        for (text, camera) in [(words::ANSWER, false), (words::ANSWER_WITH_VIDEO, true)] {
            if ui.add(button(text.into())).clicked() {
                actions.push(Action::Answer { peer, camera });
            }
        }
    });
    ui.horizontal(|ui| sound::microphone(ui, state, actions));
}

/// The list of missed calls.
pub(super) fn missed(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    // The list tells minutes.
    ui.ctx().request_repaint_after(MINUTE);
    let now = Instant::now();
    ui.horizontal(|ui| {
        let title = RichText::new(words::MISSED).strong();
        ui.label(title.color(theme::alarm(ui)));
        if ui.button(words::MISSED_CLEAR).clicked() {
            actions.push(Action::ForgetMissed(None));
        }
    });
    let list = ScrollArea::vertical().id_salt("missed").max_height(90.0);
    list.show(ui, |ui| {
        for one in &state.calls.missed {
            let id = ("missed", one.peer, one.at);
            let row = ui.push_id(id, |ui| {
                ui.horizontal(|ui| {
                    let minutes = now.saturating_duration_since(one.at).as_secs() / 60;
                    ui.label(words::missed(&name(&one.peer), one.kind, minutes));
                    let back = Button::new(words::CALL_BACK).small();
                    if ui.add(back).clicked() {
                        actions.push(Action::Call(one.peer));
                    }
                });
            });
            arrivals::place(ui, id, row.response.rect);
        }
    });
}
