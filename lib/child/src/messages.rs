//! The standard error of a program, line by line.

use std::io::Read;
use std::process::ChildStderr;

/// Bytes of a line that are kept.
const MAX_LINE_BYTES: usize = 512;
/// Bytes that are read at once.
const CHUNK: usize = 4096;
/// Chunks that are read in one call: what a pipe holds, so that a program that never stops writing
/// can't hold the caller.
const MAX_CHUNKS: usize = 16;

/// Reads lines from a pipe that is non-blocking; the last one is kept.
#[derive(Default)]
pub(crate) struct Messages {
    pipe: Option<ChildStderr>,
    line: Vec<u8>,
    last: String,
}

impl Messages {
    pub(crate) fn new(pipe: Option<ChildStderr>) -> Self {
        Self {
            pipe,
            ..Self::default()
        }
    }

    /// Reads what is there, and hands on each line that is whole.
    pub(crate) fn read(&mut self, mut heard: impl FnMut(&str)) {
        let mut chunk = [0; CHUNK];
        for _ in 0..MAX_CHUNKS {
            let Some(pipe) = &mut self.pipe else { return };
            match pipe.read(&mut chunk) {
                Ok(0) => self.pipe = None,
                Ok(count) => self.take(&chunk[..count], &mut heard),
                // Nothing now. Any other error leaves what was said before.
                Err(_) => return,
            }
        }
    }

    /// The last line with words in it, also one without a line end.
    pub(crate) fn last(&mut self) -> &str {
        self.end_line(|_| {});
        &self.last
    }

    fn take(&mut self, bytes: &[u8], mut heard: impl FnMut(&str)) {
        for &byte in bytes {
            if byte == b'\n' {
                self.end_line(&mut heard);
            } else if self.line.len() < MAX_LINE_BYTES {
                self.line.push(byte);
            }
        }
    }

    fn end_line(&mut self, mut heard: impl FnMut(&str)) {
        let text = String::from_utf8_lossy(&self.line);
        // A program may send control sequences of terminals.
        let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
        self.line.clear();
        if !text.is_empty() {
            heard(&text);
            self.last = text;
        }
    }
}
