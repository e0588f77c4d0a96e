//! Calls: who may watch, who rings, who sees our camera, and the pictures that come in.

use transom_net::PeerId;
use transom_proto::{CallId, Event, ReceivedPicture, Session};
use transom_wire::{CallKind, EndReason, Lens, PeerName};

use crate::handle::Credit;
use crate::links::{Link, Links};
use crate::notice::{Notice, RemotePicture, Timing};
use crate::outside::Outside;
use crate::settings::Settings;

/// What of the settings calls depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    has_camera: bool,
    serves_camera: bool,
    takes_calls: bool,
    max_viewers: usize,
}

impl Policy {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            has_camera: settings.camera.is_some(),
            serves_camera: settings.serve_camera,
            takes_calls: settings.takes_calls,
            max_viewers: settings.max_viewers,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Ringing,
    Live,
}

#[derive(Debug)]
struct Call {
    link: PeerId,
    id: CallId,
    peer: PeerName,
    kind: CallKind,
    outgoing: bool,
    phase: Phase,
}

impl Call {
    /// Whether the far side looks at our camera.
    fn is_shown(&self, camera_on: bool) -> bool {
        self.phase == Phase::Live
            && match self.kind {
                CallKind::View => !self.outgoing,
                _ => camera_on,
            }
    }
}

pub(crate) struct Calls {
    calls: Vec<Call>,
    policy: Policy,
    /// Whether talks see our camera.
    camera_on: bool,
}

impl Calls {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            calls: Vec::new(),
            policy,
            camera_on: false,
        }
    }

    /// Everybody who is to get our pictures.
    pub(crate) fn viewers(&self) -> impl Iterator<Item = (PeerId, CallId)> + '_ {
        self.calls
            .iter()
            .filter(|call| call.is_shown(self.camera_on))
            .map(|call| (call.link, call.id))
    }

    pub(crate) fn show_camera(&mut self, on: bool, out: &mut Outside) {
        self.camera_on = on;
        if !on {
            for call in self
                .calls
                .iter()
                .filter(|call| call.kind == CallKind::Talk && call.phase == Phase::Live)
            {
                out.with(call.link, |session| {
                    session.camera_state(call.id, Lens::Off, "")
                });
            }
        }
    }

    pub(crate) fn ring(
        &mut self,
        peer: PeerName,
        kind: CallKind,
        links: &Links,
        out: &mut Outside,
    ) {
        if self
            .calls
            .iter()
            .any(|call| call.peer == peer && call.outgoing)
        {
            return;
        }
        let link = links.link_of(&peer);
        match link.and_then(|link| out.with(link, |session| session.ring(kind))) {
            Some(Ok(id)) => {
                let link = link.expect("a session was found by it");
                self.calls.push(Call {
                    link,
                    id,
                    peer,
                    kind,
                    outgoing: true,
                    phase: Phase::Ringing,
                });
            }
            Some(Err(error)) => ended(peer, EndReason::Busy, error.to_string(), out),
            None => ended(
                peer,
                EndReason::Unanswered,
                "it is not connected".into(),
                out,
            ),
        }
    }

    pub(crate) fn answer(&mut self, peer: PeerName, out: &mut Outside) {
        let waiting =
            |call: &&mut Call| call.peer == peer && !call.outgoing && call.phase == Phase::Ringing;
        if let Some(call) = self.calls.iter_mut().find(waiting) {
            answer(call, out);
        }
    }

    pub(crate) fn decline(&mut self, peer: PeerName, out: &mut Outside) {
        self.end(
            |call| call.peer == peer && !call.outgoing && call.phase == Phase::Ringing,
            EndReason::Chosen,
            "",
            out,
        );
    }

    pub(crate) fn hang_up(&mut self, peer: PeerName, out: &mut Outside) {
        self.end(|call| call.peer == peer, EndReason::Chosen, "", out);
    }

    /// Ends calls from our side.
    fn end(
        &mut self,
        which: impl Fn(&Call) -> bool,
        reason: EndReason,
        text: &str,
        out: &mut Outside,
    ) {
        for call in self.calls.extract_if(.., |call| which(call)) {
            let say = |session: &mut Session| match (call.phase, call.outgoing) {
                (Phase::Ringing, false) => session.decline(call.id, reason, text),
                _ => session.hang_up(call.id, reason, text),
            };
            if let Some(Err(error)) = out.with(call.link, say) {
                log::debug!("peer={} ending a call that is over: {error}", call.peer);
            }
            ended(call.peer, reason, text.to_owned(), out);
        }
    }

    /// A connection is gone, and all its calls.
    pub(crate) fn left(&mut self, link: PeerId, why: &str, out: &mut Outside) {
        for call in self.calls.extract_if(.., |call| call.link == link) {
            ended(call.peer, EndReason::Leaving, why.to_owned(), out);
        }
    }

    /// The rights of that link changed: what it may no longer have ends.
    pub(crate) fn rights_changed(&mut self, link: PeerId, links: &Links, out: &mut Outside) {
        let Some(rights) = links.link(link).map(|link| link.rights) else {
            return;
        };
        let forbidden = |call: &Call| {
            call.link == link
                && !call.outgoing
                && match call.kind {
                    CallKind::View => !rights.view,
                    _ => !rights.call,
                }
        };
        self.end(forbidden, EndReason::Forbidden, "not allowed any more", out);
    }

    /// An event of a call. Gives back those that are none.
    pub(crate) fn handle(
        &mut self,
        id: PeerId,
        link: &Link,
        event: Event,
        out: &mut Outside,
    ) -> Option<Event> {
        match event {
            Event::Ringing { call, kind } => self.rung(id, link, call, kind, out),
            Event::Answered { call } => {
                if let Some(call) = self.find(id, call) {
                    call.phase = Phase::Live;
                    out.tell(Notice::CallStarted {
                        peer: call.peer,
                        kind: call.kind,
                        outgoing: true,
                        resumed: false,
                    });
                }
            }
            Event::Declined { call, reason, text } | Event::HungUp { call, reason, text } => {
                for call in self
                    .calls
                    .extract_if(.., |found| found.link == id && found.id == call)
                {
                    ended(call.peer, reason, text.clone(), out);
                }
            }
            Event::Picture { call, picture } => {
                if let Some(call) = self.find(id, call) {
                    let peer = call.peer;
                    let call = call.id;
                    arrived(id, call, peer, picture, out);
                }
            }
            Event::CameraState { call, lens, text } => {
                if let Some(call) = self.find(id, call) {
                    out.tell(Notice::FarCamera {
                        peer: call.peer,
                        lens,
                        text,
                    });
                }
            }
            Event::Credit { .. } => {}
            other => return Some(other),
        }
        None
    }

    /// A viewer has seen a picture.
    pub(crate) fn shown(&self, link: PeerId, id: CallId, sequence: u32, out: &mut Outside) {
        let now = out.net.now();
        // A call that has ended takes no credit back.
        if self
            .calls
            .iter()
            .any(|call| call.link == link && call.id == id)
            && let Some(Err(error)) = out.with(link, |session| session.shown(id, sequence, now))
        {
            log::debug!("credit of picture {sequence}: {error}");
        }
    }

    /// Whether that connection watches us.
    fn watches(&self, link: PeerId) -> bool {
        self.calls
            .iter()
            .any(|call| call.link == link && call.kind == CallKind::View && !call.outgoing)
    }

    fn find(&mut self, link: PeerId, id: CallId) -> Option<&mut Call> {
        self.calls
            .iter_mut()
            .find(|call| call.link == link && call.id == id)
    }

    /// A peer rings: its rights and our settings decide, or a person is asked.
    fn rung(&mut self, id: PeerId, link: &Link, call: CallId, kind: CallKind, out: &mut Outside) {
        let Policy {
            has_camera,
            serves_camera,
            takes_calls,
            max_viewers,
        } = self.policy;
        let rights = link.rights;
        let verdict = match kind {
            CallKind::View if !rights.view => Err((EndReason::Forbidden, "you may not watch here")),
            CallKind::View if !has_camera => Err((EndReason::NoCamera, "there is no camera here")),
            CallKind::View if !(serves_camera || rights.auto) => {
                Err((EndReason::Forbidden, "this camera is not for watching"))
            }
            // One place for each, so that nobody takes those of others.
            CallKind::View if self.watches(id) => Err((EndReason::Busy, "you watch already")),
            CallKind::View if self.viewers().count() >= max_viewers => {
                Err((EndReason::Busy, "as many watch already as may"))
            }
            CallKind::View => Ok(true),
            _ if !takes_calls => Err((EndReason::Forbidden, "nobody takes calls here")),
            _ if !rights.call => Err((EndReason::Forbidden, "you may not call here")),
            _ if self.calls.iter().any(|call| call.kind == CallKind::Talk) => {
                Err((EndReason::Busy, "in another call"))
            }
            _ => Ok(rights.auto),
        };
        match verdict {
            Err((reason, text)) => {
                if let Some(Err(error)) =
                    out.with(id, |session| session.decline(call, reason, text))
                {
                    log::debug!("peer={} declining: {error}", link.peer);
                }
            }
            Ok(at_once) => {
                let mut call = Call {
                    link: id,
                    id: call,
                    peer: link.peer,
                    kind,
                    outgoing: false,
                    phase: Phase::Ringing,
                };
                if at_once {
                    answer(&mut call, out);
                } else {
                    out.tell(Notice::Ringing {
                        peer: link.peer,
                        kind,
                    });
                }
                self.calls.push(call);
            }
        }
    }
}

fn answer(call: &mut Call, out: &mut Outside) {
    match out.with(call.link, |session| session.answer(call.id)) {
        Some(Ok(())) => {
            call.phase = Phase::Live;
            out.tell(Notice::CallStarted {
                peer: call.peer,
                kind: call.kind,
                outgoing: false,
                resumed: false,
            });
        }
        Some(Err(error)) => {
            log::debug!("peer={} answering a call that is over: {error}", call.peer)
        }
        None => {}
    }
}

fn ended(peer: PeerName, reason: EndReason, text: String, out: &mut Outside) {
    out.tell(Notice::CallEnded { peer, reason, text });
}

fn arrived(
    link: PeerId,
    call: CallId,
    peer: PeerName,
    picture: ReceivedPicture,
    out: &mut Outside,
) {
    let ReceivedPicture {
        head,
        bytes,
        received,
    } = picture;
    let mut local = |clock| {
        out.net
            .session(link)
            .and_then(|session| session.to_local(clock))
    };
    let captured = local(head.captured);
    let ready =
        captured.map(|at| at + std::time::Duration::from_micros(u64::from(head.ready_after)));
    let timing = Timing {
        captured: captured.map(|at| out.net.instant(at)),
        ready: ready.map(|at| out.net.instant(at)),
        received: out.net.instant(received),
    };
    let credit = Credit {
        queue: out.queue.clone(),
        link,
        call,
        sequence: head.sequence,
    };
    let picture = RemotePicture {
        jpeg: bytes,
        width: head.width,
        height: head.height,
        orientation: head.orientation.code(),
        sequence: head.sequence,
        timing,
        _credit: credit,
    };
    out.tell(Notice::Picture { peer, picture });
}
