//! `transom-view`: the window. Contacts with presence, calls, live pictures side by side, text, and
//! files both ways.

mod arguments;
mod engine;
mod keep;
mod model;
mod outside;
mod paths;
mod shell;
mod start;
mod ui;
mod words;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;

// A picture on which the decoder panics must cost that picture only.
#[cfg(not(panic = "unwind"))]
compile_error!("the profile has to say panic = \"unwind\", or nothing");

fn main() -> ExitCode {
    transom::abort_on_panic();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            let line = transom_place::usage_line("transom-view", &error.to_string());
            complain(&line);
            return ExitCode::from(2);
        }
        // Without stdout there is no way to tell the user.
        Err(help) => {
            drop(help.print());
            return ExitCode::SUCCESS;
        }
    };
    start::log();
    #[cfg(unix)]
    if let Err(error) = transom_signals::survive_file_limit() {
        log::warn!("a file that grows beyond `ulimit -f` will end the program: {error}");
    }
    match start::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// An error as one line on stderr, unless it can't be read there: a desktop may start programs
/// without.
fn complain(what: &str) {
    drop(writeln!(std::io::stderr(), "transom-view: {what}"));
}
