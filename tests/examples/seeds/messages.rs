//! One frame of every kind, and names as they come and as they must not come.

use transom_wire::{
    Accept, Ack, Again, ByeCode, CallKind, CameraState, CameraStats, Capabilities, Codec,
    Collision, DiskFull, Done, End, EndReason, Ending, Entry, EntryKind, FailReason, Failure,
    Finish, Grant, Hashes, Hello, Join, Leaf, LeafContent, LimitedBy, Listen, Live, Message, Offer,
    Orientation, Pause, PictureHead, Ping, Pong, Progress, Rate, Recording, RefuseReason,
    RelativePath, Ring, Shape, Shown, Sound, SoundCodec, SoundHead, SoundState, Start, Status,
    Text, TextAck, TransferKey, WHOLE, WantStats, flags, limits,
};

/// Paths, peer names and keys, good and bad.
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("path", "photos/2026/a b.jpg"),
    ("path-emoji", "Bücher/猫 (1)/👩‍🚀.txt"),
    ("path-up", "a/../../etc/passwd"),
    ("path-absolute", "/etc/passwd"),
    ("path-backslash", "..\\x"),
    ("path-control", "a\u{1b}[2Jb\u{202e}gpj.exe"),
    ("path-dots", "a/./b//c/"),
    ("path-raw", "caf\u{10fee9}/back\u{10fe5c}slash/C\u{10fe3a}x"),
    ("path-raw-up", "\u{10fe2e}./\u{10fe2f}x"),
    ("peer", "kitchen-camera"),
    ("peer-blank", "\u{2800}"),
    ("peer-filler", "ann\u{3164}a"),
    ("peer-selector", "❤\u{fe0f}"),
];

/// Name and bytes of a frame of each kind.
pub(crate) fn frames() -> Vec<(&'static str, Vec<u8>)> {
    let mut frames = connection();
    frames.extend(calls());
    frames.extend(file_control());
    frames.extend(file_data());
    frames
}

fn frame(stream: u16, flags: u8, message: Message<'_>) -> Vec<u8> {
    let mut out = vec![0; limits::RECORD_BULK];
    let used = message.encode(stream, flags, &mut out);
    out.truncate(used.expect("a seed fits a record"));
    out
}

fn connection() -> Vec<(&'static str, Vec<u8>)> {
    let hello = Hello {
        session: 1,
        nonce: 2,
        capabilities: Capabilities::NONE,
        clock: 4,
        name: "amy".parse().expect("a peer's name"),
    };
    let join = Join {
        session: 1,
        with: 2,
    };
    let bye = Status::new(ByeCode::Leaving, "off");
    let ack = Ack {
        received: 258,
        clock: 1,
    };
    vec![
        ("hello", frame(0, 0, Message::Hello(hello))),
        ("bye", frame(0, 0, Message::Bye(bye))),
        ("ping", frame(0, 0, Message::Ping(Ping { clock: 9 }))),
        (
            "pong",
            frame(0, 0, Message::Pong(Pong { echo: 9, clock: 10 })),
        ),
        ("ack", frame(0, 0, Message::Ack(ack))),
        ("join", frame(0, 0, Message::Join(join))),
        ("live", frame(0, 0, Message::Live(Live { on: true }))),
        (
            "text",
            frame(0, 0, Message::Text(Text { id: 1, text: "hé" })),
        ),
        ("text-ack", frame(0, 0, Message::TextAck(TextAck { id: 1 }))),
    ]
}

/// A ring with two extensions of a later version: type 7 with two bytes, type 8 with none.
fn extended_ring() -> Vec<u8> {
    let kind = CallKind::Unknown(9);
    let mut bytes = frame(1, 0, Message::Ring(Ring { kind }));
    bytes.extend([7, 0, 2, 0xab, 0xcd, 8, 0, 0]);
    if let Some(len) = bytes.get_mut(3) {
        *len += 8;
    }
    bytes
}

fn calls() -> Vec<(&'static str, Vec<u8>)> {
    let kind = CallKind::View;
    let decline = Status::new(EndReason::Busy, "");
    let hang_up = Status::new(EndReason::Chosen, "bye");
    let shown = Shown {
        sequence: 7,
        clock: 8,
    };
    let state = Status::new(CameraState::Lost, "unplugged");
    let recording = Recording { on: true };
    let microphone = Status::new(SoundState::Lost, "the headset is unplugged");
    let want = WantStats { on: true };
    let stats = CameraStats {
        agreed_fps: 30,
        tenths_of_fps: 299,
        viewers: 2,
        temperature: Some(614),
        ..CameraStats::default()
    };
    let opus = SoundHead::new(SoundCodec::Opus, 480);
    let sound = Sound {
        sequence: 7,
        captured: 8,
        bytes: &[0x78, 0xff],
    };
    let head = PictureHead {
        sequence: 5,
        captured: 6,
        acquired_after: 6,
        ready_after: 7,
        sent_after: 0,
        width: 1280,
        height: 720,
        orientation: Orientation::Upright,
        codec: Codec::Jpeg,
        total: 4,
    };
    let picture = Message::Picture(head, &[0xff, 0xd8]);
    let rest = Message::PictureData(&[0xff, 0xd9]);
    vec![
        ("ring", frame(1, 0, Message::Ring(Ring { kind }))),
        ("ring-extended", extended_ring()),
        ("answer", frame(1, 0, Message::Answer)),
        ("decline", frame(1, 0, Message::Decline(decline))),
        ("hang-up", frame(1, 0, Message::HangUp(hang_up))),
        ("shown", frame(1, 0, Message::Shown(shown))),
        ("camera-state", frame(1, 0, Message::CameraState(state))),
        ("recording", frame(1, 0, Message::Recording(recording))),
        ("sound-state", frame(1, 0, Message::SoundState(microphone))),
        ("listen", frame(1, 0, Message::Listen(Listen { on: true }))),
        ("want-stats", frame(1, 0, Message::WantStats(want))),
        ("camera-stats", frame(1, 0, Message::CameraStats(stats))),
        ("sound-head", frame(1, 0, Message::SoundHead(opus))),
        ("sound", frame(1, flags::VOICE, Message::Sound(sound))),
        ("sound-end", frame(1, 0, Message::SoundEnd)),
        ("picture", frame(1, 0, picture)),
        ("picture-data", frame(1, flags::LAST, rest)),
        ("abort", frame(1, 0, Message::Abort)),
    ]
}

fn file_control() -> Vec<(&'static str, Vec<u8>)> {
    let offer = Offer {
        transfer: TransferKey([0x11; 16]),
        shape: Shape::Folder,
        collision: Collision::Rename,
        files: 2,
        bytes: 3,
        is_counted: true,
        name: path("photos"),
    };
    let refuse = Status::new(RefuseReason::NoSpace, "full");
    let entry = Entry {
        index: 1,
        kind: EntryKind::File,
        mode: 0o644,
        mtime: -1,
        size: 9,
        path: path("a/b"),
    };
    let start = Start {
        index: 1,
        offset: 0x40000,
    };
    let again = Again {
        index: 1,
        offset: 0x40000,
        leaves: 2,
    };
    let failed = Failure {
        index: WHOLE,
        reason: FailReason::Denied,
        errno: 13,
        text: "no",
    };
    let progress = Progress {
        received: 3,
        verified: 2,
        durable: 1,
    };
    let root = [0x33; 32];
    let finished = Status::new(Ending::Durable, "photos (1)");
    let cancel = Status::new(RefuseReason::Chosen, "");
    let rate = Rate {
        bytes_per_second: 1000,
    };
    let messages = [
        ("offer", Message::Offer(offer)),
        ("again", Message::Again(again)),
        ("accept", Message::Accept(Accept { held: 0x40000 })),
        ("refuse", Message::Refuse(refuse)),
        ("entry", Message::Entry(entry)),
        ("start", Message::Start(start)),
        ("failed", Message::Failed(failed)),
        ("grant", Message::Grant(Grant { bytes: 1 })),
        ("progress", Message::Progress(progress)),
        ("done", Message::Done(Done { index: 0, root })),
        ("finish", Message::Finish(Finish { entries: 2 })),
        ("finished", Message::Finished(finished)),
        ("pause", Message::Pause(Pause { paused: true })),
        (
            "disk-full",
            Message::DiskFull(DiskFull { missing: 1 << 30 }),
        ),
        ("cancel", Message::Cancel(cancel)),
        ("rate", Message::Rate(rate)),
        ("limited-by", Message::LimitedBy(LimitedBy::Network)),
        ("total", Message::Total(offer.total())),
    ];
    messages
        .map(|(name, message)| (name, frame(2, 0, message)))
        .into()
}

fn file_data() -> Vec<(&'static str, Vec<u8>)> {
    let leaf = Leaf {
        index: 0,
        offset: 0,
        len: 2,
        hash: [0x44; 32],
        content: LeafContent::Data,
    };
    let hashes = Hashes {
        index: 0,
        offset: 0,
        hashes: &[[0x66; 32], [0x77; 32]],
    };
    let end = End {
        index: 0,
        size: 2,
        root: [0x55; 32],
    };
    let abandon = Failure {
        index: 0,
        reason: FailReason::Gone,
        errno: 2,
        text: "",
    };
    let messages = [
        ("leaf", Message::Leaf(leaf)),
        ("hashes", Message::Hashes(hashes)),
        ("data", Message::Data(&[1, 2])),
        ("end", Message::End(end)),
        ("abandon", Message::Abandon(abandon)),
    ];
    messages
        .map(|(name, message)| (name, frame(2, 0, message)))
        .into()
}

fn path(text: &str) -> RelativePath<'_> {
    RelativePath::new(text).expect("a path that leads down")
}
