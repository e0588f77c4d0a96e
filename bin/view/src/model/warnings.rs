//! What a person should know about and can put away: strangers, changed keys, bad lines, lost parts of the program.

use std::net::SocketAddr;

use transom::{PeerName, PublicKey};

/// Warnings on the screen at once. Knocks come from anybody, so the oldest make room.
const MAX_WARNINGS: usize = 8;

/// One warning.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Warning {
    /// Lines of the contact book that could not be read, as `FILE:LINE: what`.
    BadLines(Vec<String>),
    /// Somebody unknown wanted in.
    Knock { key: PublicKey, address: SocketAddr },
    /// A contact shows another key than the pinned one.
    KeyChanged {
        peer: PeerName,
        pinned: PublicKey,
        offered: PublicKey,
        in_book: bool,
    },
    /// A part of the program has a problem.
    Trouble(String),
}

impl Warning {
    /// Whether it says the same again, perhaps with newer details.
    fn repeats(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Knock { key: a, .. }, Self::Knock { key: b, .. }) => a == b,
            (Self::KeyChanged { peer: a, .. }, Self::KeyChanged { peer: b, .. }) => a == b,
            _ => self == other,
        }
    }
}

/// Adds a warning, in place of one that says the same.
pub(super) fn add(warnings: &mut Vec<Warning>, warning: Warning) {
    if let Some(same) = warnings.iter_mut().find(|one| one.repeats(&warning)) {
        *same = warning;
        return;
    }
    if warnings.len() >= MAX_WARNINGS {
        let oldest_knock = warnings
            .iter()
            .position(|one| matches!(one, Warning::Knock { .. }));
        warnings.remove(oldest_knock.unwrap_or(0));
    }
    warnings.push(warning);
}
