//! Whether a connection still leads anywhere, asked when a newer one of the same key wants what it has.
//!
//! A machine that loses its power, its cable or its Wi-Fi says no goodbye. Its connection seems to live here until
//! the session gives it up for its silence, and meanwhile the machine may be back, with a new connection and the same
//! wishes. The rule for that time:
//!
//! - **The newest connection of a key takes over, and the silent one ends.** Keys are compared, never names or
//!   addresses: no other peer can take anything over.
//! - **The same run of a program** (the session number of its Hello) takes over at once: it would not have connected
//!   again if it had not lost the connection before.
//! - **Another run** may be a second program that is alive beside the first. The older connection is given
//!   [`PATIENCE`] in which it must be heard. A living side pings every second, whatever else it does, so nothing has to be sent
//!   to find out. If nothing is heard the connection counts as lost, with everything that hangs on it.
//! - **If it lives it keeps what it has**, and the newer one is refused.
//!
//! ```text
//!   old connection --- transfer --- silence ------------------------------ lost: kept on the disk
//!   new connection                     hello --- offer of the same -- waits -- taken, and resumed
//!                                                     |<-- PATIENCE -->|
//! ```
//!
//! | who asks | when |
//! |---|---|
//! | a receiver | another connection of the sender's key offers a transfer that runs already |
//! | a sender | the receiver, to whom a transfer is on its way, has connected anew |
//! | both | two connections of the same two programs cross, and one of them is to be kept |

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use transom_net::PeerId;

/// Time in which a connection that is asked must be heard: a living one is by three pings. It is less than any silence
/// that ends a connection by itself, and no longer than a person waits for a command that was typed again.
const PATIENCE: Duration = Duration::from_secs(3);
/// What is heard so soon after the question may have been on its way when the peer fell silent, and proves nothing.
const STALE: Duration = Duration::from_millis(500);

/// The connections that are being asked, and until when.
#[derive(Debug, Default)]
pub(crate) struct Liveness(BTreeMap<PeerId, Instant>);

impl Liveness {
    /// Gives a connection [`PATIENCE`] to be heard. One that is being asked already gets no longer.
    pub(crate) fn ask(&mut self, link: PeerId, now: Instant) {
        self.0.entry(link).or_insert(now + PATIENCE);
    }

    /// Whether a connection is being asked, and neither heard nor given up so far.
    pub(crate) fn is_asked(&self, link: PeerId) -> bool {
        self.0.contains_key(&link)
    }

    /// A connection is gone.
    pub(crate) fn forget(&mut self, link: PeerId) {
        self.0.remove(&link);
    }

    /// When [`silent`](Self::silent) has something to decide.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.values().min().copied()
    }

    /// The connections whose time is up and of which nothing was heard. `silence` tells how long a connection has been silent;
    /// `None` of one that is ending anyway, which is asked until it has ended.
    pub(crate) fn silent(
        &mut self,
        now: Instant,
        mut silence: impl FnMut(PeerId) -> Option<Duration>,
    ) -> Vec<PeerId> {
        let mut silent = Vec::new();
        self.0.retain(|link, until| {
            if *until > now {
                return true;
            }
            let silence = silence(*link);
            match silence {
                None => *until = now + PATIENCE,
                Some(silence) if silence + STALE >= PATIENCE => silent.push(*link),
                Some(_) => {}
            }
            silence.is_none()
        });
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Some connection. Only a loop gives these names out.
    fn link() -> PeerId {
        let identity = transom_secure::Identity::generate().unwrap();
        let config = transom_net::Config::new(identity, Vec::new());
        let mut net = transom_net::Net::bind(config).unwrap();
        net.dial(([127, 0, 0, 1], 9).into()).unwrap()
    }

    /// What is said of a connection that has been silent for so long when its time is up.
    fn is_silent(silence: Duration) -> bool {
        let (mut liveness, link, now) = (Liveness::default(), link(), Instant::now());
        liveness.ask(link, now);
        assert_eq!(liveness.due(), Some(now + PATIENCE));
        let silent = liveness.silent(now + PATIENCE, |_| Some(silence));
        assert!(!liveness.is_asked(link) && liveness.due().is_none());
        silent == [link]
    }

    #[test]
    fn a_connection_that_is_heard_in_its_time_lives() {
        assert!(!is_silent(Duration::ZERO));
        assert!(!is_silent(SECOND));
        assert!(!is_silent(2 * SECOND));
    }

    #[test]
    fn a_connection_of_which_nothing_is_heard_or_only_what_was_on_its_way_is_silent() {
        assert!(is_silent(PATIENCE - STALE));
        assert!(is_silent(PATIENCE));
        assert!(is_silent(20 * SECOND));
    }

    #[test]
    fn nothing_is_decided_before_the_time_is_up_and_who_asks_again_gives_no_more_of_it() {
        let (mut liveness, link, now) = (Liveness::default(), link(), Instant::now());
        liveness.ask(link, now);
        liveness.ask(link, now + 2 * SECOND);
        let early = liveness.silent(now + 2 * SECOND, |_| Some(20 * SECOND));
        assert!(early.is_empty() && liveness.is_asked(link));
        assert_eq!(liveness.silent(now + PATIENCE, |_| Some(PATIENCE)), [link]);
    }

    #[test]
    fn a_connection_that_is_ending_is_asked_until_it_has_ended() {
        let (mut liveness, link, now) = (Liveness::default(), link(), Instant::now());
        liveness.ask(link, now);
        assert!(liveness.silent(now + PATIENCE, |_| None).is_empty());
        assert!(liveness.is_asked(link) && liveness.due() > Some(now + PATIENCE));
        liveness.forget(link);
        assert!(!liveness.is_asked(link));
    }
}
