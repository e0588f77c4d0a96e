//! How soon something happens: the first byte of one file and of a million, the first new byte of a
//! file that is resumed.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::number;
use crate::bench::peers::{Ours, Peer as _, Rsync, Tar, has};
use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::sandbox::Sandbox;

use super::big::make;
use super::runs::remove_copy;
use super::{trees, verdict, within};

/// The promised limit of the time to the first byte, in seconds.
const FIRST_BYTE: f64 = 0.1;

/// The promised limit of the time to the first new byte of 100 GB that are resumed, in seconds.
const RESUMED: f64 = 1.0;
const RESUMED_BYTES: f64 = 100e9;

/// From the start of the sender until a file is at the receiver.
pub(super) fn first_byte(programs: &Path, arguments: &[&str]) -> Outcome {
    let files = number(arguments, "--files", 1_000_000)?;
    println!("from the start of the sender, seconds");
    first_of("one file", programs, true, |source| make(source, 64 << 20))?;
    first_of(&format!("{files} empty files"), programs, false, |source| {
        trees::make(source, files, 0)
    })
}

fn first_of(
    name: &str,
    programs: &Path,
    has_bytes: bool,
    make: impl FnOnce(&Path) -> Outcome,
) -> Outcome {
    let sandbox = Sandbox::with_programs(programs.to_path_buf())?;
    let (source, target) = trees::folders(&sandbox)?;
    eprintln!("=== making {name}");
    make(&source)?;
    let ours = Ours::new(&sandbox, &target)?;
    let started = Instant::now();
    let sender = Background::start(&mut ours.send(&source))?;
    let time = arrival(&target, has_bytes, started)?;
    drop((sender, ours));
    within(name, time, "s", FIRST_BYTE);
    if has(&[("tar", "tar"), ("socat", "socat")]) {
        let target = sandbox.path("unpacked");
        fs::create_dir(&target).context(target.display())?;
        let started = Instant::now();
        let [unpack, pack] = Tar::new(&target).start(&source)?;
        let theirs = arrival(&target, has_bytes, started)?;
        pack.finish()?;
        unpack.finish()?;
        verdict(name, time, "tar", theirs, None);
    }
    Ok(())
}

/// Seconds until a file is below the folder.
fn arrival(target: &Path, has_bytes: bool, started: Instant) -> Outcome<f64> {
    while !has_file(target, has_bytes) {
        if started.elapsed() > PATIENCE {
            return Err(Failure::new("no file arrived"));
        }
        thread::sleep(POLL);
    }
    Ok(started.elapsed().as_secs_f64())
}

const PATIENCE: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_micros(500);

/// Whether a file is below the folder, in the receiver's own folder only under `tree`: the rest
/// there are its notes.
fn has_file(folder: &Path, has_bytes: bool) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        match entry.metadata() {
            Ok(found) if found.is_dir() && entry.file_name() == ".transom-incoming" => {
                staged(&path).iter().any(|tree| has_file(tree, has_bytes))
            }
            Ok(found) if found.is_dir() => has_file(&path, has_bytes),
            Ok(found) => found.len() > 0 || !has_bytes,
            Err(_) => false,
        }
    })
}

/// The folders of files that are on their way.
fn staged(incoming: &Path) -> Vec<PathBuf> {
    let transfers = fs::read_dir(incoming).into_iter().flatten().flatten();
    transfers.map(|entry| entry.path().join("tree")).collect()
}

/// Resumes a file of which half is there, and one of which a quarter as much is: what the time to
/// the first new byte has in it that grows with the file shows in their difference.
pub(super) fn resume(programs: &Path, arguments: &[&str]) -> Outcome {
    let bytes = u64::from(number(arguments, "--mib", 2048)?) << 20;
    let small = Resumed::measure(programs, bytes / 4)?;
    let large = Resumed::measure(programs, bytes)?;
    for resumed in [&small, &large] {
        resumed.report();
    }
    // What a busy moment added to the small one is no speed.
    let each = ((large.time - small.time) / (large.held - small.held)).max(0.0);
    let whole = large.time + each * (RESUMED_BYTES - large.held);
    println!("{:<34} {:>8.3} s a GB", "what grows with it", each * 1e9);
    within("so with 100 GB there", whole, "s", RESUMED);
    compare_rest(programs, bytes, large.whole)
}

/// A file that was cut in its middle and is sent again.
struct Resumed {
    /// Bytes that were there.
    held: f64,
    /// Seconds to the first new byte.
    time: f64,
    /// Seconds to the end.
    whole: f64,
    /// What the receiver and the sender had read at the first new byte.
    read: [u64; 2],
}

impl Resumed {
    /// Kills the sender in the middle of a file, and starts it again.
    fn measure(programs: &Path, bytes: u64) -> Outcome<Self> {
        let sandbox = Sandbox::with_programs(programs.to_path_buf())?;
        let (source, target) = (sandbox.path("random.bin"), sandbox.path("arrived"));
        fs::create_dir(&target).context(target.display())?;
        make(&source, bytes)?;
        let ours = Ours::new(&sandbox, &target)?;
        let receiver = ours.receiver.id();
        let sender = Background::start(&mut ours.send(&source))?;
        written(receiver, bytes / 2, "half of the file did not arrive")?;
        drop(sender);
        // The receiver notices, and brings to the disk what it has.
        thread::sleep(Duration::from_secs(2));

        let (held, read) = (count(receiver, WRITTEN)?, count(receiver, READ)?);
        let started = Instant::now();
        let sender = Background::start(&mut ours.send(&source))?;
        written(receiver, held + NEW, "nothing new arrived")?;
        let time = started.elapsed().as_secs_f64();
        let read = [count(receiver, READ)? - read, count(sender.id(), READ)?];
        sender.finish()?;
        let whole = started.elapsed().as_secs_f64();
        remove_copy(&source, &target)?;
        Ok(Self {
            held: float(held.min(bytes)),
            time,
            whole,
            read,
        })
    }

    fn report(&self) {
        println!("{:.0} MB were there", self.held / 1e6);
        within("to the first new byte", self.time, "s", RESUMED);
        for (side, bytes) in ["receiver", "sender"].iter().zip(self.read) {
            println!("{side:<34} {:>8.0} MB read until then", float(bytes) / 1e6);
        }
    }
}

/// Waits until a program has written so many bytes.
fn written(process: u32, bytes: u64, complaint: &str) -> Outcome {
    let started = Instant::now();
    while count(process, WRITTEN)? < bytes {
        if started.elapsed() > PATIENCE {
            return Err(Failure::new(complaint));
        }
        thread::sleep(POLL);
    }
    Ok(())
}

/// Our time for all of the other half, beside that of a program that reads the first half too.
fn compare_rest(programs: &Path, bytes: u64, ours: f64) -> Outcome {
    let sandbox = Sandbox::with_programs(programs.to_path_buf())?;
    let (source, target) = (sandbox.path("random.bin"), sandbox.path("arrived"));
    fs::create_dir(&target).context(target.display())?;
    let Some(mut rsync) = Rsync::new(&sandbox, &target, "--append-verify")? else {
        return Ok(());
    };
    make(&source, bytes)?;
    let half = File::open(&source).context(source.display())?;
    let copy = target.join("random.bin");
    let mut there = File::create(&copy).context(copy.display())?;
    io::copy(&mut half.take(bytes / 2), &mut there).context(copy.display())?;
    drop(there);
    let started = Instant::now();
    rsync.copy(&source)?;
    let theirs = started.elapsed().as_secs_f64();
    let rsync = "rsync --append-verify";
    verdict("all of the other half", ours, rsync, theirs, None);
    Ok(())
}

/// New bytes of which it is certain that they are no notes of the receiver.
const NEW: u64 = 1 << 20;

const READ: &str = "rchar: ";
const WRITTEN: &str = "wchar: ";

/// Bytes that a program has read or written by system calls, sockets not among them.
fn count(process: u32, field: &str) -> Outcome<u64> {
    let path = format!("/proc/{process}/io");
    let text = fs::read_to_string(&path).context(&path)?;
    let count = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.parse().ok());
    count.ok_or_else(|| Failure::new(format!("{path}: no {field}")))
}

/// Bytes as a float, in whole KiB.
fn float(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) * 1024.0
}
