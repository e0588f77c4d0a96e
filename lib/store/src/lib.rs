//! Files: the inbox that receives them safely, the outbox that reads them and the spool that keeps
//! them for later, with BLAKE3.
//! It knows folders, files and hashes; it refuses to know sockets, sessions and who may send what.
//!
//! What is received grows in a private folder of the inbox, under names of our own:
//!
//! ```text
//! ROOT/.transom-incoming/       0700, one process at a time by its lock file
//!     lock
//!     published                 what came from which transfer, and when
//!     t-0123../                 one transfer, of one key of one peer
//!         record                whose it is; checked
//!         tree/                 its files as they will be, opened beneath and never through a link
//!         leaves/4f3a..         journal of a file of more than one leaf, named by its path's hash
//!         folders               modes and times of the folders, set at the end
//!         old/0, old/1 ..       tree/ of the attempts before, until their files are asked for
//! ```
//!
//! The life of a file, and where a crash (of the process, the system or the power) may hit it:
//!
//! ```text
//! Offer      Entry      Leaf, Hashes ..                            End      Finish
//!   |          |          |                                         |         |
//!   v          v          v                                         v         v
//! claimed -> begun -> written -> synced -> recorded -> on disk -> whole -> flushed -> named -> durable
//!          1        2          3         4           5          6        7          8        9
//!                   ^                                |
//!                   |          \___ a checkpoint ___/
//!                   |                                |
//!                   +-- withdrawn <-- differs from the sender's, or from its record
//!                    5
//! ```
//!
//! | crash | what is there | what becomes of it |
//! |---|---|---|
//! | 1 | a folder with a record or without | without one it is removed when the inbox opens; with one it is taken up, and holds nothing |
//! | 2, 3 | leaves that may not be on the disk, without records | the file is cut to the leaves that have records, at most a checkpoint (64 MiB, a second) is sent again; a file of one leaf is synced, read from the disk and compared |
//! | 4 | records that may not be on the disk, of leaves that are | a record that is missing or torn costs its leaf |
//! | 5 | a leaf whose record was withdrawn, and may be half overwritten | it has no record, so it is asked again |
//! | 6, 7 | all leaves, the last perhaps without records | as 2 to 5; no file shows before all of its transfer is there |
//! | 8 | the final name, or the name in the private folder | the one: the same is there already when it comes again; the other: as 7 |
//! | 9 | all | the sender was not told: it sends again, and is told that it is there already |
//!
//! So a record means that its leaf is on the disk, at any time (`journal.rs`). When a file is taken
//! up, its records say at once where the sender goes on. The sender's hashes are compared with the
//! records, what differs is asked again leaf by leaf (`part.rs`), and each leaf that was here
//! before is read once before the file is whole. A sync that fails ends it all: no more records are
//! written, and the next attempt goes on from those that were (`syncing.rs` has the rules on one
//! page).
//!
//! What is sent again is looked for where it was published (`published.rs`, `existing.rs`). A file
//! there that is the same is done without a byte; of one that changed, the leaves that differ are
//! asked, and the others are copied from there into `tree/` once the sender's hashes are known.
//! Nothing in the inbox is ever written to, so a crash leaves the old file as it was. A crash after
//! 8 may lose the line in `published`: then all is sent once more and compared at the end.
//!
//! An entry that can't be taken fails alone; `EntryError::may_succeed_later` lists what keeps a
//! folder for the next attempt instead. All calls to the disk go through one module
//! (`disk.rs`), where tests let each of them fail, lie or take long (module `faults`, behind its
//! feature).
//!
//! Both ends in one place, as two stations do it with a connection between:
//!
//! ```
//! use transom_store::{Begin, Inbox, InboxSettings, Outbox, Step};
//! use transom_wire::{Collision, Ending, Entry, Offer, RelativePath};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("transom-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let settings = InboxSettings::new(folder.join("in"));
//! std::fs::write(folder.join("photo.jpg"), b"not really")?;
//! let mut outbox = Outbox::open(&folder.join("photo.jpg"))?;
//! let counted = outbox.count(1000)?;
//! let mut inbox = Inbox::open(settings)?;
//! let offer = Offer {
//!     transfer: outbox.key(&[1; 32], &[2; 32]),
//!     shape: outbox.shape(),
//!     collision: Collision::Rename,
//!     files: counted.entries,
//!     bytes: counted.bytes,
//!     is_counted: counted.is_all,
//!     name: RelativePath::new("photo.jpg")?,
//! };
//! let mut reception = inbox.receive([1; 32], &offer)?;
//! let walked = outbox.walk(1000)?;
//! for index in walked.entries {
//!     let info = outbox.entry(index).expect("an entry that is not settled");
//!     let path = RelativePath::new(&info.path)?;
//!     let EntryInfo { kind, mode, mtime, size, .. } = info;
//!     let entry = Entry { index, kind, mode, mtime, size, path };
//!     let Begin::Data { offset } = reception.begin_entry(&entry)? else { continue };
//!     outbox.start(index, offset)?;
//!     loop {
//!         match outbox.next_leaf(index, Vec::new())? {
//!             Step::Leaf { index, offset, hash, bytes, .. } => {
//!                 reception.leaf(index, offset, &hash, &bytes)?;
//!             }
//!             Step::Sent { .. } => {
//!                 let held = outbox.hashes(index, 128, &mut Vec::new())?;
//!                 reception.hashes(index, held.offset, &held.hashes)?;
//!             }
//!             Step::End { size, root, .. } => {
//!                 reception.end(index, size, &root)?;
//!                 break;
//!             }
//!         }
//!     }
//! }
//! let finished = reception.finish(counted.entries)?;
//! assert_eq!(finished.ending, Ending::Durable);
//! assert_eq!(finished.path, folder.join("in/photo.jpg"));
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! # use transom_store::EntryInfo;
//! ```
#![forbid(unsafe_code)]

mod compare;
mod dir;
mod disk;
mod error;
mod existing;
mod file;
mod folders;
mod hash;
mod inbox;
mod journal;
mod mark;
mod name;
mod outbox;
mod part;
mod part_error;
mod publish;
mod published;
mod reception;
mod record;
mod room;
mod scratch;
mod slice;
mod spool;
mod staging;
mod syncing;
mod usage;
mod wall;

#[cfg(feature = "faults")]
#[doc(hidden)]
pub mod faults;
#[cfg(not(feature = "faults"))]
#[path = "faults/off.rs"]
mod faults;
#[doc(hidden)]
pub mod fuzzing;

pub use error::{EntryError, InboxError, OutboxError, SkipReason};
pub use hash::{ZEROS, leaf as hash_leaf};
pub use inbox::{Inbox, InboxSettings, Leftover};
pub use mark::Mark;
pub use name::{path_text, text_path};
pub use outbox::{Counted, EntryInfo, Hashes, Outbox, Skipped, Step, Walked};
pub use part::Run;
pub use reception::{Begin, Counts, Ended, Finished, NamedEntries, Reception, Unplaced};
pub use room::{RoomLimit, RoomLimits};
pub use spool::{Delivering, MAX_SPOOLED, Spool, SpoolError, SpoolItem};
pub use wall::can_confine;
