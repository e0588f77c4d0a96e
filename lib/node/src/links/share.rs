//! Divides the memory budget of a key among its connections.

use transom_wire::PublicKey;

use super::Links;
use crate::context::Context;

impl Links {
    /// Sets the windows of all connections of a key. Returns how many of them hold file data.
    ///
    /// To be called in every turn while files of that key arrive, since the bytes that a connection
    /// holds change with all data and with every ending transfer. Sessions grant after the turn.
    pub(crate) fn share(&self, key: &PublicKey, out: &mut Context) -> usize {
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
        // Bytes at the disk that belong to no running transfer.
        let left = waiting.saturating_sub(storing);
        for (id, window) in here.iter().zip(self.budget.windows(left, &held)) {
            out.with(*id, |session| session.set_session_window(window));
        }
        held.iter().filter(|bytes| **bytes > 0).count()
    }
}
