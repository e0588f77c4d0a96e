//! `cargo xtask fuzz`: libFuzzer through cargo-fuzz on the stable toolchain, one target or all. New
//! inputs stay in fuzz/target: the committed corpus grows only by hand.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::packages::{self, CPP, LIBCLANG};
use crate::step;
use crate::workspace::{self, cargo};

/// A release that builds on the stable toolchain.
const CARGO_FUZZ: &str = "0.13.2";

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let request = Options::parse(arguments)?;
    packages::ensure(&[&LIBCLANG, &CPP])?;
    ensure_cargo_fuzz()?;
    step::run("building the fuzz targets", &mut cargo_fuzz("build", &[]))?;
    let mut reports = Vec::new();
    for target in &request.targets {
        reports.push(fuzz(target, request.seconds)?);
    }
    println!("{}", Report::HEAD);
    for report in &reports {
        println!("{}", report.row());
    }
    match reports.iter().filter(|r| r.is_bad()).count() {
        0 => Ok(()),
        bad => Err(Failure::new(format!(
            "{bad} of {} targets have findings (fuzz/README.md says what to do with them)",
            reports.len()
        ))),
    }
}

struct Options {
    targets: Vec<String>,
    seconds: u32,
}

impl Options {
    fn parse(arguments: &[&str]) -> Outcome<Self> {
        let all = targets();
        let mut request = Self {
            targets: Vec::new(),
            seconds: 60,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match *argument {
                "--seconds" => {
                    request.seconds = rest
                        .next()
                        .and_then(|value| value.parse().ok())
                        .filter(|seconds| *seconds > 0)
                        .ok_or_else(|| Failure::usage("fuzz: --seconds takes a number from 1"))?;
                }
                name if all.iter().any(|target| target == name) => {
                    request.targets.push(name.into())
                }
                other => {
                    return Err(Failure::usage(format!(
                        "fuzz: {other}: no such target (there are {})",
                        all.join(", ")
                    )));
                }
            }
        }
        if request.targets.is_empty() {
            request.targets = all;
        }
        Ok(request)
    }
}

/// The names of the files in fuzz/fuzz_targets.
fn targets() -> Vec<String> {
    machine::names_in(&fuzz_folder().join("fuzz_targets"))
        .iter()
        .filter_map(|name| name.strip_suffix(".rs").map(String::from))
        .collect()
}

fn fuzz_folder() -> PathBuf {
    workspace::root().join("fuzz")
}

fn ensure_cargo_fuzz() -> Outcome {
    let is_there = cargo(["fuzz", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if is_there {
        return Ok(());
    }
    eprintln!("cargo-fuzz (builds and runs the targets) is missing and will be installed now.");
    step::run(
        "cargo install cargo-fuzz",
        &mut cargo(["install", "cargo-fuzz", "--locked", "--version", CARGO_FUZZ]),
    )
}

/// Without a sanitizer, which would need a nightly compiler: the fuzz targets assert their laws
/// themselves.
fn cargo_fuzz(verb: &str, arguments: &[&str]) -> Command {
    let mut command = cargo(["fuzz", verb, "--sanitizer", "none"]);
    command.args(arguments);
    command
}

fn fuzz(target: &str, seconds: u32) -> Outcome<Report> {
    eprintln!("\n=== {target}: {seconds} s");
    let grown = fuzz_folder().join("target/corpus").join(target);
    fs::create_dir_all(&grown).context(grown.display())?;
    let findings = fuzz_folder().join("artifacts").join(target);
    let before = machine::names_in(&findings);
    let log = fuzz_folder().join("target").join(format!("{target}.log"));
    let file = fs::File::create(&log).context(log.display())?;

    let mut command = cargo_fuzz("run", &[target]);
    command.args([&grown, &fuzz_folder().join("corpus").join(target)]);
    command.arg("--").args(LIMITS);
    command.arg(format!("-max_total_time={seconds}"));
    let status = command
        .stdout(Stdio::null())
        .stderr(file)
        .status()
        .context(step::written(&command))?;

    let text = fs::read(&log).context(log.display())?;
    let report = Report {
        target: target.into(),
        runs: stat(&text, "stat::number_of_executed_units:"),
        rate: stat(&text, "stat::average_exec_per_sec:"),
        corpus: machine::names_in(&grown).len(),
        findings: machine::names_in(&findings)
            .into_iter()
            .filter(|name| !before.contains(name))
            .map(|name| findings.join(name))
            .collect(),
        has_ended_well: status.success(),
    };
    report.explain(&String::from_utf8_lossy(&text));
    Ok(report)
}

/// An input takes microseconds: one that takes seconds or a GiB is a finding too.
const LIMITS: [&str; 4] = [
    "-print_final_stats=1",
    "-timeout=10",
    "-rss_limit_mb=2048",
    "-max_len=65536",
];

fn stat(log: &[u8], name: &str) -> u64 {
    String::from_utf8_lossy(log)
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
        .unwrap_or(0)
}

struct Report {
    target: String,
    runs: u64,
    rate: u64,
    corpus: usize,
    findings: Vec<PathBuf>,
    has_ended_well: bool,
}

impl Report {
    const HEAD: &str = "\ntarget             runs    runs/s  corpus  findings";

    fn row(&self) -> String {
        let Self {
            target,
            runs,
            rate,
            corpus,
            ..
        } = self;
        let findings = match (self.findings.len(), self.has_ended_well) {
            (0, false) => "failed to run".into(),
            (count, _) => count.to_string(),
        };
        format!("{target:<12} {runs:>10} {rate:>9} {corpus:>7}  {findings}")
    }

    fn is_bad(&self) -> bool {
        !self.has_ended_well || !self.findings.is_empty()
    }

    /// Shows the findings and the end of the log, if there are any.
    fn explain(&self, log: &str) {
        if !self.is_bad() {
            return;
        }
        let lines: Vec<&str> = log.lines().collect();
        for line in lines.iter().skip(lines.len().saturating_sub(40)) {
            eprintln!("{line}");
        }
        for finding in &self.findings {
            eprintln!("finding: {}", finding.display());
        }
    }
}
