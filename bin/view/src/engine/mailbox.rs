//! From the other threads to the window: the station's notices and all other letters, with a wake
//! for each batch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use transom::{Notice, NoticeQueue};

use super::Wake;
use super::letter::Letter;

/// The queues.
pub(crate) struct Mailbox {
    notices: NoticeQueue,
    /// As many as the user and the disk cause; of broken pictures, which peers send, one of each
    /// stream; of what any program of the desktop can send, [`MAX_CLICKS`] clicks and the newest
    /// wish for less motion.
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
        match &letter {
            Letter::Broken(face, _) => {
                letters.retain(|older| !matches!(older, Letter::Broken(one, _) if one == face));
            }
            Letter::ReducedMotion(_) => {
                letters.retain(|older| !matches!(older, Letter::ReducedMotion(_)));
            }
            _ => {}
        }
        if is_click(&letter) && letters.iter().filter(|one| is_click(one)).count() >= MAX_CLICKS {
            return;
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

/// Whether it comes from outside the window by the desktop's bus.
fn is_click(letter: &Letter) -> bool {
    matches!(letter, Letter::Clicked(..) | Letter::Tray(_))
}

/// Clicks at notifications and the tray that wait, far more than a user makes before the window
/// looks; more are dropped.
const MAX_CLICKS: usize = 32;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::model::Face;
    use crate::model::tests::{joined, peer};
    use crate::outside::{About, Choice, TrayChoice};

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
    fn what_the_desktop_sends_fills_no_memory() {
        let mailbox = Mailbox::new(Arc::new(|| ()));
        for number in 0..1000 {
            mailbox.put(Letter::Tray(TrayChoice::Open));
            mailbox.put(Letter::Clicked(About::Text(peer("door")), Choice::Open));
            mailbox.put(Letter::ReducedMotion(number % 2 == 0));
        }
        mailbox.put(Letter::Close);
        let letters = mailbox.take();
        assert_eq!(letters.len(), MAX_CLICKS + 2);
        assert!(matches!(
            letters[MAX_CLICKS..],
            [Letter::ReducedMotion(false), Letter::Close]
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
