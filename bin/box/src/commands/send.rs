//! `transom send PEER PATH…`: one path after the other, each done only when it is durable at the
//! other side.

use std::borrow::Cow;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use transom::people::Rights;
use transom::{Keep, Notice, Outcome, Paired, PairingNotice, Redial, SendOptions, TransferId};

use crate::args;
use crate::commands::pair::NEW_CODE;
use crate::dial::Line;
use crate::failure::Failure;
use crate::format::count;
use crate::output::Output;
use crate::pairing::{self, Shown};
use crate::place::Place;
use crate::progress::{Bars, Progress};
use crate::report;
use crate::signals::Signal;
use crate::station::{Event, Running};

pub(crate) fn run(arguments: &args::Send, place: &Place, output: &Output) -> Result<(), Failure> {
    let paths = arguments.paths();
    if paths.is_empty() {
        return Err(Failure::usage("nothing to send", "no path was named")
            .next("transom send --code PATH…"));
    }
    let mut tally = Tally::new(paths.len(), output);
    let there = tally.there(&paths)?;
    if there.is_empty() {
        return tally.verdict();
    }
    let options = SendOptions {
        on_collision: arguments.on_collision.into(),
        limit: arguments.limit,
    };
    let mut stranger = None;
    let line = match arguments.code {
        true => {
            let (mut line, paired) = pair(arguments, place, output)?;
            let wait = Duration::from_secs(arguments.wait);
            await_peer(&mut line, &paired, wait, output)?;
            stranger = Some(paired);
            line
        }
        false => Line::open(&arguments.peer(), place, output)?,
    };
    let wait = Duration::from_secs(arguments.wait);
    let mut sending = Sending {
        line,
        output,
        wait,
        bars: Bars::default(),
        lost: None,
    };
    for path in there {
        if let Err(failure) = sending.send(path, options)? {
            tally.add(failure)?;
        }
    }
    if let Some(paired) = stranger.filter(|paired| paired.keep == Keep::Contact) {
        pairing::keep(
            &paired,
            Rights::default(),
            place,
            &sending.line.running,
            output,
        )?;
    }
    tally.verdict()
}

impl args::Send {
    /// With `--code` nobody is named, and all are paths.
    fn paths(&self) -> Vec<PathBuf> {
        let first = self.peer.iter().filter(|_| self.code);
        first
            .map(PathBuf::from)
            .chain(self.paths.iter().cloned())
            .collect()
    }

    /// Without `--code` it is required.
    fn peer(&self) -> Cow<'_, str> {
        let peer = self.peer.as_ref();
        peer.map_or_else(Cow::default, |peer| peer.to_string_lossy())
    }
}

/// Shows a code until somebody has typed it.
fn pair(arguments: &args::Send, place: &Place, output: &Output) -> Result<(Line, Paired), Failure> {
    let mut settings = place.settings(None, output)?;
    let key = settings.identity.public_key();
    pairing::listen(&mut settings, &arguments.listen, output);
    settings.announce = arguments.announcing.into();
    let running = Running::start(settings)?;
    let keep = match arguments.remember {
        true => Keep::Contact,
        false => Keep::Once,
    };
    // Whoever may nothing at all is not let in.
    let may = Rights {
        files: true,
        ..Rights::NONE
    };
    running
        .handle
        .show_code(None, pairing::terms(None, may, keep));
    let shown = Shown {
        key,
        command: "transom receive",
    };
    loop {
        match running.next(None) {
            Some(Event::Notice(Notice::Pairing(_, notice))) => match notice {
                PairingNotice::CodeShown { code, until } => {
                    shown.tell(&code, until, &running, output);
                }
                PairingNotice::CodeEnded { why } => {
                    return Err(Failure::new("not sent", why).next(NEW_CODE));
                }
                notice => {
                    report::tell_pairing(output, &notice);
                    if let PairingNotice::Paired(paired) = notice {
                        return Ok((Line::paired(running, &paired, key), *paired));
                    }
                }
            },
            Some(Event::Notice(notice)) => report::tell(output, &notice),
            Some(Event::Signal(Signal::End)) => {
                return Err(Failure::new("not sent", "ended by a signal"));
            }
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(Event::Signal(Signal::Reload) | Event::Typed(_)) | None => {}
        }
    }
}

/// Waits for the peer that a code has found, and dials it where it does not come. A window stays
/// where it is that is connected to another program of ours, since it has one connection to a key.
fn await_peer(
    line: &mut Line,
    paired: &Paired,
    wait: Duration,
    output: &Output,
) -> Result<(), Failure> {
    let start = Instant::now();
    let mut dials_at = Some(start + TURN);
    loop {
        match line.running.next(dials_at.or(Some(start + wait))) {
            Some(Event::Notice(Notice::Unreachable { .. })) => {}
            Some(Event::Notice(notice)) => {
                line.notice(&notice, output)?;
                if matches!(notice, Notice::Joined { peer, .. } if peer == paired.peer) {
                    return Ok(());
                }
            }
            Some(Event::Signal(Signal::End)) => {
                return Err(Failure::new("not sent", "ended by a signal"));
            }
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(Event::Signal(Signal::Reload) | Event::Typed(_)) => {}
            None if dials_at.take().is_some() => {
                let contact = pairing::contact(paired, paired.may);
                line.running.handle.connect(contact, Redial::Always);
            }
            None => {
                let why = format!("they did not come within {} s", wait.as_secs());
                return Err(Failure::new("not sent", why).next(NEW_CODE));
            }
        }
    }
}

/// How long a peer that typed the code is waited for before it is dialed; most come at once.
const TURN: Duration = Duration::from_secs(2);

/// What failed among the paths. A single path's failure is the command's; of several each is told
/// and the others go on.
struct Tally<'a> {
    output: &'a Output,
    paths: usize,
    failed: usize,
}

impl<'a> Tally<'a> {
    fn new(paths: usize, output: &'a Output) -> Self {
        Self {
            output,
            paths,
            failed: 0,
        }
    }

    /// Those that can be looked for at the peer, because they are here.
    fn there<'p>(&mut self, paths: &'p [PathBuf]) -> Result<Vec<&'p Path>, Failure> {
        let mut there = Vec::new();
        for path in paths {
            match path.symlink_metadata() {
                Ok(_) => there.push(path.as_path()),
                Err(error) => self.add(Failure::new(
                    format!("can't send {}", path.display()),
                    error,
                ))?,
            }
        }
        Ok(there)
    }

    fn add(&mut self, failure: Failure) -> Result<(), Failure> {
        if self.paths == 1 {
            return Err(failure);
        }
        self.failed += 1;
        self.output.complain(failure.to_string());
        Ok(())
    }

    fn verdict(&self) -> Result<(), Failure> {
        match self.failed {
            0 => Ok(()),
            failed => {
                let why = format!("{failed} of {} failed", count(self.paths as u64, "path"));
                Err(Failure::new("not everything was sent", why))
            }
        }
    }
}

/// The connection, and how long it has been gone.
struct Sending<'a> {
    line: Line,
    output: &'a Output,
    wait: Duration,
    bars: Bars,
    /// Until when the peer may come back.
    lost: Option<Instant>,
}

impl Sending<'_> {
    /// Sends one path to its end. The outer error ends the rest too.
    fn send(&mut self, path: &Path, options: SendOptions) -> Result<Result<(), Failure>, Failure> {
        let transfer = self
            .line
            .running
            .handle
            .send(&self.line.peer, path, options);
        let mut progress = Progress::new(self.output, &self.bars);
        let mut failed_items = 0;
        loop {
            let Some(event) = self.line.running.next(self.lost) else {
                let why = format!("they did not come back within {} s", self.wait.as_secs());
                return Err(self.lost(why));
            };
            match event {
                Event::Notice(notice) => {
                    failed_items += u64::from(is_failed_item(&notice, transfer));
                    if let Some(outcome) = self.notice(&notice, transfer, &mut progress)? {
                        let is_whole = outcome.is_success() && failed_items == 0;
                        if is_whole || self.output.is_json() {
                            report::tell(self.output, &notice);
                        }
                        return self.ended(path, outcome, failed_items);
                    }
                }
                Event::Signal(Signal::End) => {
                    return Err(resumable(Failure::new("not sent", "ended by a signal")));
                }
                Event::Broken(why) => return Err(Failure::new("the station ended", why)),
                Event::Signal(Signal::Reload) | Event::Typed(_) => {}
            }
        }
    }

    /// How the transfer ended, once it did.
    fn notice<'n>(
        &mut self,
        notice: &'n Notice,
        transfer: TransferId,
        progress: &mut Progress<'_>,
    ) -> Result<Option<&'n Outcome>, Failure> {
        match notice {
            Notice::Transfer(status) if status.transfer == transfer => progress.show(status),
            Notice::TransferEnded { status, outcome } if status.transfer == transfer => {
                progress.end();
                return Ok(Some(outcome));
            }
            _ if is_failed_item(notice, transfer) => self.bars.aside(|| self.warn(notice)),
            _ => {
                self.watch_the_line(notice);
                self.bars.aside(|| self.line.notice(notice, self.output))?;
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
        path: &Path,
        outcome: &Outcome,
        failed_items: u64,
    ) -> Result<Result<(), Failure>, Failure> {
        let in_part = || format!("{} was sent in part", path.display());
        match outcome {
            Outcome::Lost { why } => Err(self.lost(why)),
            Outcome::Partial { .. } => Ok(Err(Failure::new(
                in_part(),
                crate::words::outcome_words(outcome),
            ))),
            outcome if !outcome.is_success() => Ok(Err(Failure::new(
                format!("{} was not sent", path.display()),
                crate::words::unsent_words(outcome),
            ))),
            _ if failed_items > 0 => Ok(Err(Failure::new(
                in_part(),
                format!("{} left out", count(failed_items, "item")),
            ))),
            _ => Ok(Ok(())),
        }
    }

    fn lost(&self, why: impl Display) -> Failure {
        let what = format!("lost the connection to {}", self.line.peer);
        resumable(Failure::new(what, why))
    }

    fn warn(&self, notice: &Notice) {
        match report::describe(notice) {
            Some((_, json)) if self.output.is_json() => self.output.answer("", json),
            Some((human, _)) => self.output.complain(human),
            None => {}
        }
    }
}

fn is_failed_item(notice: &Notice, transfer: TransferId) -> bool {
    matches!(notice, Notice::EntryFailed { transfer: of, .. } if *of == transfer)
}

fn resumable(failure: Failure) -> Failure {
    failure.next("the same command goes on where this ended")
}
