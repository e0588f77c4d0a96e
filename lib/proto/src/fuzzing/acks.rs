//! Acks of honest and of lying peers.

use alloc::vec;
use alloc::vec::Vec;

use transom_wire::limits::HEADER;
use transom_wire::{Ack, Header, Kind, Message};

use super::choices::Choices;
use crate::Stats;

/// How a peer acks.
#[derive(Clone, Copy, Debug, Default)]
pub enum Acks {
    /// Exactly the bytes received.
    #[default]
    Honest,
    /// Some bytes that were not received.
    Early,
    /// Rounded down, so that most acks end inside a record.
    Late,
    /// Number and clock are negated, as if they had wrapped around.
    Wrapped,
    /// More than was ever sent.
    Huge,
    /// Not at all: an unknown kind replaces the ack.
    Never,
}

impl Acks {
    pub(super) fn choose(choices: &mut Choices<'_>) -> Self {
        match choices.byte() % 8 {
            0 => Self::Early,
            1 | 2 => Self::Late,
            3 => Self::Wrapped,
            4 => Self::Huge,
            5 => Self::Never,
            _ => Self::Honest,
        }
    }

    /// Changes the acks of a record, which begins and ends with a frame.
    pub(super) fn change(self, record: &mut [u8]) {
        let mut at = 0;
        while let Some(head) = record.get(at..).and_then(|rest| rest.first_chunk()) {
            let header = Header::decode(*head).unwrap();
            let next = at + HEADER + header.len as usize;
            if header.kind == Kind::Ack.code() {
                let frame = &mut record[at..next];
                let message = Message::decode(header, &frame[HEADER..]).unwrap();
                if let Some(Message::Ack(ack)) = message {
                    let changed = self.frame(ack);
                    frame.copy_from_slice(&changed);
                }
            }
            at = next;
        }
    }

    /// The frame said in place of an honest ack's.
    fn frame(self, ack: Ack) -> Vec<u8> {
        let Ack { received, clock } = ack;
        let (received, clock) = match self {
            Self::Honest | Self::Never => (received, clock),
            Self::Early => (received.saturating_add(500), clock),
            Self::Late => (received - received % 1000, clock),
            Self::Wrapped => (received.wrapping_neg(), clock.wrapping_neg()),
            Self::Huge => (u64::MAX - received % 2, u64::MAX),
        };
        let mut frame = vec![0; HEADER + 16];
        let message = Message::Ack(Ack { received, clock });
        message.encode(0, 0, &mut frame).unwrap();
        if matches!(self, Self::Never) {
            frame[4] = UNKNOWN;
        }
        frame
    }
}

/// The kind that replaces an ack.
const UNKNOWN: u8 = 0x06;

/// The ack of a peer that has taken in some of what was sent, or lies about it.
pub(super) fn ack(stats: &Stats, choices: &mut Choices<'_>) -> Vec<u8> {
    let came = stats.unacked * u64::from(choices.byte()) / 255;
    let received = stats.sent - stats.unacked + came;
    let clock = u64::from(choices.byte()) * 1000;
    Acks::choose(choices).frame(Ack { received, clock })
}
