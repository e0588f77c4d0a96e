//! One visit of a client: the link and the pass that it gets, a folder for its files, and how its
//! pictures are counted.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context as _, Failure, Outcome};
use crate::machine;

/// The pictures that a client must show.
pub(super) const WANTED: usize = 30;

/// The pictures that a client is told to take: on a busy machine some of them are the last picture
/// again, which doesn't count.
pub(super) const TAKEN: &str = "45";

/// Ends a client that hangs. Generous, because the machine may be busy.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// How a client carries a pass.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Carrier {
    /// As the token of the link.
    Link,
    /// As the password, with any user name.
    Basic,
    /// As the header of a Bearer token.
    Bearer,
}

impl Carrier {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Link => "?token=",
            Self::Basic => "Basic",
            Self::Bearer => "Bearer",
        }
    }
}

pub(crate) struct Visit {
    /// The door's address, and the path before its own paths.
    place: String,
    carrier: Carrier,
    token: String,
    folder: PathBuf,
}

impl Visit {
    pub(crate) fn new(place: &str, carrier: Carrier, token: &str, folder: PathBuf) -> Self {
        Self {
            place: place.into(),
            carrier,
            token: token.into(),
            folder,
        }
    }

    /// The link to a path of the door, with the token or the password where the carrier says so.
    pub(crate) fn link(&self, path: &str) -> String {
        let Self { place, token, .. } = self;
        match self.carrier {
            Carrier::Link => format!("http://{place}{path}?token={token}"),
            Carrier::Basic => format!("http://x:{token}@{place}{path}"),
            Carrier::Bearer => format!("http://{place}{path}"),
        }
    }

    /// The link to a path of the door without the pass.
    pub(crate) fn bare_link(&self, path: &str) -> String {
        format!("http://{}{path}", self.place)
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn carrier(&self) -> Carrier {
        self.carrier
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The header that carries the pass.
    pub(super) fn header(&self) -> Option<String> {
        let has_header = self.carrier == Carrier::Bearer;
        has_header.then(|| format!("Authorization: Bearer {}", self.token))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Asks the door for its state with this token. Fails unless it answers.
    pub(super) fn ask_state(&self, token: &str) -> Outcome {
        let (address, path) = match self.place.split_once('/') {
            Some((address, path)) => (address, format!("/{path}")),
            None => (self.place.as_str(), String::new()),
        };
        let name = format!("http://{address}{path}/state");
        let mut stream = TcpStream::connect(address).context(&name)?;
        stream.set_read_timeout(Some(TIMEOUT)).context(&name)?;
        let request = format!("GET {path}/state?token={token} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).context(&name)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context(&name)?;
        let status = answer.lines().next().unwrap_or_default();
        match status.split(' ').nth(1) {
            Some("200") => Ok(()),
            _ => Err(Failure::new(format!("{name}: {status}"))),
        }
    }

    /// A program whose files go to the folder.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("HOME", &self.folder);
        command
    }

    /// Runs the program until it ends.
    pub(super) fn output(&self, command: &mut Command) -> Outcome<Output> {
        let mut limited = Command::new("timeout");
        limited.args(["--kill-after=5", &TIMEOUT.as_secs().to_string()]);
        limited.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            value.map(|value| limited.env(name, value));
        }
        limited.current_dir(&self.folder).stdin(Stdio::null());
        limited.output().context("timeout")
    }

    /// Runs the program until `count` finds the wanted number of pictures or says that its number
    /// is final, or the program ends.
    pub(super) fn watch(
        &self,
        command: &mut Command,
        mut count: impl FnMut() -> (usize, bool),
    ) -> Outcome<usize> {
        let mut program = Background::start(command.stderr(Stdio::null()))?;
        poll(|| {
            let has_ended = program.ended()?.is_some();
            let (pictures, is_final) = count();
            Ok((pictures, is_final || has_ended))
        })
    }

    /// The same visit by another place.
    pub(super) fn behind(&self, place: &str) -> Self {
        let folder = self.folder.clone();
        Self::new(place, self.carrier, &self.token, folder)
    }
}

/// Connects to a program of this machine that is starting.
pub(crate) fn connect(port: u16) -> Outcome<TcpStream> {
    let last = Instant::now() + TIMEOUT;
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => return Ok(stream),
            Err(why) if Instant::now() >= last => return Err(why).context(port),
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// Asks for the number of pictures and whether it is final until they are enough.
pub(super) fn poll(mut count: impl FnMut() -> Outcome<(usize, bool)>) -> Outcome<usize> {
    let last = Instant::now() + TIMEOUT;
    loop {
        let (pictures, is_final) = count()?;
        if pictures >= WANTED || is_final || Instant::now() >= last {
            return Ok(pictures);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The contents of the files with this ending, in the order of their names.
pub(super) fn files_in(folder: &Path, ending: &str) -> impl Iterator<Item = Vec<u8>> {
    let names = machine::names_in(folder).into_iter();
    let names = names.filter(move |name| name.ends_with(ending));
    names.flat_map(move |name| fs::read(folder.join(name)))
}

/// The number of pictures that are different from the one before.
pub(super) fn changes<T: AsRef<[u8]>>(pictures: impl Iterator<Item = T>) -> usize {
    let mut hashes: Vec<u64> = pictures
        .map(|picture| {
            let mut hasher = DefaultHasher::new();
            picture.as_ref().hash(&mut hasher);
            hasher.finish()
        })
        .collect();
    hashes.dedup();
    hashes.len()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_picture_that_comes_again_counts_once() {
        assert_eq!(changes(["a", "a", "b", "a"].iter()), 3);
    }

    #[test]
    fn a_door_that_has_gone_or_refuses_is_no_door_with_a_state() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let place = format!("{}/box", listener.local_addr().unwrap());
        let visit = Visit::new(&place, Carrier::Link, "t", PathBuf::new());
        let door = thread::spawn(move || {
            ["200 OK", "401 Unauthorized"].map(|status| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 64];
                let length = stream.read(&mut request).unwrap();
                write!(stream, "HTTP/1.1 {status}\r\n\r\n").unwrap();
                String::from_utf8_lossy(&request[..length]).into_owned()
            })
        });
        assert!(visit.ask_state("t").is_ok());
        assert!(visit.ask_state("t").is_err());
        let [request, _] = door.join().unwrap();
        assert!(
            request.starts_with("GET /box/state?token=t HTTP/1.0\r\n"),
            "{request}"
        );
        assert!(visit.ask_state("t").is_err());
    }

    #[test]
    fn a_pass_is_carried_in_one_place_only() {
        let of = |carrier| Visit::new("h:1", carrier, "t", PathBuf::new());
        let carried = |carrier| (of(carrier).link("/stream"), of(carrier).header());
        let bearer = Some("Authorization: Bearer t".to_owned());
        assert_eq!(
            carried(Carrier::Link),
            ("http://h:1/stream?token=t".into(), None)
        );
        assert_eq!(
            carried(Carrier::Basic),
            ("http://x:t@h:1/stream".into(), None)
        );
        assert_eq!(
            carried(Carrier::Bearer),
            ("http://h:1/stream".into(), bearer)
        );
    }
}
