//! What stands over the screen and waits for an answer: one dialog at a time, with what is typed
//! into it.

use transom::{PeerName, PublicKey, TransferId};
use transom_users::{Address, Book, Contact, Rights};

use crate::paths;
use crate::words;

use super::{Config, Knock, Person, State};

/// A dialog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Dialog {
    /// Somebody is added or changed.
    Contact(Box<ContactForm>),
    /// A transfer of which something has arrived is about to be cancelled: that part is removed.
    CancelTransfer(TransferId),
    /// All kept texts are about to be removed. The settings from which this was asked come back.
    ForgetTexts(Box<SettingsForm>),
    /// A web address somebody wrote is about to be opened.
    Link(String),
    /// Somebody is about to be removed.
    Remove(PeerName),
    /// How the window behaves.
    Settings(Box<SettingsForm>),
    /// The sound devices, and how loud a contact is heard.
    Sound {
        /// Whose volume; nobody's outside calls.
        peer: Option<PeerName>,
        /// The settings from which this was opened come back.
        back: Option<Box<SettingsForm>>,
    },
    /// Two fingerprints are compared.
    Verify(PeerName),
}

/// A contact as it is typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ContactForm {
    /// As it was when the dialog opened; `None` for somebody new.
    pub(crate) before: Option<Contact>,
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

/// The settings as they are typed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SettingsForm {
    /// All but what is typed below.
    pub(crate) config: Config,
    /// Our name.
    pub(crate) name: String,
    /// The folder for files.
    pub(crate) inbox: String,
    /// Why they could not be saved.
    pub(crate) problem: Option<String>,
}

impl Dialog {
    /// What is shown once it is closed.
    pub(super) fn closed(self) -> Option<Self> {
        match self {
            Self::ForgetTexts(form) => Some(Self::Settings(form)),
            Self::Sound { back, .. } => back.map(Self::Settings),
            _ => None,
        }
    }

    /// Whether it asks before something that can't be undone.
    pub(crate) fn is_question(&self) -> bool {
        matches!(
            self,
            Self::CancelTransfer(_) | Self::ForgetTexts(_) | Self::Remove(_)
        )
    }
}

impl ContactForm {
    /// For somebody of the list. Who stands in no book is added to it.
    pub(crate) fn of(person: &Person) -> Self {
        let Some(contact) = &person.contact else {
            return Self {
                name: person.name.to_string(),
                address: person.address.clone(),
                key: person.key.map(|key| key.to_string()).unwrap_or_default(),
                ..Self::default()
            };
        };
        Self {
            before: Some(contact.clone()),
            name: contact.name.to_string(),
            address: contact.address.to_string(),
            key: contact.key.map(|key| key.to_string()).unwrap_or_default(),
            may: contact.may,
            comment: contact.comment.clone(),
            problem: None,
        }
    }

    /// For a stranger. Its address is where it called from; the port there is not the one it
    /// listens at.
    pub(crate) fn of_knock(knock: &Knock, name: Option<PeerName>) -> Self {
        Self {
            name: name.map(|name| name.to_string()).unwrap_or_default(),
            address: knock.address.ip().to_string(),
            key: knock.key.to_string(),
            ..Self::default()
        }
    }

    /// Whether it is about somebody who is in the book.
    pub(crate) fn is_change(&self) -> bool {
        self.before.is_some()
    }

    /// Takes a whole line that was put in place of the name apart.
    pub(crate) fn spread(&mut self) {
        let line = self.name.trim();
        if !line.contains(char::is_whitespace) {
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
        if name.contains(char::is_whitespace) {
            return Err(words::SPACES_IN_NAME.to_owned());
        }
        if name.starts_with('#') {
            return Err(words::COMMENT_AS_NAME.to_owned());
        }
        let plain: Contact = format!("{name} localhost").parse().map_err(words::fault)?;
        let contact = Contact {
            name: plain.name,
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

impl SettingsForm {
    /// As things are.
    pub(crate) fn of(state: &State) -> Self {
        Self {
            config: state.config.clone(),
            name: Self::own_name(state),
            inbox: state.inbox.to_string_lossy().into_owned(),
            problem: None,
        }
    }

    /// What we are called from the next start on.
    fn own_name(state: &State) -> String {
        let wanted = state.config.name.map(|name| name.to_string());
        wanted.unwrap_or_else(|| state.own.name.clone())
    }

    /// The settings that are meant, or what is wrong with them.
    pub(crate) fn config(&self, state: &State) -> Result<Config, String> {
        // Devices and contacts have changed meanwhile where a person chose other ones.
        let mut config = Config {
            microphone: state.config.microphone.clone(),
            speaker: state.config.speaker.clone(),
            echoes: state.config.echoes.clone(),
            contacts: state.config.contacts.clone(),
            ..self.config.clone()
        };
        let name = self.name.trim();
        // What comes from the command line or the computer is no wish to keep it for ever.
        if name != Self::own_name(state) {
            let parsed = name.parse().map_err(words::bad_own_name);
            config.name = Some(parsed?);
        }
        let inbox = self.inbox.trim();
        if inbox.is_empty() {
            return Err(words::NO_FOLDER.to_owned());
        }
        if inbox != state.inbox.to_string_lossy() {
            config.inbox = Some(paths::typed(inbox));
        }
        Ok(config)
    }
}
