//! Notices as lines for people and as JSON for programs, the same in every command.

use serde_json::{Value, json};
use transom::{
    CallKind, CameraState, Direction, EndReason, EntryReport, NamedEntries, Notice, Outcome,
    PairingNotice, PeerName, PublicKey, Shape, TransferStatus, path_text,
};

use crate::format::{bytes, count};
use crate::output::Output;
use crate::pairing;
use crate::sound;
use crate::words::{
    abilities, bottleneck_word, call_end_words, call_words, camera_word, camera_words, end_word,
    end_words, ended_words, entry_lines, kind_word, limit_word, outcome_word, room_limit_word,
    with_text,
};

/// Prints a notice.
pub(crate) fn tell(output: &Output, notice: &Notice) {
    // People have just read that the peer left, which ends its calls, so its end is not printed
    // again.
    let is_plain = matches!(
        notice,
        Notice::CallEnded {
            reason: EndReason::Leaving,
            ..
        }
    );
    if is_plain && !output.is_json() {
        return;
    }
    if let Notice::Pairing(_, notice) = notice {
        return tell_pairing(output, notice);
    }
    match describe(notice) {
        Some((human, json)) if is_result(notice) => output.deliver(human, json),
        Some((human, json)) => output.say(human, json),
        None => {}
    }
    if let Notice::TransferEnded { status, .. } = notice
        && !output.is_json()
    {
        for line in entry_lines(status) {
            output.say(line, Value::Null);
        }
    }
}

/// Prints a notice of a pairing.
pub(crate) fn tell_pairing(output: &Output, notice: &PairingNotice) {
    match (pairing::describe(notice), notice) {
        (Some((human, json)), PairingNotice::Trying { .. }) => output.say(human, json),
        (Some((human, json)), _) => output.deliver(human, json),
        (None, _) => {}
    }
}

/// Whether it is a result or an error, which `--quiet` does not suppress.
fn is_result(notice: &Notice) -> bool {
    match notice {
        Notice::Text { .. }
        | Notice::EntryFailed { .. }
        | Notice::Camera {
            state: CameraState::Lost,
            ..
        } => true,
        Notice::TransferEnded { outcome, .. } => matches!(
            outcome,
            Outcome::Failed { .. } | Outcome::Lost { .. } | Outcome::Partial { .. }
        ),
        _ => false,
    }
}

/// A notice in words for people, and with stable field names.
type Told = (String, Value);

/// A notice in words, and with stable field names; `None` for frequent notices that are not
/// printed.
pub(crate) fn describe(notice: &Notice) -> Option<Told> {
    if let Notice::Pairing(_, notice) = notice {
        return pairing::describe(notice);
    }
    let groups = [
        of_reaching,
        of_peers,
        of_calls,
        of_pictures,
        of_transfers,
        sound::describe,
    ];
    groups.iter().find_map(|describe| describe(notice))
}

/// How this station and others find each other.
fn of_reaching(notice: &Notice) -> Option<Told> {
    Some(match notice {
        Notice::Listening { address, .. } => (
            format!("listening on {address}"),
            json!({"event": "listening", "address": address.to_string()}),
        ),
        Notice::HttpListening { address } => (
            format!("pictures by HTTP at http://{address}/"),
            json!({"event": "http_listening", "address": address.to_string()}),
        ),
        Notice::Reaching { peer } => (
            format!("reaching {peer}"),
            json!({"event": "reaching", "peer": peer.as_str()}),
        ),
        Notice::Unreachable {
            peer,
            obstacle,
            retries,
        } => (
            format!(
                "{peer} can't be reached: {obstacle}{}",
                if *retries { "; trying again" } else { "" }
            ),
            json!({"event": "unreachable", "peer": peer.as_str(), "why": obstacle.to_string(), "retries": retries}),
        ),
        _ => return None,
    })
}

/// Peers that come and go, and their texts.
fn of_peers(notice: &Notice) -> Option<Told> {
    Some(match notice {
        Notice::Joined {
            peer,
            key,
            first_use,
            known_as,
            address,
            capabilities,
        } => (
            format!(
                "{peer} is online at {address}{}{}",
                abilities(*capabilities),
                pinned(*first_use, *known_as, key)
            ),
            json!({"event": "joined", "peer": peer.as_str(), "key": key.to_string(),
                   "fingerprint": key.fingerprint().to_string(), "first_use": first_use,
                   "known_as": known_as.map(|name| name.to_string()),
                   "address": address.to_string(), "can": capabilities.names().collect::<Vec<_>>()}),
        ),
        Notice::Left { peer, why, lost } => (
            match lost {
                true => format!("lost the connection to {peer}: {why}"),
                false => format!("{peer} left: {why}"),
            },
            json!({"event": "left", "peer": peer.as_str(), "why": why.to_string(), "lost": lost}),
        ),
        Notice::KeyChanged {
            peer,
            pinned,
            offered,
            in_book,
        } => (
            format!(
                "{peer} was turned away: they show the key {}, but {} is pinned",
                offered.fingerprint(),
                pinned.fingerprint()
            ),
            json!({"event": "key_changed", "peer": peer.as_str(), "pinned": pinned.to_string(),
                   "offered": offered.to_string(), "in_book": in_book}),
        ),
        Notice::Text { peer, text } => (
            format!("{peer}: {text}"),
            json!({"event": "text", "peer": peer.as_str(), "text": text}),
        ),
        _ => return None,
    })
}

/// Calls, from their ring to their end.
fn of_calls(notice: &Notice) -> Option<Told> {
    Some(match notice {
        Notice::Ringing { peer, kind } => (
            format!("{peer} is calling"),
            json!({"event": "ringing", "peer": peer.as_str(), "kind": kind_word(*kind), "outgoing": false}),
        ),
        Notice::Declined {
            peer,
            kind,
            reason,
            text,
        } => (
            format!(
                "{peer} {}, and was refused: {}",
                match kind {
                    CallKind::View => "asked to watch",
                    _ => "called",
                },
                with_text(end_words(*reason), text)
            ),
            json!({"event": "declined", "peer": peer.as_str(), "kind": kind_word(*kind),
                   "reason": end_word(*reason), "text": text}),
        ),
        Notice::CallStarted {
            peer,
            kind,
            outgoing,
            resumed,
        } => (
            format!(
                "{}{}",
                call_words(*kind, *outgoing, peer),
                if *resumed { " again" } else { "" }
            ),
            json!({"event": "call_started", "peer": peer.as_str(), "kind": kind_word(*kind), "outgoing": outgoing,
                   "resumed": resumed}),
        ),
        Notice::CallInterrupted { peer, kind, why } => (
            format!("the call with {peer} goes on when the connection is back"),
            json!({"event": "call_interrupted", "peer": peer.as_str(), "kind": kind_word(*kind), "why": why.to_string()}),
        ),
        Notice::CallEnded {
            peer,
            kind,
            outgoing,
            reason,
            text,
        } => (
            call_end_words(*kind, *outgoing, peer, *reason, text),
            json!({"event": "call_ended", "peer": peer.as_str(), "kind": kind_word(*kind), "outgoing": outgoing,
                   "reason": end_word(*reason), "text": text}),
        ),
        _ => return None,
    })
}

/// Our camera and those of others, and their pictures.
fn of_pictures(notice: &Notice) -> Option<Told> {
    Some(match notice {
        Notice::FarCamera { peer, state, text } => (
            format!(
                "the camera of {peer} {}",
                with_text(camera_words(*state), text)
            ),
            json!({"event": "far_camera", "peer": peer.as_str(), "state": camera_word(*state), "text": text}),
        ),
        Notice::FarRecording { peer, on } => (
            format!(
                "{peer} {}",
                if *on {
                    "is recording"
                } else {
                    "is not recording any more"
                }
            ),
            json!({"event": "far_recording", "peer": peer.as_str(), "on": on}),
        ),
        Notice::Camera { state, text } => (
            format!("the camera {}", with_text(camera_words(*state), text)),
            json!({"event": "camera", "state": camera_word(*state), "text": text}),
        ),
        Notice::CameraLosses { counts } => (
            format!("the camera: {counts}"),
            json!({"event": "camera_losses", "good": counts.good, "repaired": counts.mended, "replaced": counts.stale,
                   "damaged": counts.damaged, "unusable": counts.unusable, "too_large": counts.too_large,
                   "skipped": counts.skipped}),
        ),
        Notice::Quality { peer, quality } => (
            format!("{peer} gets {quality}"),
            json!({"event": "quality", "peer": peer.as_str(), "fps": quality.fps, "quality": quality.quality,
                   "width": quality.size.0, "height": quality.size.1,
                   "bottleneck": quality.bottleneck.map(bottleneck_word)}),
        ),
        _ => return None,
    })
}

/// Files and folders.
fn of_transfers(notice: &Notice) -> Option<Told> {
    Some(match notice {
        Notice::Offered {
            transfer,
            peer,
            name,
            shape,
            entries,
            bytes: size,
            is_counted,
            overwrites,
            asks,
        } => (
            offer_words(
                peer,
                &thing(name, *shape, *entries, *size, *is_counted),
                *overwrites,
            ),
            json!({"event": "offered", "transfer": transfer.to_string(), "peer": peer.as_str(), "name": name,
                   "folder": *shape == Shape::Folder, "entries": entries, "bytes": size,
                   "counted": is_counted, "overwrites": overwrites, "asks": asks}),
        ),
        Notice::TransferEnded { status, outcome } => (
            format!(
                "{} {}: {}",
                direction(status),
                status.name,
                ended_words(status, outcome)
            ),
            transfer_json("transfer_ended", status, Some(outcome)),
        ),
        Notice::EntryFailed {
            transfer,
            path,
            why,
        } => (
            if path.is_empty() {
                why.to_string()
            } else {
                format!("{path}: {why}")
            },
            json!({"event": "entry_failed", "transfer": transfer.to_string(), "path": path, "why": why.to_string()}),
        ),
        _ => return None,
    })
}

/// `photos/ (12 items, 3.42 GB)`, or `photos/ (at least 12 items, 3.42 GB)` while they are counted,
/// or `film.mkv (growing, at least 3.42 GB)`.
pub(crate) fn thing(name: &str, shape: Shape, entries: u32, size: u64, is_counted: bool) -> String {
    match shape {
        Shape::Folder if entries == 0 && is_counted => format!("{name}/ (empty)"),
        Shape::Folder => format!(
            "{name}/ ({}{}, {})",
            at_least(is_counted),
            count(entries.into(), "item"),
            bytes(size)
        ),
        _ if !is_counted => format!("{name} (growing, at least {})", bytes(size)),
        _ => format!("{name} ({})", bytes(size)),
    }
}

/// The words before a count that may still grow.
pub(crate) fn at_least(is_counted: bool) -> &'static str {
    match is_counted {
        true => "",
        false => "at least ",
    }
}

/// What a peer offers to send, and whether it would replace something.
pub(crate) fn offer_words(peer: &PeerName, thing: &str, overwrites: bool) -> String {
    let wish = match overwrites {
        true => ", replacing what has that name",
        false => "",
    };
    format!("{peer} sends {thing}{wish}")
}

/// The state of a transfer, and how it ended.
pub(crate) fn transfer_json(
    event: &str,
    status: &TransferStatus,
    outcome: Option<&Outcome>,
) -> Value {
    let mut object = json!({
        "event": event,
        "transfer": status.transfer.to_string(),
        "peer": status.peer.as_str(),
        "direction": match status.direction { Direction::Incoming => "incoming", Direction::Outgoing => "outgoing" },
        "name": status.name,
        "phase": format!("{:?}", status.phase).to_lowercase(),
        "files": status.files,
        "files_done": status.files_done,
        "bytes": status.bytes,
        "counted": status.is_counted,
        "resumed": status.resumed,
        "comparing": status.comparing,
        "moved": status.moved,
        "verified": status.verified,
        "durable": status.durable,
        "missing": status.missing,
        "full": status.full.map(room_limit_word),
        "bytes_per_second": status.rate,
        "eta_s": status.eta.map(|eta| eta.as_secs()),
        "limited_by": status.limited_by.map(limit_word),
        "limit_bytes_per_second": status.rate_limit,
        "paused_here": status.paused_here,
        "yields": status.yields,
        "file": status.current.as_ref().map(|file| json!({
            "path": file.path, "bytes": file.bytes, "moved": file.moved,
        })),
    });
    if let Some(outcome) = outcome {
        object["outcome"] = outcome_word(outcome).into();
        object["success"] = outcome.is_success().into();
        object["text"] = ended_words(status, outcome).into();
        let EntryReport {
            failed,
            left_out,
            renamed,
            skipped,
        } = &status.report;
        let named =
            |entries: &NamedEntries| json!({"count": entries.count, "first": entries.first});
        object["entries"] = json!({"failed": named(failed), "left_out": left_out,
                                   "renamed": named(renamed), "skipped": named(skipped)});
        if let Outcome::Durable { path }
        | Outcome::AlreadyThere { path }
        | Outcome::Skipped { path }
        | Outcome::Partial { path, .. } = outcome
        {
            object["path"] = path_text(path).into();
        }
    }
    object
}

fn direction(status: &TransferStatus) -> String {
    match status.direction {
        Direction::Incoming => format!("from {}:", status.peer),
        Direction::Outgoing => format!("to {}:", status.peer),
    }
}

/// The end of a line about a key that was just pinned on first use.
pub(crate) fn pinned(first_use: bool, known_as: Option<PeerName>, key: &PublicKey) -> String {
    let print = key.fingerprint();
    match (first_use, known_as) {
        (true, None) => format!("; the key {print} is new and now pinned: compare it"),
        (true, Some(name)) => {
            format!("; the key {print} is that of {name}, and now pinned here too")
        }
        (false, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_box_still_tells_that_its_camera_failed() {
        let camera = |state| Notice::Camera {
            state,
            text: String::new(),
        };
        assert!(is_result(&camera(CameraState::Lost)));
        assert!(!is_result(&camera(CameraState::Live)));
    }

    #[test]
    fn a_folder_that_is_still_counted_holds_at_least_so_much() {
        let words = |entries, is_counted| thing("d", Shape::Folder, entries, 0, is_counted);
        assert_eq!(words(12, false), "d/ (at least 12 items, 0 B)");
        assert_eq!(words(0, false), "d/ (at least 0 items, 0 B)");
        assert_eq!(words(0, true), "d/ (empty)");
    }

    #[test]
    fn a_refused_viewer_leaves_a_line() {
        let refused = Notice::Declined {
            peer: "anna".parse().unwrap(),
            kind: CallKind::View,
            reason: EndReason::Busy,
            text: "all places for viewers are taken",
        };
        let (human, _) = describe(&refused).unwrap();
        let told = "anna asked to watch, and was refused: busy: all places for viewers are taken";
        assert_eq!(human, told);
    }
}
