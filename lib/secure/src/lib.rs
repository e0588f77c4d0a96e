//! Identity, handshake and sealed records of one connection (wire 2 and 3.1), and pairing by a typed
//! code (wire 10). Sans-IO: its caller moves the bytes. It knows no socket, file or clock, nor the
//! meaning of a session's records.
//!
//! The handshake is `Noise_XX_25519` with BLAKE2s; its prologue is both preambles. The dialer
//! learns the listener's key before it reveals its own. After it knows the peer's key, a side sends
//! nothing until its owner has [admitted](Handshake::admit) that key.
//!
//! ```
//! use transom_secure::{Ciphers, Handshake, Identity, Side};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (anna, box1) = (Identity::generate()?, Identity::generate()?);
//! let mut dialer = Handshake::new(&anna, Side::Dialer, Ciphers::detect())?;
//! let mut listener = Handshake::new(&box1, Side::Listener, Ciphers::detect())?;
//!
//! while !(dialer.is_complete() && listener.is_complete()) {
//!     // 1. Write the outgoing bytes, hand over the bytes that were read.
//!     while let Some(bytes) = dialer.poll_transmit() {
//!         listener.handle_bytes(&bytes)?;
//!     }
//!     while let Some(bytes) = listener.poll_transmit() {
//!         dialer.handle_bytes(&bytes)?;
//!     }
//!     // 2. Ask the owner once the peer's key is known.
//!     if dialer.remote() == Some(box1.public()) && !dialer.is_admitted() {
//!         dialer.admit()?;
//!     }
//!     if listener.remote() == Some(anna.public()) && !listener.is_admitted() {
//!         listener.admit()?;
//!     }
//! }
//!
//! // 3. After that: records.
//! let (mut near, mut far) = (dialer.into_channel()?, listener.into_channel()?);
//! let mut wire = Vec::new();
//! near.seal(b"hello", &mut wire)?;
//! let (length, sealed) = wire.split_at_mut(2);
//! assert_eq!(length, (sealed.len() as u16).to_be_bytes());
//! assert_eq!(far.open(sealed)?, b"hello");
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod channel;
mod cipher;
mod cipher_state;
mod code;
mod error;
mod handshake;
mod identity;
mod key;
mod message;
mod noise;
mod pairing;
mod preamble;

pub use channel::{Channel, MAX_PLAIN, RECORD_HEAD, RECORD_OVERHEAD};
pub use cipher::{Cipher, Ciphers};
pub use code::{Code, InvalidCode, completions};
pub use error::{ChannelError, HandshakeError, PairingError, SecureError};
pub use handshake::{HANDSHAKE_BUFFER, HANDSHAKE_TIMEOUT, Handshake};
pub use identity::Identity;
pub use message::INTRODUCTION;
pub use pairing::{PAIRING_BUFFER, PAIRING_TIMEOUT, Pairing};
pub use preamble::{Purpose, VERSION};
pub use transom_wire::Side;
pub use zeroize::Zeroizing;

#[doc(hidden)]
pub mod fuzzing;
