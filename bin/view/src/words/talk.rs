//! The page of a contact: texts both ways, calls in it, and web addresses in texts.

use std::time::Duration;

use crate::model::{Delivery, Past, Zone};

use super::line;

pub(crate) const OPEN_LINK_QUESTION: &str = "Open this address in your browser?";
pub(crate) const LINK_OWNER: &str = "Its owner learns that somebody here came.";
pub(crate) const OPEN_LINK: &str = "Open link";
pub(crate) const SEND: &str = "Send";
pub(crate) const SEND_AGAIN: &str = "Send again";
pub(crate) const EMOJI: &str = "Emoji";
pub(crate) const NEW: &str = "New";
pub(crate) const TO_THE_NEWEST: &str = "To the newest";
const WAITING: &str = "Waiting";
const SENT: &str = "Sent";
const ARRIVED: &str = "Arrived";
pub(crate) const AS_TOLD_THEN: &str = "as said then";
pub(crate) const CALL_BACK: &str = "Call back";
pub(crate) const WRITING_IS_BLOCKED: &str = "Writing is blocked until this is clear";

pub(crate) fn message_to(name: &str) -> String {
    format!("Message {name}")
}

/// The same while the contact is away.
pub(crate) fn gets_it_later(name: &str) -> String {
    format!("{name} gets it when they're back")
}

pub(crate) fn say_hello(name: &str) -> String {
    format!("Say hello to {name}")
}

pub(crate) fn too_long_by(bytes: usize) -> String {
    match bytes {
        1 => "Too long by 1 letter".to_owned(),
        bytes => format!("Too long by {bytes} letters"),
    }
}

pub(crate) fn not_delivered(why: &str) -> String {
    format!("Not delivered: {}", line(why))
}

/// How far a text of ours came.
pub(crate) fn delivery(delivery: &Delivery, is_here: bool) -> &'static str {
    match delivery {
        Delivery::Sent if is_here => SENT,
        Delivery::Sent => WAITING,
        Delivery::Arrived => ARRIVED,
        Delivery::Failed(_) => "Not delivered",
    }
}

/// A bubble for a screen reader: `Anna, 14:32: See you!`.
pub(crate) fn they_wrote(name: &str, clock: &str, text: &str) -> String {
    format!("{name}, {clock}: {text}")
}

/// The same of ours: `You, 14:31, arrived: Hello`.
pub(crate) fn you_wrote(clock: &str, delivery: &str, text: &str) -> String {
    format!("You, {clock}, {}: {text}", delivery.to_lowercase())
}

pub(crate) fn to_the_newest(count: usize) -> String {
    match count {
        0 => TO_THE_NEWEST.to_owned(),
        count => format!("{TO_THE_NEWEST}, {count} new"),
    }
}

/// Between two days of a conversation.
pub(crate) fn day(zone: &Zone, at: Duration, now: Duration) -> String {
    let (at, now) = (zone.local(at).date(), zone.local(now).date());
    match (now - at).get_days() {
        0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        _ if at.year() == now.year() => at.strftime("%A, %-d %B").to_string(),
        _ => at.strftime("%-d %B %Y").to_string(),
    }
}

/// A call that is over.
pub(crate) fn past(name: &str, past: &Past) -> String {
    match past {
        Past::Talked { video, length } => {
            let kind = if *video { "Video call" } else { "Call" };
            format!("{kind}, {}", length_of(*length))
        }
        Past::Missed => "Missed call".to_owned(),
        Past::Unanswered => "You called, no answer".to_owned(),
        Past::LetIn => format!("{name} called and was let in, as you allow"),
        Past::SawCamera => format!("{name} saw your camera"),
    }
}

fn length_of(length: Duration) -> String {
    let unit = |count: u64, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    match length.as_secs() {
        seconds @ 0..60 => unit(seconds, "second"),
        seconds @ 60..3600 => unit(seconds / 60, "minute"),
        seconds => {
            let hours = unit(seconds / 3600, "hour");
            match seconds / 60 % 60 {
                0 => hours,
                minutes => format!("{hours} {}", unit(minutes, "minute")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_with_its_length() {
        let talked = |video, seconds| Past::Talked {
            video,
            length: Duration::from_secs(seconds),
        };
        for (what, told) in [
            (talked(true, 730), "Video call, 12 minutes"),
            (talked(false, 1), "Call, 1 second"),
            (talked(false, 3660), "Call, 1 hour 1 minute"),
            (Past::LetIn, "Anna called and was let in, as you allow"),
        ] {
            assert_eq!(past("Anna", &what), told);
        }
    }

    #[test]
    fn days_are_told_as_near_as_they_are() {
        let (zone, day_long) = (Zone::default(), Duration::from_secs(86_400));
        let now = 19_000 * day_long + Duration::from_secs(40_000);
        assert_eq!(day(&zone, now, now), "Today");
        assert_eq!(day(&zone, now - day_long, now), "Yesterday");
        assert!(day(&zone, now - 400 * day_long, now).contains("20"));
    }
}
