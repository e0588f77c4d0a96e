//! Pause and rate limit of a transfer, as our user set them. They outlive the connection.

use std::collections::VecDeque;

use transom_proto::{Session, UsageError};
use transom_wire::TransferKey;

/// Our user's pause and rate limit of a transfer, sent on each new connection before its data.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Control {
    pub(super) paused: bool,
    /// Bytes per second; `None` for no limit.
    pub(super) limit: Option<u64>,
}

impl Control {
    /// Sends the settings to a peer that does not know them.
    pub(super) fn send(
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

/// Transfers without a connection whose controls are kept. Beyond that the oldest is dropped: no
/// user pauses so many transfers.
const MAX_KEPT: usize = 256;

/// The controls of incoming transfers that lost their connection, by sender and transfer, until
/// the sender is back.
#[derive(Debug, Default)]
pub(super) struct KeptControls(VecDeque<(([u8; 32], TransferKey), Control)>);

impl KeptControls {
    pub(super) fn keep(&mut self, sender: [u8; 32], transfer: TransferKey, control: Control) {
        let _ = self.take(sender, transfer);
        if control == Control::default() {
            return;
        }
        if self.0.len() >= MAX_KEPT {
            self.0.pop_front();
        }
        self.0.push_back(((sender, transfer), control));
    }

    /// Removes and returns the control of a transfer that continues.
    pub(super) fn take(&mut self, sender: [u8; 32], transfer: TransferKey) -> Control {
        let mut kept = self.0.iter();
        let at = kept.position(|(of, _)| *of == (sender, transfer));
        let control = at.and_then(|at| self.0.remove(at));
        control.map_or(Control::default(), |(_, control)| control)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: [u8; 32] = [1; 32];
    const PAUSED: Control = Control {
        paused: true,
        limit: None,
    };

    fn key(number: u32) -> TransferKey {
        let mut key = [0; 16];
        key[..4].copy_from_slice(&number.to_be_bytes());
        TransferKey(key)
    }

    #[test]
    fn the_latest_control_of_a_transfer_is_kept_for_its_sender_alone_and_returned_once() {
        let mut kept = KeptControls::default();
        let slow = Control {
            paused: false,
            limit: Some(9),
        };
        kept.keep(ANNA, key(1), PAUSED);
        kept.keep(ANNA, key(1), slow);
        assert_eq!(kept.take([2; 32], key(1)), Control::default());
        assert_eq!(kept.take(ANNA, key(2)), Control::default());
        assert_eq!(kept.take(ANNA, key(1)), slow);
        assert_eq!(kept.take(ANNA, key(1)), Control::default());
        kept.keep(ANNA, key(1), PAUSED);
        kept.keep(ANNA, key(1), Control::default());
        assert!(kept.0.is_empty(), "the default is not kept");
    }

    #[test]
    fn the_number_of_kept_controls_is_bounded() {
        let mut kept = KeptControls::default();
        for number in 0..1000 {
            kept.keep(ANNA, key(number), PAUSED);
        }
        assert_eq!(kept.0.len(), MAX_KEPT);
        assert_eq!(kept.take(ANNA, key(999)), PAUSED);
        assert_eq!(kept.take(ANNA, key(0)), Control::default());
    }
}
