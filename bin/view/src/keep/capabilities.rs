//! What contacts can do, as they said when they were last here: a key and the words for it a line,
//! such as `KEY camera files`. So a camera is known for one while it is away, too.

use std::collections::BTreeMap;
use std::path::PathBuf;

use transom::{Capabilities, PublicKey};

use crate::model::MAX_ABILITIES;

use super::file;

/// Bytes of the file that are read: a line has at most 80.
const MAX_CAPABILITIES_BYTES: usize = MAX_ABILITIES * 80;

/// The file.
#[derive(Debug)]
pub(super) struct CapabilitiesFile {
    path: PathBuf,
}

impl CapabilitiesFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What is in it. A line that is none says nothing, and so does a word of another version.
    pub(super) fn read(&self) -> Result<BTreeMap<PublicKey, Capabilities>, String> {
        let text = file::read_text(&self.path, MAX_CAPABILITIES_BYTES)?.unwrap_or_default();
        let known = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let key = words.next()?.parse().ok()?;
            let named = words.filter_map(|word| {
                let mut named = Capabilities::NAMED.into_iter();
                Some(named.find(|(_, name)| *name == word)?.0)
            });
            Some((key, named.fold(Capabilities::NONE, |all, one| all | one)))
        });
        Ok(known.take(MAX_ABILITIES).collect())
    }

    /// Puts these in place of what is in it.
    pub(super) fn write(&self, known: &[(PublicKey, Capabilities)]) -> Result<(), String> {
        let line = |(key, capabilities): &(PublicKey, Capabilities)| {
            let names: Vec<_> = capabilities.names().collect();
            format!("{key} {}\n", names.join(" "))
        };
        let text: String = known.iter().map(line).collect();
        file::replace(&self.path, &text, None)
    }
}
