//! The protocol of a session, without IO: no clock, socket, file or thread. It knows messages
//! (`transom-wire`) and nothing of keys, disks, cameras or windows.
//!
//! A [`Connection`] with one peer begins after the handshake. The code that moves its bytes passes
//! in decrypted bytes and the time, and takes out events and the plain bytes of records to encrypt.
//! The owner of the connection acts on the events by the verbs of its [`Session`].
//!
//! # Order of calls
//!
//! 1. [`Connection::new`], which queues the Hello.
//! 2. Bytes were received: [`handle_bytes`](Connection::handle_bytes). On an error call
//!    [`bye`](Connection::bye) with its [`code`](PeerError::code), send that, and close. For bytes
//!    of a record that is incomplete and thus can't be decrypted:
//!    [`handle_partial`](Connection::handle_partial).
//! 3. The time of [`poll_timeout`](Connection::poll_timeout) has passed:
//!    [`handle_timeout`](Connection::handle_timeout).
//! 4. Verbs of the owner, such as [`ring`](Session::ring), [`text`](Session::text),
//!    [`offer`](Session::offer).
//! 5. After each of these, until nothing is left: take out events by
//!    [`poll_event`](Connection::poll_event) and act on them; while the socket is writable, take
//!    out records by [`poll_transmit`](Connection::poll_transmit). The content of a record is
//!    chosen there, so take out no record that can't be written.
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
//!                            send_picture()   one slot: a newer picture replaces an older one
//!   Picture <-- Picture.. <- chunk by chunk, as credit, gate and socket allow
//!   shown() --> Shown -----> Credit
//!   want_stats() ----------> WantStats        of the camera that is shown
//!   CameraStats <----------- camera_stats()   at most once a second
//!   listen() -> Listen ----> Listen           either side, then the other's sound:
//!   send_sound() -> Sound -> Sound            the newest 200 ms wait
//!   sound_end(), sound_state() -------------> SoundEnd, SoundState
//!   hang_up() -> HangUp ---> HungUp           either side, at any time
//! ```
//!
//! When both sides ring at once (glare), the call of the side with the lower nonce ends as declined
//! on both sides. `ring` is refused while a call rings, so that glare needs two rings that cross on
//! the wire.
//!
//! # A transfer
//!
//! ```text
//!   offer()  --> Offered;  accept() --> Accepted, and a grant of one window
//!   total()  --> Total                                 until all that is offered is counted
//!   entry()  --> Entry;    start()  --> Started        or done(), failed()
//!   leaf()   --> Leaf;     stored() --> Progress       and a grant of as many bytes as were taken
//!   end()    --> Ended;    done()   --> Done           or failed()
//!   finish() --> Finish;   finished() --> Finished     once every entry is done or abandoned
//! ```
//!
//! Either side may at any time `pause`, `limit` or `cancel`. After `failed`, the sender's session
//! abandons the entry; until then its leaves are dropped at the receiver. Messages that were in
//! flight when their stream was closed are ignored; every other message that is illegal in the
//! current state is a [`PeerError`].
//!
//! # Priorities
//!
//! First control and acks, which are never held back; then sound, of which only the newest 200 ms
//! wait; then pictures, of which one is finished
//! before the next begins; then texts and file control; then file data, where transfers take turns
//! of one record's bytes. The module `send` chooses, each time that a record is asked for.
//!
//! While a call is live anywhere at the station, acks bound the bytes in flight by the time they
//! need: a gate holds pictures back, and a window holds file data back to cause a queue of
//! [`Config::bulk_target`] at most. Texts and file data keep a floor of [`Config::bulk_floor`]. A
//! record carries one class then, and at most what the path delivers in 3 ms; otherwise at most
//! what the path delivers in 250 ms. The module `path` measures the path and sets these limits.
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
    CallEvent, CallId, Event, LeafData, LeafHashes, OwnedEntry, OwnedOffer, PathString, Picture,
    Queued, ReceivedPicture, SoundFrame, TransferEvent, TransferId,
};
pub use instant::Instant;
pub use path::Uplink;
pub use session::{Session, Traffic};
pub use stats::Stats;
pub use transom_wire::Side;

#[doc(hidden)]
pub mod fuzzing;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
