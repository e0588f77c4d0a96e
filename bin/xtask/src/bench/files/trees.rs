//! Folders of many files: small ones, and a million of empty ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::peers::{self, Ours, Peer as _};
use crate::bench::{most_resident, number};
use crate::children::Background;
use crate::failure::{Context, Outcome};
use crate::sandbox::Sandbox;

use super::runs::{Runs, remove_copy};
use super::{verdict, within};

/// The size of a small file.
pub(super) const SMALL: usize = 4096;

/// The promised limits of the time for small files, in times of the peer.
const BOUNDS: [(&str, f64); 2] = [("tar", 2.0), ("rsync", 0.6)];

/// How much more memory a side may take for all files than for a thousandth of them. The promise
/// is flat memory; this is what an allocator's own growth may hide.
const FLAT_MB: f64 = 4.0;

/// 10,000 files of 4 KiB.
pub(super) fn small(programs: &Path, arguments: &[&str]) -> Outcome {
    let files = number(arguments, "--files", 10_000)?;
    let rounds = number(arguments, "--rounds", 3)?;
    let sandbox = Sandbox::with_programs(programs.to_path_buf())?;
    let (source, target) = folders(&sandbox)?;
    make(&source, files, SMALL)?;
    let mut peers = vec![peers::ours(&sandbox, &target)?];
    peers.extend(peers::for_folders(&sandbox, &target)?);
    let mut runs: Vec<Runs> = peers.into_iter().map(Runs::of).collect();
    for round in 1..=rounds {
        for runs in &mut runs {
            eprintln!("=== round {round}: {}", runs.peer.name());
            runs.once(&source, &target)?;
        }
    }
    println!("{files} files of {SMALL} bytes, seconds, medians of {rounds}");
    compare(&runs, &BOUNDS);
    Ok(())
}

/// 1,000,000 empty files, and the memory of both sides.
pub(super) fn million(programs: &Path, arguments: &[&str]) -> Outcome {
    let files = number(arguments, "--files", 1_000_000)?;
    let sandbox = Sandbox::with_programs(programs.to_path_buf())?;
    let (source, target) = folders(&sandbox)?;
    let mut ours = Ours::new(&sandbox, &target)?;
    let few = sandbox.path("few");
    make(&few, files.div_ceil(1000), 0)?;
    let before = memory_of(&mut ours, &few)?;
    remove_copy(&few, &target)?;

    eprintln!("=== making {files} empty files");
    make(&source, files, 0)?;
    eprintln!("=== {}", ours.name());
    let started = Instant::now();
    let after = memory_of(&mut ours, &source)?;
    let time = started.elapsed();
    remove_copy(&source, &target)?;
    drop(ours);

    println!("{files} empty files, seconds, and MB of memory at most");
    let peers = peers::for_folders(&sandbox, &target)?;
    for mut runs in peers.into_iter().map(Runs::of) {
        eprintln!("=== {}", runs.peer.name());
        runs.once(&source, &target)?;
        let theirs = runs.median().as_secs_f64();
        verdict(
            "transom",
            time.as_secs_f64(),
            runs.peer.name(),
            theirs,
            None,
        );
    }
    for (side, (before, after)) in ["sender", "receiver"].iter().zip(before.iter().zip(after)) {
        println!("{side:<34} {after:>8.2} MB, {before:.2} MB with a thousandth of the files");
        within(
            &format!("{side}: more memory"),
            after - before,
            "MB",
            FLAT_MB,
        );
    }
    Ok(())
}

/// The most memory in MB that the sender and the receiver had, after that was copied.
fn memory_of(ours: &mut Ours, source: &Path) -> Outcome<[f64; 2]> {
    let mut sender = Background::start(&mut ours.send(source))?;
    let mut most = 0;
    while sender.ended()?.is_none() {
        most = most_resident(sender.id()).max(most);
        thread::sleep(Duration::from_millis(20));
    }
    sender.finish()?;
    let kilobytes = [most, most_resident(ours.receiver.id())];
    Ok(kilobytes.map(|kilobytes| f64::from(u32::try_from(kilobytes).unwrap_or(u32::MAX)) / 1024.0))
}

/// The folder to make and the one to copy it to.
pub(super) fn folders(sandbox: &Sandbox) -> Outcome<(PathBuf, PathBuf)> {
    let target = sandbox.path("arrived");
    fs::create_dir(&target).context(target.display())?;
    Ok((sandbox.path("many"), target))
}

/// Makes a folder of so many files of that size, a hundred or a thousand in each folder in it.
pub(super) fn make(folder: &Path, files: u32, size: usize) -> Outcome {
    let in_each = if files > 100_000 { 1000 } else { 100 };
    let bytes = vec![0x5a; size];
    for file in 0..files {
        let inner = folder.join((file / in_each).to_string());
        if file % in_each == 0 {
            fs::create_dir_all(&inner).context(inner.display())?;
        }
        let path = inner.join(file.to_string());
        fs::write(&path, &bytes).context(path.display())?;
    }
    Ok(())
}

/// Prints our time beside that of each other.
fn compare(runs: &[Runs], bounds: &[(&str, f64)]) {
    let Some((ours, others)) = runs.split_first() else {
        return;
    };
    for runs in runs {
        let all = runs
            .times
            .iter()
            .map(|time| format!("{:.2}", time.as_secs_f64()));
        let all: Vec<_> = all.collect();
        println!("{:<34} all: {}", runs.peer.name(), all.join(" "));
    }
    for other in others {
        let name = other.peer.name();
        let bound = bounds.iter().find(|(peer, _)| name.starts_with(peer));
        let (time, theirs) = (ours.median().as_secs_f64(), other.median().as_secs_f64());
        verdict(
            "transom",
            time,
            name,
            theirs,
            bound.map(|(_, bound)| *bound),
        );
    }
}
