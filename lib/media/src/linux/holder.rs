//! Finds the program that has a device open. Processes of other users can't be examined, so `None`
//! does not mean that no program has it open.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The result of a search.
struct Found {
    node: PathBuf,
    /// The folder of the process, and its name.
    holder: Option<(PathBuf, String)>,
    at: Instant,
}

/// How long an empty result is reused: a busy camera is tried again and again, and examining each
/// descriptor of each process takes milliseconds.
const SEARCH_PAUSE: Duration = Duration::from_secs(30);

/// The name of a program that has this node open.
pub(crate) fn name(node: &Path) -> Option<String> {
    static LAST: Mutex<Option<Found>> = Mutex::new(None);
    let node = fs::canonicalize(node).ok()?;
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = last.as_ref().filter(|found| found.node == node) {
        match &found.holder {
            Some((process, name)) if has_open(process, &node) => return Some(name.clone()),
            None if found.at.elapsed() < SEARCH_PAUSE => return None,
            _ => {}
        }
    }
    let holder = search(&node);
    let name = holder.as_ref().map(|(_, name)| name.clone());
    let at = Instant::now();
    *last = Some(Found { node, holder, at });
    name
}

fn search(node: &Path) -> Option<(PathBuf, String)> {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut processes = processes.map(|entry| entry.path());
    let process = processes.find(|process| {
        let id = process.file_name();
        id.is_some_and(|id| is_number(id) && id != own.as_str()) && has_open(process, node)
    })?;
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    let id = process.file_name()?.to_string_lossy().into_owned();
    // A program sets its own name, so it is untrusted text.
    let name = format!("{} ({id})", name.trim().escape_default());
    Some((process, name))
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
