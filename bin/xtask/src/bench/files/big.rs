//! A large random file. Rounds are interleaved, so that a busy moment affects all, and each copy
//! begins with memory that is already mapped. The cost of the parts that our copy can't avoid is
//! measured too; `--parts` leaves the other programs out.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::bench::number;
use crate::bench::parts::{self, Parts};
use crate::bench::peers;
use crate::failure::{Context, Outcome};
use crate::machine;
use crate::sandbox::Sandbox;

use super::runs::{BLOCK, Runs, median, remove_copy};
use super::verdict;

pub(super) fn run(programs: &Path, arguments: &[&str]) -> Outcome {
    let mib = number(arguments, "--mib", 2048)?;
    let rounds = number(arguments, "--rounds", 3)?;
    let sandbox = Sandbox::with_programs(programs.to_path_buf())?;
    let source = sandbox.path("random.bin");
    let target = sandbox.path("arrived");
    fs::create_dir(&target).context(target.display())?;
    eprintln!("\n=== making {mib} MiB of random bytes");
    make(&source, u64::from(mib) << 20)?;

    let mut bench = parts::Bench::new(&target, mib, !arguments.contains(&"--bin"))?;
    let mut parts = Vec::new();
    let peers = match arguments.contains(&"--parts") {
        true => vec![peers::ours(&sandbox, &target)?],
        false => peers::all(&sandbox, &target)?,
    };
    let mut runs: Vec<Runs> = peers.into_iter().map(Runs::of).collect();
    for round in 1..=rounds {
        for runs in &mut runs {
            eprintln!("=== round {round}: {}", runs.peer.name());
            fetch_memory(&target, u64::from(mib) << 20)?;
            runs.once(&source, &target)?;
        }
        if let Some(bench) = &mut bench {
            eprintln!("=== round {round}: the parts of ours");
            fetch_memory(&target, u64::from(mib) << 20)?;
            parts.push(bench.once(&source)?);
            remove_copy(&source, &target)?;
        }
    }
    digest(&source)?;
    report(&runs, mib)?;
    if let (Some(ours), false) = (runs.first(), parts.is_empty()) {
        report_parts(ours, &parts);
    }
    Ok(())
}

pub(super) fn make(path: &Path, bytes: u64) -> Outcome {
    let random = File::open("/dev/urandom").context("/dev/urandom")?;
    let mut file = File::create(path).context(path.display())?;
    io::copy(&mut random.take(bytes), &mut file).context(path.display())?;
    Ok(())
}

/// Fills memory for one copy and frees it, so that the copy gets pages that the host has already
/// provided.
///
/// The host of a virtual machine reclaims memory that is free for some seconds. Faulting it in
/// again, page by page, was measured to cost a second or more for each GiB: a constant that has
/// nothing to do with copying, does not exist on real hardware, and hides most of the differences.
pub(in crate::bench) fn fetch_memory(target: &Path, bytes: u64) -> Outcome {
    let path = target.join("memory");
    let mut file = File::create(&path).context(path.display())?;
    let pages = io::repeat(1).take(bytes + bytes / 8);
    io::copy(&mut io::BufReader::with_capacity(BLOCK, pages), &mut file).context(path.display())?;
    fs::remove_file(&path).context(path.display())
}

/// Prints the digest of the source, to which each copy was compared.
fn digest(source: &Path) -> Outcome {
    if machine::program("b3sum").is_none() {
        eprintln!("digests are not shown: b3sum is not installed (apt-get install b3sum)");
        return Ok(());
    }
    let output = Command::new("b3sum")
        .arg(source)
        .output()
        .context("b3sum")?;
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    println!(
        "\nb3sum of the file and of every copy: {}",
        line.split(' ').next().unwrap_or_default()
    );
    Ok(())
}

fn report(runs: &[Runs], mib: u32) -> Outcome {
    let ours = runs.first().map(Runs::median).unwrap_or_default();
    let bytes = f64::from(mib) * 1024.0 * 1024.0;
    println!("\n{mib} MiB over loopback between two folders in memory, medians");
    println!(
        "{:<34} {:>8} {:>10}  {:<18} all",
        "", "seconds", "MB/s", "transom is"
    );
    for runs in runs {
        let time = runs.median().as_secs_f64();
        let all: Vec<String> = runs
            .times
            .iter()
            .map(|time| format!("{:.2}", time.as_secs_f64()))
            .collect();
        println!(
            "{:<34} {time:>8.2} {:>10.0}  {:.2} times as fast  {}",
            runs.peer.name(),
            bytes / time / 1e6,
            time / ours.as_secs_f64(),
            all.join(" "),
        );
    }
    Ok(())
}

/// Our time, compared with the processor time of the unavoidable parts.
fn report_parts(ours: &Runs, parts: &[Parts]) {
    println!("\nthe unavoidable parts of our copy: processor time, medians");
    let mut all = Duration::ZERO;
    for (at, name) in parts::NAMES.iter().enumerate() {
        let part = median(parts.iter().map(|parts| parts[at]).collect());
        println!("{name:<34} {:>8.2} s", part.as_secs_f64());
        all += part;
    }
    let (all, time) = (all.as_secs_f64(), ours.median().as_secs_f64());
    println!("{:<34} {all:>8.2} s", "the sum of its parts");
    println!(
        "{:<34} {:>8.2} s, {:.2} times that",
        "half of it, on two processors",
        all / 2.0,
        2.0 * time / all,
    );
    verdict("transom", time, "the sum", all, Some(PROMISED_RATIO));
    let used = median(ours.used.clone()).as_secs_f64();
    println!(
        "{:<34} {used:>8.2} s on {:.2} processors",
        "its processor time",
        used / time
    );
}

/// The promised limit of the time, in sums of its parts.
const PROMISED_RATIO: f64 = 1.2;
