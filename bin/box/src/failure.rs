//! Why a command ends without success: one line for stderr and the exit code.

use std::fmt;

/// Exit code 1 (failed, refused or lost) or 2 (wrong usage), and its line `what: why; next`.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    line: String,
}

impl Failure {
    /// Something could not be done.
    pub(crate) fn new(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self {
            code: 1,
            line: format!("{what}: {why}"),
        }
    }

    /// The command line asks for what can't be.
    pub(crate) fn usage(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self {
            code: 2,
            ..Self::new(what, why)
        }
    }

    /// What to do about it.
    pub(crate) fn next(mut self, todo: impl fmt::Display) -> Self {
        self.line = format!("{}; {todo}", self.line);
        self
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parts of it may come from a peer or a file.
        f.write_str(&transom::people::escape(&self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_line_whatever_is_in_it() {
        let failure = Failure::new("a\nb", "why\u{1b}[2J").next("do this");
        let line = failure.to_string();
        assert!(line.ends_with("; do this"), "{line}");
        assert!(!line.contains(['\n', '\u{1b}']), "{line}");
        assert_eq!(failure.code(), 1);
        assert_eq!(Failure::usage("a", "b").code(), 2);
    }
}
