//! The folder that received files go to.

use std::path::Path;

use transom_place::holds_home;

use crate::failure::Failure;

/// Refuses the user's home folder and all folders above it. A sender could put files there that
/// programs obey, such as `.ssh/authorized_keys`.
///
/// # Errors
/// The folder is one of these.
pub(crate) fn check(into: &Path) -> Result<(), Failure> {
    if !holds_home(into) {
        return Ok(());
    }
    Err(Failure::usage(
        format!("can't receive into {}", into.display()),
        "your home folder is there, and programs obey files in it",
    )
    .next("name a folder for received files only"))
}
