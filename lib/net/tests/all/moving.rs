//! Files, texts and pictures at once.

use transom_net::PeerId;
use transom_proto::fuzzing::picture;
use transom_proto::{
    CallEvent, CallId, Event as Told, LeafData, ReceivedPicture, TransferEvent, TransferId,
};
use transom_wire::limits::LEAF;
use transom_wire::{
    CallKind, Collision, Entry, EntryKind, Offer, Progress, RelativePath, Shape, Start, TransferKey,
};

use crate::support::{Stand, join, pair, run};

/// One file between two stands: its bytes, its progress, and the other events meanwhile.
pub(crate) struct Stream {
    size: u64,
    offset: u64,
    pub(crate) taken: u64,
    pub(crate) texts: Vec<String>,
    /// Events of calls.
    calls: Vec<(PeerId, Told)>,
    sums: [u64; 2],
}

impl Stream {
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
    pub(crate) fn begin(&self, from: &mut Stand, to: PeerId) {
        let offer = Offer {
            transfer: TransferKey([1; 16]),
            shape: Shape::File,
            collision: Collision::Rename,
            files: 1,
            bytes: self.size,
            name: RelativePath::new("film").unwrap(),
        };
        from.net.session(to).unwrap().offer(&offer).unwrap();
    }

    /// Sends as much as there is room for.
    pub(crate) fn feed(&mut self, from: &mut Stand) {
        while let Some((peer, event)) = from.said() {
            match event {
                Told::Transfer(file, TransferEvent::Accepted) => self.announce(from, peer, file),
                Told::Transfer(file, TransferEvent::Started(_) | TransferEvent::Room) => {
                    self.fill(from, peer, file)
                }
                other => self.calls.push((peer, other)),
            }
        }
    }

    fn announce(&self, from: &mut Stand, peer: PeerId, file: TransferId) {
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

    fn fill(&mut self, from: &mut Stand, peer: PeerId, file: TransferId) {
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
                bytes,
            };
            session.leaf(file, leaf).unwrap();
            self.offset += length;
        }
    }

    /// Takes the events.
    pub(crate) fn take(&mut self, to: &mut Stand) {
        while let Some((peer, event)) = to.said() {
            let session = to.net.session(peer).unwrap();
            match event {
                Told::Transfer(file, TransferEvent::Offered(_)) => session.accept(file).unwrap(),
                Told::Transfer(file, TransferEvent::Entry(_)) => {
                    let (index, offset, proof) = (0, 0, [0; 32]);
                    let start = Start {
                        index,
                        offset,
                        proof,
                    };
                    session.start(file, &start).unwrap();
                }
                Told::Transfer(file, TransferEvent::Leaf { leaf, .. }) => {
                    assert_eq!(leaf.offset, self.taken);
                    let count = leaf.bytes.len() as u64;
                    self.taken += count;
                    self.sums[1] = sum(self.sums[1], &leaf.bytes);
                    session.stored(file, count, Progress::default()).unwrap();
                }
                Told::Text { text, .. } => self.texts.push(text),
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
    let mut stream = Stream::new(100_000_000);
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
    let (mut near, mut far, mut third) = (Stand::new(), Stand::new(), Stand::new());
    let (here, _) = join(&mut near, &mut far);
    let (beyond, _) = join(&mut near, &mut third);
    let mut stream = Stream::new(20_000_000);
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
            // The callees are those with a camera here; both sides' events come through the stream.
            match event {
                Told::Call(call, CallEvent::Picture(picture)) => {
                    pictures[usize::from(peer == beyond)].take(near, peer, call, &picture);
                }
                Told::Call(call, CallEvent::Ringing(_)) => {
                    far.net.session(peer).unwrap().answer(call).unwrap();
                    pictures[0].begin(far, peer, call);
                }
                Told::Call(call, CallEvent::Credit) => pictures[0].begin(far, peer, call),
                _ => {}
            }
        }
        while let Some((peer, event)) = third.said() {
            match event {
                Told::Call(call, CallEvent::Ringing(_)) => {
                    third.net.session(peer).unwrap().answer(call).unwrap();
                    pictures[1].begin(third, peer, call);
                }
                Told::Call(call, CallEvent::Credit) => pictures[1].begin(third, peer, call),
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
    fn begin(&mut self, stand: &mut Stand, peer: PeerId, call: CallId) {
        self.sent += 1;
        let picture = picture(self.sent, stand.net.now().0, 40_000);
        let session = stand.net.session(peer).unwrap();
        session.send_picture(call, picture).unwrap();
    }

    fn take(&mut self, stand: &mut Stand, peer: PeerId, call: CallId, picture: &ReceivedPicture) {
        let expected = [picture.head.sequence as u8; 40_000];
        assert!(picture.bytes == expected, "{:?}", picture.head);
        self.seen += 1;
        let now = stand.net.now();
        let session = stand.net.session(peer).unwrap();
        session.shown(call, picture.head.sequence, now).unwrap();
    }
}
