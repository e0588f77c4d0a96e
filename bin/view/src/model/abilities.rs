//! What can be done with a contact, by the capabilities that its programs reported last. A contact
//! that never connected may be anything.

use transom::{Capabilities, PublicKey};

use super::{Person, State};

/// Keys whose abilities are kept, as many as a contact book holds.
pub(crate) const MAX_ABILITIES: usize = transom_users::MAX_CONTACTS;

/// What a contact can do; unknown for a contact that never connected.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Abilities(Option<Capabilities>);

impl Abilities {
    /// Whether it is a camera box.
    pub(crate) fn is_camera(self) -> bool {
        self.0.is_some() && self.may(Capabilities::CAMERA) && !self.may(Capabilities::CALLS)
    }

    /// Whether it answers calls.
    pub(crate) fn takes_calls(self) -> bool {
        self.may(Capabilities::CALLS)
    }

    /// Whether it may have something to watch: the window of a person shows its camera to contacts
    /// with the right for it, and says nothing of that.
    pub(crate) fn can_be_watched(self) -> bool {
        self.may(Capabilities::CAMERA) || self.may(Capabilities::CALLS)
    }

    /// Whether it takes files.
    pub(crate) fn takes_files(self) -> bool {
        self.may(Capabilities::FILES)
    }

    /// Whether it takes texts: a camera box has no reader.
    pub(crate) fn reads_texts(self) -> bool {
        !self.is_camera()
    }

    fn may(self, capability: Capabilities) -> bool {
        self.0.is_none_or(|all| all.contains(capability))
    }
}

impl State {
    /// What that person can do.
    pub(crate) fn abilities(&self, person: &Person) -> Abilities {
        let known = person.key.and_then(|key| self.capabilities.get(&key));
        Abilities(known.copied())
    }

    /// A station with that key is here. A program that only sends, and is gone at once, says
    /// nothing of what else its owner has.
    pub(super) fn learn_capabilities(&mut self, key: PublicKey, capabilities: Capabilities) {
        if capabilities == Capabilities::NONE
            || self.capabilities.get(&key) == Some(&capabilities)
            || self.capabilities.len() >= MAX_ABILITIES && !self.capabilities.contains_key(&key)
        {
            return;
        }
        self.capabilities.insert(key, capabilities);
        self.capabilities_changed = true;
    }

    /// What contacts can do, once after it changed, to be kept.
    pub(crate) fn changed_capabilities(&mut self) -> Option<Vec<(PublicKey, Capabilities)>> {
        if !std::mem::take(&mut self.capabilities_changed) {
            return None;
        }
        let contacts = self.people.iter().filter(|person| person.contact.is_some());
        let known = contacts.filter_map(|person| {
            let key = person.key?;
            Some((key, *self.capabilities.get(&key)?))
        });
        Some(known.collect())
    }
}
