//! Where things are unless somebody says otherwise: contacts, settings, downloads, and what this
//! computer is called. Nothing is made or read here but the computer's name; what others read they
//! open here.

use std::env;
use std::fs::{self, File, FileType};
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::path::{Path, PathBuf};

use transom::PeerName;

/// `$XDG_CONFIG_HOME/transom/user_list.txt` if it is there, else `users/user_list.txt` below the
/// current folder if that is.
pub(crate) fn users() -> PathBuf {
    let own = config().map(|config| config.join("user_list.txt"));
    let here = PathBuf::from("users/user_list.txt");
    match own {
        Some(own) if own.exists() || !here.exists() => own,
        _ => here,
    }
}

/// `$XDG_CONFIG_HOME/transom/view.conf`; nowhere without a home.
pub(crate) fn settings() -> Option<PathBuf> {
    config().map(|config| config.join("view.conf"))
}

/// The folder `transom` among the downloads.
pub(crate) fn downloads() -> Option<PathBuf> {
    ours_below("XDG_DOWNLOAD_DIR", "Downloads")
}

/// The folder `transom` among the pictures.
pub(crate) fn pictures() -> Option<PathBuf> {
    ours_below("XDG_PICTURES_DIR", "Pictures")
}

/// A path as a shell's user types it, `~/` for the home folder.
pub(crate) fn typed(text: &str) -> PathBuf {
    from_home(text.trim(), env::home_dir())
}

/// The computer's name, as far as it can be a peer's.
pub(crate) fn own_name() -> PeerName {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| env::var("COMPUTERNAME").ok());
    let named = host.and_then(|host| host.trim().parse().ok());
    named.unwrap_or_else(|| "window".parse().expect("the word is a name"))
}

/// The address that packets to others would come from; none is sent.
pub(crate) fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified()).then_some(address)
}

/// A variable that says something.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Opens a file to be read. A pipe is refused: nobody may ever write to it, and the window would
/// wait.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let data = fs::metadata(path)?;
    if is_pipe(data.file_type()) {
        let what = "is a pipe, not a file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    File::open(path)
}

#[cfg(unix)]
fn is_pipe(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

/// Elsewhere pipes have no place among the files.
#[cfg(not(unix))]
fn is_pipe(_: FileType) -> bool {
    false
}

/// Our folder below one of the desktop's, if that is there.
fn ours_below(named: &str, usual: &str) -> Option<PathBuf> {
    let folder = variable(named).or_else(|| env::home_dir().map(|home| home.join(usual)));
    folder
        .filter(|folder| folder.is_dir())
        .map(|folder| folder.join("transom"))
}

fn from_home(typed: &str, home: Option<PathBuf>) -> PathBuf {
    match (typed.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    }
}

fn config() -> Option<PathBuf> {
    let config =
        variable("XDG_CONFIG_HOME").or_else(|| env::home_dir().map(|home| home.join(".config")));
    config.map(|config| config.join("transom"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_has_a_name() {
        assert!(!own_name().as_str().is_empty());
    }

    #[test]
    fn a_tilde_is_the_home_folder_and_only_at_the_start() {
        let home = || Some(PathBuf::from("/home/me"));
        for (typed, path) in [("~/a b", "/home/me/a b"), ("a~/b", "a~/b"), ("~x", "~x")] {
            assert_eq!(from_home(typed, home()), PathBuf::from(path));
        }
        assert_eq!(from_home("~/a", None), PathBuf::from("~/a"));
    }
}
