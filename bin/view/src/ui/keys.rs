//! Keys that work everywhere; `F1` lists them. Esc leaves what one is in, a dialog first. Tab,
//! space and Enter are egui's own, as are Ctrl with +, - and 0 for the size of everything.

use egui::{Event, Key, Modifiers, Ui};

use crate::model::{Action, Call, State};

use super::{Draft, bar, calls};

/// Held longer than this, F7 is push-to-talk.
const HOLD_SECONDS: f64 = 0.3;

pub(super) fn handle(ui: &Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    let plain = |key| pressed(Modifiers::NONE, key);
    let command = |key| pressed(Modifiers::COMMAND, key);
    if command(Key::Q) {
        actions.push(Action::Quit);
    }
    if plain(Key::F1) {
        actions.push(Action::Help(!state.help));
    }
    if plain(Key::F3) {
        actions.push(Action::Overlay(!state.overlay));
    }
    if plain(Key::F9) {
        actions.push(Action::ShowOwn(!state.calls.sees_itself()));
    }
    if plain(Key::F11) || pressed(Modifiers::ALT, Key::Enter) {
        actions.push(Action::Fullscreen(!state.fullscreen));
    }
    if command(Key::M) && state.can_mute() {
        actions.push(Action::Mute(!state.sound.muted));
    }
    actions.extend(talk_key(ui, state, draft));
    // Ringing calls are shown over a dialog as well.
    actions.extend(answer(ui, state));
    if state.dialog.is_some() {
        // A list inside the dialog closes first, by itself.
        if !egui::Popup::is_any_open(ui.ctx()) && pressed(Modifiers::NONE, Key::Escape) {
            actions.push(Action::Close);
        }
        return;
    }
    if let Some(call) = state.calls.in_hand(state.chosen) {
        // Never a ringing call: it may have begun this moment.
        if command(Key::H) {
            actions.push(Action::HangUp(call.peer));
        }
        of_call(state, call, plain, command, actions);
    }
    // egui takes the keyboard from a text field or closes a list on Esc; it should do no more then.
    let busy = draft.typing || egui::Popup::is_any_open(ui.ctx());
    if !busy && plain(Key::Escape) {
        actions.extend(escape(state));
    }
}

/// F7 mutes. Pressed while muted it lets us be heard at once: until it is released where it is
/// held, from then on where it is only hit.
fn talk_key(ui: &Ui, state: &State, draft: &mut Draft) -> Option<Action> {
    let is_press = |event: &Event| match event {
        Event::Key {
            key: Key::F7,
            pressed: true,
            repeat: false,
            modifiers,
            ..
        } => modifiers.is_none(),
        _ => false,
    };
    let (now, is_held, was_pressed) = ui.input(|input| {
        let is_held = input.focused && input.key_down(Key::F7);
        (input.time, is_held, input.events.iter().any(is_press))
    });
    if was_pressed && draft.talks_since.is_none() && state.can_mute() {
        draft.talks_since = (state.sound.muted && is_held).then_some(now);
        return Some(Action::Mute(!state.sound.muted));
    }
    let since = draft.talks_since.filter(|_| !is_held)?;
    draft.talks_since = None;
    (now - since > HOLD_SECONDS).then_some(Action::Mute(true))
}

/// What is done with the picture in hand.
fn of_call(
    state: &State,
    call: &Call,
    plain: impl Fn(Key) -> bool,
    command: impl Fn(Key) -> bool,
    actions: &mut Vec<Action>,
) {
    let peer = call.peer;
    if plain(Key::F8) && call.is_talk() && call.is_open() {
        actions.push(bar::camera(state, call).1);
    }
    if call.shown.is_none() {
        return;
    }
    if command(Key::S) {
        actions.push(Action::Snapshot(peer));
    }
    if command(Key::E) {
        let on = !call.recording;
        actions.push(Action::Record { peer, on });
    }
    let changes = bar::changes(state.preferences(peer));
    for (key, (.., preferences)) in [Key::T, Key::R, Key::G].into_iter().zip(changes) {
        if command(key) {
            actions.push(Action::Prefer { peer, preferences });
        }
    }
}

/// Answers or declines the call that rings longest. The chords mean nothing else in other programs.
fn answer(ui: &Ui, state: &State) -> Option<Action> {
    let chord = Modifiers::COMMAND | Modifiers::SHIFT;
    let pressed = |key| ui.input_mut(|input| input.consume_key(chord, key));
    let [decline, answer, video] = [Key::D, Key::A, Key::Y].map(pressed);
    let peer = calls::ringing(ui.ctx(), state)?.peer;
    match (decline, answer || video) {
        (true, _) => Some(Action::Decline(peer)),
        (_, true) => Some(Action::Answer {
            peer,
            camera: !answer,
        }),
        _ => None,
    }
}

/// A call is not ended by a key that one hits to get out of something.
fn escape(state: &State) -> Option<Action> {
    let calls = &state.calls;
    if state.help {
        Some(Action::Help(false))
    } else if state.fullscreen {
        Some(Action::Fullscreen(false))
    } else if calls.alone.is_some() && calls.open.len() > 1 {
        Some(Action::Alone(None))
    } else {
        let call = calls.in_hand(state.chosen)?;
        let ends = !(call.is_talk() && call.is_open());
        ends.then_some(Action::HangUp(call.peer))
    }
}
