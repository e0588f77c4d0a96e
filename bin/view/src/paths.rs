//! Where the window's things are unless a user says otherwise: contacts and settings. Nothing is
//! made here.

use std::fs::{self, File, FileType};
use std::io;
use std::path::{Path, PathBuf};

use transom::PeerName;

/// The first contact list that is there, else where a new one goes.
pub(crate) fn users() -> PathBuf {
    let books = transom_place::books();
    let found = books.iter().find(|path| path.exists());
    found.or(books.first()).cloned().unwrap_or_default()
}

/// Where the settings are; nowhere without a home.
pub(crate) fn settings() -> Option<PathBuf> {
    transom_place::config().map(|config| config.join("view.toml"))
}

/// What this computer is called.
pub(crate) fn own_name() -> PeerName {
    let named = transom_place::machine_name();
    named.unwrap_or_else(|| "window".parse().expect("the word is a name"))
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
