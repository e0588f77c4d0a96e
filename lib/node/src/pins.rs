//! The keys that were pinned on first use: what is asked of the file of them, and the answer. A
//! disk may take seconds for either, so the loop does neither by itself.

use std::sync::Arc;

use transom_net::PeerId;
use transom_users::KnownPeers;
use transom_wire::{PeerName, PublicKey};

use crate::identity::KnownPeersFile;
use crate::notice::KeyNotKept;

/// The file is read again if another program changed it, and each of these keys is pinned to its
/// name, for the sake of that connection.
pub(crate) type PinJob = Vec<(PeerId, PeerName, PublicKey)>;

/// What a job came to.
pub(crate) struct PinAnswer {
    pub(crate) known: Arc<KnownPeers>,
    /// The keys that can't be pinned. All others are, and are on the disk.
    pub(crate) failed: Vec<(PeerId, KeyNotKept)>,
}

/// Does the jobs.
#[derive(Default)]
pub(crate) struct Pinner {
    file: KnownPeersFile,
    known: Arc<KnownPeers>,
}

impl Pinner {
    pub(crate) fn new(file: KnownPeersFile) -> Self {
        let known = Arc::new(file.peers().clone());
        Self { file, known }
    }

    pub(crate) fn work(&mut self, job: &PinJob) -> PinAnswer {
        if let Err(error) = self.file.refresh() {
            log::warn!("{error}");
        }
        let mut failed = Vec::new();
        for (link, name, key) in job {
            if let Err(error) = self.file.learn(name, key) {
                failed.push((*link, KeyNotKept::of(&error)));
            }
        }
        if *self.known != *self.file.peers() {
            self.known = Arc::new(self.file.peers().clone());
        }
        let known = self.known.clone();
        PinAnswer { known, failed }
    }
}
