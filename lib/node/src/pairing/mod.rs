//! Pairing by a typed code (wire 10): the code that this station shows, and the one that its owner
//! typed. The network part counts the tries of a shown code; here are its time, the candidates of a
//! typed one, and who is let in afterwards.

mod entry;
mod invitation;
mod terms;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_net::{CodeId, Departure, PairingEvent, PairingTerms as NetTerms, PeerId};
use transom_secure::{CAN_PAIR, Code};
use transom_users::DEFAULT_PORT;
use transom_wire::{Introduction, Keep, PeerName, PublicKey};

use self::entry::Entry;
pub use self::invitation::{InvalidInvitation, Invitation, MAX_ADDRESSES};
pub use self::terms::{
    Candidates, CodeEnd, Paired, PairingFailure, PairingId, PairingNotice, PairingSide,
    PairingTerms,
};
use self::terms::{from_grants, grants};
use crate::addresses::lasting_address;
use crate::context::{Context, earlier};
use crate::discovery::Discovery;
use crate::links::Links;
use crate::notice::{Notice, Obstacle};

/// How long a code is shown: enough to walk to another room, too short to be forgotten open.
pub(crate) const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// The pairings of a station: at most one code shown and one typed.
pub(crate) struct Pairings {
    own_name: PeerName,
    shown: Option<Shown>,
    entry: Option<Entry>,
    /// The code that was typed last, and how often others have had a try at it.
    tried: Option<(Code, u8)>,
}

struct Shown {
    id: PairingId,
    /// For the network part.
    code_id: CodeId,
    code: Code,
    terms: PairingTerms,
    until: Instant,
}

impl Pairings {
    pub(crate) fn new(own_name: PeerName) -> Self {
        Self {
            own_name,
            shown: None,
            entry: None,
            tried: None,
        }
    }

    /// What this station calls itself to peers that it dials for a pairing from now on. The network
    /// part has the name that goes with a shown code.
    pub(crate) fn rename(&mut self, own_name: PeerName) {
        self.own_name = own_name;
    }

    /// Shows a code, a new one if none is given. A code that was shown before ends.
    pub(crate) fn show(
        &mut self,
        id: PairingId,
        code: Option<Code>,
        terms: PairingTerms,
        out: &mut Context,
    ) {
        self.stop_showing(CodeEnd::Stopped, out);
        let code = code.map_or_else(Code::generate, Ok);
        let code = match code.map_err(|_| CodeEnd::NoRandom) {
            Ok(code) if CAN_PAIR => code,
            other => {
                let why = other.err().unwrap_or(CodeEnd::NotBuilt);
                return tell(id, PairingNotice::CodeEnded { why }, out);
            }
        };
        let code_id = out.net.open_pairing(self.net_terms(&code, &terms, out));
        let until = out.now() + CODE_LIFETIME;
        let notice = PairingNotice::CodeShown {
            code: code.clone(),
            until,
        };
        tell(id, notice, out);
        self.shown = Some(Shown {
            id,
            code_id,
            code,
            terms,
            until,
        });
    }

    /// Looks for the station that shows the typed code. A code typed before is given up.
    pub(crate) fn enter(
        &mut self,
        id: PairingId,
        code: Code,
        candidates: Candidates,
        terms: PairingTerms,
        out: &mut Context,
    ) {
        self.stop_entering(PairingFailure::Ended, out);
        let before = self.tried.take().filter(|(before, _)| *before == code);
        let tries = before.map_or(0, |(_, tries)| tries);
        self.tried = Some((code.clone(), tries));
        let typed = (id, code, terms);
        self.entry = Some(Entry::new(typed, candidates, tries, out));
        self.go_on(out.now(), out);
    }

    /// Ends both.
    pub(crate) fn end(&mut self, out: &mut Context) {
        self.stop_showing(CodeEnd::Stopped, out);
        self.stop_entering(PairingFailure::Ended, out);
    }

    /// The addresses of a candidate's host name. Those of a code typed before are ignored: the
    /// code typed now is not for that host.
    pub(crate) fn resolved(
        &mut self,
        of: PairingId,
        found: std::io::Result<Vec<SocketAddr>>,
        out: &mut Context,
    ) {
        if let Some(entry) = self.entry.as_mut().filter(|entry| entry.id == of) {
            entry.resolved(found);
            self.go_on(out.now(), out);
        }
    }

    /// When a code or the wait for one ends.
    pub(crate) fn due(&self) -> Option<Instant> {
        let shown = self.shown.as_ref().map(|shown| shown.until);
        earlier(shown, self.entry.as_ref().and_then(Entry::due))
    }

    pub(crate) fn turn(&mut self, now: Instant, out: &mut Context) {
        if self.shown.as_ref().is_some_and(|shown| shown.until <= now) {
            self.stop_showing(CodeEnd::Expired, out);
        }
        if self
            .entry
            .as_ref()
            .and_then(Entry::due)
            .is_some_and(|due| due <= now)
        {
            self.go_on(now, out);
        }
    }

    /// The number of the code that is shown, to be announced.
    pub(crate) fn number_shown(&self) -> Option<u8> {
        self.shown.as_ref().map(|shown| shown.code.number())
    }

    /// The number of the typed code, if stations that announce it are looked for.
    pub(crate) fn number_sought(&self) -> Option<u8> {
        self.entry.as_ref().and_then(Entry::number_sought)
    }

    /// Takes the stations that announce the number of the typed code.
    pub(crate) fn look(&mut self, discovery: &Discovery, out: &mut Context) {
        let number = self.number_sought();
        if let (Some(entry), Some(number)) = (&mut self.entry, number) {
            let stations = discovery.showing(number);
            let stations = stations.map(|heard| (heard.fingerprint, heard.addresses.as_slice()));
            if entry.announced(stations) {
                self.go_on(out.now(), out);
            }
        }
    }

    /// An event of the network, of the shown code `code` or else of the typed one. Returns the peer
    /// that we have paired with, to be let in. The owner's commands come before events that wait,
    /// so an event may be of a code that was replaced: it means nothing then.
    pub(crate) fn handle(
        &mut self,
        peer: PeerId,
        address: SocketAddr,
        code: Option<CodeId>,
        event: PairingEvent,
        links: &Links,
        out: &mut Context,
    ) -> Option<Paired> {
        let shown = self.shown.as_ref().map(|shown| (shown.code_id, shown.id));
        let current = match code {
            Some(code) => shown.filter(|(shown, _)| *shown == code).map(|(_, id)| id),
            None => (self.entry.as_ref())
                .filter(|entry| entry.is_at(peer))
                .map(|entry| entry.id),
        };
        let Some(id) = current else {
            log::debug!("{peer} at {address}: {event:?} of a code that has ended");
            return None;
        };
        match event {
            PairingEvent::Tried => {
                if let Some(entry) = &mut self.entry {
                    let tries = entry.tried();
                    self.tried = Some((entry.code.clone(), tries));
                }
            }
            PairingEvent::WrongCode { tries_left } => {
                let notice = PairingNotice::WrongGuess {
                    address,
                    tries_left,
                };
                tell(id, notice, out);
                if tries_left == 0 {
                    self.stop_showing(CodeEnd::Guessed, out);
                }
            }
            PairingEvent::Paired { key, introduction } => {
                let (side, terms) = match code {
                    Some(_) => (PairingSide::Showed, self.shown.take()?.terms),
                    None => {
                        self.tried = None;
                        (PairingSide::Entered, self.entry.take()?.terms)
                    }
                };
                let paired = paired((key, introduction), side, address, terms, links);
                tell(id, PairingNotice::Paired(Box::new(paired.clone())), out);
                return Some(paired);
            }
            _ => {}
        }
        None
    }

    /// A connection has ended that may be one of a typed code.
    pub(crate) fn left(&mut self, peer: PeerId, why: &Departure, out: &mut Context) {
        if let Some(entry) = self.entry.as_mut().filter(|entry| entry.is_at(peer)) {
            entry.left(why, out.now());
            self.go_on(out.now(), out);
        }
    }

    /// Dials the next candidate of the typed code, or gives up.
    fn go_on(&mut self, now: Instant, out: &mut Context) {
        let Some(entry) = &mut self.entry else {
            return;
        };
        while let Some((address, key)) = entry.next() {
            let notice = PairingNotice::Trying { address };
            tell(entry.id, notice, out);
            let terms = net_terms(self.own_name, &entry.code, &entry.terms, out);
            match out.net.dial_pairing(address, terms, key) {
                Ok(peer) => return entry.dialed(peer),
                Err(error) => entry.unreachable(Obstacle::of_dial(&error)),
            }
        }
        if let Some(why) = entry.verdict(now) {
            tell(entry.id, PairingNotice::Failed { why }, out);
            self.entry = None;
        }
    }

    fn stop_showing(&mut self, why: CodeEnd, out: &mut Context) {
        if let Some(shown) = self.shown.take() {
            out.net.close_pairing();
            tell(shown.id, PairingNotice::CodeEnded { why }, out);
        }
    }

    fn stop_entering(&mut self, why: PairingFailure, out: &mut Context) {
        if let Some(entry) = self.entry.take() {
            if let Some(peer) = entry.connection() {
                out.net.refuse(peer);
            }
            tell(entry.id, PairingNotice::Failed { why }, out);
        }
    }

    fn net_terms(&self, code: &Code, terms: &PairingTerms, out: &Context) -> NetTerms {
        net_terms(self.own_name, code, terms, out)
    }
}

fn tell(id: PairingId, notice: PairingNotice, out: &mut Context) {
    out.notify(Notice::Pairing(id, notice));
}

fn net_terms(own_name: PeerName, code: &Code, terms: &PairingTerms, out: &Context) -> NetTerms {
    let listener = || out.net.local_addresses().first().map(SocketAddr::port);
    NetTerms {
        code: code.clone(),
        introduction: Introduction {
            keep: terms.keep,
            grants: grants(terms.may),
            port: terms.port.or_else(listener).unwrap_or(0),
            name: own_name,
        },
    }
}

/// What the owner is told of a peer that has proven to know the code.
fn paired(
    (key, theirs): (PublicKey, Introduction),
    side: PairingSide,
    address: SocketAddr,
    terms: PairingTerms,
    links: &Links,
) -> Paired {
    let keep = match (terms.keep, theirs.keep) {
        (Keep::Contact, Keep::Contact) => Keep::Contact,
        _ => Keep::Once,
    };
    // A link-local address leads nowhere without its zone, which an IP address alone loses.
    let mut found_later = address;
    found_later.set_port(match theirs.port {
        0 => DEFAULT_PORT,
        port => port,
    });
    Paired {
        peer: links.name_for(terms.name, theirs.name, &key),
        key,
        called: theirs.name,
        side,
        reached: address,
        address: lasting_address(found_later),
        may: terms.may,
        grants: from_grants(theirs.grants),
        keep,
    }
}

#[cfg(test)]
mod tests;
