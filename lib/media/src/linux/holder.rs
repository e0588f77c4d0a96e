//! Finds the program that holds a device. It sees only what this user may see, so that finding
//! nobody proves nothing.

use std::fs;
use std::path::Path;

/// The name of a program that has this node open.
pub(crate) fn name(node: &Path) -> Option<String> {
    let node = fs::canonicalize(node).ok()?;
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .map(|entry| entry.path());
    processes
        .filter(|process| {
            process
                .file_name()
                .is_some_and(|id| is_number(id) && id != own.as_str())
        })
        .find(|process| has_open(process, &node))
        .map(|process| {
            let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
            let id = process
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            // Programs choose their names themselves.
            format!("{} ({id})", name.trim().escape_default())
        })
}

fn is_number(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
}

fn has_open(process: &Path, node: &Path) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    descriptors
        .flatten()
        .any(|fd| fs::read_link(fd.path()).is_ok_and(|target| target == node))
}
