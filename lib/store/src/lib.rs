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
//!         old/                  tree/ of the attempts before, until their files are asked for again
//! ```
//!
//! A leaf is verified before it is written, written before it is journalled, and both are on the disk before they are called
//! durable. What an earlier attempt left is read again before it counts. At the end the whole gets its
//! final name in one step, and that name is on the disk before anybody is told.
#![forbid(unsafe_code)]

mod dir;
mod error;
mod file;
mod folders;
mod hash;
mod inbox;
mod journal;
mod outbox;
mod part;
mod publish;
mod reception;
mod record;
mod table;
mod trouble;
mod usage;

#[doc(hidden)]
pub mod fuzzing;

pub use error::{EntryError, InboxError, OutboxError};
pub use hash::hash_file;
pub use inbox::{Inbox, InboxSettings};
pub use outbox::{EntryInfo, Outbox, Skipped, Step};
pub use reception::{Begin, Counts, Done, Finished, Reception};
