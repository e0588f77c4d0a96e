//! From the command line to a running window: the contact list, the state folder, the settings.

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use transom::media::{Source, Wish};
use transom::{InboxSettings, PeerName, Settings, State as Folder, StateError, everywhere};
use transom_users::{Book, Contact, DEFAULT_PORT, Fault, MAX_BYTES, escape};

use crate::arguments::Arguments;
use crate::engine::{Engine, EngineError};
use crate::model::{Action, State, Warning};
use crate::shell::{Display, ShellError};

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The contact list that was asked for can't be read.
    #[error("{path}: {source}", path = .path.display())]
    Users { path: PathBuf, source: io::Error },
    /// Whom `--call` names is neither a contact nor an address.
    #[error("--call {peer}: is no contact and no address: {why}")]
    Call { peer: PeerName, why: String },
    /// Nowhere to keep the key.
    #[error("no home folder, so no place for this computer's key; name one with --state DIR")]
    NoHome,
    /// The state folder can't be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The station can't start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The window can't open.
    #[error(transparent)]
    Shell(#[from] ShellError),
}

/// The contact list as it was found.
struct Users {
    book: Book,
    path: PathBuf,
    bad_lines: Vec<String>,
}

/// Sends log lines to stderr; `TRANSOM_LOG` chooses which.
pub(crate) fn log() {
    // The graphics stack warns of drivers it tries and passes over; what matters comes back as an error. A debug build of
    // egui warns of each widget that moves.
    const DEFAULT: &str =
        "warn,wgpu_core=off,wgpu_hal=off,naga=off,egui=error,egui_wgpu=error,sctk=off";
    let filter = env_logger::Env::new().filter_or("TRANSOM_LOG", DEFAULT);
    env_logger::Builder::from_env(filter).init();
}

/// Opens the window and runs until it is closed.
pub(crate) fn run(arguments: Arguments) -> Result<(), StartError> {
    let mut users = users(arguments.users.clone())?;
    if let Some(peer) = &arguments.call {
        add_called(&mut users.book, peer)?;
    }
    let folder = arguments
        .state
        .clone()
        .or_else(|| variable("TRANSOM_STATE"))
        .or_else(Folder::default_dir);
    let folder = Folder::open(folder.ok_or(StartError::NoHome)?)?;
    let display = Display::connect()?;
    let mut state = State::new(
        users.book.contacts(),
        users.path.clone(),
        users.bad_lines.clone(),
    );
    state.calls.own.wish = camera(&arguments);
    let engine = engine(&arguments, &folder, &users, &display, &mut state)?;
    if let Some(peer) = arguments.call {
        state.act(&Action::Watch(peer));
    }
    state.act(&Action::Fullscreen(arguments.fullscreen));
    Ok(display.run(engine, state)?)
}

/// Starts the station. If somebody else has the usual port, nobody can reach this window, but it can reach everybody.
fn engine(
    arguments: &Arguments,
    folder: &Folder,
    users: &Users,
    display: &Display,
    state: &mut State,
) -> Result<Engine, StartError> {
    let start = |listen| -> Result<Engine, StartError> {
        let settings = settings(arguments, folder, users, listen)?;
        let kept = pictures().or_else(|| settings.inbox.as_ref().map(|inbox| inbox.into.clone()));
        let kept = kept.unwrap_or_else(|| folder.dir().join("pictures"));
        Ok(Engine::start(settings, kept, display.wake())?)
    };
    if let Some(listen) = &arguments.listen {
        return start(listen.clone());
    }
    match start(everywhere(DEFAULT_PORT)) {
        Err(StartError::Engine(EngineError::Station(transom::StartError::Bind(error)))) => {
            let text = format!(
                "Others can't reach this window, it can only reach them: {error}. Use another port with --listen"
            );
            state.warn(Warning::Trouble(text));
            start(Vec::new())
        }
        started => started,
    }
}

fn settings(
    arguments: &Arguments,
    folder: &Folder,
    users: &Users,
    listen: Vec<SocketAddr>,
) -> Result<Settings, StartError> {
    let name = arguments.name.unwrap_or_else(own_name);
    let into = arguments
        .inbox
        .clone()
        .or_else(downloads)
        .unwrap_or_else(|| folder.dir().join("inbox"));
    Ok(Settings {
        book: users.book.clone(),
        known_peers: folder.known_peers()?,
        listen,
        camera: camera(arguments),
        takes_calls: true,
        inbox: Some(InboxSettings {
            into,
            accept: transom::Accept::Ask,
            quota: None,
        }),
        ..Settings::new(name, folder.identity()?)
    })
}

/// Who is called but stands in no list is dialed by that name: `host` or `host:port`.
fn add_called(book: &mut Book, peer: &PeerName) -> Result<(), StartError> {
    if book.find(peer.as_str()).is_some() {
        return Ok(());
    }
    let bad = |why: String| StartError::Call { peer: *peer, why };
    let contact: Contact = format!("{peer} {peer}")
        .parse()
        .map_err(|error: Fault| bad(error.to_string()))?;
    book.add(contact).map_err(|error| bad(error.to_string()))
}

/// Reads the contact list; one that nobody asked for may be missing.
fn users(asked: Option<PathBuf>) -> Result<Users, StartError> {
    let asked = asked.or_else(|| variable("TRANSOM_USERS"));
    let wanted = asked.is_some();
    let path = asked.unwrap_or_else(usual_users);
    match read(&path) {
        Ok((text, cut)) => Ok(parse(path, &text, cut)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !wanted => {
            Ok(parse(path, "", false))
        }
        Err(source) => Err(StartError::Users { path, source }),
    }
}

fn parse(path: PathBuf, text: &str, cut: bool) -> Users {
    let (book, errors) = Book::parse(text);
    let file = escape(&path.to_string_lossy()).into_owned();
    let mut bad_lines: Vec<_> = errors
        .iter()
        .map(|error| format!("{file}:{error}"))
        .collect();
    if cut {
        bad_lines.push(format!(
            "{file}: is larger than {MAX_BYTES} bytes; the rest was not read"
        ));
    }
    Users {
        book,
        path,
        bad_lines,
    }
}

/// At most [`MAX_BYTES`] of the file, and whether there was more. Bytes that are no text become marks that no line can hold.
fn read(path: &Path) -> io::Result<(String, bool)> {
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64;
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    let cut = bytes.len() > MAX_BYTES;
    bytes.truncate(MAX_BYTES);
    Ok((String::from_utf8_lossy(&bytes).into_owned(), cut))
}

/// `$XDG_CONFIG_HOME/transom/user_list.txt` if it is there, else `users/user_list.txt` below the current folder if that is.
fn usual_users() -> PathBuf {
    let config =
        variable("XDG_CONFIG_HOME").or_else(|| env::home_dir().map(|home| home.join(".config")));
    let own = config.map(|config| config.join("transom/user_list.txt"));
    let here = PathBuf::from("users/user_list.txt");
    match own {
        Some(own) if own.exists() || !here.exists() => own,
        _ => here,
    }
}

/// Our camera as it was asked for; the first that works where nothing was said.
fn camera(arguments: &Arguments) -> Option<Wish> {
    let source = arguments.camera.clone().unwrap_or(Some(Source::Auto))?;
    Some(Wish {
        source,
        ..Wish::default()
    })
}

fn downloads() -> Option<PathBuf> {
    ours_below("XDG_DOWNLOAD_DIR", "Downloads")
}

fn pictures() -> Option<PathBuf> {
    ours_below("XDG_PICTURES_DIR", "Pictures")
}

/// Our folder below one of the desktop's, if that is there.
fn ours_below(named: &str, usual: &str) -> Option<PathBuf> {
    let folder = variable(named).or_else(|| env::home_dir().map(|home| home.join(usual)));
    folder
        .filter(|folder| folder.is_dir())
        .map(|folder| folder.join("transom"))
}

/// The computer's name, as far as it can be a peer's.
fn own_name() -> PeerName {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| env::var("COMPUTERNAME").ok());
    let named = host.and_then(|host| host.trim().parse().ok());
    named.unwrap_or_else(|| "window".parse().expect("the word is a name"))
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_lines_are_named_by_file_and_line_and_the_good_ones_load() {
        let users = parse(
            "my list.txt".into(),
            "door 192.168.1.20\nyard 1.2.3.4:99999\n",
            false,
        );
        assert_eq!(users.book.contacts().len(), 1);
        assert_eq!(users.bad_lines.len(), 1);
        assert!(
            users.bad_lines[0].starts_with("my list.txt:2: "),
            "{:?}",
            users.bad_lines
        );
    }

    #[test]
    fn who_is_called_is_a_contact_or_an_address() {
        let (mut book, _) = Book::parse("door 192.168.1.20\n");
        add_called(&mut book, &"door".parse().unwrap()).unwrap();
        assert_eq!(book.contacts().len(), 1);
        add_called(&mut book, &"10.0.0.7:7000".parse().unwrap()).unwrap();
        assert_eq!(book.contacts()[1].address.to_string(), "10.0.0.7:7000");
        let error = add_called(&mut book, &"10.0.0.7:70000".parse().unwrap()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("--call 10.0.0.7:70000: is no contact"),
            "{error}"
        );
    }

    #[test]
    fn a_list_that_was_asked_for_has_to_be_there() {
        let error = super::users(Some("/nowhere/list.txt".into()))
            .err()
            .map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.starts_with("/nowhere/list.txt: ")));
    }

    #[test]
    fn this_computer_has_a_name() {
        assert!(!own_name().as_str().is_empty());
    }
}
