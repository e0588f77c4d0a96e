//! Liveness checks: whether a connection still leads to its peer, when a newer connection of the
//! same key wants what the older one carries.
//!
//! A machine that loses its power, its cable or its Wi-Fi says no goodbye. Here its connection
//! looks alive until the session gives it up for silence. In that time the machine may be back with
//! a new connection and the same transfer. The rules:
//!
//! - **The newest connection of a key takes over, and the silent one ends.** Keys are compared,
//!   never names or addresses, so no other peer can take anything over.
//! - **The same run of a program** (the session number of its Hello) takes over at once: it dials
//!   again only after it has lost the older connection.
//! - **Another run** may be a second program that lives beside the first. The older connection must
//!   be heard within [`PATIENCE`]. A living peer pings every second, whatever else it does, so no
//!   question has to be sent. A connection that is not heard counts as lost, with all it carries.
//! - **A living connection keeps its transfer**, and the offer of the newer one is refused.
//!
//! ```text
//!   older connection --- transfer --- silence -------------------------- lost: kept on disk
//!   newer connection              hello --- same offer --- waits ------- taken and resumed
//!                                               |<----- PATIENCE ----->|
//! ```
//!
//! | who starts a check | when |
//! |---|---|
//! | a receiver | a newer connection of the sender's key offers a transfer that runs already |
//! | a sender | the receiver of a running transfer has connected anew |
//! | both | of two connections between the same two programs one is to be closed |

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use transom_net::PeerId;

/// Time in which a connection under check must be heard. A living peer sends three pings in it. A
/// user who repeats a command waits no longer than that.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes that come so soon after the start of a check may have been sent before the peer fell
/// silent. They prove nothing.
const STALE: Duration = Duration::from_millis(500);

/// The connections under check, each with the end of its check.
#[derive(Debug, Default)]
pub(crate) struct Liveness(BTreeMap<PeerId, Instant>);

impl Liveness {
    /// Starts a check of a connection. A check that runs already is not prolonged.
    pub(crate) fn check(&mut self, link: PeerId, now: Instant) {
        self.0.entry(link).or_insert(now + PATIENCE);
    }

    /// Whether a check of that connection runs.
    pub(crate) fn is_checked(&self, link: PeerId) -> bool {
        self.0.contains_key(&link)
    }

    /// The connection is gone, and its check with it.
    pub(crate) fn forget(&mut self, link: PeerId) {
        self.0.remove(&link);
    }

    /// When [`silent`](Self::silent) has something to decide.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.values().min().copied()
    }

    /// Ends the checks that are due. Gives the connections that were not heard.
    ///
    /// `silence` tells how long a connection has been silent, or `None` of a connection that is
    /// being closed: its check goes on until it is gone.
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
pub(crate) mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The name of a connection. Only a `Net` can make one.
    pub(crate) fn link() -> PeerId {
        let identity = transom_secure::Identity::generate().unwrap();
        let config = transom_net::Config::new(identity, Vec::new());
        let mut net = transom_net::Net::bind(config).unwrap();
        net.dial(([127, 0, 0, 1], 9).into()).unwrap()
    }

    /// The verdict on a connection that has been silent for that long at the end of its check.
    fn is_silent(silence: Duration) -> bool {
        let (mut liveness, link, now) = (Liveness::default(), link(), Instant::now());
        liveness.check(link, now);
        assert_eq!(liveness.due(), Some(now + PATIENCE));
        let silent = liveness.silent(now + PATIENCE, |_| Some(silence));
        assert!(!liveness.is_checked(link) && liveness.due().is_none());
        silent == [link]
    }

    #[test]
    fn a_connection_that_is_heard_in_time_lives() {
        assert!(!is_silent(Duration::ZERO));
        assert!(!is_silent(SECOND));
        assert!(!is_silent(2 * SECOND));
    }

    #[test]
    fn a_connection_that_is_not_heard_or_only_by_stale_bytes_is_silent() {
        assert!(is_silent(PATIENCE - STALE));
        assert!(is_silent(PATIENCE));
        assert!(is_silent(20 * SECOND));
    }

    #[test]
    fn a_second_check_does_not_prolong_the_first_and_nothing_is_decided_early() {
        let (mut liveness, link, now) = (Liveness::default(), link(), Instant::now());
        liveness.check(link, now);
        liveness.check(link, now + 2 * SECOND);
        let early = liveness.silent(now + 2 * SECOND, |_| Some(20 * SECOND));
        assert!(early.is_empty() && liveness.is_checked(link));
        assert_eq!(liveness.silent(now + PATIENCE, |_| Some(PATIENCE)), [link]);
    }

    #[test]
    fn a_connection_that_is_ending_is_checked_until_it_has_ended() {
        let (mut liveness, link, now) = (Liveness::default(), link(), Instant::now());
        liveness.check(link, now);
        assert!(liveness.silent(now + PATIENCE, |_| None).is_empty());
        assert!(liveness.is_checked(link) && liveness.due() > Some(now + PATIENCE));
        liveness.forget(link);
        assert!(!liveness.is_checked(link));
    }
}
