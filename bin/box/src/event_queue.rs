//! The queue of events from the station's thread to the command. The station's loop never waits for
//! a slow terminal or disk: when the queue is full, frequent notices (such as statistics) are
//! dropped, and notices that a command waits for go to an overflow list. The library's
//! `NoticeQueue` does not fit: signals and typed lines use the same queue, and a command waits with
//! a deadline.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use transom::Notice;

use crate::sound::is_loss;
use crate::station::Event;

/// Capacity of the queue: a second of a busy station. A stalled terminal costs lines, not memory.
const QUEUE: usize = 256;

/// Capacity of the overflow list: an hour of events that people cause, a second of an attack.
const MAX_OVERFLOW: usize = 4096;

/// The overflow list: peers that come and go, calls, ends, texts and questions that the full queue
/// did not take, oldest first. The command reads it when the queue is empty.
type Overflow = Arc<Mutex<VecDeque<Event>>>;

/// The end of the station's thread.
#[derive(Debug)]
pub(crate) struct EventSender {
    queue: SyncSender<Event>,
    overflow: Overflow,
    /// Whether the last event was lost.
    loses: Cell<bool>,
}

/// The command's end.
#[derive(Debug)]
pub(crate) struct EventReceiver {
    queue: Receiver<Event>,
    overflow: Overflow,
}

/// Both ends, and a blocking sender for signals and typed lines.
pub(crate) fn event_queue() -> (EventSender, EventReceiver, SyncSender<Event>) {
    let (sender, queue) = mpsc::sync_channel(QUEUE);
    let overflow = Overflow::default();
    let events = EventSender {
        queue: sender.clone(),
        overflow: overflow.clone(),
        loses: Cell::new(false),
    };
    (events, EventReceiver { queue, overflow }, sender)
}

impl EventSender {
    pub(crate) fn send(&self, notice: Notice) {
        let is_awaited = matches!(
            notice,
            Notice::Ringing { .. }
                | Notice::CallStarted { .. }
                | Notice::CallEnded { .. }
                | Notice::Joined { .. }
                | Notice::Left { .. }
                | Notice::Offered { asks: true, .. }
                | Notice::Text { .. }
                | Notice::TextArrived { .. }
                | Notice::TextFailed { .. }
                | Notice::TransferEnded { .. }
        ) || is_loss(&notice);
        if is_awaited {
            self.send_awaited(Event::Notice(notice));
        } else if let Err(TrySendError::Full(lost)) = self.queue.try_send(Event::Notice(notice)) {
            log::trace!("no room for {lost:?}");
        }
    }

    /// Sends an event that must arrive: by the queue if it has room and the overflow list is empty,
    /// otherwise by that list.
    pub(crate) fn send_awaited(&self, event: Event) {
        let mut overflow = self.overflow.lock().unwrap_or_else(PoisonError::into_inner);
        if overflow.len() >= MAX_OVERFLOW {
            // Logged once, without the event: texts and names of others don't belong in a log.
            if !self.loses.replace(true) {
                log::warn!("the terminal is blocked; events are lost");
            }
            return;
        }
        self.loses.set(false);
        overflow.push_back(event);
        // The command may have found both empty and wait: then the queue has room, and sending
        // wakes it.
        while let Some(event) = overflow.pop_front() {
            if let Err(TrySendError::Full(event)) = self.queue.try_send(event) {
                overflow.push_front(event);
                return;
            }
        }
    }
}

impl EventReceiver {
    /// The next event; an error if none came by `until`, or all senders are gone.
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

    /// Drops all waiting events.
    pub(crate) fn clear(&self) {
        while self.now().is_ok() {}
    }

    fn now(&self) -> Result<Event, TryRecvError> {
        self.queue.try_recv().or_else(|none| {
            let mut overflow = self.overflow.lock().unwrap_or_else(PoisonError::into_inner);
            overflow.pop_front().ok_or(none)
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
    fn awaited_events_arrive_after_a_full_queue_without_any_further_event() {
        let (sender, receiver, _) = event_queue();
        for number in 0..QUEUE + 10 {
            sender.send_awaited(typed(number));
        }
        for number in 0..QUEUE + 10 {
            let arrived = receiver.next(Some(Instant::now())).unwrap();
            assert!(
                matches!(&arrived, Event::Typed(Some(line)) if *line == number.to_string()),
                "{number}: {arrived:?}"
            );
        }
        assert!(receiver.next(Some(Instant::now())).is_err());
        sender.send_awaited(typed(0));
        assert!(receiver.next(Some(Instant::now())).is_ok());
    }

    #[test]
    fn a_command_that_stands_still_neither_blocks_nor_costs_memory_without_end() {
        let (sender, receiver, _) = event_queue();
        for number in 0..QUEUE + MAX_OVERFLOW + 10 {
            sender.send_awaited(typed(number));
        }
        let peer = "anna".parse().unwrap();
        sender.send(Notice::Reaching { peer });
        let mut count = 0;
        while receiver.next(Some(Instant::now())).is_ok() {
            count += 1;
        }
        assert_eq!(count, QUEUE + MAX_OVERFLOW);
    }

    #[cfg(feature = "sound")]
    #[test]
    fn the_loss_of_a_loudspeaker_arrives_after_a_full_queue() {
        use transom::SoundNotice;
        use transom::sounds::{DeviceState, Loss};
        let (sender, receiver, _) = event_queue();
        for number in 0..QUEUE {
            sender.send_awaited(typed(number));
        }
        sender.send(Notice::Sound(SoundNotice::Speaker(DeviceState::Lost {
            words: String::new(),
            for_peers: "",
            loss: Loss::Unusable,
        })));
        let mut last = None;
        while let Ok(event) = receiver.next(Some(Instant::now())) {
            last = Some(event);
        }
        assert!(
            matches!(last, Some(Event::Notice(Notice::Sound(_)))),
            "{last:?}"
        );
    }
}
