//! A text of others, line by line, within limits. What a line means is not known here.

use crate::error::{BookError, Fault};

/// What became of a text.
pub(crate) struct Outcome {
    pub(crate) errors: Vec<BookError>,
    /// Lines were left unread because of a limit.
    pub(crate) cut: bool,
}

/// Gives each line that holds something to `take`, with its number, and gathers what is wrong.
///
/// A line that `take` finds to be [too much](Fault::is_end) is the last.
pub(crate) fn read(text: &str, mut take: impl FnMut(usize, &str) -> Result<(), Fault>) -> Outcome {
    let mut errors = Errors::default();
    let mut cut = false;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let readable = readable(text);
    let mut number = 0;
    for line in readable.lines() {
        number += 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Err(what) = check(line).and_then(|()| take(number, line)) else {
            continue;
        };
        cut = what.is_end();
        errors.push(number, what);
        if cut {
            break;
        }
    }
    if !cut && readable.len() < text.len() {
        cut = true;
        errors.push(number + 1, Fault::LongText(text.len()));
    }
    let errors = errors.done();
    Outcome { errors, cut }
}

/// The whole lines within [`MAX_BYTES`].
fn readable(text: &str) -> &str {
    if text.len() <= MAX_BYTES {
        return text;
    }
    let mut newlines = text.as_bytes().iter().take(MAX_BYTES);
    let end = newlines.rposition(|byte| *byte == b'\n');
    text.get(..end.map_or(0, |at| at + 1)).unwrap_or("")
}

fn check(line: &str) -> Result<(), Fault> {
    if line.len() > MAX_LINE {
        return Err(Fault::LongLine(line.len()));
    }
    match line.chars().find(|c| c.is_control() && *c != '\t') {
        Some(c) => Err(Fault::Character(u32::from(c))),
        None if line.contains(char::REPLACEMENT_CHARACTER) => Err(Fault::NotText),
        None => Ok(()),
    }
}

/// The first errors, and how many came after.
#[derive(Default)]
struct Errors {
    kept: Vec<BookError>,
    last: usize,
    more: usize,
}

impl Errors {
    fn push(&mut self, line: usize, what: Fault) {
        if self.kept.len() < MAX_ERRORS || what.is_end() {
            self.kept.push(BookError { line, what });
        } else {
            self.more += 1;
            self.last = line;
        }
    }

    fn done(mut self) -> Vec<BookError> {
        if self.more > 0 {
            let (line, what) = (self.last, Fault::More(self.more));
            self.kept.push(BookError { line, what });
        }
        self.kept
    }
}

/// Bytes of a text that are read: 4,096 contacts with keys and long comments.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Bytes of one line: a name, a host, a key and a comment, each of the longest, are below 600.
pub const MAX_LINE: usize = 1024;

/// Errors that are told one by one: more than a user mends in one go. One line at the end counts
/// the rest.
pub const MAX_ERRORS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn all_wrong(text: &str) -> Vec<BookError> {
        read(text, |_, _| Err(Fault::NotText)).errors
    }

    #[test]
    fn blank_lines_and_comments_count_as_lines_only() {
        let text = "\u{feff}# head\r\n\r\n one\r\n\t# indented\n \t \ntwo";
        let mut seen = Vec::new();
        let outcome = read(text, |number, line| {
            seen.push((number, line.to_owned()));
            Ok(())
        });
        assert_eq!(seen, [(3, "one".to_owned()), (6, "two".to_owned())]);
        assert!(outcome.errors.is_empty() && !outcome.cut);
    }

    #[test]
    fn errors_are_bounded_and_the_rest_is_counted() {
        let errors = all_wrong(&"x\n".repeat(MAX_ERRORS));
        assert_eq!(errors.len(), MAX_ERRORS);
        let errors = all_wrong(&"x\n".repeat(MAX_ERRORS + 7));
        assert_eq!(errors.len(), MAX_ERRORS + 1);
        let last = errors.last().unwrap();
        assert_eq!((last.line, &last.what), (MAX_ERRORS + 7, &Fault::More(7)));
    }

    #[test]
    fn long_texts_are_cut_at_a_line() {
        let text = "0123456789\n".repeat(MAX_BYTES / 11 + 10);
        let mut last = 0;
        let outcome = read(&text, |number, line| {
            assert_eq!(line, "0123456789");
            last = number;
            Ok(())
        });
        assert!(outcome.cut);
        assert_eq!(last, MAX_BYTES / 11);
        let error = &outcome.errors[0];
        assert_eq!(error.line, last + 1);
        assert_eq!(error.what, Fault::LongText(text.len()));
        // Without any line to cut at, and with a character across the limit.
        let text = "é".repeat(MAX_BYTES);
        let outcome = read(&text, |_, _| Ok(()));
        assert!(outcome.cut);
    }

    #[test]
    fn lines_with_what_no_line_has_are_not_given_on() {
        let long = "x".repeat(MAX_LINE + 1);
        for (text, what) in [
            ("a\0b", Fault::Character(0)),
            ("a\u{1b}[2J", Fault::Character(0x1b)),
            ("a\u{fffd}", Fault::NotText),
            (&long, Fault::LongLine(MAX_LINE + 1)),
        ] {
            let outcome = read(text, |_, _| panic!("given on"));
            assert_eq!(outcome.errors, [BookError { line: 1, what }]);
        }
    }
}
