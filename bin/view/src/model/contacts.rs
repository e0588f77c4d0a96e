//! The contact list as it changes: contacts that are added, renamed or removed, and keys that were
//! compared by eye.

use transom::{Notice, PeerName, PublicKey};
use transom_users::{Book, Contact};

use super::{ContactForm, Dialog, News, Person, Presence, State};

/// What the station has to do because the book changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Move {
    /// Connect to a contact.
    Connect(Contact),
    /// Disconnect from a contact.
    Disconnect(PeerName),
}

/// The moves from one book to the next. A contact with changed rights keeps its connection; the
/// station applies rights itself.
pub(crate) fn moves(before: &Book, after: &Book) -> Vec<Move> {
    let mut moves = Vec::new();
    let reach = |contact: &Contact| (contact.address.clone(), contact.key);
    for old in before.contacts() {
        let new = after.find(old.name.as_str());
        if new.map(reach) != Some(reach(old)) {
            moves.push(Move::Disconnect(old.name));
        }
    }
    for new in after.contacts() {
        let old = before.find(new.name.as_str());
        if old.map(reach) != Some(reach(new)) {
            moves.push(Move::Connect(new.clone()));
        }
    }
    moves
}

impl State {
    /// Applies a new book: new contacts join the list, removed contacts leave it, and all others
    /// keep their conversation.
    pub(crate) fn rebook(&mut self, before: &Book, after: &Book) {
        let left = |person: &Person| {
            let named = person.name.as_str();
            before.find(named).is_some() && after.find(named).is_none()
        };
        // First the calls: their end is told on the contact's page, which would bring the contact
        // back.
        let gone = self.people.iter().filter(|person| left(person));
        let gone: Vec<_> = gone.map(|person| person.name).collect();
        for peer in gone {
            self.forget_calls(peer);
        }
        self.people.retain(|person| !left(person));
        for contact in after.contacts() {
            let key = contact.key;
            let person = self.person(contact.name);
            person.address = contact.address.to_string();
            person.contact = Some(contact.clone());
            person.key = key.or(person.key);
        }
        if self.chosen_person().is_none() {
            self.chosen = self.first_person();
        }
    }

    /// Forgets what is kept under the name of a contact that was removed: files to send it, lines
    /// to write down, preferences.
    pub(crate) fn forget(&mut self, peer: PeerName) {
        self.unsent.retain(|unsent| unsent.peer != peer);
        self.unwritten.retain(|(of, _)| *of != peer);
        self.config.forget(&peer);
        // A transfer without its path is not sent again.
        let transfers = self.transfers.iter();
        let of_peer = transfers.filter(|transfer| transfer.status.peer == peer);
        let of_peer: Vec<_> = of_peer.map(|one| one.status.transfer).collect();
        self.sources.retain(|(id, _)| !of_peer.contains(id));
    }

    /// Whether a notice is about a contact that was removed meanwhile; it must not bring that
    /// contact back into the list.
    pub(super) fn is_stale(&self, notice: &Notice) -> bool {
        let peer = match notice {
            Notice::CallEnded { peer, .. } if !self.calls.awaits_end(peer) => peer,
            Notice::Left { peer, .. }
            | Notice::Reaching { peer }
            | Notice::TextArrived { peer, .. }
            | Notice::TextFailed { peer, .. }
            | Notice::Unreachable { peer, .. } => peer,
            _ => return false,
        };
        !self.people.iter().any(|person| person.name == *peer)
    }

    /// The key that a contact is known by.
    pub(crate) fn pin(&mut self, peer: PeerName, key: PublicKey) {
        if let Some(person) = self.people.iter_mut().find(|person| person.name == peer) {
            person.key.get_or_insert(key);
        }
    }

    /// Whether the key it shows was compared by eye.
    pub(crate) fn is_verified(&self, person: &Person) -> bool {
        person.presence != Presence::Refused
            && person.key.is_some_and(|key| self.verified.contains(&key))
    }

    /// Adds a contact that is connected to without being in the book.
    pub(crate) fn unbook(&mut self, peer: PeerName) {
        self.person(peer).contact = None;
    }

    /// A contact was written into the book.
    pub(crate) fn saved(&mut self, contact: &Contact, is_change: bool) {
        self.dialog
            .take_if(|dialog| matches!(dialog, Dialog::Contact(_)));
        if let Some(key) = &contact.key {
            self.forget_knock(key);
        }
        if !is_change {
            self.tell(News::Added(contact.name));
            self.choose(contact.name);
        }
    }

    /// A dialog's request failed: the dialog stays open and says why.
    pub(crate) fn refuse(&mut self, why: String) {
        match &mut self.dialog {
            Some(Dialog::Contact(form)) => form.problem = Some(why),
            Some(Dialog::Settings(form)) => form.problem = Some(why),
            _ => self.tell(News::Refused(why)),
        }
    }

    /// A contact has another name from now on, and keeps all else.
    pub(crate) fn renamed(&mut self, peer: PeerName, to: PeerName) {
        // What an earlier contact of that name left is not this one's.
        self.forget(to);
        // A call or an offer that came while the book was written ends with the old connection.
        self.hang_up(peer);
        self.stop_ringing(peer);
        self.offers.retain(|offer| offer.peer != peer);
        for person in self.people.iter_mut().filter(|person| person.name == peer) {
            person.name = to;
        }
        for transfer in &mut self.transfers {
            if transfer.status.peer == peer {
                transfer.status.peer = to;
            }
        }
        for unsent in self.unsent.iter_mut().filter(|unsent| unsent.peer == peer) {
            unsent.peer = to;
        }
        for missed in self
            .calls
            .missed
            .iter_mut()
            .filter(|missed| missed.peer == peer)
        {
            missed.peer = to;
        }
        if self.chosen == Some(peer) {
            self.chosen = Some(to);
        }
        self.config.rename(peer, to);
    }

    /// Whether a call or a transfer with that contact runs, which keeps it from being renamed.
    pub(crate) fn is_busy_with(&self, peer: PeerName) -> bool {
        let calls = self.calls.peers().any(|one| one == peer);
        let files = self.running().any(|one| one.status.peer == peer);
        calls || files || self.offers.iter().any(|offer| offer.peer == peer)
    }

    /// The dialog that adds a contact to the book.
    pub(crate) fn contact_dialog(&self, peer: &PeerName) -> Option<Dialog> {
        let person = self.people.iter().find(|person| person.name == *peer)?;
        Some(Dialog::Contact(Box::new(ContactForm::of(person))))
    }
}
