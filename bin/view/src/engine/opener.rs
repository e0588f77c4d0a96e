//! Folders and web addresses given to the desktop, each to a process of its own. Nothing that was
//! received is ever opened itself, only the folder it lies in.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::words;

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
pub(super) fn open_folder(folder: &Path) -> Result<(), String> {
    if !folder.is_dir() {
        return Err(words::FOLDER_GONE.to_owned());
    }
    // One whose name begins with a dash would be taken for an option.
    let folder = std::path::absolute(folder).map_err(|error| error.to_string())?;
    open(Command::new(OPENER).arg(folder))
}

/// Opens a web address, which the model found to be one.
pub(super) fn open_link(link: &str) -> Result<(), String> {
    open(Command::new(OPENER).arg(link))
}

fn open(command: &mut Command) -> Result<(), String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match command.status() {
        // Windows' explorer tells 1 when all is well.
        Ok(status) if status.success() || cfg!(windows) => Ok(()),
        Ok(_) => Err(words::not_opened(OPENER)),
        Err(error) => Err(words::no_opener(OPENER, error)),
    }
}
