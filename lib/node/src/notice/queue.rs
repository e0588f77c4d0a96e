//! Notices on their way to an application that may stall: one bounded queue, one wake for a batch,
//! and the rules for what a full queue loses.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use transom_wire::{CallKind, PeerName};

use super::{Direction, Notice, TransferId, TransferStatus};
#[cfg(feature = "sound")]
use crate::sound::SoundNotice;

/// Maximum length of the queue. Peers cause most notices, so the queue must be bounded; an
/// application that is this far behind has been stopped for minutes.
const MAX_NOTICES: usize = 4096;

/// Carries notices from the thread of a [`Station`](crate::Station) to the thread of an
/// application, such as a window.
///
/// The station's thread never waits and the queue doesn't grow without bound, however long the
/// application stalls. A full queue drops what a screen can do without: progress, levels, texts,
/// knocks, and the sound of films that are recorded. Of presence, keys, recordings and the like it
/// keeps the newest state, and of calls and offers that came and went it keeps one missed call for
/// each peer. Pictures are large, so of each camera only the newest one waits, at any length of the
/// queue.
///
/// ```no_run
/// use std::sync::{Arc, mpsc};
/// use transom::{Identity, Notice, NoticeQueue, Settings, Station};
///
/// let settings = Settings::new("desk".parse()?, Identity::throwaway()?);
/// let station = Station::start(settings)?;
/// // A window would wake its event loop.
/// let (wake, woken) = mpsc::channel();
/// let queue = Arc::new(NoticeQueue::new(move || wake.send(()).unwrap_or_default()));
/// let notices = queue.clone();
/// std::thread::spawn(move || station.run(|notice| notices.put(notice)));
/// while woken.recv().is_ok() {
///     for notice in queue.take() {
///         if let Notice::Joined { peer, .. } = notice {
///             println!("{peer} is online");
///         }
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NoticeQueue {
    waiting: Mutex<Waiting>,
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Waiting {
    notices: VecDeque<Notice>,
    /// Whether notices were lost since the last `take`.
    loses: bool,
}

impl NoticeQueue {
    /// An empty queue. `wake` runs on the thread that adds a notice to an empty queue, so that one
    /// wake announces a batch; it must not wait.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            waiting: Mutex::default(),
            wake: Box::new(wake),
        }
    }

    /// Adds a notice, and wakes the application unless others wait already.
    pub fn put(&self, notice: Notice) {
        let mut waiting = self.lock();
        if is_picture(&notice) {
            waiting.notices.retain(|older| !outdates(&notice, older));
        }
        if waiting.notices.len() >= MAX_NOTICES && !fits(&mut waiting.notices, &notice) {
            // Logged once and without the content: texts and names of peers stay out of logs.
            if !std::mem::replace(&mut waiting.loses, true) {
                log::warn!("the application is stopped; notices are lost");
            }
            return;
        }
        let is_first = waiting.notices.is_empty();
        waiting.notices.push_back(notice);
        drop(waiting);
        if is_first {
            (self.wake)();
        }
    }

    /// All notices, oldest first.
    pub fn take(&self) -> Vec<Notice> {
        let waiting = std::mem::take(&mut *self.lock());
        waiting.notices.into()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for NoticeQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoticeQueue")
            .field("waiting", &self.lock().notices.len())
            .finish_non_exhaustive()
    }
}

/// Makes room in a full queue for a notice that matters; false if the notice can be dropped.
fn fits(notices: &mut VecDeque<Notice>, notice: &Notice) -> bool {
    if !matters(notice) {
        return false;
    }
    notices.retain(|older| !outdates(notice, older));
    match ends(notice) {
        Some(span) => !came_and_went(notices, span),
        None => true,
    }
}

/// Removes a span that began and ended while the application was stopped. Of each peer's calls, one
/// missed call stays.
fn came_and_went(notices: &mut VecDeque<Notice>, span: Span) -> bool {
    let is_begin = |notice: &Notice| begins(notice) == Some(span);
    let Some(first) = notices.iter().rposition(is_begin) else {
        return false;
    };
    // If the queued span has ended already, the notice ends an earlier span that the application
    // knows.
    let has_ended = (notices.range(first..)).any(|notice| ends(notice) == Some(span));
    let is_missed = matches!(span, Span::Call(..)) && !notices.range(..first).any(is_begin);
    if has_ended || is_missed {
        return false;
    }
    let mut at = 0..;
    notices.retain(|notice| at.next() < Some(first) || is_of(notice) != Some(span));
    true
}

/// Something with a begin and an end that a peer can begin any number of times.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Span {
    Call(PeerName, CallKind),
    Transfer(TransferId),
}

/// Whether a screen would stay wrong without this notice.
fn matters(notice: &Notice) -> bool {
    match notice {
        #[cfg(feature = "sound")]
        Notice::Sound(
            SoundNotice::Level(_) | SoundNotice::MutedSpeech | SoundNotice::Recorded { .. },
        ) => false,
        Notice::CameraStats(_)
        | Notice::Declined { .. }
        | Notice::Text { .. }
        | Notice::Transfer(_)
        | Notice::EntryFailed { .. }
        | Notice::FarCamera { .. }
        | Notice::FarCameraStats { .. }
        | Notice::Knock { .. }
        | Notice::Measured { .. }
        | Notice::OwnPicture(_)
        | Notice::Picture { .. }
        | Notice::Pong { .. }
        | Notice::Reaching { .. }
        | Notice::Unreachable { .. } => false,
        _ => true,
    }
}

fn is_picture(notice: &Notice) -> bool {
    matches!(notice, Notice::OwnPicture(_) | Notice::Picture { .. })
}

/// Whether the notice replaces the older one: such a state changes any number of times, and only
/// the newest state counts.
fn outdates(notice: &Notice, older: &Notice) -> bool {
    subject(notice).is_some_and(|new| subject(older) == Some(new))
}

/// What a notice gives the newest word on.
#[derive(Eq, PartialEq)]
enum Subject {
    Connection(PeerName),
    HttpViewers,
    Key(PeerName),
    OwnCamera,
    OwnCameraFailed,
    OwnCameraLosses,
    OwnPicture,
    Nearby,
    NearbyPaused,
    Picture(PeerName),
    Presence(PeerName),
    Quality(PeerName),
    Recording(PeerName),
    StatsWanted,
    #[cfg(feature = "sound")]
    Sound(std::mem::Discriminant<SoundNotice>, Option<PeerName>),
}

fn subject(notice: &Notice) -> Option<Subject> {
    Some(match notice {
        // That a key was pinned is told only once.
        Notice::Joined {
            first_use: true, ..
        } => return None,
        Notice::Joined { peer, .. } | Notice::Left { peer, .. } => Subject::Presence(*peer),
        Notice::KeyChanged { peer, .. } => Subject::Key(*peer),
        Notice::CallInterrupted { peer, .. }
        | Notice::CallStarted {
            peer,
            resumed: true,
            ..
        } => Subject::Connection(*peer),
        Notice::FarRecording { peer, .. } => Subject::Recording(*peer),
        Notice::Camera { .. } => Subject::OwnCamera,
        Notice::CameraFailed { .. } => Subject::OwnCameraFailed,
        Notice::CameraLosses { .. } => Subject::OwnCameraLosses,
        Notice::HttpViewers(_) => Subject::HttpViewers,
        Notice::Nearby { .. } => Subject::Nearby,
        Notice::NearbyPaused { .. } => Subject::NearbyPaused,
        Notice::OwnPicture(_) => Subject::OwnPicture,
        Notice::Picture { peer, .. } => Subject::Picture(*peer),
        Notice::Quality { peer, .. } => Subject::Quality(*peer),
        Notice::StatsWanted { .. } => Subject::StatsWanted,
        #[cfg(feature = "sound")]
        Notice::Sound(sound) => Subject::Sound(std::mem::discriminant(sound), peer_of(sound)),
        _ => return None,
    })
}

/// Whom a notice of sound is about, if it is not about our own devices.
#[cfg(feature = "sound")]
fn peer_of(sound: &SoundNotice) -> Option<PeerName> {
    match sound {
        SoundNotice::Listening { peer, .. }
        | SoundNotice::FarSound { peer, .. }
        | SoundNotice::Speaking { peer, .. } => Some(*peer),
        _ => None,
    }
}

/// The span that this notice begins.
fn begins(notice: &Notice) -> Option<Span> {
    match notice {
        Notice::Ringing { peer, kind }
        | Notice::CallStarted {
            peer,
            kind,
            outgoing: false,
            resumed: false,
        } => Some(Span::Call(*peer, *kind)),
        Notice::Offered { transfer, .. } => Some(Span::Transfer(*transfer)),
        _ => None,
    }
}

/// The span that this notice ends.
fn ends(notice: &Notice) -> Option<Span> {
    match notice {
        Notice::CallEnded {
            peer,
            kind,
            outgoing: false,
            ..
        } => Some(Span::Call(*peer, *kind)),
        Notice::TransferEnded {
            status:
                TransferStatus {
                    transfer,
                    direction: Direction::Incoming,
                    ..
                },
            ..
        } => Some(Span::Transfer(*transfer)),
        _ => None,
    }
}

/// The span that this notice is part of.
fn is_of(notice: &Notice) -> Option<Span> {
    let part = match notice {
        Notice::CallStarted { peer, kind, .. } | Notice::CallInterrupted { peer, kind, .. } => {
            Some(Span::Call(*peer, *kind))
        }
        Notice::Transfer(status) => Some(Span::Transfer(status.transfer)),
        Notice::EntryFailed { transfer, .. } => Some(Span::Transfer(*transfer)),
        _ => None,
    };
    part.or_else(|| begins(notice)).or_else(|| ends(notice))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use transom_wire::{Capabilities, EndReason, PublicKey, Shape};

    use super::super::{HttpViewers, LinkEnd, Outcome, OwnPicture, PeerLoss};
    use super::*;

    /// How often a peer does the same while the application is stopped.
    const FLOOD: u32 = 500;

    fn queue() -> NoticeQueue {
        NoticeQueue::new(|| ())
    }

    fn peer() -> PeerName {
        "door".parse().unwrap()
    }

    fn text() -> Notice {
        let (peer, text) = (peer(), "hello".to_owned());
        Notice::Text { peer, text }
    }

    fn left() -> Notice {
        Notice::Left {
            peer: peer(),
            why: LinkEnd::HungUp,
            lost: true,
        }
    }

    fn ringing() -> Notice {
        let (peer, kind) = (peer(), CallKind::Talk);
        Notice::Ringing { peer, kind }
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

    /// Fills a queue, then does that over and over, and gives all notices that are no texts.
    fn flooded(more: impl Fn(u32) -> Vec<Notice>) -> Vec<Notice> {
        let queue = queue();
        for _ in 0..MAX_NOTICES {
            queue.put(text());
        }
        for notice in (0..FLOOD).flat_map(more) {
            queue.put(notice);
        }
        let mut notices = queue.take();
        assert!(notices.len() <= MAX_NOTICES + 8, "{}", notices.len());
        notices.retain(|notice| !matches!(notice, Notice::Text { .. }));
        notices
    }

    #[test]
    fn many_notices_wake_the_application_once() {
        let wakes = Arc::new(AtomicUsize::new(0));
        let count = wakes.clone();
        let queue = NoticeQueue::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        for _ in 0..3 {
            queue.put(text());
        }
        assert_eq!((queue.take().len(), wakes.load(Ordering::Relaxed)), (3, 1));
        queue.put(text());
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_chatty_peer_fills_no_memory_and_hides_nothing_that_matters() {
        let queue = queue();
        for _ in 0..MAX_NOTICES + 10 {
            queue.put(text());
        }
        queue.put(left());
        let notices = queue.take();
        assert_eq!(notices.len(), MAX_NOTICES + 1);
        assert!(matches!(notices.last(), Some(Notice::Left { .. })));
    }

    #[test]
    fn of_pictures_only_the_newest_waits() {
        let queue = queue();
        for at in 0..100_u8 {
            queue.put(text());
            queue.put(Notice::OwnPicture(OwnPicture {
                jpeg: vec![at; 100].into(),
                width: 1,
                height: 1,
                orientation: 1,
            }));
        }
        let notices = queue.take();
        assert_eq!(notices.len(), 101);
        let newest = notices.last();
        assert!(matches!(newest, Some(Notice::OwnPicture(own)) if own.jpeg[0] == 99));
    }

    #[cfg(feature = "sound")]
    #[test]
    fn of_each_word_on_sound_the_newest_counts() {
        let speaking = |on, name: &str| {
            let peer = name.parse().unwrap();
            Notice::Sound(SoundNotice::Speaking { on, peer })
        };
        assert!(outdates(&speaking(false, "door"), &speaking(true, "door")));
        assert!(!outdates(&speaking(false, "door"), &speaking(true, "yard")));
        let (on, peer) = (true, peer());
        let listening = Notice::Sound(SoundNotice::Listening { on, peer });
        assert!(!outdates(&speaking(false, "door"), &listening));
        assert!(matters(&listening));
        assert!(!matters(&Notice::Sound(SoundNotice::MutedSpeech)));
    }

    #[test]
    fn a_peer_that_rings_and_hangs_up_over_and_over_leaves_one_missed_call() {
        let notices = flooded(|_| vec![ringing(), ended()]);
        assert!(matches!(
            notices[..],
            [Notice::Ringing { .. }, Notice::CallEnded { .. }]
        ));
    }

    #[test]
    fn a_call_that_the_application_knows_ends_there_whatever_came_and_went_before() {
        let notices = flooded(|at| match at + 1 {
            FLOOD => vec![ended()],
            _ => vec![ringing(), ended()],
        });
        assert_eq!(notices.len(), 3);
        assert!(matches!(notices.last(), Some(Notice::CallEnded { .. })));
    }

    #[test]
    fn offers_that_came_and_went_fill_no_memory() {
        let notices = flooded(|at| {
            let transfer = TransferId(at);
            let offered = Notice::Offered {
                transfer,
                peer: peer(),
                name: "x".repeat(4000),
                shape: Shape::File,
                entries: 1,
                bytes: 1,
                is_counted: true,
                overwrites: false,
                asks: true,
            };
            let status = TransferStatus::new(transfer, peer(), Direction::Incoming, String::new());
            let outcome = Outcome::Lost {
                why: PeerLoss::Disconnected,
            };
            vec![offered, Notice::TransferEnded { status, outcome }]
        });
        assert!(notices.is_empty(), "{}", notices.len());
    }

    #[test]
    fn a_peer_that_comes_and_goes_over_and_over_is_known_by_the_last_word() {
        let notices = flooded(|_| {
            let (peer, kind, why) = (peer(), CallKind::Talk, LinkEnd::HungUp);
            let joined = Notice::Joined {
                peer,
                key: PublicKey([1; 32]),
                first_use: false,
                known_as: None,
                address: ([127, 0, 0, 1], 7447).into(),
                capabilities: Capabilities::NONE,
            };
            vec![joined, Notice::CallInterrupted { peer, kind, why }, left()]
        });
        assert_eq!(notices.len(), 2);
        assert!(matches!(notices.last(), Some(Notice::Left { .. })));
    }

    #[test]
    fn of_a_state_that_changes_over_and_over_the_newest_is_kept() {
        let notices = flooded(|at| {
            let (peer, on) = (peer(), at % 2 == 1);
            let recording = Notice::FarRecording { peer, on };
            let viewers = Notice::HttpViewers(HttpViewers {
                count: usize::from(!on),
                ..HttpViewers::default()
            });
            vec![recording, viewers, Notice::StatsWanted { on }]
        });
        assert!(matches!(
            notices[..],
            [
                Notice::FarRecording { on: true, .. },
                Notice::HttpViewers(HttpViewers { count: 0, .. }),
                Notice::StatsWanted { on: true }
            ]
        ));
    }

    #[test]
    fn statistics_of_a_far_camera_are_lost_in_a_full_queue() {
        let notices = flooded(|_| {
            let (peer, stats) = (peer(), Box::default());
            vec![Notice::FarCameraStats { peer, stats }]
        });
        assert!(notices.is_empty(), "{}", notices.len());
    }
}
