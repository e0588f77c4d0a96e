//! From the other threads to the window: one bounded queue, and one wake for however many letters.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use transom::{Notice, PeerName};

use crate::model::{Face, FolderFor, Kept};

use super::Wake;

/// Letters that wait for a window that doesn't draw. Peers cause most of them, so there must be an end; a window that is
/// this far behind has been stopped for minutes.
const MAX_LETTERS: usize = 4096;

/// One thing that happened.
#[derive(Debug)]
pub(crate) enum Letter {
    /// The station says so.
    Notice(Notice),
    /// A picture could not be decoded; why.
    Broken(Face, String),
    /// A picture or a film was kept, or not.
    Kept(Kept),
    /// The file dialog closed.
    Picked(PeerName, Result<Vec<PathBuf>, String>),
    /// The dialog for a folder closed.
    PickedFolder(FolderFor, Result<Option<PathBuf>, String>),
    /// Something to be said in the status bar.
    Say(String),
    /// The program is asked from outside to end.
    Close,
    /// The station ended; why, if it was not asked to.
    StationEnded(Option<String>),
}

impl Letter {
    /// Whether it says anew what the other one says of the same peer: that may change as often as the peer likes, and the
    /// newest word counts.
    fn outdates(&self, other: &Self) -> bool {
        let about = |letter: &Self| match letter {
            Self::Notice(Notice::FarRecording { peer, .. }) => Some(*peer),
            _ => None,
        };
        about(self).is_some_and(|peer| about(other) == Some(peer))
    }

    /// Whether the screen would stay wrong without it.
    fn matters(&self) -> bool {
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
                )
        )
    }
}

/// The queue.
pub(crate) struct Mailbox {
    letters: Mutex<VecDeque<Letter>>,
    wake: Wake,
}

impl Mailbox {
    pub(super) fn new(wake: Wake) -> Self {
        Self {
            letters: Mutex::default(),
            wake,
        }
    }

    /// Adds a letter, and wakes the window unless others wait already.
    pub(super) fn put(&self, letter: Letter) {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        if letters.len() >= MAX_LETTERS && !letter.matters() {
            // Not what it says: texts and names of others have no place in a log.
            log::warn!("the window is stopped; news is lost");
            return;
        }
        if letters.len() >= MAX_LETTERS {
            letters.retain(|older| !letter.outdates(older));
        }
        let first = letters.is_empty();
        letters.push_back(letter);
        drop(letters);
        if first {
            (self.wake)();
        }
    }

    /// Whether nothing waits.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }

    /// All letters, oldest first.
    pub(super) fn take(&self) -> Vec<Letter> {
        self.letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn mailbox() -> (Mailbox, Arc<AtomicUsize>) {
        let wakes = Arc::new(AtomicUsize::new(0));
        let count = wakes.clone();
        (
            Mailbox::new(Arc::new(move || {
                count.fetch_add(1, Ordering::Relaxed);
            })),
            wakes,
        )
    }

    fn peer() -> PeerName {
        "door".parse().unwrap()
    }

    #[test]
    fn many_letters_wake_the_window_once() {
        let (mailbox, wakes) = mailbox();
        for _ in 0..3 {
            mailbox.put(Letter::Broken(Face::Own, String::new()));
        }
        assert_eq!(
            (mailbox.take().len(), wakes.load(Ordering::Relaxed)),
            (3, 1)
        );
        mailbox.put(Letter::StationEnded(None));
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_chatty_peer_fills_no_memory_and_hides_nothing_that_matters() {
        let (mailbox, _) = mailbox();
        for _ in 0..MAX_LETTERS + 10 {
            mailbox.put(Letter::Notice(Notice::Text {
                peer: peer(),
                text: "hello".to_owned(),
            }));
        }
        mailbox.put(Letter::Notice(Notice::Left {
            peer: peer(),
            why: String::new(),
            lost: true,
        }));
        let letters = mailbox.take();
        assert_eq!(letters.len(), MAX_LETTERS + 1);
        assert!(matches!(
            letters.last(),
            Some(Letter::Notice(Notice::Left { .. }))
        ));
    }

    #[test]
    fn a_stopped_window_keeps_the_last_word_on_who_records_and_not_all_of_them() {
        let (mailbox, _) = mailbox();
        let peer = peer();
        for at in 0..=2 * MAX_LETTERS {
            let on = at % 2 == 0;
            mailbox.put(Letter::Notice(Notice::FarRecording { peer, on }));
        }
        let letters = mailbox.take();
        assert!(letters.len() <= MAX_LETTERS, "{}", letters.len());
        assert!(matches!(
            letters.last(),
            Some(Letter::Notice(Notice::FarRecording { on: true, .. }))
        ));
    }
}
