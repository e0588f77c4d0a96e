//! The state of one connection. It splits received bytes into frames, dispatches them, and lets the
//! scheduler fill records.

use core::fmt;
use core::time::Duration;

use transom_wire::{ByeCode, Capabilities, Hello, Live, Message, Status};

use crate::call::Calls;
use crate::deframer::{Deframer, Frame};
use crate::file::Files;
use crate::liveness::Liveness;
use crate::path::Path;
use crate::send::{Output, Scheduler, Sources, clip};
use crate::streams::Streams;
use crate::text::Texts;
use crate::{Config, Event, Instant, Order, PeerError, Side, Stats};

/// Verbs for calls, texts and transfers, and measurements. Only the
/// [`Connection`](crate::Connection) moves bytes, takes out events and says goodbye:
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
    pub(crate) path: Path,
    deframer: Deframer,
    liveness: Liveness,
    scheduler: Scheduler,
    /// The peer's nonce; `None` until its Hello.
    pub(crate) nonce: Option<u64>,
    /// What the peer's Hello says it takes; none before it.
    pub(crate) peer: Capabilities,
    /// The latest time that the caller passed in.
    pub(crate) now: Instant,
    pub(crate) shown_after: Option<Duration>,
    /// A call is live anywhere at this station, or in another program of its owner.
    live_at_station: bool,
    /// A call is live anywhere at the peer's station.
    pub(crate) live_at_peer: bool,
}

/// What a connection carries.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Traffic {
    /// Neither a call nor a transfer.
    #[default]
    Idle,
    /// Transfers, and no call.
    Files,
    /// A call that rings or is live, perhaps transfers too.
    Media,
}

/// ```text
///   Open --bye()--> Leaving (sends the rest of class control, then Bye, then nothing)
///     |--- Bye ---> Left    (neither sends nor receives)
///     `-- error --> Broken  (receives nothing; bye() may still tell the peer why)
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
            path: Path::new(&config, now),
            deframer: Deframer::default(),
            liveness: Liveness::new(config.give_up_live),
            scheduler: Scheduler::new(&config),
            nonce: None,
            peer: Capabilities::NONE,
            now,
            shown_after: None,
            live_at_station: false,
            live_at_peer: false,
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
        self.path.acks.on_received(bytes.len(), now);
        // A caller that always has bytes to read may not call `handle_timeout` for a long time.
        self.texts.handle_timeout(now, &mut self.output);
        let mut deframer = core::mem::take(&mut self.deframer);
        let result = self.handle_frames(&mut deframer, bytes, now);
        self.deframer = deframer;
        result.inspect_err(|error| self.break_off(*error))
    }

    pub(crate) fn handle_partial(&mut self, bytes: usize, now: Instant) {
        self.handle_time(now);
        if self.stage == Stage::Open && self.liveness.handle_partial(bytes) {
            self.path.pinger.heard(now);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Result<(), PeerError> {
        self.handle_time(now);
        if self.stage != Stage::Open {
            return Ok(());
        }
        self.path.acks.handle_timeout(now);
        self.texts.handle_timeout(now, &mut self.output);
        let lost = self.lost_at().is_some_and(|at| at <= now);
        let result = match lost {
            true => Err(PeerError::Silent),
            false => self.path.pinger.handle_timeout(now),
        };
        result.inspect_err(|error| self.break_off(*error))
    }

    pub(crate) fn poll_transmit(&mut self, out: &mut [u8], now: Instant) -> usize {
        self.handle_time(now);
        let sources = Sources {
            output: &mut self.output,
            calls: &mut self.calls,
            files: &mut self.files,
            path: &mut self.path,
            now,
        };
        match self.stage {
            Stage::Open => self.scheduler.next_record(sources, out),
            Stage::Leaving => sources.last_record(out),
            Stage::Left | Stage::Broken(_) => 0,
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        let mut event = self.output.events.pop_front()?;
        match &mut event {
            Event::Text { id, .. } => self.texts.read(*id, &mut self.output),
            Event::Transfer(id, event) => self.files.update_event(*id, event),
            _ => {}
        }
        Some(event)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        if self.stage != Stage::Open {
            return None;
        }
        let others = [
            self.path.acks.poll_timeout(),
            self.files.poll_timeout(self.now),
            self.texts.poll_timeout(),
            self.lost_at(),
            self.bulk_opens(),
        ];
        let pinger = Some(self.path.pinger.poll_timeout());
        others.into_iter().chain([pinger]).flatten().min()
    }

    /// The configured order of sending.
    pub fn order(&self) -> Order {
        self.config.order
    }

    /// The rate at which the path delivers what we send, in bytes per second; `None` before it was
    /// measured.
    pub fn rate(&self) -> Option<u64> {
        self.path.rate()
    }

    /// Whether a call rings or is live. The caller must then keep the socket's queue short.
    pub fn is_live(&self) -> bool {
        self.calls.is_live()
    }

    /// Tells whether a call is live anywhere at this station, or in another program of its owner.
    /// While it is, this session's file data keep network queues short even if the session has no
    /// call: the session may share a link with the call.
    ///
    /// The peer is told, since its file data towards us share our link too.
    pub fn set_shared_live(&mut self, live: bool, now: Instant) {
        self.handle_time(now);
        let was_live = core::mem::replace(&mut self.live_at_station, live);
        if was_live != live && self.stage == Stage::Open {
            self.output.send(0, &Message::Live(Live { on: live }));
        }
        self.update_live();
    }

    /// What the connection carries, which decides the DSCP of its packets.
    pub fn traffic(&self) -> Traffic {
        match (self.is_live(), self.files.has_transfers()) {
            (true, _) => Traffic::Media,
            (false, true) => Traffic::Files,
            (false, false) => Traffic::Idle,
        }
    }

    /// Whether a call is live anywhere at this station, as
    /// [`set_shared_live`](Self::set_shared_live) told last, or at the peer's.
    pub fn has_shared_live(&self) -> bool {
        self.path.has_shared_live()
    }

    /// The measurements so far.
    pub fn stats(&self, now: Instant) -> Stats {
        let counts = self.calls.counts;
        let sound = self.output.sound.counts();
        let (granted, storing) = self.files.granted();
        let (sent, unacked) = self.path.sent();
        Stats {
            sent,
            received: self.path.acks.received(),
            unacked,
            held: self.output.held() + self.calls.held() + self.files.held() + self.deframer.held(),
            rtt: self.path.pinger.rtt(),
            min_rtt: self.path.pinger.min_rtt(),
            rate: self.path.rate(),
            queue_delay: self.path.queue_delay(),
            bulk_window: self.path.bulk_window(),
            silent: self.path.pinger.silent(now),
            pictures_begun: counts.begun.0,
            picture_waited: counts.begun.1,
            pictures_sent: counts.sent,
            pictures_replaced: counts.replaced,
            pictures_aborted: counts.aborted,
            picture_waits: self.calls.picture_waits(now),
            pictures_received: counts.received,
            sound_sent: sound.sent,
            sound_dropped: sound.dropped,
            sound_waits: self.output.sound.age(now),
            granted,
            storing,
            shown_after: self.shown_after,
        }
    }

    /// Converts a time of the peer's clock into ours; `None` before the first pong, which arrives
    /// after one round trip.
    pub fn to_local(&self, peer_clock: u64) -> Option<Instant> {
        self.path.pinger.to_local(peer_clock)
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
        self.update_live();
        self.liveness.handle_time(self.now);
        let rtt = self.path.pinger.min_rtt().unwrap_or_default();
        self.calls.handle_time(rtt, self.now);
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
            self.path.pinger.heard(now);
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

    /// To be called when a call may have begun. The first one starts the shorter timeout,
    /// [`Config::give_up_live`].
    pub(crate) fn went_live(&mut self, was_live: bool) {
        if !was_live && self.is_live() {
            self.liveness.went_live();
        }
        self.update_live();
    }

    pub(crate) fn update_live(&mut self) {
        let shared = self.live_at_station || self.live_at_peer;
        self.path.set_live(self.calls.is_live(), shared);
        self.path.set_sound(self.output.sound.is_running());
    }

    /// When file data that wait for the queue of other sessions may go.
    fn bulk_opens(&self) -> Option<Instant> {
        let waits = self.path.is_live() && self.files.has_data(self.now);
        waits.then(|| self.path.bulk_opens(self.now)).flatten()
    }

    /// When a silent peer counts as lost, by the timeout of calls; `None` without a call.
    fn lost_at(&self) -> Option<Instant> {
        let heard = self.now - self.path.pinger.silent(self.now);
        self.is_live().then(|| self.liveness.lost_at(heard))
    }

    fn break_off(&mut self, error: PeerError) {
        log::debug!("session={:016x} broken: {error}", self.config.session);
        self.stage = Stage::Broken(error);
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
