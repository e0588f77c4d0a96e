//! From wishes to the station's verbs.

use transom::{Handle, SendOptions};

use crate::model::{Action, Stage, State};

/// Carries an action out at the station; the model has taken it in already.
pub(crate) fn command(state: &mut State, handle: &Handle, action: Action) {
    match action {
        Action::Watch(peer) | Action::Call(peer) => {
            let call = state.calls.of(peer);
            if let Some(call) = call.filter(|call| call.stage == Stage::Ringing) {
                handle.ring(&peer, call.kind);
            }
        }
        Action::Ring { peer, kind } => handle.ring(&peer, kind),
        Action::Answer { peer, .. } => handle.answer(&peer),
        Action::Decline(peer) => handle.decline(&peer),
        Action::HangUp(peer) => handle.hang_up(&peer),
        Action::ShowCamera { peer, on } => handle.show_camera(&peer, on),
        Action::ListCameras => handle.list_cameras(),
        Action::SetCamera(wish) => handle.set_camera(wish),
        Action::Record { peer, on } => handle.recording(&peer, on),
        Action::Text { peer, text } => {
            let id = handle.text(&peer, text.clone());
            state.said(peer, id, text);
        }
        Action::Send { peer, path } => drop(handle.send(&peer, path, SendOptions::default())),
        Action::Accept(transfer) => handle.accept(transfer, None),
        Action::Refuse(transfer) => handle.refuse(transfer),
        Action::Cancel(transfer) => handle.cancel(transfer),
        Action::Pause { transfer, paused } => handle.pause(transfer, paused),
        Action::Alone(_)
        | Action::Choose(_)
        | Action::Clear(_)
        | Action::Dismiss(_)
        | Action::ForgetMissed(_)
        | Action::Fullscreen(_)
        | Action::Help(_)
        | Action::MoveOwn { .. }
        | Action::Overlay(_)
        | Action::Pick { .. }
        | Action::Prefer { .. }
        | Action::Quit
        | Action::Say(_)
        | Action::ShowOwn(_)
        | Action::Snapshot(_) => {}
    }
}
