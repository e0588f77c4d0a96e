//! Warnings that the user can dismiss: changed keys, bad lines, lost parts of the
//! program.

use transom::{PeerName, PublicKey};

use super::State;

/// Warnings on the screen at once; the oldest make room.
const MAX_WARNINGS: usize = 8;

/// One warning.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Warning {
    /// Lines of the contact book or the settings that could not be read, as `FILE:LINE: what`.
    BadLines(Vec<String>),
    /// A contact shows another key than the pinned one.
    KeyChanged {
        peer: PeerName,
        pinned: PublicKey,
        offered: PublicKey,
        in_book: bool,
    },
    /// The disk that the window's own files are on doesn't answer.
    DiskSilent,
    /// Files can't be saved in the folder for them; why.
    Inbox(String),
    /// That port can't be listened at, as it is taken or needs more rights; why. Nobody can reach
    /// this window there.
    PortRefused { port: u16, why: String },
    /// A part of the program has a problem.
    Trouble(String),
}

impl Warning {
    /// Whether it is shown in the list, with what can be done about it.
    pub(crate) fn is_banner(&self) -> bool {
        matches!(
            self,
            Self::BadLines(_) | Self::DiskSilent | Self::Inbox(_) | Self::PortRefused { .. }
        )
    }

    /// Whether both are the same warning, perhaps with newer details.
    fn repeats(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::KeyChanged { peer: a, .. }, Self::KeyChanged { peer: b, .. }) => a == b,
            (Self::PortRefused { .. }, Self::PortRefused { .. }) => true,
            _ => self == other,
        }
    }
}

impl State {
    /// Whether the user was told that the disk doesn't answer.
    pub(crate) fn is_disk_silent(&self) -> bool {
        self.warnings.contains(&Warning::DiskSilent)
    }

    /// The disk answers, or it doesn't.
    pub(crate) fn disk_answers(&mut self, on: bool) {
        match on {
            true => self.warnings.retain(|one| *one != Warning::DiskSilent),
            false => self.warn(Warning::DiskSilent),
        }
    }
}

/// Adds a warning; it replaces an older one of the same kind.
pub(super) fn add(warnings: &mut Vec<Warning>, warning: Warning) {
    if let Some(same) = warnings.iter_mut().find(|one| one.repeats(&warning)) {
        *same = warning;
        return;
    }
    if warnings.len() >= MAX_WARNINGS {
        warnings.remove(0);
    }
    warnings.push(warning);
}
