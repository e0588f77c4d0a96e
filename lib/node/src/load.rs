//! How much each peer has waiting at the disk thread, so that none can pile up work. It knows no queue.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use crate::disk::Job;
use crate::lanes::Lane;

/// What one peer has waiting, by all its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load(Arc<AtomicU32>);

/// An honest peer has at most 256 entries ahead in each of 16 transfers, and three jobs for each.
const MAX_LOAD: u32 = 16 * 1024;
/// An offer costs the disk as much as many leaves: folders are made and synced.
const OFFER_LOAD: u32 = 64;
/// So many bytes of a leaf count like a job, which keeps what waits for one peer below 256 MiB.
const LEAF_BYTES: usize = 16 * 1024;

impl Load {
    pub(crate) fn is_too_much(&self) -> bool {
        self.0.load(Ordering::Relaxed) > MAX_LOAD
    }

    pub(crate) fn add(&self, job: &Job) -> Share {
        let weight = weight(job);
        self.0.fetch_add(weight, Ordering::Relaxed);
        Share(self.clone(), weight)
    }
}

fn weight(job: &Job) -> u32 {
    match job {
        Job::Receive { .. } => OFFER_LOAD,
        Job::Leaf { leaf, .. } => {
            u32::try_from(leaf.bytes.len() / LEAF_BYTES).map_or(MAX_LOAD, |more| 1 + more)
        }
        _ => 1,
    }
}

/// One job's part of a load, until it is done.
pub(crate) struct Share(Load, u32);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// The loads of all peers that are here, or whose jobs still wait: who connects anew goes on with what it left.
#[derive(Debug, Default)]
pub(crate) struct Loads(BTreeMap<Lane, Weak<AtomicU32>>);

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

    use super::*;

    fn leaf() -> Job {
        let bytes = vec![0; transom_wire::limits::LEAF];
        let (index, offset) = (0, 0);
        Job::Leaf {
            leaf: LeafData {
                index,
                offset,
                hash: [0; 32],
                bytes,
            },
            size: 1,
            found: [0; 32],
        }
    }

    #[test]
    fn who_connects_anew_still_has_what_it_left_at_the_disk() {
        let mut loads = Loads::default();
        let mut waiting = Vec::new();
        for _ in 0..20 {
            // Each time its only connection, which is gone at the end of the round.
            let load = loads.of([1; 32]);
            waiting.extend((0..1000).map(|_| load.add(&Job::Finish(0))));
        }
        assert!(loads.of([1; 32]).is_too_much());
        assert!(!loads.of([2; 32]).is_too_much());
        waiting.clear();
        assert!(!loads.of([1; 32]).is_too_much());
        assert_eq!(loads.0.len(), 1, "nothing is kept of who has nothing");
    }

    #[test]
    fn leaves_weigh_by_their_bytes() {
        let load = Load::default();
        let job = leaf();
        let most = (256 << 20) / transom_wire::limits::LEAF;
        let waiting: Vec<_> = (0..most).map(|_| load.add(&job)).collect();
        assert!(load.is_too_much());
        drop(waiting);
        assert!(!load.is_too_much());
    }
}
