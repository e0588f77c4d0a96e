//! The rules of one connection: takes bytes apart, hands each message to its part, and fills
//! records.

use core::fmt;
use core::time::Duration;

use transom_wire::limits::{RECORD_BULK, RECORD_LIVE};
use transom_wire::{ByeCode, DecodeError, Header, Hello, Kind, Message, Status, flags};

use crate::ack::{ACK_BYTES, AckSender, InFlight, Sizes};
use crate::call::Calls;
use crate::deframer::{Deframer, Frame};
use crate::delivery::Delivery;
use crate::file::Files;
use crate::liveness::Liveness;
use crate::output::{Output, clip};
use crate::ping::Pinger;
use crate::record::Record;
use crate::scheduler::Floor;
use crate::streams::Streams;
use crate::text::Texts;
use crate::window::Window;
use crate::{Config, Event, Instant, PeerError, Side, Stats};

/// What the owner of a connection may do and read: verbs for calls, texts and transfers, and
/// measurements. Only the [`Connection`](crate::Connection) moves bytes, takes out events and says
/// goodbye:
///
/// ```compile_fail,E0624
/// fn act(session: &mut transom_proto::Session) {
///     session.poll_event();
/// }
/// ```
pub struct Session {
    pub(crate) config: Config,
    pub(crate) side: Side,
    pub(crate) stage: Stage,
    pub(crate) streams: Streams,
    pub(crate) output: Output,
    pub(crate) calls: Calls,
    pub(crate) texts: Texts,
    pub(crate) files: Files,
    pub(crate) window: Window,
    deframer: Deframer,
    pub(crate) owed: AckSender,
    pub(crate) sent: InFlight,
    pub(crate) delivery: Delivery,
    pub(crate) pinger: Pinger,
    liveness: Liveness,
    pub(crate) floor: Floor,
    /// The peer's nonce; `None` until its Hello.
    nonce: Option<u64>,
    /// The latest time the caller told.
    pub(crate) now: Instant,
    shown_after: Option<Duration>,
}

/// ```text
///   Open --bye()--> Leaving (sends what control has, then Bye, then nothing)
///     |--- Bye ---> Left    (sends and takes nothing)
///     `-- error --> Broken  (takes nothing; bye() may still tell why)
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    Open,
    Leaving,
    Left,
    Broken(PeerError),
}

impl Session {
    pub(crate) fn new(config: Config, side: Side, now: Instant) -> Self {
        let mut output = Output::new(config.control_queue);
        let (session, nonce) = (config.session, config.nonce);
        let hello = Hello {
            session,
            nonce,
            capabilities: config.capabilities,
            clock: now.0,
            name: config.name,
        };
        output.send(0, &Message::Hello(hello));
        Self {
            side,
            stage: Stage::Open,
            streams: Streams::new(side),
            output,
            calls: Calls::new(config.max_calls),
            texts: Texts::new(&config),
            files: Files::new(&config),
            window: Window::new(config.bulk_target),
            deframer: Deframer::default(),
            owed: AckSender::default(),
            sent: InFlight::default(),
            delivery: Delivery::new(),
            pinger: Pinger::new(&config, now),
            liveness: Liveness::new(config.give_up_live),
            floor: Floor::new(config.bulk_floor),
            nonce: None,
            now,
            shown_after: None,
            config,
        }
    }

    pub(crate) fn handle_bytes(&mut self, bytes: &[u8], now: Instant) -> Result<(), PeerError> {
        self.handle_time(now);
        match self.stage {
            Stage::Open => {}
            Stage::Leaving | Stage::Left => return Ok(()),
            Stage::Broken(error) => return Err(error),
        }
        self.owed.took(bytes.len(), now);
        // A caller that always has bytes to read may not come to `handle_timeout` for long.
        self.texts.handle_timeout(now, &mut self.output);
        let mut deframer = core::mem::take(&mut self.deframer);
        let result = self.handle_frames(&mut deframer, bytes, now);
        self.deframer = deframer;
        result.inspect_err(|error| self.break_off(*error))
    }

    pub(crate) fn handle_partial(&mut self, bytes: usize, now: Instant) {
        self.handle_time(now);
        if self.stage == Stage::Open && self.liveness.handle_partial(bytes) {
            self.pinger.heard(now);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Result<(), PeerError> {
        self.handle_time(now);
        if self.stage != Stage::Open {
            return Ok(());
        }
        self.owed.handle_timeout(now);
        self.texts.handle_timeout(now, &mut self.output);
        let lost = self.lost_at().is_some_and(|at| at <= now);
        let result = match lost {
            true => Err(PeerError::Silent),
            false => self.pinger.handle_timeout(now),
        };
        result.inspect_err(|error| self.break_off(*error))
    }

    pub(crate) fn poll_transmit(&mut self, out: &mut [u8], now: Instant) -> usize {
        self.handle_time(now);
        let most = if self.is_live() {
            RECORD_LIVE
        } else {
            RECORD_BULK
        };
        let most = self.delivery.record(most).min(out.len());
        // Room for an ack is kept free in every record, so that one can ride along.
        let (content, _) = out.split_at_mut(most.saturating_sub(ACK_BYTES));
        let mut record = Record::new(content);
        match self.stage {
            Stage::Left | Stage::Broken(_) => return 0,
            Stage::Leaving => self.output.control.pull(&mut record),
            Stage::Open => self.fill(&mut record, now),
        }
        let (content, text, bulk) = (record.used(), record.text, record.bulk);
        let used = self.add_ack(out, content, most, now);
        if used > 0 {
            let sizes = Sizes {
                before: content - bulk,
                bulk,
                behind: used - content,
            };
            self.sent.record(sizes, now);
            if self.is_live() {
                self.floor.record(used, text + bulk);
            }
        }
        used
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        let event = self.output.events.pop_front()?;
        if let Event::Text { id, .. } = event {
            self.texts.read(id, &mut self.output);
        }
        Some(event)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        if self.stage != Stage::Open {
            return None;
        }
        let others = [
            self.owed.poll_timeout(),
            self.files.poll_timeout(self.now),
            self.texts.poll_timeout(),
            self.probe_timeout(),
            self.lost_at(),
        ];
        let pinger = Some(self.pinger.poll_timeout());
        others.into_iter().chain([pinger]).flatten().min()
    }

    /// Whether a call rings or runs: then keep the queues below this one short.
    pub fn is_live(&self) -> bool {
        self.calls.is_live()
    }

    /// What was measured up to now.
    pub fn stats(&self, now: Instant) -> Stats {
        let counts = self.calls.counts;
        let (granted, storing) = self.files.granted();
        Stats {
            sent: self.sent.sent(),
            received: self.owed.received(),
            unacked: self.sent.unacked(),
            held: self.output.len() + self.calls.held() + self.files.held() + self.deframer.held(),
            rtt: self.pinger.rtt(),
            min_rtt: self.pinger.min_rtt(),
            queue_delay: self.window.delay(),
            bulk_window: self.window.size(),
            silent: self.pinger.silent(now),
            pictures_sent: counts.sent,
            pictures_replaced: counts.replaced,
            pictures_aborted: counts.aborted,
            pictures_received: counts.received,
            granted,
            storing,
            shown_after: self.shown_after,
        }
    }

    /// A time of the peer's clock in ours; `None` before the first pong, which comes within the
    /// first round trip.
    pub fn to_local(&self, peer_clock: u64) -> Option<Instant> {
        self.pinger.to_local(peer_clock)
    }

    pub(crate) fn bye(&mut self, code: ByeCode, text: &str) {
        if matches!(self.stage, Stage::Open | Stage::Broken(_)) {
            let bye = Status::new(code, clip(text));
            self.output.send(0, &Message::Bye(bye));
            self.stage = Stage::Leaving;
        }
    }

    fn handle_time(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.liveness.handle_time(self.now);
    }

    fn handle_frames(
        &mut self,
        deframer: &mut Deframer,
        bytes: &[u8],
        now: Instant,
    ) -> Result<(), PeerError> {
        let mut rest = bytes;
        let mut whole = false;
        while let Some(Frame { header, payload }) = deframer.next(&mut rest)? {
            whole = true;
            self.pinger.heard(now);
            self.liveness.heard();
            self.handle_frame(header, payload, now)?;
            if self.stage != Stage::Open {
                break;
            }
        }
        if !whole {
            self.handle_partial(bytes.len(), now);
        }
        Ok(())
    }

    fn handle_frame(
        &mut self,
        header: Header,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), PeerError> {
        let Some(message) = Message::decode(header, payload)? else {
            self.owed.soon(now);
            return Ok(());
        };
        self.output.check_backlog()?;
        let kind = message.kind();
        check_header(header, kind)?;
        if self.nonce.is_none() && !matches!(kind, Kind::Hello | Kind::Join) {
            return Err(PeerError::Unexpected {
                what: "a message before hello",
            });
        }
        if !matches!(kind, Kind::Ack | Kind::Ping | Kind::Pong) {
            self.owed.soon(now);
        }
        match message {
            Message::Hello(hello) => self.handle_hello(hello),
            Message::Bye(bye) => self.handle_bye(bye),
            Message::Join(_) => Err(PeerError::Unsupported { what: "join" }),
            Message::Ping(ping) => {
                self.pinger.handle_ping(ping);
                Ok(())
            }
            Message::Pong(pong) => self.pinger.handle_pong(pong, now),
            Message::Ack(ack) => {
                let in_flight = self.sent.bulk_unacked();
                if let Some(sample) = self.sent.handle_ack(ack)? {
                    self.window.handle_sample(sample, in_flight, now);
                    self.delivery.handle_ack(ack, self.window.delay());
                }
                Ok(())
            }
            Message::Text(text) => self.texts.handle_text(text, now, &mut self.output),
            Message::TextAck(ack) => self.texts.handle_ack(ack, &mut self.output),
            message => self.handle_stream(header, &message, now),
        }
    }

    fn handle_hello(&mut self, hello: Hello) -> Result<(), PeerError> {
        if self.nonce.is_some() {
            return Err(PeerError::Unexpected {
                what: "a second hello",
            });
        }
        self.nonce = Some(hello.nonce);
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
        let (call, file) = (self.calls.is_open(stream), self.files.is_open(stream));
        let opens = matches!(message, Message::Ring(_) | Message::Offer(_));
        if opens {
            return self.handle_opening(stream, message, call || file);
        }
        if !call && !file && !self.streams.was_open(stream) {
            return Err(PeerError::Unexpected {
                what: "a message of a stream that was never open",
            });
        }
        let of_call = is_of_call(message.kind());
        if (call && !of_call) || (file && of_call) {
            return Err(PeerError::Unexpected {
                what: "a message of another kind of stream",
            });
        }
        if of_call {
            self.handle_call(header, message, now)
        } else {
            self.files.handle(stream, message, now, &mut self.output)
        }
    }

    fn handle_opening(
        &mut self,
        stream: u16,
        message: &Message<'_>,
        open: bool,
    ) -> Result<(), PeerError> {
        if open || !self.streams.is_theirs(stream) {
            return Err(PeerError::Unexpected {
                what: "a stream that is not the peer's to open",
            });
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
                Err(PeerError::Unexpected {
                    what: "an answer of the side that rang",
                })
            }
            Message::Answer => self.calls.handle_answer(stream, output),
            Message::Decline(decline) => self.calls.handle_decline(stream, decline, output),
            Message::HangUp(hang_up) => self.calls.handle_hang_up(stream, hang_up, output),
            Message::CameraState(state) => self.calls.handle_camera_state(stream, state, output),
            Message::Recording(recording) => self.calls.handle_recording(stream, recording, output),
            Message::Shown(shown) => {
                let captured = self.calls.handle_shown(stream, shown, output)?;
                if let (Some(captured), Some(at)) = (captured, self.to_local(shown.clock)) {
                    self.shown_after = Some(at - Instant(captured));
                }
                Ok(())
            }
            ref video => {
                let last = header.flags & flags::LAST != 0;
                if self.calls.handle_video(stream, video, last, now, output)? {
                    self.owed.at_once();
                }
                Ok(())
            }
        }
    }

    /// A call has begun: bulk starts anew with a small window, and silence is borne for less long.
    pub(crate) fn went_live(&mut self, was_live: bool) {
        if !was_live && self.is_live() {
            self.window.restart();
            self.liveness.went_live();
        }
    }

    /// When the peer is lost to the calls that there are.
    fn lost_at(&self) -> Option<Instant> {
        let heard = self.now - self.pinger.silent(self.now);
        self.is_live().then(|| self.liveness.lost_at(heard))
    }

    /// Whether in a glare our call yields: that of the lower nonce, and if they are equal the
    /// dialer's.
    fn we_yield(&self) -> bool {
        let theirs = self.nonce.unwrap_or(0);
        (self.config.nonce, self.side == Side::Listener) < (theirs, self.side == Side::Dialer)
    }

    fn break_off(&mut self, error: PeerError) {
        log::debug!("session={:016x} broken: {error}", self.config.session);
        self.stage = Stage::Broken(error);
    }

    fn probe_timeout(&self) -> Option<Instant> {
        self.window
            .probe_end()
            .filter(|at| *at > self.now && self.is_live())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            config,
            side,
            stage,
            ..
        } = self;
        write!(f, "Session({:016x}, {side:?}, {stage:?})", config.session)
    }
}

/// Flags and stream are those the kind may have.
fn check_header(header: Header, kind: Kind) -> Result<(), PeerError> {
    let last = matches!(kind, Kind::Picture | Kind::PictureData);
    let legal = if last { flags::LAST } else { 0 };
    if header.flags & !legal != 0 {
        return Err(DecodeError::Illegal("flags").into());
    }
    let connection = matches!(
        kind,
        Kind::Hello
            | Kind::Join
            | Kind::Bye
            | Kind::Ping
            | Kind::Pong
            | Kind::Ack
            | Kind::Text
            | Kind::TextAck
    );
    if connection != (header.stream == 0) {
        return Err(DecodeError::Illegal("stream").into());
    }
    Ok(())
}

fn is_of_call(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Answer
            | Kind::Decline
            | Kind::HangUp
            | Kind::Shown
            | Kind::CameraState
            | Kind::Recording
            | Kind::Picture
            | Kind::PictureData
            | Kind::Abort
    )
}
