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
    aside: bool,
    closed: Arc<AtomicBool>,
    /// Why stdout took no more, if its reader is not simply gone.
    trouble: Arc<Mutex<Option<io::Error>>>,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self {
            json,
            quiet,
            aside: false,
            closed: Arc::default(),
            trouble: Arc::default(),
        }
    }

    /// The same, with JSON also where another option asks for it.
    pub(crate) fn with_json(&self, json: bool) -> Self {
        let json = self.json || json;
        Self {
            json,
            ..self.clone()
        }
    }

    /// The same, but all lines go to stderr, because stdout carries something else.
    pub(crate) fn aside(&self) -> Self {
        Self {
            aside: true,
            ..self.clone()
        }
    }

    /// Tells how things go, in one line whatever peers put into it: nothing of it with `--quiet`.
    pub(crate) fn say(&self, human: impl AsRef<str>, json: Value) {
        if self.json || !self.quiet {
            self.deliver(human, json);
        }
    }

    /// Tells what others sent or what failed, in one line whatever peers put into it.
    pub(crate) fn deliver(&self, human: impl AsRef<str>, json: Value) {
        self.answer(escape(human.as_ref()), json);
    }

    /// Tells what was asked for, in as many lines as it takes: only for text of our own.
    pub(crate) fn answer(&self, human: impl AsRef<str>, json: Value) {
        if self.json {
            self.put(&json_line(&json));
        } else {
            self.put(&human_line(human.as_ref()));
        }
    }

    /// Tells of something that may be wrong and fails nothing: nothing of it with `--quiet`.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Tells of something that failed.
    pub(crate) fn complain(&self, text: impl AsRef<str>) {
        let line = human_line(&escape(&format!("transom: {}", text.as_ref())));
        // Nobody is left to tell when stderr is gone.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }

    /// Asks a person something, on a line of its own that bars and other lines leave alone.
    pub(crate) fn ask(&self, question: &str) {
        // Nobody is left to ask when stderr is gone.
        let _ = io::stderr()
            .lock()
            .write_all(human_line(&escape(question)).as_bytes());
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether to draw what moves: people look, and nothing else is on that terminal.
    pub(crate) fn is_live(&self) -> bool {
        !self.json && !self.quiet && io::stderr().is_terminal()
    }

    /// Whether the reader of our lines has gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Whether all that was told could be written. A reader that has gone had enough, as of any
    /// filter.
    pub(crate) fn complete(&self) -> Result<(), Failure> {
        match self.trouble().take() {
            Some(error) => Err(Failure::new("can't write to stdout", error)),
            None => Ok(()),
        }
    }

    fn put(&self, line: &str) {
        let result = if self.aside {
            io::stderr().lock().write_all(line.as_bytes())
        } else {
            let mut stdout = io::stdout().lock();
            stdout
                .write_all(line.as_bytes())
                .and_then(|()| stdout.flush())
        };
        let Err(error) = result else { return };
        self.closed.store(true, Ordering::Relaxed);
        if !self.aside && error.kind() != io::ErrorKind::BrokenPipe {
            self.trouble().get_or_insert(error);
        }
    }

    fn trouble(&self) -> MutexGuard<'_, Option<io::Error>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each line of the text made safe, with its newline.
fn human_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    for part in text.split('\n') {
        line.push_str(&escape(part));
        line.push('\n');
    }
    line
}

/// JSON that a terminal can show too: what [`escape`] would change stands as `\uXXXX`, so that a
/// program still reads the very same text.
fn json_line(value: &Value) -> String {
    let raw = value.to_string();
    let mut line = String::with_capacity(raw.len() + 1);
    let mut one = [0; 4];
    for letter in raw.chars() {
        let text = letter.encode_utf8(&mut one);
        // A lone backslash belongs to JSON itself.
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
    fn a_peer_writes_no_lines_but_its_own() {
        assert_eq!(
            human_line(&escape("hi\nanna: run this")),
            "hi\\u{a}anna: run this\n"
        );
    }

    #[test]
    fn a_name_of_others_can_not_steer_a_terminal() {
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
    fn lines_of_ours_stay_lines() {
        assert_eq!(human_line("one\ntwo"), "one\ntwo\n");
    }
}
