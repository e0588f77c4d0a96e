//! Keys that work everywhere: Ctrl+Q closes, F11 gives the picture the screen, Esc leaves what one is in, a
//! dialog first. Tab, space and Enter are egui's own, as are Ctrl with +, - and 0 for the size of everything.

use egui::{Key, Modifiers, Ui};

use crate::model::{Action, State};

use super::Draft;

pub(super) fn handle(ui: &Ui, state: &State, draft: &Draft, actions: &mut Vec<Action>) {
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    if pressed(Modifiers::COMMAND, Key::Q) {
        actions.push(Action::Quit);
    }
    if pressed(Modifiers::NONE, Key::F11) {
        actions.push(Action::Fullscreen(!state.fullscreen));
    }
    if state.dialog.is_some() {
        // A list inside the dialog closes first, by itself.
        if !egui::Popup::is_any_open(ui.ctx()) && pressed(Modifiers::NONE, Key::Escape) {
            actions.push(Action::Close);
        }
        return;
    }
    // egui takes the keyboard from a text field or closes a list on Esc; it should do no more then.
    let busy = draft.typing || egui::Popup::is_any_open(ui.ctx());
    if !busy && pressed(Modifiers::NONE, Key::Escape) {
        actions.extend(escape(state));
    }
}

fn escape(state: &State) -> Option<Action> {
    match &state.watch {
        _ if state.fullscreen => Some(Action::Fullscreen(false)),
        Some(watch) => Some(Action::HangUp(watch.peer)),
        None => None,
    }
}
