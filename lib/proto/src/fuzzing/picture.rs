//! Pictures of made-up content.

use alloc::sync::Arc;
use alloc::vec;

use transom_wire::{Codec, Orientation, PictureHead};

use crate::Picture;

/// A picture of that many bytes, each the low byte of its sequence number. `captured` is in
/// microseconds of the sender's clock.
pub fn picture(sequence: u32, captured: u64, bytes: usize) -> Picture {
    let head = PictureHead {
        sequence,
        captured,
        acquired_after: 0,
        ready_after: 0,
        sent_after: 0,
        width: 640,
        height: 480,
        orientation: Orientation::Upright,
        codec: Codec::Jpeg,
        total: 0,
    };
    let bytes = Arc::new(vec![sequence as u8; bytes]);
    Picture { head, bytes }
}
