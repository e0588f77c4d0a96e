//! How soon a pause and a cancel take effect: from the key at one side until both sides tell it.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::bench::number;
use crate::children::Background;
use crate::failure::{Context, Outcome};
use crate::sandbox::{STARTING, Sandbox, is_event, text_field};

use super::big::make;
use super::within;

/// The promised limit of the time until an effect at either side, in milliseconds.
const EFFECT: f64 = 200.0;

/// A rate at which the file does not end meanwhile.
const RATE: &str = "20M";

/// A file of that size takes longer than all keys.
const BYTES: u64 = 1 << 30;

pub(super) fn run(programs: &Path, arguments: &[&str]) -> Outcome {
    let rounds = number(arguments, "--rounds", 5)?;
    println!("the slowest of {rounds} rounds, until both sides tell it, milliseconds");
    for side in [Side::Sender, Side::Receiver] {
        let mut slowest = [0_f64; 3];
        for _ in 0..rounds {
            for (slowest, time) in slowest.iter_mut().zip(round(programs, side)?) {
                *slowest = slowest.max(time);
            }
        }
        for (what, time) in ["pause", "go on", "cancel"].iter().zip(slowest) {
            within(
                &format!("{what} by the {side:?}").to_lowercase(),
                time,
                "ms",
                EFFECT,
            );
        }
    }
    Ok(())
}

/// Where the keys are pressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    Sender,
    Receiver,
}

/// Milliseconds until a pause, its end, and a cancel are told by both sides.
fn round(programs: &Path, side: Side) -> Outcome<[f64; 3]> {
    let sandbox = Sandbox::with_programs(programs.to_path_buf())?;
    let (source, target) = (sandbox.path("random.bin"), sandbox.path("arrived"));
    fs::create_dir(&target).context(target.display())?;
    make(&source, BYTES)?;
    let keyboard = Keyboard::new()?;
    let typing = |command: &Command, at: Side| match at == side {
        true => keyboard.command(command),
        false => same(command),
    };
    let (sender, receiver) = (sandbox.user("sender")?, sandbox.user("receiver")?);
    receiver.knows(&sender, "127.0.0.1:9")?;
    let into = target.to_string_lossy();
    let receive = ["receive", "--into", &into, "--accept", "known", "--json"];
    let receive = [&receive[..], &["--listen", "127.0.0.1:0"]].concat();
    let receive = typing(&receiver.transom(&receive), Side::Receiver);
    let receive = Background::start(&mut { receive })?;
    let address = receive.line(STARTING, |line| {
        is_event(line, "listening").then(|| text_field(line, "address"))?
    })?;
    sender.knows(&receiver, &address)?;
    let source = source.to_string_lossy();
    let send = ["send", "receiver", &source, "--limit", RATE, "--json"];
    let send = typing(&sender.transom(&send), Side::Sender);
    let sides = [Background::start(&mut { send })?, receive];
    let until = |pressed: Instant, is_it: fn(&str) -> bool| -> Outcome<f64> {
        let mut last = pressed;
        for side in &sides {
            last = last.max(side.timed_line(STARTING, is_it)?.0);
        }
        Ok((last - pressed).as_secs_f64() * 1000.0)
    };
    until(Instant::now(), |line| is_phase(line, "running"))?;
    thread::sleep(SETTLED);
    let pause = until(keyboard.press("p")?, |line| is_phase(line, "paused"))?;
    thread::sleep(SETTLED);
    let go_on = until(keyboard.press("p")?, |line| is_phase(line, "running"))?;
    thread::sleep(SETTLED);
    let cancel = until(keyboard.press("cc")?, |line| {
        is_event(line, "transfer_ended")
    })?;
    Ok([pause, go_on, cancel])
}

/// Longer than programs take to read keys, and than progress is told late.
const SETTLED: Duration = Duration::from_secs(1);

fn is_phase(line: &str, phase: &str) -> bool {
    is_event(line, "transfer") && text_field(line, "phase").as_deref() == Some(phase)
}

/// A terminal whose keys the bench presses.
struct Keyboard {
    master: OwnedFd,
    path: PathBuf,
}

impl Keyboard {
    fn new() -> Outcome<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).context("a terminal")?;
        grantpt(&master).context("a terminal")?;
        unlockpt(&master).context("a terminal")?;
        let path = ptsname(&master, Vec::new()).context("a terminal")?;
        let path = PathBuf::from(path.to_string_lossy().into_owned());
        Ok(Self { master, path })
    }

    /// The same command, in the foreground of this terminal.
    fn command(&self, command: &Command) -> Command {
        let mut session = Command::new("setsid");
        session
            .args(["sh", "-c", "exec \"$@\" 0<>\"$0\""])
            .arg(&self.path);
        session.arg(command.get_program()).args(command.get_args());
        in_place(session, command)
    }

    /// Returns when the keys were pressed.
    fn press(&self, keys: &str) -> Outcome<Instant> {
        let master = self.master.try_clone().context("a terminal")?;
        let pressed = Instant::now();
        File::from(master)
            .write_all(keys.as_bytes())
            .context("a terminal")?;
        Ok(pressed)
    }
}

fn same(command: &Command) -> Command {
    let mut same = Command::new(command.get_program());
    same.args(command.get_args());
    in_place(same, command)
}

/// In the folder of the other command.
fn in_place(mut command: Command, other: &Command) -> Command {
    if let Some(folder) = other.get_current_dir() {
        command.current_dir(folder);
    }
    command
}
