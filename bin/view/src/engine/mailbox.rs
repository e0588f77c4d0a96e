//! From the other threads to the window: the station's notices and all other letters, with a wake
//! for each batch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use transom::{Notice, NoticeQueue};

use super::Wake;
use super::letter::Letter;

/// The queues.
pub(crate) struct Mailbox {
    notices: NoticeQueue,
    /// As many as the user, the desktop and the disk cause; of broken pictures, which peers send,
    /// one of each stream.
    letters: Mutex<Vec<Letter>>,
    wake: Wake,
}

impl Mailbox {
    pub(super) fn new(wake: Wake) -> Self {
        let wakes = wake.clone();
        Self {
            notices: NoticeQueue::new(move || wakes()),
            letters: Mutex::default(),
            wake,
        }
    }

    /// Adds a notice of the station.
    pub(super) fn notice(&self, notice: Notice) {
        self.notices.put(notice);
    }

    /// Adds another letter, and wakes the window unless others wait already.
    pub(super) fn put(&self, letter: Letter) {
        let mut letters = self.lock();
        let is_first = letters.is_empty();
        if let Letter::Broken(face, _) = &letter {
            letters.retain(|older| !matches!(older, Letter::Broken(one, _) if one == face));
        }
        letters.push(letter);
        drop(letters);
        if is_first {
            (self.wake)();
        }
    }

    /// Whether no letter but notices waits.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// All notices and then all other letters, oldest first: the station ends after its last
    /// notice.
    pub(super) fn take(&self) -> Vec<Letter> {
        // Taken first, so that no notice of before the end comes behind it.
        let mut letters = std::mem::take(&mut *self.lock());
        let notices = self.notices.take().into_iter().map(Letter::Notice);
        let mut all: Vec<_> = notices.collect();
        all.append(&mut letters);
        all
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::model::Face;
    use crate::model::tests::{joined, peer};

    use super::*;

    #[test]
    fn letters_wake_the_window_once_and_broken_pictures_fill_no_memory() {
        let wakes = Arc::new(AtomicUsize::new(0));
        let count = wakes.clone();
        let mailbox = Mailbox::new(Arc::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        for number in 0..1000 {
            for face in [Face::Own, Face::Peer(peer("door"))] {
                mailbox.put(Letter::Broken(face, number.to_string()));
            }
        }
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        let letters = mailbox.take();
        assert!(matches!(
            &letters[..],
            [Letter::Broken(Face::Own, _), Letter::Broken(Face::Peer(_), why)] if why == "999"
        ));
    }

    #[test]
    fn the_end_of_the_station_comes_after_its_notices() {
        let mailbox = Mailbox::new(Arc::new(|| ()));
        mailbox.put(Letter::StationEnded(None));
        mailbox.notice(joined("door"));
        let letters = mailbox.take();
        assert!(matches!(
            letters[..],
            [Letter::Notice(_), Letter::StationEnded(_)]
        ));
    }
}
