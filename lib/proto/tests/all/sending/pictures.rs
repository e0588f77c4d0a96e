//! Pictures: the media gate, aborts, and turns among calls.

use super::*;

#[test]
fn a_picture_stops_at_the_shut_gate_and_continues_after_an_ack() {
    let (mut sender, call) = Sender::viewed();
    sender.put(call, 1, 500_000);
    let mut frames = sender.burst();
    let begun = bytes_of(Class::Video, &frames);
    assert!((1..400_000).contains(&begun), "{begun} bytes at once");
    let mut turns = 0;
    let is_whole = |frames: &[Frame]| pictures(frames).iter().any(|(_, _, last)| *last);
    while !is_whole(&frames) {
        assert_eq!(sender.burst(), []);
        sender.evil.wait(10 * MILLI).unwrap();
        sender.evil.ack_all();
        frames.extend(sender.burst());
        turns += 1;
        assert!(turns < 1000);
    }
    let told = pictures(&frames);
    let heads = told.iter().filter(|(_, kind, _)| *kind == Kind::Picture);
    assert_eq!(heads.count(), 1, "it is one picture: {told:?}");
    assert!(bytes_of(Class::Video, &frames) > 500_000);
}

#[test]
fn a_barely_begun_picture_is_aborted_only_once_the_newer_one_can_be_sent() {
    let (mut sender, call) = Sender::viewed();
    sender.put(call, 1, 1_000_000);
    sender.burst();
    sender.put(call, 2, 1_000_000);
    assert_eq!(sender.burst(), [], "an abort would help nobody now");
    sender.evil.ack_all();
    let told = pictures(&sender.burst());
    assert_eq!(
        told[..2],
        [(1, Kind::Abort, false), (1, Kind::Picture, false)]
    );
    // Now it is the second one that is half out: after an abort it is sent whole.
    sender.put(call, 3, 1000);
    let told = pictures(&sender.drain());
    let ends = told.iter().filter(|(_, _, last)| *last).count();
    assert!(!told.iter().any(|(_, kind, _)| *kind == Kind::Abort));
    assert_eq!(ends, 2);
}

#[test]
fn a_picture_past_its_first_quarter_is_finished_before_a_newer_one() {
    let (mut sender, call) = Sender::viewed();
    sender.put(call, 1, 60_000);
    let mut sent = 0;
    while sent < 16_000 {
        sent += bytes_of(Class::Video, &sender.next());
        sender.evil.ack_all();
    }
    sender.put(call, 2, 60_000);
    let told = pictures(&sender.drain());
    assert!(!told.iter().any(|(_, kind, _)| *kind == Kind::Abort));
    assert_eq!(told.iter().filter(|(_, _, last)| *last).count(), 2);
}

#[test]
fn pictures_of_several_calls_never_interleave_and_the_calls_take_turns() {
    let mut sender = Sender::new();
    let calls = [1, 3, 5].map(|stream| sender.view(stream));
    let mut frames = Vec::new();
    // The first call's pictures are large, and each call always has one waiting.
    for step in 0..600 {
        for (call, bytes) in calls.iter().zip([90_000, 40_000, 500]) {
            if sender
                .evil
                .connection
                .session
                .stats(sender.evil.now)
                .picture_waits
                .is_none()
                || step == 0
            {
                sender.put(*call, step, bytes);
            }
        }
        frames.extend(sender.next());
        sender.evil.ack_all();
    }
    let told = pictures(&frames);
    let mut open = None;
    let mut begun = Vec::new();
    for (stream, kind, last) in told {
        if kind == Kind::Picture {
            assert_eq!(open, None, "{stream} begins inside another");
            begun.push(stream);
        } else {
            assert_eq!(open, Some(stream));
        }
        open = Some(stream).filter(|_| !last && kind != Kind::Abort);
    }
    assert!(begun.len() > 9, "{begun:?}");
    let turns = begun.chunks_exact(3).all(|turn| turn == &begun[..3]);
    assert!(turns, "{begun:?}");
}

#[test]
fn a_call_whose_picture_was_aborted_waits_for_its_turn() {
    let mut sender = Sender::new();
    let [first, second] = [1, 3].map(|stream| sender.view(stream));
    sender.put(first, 1, 1_000_000);
    sender.burst();
    sender.put(first, 2, 1000);
    sender.put(second, 1, 1000);
    sender.evil.ack_all();
    let told = pictures(&sender.drain());
    let wanted = [
        (1, Kind::Abort, false),
        (3, Kind::Picture, true),
        (1, Kind::Picture, true),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_call_that_ends_during_its_picture_does_not_block_the_others() {
    let mut sender = Sender::new();
    let [first, second] = [1, 3].map(|stream| sender.view(stream));
    sender.put(first, 1, 1_000_000);
    sender.burst();
    sender.put(second, 1, 1000);
    let session = &mut sender.evil.connection.session;
    session.hang_up(first, EndReason::Chosen, "").unwrap();
    sender.evil.ack_all();
    assert_eq!(pictures(&sender.drain()), [(3, Kind::Picture, true)]);
}

#[test]
fn a_camera_that_goes_off_aborts_its_picture_even_at_a_shut_gate() {
    let (mut sender, call) = Sender::viewed();
    sender.put(call, 1, 1_000_000);
    sender.burst();
    sender.put(call, 2, 1000);
    let session = &mut sender.evil.connection.session;
    session.camera_state(call, CameraState::Off, "").unwrap();
    assert_eq!(pictures(&sender.burst()), [(1, Kind::Abort, false)]);
    sender.evil.ack_all();
    assert_eq!(pictures(&sender.burst()), []);
    // The camera is on again: its first picture gives way like any other.
    let session = &mut sender.evil.connection.session;
    session.camera_state(call, CameraState::Live, "").unwrap();
    sender.put(call, 3, 1_000_000);
    sender.burst();
    sender.put(call, 4, 1000);
    sender.evil.ack_all();
    let told = pictures(&sender.burst());
    assert_eq!(told.first(), Some(&(1, Kind::Abort, false)), "{told:?}");
}

#[test]
fn credit_counts_by_the_shortest_round_trip_whatever_queue_the_last_ping_met() {
    let (mut sender, call) = Sender::viewed();
    sender.evil.wait(1000 * MILLI).unwrap();
    let record = sender.next();
    let ping = record.iter().find(|frame| kind(frame) == Kind::Ping);
    let echo = u64::from_be_bytes(*ping.unwrap().1.first_chunk().unwrap());
    sender.evil.wait(300 * MILLI).unwrap();
    // The peer's clock was 77 at the first ping, and goes as fast as ours.
    let clock = 77 + 1_150_000;
    let pong = Message::Pong(Pong { echo, clock });
    sender.evil.say(0, &pong).unwrap();
    sender.evil.ack_all();
    // The viewer shows none of them. Two may be ahead of it.
    let begun = [1, 2, 3].map(|sequence| {
        sender.put(call, sequence, 1000);
        let record = sender.evil.record();
        sender.evil.ack_all();
        pictures(&record).len()
    });
    assert_eq!(begun, [1, 1, 0]);
}

#[test]
fn the_wait_of_a_picture_is_measured_until_its_first_byte_is_sent() {
    let mut evil = Evil::new();
    let call = evil.view();
    evil.heard();
    let put = |evil: &mut Evil, sequence| {
        let picture = picture(sequence, 100_000);
        evil.connection.session.send_picture(call, picture).unwrap();
    };
    let waits = |evil: &Evil| evil.connection.session.stats(evil.now).picture_waits;
    put(&mut evil, 1);
    while evil.connection.session.stats(evil.now).sent < 60_000 {
        assert!(!evil.record().is_empty());
        evil.ack_all();
        assert_eq!(waits(&evil), None, "it is begun");
    }
    put(&mut evil, 2);
    put(&mut evil, 3);
    for _ in 0..5 {
        evil.wait(50 * MILLI).unwrap();
        put(&mut evil, 4);
    }
    assert_eq!(waits(&evil), Some(200 * MILLI), "a newer one waits on");
    while !evil.record().is_empty() {
        evil.ack_all();
    }
    assert_eq!(waits(&evil), None, "both are out");
    put(&mut evil, 5);
    evil.wait(50 * MILLI).unwrap();
    assert_eq!(waits(&evil), None, "the viewer has no credit for it");
}
