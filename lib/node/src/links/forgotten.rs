//! Keys that the owner has just forgotten. Their programs may run on and dial every few seconds: a
//! contact that was forgotten a moment ago is no stranger to tell the owner of.
//!
//! Such a key raises no knock for as long as it keeps dialing. Once it has rested for [`REST`] it
//! is a stranger like any other. A pairing lets it in at any time: that needs no knock.

use std::time::{Duration, Instant};

use transom_wire::PublicKey;

/// A program that keeps a connection dials far more often than this; a person who comes again some
/// other time does not.
const REST: Duration = Duration::from_secs(600);

/// Keys that are remembered: more than a person forgets in a sitting.
const MAX_FORGOTTEN: usize = 64;

/// The forgotten keys, each with when it was forgotten or dialed last.
#[derive(Debug, Default)]
pub(super) struct Forgotten(Vec<(PublicKey, Instant)>);

impl Forgotten {
    pub(super) fn add(&mut self, key: PublicKey, now: Instant) {
        self.0.retain(|(other, _)| *other != key);
        if self.0.len() >= MAX_FORGOTTEN {
            self.0.remove(0);
        }
        self.0.push((key, now));
    }

    /// Whether a key that dials now was forgotten, and has not rested since.
    pub(super) fn dials_on(&mut self, key: &PublicKey, now: Instant) -> bool {
        self.0
            .retain(|(_, last)| now.saturating_duration_since(*last) < REST);
        let forgotten = self.0.iter_mut().find(|(other, _)| other == key);
        forgotten.map(|(_, last)| *last = now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgotten_key_is_a_stranger_once_it_has_rested() {
        let (anna, ben) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let (mut forgotten, start) = (Forgotten::default(), Instant::now());
        forgotten.add(anna, start);
        let minute = |minute| start + Duration::from_secs(60) * minute;
        for at in (0..60).step_by(9) {
            assert!(forgotten.dials_on(&anna, minute(at)), "minute {at}");
            assert!(!forgotten.dials_on(&ben, minute(at)));
        }
        assert!(!forgotten.dials_on(&anna, minute(70)));
    }

    #[test]
    fn the_keys_that_were_forgotten_last_are_remembered() {
        let key = |number: usize| PublicKey([u8::try_from(number).unwrap(); 32]);
        let (mut forgotten, now) = (Forgotten::default(), Instant::now());
        for number in 0..=MAX_FORGOTTEN {
            forgotten.add(key(number), now);
            forgotten.add(key(number), now);
        }
        assert!(!forgotten.dials_on(&key(0), now));
        assert!((1..=MAX_FORGOTTEN).all(|number| forgotten.dials_on(&key(number), now)));
    }
}
