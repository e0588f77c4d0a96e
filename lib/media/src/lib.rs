//! Pictures: camera sources, JPEG in and out, conversion, scaling. It knows no socket, no peer and
//! no file format but those of moving pictures.
//!
//! Every source implements [`Camera`] and is opened by [`open`]. Opening and dropping a camera may
//! each take seconds, so a camera belongs to one thread that may block. Two sources run a thread of
//! their own: one reads standard input; the other starts a program and waits for its end, because
//! the parent-death signal of Linux is sent when the *thread* that started the program ends.
//!
//! ```
//! use transom_media::{CaptureRequest, Encoder, Source, Waiter, open};
//!
//! let request = CaptureRequest {
//!     source: Source::Pattern,
//!     fps: Some(100),
//!     ..CaptureRequest::default()
//! };
//! let mut camera = open(&request)?;
//! let mut encoder = Encoder::new(request.quality, request.size);
//! let (_hold, waiter) = Waiter::new()?;
//! let picture = loop {
//!     waiter.wait(&*camera);
//!     if let Some(picture) = camera.newest(Some(&mut encoder))? {
//!         break picture;
//!     }
//! };
//! assert_eq!((picture.width, picture.height), (640, 480));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(test)]
#[expect(unsafe_code, reason = "an allocator that counts")]
mod allocations;
mod camera;
mod color;
mod control;
mod error;
mod film;
mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod jpeg;
#[cfg(target_os = "linux")]
mod linux;
mod list;
mod modes;
#[cfg(any(not(target_os = "linux"), feature = "nokhwa"))]
mod nokhwa;
mod pool;
mod request;
mod rotation;
mod signature;
mod slot;
mod source;
#[cfg(unix)]
#[expect(unsafe_code, reason = "the calls that std lacks, each with its reason")]
mod sys;
mod waiter;

#[cfg(not(target_os = "linux"))]
pub use self::nokhwa::{DeviceWatch, Opener};
pub use camera::{Camera, Counts, Format, Wait, open, prepare};
pub use color::{ColorEncoding, Matrix, Quantization};
pub use control::{Control, InvalidSetting, Setting, SettingError};
pub use error::{CameraError, ImageError};
pub use film::{Film, MAX_FILM_FILES, Sound as FilmSound, SoundCodec, Speaker};
pub use frame::{Frame, Layout, Picture, RawFrame};
pub use guard::{guard, is_guarded};
pub use jpeg::decode::{Image, Limit, decode};
pub use jpeg::encode::Encoder;
pub use jpeg::header::{Header, probe};
pub use jpeg::oriented::oriented;
pub use jpeg::repair::{Mended, repair};
pub use jpeg::scale::fit;
pub use jpeg::splitter::Splitter;
pub use jpeg::{MAX_JPEG_BYTES, MAX_SIDE};
#[cfg(target_os = "linux")]
pub use linux::{DeviceWatch, Opener};
pub use list::{Device, DeviceProblem, list};
pub use request::{CaptureRequest, Prefer, Source, UnknownChoice};
pub use rotation::Rotation;
pub use slot::Slot;
pub use waiter::{Hold, Waiter};
