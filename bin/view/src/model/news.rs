//! What happened and needs no answer: told once, for some seconds, in words that are made where
//! they are drawn.

use std::path::PathBuf;
use std::time::Duration;

use transom::{PeerName, PublicKey};

use super::State;

/// News that are kept at once; the oldest make room.
const MAX_NEWS: usize = 16;

/// One thing that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum News {
    /// A contact was written into the book.
    Added(PeerName),
    /// A contact was taken out of the book.
    Forgotten(PeerName),
    /// The same, but its learned key is still stored; why.
    StillKnown { peer: PeerName, why: String },
    /// A contact was here for the first time.
    Learned { peer: PeerName, key: PublicKey },
    /// A contact was here for the first time, with the key of another one.
    KnownAs { peer: PeerName, known: PeerName },
    /// A code of a contact was typed that is connected already.
    NeedsNoCode(PeerName),
    /// A stranger may come in as that guest.
    LetIn(PeerName),
    /// A file or folder came, whose conversation is not on the screen. `name` is as it was sent.
    Received {
        peer: PeerName,
        name: String,
        path: PathBuf,
    },
    /// A picture was saved.
    Snapshot(PathBuf),
    /// A film was saved, with how many pictures, and how many the disk missed.
    Film {
        path: PathBuf,
        pictures: u64,
        dropped: u64,
    },
    /// There is no picture to save yet.
    NoPicture,
    /// All kept texts are removed.
    TextsRemoved,
    /// Files were dropped and no contact is chosen.
    DroppedForNobody,
    /// Files were dropped for a contact that has no place for them.
    TakesNoFiles(PeerName),
    /// Another program could not help.
    Desktop(Mishap),
    /// A wish could not be fulfilled; the disk's or the system's words.
    Refused(String),
}

/// Why a program of the desktop could not help.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Mishap {
    /// What should be shown is gone.
    Gone,
    /// No program shows file dialogs here.
    NoDialog,
    /// The file dialog failed; why.
    Dialog(String),
    /// That program can't be started; why.
    NoOpener { program: &'static str, why: String },
    /// That program could not open it.
    NotOpened(&'static str),
    /// No thread to wait on; why.
    NoThread(String),
}

/// News with the time they came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Told {
    /// Counts up; names its card.
    pub(crate) number: u64,
    /// Since 1970.
    pub(crate) at: Duration,
    pub(crate) news: News,
}

impl State {
    /// Shows that for some seconds.
    pub(crate) fn tell(&mut self, news: News) {
        if self.news.len() >= MAX_NEWS {
            self.news.remove(0);
        }
        self.told += 1;
        self.news.push(Told {
            number: self.told,
            at: self.now,
            news,
        });
    }

    pub(super) fn put_away(&mut self, number: u64) {
        self.news.retain(|told| told.number != number);
    }
}
