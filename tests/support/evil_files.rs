//! Peers that speak the protocol of files by hand, and break its rules where a test wants it.

use std::net::{SocketAddr, TcpListener};
use std::ops::Range;

use transom_secure::Identity;
use transom_store::hash_leaf;
use transom_wire::limits::{HASHES, LEAF};
use transom_wire::{
    Accept, Again, Capabilities, Collision, Done, End, Ending, Entry, EntryKind, FailReason,
    Finish, Grant, Hashes, Leaf, LeafContent, Message, Offer, PublicKey, RefuseReason,
    RelativePath, Shape, Start, TransferKey,
};

use crate::evil::{Closed, Evil};

/// The private key of the hostile peers here.
pub const EVIL_KEY: [u8; 32] = [0x66; 32];

/// The same key as it stands in a contact book.
pub fn evil_public_key() -> PublicKey {
    PublicKey(Identity::from_bytes(EVIL_KEY).public())
}

/// What a receiver does about an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reply {
    /// It asks for the data.
    Start(Start),
    /// It asks for leaves again.
    Again(Again),
    /// The entry is stored.
    Done,
    /// It can't store the entry.
    Failed(FailReason),
}

/// A sender of files. Its streams are 1, 3, 5 and so on.
#[derive(Debug)]
pub struct EvilSender {
    /// The connection, for messages that no honest sender says.
    pub evil: Evil,
    next_stream: u16,
}

impl EvilSender {
    /// Connects with [`EVIL_KEY`].
    ///
    /// # Panics
    /// When that key is not let in.
    pub fn connect(address: &str) -> Self {
        Self::connect_with(address, EVIL_KEY)
    }

    /// Connects with that private key.
    ///
    /// # Panics
    /// When that key is not let in.
    pub fn connect_with(address: &str, private: [u8; 32]) -> Self {
        let mut evil = Evil::connect(address, private).expect("its key is known");
        evil.greet(Capabilities::NONE);
        Self {
            evil,
            next_stream: 1,
        }
    }

    /// Offers on a new stream, which is returned.
    pub fn offer(&mut self, offer: Offer<'_>) -> u16 {
        let stream = self.new_stream();
        self.evil.say(stream, Message::Offer(offer));
        stream
    }

    /// A stream that was not used yet.
    pub fn new_stream(&mut self) -> u16 {
        self.next_stream += 2;
        self.next_stream - 2
    }

    /// Waits for the answer to an offer.
    ///
    /// # Errors
    /// When the receiver closes.
    pub fn answer(&mut self, stream: u16) -> Result<Result<(), RefuseReason>, Closed> {
        self.evil.wait(|on, message| match message {
            Message::Accept(_) if on == stream => Some(Ok(())),
            Message::Refuse(status) if on == stream => Some(Err(status.code)),
            _ => None,
        })
    }

    /// Offers, and waits until the offer is accepted.
    ///
    /// # Panics
    /// When it is not.
    pub fn begin(&mut self, offer: Offer<'_>) -> u16 {
        let stream = self.offer(offer);
        assert_eq!(self.answer(stream), Ok(Ok(())), "{offer:?}");
        stream
    }

    /// Announces an entry, and waits for what the receiver does about it.
    ///
    /// # Errors
    /// When the receiver closes.
    pub fn entry(&mut self, stream: u16, entry: Entry<'_>) -> Result<Reply, Closed> {
        self.evil.say(stream, Message::Entry(entry));
        self.reply(stream, entry.index)
    }

    /// Waits for what the receiver does about an entry.
    ///
    /// # Errors
    /// When the receiver closes.
    pub fn reply(&mut self, stream: u16, index: u32) -> Result<Reply, Closed> {
        self.evil.wait(|on, message| match message {
            _ if on != stream => None,
            Message::Start(start) if start.index == index => Some(Reply::Start(start)),
            Message::Again(again) if again.index == index => Some(Reply::Again(again)),
            Message::Done(done) if done.index == index => Some(Reply::Done),
            Message::Failed(failure) if failure.index == index => {
                Some(Reply::Failed(failure.reason))
            }
            _ => None,
        })
    }

    /// Sends a leaf with that hash.
    pub fn leaf(&mut self, stream: u16, index: u32, offset: u64, hash: [u8; 32], bytes: &[u8]) {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let leaf = Leaf {
            index,
            offset,
            len,
            hash,
            content: LeafContent::Data,
        };
        self.evil.say(stream, Message::Leaf(leaf));
        self.data(stream, bytes);
    }

    /// Says that a leaf lies in a hole, with that hash.
    pub fn hole(&mut self, stream: u16, index: u32, offset: u64, len: u32, hash: [u8; 32]) {
        let leaf = Leaf {
            index,
            offset,
            len,
            hash,
            content: LeafContent::Hole,
        };
        self.evil.say(stream, Message::Leaf(leaf));
    }

    /// Sends the bytes of a leaf.
    pub fn data(&mut self, stream: u16, bytes: &[u8]) {
        for part in bytes.chunks(32 * 1024) {
            self.evil.say(stream, Message::Data(part));
        }
    }

    /// Sends all leaves of a file, and their end, as an honest sender does.
    pub fn content(&mut self, stream: u16, index: u32, bytes: &[u8]) {
        self.rest(stream, Start { index, offset: 0 }, bytes);
    }

    /// The same from where the receiver wants it to start, and the hashes of what is before.
    pub fn rest(&mut self, stream: u16, start: Start, bytes: &[u8]) {
        let Start { index, offset } = start;
        let held = usize::try_from(offset).unwrap_or(usize::MAX).div_ceil(LEAF);
        self.hashes(stream, index, bytes, 0..held);
        for number in held..bytes.len().div_ceil(LEAF) {
            self.honest_leaf(stream, index, bytes, number);
        }
        self.end(stream, index, bytes.len() as u64, content_root(bytes));
    }

    /// Sends leaves again as an honest sender does.
    pub fn again(&mut self, stream: u16, again: Again, file: &[u8]) {
        let first = usize::try_from(again.offset).unwrap_or(usize::MAX) / LEAF;
        for number in (first..).take(again.leaves as usize) {
            self.honest_leaf(stream, again.index, file, number);
        }
    }

    /// Sends the hashes of some leaves of a file, as an honest sender does.
    pub fn hashes(&mut self, stream: u16, index: u32, file: &[u8], leaves: Range<usize>) {
        let offset = |number| (number * LEAF) as u64;
        let some = file
            .chunks(LEAF)
            .enumerate()
            .take(leaves.end)
            .skip(leaves.start);
        let hash = |(number, bytes)| hash_leaf(bytes, offset(number), file.len() as u64);
        let hashes: Vec<_> = some.map(hash).collect();
        for (number, hashes) in hashes.chunks(HASHES).enumerate() {
            self.evil.say(
                stream,
                Message::Hashes(Hashes {
                    index,
                    offset: offset(leaves.start + number * HASHES),
                    hashes,
                }),
            );
        }
    }

    /// Sends one leaf of a file as an honest sender does.
    pub fn honest_leaf(&mut self, stream: u16, index: u32, file: &[u8], number: usize) {
        let offset = (number * LEAF) as u64;
        let bytes = file.chunks(LEAF).nth(number).unwrap_or_default();
        let hash = hash_leaf(bytes, offset, file.len() as u64);
        self.leaf(stream, index, offset, hash, bytes);
    }

    /// Says that all leaves of an entry are sent.
    pub fn end(&mut self, stream: u16, index: u32, size: u64, root: [u8; 32]) {
        self.evil
            .say(stream, Message::End(End { index, size, root }));
    }

    /// Announces a file and sends its content; gives what became of it.
    ///
    /// # Errors
    /// When the receiver closes.
    pub fn file(&mut self, stream: u16, entry: Entry<'_>, bytes: &[u8]) -> Result<Reply, Closed> {
        match self.entry(stream, entry)? {
            Reply::Start(start) => {
                self.rest(stream, start, bytes);
                loop {
                    match self.reply(stream, entry.index)? {
                        Reply::Again(again) => self.again(stream, again, bytes),
                        reply => return Ok(reply),
                    }
                }
            }
            reply => Ok(reply),
        }
    }

    /// Gives up an entry, as an honest sender does when the receiver has failed it.
    pub fn abandon(&mut self, stream: u16, index: u32) {
        let failure = transom_wire::Failure {
            index,
            reason: FailReason::Io,
            errno: 0,
            text: "",
        };
        self.evil.say(stream, Message::Abandon(failure));
    }

    /// Says that no more entries come, and waits for how the transfer ended.
    ///
    /// # Errors
    /// When the receiver closes.
    pub fn finish(&mut self, stream: u16, entries: u32) -> Result<Ending, Closed> {
        self.evil.say(stream, Message::Finish(Finish { entries }));
        self.ending(stream)
    }

    /// Waits for how the transfer ended.
    ///
    /// # Errors
    /// When the receiver closes.
    pub fn ending(&mut self, stream: u16) -> Result<Ending, Closed> {
        self.evil.wait(|on, message| match message {
            Message::Finished(status) if on == stream => Some(status.code),
            _ => None,
        })
    }
}

/// A receiver of files that listens on loopback.
#[derive(Debug)]
pub struct EvilReceiver {
    listener: TcpListener,
}

/// A connection of a sender to an [`EvilReceiver`], with its offer.
#[derive(Debug)]
pub struct EvilReceipt {
    /// The connection, for messages that no honest receiver says.
    pub evil: Evil,
    /// The stream of the offer.
    pub stream: u16,
    /// What was offered.
    pub name: String,
    /// Entries offered.
    pub files: u32,
    /// Bytes offered.
    pub bytes: u64,
}

impl EvilReceiver {
    /// Listens on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self { listener }
    }

    /// Where it listens.
    ///
    /// # Panics
    /// Never: it has an address.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("it is bound")
    }

    /// Waits for a sender and its offer.
    ///
    /// # Panics
    /// When the sender closes before that.
    pub fn offered(&self) -> EvilReceipt {
        let mut evil = Evil::accept(&self.listener, EVIL_KEY).expect("the sender stays");
        evil.greet(Capabilities::FILES);
        let offer = evil.wait(|stream, message| match message {
            Message::Offer(offer) => {
                let name = offer.name.as_str().to_owned();
                Some((stream, name, offer.files, offer.bytes))
            }
            _ => None,
        });
        let (stream, name, files, bytes) = offer.expect("an offer");
        EvilReceipt {
            evil,
            stream,
            name,
            files,
            bytes,
        }
    }
}

impl Default for EvilReceiver {
    fn default() -> Self {
        Self::new()
    }
}

impl EvilReceipt {
    /// Accepts the offer, and permits so many bytes of data.
    pub fn accept(&mut self, grant: u64) {
        self.evil
            .say(self.stream, Message::Accept(Accept { held: 0 }));
        self.say(Message::Grant(Grant { bytes: grant }));
    }

    /// Says something on the transfer's stream.
    pub fn say(&mut self, message: Message<'_>) {
        self.evil.say(self.stream, message);
    }

    /// Waits until all entries are announced; gives their paths, kinds and sizes.
    ///
    /// # Panics
    /// When the sender closes before that.
    pub fn entries(&mut self) -> Vec<(String, EntryKind, u64)> {
        let mut entries = Vec::new();
        while entries.len() < self.files as usize {
            let entry = self.evil.wait(|_, message| match message {
                Message::Entry(entry) => {
                    Some((entry.path.as_str().to_owned(), entry.kind, entry.size))
                }
                _ => None,
            });
            entries.push(entry.expect("all entries"));
        }
        entries
    }

    /// Asks for an entry's data from an offset on.
    pub fn start(&mut self, index: u32, offset: u64) {
        self.say(Message::Start(Start { index, offset }));
    }

    /// Waits for the end of an entry; gives its data, or why the sender gave it up.
    ///
    /// # Errors
    /// When the sender closes.
    pub fn data(&mut self, index: u32) -> Result<Result<Vec<u8>, FailReason>, Closed> {
        let mut data = Vec::new();
        self.evil.wait(|_, message| match message {
            Message::Data(bytes) => {
                data.extend_from_slice(bytes);
                None
            }
            Message::End(end) if end.index == index => Some(Ok(std::mem::take(&mut data))),
            Message::Abandon(failure) if failure.index == index => Some(Err(failure.reason)),
            _ => None,
        })
    }

    /// Says that an entry is stored.
    pub fn done(&mut self, index: u32, root: [u8; 32]) {
        self.say(Message::Done(Done { index, root }));
    }

    /// Waits until the sender says that no more entries come, and says how the transfer ended.
    ///
    /// # Panics
    /// When the sender closes before that.
    pub fn finish(&mut self, ending: Ending, text: &str) {
        let finish = self
            .evil
            .wait(|_, message| matches!(message, Message::Finish(_)).then_some(()));
        finish.expect("a finish");
        self.finished(ending, text);
    }

    /// Says how the transfer ended.
    pub fn finished(&mut self, ending: Ending, text: &str) {
        self.say(Message::Finished(transom_wire::Status::new(ending, text)));
    }
}

/// An offer of one file.
///
/// # Panics
/// When the name is none.
pub fn file_offer(key: u8, name: &str, bytes: u64) -> Offer<'_> {
    Offer {
        transfer: TransferKey([key; 16]),
        shape: Shape::File,
        collision: Collision::Rename,
        files: 1,
        bytes,
        is_counted: true,
        name: RelativePath::new(name).expect("a legal name"),
    }
}

/// An offer of a folder.
///
/// # Panics
/// When the name is none.
pub fn folder_offer(key: u8, name: &str, files: u32, bytes: u64) -> Offer<'_> {
    Offer {
        shape: Shape::Folder,
        files,
        ..file_offer(key, name, bytes)
    }
}

/// A file of a transfer.
///
/// # Panics
/// When the path is none.
pub fn file_entry(index: u32, path: &str, size: u64) -> Entry<'_> {
    Entry {
        index,
        kind: EntryKind::File,
        mode: 0o644,
        mtime: 1_700_000_000_123_456_789,
        size,
        path: RelativePath::new(path).expect("a legal path"),
    }
}

/// Replaces the one-letter path at the end of a payload by any bytes, for
/// [`Evil::say_changed`].
pub fn with_path(bytes: &[u8]) -> impl FnOnce(&mut Vec<u8>) {
    move |payload| {
        payload.truncate(payload.len() - 3);
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        payload.extend_from_slice(&length.to_be_bytes());
        payload.extend_from_slice(bytes);
    }
}

/// BLAKE3 of a file's bytes.
pub fn content_root(bytes: &[u8]) -> [u8; 32] {
    blake3::hash(bytes).into()
}
