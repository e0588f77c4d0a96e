//! One contact: whether it is there, and what was written both ways.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use transom::{Obstacle, PeerName, PublicKey, TextId};
use transom_users::Contact;

use super::past::{MAX_PAST, PastCall};

/// Lines of talk kept for each person: some years of talk.
const MAX_LINES: usize = 10_000;
/// Bytes of them: a peer that sends the longest texts all day long must not grow our memory.
const MAX_TALK_BYTES: usize = 2 * 1024 * 1024;

/// A person or a box of the contact list.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// What the book calls it.
    pub(crate) name: PeerName,
    /// Where it is dialed; empty for who dialed us and stands in no book.
    pub(crate) address: String,
    /// Its line in the book, if it has one.
    pub(crate) contact: Option<Contact>,
    /// Its key, as far as it is known.
    pub(crate) key: Option<PublicKey>,
    /// Whether it is there.
    pub(crate) presence: Presence,
    /// When it was there last, since 1970, as far as this window knows.
    pub(crate) seen: Option<Duration>,
    /// What was said, oldest first.
    pub(crate) talk: VecDeque<Line>,
    /// Bytes of all texts in `talk`.
    talk_bytes: usize,
    /// Calls of this run of the window, oldest first.
    pub(crate) past: VecDeque<PastCall>,
    /// Texts and offers that came while another contact was chosen.
    pub(crate) unread: usize,
    /// When the first of them came, since 1970, until another contact is chosen.
    pub(crate) unread_since: Option<Duration>,
}

/// Whether a contact is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Presence {
    /// Not tried yet.
    Unknown,
    /// Being dialed for the first time.
    Reaching,
    /// Not there; what is in the way, if it was tried since.
    Away(Option<Obstacle>),
    /// Connected, its key checked.
    Here,
    /// It shows another key than it should.
    Refused,
}

/// One line of talk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Line {
    /// As it came: `words::message` makes it fit to be shown.
    pub(crate) text: String,
    /// Who said it.
    pub(crate) by: Speaker,
    /// When, since 1970.
    pub(crate) at: Duration,
}

/// Who said a line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Speaker {
    /// The contact.
    Them,
    /// We, and how far it came. What was said in an earlier run, or is held back until that is
    /// read, has no id.
    Us(Option<TextId>, Delivery),
}

/// How far a text of ours came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Delivery {
    /// On its way, or waiting for the contact to be there.
    Sent,
    /// It is there.
    Arrived,
    /// It never will be; why.
    Failed(String),
}

impl Presence {
    /// Whether the station hangs up on us, as it does on a key that it doesn't know.
    pub(crate) fn turns_us_away(&self) -> bool {
        matches!(self, Self::Away(Some(Obstacle::NotLetIn { .. })))
    }
}

impl Person {
    /// A contact of the book.
    pub(crate) fn from_contact(contact: &Contact) -> Self {
        Self {
            address: contact.address.to_string(),
            contact: Some(contact.clone()),
            key: contact.key,
            ..Self::stranger(contact.name)
        }
    }

    /// A peer whose key is known and that stands in no book.
    pub(crate) fn stranger(name: PeerName) -> Self {
        Self {
            name,
            address: String::new(),
            contact: None,
            key: None,
            presence: Presence::Unknown,
            seen: None,
            talk: VecDeque::new(),
            talk_bytes: 0,
            past: VecDeque::new(),
            unread: 0,
            unread_since: None,
        }
    }

    /// It is there, with that key. Where a guest comes from is all that is known of its address;
    /// its port is not the one it listens at.
    pub(crate) fn met(&mut self, key: PublicKey, from: IpAddr) {
        self.key = Some(key);
        if self.contact.is_none() {
            self.address = from.to_string();
        }
    }

    /// It is being dialed. Each retry would flicker, so the word for why it is away stays.
    pub(crate) fn reach(&mut self) {
        if self.presence == Presence::Unknown {
            self.presence = Presence::Reaching;
        }
    }

    /// It can't be reached. A changed key is the reason that matters, so it stays until the contact
    /// is there.
    pub(crate) fn away(&mut self, obstacle: Obstacle) {
        if self.presence != Presence::Refused {
            self.presence = Presence::Away(Some(obstacle));
        }
    }

    /// Whether its station hangs up on us, as it does on a key that it doesn't know.
    pub(crate) fn turns_us_away(&self) -> bool {
        self.presence.turns_us_away()
    }

    /// It said something.
    pub(crate) fn hear(&mut self, at: Duration, text: String) {
        self.add(Line {
            text,
            by: Speaker::Them,
            at,
        });
    }

    /// Something came while another contact was chosen.
    pub(super) fn miss(&mut self, at: Duration) {
        self.unread = self.unread.saturating_add(1);
        self.unread_since.get_or_insert(at);
    }

    /// We said something.
    pub(crate) fn say(&mut self, at: Duration, id: Option<TextId>, text: String) {
        self.add(Line {
            text,
            by: Speaker::Us(id, Delivery::Sent),
            at,
        });
    }

    /// Puts the talk and the calls of earlier runs before those of this one.
    pub(super) fn precede(&mut self, lines: Vec<Line>, calls: Vec<PastCall>) {
        self.talk_bytes = 0;
        let own = std::mem::take(&mut self.talk);
        for line in lines.into_iter().chain(own) {
            self.add(line);
        }
        let own = std::mem::take(&mut self.past);
        for call in calls.into_iter().chain(own) {
            self.add_past(call);
        }
    }

    /// The texts of ours that no station has to send yet, oldest first, by their times.
    pub(super) fn undelivered(&self) -> Vec<(Duration, String)> {
        let waits = |line: &&Line| line.by == Speaker::Us(None, Delivery::Sent);
        let lines = self.talk.iter().filter(waits);
        lines.map(|line| (line.at, line.text.clone())).collect()
    }

    /// Gives a line of ours that was not sent yet the id by which it is sent now.
    pub(crate) fn say_again(&mut self, at: Duration, id: TextId) {
        let ours = |line: &&mut Line| line.at == at && line.by == Speaker::Us(None, Delivery::Sent);
        if let Some(line) = self.talk.iter_mut().find(ours) {
            line.by = Speaker::Us(Some(id), Delivery::Sent);
        }
    }

    /// Marks how far a text of ours came. Gives back when it was said.
    pub(crate) fn deliver(&mut self, id: TextId, delivery: Delivery) -> Option<Duration> {
        for line in self.talk.iter_mut().rev() {
            if let Speaker::Us(one, how) = &mut line.by
                && *one == Some(id)
            {
                *how = delivery;
                return Some(line.at);
            }
        }
        None
    }

    /// A call is over.
    pub(super) fn add_past(&mut self, call: PastCall) {
        if self.past.len() >= MAX_PAST {
            self.past.pop_front();
        }
        self.past.push_back(call);
    }

    fn add(&mut self, line: Line) {
        self.talk_bytes += line.text.len();
        self.talk.push_back(line);
        while self.talk.len() > MAX_LINES || self.talk_bytes > MAX_TALK_BYTES {
            let Some(oldest) = self.talk.pop_front() else {
                break;
            };
            self.talk_bytes -= oldest.text.len();
        }
    }
}
