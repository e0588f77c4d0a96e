//! The file dialog of the desktop: another program, waited for.

use std::path::PathBuf;

use native_dialog::{DialogBuilder, Error};

/// Asks for a file or a folder; blocks until the person chose, closed it (`None`), or it can't be opened (why).
pub(super) fn pick(folder: bool) -> Result<Option<PathBuf>, String> {
    let files = DialogBuilder::file();
    let answer = if folder {
        files.set_title("Send a folder").open_single_dir().show()
    } else {
        files.set_title("Send a file").open_single_file().show()
    };
    answer.map_err(|error| sentence(&error))
}

fn sentence(error: &Error) -> String {
    match error {
        Error::MissingDep => {
            "There is no file dialog here: install zenity, yad or kdialog, or type the path, or drop the file on the window".to_owned()
        }
        error => format!("The file dialog failed: {error}; type the path instead"),
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
