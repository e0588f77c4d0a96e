//! Text of others made fit for the window. It is shown as it was written, but it can't steer what
//! is shown beside it. A terminal needs more than that: there it is `transom_users::escape`.
//!
//! | in the text | shown as |
//! |---|---|
//! | control characters | their code, as `\u{1b}` |
//! | bytes of a file's name that are no text | their value, as `\xff` |
//! | line breaks and tabs | themselves in a message, their code in a line |
//! | direction overrides | their code: they make `exe.jpg` of `gpj.exe` |
//! | embeddings and isolates | themselves, closed at the end of the line |
//! | right-to-left letters | in an isolate, so that they reorder nothing around them |
//! | joiners, variation selectors | themselves: emoji and many scripts need them |

use std::borrow::Cow;
use std::fmt::Write as _;

use transom_users::{raw_byte, shorten};

/// Line breaks of a message. A text of 4096 letters without any takes as many lines in the window.
const MAX_BREAKS: usize = 100;
const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';
const POP_EMBEDDING: char = '\u{202c}';

/// A text of a conversation, with its line breaks and tabs.
pub(crate) fn message(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| is_plain(c) || c == '\t' || c == '\n') && breaks(text) <= MAX_BREAKS {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    let mut shown = String::with_capacity(text.len() + 16);
    for (number, part) in text.split(is_break).enumerate() {
        match number {
            0 => {}
            1..=MAX_BREAKS => shown.push('\n'),
            _ => shown.extend('\n'.escape_unicode()),
        }
        push(&mut shown, part, |c| c.is_control() && c != '\t');
    }
    Cow::Owned(shown)
}

/// A name, a path or a reason, in one line. Two of them that differ look different, but for
/// joiners, variation selectors, kinds of spaces, and marks of direction that change nothing.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    push(&mut shown, text, |c| c.is_control() || is_invisible(c));
    Cow::Owned(shown)
}

/// At most so many characters of a text, in one line.
pub(crate) fn short(text: &str, max_chars: usize) -> String {
    line(&shorten(text, max_chars)).into_owned()
}

/// The beginning of a text of several lines, in one: at most so many of its characters, its line
/// breaks as spaces.
pub(crate) fn excerpt(text: &str, max_chars: usize) -> String {
    let words: Vec<_> = text.split_whitespace().take(max_chars).collect();
    short(&words.join(" "), max_chars)
}

/// What was opened within a line and is to be closed there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Opened {
    Embedding,
    Isolate,
    /// It is shown as its code, and its end as nothing.
    Override,
}

/// Adds a text without line breaks. `is_unfit` tells what is shown as its code.
fn push(shown: &mut String, text: &str, is_unfit: impl Fn(char) -> bool) {
    let mut fit = String::with_capacity(text.len() + 16);
    let mut opened = Vec::new();
    for c in text.chars() {
        let open = match c {
            '\u{202a}' | '\u{202b}' => Some(Opened::Embedding),
            '\u{202d}' | '\u{202e}' => Some(Opened::Override),
            '\u{2066}'..='\u{2068}' => Some(Opened::Isolate),
            _ => None,
        };
        opened.extend(open);
        if let Some(byte) = raw_byte(c) {
            let _ = write!(fit, "\\x{byte:02x}");
            continue;
        }
        match c {
            _ if open == Some(Opened::Override) || is_unfit(c) => fit.extend(c.escape_unicode()),
            POP_EMBEDDING => match opened.pop_if(|last| *last != Opened::Isolate) {
                Some(Opened::Override) => {}
                Some(_) => fit.push(c),
                None => fit.extend(c.escape_unicode()),
            },
            // It closes what was opened within the isolate as well.
            POP_ISOLATE => match opened.iter().rposition(|one| *one == Opened::Isolate) {
                Some(at) => {
                    opened.truncate(at);
                    fit.push(c);
                }
                None => fit.extend(c.escape_unicode()),
            },
            c => fit.push(c),
        }
    }
    fit.extend(opened.iter().rev().filter_map(|one| match one {
        Opened::Embedding => Some(POP_EMBEDDING),
        Opened::Isolate => Some(POP_ISOLATE),
        Opened::Override => None,
    }));
    if fit.contains(is_directed) {
        shown.push(FIRST_STRONG_ISOLATE);
        shown.push_str(&fit);
        shown.push(POP_ISOLATE);
    } else {
        shown.push_str(&fit);
    }
}

/// Whether it is shown as it is, in every text.
fn is_plain(c: char) -> bool {
    !(c.is_control() || is_directed(c) || is_invisible(c) || raw_byte(c).is_some())
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\u{2028}' | '\u{2029}')
}

fn breaks(text: &str) -> usize {
    text.chars().filter(|c| is_break(*c)).count()
}

/// Whether it can reorder its neighbours: letters of the blocks that are written from right to left
/// (DerivedBidiClass.txt), and the marks and controls of direction. Without any of them a text
/// reorders nothing and needs no isolate.
fn is_directed(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}'
        | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether nothing is seen of it, and no script and no emoji needs it: what no peer's name may hold
/// (wire 8), less the spaces, joiners, variation selectors and marks of direction.
fn is_invisible(c: char) -> bool {
    matches!(c,
        // Soft hyphen, grapheme joiner, Hangul fillers, Khmer vowels, Mongolian vowel separator.
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        // Zero width space, separators of lines and paragraphs, word joiner and its like.
        | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
        // Braille blank, fillers, byte order mark, annotations.
        | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{16fe4}'
        // Controls of shorthand and of music, tags and what is reserved beside them.
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_of_lines_is_one_line() {
        assert_eq!(
            excerpt("See you\r\nat six\n\nthen!", 99),
            "See you at six then!"
        );
        assert!(excerpt(&"six\n".repeat(99), 10).starts_with("six six "));
        assert!(!excerpt("a\u{202e}b\nc", 99).contains('\u{202e}'));
    }

    #[test]
    fn a_message_keeps_its_lines_tabs_and_joined_emoji() {
        for text in [
            "",
            "one\ntwo\n\n\tthree",
            "👩\u{200d}👧 ❤\u{fe0f} 🏳\u{fe0f}\u{200d}🌈",
            "e\u{301} 日本 Ελλάδα",
        ] {
            assert!(matches!(message(text), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(message("one\r\ntwo"), "one\ntwo");
        assert_eq!(message("\u{1b}[2J\u{7}\r"), r"\u{1b}[2J\u{7}\u{d}");
        // The zero width non-joiner of Persian.
        let persian = "می\u{200c}خواهم";
        assert_eq!(message(persian), format!("\u{2068}{persian}\u{2069}"));
    }

    #[test]
    fn a_line_stays_one_line_and_hides_nothing() {
        assert_eq!(line("a\nb\tc"), r"a\u{a}b\u{9}c");
        assert_eq!(line("a\u{200b}b\u{2028}c"), r"a\u{200b}b\u{2028}c");
        for name in ["Zoë 文件 (1).jpg", "family 👩\u{200d}👧 ❤\u{fe0f}.jpg"] {
            assert!(matches!(line(name), Cow::Borrowed(same) if same == name));
        }
    }

    /// Whether Unicode gives it ink though its category is that of format characters: signs above
    /// or around the letters beside it.
    fn has_ink(c: char) -> bool {
        matches!(c,
            '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}')
    }

    /// Whether the text it is in is shown wrong without it.
    fn is_needed(c: char) -> bool {
        let joins = matches!(c, '\u{200c}' | '\u{200d}');
        let selects = matches!(c,
            '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
        let directs = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}');
        joins || selects || directs
    }

    #[test]
    fn no_line_hides_what_no_name_may_hold() {
        for c in ('\0'..=char::MAX).filter(|c| !(c.is_whitespace() || has_ink(*c) || is_needed(*c)))
        {
            let is_hidden = c.to_string().parse::<transom::PeerName>().is_err();
            let code = match raw_byte(c) {
                Some(byte) => format!("\\x{byte:02x}"),
                None => c.escape_unicode().to_string(),
            };
            assert_eq!(line(&c.to_string()) == code, is_hidden, "{code}");
        }
    }

    #[test]
    fn overrides_are_told_and_all_else_that_turns_ends_with_its_line() {
        assert_eq!(line("photo\u{202e}gpj.exe"), r"photo\u{202e}gpj.exe");
        let end = "\u{202c}";
        for (text, shown) in [
            // Left open by its writer.
            ("\u{202b}a", format!("\u{2068}\u{202b}a{end}\u{2069}")),
            ("\u{2067}a", "\u{2068}\u{2067}a\u{2069}\u{2069}".to_owned()),
            (
                "\u{2067}\u{202b}a",
                format!("\u{2068}\u{2067}\u{202b}a{end}\u{2069}\u{2069}"),
            ),
            // Closed by its writer.
            (
                "\u{202a}a\u{202c}",
                format!("\u{2068}\u{202a}a{end}\u{2069}"),
            ),
            (
                "\u{2067}\u{202b}a\u{2069}",
                "\u{2068}\u{2067}\u{202b}a\u{2069}\u{2069}".to_owned(),
            ),
            // The end of an override is not that of the embedding around it.
            (
                "\u{202b}\u{202e}a\u{202c}b\u{202c}",
                format!("\u{2068}\u{202b}\\u{{202e}}ab{end}\u{2069}"),
            ),
            // Ends of nothing, which would end what is around the text.
            ("a\u{2069}b\u{202c}", r"a\u{2069}b\u{202c}".to_owned()),
        ] {
            assert_eq!(line(text), shown, "{text:?}");
            assert_eq!(message(text), shown, "{text:?}");
        }
    }

    #[test]
    fn right_to_left_letters_are_isolated_line_by_line() {
        assert_eq!(line("שלום.txt"), "\u{2068}שלום.txt\u{2069}");
        let shown = message("hello\nשלום\nעולם");
        assert_eq!(shown, "hello\n\u{2068}שלום\u{2069}\n\u{2068}עולם\u{2069}");
    }

    #[test]
    fn every_isolate_is_closed_whatever_is_written() {
        // A small generator of numbers, the same in each run.
        let mut number = 7u32;
        let mut next = |below: u32| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 16) % below
        };
        let mut marks: Vec<char> = ('\u{202a}'..='\u{202e}').collect();
        marks.extend('\u{2066}'..='\u{2069}');
        marks.extend(['\u{200f}', 'a', 'ש', '\n', '\t', '\u{1b}']);
        for _ in 0..2000 {
            let text: String = (0..next(30))
                .map(|_| marks[next(marks.len() as u32) as usize])
                .collect();
            for part in message(&text).split('\n').chain(line(&text).split('\n')) {
                assert!(is_balanced(part), "{text:?}: {part:?}");
            }
        }
    }

    /// Whether each line closes what it opens and nothing else, and overrides nothing.
    fn is_balanced(part: &str) -> bool {
        let mut open = Vec::new();
        let closes = part.chars().all(|c| match c {
            '\u{202a}' | '\u{202b}' | '\u{2066}'..='\u{2068}' => {
                open.push(c);
                true
            }
            '\u{202c}' => open.pop().is_some_and(|one| one < '\u{2066}'),
            '\u{2069}' => loop {
                match open.pop() {
                    Some('\u{2066}'..) => break true,
                    Some(_) => {}
                    None => break false,
                }
            },
            c => !matches!(c, '\u{202d}' | '\u{202e}'),
        });
        closes && open.is_empty()
    }

    #[test]
    fn a_message_of_nothing_but_line_breaks_takes_no_more_room_than_a_long_one() {
        let shown = message(&"\n".repeat(4096)).into_owned();
        assert_eq!(shown.matches('\n').count(), MAX_BREAKS);
        assert_eq!(shown.matches(r"\u{a}").count(), 4096 - MAX_BREAKS);
    }

    #[test]
    fn a_short_text_is_cut_before_it_is_closed() {
        assert_eq!(short("transom", 5), "tran…");
        assert_eq!(
            short("\u{2067}שלום", 3),
            "\u{2068}\u{2067}ש…\u{2069}\u{2069}"
        );
    }
}
