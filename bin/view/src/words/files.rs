//! Files on their way, offered ones, and the programs of the desktop that help with them.

use std::path::Path;

use transom::{
    CurrentFile, Direction, EntryReport, LimitedBy, NamedEntries, Outcome, Phase, RefuseReason,
    RoomLimit, Shape, TransferStatus, path_text,
};

use crate::model::{Mishap, Offer};

use super::{bytes, line, with_words};

pub(crate) const SEND_FILES: &str = "Send files";
pub(crate) const SEND_FOLDER: &str = "Send a folder";
pub(crate) const TYPE_A_PATH: &str = "Type a path";
pub(crate) const PATH: &str = "Path of a file or folder";
pub(crate) const PICK_INBOX: &str = "A folder for files";
pub(crate) const TRY_AGAIN: &str = "Try again";
pub(crate) const OPEN: &str = "Open";
pub(crate) const SHOW_IN_FOLDER: &str = "Show in folder";
pub(crate) const REMOVE_FROM_VIEW: &str = "Remove from view";
pub(crate) const REMOVE_ENDED: &str = "Remove all that ended";
pub(crate) const PAUSE: &str = "Pause";
pub(crate) const GO_ON: &str = "Go on";
pub(crate) const CANCELLING: &str =
    "What has arrived of it so far is removed. To go on later, let it go on and pause it.";
pub(crate) const CANCEL_ANYWAY: &str = "Cancel the transfer";
pub(crate) const LET_GO_ON: &str = "Let it go on";
pub(crate) const ACCEPT: &str = "Accept";
pub(crate) const ACCEPT_ALL: &str = "Accept all";
pub(crate) const DECLINE_ALL: &str = "Decline all";
pub(crate) const ANOTHER_FOLDER: &str = "Another folder";
pub(crate) const SAVE_IN: &str = "Save in";
pub(crate) const REPLACES: &str = "Replaces the file of that name";
pub(crate) const WAS_CLOSED: &str = "Stopped when the window was closed.";
pub(crate) const PASTED_FILES: &str = "Send these files?";
pub(crate) const CHOOSE_FIRST: &str = "Choose a contact first, then drop again";

/// Why a program of the desktop could not help, and what to do.
pub(crate) fn mishap(why: &Mishap) -> String {
    match why {
        Mishap::Gone => "It isn't there any more".to_owned(),
        Mishap::NoDialog => "There is no file window here. Install zenity, or drop the file, or \
                             type its path."
            .to_owned(),
        Mishap::Dialog(why) => {
            let why = line(why);
            format!("The file window failed ({why}). Type the path instead.")
        }
        Mishap::NoOpener { program, why } => {
            format!(
                "{program} can't be started: {}. Install xdg-utils.",
                line(why)
            )
        }
        Mishap::NotOpened(program) => format!("{program} couldn't open it."),
        Mishap::NoThread(why) => format!("No program can be started: {}.", line(why)),
    }
}

/// How a transfer ended, in the words of the side that reads it. `name` is the other side's.
pub(crate) fn outcome(direction: Direction, name: &str, size: u64, end: &Outcome) -> String {
    let is_ours = direction == Direction::Outgoing;
    match end {
        Outcome::Durable { .. } if is_ours => format!("{} · arrived", bytes(size)),
        Outcome::Durable { path } => format!("{} · saved in {}", bytes(size), folder(path)),
        Outcome::AlreadyThere { .. } => "Already there".to_owned(),
        Outcome::Skipped { .. } => "Skipped, the name is taken".to_owned(),
        Outcome::Partial { failed: 1, .. } => "Saved, but 1 file failed".to_owned(),
        Outcome::Partial { failed, .. } => format!("Saved, but {failed} files failed"),
        Outcome::Refused { reason, text } => {
            let sentence = match is_ours {
                true => refused_there(name, *reason),
                false => refused_here(name, *reason),
            };
            with_words(sentence.trim_end_matches('.'), text)
        }
        Outcome::Cancelled { here: true, .. } => "Cancelled".to_owned(),
        Outcome::Cancelled { here: false, text } => {
            with_words(&format!("{name} cancelled it"), text)
        }
        Outcome::Lost { .. } if is_ours => "Connection lost. Send it again to go on.".to_owned(),
        Outcome::Lost { .. } => {
            format!("Connection lost. It goes on when {name} sends it again.")
        }
        Outcome::Failed { why, more: 0 } => with_words("Failed", &why.to_string()),
        Outcome::Failed { why, more } => {
            with_words("Failed", &format!("{why}, and {more} more files"))
        }
        _ => "Ended".to_owned(),
    }
}

/// The name of the folder that a file is in.
pub(crate) fn folder(path: &Path) -> String {
    folder_name(path.parent().unwrap_or(path))
}

/// The name of a folder.
pub(crate) fn folder_name(path: &Path) -> String {
    let last = path.file_name().unwrap_or(path.as_os_str());
    line(&path_text(last.as_ref())).into_owned()
}

fn refused_here(name: &str, reason: RefuseReason) -> String {
    match reason {
        RefuseReason::Forbidden => format!("{name} may not send you files"),
        RefuseReason::NoSpace => "Your folder has no room for it".to_owned(),
        RefuseReason::Busy => "You were busy with other files".to_owned(),
        RefuseReason::Unwritable => "Your folder can't be written to".to_owned(),
        RefuseReason::Leaving => "This window was being closed".to_owned(),
        _ => "Declined".to_owned(),
    }
}

fn refused_there(name: &str, reason: RefuseReason) -> String {
    match reason {
        RefuseReason::Forbidden => format!("{name} doesn't take files from you"),
        RefuseReason::NoSpace => format!("{name} has no room for it"),
        RefuseReason::Busy => format!("{name} is busy with other files. Try later."),
        RefuseReason::Unwritable => format!("{name}'s folder can't be written to"),
        RefuseReason::Leaving => format!("{name} closed the window"),
        _ => format!("{name} declined"),
    }
}

/// Told when files are dropped for a contact that takes none.
pub(crate) fn takes_no_files(name: &str) -> String {
    format!("{name} takes no files")
}

pub(crate) fn drop_to(name: &str) -> String {
    format!("Drop to send to {name}")
}

/// How many things, and how much they are where that is known.
pub(crate) fn files_of(count: usize, size: Option<u64>) -> String {
    let files = match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    match size {
        Some(size) => format!("{files}, {}", bytes(size)),
        None => files,
    }
}

/// Asked before a transfer is cancelled.
pub(crate) fn cancel_which(file: &str) -> String {
    format!("Cancel {file}?")
}

/// Below the name of an offered file or folder.
pub(crate) fn offered(offer: &Offer, name: &str) -> String {
    let size = bytes(offer.bytes);
    match offer.shape {
        Shape::File if !offer.is_counted => {
            format!("From {name} · still growing, at least {size}")
        }
        Shape::File => format!("From {name} · {size}"),
        _ if !offer.is_counted => format!(
            "From {name} · a folder, at least {} items, {size}",
            offer.entries
        ),
        _ if offer.entries == 1 => format!("From {name} · a folder, 1 item, {size}"),
        _ => format!("From {name} · a folder, {} items, {size}", offer.entries),
    }
}

/// One offer, for a screen reader and where it is told beside others.
pub(crate) fn wants_to_send(name: &str, file: &str) -> String {
    format!("{name} wants to send {file}")
}

/// Everything one contact offers.
pub(crate) fn wants_to_send_all(name: &str, count: usize, size: Option<u64>) -> String {
    format!("{name} wants to send {}", files_of(count, size))
}

/// What is not listed by name.
pub(crate) fn and_more(count: usize) -> String {
    format!("and {count} more")
}

/// A button that is about one file.
pub(crate) fn of_file(words: &str, file: &str) -> String {
    format!("{words} {file}")
}

/// The title of a transfer.
pub(crate) fn transfer(direction: Direction, file: &str, name: &str) -> String {
    match direction {
        Direction::Incoming => format!("{file} from {name}"),
        Direction::Outgoing => format!("{file} to {name}"),
    }
}

/// A card for a screen reader: `holiday.mp4 to Anna, 35 percent, 121 of 345 MB, 4 s left`.
pub(crate) fn card(title: &str, percent: Option<u32>, parts: &[&str]) -> String {
    let mut said = title.to_owned();
    if let Some(percent) = percent {
        said.push_str(&format!(", {percent} percent"));
    }
    for part in parts.iter().filter(|part| !part.is_empty()) {
        said.push_str(", ");
        said.push_str(part);
    }
    said
}

/// The file of a folder that moves now.
pub(crate) fn moving(path: &str, current: &CurrentFile) -> String {
    format!("{path} · {}", done_of(current.moved, current.bytes))
}

/// Files of a folder that failed, and the last one's path and why.
pub(crate) fn failures(count: u64, last: Option<&(String, String)>) -> String {
    let failed = match count {
        1 => "1 file failed".to_owned(),
        count => format!("{count} files failed"),
    };
    match last {
        Some((path, why)) => format!("{failed}. The last one: {}: {}", line(path), line(why)),
        None => failed,
    }
}

/// Files of a folder that are beside others of their name, and those that were skipped: a line
/// each.
pub(crate) fn entry_notes(report: &EntryReport) -> Vec<String> {
    let EntryReport {
        renamed, skipped, ..
    } = report;
    let renamed = match renamed.count {
        0 => None,
        1 => Some(("1 file is beside the old one".to_owned(), renamed)),
        count => Some((format!("{count} files are beside the old ones"), renamed)),
    };
    let skipped = match skipped.count {
        0 => None,
        1 => Some(("1 file skipped, its name is taken".to_owned(), skipped)),
        count => Some((
            format!("{count} files skipped, their names are taken"),
            skipped,
        )),
    };
    let notes = [renamed, skipped].into_iter().flatten();
    notes
        .map(|(what, entries)| format!("{what}: {}", first_names(entries)))
        .collect()
}

/// `a.txt, b.txt, c.txt and 4 more`.
fn first_names(entries: &NamedEntries) -> String {
    let names: Vec<_> = entries.first.iter().map(|path| line(path)).collect();
    let names = names.join(", ");
    match (entries.count as usize).saturating_sub(entries.first.len()) {
        0 => names,
        more => format!("{names} {}", and_more(more)),
    }
}

/// `121 of 345 MB`; the unit is written once if both numbers have it, or if nothing is done.
fn done_of(done: u64, all: u64) -> String {
    let (done, all) = match done {
        0 => ("0".to_owned(), bytes(all)),
        done => (bytes(done), bytes(all)),
    };
    match (done.split_once(' '), all.split_once(' ')) {
        (Some((number, one)), Some((_, other))) if one == other => format!("{number} of {all}"),
        _ => format!("{done} of {all}"),
    }
}

/// What a transfer that is not over does now.
pub(crate) fn progress(status: &TransferStatus, name: &str, is_here: bool) -> String {
    let all = match status.files {
        files if !status.is_counted => {
            let (done, all) = (bytes(status.verified), bytes(status.bytes));
            let files_done = status.files_done;
            let sizes = format!("{done} of at least {all}");
            match status.shape {
                Shape::File => sizes,
                _ => format!("{files_done} of at least {files} files · {sizes}"),
            }
        }
        0 | 1 => done_of(status.verified, status.bytes),
        files => {
            let done = done_of(status.verified, status.bytes);
            format!("{} of {files} files · {done}", status.files_done)
        }
    };
    match status.phase {
        Phase::Waiting if is_here => "Waiting for its turn".to_owned(),
        Phase::Waiting => format!("Starts when {name} is back"),
        Phase::Offered => format!("{name} hasn't answered yet"),
        Phase::Full => full(status, name),
        Phase::Paused if status.paused_here => format!("Paused · {all}"),
        Phase::Paused => format!("Paused by {name} · {all}"),
        Phase::Finishing => "Saving".to_owned(),
        _ if status.is_checking() => format!("Checking · {all}"),
        _ if status.is_comparing() => format!("Comparing with what is there · {all}"),
        _ => all,
    }
}

/// Where there is no room, and what is missing. A sender is not told whether a disk or a quota is
/// full.
fn full(status: &TransferStatus, name: &str) -> String {
    let place = match status.full {
        None => format!("{name} has no room"),
        Some(RoomLimit::Files) => return "Your disk can't hold more files".to_owned(),
        Some(RoomLimit::KeepFree) => "Your disk has only its reserve left".to_owned(),
        Some(RoomLimit::Quota) => "Your folder's quota is full".to_owned(),
        Some(RoomLimit::PeerQuota) => format!("{name}'s quota is full"),
        _ => "Your disk is full".to_owned(),
    };
    format!("{place} · {} more needed", bytes(status.missing))
}

/// The rate of a transfer, and what limits it.
pub(crate) fn rate_and_limit(status: &TransferStatus) -> String {
    let rate = super::list::rate(status.rate);
    match limit(status) {
        Some(limit) if !rate.is_empty() => format!("{rate} · {limit}"),
        Some(limit) => limit,
        None => rate,
    }
}

fn limit(status: &TransferStatus) -> Option<String> {
    let is_ours = match status.limited_by? {
        LimitedBy::SenderDisk => status.direction == Direction::Outgoing,
        LimitedBy::ReceiverDisk => status.direction == Direction::Incoming,
        LimitedBy::Network => return Some("network".to_owned()),
        LimitedBy::Rate => return Some(format!("limit {}/s", bytes(status.rate_limit?))),
        _ => return None,
    };
    let whose = if is_ours { "your" } else { "their" };
    Some(format!("{whose} disk"))
}

/// How long something still takes.
pub(crate) fn left(time: std::time::Duration) -> String {
    format!("{} left", super::list::left_time(time.as_secs()))
}

pub(crate) const CALL_GOES_FIRST: &str = "Your call goes first";

/// Tells of a file that came while its conversation was not on the screen.
pub(crate) fn came_from(name: &str, path: &Path) -> String {
    format!("From {name}, saved in {}", folder(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_a_transfer_is_followed_by_its_limit() {
        let ids = crate::model::tests::Ids::new();
        let id = ids.transfer();
        let mut status = crate::model::tests::status(id, Phase::Running, 1);
        assert_eq!(rate_and_limit(&status), "56 MB/s");
        for (limited_by, ours, theirs) in [
            (LimitedBy::SenderDisk, "your disk", "their disk"),
            (LimitedBy::ReceiverDisk, "their disk", "your disk"),
            (LimitedBy::Network, "network", "network"),
            (LimitedBy::Rate, "limit 60 MB/s", "limit 60 MB/s"),
        ] {
            (status.limited_by, status.rate_limit) = (Some(limited_by), Some(60_000_000));
            status.direction = Direction::Outgoing;
            assert_eq!(rate_and_limit(&status), format!("56 MB/s · {ours}"));
            status.direction = Direction::Incoming;
            assert_eq!(rate_and_limit(&status), format!("56 MB/s · {theirs}"));
        }
    }

    #[test]
    fn a_pause_of_the_other_side_is_told_as_theirs() {
        let ids = crate::model::tests::Ids::new();
        let id = ids.transfer();
        let mut status = crate::model::tests::status(id, Phase::Paused, 0);
        assert_eq!(
            progress(&status, "Anna", true),
            "Paused by Anna · 0 of 345 MB"
        );
        status.paused_here = true;
        assert_eq!(progress(&status, "Anna", true), "Paused · 0 of 345 MB");
    }

    #[test]
    fn what_is_not_counted_yet_is_at_least_so_much() {
        let mut status = crate::model::tests::status(
            crate::model::tests::Ids::new().transfer(),
            Phase::Running,
            2_000_000,
        );
        (status.files, status.files_done, status.is_counted) = (3, 1, false);
        status.shape = Shape::Folder;
        let words = "1 of at least 3 files · 2.0 MB of at least 345 MB";
        assert_eq!(progress(&status, "Anna", true), words);
    }

    #[test]
    fn what_moves_nothing_says_what_it_does() {
        let id = crate::model::tests::Ids::new().transfer();
        let mut status = crate::model::tests::status(id, Phase::Running, 121_000_000);
        (status.comparing, status.rate) = (224_000_000, 0);
        let words = "Comparing with what is there · 121 of 345 MB";
        assert_eq!(progress(&status, "Anna", true), words);
        (status.comparing, status.verified) = (0, status.bytes);
        let words = "Checking · 345 of 345 MB";
        assert_eq!(progress(&status, "Anna", true), words);
    }

    #[test]
    fn files_that_are_beside_others_or_skipped_are_told_by_their_first_names() {
        let mut report = EntryReport::default();
        assert_eq!(entry_notes(&report), [""; 0]);
        report.skipped.add("x");
        ["a (1)", "b (1)", "c (1)", "d (1)"]
            .iter()
            .for_each(|name| report.renamed.add(name));
        let notes = [
            "4 files are beside the old ones: a (1), b (1), c (1) and 1 more",
            "1 file skipped, its name is taken: x",
        ];
        assert_eq!(entry_notes(&report), notes);
    }

    #[test]
    fn a_unit_that_both_numbers_have_is_written_once() {
        assert_eq!(done_of(121_000_000, 345_000_000), "121 of 345 MB");
        assert_eq!(done_of(999, 345_000_000), "999 B of 345 MB");
        assert_eq!(done_of(0, 12), "0 of 12 B");
    }
}
