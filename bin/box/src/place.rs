//! The files of this user (state folder, contact book), the name of the machine, and the contact
//! that a PEER argument names.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use transom::people::{Book, Contact};
use transom::{Identity, KnownPeersFile, MOVED_PATIENCE, Order, PeerName, Settings, State};
use transom_place::{SAMPLE_BOOK, variable};

use crate::args::Common;
use crate::failure::Failure;
use crate::output::Output;

/// The files of one user.
#[derive(Debug)]
pub(crate) struct Place {
    state: Option<PathBuf>,
    /// The book that the user named, which has to be there; another one is optional.
    named: Option<PathBuf>,
    mark_packets: bool,
    order: Order,
}

impl Place {
    /// Finds the files without reading them.
    pub(crate) fn find(common: &Common) -> Self {
        Self {
            state: common.state.clone().or_else(State::default_dir),
            named: common.users.clone().or_else(|| variable("TRANSOM_USERS")),
            mark_packets: !common.no_marks,
            order: match common.measure_naive {
                true => Order::Naive,
                false => Order::Priority,
            },
        }
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

/// Reads one byte more than a book or a list may have, which shows that it is too large. Only a regular file
/// is opened: opening a named pipe would wait for its writer.
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

const FALLBACK_NAME: &str = "transom-box";

/// Bytes of a contact book: [`Book::parse`] takes no more, and a file may be anything.
const MAX_BOOK_BYTES: u64 = 1024 * 1024;
