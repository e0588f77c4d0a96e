//! Sessions of one station over one modelled bottleneck: video and greedy files, as few or as many
//! as an experiment wants. It knows no node: calls are answered, pictures shown and leaves stored
//! at once.
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a scene is played by tests and explorers, and a panic is their verdict"
)]

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use transom_wire::limits::RECORD_BULK;
use transom_wire::{CallKind, Capabilities, Shape, SoundCodec};

use super::{ConnectionId, Link, LinkId, Network};
use crate::fuzzing::{Courier, Parcel, picture, sound};
use crate::{CallEvent, CallId, Config, Event, Instant, Session, Side, Stats, Uplink};

/// What sealing adds to a record.
const SEAL: usize = 18;

/// `TCP_NOTSENT_LOWAT` while anything is live, and else; as `transom-net` sets it.
const UNSENT: [usize; 2] = [1024 * 1024, 16 * 1024];

/// Less in a [`TICK`] is no progress: pings and acks.
const STILL: u64 = 1_000;

/// How often the file's progress is noted.
pub const TICK: Duration = Duration::from_millis(100);

/// Pictures of one size at one rate, for one viewer.
#[derive(Clone, Copy, Debug)]
pub struct Video {
    /// Between two pictures.
    pub every: Duration,
    /// Bytes of each.
    pub bytes: usize,
}

impl Video {
    /// Thirty pictures of so many bytes a second.
    pub const fn of(bytes: usize) -> Self {
        Self {
            every: Duration::from_micros(33_333),
            bytes,
        }
    }
}

/// What one connection of the station carries to its peer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Pictures from this time on.
    pub video: Option<(Duration, Video)>,
    /// Frames of Opus, one each 10 ms, from this time on.
    pub sound: Option<Duration>,
    /// A file without end from this time on.
    pub file: Option<Duration>,
}

/// A call is rung so long before its first picture or sound.
const RINGS: Duration = Duration::from_millis(500);
/// From one frame of sound to the next.
const SOUND_FRAME: Duration = Duration::from_millis(10);
/// Bytes of a frame in a record.
const SOUND_BYTES: usize = 100;

/// One connection of the station.
struct Line {
    id: ConnectionId,
    viewer: Session,
    station: Session,
    load: Load,
    call: Option<CallId>,
    /// When the viewer rings.
    rings: Option<Duration>,
    /// When the next picture is due, and the next frame of sound.
    next: Option<Duration>,
    next_sound: Option<Duration>,
    made: Vec<Duration>,
    sounds: u32,
    courier: Courier,
    outcome: Outcome,
    /// Something came or was due. Only then the sessions are asked for records, as by the loop of
    /// `transom-net`: what opens without an event and without a timer is noticed late.
    has_work: bool,
}

/// What became of a connection's pictures and file.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// When each picture that was received had been made, and how long it then took.
    pub latencies: Vec<(Duration, Duration)>,
    /// The same of frames of sound.
    pub sound: Vec<(Duration, Duration)>,
    /// Bytes that had been received by each [`TICK`], whole pictures and sound excepted.
    pub file: Vec<u64>,
}

impl Outcome {
    /// The latencies of pictures made in that time: that share of them was at most the result.
    pub fn latency(&self, from: Duration, to: Duration, percent: usize) -> Duration {
        quantile(within(&self.latencies, from, to), percent)
    }

    /// Pictures that were made in that time and received.
    pub fn shown(&self, from: Duration, to: Duration) -> usize {
        within(&self.latencies, from, to).count()
    }

    /// Rate of the file in that time, in kbit/s.
    pub fn file_kbits(&self, from: Duration, to: Duration) -> u64 {
        let at = |time: Duration| {
            let tick = (time.as_millis() / TICK.as_millis()) as usize;
            self.file.get(tick).or(self.file.last()).copied()
        };
        let bytes = at(to).unwrap_or(0).saturating_sub(at(from).unwrap_or(0));
        bytes * 8 / ((to - from).as_millis() as u64).max(1)
    }

    /// The longest time in which nothing of the file came.
    pub fn stall(&self, from: Duration, to: Duration) -> Duration {
        let tick = |time: Duration| (time.as_millis() / TICK.as_millis()) as usize;
        let (mut longest, mut still) = (0, 0);
        for pair in self.file.windows(2).skip(tick(from)).take(tick(to - from)) {
            still = if pair[1].saturating_sub(pair[0]) < STILL {
                still + 1
            } else {
                0
            };
            longest = longest.max(still);
        }
        TICK * longest
    }

    /// As [`latency`](Self::latency), of frames of sound.
    pub fn sound_latency(&self, from: Duration, to: Duration, percent: usize) -> Duration {
        quantile(within(&self.sound, from, to), percent)
    }
}

/// How long those took that were made in that time.
fn within(
    of: &[(Duration, Duration)],
    from: Duration,
    to: Duration,
) -> impl Iterator<Item = Duration> {
    let of = of.iter().filter(move |(made, _)| (from..to).contains(made));
    of.map(|(_, latency)| *latency)
}

fn quantile(of: impl Iterator<Item = Duration>, percent: usize) -> Duration {
    let mut of: Vec<_> = of.collect();
    of.sort_unstable();
    let at = of.get(of.len().saturating_mul(percent) / 100);
    at.or(of.last()).copied().unwrap_or(Duration::MAX)
}

/// A station, its connections, and the link that all of them share.
pub struct Scene {
    network: Network<Vec<u8>>,
    there: LinkId,
    back: LinkId,
    lines: Vec<Line>,
    buffer: Vec<u8>,
    uplink: Uplink,
}

impl Scene {
    /// A link to all peers, and one back that has the same delay and no limit.
    pub fn new(link: Link, seed: u64) -> Self {
        let mut network = Network::new(seed);
        let (delay, jitter) = (link.delay, link.jitter);
        let there = network.add_link(link);
        let back = network.add_link(Link {
            delay,
            jitter,
            ..Link::IDEAL
        });
        Self {
            network,
            there,
            back,
            lines: Vec::new(),
            buffer: vec![0; RECORD_BULK],
            uplink: Uplink::default(),
        }
    }

    /// Adds a connection; `tune` changes the station's configuration.
    pub fn add(&mut self, load: Load, tune: impl Fn(&mut Config)) {
        let id = self.network.connect(&[self.back], &[self.there]);
        let number = self.lines.len() as u64;
        let config = |name: &str, nonce| {
            Config::new(name.parse().expect("the word is a name"), number, nonce)
        };
        let mut station = config("station", 2);
        station.uplink = self.uplink.clone();
        station.capabilities = Capabilities::SOUND | Capabilities::OPUS;
        tune(&mut station);
        let mut viewer = config("viewer", 1);
        viewer.capabilities = station.capabilities;
        let video = load.video.map(|(from, _)| from);
        let first = video.into_iter().chain(load.sound).min();
        self.lines.push(Line {
            id,
            viewer: Session::new(viewer, Side::Dialer, VIEWER),
            station: Session::new(station, Side::Listener, STATION),
            load,
            call: None,
            rings: first.map(|first| first.saturating_sub(RINGS)),
            next: video,
            next_sound: load.sound,
            made: Vec::new(),
            sounds: 0,
            courier: Courier::default(),
            outcome: Outcome::default(),
            has_work: true,
        });
    }

    /// The link that all connections share.
    pub fn link(&mut self) -> &mut Link {
        self.network.link(self.there)
    }

    /// The time since the beginning.
    pub fn now(&self) -> Duration {
        self.network.now()
    }

    /// What became of a connection's pictures and file by now.
    pub fn outcome(&self, line: usize) -> &Outcome {
        &self.lines[line].outcome
    }

    /// What the station has measured on a connection.
    pub fn stats(&self, line: usize) -> Stats {
        self.lines[line].station.stats(STATION + self.now())
    }

    /// Bytes in the shared link's FIFO.
    pub fn waiting(&mut self) -> usize {
        self.network.waiting(self.there)
    }

    /// Lets time pass until then.
    pub fn run(&mut self, until: Duration) {
        loop {
            self.settle();
            let tick = self
                .lines
                .first()
                .map(|line| TICK * line.outcome.file.len() as u32);
            let times = self.lines.iter().flat_map(Line::times);
            let times = times.chain(tick).chain(self.network.next());
            let next = times.min().unwrap_or(until).max(self.now());
            if next > until {
                break;
            }
            self.network.advance(next);
            while let Some((id, _)) = self.network.poll_ready() {
                let mut lines = self.lines.iter_mut();
                if let Some(line) = lines.find(|line| line.id == id) {
                    line.has_work = true;
                }
            }
            for line in &mut self.lines {
                line.arrive(&mut self.network);
                line.act(next);
            }
        }
        self.network.advance(until);
    }

    /// Events to the applications and records to the network, until all have had enough.
    fn settle(&mut self) {
        let is_live = self
            .lines
            .iter()
            .any(|line| line.viewer.is_live() || line.station.is_live());
        for line in &mut self.lines {
            line.share(is_live, &mut self.network);
            if !core::mem::take(&mut line.has_work) {
                continue;
            }
            while line.events(self.network.now())
                | line.transmit(&mut self.network, &mut self.buffer)
            {}
        }
    }
}

/// The two clocks have different zeros, as real ones do.
const VIEWER: Instant = Instant(1_000_000_000);
const STATION: Instant = Instant(77_777_000_000);

impl Line {
    /// When it has something to do.
    fn times(&self) -> impl Iterator<Item = Duration> {
        let viewer = self.viewer.poll_timeout().map(|at| at - VIEWER);
        let station = self.station.poll_timeout().map(|at| at - STATION);
        let own = [self.rings, self.next, self.next_sound, self.load.file];
        own.into_iter().chain([viewer, station]).flatten()
    }

    /// Tells the station's session of calls elsewhere.
    fn share(&mut self, is_live: bool, network: &mut Network<Vec<u8>>) {
        let now = network.now();
        if self.station.has_shared_live() != is_live || now.is_zero() {
            self.has_work = true;
            self.station.set_shared_live(is_live, STATION + now);
            let unsent = UNSENT[usize::from(is_live)];
            network.tune(self.id, Side::Listener, unsent, Duration::MAX);
        }
    }

    fn arrive(&mut self, network: &mut Network<Vec<u8>>) {
        let now = network.now();
        while let Some(record) = network.read(self.id, Side::Dialer) {
            self.has_work = true;
            let handled = self.viewer.handle_bytes(&record, VIEWER + now);
            handled.expect("a station of ours sends records by the rules");
        }
        while let Some(record) = network.read(self.id, Side::Listener) {
            self.has_work = true;
            let handled = self.station.handle_bytes(&record, STATION + now);
            handled.expect("a viewer of ours sends records by the rules");
        }
    }

    /// What is due by the clock.
    fn act(&mut self, now: Duration) {
        for (session, zero) in [(&mut self.viewer, VIEWER), (&mut self.station, STATION)] {
            if session.poll_timeout().is_some_and(|at| at <= zero + now) {
                self.has_work = true;
                let handled = session.handle_timeout(zero + now);
                handled.expect("no scene is silent for as long as ends a session");
            }
        }
        if self.rings.take_if(|at| *at <= now).is_some() {
            self.has_work = true;
            let rung = self.viewer.ring(CallKind::View);
            rung.expect("a viewer rings once, after it has joined");
        }
        if self.next.is_some_and(|at| at <= now) {
            self.picture(now);
        }
        if self.next_sound.is_some_and(|at| at <= now) {
            self.sound(now);
        }
        if self.load.file.is_some_and(|at| at <= now) {
            self.load.file = None;
            self.has_work = true;
            let parcels = vec![Parcel::file("film", 1 << 40)];
            (_, self.courier) = Courier::offer(&mut self.station, Shape::File, parcels);
        }
        while TICK * self.outcome.file.len() as u32 <= now {
            let received = self.viewer.stats(VIEWER + now).received;
            let bytes = self.load.video.map_or(0, |(_, video)| video.bytes);
            let pictures = self.outcome.latencies.len() * bytes;
            let media = (pictures + self.outcome.sound.len() * SOUND_BYTES) as u64;
            self.outcome.file.push(received.saturating_sub(media));
        }
    }

    fn picture(&mut self, now: Duration) {
        let Some((_, video)) = self.load.video else {
            return;
        };
        self.next = Some(now + video.every);
        self.has_work = true;
        let Some(call) = self.call else {
            return;
        };
        let sequence = self.made.len() as u32;
        let picture = picture(sequence, (STATION + now).0, video.bytes);
        self.made.push(now);
        let sent = self.station.send_picture(call, picture);
        sent.expect("the call runs, and its pictures are small");
    }

    fn sound(&mut self, now: Duration) {
        self.next_sound = Some(now + SOUND_FRAME);
        self.has_work = true;
        let Some(call) = self.call else {
            return;
        };
        self.sounds += 1;
        let frame = sound(SoundCodec::Opus, self.sounds, now.as_micros() as u64);
        let clock = STATION + now;
        let sent = self.station.send_sound(call, frame, clock);
        sent.expect("the call runs, and both sides can sound");
    }

    fn events(&mut self, now: Duration) -> bool {
        let mut any = false;
        while let Some(event) = self.viewer.poll_event() {
            any = true;
            match event {
                Event::Call(call, CallEvent::Picture(picture)) => {
                    let sequence = picture.head.sequence;
                    let made = self.made[sequence as usize];
                    self.outcome.latencies.push((made, now - made));
                    let shown = self.viewer.shown(call, sequence, VIEWER + now);
                    shown.expect("the picture has just come");
                }
                Event::Call(_, CallEvent::Sound(frame)) => {
                    let made = Duration::from_micros(frame.captured);
                    self.outcome.sound.push((made, now - made));
                }
                event => self.courier.receive(&mut self.viewer, event),
            }
        }
        while let Some(event) = self.station.poll_event() {
            any = true;
            match event {
                Event::Call(call, CallEvent::Ringing(_)) => {
                    let answered = self.station.answer(call);
                    answered.expect("the call rings");
                    self.call = Some(call);
                }
                event => self.courier.send(&mut self.station, &event),
            }
        }
        any
    }

    fn transmit(&mut self, network: &mut Network<Vec<u8>>, buffer: &mut [u8]) -> bool {
        let now = network.now();
        let mut any = false;
        for (side, session, zero) in [
            (Side::Dialer, &mut self.viewer, VIEWER),
            (Side::Listener, &mut self.station, STATION),
        ] {
            while network.is_writable(self.id, side) {
                let used = session.poll_transmit(buffer, zero + now);
                if used == 0 {
                    break;
                }
                any = true;
                network.write(self.id, side, buffer[..used].to_vec(), used + SEAL);
            }
        }
        any
    }
}
