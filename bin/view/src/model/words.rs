//! Numbers and endings in words for a person.

use std::time::Duration;

use transom::{Outcome, RefuseReason};
use transom_users::escape;

/// Bytes with three digits or so: `17 B`, `1.2 kB`, `345 MB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be printed as 1000.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// Time as `0:07`, `12:34` or `1:02:03`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// How long ago something was, in the largest unit that fits.
pub(crate) fn ago(time: Duration) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "min"),
        3600..86400 => (seconds / 3600, "h"),
        _ => (
            seconds / 86400,
            if seconds < 172_800 { "day" } else { "days" },
        ),
    };
    format!("{count} {unit} ago")
}

/// How a transfer ended.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    let path = |path: &std::path::Path| escape(&path.to_string_lossy()).into_owned();
    match outcome {
        Outcome::Durable { path: at } => format!("done, stored as {}", path(at)),
        Outcome::AlreadyThere { path: at } => format!("was there already: {}", path(at)),
        Outcome::Skipped { path: at } => format!("skipped, the name is taken: {}", path(at)),
        Outcome::Partial { path: at, failed } => {
            format!("stored as {}, but {failed} entries failed", path(at))
        }
        Outcome::Refused { reason, text } => with_text(refusal(*reason), text),
        Outcome::Cancelled { here: true, .. } => "cancelled".to_owned(),
        Outcome::Cancelled { here: false, text } => with_text("cancelled by the other side", text),
        Outcome::Lost { why } => with_text("connection lost; send it again to go on", why),
        Outcome::Failed { why } => with_text("failed", why),
        _ => "ended".to_owned(),
    }
}

fn refusal(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::Chosen => "refused",
        RefuseReason::Forbidden => "refused, you may not send there",
        RefuseReason::NoSpace => "refused, not enough room there",
        RefuseReason::Busy => "refused, too many transfers there at once; try again later",
        RefuseReason::Unwritable => "refused, the folder there can't be written to",
        RefuseReason::Leaving => "refused, the program there was being closed",
        _ => "refused",
    }
}

fn with_text(why: &str, text: &str) -> String {
    match text {
        "" => why.to_owned(),
        text => format!("{why}: {}", escape(text)),
    }
}
