//! Budgets by what was measured, on a hand-moved clock.

use transom_wire::Pong;
use transom_wire::limits::{RECORD_BULK, RECORD_LIVE};

use super::budget::{FIRST_RATE, LEAST_RECORD, LEAST_WINDOW, MEDIA_FIRST, STRAY};
use super::*;
use crate::send::Record;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
/// A megabyte a second: a thousand bytes a millisecond.
const RATE: u64 = 1_000_000;
/// The peer's clock at ours: no sample may be taken for a delay by it.
const SKEW: Duration = Duration::from_secs(987_654);

/// A path to a peer, and what was sent over it and acked.
struct Line {
    path: Path,
    now: Instant,
    sent: u64,
    received: u64,
    /// Half of the round trip of the empty path.
    delay: Duration,
}

impl Line {
    fn new(rtt: Duration) -> Self {
        let mut path = Path::new(&config(), Instant(0));
        path.set_live(true, true);
        Self {
            path,
            now: Instant(1_000_000_000),
            sent: 0,
            received: 0,
            delay: rtt / 2,
        }
    }

    /// The path was busy: it has a rate and a base round trip.
    fn measured(rate: u64, rtt: Duration) -> Self {
        let mut line = Self::new(rtt);
        for _ in 0..2 {
            line.exchange(10, Duration::ZERO);
            line.now = line.now + 20 * MILLI;
        }
        // A round in which the rate no longer grows.
        line.burst(rate, (3 * rtt).max(40 * MILLI));
        line
    }

    /// Sends small records that wait for each other and are acked within that time.
    fn burst(&mut self, rate: u64, time: Duration) {
        let start = self.now;
        let bytes = rate / 1000;
        let count = u32::try_from(time.as_millis()).unwrap();
        for _ in 0..=count {
            self.send(bytes, |sizes| &mut sizes.control);
        }
        for at in 0..=count {
            self.now = start + self.delay * 2 + MILLI * at;
            self.ack(bytes, start + self.delay + MILLI * at);
        }
    }

    fn send(&mut self, bytes: u64, class: fn(&mut Sizes) -> &mut u64) {
        let mut sizes = Sizes::default();
        *class(&mut sizes) = bytes;
        self.path.on_sent(sizes, self.now);
        self.sent += bytes;
    }

    /// An ack of more bytes, which came to the peer at that time of ours.
    fn ack(&mut self, bytes: u64, came: Instant) {
        self.received += bytes;
        let (received, clock) = (self.received, (came + SKEW).0);
        let ack = Ack { received, clock };
        self.path.on_ack(ack, self.now).unwrap();
    }

    /// Sends a record and has it acked after the round trip and a queue, which is on the way there.
    fn exchange(&mut self, bytes: u64, queue: Duration) {
        self.send(bytes, |sizes| &mut sizes.bulk);
        let came = self.now + self.delay + queue;
        self.now = came + self.delay;
        self.ack(bytes, came);
    }

    fn bulk(&self) -> usize {
        self.path.bulk_budget(self.now)
    }

    fn media(&self) -> usize {
        self.path.media_budget(self.now)
    }
}

fn config() -> Config {
    Config::new("ann".parse().unwrap(), 1, 1)
}

#[test]
fn a_busy_path_is_measured() {
    let line = Line::measured(RATE, 10 * MILLI);
    assert_eq!(line.path.rate(), Some(RATE));
    assert_eq!(line.path.base_rtt(), 10 * MILLI);
    assert_eq!(line.path.queue_delay(), 40 * MILLI, "of the last record");
    assert_eq!(line.path.sent(), (line.sent, 0));
}

#[test]
fn file_data_fill_the_path_for_its_round_trip_and_the_target() {
    let mut line = Line::measured(RATE, 10 * MILLI);
    assert_eq!(line.path.bulk_window(), 13_000);
    assert_eq!(line.bulk(), 6_500, "half of the window in one record");
    line.send(6_500, |sizes| &mut sizes.bulk);
    assert_eq!(line.bulk(), 6_500);
    line.send(5_000, |sizes| &mut sizes.media);
    assert_eq!(line.bulk(), 1_500, "our own media count");
    line.send(52, |sizes| &mut sizes.text);
    assert_eq!(line.bulk(), 1_448);
    line.send(1, |sizes| &mut sizes.control);
    assert_eq!(line.bulk(), 0, "nothing rather than less than a segment");
    line.send(50_000, |sizes| &mut sizes.media);
    assert_eq!(line.bulk(), 0);
}

#[test]
fn a_long_path_takes_an_eighth_of_its_round_trip_as_target() {
    for (rtt, target) in [(4, 3), (24, 3), (32, 4), (40, 5)] {
        let line = Line::measured(RATE, rtt * MILLI);
        let window = u64::from(rtt + target) * 1000;
        assert_eq!(line.path.bulk_window(), window, "{rtt} ms");
    }
}

#[test]
fn media_drain_within_20_ms_beyond_the_round_trip() {
    let mut line = Line::measured(RATE, 10 * MILLI);
    assert_eq!(line.media(), 30_000);
    line.send(10_000, |sizes| &mut sizes.media);
    line.send(10_000, |sizes| &mut sizes.bulk);
    assert_eq!(line.media(), 10_000, "file data on the way count");
    line.send(8_552, |sizes| &mut sizes.media);
    assert_eq!(line.media(), 1_448);
    line.send(1, |sizes| &mut sizes.media);
    assert_eq!(line.media(), 0);
}

#[test]
fn a_slow_path_moves_media_and_file_data_all_the_same() {
    let mut line = Line::measured(10_000, 10 * MILLI);
    assert_eq!(line.path.rate(), Some(10_000));
    assert_eq!(line.path.bulk_window(), LEAST_WINDOW);
    assert_eq!(line.bulk() as u64, LEAST_WINDOW / 2);
    line.send(LEAST_WINDOW - 384, |sizes| &mut sizes.bulk);
    assert_eq!(line.bulk(), 384, "an eighth of a small window is used up");
    line.send(1, |sizes| &mut sizes.bulk);
    assert_eq!(line.bulk(), 0);
    let in_flight = usize::try_from(LEAST_WINDOW).unwrap() - 383;
    assert_eq!(line.media(), LEAST_RECORD - in_flight);
}

#[test]
fn a_path_that_was_never_busy_doubles_what_it_was_seen_to_take() {
    let mut line = Line::new(10 * MILLI);
    assert_eq!(line.media() as u64, MEDIA_FIRST, "nothing is known");
    assert_eq!(line.path.bulk_window(), LEAST_WINDOW);
    assert_eq!(line.path.rate(), None);
    for _ in 0..10 {
        line.exchange(10_000, Duration::ZERO);
    }
    assert_eq!(line.path.rate(), Some(RATE), "10,000 bytes each 10 ms");
    assert_eq!(line.path.bulk_window(), 2 * 13_000);
    assert_eq!(line.media(), 2 * 30_000);
}

#[test]
fn file_data_have_a_floor_beside_calls_of_other_sessions() {
    for (own, floor) in [(false, 2_000), (true, 0)] {
        let mut line = Line::measured(RATE, MILLI);
        line.path.set_live(own, true);
        // Something else fills the window.
        line.send(1_000_000, |sizes| &mut sizes.text);
        assert_eq!(line.bulk(), floor, "own call: {own}");
        line.send(LEAST_WINDOW, |sizes| &mut sizes.bulk);
        assert_eq!(line.bulk(), 0);
    }
    let mut line = Line::measured(10 * RATE, 4 * MILLI);
    line.path.set_live(false, true);
    line.send(1_000_000, |sizes| &mut sizes.text);
    // Five percent of what passes in a round trip of 4 ms and the queue of 39.14 ms.
    assert_eq!(line.path.queue_delay(), Duration::from_micros(39_145));
    line.send(1_000, |sizes| &mut sizes.bulk);
    assert_eq!(line.bulk(), 21_570 - 1_000);
}

#[test]
fn while_nothing_is_live_file_data_fill_two_seconds() {
    let mut line = Line::measured(RATE, 10 * MILLI);
    line.path.set_live(false, false);
    assert!(!line.path.is_live());
    assert_eq!(line.bulk(), 2_000_000);
    line.send(500_000, |sizes| &mut sizes.text);
    line.send(500_000, |sizes| &mut sizes.bulk);
    assert_eq!(line.bulk(), 1_500_000, "only file data count");
    let mut line = Line::new(MILLI);
    line.path.set_live(false, false);
    assert_eq!(line.bulk() as u64, 2 * FIRST_RATE, "a modem's, at first");
    let mut line = Line::measured(1_000, MILLI);
    line.path.set_live(false, false);
    assert_eq!(line.bulk(), 2 * LEAST_RECORD);
}

#[test]
fn a_call_anywhere_is_live_for_file_data() {
    let mut line = Line::measured(RATE, 10 * MILLI);
    for (own, shared, budget) in [
        (false, false, 2_000_000),
        (true, false, 6_500),
        (false, true, 6_500),
    ] {
        line.path.set_live(own, shared);
        assert_eq!(line.path.is_live(), own || shared);
        assert_eq!(line.path.has_shared_live(), shared);
        assert_eq!(line.bulk(), budget, "{own} {shared}");
    }
}

#[test]
fn a_record_takes_3_ms_while_live_and_a_quarter_of_a_second_else() {
    for (rate, live, else_) in [
        (1_000, LEAST_RECORD, LEAST_RECORD),
        (100_000, LEAST_RECORD, 25_000),
        (2_000_000, 6_000, RECORD_BULK),
        (100_000_000, RECORD_LIVE, RECORD_BULK),
    ] {
        let mut line = Line::measured(rate, MILLI);
        assert_eq!(line.path.record_limit(), live, "{rate}");
        line.path.set_live(false, false);
        assert_eq!(line.path.record_limit(), else_, "{rate}");
    }
}

#[test]
fn a_record_takes_10_ms_of_a_rate_that_is_not_the_paths() {
    let mut line = Line::new(10 * MILLI);
    for _ in 0..10 {
        line.exchange(10_000, Duration::ZERO);
    }
    assert_eq!(line.path.record_limit(), 10_000);
}

#[test]
fn when_the_base_delay_is_due_all_data_wait_until_a_sample_can_be_clean() {
    let mut line = Line::measured(RATE, 10 * MILLI);
    // 20,000 bytes are on the way all the time, which is a queue of 10 ms.
    for _ in 0..10 {
        line.send(1_000, |sizes| &mut sizes.media);
    }
    for at in 0..2_000 {
        if at >= 10 {
            line.ack(1_000, line.now - line.delay);
        }
        line.send(1_000, |sizes| &mut sizes.media);
        line.now = line.now + MILLI;
    }
    assert_eq!(line.path.queue_delay(), 10 * MILLI);
    assert_eq!((line.bulk(), line.media()), (0, 0));
    // Three quarters of a round trip, and some pings.
    let clean = 7_500 + 256;
    while line.sent - line.received > 8_000 {
        line.ack(1_000, line.now - line.delay);
        assert_eq!((line.bulk(), line.media()), (0, 0));
        line.now = line.now + MILLI;
    }
    line.ack(8_000 - clean - 1, line.now - line.delay);
    assert_eq!((line.bulk(), line.media()), (0, 0));
    line.ack(1, line.now - line.delay);
    let left = |window: usize| window - 7_756;
    assert_eq!((line.bulk(), line.media()), (left(13_000), left(30_000)));
    line.send(1_000, |sizes| &mut sizes.media);
    assert_eq!(
        line.media(),
        left(30_000) - 1_000,
        "its sample is on its way"
    );
    assert_eq!(
        line.path.base_rtt(),
        10 * MILLI,
        "our queue is no base delay"
    );
}

#[test]
fn a_route_that_got_longer_is_no_queue_after_2_seconds() {
    let mut line = Line::measured(RATE, 10 * MILLI);
    line.delay += 15 * MILLI;
    let start = line.now;
    while line.now - start < 2 * SECOND {
        line.exchange(1_000, Duration::ZERO);
    }
    assert_eq!(line.path.base_rtt(), 40 * MILLI);
    assert_eq!(line.path.queue_delay(), Duration::ZERO);
    line.delay = 5 * MILLI;
    line.exchange(1_000, Duration::ZERO);
    assert_eq!(line.path.base_rtt(), 10 * MILLI, "a shorter one at once");
}

#[test]
fn the_rate_of_a_route_that_got_far_longer_is_found_anew() {
    for (longer, is_path_limited) in [
        (4_200, true),
        (8_200, true),
        (10_000, true),
        (10_002, false),
        (15_200, false),
    ] {
        let mut line = Line::measured(RATE, 10 * MILLI);
        assert!(line.path.rate.is_path_limited());
        // Half of it each way: above 10 ms the round trip more than doubles.
        line.delay += Duration::from_micros(longer) / 2;
        let start = line.now;
        while line.now - start < 2 * SECOND {
            line.exchange(1_000, Duration::ZERO);
        }
        assert_eq!(
            line.path.rate.is_path_limited(),
            is_path_limited,
            "{longer} us longer"
        );
    }
}

#[test]
fn without_a_call_of_its_own_a_session_leaves_nearly_all_of_the_path_for_a_clean_sample() {
    let mut line = Line::measured(RATE, 10 * MILLI);
    let own = line.path.clean();
    line.path.set_live(false, true);
    let (own, shared) = (own - STRAY, line.path.clean() - STRAY);
    assert_eq!((own, shared), (7_500, 2_000));
}

#[test]
fn a_records_own_time_is_neither_base_delay_nor_queue() {
    let mut line = Line::measured(RATE, 10 * MILLI);
    let own = 10_000;
    let start = line.now;
    // Each record takes a millisecond for a thousand of its bytes.
    while line.now - start < 2 * SECOND {
        line.exchange(own, 10 * MILLI);
    }
    // Of a segment it is left in.
    assert_eq!(line.path.base_rtt(), Duration::from_micros(11_448));
    assert_eq!(line.path.queue_delay(), Duration::ZERO);
}

#[test]
fn no_ack_makes_a_budget_overflow() {
    let extremes = [0, 1, 20_000, u64::MAX / 2, u64::MAX];
    let mut path = Path::new(&config(), Instant(0));
    let sizes = Sizes {
        bulk: u64::MAX / 1024,
        ..Sizes::default()
    };
    let (mut now, mut received) = (Instant(0), 0);
    for round in 0..100 {
        path.on_sent(sizes, now);
        now = now + Duration::from_millis(round);
        for clock in extremes {
            received += u64::MAX / 1024 / 5;
            path.on_ack(Ack { received, clock }, now).unwrap();
            for (own, shared) in [(false, false), (false, true), (true, true)] {
                path.set_live(own, shared);
                let _ = (path.bulk_budget(now), path.media_budget(now));
                assert!(path.record_limit() >= LEAST_RECORD);
            }
        }
    }
}

/// Five percent of what passes in a round trip of [`call_and_file`].
const FLOOR: usize = 4_570;

/// A call and a file of one station, each on a path of its own.
fn call_and_file(rtt: Duration) -> (Line, Line) {
    let mut call = Line::measured(10 * RATE, rtt);
    let mut file = Line::measured(10 * RATE, rtt);
    file.path.set_live(false, true);
    file.path.uplink = call.path.uplink.clone();
    (file.now, call.now) = (call.now, call.now);
    // Now and then a queue of other stations, so that the link counts as full.
    for _ in 0..10 {
        file.exchange(10_000, Duration::ZERO);
        file.exchange(10_000, 6 * MILLI);
    }
    file.exchange(10_000, Duration::ZERO);
    call.now = file.now;
    (call, file)
}

#[test]
fn file_data_wait_while_a_picture_of_another_session_drains() {
    let (mut call, mut file) = call_and_file(10 * MILLI);
    let rate = file.path.uplink.rate();
    assert!(rate > 5 * RATE, "{rate}");
    let empty = file.bulk();
    assert!(empty > FLOOR, "{empty}");
    call.send(100_000, |sizes| &mut sizes.media);
    assert_eq!(file.bulk(), FLOOR);
    file.send(FLOOR as u64, |sizes| &mut sizes.bulk);
    assert_eq!(file.bulk(), 0);
    let opens = file.path.bulk_opens(file.now).unwrap();
    assert!(opens > file.now && opens <= file.now + 20 * MILLI);
    // The picture has left the queue long before its ack comes.
    file.now = file.now + Duration::from_micros(104_570 * 1_250_000 / rate);
    assert!(file.bulk() > FLOOR, "{}", file.bulk());
}

#[test]
fn an_ack_to_another_session_that_makes_room_is_noticed_at_once() {
    let (mut call, mut file) = call_and_file(10 * MILLI);
    call.send(100_000, |sizes| &mut sizes.media);
    file.send(FLOOR as u64, |sizes| &mut sizes.bulk);
    let opens = |file: &Line| file.path.bulk_opens(file.now).unwrap() - file.now;
    assert!(file.bulk() == 0 && opens(&file) > 5 * MILLI);
    call.ack(100_000, call.now);
    assert!(file.bulk() > 0);
    assert_eq!(opens(&file), MILLI / 2);
    file.path.set_live(true, true);
    assert_eq!(
        file.path.bulk_opens(file.now),
        None,
        "an ack of its own tells"
    );
    file.path.set_live(false, false);
    assert_eq!(file.path.bulk_opens(file.now), None, "nothing is live");
}

#[test]
fn beside_a_call_of_another_program_only_the_own_window_counts() {
    let (mut call, file) = call_and_file(10 * MILLI);
    call.send(100_000, |sizes| &mut sizes.media);
    assert_eq!(file.bulk(), FLOOR);
    call.path.set_live(true, true);
    // The call ends, and another program of the owner has one.
    call.path.set_live(false, true);
    assert!(file.bulk() > 50_000, "{}", file.bulk());
    call.path.set_live(true, true);
    assert_eq!(file.bulk(), FLOOR);
}

#[test]
fn what_a_session_had_on_the_way_is_forgotten_with_it() {
    let (mut call, file) = call_and_file(10 * MILLI);
    // Another call goes on.
    call.path.uplink.set_call(true);
    let before = file.bulk();
    call.send(1_000_000, |sizes| &mut sizes.media);
    assert_eq!(file.bulk(), FLOOR);
    drop(call);
    assert_eq!(file.bulk(), before);
}

#[test]
fn a_call_and_its_sound_end_with_their_session() {
    let (mut call, file) = call_and_file(10 * MILLI);
    call.path.set_sound(true);
    let uplink = file.path.uplink.clone();
    assert!(uplink.has_call() && uplink.has_sound());
    drop(call);
    assert!(!uplink.has_call() && !uplink.has_sound());
}

#[test]
fn before_a_path_was_busy_a_queue_of_others_makes_no_sample_unclean() {
    let (mut call, _) = call_and_file(10 * MILLI);
    call.send(100_000, |sizes| &mut sizes.media);
    let mut new = Line::new(10 * MILLI);
    new.path.uplink = call.path.uplink.clone();
    assert!(new.path.is_quiet(call.now));
    let mut old = Line::measured(RATE, 10 * MILLI);
    old.path.uplink = call.path.uplink.clone();
    assert!(!old.path.is_quiet(call.now));
}

#[test]
fn beside_sound_the_floor_goes_in_smaller_records_on_a_slow_path() {
    for (rate, quiet, beside) in [(10_000, LEAST_RECORD, 2_048), (2_000_000, 6_000, 6_000)] {
        let mut line = Line::measured(rate, MILLI);
        assert_eq!(line.path.floor_limit(), quiet, "{rate}");
        line.path.set_sound(true);
        assert_eq!(line.path.floor_limit(), beside, "{rate}");
    }
}

#[test]
fn a_sample_is_clean_only_without_a_queue_of_other_sessions() {
    let (mut call, mut file) = call_and_file(10 * MILLI);
    assert!(call.path.is_quiet(call.now) && file.path.is_quiet(file.now));
    file.send(50_000, |sizes| &mut sizes.bulk);
    assert!(!call.path.is_quiet(call.now) && !file.path.is_quiet(file.now));
    file.now = file.now + 10 * MILLI;
    file.ack(50_000, file.now);
    call.now = file.now;
    assert!(call.path.is_quiet(call.now) && file.path.is_quiet(file.now));
    // More than three quarters of the round trip.
    call.send(100_000, |sizes| &mut sizes.media);
    assert!(call.path.is_quiet(call.now), "its own is another rule's");
    assert!(!file.path.is_quiet(file.now));
}

#[test]
fn beside_sound_media_drain_within_6_ms_and_within_their_target_if_that_is_less() {
    for (target, drain) in [(20, 6), (6, 6), (2, 2)] {
        let mut line = Line::measured(RATE, 10 * MILLI);
        line.path.media_target = MILLI * target;
        line.path.set_sound(true);
        assert_eq!(line.media(), (10 + drain) * 1_000, "{target} ms");
    }
}

#[test]
fn file_data_go_again_once_half_of_the_target_is_free() {
    let (mut call, mut file) = call_and_file(10 * MILLI);
    call.send(50_000, |sizes| &mut sizes.media);
    file.send(FLOOR as u64, |sizes| &mut sizes.bulk);
    let opens = file.path.bulk_opens(file.now).unwrap();
    let uplink = &file.path.uplink;
    let half = uplink.rate() * 3 / 2 / 1_000;
    // The time is in whole microseconds.
    let left = uplink.queue(opens).abs_diff(half);
    assert!(left <= uplink.rate() / 1_000_000 + 1, "{left} bytes off");
}

#[test]
fn sound_of_one_session_narrows_the_pictures_of_all_until_it_ends() {
    let wide = 30_000;
    let narrow = 16_000;
    let mut talk = Line::measured(RATE, 10 * MILLI);
    let mut film = Line::measured(RATE, 10 * MILLI);
    film.path.uplink = talk.path.uplink.clone();
    assert_eq!(film.media(), wide);
    talk.path.set_sound(true);
    talk.path.set_sound(true);
    assert_eq!((talk.media(), film.media()), (narrow, narrow));
    talk.path.set_sound(false);
    assert_eq!((talk.media(), film.media()), (wide, wide));
    for line in [&mut talk, &mut film] {
        line.path.set_sound(true);
    }
    drop(talk);
    assert_eq!(film.media(), narrow, "its own runs");
    film.path.set_sound(false);
    assert_eq!(film.media(), wide);
}

#[test]
fn in_quiet_time_file_data_wait_for_their_own_queue_and_that_of_others() {
    let (mut call, mut file) = call_and_file(10 * MILLI);
    // The next span of 800 ms begins: the base delay is due.
    let now = Instant((file.now.0 / 800_000 + 2) * 800_000 + 1_000);
    (call.now, file.now) = (now, now);
    assert!(file.bulk() > FLOOR);
    call.send(50_000, |sizes| &mut sizes.media);
    assert_eq!(file.bulk(), 0, "not even the floor");
    (call.now, file.now) = (now + 10 * MILLI, now + 10 * MILLI);
    call.ack(50_000, now + 5 * MILLI);
    assert!(file.bulk() > FLOOR);
    file.send(30_000, |sizes| &mut sizes.bulk);
    // They have left the queue, but are not acked.
    file.now = file.now + 9 * MILLI;
    assert!(file.path.is_quiet(file.now), "the queue is empty");
    assert_eq!(file.bulk(), 0);
}

#[test]
fn beside_a_call_of_another_session_a_window_grows_to_twice_the_own_rate() {
    let call = Line::measured(10 * RATE, 10 * MILLI);
    let mut file = Line::measured(RATE, 10 * MILLI);
    assert_eq!(file.path.bulk_window(), 13_000);
    file.path.set_live(false, true);
    file.path.uplink = call.path.uplink.clone();
    assert_eq!(file.path.bulk_window(), 13_000 + 10_000);
}

#[test]
fn bytes_stand_still_only_beyond_the_round_trip() {
    let mut line = Line::measured(RATE, 100 * MILLI);
    let began = line.now;
    line.send(1, |sizes| &mut sizes.media);
    let stands = |line: &Line, after| line.path.stands_still(200 * MILLI, began + MILLI * after);
    assert!(!stands(&line, 5_000), "no round trip was measured");
    let mut out = [0; 100];
    line.path.pinger.pull(&mut Record::new(&mut out), began);
    let pong = Pong {
        echo: began.0,
        clock: 7,
    };
    let came = began + 100 * MILLI;
    line.path.pinger.handle_pong(pong, came).unwrap();
    assert!(!stands(&line, 300) && stands(&line, 301));
}
