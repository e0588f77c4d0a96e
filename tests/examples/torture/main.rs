//! Torture of file transfers, for `cargo xtask torture`: real programs that are killed and stopped,
//! links that are cut and stalled, disks that fail and lose power, clocks that jump. After each run
//! everything must come to an end without faults, identical and without debris.
//!
//! `cargo run -p transom-tests --example torture -- [--runs N] [--seed S] [--jobs N]`

mod failing;
mod plan;
mod random;
mod run;
mod tree;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use transom_tests::Scratch;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((first, rest)) if first == RECEIVER => failing::receive(rest),
        Some((first, rest)) if first == SENDER => failing::send(rest),
        _ => Torture::parse(&arguments).and_then(|torture| torture.run()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("torture: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The first argument of a receiver or a sender whose disk fails.
pub(crate) const RECEIVER: &str = "receiver";
pub(crate) const SENDER: &str = "sender";

/// Many runs.
struct Torture {
    runs: u64,
    /// Of the first run; each run has the next one.
    seed: u64,
    jobs: usize,
}

impl Torture {
    fn parse(arguments: &[String]) -> Result<Self, Box<dyn Error>> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let mut torture = Self {
            runs: 30,
            seed: since.as_secs() % 1_000_000_000,
            jobs: cores + 1,
        };
        let mut runs = None;
        for option in arguments.chunks(2) {
            match option {
                [name, value] if name == "--runs" => runs = Some(value.parse()?),
                [name, value] if name == "--jobs" => torture.jobs = value.parse()?,
                [name, value] if name == "--seed" => {
                    torture.seed = value.parse()?;
                    torture.runs = 1;
                }
                _ => return Err(format!("{}: not known", option.join(" ")).into()),
            }
        }
        torture.runs = runs.unwrap_or(torture.runs);
        Ok(torture)
    }

    fn run(&self) -> Result<(), Box<dyn Error>> {
        let started = Instant::now();
        println!("{} runs, the first with seed {}", self.runs, self.seed);
        let (next, has_failed) = (AtomicU64::new(0), AtomicBool::new(false));
        let totals = Mutex::new(run::Totals::default());
        thread::scope(|scope| {
            for _ in 0..self.jobs {
                scope.spawn(|| {
                    while !has_failed.load(Ordering::SeqCst) {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        if number >= self.runs {
                            return;
                        }
                        match one(self.seed + number) {
                            Some(its) => totals.lock().expect("nobody panics with it").add(its),
                            None => has_failed.store(true, Ordering::SeqCst),
                        }
                    }
                });
            }
        });
        let totals = totals.into_inner()?;
        let seconds = started.elapsed().as_secs();
        println!("{seconds} s: {totals}");
        match has_failed.into_inner() {
            true => Err("a run failed, see above".into()),
            false => Ok(()),
        }
    }
}

/// One run; nothing if it failed, which is told.
fn one(seed: u64) -> Option<run::Totals> {
    let scratch = Scratch::in_memory();
    let why = match catch_unwind(AssertUnwindSafe(|| run::run(seed, &scratch))) {
        Ok(Ok(totals)) => return Some(totals),
        Ok(Err(why)) => why.to_string(),
        Err(_) => "it panicked".to_owned(),
    };
    println!(
        "run with seed {seed} failed: {why}\n\
         What happened is in {0}/story and {0}/*.log. Again, with the same plan:\n\
         cargo xtask torture --seed {seed}",
        scratch.path().display()
    );
    // The user is to look at it.
    std::mem::forget(scratch);
    None
}
