//! What was on its way when the window was closed, to be gone on with by a click: the receiver has
//! kept what came.

use std::path::PathBuf;

use transom::{Direction, Outcome, PeerName};

use super::State;

/// Maximum number of remembered paths.
pub(crate) const MAX_UNSENT: usize = 256;

/// A file or folder that was not sent to its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Unsent {
    /// The receiver.
    pub(crate) peer: PeerName,
    /// Which.
    pub(crate) path: PathBuf,
}

impl State {
    /// All that would not be sent if the window closed now.
    pub(crate) fn unfinished(&self) -> Vec<Unsent> {
        let ours = self.transfers.iter().filter(|one| {
            one.status.direction == Direction::Outgoing
                && matches!(one.outcome, None | Some(Outcome::Lost { .. }))
        });
        let running = ours.filter_map(|one| {
            let path = self.source(one.status.transfer)?.to_owned();
            let peer = one.status.peer;
            Some(Unsent { peer, path })
        });
        let earlier = self.unsent.iter().cloned();
        earlier.chain(running).take(MAX_UNSENT).collect()
    }

    pub(super) fn forget_unsent(&mut self, unsent: &Unsent) {
        self.unsent.retain(|one| one != unsent);
    }
}
