//! Tells the owner when the passes of the door were used.

use std::time::{Duration, Instant};

use transom_net::door::Passes;

use crate::context::Context;
use crate::notice::Notice;

#[derive(Debug, Default)]
pub(super) struct Uses {
    /// The name of each pass and its last use, as the owner knows them.
    known: Vec<(String, Option<Duration>)>,
    told: Option<Instant>,
    due: Option<Instant>,
}

impl Uses {
    /// The owner has these passes, with these uses.
    pub(super) fn know(&mut self, passes: Option<&Passes>) {
        let passes = passes.into_iter().flat_map(Passes::iter);
        let uses = passes.map(|pass| (pass.name().to_owned(), pass.last_used()));
        self.known = uses.collect();
    }

    /// Tells the owner of later uses, if it is time. The first use of a pass is told at once: until
    /// then its owner believes that it was never used.
    pub(super) fn turn(&mut self, now: Instant, out: &mut Context) {
        self.due = None;
        let Some((door, _)) = out.net.door() else {
            return;
        };
        let (mut is_news, mut is_first) = (false, false);
        let passes = door.passes();
        for (at, pass) in passes.into_iter().flat_map(Passes::iter).enumerate() {
            let known = self.known.get(at).filter(|(name, _)| name == pass.name());
            let known = known.and_then(|(_, used)| *used);
            is_news |= known != pass.last_used();
            is_first |= known.is_none() && pass.last_used().is_some();
        }
        let told = self.told.filter(|_| !is_first);
        let due = told.map_or(now, |told| told + USES_INTERVAL);
        if !is_news || due > now {
            self.due = is_news.then_some(due);
            return;
        }
        if let Some(passes) = passes.cloned() {
            self.know(Some(&passes));
            self.told = Some(now);
            out.notify(Notice::PassesUsed { passes });
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }
}

/// How often the owner is told of uses of passes, which it may write to a card.
pub(super) const USES_INTERVAL: Duration = Duration::from_secs(60);
