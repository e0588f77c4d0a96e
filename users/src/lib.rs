//! Contacts: their names, addresses, keys and rights. Text in, text out: this crate opens no file
//! and no socket, and of what the user wrote it changes only the line that it is asked to change.
//!
//! The contact book has one contact a line:
//!
//! ```text
//! name host[:port] [key=ID] [may=view,call,files,hear,talk,auto] [#comment]
//! ```
//!
//! ```
//! use transom_users::{Book, KnownPeers, Trust, trust};
//!
//! let text = "anna 192.168.1.20\ndoor 192.168.1.30:7447 may=view # the camera\nbad\n";
//! let (book, errors) = Book::parse(text);
//! assert_eq!(book.contacts().len(), 2);
//! assert_eq!(errors[0].to_string(), "3: bad: no address after the name");
//!
//! let door = book.find("door").unwrap();
//! assert!(door.may.view && !door.may.files);
//!
//! // The first key is learned, another one under the same name is not taken.
//! let mut known = KnownPeers::default();
//! let (first, other) = (transom_wire::PublicKey([1; 32]), transom_wire::PublicKey([2; 32]));
//! assert_eq!(trust(door, &book, &known, &first), Trust::FirstUse);
//! known.learn(door.name, first).unwrap();
//! assert_eq!(trust(door, &book, &known, &first), Trust::Pinned);
//! let changed = Trust::Changed { pinned: first, in_book: false };
//! assert_eq!(trust(door, &book, &known, &other), changed);
//! ```
#![forbid(unsafe_code)]

mod address;
mod book;
mod contact;
mod edit;
mod error;
mod known;
mod lines;
mod rights;
mod text;
mod trust;

pub use address::{Address, DEFAULT_PORT, InvalidAddress};
pub use book::{Book, MAX_CONTACTS, Unknown};
pub use contact::{Contact, MAX_COMMENT};
pub use edit::{EditError, add_line, change_line, paired_line, remove_line, rename_line};
pub use error::{BookError, Fault};
pub use known::{KnownPeers, MAX_KNOWN, NotLearned};
pub use lines::{MAX_BYTES, MAX_ERRORS, MAX_LINE};
pub use rights::{Rights, UnknownRight};
pub use text::{escape, shorten};
/// Which byte of a file's name a character stands for.
pub use transom_wire::raw_byte;
pub use trust::{Person, Trust, identify, pinned, pins, trust};

#[doc(hidden)]
pub mod fuzzing;
