//! The rules of a session, without IO: no clock, socket, file or thread. It knows messages
//! (`transom-wire`) and nothing of keys, disks, cameras or windows.
//!
//! A [`Connection`] with one peer begins after the handshake. The code that moves its bytes brings
//! opened bytes and the time, and takes out events and the plain bytes of records to seal. The
//! owner of the connection acts on the events by the verbs of its [`Session`].
//!
//! # Order of calls
//!
//! 1. [`Connection::new`], which queues the Hello.
//! 2. Bytes came: [`handle_bytes`](Connection::handle_bytes). On an error say
//!    [`bye`](Connection::bye) with its [`code`](PeerError::code), send that, close. Bytes came of
//!    a record that can't be opened before all of it is there:
//!    [`handle_partial`](Connection::handle_partial).
//! 3. The time of [`poll_timeout`](Connection::poll_timeout) has come:
//!    [`handle_timeout`](Connection::handle_timeout).
//! 4. The owner's own wishes: verbs such as [`ring`](Session::ring), [`text`](Session::text),
//!    [`offer`](Session::offer).
//! 5. After each of these, until nothing is left: take events by
//!    [`poll_event`](Connection::poll_event) and act on them, and, as long as the socket takes
//!    bytes, records by [`poll_transmit`](Connection::poll_transmit). What goes into a record is
//!    decided there, so nothing should be taken that can't be written.
//!
//! ```
//! use transom_proto::{Config, Connection, Event, Instant, Side};
//! let (ann, bob) = (Config::new("ann".parse()?, 1, 1), Config::new("bob".parse()?, 1, 2));
//! let mut ann = Connection::new(ann, Side::Dialer, Instant(0));
//! let mut bob = Connection::new(bob, Side::Listener, Instant(0));
//! ann.session.text("is it you?")?;
//!
//! let mut record = [0; transom_wire::limits::RECORD_BULK];
//! let used = ann.poll_transmit(&mut record, Instant(10));
//! bob.handle_bytes(&record[..used], Instant(20))?;
//! assert!(matches!(bob.poll_event(), Some(Event::Hello { name, .. }) if name.as_str() == "ann"));
//! assert!(matches!(bob.poll_event(), Some(Event::Text { text, .. }) if text == "is it you?"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A call
//!
//! ```text
//!   ring()  --> Ring ------> Ringing
//!   Answered <-- Answer <--- answer()
//!                            send_picture()   a slot of one: newer replaces older
//!   Picture <-- Picture.. <- chunk by chunk, as credit, gate and socket allow
//!   shown() --> Shown -----> Credit
//!   hang_up() -> HangUp ---> HungUp           either side, at any time
//! ```
//!
//! When both ring at once, the call of the side with the lower nonce ends as declined by glare, on
//! both sides. `ring` is refused while anything rings, so that rings can only meet by crossing.
//!
//! # A transfer
//!
//! ```text
//!   offer()  --> Offered;  accept() --> Accepted, granted one window
//!   entry()  --> Entry;    start()  --> Started        or done(), failed()
//!   leaf()   --> Leaf;     stored() --> Progress       and room for as many bytes as were taken
//!   end()    --> Ended;    done()   --> Done           or failed()
//!   finish() --> Finish;   finished() --> Finished     once every entry is settled
//! ```
//!
//! Either side may at any time `pause`, `limit` or `cancel`. `failed` is answered by the sender's
//! session: leaves of that entry that still come are dropped. After a stream is closed, what was
//! under way for it is skipped quietly; everything else that does not fit is a [`PeerError`].
//!
//! # What goes first
//!
//! Control and acks, never held back; then sound, of which the newest 200 ms wait (no verb fills it
//! yet: calls with sound are next); then pictures, of which one is finished before the next begins;
//! then texts and file control; then file data, in which transfers take turns of one record's
//! bytes. The module `send` decides it in one place, each time that a record is asked for.
//!
//! While a call is live anywhere at the station, what is on the way is bounded in time by what acks
//! show of the path: pictures by a gate, file data by a window that causes a queue of
//! [`Config::bulk_target`] at most. Texts and file data keep a floor of [`Config::bulk_floor`]. A
//! record carries one class then, and at most what passes in 3 ms; else it takes 250 ms at most.
//! The module `path` measures and bounds.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::cast_possible_truncation)]

extern crate alloc;

mod call;
mod config;
mod connection;
mod deframer;
mod error;
mod event;
mod file;
mod instant;
mod liveness;
#[cfg(test)]
mod numbers;
mod path;
mod receive;
mod send;
mod session;
mod stats;
mod streams;
mod text;
mod verbs;
mod video;

pub use config::{Config, Order};
pub use connection::Connection;
pub use error::{PeerError, UsageError};
pub use event::{
    CallEvent, CallId, Event, LeafData, OwnedEntry, OwnedOffer, PathString, Picture, Queued,
    ReceivedPicture, Side, TransferEvent, TransferId,
};
pub use instant::Instant;
pub use path::Uplink;
pub use session::{Session, Traffic};
pub use stats::Stats;

#[doc(hidden)]
pub mod fuzzing;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
