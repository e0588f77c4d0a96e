//! The way of events from the station's thread to the command. The loop never waits for a slow
//! terminal or disk: what moves is dropped where there is no room, and what somebody waits for has
//! room apart. It is not the library's `NoticeQueue`: signals and lines that are typed come the
//! same way, and a command waits for its next event with a deadline.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use transom::Notice;

use crate::sound::is_loss;
use crate::station::Event;

/// Events that wait: a second of a busy station. A stalled terminal costs lines, not memory.
const QUEUE: usize = 256;

/// Events kept while the terminal stands still: an hour of people, a second of an attack.
const KEPT: usize = 4096;

/// Calls, ends, texts and questions that found no room, oldest first. The command looks here
/// whenever the queue is empty.
type Kept = Arc<Mutex<VecDeque<Event>>>;

/// The station's end.
#[derive(Debug)]
pub(crate) struct Passage {
    queue: SyncSender<Event>,
    kept: Kept,
    /// Whether the last event found no room.
    loses: Cell<bool>,
}

/// The command's end.
#[derive(Debug)]
pub(crate) struct Arrivals {
    queue: Receiver<Event>,
    kept: Kept,
}

/// Both ends, and one more way in for those who may wait: signals, and what a person types.
pub(crate) fn passage() -> (Passage, Arrivals, SyncSender<Event>) {
    let (sender, queue) = mpsc::sync_channel(QUEUE);
    let kept = Kept::default();
    let passage = Passage {
        queue: sender.clone(),
        kept: kept.clone(),
        loses: Cell::new(false),
    };
    (passage, Arrivals { queue, kept }, sender)
}

impl Passage {
    pub(crate) fn pass(&self, notice: Notice) {
        let is_awaited = matches!(
            notice,
            Notice::Ringing { .. }
                | Notice::CallStarted { .. }
                | Notice::CallEnded { .. }
                | Notice::Offered { asks: true, .. }
                | Notice::Text { .. }
                | Notice::TextArrived { .. }
                | Notice::TextFailed { .. }
                | Notice::TransferEnded { .. }
        ) || is_loss(&notice);
        if is_awaited {
            self.keep(Event::Notice(notice));
        } else if let Err(TrySendError::Full(lost)) = self.queue.try_send(Event::Notice(notice)) {
            log::trace!("no room for {lost:?}");
        }
    }

    /// Hands on what must arrive, by the queue if there is room and nothing older is kept.
    pub(crate) fn keep(&self, event: Event) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            // Once, and not what it says: texts and names of others have no place in a log.
            if !self.loses.replace(true) {
                log::warn!("the terminal stands still; events are lost");
            }
            return;
        }
        self.loses.set(false);
        kept.push_back(event);
        // Also after the command found both empty and went to sleep: the queue has room then, and
        // wakes it.
        while let Some(event) = kept.pop_front() {
            if let Err(TrySendError::Full(event)) = self.queue.try_send(event) {
                kept.push_front(event);
                return;
            }
        }
    }
}

impl Arrivals {
    /// The next event; an error when there is none by that time, or nobody is left to send any.
    pub(crate) fn next(&self, until: Option<Instant>) -> Result<Event, RecvTimeoutError> {
        match self.now() {
            Ok(event) => Ok(event),
            Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => match until {
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    self.queue.recv_timeout(left)
                }
                None => self.queue.recv().map_err(RecvTimeoutError::from),
            },
        }
    }

    /// Forgets all that waits.
    pub(crate) fn clear(&self) {
        while self.now().is_ok() {}
    }

    fn now(&self) -> Result<Event, TryRecvError> {
        self.queue.try_recv().or_else(|none| {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.pop_front().ok_or(none)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(number: usize) -> Event {
        Event::Typed(Some(number.to_string()))
    }

    #[test]
    fn what_is_awaited_arrives_after_a_full_queue_without_any_further_event() {
        let (passage, arrivals, _) = passage();
        for number in 0..QUEUE + 10 {
            passage.keep(typed(number));
        }
        for number in 0..QUEUE + 10 {
            let arrived = arrivals.next(Some(Instant::now())).unwrap();
            assert!(
                matches!(&arrived, Event::Typed(Some(line)) if *line == number.to_string()),
                "{number}: {arrived:?}"
            );
        }
        assert!(arrivals.next(Some(Instant::now())).is_err());
        passage.keep(typed(0));
        assert!(arrivals.next(Some(Instant::now())).is_ok());
    }

    #[test]
    fn a_command_that_stands_still_neither_blocks_nor_costs_memory_without_end() {
        let (passage, arrivals, _) = passage();
        for number in 0..QUEUE + KEPT + 10 {
            passage.keep(typed(number));
        }
        let peer = "anna".parse().unwrap();
        passage.pass(Notice::Reaching { peer });
        let mut count = 0;
        while arrivals.next(Some(Instant::now())).is_ok() {
            count += 1;
        }
        assert_eq!(count, QUEUE + KEPT);
    }

    #[cfg(feature = "sound")]
    #[test]
    fn the_loss_of_a_loudspeaker_arrives_after_a_full_queue() {
        use transom::SoundNotice;
        use transom::sounds::{DeviceState, Loss};
        let (passage, arrivals, _) = passage();
        for number in 0..QUEUE {
            passage.keep(typed(number));
        }
        passage.pass(Notice::Sound(SoundNotice::Speaker(DeviceState::Lost {
            words: String::new(),
            for_peers: "",
            loss: Loss::Unusable,
        })));
        let mut last = None;
        while let Ok(event) = arrivals.next(Some(Instant::now())) {
            last = Some(event);
        }
        assert!(
            matches!(last, Some(Event::Notice(Notice::Sound(_)))),
            "{last:?}"
        );
    }
}
