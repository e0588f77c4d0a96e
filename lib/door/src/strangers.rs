//! The limit of answers to requests without a valid pass, for each address: a leaky bucket.
//! Requests with one are not counted, whatever others of their address do: behind a proxy all have
//! its address.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

use crate::limits::{MAX_CONNECTIONS, STRANGER_BURST, STRANGER_INTERVAL};

/// When the bucket of each address will be empty.
#[derive(Debug, Default)]
pub(crate) struct Strangers(BTreeMap<IpAddr, Instant>);

impl Strangers {
    /// Whether a request of that address is still answered, which then counts.
    pub(crate) fn may_ask(&mut self, address: Option<IpAddr>, now: Instant) -> bool {
        let mut network = address.map_or(LOCAL, network);
        if !self.0.contains_key(&network) {
            self.0.retain(|_, empty| *empty > now);
            // More addresses than can be connected at once share one bucket.
            if self.0.len() >= MAX_CONNECTIONS {
                network = OTHERS;
            }
        }
        let empty = self.0.get(&network).map_or(now, |empty| now.max(*empty));
        let filled = empty + STRANGER_INTERVAL;
        let fits = filled <= now + STRANGER_INTERVAL * STRANGER_BURST;
        if fits {
            self.0.insert(network, filled);
        }
        fits
    }
}

/// What one machine has many addresses of counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address {
        address if address.is_loopback() => LOCAL,
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// No client has it.
const OTHERS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use super::*;

    fn count(strangers: &mut Strangers, address: &str, now: Instant) -> u32 {
        let address = Some(address.parse().unwrap());
        let asked = (0..10 * STRANGER_BURST).filter(|_| strangers.may_ask(address, now));
        asked.count() as u32
    }

    #[test]
    fn an_address_has_its_burst_and_then_its_rate() {
        let (mut strangers, start) = (Strangers::default(), Instant::now());
        assert_eq!(count(&mut strangers, "10.0.0.1", start), STRANGER_BURST);
        assert_eq!(count(&mut strangers, "10.0.0.2", start), STRANGER_BURST);
        let later = start + STRANGER_INTERVAL * 3;
        assert_eq!(count(&mut strangers, "10.0.0.1", later), 3);
        let much_later = later + STRANGER_INTERVAL * STRANGER_BURST;
        assert_eq!(
            count(&mut strangers, "10.0.0.1", much_later),
            STRANGER_BURST
        );
    }

    #[test]
    fn a_machine_with_many_addresses_has_one_bucket() {
        for [first, second] in [
            ["127.0.0.1", "127.9.9.9"],
            ["127.0.0.1", "::1"],
            ["2001:db8::1", "2001:db8::ffff:1:2:3"],
        ] {
            let (mut strangers, now) = (Strangers::default(), Instant::now());
            assert_eq!(count(&mut strangers, first, now), STRANGER_BURST);
            assert_eq!(count(&mut strangers, second, now), 0, "{second}");
        }
        assert_ne!(
            network("2001:db8:0:1::1".parse().unwrap()),
            network("2001:db8:0:2::1".parse().unwrap())
        );
    }

    #[test]
    fn a_flood_of_addresses_is_bounded() {
        let (mut strangers, now) = (Strangers::default(), Instant::now());
        let addresses = (0..10_000_u32).map(|low| Some(Ipv4Addr::from(0x0a00_0000 + low).into()));
        let answered = addresses.filter(|address| strangers.may_ask(*address, now));
        assert_eq!(answered.count(), MAX_CONNECTIONS + STRANGER_BURST as usize);
        assert_eq!(strangers.0.len(), MAX_CONNECTIONS + 1);
        assert!(strangers.may_ask(None, now + STRANGER_INTERVAL * STRANGER_BURST));
        assert_eq!(strangers.0.len(), 1);
    }
}
