//! What the window keeps on disk: contacts, settings, verified keys, texts. It tells the station of
//! changes that the station needs, and draws nothing.
//!
//! Files are written between two frames, so they stay small: what peers add to them, texts and
//! calls above all, is bounded for each contact.

mod book;
mod capabilities;
mod file;
mod history;
mod unsent;
mod verified;

use std::path::{Path, PathBuf};

use transom::{Accept, Handle, InboxSettings, PeerName, Redial, State as Folder, everywhere};
use transom_users::{Book, Contact};

use crate::model::{
    Action, Config, Edit, MAX_CONFIG_BYTES, Move, News, State, Volume, Warning, moves, read_calls,
    read_history,
};
use crate::words;

use book::BookFile;
use capabilities::CapabilitiesFile;
use history::History;
use unsent::UnsentFile;
use verified::Verified;

/// Everything that is kept.
#[derive(Debug)]
pub(crate) struct Keeper {
    book: BookFile,
    /// Peers from the command line that are not in the book.
    called: Vec<Contact>,
    /// The book as the station has it.
    current: Book,
    folder: PathBuf,
    verified: Verified,
    capabilities: CapabilitiesFile,
    /// Where the settings are; `None` without a home.
    settings: Option<PathBuf>,
    history: History,
    unsent: UnsentFile,
}

impl Keeper {
    /// Reads nothing yet.
    pub(crate) fn new(
        book: PathBuf,
        current: Book,
        folder: &Path,
        settings: Option<PathBuf>,
    ) -> Self {
        Self {
            book: BookFile::new(book),
            called: Vec::new(),
            current,
            folder: folder.to_owned(),
            verified: Verified::new(folder.join("verified")),
            capabilities: CapabilitiesFile::new(folder.join("capabilities")),
            settings,
            history: History::new(folder.join("history")),
            unsent: UnsentFile::new(folder.join("unsent")),
        }
    }

    /// Connects to a contact that is not in the book.
    pub(crate) fn also(&mut self, state: &mut State, called: Contact) {
        state.unbook(called.name);
        self.called.push(called);
    }

    /// The contact with that name or address. An address that is not in the book is connected to as
    /// well.
    pub(crate) fn reach(
        &mut self,
        state: &mut State,
        handle: &Handle,
        peer: &PeerName,
    ) -> Result<PeerName, String> {
        let contact = self.current.lookup(peer.as_str());
        let contact = contact.map_err(|error| error.to_string())?;
        let name = contact.name;
        if self.current.find(name.as_str()).is_none() {
            self.called.push(contact);
            self.rebook(state, handle, self.current.clone());
        }
        Ok(name)
    }

    /// Loads what earlier runs kept, and sends again the texts that they could not send.
    pub(crate) fn recall(&self, state: &mut State, handle: &Handle) {
        match self.verified.read() {
            Ok(keys) => state.verified = keys,
            Err(why) => state.warn(Warning::Trouble(why)),
        }
        match self.capabilities.read() {
            Ok(known) => state.capabilities = known,
            Err(why) => state.warn(Warning::Trouble(why)),
        }
        match self.unsent.read() {
            Ok(unsent) => state.unsent = unsent,
            Err(why) => state.warn(Warning::Trouble(why)),
        }
        if state.config.do_not_disturb {
            handle.take_calls(false);
        }
        for (peer, kept) in &state.config.contacts {
            if kept.volume != Volume::default() {
                handle.set_volume(peer, kept.volume.factor());
            }
        }
        if !state.config.history {
            return;
        }
        let names: Vec<_> = state.people.iter().map(|person| person.name).collect();
        for name in names {
            match self.history.read(&name) {
                Ok(text) => {
                    state.remember(name, read_history(&text));
                    state.remember_calls(name, read_calls(&text));
                }
                Err(why) => state.warn(Warning::Trouble(why)),
            }
        }
        for (peer, at, text) in state.undelivered() {
            let id = handle.text(&peer, text);
            state.said_again(peer, at, id);
        }
    }

    /// Carries out what has to do with a file; the model has taken the action in already.
    pub(crate) fn carry_out(&mut self, state: &mut State, handle: &Handle, action: &Action) {
        let done = match action {
            Action::SaveContact(edit) => {
                let Edit { before, contact } = &**edit;
                let edited = self.book.save(before.as_ref(), contact);
                edited.map(|book| {
                    self.rebook(state, handle, book);
                    state.saved(contact, before.is_some());
                })
            }
            Action::SavePaired(contact) => {
                let written = self.book.pair(contact);
                written.map(|book| self.rebook(state, handle, book))
            }
            Action::Rename { peer, to } => self.rename(state, handle, *peer, *to),
            Action::Remove(peer) => self.remove(state, handle, *peer),
            Action::Verify { key, on } => self
                .verified
                .set(key, *on)
                .map(|keys| state.verified = keys),
            Action::SaveSettings(config) => self.configure(state, handle, config),
            Action::UsePort(port) => {
                if !state.listens_at(*port) {
                    handle.listen(everywhere(*port));
                }
                Ok(())
            }
            Action::Answer { .. }
            | Action::Hear { .. }
            | Action::Prefer { .. }
            | Action::SetCamera(_)
            | Action::SetEcho(_)
            | Action::SetMicrophone(_)
            | Action::SetSpeaker(_)
            | Action::ShowCamera { .. } => self.save(&state.config),
            Action::ForgetHistory => self.history.forget().map(|()| {
                state.tell(News::TextsRemoved);
            }),
            _ => Ok(()),
        };
        if let Err(why) = done {
            state.refuse(why);
        }
    }

    /// Writes down what was said, what was learned of contacts, and which port is used, since the
    /// last time.
    pub(crate) fn write_down(&mut self, state: &mut State) {
        if state.changed_port()
            && let Err(why) = self.save(&state.config)
        {
            state.refuse(why);
        }
        if let Some(known) = state.changed_capabilities()
            && let Err(why) = self.capabilities.write(&known)
        {
            // They are learned again when the contact is here.
            log::warn!("what contacts can do is not kept: {why}");
        }
        for (peer, entry) in state.unwritten() {
            if let Err(why) = self.history.append(&peer, &entry) {
                state.warn(Warning::Trouble(why));
            }
        }
    }

    /// Keeps what is on its way now, as the window closes.
    pub(crate) fn keep_unsent(&self, state: &State) -> Result<(), String> {
        self.unsent.write(&state.unfinished())
    }

    /// Saves the settings as they are now, where the window is above all.
    pub(crate) fn save(&self, config: &Config) -> Result<(), String> {
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

    /// Removes a contact and all that is kept under its name: another contact that gets the name
    /// later must neither show nor be sent what was meant for this one.
    fn remove(&mut self, state: &mut State, handle: &Handle, peer: PeerName) -> Result<(), String> {
        let name = peer.as_str();
        let book = self.book.remove(&peer)?;
        self.rebook(state, handle, book);
        state.forget(peer);
        handle.set_volume(&peer, Volume::default().factor());
        // A pinned key of that name would still let the peer in, as a known peer outside the
        // book.
        let forgotten = Folder::open(&self.folder)
            .and_then(|folder| folder.known_peers())
            .and_then(|mut known| known.forget(name));
        state.dialog = None;
        state.view.sheet = false;
        state.tell(match forgotten {
            Ok(_) => News::Forgotten(peer),
            Err(error) => News::StillKnown {
                peer,
                why: error.to_string(),
            },
        });
        // Each is tried, also if another one fails.
        let removed = [
            self.history.remove(&peer),
            self.keep_unsent(state),
            self.save(&state.config),
        ];
        removed.into_iter().collect()
    }

    /// Changes the name in a contact's line, and writes its pinned key there: the key was pinned
    /// under the old name.
    fn rename(
        &mut self,
        state: &mut State,
        handle: &Handle,
        peer: PeerName,
        to: PeerName,
    ) -> Result<(), String> {
        if state.is_busy_with(peer) {
            return Err(words::BUSY_WITH_THEM.to_owned());
        }
        let mut people = state.people.iter();
        let person = people.find(|person| person.name == peer);
        let key = person.and_then(|person| person.key);
        let book = self.book.rename(&peer, to, key)?;
        self.history.rename(&peer, &to)?;
        state.renamed(peer, to);
        self.rebook(state, handle, book);
        let forgotten = Folder::open(&self.folder)
            .and_then(|folder| folder.known_peers())
            .and_then(|mut known| known.forget(peer.as_str()));
        if let Err(error) = forgotten {
            log::warn!("the key of a renamed contact is still stored under the old name: {error}");
        }
        self.save(&state.config)
    }

    fn rebook(&mut self, state: &mut State, handle: &Handle, mut book: Book) {
        let mut unbooked = self.called.clone();
        unbooked.retain(|called| book.find(called.name.as_str()).is_none());
        for called in &unbooked {
            // The contact was in the book before, so the book has room.
            drop(book.add(called.clone()));
        }
        state.rebook(&self.current, &book);
        for called in unbooked {
            state.unbook(called.name);
        }
        handle.replace_book(book.clone());
        for one in moves(&self.current, &book) {
            match one {
                Move::Connect(contact) => handle.connect(contact, Redial::Always),
                Move::Disconnect(peer) => handle.disconnect(&peer),
            }
        }
        self.current = book;
    }

    fn configure(&self, state: &mut State, handle: &Handle, config: &Config) -> Result<(), String> {
        if let Some(inbox) = &config.inbox
            && *inbox != state.inbox
        {
            file::try_folder(inbox)?;
            state.use_inbox(inbox);
            handle.set_inbox(Some(inbox_settings(inbox)));
        }
        if let Some(name) = config.name
            && config.name != state.config.name
        {
            handle.rename(&name);
            state.own.rename(name, crate::paths::own_name());
        }
        if (&config.camera, &config.size) != (&state.config.camera, &state.config.size) {
            let request = config.request();
            handle.set_camera(request.clone());
            state.act(&Action::SetCamera(request));
        }
        handle.set_adaptation(config.adaptation());
        handle.announce(config.announcing());
        state.config = config.clone();
        self.save(config)?;
        Ok(())
    }
}

/// Into that folder, and nothing without asking.
pub(crate) fn inbox_settings(into: &Path) -> InboxSettings {
    InboxSettings {
        into: into.to_owned(),
        accept: Accept::Ask,
        quota: None,
        overwrite: false,
    }
}

/// The settings of earlier runs, and what is wrong with them as `FILE:LINE: what` or
/// `FILE:KEY: what`. Where there are none, those of a version before TOML beside them.
pub(crate) fn read_config(path: &Path) -> (Config, Vec<String>) {
    let old = path.with_extension("conf");
    let files = [(path, Config::parse as Parse), (&old, Config::parse_old)];
    for (path, parse) in files {
        match file::read_text(path, MAX_CONFIG_BYTES) {
            Ok(None) => {}
            Ok(Some(text)) => {
                let shown = words::line(&path.to_string_lossy()).into_owned();
                let (config, errors) = parse(&text);
                let named = errors.iter().map(|error| format!("{shown}:{error}"));
                return (config, named.collect());
            }
            Err(why) => return (Config::default(), vec![why]),
        }
    }
    (Config::default(), Vec::new())
}

type Parse = fn(&str) -> (Config, Vec<String>);

#[cfg(test)]
mod tests;
