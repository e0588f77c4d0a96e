//! What is typed and not sent yet, kept per contact. A draft is never sent to another contact.

use transom::PeerName;

use crate::model::Person;

/// Contacts with a draft; more than a person writes to at once. The draft that was shown longest
/// ago makes room.
const MAX_DRAFTS: usize = 64;
/// Characters of a text: a text on the wire has at most 4096 bytes.
pub(super) const MAX_TEXT_CHARS: usize = 4096;
/// Characters of a path: `PATH_MAX` of Linux, the longest of all systems.
pub(super) const MAX_PATH_CHARS: usize = 4096;

/// All drafts, the one that was shown last at the end.
#[derive(Debug, Default)]
pub(super) struct Drafts(Vec<(PeerName, Written)>);

/// The draft for one contact.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The text, at most [`MAX_TEXT_CHARS`] characters.
    pub(super) text: String,
    /// The path of a file or folder to send, at most [`MAX_PATH_CHARS`] characters.
    pub(super) path: String,
    /// Whether the field for a path is open.
    pub(super) has_path: bool,
    /// Whether the field for a path takes the keyboard when it is drawn next.
    pub(super) wants_path: bool,
    /// Whether the field for a text takes the keyboard when it is drawn next.
    pub(super) wants_text: bool,
    /// Whether an input method composes a word.
    pub(super) is_composing: bool,
}

impl Drafts {
    /// The draft for that contact, to be shown and changed.
    pub(super) fn of(&mut self, peer: PeerName) -> &mut Written {
        let at = self.0.iter().position(|(of, _)| *of == peer);
        let written = at.map(|at| self.0.remove(at).1).unwrap_or_default();
        self.0.retain(|(_, other)| !other.is_empty());
        if self.0.len() >= MAX_DRAFTS {
            self.0.remove(0);
        }
        self.0.push((peer, written));
        let last = self.0.len() - 1;
        &mut self.0[last].1
    }

    /// The text typed for that contact, if there is any.
    pub(super) fn peek(&self, peer: PeerName) -> Option<&str> {
        let (_, written) = self.0.iter().find(|(of, _)| *of == peer)?;
        Some(written.text.trim()).filter(|text| !text.is_empty())
    }

    /// Drops the drafts for removed contacts: another contact may get the same name later.
    pub(super) fn retain(&mut self, people: &[Person]) {
        self.0
            .retain(|(peer, _)| people.iter().any(|person| person.name == *peer));
    }
}

impl Written {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.path.is_empty() && !self.has_path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::{peer, two_boxes};

    #[test]
    fn a_draft_is_kept_for_its_contact_alone_and_goes_with_it() {
        let mut drafts = Drafts::default();
        drafts.of(peer("door")).text.push_str("for the door");
        assert_eq!(drafts.of(peer("yard")).text, "");
        assert_eq!(drafts.of(peer("door")).text, "for the door");
        let mut people = two_boxes().people;
        drafts.retain(&people);
        assert_eq!(drafts.of(peer("door")).text, "for the door");
        people.retain(|person| person.name != peer("door"));
        drafts.retain(&people);
        assert_eq!(drafts.of(peer("door")).text, "");
    }

    #[test]
    fn only_so_many_drafts_are_kept_and_the_latest_stay() {
        let mut drafts = Drafts::default();
        for number in 0..1000 {
            let name = peer(&format!("contact-{number}"));
            drafts.of(name).path.push_str("/tmp/a");
            assert!(drafts.0.len() <= MAX_DRAFTS);
        }
        assert_eq!(drafts.of(peer("contact-999")).path, "/tmp/a");
        assert_eq!(drafts.of(peer("contact-950")).path, "/tmp/a");
        assert_eq!(drafts.of(peer("contact-0")).path, "");
    }
}
