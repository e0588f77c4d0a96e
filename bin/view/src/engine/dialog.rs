//! The file dialog of the desktop: another program, waited for.

use std::path::PathBuf;

use native_dialog::{DialogBuilder, Error};

use crate::words;

/// Asks for files or a folder to send; blocks until the person chose, closed it (nothing), or it
/// can't be opened (why).
pub(super) fn pick(folder: bool) -> Result<Vec<PathBuf>, String> {
    if folder {
        return pick_folder(words::PICK_FOLDER).map(|path| path.into_iter().collect());
    }
    let files = DialogBuilder::file().set_title(words::PICK_FILES);
    let answer = files.open_multiple_file().show();
    answer.map_err(|error| sentence(&error))
}

/// Asks for a folder.
pub(super) fn pick_folder(title: &str) -> Result<Option<PathBuf>, String> {
    let folder = DialogBuilder::file().set_title(title).open_single_dir();
    folder.show().map_err(|error| sentence(&error))
}

fn sentence(error: &Error) -> String {
    match error {
        Error::MissingDep => words::NO_DIALOG.to_owned(),
        error => words::dialog_failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_dialog_program_names_the_other_ways() {
        let sentence = sentence(&Error::MissingDep);
        assert!(
            sentence.contains("zenity") && sentence.contains("path"),
            "{sentence}"
        );
    }
}
