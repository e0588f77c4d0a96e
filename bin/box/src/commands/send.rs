//! `transom send PEER PATH…`: one path after the other, each done only when it is durable on the
//! other side's disk.

use std::borrow::Cow;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use transom::people::Rights;
use transom::{
    Follow, Keep, Notice, Outcome, Paired, PairingNotice, Redial, SendOptions, TransferId,
    TransferStatus, path_text,
};

use crate::args;
use crate::commands::pair::NEW_CODE;
use crate::commands::spool;
use crate::controls::{Control, Controls};
use crate::dial::Connection;
use crate::failure::Failure;
use crate::format::count;
use crate::output::Output;
use crate::pairing::{self, Shown};
use crate::place::Place;
use crate::progress::{Bars, Progress, explain};
use crate::report;
use crate::signals::Signal;
use crate::station::{Event, Running};

pub(crate) fn run(arguments: &args::Send, place: &Place, output: &Output) -> Result<(), Failure> {
    if arguments.spool {
        return spool::keep(arguments, place, output);
    }
    let paths = arguments.paths();
    if paths.is_empty() {
        return Err(Failure::usage("nothing to send", "no path was named")
            .next("transom send --code PATH…"));
    }
    if arguments.follow {
        let why = match paths.as_slice() {
            [path] if path.is_dir() => "it is a folder",
            [_] => "",
            _ => "only one file can be",
        };
        if !why.is_empty() {
            let what = format!("can't follow {}", path_text(&paths[0]));
            return Err(Failure::usage(what, why).next("name one file"));
        }
    }
    let mut failures = PathFailures::new(paths.len(), output);
    let existing = failures.existing(&paths)?;
    if existing.is_empty() {
        return failures.verdict("not everything was sent");
    }
    let mut stranger = None;
    let mut connection = match arguments.code {
        true => {
            let (mut connection, paired) = pair(arguments, place, output)?;
            let wait = Duration::from_secs(arguments.wait);
            await_peer(&mut connection, &paired, wait, output)?;
            stranger = Some(paired);
            connection
        }
        false => Connection::open(&arguments.peer(), place, output)?,
    };
    connection.running.watch_pauses()?;
    let typing = connection.running.read_keys()?;
    let wait = Duration::from_secs(arguments.wait);
    let mut sending = Sending {
        connection,
        output,
        wait,
        bars: Bars::default(),
        controls: Controls::new(typing, arguments.limit),
        lost: None,
    };
    for path in existing {
        let options = SendOptions {
            on_collision: arguments.on_collision.into(),
            limit: sending.controls.limit(),
            follow: arguments.follow.then(|| Follow {
                until_idle: arguments.until_idle.map(Duration::from_secs),
            }),
            skip_special: arguments.skip_special,
        };
        if let Err(failure) = sending.send(path, options)? {
            failures.add(failure)?;
        }
    }
    if let Some(paired) = stranger.filter(|paired| paired.keep == Keep::Contact) {
        pairing::keep(
            &paired,
            Rights::default(),
            place,
            &sending.connection.running,
            output,
        )?;
    }
    failures.verdict("not everything was sent")
}

impl args::Send {
    /// With `--code` there is no peer argument: the first argument is a path too.
    fn paths(&self) -> Vec<PathBuf> {
        let first = self.peer.iter().filter(|_| self.code);
        first
            .map(PathBuf::from)
            .chain(self.paths.iter().cloned())
            .collect()
    }

    /// Without `--code` it is required.
    pub(super) fn peer(&self) -> Cow<'_, str> {
        let peer = self.peer.as_ref();
        peer.map_or_else(Cow::default, |peer| peer.to_string_lossy())
    }
}

/// Shows a code, and waits until it was typed on the other side.
fn pair(
    arguments: &args::Send,
    place: &Place,
    output: &Output,
) -> Result<(Connection, Paired), Failure> {
    let mut settings = place.settings(None, output)?;
    let key = settings.identity.public_key();
    pairing::listen(&mut settings, &arguments.listen, output);
    settings.announce = arguments.announcing.into();
    let running = Running::start(settings)?;
    let keep = match arguments.remember {
        true => Keep::Contact,
        false => Keep::Once,
    };
    // A peer without any right could not connect.
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
                        return Ok((Connection::paired(running, &paired, key), *paired));
                    }
                }
            },
            Some(Event::Notice(notice)) => report::tell(output, &notice),
            Some(Event::Signal(Signal::End)) => {
                return Err(Failure::new("not sent", "ended by a signal"));
            }
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(Event::Signal(Signal::Reload) | Event::Typed(_) | Event::Control(_)) | None => {}
        }
    }
}

/// Waits for the peer that typed the code, and dials it if it does not connect. A window keeps one
/// connection for a key, so it does not connect while it is connected to another program of ours.
fn await_peer(
    connection: &mut Connection,
    paired: &Paired,
    wait: Duration,
    output: &Output,
) -> Result<(), Failure> {
    let start = Instant::now();
    let mut dials_at = Some(start + DIAL_DELAY);
    loop {
        match connection.running.next(dials_at.or(Some(start + wait))) {
            Some(Event::Notice(Notice::Unreachable { .. })) => {}
            Some(Event::Notice(notice)) => {
                connection.notice(&notice, output)?;
                if matches!(notice, Notice::Joined { peer, .. } if peer == paired.peer) {
                    return Ok(());
                }
            }
            Some(Event::Signal(Signal::End)) => {
                return Err(Failure::new("not sent", "ended by a signal"));
            }
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(Event::Signal(Signal::Reload) | Event::Typed(_) | Event::Control(_)) => {}
            None if dials_at.take().is_some() => {
                let contact = pairing::contact(paired, paired.may);
                connection.running.handle.connect(contact, Redial::Always);
            }
            None => {
                let why = format!("they did not come within {} s", wait.as_secs());
                return Err(Failure::new("not sent", why).next(NEW_CODE));
            }
        }
    }
}

/// How long to wait for the peer that typed the code before it is dialed; most connect at once.
const DIAL_DELAY: Duration = Duration::from_secs(2);

/// Counts the paths that failed. The failure of a single path ends the command; among several paths
/// each failure is printed, and the others are sent.
pub(super) struct PathFailures<'a> {
    output: &'a Output,
    paths: usize,
    failed: usize,
}

impl<'a> PathFailures<'a> {
    pub(super) fn new(paths: usize, output: &'a Output) -> Self {
        Self {
            output,
            paths,
            failed: 0,
        }
    }

    /// The paths that exist.
    pub(super) fn existing<'p>(&mut self, paths: &'p [PathBuf]) -> Result<Vec<&'p Path>, Failure> {
        let mut existing = Vec::new();
        for path in paths {
            match path.symlink_metadata() {
                Ok(_) => existing.push(path.as_path()),
                Err(error) => self.add(Failure::new(
                    format!("can't send {}", path_text(path)),
                    error,
                ))?,
            }
        }
        Ok(existing)
    }

    pub(super) fn add(&mut self, failure: Failure) -> Result<(), Failure> {
        if self.paths == 1 {
            return Err(failure);
        }
        self.failed += 1;
        self.output.complain(failure.to_string());
        Ok(())
    }

    pub(super) fn verdict(&self, what: &str) -> Result<(), Failure> {
        match self.failed {
            0 => Ok(()),
            failed => {
                let why = format!("{failed} of {} failed", count(self.paths as u64, "path"));
                Err(Failure::new(what, why))
            }
        }
    }
}

/// The connection, and until when it may be lost.
struct Sending<'a> {
    connection: Connection,
    output: &'a Output,
    wait: Duration,
    bars: Bars,
    controls: Controls,
    /// While the connection is lost: until when the peer may come back.
    lost: Option<Instant>,
}

impl Sending<'_> {
    /// Sends one path until its transfer ends. The outer error ends the command; the inner one is
    /// about this path only.
    fn send(&mut self, path: &Path, options: SendOptions) -> Result<Result<(), Failure>, Failure> {
        let transfer = self
            .connection
            .running
            .handle
            .send(&self.connection.peer, path, options);
        let mut progress = Progress::new(self.output, &self.bars);
        let (follows, mut ends) = (options.follow.is_some(), false);
        loop {
            let Some(event) = self.connection.running.next(self.lost) else {
                let why = format!("they did not come back within {} s", self.wait.as_secs());
                return Err(self.lost(why));
            };
            match event {
                Event::Notice(notice) => {
                    let ended = self.notice(&notice, transfer, &mut progress)?;
                    if let Some((status, outcome)) = ended {
                        if outcome.is_success() || self.output.is_json() {
                            report::tell(self.output, &notice);
                        }
                        return self.ended(path, status, outcome);
                    }
                }
                // A later signal ends the program without asking here.
                Event::Signal(Signal::End) if follows => {
                    self.connection.running.handle.end_follow(transfer);
                    if !std::mem::replace(&mut ends, true) {
                        self.bars.aside(|| self.output.warn(ENDS));
                    }
                }
                Event::Signal(Signal::End) => {
                    return Err(resumable(Failure::new("not sent", "ended by a signal")));
                }
                Event::Broken(why) => return Err(Failure::new("the station ended", why)),
                Event::Control(control) => self.control(control, &mut progress),
                Event::Signal(Signal::Reload) | Event::Typed(_) => {}
            }
        }
    }

    fn control(&mut self, control: Control, progress: &mut Progress<'_>) {
        let Some(status) = progress.status() else {
            return;
        };
        let handle = &self.connection.running.handle;
        if let Some(question) = self.controls.apply(control, &mut [status], handle) {
            self.bars.aside(|| self.output.ask(&question));
        }
    }

    /// Handles a notice; returns how the transfer ended, once it has.
    fn notice<'n>(
        &mut self,
        notice: &'n Notice,
        transfer: TransferId,
        progress: &mut Progress<'_>,
    ) -> Result<Option<(&'n TransferStatus, &'n Outcome)>, Failure> {
        match notice {
            Notice::Transfer(status) if status.transfer == transfer => {
                progress.show(status);
                if progress.status().is_some() {
                    explain(&mut self.controls, &self.bars, self.output);
                }
            }
            Notice::TransferEnded { status, outcome } if status.transfer == transfer => {
                progress.end();
                return Ok(Some((status, outcome)));
            }
            Notice::EntryFailed { transfer: of, .. } if *of == transfer => {
                self.bars.aside(|| self.warn(notice));
            }
            _ => {
                self.watch_the_line(notice);
                self.bars
                    .aside(|| self.connection.notice(notice, self.output))?;
            }
        }
        Ok(None)
    }

    /// Gives a lost peer some time to come back.
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
        status: &TransferStatus,
        outcome: &Outcome,
    ) -> Result<Result<(), Failure>, Failure> {
        match outcome {
            Outcome::Lost { why } => Err(self.lost(why)),
            Outcome::Partial { .. } => Ok(Err(Failure::new(
                format!("{} was sent in part", path_text(path)),
                crate::words::ended_words(status, outcome),
            ))),
            outcome if !outcome.is_success() => Ok(Err(Failure::new(
                format!("{} was not sent", path_text(path)),
                crate::words::unsent_words(outcome),
            ))),
            _ => Ok(Ok(())),
        }
    }

    fn lost(&self, why: impl Display) -> Failure {
        let what = format!("lost the connection to {}", self.connection.peer);
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

/// After the first signal while a file is followed.
const ENDS: &str = "sending what the file has now; Ctrl-C again stops at once";

fn resumable(failure: Failure) -> Failure {
    failure.next("the same command resumes where this one ended")
}
