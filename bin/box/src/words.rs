//! The station's enums in words: text for people, one stable word for programs.

use transom::{
    Bottleneck, CallKind, CameraState, Capabilities, Direction, EndReason, EntryReport, LimitedBy,
    NamedEntries, Outcome, PeerName, RefuseReason, RoomLimit, TransferStatus, path_text,
};

use crate::format::{count, rate};

pub(crate) fn call_words(kind: CallKind, outgoing: bool, peer: &PeerName) -> String {
    match (kind, outgoing) {
        (CallKind::View, true) => format!("watching {peer}"),
        (CallKind::View, false) => format!("{peer} is watching"),
        _ => format!("in a call with {peer}"),
    }
}

/// How a call ended.
pub(crate) fn call_end_words(
    kind: CallKind,
    outgoing: bool,
    peer: &PeerName,
    reason: EndReason,
    text: &str,
) -> String {
    let what = match (kind, outgoing) {
        (CallKind::View, false) => {
            let stopped = format!("{peer} stopped watching");
            return match (reason, text) {
                (EndReason::Chosen, "") => stopped,
                _ => format!("{stopped}: {}", end_said(reason, text)),
            };
        }
        (CallKind::View, true) => format!("watching {peer}"),
        _ => format!("the call with {peer}"),
    };
    format!("{what} ended: {}", end_said(reason, text))
}

pub(crate) fn kind_word(kind: CallKind) -> &'static str {
    match kind {
        CallKind::View => "view",
        CallKind::Talk => "talk",
        _ => "unknown",
    }
}

pub(crate) fn end_words(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Chosen => "they hung up",
        EndReason::Forbidden => "not allowed",
        EndReason::Busy => "busy",
        EndReason::NoCamera => "they have no camera",
        EndReason::Unanswered => "nobody answered",
        EndReason::Leaving => "their program ended",
        EndReason::Glare => "both called at once",
        EndReason::Unsupported => "their version can't take that kind of call",
        _ => "for a reason this program does not know",
    }
}

pub(crate) fn end_word(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Chosen => "chosen",
        EndReason::Forbidden => "forbidden",
        EndReason::Busy => "busy",
        EndReason::NoCamera => "no_camera",
        EndReason::Unanswered => "unanswered",
        EndReason::Leaving => "leaving",
        EndReason::Glare => "glare",
        EndReason::Unsupported => "unsupported",
        _ => "unknown",
    }
}

pub(crate) fn camera_words(state: CameraState) -> &'static str {
    match state {
        CameraState::Opening => "is being opened",
        CameraState::Live => "is live",
        CameraState::Lost => "gives no pictures",
        CameraState::Off => "is off",
        CameraState::Reduced => "is live, but reduced",
        _ => "is in a state this program does not know",
    }
}

pub(crate) fn camera_word(state: CameraState) -> &'static str {
    match state {
        CameraState::Opening => "opening",
        CameraState::Live => "live",
        CameraState::Lost => "lost",
        CameraState::Off => "off",
        CameraState::Reduced => "reduced",
        _ => "unknown",
    }
}

/// The bottleneck that keeps a viewer from full quality, for `--json`.
pub(crate) fn bottleneck_word(bottleneck: Bottleneck) -> &'static str {
    match bottleneck {
        Bottleneck::Link => "link",
        Bottleneck::Viewer => "viewer",
        _ => "unknown",
    }
}

/// The capabilities that a peer announced: ` (camera, files)`.
pub(crate) fn abilities(capabilities: Capabilities) -> String {
    let names: Vec<_> = capabilities.names().collect();
    match names[..] {
        [] => String::new(),
        _ => format!(" ({})", names.join(", ")),
    }
}

fn refuse_words(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::Chosen => "not wanted",
        RefuseReason::Forbidden => "not allowed",
        RefuseReason::NoSpace => "not enough room",
        RefuseReason::Busy => "busy",
        RefuseReason::Unwritable => "the inbox can't be written to",
        RefuseReason::Leaving => "their program ended",
        RefuseReason::Unsupported => "their version can't receive that kind of thing",
        _ => "for a reason this program does not know",
    }
}

/// Why a call ended, and the text of the other side in quotes, because its "here" means their
/// place.
pub(crate) fn end_said(reason: EndReason, text: &str) -> String {
    match (reason, text) {
        (EndReason::NoCamera, _) | (_, "") => end_words(reason).to_owned(),
        (_, text) => format!("{} (\"{text}\")", end_words(reason)),
    }
}

/// `words: text`, or the words alone.
pub(crate) fn with_text(words: &str, text: &str) -> String {
    match text {
        "" => words.to_owned(),
        text => format!("{words}: {text}"),
    }
}

/// Follows the reason of a failure if further entries failed too.
fn and_more(more: u32) -> String {
    match more {
        0 => String::new(),
        more => format!(", and {more} more failed"),
    }
}

/// How a transfer ended, in words.
pub(crate) fn outcome_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Durable { path } => format!("safe on disk as {}", path_text(path)),
        Outcome::AlreadyThere { path } => format!("was there already as {}", path_text(path)),
        Outcome::Skipped { path } => format!("left alone, since {} is taken", path_text(path)),
        Outcome::Partial { path, failed: 0 } => {
            format!("safe on disk as {}, but not all of it", path_text(path))
        }
        Outcome::Partial { path, failed } => {
            format!(
                "safe on disk as {}, but for {}",
                path_text(path),
                count((*failed).into(), "item")
            )
        }
        Outcome::Refused { text, reason } => {
            with_text(&format!("refused: {}", refuse_words(*reason)), text)
        }
        Outcome::Cancelled { here: true, .. } => "cancelled".into(),
        Outcome::Cancelled { text, .. } => with_text("cancelled by the other side", text),
        Outcome::Lost { why } => format!("lost: {why}"),
        Outcome::Failed { why, more } => format!("failed: {why}{}", and_more(*more)),
        _ => "ended in a way this program does not know".into(),
    }
}

/// How a transfer ended, with the first names of what is missing.
pub(crate) fn ended_words(status: &TransferStatus, outcome: &Outcome) -> String {
    let words = outcome_words(outcome);
    match (outcome, &status.report.failed) {
        (Outcome::Partial { failed: 1.., .. }, failed) if failed.count > 0 => {
            format!("{words}: {}", first_names(failed))
        }
        _ => words,
    }
}

/// What else is to be told of single entries of a folder: a line for each kind.
pub(crate) fn entry_lines(status: &TransferStatus) -> Vec<String> {
    let EntryReport {
        left_out,
        renamed,
        skipped,
        ..
    } = &status.report;
    let mut lines = Vec::new();
    if renamed.count > 0 {
        let files = count(renamed.count.into(), "changed file");
        let names = first_names(renamed);
        lines.push(format!("{files} beside what was there: {names}"));
    }
    if skipped.count > 0 {
        let files = count(skipped.count.into(), "file");
        let names = first_names(skipped);
        lines.push(format!(
            "{files} left alone, since these names are taken: {names}"
        ));
    }
    if *left_out > 0 {
        let items = count((*left_out).into(), "item");
        lines.push(format!(
            "{items} left out: links, devices, pipes or sockets"
        ));
    }
    lines
}

/// `a.txt, b.txt, c.txt and 4 more`.
fn first_names(entries: &NamedEntries) -> String {
    let names = entries.first.join(", ");
    match (entries.count as usize).saturating_sub(entries.first.len()) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// Why something was not sent. The text before it says that it was not sent.
pub(crate) fn unsent_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Failed { why, more } => format!("{why}{}", and_more(*more)),
        outcome => outcome_words(outcome),
    }
}

/// How a transfer ended, as one word.
pub(crate) fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Durable { .. } => "durable",
        Outcome::AlreadyThere { .. } => "already_there",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Partial { .. } => "partial",
        Outcome::Refused { .. } => "refused",
        Outcome::Cancelled { .. } => "cancelled",
        Outcome::Lost { .. } => "lost",
        Outcome::Failed { .. } => "failed",
        _ => "unknown",
    }
}

/// What limits a transfer, in short words: `their disk`, `limit 2.00 MB/s`.
pub(crate) fn limit_words(status: &TransferStatus) -> Option<String> {
    let is_ours = match status.limited_by? {
        LimitedBy::SenderDisk => status.direction == Direction::Outgoing,
        LimitedBy::ReceiverDisk => status.direction == Direction::Incoming,
        LimitedBy::Network => return Some("network".to_owned()),
        LimitedBy::Rate => return Some(format!("limit {}", rate(status.rate_limit?))),
        _ => return None,
    };
    let whose = if is_ours { "your" } else { "their" };
    Some(format!("{whose} disk"))
}

/// What limits a transfer, as one word.
pub(crate) fn limit_word(limit: LimitedBy) -> &'static str {
    match limit {
        LimitedBy::SenderDisk => "sender_disk",
        LimitedBy::Network => "network",
        LimitedBy::ReceiverDisk => "receiver_disk",
        LimitedBy::Rate => "rate_limit",
        _ => "unknown",
    }
}

/// Where there is no room, as one word.
pub(crate) fn room_limit_word(limit: RoomLimit) -> &'static str {
    match limit {
        RoomLimit::Disk => "disk",
        RoomLimit::Files => "files",
        RoomLimit::KeepFree => "keep_free",
        RoomLimit::Quota => "quota",
        RoomLimit::PeerQuota => "peer_quota",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use transom::{LinkEnd, PeerLoss, TransferFailure};

    use super::*;

    #[test]
    fn a_watch_ends_in_other_words_than_a_call() {
        let anna = "anna".parse().unwrap();
        let said =
            |kind, outgoing, reason, text| call_end_words(kind, outgoing, &anna, reason, text);
        let (view, chosen) = (CallKind::View, EndReason::Chosen);
        assert_eq!(said(view, false, chosen, ""), "anna stopped watching");
        assert_eq!(
            said(view, false, EndReason::Forbidden, "not any more"),
            "anna stopped watching: not allowed (\"not any more\")"
        );
        assert_eq!(
            said(view, true, EndReason::NoCamera, ""),
            "watching anna ended: they have no camera"
        );
        assert_eq!(
            said(CallKind::Talk, false, chosen, ""),
            "the call with anna ended: they hung up"
        );
    }

    /// A word that is missing here would say "unknown" to a script, or "does not know" to a person.
    #[test]
    fn every_answer_has_its_words() {
        for &reason in EndReason::ALL {
            assert_ne!(end_word(reason), "unknown");
            assert!(!end_words(reason).contains("does not know"));
        }
        for &state in CameraState::ALL {
            assert_ne!(camera_word(state), "unknown");
            assert!(!camera_words(state).contains("does not know"));
        }
        for &kind in CallKind::ALL {
            assert_ne!(kind_word(kind), "unknown");
        }
        for &reason in RefuseReason::ALL {
            assert!(!refuse_words(reason).contains("does not know"));
        }
    }

    #[test]
    fn what_came_in_part_says_how_much_is_missing_as_far_as_it_is_known() {
        let words = |failed| {
            let path = "d".into();
            outcome_words(&Outcome::Partial { path, failed })
        };
        assert_eq!(words(0), "safe on disk as d, but not all of it");
        assert_eq!(words(1), "safe on disk as d, but for 1 item");
        assert_eq!(words(2), "safe on disk as d, but for 2 items");
    }

    #[test]
    fn single_entries_are_told_by_their_number_and_first_names() {
        let (_station, mut status) = crate::progress::tests::sending("d");
        let (path, failed) = ("d".into(), 5);
        let outcome = Outcome::Partial { path, failed };
        assert_eq!(entry_lines(&status), [""; 0]);
        for name in ["a", "b", "c", "d", "e"] {
            status.report.failed.add(name);
        }
        status.report.renamed.add("a (1)");
        ["f", "g"]
            .iter()
            .for_each(|name| status.report.skipped.add(name));
        status.report.left_out = 2;
        assert_eq!(
            ended_words(&status, &outcome),
            "safe on disk as d, but for 5 items: a, b, c and 2 more"
        );
        let lines = [
            "1 changed file beside what was there: a (1)",
            "2 files left alone, since these names are taken: f, g",
            "2 items left out: links, devices, pipes or sockets",
        ];
        assert_eq!(entry_lines(&status), lines);
    }

    #[test]
    fn what_was_not_sent_is_not_said_to_have_failed_too() {
        let why = TransferFailure::NothingCame;
        let unsent = |more| {
            let why = why.clone();
            unsent_words(&Outcome::Failed { why, more })
        };
        assert_eq!(unsent(0), "nothing came whole");
        assert_eq!(unsent(2), "nothing came whole, and 2 more failed");
        let why = PeerLoss::Left(LinkEnd::HungUp);
        assert_eq!(unsent_words(&Outcome::Lost { why }), "lost: they hung up");
    }

    #[test]
    fn text_of_the_other_side_is_quoted() {
        let said = end_said(EndReason::Forbidden, "nobody takes calls here");
        assert_eq!(said, "not allowed (\"nobody takes calls here\")");
        assert_eq!(end_said(EndReason::Busy, ""), "busy");
    }

    #[test]
    fn a_refusal_says_why_in_both_sides_words() {
        let outcome = Outcome::Refused {
            reason: RefuseReason::NoSpace,
            text: "3 GB are missing".into(),
        };
        assert_eq!(
            outcome_words(&outcome),
            "refused: not enough room: 3 GB are missing"
        );
        assert_eq!(outcome_word(&outcome), "refused");
    }
}
