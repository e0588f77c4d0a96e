//! Received frames: checks whether a message is legal now, and dispatches it to its part of the
//! session.

use transom_wire::{
    ByeCode, Capabilities, Class, DecodeError, Header, Hello, Kind, Message, Status, flags,
};

use crate::session::{Session, Stage};
use crate::{Event, Instant, PeerError, Side};

impl Session {
    pub(crate) fn handle_frame(
        &mut self,
        header: Header,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), PeerError> {
        let Some(message) = Message::decode(header, payload)? else {
            self.path.acks.data(now);
            return Ok(());
        };
        self.output.check_backlog()?;
        let kind = message.kind();
        check_header(header, kind)?;
        if self.nonce.is_none() && !matches!(kind, Kind::Hello | Kind::Join) {
            return Err(PeerError::unexpected("a message before hello"));
        }
        match kind.class() {
            Class::Audio | Class::Video | Class::Bulk => self.path.acks.data(now),
            // The next picture carries the ack of a shown one; alone it would wake both sides.
            _ if matches!(kind, Kind::Ack | Kind::Ping | Kind::Pong | Kind::Shown) => {}
            _ => self.path.acks.soon(now),
        }
        match message {
            Message::Hello(hello) => self.handle_hello(hello),
            Message::Bye(bye) => self.handle_bye(bye),
            Message::Join(_) => Err(PeerError::Unsupported { what: "join" }),
            Message::Live(live) => {
                self.live_at_peer = live.on;
                self.update_live();
                Ok(())
            }
            Message::Ping(ping) => {
                self.path.pinger.handle_ping(ping);
                Ok(())
            }
            Message::Pong(pong) => self.path.pinger.handle_pong(pong, now),
            Message::Ack(ack) => self.path.on_ack(ack, now),
            Message::Text(text) => self.texts.handle_text(text, now, &mut self.output),
            Message::TextAck(ack) => self.texts.handle_ack(ack, &mut self.output),
            message => self.handle_stream(header, &message, now),
        }
    }

    fn handle_hello(&mut self, hello: Hello) -> Result<(), PeerError> {
        if self.nonce.is_some() {
            return Err(PeerError::unexpected("a second hello"));
        }
        self.nonce = Some(hello.nonce);
        self.peer = hello.capabilities;
        let Hello {
            name,
            session,
            capabilities,
            ..
        } = hello;
        self.output.emit(Event::Hello {
            name,
            session,
            capabilities,
        });
        Ok(())
    }

    fn handle_bye(&mut self, bye: Status<ByeCode, &str>) -> Result<(), PeerError> {
        self.stage = Stage::Left;
        self.output.emit(Event::Bye(bye.map_text(Into::into)));
        Ok(())
    }

    /// A message of a call or a transfer.
    fn handle_stream(
        &mut self,
        header: Header,
        message: &Message<'_>,
        now: Instant,
    ) -> Result<(), PeerError> {
        let stream = header.stream;
        let open = self.scope_of(stream);
        if matches!(message, Message::Ring(_) | Message::Offer(_)) {
            return self.handle_opening(stream, message, open.is_some());
        }
        if open.is_none() && !self.streams.was_open(stream) {
            return Err(PeerError::unexpected(
                "a message on a stream that was never opened",
            ));
        }
        let scope = Scope::of(message.kind());
        if open.is_some_and(|open| open != scope) {
            return Err(PeerError::unexpected(
                "a message of a call on a transfer's stream, or the reverse",
            ));
        }
        match scope {
            Scope::Call => self.handle_call(header, message, now),
            _ => self.files.handle(stream, message, now, &mut self.output),
        }
    }

    /// What an open stream belongs to.
    fn scope_of(&self, stream: u16) -> Option<Scope> {
        match (self.calls.is_open(stream), self.files.is_open(stream)) {
            (true, _) => Some(Scope::Call),
            (_, true) => Some(Scope::Transfer),
            _ => None,
        }
    }

    fn handle_opening(
        &mut self,
        stream: u16,
        message: &Message<'_>,
        open: bool,
    ) -> Result<(), PeerError> {
        if open || !self.streams.is_theirs(stream) {
            return Err(PeerError::unexpected(
                "the opening of a stream that is open or not the peer's",
            ));
        }
        self.streams.opened(stream);
        match *message {
            Message::Ring(ring) => {
                let was_live = self.is_live();
                let we_yield = self.we_yield();
                self.calls
                    .handle_ring(stream, ring, we_yield, &mut self.output)?;
                self.went_live(was_live);
                Ok(())
            }
            Message::Offer(offer) => {
                self.files.handle_offer(stream, offer, &mut self.output);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn handle_call(
        &mut self,
        header: Header,
        message: &Message<'_>,
        now: Instant,
    ) -> Result<(), PeerError> {
        let stream = header.stream;
        let output = &mut self.output;
        match *message {
            Message::Answer | Message::Decline(_) if self.streams.is_theirs(stream) => {
                Err(PeerError::unexpected("an answer from the side that rang"))
            }
            Message::Answer => self.calls.handle_answer(stream, output),
            Message::Decline(decline) => self.calls.handle_decline(stream, decline, output),
            Message::HangUp(hang_up) => self.calls.handle_hang_up(stream, hang_up, output),
            Message::CameraState(state) => self.calls.handle_camera_state(stream, state, output),
            Message::Recording(recording) => self.calls.handle_recording(stream, recording, output),
            Message::WantStats(want) => self.calls.handle_want_stats(stream, want, output),
            Message::CameraStats(stats) => self.calls.handle_camera_stats(stream, stats, output),
            Message::Shown(shown) => {
                let captured = self.calls.handle_shown(stream, shown, output)?;
                if let (Some(captured), Some(at)) = (captured, self.to_local(shown.clock)) {
                    self.shown_after = Some(at - Instant(captured));
                }
                Ok(())
            }
            ref sound if is_of_sound(message.kind()) => {
                if !self.config.capabilities.contains(Capabilities::SOUND) {
                    return Err(PeerError::Unexpected {
                        what: "sound for a station that takes none",
                    });
                }
                let voice = header.flags & flags::VOICE != 0;
                self.calls.handle_sound(stream, sound, voice, now, output)
            }
            ref video => {
                let last = header.flags & flags::LAST != 0;
                if self.calls.handle_video(stream, video, last, now, output)? {
                    self.path.acks.at_once();
                }
                Ok(())
            }
        }
    }

    /// Whether our call yields in a glare: the call of the lower nonce does, and if the nonces are
    /// equal, the dialer's.
    fn we_yield(&self) -> bool {
        let theirs = self.nonce.unwrap_or(0);
        (self.config.nonce, self.side == Side::Listener) < (theirs, self.side == Side::Dialer)
    }
}

/// Checks that the header has only flags and a stream that are legal for its kind.
fn check_header(header: Header, kind: Kind) -> Result<(), PeerError> {
    let legal = match kind {
        Kind::Picture | Kind::PictureData => flags::LAST,
        Kind::Sound => flags::VOICE,
        _ => 0,
    };
    if header.flags & !legal != 0 {
        return Err(DecodeError::Illegal("flags").into());
    }
    if (Scope::of(kind) == Scope::Connection) != (header.stream == 0) {
        return Err(DecodeError::Illegal("stream").into());
    }
    Ok(())
}

/// What a message belongs to, which decides the streams that it may be sent on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scope {
    /// The connection: stream 0.
    Connection,
    Call,
    Transfer,
}

impl Scope {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Hello
            | Kind::Join
            | Kind::Bye
            | Kind::Ping
            | Kind::Pong
            | Kind::Ack
            | Kind::Live
            | Kind::Text
            | Kind::TextAck => Self::Connection,
            Kind::Ring
            | Kind::Answer
            | Kind::Decline
            | Kind::HangUp
            | Kind::Shown
            | Kind::CameraState
            | Kind::Recording
            | Kind::WantStats
            | Kind::CameraStats
            | Kind::Picture
            | Kind::PictureData
            | Kind::Abort
            | Kind::SoundState
            | Kind::Listen
            | Kind::SoundHead
            | Kind::Sound
            | Kind::SoundEnd => Self::Call,
            _ => Self::Transfer,
        }
    }
}

fn is_of_sound(kind: Kind) -> bool {
    kind.class() == Class::Audio || matches!(kind, Kind::SoundState | Kind::Listen)
}
