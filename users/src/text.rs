//! Text of others made fit to be shown. What it says does not matter here.

use std::borrow::Cow;
use std::fmt::Write;

use transom_wire::raw_byte;

/// The text without anything that steers a terminal, or hides or turns what stands beside it: each
/// such character as `\u{..}`, and as `\xff` each that stands for a byte of a file's name.
///
/// ```
/// use transom_users::escape;
/// assert_eq!(escape("Zoë 文件 (1).jpg"), "Zoë 文件 (1).jpg");
/// assert_eq!(escape("\u{1b}[2Jhi\n"), r"\u{1b}[2Jhi\u{a}");
/// assert_eq!(escape("cod\u{202e}gpj.exe"), r"cod\u{202e}gpj.exe");
/// ```
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unfit) {
        return Cow::Borrowed(text);
    }
    let mut fit = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match raw_byte(c) {
            Some(byte) => {
                let _ = write!(fit, "\\x{byte:02x}");
            }
            None if is_unfit(c) => fit.extend(c.escape_unicode()),
            None => fit.push(c),
        }
    }
    Cow::Owned(fit)
}

/// The text if it has at most so many characters, else its start and an ellipsis.
///
/// ```
/// use transom_users::shorten;
/// assert_eq!(shorten("transom", 7), "transom");
/// assert_eq!(shorten("transom", 5), "tran…");
/// ```
pub fn shorten(text: &str, max_chars: usize) -> Cow<'_, str> {
    if text.char_indices().nth(max_chars).is_none() {
        return Cow::Borrowed(text);
    }
    let Some(kept) = max_chars.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let mut short: String = text.chars().take(kept).collect();
    short.push('…');
    Cow::Owned(short)
}

/// The text as an error shows it: in quotes, fit to be shown, and not long.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    let _ = write!(quoted, "{}", escape(&shorten(text, QUOTED)));
    quoted.push('"');
    quoted
}

fn is_unfit(c: char) -> bool {
    c.is_control()
        || raw_byte(c).is_some()
        || matches!(c,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator, line and paragraph
            // separators.
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{2028}' | '\u{2029}'
            // Zero width, and all that set or isolate a direction.
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Byte order mark, annotations, invisible letters, tags.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Characters of a quoted text: enough to find the place.
const QUOTED: usize = 64;

#[cfg(test)]
mod tests {
    use transom_wire::PeerName;

    use super::*;

    #[test]
    fn what_steers_hides_or_turns_is_escaped() {
        for unfit in [
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{200b}',
            '\u{200d}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            let text = format!("a{unfit}b");
            let wanted = format!("a\\u{{{:x}}}b", u32::from(unfit));
            assert_eq!(escape(&text), wanted);
            assert!(matches!(escape(&wanted), Cow::Borrowed(_)));
        }
        assert_eq!(escape("caf\u{10fee9}"), r"caf\xe9");
        for fit in ["", " ", r"a\b", "é", "e\u{301}", "日本", "👧🏽", "\u{fffd}"] {
            assert_eq!(escape(fit), fit);
        }
    }

    #[test]
    fn no_name_holds_what_is_escaped() {
        for unfit in ('\0'..=char::MAX).filter(|c| is_unfit(*c)) {
            assert!(unfit.to_string().parse::<PeerName>().is_err(), "{unfit:?}");
        }
    }

    #[test]
    fn shortening_counts_characters() {
        assert_eq!(shorten("", 0), "");
        assert_eq!(shorten("ab", 0), "");
        assert_eq!(shorten("ab", 1), "…");
        assert_eq!(shorten("日本語", 3), "日本語");
        assert_eq!(shorten("日本語", 2), "日…");
    }

    #[test]
    fn quotes_are_short_and_fit() {
        assert_eq!(quote("a\u{7}"), "\"a\\u{7}\"");
        assert!(quote(&"\u{1b}".repeat(100_000)).len() < 500);
    }
}
