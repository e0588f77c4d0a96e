//! Shares what a key can make us hold among its connections.

use transom_wire::PublicKey;

use super::Links;
use crate::outside::Outside;

impl Links {
    /// Gives each connection of a key its part of the key's budget. Gives how many of them hold anything.
    ///
    /// To be called in every turn in which files of that key come, before its sessions grant anything: what they hold
    /// changes with everything that comes, and with every transfer that ends.
    pub(crate) fn share(&self, key: &PublicKey, out: &mut Outside) -> usize {
        let moment = out.net.now();
        let (mut here, mut held, mut storing) = (Vec::new(), Vec::new(), 0);
        let mut waiting = 0;
        for (id, link) in self.links.iter().filter(|(_, link)| link.key == *key) {
            waiting = link.load.bytes();
            if let Some(stats) = out.with(*id, |session| session.stats(moment)) {
                here.push(*id);
                held.push(stats.granted);
                storing += stats.storing;
            }
        }
        // What waits at the disk and is of no transfer that runs.
        let left = waiting.saturating_sub(storing);
        for (id, window) in here.iter().zip(self.budget.windows(left, &held)) {
            out.with(*id, |session| session.set_session_window(window));
        }
        held.iter().filter(|bytes| **bytes > 0).count()
    }
}
