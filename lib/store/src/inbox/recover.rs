//! The staging folder: making it safe, and learning what earlier runs left in it.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::time::{Duration, SystemTime};

use super::InboxSettings;
use super::shared::Staged;
use crate::dir::{Dir, Kind, if_missing};
use crate::record::{self, Claim};

/// The name of the private folder, which no offer may have.
pub(crate) const STAGING: &str = ".transom-incoming";

/// Clocks before 2025 were never set: this program is younger.
const CLOCK_SET: Duration = Duration::from_secs(55 * 365 * 24 * 3600);

pub(super) fn open_staging(root: &Dir) -> io::Result<Dir> {
    match root.make(STAGING) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    root.sync()?;
    // A link, a file or a FIFO of that name is refused here.
    let staging = root.sub(STAGING)?;
    if !staging.is_ours()? {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            ".transom-incoming belongs to another user",
        ));
    }
    staging.permit(0o700)?;
    Ok(staging)
}

/// Learns which unfinished transfers earlier runs left. What is too old or has no record is
/// removed by [`Shared::tidy_some`](super::Shared::tidy_some).
pub(super) fn recover(
    staging: &Dir,
    settings: &InboxSettings,
) -> io::Result<HashMap<Claim, Staged>> {
    let mut transfers = HashMap::new();
    for (folder, kind) in staging.names()? {
        if kind != Kind::Folder || !is_ours(&folder) {
            continue;
        }
        let dir = staging.sub(&folder).ok();
        let Some((claim, touched)) = dir.and_then(|dir| read_record(&dir)) else {
            continue;
        };
        if age(touched) <= settings.keep_unfinished {
            transfers.entry(claim).or_insert(Staged {
                folder,
                touched,
                is_synced: false,
            });
        }
    }
    Ok(transfers)
}

/// Which transfer a folder is of, and when its last attempt began.
fn read_record(dir: &Dir) -> Option<(Claim, SystemTime)> {
    let mut bytes = Vec::new();
    let file = dir.read("record").ok()?;
    let mut most = file.reader(0).take(record::RECORD as u64 + 1);
    most.read_to_end(&mut bytes).ok()?;
    Some((record::read(&bytes)?, file.modified().ok()?))
}

/// Removes a transfer's folder, as much as is left of a slice; says whether that was all. Its
/// record goes first, so that what can't be removed now is not taken for an unfinished transfer.
pub(crate) fn remove_some(staging: &Dir, folder: &str, left: &mut u32) -> io::Result<bool> {
    let removed = remove_record(staging, folder).and_then(|()| staging.remove_some(folder, left));
    if_missing(removed, true)
}

/// How long ago that was; no time at all if the machine did not know the time yet.
pub(super) fn age(touched: SystemTime) -> Duration {
    match touched {
        touched if touched < SystemTime::UNIX_EPOCH + CLOCK_SET => Duration::ZERO,
        touched => touched.elapsed().unwrap_or_default(),
    }
}

/// Makes sure that a folder is not taken for an unfinished transfer.
pub(super) fn remove_record(staging: &Dir, folder: &str) -> io::Result<()> {
    if_missing(staging.remove_file(&format!("{folder}/record")), ())
}

/// A name that nobody can guess, made of the keys that std draws from the system for its hash maps.
pub(crate) fn free_name() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let word = || RandomState::new().hash_one(SystemTime::now());
    format!("t-{:016x}{:016x}", word(), word())
}

pub(crate) fn is_ours(folder: &str) -> bool {
    let Some(number) = folder.strip_prefix("t-") else {
        return false;
    };
    number.len() == 32 && number.bytes().all(|b| b.is_ascii_hexdigit())
}
