//! The decision when a remote camera is watched for the clients of the door. It knows no connection
//! and no call.

use std::time::{Duration, Instant};

/// One remote camera of the door.
///
/// ```text
///            a client looks                  no client for LINGER
///  unwatched ----------------> Act::Ring ==> watched ---------------> Act::HangUp ==> unwatched
///      ^                           |             |
///      |  after a pause, while     v             | the far side ends the call
///      '--- a client looks ----- refused <-------'
/// ```
/// A call whose connection was lost still is one: it comes back by itself.
#[derive(Debug)]
pub(super) struct Watch {
    /// When a client last looked; `None` once the camera is not watched for it any more.
    looked: Option<Instant>,
    /// Whether we rang, and did not hang up.
    has_rung: bool,
    /// After the far side ended the call: when it may be rung again.
    retry: Option<Instant>,
    pause: Duration,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Act {
    Ring,
    HangUp,
}

/// What there is of the camera now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Present {
    pub(super) has_viewers: bool,
    pub(super) is_connected: bool,
    /// Whether the far side ended the call since the last turn.
    pub(super) is_refused: bool,
    /// The call for the door, and whether it is live.
    pub(super) call: Option<bool>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            looked: None,
            has_rung: false,
            retry: None,
            pause: FIRST_PAUSE,
        }
    }

    pub(super) fn turn(&mut self, present: Present, now: Instant) -> Option<Act> {
        if present.has_viewers {
            self.looked = Some(now);
        }
        match present.call {
            Some(true) => self.pause = FIRST_PAUSE,
            Some(false) => {}
            // Else our owner ended it, who wants the connection for another call.
            None if self.has_rung && present.is_refused => {
                self.has_rung = false;
                self.retry = Some(now + self.pause);
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
            None => {}
        }
        self.retry = self.retry.filter(|retry| *retry > now);
        if self.looked.is_some_and(|looked| now < looked + LINGER) {
            let rings = present.call.is_none() && present.has_viewers && present.is_connected;
            self.has_rung |= rings && self.retry.is_none();
            return (rings && self.retry.is_none()).then_some(Act::Ring);
        }
        (self.looked, self.has_rung) = (None, false);
        present.call.map(|_| Act::HangUp)
    }

    /// When [`turn`](Self::turn) has something to do though nothing happens.
    pub(super) fn due(&self) -> Option<Instant> {
        let end = self.looked.map(|looked| looked + LINGER);
        end.into_iter().chain(self.retry).min()
    }
}

/// How long a camera stays open after its last client. A box opens its camera in 1 to 3 s, and home
/// automation asks for a snapshot every 5 to 10 s: shorter, and the light would blink all day; but
/// it is not to burn long while no client looks.
pub(super) const LINGER: Duration = Duration::from_secs(12);

/// The first pause before a far side that ended the call is rung again; doubles up to
/// [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// The longest pause: a box whose owner has changed our rights is seen within a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera that answers every ring, or none.
    struct Rig {
        watch: Watch,
        now: Instant,
        present: Present,
        answers: bool,
        rings: Vec<Duration>,
        hang_ups: Vec<Duration>,
        start: Instant,
    }

    impl Rig {
        fn new(answers: bool) -> Self {
            let start = Instant::now();
            Self {
                watch: Watch::new(),
                now: start,
                present: Present {
                    has_viewers: false,
                    is_connected: true,
                    is_refused: false,
                    call: None,
                },
                answers,
                rings: Vec::new(),
                hang_ups: Vec::new(),
                start,
            }
        }

        /// Lets time pass, a tenth of a second a turn.
        fn pass(&mut self, seconds: u64, has_viewers: bool) {
            self.present.has_viewers = has_viewers;
            for _ in 0..seconds * 10 {
                self.now += Duration::from_millis(100);
                let at = self.now - self.start;
                match self.watch.turn(self.present, self.now) {
                    Some(Act::Ring) => {
                        self.rings.push(at);
                        self.present.call = self.answers.then_some(true);
                        self.present.is_refused = !self.answers;
                        continue;
                    }
                    Some(Act::HangUp) => {
                        self.hang_ups.push(at);
                        self.present.call = None;
                    }
                    None => {}
                }
                self.present.is_refused = false;
                assert!(self.watch.due().is_none_or(|due| due > self.now));
            }
        }
    }

    #[test]
    fn it_is_watched_while_a_client_looks_and_a_little_longer() {
        let mut rig = Rig::new(true);
        rig.pass(5, false);
        assert_eq!(rig.rings, []);
        rig.pass(60, true);
        assert_eq!(rig.rings.len(), 1);
        rig.pass(60, false);
        let last_look = Duration::from_secs(65);
        assert_eq!(rig.hang_ups, [last_look + LINGER]);
        rig.pass(1, true);
        assert_eq!(rig.rings.len(), 2, "at once, since it was not refused");
    }

    #[test]
    fn snapshots_every_ten_seconds_do_not_reopen_it() {
        let mut rig = Rig::new(true);
        for _ in 0..10 {
            rig.pass(1, true);
            rig.pass(9, false);
        }
        assert_eq!((rig.rings.len(), rig.hang_ups.len()), (1, 0));
    }

    #[test]
    fn a_far_side_that_refuses_is_rung_ever_less_often() {
        let mut rig = Rig::new(false);
        rig.pass(600, true);
        let pauses = rig.rings.windows(2).map(|pair| pair[1] - pair[0]);
        let pauses: Vec<_> = pauses.map(|pause| pause.as_secs()).collect();
        assert_eq!(pauses[..6], [2, 4, 8, 16, 32, 60]);
        assert!(pauses[6..].iter().all(|pause| *pause == 60), "{pauses:?}");
        // A call that began makes the next pause short.
        rig.answers = true;
        rig.pass(120, true);
        let before = rig.rings.len();
        (rig.present.call, rig.present.is_refused) = (None, true);
        rig.pass(3, true);
        assert_eq!(rig.rings.len(), before + 1);
    }

    #[test]
    fn a_call_that_our_owner_ended_is_rung_again_at_once() {
        let mut rig = Rig::new(true);
        rig.pass(10, true);
        rig.present.call = None;
        rig.pass(1, true);
        assert_eq!(rig.rings.len(), 2);
    }

    #[test]
    fn one_that_is_not_connected_is_not_rung() {
        let mut rig = Rig::new(true);
        rig.present.is_connected = false;
        rig.pass(60, true);
        assert_eq!(rig.rings, []);
        rig.present.is_connected = true;
        rig.pass(1, true);
        assert_eq!(rig.rings.len(), 1);
        // A lost connection: the call waits for it.
        (rig.present.is_connected, rig.present.call) = (false, Some(false));
        rig.pass(60, true);
        assert_eq!((rig.rings.len(), rig.hang_ups.len()), (1, 0));
    }
}
