//! System calls for each small file at either side, counted by strace: those of many files less
//! those of few.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::number;
use crate::bench::peers::{Ours, has, quiet};
use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::sandbox::Sandbox;

use super::runs::remove_copy;
use super::trees::{SMALL, folders, make};
use super::{verdict, within};

/// The promised limit of the calls for one small file at one side.
const BOUND: f64 = 12.0;

/// The files whose calls are taken off.
const FEW: u32 = 100;

/// How many calls there were of each name.
type Counts = BTreeMap<String, u64>;

pub(super) fn run(programs: &Path, arguments: &[&str]) -> Outcome {
    if !has(&[("strace", "strace")]) {
        return Ok(());
    }
    let files = number(arguments, "--files", 10_000)?;
    let sandbox = Sandbox::with_programs(programs.to_path_buf())?;
    let (many, target) = folders(&sandbox)?;
    let few = sandbox.path("few");
    make(&few, FEW, SMALL)?;
    make(&many, FEW + files, SMALL)?;
    let log = sandbox.path("calls");

    let program = Ours::new(&sandbox, &target)?;
    let sides = ["sender", "receiver"];
    let few_calls = [
        ours(&program, &few, &target, &log)?,
        tar(&sandbox, &few, &log)?,
    ];
    let many_calls = [
        ours(&program, &many, &target, &log)?,
        tar(&sandbox, &many, &log)?,
    ];
    println!("system calls for each of {files} files of {SMALL} bytes");
    let each = |of: usize, side: usize| less(&many_calls[of][side], &few_calls[of][side], files);
    for (at, side) in sides.iter().enumerate() {
        let (ours, theirs) = (each(0, at), each(1, at));
        verdict(side, sum(&ours), "tar", sum(&theirs), None);
        within(side, sum(&ours), "calls", BOUND);
        println!("    transom: {}", names(&ours));
        println!("    tar: {}", names(&theirs));
    }
    Ok(())
}

/// The calls of our sender and our receiver in one copy.
fn ours(ours: &Ours, source: &Path, target: &Path, log: &Path) -> Outcome<[Counts; 2]> {
    let watcher = attach(ours.receiver.id(), log)?;
    let sent = log.with_extension("sender");
    let command = ours.send(source);
    let mut sender = traced(&sent);
    sender.arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        sender.current_dir(folder);
    }
    quiet(&mut sender)?;
    // Interrupted, strace lets the program go on and prints its table.
    quiet(Command::new("kill").args(["-INT", &watcher.id().to_string()]))?;
    let received = table(watcher, log)?;
    remove_copy(source, target)?;
    Ok([parse(&sent)?, received])
}

/// The calls of tar, packing and unpacking by way of a file.
fn tar(sandbox: &Sandbox, source: &Path, log: &Path) -> Outcome<[Counts; 2]> {
    let (archive, unpacked) = (sandbox.path("archive"), sandbox.path("unpacked"));
    fs::create_dir(&unpacked).context(unpacked.display())?;
    let mut pack = traced(log);
    pack.args(["tar", "-c", "-f"]).arg(&archive).arg("-C");
    pack.arg(sandbox.path("."));
    quiet(pack.arg(source.file_name().unwrap_or_default()))?;
    let packing = parse(log)?;
    let mut unpack = traced(log);
    unpack.args(["tar", "-x", "-f"]).arg(&archive);
    quiet(unpack.arg("-C").arg(&unpacked))?;
    fs::remove_dir_all(&unpacked).context(unpacked.display())?;
    fs::remove_file(&archive).context(archive.display())?;
    Ok([packing, parse(log)?])
}

fn traced(log: &Path) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "-o"]).arg(log);
    command
}

/// Counts the calls of a running program from now on.
fn attach(process: u32, log: &Path) -> Outcome<Background> {
    let mut strace = traced(log);
    // It tells of each thread it attaches to.
    strace.args(["-q", "-p", &process.to_string()]);
    let watcher = Background::start(&mut strace)?;
    let last = Instant::now() + ATTACHING;
    while !is_traced(process) {
        if Instant::now() > last {
            return Err(Failure::new("strace could not attach to the receiver"));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(watcher)
}

const ATTACHING: Duration = Duration::from_secs(10);

/// Whether each thread of a program is traced.
fn is_traced(process: u32) -> bool {
    let folder = format!("/proc/{process}/task");
    let threads = machine::names_in(Path::new(&folder));
    threads.iter().all(|thread| {
        let status = fs::read_to_string(format!("{folder}/{thread}/status")).unwrap_or_default();
        let tracer = status
            .lines()
            .find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_some_and(|tracer| tracer.trim() != "0")
    })
}

/// The table of an interrupted strace, once it has ended.
fn table(mut watcher: Background, log: &Path) -> Outcome<Counts> {
    let last = Instant::now() + ATTACHING;
    while watcher.ended()?.is_none() && Instant::now() < last {
        thread::sleep(Duration::from_millis(5));
    }
    parse(log)
}

fn parse(log: &Path) -> Outcome<Counts> {
    let text = fs::read_to_string(log).context(log.display())?;
    let counts = counts(&text);
    match counts.is_empty() {
        true => Err(Failure::new(format!(
            "{}: no table of calls",
            log.display()
        ))),
        false => Ok(counts),
    }
}

/// Calls by name, from the table of `strace -c`: share, seconds, time a call, calls, perhaps
/// errors, name.
fn counts(table: &str) -> Counts {
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let calls = fields.get(3)?.parse().ok()?;
        let name = *fields.last().filter(|name| **name != "total")?;
        Some((name.to_owned(), calls))
    };
    table.lines().filter_map(row).collect()
}

/// The calls of many files less those of few, for each of the others, the most frequent first.
fn less(many: &Counts, few: &Counts, files: u32) -> Vec<(String, f64)> {
    let calls = |counts: &Counts, name: &str| {
        let calls = counts.get(name).copied().unwrap_or(0);
        f64::from(u32::try_from(calls).unwrap_or(u32::MAX))
    };
    let each = |name: &String| (calls(many, name) - calls(few, name)) / f64::from(files);
    let mut each: Vec<_> = many.keys().map(|name| (name.clone(), each(name))).collect();
    each.sort_by(|one, other| other.1.total_cmp(&one.1));
    each
}

fn sum(calls: &[(String, f64)]) -> f64 {
    calls.iter().map(|(_, calls)| calls).sum()
}

/// Those that come with every tenth file or more often.
fn names(calls: &[(String, f64)]) -> String {
    let often = calls.iter().filter(|(_, calls)| *calls >= 0.1);
    let words: Vec<_> = often
        .map(|(name, calls)| format!("{name} {calls:.1}"))
        .collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_name_with_errors_and_without() {
        let table = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000300           3       210           pwrite64
 40.00    0.000200          20        10         2 openat2
------ ----------- ----------- --------- --------- ----------------
100.00    0.000500           2       220         2 total
";
        let many = counts(table);
        assert_eq!(
            many,
            Counts::from([("pwrite64".into(), 210), ("openat2".into(), 10)])
        );
        let few = Counts::from([("pwrite64".into(), 10)]);
        let each = less(&many, &few, 100);
        assert_eq!(each, [("pwrite64".into(), 2.0), ("openat2".into(), 0.1)]);
        assert_eq!(
            (sum(&each), names(&each).as_str()),
            (2.1, "pwrite64 2.0, openat2 0.1")
        );
    }
}
