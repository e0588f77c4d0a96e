//! Golden bytes of every kind, encoded and decoded: a change of the format must change this file.

extern crate std;

use super::Message;
use crate::*;
use std::{format, string::String, vec::Vec};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|b| *b != b' ')
        .map(|b| u8::from_str_radix(core::str::from_utf8(&[b]).unwrap(), 16).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

#[track_caller]
fn golden(stream: u16, flags: u8, message: Message<'_>, text: &str) {
    let mut out = [0xEE; 4096];
    let used = message.encode(stream, flags, &mut out).unwrap();
    assert_eq!(hex(&out[..used]), text.replace(' ', ""));
    let bytes = unhex(text);
    let (head, payload) = bytes.split_at(limits::HEADER);
    let header = Header::decode(head.try_into().unwrap()).unwrap();
    assert_eq!((header.stream, header.flags), (stream, flags));
    assert_eq!(header.len as usize, payload.len());
    assert_eq!(Message::decode(header, payload), Ok(Some(message)));
    // A buffer one byte too small is an error and no panic.
    assert_eq!(
        message.encode(stream, flags, &mut out[..used - 1]),
        Err(Full)
    );
}

#[test]
fn connection() {
    let hello = Hello {
        session: 1,
        nonce: 2,
        capabilities: Capabilities::CAMERA | Capabilities::CALLS,
        clock: 4,
        name: "amy".parse().unwrap(),
    };
    golden(
        0,
        0,
        Message::Hello(hello),
        "00000020 01 00 0000 0000000000000001 0000000000000002 00000003 0000000000000004 03 616d79",
    );
    let bye = Status::new(ByeCode::Leaving, "off");
    golden(0, 0, Message::Bye(bye), "00000004 02 00 0000 01 6f6666");
    golden(
        0,
        0,
        Message::Ping(Ping { clock: 9 }),
        "00000008 03 00 0000 0000000000000009",
    );
    golden(
        0,
        0,
        Message::Pong(Pong { echo: 9, clock: 10 }),
        "00000010 04 00 0000 0000000000000009 000000000000000a",
    );
    let ack = Ack {
        received: 258,
        clock: 1,
    };
    golden(
        0,
        0,
        Message::Ack(ack),
        "00000010 05 00 0000 0000000000000102 0000000000000001",
    );
    let join = Join {
        session: 1,
        with: 2,
    };
    golden(
        0,
        0,
        Message::Join(join),
        "00000010 06 00 0000 0000000000000001 0000000000000002",
    );
    let live = |on| Message::Live(Live { on });
    golden(0, 0, live(true), "00000001 07 00 0000 01");
    golden(0, 0, live(false), "00000001 07 00 0000 00");
}

#[test]
fn calls() {
    let kind = CallKind::View;
    golden(1, 0, Message::Ring(Ring { kind }), "00000001 10 00 0001 01");
    golden(1, 0, Message::Answer, "00000000 11 00 0001");
    let decline = Status::new(EndReason::Busy, "");
    golden(1, 0, Message::Decline(decline), "00000001 12 00 0001 02");
    let hang_up = Status::new(EndReason::Chosen, "x");
    golden(1, 0, Message::HangUp(hang_up), "00000002 13 00 0001 00 78");
    let shown = Shown {
        sequence: 7,
        clock: 8,
    };
    golden(
        1,
        0,
        Message::Shown(shown),
        "0000000c 14 00 0001 00000007 0000000000000008",
    );
    let state = Status::new(CameraState::Lost, "z");
    golden(
        1,
        0,
        Message::CameraState(state),
        "00000002 15 00 0001 03 7a",
    );
    let recording = |on| Message::Recording(Recording { on });
    golden(1, 0, recording(true), "00000001 16 00 0001 01");
    golden(1, 0, recording(false), "00000001 16 00 0001 00");
}

#[test]
fn statistics_of_a_camera() {
    let want = |on| Message::WantStats(WantStats { on });
    golden(1, 0, want(true), "00000001 19 00 0001 01");
    golden(1, 0, want(false), "00000001 19 00 0001 00");
    let times = |p50, p99| Some(StageTimes { p50, p99 });
    let stats = CameraStats {
        agreed_fps: 30,
        tenths_of_fps: 299,
        counts: FrameCounts {
            good: 1,
            stale: 2,
            damaged: 3,
            unusable: 4,
            too_large: 5,
            skipped: 6,
            mended: limits::COUNT,
        },
        capture: times(3000, 6000),
        encode: None,
        wait: times(u32::MAX, 1),
        viewers: 2,
        sent: 7,
        dropped: 8,
        left_out: 9,
        temperature: Some(-15),
        throttling: Throttling(Throttling::KNOWN | Throttling::SLOWED),
    };
    golden(1, 0, Message::CameraStats(stats), STATS);
    let unknown = CameraStats::default();
    let rest = format!(
        "{} {} 0000 {} 8000 00",
        "00".repeat(8 + 56),
        "ff".repeat(24),
        "00".repeat(24)
    );
    golden(
        1,
        0,
        Message::CameraStats(unknown),
        &format!("00000075 1a 00 0001 {rest}"),
    );
    // A field of a later version.
    let extended = STATS.replacen("00000075", "00000079", 1) + " 07 0001 ff";
    assert_eq!(decode(&extended), Message::CameraStats(stats));
    let too_many = STATS.replace("0020000000000000", "0020000000000001");
    let (field, limit) = ("mended frames", limits::COUNT);
    let found = limit + 1;
    illegal(
        &too_many,
        DecodeError::TooLarge {
            field,
            found,
            limit,
        },
    );
    illegal(
        "00000001 19 00 0001 02",
        DecodeError::Illegal("statistics wanted"),
    );
}

const STATS: &str = "00000075 1a 00 0001 0000001e 0000012b \
                     0000000000000001 0000000000000002 0000000000000003 0000000000000004 \
                     0000000000000005 0000000000000006 0020000000000000 \
                     00000bb8 00001770 ffffffff ffffffff ffffffff 00000001 0002 \
                     0000000000000007 0000000000000008 0000000000000009 fff1 05";

#[test]
fn sound() {
    let state = Status::new(SoundState::Lost, "z");
    golden(
        1,
        0,
        Message::SoundState(state),
        "00000002 17 00 0001 03 7a",
    );
    let listen = |on| Message::Listen(Listen { on });
    golden(1, 0, listen(true), "00000001 18 00 0001 01");
    golden(1, 0, listen(false), "00000001 18 00 0001 00");
    let head = SoundHead::new(SoundCodec::Pcm, 480);
    let pcm = "00000008 20 00 0003 01 0000bb80 01 01e0";
    golden(3, 0, Message::SoundHead(head), pcm);
    let head = SoundHead::new(SoundCodec::Opus, 960);
    let opus = "00000008 20 00 0003 02 0000bb80 01 03c0";
    golden(3, 0, Message::SoundHead(head), opus);
    let sound = Sound {
        sequence: 5,
        captured: 6,
        bytes: &[0x78, 0xff],
    };
    let quiet = "0000000e 21 00 0003 00000005 0000000000000006 78ff";
    golden(3, 0, Message::Sound(sound), quiet);
    let voice = "0000000e 21 02 0003 00000005 0000000000000006 78ff";
    golden(3, flags::VOICE, Message::Sound(sound), voice);
    golden(3, 0, Message::SoundEnd, "00000000 22 00 0003");
}

#[test]
fn sound_has_one_rate_one_channel_and_frames_of_2_to_40_ms() {
    let head = |fields: &str| format!("00000008 20 00 0003 {fields}");
    for (fields, field) in [
        ("01 0000ac44 01 01e0", "sound rate"),
        ("01 0000bb80 00 01e0", "sound channels"),
        ("01 0000bb80 02 01e0", "sound channels"),
        ("01 0000bb80 01 0077", "samples a frame"),
    ] {
        illegal(&head(fields), DecodeError::Illegal(field));
    }
    let (field, found, limit) = ("samples a frame", 1921, 1920);
    let long = DecodeError::TooLarge {
        field,
        found,
        limit,
    };
    illegal(&head("01 0000bb80 01 0781"), long);
    for frame in [limits::SOUND_FRAME_MIN, limits::SOUND_FRAME_MAX] {
        let head = SoundHead::new(SoundCodec::Pcm, frame);
        assert_eq!(head.check(), Ok(head));
        assert!(head.fits(2 * usize::from(frame)) && !head.fits(2 * usize::from(frame) + 2));
    }
    let (field, found, limit) = ("payload length", 3853, 3852);
    let long = DecodeError::TooLarge {
        field,
        found,
        limit,
    };
    illegal("00000f0d 21 00 0003", long);
    const { assert!(limits::SOUND <= limits::SMALL_PAYLOAD) };
    assert_eq!(limits::SOUND_FRAMES, 400);
}

#[test]
fn a_packet_of_opus_has_1_to_1275_bytes() {
    let opus = SoundHead::new(SoundCodec::Opus, 480);
    let fits = |bytes| opus.fits(bytes);
    assert_eq!([0, 1, 1275, 1276].map(fits), [false, true, true, false]);
}

#[test]
fn video() {
    let head = PictureHead {
        sequence: 5,
        captured: 6,
        acquired_after: 7,
        ready_after: 8,
        sent_after: 9,
        width: 1280,
        height: 720,
        orientation: Orientation::Upright,
        codec: Codec::Jpeg,
        total: 4,
    };
    golden(
        3,
        0,
        Message::Picture(head, &[0xff, 0xd8]),
        "00000026 30 00 0003 00000005 0000000000000006 00000007 00000008 00000009 0500 02d0 01 01 \
         00000004 0000 ffd8",
    );
    golden(
        3,
        flags::LAST,
        Message::PictureData(&[0xff, 0xd9]),
        "00000002 31 01 0003 ffd9",
    );
    golden(3, 0, Message::Abort, "00000000 32 00 0003");
    assert_eq!(PictureHead::BYTES, 36);
}

#[test]
fn texts() {
    golden(
        0,
        0,
        Message::Text(Text { id: 1, text: "hé" }),
        "00000007 40 00 0000 00000001 68c3a9",
    );
    golden(
        0,
        0,
        Message::TextAck(TextAck { id: 1 }),
        "00000004 41 00 0000 00000001",
    );
}

#[test]
fn file_control() {
    let offer = Offer {
        transfer: TransferKey([0x11; 16]),
        shape: Shape::Folder,
        collision: Collision::Rename,
        files: 2,
        bytes: 3,
        is_counted: true,
        name: RelativePath::new("d").unwrap(),
    };
    golden(
        2,
        0,
        Message::Offer(offer),
        "00000022 50 00 0002 11111111111111111111111111111111 02 01 00000002 0000000000000003 \
         01 0001 64",
    );
    let total = Total {
        is_counted: false,
        ..offer.total()
    };
    golden(
        2,
        0,
        Message::Total(total),
        "0000000d 5f 00 0002 00000002 0000000000000003 00",
    );
    let accept = Accept { held: 0x40000 };
    golden(
        2,
        0,
        Message::Accept(accept),
        "00000008 51 00 0002 0000000000040000",
    );
    let reason = RefuseReason::NoSpace;
    golden(
        2,
        0,
        Message::Refuse(Status::new(reason, "f")),
        "00000002 52 00 0002 02 66",
    );
    let entry = Entry {
        index: 1,
        kind: EntryKind::File,
        mode: 0o644,
        mtime: -1,
        size: 9,
        path: RelativePath::new("a/b").unwrap(),
    };
    golden(
        2,
        0,
        Message::Entry(entry),
        "0000001c 53 00 0002 00000001 01 01a4 ffffffffffffffff 0000000000000009 0003 612f62",
    );
    let start = Start {
        index: 1,
        offset: 0x40000,
    };
    golden(
        2,
        0,
        Message::Start(start),
        "0000000c 54 00 0002 00000001 0000000000040000",
    );
    let again = Again {
        index: 1,
        offset: 0x40000,
        leaves: 2,
    };
    golden(
        2,
        0,
        Message::Again(again),
        "00000010 4a 00 0002 00000001 0000000000040000 00000002",
    );
    let failed = Failure {
        index: WHOLE,
        reason: FailReason::Denied,
        errno: 13,
        text: "no",
    };
    golden(
        2,
        0,
        Message::Failed(failed),
        "0000000b 56 00 0002 ffffffff 02 0000000d 6e6f",
    );
    golden(
        2,
        0,
        Message::Grant(Grant { bytes: 1 }),
        "00000008 57 00 0002 0000000000000001",
    );
    let progress = Progress {
        received: 3,
        verified: 2,
        durable: 1,
    };
    golden(
        2,
        0,
        Message::Progress(progress),
        "00000018 58 00 0002 0000000000000003 0000000000000002 0000000000000001",
    );
    let root = [0x33; 32];
    golden(
        2,
        0,
        Message::Done(Done { index: 0, root }),
        &format!("00000024 59 00 0002 00000000 {}", "33".repeat(32)),
    );
    golden(
        2,
        0,
        Message::Finish(Finish { entries: 2 }),
        "00000004 5a 00 0002 00000002",
    );
    let finished = Status::new(Ending::Durable, "d (1)");
    golden(
        2,
        0,
        Message::Finished(finished),
        "00000006 5b 00 0002 01 64202831 29",
    );
    golden(
        2,
        0,
        Message::Pause(Pause { paused: true }),
        "00000001 5c 00 0002 01",
    );
    let reason = RefuseReason::Chosen;
    golden(
        2,
        0,
        Message::Cancel(Status::new(reason, "")),
        "00000001 5d 00 0002 00",
    );
    let missing = 0x0102_0304;
    golden(
        2,
        0,
        Message::DiskFull(DiskFull { missing }),
        "00000008 4c 00 0002 0000000001020304",
    );
    let rate = Rate {
        bytes_per_second: 1000,
    };
    golden(
        2,
        0,
        Message::Rate(rate),
        "00000008 5e 00 0002 00000000000003e8",
    );
    golden(
        2,
        0,
        Message::LimitedBy(LimitedBy::ReceiverDisk),
        "00000001 4d 00 0002 03",
    );
}

#[test]
fn file_data() {
    let leaf = Leaf {
        index: 0,
        offset: 0x40000,
        len: 2,
        hash: [0x44; 32],
        content: LeafContent::Hole,
    };
    golden(
        2,
        0,
        Message::Leaf(leaf),
        &format!(
            "00000031 60 00 0002 00000000 0000000000040000 00000002 {}02",
            "44".repeat(32)
        ),
    );
    let hashes = Hashes {
        index: 0,
        offset: 0x40000,
        hashes: &[[0x66; 32], [0x77; 32]],
    };
    golden(
        2,
        0,
        Message::Hashes(hashes),
        &format!(
            "0000004c 64 00 0002 00000000 0000000000040000 {}{}",
            "66".repeat(32),
            "77".repeat(32)
        ),
    );
    golden(2, 0, Message::Data(&[1, 2]), "00000002 61 00 0002 0102");
    let end = End {
        index: 0,
        size: 2,
        root: [0x55; 32],
    };
    golden(
        2,
        0,
        Message::End(end),
        &format!(
            "0000002c 62 00 0002 00000000 0000000000000002 {}",
            "55".repeat(32)
        ),
    );
    let abandon = Failure {
        index: 0,
        reason: FailReason::Gone,
        errno: 2,
        text: "",
    };
    golden(
        2,
        0,
        Message::Abandon(abandon),
        "00000009 63 00 0002 00000000 07 00000002",
    );
}

#[track_caller]
fn illegal(text: &str, error: DecodeError) {
    let bytes = unhex(text);
    let (head, payload) = bytes.split_at(limits::HEADER);
    let result = Header::decode(head.try_into().unwrap())
        .and_then(|header| Message::decode(header, payload).map(|_| ()));
    assert_eq!(result, Err(error));
}

#[test]
fn illegal_fields_are_named() {
    illegal(
        "00000007 03 00 0000 00000000000000",
        DecodeError::Cut("clock"),
    );
    illegal(
        "00000009 03 00 0000 000000000000000000",
        DecodeError::Trailing("message"),
    );
    illegal(
        "00000005 40 00 0000 00000001 ff",
        DecodeError::Illegal("text"),
    );
    illegal("00000001 5c 00 0002 02", DecodeError::Illegal("paused"));
    let hello = "00000020 01 00 0000 0000000000000001 0000000000000002 00000000 0000000000000003";
    illegal(
        &format!("{hello} 03 e385a4"),
        DecodeError::Name(InvalidName::Hidden(0x3164)),
    );
    let too_large = |field, found, limit| DecodeError::TooLarge {
        field,
        found,
        limit,
    };
    illegal(
        "ffffffff 03 00 0000",
        too_large("payload length", 0xffff_ffff, 4608),
    );
    illegal(
        "00010000 7f 00 0000",
        too_large("payload length", 0x1_0000, 65_511),
    );
    illegal(
        "00000018 58 00 0002 0000000000000001 0000000000000002 0000000000000000",
        too_large("verified", 2, 1),
    );
    illegal(
        "0000001c 53 00 0002 00000001 01 01a4 ffffffffffffffff 0000000000000009 0003 2e2e2f",
        DecodeError::Illegal("path"),
    );
    illegal(
        "00000010 4a 00 0002 00000001 0000000000040001 00000002",
        DecodeError::Illegal("offset"),
    );
    illegal(
        "00000010 4a 00 0002 00000001 0000000000040000 00000000",
        DecodeError::Illegal("leaves"),
    );
    illegal(
        "0000000c 64 00 0002 00000001 0000000000040000",
        DecodeError::Cut("hashes"),
    );
    illegal(
        "0000000d 64 00 0002 00000001 0000000000040000 ff",
        DecodeError::Cut("hashes"),
    );
    let many = "00".repeat(32 * (limits::HASHES + 1));
    illegal(
        &format!("0000102c 64 00 0002 00000001 0000000000040000 {many}"),
        too_large("hashes", 129, 128),
    );
}

#[track_caller]
fn decode(text: &str) -> Message<'static> {
    let bytes = unhex(text).leak();
    let (head, payload) = bytes.split_at(limits::HEADER);
    let header = Header::decode(head.try_into().unwrap()).unwrap();
    assert_eq!(header.len as usize, payload.len());
    Message::decode(header, payload).unwrap().unwrap()
}

#[test]
fn values_of_later_versions_are_kept() {
    let kind = CallKind::Unknown(9);
    golden(1, 0, Message::Ring(Ring { kind }), "00000001 10 00 0001 09");
    let bye = Status::new(ByeCode::Unknown(200), "");
    golden(0, 0, Message::Bye(bye), "00000001 02 00 0000 c8");
    for code in 0..=255 {
        assert_eq!(FailReason::from_code(code).code(), code);
        assert_eq!(CameraState::from_code(code).code(), code);
    }
    assert_eq!(FailReason::from_code(8), FailReason::Io);
    let hello = decode(
        "00000020 01 00 0000 0000000000000001 0000000000000002 80000001 0000000000000004 03 616d79",
    );
    let Message::Hello(hello) = hello else {
        panic!("{hello:?}");
    };
    assert!(hello.capabilities.contains(Capabilities::CAMERA));
    assert_eq!(hello.capabilities.0, 0x8000_0001);
}

#[test]
fn extensions_of_later_versions_are_skipped() {
    let kind = CallKind::View;
    let extended = "00000009 10 00 0001 01 07 0002 abcd 08 0000";
    assert_eq!(decode(extended), Message::Ring(Ring { kind }));
    let picture = "0000002a 30 00 0003 00000005 0000000000000006 00000007 00000008 00000009 0500 \
                   02d0 01 01 00000004 0004 01 0001 ff ffd8";
    let Message::Picture(head, bytes) = decode(picture) else {
        panic!("a picture");
    };
    assert_eq!(
        (head.sequence, head.total, bytes),
        (5, 4, &[0xff, 0xd8][..])
    );
    let head = decode("0000000d 20 00 0003 02 0000bb80 01 01e0 09 0002 0000");
    let opus = SoundHead::new(SoundCodec::Opus, 480);
    assert_eq!(head, Message::SoundHead(opus));
    let entry = "00000021 53 00 0002 00000001 01 01a4 ffffffffffffffff 0000000000000009 0003 612f62 \
                 09 0002 0000";
    let Message::Entry(entry) = decode(entry) else {
        panic!("an entry");
    };
    assert_eq!(entry.path.as_str(), "a/b");
    // An extension that is cut, and an area that is longer than the frame.
    illegal(
        "00000005 10 00 0001 01 07 0002 ab",
        DecodeError::Cut("extension"),
    );
    illegal(
        "00000026 30 00 0003 00000005 0000000000000006 00000007 00000008 00000009 0500 02d0 01 01 \
         00000004 0003 ffd8",
        DecodeError::Cut("extension area"),
    );
}

#[test]
fn unknown_kinds_are_skipped() {
    for code in [0x7fu8, 0x23] {
        let header = Header {
            len: 3,
            kind: code,
            flags: 0xff,
            stream: 9,
        };
        assert_eq!(Message::decode(header, &[1, 2, 3]), Ok(None));
    }
}

#[test]
fn every_kind_has_one_code_and_classes_are_ordered() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_code(kind.code()), Some(*kind));
    }
    assert!(Class::Control < Class::Audio && Class::Audio < Class::Video);
    assert!(Class::Video < Class::Text && Class::Text < Class::Bulk);
}
