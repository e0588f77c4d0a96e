//! What stands over the screen and waits for an answer: one dialog at a time, with what is typed
//! into it.

use std::path::PathBuf;

use transom::{PeerName, PublicKey, TransferId};
use transom_users::{Address, Book, Contact, Rights};

use crate::words;

use super::{Action, CodeForm, Person, State};

/// A dialog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Dialog {
    /// A contact is added by its address.
    Contact(Box<ContactForm>),
    /// A transfer of which something has arrived is about to be cancelled: that part is removed.
    CancelTransfer(TransferId),
    /// A contact was paired with by a code.
    Connected(PeerName),
    /// A code is typed.
    EnterCode(CodeForm),
    /// All kept texts are about to be removed. The settings from which this was asked come back.
    ForgetTexts(Box<SettingsForm>),
    /// A contact is about to get the right to come in without asking.
    LetIn(PeerName),
    /// A web address of a text is about to be opened.
    Link(String),
    /// Who is nearby.
    Nearby,
    /// The links of other programs are about to end. The settings from which this was asked come
    /// back.
    NewLinks(Box<SettingsForm>),
    /// Files that were copied in a file manager are about to be sent.
    Pasted { peer: PeerName, paths: Vec<PathBuf> },
    /// A contact is about to be removed.
    Remove(PeerName),
    /// The window is about to close, and with it a call.
    Quit,
    /// How the window behaves.
    Settings(Box<SettingsForm>),
    /// Our code is shown.
    ShowCode,
    /// Two fingerprints are compared.
    Verify(PeerName),
}

/// A contact as it is typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ContactForm {
    /// What it is called, or a whole line of a contact list.
    pub(crate) name: String,
    /// `host[:port]`.
    pub(crate) address: String,
    /// The key, may be empty.
    pub(crate) key: String,
    /// What it may do.
    pub(crate) may: Rights,
    /// What stands behind `#` in its line.
    pub(crate) comment: String,
    /// Why it could not be saved.
    pub(crate) problem: Option<String>,
}

/// A page of the settings.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum SettingsPage {
    #[default]
    You,
    Look,
    Camera,
    Sound,
    Calls,
    Files,
    Notifications,
    Privacy,
    Network,
}

impl SettingsPage {
    /// All, in their order.
    pub(crate) const ALL: [Self; 9] = [
        Self::You,
        Self::Look,
        Self::Camera,
        Self::Sound,
        Self::Calls,
        Self::Files,
        Self::Notifications,
        Self::Privacy,
        Self::Network,
    ];

    /// What has to be looked for anew when the page is opened.
    pub(crate) fn looks_for(self) -> Option<Action> {
        match self {
            Self::Camera => Some(Action::ListCameras),
            Self::Network => Some(Action::ListAddresses),
            Self::Sound => Some(Action::ListSounds),
            _ => None,
        }
    }
}

/// The settings: the page that is open, and what is being typed. All else counts at once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SettingsForm {
    /// The open page.
    pub(crate) page: SettingsPage,
    /// Our name.
    pub(crate) name: String,
    /// The folder for files.
    pub(crate) inbox: String,
    /// The port others reach us at.
    pub(crate) port: String,
    /// The port at which other programs see cameras.
    pub(crate) programs_port: String,
    /// Why something could not be done.
    pub(crate) problem: Option<String>,
}

impl Dialog {
    /// What is shown once it is closed.
    pub(super) fn closed(self) -> Option<Self> {
        match self {
            Self::ForgetTexts(form) | Self::NewLinks(form) => Some(Self::Settings(form)),
            _ => None,
        }
    }

    /// Whether a code is shown or looked for while it is open.
    pub(crate) fn is_pairing(&self) -> bool {
        matches!(self, Self::EnterCode(_) | Self::ShowCode)
    }

    /// Whether it asks before something that can't be undone.
    pub(crate) fn is_question(&self) -> bool {
        matches!(
            self,
            Self::CancelTransfer(_)
                | Self::ForgetTexts(_)
                | Self::LetIn(_)
                | Self::NewLinks(_)
                | Self::Quit
                | Self::Remove(_)
        )
    }
}

impl State {
    /// What a wish to close the window does: during a call it is asked for once.
    pub(crate) fn quitting(&self) -> Action {
        match self.calls.talking() && self.dialog != Some(Dialog::Quit) {
            true => Action::Open(Dialog::Quit),
            false => Action::Quit,
        }
    }
}

impl ContactForm {
    /// For a peer that is let in and stands in no book.
    pub(crate) fn of(person: &Person) -> Self {
        Self {
            name: person.name.to_string(),
            address: person.address.clone(),
            key: person.key.map(|key| key.to_string()).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Takes a whole line that was put in place of the name apart.
    pub(crate) fn spread(&mut self) {
        let line = self.name.trim();
        // "Front door" is a name; an address has dots or colons, or a key after it.
        let second = line.split_whitespace().nth(1);
        let has_key = line.contains(" key=") || line.contains(" may=");
        if !has_key && second.is_none_or(|word| !word.contains(['.', ':'])) {
            return;
        }
        let Ok(contact) = line.parse::<Contact>() else {
            return;
        };
        *self = Self {
            name: contact.name.to_string(),
            address: contact.address.to_string(),
            key: contact.key.map(|key| key.to_string()).unwrap_or_default(),
            may: contact.may,
            comment: contact.comment,
            ..std::mem::take(self)
        };
    }

    /// The contact that is meant, or what is wrong with it.
    pub(crate) fn contact(&self) -> Result<Contact, String> {
        let name = self.name.trim();
        if name.is_empty() {
            return Err(words::NO_NAME.to_owned());
        }
        let contact = Contact {
            name: book_name(name)?,
            address: self.address()?,
            key: self.key()?,
            may: self.may,
            comment: self.comment.clone(),
            line: 0,
        };
        Book::default().add(contact.clone()).map_err(words::fault)?;
        Ok(contact)
    }

    fn address(&self) -> Result<Address, String> {
        let typed = self.address.trim();
        if typed.is_empty() {
            return Err(words::NO_ADDRESS.to_owned());
        }
        typed.parse().map_err(words::fault)
    }

    fn key(&self) -> Result<Option<PublicKey>, String> {
        let typed: String = self.key.split_whitespace().collect();
        let typed = typed.strip_prefix("key=").unwrap_or(&typed);
        match typed {
            "" => Ok(None),
            key => key.parse().map(Some).map_err(words::fault),
        }
    }
}

/// The name as the book has it: what a person writes with spaces has dashes there.
fn book_name(typed: &str) -> Result<PeerName, String> {
    let words: Vec<_> = typed.split_whitespace().collect();
    let name = words.join("-");
    if name.is_empty() {
        return Err(words::NO_NAME.to_owned());
    }
    if name.starts_with('#') {
        return Err(words::COMMENT_AS_NAME.to_owned());
    }
    let plain: Contact = format!("{name} localhost").parse().map_err(words::fault)?;
    Ok(plain.name)
}

impl State {
    /// What a contact is called from now on, or what is wrong with that.
    pub(crate) fn new_name(&self, person: &Person, typed: &str) -> Result<PeerName, String> {
        let to = book_name(typed)?;
        let is_taken = to != person.name && self.people.iter().any(|other| other.name == to);
        match is_taken {
            true => Err(words::name_taken(&super::name(&to))),
            false => Ok(to),
        }
    }
}

/// The port that is typed; none for what is no port.
pub(crate) fn port_of(typed: &str) -> Option<u16> {
    typed.trim().parse().ok().filter(|port| *port > 0)
}

impl SettingsForm {
    /// As things are.
    pub(crate) fn of(state: &State) -> Self {
        Self {
            page: SettingsPage::default(),
            name: state.own.name.clone(),
            inbox: state.inbox.to_string_lossy().into_owned(),
            port: state.own.port.to_string(),
            programs_port: state.config.programs_port.to_string(),
            problem: None,
        }
    }

    /// As things are, at that page.
    pub(crate) fn at(page: SettingsPage, state: &State) -> Self {
        Self {
            page,
            ..Self::of(state)
        }
    }

    /// Our name as it is typed, or what is wrong with it.
    pub(crate) fn own_name(&self) -> Result<PeerName, String> {
        self.name.trim().parse().map_err(words::bad_own_name)
    }
}
