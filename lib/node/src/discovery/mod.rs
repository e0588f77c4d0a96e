//! Stations nearby: what this one announces on the local network, and what others announce.
//!
//! An announcement is a hint and proves nothing. It gives addresses to dial, the handshake checks
//! the key there, and nobody is let in, answered or sent to because of it.
//!
//! ```text
//!  owner, pairing --> Discovery --Job--> responder (mdns.rs; off.rs without the feature)
//!  owner, Links   <-- Discovery <-News-- thread `nearby`: Neighbours, a bounded table
//! ```
//!
//! An announcement holds a lasting id of the station, the [`Fingerprint`] of its key. It is made
//! only by stations that can be reached from other machines, and while [`Announce`] says so.

#[cfg(feature = "discovery")]
mod mdns;
#[cfg(not(feature = "discovery"))]
#[path = "off.rs"]
mod mdns;
mod nearby;
#[cfg(feature = "discovery")]
mod neighbours;
#[cfg(feature = "discovery")]
mod record;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_wire::{Capabilities, Fingerprint, PeerName};

use crate::context::Context;
use crate::links::Links;
use crate::notice::Notice;
use crate::settings::Settings;

pub(crate) use self::mdns::Mdns;
pub use self::nearby::{Claim, Nearby};

/// Whether stations on the local network may learn that this one exists.
///
/// Only a station that listens for other machines is ever announced.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Announce {
    /// Never, not even during a pairing.
    #[default]
    Never,
    /// Only while an announcement has a purpose: a contact has the right `auto`, so that it has to
    /// find us wherever we are, or a pairing is open.
    WhenNeeded,
    /// As long as the station runs.
    Always,
}

/// What a station announces of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Advert {
    pub(crate) name: PeerName,
    pub(crate) fingerprint: Fingerprint,
    /// Where it listens, loopback left out; an unspecified address stands for all of its family.
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) does: Capabilities,
    /// The number of the code that is shown.
    pub(crate) pairing: Option<u8>,
    /// The port of the HTTP door, if other machines reach it.
    pub(crate) http: Option<u16>,
}

/// What another station announces, within bounds. All of it is unproven.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Heard {
    pub(crate) name: PeerName,
    pub(crate) fingerprint: Fingerprint,
    /// Best first.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) does: Capabilities,
    pub(crate) pairing: Option<u8>,
    pub(crate) http: Option<u16>,
}

/// Whose announcement it claims to be: the contacts by the fingerprints of their keys.
pub(crate) type Contacts = BTreeMap<Fingerprint, PeerName>;

/// What the responder is to do.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Job {
    pub(crate) advert: Option<Advert>,
    /// Whether to ask for stations.
    pub(crate) browses: bool,
    /// In a flood, announcements of these are kept before others.
    pub(crate) contacts: Arc<Contacts>,
}

/// What the responder tells.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "discovery"),
    expect(dead_code, reason = "the twin of the responder tells nothing")
)]
pub(crate) enum News {
    /// All stations that announce themselves now, the newest first.
    Stations(Vec<Heard>),
    /// It ended: it failed, or the network flooded it.
    Ended,
}

/// Decides what is announced and asked for, and knows what was heard.
pub(crate) struct Discovery {
    announce: Announce,
    own: Advert,
    /// Whether the owner wants to see who is nearby.
    looks: bool,
    /// Whether an entered code needs candidates.
    seeks_code: bool,
    stations: Vec<Heard>,
    contacts: Arc<Contacts>,
    /// What the responder was told last.
    job: Job,
    /// Whether the job or the contacts may have to change.
    changed: bool,
    /// The responder has ended and is not started again before this.
    rests_until: Option<Instant>,
}

/// What is announced of what a station can do: by these a person tells a camera from a window. The
/// rest is said in the hello.
const ANNOUNCED: [Capabilities; 3] = [
    Capabilities::CAMERA,
    Capabilities::CALLS,
    Capabilities::FILES,
];

/// How long a responder that failed, or was flooded, stays off.
const REST: Duration = Duration::from_secs(600);

fn announced(all: Capabilities) -> Capabilities {
    let has = ANNOUNCED.into_iter().filter(|it| all.contains(*it));
    has.fold(Capabilities::NONE, |all, it| all | it)
}

/// The addresses at which other machines reach the station.
fn reachable(listen: &[SocketAddr]) -> Vec<SocketAddr> {
    let all = listen.iter().copied();
    all.filter(|address| !address.ip().is_loopback()).collect()
}

impl Discovery {
    /// For a station that listens there.
    pub(crate) fn new(settings: &Settings, listen: &[SocketAddr]) -> Self {
        Self {
            announce: settings.announce,
            own: Advert {
                name: settings.name,
                fingerprint: settings.identity.public_key().fingerprint(),
                listen: reachable(listen),
                does: announced(settings.capabilities()),
                pairing: None,
                http: None,
            },
            looks: false,
            seeks_code: false,
            stations: Vec::new(),
            contacts: Arc::default(),
            job: Job::default(),
            changed: true,
            rests_until: None,
        }
    }

    /// Announces the station from now on, or no longer.
    pub(crate) fn announce(&mut self, announce: Announce) {
        self.changed |= std::mem::replace(&mut self.announce, announce) != announce;
    }

    /// The station listens there from now on.
    pub(crate) fn listens(&mut self, listen: &[SocketAddr]) {
        self.own.listen = reachable(listen);
        self.changed = true;
    }

    /// Announces the station by that name from now on.
    pub(crate) fn rename(&mut self, name: PeerName) {
        self.changed |= std::mem::replace(&mut self.own.name, name) != name;
    }

    /// Announces that a code of that number is shown, or no longer.
    pub(crate) fn set_pairing(&mut self, pairing: Option<u8>) {
        self.changed |= std::mem::replace(&mut self.own.pairing, pairing) != pairing;
    }

    /// Announces that browsers reach the station at that port, or no longer.
    pub(crate) fn set_http(&mut self, port: Option<u16>) {
        self.changed |= std::mem::replace(&mut self.own.http, port) != port;
    }

    /// Tells the owner who is nearby from now on, or no longer.
    pub(crate) fn look(&mut self, looks: bool, out: &mut Context) {
        self.changed |= std::mem::replace(&mut self.looks, looks) != looks;
        if looks && !self.stations.is_empty() {
            self.tell(out);
        }
    }

    /// Asks the network for stations that show a code, or no longer; see
    /// [`showing`](Self::showing).
    pub(crate) fn seek_code(&mut self, seeks: bool) {
        self.changed |= std::mem::replace(&mut self.seeks_code, seeks) != seeks;
    }

    /// The stations that say that they show the code of that number, the newest first.
    pub(crate) fn showing(&self, number: u8) -> impl Iterator<Item = &Heard> {
        let stations = self.stations.iter();
        stations.filter(move |heard| heard.pairing == Some(number))
    }

    /// The contact book, or a pinned key, has changed.
    pub(crate) fn contacts_changed(&mut self) {
        self.changed = true;
    }

    /// When it has something to do.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.rests_until
    }

    pub(crate) fn turn(&mut self, now: Instant, links: &mut Links, out: &mut Context) {
        match out.workers.news() {
            Some(News::Stations(stations)) => self.hear(stations, links, out),
            Some(News::Ended) => self.rest(now, links, out),
            None => {}
        }
        if self.rests_until.is_some_and(|until| until <= now) {
            self.rests_until = None;
            self.changed = true;
        }
        let is_new = links.seeks_moved() && !self.job.browses;
        if (self.changed || is_new) && self.rests_until.is_none() {
            self.changed = false;
            self.update(links, out);
        }
    }

    /// The responder has ended.
    fn rest(&mut self, now: Instant, links: &mut Links, out: &mut Context) {
        log::warn!(
            "no station is announced or found for {} minutes",
            REST.as_secs() / 60
        );
        self.job = Job::default();
        let until = now + REST;
        self.rests_until = Some(until);
        out.notify(Notice::NearbyPaused { until });
        self.hear(Vec::new(), links, out);
    }

    /// Takes what is announced now, in place of all before. The responder calls it, and tests do.
    pub(crate) fn hear(&mut self, stations: Vec<Heard>, links: &mut Links, out: &mut Context) {
        let (own, listen) = (self.own.fingerprint, &self.own.listen);
        let is_this = |heard: &Heard| {
            let at_our_port =
                |address: &SocketAddr| listen.iter().any(|own| own.port() == address.port());
            heard.fingerprint == own && heard.addresses.iter().any(at_our_port)
        };
        self.stations = stations;
        self.stations.retain(|heard| !is_this(heard));
        links.hear(&self.stations, out);
        if self.looks {
            self.tell(out);
        }
    }

    fn tell(&self, out: &mut Context) {
        let claims = |heard: &Heard| match self.contacts.get(&heard.fingerprint) {
            _ if heard.fingerprint == self.own.fingerprint => Claim::Own,
            Some(name) => Claim::Contact(*name),
            None => Claim::Stranger,
        };
        let stations = self.stations.iter();
        let stations = stations.map(|heard| Nearby::new(heard, claims(heard)));
        out.notify(Notice::Nearby {
            stations: stations.collect(),
        });
    }

    fn update_contacts(&mut self, links: &Links) {
        let contacts = links.contacts();
        if *self.contacts != contacts {
            self.contacts = Arc::new(contacts);
        }
    }

    fn update(&mut self, links: &Links, out: &mut Context) {
        self.update_contacts(links);
        let job = self.wanted(links);
        if job != self.job {
            out.workers.discover(&job);
            self.job = job;
        }
    }

    fn wanted(&self, links: &Links) -> Job {
        Job {
            advert: self.is_announced(links).then(|| self.own.clone()),
            browses: self.looks || self.seeks_code || links.seeks_moved(),
            contacts: self.contacts.clone(),
        }
    }

    fn is_announced(&self, links: &Links) -> bool {
        let is_wanted = match self.announce {
            Announce::Never => false,
            Announce::WhenNeeded => self.own.pairing.is_some() || links.has_auto_contacts(),
            Announce::Always => true,
        };
        is_wanted && !self.own.listen.is_empty()
    }
}
