//! Folders, documents and web addresses given to the desktop, each to a process of its own. Nothing
//! is opened without a click, and nothing that was received but documents.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::model::Mishap;

/// The desktop's own opener.
#[cfg(target_os = "linux")]
const OPENER: &str = "xdg-open";
#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(windows)]
const OPENER: &str = "explorer";
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
const OPENER: &str = "xdg-open";

/// Shows a folder; waits for the opener, which ends at once or with the file manager. Says why if
/// it can't.
pub(super) fn open_folder(folder: &Path) -> Result<(), Mishap> {
    if !folder.is_dir() {
        return Err(Mishap::Gone);
    }
    // One whose name begins with a dash would be taken for an option.
    let folder = std::path::absolute(folder).map_err(|_| Mishap::Gone)?;
    open(Command::new(OPENER).arg(folder))
}

/// Opens a document; the page shows the button for kinds of files that no program runs.
pub(super) fn open_file(path: &Path) -> Result<(), Mishap> {
    if !path.is_file() {
        return Err(Mishap::Gone);
    }
    let path = std::path::absolute(path).map_err(|_| Mishap::Gone)?;
    open(Command::new(OPENER).arg(path))
}

/// Opens a web address, which the model found to be one.
pub(super) fn open_link(link: &str) -> Result<(), Mishap> {
    open(Command::new(OPENER).arg(link))
}

fn open(command: &mut Command) -> Result<(), Mishap> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match command.status() {
        // Windows' explorer tells 1 when all is well.
        Ok(status) if status.success() || cfg!(windows) => Ok(()),
        Ok(_) => Err(Mishap::NotOpened(OPENER)),
        Err(error) => Err(Mishap::NoOpener {
            program: OPENER,
            why: error.to_string(),
        }),
    }
}
