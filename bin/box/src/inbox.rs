//! The folder that received files go to.

use std::path::Path;

use transom_place::variable;

use crate::failure::Failure;

/// Refuses the user's home folder and all folders above it. A sender could put files there that
/// programs obey, such as `.ssh/authorized_keys`.
///
/// # Errors
/// The folder is one of these.
pub(crate) fn check(into: &Path) -> Result<(), Failure> {
    let home = variable("HOME").and_then(|home| home.canonicalize().ok());
    let into_real = into.canonicalize().ok();
    let holds_home = into_real
        .zip(home)
        .is_some_and(|(into, home)| home.starts_with(into));
    if !holds_home {
        return Ok(());
    }
    Err(Failure::usage(
        format!("can't receive into {}", into.display()),
        "your home folder is there, and programs obey files in it",
    )
    .next("name a folder for received files only"))
}
