//! The laws, each a function of arbitrary bytes that panics when the law is broken.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use transom_wire::limits::{LEAF, RECORD_BULK};
use transom_wire::{
    Again, ByeCode, CallKind, CameraState, CameraStats, EndReason, Ending, FailReason, Failure,
    RefuseReason, Shape, SoundCodec, SoundState,
};

use super::acks::{Acks, ack};
use super::choices::Choices;
use super::courier::{Courier, Parcel};
use super::frames::frame;
use super::lone::Lone;
use super::pair::{Pair, Who};
use super::pipe::Route;
use super::sound::sound;
use crate::{CallEvent, CallId, Event, Instant, PeerError, Picture, TransferId};

/// Arbitrary bytes of the peer and arbitrary verbs of the caller cause no panic, and the memory
/// held stays within its limits.
///
/// # Panics
/// When the law is broken.
pub fn session(data: &[u8]) {
    let mut choices = Choices(data);
    if choices.flag() {
        frames(&mut choices);
    } else {
        Scene::new(&mut choices, 0, [0; 3]).play(&mut choices, true);
    }
}

/// Events and errors do not depend on how the peer's bytes are split.
///
/// # Panics
/// When the law is broken.
pub fn split(data: &[u8]) {
    let mut choices = Choices(data);
    let cut = usize::from(choices.byte()) + 1;
    let play = |cut| {
        let mut choices = Choices(choices.0);
        let mut scene = Scene::new(&mut choices, cut, [0; 3]);
        scene.play(&mut choices, true);
        let errors = [Who::Ann, Who::Bob].map(|who| scene.pair.error(who));
        (scene.events, errors)
    };
    assert_eq!(play(0), play(cut));
}

/// Two correct sessions report no error about each other over any pipe that keeps order, for any
/// sequence of verbs. A transfer that the receiver reports as durable is complete, and a lost
/// connection is resumed at the offset that was reached.
///
/// # Panics
/// When the law is broken.
pub fn pair(data: &[u8]) {
    let mut choices = Choices(data);
    let mut held = [0; 3];
    for _ in 0..3 {
        let cut = usize::from(choices.byte()) * 16;
        let mut scene = Scene::new(&mut choices, cut, held);
        scene.play(&mut choices, false);
        for who in [Who::Ann, Who::Bob] {
            let error = scene.pair.error(who);
            assert!(matches!(error, None | Some(PeerError::Silent)), "{error:?}");
        }
        if scene.courier.ending == Some(Ending::Durable) {
            assert_eq!(scene.got(), SIZES);
            return;
        }
        held = scene.got().map(|got| got - got % LEAF as u64);
    }
}

/// What Ann sends to Bob in every scene.
const SIZES: [u64; 3] = [0, 900_000, 5_000];

/// A peer that sends frames, some valid and some arbitrary.
fn frames(choices: &mut Choices<'_>) {
    let mut end = Lone::new(choices.flag());
    let mut clock = Instant(1_000_000);
    while !choices.is_empty() {
        clock = clock + Duration::from_micros(u64::from(choices.byte()) * 500);
        let frame = match choices.byte() % 4 {
            0 => ack(&end.connection.session.stats(clock), choices),
            _ => frame(choices),
        };
        let result = end.connection.handle_bytes(&frame, clock);
        end.react(choices, clock);
        end.check();
        if result.is_err() || end.connection.handle_timeout(clock).is_err() {
            end.connection.bye(ByeCode::Illegal, "");
            end.connection
                .poll_transmit(&mut vec![0; RECORD_BULK], clock);
            assert_eq!(end.connection.poll_timeout(), None);
            return;
        }
    }
}

/// Ann sends a folder to Bob while the fuzzer calls verbs on both and changes their pipes.
struct Scene {
    pair: Pair,
    file: TransferId,
    courier: Courier,
    /// Every event of both, as text.
    events: Vec<String>,
    /// Frames of sound queued.
    sounds: u32,
}

impl Scene {
    fn new(choices: &mut Choices<'_>, cut: usize, held: [u64; 3]) -> Self {
        let route = Route {
            rate: [0, 200_000, 20_000_000, 1_000_000_000][usize::from(choices.byte() % 4)],
            delay: Duration::from_micros(u64::from(choices.byte()) * 200),
            fifo: 70_000 + usize::from(choices.byte()) * 8_000,
            cut,
        };
        // Not by the cut, which may change nothing that is told.
        let has_holes = (route.fifo / 8_000).is_multiple_of(2);
        let mut pair = Pair::new(route);
        let parcels = ["a", "b", "c"].iter().zip(SIZES);
        let parcels = parcels
            .map(|(path, size)| Parcel::file(path, size))
            .collect();
        let (file, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels);
        courier.held = (0..).zip(held).collect();
        courier.has_holes = has_holes;
        Self {
            pair,
            file,
            courier,
            events: Vec::new(),
            sounds: 0,
        }
    }

    /// `lies`: Ann's bytes may be changed on the way, and Bob's acks may be wrong.
    fn play(&mut self, choices: &mut Choices<'_>, lies: bool) {
        self.courier.trusts = !lies;
        if lies {
            self.pair.pipe(Who::Bob).acks = Acks::choose(choices);
        }
        for _ in 0..choices.byte() % 32 {
            if lies && choices.byte() < 32 {
                let at = usize::from(choices.byte());
                self.pair.pipe(Who::Ann).change = Some((at, choices.byte()));
            }
            self.meddle(choices);
            self.run(Duration::from_millis(u64::from(choices.byte()) / 2));
        }
        self.run(Duration::from_secs(u64::from(choices.byte() % 4)));
    }

    fn run(&mut self, span: Duration) {
        let Self {
            pair,
            courier,
            events,
            ..
        } = self;
        pair.run(span, |pair, who, event| {
            events.push(format!("{who:?} {event:?}"));
            let clock = pair.clock(who);
            let session = pair.session(who);
            match event {
                Event::Call(call, CallEvent::Ringing(_)) => ignore(session.answer(call)),
                Event::Call(call, CallEvent::Picture(picture)) => {
                    ignore(session.shown(call, picture.head.sequence, clock));
                }
                event if who == Who::Ann => courier.send(session, &event),
                event => courier.receive(session, event),
            }
        });
        for who in [Who::Ann, Who::Bob] {
            let held = pair.session(who).stats(Instant(0)).held;
            assert!(held < 6 * 1024 * 1024, "{held} bytes held");
        }
    }

    /// Bytes of each file that Bob has.
    fn got(&self) -> [u64; 3] {
        [0, 1, 2].map(|index| self.courier.got.get(&index).copied().unwrap_or(0))
    }

    /// Calls a verb on one end, or changes a pipe.
    fn meddle(&mut self, choices: &mut Choices<'_>) {
        let who = if choices.flag() { Who::Ann } else { Who::Bob };
        let (on, value) = (choices.flag(), choices.byte());
        let (file, clock) = (self.file, self.pair.clock(who));
        let pipe = self.pair.pipe(who);
        match choices.byte() % 16 {
            0 => return pipe.cut_off = on,
            1 => return pipe.route.rate = u64::from(value) * 100_000,
            _ => {}
        }
        let session = self.pair.session(who);
        match choices.byte() % 16 {
            0 => ignore(session.pause(file, on)),
            1 => ignore(session.limit(file, Some(u64::from(value) * 10_000))),
            2 if value < 100 => ignore(session.disk_full(file, u64::from(value) * u64::from(on))),
            2 if value > 200 => ignore(session.cancel(file, RefuseReason::Chosen, "")),
            3 | 4 => ignore(session.ring(kind(on))),
            5 => ignore(session.text("hello")),
            6 if on => every_call(|call| ignore(session.hang_up(call, EndReason::Chosen, ""))),
            7 if who == Who::Bob && on => {
                ignore(session.failed(file, failed(u32::from(value % 4))))
            }
            7 if who == Who::Bob => {
                let (index, offset) = (u32::from(value % 4), u64::from(value / 64) * LEAF as u64);
                let leaves = 1;
                ignore(session.again(
                    file,
                    &Again {
                        index,
                        offset,
                        leaves,
                    },
                ));
            }
            8 => every_call(|call| ignore(session.camera_state(call, CameraState::Live, "on"))),
            9 => every_call(|call| ignore(session.recording(call, on))),
            10 | 11 => {
                self.sounds += 1;
                let codec = SoundCodec::from_code(value % 4);
                let frame = sound(codec, self.sounds, clock.0);
                every_call(|call| ignore(session.send_sound(call, frame.clone(), clock)));
            }
            12 if on => every_call(|call| ignore(session.sound_end(call))),
            12 => every_call(|call| ignore(session.sound_state(call, SoundState::OnHold, ""))),
            13 => every_call(|call| ignore(session.listen(call, on))),
            14 if on => every_call(|call| ignore(session.camera_stats(call, stats(value)))),
            14 => every_call(|call| ignore(session.want_stats(call, value % 2 == 0))),
            _ => every_call(|call| ignore(session.send_picture(call, picture(value)))),
        }
    }
}

pub(super) fn stats(value: u8) -> CameraStats {
    CameraStats {
        viewers: value.into(),
        ..CameraStats::default()
    }
}

/// A verb at a wrong time may be refused, but must not break the protocol.
pub(super) fn ignore<T>(_result: T) {}

pub(super) fn every_call(mut verb: impl FnMut(CallId)) {
    (1..8).map(CallId).for_each(&mut verb);
}

pub(super) fn kind(view: bool) -> CallKind {
    if view { CallKind::View } else { CallKind::Talk }
}

pub(super) fn failed(index: u32) -> Failure<&'static str> {
    let text = "input/output error";
    Failure {
        index,
        reason: FailReason::Io,
        errno: 5,
        text,
    }
}

/// Of 1 to about 100,000 bytes.
pub(super) fn picture(value: u8) -> Picture {
    super::picture(u32::from(value), 0, 1 + usize::from(value) * 400)
}
