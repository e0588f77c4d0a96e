//! What call, watch, send and text share: connecting to one peer, and explaining why that failed.

use std::net::IpAddr;

use serde_json::json;
use transom::people::Contact;
use transom::{EndReason, Notice, Obstacle, Paired, PeerName, PublicKey, Redial, Settings};

use crate::failure::Failure;
use crate::output::Output;
use crate::pairing;
use crate::place::{Place, machine_name};
use crate::report;
use crate::station::Running;
use crate::words::end_said;

/// The station and the one peer that it dials.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) running: Running,
    pub(crate) peer: PeerName,
    contact: Contact,
    own_key: PublicKey,
    book: String,
    /// Whether the peer was connected at least once: from then on, a lost connection is retried.
    joined: bool,
    /// How often the peer may still be busy before we give up.
    busy_tries: u32,
    /// Why the peer can't be reached, as reported last: the same reason is not reported after each
    /// try.
    last_obstacle: Option<Obstacle>,
}

/// The station dials again with growing pauses: some seconds in all.
const BUSY_TRIES: u32 = 3;

impl Connection {
    /// Starts a station that dials the peer until it is connected.
    pub(crate) fn open(peer: &str, place: &Place, output: &Output) -> Result<Self, Failure> {
        Self::with(place.settings(None, output)?, peer, place)
    }

    /// Like [`Connection::open`], for a station with these settings.
    pub(crate) fn with(settings: Settings, peer: &str, place: &Place) -> Result<Self, Failure> {
        let contact = place.contact(peer, &settings.book)?;
        let book = place.looked_in();
        let own_key = settings.identity.public_key();
        let running = Running::start(settings)?;
        running.handle.connect(contact.clone(), Redial::Always);
        Ok(Self {
            running,
            peer: contact.name,
            contact,
            own_key,
            book,
            joined: false,
            busy_tries: BUSY_TRIES,
            last_obstacle: None,
        })
    }

    /// A peer that was found by a pairing, and that dials us.
    pub(crate) fn paired(running: Running, paired: &Paired, own_key: PublicKey) -> Self {
        Self {
            running,
            peer: paired.peer,
            contact: pairing::contact(paired, paired.may),
            own_key,
            book: String::new(),
            joined: false,
            busy_tries: BUSY_TRIES,
            last_obstacle: None,
        }
    }

    /// Handles the notices about the connection itself, and prints them.
    pub(crate) fn notice(&mut self, notice: &Notice, output: &Output) -> Result<(), Failure> {
        match notice {
            Notice::Joined {
                first_use, address, ..
            } => {
                if !self.joined {
                    self.tell_moved(address.ip(), output);
                }
                // The first connection is no news; a new key or a return is.
                let is_news = *first_use || std::mem::replace(&mut self.joined, true);
                if !is_news && !output.is_json() {
                    return Ok(());
                }
            }
            Notice::Unreachable {
                obstacle: Obstacle::Busy,
                retries: true,
                ..
            } if self.busy_tries > 0 => self.busy_tries -= 1,
            Notice::Unreachable { obstacle, .. } if !self.joined => {
                return Err(self.unreachable(obstacle));
            }
            Notice::KeyChanged {
                pinned,
                offered,
                in_book,
                ..
            } => {
                return Err(self.key_changed(pinned, offered, *in_book));
            }
            Notice::Unreachable { obstacle, .. } => {
                let before = self.last_obstacle.replace(obstacle.clone());
                if before.as_ref() == Some(obstacle) && !output.is_json() {
                    return Ok(());
                }
            }
            Notice::Left { .. } => self.last_obstacle = None,
            _ => return Ok(()),
        }
        report::tell(output, notice);
        Ok(())
    }

    /// Says that the contact was found at another address than the book's. The book is not changed:
    /// it belongs to the user.
    fn tell_moved(&self, found: IpAddr, output: &Output) {
        let Self { peer, contact, .. } = self;
        if contact.address.ip().is_some_and(|ip| ip != found) {
            output.say(
                format!(
                    "{peer} is at {found} now; the contact book says {}",
                    contact.address
                ),
                json!({"event": "moved", "peer": peer.as_str(), "address": found.to_string()}),
            );
        }
    }

    /// The error of a refused call for pictures.
    pub(crate) fn no_pictures(&self, reason: EndReason, text: &str) -> Failure {
        self.refused(&format!("no pictures from {}", self.peer), reason, text)
    }

    /// The error of a refused call, with what the user can do.
    pub(crate) fn refused(&self, what: &str, reason: EndReason, text: &str) -> Failure {
        let failure = Failure::new(what, end_said(reason, text));
        match reason {
            // The peer knows our key: unknown keys don't get this far.
            EndReason::Forbidden => {
                failure.next("what you may do is up to them: may= in their contact book")
            }
            _ => failure,
        }
    }

    fn unreachable(&self, obstacle: &Obstacle) -> Failure {
        let address = self.contact.address.to_string();
        let at = if address == self.peer.as_str() {
            String::new()
        } else {
            format!(" at {address}")
        };
        let what = format!("can't reach {}{at}", self.peer);
        let failure = Failure::new(what, obstacle);
        match obstacle {
            Obstacle::NobodyListens => {
                return failure.next(
                    "start `transom camera`, `transom receive`, `transom call --answer` or \
                     `transom-view` on that machine, or correct the address",
                );
            }
            Obstacle::NotLetIn { .. } => {
                return failure.next(format!(
                    "ask them to add this line to their contact book, or if it has you already, to \
                     look at its may= and at their --allow: {}",
                    self.own_line()
                ));
            }
            _ => {}
        }
        if self.contact.line == 0 && self.contact.address.ip().is_none() {
            return failure.next(format!(
                "it was taken for an address, since it is not in {}",
                self.book
            ));
        }
        failure
    }

    fn key_changed(&self, pinned: &PublicKey, offered: &PublicKey, in_book: bool) -> Failure {
        let why = format!(
            "{} instead of {}",
            offered.fingerprint(),
            pinned.fingerprint()
        );
        let what = format!("{} shows another key than the pinned one", self.peer);
        let failure = Failure::new(what, why);
        match in_book {
            true => failure.next(format!(
                "if that is right, change key= of {} in {}",
                self.peer, self.book
            )),
            false => failure.next(format!(
                "if that is right: transom users forget {}",
                self.peer
            )),
        }
    }

    /// Our line for the peer's book.
    fn own_line(&self) -> String {
        let address = transom::own_addresses();
        let address = address
            .first()
            .map_or("ADDRESS".to_owned(), ToString::to_string);
        format!("{} {address} key={}", machine_name(), self.own_key)
    }
}
