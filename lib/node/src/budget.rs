//! The memory that one key can make us use for file data, over all its connections: bytes that were
//! granted and may come at any time, and bytes that came and wait for the disk.
//!
//! ```text
//!   limit = left at the disk by transfers that ended + held by connections + free
//!   free  = what connections have not used of their own parts + the rest, for those that are up
//! ```
//!
//! Half of the limit is divided into equal parts, one for each connection that a key may have: a
//! new connection can receive although the others stand still. The other half is for the
//! connections that are up, so that a single one is as fast as the network.
//!
//! Empty buffers that a session keeps for later leaves are not counted. A session keeps at most one
//! window of them, and only while no other connection of its key holds file data.

use transom_wire::limits::LEAF;

/// Connections of one key: a window, and a few commands beside it.
pub(crate) const MAX_LINKS_PER_KEY: usize = 8;

/// The least that gives each connection room for two leaves: one is written while the next one
/// comes.
const LEAST_LIMIT: u64 = (MAX_LINKS_PER_KEY * 2 * 2 * LEAF) as u64;

/// The limit of one key, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    pub(crate) fn new(limit: u64) -> Self {
        Self(limit.max(LEAST_LIMIT))
    }

    /// The window of a new connection.
    pub(crate) fn first(self) -> u64 {
        own(self.0)
    }

    /// The windows of all connections of a key. `left`: bytes that ended transfers left at the
    /// disk; `held`: bytes that each connection holds. No window is below what its connection
    /// holds, and together the windows are within the limit unless more is held already.
    pub(crate) fn windows(self, left: u64, held: &[u64]) -> Vec<u64> {
        let limit = self.0.saturating_sub(left);
        let own = own(limit);
        let free = limit.saturating_sub(held.iter().sum());
        let absent = MAX_LINKS_PER_KEY.saturating_sub(held.len()) as u64 * own;
        let unused = |held: &u64| own.saturating_sub(*held);
        let reserved = absent + held.iter().map(unused).sum::<u64>();
        // When there is less than that, each part shrinks alike.
        let part = |bytes: u64| match u128::from(free) * u128::from(bytes) {
            _ if free >= reserved => bytes,
            product => u64::try_from(product / u128::from(reserved)).unwrap_or(0),
        };
        let more = free.saturating_sub(reserved) / (held.len() as u64).max(1);
        let window = |held: &u64| held + part(unused(held)) + more;
        held.iter().map(window).collect()
    }
}

/// The part that each connection has for itself.
fn own(limit: u64) -> u64 {
    limit / 2 / MAX_LINKS_PER_KEY as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const LIMIT: u64 = 16 * MIB;

    fn windows(left: u64, held: &[u64]) -> Vec<u64> {
        Budget::new(LIMIT).windows(left, held)
    }

    #[test]
    fn a_lone_connection_has_more_than_a_fast_transfer_needs() {
        let [window] = windows(0, &[0])[..] else {
            panic!("one connection")
        };
        assert!((8 * MIB..LIMIT).contains(&window), "{window}");
        let [busy, idle] = windows(0, &[4 * MIB, 0])[..] else {
            panic!("two connections")
        };
        assert!(busy > 4 * MIB && idle > 3 * MIB, "{busy} {idle}");
    }

    #[test]
    fn a_connection_that_comes_late_has_its_part_whatever_the_others_hold() {
        let mut held = Vec::new();
        for _ in 0..MAX_LINKS_PER_KEY {
            held.push(0);
            // Each of them takes all that it may and gives nothing back.
            held = windows(0, &held);
            let newest = held.last().copied().unwrap_or(0);
            assert!(newest >= Budget::new(LIMIT).first(), "{held:?}");
        }
        assert!(held.iter().sum::<u64>() <= LIMIT, "{held:?}");
    }

    #[test]
    fn windows_are_within_the_limit_whatever_is_held() {
        let mut number: u64 = 7;
        let mut below = |most: u64| {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (number >> 33) % most
        };
        for _ in 0..10_000 {
            let left = below(LIMIT + MIB);
            let mut rest = LIMIT.saturating_sub(left);
            let held: Vec<u64> = (0..=below(8))
                .map(|_| {
                    let held = below(rest + 1);
                    rest -= held;
                    held
                })
                .collect();
            let windows = windows(left, &held);
            let sum: u64 = windows.iter().sum();
            assert!(
                sum <= LIMIT.saturating_sub(left),
                "{left} {held:?} {windows:?}"
            );
            let pairs = windows.iter().zip(&held);
            assert!(pairs.clone().all(|(window, held)| window >= held));
        }
    }

    #[test]
    fn what_is_left_at_the_disk_comes_off_until_it_is_written() {
        assert_eq!(windows(LIMIT, &[0, 0]), [0, 0]);
        assert_eq!(windows(2 * LIMIT, &[3, 0]), [3, 0]);
        assert!(windows(LIMIT / 2, &[0])[0] > 4 * MIB);
    }

    #[test]
    fn a_limit_that_is_too_small_still_lets_files_come() {
        let budget = Budget::new(0);
        assert!(budget.first() >= 2 * LEAF as u64);
        assert!(budget.windows(0, &[0; 8])[7] >= 2 * LEAF as u64);
    }
}
