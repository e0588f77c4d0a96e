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

    /// The command line asks for something impossible.
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
    fn wrong_usage_is_one_line_with_what_to_do() {
        use crate::args::Arguments;
        use clap::Parser;
        for (typed, line) in [
            (
                "users add",
                "the following required arguments were not provided: <LINE>...; see transom users \
                 add --help",
            ),
            (
                "send a b --on-collision explode",
                "invalid value 'explode' for '--on-collision <ON_COLLISION>' \
                 [possible values: rename, skip, overwrite]; see transom --help",
            ),
            (
                "wach porch",
                "unrecognized subcommand 'wach'; a similar subcommand exists: 'watch'; see transom \
                 --help",
            ),
            (
                "watch porch --frame 3",
                "unexpected argument '--frame' found; a similar argument exists: '--frames'; see \
                 transom watch --help",
            ),
        ] {
            let words = std::iter::once("transom").chain(typed.split(' '));
            let error = Arguments::try_parse_from(words).unwrap_err();
            assert_eq!(
                transom_place::usage_line("transom", &error.to_string()),
                line
            );
        }
    }

    #[test]
    fn a_failure_is_one_line_whatever_is_in_it() {
        let failure = Failure::new("a\nb", "why\u{1b}[2J").next("do this");
        let line = failure.to_string();
        assert!(line.ends_with("; do this"), "{line}");
        assert!(!line.contains(['\n', '\u{1b}']), "{line}");
        assert_eq!(failure.code(), 1);
        assert_eq!(Failure::usage("a", "b").code(), 2);
    }
}
