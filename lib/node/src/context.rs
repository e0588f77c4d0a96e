//! What every part of a station acts through: the sockets, the workers, and the notices to its
//! owner.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use transom_net::PeerId;
use transom_proto::Session;

#[cfg(feature = "http")]
use crate::door::DoorSources;
use crate::handle::Queue;
use crate::liveness::Liveness;
use crate::notice::Notice;
use crate::pace::Paces;
use crate::parts::{Machine, Net, Workers};

pub(crate) struct Context {
    pub(crate) machine: Machine,
    pub(crate) net: Net,
    pub(crate) workers: Workers,
    pub(crate) notices: VecDeque<Notice>,
    pub(crate) queue: Arc<Queue>,
    /// What peers begin.
    pub(crate) paces: Paces,
    /// Liveness checks of connections.
    pub(crate) liveness: Liveness,
    /// Whether a call is live anywhere at this station or in another program of its owner.
    pub(crate) shared_live: bool,
    /// The cameras of the HTTP door.
    #[cfg(feature = "http")]
    pub(crate) door_sources: DoorSources,
}

impl Context {
    /// What acts through these, where no call is live and nothing has happened yet.
    pub(crate) fn new(machine: Machine, net: Net, workers: Workers, queue: Arc<Queue>) -> Self {
        Self {
            machine,
            net,
            workers,
            notices: VecDeque::new(),
            queue,
            paces: Paces::default(),
            liveness: Liveness::default(),
            shared_live: false,
            #[cfg(feature = "http")]
            door_sources: DoorSources::default(),
        }
    }

    /// The time, for all of the station.
    pub(crate) fn now(&self) -> Instant {
        self.machine.now()
    }

    pub(crate) fn notify(&mut self, notice: Notice) {
        self.notices.push_back(notice);
    }

    /// Acts on a peer's session, if it still has one.
    pub(crate) fn with<T>(
        &mut self,
        link: PeerId,
        act: impl FnOnce(&mut Session) -> T,
    ) -> Option<T> {
        self.net.session(link).map(act)
    }

    /// Tells a session whether a call is live anywhere.
    pub(crate) fn tell_shared_live(&mut self, link: PeerId) {
        let (live, now) = (self.shared_live, self.net.now());
        self.with(link, |session| session.set_shared_live(live, now));
    }

    /// The connections that failed the liveness checks which end now.
    pub(crate) fn silent(&mut self, now: Instant) -> Vec<PeerId> {
        let Self { net, liveness, .. } = self;
        let moment = net.clock(now);
        liveness.silent(now, |link| Some(net.session(link)?.stats(moment).silent))
    }
}

/// The earlier of two moments, where `None` is never.
pub(crate) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
