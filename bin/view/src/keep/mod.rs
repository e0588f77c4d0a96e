//! What the window keeps on disk: contacts, settings, verified keys, texts. It tells the station of
//! changes that the station needs, and draws nothing.
//!
//! A disk may take any time, so no file is touched by the thread that draws, but for the small ones
//! that are read before there is a window. Data flows one way:
//!
//! ```text
//!   model -> Keeper -> Job -> Queue -> Storage (a thread) -> Answer -> Keeper -> model
//! ```
//!
//! One queue and one thread keep the order. The model changes when the answer comes; settings and
//! verified keys count at once, as a second change must not be made of what the first one left
//! behind. What a contact leaves under its name goes in a second step, behind the lines of its
//! history that were on their way when the first one began.

mod book;
mod capabilities;
mod file;
mod history;
mod queue;
mod storage;
mod token;
mod unsent;
mod verified;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use transom::{Accept, Handle, InboxSettings, PeerName, PublicKey, Redial, everywhere};
use transom_users::{Book, Contact};

use crate::model::{
    Action, Config, Dialog, Door, MAX_CONFIG_BYTES, Move, News, State, Volume, Warning, moves,
};
use crate::words;

use history::Owner;
pub(crate) use queue::Queue;
pub(crate) use storage::{Answer, Storage};
use storage::{BookEdit, Found, Job};

/// A job that takes longer is told to the user: only a disk that spins up or hangs takes that long.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a closing window waits for its last writes. A slow disk needs less; a disk that hangs
/// never answers, and must not keep the program alive.
pub(crate) const CLOSE_WAIT: Duration = Duration::from_secs(3);

/// The model's side of everything that is kept.
pub(crate) struct Keeper {
    handle: Handle,
    queue: Arc<Queue>,
    /// Peers from the command line that are not in the book.
    called: Vec<Contact>,
    /// The book as the station has it.
    current: Book,
    /// The folder for files that was chosen last, until it is known to take files.
    tried: Option<PathBuf>,
}

impl Keeper {
    pub(crate) fn new(handle: Handle, current: Book) -> Self {
        Self {
            handle,
            queue: Arc::new(Queue::new()),
            called: Vec::new(),
            current,
            tried: None,
        }
    }

    /// What the thread of the storage serves.
    pub(crate) fn queue(&self) -> Arc<Queue> {
        self.queue.clone()
    }

    /// Connects to a contact that is not in the book.
    pub(crate) fn also(&mut self, state: &mut State, called: Contact) {
        state.unbook(called.name);
        self.called.push(called);
    }

    /// The contact with that name or address. An address that is not in the book is connected to as
    /// well.
    pub(crate) fn reach(&mut self, state: &mut State, peer: &PeerName) -> Result<PeerName, String> {
        let contact = self.current.lookup(peer.as_str());
        let contact = contact.map_err(|error| error.to_string())?;
        let name = contact.name;
        if self.current.find(name.as_str()).is_none() {
            self.called.push(contact);
            self.rebook(state, self.current.clone());
        }
        Ok(name)
    }

    /// Tells the station what earlier runs chose, and begins to read what was written in them.
    pub(crate) fn recall(&mut self, state: &mut State) {
        if state.config.do_not_disturb {
            self.handle.take_calls(false);
        }
        for (peer, kept) in &state.config.contacts {
            if kept.volume != Volume::default() {
                self.handle.set_volume(peer, kept.volume.factor());
            }
        }
        let is_shown = state.people.iter().any(|one| state.is_in_programs(one));
        if is_shown && state.bridge.token.is_none() {
            self.make_links(state);
        }
        if state.config.history {
            for peer in state.await_histories() {
                self.ask(state, Job::ReadHistory(owner(state, peer)));
            }
        }
    }

    /// Asks for what has to do with a file; the model has taken the action in already.
    pub(crate) fn carry_out(&mut self, state: &mut State, action: &Action) {
        let job = match action {
            Action::SaveContact(edit) => Job::Edit(BookEdit::Save(edit.clone())),
            Action::SavePaired(contact) => Job::Edit(BookEdit::Pair(contact.clone())),
            Action::Rename { peer, .. } if state.is_busy_with(*peer) => {
                return state.refuse(words::BUSY_WITH_THEM.to_owned());
            }
            Action::Rename { peer, to } => {
                let Owner { peer, key } = owner(state, *peer);
                let to = *to;
                Job::Edit(BookEdit::Rename { peer, to, key })
            }
            Action::Remove(peer) => {
                state.dialog = None;
                state.view.sheet = false;
                Job::Edit(BookEdit::Remove(*peer))
            }
            Action::Verify { key, on } => Job::Verify { key: *key, on: *on },
            Action::SaveSettings(config) => return self.configure(state, config),
            Action::ShowInPrograms { .. } => {
                if state.bridge.token.is_none() {
                    self.make_links(state);
                }
                return self.save(state);
            }
            Action::NewLinks => return self.make_links(state),
            Action::UsePort(port) => {
                if !state.listens_at(*port) {
                    self.handle.listen(everywhere(*port));
                }
                return;
            }
            Action::Answer { .. }
            | Action::Hear { .. }
            | Action::Prefer { .. }
            | Action::SetCamera(_)
            | Action::SetEcho(_)
            | Action::SetMicrophone(_)
            | Action::SetSpeaker(_)
            | Action::ShowCamera { .. } => return self.save(state),
            Action::ForgetHistory => Job::ForgetHistory,
            _ => return,
        };
        self.ask(state, job);
    }

    /// Takes in what became of a job.
    pub(crate) fn take(&mut self, state: &mut State, Answer { job, result }: Answer) {
        match (job, result) {
            (Job::Edit(edit), Ok(Found::Book(book, unpinned))) => {
                self.edited(state, edit, book, unpinned);
            }
            (Job::ReadHistory(owner), Ok(Found::History(lines, calls, cut))) => {
                if let Some(cut) = cut {
                    state.warn(Warning::Trouble(cut));
                }
                let undelivered = state.remember(owner.peer, lines, calls);
                self.send(state, owner.peer, undelivered);
            }
            // Another one was chosen meanwhile.
            (Job::TryInbox(inbox), _) if self.tried.as_ref() != Some(&inbox) => {}
            (Job::TryInbox(inbox), Ok(_)) => {
                state.use_inbox(&inbox);
                self.handle.set_inbox(Some(inbox_settings(&inbox)));
                state.config.inbox = Some(inbox);
                self.save(state);
            }
            (Job::ForgetHistory, Ok(_)) => state.tell(News::TextsRemoved),
            (job, Err(why)) => self.failed(state, &job, why),
            (_, Ok(_)) => {}
        }
    }

    /// Writes down what was said, what was learned of contacts, and which port is used, since the
    /// last time.
    pub(crate) fn write_down(&mut self, state: &mut State) {
        if state.changed_port() {
            self.save(state);
        }
        if let Some(known) = state.changed_capabilities() {
            self.ask(state, Job::SaveCapabilities(known));
        }
        for (peer, entry) in state.unwritten() {
            self.ask(state, Job::AppendHistory(owner(state, peer), entry));
        }
    }

    /// Saves the settings as they are now.
    pub(crate) fn save(&mut self, state: &mut State) {
        let config = Box::new(state.config.clone());
        self.ask(state, Job::SaveSettings(config));
    }

    /// Keeps what is on its way now, as the window closes.
    pub(crate) fn save_unsent(&mut self, state: &mut State) {
        let unsent = state.unfinished();
        self.ask(state, Job::SaveUnsent(unsent));
    }

    /// When the user has to be told that the disk doesn't answer, unless it does before.
    pub(crate) fn silent_at(&self) -> Option<Instant> {
        Some(self.queue.waits_since()? + PATIENCE)
    }

    /// Tells the user that the disk doesn't answer, or no longer.
    pub(crate) fn watch(&self, state: &mut State, now: Instant) {
        let answers = self.silent_at().is_none_or(|at| now < at);
        state.disk_answers(answers);
    }

    /// Asks for no histories any more, as the window closes: nobody sees them, and what has to be
    /// written stands behind them.
    pub(crate) fn stop_reading(&self) {
        self.queue.stop_reading();
    }

    /// Waits until everything that was asked for is written; false if that takes longer.
    pub(crate) fn finish(&self, until: Instant) -> bool {
        self.queue.finish(until)
    }

    /// Makes new links for other programs of this computer; those that there were end.
    fn make_links(&mut self, state: &mut State) {
        let Some(token) = transom::random_token() else {
            return state.refuse(words::NO_RANDOM.to_owned());
        };
        state.bridge.renew(token.clone());
        self.ask(state, Job::SaveToken(token));
    }

    fn ask(&mut self, state: &mut State, job: Job) {
        if let Err(job) = self.queue.put(job) {
            self.failed(state, &job, words::DISK_BEHIND.to_owned());
        }
    }

    /// Says that something went wrong, in the dialog that asked for it if it is still open.
    fn failed(&mut self, state: &mut State, job: &Job, why: String) {
        log::warn!("the window's files: {why}");
        match (job, &state.dialog) {
            (Job::AppendHistory(..), _) => state.warn(Warning::Trouble(why)),
            (Job::ReadHistory(owner), _) => {
                state.warn(Warning::Trouble(why));
                let undelivered = state.remember(owner.peer, Vec::new(), Vec::new());
                self.send(state, owner.peer, undelivered);
            }
            // They are learned again when the contact is here.
            (Job::SaveCapabilities(_), _) => {}
            (Job::Edit(BookEdit::Save(_)), Some(Dialog::Contact(_)))
            | (
                Job::ForgetHistory | Job::SaveSettings(_) | Job::SaveToken(_) | Job::TryInbox(_),
                Some(Dialog::Settings(_)),
            ) => state.refuse(why),
            _ => state.tell(News::Refused(why)),
        }
    }

    /// Sends texts that an earlier run could not send, and behind them those that were held back.
    fn send(&self, state: &mut State, peer: PeerName, texts: Vec<(Duration, String)>) {
        for (at, text) in texts {
            let id = self.handle.text(&peer, text);
            state.said_again(peer, at, id);
        }
    }

    /// The book was changed.
    fn edited(
        &mut self,
        state: &mut State,
        edit: BookEdit,
        book: Book,
        unpinned: Result<(), String>,
    ) {
        // What came meanwhile is written under the name that it came under.
        self.write_down(state);
        match edit {
            BookEdit::Pair(_) => self.rebook(state, book),
            BookEdit::Save(edit) => {
                let before = owner(state, edit.contact.name);
                self.rebook(state, book);
                if let Some(key) = edit.contact.key.filter(|_| edit.before.is_some())
                    && before.key != Some(key)
                {
                    self.ask(state, Job::RekeyHistory(before, key));
                }
                state.saved(&edit.contact, edit.before.is_some());
            }
            BookEdit::Rename { peer, to, key } => {
                if let Err(why) = unpinned {
                    log::warn!("a renamed contact's key is still stored under the old name: {why}");
                }
                state.renamed(peer, to);
                // A call that ended with the old name.
                self.write_down(state);
                self.rebook(state, book);
                let owner = Owner { peer, key };
                self.ask(state, Job::RenameHistory { owner, to });
                self.save(state);
            }
            BookEdit::Remove(peer) => {
                let owner = owner(state, peer);
                self.rebook(state, book);
                state.tell(match unpinned {
                    Ok(()) => News::Forgotten(peer),
                    Err(why) => News::StillKnown { peer, why },
                });
                self.forget(state, owner);
            }
        }
    }

    /// Removes all that is kept under a contact's name: another contact that gets the name later
    /// must neither show nor be sent what was meant for this one.
    fn forget(&mut self, state: &mut State, mut owner: Owner) {
        let peer = owner.peer;
        state.forget(peer);
        self.handle.set_volume(&peer, Volume::default().factor());
        // Another name of the same key keeps the history.
        let is_known = |key: &mut PublicKey| state.people.iter().any(|it| it.key == Some(*key));
        owner.key.take_if(is_known);
        self.ask(state, Job::RemoveHistory(owner));
        self.save_unsent(state);
        self.save(state);
    }

    fn rebook(&mut self, state: &mut State, mut book: Book) {
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
        self.handle.replace_book(book.clone());
        for one in moves(&self.current, &book) {
            match one {
                Move::Connect(contact) => self.handle.connect(contact, Redial::Always),
                Move::Disconnect(peer) => self.handle.disconnect(&peer),
            }
        }
        self.current = book;
    }

    /// Uses settings at once, but for another folder for files: that is tried first.
    fn configure(&mut self, state: &mut State, config: &Config) {
        let mut config = config.clone();
        self.tried = None;
        if let Some(inbox) = config.inbox.take_if(|inbox| *inbox != state.inbox) {
            config.inbox.clone_from(&state.config.inbox);
            self.tried = Some(inbox.clone());
            self.ask(state, Job::TryInbox(inbox));
        }
        if let Some(name) = config.name
            && config.name != state.config.name
        {
            self.handle.rename(&name);
            state.own.rename(name, crate::paths::own_name());
        }
        if (&config.camera, &config.size) != (&state.config.camera, &state.config.size) {
            let request = config.request();
            self.handle.set_camera(request.clone());
            state.act(&Action::SetCamera(request));
        }
        if config.programs_port != state.config.programs_port {
            state.bridge.door = Door::Opening;
        }
        self.handle.set_adaptation(config.adaptation());
        self.handle.announce(config.announcing());
        state.config = config;
        self.save(state);
    }
}

/// Whose history that of a contact is.
fn owner(state: &State, peer: PeerName) -> Owner {
    let mut people = state.people.iter();
    let person = people.find(|person| person.name == peer);
    let key = person.and_then(|person| person.key);
    Owner { peer, key }
}

/// Into that folder, and nothing without asking.
pub(crate) fn inbox_settings(into: &Path) -> InboxSettings {
    InboxSettings::new(into, Accept::Ask)
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
