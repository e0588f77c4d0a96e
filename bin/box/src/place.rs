//! The files of this user (state folder, contact book), the name of the machine, and the contact
//! that a PEER argument names.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use transom::people::{Book, Contact, identify};
use transom::{
    Identity, KnownPeersFile, MOVED_PATIENCE, Order, PeerName, PublicKey, Settings, State,
};
use transom_place::{SAMPLE_BOOK, variable};

use crate::args::Common;
use crate::failure::Failure;
use crate::output::Output;

/// The files of one user.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    state: Option<PathBuf>,
    /// The book that the user named, which has to be there; another one is optional.
    named: Option<PathBuf>,
    /// Whether a book that the user named may be missing, because a pairing makes it.
    may_be_missing: bool,
    mark_packets: bool,
    order: Order,
}

/// Contacts, and the keys that were learned on first use.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) book: Book,
    pub(crate) known: KnownPeersFile,
}

impl People {
    pub(crate) fn of(book: Book, state: &State) -> Result<Self, Failure> {
        let known = known_peers(state)?;
        Ok(Self { book, known })
    }

    /// The contact that has the key, also one that was learned on first use.
    pub(crate) fn owner_of(&self, key: &PublicKey) -> Option<Contact> {
        let person = identify(&self.book, self.known.peers(), key)?;
        person.contact.cloned()
    }
}

impl Place {
    /// Finds the files without reading them.
    pub(crate) fn find(common: &Common) -> Self {
        Self {
            state: common.state.clone().or_else(State::default_dir),
            named: common.users.clone().or_else(|| variable("TRANSOM_USERS")),
            may_be_missing: false,
            mark_packets: !common.no_marks,
            order: match common.measure_naive {
                true => Order::Naive,
                false => Order::Priority,
            },
        }
    }

    /// The same files for a command that adds contacts to the book, which need not be there yet.
    pub(crate) fn filled_by_pairing(&self) -> Self {
        Self {
            may_be_missing: true,
            ..self.clone()
        }
    }

    /// How to run this program for the same book, for a shell.
    pub(crate) fn command(&self) -> String {
        let service = variable("STATE_DIRECTORY").is_some_and(|it| it == Path::new(SERVICE_STATE));
        match (service, &self.named) {
            // Only root may read the folder of the service, whose variables a shell doesn't have.
            (true, None) => format!("sudo transom --users {SERVICE_STATE}/{BOOK_FILE}"),
            (true, Some(book)) => format!("sudo transom --users {}", shell_word(book)),
            (false, Some(book)) => format!("transom --users {}", shell_word(book)),
            (false, None) => "transom".to_owned(),
        }
    }

    /// The contact that has the key, also one that was learned on first use.
    pub(crate) fn owner_of(&self, key: &PublicKey) -> Option<Contact> {
        self.people()?.owner_of(key)
    }

    /// The book and the pinned keys as they are now; `None` if they can't be read.
    pub(crate) fn people(&self) -> Option<People> {
        let (book, _) = read_book(&self.users()?).ok()?;
        People::of(book, &self.state().ok()?).ok()
    }

    /// The state folder, which may not exist yet.
    pub(crate) fn state_folder(&self) -> Option<&Path> {
        self.state.as_deref()
    }

    /// The state folder, made on first use.
    pub(crate) fn state(&self) -> Result<State, Failure> {
        let dir = self.state.clone().ok_or_else(|| {
            Failure::new("no state folder", "neither XDG_STATE_HOME nor HOME is set")
                .next("name one with --state DIR")
        })?;
        State::open(&dir).map_err(|error| Failure::new("can't use the state folder", error))
    }

    /// The station's settings with this user's key and contacts, under `name` or the machine's
    /// name.
    pub(crate) fn settings(
        &self,
        name: Option<PeerName>,
        output: &Output,
    ) -> Result<Settings, Failure> {
        let state = self.state()?;
        let mut settings = Settings::new(name.unwrap_or_else(machine_name), identity(&state)?);
        settings.known_peers = known_peers(&state)?;
        settings.marks = state.marks();
        settings.mark_packets = self.mark_packets;
        settings.order = self.order;
        settings.moved_patience = MOVED_PATIENCE;
        settings.book = self.book(output)?;
        Ok(settings)
    }

    /// The contact book. Bad lines are warned of, the others count.
    pub(crate) fn book(&self, output: &Output) -> Result<Book, Failure> {
        let Some(path) = self.users() else {
            return Ok(Book::default());
        };
        if self.may_be_missing && !path.exists() {
            return Ok(Book::default());
        }
        let hint = |failure: Failure| match path.exists() {
            true => failure,
            false => failure.next("to begin without contacts, make an empty file of that name"),
        };
        let (book, errors) = read_book(&path).map_err(hint)?;
        for error in &errors {
            output.warn(error);
        }
        match self.named.is_none() && path == Path::new(SAMPLE_BOOK) {
            true => Ok(book.without_rights()),
            false => Ok(book),
        }
    }

    /// The book in use, if there is one; it may have been made since the start.
    pub(crate) fn users(&self) -> Option<PathBuf> {
        let own = || transom_place::book().filter(|path| path.is_file());
        let sample = || Some(PathBuf::from(SAMPLE_BOOK)).filter(|path| path.is_file());
        self.named.clone().or_else(own).or_else(sample)
    }

    /// The file that a new contact goes to.
    pub(crate) fn users_to_write(&self) -> Result<PathBuf, Failure> {
        self.named
            .clone()
            .or_else(transom_place::book)
            .ok_or_else(|| {
                Failure::new("no contact book", "it does not exist yet")
                    .next("name one with --users FILE")
            })
    }

    /// The contact of a name or of `HOST[:PORT]`.
    pub(crate) fn contact(&self, peer: &str, book: &Book) -> Result<Contact, Failure> {
        let wrong =
            |why| Failure::usage(format!("{peer} is neither a contact nor an address"), why);
        book.lookup(peer).map_err(wrong)
    }

    /// Where contacts are looked up, in words for a message.
    pub(crate) fn looked_in(&self) -> String {
        match self.users() {
            Some(path) => format!("the contact book {}", path.display()),
            None => "the contact book, which is not there yet".into(),
        }
    }
}

pub(crate) fn identity(state: &State) -> Result<Identity, Failure> {
    state
        .identity()
        .map_err(|error| Failure::new("no key", error))
}

pub(crate) fn known_peers(state: &State) -> Result<KnownPeersFile, Failure> {
    state
        .known_peers()
        .map_err(|error| Failure::new("no pinned keys", error))
}

/// Reads a book; each bad line becomes `FILE:LINE: what`.
pub(crate) fn read_book(path: &Path) -> Result<(Book, Vec<String>), Failure> {
    let bytes = read_bounded(path)?;
    let place = path.display();
    let mut errors = Vec::new();
    if let Err(error) = std::str::from_utf8(&bytes) {
        let before = bytes
            .iter()
            .take(error.valid_up_to())
            .filter(|&&byte| byte == b'\n')
            .count();
        errors.push(format!("{place}:{}: not UTF-8 text", before + 1));
    }
    let (book, bad) = Book::parse(&String::from_utf8_lossy(&bytes));
    errors.extend(bad.iter().map(|error| format!("{place}:{error}")));
    Ok((book, errors))
}

/// The text of a book, bytes that are no text replaced.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = read_bounded(path)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, Failure> {
    try_read(path).map_err(|error| {
        let what = format!("can't read the contact book {}", path.display());
        Failure::new(what, error)
    })
}

/// Reads one byte more than a book or a list may have, which shows that it is too large. Only a
/// regular file is opened: opening a named pipe would wait for its writer.
pub(crate) fn try_read(path: &Path) -> io::Result<Vec<u8>> {
    let is_empty_on_purpose = path == Path::new("/dev/null");
    if !std::fs::metadata(path)?.is_file() && !is_empty_on_purpose {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BOOK_BYTES + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The host name as a peer name, changed where a peer name must not have its letters.
pub(crate) fn machine_name() -> PeerName {
    transom_place::machine_name().unwrap_or_else(|| {
        FALLBACK_NAME
            .parse()
            .expect("the fallback is a name of eleven plain letters")
    })
}

/// A path as a word of a shell's command line.
fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%".contains(letter);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.into_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// The state folder of the package's service, as `debian/transom-camera.service` has it.
pub(crate) const SERVICE_STATE: &str = "/var/lib/transom";

/// The name of a contact book's file.
pub(crate) const BOOK_FILE: &str = "user_list.txt";

const FALLBACK_NAME: &str = "transom-box";

/// Bytes of a contact book: [`Book::parse`] takes no more, and a file may be anything.
const MAX_BOOK_BYTES: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_the_book_of_the_box() {
        let place = |named: Option<&str>| Place {
            state: None,
            named: named.map(PathBuf::from),
            may_be_missing: false,
            mark_packets: true,
            order: Order::Priority,
        };
        assert_eq!(place(None).command(), "transom");
        for (book, command) in [
            ("/srv/users", "transom --users /srv/users"),
            ("my book", "transom --users 'my book'"),
            ("it's", "transom --users 'it'\\''s'"),
        ] {
            assert_eq!(place(Some(book)).command(), command);
        }
    }

    #[test]
    fn a_named_book_may_be_missing_only_where_a_pairing_makes_it() {
        let missing = std::env::temp_dir().join(format!("transom-none-{}", std::process::id()));
        let place = Place {
            state: None,
            named: Some(missing),
            may_be_missing: false,
            mark_packets: true,
            order: Order::Priority,
        };
        let output = Output::new(false, true);
        assert!(place.book(&output).is_err());
        let filled = place.filled_by_pairing();
        assert!(
            filled
                .book(&output)
                .is_ok_and(|book| book.contacts().is_empty())
        );
    }
}
