//! What a command prints: lines for people, or JSON for programs, safe for any terminal and quiet
//! about a closed pipe.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use transom::people::escape;

use crate::failure::Failure;

/// Where and how to print. One line is one write, so that lines of several threads don't mix.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    /// Human lines go to stderr, because stdout carries pictures.
    on_stderr: bool,
    closed: Arc<AtomicBool>,
    /// The first error of writing to stdout, unless its reader just went away.
    write_error: Arc<Mutex<Option<io::Error>>>,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self {
            json,
            quiet,
            on_stderr: false,
            closed: Arc::default(),
            write_error: Arc::default(),
        }
    }

    /// A copy that prints JSON also if `json` asks for it.
    pub(crate) fn with_json(&self, json: bool) -> Self {
        let json = self.json || json;
        Self {
            json,
            ..self.clone()
        }
    }

    /// A copy whose human lines go to stderr, because stdout carries something else.
    pub(crate) fn on_stderr(&self) -> Self {
        Self {
            on_stderr: true,
            ..self.clone()
        }
    }

    /// Prints progress, which `--quiet` suppresses. It stays one line, also with text of peers in
    /// it.
    pub(crate) fn say(&self, human: impl AsRef<str>, json: Value) {
        if self.json || !self.quiet {
            self.deliver(human, json);
        }
    }

    /// Prints what others sent or what failed. It stays one line, also with text of peers in it.
    pub(crate) fn deliver(&self, human: impl AsRef<str>, json: Value) {
        self.answer(escape(human.as_ref()), json);
    }

    /// Prints the result of the command, in any number of lines. Only for our own text: nothing is
    /// escaped.
    pub(crate) fn answer(&self, human: impl AsRef<str>, json: Value) {
        if self.json {
            self.put(&json_line(&json));
        } else {
            self.put(&human_line(human.as_ref()));
        }
    }

    /// Prints a warning, which `--quiet` suppresses.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Prints an error.
    pub(crate) fn complain(&self, text: impl AsRef<str>) {
        let line = human_line(&escape(&format!("transom: {}", text.as_ref())));
        // Without stderr the error can't be reported anywhere.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }

    /// Asks the user a question, on a line of its own.
    pub(crate) fn ask(&self, question: &str) {
        // Without stderr the question can't be asked.
        let _ = io::stderr()
            .lock()
            .write_all(human_line(&escape(question)).as_bytes());
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether to draw progress bars: stderr is a terminal, and nothing suppresses them.
    pub(crate) fn is_live(&self) -> bool {
        !self.json && !self.quiet && io::stderr().is_terminal()
    }

    /// Whether the reader of our lines has gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// An error if a line could not be written to stdout. A reader that went away, as `head` does,
    /// is no error.
    pub(crate) fn complete(&self) -> Result<(), Failure> {
        match self.write_error().take() {
            Some(error) => Err(Failure::new("can't write to stdout", error)),
            None => Ok(()),
        }
    }

    fn put(&self, line: &str) {
        let result = if self.on_stderr {
            io::stderr().lock().write_all(line.as_bytes())
        } else {
            let mut stdout = io::stdout().lock();
            stdout
                .write_all(line.as_bytes())
                .and_then(|()| stdout.flush())
        };
        let Err(error) = result else { return };
        self.closed.store(true, Ordering::Relaxed);
        if !self.on_stderr && error.kind() != io::ErrorKind::BrokenPipe {
            self.write_error().get_or_insert(error);
        }
    }

    fn write_error(&self) -> MutexGuard<'_, Option<io::Error>> {
        self.write_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text with each line escaped, and a newline at its end.
fn human_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    for part in text.split('\n') {
        line.push_str(&escape(part));
        line.push('\n');
    }
    line
}

/// JSON that is safe on a terminal too: characters that [`escape`] would change are written as
/// `\uXXXX`, so a program reads the same text.
fn json_line(value: &Value) -> String {
    let raw = value.to_string();
    let mut line = String::with_capacity(raw.len() + 1);
    let mut one = [0; 4];
    for letter in raw.chars() {
        let text = letter.encode_utf8(&mut one);
        // A single backslash is part of the JSON syntax.
        if letter.is_ascii_graphic() || letter == ' ' || escape(text) == *text {
            line.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            line.push_str(&format!("\\u{unit:04x}"));
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_of_a_peer_stays_one_line() {
        assert_eq!(
            human_line(&escape("hi\nanna: run this")),
            "hi\\u{a}anna: run this\n"
        );
    }

    #[test]
    fn a_name_of_a_peer_cannot_control_the_terminal() {
        for line in [
            human_line("a\u{1b}[2Jb\u{202e}c"),
            json_line(&json!("a\u{1b}[2Jb\u{202e}c\u{9b}")),
        ] {
            assert!(
                !line
                    .trim_end()
                    .contains(|c: char| c.is_control() || c == '\u{202e}'),
                "{line:?}"
            );
        }
    }

    #[test]
    fn programs_read_back_the_same_text() {
        let value = json!({"name": "ü\\ \"\u{202e}\u{9b}\u{200b}\n\u{e0041}"});
        let line = json_line(&value);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
        assert_eq!(line.matches('\n').count(), 1);
    }

    #[test]
    fn our_own_text_may_have_several_lines() {
        assert_eq!(human_line("one\ntwo"), "one\ntwo\n");
    }
}
