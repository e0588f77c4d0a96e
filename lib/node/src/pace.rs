//! How often a peer may begin something that the owner is told of, by all its connections together.
//! It knows no such things.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::lanes::Lane;

/// What a peer may begin at once: more connections, rings and marks than a person or an honest
/// program ever has in a row.
const BURST: u32 = 64;
/// Time between two beginnings after that: a program that is started over and over by a script is
/// hardly quicker, and of what a hostile peer does in a day no owner's memory is full.
const PAUSE: Duration = Duration::from_millis(125);

/// Of each peer that was quicker than its pace when it will be back at it. It knows only those of
/// the last seconds.
#[derive(Debug, Default)]
pub(crate) struct Paces(BTreeMap<Lane, Instant>);

impl Paces {
    /// Lets the peer begin something, unless it must wait.
    pub(crate) fn take(&mut self, peer: Lane, now: Instant) -> bool {
        self.0.retain(|_, back| *back > now);
        let may = self.next(peer, now) <= now;
        if may {
            let back = self.0.entry(peer).or_insert(now);
            *back += PAUSE;
        }
        may
    }

    /// What was begun came to something: it counts no more.
    pub(crate) fn give_back(&mut self, peer: Lane) {
        if let Some(back) = self.0.get_mut(&peer)
            && let Some(earlier) = back.checked_sub(PAUSE)
        {
            *back = earlier;
        }
    }

    /// When the peer may begin something again.
    pub(crate) fn next(&self, peer: Lane, now: Instant) -> Instant {
        let back = self.0.get(&peer).copied();
        back.and_then(|back| (back + PAUSE).checked_sub(PAUSE * BURST))
            .map_or(now, |next| next.max(now))
    }

    /// How much the peer may still begin at once.
    pub(crate) fn left(&self, peer: Lane, now: Instant) -> u32 {
        let back = self.0.get(&peer).copied().unwrap_or(now);
        let spent = back.saturating_duration_since(now).as_millis() / PAUSE.as_millis();
        BURST.saturating_sub(u32::try_from(spent).unwrap_or(BURST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: Lane = [1; 32];

    #[test]
    fn a_burst_is_free_and_then_there_is_a_pace_for_each_peer() {
        let (mut paces, now) = (Paces::default(), Instant::now());
        let taken = (0..1000).filter(|_| paces.take(PEER, now)).count();
        assert_eq!((taken, paces.left(PEER, now)), (BURST as usize, 0));
        assert!(paces.take([2; 32], now), "another peer has its own");
        let next = paces.next(PEER, now);
        assert_eq!(next - now, PAUSE);
        assert!(paces.take(PEER, next) && !paces.take(PEER, next));
    }

    #[test]
    fn what_came_to_something_is_free_and_nothing_is_kept_of_who_is_at_its_pace() {
        let (mut paces, now) = (Paces::default(), Instant::now());
        for _ in 0..1000 {
            assert!(paces.take(PEER, now));
            paces.give_back(PEER);
        }
        assert!(paces.take(PEER, now));
        paces.take([2; 32], now + PAUSE * 2);
        assert_eq!(paces.0.len(), 1);
    }
}
