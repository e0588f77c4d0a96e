//! One window for each state folder. The first start holds a lock on a file in the folder and
//! listens at a socket, whose path the file holds; a later start hands its request over and ends.
//!
//! The kernel lets go of the lock when a process ends, however it ends: a socket that a crash left
//! behind is known for one by the lock, and replaced. Both files lie in folders that only the user
//! can enter.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{MAX_NAMES, Request};

/// The file of the lock, in the state folder.
const LOCK: &str = "window.lock";
/// A path that every system takes for a socket is shorter.
const MAX_SOCKET_PATH: usize = 100;
/// Bytes of a request: its names, of at most 64 bytes each, with room.
const MAX_REQUEST_BYTES: u64 = 8 * 1024;
/// A window that starts or is busy answers within this time.
const PATIENCE: Duration = Duration::from_secs(5);
const TAKEN: &str = "taken\n";

/// Why a second start can't hand its request over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SingleError {
    /// The lock can't be had, and no other program has it.
    #[error("can't lock {path}: {source}", path = .path.display())]
    Lock { path: PathBuf, source: io::Error },
    /// Another program has the lock and doesn't answer.
    #[error("Transom is open already, but doesn't answer: {0}")]
    Silent(io::Error),
}

/// Which start this is.
pub(crate) enum Claim {
    /// The only one: it opens the window.
    First(Single),
    /// There is a window, and it has taken the request.
    Second,
}

/// Held by the first start for as long as its window is open.
pub(crate) struct Single {
    /// `None` where the socket can't be made: later starts then fail, and say why.
    listener: Option<UnixListener>,
    socket: PathBuf,
    /// Locked until it is closed.
    _lock: File,
}

/// Requests of later starts.
pub(crate) struct Requests(UnixListener);

/// Becomes the first start for that state folder, or hands the request to the first.
pub(crate) fn claim(state: &Path, request: &Request) -> Result<Claim, SingleError> {
    claim_in(
        state,
        std::env::var_os("XDG_RUNTIME_DIR")
            .as_deref()
            .map(Path::new),
        request,
    )
}

fn claim_in(state: &Path, runtime: Option<&Path>, request: &Request) -> Result<Claim, SingleError> {
    let path = state.join(LOCK);
    let failed = |source| SingleError::Lock {
        path: path.clone(),
        source,
    };
    let mut options = File::options();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    let mut lock = options.open(&path).map_err(failed)?;
    let begun = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => {
                return Single::new(state, runtime, lock)
                    .map(Claim::First)
                    .map_err(failed);
            }
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
            Err(fs::TryLockError::WouldBlock) => {}
        }
        // The other start may be about to listen, or about to end.
        match hand_over(&mut lock, request) {
            Ok(()) => return Ok(Claim::Second),
            Err(error) if begun.elapsed() > PATIENCE => return Err(SingleError::Silent(error)),
            Err(_) => sleep(Duration::from_millis(50)),
        }
    }
}

fn hand_over(lock: &mut File, request: &Request) -> io::Result<()> {
    let path = socket_of(lock)?;
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(written(request).as_bytes())?;
    let mut answer = String::new();
    stream
        .take(TAKEN.len() as u64)
        .read_to_string(&mut answer)?;
    match answer == TAKEN {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The path that the first start wrote into its lock.
fn socket_of(lock: &mut File) -> io::Result<PathBuf> {
    use std::io::Seek as _;

    lock.rewind()?;
    let mut path = Vec::new();
    lock.take(MAX_SOCKET_PATH as u64 + 1)
        .read_to_end(&mut path)?;
    Ok(std::ffi::OsString::from_vec(path).into())
}

impl Single {
    fn new(state: &Path, runtime: Option<&Path>, mut lock: File) -> io::Result<Self> {
        use std::io::Seek as _;

        let socket = socket(state, runtime)?;
        let listener = listen(&socket).and_then(|listener| {
            // Only now: a program that reads the path finds this one listening.
            lock.set_len(0)?;
            lock.rewind()?;
            lock.write_all(socket.as_os_str().as_bytes())?;
            Ok(listener)
        });
        // On a full disk as well: that is no reason to have no window.
        if let Err(error) = &listener {
            let path = socket.display();
            log::warn!("a second start can't reach this window: {path}: {error}");
        }
        Ok(Self {
            listener: listener.ok(),
            socket,
            _lock: lock,
        })
    }

    /// What later starts want, to be served by a thread of its own.
    pub(crate) fn requests(&self) -> Option<Requests> {
        let listener = self.listener.as_ref()?.try_clone().ok()?;
        Some(Requests(listener))
    }
}

impl Drop for Single {
    fn drop(&mut self) {
        // The next start would replace it.
        drop(fs::remove_file(&self.socket));
    }
}

impl Requests {
    /// Takes requests until the program ends.
    pub(crate) fn serve(self, mut take: impl FnMut(Request)) {
        for stream in self.0.incoming() {
            match stream.and_then(|stream| answer(stream, &mut take)) {
                Ok(()) => {}
                Err(error) => {
                    log::debug!("a request of a second start failed: {error}");
                    // Without file descriptors the next one fails at once.
                    sleep(Duration::from_millis(50));
                }
            }
        }
    }
}

fn answer(mut stream: UnixStream, take: &mut impl FnMut(Request)) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = Request::default();
    let lines = BufReader::new((&stream).take(MAX_REQUEST_BYTES)).lines();
    for line in lines {
        let line = line?;
        let name = |name: &str| {
            let name = name.parse();
            name.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
        };
        match line.split_once(' ') {
            Some(("watch", peer)) if request.watch.len() < MAX_NAMES => {
                request.watch.push(name(peer)?);
            }
            Some(("call", peer)) if request.call.len() < MAX_NAMES => {
                request.call.push(name(peer)?);
            }
            _ if line == END => {
                take(request);
                return stream.write_all(TAKEN.as_bytes());
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Ends a request: one that was cut off raises nothing.
const END: &str = "raise";

fn written(request: &Request) -> String {
    let watch = request.watch.iter().map(|peer| format!("watch {peer}\n"));
    let call = request.call.iter().map(|peer| format!("call {peer}\n"));
    watch.chain(call).chain([format!("{END}\n")]).collect()
}

/// Where the socket is: in the runtime folder, which is no network's and goes with the session, if
/// no other user can enter it; else in the state folder.
fn socket(state: &Path, runtime: Option<&Path>) -> io::Result<PathBuf> {
    let owner = fs::metadata(state)?.uid();
    let is_private = |folder: &&Path| {
        let data = fs::metadata(folder);
        data.is_ok_and(|data| data.is_dir() && data.uid() == owner && data.mode() & 0o077 == 0)
    };
    let mut hasher = DefaultHasher::new();
    fs::canonicalize(state)?.hash(&mut hasher);
    let named = |folder: &Path| folder.join(format!("transom-view-{:016x}", hasher.finish()));
    let fits = |path: &PathBuf| path.as_os_str().len() <= MAX_SOCKET_PATH;
    let in_runtime = runtime.filter(is_private).map(named).filter(fits);
    Ok(in_runtime.unwrap_or_else(|| state.join("window.socket")))
}

/// Listens there, in place of what a crash left. The lock is held: no other program listens.
fn listen(socket: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(socket)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// A state folder and a runtime folder that go with the test.
    struct Folders(PathBuf);

    impl Folders {
        fn new(name: &str) -> Self {
            let path = format!("transom-single-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(path);
            drop(fs::remove_dir_all(&path));
            for folder in ["state", "other", "run"] {
                fs::create_dir_all(path.join(folder)).unwrap();
                let private = fs::Permissions::from_mode(0o700);
                fs::set_permissions(path.join(folder), private).unwrap();
            }
            Self(path)
        }

        fn claim(&self, state: &str, request: &Request) -> Result<Claim, SingleError> {
            claim_in(&self.0.join(state), Some(&self.0.join("run")), request)
        }

        fn first(&self, state: &str) -> Single {
            match self.claim(state, &Request::default()) {
                Ok(Claim::First(single)) => single,
                _ => panic!("not the first"),
            }
        }
    }

    impl Drop for Folders {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn request() -> Request {
        Request {
            watch: vec![
                "door".parse().unwrap(),
                "192.168.1.20:7447".parse().unwrap(),
            ],
            call: vec!["anna".parse().unwrap()],
        }
    }

    /// Serves until the test ends.
    fn served(single: &Single) -> mpsc::Receiver<Request> {
        let (put, taken) = mpsc::channel();
        let requests = single.requests().unwrap();
        thread::spawn(move || requests.serve(|request| drop(put.send(request))));
        taken
    }

    #[test]
    fn a_second_start_hands_its_request_to_the_first() {
        let folders = Folders::new("hand-over");
        let first = folders.first("state");
        assert!(first.socket.starts_with(folders.0.join("run")));
        let taken = served(&first);
        assert!(matches!(
            folders.claim("state", &request()),
            Ok(Claim::Second)
        ));
        assert_eq!(taken.recv().unwrap(), request());
        // A window of another person, or of a test, is another window.
        let other = folders.first("other");
        assert_ne!(first.socket, other.socket);
    }

    #[test]
    fn what_a_crash_left_is_in_nobodys_way() {
        let folders = Folders::new("crash");
        let first = folders.first("state");
        let socket = first.socket.clone();
        // As after a crash: the lock is gone, both files stay.
        fs::rename(&socket, folders.0.join("kept")).unwrap();
        drop(first);
        fs::rename(folders.0.join("kept"), &socket).unwrap();
        let next = folders.first("state");
        let taken = served(&next);
        assert!(matches!(
            folders.claim("state", &request()),
            Ok(Claim::Second)
        ));
        assert_eq!(taken.recv().unwrap(), request());
        drop(next);
        assert!(!socket.exists());
    }

    #[test]
    fn a_lock_that_takes_no_text_as_on_a_full_disk_opens_a_window() {
        let folders = Folders::new("full");
        let lock = folders.0.join("state").join(LOCK);
        // A pipe can be locked, but it has no length.
        let made = std::process::Command::new("mkfifo").arg(&lock).status();
        assert!(made.unwrap().success());
        let first = folders.first("state");
        assert!(first.requests().is_none());
    }

    #[test]
    fn a_runtime_folder_that_others_can_enter_is_not_used() {
        let folders = Folders::new("shared");
        let run = folders.0.join("run");
        fs::set_permissions(&run, fs::Permissions::from_mode(0o777)).unwrap();
        let first = folders.first("state");
        assert!(first.socket.starts_with(folders.0.join("state")));
    }

    #[test]
    fn half_a_request_and_nonsense_do_nothing_and_the_next_is_taken() {
        let folders = Folders::new("nonsense");
        let first = folders.first("state");
        let taken = served(&first);
        let long = "watch door\n".repeat(MAX_NAMES + 1);
        for wrong in [
            "watch door\n",
            "watch \u{7f}\nraise\n",
            "quit\nraise\n",
            &long,
        ] {
            let mut stream = UnixStream::connect(&first.socket).unwrap();
            stream.write_all(wrong.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = String::new();
            drop(stream.read_to_string(&mut answer));
            assert_eq!(answer, "", "{wrong:?}");
        }
        assert!(matches!(
            folders.claim("state", &request()),
            Ok(Claim::Second)
        ));
        assert_eq!(taken.recv().unwrap(), request());
    }
}
