//! From the other threads to the window: one bounded queue, and one wake for a batch of letters.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Wake;
use super::letter::{Letter, Span};

/// Maximum length of the queue. Peers cause most letters, so the queue must be bounded; a window
/// that is this far behind has been stopped for minutes.
const MAX_LETTERS: usize = 4096;

/// The queue.
pub(crate) struct Mailbox {
    letters: Mutex<VecDeque<Letter>>,
    /// Whether letters were lost since the last `take`.
    loses: AtomicBool,
    wake: Wake,
}

impl Mailbox {
    pub(super) fn new(wake: Wake) -> Self {
        Self {
            letters: Mutex::default(),
            loses: AtomicBool::new(false),
            wake,
        }
    }

    /// Adds a letter, and wakes the window unless others wait already.
    pub(super) fn put(&self, letter: Letter) {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        if letters.len() >= MAX_LETTERS && !fits(&mut letters, &letter) {
            // Logged once and without the content: texts and names of peers stay out of logs.
            if !self.loses.swap(true, Ordering::Relaxed) {
                log::warn!("the window is stopped; news is lost");
            }
            return;
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
        self.loses.store(false, Ordering::Relaxed);
        self.letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
            .collect()
    }
}

/// Makes room in a full queue for a letter that matters; false if the letter can be dropped.
fn fits(letters: &mut VecDeque<Letter>, letter: &Letter) -> bool {
    if !letter.matters() {
        return false;
    }
    letters.retain(|older| !letter.outdates(older));
    match letter.ends() {
        Some(span) => !came_and_went(letters, span),
        None => true,
    }
}

/// Removes a span that began and ended while the window was stopped. Of each peer's calls, one
/// missed call stays.
fn came_and_went(letters: &mut VecDeque<Letter>, span: Span) -> bool {
    let begins = |letter: &Letter| letter.begins() == Some(span);
    let Some(first) = letters.iter().rposition(begins) else {
        return false;
    };
    // If the queued span has ended already, the letter ends an earlier span that the window knows.
    let has_ended = (letters.range(first..)).any(|letter| letter.ends() == Some(span));
    let is_missed = matches!(span, Span::Call(..)) && !letters.range(..first).any(begins);
    if has_ended || is_missed {
        return false;
    }
    let mut at = 0..;
    letters.retain(|letter| at.next() < Some(first) || letter.is_of() != Some(span));
    true
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use transom::{CallKind, EndReason, LinkEnd, Notice, PeerName, SoundNotice};

    use crate::model::Face;

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
    fn of_each_word_on_sound_the_newest_counts() {
        let sound = |notice| Letter::Notice(Notice::Sound(notice));
        let speaking = |on, name: &str| {
            let peer = name.parse().unwrap();
            sound(SoundNotice::Speaking { on, peer })
        };
        assert!(speaking(false, "door").outdates(&speaking(true, "door")));
        assert!(!speaking(false, "door").outdates(&speaking(true, "yard")));
        let listening = sound(SoundNotice::Listening {
            on: true,
            peer: peer(),
        });
        assert!(!speaking(false, "door").outdates(&listening));
        assert!(listening.matters() && !sound(SoundNotice::MutedSpeech).matters());
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
            why: LinkEnd::HungUp,
            lost: true,
        }));
        let letters = mailbox.take();
        assert_eq!(letters.len(), MAX_LETTERS + 1);
        assert!(matches!(
            letters.last(),
            Some(Letter::Notice(Notice::Left { .. }))
        ));
    }

    /// Fills a mailbox, then does that over and over, and gives all letters.
    fn flooded(more: impl Fn(u32) -> Vec<Notice>) -> Vec<Letter> {
        let (mailbox, _) = mailbox();
        for _ in 0..MAX_LETTERS {
            mailbox.put(Letter::Broken(Face::Own, String::new()));
        }
        for notice in (0..5000).flat_map(more) {
            mailbox.put(Letter::Notice(notice));
        }
        let letters = mailbox.take();
        assert!(letters.len() <= MAX_LETTERS + 8, "{}", letters.len());
        letters
    }

    fn ended() -> Notice {
        Notice::CallEnded {
            peer: peer(),
            kind: CallKind::Talk,
            outgoing: false,
            reason: EndReason::Chosen,
            text: String::new(),
        }
    }

    #[test]
    fn who_rings_and_hangs_up_over_and_over_has_one_missed_call_at_a_stopped_window() {
        let ringing = |_| {
            let (peer, kind) = (peer(), CallKind::Talk);
            vec![Notice::Ringing { peer, kind }, ended()]
        };
        let letters = flooded(ringing);
        let calls = letters.iter().filter(|letter| letter.is_of().is_some());
        assert_eq!(calls.count(), 2);
    }

    #[test]
    fn a_call_that_the_window_knows_of_ends_there_whatever_came_and_went_before() {
        let all = |at| match at {
            4999 => vec![ended()],
            _ => {
                let (peer, kind) = (peer(), CallKind::Talk);
                vec![Notice::Ringing { peer, kind }, ended()]
            }
        };
        let letters = flooded(all);
        assert!(matches!(
            letters.last(),
            Some(Letter::Notice(Notice::CallEnded { .. }))
        ));
    }

    #[test]
    fn offers_that_came_and_went_fill_no_memory_of_a_stopped_window() {
        let handle = crate::model::tests::Ids::new();
        let offers = |_| {
            let transfer = handle.transfer();
            let mut status = crate::model::tests::status(transfer, transom::Phase::Ended, 0);
            status.direction = transom::Direction::Incoming;
            let offered = Notice::Offered {
                transfer,
                peer: peer(),
                name: "x".repeat(4000),
                shape: transom::Shape::File,
                entries: 1,
                bytes: 1,
                overwrites: false,
                asks: true,
            };
            let outcome = crate::model::tests::lost();
            vec![offered, Notice::TransferEnded { status, outcome }]
        };
        let letters = flooded(offers);
        assert!(letters.iter().all(|letter| letter.is_of().is_none()));
    }

    #[test]
    fn who_comes_and_goes_over_and_over_is_known_by_the_last_word() {
        let letters = flooded(|_| {
            let (peer, why) = (peer(), LinkEnd::HungUp);
            let lost = true;
            vec![
                crate::model::tests::joined("door"),
                Notice::CallInterrupted {
                    peer,
                    kind: CallKind::Talk,
                    why: why.clone(),
                },
                Notice::Left { peer, why, lost },
            ]
        });
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
