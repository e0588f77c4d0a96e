//! The list at the left, and the first page.

use std::time::Duration;

use crate::model::{Presence, Zone};

use super::{bytes, excerpt};

/// Characters of a text that the list lays out; a row is narrower.
const LIST_CHARS: usize = 120;

pub(crate) const CAMERAS: &str = "Cameras";
pub(crate) const PEOPLE: &str = "People";
pub(crate) const SEARCH: &str = "Search";
pub(crate) const NOBODY_OF_THAT_NAME: &str = "Nobody of that name";
pub(crate) const ADD_SOMEBODY: &str = "Add somebody";
pub(crate) const ADD_BY_ADDRESS: &str = "Add by address";
pub(crate) const AVAILABLE: &str = "Available";
pub(crate) const DO_NOT_DISTURB: &str = "Do not disturb";
pub(crate) const BLOCKED: &str = "Another key: blocked";
pub(crate) const IN_A_CALL: &str = "In a call";
pub(crate) const BACK: &str = "Back";
pub(crate) const COMPARE_KEYS: &str = "Compare keys";
pub(crate) const WHAT_IT_IS: &str =
    "Call, watch and share on your own network. No account, no cloud.";

pub(crate) fn hello(own: &str) -> String {
    format!("Hello, {own}")
}

/// Our own name and whether we can be called, for a screen reader.
pub(crate) fn own_state(own: &str, state: &str) -> String {
    format!("{own}, {state}")
}

pub(crate) fn about_person(name: &str) -> String {
    format!("About {name}")
}

/// The presence of a contact.
pub(crate) fn presence(presence: &Presence) -> String {
    match presence {
        Presence::Unknown => "Not seen yet".to_owned(),
        Presence::Reaching => "Looking for them".to_owned(),
        away if away.turns_us_away() => "Doesn't know you".to_owned(),
        Presence::Away(_) => "Away".to_owned(),
        Presence::Here => "Online".to_owned(),
        Presence::Refused => BLOCKED.to_owned(),
    }
}

/// A row for a screen reader: `Anna, online, verified, 2 unread`.
pub(crate) fn row(name: &str, presence: &Presence, is_verified: bool, news: &str) -> String {
    let mut said = format!("{name}, {}", super::list::presence(presence).to_lowercase());
    if is_verified {
        said.push_str(", verified");
    }
    if !news.is_empty() {
        said.push_str(", ");
        said.push_str(&news.to_lowercase());
    }
    said
}

/// A card for a screen reader: `Front door, camera, live`.
pub(crate) fn camera_card(name: &str, is_live: bool, presence: &Presence, unread: usize) -> String {
    let how = match is_live {
        true => "live".to_owned(),
        false => super::list::presence(presence).to_lowercase(),
    };
    match unread {
        0 => format!("{name}, camera, {how}"),
        count => format!("{name}, camera, {how}, {}", super::list::unread(count)),
    }
}

/// How old the picture of a card is, at the end of its words.
pub(crate) fn picture_age(age: Duration) -> String {
    format!(", picture {} old", super::list::age(age))
}

/// The way to all cameras; how many there are, where not all have a card.
pub(crate) fn show_all(count: usize, shown: usize) -> String {
    match count > shown {
        true => format!("Show all {count}"),
        false => "Show all".to_owned(),
    }
}

pub(crate) fn unread(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!("{count} unread"),
    }
}

pub(crate) fn missed_calls(count: usize) -> String {
    match count {
        1 => "Missed call".to_owned(),
        count => format!("{count} missed calls"),
    }
}

pub(crate) fn draft(text: &str) -> String {
    format!("Draft: {}", excerpt(text, LIST_CHARS))
}

/// The last text, in one line.
pub(crate) fn last_text(is_own: bool, text: &str) -> String {
    let text = excerpt(text, LIST_CHARS);
    match is_own {
        true => format!("You: {text}"),
        false => text,
    }
}

/// When something was: a time of today, a day of this week, or a date.
pub(crate) fn when(zone: &Zone, at: Duration, now: Duration) -> String {
    let (at, now) = (zone.local(at), zone.local(now));
    let days = (now.date() - at.date()).get_days();
    match days {
        0 => at.strftime("%H:%M").to_string(),
        1..=6 => at.strftime("%a").to_string(),
        _ => at.strftime("%-d %b").to_string(),
    }
}

/// A time of day.
pub(crate) fn clock(zone: &Zone, at: Duration) -> String {
    zone.local(at).strftime("%H:%M").to_string()
}

/// How old something is, as short as it can be said.
pub(crate) fn age(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..3600 => format!("{} min", (seconds / 60).max(1)),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

pub(crate) fn sees_camera(name: &str) -> String {
    format!("{name} sees your camera")
}

/// The button beside such a sentence.
pub(crate) fn stop_that(sentence: &str) -> String {
    format!("Stop: {sentence}")
}

/// All transfers in one line: how many files, and how long they take.
pub(crate) fn transfers(count: usize, left: u64, rate: u64) -> String {
    let files = match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    match left.checked_div(rate) {
        Some(seconds) => format!("{files}, {} left", left_time(seconds)),
        None => files,
    }
}

/// A time that is left, in the largest unit that fits.
pub(super) fn left_time(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{} s", seconds.max(1)),
        60..3600 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

pub(crate) fn rate(bytes_per_second: u64) -> String {
    match bytes_per_second {
        0 => String::new(),
        rate => format!("{}/s", bytes(rate)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_near_as_they_are() {
        let (zone, day) = (Zone::default(), Duration::from_secs(86_400));
        // A Tuesday at 12:30.
        let now = day * 19_000 - Duration::from_secs(41_400);
        assert_eq!(when(&zone, now, now), "12:30");
        assert_eq!(when(&zone, now - day, now).len(), 3);
        assert!(when(&zone, now - 10 * day, now).contains(' '));
        // A clock that was set back.
        assert!(!when(&zone, now + 3 * day, now).is_empty());
    }

    #[test]
    fn what_is_left_is_told_in_one_unit() {
        assert_eq!(transfers(1, 230, 56), "1 file, 4 s left");
        assert_eq!(transfers(3, 5600, 56), "3 files, 2 min left");
        assert_eq!(transfers(2, 5600, 0), "2 files");
        assert_eq!(age(Duration::from_secs(7300)), "2 h");
    }
}
