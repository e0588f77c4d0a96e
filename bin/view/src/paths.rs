//! Where the window's things are unless a user says otherwise: contacts, settings, files that came
//! and pictures. Nothing is made here.

use std::fs::{self, File, FileType};
use std::io;
use std::path::{Path, PathBuf};

use transom::PeerName;

/// The user's contact list. A list of the current folder is not used: the window would write
/// contacts into it, and the user that made the folder would be let in.
pub(crate) fn users() -> PathBuf {
    transom_place::book().unwrap_or_default()
}

/// Where the settings are; nowhere without a home.
pub(crate) fn settings() -> Option<PathBuf> {
    transom_place::config().map(|config| config.join("view.toml"))
}

/// Our folder among the user's downloads, if there are downloads.
pub(crate) fn downloads() -> Option<PathBuf> {
    ours(dirs::download_dir())
}

/// Our folder among the user's pictures, if there are pictures.
pub(crate) fn pictures() -> Option<PathBuf> {
    ours(dirs::picture_dir())
}

fn ours(dir: Option<PathBuf>) -> Option<PathBuf> {
    Some(dir.filter(|dir| dir.is_dir())?.join("transom"))
}

/// A path as a user types it, `~/` for the home folder.
pub(crate) fn typed(text: &str) -> PathBuf {
    from_home(text.trim(), dirs::home_dir())
}

fn from_home(typed: &str, home: Option<PathBuf>) -> PathBuf {
    match (typed.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    }
}

/// What this computer is called.
pub(crate) fn own_name() -> PeerName {
    let named = transom_place::machine_name();
    named.unwrap_or_else(|| "window".parse().expect("the word is a name"))
}

/// Opens a file to be read. A pipe is refused: perhaps no program ever writes to it, and the window
/// would wait.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_folder_and_only_at_the_start() {
        let home = || Some(PathBuf::from("/home/me"));
        for (typed, path) in [("~/a b", "/home/me/a b"), ("a~/b", "a~/b"), ("~x", "~x")] {
            assert_eq!(from_home(typed, home()), PathBuf::from(path));
        }
        assert_eq!(from_home("~/a", None), PathBuf::from("~/a"));
    }
}
