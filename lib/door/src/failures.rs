//! Wrong passes, for the log: once in a while for each address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

use crate::limits::{FAILURE_LOG_INTERVAL, MAX_CONNECTIONS};

/// When wrong passes of an address were last logged.
#[derive(Debug, Default)]
pub(crate) struct Failures(BTreeMap<IpAddr, Instant>);

impl Failures {
    /// A request had a wrong pass. Returns whether that was logged.
    pub(crate) fn note(&mut self, address: Option<IpAddr>, now: Instant) -> bool {
        let address = address.unwrap_or([127, 0, 0, 1].into());
        let is_recent =
            |then: &Instant| now.saturating_duration_since(*then) < FAILURE_LOG_INTERVAL;
        if self.0.get(&address).is_some_and(is_recent) {
            return false;
        }
        self.0.retain(|_, then| is_recent(then));
        // As many as can be connected at once: more are a flood, of which the log has enough.
        if self.0.len() >= MAX_CONNECTIONS {
            return false;
        }
        self.0.insert(address, now);
        log::warn!("a client by HTTP at {address} has a wrong pass");
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_logged_once_in_ten_seconds_and_a_flood_is_bounded() {
        let mut failures = Failures::default();
        let start = Instant::now();
        let one = Some(IpAddr::from([10, 0, 0, 1]));
        assert!(failures.note(one, start) && !failures.note(one, start));
        assert!(failures.note(None, start));
        let logged =
            (0..=255_u8).filter(|last| failures.note(Some([10, 0, 1, *last].into()), start));
        assert_eq!(logged.count(), MAX_CONNECTIONS - 2);
        assert!(failures.note(one, start + FAILURE_LOG_INTERVAL));
        assert_eq!(failures.0.len(), 1);
    }
}
