//! Files: the inbox that receives them safely and the outbox that reads them, with BLAKE3.
//! It knows folders, files and hashes; it refuses to know sockets, sessions and who may send what.
//!
//! What is received grows in a private folder of the inbox, under names of our own:
//!
//! ```text
//! ROOT/.transom-incoming/       0700, one process at a time by its lock file
//!     lock
//!     t-0123../                 one transfer, of one key of one peer
//!         record                whose it is; checked
//!         tree/                 its files as they will be, opened beneath and never through a link
//!         leaves/7              journal of file 7: a checked hash for each leaf that is written
//!         table                 hashes of the files that are one leaf or less
//!         folders               modes and times of the folders, set at the end
//!         old/                  tree/ of the attempts before, until their files are asked for again
//! ```
//!
//! A leaf is verified before it is written, written before it is journalled, and both are on the
//! disk before they are called durable, by descriptors of the reception's own (`syncing.rs` has the
//! rules on one page). What an earlier attempt left is synced and read again before it counts. At
//! the end the whole gets its final name in one step, and that name is on the disk before anybody
//! is told.
//!
//! An entry that can't be taken fails alone; `EntryError::is_passing` lists what keeps a folder for
//! the next attempt instead. All calls to the disk go through one room (`disk.rs`), where tests let
//! each of them fail, lie or take long (module `faults`, behind its feature).
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
//! let mut outbox = Outbox::walk(&folder.join("photo.jpg"))?;
//! let mut inbox = Inbox::open(settings)?;
//! let offer = Offer {
//!     transfer: outbox.key(&[1; 32], &[2; 32]),
//!     shape: outbox.shape(),
//!     collision: Collision::Rename,
//!     files: outbox.files(),
//!     bytes: outbox.bytes(),
//!     is_counted: true,
//!     name: RelativePath::new("photo.jpg")?,
//! };
//! let mut reception = inbox.receive([1; 32], &offer)?;
//! for index in 0..outbox.files() {
//!     let info = outbox.entry(index).expect("an index below the count");
//!     let path = RelativePath::new(&info.path)?;
//!     let EntryInfo { kind, mode, mtime, size, .. } = info;
//!     let entry = Entry { index, kind, mode, mtime, size, path };
//!     let Begin::Data { offset, proof } = reception.entry(&entry)? else { continue };
//!     outbox.start(index, offset, &proof)?;
//!     loop {
//!         match outbox.next_leaf(index, Vec::new())? {
//!             Step::Leaf { index, offset, hash, bytes } => {
//!                 reception.leaf(index, offset, &hash, &bytes)?;
//!             }
//!             Step::End { size, root, .. } => {
//!                 reception.end(index, size, &root)?;
//!                 break;
//!             }
//!         }
//!     }
//! }
//! let finished = reception.finish(outbox.files())?;
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
mod reception;
mod record;
mod room;
mod slice;
mod syncing;
mod table;
mod usage;

#[cfg(feature = "faults")]
#[doc(hidden)]
pub mod faults;
#[cfg(not(feature = "faults"))]
#[path = "faults/off.rs"]
mod faults;
#[doc(hidden)]
pub mod fuzzing;

pub use error::{EntryError, InboxError, OutboxError, SkipReason};
pub use hash::{hash_file, leaf as hash_leaf};
pub use inbox::{Inbox, InboxSettings, Leftover};
pub use mark::Mark;
pub use name::{path_text, text_path};
pub use outbox::{EntryInfo, Outbox, Skipped, Step};
pub use reception::{Begin, Counts, Done, Finished, Reception, Unplaced};
pub use room::RoomLimits;
