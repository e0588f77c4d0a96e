//! Numbers as people write and read them: sizes, rates, durations. Pure text.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Reads `1280x720`.
pub(crate) fn parse_size(text: &str) -> Result<(u16, u16), String> {
    let side = |side: &str| {
        side.parse::<u16>()
            .ok()
            .filter(|&pixels| pixels >= MIN_SIDE)
    };
    text.split_once(['x', 'X'])
        .and_then(|(width, height)| Some((side(width)?, side(height)?)))
        .ok_or_else(|| {
            format!("a size is WIDTHxHEIGHT, such as 1280x720, each at least {MIN_SIDE}")
        })
}

/// Reads `500k`, `2M`, `1.5GB`, `4GiB`: powers of 1,000, or of 1,024 with an i.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let wrong =
        || format!("bytes are a number with k, M, G or T (or KiB, MiB, …) behind it, not {text:?}");
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let unit = unit.trim_start().to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let (letter, base) = match unit.strip_suffix('i') {
        Some(letter) => (letter, 1024_f64),
        None => (unit, 1000_f64),
    };
    let power = match (letter, base > 1000.0) {
        ("", false) => 0,
        ("k", _) => 1,
        ("m", _) => 2,
        ("g", _) => 3,
        ("t", _) => 4,
        _ => return Err(wrong()),
    };
    let bytes = number * base.powi(power);
    // `as` saturates, so only both ends need a check.
    match bytes as u64 {
        0 => Err("zero bytes would be nothing at all".into()),
        bytes => Ok(bytes),
    }
}

/// `3.42 GB`: three digits, powers of 1,000 as disks and networks count.
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    match value {
        _ if unit == "B" => format!("{count} B"),
        value if value < 9.995 => format!("{value:.2} {unit}"),
        value if value < 99.95 => format!("{value:.1} {unit}"),
        value => format!("{value:.0} {unit}"),
    }
}

/// `112 MB/s`.
pub(crate) fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", bytes(bytes_per_second))
}

/// `7 s`, `2:05`, `1:02:03`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes}:{rest:02}"),
        _ => format!("{hours}:{minutes:02}:{rest:02}"),
    }
}

/// `1 file`, `12 files`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// How long ago that was, in the largest whole unit. What is told so is known to the minute.
pub(crate) fn age(time: SystemTime) -> String {
    let seconds = time.elapsed().unwrap_or_default().as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    match units.iter().find(|(length, _)| seconds >= *length) {
        Some((length, unit)) => count(seconds / length, unit),
        None => "less than a minute".to_owned(),
    }
}

/// The columns that a text takes on a terminal. Terminals differ in which characters they join, so
/// this is an upper bound.
pub(crate) fn columns(text: &str) -> usize {
    let each: usize = text.chars().filter_map(UnicodeWidthChar::width).sum();
    each.max(text.width())
}

/// The text if it needs at most so many columns, else its start and an ellipsis.
pub(crate) fn fit(text: &str, max: usize) -> Cow<'_, str> {
    if columns(text) <= max {
        return Cow::Borrowed(text);
    }
    let ends = text.char_indices().map(|(at, _)| at);
    let starts = ends.filter_map(|end| text.get(..end));
    let fitting = starts.take_while(|start| columns(start) < max).last();
    Cow::Owned(format!("{}…", fitting.unwrap_or_default()))
}

/// The text and spaces, in so many columns at least.
pub(crate) fn padded(text: &str, width: usize) -> String {
    let spaces = width.saturating_sub(columns(text));
    format!("{text}{:spaces$}", "")
}

/// Pixels of the smallest side: one block of JPEG.
const MIN_SIDE: u16 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_the_largest_whole_unit() {
        let now = SystemTime::now();
        let soon = "less than a minute";
        for (seconds, words) in [(0, soon), (50, soon), (60, "1 minute"), (200_000, "2 days")] {
            assert_eq!(age(now - Duration::from_secs(seconds)), words);
        }
        assert_eq!(age(now + Duration::from_secs(9)), soon);
    }

    #[test]
    fn sizes_are_two_numbers() {
        assert_eq!(parse_size("1280x720"), Ok((1280, 720)));
        for bad in [
            "",
            "x",
            "1280",
            "1280x",
            "0x0",
            "7x8",
            "70000x10",
            "1280x720x3",
            "-1x5",
        ] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_have_units() {
        let good = [
            ("1", 1),
            ("500k", 500_000),
            ("2M", 2_000_000),
            ("1.5GB", 1_500_000_000),
            ("4GiB", 4 << 30),
            ("1 kib", 1024),
            ("2t", 2_000_000_000_000),
            ("99999999999T", u64::MAX),
        ];
        for (text, want) in good {
            assert_eq!(parse_bytes(text), Ok(want), "{text}");
        }
        for bad in [
            "", "M", "0", "-1", "1x", "1i", "1..2", "ten", "1e9", "NaN", "inf",
        ] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_keep_three_digits() {
        let pairs = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (99_940, "99.9 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (3_423_000_000, "3.42 GB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (count, want) in pairs {
            assert_eq!(bytes(count), want);
        }
    }

    #[test]
    fn durations_grow_colons() {
        for (seconds, want) in [
            (7, "7 s"),
            (65, "1:05"),
            (3723, "1:02:03"),
            (360_000, "100:00:00"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), want);
        }
    }

    #[test]
    fn texts_are_cut_by_columns() {
        for (text, max, cut) in [
            ("", 4, ""),
            ("door", 4, "door"),
            ("doors", 4, "doo…"),
            ("写真", 4, "写真"),
            ("写真写", 4, "写…"),
            ("写真写", 5, "写真…"),
            ("e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}e\u{301}"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("👧🏽👧🏽", 4, "👧…"),
            ("ab", 1, "…"),
        ] {
            assert_eq!(fit(text, max), cut, "{text} in {max}");
            assert!(columns(&fit(text, max)) <= max);
        }
        let padded = ["写真", "door", "a long name"].map(|text| padded(text, 6));
        assert_eq!(padded, ["写真  ", "door  ", "a long name"]);
    }

    #[test]
    fn one_thing_has_no_s() {
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
    }
}
