//! Files on their way, offered ones, and the programs of the desktop that help with them.

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::Path;

use transom::{CurrentFile, Direction, Outcome, Phase, RefuseReason, Shape, TransferStatus};

use crate::model::Offer;

use super::{about, bytes, duration, line, with_words};

pub(crate) const NOBODY_CHOSEN: &str = "Choose a contact first, then drop the file again";
pub(crate) const FOLDER_GONE: &str = "The folder is not there any more";
pub(crate) const NO_DIALOG: &str = "There is no file dialog here: install zenity, yad or kdialog, or type the path, or drop the \
                                    file on the window";

pub(crate) fn dialog_failed(why: impl Display) -> String {
    format!("The file dialog failed: {why}; type the path instead")
}

pub(crate) fn no_opener(program: &str, why: impl Display) -> String {
    format!("{program} can't be started: {why}; install xdg-utils")
}

/// How the transfer of that file or folder ended, for the side that reads it. The line or the row
/// begins with its name.
pub(crate) fn outcome(direction: Direction, file: &str, outcome: &Outcome) -> String {
    let at = |path: &Path| place(file, path);
    match outcome {
        Outcome::Durable { path } => match at(path) {
            None => "done".to_owned(),
            Some(place) => format!("done, stored {place}"),
        },
        Outcome::AlreadyThere { path } => match at(path) {
            None => "was there already".to_owned(),
            Some(place) => format!("was there already, {place}"),
        },
        Outcome::Skipped { path } => match at(path) {
            None => "skipped, the name is taken".to_owned(),
            Some(place) => format!("skipped, the name is taken {place}"),
        },
        Outcome::Partial { path, failed } => match at(path) {
            None => format!("stored, but {failed} entries failed"),
            Some(place) => format!("stored {place}, but {failed} entries failed"),
        },
        Outcome::Refused { reason, text } => with_words(refusal(direction, *reason), text),
        Outcome::Cancelled { here: true, .. } => "cancelled".to_owned(),
        Outcome::Cancelled { here: false, text } => with_words("cancelled by the other side", text),
        Outcome::Lost { why } => with_words(lost(direction), why),
        Outcome::Failed { why } => with_words("failed", why),
        _ => "ended".to_owned(),
    }
}

/// Where a file lies that was sent under that name: its folder, or all of its path if it is called
/// otherwise there. The other side tells no more than a name.
fn place(file: &str, path: &Path) -> Option<String> {
    if path.file_name() != Some(OsStr::new(file)) {
        return Some(format!("as {}", line(&path.to_string_lossy())));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.map(|folder| format!("in {}", line(&folder.to_string_lossy())))
}

fn lost(direction: Direction) -> &'static str {
    match direction {
        Direction::Incoming => "connection lost; it goes on when it is sent again",
        Direction::Outgoing => "connection lost; send it again to go on",
    }
}

fn refusal(direction: Direction, reason: RefuseReason) -> &'static str {
    match direction {
        Direction::Incoming => refused_here(reason),
        Direction::Outgoing => refused_there(reason),
    }
}

fn refused_here(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::Forbidden => "refused, they may not send here",
        RefuseReason::NoSpace => {
            "refused, not enough room here; make room, or choose another folder when it is sent again"
        }
        RefuseReason::Busy => "refused, busy here",
        RefuseReason::Unwritable => "refused, the folder here can't be written to",
        RefuseReason::Leaving => "refused, this window was being closed",
        _ => "refused",
    }
}

fn refused_there(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::Chosen => "refused",
        RefuseReason::Forbidden => "refused, you may not send there",
        RefuseReason::NoSpace => "refused, not enough room there",
        RefuseReason::Busy => "refused, busy there; try again later",
        RefuseReason::Unwritable => "refused, the folder there can't be written to",
        RefuseReason::Leaving => "refused, the program there was being closed",
        _ => "refused",
    }
}

/// Files for a contact that has no place for them.
pub(crate) fn takes_no_files(name: &str) -> String {
    format!("{name} takes no files")
}

pub(crate) const SEND_FILES: &str = "Send files…";
pub(crate) const SEND_FOLDER: &str = "Send folder…";
pub(crate) const PATH: &str = "Path";
pub(crate) const PATH_HINT: &str = "or type it, or drop files";
pub(crate) const NOTHING_CHOSEN: &str = "Nothing chosen";
pub(crate) const PICK_FILES: &str = "Send files";
pub(crate) const PICK_FOLDER: &str = "Send a folder";
pub(crate) const PICK_INBOX: &str = "A folder for files";
pub(crate) const TRY_AGAIN: &str = "Try again";
pub(crate) const OPEN: &str = "Open";
pub(crate) const OPEN_FOLDER: &str = "Open folder";
pub(crate) const CLEAR: &str = "Clear";
pub(crate) const CLEAR_ENDED: &str = "Clear all ended";
pub(crate) const PAUSE: &str = "Pause";
pub(crate) const GO_ON: &str = "Go on";
pub(crate) const CANCEL_TRANSFER: &str = "Cancel";
pub(crate) const CANCELLING: &str =
    "What has arrived of it so far is removed. To go on later, let it go on and pause it.";
pub(crate) const CANCEL_ANYWAY: &str = "Cancel the transfer";
pub(crate) const LET_GO_ON: &str = "Let it go on";
pub(crate) const ACCEPT: &str = "Accept";
pub(crate) const REFUSE: &str = "Refuse";
pub(crate) const ACCEPT_ALL: &str = "Accept all";
pub(crate) const REFUSE_ALL: &str = "Refuse all";
pub(crate) const INTO: &str = "into the folder";
pub(crate) const OTHER_FOLDER: &str = "Other folder…";

pub(crate) fn drop_to(name: &str) -> String {
    format!("Drop to send to {name}")
}

/// Asked before a transfer is cancelled: what goes where.
pub(crate) fn cancel_which(transfer: &str) -> String {
    format!("Cancel {transfer}?")
}

pub(crate) fn sending(path: &str, name: &str) -> String {
    format!("Sending {path} to {name}")
}

pub(crate) fn offers(name: &str, file: &str) -> String {
    format!("{name} offers {file}")
}

/// The whole question before a file is accepted.
pub(crate) fn offer(offer: &Offer, name: &str, file: &str) -> String {
    let size = bytes(offer.bytes);
    let size = match offer.shape {
        Shape::File => size,
        _ => format!("a folder, {} entries, {size}", offer.files),
    };
    let request = match offer.overwrites {
        true => ", to replace what has that name",
        false => "",
    };
    format!("{name} offers {file} ({size}){request}")
}

/// Everything one contact offers, in one line.
pub(crate) fn offers_of(name: &str, count: usize, all: u64) -> String {
    format!("{name} offers {count} files and folders ({})", bytes(all))
}

/// All running transfers in one line: `3 transfers, 12 MB of 345 MB, 56 MB/s`.
pub(crate) fn totals(count: usize, done: u64, all: u64, rate: u64) -> String {
    let word = if count == 1 { "transfer" } else { "transfers" };
    let (done, all, rate) = (bytes(done), bytes(all), bytes(rate));
    format!("{count} {word}, {done} of {all}, {rate}/s")
}

/// What goes where.
pub(crate) fn transfer(direction: Direction, file: &str, name: &str) -> String {
    match direction {
        Direction::Incoming => format!("{file} from {name}"),
        Direction::Outgoing => format!("{file} to {name}"),
    }
}

/// The file of a folder that moves now.
pub(crate) fn moving(path: &str, current: &CurrentFile) -> String {
    format!(
        "{path} {} of {}",
        bytes(current.moved),
        bytes(current.bytes)
    )
}

/// Entries of a folder that failed.
pub(crate) const WAS_CLOSED: &str =
    "was on its way when the window was closed; it goes on where it was";

pub(crate) fn failures(count: u64, last: &str) -> String {
    format!("{count} failed, the last: {last}")
}

/// How much of it is there, from 0 to 1, without promising the last percent.
pub(crate) fn percent(progress: f32) -> String {
    format!("{:.0} %", (progress * 100.0).floor())
}

/// `12 MB of 345 MB, 56 MB/s, 0:06 left`, or why there is no rate.
pub(crate) fn progress(status: &TransferStatus, is_here: bool) -> String {
    let (verified, all) = (bytes(status.verified), bytes(status.bytes));
    let mut parts = Vec::new();
    // How much there is to send is known when its turn comes.
    if status.phase != Phase::Waiting || status.bytes > 0 {
        parts.push(format!("{verified} of {all}"));
    }
    if status.files > 1 {
        parts.push(format!("{} of {} entries", status.files_done, status.files));
    }
    match status.phase {
        Phase::Waiting if is_here => parts.push("waiting for its turn".to_owned()),
        Phase::Waiting => parts.push("waiting for them to be there".to_owned()),
        Phase::Offered => parts.push("offered, not yet answered".to_owned()),
        Phase::Paused => parts.push("paused".to_owned()),
        Phase::Finishing => parts.push("making it durable".to_owned()),
        _ => {
            parts.push(format!("{}/s", bytes(status.rate)));
            parts.extend(status.eta.map(|eta| format!("{} left", duration(eta))));
            parts.extend(status.yields.then(|| "your call goes first".to_owned()));
        }
    }
    parts.join(", ")
}

/// The line below all when a transfer is over.
pub(crate) fn transfer_ended(direction: Direction, file: &str, end: &Outcome) -> String {
    about(file, &outcome(direction, file, end))
}

pub(crate) fn no_program(why: impl Display) -> String {
    format!("No program can be opened: {why}")
}

pub(crate) fn not_opened(program: &str) -> String {
    format!("{program} could not open it")
}
