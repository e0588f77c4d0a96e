//! How much each peer has waiting at the disk thread, so that none can pile up work. It knows no
//! queue.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use transom_wire::limits::HASH_CREDIT;

use crate::disk::ReceiveJob;
use crate::lanes::Lane;

/// What one peer has waiting, by all its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// Jobs, in quarters; a heavy one counts several times.
    quarters: AtomicU32,
    /// Bytes of leaves and credit of hashes. The peer's [`Budget`](crate::budget::Budget) bounds
    /// them.
    bytes: AtomicUsize,
}

/// An honest peer has at most 256 entries ahead in each of 16 transfers, and three jobs for each.
const MAX_LOAD: u32 = 4 * 16 * 1024;
const JOB_LOAD: u32 = 4;
/// An offer costs the disk as much as many leaves: folders are made and synced.
const OFFER_LOAD: u32 = 64 * JOB_LOAD;
/// So many bytes of an entry's path count like a job, which keeps the paths that wait for one peer
/// below 16 MiB.
const PATH_BYTES: usize = 1024;

impl Load {
    pub(crate) fn is_too_much(&self) -> bool {
        self.0.quarters.load(Ordering::Relaxed) > MAX_LOAD
    }

    /// Bytes of leaves and credit of hashes that wait.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed) as u64
    }

    pub(crate) fn add(&self, job: &ReceiveJob) -> Share {
        let (quarters, bytes) = match job {
            ReceiveJob::Prepare { .. } => (OFFER_LOAD, 0),
            ReceiveJob::Leaf { leaf, .. } => (JOB_LOAD, leaf.bytes.len()),
            ReceiveJob::Entry(entry) => {
                let more = entry.path.as_str().len() / PATH_BYTES;
                let jobs = u32::try_from(more).map_or(MAX_LOAD, |more| 1 + more);
                (jobs.saturating_mul(JOB_LOAD).min(MAX_LOAD), 0)
            }
            // All of them count until the last is compared.
            ReceiveJob::Hashes(hashes) => (1, hashes.hashes.len() * HASH_CREDIT),
            _ => (JOB_LOAD, 0),
        };
        self.0.quarters.fetch_add(quarters, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        let load = self.clone();
        Share {
            load,
            quarters,
            bytes,
        }
    }
}

/// One job's part of a load, until it is done.
pub(crate) struct Share {
    load: Load,
    quarters: u32,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        let waiting = &self.load.0;
        waiting.quarters.fetch_sub(self.quarters, Ordering::Relaxed);
        waiting.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The loads of all peers that are here, or whose jobs still wait: a key that reconnects goes
/// on with the load that it left.
#[derive(Debug, Default)]
pub(crate) struct Loads(BTreeMap<Lane, Weak<Waiting>>);

impl Loads {
    pub(crate) fn of(&mut self, peer: Lane) -> Load {
        self.0.retain(|_, load| load.strong_count() > 0);
        let known = self.0.get(&peer).and_then(Weak::upgrade);
        let load = Load(known.unwrap_or_default());
        self.0.insert(peer, Arc::downgrade(&load.0));
        load
    }
}

#[cfg(test)]
mod tests {
    use transom_proto::LeafData;
    use transom_wire::LeafContent;

    use super::*;

    fn leaf() -> ReceiveJob {
        let bytes = vec![0; transom_wire::limits::LEAF];
        let (index, offset) = (0, 0);
        ReceiveJob::Leaf {
            leaf: LeafData {
                index,
                offset,
                hash: [0; 32],
                content: LeafContent::Data,
                bytes,
            },
            size: 1,
            found: None,
        }
    }

    #[test]
    fn who_connects_anew_still_has_what_it_left_at_the_disk() {
        let mut loads = Loads::default();
        let mut waiting = Vec::new();
        for _ in 0..20 {
            // Each time its only connection, which is gone at the end of the round.
            let load = loads.of([1; 32]);
            waiting.extend((0..1000).map(|_| load.add(&ReceiveJob::Finish(0))));
        }
        assert!(loads.of([1; 32]).is_too_much());
        assert!(!loads.of([2; 32]).is_too_much());
        waiting.clear();
        assert!(!loads.of([1; 32]).is_too_much());
        assert_eq!(loads.0.len(), 1, "nothing is kept of who has nothing");
    }

    #[test]
    fn bytes_of_leaves_count_until_they_are_written() {
        let load = Load::default();
        let waiting: Vec<_> = (0..3).map(|_| load.add(&leaf())).collect();
        let other = load.add(&ReceiveJob::Finish(0));
        assert_eq!(load.bytes(), 3 * transom_wire::limits::LEAF as u64);
        drop((waiting, other));
        assert_eq!(load.bytes(), 0);
    }
}
