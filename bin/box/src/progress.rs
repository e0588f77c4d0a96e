//! How a transfer is told while it runs: a bar on a terminal, a line every few seconds elsewhere, objects for programs.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use transom::people::{escape, shorten};
use transom::{Direction, Phase, TransferStatus};

use crate::format::{bytes, duration, rate};
use crate::output::Output;
use crate::report::transfer_json;

/// One transfer on its way.
pub(crate) struct Progress<'a> {
    output: &'a Output,
    bar: Option<ProgressBar>,
    told: Option<Instant>,
    phase: Option<Phase>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(output: &'a Output) -> Self {
        Self {
            output,
            bar: None,
            told: None,
            phase: None,
        }
    }

    /// Shows how far it is.
    pub(crate) fn show(&mut self, status: &TransferStatus) {
        if self.phase.is_none() && is_not_yet(status) {
            return;
        }
        let before = self.phase.replace(status.phase);
        if self.output.is_live() {
            self.draw(status);
        } else {
            self.tell(status, before != Some(status.phase));
        }
    }

    fn draw(&mut self, status: &TransferStatus) {
        let bar = self.bar.get_or_insert_with(|| bar(status));
        bar.set_length(status.bytes.max(status.verified));
        bar.set_position(status.verified);
        bar.set_message(amounts(status));
    }

    fn tell(&mut self, status: &TransferStatus, changed: bool) {
        let now = Instant::now();
        let pause = if self.output.is_json() {
            JSON_PAUSE
        } else {
            LINE_PAUSE
        };
        if !changed && self.told.is_some_and(|told| now - told < pause) {
            return;
        }
        self.told = Some(now);
        let human = format!("{}: {}", status.name, amounts(status));
        self.output
            .say(human, transfer_json("transfer", status, None));
    }

    /// Prints something without tearing the bar.
    pub(crate) fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Removes the bar.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

/// Before the peer has answered there is nothing to measure, and what is offered to us is for somebody to decide.
fn is_not_yet(status: &TransferStatus) -> bool {
    match status.phase {
        Phase::Waiting => true,
        Phase::Offered => status.direction == Direction::Incoming,
        _ => false,
    }
}

/// Complete before it is drawn for the first time.
fn bar(status: &TransferStatus) -> ProgressBar {
    let name = shorten(&escape(&status.name), NAME_WIDTH).into_owned();
    let bar = ProgressBar::new(status.bytes)
        .with_prefix(name)
        .with_message(amounts(status));
    match ProgressStyle::with_template(BAR) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// `38.7 MB of 50.0 MB, 13.8 MB/s, 2 s left`.
fn amounts(status: &TransferStatus) -> String {
    let (done, all) = (bytes(status.verified), bytes(status.bytes));
    format!("{done} of {all}, {}", words(status))
}

/// What it is doing, with rate and time left while it moves.
fn words(status: &TransferStatus) -> String {
    match status.phase {
        Phase::Waiting => "waiting for the peer".into(),
        Phase::Offered => "waiting for an answer".into(),
        Phase::Running => {
            let left = status
                .eta
                .map_or(String::new(), |eta| format!(", {} left", duration(eta)));
            format!("{}{left}", rate(status.rate))
        }
        Phase::Paused => "paused".into(),
        Phase::Finishing => "being made safe on disk".into(),
        _ => String::new(),
    }
}

const BAR: &str = "{prefix} [{bar:20}] {percent:>3}% {wide_msg}";

/// Room for a name beside a bar on 80 columns.
const NAME_WIDTH: usize = 24;

/// Between two lines in a log file.
const LINE_PAUSE: Duration = Duration::from_secs(5);

/// Between two objects for a program that draws its own bar.
const JSON_PAUSE: Duration = Duration::from_millis(500);
