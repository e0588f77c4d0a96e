//! The window's files, and what is asked of them. Any of it takes as long as the disk likes, so one
//! thread of its own does it; it knows neither the model nor the station.

use std::path::{Path, PathBuf};

use transom::{Capabilities, PeerName, PublicKey, State as Folder, Token};
use transom_users::{Book, Contact};

use crate::model::{
    Config, Edit, Entry, Line, MAX_CONFIG_BYTES, PastCall, State, Unsent, Warning, read_calls,
    read_history,
};
use crate::words;

use super::book::BookFile;
use super::capabilities::CapabilitiesFile;
use super::file;
use super::history::{History, Owner};
use super::token::TokenFile;
use super::unsent::UnsentFile;
use super::verified::Verified;

/// One thing to read or to write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Job {
    /// Write down what happened with a contact.
    AppendHistory(Owner, Entry),
    /// Change the book.
    Edit(BookEdit),
    /// Remove all histories.
    ForgetHistory,
    ReadHistory(Owner),
    /// A contact has another key from now on.
    RekeyHistory(Owner, PublicKey),
    RemoveHistory(Owner),
    RenameHistory {
        owner: Owner,
        to: PeerName,
    },
    SaveCapabilities(Vec<(PublicKey, Capabilities)>),
    SaveSettings(Box<Config>),
    /// The token of the links for other programs.
    SaveToken(Token),
    SaveUnsent(Vec<Unsent>),
    /// See whether files can be put into that folder.
    TryInbox(PathBuf),
    /// Mark a key as compared by eye, or no longer.
    Verify {
        key: PublicKey,
        on: bool,
    },
}

impl Job {
    /// Whether it replaces all that an older job of the same kind writes.
    pub(super) fn replaces_older(&self) -> bool {
        matches!(
            self,
            Self::SaveCapabilities(_)
                | Self::SaveSettings(_)
                | Self::SaveToken(_)
                | Self::SaveUnsent(_)
        )
    }
}

/// A change of the book.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BookEdit {
    /// Write a paired contact.
    Pair(Box<Contact>),
    Remove(PeerName),
    /// Change a name, and write the key there that is known under the old name.
    Rename {
        peer: PeerName,
        to: PeerName,
        key: Option<PublicKey>,
    },
    /// Write a contact in place of what it was.
    Save(Box<Edit>),
}

/// What became of a job.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) job: Job,
    pub(super) result: Result<Found, String>,
}

/// What a job that went well gives back.
#[derive(Debug)]
pub(super) enum Found {
    Nothing,
    /// The whole book as it is now, and whether the key that was pinned to an old name is unpinned.
    Book(Book, Result<(), String>),
    /// What was said, the calls, and that there is more.
    History(Vec<Line>, Vec<PastCall>, Option<String>),
}

impl Answer {
    /// Whether it changes nothing on the screen.
    pub(crate) fn is_silent(&self) -> bool {
        let is_told = matches!(self.job, Job::ForgetHistory | Job::TryInbox(_));
        !is_told && matches!(self.result, Ok(Found::Nothing))
    }
}

/// The files.
#[derive(Debug)]
pub(crate) struct Storage {
    book: BookFile,
    folder: PathBuf,
    verified: Verified,
    capabilities: CapabilitiesFile,
    /// Where the settings are; `None` without a home.
    settings: Option<PathBuf>,
    pub(super) history: History,
    token: TokenFile,
    unsent: UnsentFile,
}

impl Storage {
    /// Reads nothing yet.
    pub(crate) fn new(book: PathBuf, folder: &Path, settings: Option<PathBuf>) -> Self {
        Self {
            book: BookFile::new(book),
            folder: folder.to_owned(),
            verified: Verified::new(folder.join("verified")),
            capabilities: CapabilitiesFile::new(folder.join("capabilities")),
            settings,
            history: History::new(folder.join("history")),
            token: TokenFile::new(folder.join("http-token")),
            unsent: UnsentFile::new(folder.join("unsent")),
        }
    }

    /// Loads the small files of earlier runs, before there is a window.
    pub(crate) fn recall(&self, state: &mut State) {
        match self.verified.read() {
            Ok(keys) => state.verified = keys,
            Err(why) => state.warn(Warning::Trouble(why)),
        }
        match self.capabilities.read() {
            Ok(known) => state.capabilities = known,
            Err(why) => state.warn(Warning::Trouble(why)),
        }
        match self.token.read() {
            Ok(token) => state.bridge.token = token,
            Err(why) => state.warn(Warning::Trouble(why)),
        }
        match self.unsent.read() {
            Ok(unsent) => state.unsent = unsent,
            Err(why) => state.warn(Warning::Trouble(why)),
        }
    }

    /// Carries a job out, however long the disk takes.
    pub(crate) fn carry_out(&self, job: Job) -> Answer {
        let done = match &job {
            Job::Edit(edit) => {
                let result = self.edit(edit);
                return Answer { job, result };
            }
            Job::ReadHistory(owner) => {
                let kept = self.history.newest(owner);
                let result = kept
                    .map(|(text, cut)| Found::History(read_history(&text), read_calls(&text), cut));
                return Answer { job, result };
            }
            Job::AppendHistory(owner, entry) => self.history.append(owner, entry),
            Job::ForgetHistory => self.history.forget(),
            Job::RekeyHistory(owner, key) => self.history.rekey(owner, key),
            Job::RemoveHistory(owner) => self.history.remove(owner),
            Job::RenameHistory { owner, to } => self.history.rename(owner, to),
            Job::SaveCapabilities(known) => self.capabilities.write(known),
            Job::SaveSettings(config) => self.save(config),
            Job::SaveToken(token) => self.token.write(token),
            Job::SaveUnsent(unsent) => self.unsent.write(unsent),
            Job::TryInbox(inbox) => file::try_folder(inbox),
            Job::Verify { key, on } => self.verified.set(key, *on),
        };
        let result = done.map(|()| Found::Nothing);
        Answer { job, result }
    }

    fn edit(&self, edit: &BookEdit) -> Result<Found, String> {
        let (book, old_name) = match edit {
            BookEdit::Pair(contact) => (self.book.pair(contact)?, None),
            BookEdit::Remove(peer) => (self.book.remove(peer)?, Some(peer)),
            BookEdit::Rename { peer, to, key } => (self.book.rename(peer, *to, *key)?, Some(peer)),
            BookEdit::Save(edit) => {
                let Edit { before, contact } = &**edit;
                (self.book.save(before.as_ref(), contact)?, None)
            }
        };
        let unpinned = old_name.map_or(Ok(()), |peer| self.unpin(peer));
        Ok(Found::Book(book, unpinned))
    }

    /// A key that stays pinned to a name would be taken for the key of the next contact of that
    /// name.
    fn unpin(&self, peer: &PeerName) -> Result<(), String> {
        let unpinned = Folder::open(&self.folder)
            .and_then(|folder| folder.known_peers())
            .and_then(|mut known| known.forget(peer.as_str()));
        unpinned.map(drop).map_err(|error| error.to_string())
    }

    fn save(&self, config: &Config) -> Result<(), String> {
        let Some(path) = &self.settings else {
            return Err(words::NO_HOME.to_owned());
        };
        let text = file::read_text(path, MAX_CONFIG_BYTES)?.unwrap_or_default();
        let named = |why| format!("{}:{why}", words::line(&path.to_string_lossy()));
        let written = config.write(&text).map_err(named)?;
        match written == text {
            true => Ok(()),
            false => file::replace(path, &written, None),
        }
    }
}
