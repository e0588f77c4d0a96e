//! Pause and rate limit of a transfer as our user set them. They outlive the connection.

use std::collections::VecDeque;

use transom_proto::{Session, UsageError};
use transom_wire::TransferKey;

/// Our user's settings for a transfer, sent anew on each connection before data move.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct CaptureRequest {
    pub(super) paused: bool,
    /// Bytes per second; `None` for no limit.
    pub(super) limit: Option<u64>,
}

impl CaptureRequest {
    /// Sends the settings to a peer that does not know them.
    pub(super) fn say(
        self,
        session: &mut Session,
        file: transom_proto::TransferId,
    ) -> Result<(), UsageError> {
        if self.paused {
            session.pause(file, true)?;
        }
        if self.limit.is_some() {
            session.limit(file, self.limit)?;
        }
        Ok(())
    }
}

/// Wishes kept for transfers without a connection. The oldest is dropped for one too many: no user
/// pauses so many transfers.
const MAX_WISHES: usize = 256;

/// The wishes for incoming transfers that lost their connection, by sender and transfer, until the
/// sender is back.
#[derive(Debug, Default)]
pub(super) struct Wishes(VecDeque<(([u8; 32], TransferKey), CaptureRequest)>);

impl Wishes {
    pub(super) fn keep(&mut self, sender: [u8; 32], transfer: TransferKey, wish: CaptureRequest) {
        let _ = self.take(sender, transfer);
        if wish == CaptureRequest::default() {
            return;
        }
        if self.0.len() >= MAX_WISHES {
            self.0.pop_front();
        }
        self.0.push_back(((sender, transfer), wish));
    }

    /// Takes out the wish for a transfer that goes on. The transfer keeps it from then on.
    pub(super) fn take(&mut self, sender: [u8; 32], transfer: TransferKey) -> CaptureRequest {
        let mut wishes = self.0.iter();
        let at = wishes.position(|(of, _)| *of == (sender, transfer));
        let wish = at.and_then(|at| self.0.remove(at));
        wish.map_or(CaptureRequest::default(), |(_, wish)| wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: [u8; 32] = [1; 32];
    const PAUSED: CaptureRequest = CaptureRequest {
        paused: true,
        limit: None,
    };

    fn key(number: u32) -> TransferKey {
        let mut key = [0; 16];
        key[..4].copy_from_slice(&number.to_be_bytes());
        TransferKey(key)
    }

    #[test]
    fn the_newest_wish_for_a_transfer_is_kept_for_its_sender_alone_and_given_once() {
        let mut wishes = Wishes::default();
        let slow = CaptureRequest {
            paused: false,
            limit: Some(9),
        };
        wishes.keep(ANNA, key(1), PAUSED);
        wishes.keep(ANNA, key(1), slow);
        assert_eq!(wishes.take([2; 32], key(1)), CaptureRequest::default());
        assert_eq!(wishes.take(ANNA, key(2)), CaptureRequest::default());
        assert_eq!(wishes.take(ANNA, key(1)), slow);
        assert_eq!(wishes.take(ANNA, key(1)), CaptureRequest::default());
        wishes.keep(ANNA, key(1), PAUSED);
        wishes.keep(ANNA, key(1), CaptureRequest::default());
        assert!(wishes.0.is_empty(), "no wish is none that is kept");
    }

    #[test]
    fn there_is_an_end_of_wishes() {
        let mut wishes = Wishes::default();
        for number in 0..1000 {
            wishes.keep(ANNA, key(number), PAUSED);
        }
        assert_eq!(wishes.0.len(), MAX_WISHES);
        assert_eq!(wishes.take(ANNA, key(999)), PAUSED);
        assert_eq!(wishes.take(ANNA, key(0)), CaptureRequest::default());
    }
}
