//! `transom-view`: the window. Contacts with presence, calls, live pictures side by side, text, and
//! files both ways.

mod arguments;
mod engine;
mod keep;
mod model;
mod paths;
mod shell;
mod start;
mod ui;
mod words;

use std::io::Write;
use std::process::ExitCode;

use arguments::{Arguments, Wish};

// A picture on which the decoder panics must cost that picture only.
#[cfg(not(panic = "unwind"))]
compile_error!("the profile has to say panic = \"unwind\", or nothing");

fn main() -> ExitCode {
    transom::abort_on_panic();
    let request = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(request) => request,
        Err(error) => {
            complain(&format!("{error}; see transom-view --help"));
            return ExitCode::from(2);
        }
    };
    let arguments = match request {
        Wish::Help => return say(arguments::HELP),
        Wish::Version => return say(concat!("transom-view ", env!("CARGO_PKG_VERSION"))),
        Wish::Run(arguments) => arguments,
    };
    start::log();
    #[cfg(unix)]
    if let Err(error) = transom_signals::survive_file_limit() {
        log::warn!("a file that grows beyond `ulimit -f` will end the program: {error}");
    }
    match start::run(*arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// An error as one line on stderr, unless nobody can read there: a desktop may start programs
/// without.
fn complain(what: &str) {
    drop(writeln!(std::io::stderr(), "transom-view: {what}"));
}

/// Prints, unless whoever wanted to read has gone.
fn say(text: &str) -> ExitCode {
    drop(writeln!(std::io::stdout(), "{text}"));
    ExitCode::SUCCESS
}
