//! `transom`: the headless program. It parses a command line, runs one command on top of the
//! station, and turns its end into an exit code.

mod args;
mod book_file;
mod box_pairing;
mod camera_stats;
mod check;
mod commands;
#[cfg(feature = "config")]
mod config;
mod controls;
mod deliveries;
mod dial;
mod doctor;
mod event_queue;
mod failure;
mod film;
mod format;
mod guests;
#[cfg(feature = "http")]
mod http;
#[cfg(not(feature = "http"))]
#[path = "no_http.rs"]
mod http;
mod inbox;
mod latency;
mod listening;
mod measure;
mod once;
mod output;
mod pairing;
#[cfg(feature = "http")]
mod pass_files;
mod pictures;
mod place;
mod progress;
mod qr;
mod recorder;
mod report;
mod service;
mod signals;
#[cfg(feature = "sound")]
mod sound;
#[cfg(not(feature = "sound"))]
#[path = "no_sound.rs"]
mod sound;
mod station;
mod stats;
mod words;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::error::ErrorKind as UsageKind;
use serde_json::json;

use args::{Arguments, Command, Common};
use output::Output;
use place::Place;

// A panic of the decoder must cost only the picture at hand.
#[cfg(not(panic = "unwind"))]
compile_error!("the profile has to say panic = \"unwind\", or nothing");

fn main() -> ExitCode {
    transom::abort_on_panic();
    #[cfg(feature = "config")]
    let parsed = config::parse(std::env::args_os());
    #[cfg(not(feature = "config"))]
    let parsed = <Arguments as clap::Parser>::try_parse();
    let Arguments { common, command } = match parsed {
        Ok(arguments) => arguments,
        Err(help) => return tell_usage(&help),
    };
    start_log(&common);
    if let Err(error) = transom_signals::survive_file_limit() {
        log::warn!("a file that grows beyond `ulimit -f` will end the program: {error}");
    }
    let output = Output::new(common.json, common.quiet);
    let place = Place::find(&common);
    let result = match command {
        Command::Id(arguments) => commands::id::run(&arguments, &place, &output),
        Command::Camera(arguments) => commands::camera::run(*arguments, &place, &output),
        Command::Call(arguments) => commands::call::run(arguments, &place, &output),
        Command::Watch(arguments) => commands::watch::run(&arguments, &place, &output),
        Command::Send(arguments) => commands::send::run(&arguments, &place, &output),
        Command::Spool(arguments) => commands::spool::run(&arguments, &place, &output),
        Command::Receive(arguments) => commands::receive::run(arguments, &place, &output),
        Command::Pair(arguments) => commands::pair::run(&arguments, &place, &output),
        Command::Text(arguments) => commands::text::run(&arguments, &place, &output),
        Command::Users(arguments) => commands::users::run(arguments, &place, &output),
        #[cfg(feature = "http")]
        Command::Pass(arguments) => commands::pass::run(arguments, &place, &output),
        Command::Doctor(arguments) => commands::doctor::run(&arguments, &place, &output),
        Command::Cameras => commands::cameras::run(&output),
        #[cfg(feature = "sound")]
        Command::Sounds => commands::sounds::run(&output),
        Command::Demo(arguments) => commands::demo::run(&arguments, &output),
        #[cfg(feature = "discovery")]
        Command::Find(arguments) => commands::find::run(&arguments, &place, &output),
        Command::Completions { shell } => commands::completions::run(shell),
        #[cfg(feature = "manual")]
        Command::Manual { folder } => commands::manual::run(&folder),
    };
    match result.and_then(|()| output.complete()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let text = failure.to_string();
            if output.is_json() {
                output.answer("", json!({"event": "error", "text": text}));
            }
            output.complain(text);
            ExitCode::from(failure.code())
        }
    }
}

/// Help, the version, or what is wrong with the command line.
fn tell_usage(help: &clap::Error) -> ExitCode {
    let printed = match help.use_stderr() && help.kind() != HELP_INSTEAD {
        true => {
            let line = format!(
                "transom: {}\n",
                transom_place::usage_line("transom", &help.to_string())
            );
            io::stderr().write_all(line.as_bytes())
        }
        false => help.print(),
    };
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            // Without stderr the error can't be reported anywhere.
            let _ = writeln!(io::stderr(), "transom: can't write the help: {error}");
            ExitCode::FAILURE
        }
        _ => u8::try_from(help.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from),
    }
}

/// The full help is printed if no command was typed.
const HELP_INSTEAD: UsageKind = UsageKind::DisplayHelpOnMissingArgumentOrSubcommand;

/// Warnings only, as the other lines are, unless `-v` or `TRANSOM_LOG` asks for a log.
fn start_log(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let environment = env_logger::Env::new().filter_or("TRANSOM_LOG", level);
    let mut builder = env_logger::Builder::from_env(environment);
    if common.verbose == 0 && std::env::var_os("TRANSOM_LOG").is_none() {
        builder.format(|line, record| {
            let text = format!("transom: {}", record.args());
            writeln!(line, "{}", transom::people::escape(&text))
        });
    }
    builder.init();
}
