//! Files, texts and pictures at the same time.

use transom_net::PeerId;
use transom_proto::fuzzing::picture;
use transom_proto::{
    CallEvent, CallId, Event as SessionEvent, LeafData, ReceivedPicture, TransferEvent, TransferId,
};
use transom_wire::limits::LEAF;
use transom_wire::{
    CallKind, Collision, Entry, EntryKind, LeafContent, Offer, Progress, RelativePath, Shape,
    Start, TransferKey,
};

use crate::support::{Station, join, pair, run};

/// A file between two stations: its bytes, its progress, and other events that occur meanwhile.
pub(crate) struct FileStream {
    size: u64,
    offset: u64,
    pub(crate) taken: u64,
    pub(crate) texts: Vec<String>,
    /// Events of calls.
    calls: Vec<(PeerId, SessionEvent)>,
    sums: [u64; 2],
}

impl FileStream {
    pub(crate) fn new(size: u64) -> Self {
        Self {
            size,
            offset: 0,
            taken: 0,
            texts: Vec::new(),
            calls: Vec::new(),
            sums: [0; 2],
        }
    }

    /// Offers the file.
    pub(crate) fn begin(&self, from: &mut Station, to: PeerId) {
        let offer = Offer {
            transfer: TransferKey([1; 16]),
            shape: Shape::File,
            collision: Collision::Rename,
            files: 1,
            bytes: self.size,
            is_counted: true,
            name: RelativePath::new("film").unwrap(),
        };
        from.net.session(to).unwrap().offer(&offer).unwrap();
    }

    /// Sends as much as the session has room for.
    pub(crate) fn feed(&mut self, from: &mut Station) {
        while let Some((peer, event)) = from.session_event() {
            match event {
                SessionEvent::Transfer(file, TransferEvent::Accepted { .. }) => {
                    self.announce(from, peer, file)
                }
                SessionEvent::Transfer(file, TransferEvent::Started(_) | TransferEvent::Room) => {
                    self.fill(from, peer, file)
                }
                other => self.calls.push((peer, other)),
            }
        }
    }

    fn announce(&self, from: &mut Station, peer: PeerId, file: TransferId) {
        let entry = Entry {
            index: 0,
            kind: EntryKind::File,
            mode: 0o644,
            mtime: 0,
            size: self.size,
            path: RelativePath::new("film").unwrap(),
        };
        from.net.session(peer).unwrap().entry(file, &entry).unwrap();
    }

    fn fill(&mut self, from: &mut Station, peer: PeerId, file: TransferId) {
        let session = from.net.session(peer).unwrap();
        while self.offset < self.size && session.leaf_room(file) >= LEAF {
            let length = (self.size - self.offset).min(LEAF as u64);
            let mut bytes = session.spent().unwrap_or_default();
            bytes.clear();
            bytes.extend((0..length).map(|at| (self.offset + at).wrapping_mul(0x9E37_79B9) as u8));
            self.sums[0] = sum(self.sums[0], &bytes);
            let (index, hash, offset) = (0, [0; 32], self.offset);
            let leaf = LeafData {
                index,
                offset,
                hash,
                content: LeafContent::Data,
                bytes,
            };
            session.leaf(file, leaf).unwrap();
            self.offset += length;
        }
    }

    /// Takes the events.
    pub(crate) fn take(&mut self, to: &mut Station) {
        while let Some((peer, event)) = to.session_event() {
            let session = to.net.session(peer).unwrap();
            match event {
                SessionEvent::Transfer(file, TransferEvent::Offered(_)) => {
                    session.accept(file, 0).unwrap()
                }
                SessionEvent::Transfer(file, TransferEvent::Entry(_)) => {
                    let (index, offset) = (0, 0);
                    let start = Start { index, offset };
                    session.start(file, &start).unwrap();
                }
                SessionEvent::Transfer(file, TransferEvent::Leaf { leaf, .. }) => {
                    assert_eq!(leaf.offset, self.taken);
                    let count = leaf.bytes.len() as u64;
                    self.taken += count;
                    self.sums[1] = sum(self.sums[1], &leaf.bytes);
                    session.stored(file, count, Progress::default()).unwrap();
                }
                SessionEvent::Text { text, .. } => self.texts.push(text),
                other => self.calls.push((peer, other)),
            }
        }
    }
}

fn sum(before: u64, bytes: &[u8]) -> u64 {
    let add = |sum: u64, byte: &u8| sum.wrapping_mul(31).wrapping_add(u64::from(*byte));
    bytes.iter().fold(before, add)
}

#[test]
fn a_hundred_megabytes_arrive_unchanged() {
    let (mut near, here, mut far, _) = pair();
    let mut stream = FileStream::new(100_000_000);
    stream.begin(&mut near, here);
    run([&mut near, &mut far], |[near, far]| {
        stream.feed(near);
        stream.take(far);
        (stream.taken == stream.size).then_some(())
    });
    assert_eq!(stream.sums[0], stream.sums[1]);
}

#[test]
fn two_calls_and_a_file_at_once() {
    let (mut near, mut far, mut third) = (Station::new(), Station::new(), Station::new());
    let (here, _) = join(&mut near, &mut far);
    let (beyond, _) = join(&mut near, &mut third);
    let mut stream = FileStream::new(20_000_000);
    stream.begin(&mut near, here);
    for peer in [here, beyond] {
        near.net
            .session(peer)
            .unwrap()
            .ring(CallKind::View)
            .unwrap();
    }
    let mut pictures = [Pictures::default(), Pictures::default()];
    run([&mut near, &mut far, &mut third], |[near, far, third]| {
        stream.feed(near);
        stream.take(far);
        for (peer, event) in std::mem::take(&mut stream.calls) {
            // The callees have the cameras. Events of both sides are collected by the stream.
            match event {
                SessionEvent::Call(call, CallEvent::Picture(picture)) => {
                    pictures[usize::from(peer == beyond)].take(near, peer, call, &picture);
                }
                SessionEvent::Call(call, CallEvent::Ringing(_)) => {
                    far.net.session(peer).unwrap().answer(call).unwrap();
                    pictures[0].begin(far, peer, call);
                }
                SessionEvent::Call(call, CallEvent::Credit) => pictures[0].begin(far, peer, call),
                _ => {}
            }
        }
        while let Some((peer, event)) = third.session_event() {
            match event {
                SessionEvent::Call(call, CallEvent::Ringing(_)) => {
                    third.net.session(peer).unwrap().answer(call).unwrap();
                    pictures[1].begin(third, peer, call);
                }
                SessionEvent::Call(call, CallEvent::Credit) => pictures[1].begin(third, peer, call),
                _ => {}
            }
        }
        let seen = pictures.iter().all(|pictures| pictures.seen >= 30);
        (seen && stream.taken == stream.size).then_some(())
    });
    assert_eq!(stream.sums[0], stream.sums[1]);
}

/// A camera that sends a picture whenever there is credit, and its viewer.
#[derive(Default)]
struct Pictures {
    sent: u32,
    seen: u32,
}

impl Pictures {
    fn begin(&mut self, station: &mut Station, peer: PeerId, call: CallId) {
        self.sent += 1;
        let picture = picture(self.sent, station.net.now().0, 40_000);
        let session = station.net.session(peer).unwrap();
        session.send_picture(call, picture).unwrap();
    }

    fn take(
        &mut self,
        station: &mut Station,
        peer: PeerId,
        call: CallId,
        picture: &ReceivedPicture,
    ) {
        let expected = [picture.head.sequence as u8; 40_000];
        assert!(picture.bytes == expected, "{:?}", picture.head);
        self.seen += 1;
        let now = station.net.now();
        let session = station.net.session(peer).unwrap();
        session.shown(call, picture.head.sequence, now).unwrap();
    }
}
