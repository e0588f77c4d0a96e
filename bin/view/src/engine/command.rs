//! From wishes to the station's verbs.

use transom::{CallKind, Handle, SendOptions};

use crate::model::{Action, Stage, State};

/// Carries an action out at the station; the model has taken it in already.
pub(crate) fn command(state: &mut State, handle: &Handle, action: Action) {
    match action {
        Action::Watch(peer) => {
            if state
                .watch
                .as_ref()
                .is_some_and(|watch| watch.stage == Stage::Ringing)
            {
                handle.ring(&peer, CallKind::View);
            }
        }
        Action::Ring(peer) => handle.ring(&peer, CallKind::View),
        Action::Decline(peer) => handle.decline(&peer),
        Action::HangUp(peer) => handle.hang_up(&peer),
        Action::Text { peer, text } => {
            let id = handle.text(&peer, text.clone());
            state.said(peer, id, text);
        }
        Action::Send { peer, path } => drop(handle.send(&peer, path, SendOptions::default())),
        Action::Accept(transfer) => handle.accept(transfer, None),
        Action::Refuse(transfer) => handle.refuse(transfer),
        Action::Cancel(transfer) => handle.cancel(transfer),
        Action::Pause { transfer, paused } => handle.pause(transfer, paused),
        Action::Choose(_)
        | Action::Pick { .. }
        | Action::Clear(_)
        | Action::Dismiss(_)
        | Action::Fullscreen(_)
        | Action::Say(_)
        | Action::Quit => {}
    }
}
