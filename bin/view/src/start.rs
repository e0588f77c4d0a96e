//! From the command line to a running window: the contact list, the state folder, the settings.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use transom::media::CaptureRequest;
use transom::{
    CallKind, MOVED_PATIENCE, PeerName, Settings, State as Folder, StateError, everywhere,
    own_addresses,
};
use transom_users::{Address, Book, DEFAULT_PORT, MAX_BYTES};

use crate::arguments::Arguments;
use crate::engine::{Engine, EngineError};
use crate::keep::{self, Keeper, Storage};
use crate::model::{Action, Config, Own, State, Warning, Zone};
use crate::outside::{self, Claim, Request, SingleError};
use crate::paths;
use crate::shell::{Display, ShellError};
use crate::words;

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The contact list that was asked for can't be read.
    #[error("can't read the contact list {path}: {source}", path = .path.display())]
    Users { path: PathBuf, source: io::Error },
    /// `--watch` or `--call` names neither a contact nor an address.
    #[error("{peer} is no contact and no address: {why}")]
    Nobody { peer: PeerName, why: String },
    /// Nowhere to keep the key.
    #[error("no home folder, so no place for this computer's key; name one with --state DIR")]
    NoHome,
    /// The state folder can't be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// There is a window already, and it can't be reached.
    #[error(transparent)]
    Single(#[from] SingleError),
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
    // The graphics stack warns of drivers it tries and passes over; what matters comes back as an
    // error. A debug build of egui warns of each widget that moves, winit of screens that tell no
    // size, and the clipboard of being empty.
    const DEFAULT: &str = "warn,wgpu_core=off,wgpu_hal=off,naga=off,egui=error,sctk=off,winit=error,egui_winit=off,arboard=off";
    let filter = env_logger::Env::new().filter_or("TRANSOM_LOG", DEFAULT);
    // At `info` the bus tells of each message. A filter that names it counts.
    let mut builder = env_logger::Builder::new();
    builder.filter_module("zbus", log::LevelFilter::Warn);
    builder.filter_module("tracing", log::LevelFilter::Warn);
    builder.parse_env(filter).init();
}

/// Opens the window and runs until it is closed.
pub(crate) fn run(arguments: &Arguments) -> Result<(), StartError> {
    let mut users = users(arguments.users.clone())?;
    let (file, in_file) = (users.path.clone(), users.book.clone());
    let mut meant = |peer: &PeerName| called(&mut users.book, peer);
    let watch: Vec<_> = arguments
        .watch
        .iter()
        .map(&mut meant)
        .collect::<Result<_, _>>()?;
    let call: Vec<_> = arguments
        .call
        .iter()
        .map(&mut meant)
        .collect::<Result<_, _>>()?;
    let folder = arguments.state.clone().or_else(Folder::default_dir);
    let folder = Folder::open(folder.ok_or(StartError::NoHome)?)?;
    let request = Request {
        watch: watch.clone(),
        call: call.clone(),
    };
    let single = match outside::claim(folder.dir(), &request)? {
        Claim::First(single) => single,
        Claim::Second => return Ok(()),
    };
    let display = Display::connect()?;
    let settings = paths::settings();
    let (config, mut bad_lines) = settings
        .as_deref()
        .map(keep::read_config)
        .unwrap_or_default();
    bad_lines.splice(0..0, users.bad_lines.clone());
    let mut state = State::new(users.book.contacts(), file.clone(), bad_lines);
    state.kept_in = [
        settings.clone().unwrap_or_default(),
        folder.dir().to_owned(),
    ];
    state.zone = Zone::system();
    prepare(&mut state, config, arguments, &folder)?;
    let engine = engine(&folder, &users, &display, arguments, &mut state)?;
    let storage = Storage::new(file, folder.dir(), settings);
    storage.recall(&mut state);
    let mut keeper = Keeper::new(engine.handle().clone(), users.book.clone());
    let started = engine.start_storage(storage, keeper.queue());
    started.map_err(EngineError::from)?;
    for contact in users.book.contacts() {
        if in_file.find(contact.name.as_str()).is_none() {
            keeper.also(&mut state, contact.clone());
        }
    }
    keeper.recall(&mut state);
    for peer in watch {
        state.expect(peer, CallKind::View);
    }
    for peer in call {
        state.expect(peer, CallKind::Talk);
    }
    state.act(&Action::Fullscreen(arguments.fullscreen));
    Ok(display.run(engine, keeper, state, &single)?)
}

/// Our name and key, where files go, and which keys are known. The command line goes before the
/// settings.
fn prepare(
    state: &mut State,
    config: Config,
    arguments: &Arguments,
    folder: &Folder,
) -> Result<(), StartError> {
    let name = arguments
        .name
        .or(config.name)
        .unwrap_or_else(paths::own_name);
    let key = folder.identity()?.public_key();
    let listen = listen(arguments, &config);
    state.own = Own {
        addresses: addresses(&listen),
        port: port_of(&listen),
        name: name.to_string(),
        is_usual: name == paths::own_name(),
        key: Some(key),
    };
    let inbox = arguments.inbox.clone().or_else(|| config.inbox.clone());
    // The desktop names the home folder where there is no folder of downloads.
    let downloads = || paths::downloads().filter(|it| !transom_place::holds_home(it));
    let inbox = inbox.or_else(downloads);
    state.inbox = inbox.unwrap_or_else(|| folder.dir().join("inbox"));
    state.calls.own.request = match arguments.camera() {
        // In the size that was chosen: the command line names none.
        Some(source) => source.map(|source| CaptureRequest {
            source,
            ..config.request().unwrap_or_default()
        }),
        None => config.request(),
    };
    state.config = config;
    state.use_devices();
    for (peer, key) in folder.known_peers()?.peers().iter() {
        state.pin(peer, key);
    }
    Ok(())
}

/// Where this window takes connections: as the command line says, else at the chosen port.
fn listen(arguments: &Arguments, config: &Config) -> Vec<SocketAddr> {
    let chosen = || everywhere(config.port.unwrap_or(DEFAULT_PORT));
    arguments.listen().unwrap_or_else(chosen)
}

/// The addresses that are listened at by name, or else all of this computer; best first.
fn addresses(listen: &[SocketAddr]) -> Vec<Address> {
    let named = listen
        .iter()
        .filter(|address| !address.ip().is_unspecified());
    let named: Vec<_> = named.copied().map(Address::from).collect();
    if !named.is_empty() {
        return named;
    }
    let port = port_of(listen);
    let own = own_addresses().into_iter();
    own.map(|ip| Address::from(SocketAddr::new(ip, port)))
        .collect()
}

/// The port that others are told.
fn port_of(listen: &[SocketAddr]) -> u16 {
    listen.first().map_or(DEFAULT_PORT, SocketAddr::port)
}

/// Starts the station. If another program has the port, no peer can reach this window, but it can
/// reach all of them; if the folder for files can't be used, as that of a disk that is not there,
/// all but files works.
fn engine(
    folder: &Folder,
    users: &Users,
    display: &Display,
    arguments: &Arguments,
    state: &mut State,
) -> Result<Engine, StartError> {
    let is_asked = arguments.listen().is_some();
    let mut listen = listen(arguments, &state.config);
    let may_be_inbox = !transom_place::holds_home(&state.inbox);
    if !may_be_inbox {
        let why = words::home_as_inbox(&state.inbox.display().to_string());
        state.warn(Warning::Inbox(why));
    }
    let mut inbox = may_be_inbox.then(|| keep::inbox_settings(&state.inbox));
    loop {
        let mut settings = settings(state, folder, users)?;
        settings.listen = listen.clone();
        settings.inbox = inbox.clone();
        let kept = paths::pictures().unwrap_or_else(|| state.inbox.clone());
        match Engine::start(settings, state.duties().busy, kept, display.wake()) {
            Ok(engine) => {
                if inbox.is_none() && may_be_inbox {
                    // Each offer tries it again.
                    let inbox = keep::inbox_settings(&state.inbox);
                    engine.handle().set_inbox(Some(inbox));
                }
                return Ok(engine);
            }
            Err(EngineError::Station(error @ transom::StartError::Bind(_)))
                if !is_asked && !listen.is_empty() =>
            {
                log::warn!("nobody can reach this window: {error}");
                let port = state.config.port.unwrap_or(DEFAULT_PORT);
                let why = error.to_string();
                state.warn(Warning::PortRefused { port, why });
                listen.clear();
            }
            Err(EngineError::Station(error @ transom::StartError::Inbox(_))) if inbox.is_some() => {
                state.warn(Warning::Inbox(error.to_string()));
                inbox = None;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn settings(state: &State, folder: &Folder, users: &Users) -> Result<Settings, StartError> {
    // It was made of a name.
    let name = state.own.name.parse().unwrap_or_else(|_| paths::own_name());
    let mut settings = Settings::new(name, folder.identity()?);
    settings.book = users.book.clone();
    settings.known_peers = folder.known_peers()?;
    settings.marks = folder.marks();
    settings.camera = state.calls.own.request.clone();
    settings.sound = state.sound.settings.clone();
    settings.adaptation = state.config.adaptation();
    settings.announce = state.config.announcing();
    settings.moved_patience = MOVED_PATIENCE;
    // Also in *Do not disturb*: what this window can do is told once, and it may change.
    settings.takes_calls = true;
    settings.mark_packets = state.config.mark_packets;
    Ok(settings)
}

/// The contact that is called, by its name or its address. An address that is in no list joins it
/// under its own name.
fn called(book: &mut Book, peer: &PeerName) -> Result<PeerName, StartError> {
    let bad = |why: String| {
        // The fault of a line begins with its name.
        let why = why.strip_prefix(&format!("{peer}: ")).unwrap_or(&why);
        StartError::Nobody {
            peer: *peer,
            why: why.to_owned(),
        }
    };
    let contact = book
        .lookup(peer.as_str())
        .map_err(|error| bad(error.to_string()))?;
    let name = contact.name;
    if book.find(name.as_str()).is_none() {
        book.add(contact).map_err(|error| bad(error.to_string()))?;
    }
    Ok(name)
}

/// Reads the contact list; without `--users` it may be missing.
fn users(asked: Option<PathBuf>) -> Result<Users, StartError> {
    let asked = asked.or_else(|| transom_place::variable("TRANSOM_USERS"));
    let wanted = asked.is_some();
    let path = asked.unwrap_or_else(paths::users);
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
    let file = words::line(&path.to_string_lossy()).into_owned();
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

/// At most [`MAX_BYTES`] of the file, and whether there was more. Bytes that are no text become
/// marks that no line can hold.
fn read(path: &Path) -> io::Result<(String, bool)> {
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64;
    paths::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    let cut = bytes.len() > MAX_BYTES;
    bytes.truncate(MAX_BYTES);
    Ok((String::from_utf8_lossy(&bytes).into_owned(), cut))
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
    fn others_are_told_the_port_that_is_listened_at() {
        let at = |listen: &[&str]| {
            let listen: Vec<SocketAddr> = listen.iter().map(|text| text.parse().unwrap()).collect();
            let own = Own {
                addresses: addresses(&listen),
                port: port_of(&listen),
                name: "leo".to_owned(),
                ..Own::default()
            };
            own.line()
        };
        assert_eq!(at(&["192.168.1.5:7601"]), "leo 192.168.1.5:7601");
        assert_eq!(
            at(&["0.0.0.0:7601", "192.168.1.5:7602"]),
            "leo 192.168.1.5:7602"
        );
        assert!(at(&["0.0.0.0:7601"]).ends_with(":7601"));
        assert!(at(&[]).ends_with(":7447"));
    }

    #[test]
    fn who_is_called_is_a_contact_or_an_address() {
        let (mut book, _) = Book::parse("door 192.168.1.20\n");
        for door in ["door", "192.168.1.20", "[::ffff:192.168.1.20]:7447"] {
            let name = called(&mut book, &door.parse().unwrap()).unwrap();
            assert_eq!((name.as_str(), book.contacts().len()), ("door", 1));
        }
        for other in ["10.0.0.7:7000", "[::ffff:10.0.0.7]:7000"] {
            let name = called(&mut book, &other.parse().unwrap()).unwrap();
            assert_eq!((name.as_str(), book.contacts().len()), ("10.0.0.7:7000", 2));
        }
        let error = called(&mut book, &"10.0.0.7:70000".parse().unwrap()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("10.0.0.7:70000 is no contact"),
            "{error}"
        );
        let told = error.to_string();
        assert_eq!(told.matches("10.0.0.7").count(), 1, "{told}");
    }

    #[test]
    fn a_list_that_was_asked_for_has_to_be_there() {
        let error = super::users(Some("/nowhere/list.txt".into()))
            .err()
            .map(|error| error.to_string());
        assert!(error.is_some_and(|error| {
            error.starts_with("can't read the contact list /nowhere/list.txt: ")
        }));
    }
}
