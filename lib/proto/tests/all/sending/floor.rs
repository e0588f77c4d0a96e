//! Texts and file data during a call: their floor, and what they wait for.

use super::*;
use crate::messages::{entry, offer};

#[test]
fn room_for_entries_is_reported_once_the_queue_is_sent() {
    let mut sender = Sender::tuned(|config| config.control_queue = 16 * 1024);
    let offer = offer(Shape::Folder, 200, 200);
    let file = sender.evil.connection.session.offer(&offer).unwrap();
    sender.burst();
    sender
        .evil
        .say(2, &Message::Accept(Accept { held: 0 }))
        .unwrap();
    sender.evil.events();
    let path = "x".repeat(200);
    let session = &mut sender.evil.connection.session;
    for index in 0..200 {
        if session.entry_room(file) > 0 {
            let path = format!("{index}{path}");
            let entry = Entry {
                path: RelativePath::new(&path).unwrap(),
                ..entry(index, 1)
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
fn room_for_entries_is_reported_when_half_of_the_queue_is_free_and_not_before() {
    let mut sender = Sender::tuned(|config| config.control_queue = 64 * 1024);
    let offer = offer(Shape::Folder, 200, 200);
    let file = sender.evil.connection.session.offer(&offer).unwrap();
    // Records of a call take a part of the queue.
    sender.view(1);
    sender
        .evil
        .say(2, &Message::Accept(Accept { held: 0 }))
        .unwrap();
    sender.evil.events();
    let path = "x".repeat(200);
    for index in 0..200 {
        let session = &mut sender.evil.connection.session;
        let path = format!("{index}{path}");
        let entry = Entry {
            path: RelativePath::new(&path).unwrap(),
            ..entry(index, 1)
        };
        if session.entry_room(file) > 0 {
            session.entry(file, &entry).unwrap();
        }
    }
    for _ in 0..60 {
        sender
            .evil
            .connection
            .session
            .text(&"x".repeat(500))
            .unwrap();
    }
    let mut records = 0;
    loop {
        sender.evil.ack_all();
        sender.next();
        records += 1;
        let events = sender.evil.events();
        if sender.evil.connection.session.entry_room(file) > 0 {
            assert_eq!(events, [Event::Transfer(file, TransferEvent::Room)]);
            break;
        }
        assert_eq!(events, [], "record {records}");
    }
    assert!(records > 2, "{records} records");
}

#[test]
fn texts_and_file_data_get_their_floor_but_never_two_records_in_a_row() {
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
fn only_the_floor_overtakes_a_picture_at_the_gate() {
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
fn the_floor_lets_a_short_text_pass_soon() {
    let (mut sender, call) = Sender::viewed();
    sender.put(call, 1, 1_000_000);
    sender.evil.connection.session.text("hello").unwrap();
    // 17 bytes are 5 % of 340, so they are owed after one record.
    assert_eq!(classes(&sender.next()), [Class::Video]);
    assert_eq!(classes(&sender.next()), [Class::Text]);
}

#[test]
fn answers_to_pings_earn_texts_their_floor_as_pictures_do() {
    let mut sender = Sender::tuned(|config| config.bulk_floor = 100);
    let call = sender.view(1);
    sender.put(call, 1, 1_000_000);
    sender.evil.connection.session.text("hello").unwrap();
    let ping = Message::Ping(Ping { clock: 7 });
    sender.evil.say(0, &ping).unwrap();
    assert_eq!(classes(&sender.next()), [Class::Control]);
    assert_eq!(classes(&sender.next()), [Class::Text]);
}

#[test]
fn beside_sound_file_data_get_their_floor_in_smaller_records_and_sooner() {
    let sent = [false, true].map(|has_sound| {
        let mut sender = Sender::new();
        sender.evil.add_leaf();
        let call = sender.evil.view();
        sender.put(call, 1, 1_000_000);
        if has_sound {
            sender.sound(call);
        }
        let (mut before, mut floor) = (0, 0);
        while floor == 0 && before < 500_000 {
            let record = sender.next();
            before += bytes_of(Class::Video, &record);
            floor = bytes_of(Class::Bulk, &record);
            sender.evil.ack_all();
        }
        (before, floor)
    });
    let [(before, floor), (before_beside, floor_beside)] = sent;
    // The largest frame that can't be split, and 2 KiB.
    assert_eq!((floor, floor_beside), (8 + 4096 + 512, 2_048 + 8));
    // Twenty times as many bytes of pictures each.
    assert!((92_000..97_000).contains(&before), "{before}");
    assert!((40_900..46_000).contains(&before_beside), "{before_beside}");
}

#[test]
fn texts_in_flight_are_bounded_in_a_call_and_file_data_stay_behind_them() {
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
