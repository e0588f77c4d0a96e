//! Keys learned on first use, by the names of contacts: our own file, kept apart from the user's.

use std::fmt;

use transom_wire::{PeerName, PublicKey};

use crate::contact::{parse_name, split_comment};
use crate::error::{BookError, Fault};
use crate::lines;

/// Which key was learned for which name, one `name key` a line.
///
/// ```
/// use transom_users::KnownPeers;
/// use transom_wire::PublicKey;
/// let mut known = KnownPeers::default();
/// let anna = "anna".parse().unwrap();
/// known.learn(anna, PublicKey([1; 32])).unwrap();
/// assert!(known.learn(anna, PublicKey([2; 32])).is_err());
/// assert_eq!(KnownPeers::parse(&known.to_string()), (known.clone(), vec![]));
/// assert_eq!(known.forget("anna"), Some(PublicKey([1; 32])));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KnownPeers {
    peers: Vec<(PeerName, PublicKey)>,
}

/// The key was not learned.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotLearned {
    /// Another key was learned for the name before; only forgetting it makes room.
    #[error("{name} is known by another key, {pinned}")]
    Pinned {
        /// The name.
        name: PeerName,
        /// The key it is known by.
        pinned: PublicKey,
    },
    /// As many as there may be, [`MAX_KNOWN`], are known.
    #[error("more than the limit of {limit} known peers", limit = MAX_KNOWN)]
    Full,
    /// The name would be read as a comment.
    #[error("{0} can't be written as a line")]
    Unwritable(PeerName),
}

impl KnownPeers {
    /// Reads the learned keys.
    ///
    /// Only our programs write them, so an error means that the file was damaged and that a key may
    /// be lost. A caller that goes on would trust the next key that comes under that name.
    pub fn parse(text: &str) -> (Self, Vec<BookError>) {
        let mut known = Self::default();
        let mut lines_of = Vec::new();
        let outcome = lines::read(text, |number, line| {
            let (name, key) = parse_line(line)?;
            if let Some(at) = known.place(&name) {
                let first = lines_of.get(at).copied().unwrap_or(0);
                return Err(Fault::SameName { name, first });
            }
            if known.peers.len() >= MAX_KNOWN {
                return Err(Fault::TooMany(MAX_KNOWN));
            }
            known.peers.push((name, key));
            lines_of.push(number);
            Ok(())
        });
        (known, outcome.errors)
    }

    /// Pins the key to the name.
    ///
    /// # Errors
    /// Another key is pinned to it, or there is no room.
    pub fn learn(&mut self, name: PeerName, key: PublicKey) -> Result<(), NotLearned> {
        match self.key_of(&name) {
            Some(pinned) if pinned == key => return Ok(()),
            Some(pinned) => return Err(NotLearned::Pinned { name, pinned }),
            None => {}
        }
        if name.as_str().starts_with('#') {
            return Err(NotLearned::Unwritable(name));
        }
        if self.peers.len() >= MAX_KNOWN {
            return Err(NotLearned::Full);
        }
        self.peers.push((name, key));
        Ok(())
    }

    /// Unpins the name's key and tells which it was.
    pub fn forget(&mut self, name: &str) -> Option<PublicKey> {
        let at = self.place(&name.parse().ok()?)?;
        Some(self.peers.remove(at).1)
    }

    /// The key that is pinned to the name.
    pub fn key_of(&self, name: &PeerName) -> Option<PublicKey> {
        Some(self.peers.get(self.place(name)?)?.1)
    }

    /// The first name that the key is pinned to.
    pub fn name_of(&self, key: &PublicKey) -> Option<PeerName> {
        self.names_of(key).next()
    }

    /// Every name and its key, in the order they were learned.
    pub fn iter(&self) -> impl Iterator<Item = (PeerName, PublicKey)> + '_ {
        self.peers.iter().copied()
    }

    pub(crate) fn names_of(&self, key: &PublicKey) -> impl Iterator<Item = PeerName> {
        let known = self.iter().filter(move |(_, pinned)| pinned == key);
        known.map(|(name, _)| name)
    }

    fn place(&self, name: &PeerName) -> Option<usize> {
        self.peers.iter().position(|(known, _)| known == name)
    }
}

impl fmt::Display for KnownPeers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut peers = self.peers.iter();
        peers.try_for_each(|(name, key)| writeln!(f, "{name} {key}"))
    }
}

fn parse_line(line: &str) -> Result<(PeerName, PublicKey), Fault> {
    let (fields, _) = split_comment(line);
    let mut fields = fields.split_whitespace();
    let name = parse_name(fields.next().unwrap_or(""))?;
    let key = fields.next().ok_or(Fault::NoKey(name))?;
    let key = key.parse().map_err(|why| Fault::Key(name, why))?;
    match fields.next() {
        Some(rest) => Err(Fault::Rest(name, crate::text::quote(rest))),
        None => Ok((name, key)),
    }
}

/// Known peers: as many as [`MAX_CONTACTS`](crate::MAX_CONTACTS), since each was a contact once.
pub const MAX_KNOWN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PeerName {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_is_pinned_until_it_is_forgotten() {
        let (first, second) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let mut known = KnownPeers::default();
        assert_eq!(known.learn(name("anna"), first), Ok(()));
        assert_eq!(known.learn(name("anna"), first), Ok(()));
        assert_eq!(known.iter().count(), 1);
        let error = NotLearned::Pinned {
            name: name("anna"),
            pinned: first,
        };
        assert_eq!(known.learn(name("anna"), second), Err(error));
        assert_eq!(known.key_of(&name("anna")), Some(first));
        assert_eq!(known.name_of(&first), Some(name("anna")));
        assert_eq!(known.forget("ann"), None);
        assert_eq!(known.forget("anna"), Some(first));
        assert_eq!(known.learn(name("anna"), second), Ok(()));
    }

    #[test]
    fn damage_is_told() {
        let key = PublicKey([3; 32]);
        let text = format!("# ours\na {key}\nb\nc {key} x\na {key}\nd {key} # note\ne AAAA\n");
        let (known, errors) = KnownPeers::parse(&text);
        let names: Vec<_> = known.iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(names, ["a", "d"]);
        let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "3: b: no key after the name",
                "4: c: \"x\" after the key",
                "5: a: already in line 2",
                "7: e: a key has 56 letters and digits, this has 4",
            ]
        );
    }

    #[test]
    fn there_is_an_end_of_learning() {
        let key = PublicKey([3; 32]);
        let mut known = KnownPeers::default();
        for i in 0..MAX_KNOWN {
            known.peers.push((name(&format!("n{i}")), key));
        }
        assert_eq!(known.learn(name("more"), key), Err(NotLearned::Full));
        let (again, errors) = KnownPeers::parse(&known.to_string());
        assert_eq!((&again, errors), (&known, vec![]));
        let text = format!("{known}more {key}\n");
        let (again, errors) = KnownPeers::parse(&text);
        assert_eq!(again, known);
        assert_eq!(errors.len(), 1);
        let error = NotLearned::Unwritable(name("#x"));
        assert_eq!(KnownPeers::default().learn(name("#x"), key), Err(error));
    }
}
