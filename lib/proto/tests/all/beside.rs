//! Sound beside pictures and a greedy file, over modelled links: what it waits, and what it costs.

use std::time::Duration;

use transom_proto::fuzzing::{Courier, Pair, Parcel, Route, Who, sound};
use transom_proto::{CallEvent, Event};
use transom_wire::{CallKind, Shape, SoundCodec};

use crate::calls::call;
use crate::video::picture;

const MILLI: Duration = Duration::from_millis(1);

/// What goes from Ann to Bob, beside whose sound Bob's goes back.
#[derive(Clone, Copy, Default)]
struct Load {
    sound: Option<SoundCodec>,
    /// Bytes of a picture, 30 a second.
    pictures: usize,
    file: bool,
}

/// Delays in ascending order, and how much came.
#[derive(Default)]
struct Report {
    sound: Vec<Duration>,
    pictures: Vec<Duration>,
    file_kbits: u64,
}

impl Report {
    fn told(&self) -> String {
        let at = |of: &[Duration], percent: usize| {
            let micros = of.get(of.len() * percent / 100).or(of.last());
            micros.map_or(0., |time| time.as_secs_f64() * 1e3)
        };
        let all = |of: &[Duration]| {
            let n = of.len();
            format!(
                "{:5.1} {:5.1} {:5.1} ({n})",
                at(of, 50),
                at(of, 99),
                at(of, 100)
            )
        };
        let (sound, pictures) = (all(&self.sound), all(&self.pictures));
        format!(
            "sound {sound}  pictures {pictures}  file {}",
            self.file_kbits
        )
    }
}

/// The first seconds, in which the rate of the path is found.
const WARM: Duration = Duration::from_secs(2);
const SPAN: Duration = Duration::from_secs(12);

fn play(route: Route, load: Load) -> Report {
    let mut pair = Pair::new(route);
    let id = call(&mut pair, CallKind::Talk);
    let mut courier = Courier::default();
    if load.file {
        let parcels = vec![Parcel::file("film", 1 << 40)];
        (_, courier) = Courier::offer(pair.session(Who::Ann), Shape::File, parcels);
    }
    let (mut report, mut made) = (Report::default(), Vec::new());
    let began = pair.now();
    for step in 0.. {
        let at = pair.now();
        if at >= SPAN {
            break;
        }
        for who in [Who::Ann, Who::Bob] {
            let clock = pair.clock(who);
            if let Some(codec) = load.sound {
                let frame = sound(codec, step, at.as_micros() as u64);
                pair.session(who).send_sound(id, frame, clock).unwrap();
            }
        }
        if load.pictures > 0 && step % 10 % 3 == 0 && step % 10 != 9 {
            let picture = picture(made.len() as u32, load.pictures);
            made.push(at);
            pair.session(Who::Ann).send_picture(id, picture).unwrap();
        }
        pair.run(10 * MILLI, |pair, who, event| {
            let (now, clock) = (pair.now(), pair.clock(who));
            let session = pair.session(who);
            match (who, event) {
                (Who::Bob, Event::Call(call, CallEvent::Picture(picture))) => {
                    let sequence = picture.head.sequence;
                    let made = made[sequence as usize];
                    if made >= WARM {
                        report.pictures.push(now - made);
                    }
                    session.shown(call, sequence, clock).unwrap();
                }
                (Who::Bob, Event::Call(_, CallEvent::Sound(frame))) => {
                    let made = Duration::from_micros(frame.captured);
                    if made >= WARM {
                        report.sound.push(now - made);
                    }
                }
                (Who::Bob, event) => courier.receive(session, event),
                (Who::Ann, event) => courier.send(session, &event),
            }
        });
    }
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
    report.sound.sort();
    report.pictures.sort();
    let bytes: u64 = courier.got.values().sum();
    report.file_kbits = bytes * 8 / (pair.now() - began).as_millis() as u64;
    report
}

#[test]
fn explore() {
    for (mbits, pictures) in [
        (2, 4_000),
        (20, 40_000),
        (20, 150_000),
        (100, 40_000),
        (100, 200_000),
    ] {
        for codec in [None, Some(SoundCodec::Opus), Some(SoundCodec::Pcm)] {
            for (bytes, file) in [(0, false), (pictures, false), (0, true), (pictures, true)] {
                let load = Load {
                    sound: codec,
                    pictures: bytes,
                    file,
                };
                let report = play(Route::mbits(mbits), load);
                println!("{mbits:3} {codec:?} {bytes:6} {file:5}: {}", report.told());
            }
        }
    }
}
