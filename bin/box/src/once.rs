//! When `receive --once` ends: once the first sender whose transfer ended has gone, or sends
//! nothing more.

use std::time::{Duration, Instant};

use transom::{Notice, PeerName, TransferId};

/// The running transfers, and the sender whose transfer ended first.
#[derive(Debug, Default)]
pub(crate) struct Once {
    running: Vec<(TransferId, PeerName)>,
    served: Option<Served>,
}

#[derive(Debug)]
struct Served {
    peer: PeerName,
    /// Names of files and folders that did not arrive complete, nor later.
    missing: Vec<String>,
    gone: bool,
    /// When its last transfer ended.
    since: Instant,
}

impl Once {
    pub(crate) fn notice(&mut self, notice: &Notice, now: Instant) {
        match notice {
            Notice::Offered { transfer, peer, .. } => self.begun(*transfer, *peer),
            Notice::Transfer(status) => self.begun(status.transfer, status.peer),
            Notice::TransferEnded { status, outcome } => {
                self.running
                    .retain(|(transfer, _)| *transfer != status.transfer);
                let served = self.served.get_or_insert(Served {
                    peer: status.peer,
                    missing: Vec::new(),
                    gone: false,
                    since: now,
                });
                if served.peer == status.peer {
                    served.since = now;
                    served.missing.retain(|name| *name != status.name);
                    if !outcome.is_success() && served.missing.len() < MAX_MISSING {
                        served.missing.push(status.name.clone());
                    }
                }
            }
            Notice::Left { peer, .. } => self.presence(peer, false),
            Notice::Joined { peer, .. } => self.presence(peer, true),
            _ => {}
        }
    }

    /// When to end if nothing more happens; `None` while a transfer runs.
    pub(crate) fn due(&self) -> Option<Instant> {
        let served = self.served.as_ref()?;
        if self.running.iter().any(|(_, peer)| *peer == served.peer) {
            return None;
        }
        let pause = if served.gone { Duration::ZERO } else { PAUSE };
        Some(served.since + pause)
    }

    /// `None` until the end, then whether everything arrived complete.
    pub(crate) fn is_over(&self, now: Instant) -> Option<bool> {
        let served = self.served.as_ref()?;
        self.due()
            .is_some_and(|due| due <= now)
            .then_some(served.missing.is_empty())
    }

    fn begun(&mut self, transfer: TransferId, peer: PeerName) {
        if !self.running.iter().any(|(other, _)| *other == transfer) {
            self.running.push((transfer, peer));
        }
    }

    fn presence(&mut self, peer: &PeerName, is_here: bool) {
        if let Some(served) = self.served.as_mut().filter(|served| served.peer == *peer) {
            served.gone = !is_here;
        }
    }
}

/// Limit of names: a single one already means failure.
const MAX_MISSING: usize = 64;

/// A connected sender that offers nothing for so long, such as a window, is done: a program with
/// more to send offers it within a round trip and a disk access.
const PAUSE: Duration = Duration::from_secs(5);
