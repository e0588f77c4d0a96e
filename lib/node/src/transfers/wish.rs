//! How fast a side wants a transfer to go. Its owner's wish outlives the connection.

use std::collections::VecDeque;

use transom_proto::{FileId, Session, UsageError};
use transom_wire::TransferKey;

/// What our owner wants of a transfer, said anew on each connection before its data move.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Wish {
    pub(super) paused: bool,
    /// Most bytes a second.
    pub(super) limit: Option<u64>,
}

impl Wish {
    /// Says it on a connection that knows nothing of it.
    pub(super) fn say(self, session: &mut Session, file: FileId) -> Result<(), UsageError> {
        if self.paused {
            session.pause(file, true)?;
        }
        if self.limit.is_some() {
            session.limit(file, self.limit)?;
        }
        Ok(())
    }
}

/// Wishes for transfers to us that have no connection now; the oldest gives way. More than a person halts.
const MAX_WISHES: usize = 256;

/// The wishes for transfers to us that lost their connection, by sender and transfer, until the sender is back.
#[derive(Debug, Default)]
pub(super) struct Wishes(VecDeque<(([u8; 32], TransferKey), Wish)>);

impl Wishes {
    pub(super) fn keep(&mut self, sender: [u8; 32], transfer: TransferKey, wish: Wish) {
        let _ = self.take(sender, transfer);
        if wish == Wish::default() {
            return;
        }
        if self.0.len() >= MAX_WISHES {
            self.0.pop_front();
        }
        self.0.push_back(((sender, transfer), wish));
    }

    /// The wish for a transfer that goes on, and from there on is kept by the transfer.
    pub(super) fn take(&mut self, sender: [u8; 32], transfer: TransferKey) -> Wish {
        let mut wishes = self.0.iter();
        let at = wishes.position(|(of, _)| *of == (sender, transfer));
        let wish = at.and_then(|at| self.0.remove(at));
        wish.map_or(Wish::default(), |(_, wish)| wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: [u8; 32] = [1; 32];
    const PAUSED: Wish = Wish {
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
        let slow = Wish {
            paused: false,
            limit: Some(9),
        };
        wishes.keep(ANNA, key(1), PAUSED);
        wishes.keep(ANNA, key(1), slow);
        assert_eq!(wishes.take([2; 32], key(1)), Wish::default());
        assert_eq!(wishes.take(ANNA, key(2)), Wish::default());
        assert_eq!(wishes.take(ANNA, key(1)), slow);
        assert_eq!(wishes.take(ANNA, key(1)), Wish::default());
        wishes.keep(ANNA, key(1), PAUSED);
        wishes.keep(ANNA, key(1), Wish::default());
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
        assert_eq!(wishes.take(ANNA, key(0)), Wish::default());
    }
}
