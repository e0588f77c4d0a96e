//! `transom send PEER PATH…`: one path after the other, each done only when it is durable at the other side.

use std::path::Path;
use std::time::{Duration, Instant};

use transom::{Notice, Outcome, Phase, SendOptions, TransferId, TransferStatus};

use crate::args;
use crate::dial::Line;
use crate::failure::Failure;
use crate::format::count;
use crate::output::Output;
use crate::place::Place;
use crate::progress::Progress;
use crate::report;
use crate::signals::Signal;
use crate::station::Event;

pub(crate) fn run(arguments: &args::Send, place: &Place, output: &Output) -> Result<(), Failure> {
    let (there, missing) = split(&arguments.paths, output);
    if there.is_empty() {
        return Err(incomplete(missing, arguments.paths.len()));
    }
    let options = SendOptions {
        on_collision: arguments.on_collision.into(),
        limit: arguments.limit,
    };
    let mut sending = Sending {
        line: Line::open(&arguments.peer, place, output)?,
        output,
        wait: Duration::from_secs(arguments.wait),
        lost: None,
    };
    let mut failed = missing;
    for path in there {
        failed += usize::from(!sending.send(path, options)?);
    }
    match failed {
        0 => Ok(()),
        failed => Err(incomplete(failed, arguments.paths.len())),
    }
}

/// Paths that are there; the others are told.
fn split<'a>(paths: &'a [std::path::PathBuf], output: &Output) -> (Vec<&'a Path>, usize) {
    let mut there = Vec::new();
    for path in paths {
        match path.symlink_metadata() {
            Ok(_) => there.push(path.as_path()),
            Err(error) => output.warn(format!("can't send {}: {error}", path.display())),
        }
    }
    let missing = paths.len() - there.len();
    (there, missing)
}

fn incomplete(failed: usize, all: usize) -> Failure {
    Failure::new(
        "not everything was sent",
        format!("{failed} of {} failed", count(all as u64, "path")),
    )
}

/// The connection, and how long it has been gone.
struct Sending<'a> {
    line: Line,
    output: &'a Output,
    wait: Duration,
    /// Until when the peer may come back.
    lost: Option<Instant>,
}

impl Sending<'_> {
    /// Sends one path to its end: whether all of it is there. An error ends the rest too.
    fn send(&mut self, path: &Path, options: SendOptions) -> Result<bool, Failure> {
        let transfer = self
            .line
            .running
            .handle
            .send(&self.line.peer, path, options);
        let mut progress = Progress::new(self.output, &path.display().to_string());
        let mut whole = true;
        loop {
            let Some(event) = self.line.running.next(self.lost) else {
                let why = format!("it did not come back within {} s", self.wait.as_secs());
                return Err(self.interrupted(format!("{} is lost", self.line.peer), &why));
            };
            match event {
                Event::Notice(notice) => {
                    if let Some(done) = self.notice(&notice, transfer, &mut progress, &mut whole)? {
                        return Ok(done && whole);
                    }
                }
                Event::Signal(Signal::End) => {
                    return Err(self.interrupted("ended".into(), "by a signal"));
                }
                Event::Broken(why) => return Err(Failure::new("the station ended", why)),
                Event::Signal(Signal::Reload) | Event::Typed(_) => {}
            }
        }
    }

    /// `Some` once the transfer is over.
    fn notice(
        &mut self,
        notice: &Notice,
        transfer: TransferId,
        progress: &mut Progress<'_>,
        whole: &mut bool,
    ) -> Result<Option<bool>, Failure> {
        match notice {
            Notice::Transfer(status) if status.transfer == transfer => progress.show(status),
            Notice::TransferEnded { status, outcome } if status.transfer == transfer => {
                progress.end();
                return self.ended(notice, status, outcome).map(Some);
            }
            Notice::EntryFailed { transfer: of, .. } if *of == transfer => {
                *whole = false;
                progress.aside(|| warn_of(self.output, notice));
            }
            _ => {
                self.watch_the_line(notice);
                progress.aside(|| self.line.notice(notice, self.output))?;
            }
        }
        Ok(None)
    }

    /// A peer that is gone may come back for a while.
    fn watch_the_line(&mut self, notice: &Notice) {
        match notice {
            Notice::Left { .. } => self.lost = self.lost.or(Some(Instant::now() + self.wait)),
            Notice::Joined { .. } => self.lost = None,
            _ => {}
        }
    }

    fn ended(
        &self,
        notice: &Notice,
        status: &TransferStatus,
        outcome: &Outcome,
    ) -> Result<bool, Failure> {
        if outcome.is_success() {
            report::tell(self.output, notice);
            return Ok(true);
        }
        if self.output.is_json() {
            report::tell(self.output, notice);
        }
        match outcome {
            Outcome::Lost { why } => {
                Err(self.interrupted(format!("{} is lost", self.line.peer), why))
            }
            _ => {
                warn_of(self.output, notice);
                debug_assert_eq!(status.phase, Phase::Ended);
                Ok(false)
            }
        }
    }

    fn interrupted(&self, what: String, why: &str) -> Failure {
        Failure::new(what, why).next("the same command goes on where this ended")
    }
}

fn warn_of(output: &Output, notice: &Notice) {
    if let Some((human, _)) = report::describe(notice) {
        output.warn(human);
    }
}
