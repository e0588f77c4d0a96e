//! A peer that keeps the protocol's rules and does with its sessions whatever the test wants, as
//! often as it wants.

use std::time::{Duration, Instant};

use transom::{PublicKey, Settings};
use transom_net::{Config, Event, Net, PeerId};
use transom_proto::{self as proto, CallEvent, CallId, Session};
use transom_secure::Identity;
use transom_wire::Capabilities;

use crate::calls::pattern;
use crate::support::{PATIENCE, Peer, book, local};

pub(crate) struct Evil {
    identity: Identity,
    net: Net,
    /// Which run of a station it says it is.
    pub(crate) station: u64,
    pub(crate) key: PublicKey,
    /// What it says that it takes: no sound, as an older program.
    pub(crate) takes: Capabilities,
}

impl Evil {
    pub(crate) fn new(station: u64) -> Self {
        let identity = Identity::generate().unwrap();
        let key = PublicKey(identity.public());
        let net = net(&identity);
        Self {
            identity,
            net,
            station,
            key,
            takes: Capabilities::NONE,
        }
    }

    /// Connects once more, and waits until it is let in.
    pub(crate) fn connect(&mut self, to: &Peer) -> PeerId {
        let link = self.net.dial(to.address.unwrap()).unwrap();
        self.until(|peer, event| {
            (peer == link && matches!(event, proto::Event::Hello { .. })).then_some(link)
        })
    }

    /// Loses all connections at once.
    pub(crate) fn lose(&mut self) {
        self.net = net(&self.identity);
    }

    pub(crate) fn session(&mut self, link: PeerId) -> &mut Session {
        self.net.session(link).unwrap()
    }

    /// The time of its sessions.
    #[cfg(feature = "sound")]
    pub(crate) fn now(&self) -> proto::Instant {
        self.net.now()
    }

    /// The session, if there still is one.
    pub(crate) fn try_session(&mut self, link: PeerId) -> Option<&mut Session> {
        self.net.session(link)
    }

    /// Waits for a ring of the other side.
    pub(crate) fn rung(&mut self) -> (PeerId, CallId) {
        self.until(|peer, event| match event {
            proto::Event::Call(call, CallEvent::Ringing(_)) => Some((peer, *call)),
            _ => None,
        })
    }

    /// Waits for the event of a session that `wanted` takes, and skips all before it.
    pub(crate) fn until<T>(
        &mut self,
        mut wanted: impl FnMut(PeerId, &proto::Event) -> Option<T>,
    ) -> T {
        let end = Instant::now() + PATIENCE;
        let mut skipped = Vec::new();
        while Instant::now() < end {
            for event in self.turn() {
                if let Event::Peer { peer, event } = &event
                    && let Some(found) = wanted(*peer, event)
                {
                    return found;
                }
                skipped.push(format!("{event:?}"));
            }
        }
        panic!("not among {skipped:#?}");
    }

    /// One turn of the loop, in which nothing of that kind comes.
    pub(crate) fn turn_without(&mut self, unwanted: impl Fn(&proto::Event) -> bool) {
        for event in self.turn() {
            let is_bad = matches!(&event, Event::Peer { event, .. } if unwanted(event));
            assert!(!is_bad, "{event:?}");
        }
    }

    /// One turn of the loop: what happened in it. Each picture counts as shown, so that more come.
    pub(crate) fn turn(&mut self) -> Vec<Event> {
        let soon = Instant::now() + Duration::from_millis(1);
        self.net.wait(Some(soon)).unwrap();
        let mut events = Vec::new();
        while let Some(event) = self.net.next_event() {
            if let Event::Key { peer, .. } = event {
                let name = "evil".parse().unwrap();
                let mut config = proto::Config::new(name, self.station, 1);
                config.capabilities = self.takes;
                self.net.admit(peer, config);
            }
            if let Event::Peer {
                peer,
                event: proto::Event::Call(call, CallEvent::Picture(picture)),
            } = &event
                && let Some(session) = self.net.session(*peer)
            {
                let now = proto::Instant(0);
                // It may be over by now.
                let _ = session.shown(*call, picture.head.sequence, now);
            }
            events.push(event);
        }
        events
    }
}

/// Somebody at a window who knows the evil one, with these rights.
pub(crate) fn victim(evil: &Evil, may: &str, change: impl FnOnce(&mut Settings)) -> Peer {
    let line = format!("evil 127.0.0.1:9 key={} may={may}", evil.key);
    Peer::start("victim", |settings| {
        settings.book = book(&[line]);
        settings.listen = local();
        settings.takes_calls = true;
        settings.camera = Some(pattern(320, 240));
        change(settings);
    })
}

/// Waits until a ring is answered.
pub(crate) fn is_answered(evil: &mut Evil) {
    evil.until(|_, event| {
        matches!(event, proto::Event::Call(_, CallEvent::Answered)).then_some(())
    });
}

fn net(identity: &Identity) -> Net {
    Net::bind(Config::new(identity.clone(), Vec::new())).unwrap()
}
