//! One step of a command: a title, a program, how long it took.
//! The first step that fails ends the command with a line that names it.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use crate::failure::{Context, Failure, Outcome};

/// Runs a program to its end, with our own stdout and stderr.
pub(crate) fn run(title: &str, command: &mut Command) -> Outcome {
    begin(title);
    let started = Instant::now();
    let status = command
        .status()
        .context(format_args!("{title}: {}", written(command)))?;
    if !status.success() {
        return Err(Failure::new(format!(
            "{title} failed ({status}): {}",
            written(command)
        )));
    }
    end(title, started);
    Ok(())
}

/// Like [`run`], for a step that is no program.
pub(crate) fn check(title: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    begin(title);
    let started = Instant::now();
    work().context(title)?;
    end(title, started);
    Ok(())
}

fn begin(title: &str) {
    eprintln!("\n=== {title}");
}

fn end(title: &str, started: Instant) {
    eprintln!("=== {title}: ok, {:.0} s", started.elapsed().as_secs_f64());
}

/// The command as a user would type it.
pub(crate) fn written(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        let _ = write!(text, " {}", argument.to_string_lossy());
    }
    text
}
