//! What the other threads tell the window, and which of these letters a stopped window can lose.

use std::mem::{Discriminant, discriminant};
use std::path::PathBuf;

use transom::{CallKind, Direction, Notice, PeerName, SoundNotice, TransferId, TransferStatus};

use super::glance::Glance;

use crate::keep::Answer;
use crate::model::{Face, FolderFor, Kept, Mishap};
use crate::outside::{About, Choice, Request, ScriptFont};

/// One thing that happened.
#[derive(Debug)]
pub(crate) enum Letter {
    /// The station says so.
    Notice(Notice),
    /// A picture could not be decoded; why.
    Broken(Face, String),
    /// A picture or a film was kept, or not.
    Kept(Kept),
    /// What became of a job for the disk.
    Stored(Answer),
    /// The file dialog closed.
    Picked(PeerName, Result<Vec<PathBuf>, Mishap>),
    /// The dialog for a folder closed.
    PickedFolder(FolderFor, Result<Option<PathBuf>, Mishap>),
    /// A thumbnail was made, or there is none.
    Glanced(PathBuf, Option<Glance>),
    /// A program of the desktop could not help.
    Mishap(Mishap),
    /// A second start of the program wants something.
    Asked(Request),
    /// The system has a font for a script.
    Font(ScriptFont),
    /// A notification of the desktop was clicked.
    Clicked(About, Choice),
    /// The program is asked from outside to end.
    Close,
    /// The station ended; why, if it was not asked to.
    StationEnded(Option<String>),
}

/// Something with a begin and an end that a peer can begin any number of times.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Span {
    Call(PeerName, CallKind),
    Transfer(TransferId),
}

impl Letter {
    /// Whether the screen would stay wrong without this letter.
    pub(super) fn matters(&self) -> bool {
        !matches!(
            self,
            Self::Broken(..)
                | Self::Notice(
                    Notice::Text { .. }
                        | Notice::Transfer(_)
                        | Notice::EntryFailed { .. }
                        | Notice::FarCamera { .. }
                        | Notice::Knock { .. }
                        | Notice::Measured { .. }
                        | Notice::Reaching { .. }
                        | Notice::Unreachable { .. }
                        | Notice::Sound(SoundNotice::Level(_) | SoundNotice::MutedSpeech)
                )
        )
    }

    /// Whether this letter replaces the older one: a peer can change such a state any number of
    /// times, and only the newest state counts.
    pub(super) fn outdates(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Notice(Notice::Camera { .. }), Self::Notice(Notice::Camera { .. })) => true,
            (Self::Notice(Notice::Sound(new)), Self::Notice(Notice::Sound(old))) => {
                of_sound(new) == of_sound(old)
            }
            (Self::Notice(new), Self::Notice(old)) => {
                subject(new).is_some_and(|new| subject(old) == Some(new))
            }
            _ => false,
        }
    }

    /// The span that this letter begins.
    pub(super) fn begins(&self) -> Option<Span> {
        match self {
            Self::Notice(
                Notice::Ringing { peer, kind }
                | Notice::CallStarted {
                    peer,
                    kind,
                    outgoing: false,
                    resumed: false,
                    ..
                },
            ) => Some(Span::Call(*peer, *kind)),
            Self::Notice(Notice::Offered { transfer, .. }) => Some(Span::Transfer(*transfer)),
            _ => None,
        }
    }

    /// The span that this letter ends.
    pub(super) fn ends(&self) -> Option<Span> {
        match self {
            Self::Notice(Notice::CallEnded {
                peer,
                kind,
                outgoing: false,
                ..
            }) => Some(Span::Call(*peer, *kind)),
            Self::Notice(Notice::TransferEnded {
                status:
                    TransferStatus {
                        transfer,
                        direction: Direction::Incoming,
                        ..
                    },
                ..
            }) => Some(Span::Transfer(*transfer)),
            _ => None,
        }
    }

    /// The span that this letter is part of.
    pub(super) fn is_of(&self) -> Option<Span> {
        let part = match self {
            Self::Notice(
                Notice::CallStarted { peer, kind, .. } | Notice::CallInterrupted { peer, kind, .. },
            ) => Some(Span::Call(*peer, *kind)),
            Self::Notice(Notice::Transfer(status)) => Some(Span::Transfer(status.transfer)),
            Self::Notice(Notice::EntryFailed { transfer, .. }) => Some(Span::Transfer(*transfer)),
            _ => None,
        };
        part.or_else(|| self.begins()).or_else(|| self.ends())
    }
}

/// What a notice gives the newest word on.
#[derive(Eq, PartialEq)]
enum Subject {
    Presence,
    Key,
    Connection,
    Recording,
}

/// What a notice of sound gives the newest word on.
fn of_sound(notice: &SoundNotice) -> (Discriminant<SoundNotice>, Option<PeerName>) {
    let peer = match notice {
        SoundNotice::Listening { peer, .. }
        | SoundNotice::FarSound { peer, .. }
        | SoundNotice::Speaking { peer, .. } => Some(*peer),
        _ => None,
    };
    (discriminant(notice), peer)
}

fn subject(notice: &Notice) -> Option<(Subject, PeerName)> {
    match notice {
        // That a key was pinned is told only once.
        Notice::Joined {
            first_use: true, ..
        } => None,
        Notice::Joined { peer, .. } | Notice::Left { peer, .. } => Some((Subject::Presence, *peer)),
        Notice::KeyChanged { peer, .. } => Some((Subject::Key, *peer)),
        Notice::CallInterrupted { peer, .. }
        | Notice::CallStarted {
            peer,
            resumed: true,
            ..
        } => Some((Subject::Connection, *peer)),
        Notice::FarRecording { peer, .. } => Some((Subject::Recording, *peer)),
        _ => None,
    }
}
