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
    fn worst_sound(&self) -> Duration {
        self.sound.last().copied().unwrap_or(Duration::MAX)
    }

    /// The 99th percentile.
    fn worst_pictures(&self) -> Duration {
        let pictures = &self.pictures;
        let at = pictures.get(pictures.len() * 99 / 100).copied();
        at.unwrap_or(Duration::MAX)
    }
}

/// The first seconds, in which the rate of the path is found.
const WARM: Duration = Duration::from_secs(2);
const SPAN: Duration = Duration::from_secs(8);
/// Frames that are sent after the first seconds.
const FRAMES: usize = 600;

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

const OPUS: SoundCodec = SoundCodec::Opus;
const PCM: SoundCodec = SoundCodec::Pcm;

/// What a frame may wait behind all else, beyond the time that it takes alone.
const BEHIND: Duration = Duration::from_millis(10);

#[track_caller]
fn sound_passes_all_else(mbits: u64, codec: SoundCodec, pictures: usize) {
    let play = |pictures, file| {
        let sound = Some(codec);
        let load = Load {
            sound,
            pictures,
            file,
        };
        play(Route::mbits(mbits), load)
    };
    let alone = play(0, false).worst_sound();
    for (pictures, file) in [(pictures, false), (0, true), (pictures, true)] {
        let report = play(pictures, file);
        let worst = report.worst_sound();
        let text = format!("{pictures} bytes a picture, file {file}: {worst:?}, alone {alone:?}");
        assert!(worst <= alone + BEHIND, "{text}");
        assert!(
            report.sound.len() >= FRAMES - 2,
            "a frame is missing: {text}"
        );
    }
}

#[test]
fn a_frame_of_sound_waits_for_10_ms_of_anything_at_most() {
    sound_passes_all_else(2, OPUS, 4_000);
    for codec in [OPUS, PCM] {
        sound_passes_all_else(20, codec, 40_000);
        sound_passes_all_else(100, codec, 40_000);
    }
}

#[test]
fn so_it_does_beside_more_video_than_the_path_takes() {
    for codec in [OPUS, PCM] {
        sound_passes_all_else(20, codec, 150_000);
        sound_passes_all_else(100, codec, 600_000);
    }
}

/// What sound may add to the 99th percentile of the delay of pictures beside a file: what its bytes
/// take, and the smaller pieces at 2 Mbit/s.
const ADDED: Duration = Duration::from_millis(3);

#[test]
fn sound_harms_neither_pictures_nor_the_file_beside_it() {
    for (mbits, bytes) in [(2, 4_000), (20, 40_000), (20, 150_000), (100, 40_000)] {
        let play = |sound| {
            let (pictures, file) = (bytes, true);
            let load = Load {
                sound,
                pictures,
                file,
            };
            play(Route::mbits(mbits), load)
        };
        let (silent, sounding) = (play(None), play(Some(OPUS)));
        let worst = [&silent, &sounding].map(Report::worst_pictures);
        let shown = [&silent, &sounding].map(|report| report.pictures.len());
        let text = format!("{mbits} Mbit/s: {worst:?}, {shown:?} pictures");
        assert!(worst[1] <= worst[0] + ADDED, "{text}");
        assert!(shown[1] * 100 >= shown[0] * 98, "{text}");
        // Half of what the pictures leave at 2 Mbit/s, where the file is a few leaves long.
        let file = [silent.file_kbits, sounding.file_kbits];
        assert!(file[1] * 2 >= file[0], "{text}, file {file:?} kbit/s");
    }
}
