#![expect(clippy::indexing_slicing, reason = "a test's panic is its verdict")]

use alloc::vec::Vec;

use transom_wire::Header;
use transom_wire::limits::HEADER;

use super::*;
use crate::numbers::Numbers;

const MILLI: u64 = 1000;
const SECOND: u64 = 1000 * MILLI;

/// Our pinger, and a peer whose clock and ways are whatever the test wants.
struct Peer {
    pinger: Pinger,
    now: Instant,
    /// The peer's clock less ours.
    offset: i64,
    /// When pongs came, and after what round trip.
    trips: Vec<(Instant, u64)>,
}

impl Peer {
    fn new(offset: i64) -> Self {
        let mut config = Config::new("ann".parse().unwrap(), 1, 1);
        config.give_up = Duration::from_millis(4500);
        let now = Instant(1000 * SECOND);
        Self {
            pinger: Pinger::new(&config, now),
            now,
            offset,
            trips: Vec::new(),
        }
    }

    fn clock(&self, at: Instant) -> u64 {
        at.0.wrapping_add_signed(self.offset)
    }

    /// A ping goes and its pong comes, each after so many microseconds; then the rest of the second
    /// passes.
    fn ping(&mut self, there: u64, back: u64) {
        assert_eq!(sent(&mut self.pinger, self.now).len(), 1);
        let echo = self.now.0;
        let clock = self.clock(Instant(echo + there));
        let at = Instant(echo + there + back);
        self.pinger.handle_pong(Pong { echo, clock }, at).unwrap();
        self.trips.push((at, there + back));
        self.now = Instant(echo + SECOND);
    }

    /// By how many microseconds a time of the peer's clock is told wrong.
    fn error(&self) -> u64 {
        let told = self.pinger.to_local(self.clock(self.now)).unwrap();
        told.0.abs_diff(self.now.0)
    }

    /// The shortest round trip of the last 15 s, the least time that one counts.
    fn best(&self) -> u64 {
        let last = self.trips.last().unwrap().0;
        let recent = self
            .trips
            .iter()
            .filter(|(at, _)| last.0 - at.0 <= 15 * SECOND);
        recent.map(|(_, trip)| *trip).min().unwrap()
    }
}

/// The messages that are sent now, decoded.
fn sent(pinger: &mut Pinger, now: Instant) -> Vec<Message<'static>> {
    let mut out = [0; 100];
    let mut record = Record::new(&mut out);
    pinger.pull(&mut record, now);
    let used = record.used();
    let mut rest = &out[..used];
    let mut messages = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<HEADER>() {
        let header = Header::decode(*head).unwrap();
        let (payload, after) = after.split_at(header.len as usize);
        messages.push(match Message::decode(header, payload).unwrap().unwrap() {
            Message::Ping(ping) => Message::Ping(ping),
            Message::Pong(pong) => Message::Pong(pong),
            other => panic!("{other:?}"),
        });
        rest = after;
    }
    messages
}

/// Queues that come and go, each way on its own: mostly none, then so many pings long.
struct Queues {
    numbers: Numbers,
    left: [u64; 2],
    most: [u64; 2],
}

impl Queues {
    fn new(seed: u64) -> Self {
        Self {
            numbers: Numbers::new(seed),
            left: [0; 2],
            most: [1; 2],
        }
    }

    /// How long the next ping and its pong take.
    fn next(&mut self) -> [u64; 2] {
        [0, 1].map(|way| {
            if self.left[way] == 0 {
                self.left[way] = 1 + self.numbers.below(40);
                self.most[way] = 1 + match self.numbers.below(2) {
                    0 => self.numbers.below(2 * MILLI),
                    _ => self.numbers.below(450 * MILLI),
                };
            }
            self.left[way] -= 1;
            self.numbers.below(self.most[way])
        })
    }
}

#[test]
fn the_clock_is_wrong_by_half_the_best_round_trip_at_most() {
    for seed in 0..300 {
        let mut queues = Queues::new(seed);
        let mut peer = Peer::new((seed * SECOND).cast_signed() - 100 * SECOND.cast_signed());
        for _ in 0..150 {
            let [there, back] = queues.next();
            peer.ping(there, back);
            let (error, best) = (peer.error(), peer.best());
            assert!(error <= best / 2 + 1, "{error} us of {best}, seed {seed}");
        }
    }
}

#[test]
fn a_clock_that_drifts_is_followed_within_half_a_minute() {
    for seed in 0..300 {
        let mut queues = Queues::new(seed);
        let mut peer = Peer::new(0);
        for _ in 0..150 {
            let [there, back] = queues.next();
            peer.ping(there, back);
            // 0.1 per mille, forth or back.
            peer.offset += if seed % 2 == 0 { 100 } else { -100 };
            let most = peer.best() / 2 + 1 + 31 * 100;
            assert!(peer.error() <= most, "{} us, seed {seed}", peer.error());
        }
    }
}

#[test]
fn a_clock_that_steps_is_followed_within_half_a_minute() {
    for seed in 0..300 {
        let mut queues = Queues::new(seed);
        let mut peer = Peer::new(0);
        let until = 20 + seed % 15;
        for second in 0..until + 45 {
            if second == until {
                let step = 1 << (seed % 24);
                peer.offset += if seed % 2 == 0 { step } else { -step };
            }
            let [there, back] = queues.next();
            peer.ping(there, back);
            if second < until || second > until + 31 {
                let (error, best) = (peer.error(), peer.best());
                assert!(error <= best / 2 + 1, "{error} us of {best}, seed {seed}");
            }
        }
    }
}

#[test]
fn a_step_that_no_queue_explains_is_followed_at_once() {
    for step in [SECOND, 5 * MILLI, 2000 * SECOND] {
        for step in [step.cast_signed(), -step.cast_signed()] {
            let mut peer = Peer::new(0);
            peer.ping(MILLI, MILLI);
            peer.offset += step;
            peer.ping(2 * MILLI, 2 * MILLI);
            assert_eq!(peer.error(), 0, "after a step of {step} us");
        }
    }
}

#[test]
fn a_bad_probe_is_no_step() {
    let mut peer = Peer::new(0);
    peer.ping(MILLI, MILLI);
    // Wrong by nearly half of its round trip, and the clock has drifted a little meanwhile.
    peer.offset += 500;
    peer.ping(400 * MILLI, 0);
    assert_eq!(peer.error(), 500);
}

#[test]
fn a_step_is_more_than_half_of_both_round_trips_and_the_drift() {
    // The second probe is wrong by half of its 400 ms, as 1 ms of the first explains with it, and
    // a thousandth of the time between them.
    for (step, error) in [(1_000 + 1_398, 2_398), (1_000 + 1_399, 200 * MILLI)] {
        let mut peer = Peer::new(0);
        peer.ping(MILLI, MILLI);
        peer.offset += step;
        peer.ping(400 * MILLI, 0);
        assert_eq!(peer.error(), error, "{step} us");
    }
}

#[test]
fn of_equal_round_trips_the_newest_counts() {
    let mut peer = Peer::new(0);
    for _ in 0..40 {
        peer.ping(MILLI, MILLI);
        peer.offset += 50;
        assert_eq!(peer.error(), 50);
    }
    let trips = (peer.pinger.rtt(), peer.pinger.min_rtt());
    let trip = Duration::from_millis(2);
    assert_eq!(trips, (Some(trip), Some(trip)));
}

#[test]
fn the_last_round_trip_and_the_shortest_are_told() {
    let mut peer = Peer::new(0);
    assert_eq!((peer.pinger.rtt(), peer.pinger.min_rtt()), (None, None));
    assert_eq!(peer.pinger.to_local(0), None);
    for trip in [5, 3, 9] {
        peer.ping(trip * MILLI, 0);
    }
    let trips = (peer.pinger.rtt(), peer.pinger.min_rtt());
    let millis = |trip| Some(Duration::from_millis(trip));
    assert_eq!(trips, (millis(9), millis(3)));
}

#[test]
fn a_pong_of_a_ping_that_was_not_sent_is_illegal() {
    let mut peer = Peer::new(0);
    let pong = |echo| Pong { echo, clock: 0 };
    let illegal = Err(DecodeError::Illegal("echo").into());
    let at = Instant(peer.now.0 + 1);
    assert_eq!(peer.pinger.handle_pong(pong(0), at), illegal);
    peer.ping(1, 1);
    let last = peer.now.0 - SECOND;
    assert_eq!(peer.pinger.handle_pong(pong(last + 1), peer.now), illegal);
    assert_eq!(peer.pinger.handle_pong(pong(last), peer.now), Ok(()));
}

#[test]
fn a_ping_goes_at_once_and_then_one_each_second() {
    let mut peer = Peer::new(0);
    let began = peer.now;
    let ping = |at: Instant| Message::Ping(Ping { clock: at.0 });
    assert_eq!(sent(&mut peer.pinger, began), [ping(began)]);
    let due = Instant(began.0 + SECOND);
    assert_eq!(peer.pinger.poll_timeout(), due);
    assert_eq!(sent(&mut peer.pinger, Instant(due.0 - 1)), []);
    // Late by half a second: the next is due a second later.
    let late = Instant(due.0 + SECOND / 2);
    assert_eq!(peer.pinger.handle_timeout(late), Ok(()));
    assert_eq!(sent(&mut peer.pinger, late), [ping(late)]);
    assert_eq!(peer.pinger.poll_timeout(), Instant(late.0 + SECOND));
}

#[test]
fn a_ping_that_waits_for_room_asks_for_no_wake() {
    let mut peer = Peer::new(0);
    sent(&mut peer.pinger, peer.now);
    let due = peer.pinger.poll_timeout();
    peer.pinger.handle_timeout(due).unwrap();
    peer.pinger.pull(&mut Record::new(&mut []), due);
    let give_up = Instant(peer.now.0 + 4500 * MILLI);
    assert_eq!(peer.pinger.poll_timeout(), give_up);
    assert_eq!(sent(&mut peer.pinger, due).len(), 1);
}

#[test]
fn the_newest_ping_is_answered_once_there_is_room() {
    let mut peer = Peer::new(0);
    sent(&mut peer.pinger, peer.now);
    peer.pinger.handle_ping(Ping { clock: 7 });
    peer.pinger.handle_ping(Ping { clock: 8 });
    peer.pinger.pull(&mut Record::new(&mut []), peer.now);
    let now = Instant(peer.now.0 + 1);
    let pong = Message::Pong(Pong {
        echo: 8,
        clock: now.0,
    });
    assert_eq!(sent(&mut peer.pinger, now), [pong]);
    assert_eq!(sent(&mut peer.pinger, now), []);
}

#[test]
fn silence_counts_from_the_last_that_was_heard() {
    let mut peer = Peer::new(0);
    let began = peer.now;
    let after = |millis: u64| Instant(began.0 + millis * MILLI);
    peer.pinger.heard(after(100));
    assert_eq!(peer.pinger.silent(after(350)), Duration::from_millis(250));
    assert_eq!(peer.pinger.handle_timeout(after(4599)), Ok(()));
    let silent = Err(PeerError::Silent);
    assert_eq!(peer.pinger.handle_timeout(after(4600)), silent);
}

#[test]
fn a_silent_peer_is_lost_between_two_pings() {
    let mut peer = Peer::new(0);
    let began = peer.now.0;
    for second in 0..5 {
        sent(&mut peer.pinger, Instant(began + second * SECOND));
    }
    let lost = Instant(began + 4500 * MILLI);
    assert_eq!(peer.pinger.poll_timeout(), lost);
}
