//! What goes next: the order of classes, and what holds each of them back.

use std::collections::BTreeMap;
use std::time::Duration;

use transom_proto::fuzzing::sound;
use transom_proto::{CallId, Config, Event, Order, TransferEvent};
use transom_wire::limits::{RECORD_BULK, RECORD_LIVE, TEXT};
use transom_wire::{
    ByeCode, CameraState, Class, Collision, EndReason, Entry, EntryKind, Header, Kind, Message,
    Offer, Ping, Pong, RelativePath, Shape, Shown, SoundCodec, Text, TransferKey, flags,
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
fn a_picture_stops_in_the_middle_at_the_gate_and_goes_on() {
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
fn a_picture_is_given_up_when_the_newer_one_can_go_and_not_before() {
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
fn a_picture_that_is_half_out_is_finished_though_a_newer_one_waits() {
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
fn one_picture_is_finished_before_that_of_another_call_begins_and_calls_take_turns() {
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
fn a_call_whose_picture_was_given_up_waits_for_its_turn() {
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
fn a_call_that_ends_in_the_middle_of_its_picture_frees_the_others() {
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
fn a_camera_that_goes_off_ends_its_picture_at_a_shut_gate_too() {
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
fn entries_find_room_again_when_the_queue_has_gone_out() {
    let mut sender = Sender::tuned(|config| config.control_queue = 16 * 1024);
    let name = RelativePath::new("album").unwrap();
    let offer = Offer {
        transfer: TransferKey([1; 16]),
        shape: Shape::Folder,
        collision: Collision::Rename,
        files: 200,
        bytes: 200,
        name,
    };
    let file = sender.evil.connection.session.offer(&offer).unwrap();
    sender.burst();
    sender.evil.say(2, &Message::Accept).unwrap();
    sender.evil.events();
    let path = "x".repeat(200);
    let session = &mut sender.evil.connection.session;
    for index in 0..200 {
        if session.entry_room(file) > 0 {
            let path = format!("{index}{path}");
            let entry = Entry {
                index,
                kind: EntryKind::File,
                mode: 0,
                mtime: 0,
                size: 1,
                path: RelativePath::new(&path).unwrap(),
            };
            session.entry(file, &entry).unwrap();
        }
    }
    assert_eq!(session.entry_room(file), 0, "half of the queue is full");
    assert_eq!(sender.evil.events(), []);
    sender.drain();
    assert_eq!(
        sender.evil.events(),
        [Event::Transfer(file, TransferEvent::Room)],
        "once"
    );
}

#[test]
fn texts_and_file_data_keep_a_floor_and_no_picture_waits_behind_two_of_their_records() {
    for (percent, texts) in [(5, false), (5, true), (20, true), (0, false)] {
        let mut sender = Sender::tuned(|config| config.bulk_floor = percent);
        match texts {
            true => (0..64).for_each(|_| {
                sender
                    .evil
                    .connection
                    .session
                    .text(&"x".repeat(TEXT))
                    .unwrap();
            }),
            false => sender.evil.add_leaf(),
        }
        let call = sender.evil.view();
        let (mut below, mut all, mut in_a_row) = (0, 0, 0);
        // There is always a picture to send, and all before it is acked.
        for sequence in 0..200 {
            sender.put(call, sequence, 10_000);
            let record = sender.next();
            let bytes = bytes_of(Class::Text, &record) + bytes_of(Class::Bulk, &record);
            in_a_row = if bytes > 0 { in_a_row + 1 } else { 0 };
            assert!(in_a_row < 2, "{sequence}");
            below += bytes;
            all += bytes + bytes_of(Class::Video, &record);
            sender.evil.ack_all();
        }
        assert!(all > 500_000, "{all} bytes");
        let share = below as f64 * 100.0 / all as f64;
        // That share of what pictures got.
        let wanted = f64::from(percent) * 100.0 / f64::from(100 + percent);
        assert!(
            (share - wanted).abs() <= wanted / 5.0,
            "{share} of {percent} %"
        );
    }
}

#[test]
fn nothing_slips_in_front_of_a_picture_at_the_gate_but_what_the_floor_owes() {
    let mut sender = Sender::new();
    sender.evil.add_leaf();
    let call = sender.evil.view();
    assert_eq!(classes(&sender.next())[..1], [Class::Control]);
    sender.put(call, 1, 1_000_000);
    let long = sender.evil.connection.session.text(&"x".repeat(TEXT));
    assert!(long.is_ok());
    let frames = sender.burst();
    let sent = bytes_of(Class::Video, &frames);
    assert!(
        (20_000..80_000).contains(&sent),
        "{sent} bytes of the picture"
    );
    assert_eq!(
        classes(&frames),
        [Class::Video],
        "a long text is not owed yet"
    );
    let mut frames = Vec::new();
    while bytes_of(Class::Video, &frames) < 120_000 {
        sender.evil.ack_all();
        frames.extend(sender.burst());
    }
    assert_eq!(bytes_of(Class::Text, &frames), 8 + 4 + TEXT);
}

#[test]
fn a_short_text_is_owed_soon() {
    let (mut sender, call) = Sender::viewed();
    sender.put(call, 1, 1_000_000);
    sender.evil.connection.session.text("hello").unwrap();
    // 17 bytes are 5 % of 340, so they are owed after one record.
    assert_eq!(classes(&sender.next()), [Class::Video]);
    assert_eq!(classes(&sender.next()), [Class::Text]);
}

#[test]
fn texts_in_flight_are_bounded_in_a_call_and_file_data_do_not_overtake_them() {
    for live in [true, false] {
        let mut sender = Sender::new();
        sender.evil.add_leaf();
        if live {
            sender.evil.view();
        }
        for _ in 0..64 {
            sender
                .evil
                .connection
                .session
                .text(&"x".repeat(TEXT))
                .unwrap();
        }
        let frames = sender.burst();
        let texts = bytes_of(Class::Text, &frames);
        assert_eq!(texts < 2 * RECORD_LIVE, live, "{texts} bytes");
        if live {
            assert_eq!(bytes_of(Class::Bulk, &frames), 0);
        }
        let frames = sender.drain();
        let all = texts + bytes_of(Class::Text, &frames);
        assert!(all >= 64 * TEXT, "none is lost");
        let [first, then] = [Class::Text, Class::Bulk].map(|class| {
            let of = |frame: &Frame| kind(frame).class() == class;
            (frames.iter().position(of), frames.iter().rposition(of))
        });
        assert!(first.1 < then.0, "file data after the last text");
    }
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

#[test]
fn a_picture_waits_from_when_it_is_put_until_it_is_begun() {
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
