//! What goes next: the order of classes, and what holds each of them back.

mod floor;
mod pictures;

use std::collections::BTreeMap;
use std::time::Duration;

use transom_proto::fuzzing::sound;
use transom_proto::{CallId, Config, Event, Order, TransferEvent};
use transom_wire::limits::{RECORD_BULK, RECORD_LIVE, TEXT};
use transom_wire::{
    Accept, ByeCode, CameraState, Class, EndReason, Entry, Header, Kind, Message, Ping, Pong,
    RelativePath, Shape, Shown, SoundCodec, Text, flags,
};

use crate::evil::Evil;
use crate::video::picture;

const MILLI: Duration = Duration::from_millis(1);

/// A frame that the session sent.
type Frame = (Header, Vec<u8>);

/// A session that sends to a peer that shows every picture at once.
struct Sender {
    evil: Evil,
    /// The sequence of the picture begun last, by stream.
    begun: BTreeMap<u16, u32>,
    /// Frames of sound queued.
    sounds: u32,
}

impl Sender {
    fn new() -> Self {
        Self::tuned(|_| ())
    }

    /// The round trip is known, and is 0.
    fn tuned(tune: impl FnOnce(&mut Config)) -> Self {
        let evil = Evil::tuned(tune).met();
        let begun = BTreeMap::new();
        let mut sender = Self {
            evil,
            begun,
            sounds: 0,
        };
        for frame in sender.next() {
            if kind(&frame) == Kind::Ping {
                let echo = u64::from_be_bytes(*frame.1.first_chunk().unwrap());
                let pong = Message::Pong(Pong { echo, clock: 77 });
                sender.evil.say(0, &pong).unwrap();
            }
        }
        sender.evil.ack_all();
        sender
    }

    /// The same with a view on stream 1.
    fn viewed() -> (Self, CallId) {
        let mut sender = Self::new();
        let call = sender.view(1);
        (sender, call)
    }

    fn view(&mut self, stream: u16) -> CallId {
        let call = self.evil.view_on(stream);
        self.drain();
        call
    }

    fn put(&mut self, call: CallId, sequence: u32, bytes: usize) {
        let picture = picture(sequence, bytes);
        self.evil
            .connection
            .session
            .send_picture(call, picture)
            .unwrap();
    }

    fn sound(&mut self, call: CallId) {
        let (session, now) = (&mut self.evil.connection.session, self.evil.now);
        let frame = sound(SoundCodec::Opus, self.sounds, now.0);
        self.sounds += 1;
        session.send_sound(call, frame, now).unwrap();
    }

    /// The next record.
    fn next(&mut self) -> Vec<Frame> {
        let record = self.evil.record();
        for (header, payload) in &record {
            if header.kind == Kind::Picture.code() {
                let sequence = u32::from_be_bytes(*payload.first_chunk().unwrap());
                self.begun.insert(header.stream, sequence);
            }
            if header.flags & flags::LAST != 0 {
                let (sequence, clock) = (self.begun[&header.stream], 0);
                let shown = Message::Shown(Shown { sequence, clock });
                self.evil.say(header.stream, &shown).unwrap();
            }
        }
        record
    }

    /// All that may go without another ack.
    fn burst(&mut self) -> Vec<Frame> {
        let next = || Some(self.next()).filter(|record| !record.is_empty());
        std::iter::from_fn(next).flatten().collect()
    }

    /// All there is; every record is acked at once.
    fn drain(&mut self) -> Vec<Frame> {
        let next = || {
            self.evil.ack_all();
            let record = self.next();
            Some(record).filter(|record| !record.is_empty())
        };
        std::iter::from_fn(next).flatten().collect()
    }
}

fn kind((header, _): &Frame) -> Kind {
    Kind::from_code(header.kind).unwrap()
}

/// The classes of frames in their order, without the acks that ride along.
fn classes(frames: &[Frame]) -> Vec<Class> {
    let kinds = frames.iter().map(kind).filter(|kind| *kind != Kind::Ack);
    let mut classes: Vec<Class> = kinds.map(Kind::class).collect();
    classes.dedup();
    classes
}

/// Bytes of frames of one class.
fn bytes_of(class: Class, frames: &[Frame]) -> usize {
    let frames = frames.iter().filter(|frame| kind(frame).class() == class);
    frames.map(|(_, payload)| 8 + payload.len()).sum()
}

/// How many frames of sound there are.
fn sounds(frames: &[Frame]) -> usize {
    frames
        .iter()
        .filter(|frame| kind(frame) == Kind::Sound)
        .count()
}

/// The frames of pictures: their stream and kind, and whether the picture ends there.
fn pictures(frames: &[Frame]) -> Vec<(u16, Kind, bool)> {
    let frames = frames
        .iter()
        .filter(|frame| kind(frame).class() == Class::Video);
    let told = |frame: &Frame| {
        let is_last = frame.0.flags & flags::LAST != 0;
        (frame.0.stream, kind(frame), is_last)
    };
    frames.map(told).collect()
}

/// The classes of each record that goes when something of each class waits.
fn sent_of_each_class(live: bool) -> Vec<Vec<Class>> {
    let mut sender = Sender::new();
    sender.evil.add_leaf();
    if live {
        let call = sender.evil.view();
        sender.put(call, 1, 1_000);
        sender.sound(call);
    }
    sender.evil.connection.session.text("hello").unwrap();
    let ping = Message::Ping(Ping { clock: 7 });
    sender.evil.say(0, &ping).unwrap();
    let mut sent = Vec::new();
    loop {
        let record = sender.next();
        if record.is_empty() {
            sent.dedup();
            return sent;
        }
        sender.evil.ack_all();
        sent.push(classes(&record));
    }
}

#[test]
fn a_record_of_a_call_carries_one_class_and_the_most_urgent_goes_first() {
    let wanted = [
        Class::Control,
        Class::Audio,
        Class::Video,
        Class::Text,
        Class::Bulk,
    ];
    assert_eq!(sent_of_each_class(true), wanted.map(|class| vec![class]));
}

#[test]
fn without_a_call_a_record_carries_what_fits() {
    let wanted = [
        vec![Class::Control, Class::Text, Class::Bulk],
        vec![Class::Bulk],
    ];
    assert_eq!(sent_of_each_class(false), wanted);
}

#[test]
fn sound_goes_before_all_but_control_whatever_waits_and_is_half_out() {
    let mut sender = Sender::new();
    sender.evil.add_leaf();
    let call = sender.evil.view();
    let mut others = Vec::new();
    for step in 0..300 {
        sender.put(call, step, 60_000);
        if step % 8 == 0 {
            // Refused while too many are unacknowledged.
            let _ = sender.evil.connection.session.text("and a text");
            let ping = Message::Ping(Ping { clock: 7 });
            sender.evil.say(0, &ping).unwrap();
            assert_eq!(classes(&sender.next()), [Class::Control]);
        }
        sender.sound(call);
        sender.sound(call);
        let record = sender.next();
        assert_eq!(classes(&record), [Class::Audio], "step {step}");
        assert_eq!(sounds(&record), 2);
        others.extend(classes(&sender.next()));
        sender.evil.ack_all();
    }
    for class in [Class::Video, Class::Text, Class::Bulk] {
        assert!(others.contains(&class), "{class:?} is starved");
    }
}

#[test]
fn sound_passes_the_gate_that_holds_pictures() {
    let (mut sender, call) = Sender::viewed();
    sender.put(call, 1, 1_000_000);
    assert!(!sender.burst().is_empty());
    assert_eq!(sender.burst(), [], "the gate is shut");
    sender.sound(call);
    assert_eq!(classes(&sender.burst()), [Class::Audio]);
}

#[test]
fn sound_waits_while_the_path_stands_still_and_only_the_newest_goes_then() {
    let (mut sender, call) = Sender::viewed();
    sender.sound(call);
    assert_eq!(classes(&sender.burst()), [Class::Audio]);
    let mut sent = 1;
    for _ in 1..=50 {
        sender.evil.wait(20 * MILLI).unwrap();
        sender.sound(call);
        sent += usize::from(classes(&sender.burst()).contains(&Class::Audio));
    }
    // The first frame is not acked for 200 ms: ten frames leave, and forty wait.
    assert_eq!(sent, 11);
    let stats = sender.evil.connection.session.stats(sender.evil.now);
    assert_eq!(stats.sound_dropped, 40 - 11, "those within 200 ms are kept");
    sender.evil.ack_all();
    assert_eq!(sounds(&sender.burst()), 11);
}

#[test]
fn sound_after_a_silence_does_not_wait_for_the_ack_of_a_pong() {
    let (mut sender, call) = Sender::viewed();
    let ping = Message::Ping(Ping { clock: 7 });
    sender.evil.say(0, &ping).unwrap();
    assert_eq!(classes(&sender.burst()), [Class::Control]);
    sender.evil.wait(300 * MILLI).unwrap();
    sender.sound(call);
    assert_eq!(classes(&sender.burst()), [Class::Audio]);
}

#[test]
fn sound_that_waited_for_200_ms_never_leaves() {
    let (mut sender, call) = Sender::viewed();
    sender.sound(call);
    sender.evil.wait(150 * MILLI).unwrap();
    sender.sound(call);
    let held = sender.evil.connection.session.stats(sender.evil.now).held;
    sender.evil.wait(51 * MILLI).unwrap();
    assert_eq!(sounds(&sender.burst()), 1);
    let stats = sender.evil.connection.session.stats(sender.evil.now);
    assert_eq!((stats.sound_sent, stats.sound_dropped), (1, 1));
    assert_eq!(held - stats.held, 2 * 80);
}

#[test]
fn an_ack_rides_along_in_every_record_that_anything_is_to_be_acked_by() {
    for live in [true, false] {
        let mut sender = Sender::new();
        sender.evil.add_leaf();
        if live {
            let call = sender.view(1);
            sender.put(call, 1, 200_000);
        }
        for id in 0..20 {
            let text = Message::Text(Text { id, text: "x" });
            sender.evil.say(0, &text).unwrap();
            let record = sender.next();
            sender.evil.ack_all();
            assert!(record.len() > 1);
            assert_eq!(record.last().map(kind), Some(Kind::Ack), "{record:?}");
        }
    }
}

#[test]
fn a_record_is_small_while_a_call_is_live_and_large_else() {
    let size = |record: &[Frame]| -> usize {
        let frames = record.iter().map(|(_, payload)| 8 + payload.len());
        frames.sum()
    };
    for (order, live, most) in [
        (Order::Priority, true, RECORD_LIVE),
        (Order::Priority, false, RECORD_BULK),
        (Order::Naive, true, RECORD_BULK),
    ] {
        let mut sender = Sender::tuned(|config| config.order = order);
        sender.evil.add_leaf();
        if live {
            let call = sender.evil.view();
            sender.put(call, 1, 8_000_000);
        }
        let mut largest = 0;
        for _ in 0..100 {
            // 16 MB/s are acked, enough for records of any size.
            sender.evil.wait(MILLI).unwrap();
            largest = largest.max(size(&sender.next()));
            sender.evil.ack_all();
        }
        assert!(
            largest <= most && largest > most - 100,
            "{largest} {order:?} {live}"
        );
    }
}

#[test]
fn a_goodbye_goes_behind_control_alone() {
    let (mut sender, call) = Sender::viewed();
    sender.put(call, 1, 1000);
    sender.evil.connection.session.text("too late").unwrap();
    sender.sound(call);
    let text = Message::Text(Text { id: 0, text: "x" });
    sender.evil.say(0, &text).unwrap();
    let connection = &mut sender.evil.connection;
    let end = EndReason::Chosen;
    connection.session.hang_up(call, end, "").unwrap();
    connection.bye(ByeCode::Leaving, "");
    let kinds: Vec<Kind> = sender.burst().iter().map(kind).collect();
    assert_eq!(kinds, [Kind::HangUp, Kind::Bye]);
}

#[test]
fn in_naive_order_pictures_and_file_data_take_turns_and_nothing_holds_them() {
    let mut sender = Sender::tuned(|config| config.order = Order::Naive);
    sender.evil.add_leaf();
    let call = sender.evil.view();
    sender.put(call, 1, 150_000);
    let frames = sender.burst();
    let mut sent = classes(&frames);
    sent.retain(|class| matches!(class, Class::Video | Class::Bulk));
    // The picture takes three records, the leaf five.
    let of = |class| sent.iter().filter(|sent| **sent == class).count();
    assert_eq!(of(Class::Video), 3, "{sent:?}");
    assert!((3..=4).contains(&of(Class::Bulk)), "{sent:?}");
    assert!(bytes_of(Class::Bulk, &frames) > transom_wire::limits::LEAF);
    assert!(bytes_of(Class::Video, &frames) > 150_000);
}
