//! From actions to the station's verbs.

use std::path::PathBuf;

use transom::{CallKind, Handle, PeerName, SendOptions};
use transom_users::Rights;

use crate::model::{Action, Stage, State};

/// Carries an action out at the station; the model has taken it in already.
pub(crate) fn command(state: &mut State, handle: &Handle, action: Action) {
    match action {
        Action::Watch(peer) | Action::Call(peer) => {
            let call = state.calls.of(peer);
            if let Some(kind) = call
                .filter(|call| call.stage == Stage::Ringing)
                .map(|call| call.kind)
            {
                ring(state, handle, peer, kind);
            }
        }
        Action::Ring { peer, kind } => ring(state, handle, peer, kind),
        Action::Answer { peer, .. } => {
            handle.hear(&peer, true);
            handle.answer(&peer);
        }
        Action::ShowCode(_) => {
            let id = handle.show_code(None, state.terms());
            state.meeting.shows(id);
        }
        Action::EnterCode(code) => {
            let id = handle.enter_code(code, state.candidates(), state.terms());
            state.meeting.enters(id);
        }
        Action::EndPairing => handle.end_pairing(),
        Action::Meet(contact, redial) => handle.connect(*contact, redial),
        Action::Decline(peer) => handle.decline(&peer),
        Action::HangUp(peer) => handle.hang_up(&peer),
        Action::StopViewer(peer) => handle.stop_viewer(&peer),
        Action::ShowCamera { peer, on } => handle.show_camera(&peer, on),
        Action::ListCameras => handle.list_cameras(),
        Action::SetCamera(request) => handle.set_camera(request),
        Action::Record { peer, on } => handle.recording(&peer, on),
        Action::Text { peer, text } => {
            let is_held = state.awaits_history(peer);
            let id = (!is_held).then(|| handle.text(&peer, text.clone()));
            state.said(peer, id, text);
        }
        Action::Send { peer, path } | Action::Retry { peer, path, .. } => {
            send(state, handle, peer, path)
        }
        Action::Accept { transfer, into } => handle.accept(transfer, into),
        Action::AllowGuest { key, name } => handle.allow_guest(key, &name, GUEST),
        Action::Refuse(transfer) => handle.refuse(transfer),
        Action::Cancel(transfer) => handle.cancel(transfer),
        Action::Pause { transfer, paused } => handle.pause(transfer, paused),
        Action::Mute(on) => handle.mute(on),
        Action::Hear { peer, on } => handle.hear(&peer, on),
        Action::SpeakTo(peer) => handle.speak_to(peer.as_ref()),
        Action::SpeakNoMore(peer) => handle.speak_no_more(&peer),
        Action::SetVolume { peer, volume } => handle.set_volume(&peer, volume.factor()),
        Action::SetMicrophone(name) => {
            handle.set_microphone(name);
            // Each pair of devices has its own choice.
            handle.set_echo(state.sound.settings.echo);
        }
        Action::SetSpeaker(name) => {
            handle.set_speaker(name);
            handle.set_echo(state.sound.settings.echo);
        }
        Action::SetEcho(mode) => handle.set_echo(mode),
        Action::Tone(kind) => handle.tone(kind),
        Action::ListSounds => handle.list_sounds(),
        Action::Alone(_)
        | Action::Back
        | Action::Cameras(_)
        | Action::Choose(_)
        | Action::Clear(_)
        | Action::ClearEnded
        | Action::ForgetUnsent(_)
        | Action::Close
        | Action::Dismiss(_)
        | Action::ForgetHistory
        | Action::Fullscreen(_)
        | Action::HearYourself(_)
        | Action::ListAddresses
        | Action::Help(_)
        | Action::Ignore(_)
        | Action::MoveOwn(_)
        | Action::NewLinks
        | Action::Open(_)
        | Action::OpenBridge
        | Action::Glance(_)
        | Action::OpenFile(_)
        | Action::OpenFolder(_)
        | Action::OpenLink(_)
        | Action::Overlay(_)
        | Action::Pick { .. }
        | Action::PickFolder(_)
        | Action::Prefer { .. }
        | Action::Quit
        | Action::Remove(_)
        | Action::Rename { .. }
        | Action::SaveContact(_)
        | Action::SavePaired(_)
        | Action::SaveSettings(_)
        | Action::Select(_)
        | Action::Silence
        | Action::PutAway(_)
        | Action::Tell(_)
        | Action::Sheet(_)
        | Action::ShowChat(_)
        | Action::ShowInPrograms { .. }
        | Action::ShowList(_)
        | Action::ShowOwn(_)
        | Action::Snapshot(_)
        | Action::UsePort(_)
        | Action::Verify { .. } => {}
    }
}

/// Rings or watches a peer. What an earlier call set for its sound ends with that call.
fn ring(state: &State, handle: &Handle, peer: PeerName, kind: CallKind) {
    handle.hear(&peer, state.hears(peer, kind));
    handle.ring(&peer, kind);
}

fn send(state: &mut State, handle: &Handle, peer: PeerName, path: PathBuf) {
    let transfer = handle.send(&peer, path.clone(), SendOptions::default());
    state.sending(transfer, path);
}

/// The rights of a guest: everything, but the user is asked each time.
const GUEST: Rights = Rights {
    view: true,
    call: true,
    files: true,
    hear: false,
    talk: false,
    auto: false,
};

#[cfg(test)]
mod tests {
    use crate::model::tests::{Ids, peer, two_boxes};
    use crate::model::{Delivery, Speaker};

    use super::*;

    #[test]
    fn a_text_is_held_back_until_the_history_of_its_contact_was_read() {
        let (mut state, ids, door) = (two_boxes(), Ids::new(), peer("door"));
        let write = |state: &mut State| {
            let (peer, text) = (door, "hello".to_owned());
            command(state, ids.handle(), Action::Text { peer, text });
            state.people[0].talk.back().unwrap().by.clone()
        };
        state.await_histories();
        assert_eq!(write(&mut state), Speaker::Us(None, Delivery::Sent));
        let held = state.remember(door, Vec::new(), Vec::new());
        assert_eq!(held.len(), 1);
        assert!(matches!(write(&mut state), Speaker::Us(Some(_), _)));
    }
}
