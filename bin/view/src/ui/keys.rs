//! Keys that work everywhere; `F1` lists them. Esc goes back by one, and never ends a call. Tab,
//! space and Enter are egui's own, as are Ctrl with +, - and 0 for the size of everything.

use egui::{Event, Key, Modifiers, Ui};
use transom::PeerName;
use transom_users::Rights;

use crate::model::{Action, Call, CodeForm, Dialog, Page, Person, State};

use super::call::changes;
use super::{Draft, list, page, ringing};

/// Held longer than this, F7 is push-to-talk.
const HOLD_SECONDS: f64 = 0.3;
/// The keys of the first contacts.
const NUMBERS: [Key; 9] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

pub(super) fn handle(ui: &Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    let plain = |key| pressed(ui, Modifiers::NONE, key);
    if command(ui, Key::Q) {
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
    if plain(Key::F11) || pressed(ui, Modifiers::ALT, Key::Enter) {
        actions.push(Action::Fullscreen(!state.fullscreen));
    }
    actions.extend(talk_key(ui, state, draft));
    // Ringing calls are shown over a dialog as well.
    let answered = answer(ui, state);
    let answers = !answered.is_empty();
    actions.extend(answered);
    if state.dialog.is_some() || state.help {
        // A list inside the dialog closes first, by itself.
        if !egui::Popup::is_any_open(ui.ctx()) && plain(Key::Escape) {
            actions.push(match state.help {
                true => Action::Help(false),
                false => Action::Close,
            });
        }
        return;
    }
    of_window(ui, state, draft, actions);
    if let Some(person) = state.chosen_person().filter(|_| !answers) {
        of_person(ui, state, person, actions);
    }
    if let Some(call) = state.in_hand() {
        of_call(ui, state, call, draft, actions);
    }
    // egui takes the keyboard from a text field or closes a list on Esc; it should do no more then.
    let busy = draft.typing || draft.more.is_open() || egui::Popup::is_any_open(ui.ctx());
    if !busy && plain(Key::Escape) {
        actions.extend(escape(state));
    }
}

fn pressed(ui: &Ui, modifiers: Modifiers, key: Key) -> bool {
    ui.input_mut(|input| input.consume_key(modifiers, key))
}

fn command(ui: &Ui, key: Key) -> bool {
    pressed(ui, Modifiers::COMMAND, key)
}

fn chord(ui: &Ui, key: Key) -> bool {
    pressed(ui, Modifiers::COMMAND | Modifiers::SHIFT, key)
}

/// Panes, search, settings, and the way from contact to contact.
fn of_window(ui: &Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    if command(ui, Key::K) {
        draft.list.search(ui);
        actions.push(Action::Back);
    }
    if command(ui, Key::Comma) {
        actions.push(list::settings(state));
    }
    if command(ui, Key::N) {
        actions.push(Action::ShowCode(Rights::default()));
    }
    if command(ui, Key::J) {
        actions.push(Action::Open(Dialog::EnterCode(CodeForm::default())));
    }
    if command(ui, Key::L) {
        actions.push(match draft.layout.is_narrow {
            true => Action::Back,
            false => Action::ShowList(!draft.layout.has_list),
        });
    }
    for (key, peer) in NUMBERS.into_iter().zip(draft.list.order()) {
        if command(ui, key) {
            actions.extend(list::open(state, *peer));
        }
    }
    let up = pressed(ui, Modifiers::ALT, Key::ArrowUp);
    let down = pressed(ui, Modifiers::ALT, Key::ArrowDown);
    if up || down {
        let next = neighbour(draft.list.order(), state.chosen, down);
        actions.extend(next.into_iter().flat_map(|peer| list::open(state, peer)));
    }
    if !draft.typing && pressed(ui, Modifiers::NONE, Key::F) && state.page().is_picture() {
        actions.push(Action::Fullscreen(!state.fullscreen));
    }
}

/// The contact before or after that one in the list.
fn neighbour(order: &[PeerName], of: Option<PeerName>, after: bool) -> Option<PeerName> {
    let at = order.iter().position(|peer| Some(*peer) == of);
    let next = match at {
        None => 0,
        Some(at) if after => at + 1,
        Some(at) => at.checked_sub(1)?,
    };
    order.get(next).copied()
}

/// What is begun with the chosen contact.
fn of_person(ui: &Ui, state: &State, person: &Person, actions: &mut Vec<Action>) {
    let (peer, abilities) = (person.name, state.abilities(person));
    let is_free = state.calls.of(peer).is_none_or(|call| !call.is_open());
    if is_free && abilities.takes_calls() {
        for (pressed, video) in [(chord(ui, Key::C), false), (chord(ui, Key::Y), true)] {
            if pressed {
                actions.extend(page::call(state, person, video));
            }
        }
    }
    let has_chat = match state.page() {
        Page::Call(_) => true,
        Page::Camera(_) => state.view.chat || state.has_conversation(person),
        _ => false,
    };
    if has_chat && command(ui, Key::B) {
        actions.push(Action::ShowChat(!state.view.chat));
    }
    if command(ui, Key::I) {
        actions.push(Action::Sheet(!state.view.sheet));
    }
    if abilities.takes_files() && !state.picking && command(ui, Key::O) {
        let folder = false;
        actions.push(Action::Pick { peer, folder });
    }
}

/// F7 mutes. Pressed while muted it lets us be heard at once: until it is released where it is
/// held, from then on where it is only hit. For a camera it is held to talk, and mutes nothing.
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
    let to_camera = state.in_hand().is_some_and(|call| !call.is_talk());
    if was_pressed && draft.talks_since.is_none() && state.can_mute() && !to_camera {
        draft.talks_since = (state.sound.muted && is_held).then_some(now);
        return Some(Action::Mute(!state.sound.muted));
    }
    let since = draft.talks_since.filter(|_| !is_held)?;
    draft.talks_since = None;
    (now - since > HOLD_SECONDS).then_some(Action::Mute(true))
}

/// What is done with the picture in hand.
fn of_call(ui: &Ui, state: &State, call: &Call, draft: &mut Draft, actions: &mut Vec<Action>) {
    let peer = call.peer;
    // Never a ringing call: it may have begun this moment.
    if command(ui, Key::H) {
        actions.push(Action::HangUp(peer));
    }
    if call.is_talk() && call.is_open() && pressed(ui, Modifiers::NONE, Key::F8) {
        match state.calls.own.request {
            Some(_) => {
                let on = !call.camera_on;
                actions.push(Action::ShowCamera { peer, on });
            }
            None => draft.more.open_cameras(ui),
        }
    }
    if call.shown.is_none() {
        return;
    }
    if command(ui, Key::S) {
        actions.push(Action::Snapshot(peer));
    }
    if command(ui, Key::E) {
        let on = !call.recording;
        actions.push(Action::Record { peer, on });
    }
    for (key, _, preferences) in changes(call, state.preferences(peer)) {
        if command(ui, key) {
            actions.push(Action::Prefer { peer, preferences });
        }
    }
}

/// Answers or declines the call that rings longest. The chords mean nothing else in other programs.
fn answer(ui: &Ui, state: &State) -> Vec<Action> {
    let Some(first) = state.calls.incoming.first() else {
        return Vec::new();
    };
    // Taken from the input also while the card is new, so that they call no contact.
    let [decline, answer, video] = [Key::D, Key::A, Key::Y].map(|key| chord(ui, key));
    let peer = first.peer;
    if ringing::first(ui.ctx(), state).is_none() {
        return Vec::new();
    }
    match (decline, answer || video) {
        (true, _) => vec![Action::Decline(peer)],
        (_, true) => answers(state, peer, !answer),
        _ => Vec::new(),
    }
}

/// Takes a call; what is watched meanwhile ends.
pub(super) fn answers(state: &State, peer: PeerName, camera: bool) -> Vec<Action> {
    let mut actions = state.leaving(Some(peer));
    actions.push(Action::Answer { peer, camera });
    actions
}

/// A call is not ended by a key that one hits to get out of something.
fn escape(state: &State) -> Vec<Action> {
    let calls = &state.calls;
    if state.view.sheet {
        return vec![Action::Sheet(false)];
    }
    if state.fullscreen {
        return vec![Action::Fullscreen(false)];
    }
    match state.page() {
        Page::Cameras if calls.alone().is_some() => vec![Action::Alone(None)],
        Page::Cameras => {
            let mut actions = state.leaving(None);
            actions.push(Action::Cameras(false));
            actions
        }
        Page::Camera(_) if state.view.chat => vec![Action::ShowChat(false)],
        Page::Camera(peer) if calls.of(peer).is_some() => vec![Action::HangUp(peer)],
        Page::Call(peer) => match calls.of(peer) {
            Some(call) if !call.is_open() => vec![Action::HangUp(peer)],
            _ if state.view.chat => vec![Action::ShowChat(false)],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
