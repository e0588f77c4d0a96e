//! What a station keeps between runs: its key, and the keys it learned on first use. One private
//! folder, two files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use transom_users::{KnownPeers, NotLearned};
use transom_wire::{PeerName, PublicKey};

use crate::shared_live::OwnerMarks;

/// Why the state folder can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The system refuses.
    #[error("{}: {what}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// The key file holds something else.
    #[error("{}: is not a key file; move it away to get a new key", .0.display())]
    NotAKey(PathBuf),
    /// Others could read the key.
    #[error("{path}: is readable by others (mode {mode:o}); make it private: chmod 600 {path}", path = .0.display(), mode = .1)]
    Exposed(PathBuf, u32),
    /// Our own file of pinned keys has a line we did not write: going on could take a changed key
    /// for a first one.
    #[error("{}:{line}; mend or remove that line", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line's number and what is wrong with it.
        line: String,
    },
    /// The key can't be pinned to that name.
    #[error(transparent)]
    NotLearned(NotLearned),
    /// No random numbers, so no key.
    #[error("can't make a key: {0}")]
    Key(String),
}

/// The folder with a station's key and the keys it learned, by default `~/.local/state/transom`.
#[derive(Clone, Debug)]
pub struct State {
    dir: PathBuf,
}

impl State {
    /// Uses that folder, and makes it, for its owner alone, if it is missing.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, StateError> {
        let dir = dir.into();
        let existed = dir.is_dir();
        fs::create_dir_all(&dir).map_err(|source| io_error("can't be made", &dir, source))?;
        if !existed {
            restrict(&dir, 0o700)
                .map_err(|source| io_error("can't be made private", &dir, source))?;
        }
        Ok(Self { dir })
    }

    /// `$TRANSOM_STATE`, else `$XDG_STATE_HOME/transom`, else `~/.local/state/transom`; `None`
    /// without a home.
    pub fn default_dir() -> Option<PathBuf> {
        let named = std::env::var_os("TRANSOM_STATE").filter(|name| !name.is_empty());
        named.map(PathBuf::from).or_else(Self::usual_dir)
    }

    fn usual_dir() -> Option<PathBuf> {
        let absolute = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute("XDG_STATE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
            .map(|state| state.join("transom"))
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The key of this station, made on first use and kept in a file that only its owner can read.
    ///
    /// # Errors
    /// When the file can't be read or made, holds no key, or can be read by others.
    pub fn identity(&self) -> Result<Identity, StateError> {
        let path = self.dir.join("key");
        match open_ordinary(&path) {
            Ok(file) => read_key(file, &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_key(&path),
            Err(source) => Err(io_error("can't be read", &path, source)),
        }
    }

    /// For [`Settings::marks`](crate::Settings::marks): files of this folder, which programs with
    /// the same key share, and of the user's runtime folder, which all programs of that user share.
    pub fn marks(&self) -> OwnerMarks {
        OwnerMarks::of(&self.dir)
    }

    /// The keys learned on first use.
    ///
    /// # Errors
    /// When the file is there but can't be read.
    pub fn known_peers(&self) -> Result<KnownPeersFile, StateError> {
        KnownPeersFile::open(self.dir.join("known_peers"))
    }
}

/// The identity of this station: its private key, never shown.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(crate) secret: transom_secure::Identity,
}

impl Identity {
    /// A key that is kept nowhere, for demonstrations and tests.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn throwaway() -> Result<Self, StateError> {
        let secret = transom_secure::Identity::generate()
            .map_err(|error| StateError::Key(error.to_string()))?;
        Ok(Self { secret })
    }

    /// The key to give to others.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.secret.public())
    }
}

fn read_key(mut file: File, path: &Path) -> Result<Identity, StateError> {
    let failed = |source| io_error("can't be read", path, source);
    let mode = mode_of(&file).map_err(failed)?;
    if mode & 0o077 != 0 {
        return Err(StateError::Exposed(path.to_owned(), mode));
    }
    let mut key = [0; 32];
    let not_a_key = || StateError::NotAKey(path.to_owned());
    file.read_exact(&mut key).map_err(|_| not_a_key())?;
    // A file system that lost its data after a power cut gives zeros: a key that everybody knows.
    if key == [0; 32] || file.read(&mut [0]).map_err(failed)? != 0 {
        return Err(not_a_key());
    }
    Ok(Identity {
        secret: transom_secure::Identity::from_bytes(key),
    })
}

/// Written beside and then linked into place, so that two first starts at once agree on one key and
/// a full disk leaves none that is half there.
fn make_key(path: &Path) -> Result<Identity, StateError> {
    let identity = Identity::throwaway()?;
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let failed = |source| io_error("can't be written", path, source);
    let write = || -> io::Result<()> {
        let mut file =
            private(OpenOptions::new().write(true).create(true).truncate(true)).open(&beside)?;
        file.write_all(&identity.secret.private_bytes()[..])?;
        file.sync_all()
    };
    let linked = write().and_then(|()| fs::hard_link(&beside, path));
    let removed = fs::remove_file(&beside);
    match linked {
        Ok(()) => removed.map(|()| identity).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read_key(open_ordinary(path).map_err(failed)?, path)
        }
        Err(error) => Err(failed(error)),
    }
}

/// The keys learned on first use, and the file they are kept in: `known_peers`, one `name key` a
/// line.
#[derive(Debug, Default)]
pub struct KnownPeersFile {
    path: Option<PathBuf>,
    peers: KnownPeers,
    /// When and how long the file was as it was read.
    seen: Option<(std::time::SystemTime, u64)>,
}

impl KnownPeersFile {
    /// Kept nowhere.
    pub fn in_memory() -> Self {
        Self::default()
    }

    fn open(path: PathBuf) -> Result<Self, StateError> {
        let mut known = Self {
            path: Some(path),
            ..Self::default()
        };
        known.refresh()?;
        Ok(known)
    }

    /// The peers as last read.
    pub fn peers(&self) -> &KnownPeers {
        &self.peers
    }

    /// Reads the file again if another program changed it.
    ///
    /// # Errors
    /// When the file is there but can't be read.
    pub fn refresh(&mut self) -> Result<(), StateError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let failed = |source| io_error("can't be read", path, source);
        let file = match open_ordinary(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.peers = KnownPeers::default();
                return Ok(());
            }
            Err(error) => return Err(failed(error)),
        };
        let changed = file
            .metadata()
            .and_then(|data| Ok((data.modified()?, data.len())))
            .ok();
        if changed.is_some() && changed == self.seen {
            return Ok(());
        }
        let mut bytes = Vec::new();
        file.take(transom_users::MAX_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() > transom_users::MAX_BYTES {
            return Err(StateError::Damaged {
                path: path.clone(),
                line: format!("1: more than {} bytes", transom_users::MAX_BYTES),
            });
        }
        let (peers, errors) = KnownPeers::parse(&String::from_utf8_lossy(&bytes));
        if let Some(error) = errors.first() {
            return Err(StateError::Damaged {
                path: path.clone(),
                line: error.to_string(),
            });
        }
        (self.peers, self.seen) = (peers, changed);
        Ok(())
    }

    /// Pins a key to a name. The line is appended in one write, so that programs that learn at once
    /// lose nothing.
    ///
    /// # Errors
    /// When the name has another key already, or the file can't be written.
    pub fn learn(&mut self, name: &PeerName, key: &PublicKey) -> Result<(), StateError> {
        self.refresh()?;
        if self.peers.key_of(name) == Some(*key) {
            return Ok(());
        }
        // Before the file: a line beyond the limit would make it unreadable.
        self.peers
            .learn(*name, *key)
            .map_err(StateError::NotLearned)?;
        let Some(path) = &self.path else {
            return Ok(());
        };
        self.seen = None;
        append(path, &format!("{name} {key}\n"), File::sync_all).map_err(|source| {
            self.peers.forget(name.as_str());
            io_error("can't be written", path, source)
        })
    }

    /// Unpins a name; gives the key it had.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn forget(&mut self, name: &str) -> Result<Option<PublicKey>, StateError> {
        self.refresh()?;
        let Some(key) = self.peers.forget(name) else {
            return Ok(None);
        };
        if let Some(path) = &self.path {
            let failed = |source| io_error("can't be written", path, source);
            let beside = path.with_extension(format!("new-{}", std::process::id()));
            let mut file = private(OpenOptions::new().write(true).create(true).truncate(true))
                .open(&beside)
                .map_err(failed)?;
            file.write_all(self.peers.to_string().as_bytes())
                .map_err(failed)?;
            file.sync_all().map_err(failed)?;
            fs::rename(&beside, path).map_err(failed)?;
            self.seen = None;
        }
        Ok(Some(key))
    }
}

/// Adds a line. A last line without its end is ended first. If that fails, what is there of the new
/// line is removed again: half a line would make the file unreadable, and a line that may not be on
/// the disk would be read as a pinned key.
fn append(path: &Path, line: &str, sync: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let mut file = private(OpenOptions::new().read(true).append(true).create(true)).open(path)?;
    let end = file.seek(SeekFrom::End(0))?;
    let mut last = *b"\n";
    if end > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let before = if last == *b"\n" { "" } else { "\n" };
    let written = file.write_all(format!("{before}{line}").as_bytes());
    let synced = written.and_then(|()| sync(&file));
    synced.inspect_err(|_| drop(file.set_len(end)))
}

/// Opens a file to read it. A pipe or a device under its name would make us wait for its writer.
fn open_ordinary(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(io::Error::other("it is no regular file"))
    }
}

fn io_error(what: &'static str, path: &Path, source: io::Error) -> StateError {
    StateError::Io {
        what,
        path: path.to_owned(),
        source,
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(unix)]
fn mode_of(file: &File) -> io::Result<u32> {
    Ok(std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions()) & 0o777)
}

/// Elsewhere the folder in the user's profile is private already.
#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn mode_of(_: &File) -> io::Result<u32> {
    Ok(0o600)
}

#[cfg(test)]
mod tests {
    use transom_users::MAX_KNOWN;

    use super::*;

    #[test]
    fn a_last_line_without_its_end_is_not_joined_with_the_next() {
        let folder = std::env::temp_dir().join(format!("transom-learn-{}", std::process::id()));
        let state = State::open(&folder).unwrap();
        let key = Identity::throwaway().unwrap().public_key();
        fs::write(folder.join("known_peers"), format!("ben {key}")).unwrap();
        let anna = "anna".parse().unwrap();
        state.known_peers().unwrap().learn(&anna, &key).unwrap();
        let read = state.known_peers();
        fs::remove_dir_all(&folder).unwrap();
        let read = read.unwrap();
        let (ben, anna) = ("ben".parse().unwrap(), &anna);
        assert_eq!(
            [read.peers().key_of(&ben), read.peers().key_of(anna)],
            [Some(key), Some(key)]
        );
    }

    #[test]
    fn a_line_that_can_not_be_synced_is_not_read_as_a_pinned_key() {
        let folder = std::env::temp_dir().join(format!("transom-unsynced-{}", std::process::id()));
        let state = State::open(&folder).unwrap();
        let key = Identity::throwaway().unwrap().public_key();
        let path = folder.join("known_peers");
        let mut known = state.known_peers().unwrap();
        known.learn(&"ben".parse().unwrap(), &key).unwrap();
        let kept = known.peers().clone();
        let appended = append(&path, &format!("anna {key}\n"), |_| {
            Err(io::Error::other("no space"))
        });
        let read = state.known_peers();
        fs::remove_dir_all(&folder).unwrap();
        appended.unwrap_err();
        assert_eq!(read.unwrap().peers(), &kept);
    }

    #[test]
    fn a_key_beyond_the_limit_leaves_the_file_readable_and_says_so() {
        let folder = std::env::temp_dir().join(format!("transom-full-{}", std::process::id()));
        let state = State::open(&folder).unwrap();
        let key = Identity::throwaway().unwrap().public_key();
        let lines = (0..MAX_KNOWN).map(|number| format!("peer-{number} {key}\n"));
        fs::write(folder.join("known_peers"), lines.collect::<String>()).unwrap();
        let mut known = state.known_peers().unwrap();
        let learned = known.learn(&"anna".parse().unwrap(), &key);
        let read = state.known_peers();
        fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(
            learned,
            Err(StateError::NotLearned(NotLearned::Full))
        ));
        assert_eq!(read.unwrap().peers(), known.peers());
    }
}
