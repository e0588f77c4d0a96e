//! The file dialog of the desktop: another program, waited for.

use std::path::PathBuf;

use native_dialog::{DialogBuilder, Error};

use crate::model::Mishap;
use crate::words;

/// Asks for files or a folder to send; blocks until the person chose, closed it (nothing), or it
/// can't be opened (why).
pub(super) fn pick(folder: bool) -> Result<Vec<PathBuf>, Mishap> {
    if folder {
        return pick_folder(words::SEND_FOLDER).map(|path| path.into_iter().collect());
    }
    let files = DialogBuilder::file().set_title(words::SEND_FILES);
    let answer = files.open_multiple_file().show();
    answer.map_err(|error| mishap(&error))
}

/// Asks for a folder.
pub(super) fn pick_folder(title: &str) -> Result<Option<PathBuf>, Mishap> {
    let folder = DialogBuilder::file().set_title(title).open_single_dir();
    folder.show().map_err(|error| mishap(&error))
}

fn mishap(error: &Error) -> Mishap {
    match error {
        Error::MissingDep => Mishap::NoDialog,
        error => Mishap::Dialog(error.to_string()),
    }
}
