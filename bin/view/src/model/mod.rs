//! What the window knows: people, calls and their pictures, transfers, offers, texts and warnings.
//! Pure data that notices change; it knows neither a station nor a window.

mod abilities;
mod action;
mod bridge;
mod call;
mod calls;
mod clock;
mod config;
mod contacts;
mod dialog;
mod doctor;
mod echoes;
mod history;
mod knocks;
mod links;
mod news;
mod own;
mod pace;
mod pairing;
mod past;
mod people;
mod pictures;
mod port;
mod sound;
mod title;
mod transfers;
mod unsent;
mod view;
mod warnings;
mod wishes;

#[cfg(test)]
pub(crate) mod calls_tests;
#[cfg(test)]
pub(crate) mod sound_tests;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use transom::{Capabilities, Notice, PeerName, PublicKey, TextId, TransferId};
use transom_users::{Address, Contact};

use crate::words;

pub(crate) use abilities::MAX_ABILITIES;
pub(crate) use action::{Action, Edit, FolderFor};
pub(crate) use bridge::{BRIDGE_PORT, Bridge, Door, OpenBridge};
pub(crate) use call::{Call, Ending, Stage};
pub(crate) use calls::{Calls, Duties, Incoming, OwnTrouble};
pub(crate) use clock::Zone;
pub(crate) use config::{Config, MAX_CONFIG_BYTES, Place, ReducedMotion, Theme, picture_size};
pub(crate) use contacts::{Move, moves};
pub(crate) use dialog::{ContactForm, Dialog, SettingsForm, SettingsPage, port_of};
pub(crate) use doctor::Finding;
pub(crate) use history::{Entry, read as read_history, read_calls, without_old_calls};
pub(crate) use knocks::Knock;
pub(crate) use links::links;
pub(crate) use news::{Mishap, News, Told};
pub(crate) use own::{Corner, source_of};
pub(crate) use pace::{Bound, Sample, Summary};
pub(crate) use pairing::{CodeForm, Entry as CodeEntry, Meeting, ShownCode, Station, TRIES};
pub(crate) use past::{Past, PastCall};
pub(crate) use people::{Delivery, Line, Person, Presence, Speaker};
pub(crate) use pictures::{Face, Kept, MAX_VOLUME, Preferences, Shown, Volume};
pub(crate) use sound::{OwnSound, Sound};
pub(crate) use transfers::{Offer, Transfer};
pub(crate) use unsent::{MAX_UNSENT, Unsent};
pub(crate) use view::{Page, View};
pub(crate) use warnings::Warning;

/// Everything on the screen that is not being typed.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The contact list, in the order of the file.
    pub(crate) people: Vec<Person>,
    /// The contact that texts and files go to.
    pub(crate) chosen: Option<PeerName>,
    /// What the page is about, and which panes are open.
    pub(crate) view: View,
    /// Whether the desktop has a tray with our item in it.
    pub(crate) has_tray: bool,
    /// Whether the desktop wants motion to be reduced.
    pub(crate) desktop_reduces_motion: bool,
    /// The time zone that times are told in.
    pub(crate) zone: Zone,
    /// Calls and watches, and our own camera.
    pub(crate) calls: Calls,
    /// Who is nearby, and codes.
    pub(crate) meeting: Meeting,
    /// Our microphone and loudspeaker.
    pub(crate) sound: Sound,
    /// Cameras in other programs of this computer.
    pub(crate) bridge: Bridge,
    /// Running transfers and the last ended ones, oldest first.
    pub(crate) transfers: Vec<Transfer>,
    /// Offers waiting for an answer.
    pub(crate) offers: Vec<Offer>,
    /// What the person should know and can put away.
    pub(crate) warnings: Vec<Warning>,
    /// What happened and needs no answer, oldest first.
    pub(crate) news: Vec<Told>,
    /// News so far.
    told: u64,
    /// When the window was opened, since 1970.
    pub(crate) opened: Duration,
    /// Whether a file dialog is open, so that a second click opens no second one.
    pub(crate) picking: bool,
    /// Whether the picture has the whole screen.
    pub(crate) fullscreen: bool,
    /// The contact file, named where it holds no contact.
    pub(crate) book_path: PathBuf,
    /// The addresses others can reach this window at.
    pub(crate) listening: Vec<SocketAddr>,
    /// The port that the user chose, until the station says whether it listens there.
    asked_port: Option<u16>,
    port_changed: bool,
    /// Who we are.
    pub(crate) own: Own,
    /// How the window behaves.
    pub(crate) config: Config,
    /// Where the settings are kept, and where all else is.
    pub(crate) kept_in: [PathBuf; 2],
    /// Where accepted files go.
    pub(crate) inbox: PathBuf,
    /// The dialog over the screen.
    pub(crate) dialog: Option<Dialog>,
    /// Strangers who want in.
    pub(crate) knocks: Vec<Knock>,
    /// Keys of strangers that are not told of any more.
    pub(crate) ignored: Vec<PublicKey>,
    /// Keys that a person compared by eye.
    pub(crate) verified: Vec<PublicKey>,
    /// What stations said that they can do when they were last here, by their keys.
    pub(crate) capabilities: BTreeMap<PublicKey, Capabilities>,
    capabilities_changed: bool,
    /// Paths that were sent, by their transfers, to send them again.
    pub(crate) sources: Vec<(TransferId, PathBuf)>,
    /// What an earlier run of the window left unsent.
    pub(crate) unsent: Vec<Unsent>,
    /// The time of day, since 1970, as of the last thing that happened.
    pub(crate) now: Duration,
    /// Texts that are to be kept and are not written yet.
    unwritten: Vec<(PeerName, Entry)>,
    /// Contacts whose history is being read.
    awaited: BTreeSet<PeerName>,
    /// Whether the numbers are shown over the pictures.
    pub(crate) overlay: bool,
    /// Whether the keys are shown.
    pub(crate) help: bool,
}

/// Who we are, for others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Own {
    /// What others see this window as.
    pub(crate) name: String,
    /// Whether that is the name of the system's user.
    pub(crate) is_usual: bool,
    /// Our key.
    pub(crate) key: Option<PublicKey>,
    /// Where others reach us, best first.
    pub(crate) addresses: Vec<Address>,
    /// The port of all of them.
    pub(crate) port: u16,
}

impl Own {
    /// The line of a contact list that makes us a contact.
    pub(crate) fn line(&self) -> String {
        let address = match self.addresses.first() {
            Some(address) => address.to_string(),
            None => format!("ADDRESS:{}", self.port),
        };
        let key = self.key.map(|key| format!(" key={key}"));
        format!("{} {address}{}", self.name, key.unwrap_or_default())
    }

    /// Others see us as that from now on; `usual` is the name of the system's user.
    pub(crate) fn rename(&mut self, name: PeerName, usual: PeerName) {
        self.name = name.to_string();
        self.is_usual = name == usual;
    }

    /// Others reach us at that port from now on.
    fn use_port(&mut self, port: u16) {
        let at_port = |address: &Address| match address.host() {
            host if host.contains(':') => format!("[{host}]:{port}").parse().ok(),
            host => format!("{host}:{port}").parse().ok(),
        };
        self.addresses = self.addresses.iter().filter_map(at_port).collect();
        self.port = port;
    }
}

impl State {
    /// The state at the start: everybody of the book away, its bad lines as one warning.
    pub(crate) fn new(contacts: &[Contact], book_path: PathBuf, bad_lines: Vec<String>) -> Self {
        let mut state = Self {
            people: contacts.iter().map(Person::from_contact).collect(),
            book_path,
            ..Self::default()
        };
        state.chosen = state.first_person();
        if !bad_lines.is_empty() {
            state.warn(Warning::BadLines(bad_lines));
        }
        state
    }

    /// Takes in one notice; what has to be done because of it comes back.
    ///
    /// Pictures don't come here: the decoders take them and tell [`shown`](Self::shown).
    pub(crate) fn apply(&mut self, notice: Notice) -> Vec<Action> {
        if self.is_stale(&notice) {
            return Vec::new();
        }
        match notice {
            Notice::Listening { address, .. } => return self.listens(address),
            Notice::NotListening { why, .. } => self.listens_not(why.text),
            Notice::Reaching { peer } => self.person(peer).reach(),
            Notice::Unreachable { peer, obstacle, .. } => {
                self.person(peer).away(obstacle);
                return self.met_no_more(peer, false);
            }
            Notice::Joined {
                peer,
                first_use,
                known_as,
                key,
                address,
                capabilities,
            } => {
                self.person(peer).met(key, address.ip());
                self.learn_capabilities(key, capabilities);
                self.calls.know(peer, key);
                return self.joined(peer, first_use.then_some((key, known_as)));
            }
            Notice::Left { peer, .. } => {
                self.left(peer);
                return self.met_no_more(peer, true);
            }
            Notice::Knock { key, address, name } => self.knocked(Knock {
                key,
                address,
                claims: name,
            }),
            Notice::KeyChanged {
                peer,
                pinned,
                offered,
                in_book,
            } => {
                self.person(peer).presence = Presence::Refused;
                self.warn(Warning::KeyChanged {
                    peer,
                    pinned,
                    offered,
                    in_book,
                });
            }
            Notice::Text { peer, text } => self.hear(peer, text),
            Notice::TextArrived { peer, text } => {
                self.deliver(peer, text, Delivery::Arrived);
            }
            Notice::TextFailed { peer, text, why } => {
                self.deliver(peer, text, Delivery::Failed(why.to_string()));
            }
            Notice::Offered {
                transfer,
                peer,
                name,
                shape,
                entries,
                bytes,
                is_counted,
                overwrites,
                asks,
            } => {
                return self.offered(
                    Offer {
                        transfer,
                        peer,
                        name,
                        shape,
                        entries,
                        bytes,
                        is_counted,
                        overwrites,
                        into: self.inbox.clone(),
                        at: self.now,
                    },
                    asks,
                );
            }
            Notice::Transfer(status) => self.progress(status),
            Notice::TransferEnded { status, outcome } => self.finished(status, outcome),
            Notice::EntryFailed {
                transfer,
                path,
                why,
            } => self.entry_failed(transfer, &path, why.to_string()),
            Notice::Nearby { stations } => self.nearby(&stations),
            Notice::NearbyPaused { until } => self.nearby_paused(until),
            Notice::Pairing(id, notice) => return self.pairing_notice(id, notice),
            Notice::Sound(notice) => self.sound_notice(notice),
            Notice::PassesUsed { passes } => self.links_were_used(&passes),
            Notice::HttpListening { .. } => self.bridge.door = Door::Open,
            Notice::HttpNotListening { why } => self.bridge.door = Door::Refused(why),
            other => return self.call_notice(other),
        }
        Vec::new()
    }

    /// Whether a notice changes nothing on the screen: a contact that is away is tried every few
    /// seconds.
    pub(crate) fn knows(&self, notice: &Notice) -> bool {
        let presence = |peer: &PeerName| {
            let person = self.people.iter().find(|person| person.name == *peer);
            person.map(|person| &person.presence)
        };
        match notice {
            Notice::Reaching { peer } => presence(peer).is_some_and(|it| *it != Presence::Unknown),
            Notice::Unreachable { peer, obstacle, .. } => match presence(peer) {
                Some(Presence::Away(known)) => known.as_ref() == Some(obstacle),
                other => other == Some(&Presence::Refused),
            },
            _ => false,
        }
    }

    /// What an action changes here at once, before the station answers.
    pub(crate) fn act(&mut self, action: &Action) {
        match action {
            Action::Choose(peer) => self.choose(*peer),
            Action::Pick { .. } => self.picking = true,
            Action::Accept { transfer, .. } | Action::Refuse(transfer) => {
                self.offers.retain(|offer| offer.transfer != *transfer);
            }
            Action::Clear(transfer) | Action::Retry { transfer, .. } => self.clear(*transfer),
            Action::ClearEnded => self.clear_ended(),
            Action::ForgetUnsent(unsent) => self.forget_unsent(unsent),
            Action::AllowGuest { key, name } => self.let_in(key, name),
            Action::Ignore(key) => self.ignore(*key),
            Action::Open(dialog) => {
                self.dialog = Some(dialog.clone());
            }
            Action::Close => {
                self.sound.hears_itself = false;
                self.dialog = self.dialog.take().and_then(Dialog::closed);
            }
            Action::PickFolder(_) => self.picking = true,
            Action::Sheet(on) => self.view.sheet = *on,
            Action::Verify { key, on } => self.verify(*key, *on),
            Action::Dismiss(at) if *at < self.warnings.len() => drop(self.warnings.remove(*at)),
            Action::UsePort(port) => self.ask_for_port(*port),
            Action::ShowInPrograms { peer, on } => self.show_in_programs(*peer, *on),
            Action::OpenBridge => self.bridge.door = Door::Opening,
            Action::Fullscreen(on) => self.fullscreen = *on,
            Action::Tell(news) => self.tell(news.clone()),
            Action::PutAway(number) => self.put_away(*number),
            Action::Help(on) => self.help = *on,
            other => self.act_on_calls(other),
        }
        self.see_conversation();
    }

    /// A text of ours is on its way, or held back: then it has no id.
    pub(crate) fn said(&mut self, peer: PeerName, id: impl Into<Option<TextId>>, text: String) {
        // The time names the line in the history, so no two have the same.
        let last = self.person(peer).talk.back().map(|line| line.at);
        let next = last.map(|at| at + Duration::from_micros(1));
        let at = next.map_or(self.now, |next| next.max(self.now));
        self.person(peer).unread_since = None;
        self.person(peer).say(at, id.into(), text.clone());
        self.write_down(peer, Entry::Said { at, text });
    }

    /// A text of an earlier run, or one that was held back, is on its way.
    pub(crate) fn said_again(&mut self, peer: PeerName, at: Duration, id: TextId) {
        self.person(peer).say_again(at, id);
    }

    /// The file dialog closed: with paths, without, or it never opened.
    pub(crate) fn picked(
        &mut self,
        peer: PeerName,
        answer: Result<Vec<PathBuf>, Mishap>,
    ) -> Vec<Action> {
        self.picking = false;
        match answer {
            Ok(paths) => {
                let send = |path| Action::Send { peer, path };
                return paths.into_iter().map(send).collect();
            }
            Err(why) => self.tell(News::Desktop(why)),
        }
        Vec::new()
    }

    /// The dialog for a folder closed.
    pub(crate) fn picked_folder(
        &mut self,
        what: FolderFor,
        answer: Result<Option<PathBuf>, Mishap>,
    ) -> Vec<Action> {
        self.picking = false;
        match (answer, what) {
            (Ok(None), _) => {}
            (Ok(Some(folder)), FolderFor::Offer(transfer)) => self.redirect(transfer, &folder),
            (Ok(Some(folder)), FolderFor::Accepted(transfers)) => {
                let is_offered = |id: &TransferId| {
                    let mut offers = self.offers.iter();
                    offers.any(|offer| offer.transfer == *id)
                };
                let offered = transfers.into_iter().filter(is_offered);
                let accept = |transfer| Action::Accept {
                    transfer,
                    into: Some(folder.clone()),
                };
                return offered.map(accept).collect();
            }
            (Ok(Some(folder)), FolderFor::Inbox) => {
                let mut config = self.config.clone();
                config.inbox = Some(folder);
                return vec![Action::SaveSettings(Box::new(config))];
            }
            (Err(why), _) => self.tell(News::Desktop(why)),
        }
        Vec::new()
    }

    /// Accepted files go into that folder from now on, which can be used.
    pub(crate) fn use_inbox(&mut self, folder: &Path) {
        self.inbox = folder.to_owned();
        let is_inbox = |one: &Warning| matches!(one, Warning::Inbox(_));
        self.warnings.retain(|one| !is_inbox(one));
    }

    /// Shows a warning, once.
    pub(crate) fn warn(&mut self, warning: Warning) {
        warnings::add(&mut self.warnings, warning);
    }

    /// The person text and files go to.
    pub(crate) fn chosen_person(&self) -> Option<&Person> {
        let chosen = self.chosen?;
        self.people.iter().find(|person| person.name == chosen)
    }

    /// A person turns to a contact. A camera that was watched ends by [`leaving`](Self::leaving).
    fn choose(&mut self, peer: PeerName) {
        if self.chosen != Some(peer) {
            (self.view.chat, self.view.sheet) = (false, false);
            if let Some(left) = self.chosen.filter(|left| self.has_person(*left)) {
                self.person(left).unread_since = None;
            }
        }
        self.chosen = Some(peer);
        (self.view.cameras, self.view.page) = (false, true);
        self.see_chosen();
    }

    /// What was written during a call is read in the chat, or on the page after the call.
    fn see_conversation(&mut self) {
        if let Some(peer) = self.chosen.filter(|peer| self.reads(*peer))
            && let Some(person) = self.people.iter_mut().find(|person| person.name == peer)
        {
            person.unread = 0;
        }
    }

    /// What is on the page is no news any more.
    fn see_chosen(&mut self) {
        self.see_conversation();
        if let Some(peer) = self.chosen {
            self.calls.see_missed(peer);
        }
    }

    /// Whether what that contact writes is on the screen as it comes: over the picture of a call or
    /// a camera it is only in the chat.
    pub(crate) fn reads(&self, peer: PeerName) -> bool {
        match self.page() {
            Page::Person(of) => of == peer,
            Page::Call(of) | Page::Camera(of) => of == peer && self.view.chat,
            _ => false,
        }
    }

    /// Whether there is a conversation with that contact, or can be one. A camera has no reader,
    /// but a program with its key may have written or sent something.
    pub(crate) fn has_conversation(&self, person: &Person) -> bool {
        let peer = person.name;
        self.abilities(person).reads_texts()
            || !person.talk.is_empty()
            || self.offers.iter().any(|offer| offer.peer == peer)
            || self.transfers.iter().any(|one| one.status.peer == peer)
    }

    /// What leads to the conversation with that contact, also where its page is a picture.
    pub(crate) fn to_conversation(&self, peer: PeerName) -> Vec<Action> {
        let mut people = self.people.iter();
        let is_camera = people.any(|person| person.name == peer && self.is_camera(person));
        let is_picture = is_camera || self.calls.of(peer).is_some();
        let chat = is_picture.then_some(Action::ShowChat(true));
        [Action::Choose(peer)].into_iter().chain(chat).collect()
    }

    /// The first contact that has a page.
    fn first_person(&self) -> Option<PeerName> {
        let mut people = self.people.iter();
        let first = people.find(|person| !self.is_camera(person));
        first.map(|person| person.name)
    }

    /// `new_key`: the key that was pinned just now, and another name by which it was known.
    fn joined(
        &mut self,
        peer: PeerName,
        new_key: Option<(transom::PublicKey, Option<PeerName>)>,
    ) -> Vec<Action> {
        self.person(peer).presence = Presence::Here;
        match new_key {
            Some((key, None)) => self.tell(News::Learned { peer, key }),
            Some((_, Some(known))) => self.tell(News::KnownAs { peer, known }),
            None => {}
        }
        self.call_joined(peer)
    }

    fn left(&mut self, peer: PeerName) {
        let now = self.now;
        let person = self.person(peer);
        (person.presence, person.seen) = (Presence::Away(None), Some(now));
        self.offers.retain(|offer| offer.peer != peer);
    }

    fn hear(&mut self, peer: PeerName, text: String) {
        let reads = self.reads(peer);
        let at = self.now;
        let kept = text.clone();
        self.write_down(peer, Entry::Heard { at, text: kept });
        let person = self.person(peer);
        person.hear(at, text);
        if !reads {
            person.miss(at);
        }
    }

    fn deliver(&mut self, peer: PeerName, text: TextId, delivery: Delivery) {
        let arrived = delivery == Delivery::Arrived;
        if let Some(at) = self.person(peer).deliver(text, delivery) {
            let entry = match arrived {
                true => Entry::Arrived { at },
                false => Entry::Failed { at },
            };
            self.write_down(peer, entry);
        }
    }

    fn verify(&mut self, key: PublicKey, on: bool) {
        self.verified.retain(|one| *one != key);
        if on {
            self.verified.push(key);
        }
    }

    fn has_person(&self, peer: PeerName) -> bool {
        self.people.iter().any(|person| person.name == peer)
    }

    /// The person of that name; a known peer that is not in the book comes into the list when it is
    /// first heard of.
    fn person(&mut self, peer: PeerName) -> &mut Person {
        let at = self
            .people
            .iter()
            .position(|person| person.name == peer)
            .unwrap_or_else(|| {
                self.people.push(Person::stranger(peer));
                self.people.len() - 1
            });
        &mut self.people[at]
    }
}

/// A contact's name as the window shows it. The book's names have no spaces; a dash shows as one.
pub(crate) fn name(peer: &PeerName) -> String {
    words::line(peer.as_str()).replace('-', " ")
}
