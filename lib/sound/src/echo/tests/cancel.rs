use super::{NEAR_ONLY, ROOM, Range, Room, Talk, erle, near_stoi, run, second, talk};
use crate::echo::cancel::DELAY;
use crate::measure::{chirp, delay_of, speech};
use crate::{Echo, EchoMode, RATE, level_db, time_of};

const BOTH: Range<usize> = 30 * RATE as usize..45 * RATE as usize;

fn report(name: &str, room: &Room) -> (Vec<i16>, Vec<i16>, Talk) {
    let talk = talk();
    let echo = room.echo(&talk.far);
    let (raw, out) = run(EchoMode::Cancel, &talk.far, &echo, &talk.near);
    println!(
        "{name}: ERLE {:.0} dB in the first second, {:.0} in 1-5 s, {:.0} in 5-20 s; near alone STOI \
         {:.3}, level {:+.1} dB; both STOI {:.2} -> {:.2}",
        erle(&raw, &out, 0..1),
        erle(&raw, &out, 1..5),
        erle(&raw, &out, 5..20),
        near_stoi(&talk.near, &out, NEAR_ONLY, DELAY),
        level_db(&out[NEAR_ONLY]) - level_db(&raw[NEAR_ONLY]),
        near_stoi(&talk.near, &raw, BOTH, 0),
        near_stoi(&talk.near, &out, BOTH, DELAY),
    );
    (raw, out, talk)
}

#[test]
fn room_echo_is_cancelled_and_the_near_voice_passes() {
    let late = Room {
        delay_ms: 180,
        ..ROOM
    };
    let soft = Room {
        echo_db: -11.0,
        ..ROOM
    };
    let one_clock = Room { ppm: 0, ..ROOM };
    let rooms = [
        ("60 ms, 50 ppm", ROOM, 30.0),
        ("60 ms, one clock", one_clock, 30.0),
        ("180 ms, 50 ppm", late, 30.0),
        // At -33 dBFS: 30 dB less is the room's own noise, which stays.
        ("11 dB softer, 50 ppm", soft, 25.0),
    ];
    for (name, room, least) in rooms {
        let (raw, out, talk) = report(name, &room);
        assert!(erle(&raw, &out, 1..5) >= least, "{name}");
        assert!(erle(&raw, &out, 5..20) >= least, "{name}");
        assert!(
            near_stoi(&talk.near, &out, NEAR_ONLY, DELAY) >= 0.99,
            "{name}"
        );
    }
}

#[test]
fn room_echo_is_cancelled_again_after_the_delay_jumps() {
    let far = speech(20.0, 23);
    let mut echo = ROOM.echo(&far);
    let jumped = Room {
        delay_ms: 90,
        ..ROOM
    }
    .echo(&far);
    let half = second(10..20);
    echo[half.clone()].copy_from_slice(&jumped[half]);
    let silence = vec![0; far.len()];
    let (raw, out) = run(EchoMode::Cancel, &far, &echo, &silence);
    let (before, after) = (erle(&raw, &out, 5..10), erle(&raw, &out, 13..20));
    println!("jump of 30 ms: {before:.0} dB before, {after:.0} dB from 3 s after it");
    assert!(before >= 30.0 && after >= 30.0);
}

#[test]
fn the_canceller_is_as_late_as_it_says() {
    let mut near = speech(3.0, 24);
    near[96_000..98_400].copy_from_slice(&chirp());
    let silence = vec![0; near.len()];
    let (_, out) = run(EchoMode::Cancel, &silence, &silence, &near);
    let found = delay_of(&chirp(), &out).unwrap();
    println!("cancelling delays by {} samples", found.at - 96_000);
    assert!((found.at - 96_000).abs_diff(DELAY) <= 24, "{found:?}");
    assert_eq!(Echo::new(EchoMode::Cancel).delay(), time_of(DELAY));
    assert_eq!(Echo::new(EchoMode::Duck).delay(), time_of(0));
}
