//! `cargo xtask bench files`: one big random file between two folders in memory over loopback, by
//! us and by what people use today. Rounds are interleaved, so that a busy moment hits everybody,
//! and every copy begins with memory that is really there.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::stage::Stage;

use super::peers::{self, Peer};
use super::{build, number};

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let mib = number(arguments, "--mib", 2048)?;
    let rounds = number(arguments, "--rounds", 3)?;
    build()?;
    let stage = Stage::new()?;
    let source = stage.path("random.bin");
    let target = stage.path("arrived");
    fs::create_dir(&target).context(target.display())?;
    eprintln!("\n=== making {mib} MiB of random bytes");
    make(&source, u64::from(mib) << 20)?;

    let mut runs: Vec<Runs> = peers::all(&stage, &target)?
        .into_iter()
        .map(Runs::of)
        .collect();
    for round in 1..=rounds {
        for runs in &mut runs {
            eprintln!("=== round {round}: {}", runs.peer.name());
            fetch_memory(&target, u64::from(mib) << 20)?;
            runs.once(&source, &target)?;
        }
    }
    digest(&source)?;
    report(&mut runs, mib)
}

fn make(path: &Path, bytes: u64) -> Outcome {
    let random = File::open("/dev/urandom").context("/dev/urandom")?;
    let mut file = File::create(path).context(path.display())?;
    io::copy(&mut random.take(bytes), &mut file).context(path.display())?;
    Ok(())
}

/// Fills memory for one copy and gives it back, so that the copy gets pages that exist already.
///
/// A virtual machine's host takes back memory that is free for some seconds. Getting it again, page
/// by page, was measured to cost a second for each GiB and more: a constant that has nothing to do
/// with copying, that a machine of one's own does not have, and that hides most of what is
/// compared.
fn fetch_memory(target: &Path, bytes: u64) -> Outcome {
    let path = target.join("memory");
    let mut file = File::create(&path).context(path.display())?;
    let pages = io::repeat(1).take(bytes + bytes / 8);
    io::copy(&mut io::BufReader::with_capacity(BLOCK, pages), &mut file).context(path.display())?;
    fs::remove_file(&path).context(path.display())
}

/// One way to copy, and how long it took each time.
struct Runs {
    peer: Box<dyn Peer>,
    times: Vec<Duration>,
}

impl Runs {
    fn of(peer: Box<dyn Peer>) -> Self {
        Self {
            peer,
            times: Vec::new(),
        }
    }

    /// Copies, compares outside the time, and removes the copy.
    fn once(&mut self, source: &Path, target: &Path) -> Outcome {
        let started = Instant::now();
        self.peer.copy(source)?;
        self.times.push(started.elapsed());
        let name = source.file_name().unwrap_or_default();
        let copy = target.join(name);
        if !same(source, &copy).context(copy.display())? {
            let name = self.peer.name();
            return Err(Failure::new(format!("{name}: the copy differs")));
        }
        fs::remove_file(&copy).context(copy.display())
    }

    fn median(&mut self) -> Duration {
        self.times.sort();
        self.times
            .get(self.times.len() / 2)
            .copied()
            .unwrap_or_default()
    }
}

fn same(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; BLOCK], vec![0; BLOCK]);
    loop {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(true);
        }
        other.read_exact(&mut right[..count])?;
        if left[..count] != right[..count] {
            return Ok(false);
        }
    }
}

const BLOCK: usize = 1 << 20;

/// What everybody's copy was compared with, by the tool that people check with.
fn digest(source: &Path) -> Outcome {
    if machine::program("b3sum").is_none() {
        eprintln!("no b3sum here (apt-get install b3sum): digests are not shown");
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

fn report(runs: &mut [Runs], mib: u32) -> Outcome {
    let ours = runs.first_mut().map(Runs::median).unwrap_or_default();
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
