//! `cargo xtask bench sound`: measures the processor usage of sound, in per cent of a core.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::number;
use crate::failure::{Context as _, Failure, Outcome};
use crate::machine::names_in;
use crate::packages;
use crate::sandbox::{Sandbox, number_field};

use super::latency::{Calling, address, path, start};
use super::server::{Server, ServerChoice, Wire, recording};
use super::table::print;
use super::{Tools, programs};

pub(in crate::bench) fn run(arguments: &[&str]) -> Outcome {
    let seconds = number(arguments, "--seconds", 15)?;
    let which = ServerChoice::of(arguments)?.unwrap_or(ServerChoice::PulseAudio);
    packages::ensure(which.needs())?;
    let (programs, tools) = programs(arguments)?;
    let sandbox = Sandbox::with_programs(programs)?;
    let chirps = recording(&sandbox, "chirps");
    tools.run(&["chirps", path(&chirps)?, "150"])?;
    println!("\nof the program that called, through a sound server; 100 % is one core");
    for (echo, goal, most) in [
        ("off", "3 %", 3.0),
        ("duck", "3 %", 3.0),
        ("cancel", "6 %", 6.0),
    ] {
        let server = Server::start(&sandbox, which)?;
        let user = |role: &str| sandbox.user(&format!("{role}-{echo}"));
        let (near, far) = (user("near")?, user("far")?);
        far.knows(&near, "127.0.0.1:9")?;
        let _said = [
            server.play(Wire::A, &chirps)?,
            server.play(Wire::B, &chirps)?,
        ];
        let call = Calling::start(&server, &near, &far, seconds + 10, echo)?;
        // Opening the devices and measuring the path are left out.
        thread::sleep(Duration::from_secs(5));
        let used = Used::during(call.near.id(), Duration::from_secs(seconds.into()))?;
        if used.wakeups == 0 {
            return Err(Failure::new("no thread `sound` worked in the call"));
        }
        let goal = Some((goal, used.process <= most));
        print(&format!("a call, echo {echo}"), &used.to_string(), goal);
        call.end();
    }
    idle(&sandbox, which, seconds)?;
    println!("\neach stage, thread time");
    for line in super::output(&mut tools.program("stages"))? {
        println!("  {line}");
    }
    drift(&tools)
}

/// A program with microphone and loudspeaker, without a call.
fn idle(sandbox: &Sandbox, which: ServerChoice<'_>, seconds: u32) -> Outcome {
    let server = Server::start(sandbox, which)?;
    let alone = sandbox.user("alone")?;
    let (microphone, speaker) = (Wire::A.microphone(), Wire::B.speaker());
    let answer = [
        "call",
        "--answer",
        "--listen",
        "127.0.0.1:0",
        "--json",
        "--microphone",
        &microphone,
        "--speaker",
        &speaker,
    ];
    let program = start(&server, None, &alone.transom(&answer))?;
    address(&program)?;
    thread::sleep(Duration::from_secs(5));
    let used = Used::during(program.id(), Duration::from_secs(seconds.into()))?;
    let goal = Some(("no wakeup of the sound thread", used.wakeups == 0));
    print("without a call", &used.to_string(), goal);
    Ok(())
}

fn drift(tools: &Tools) -> Outcome {
    println!("\nplayout over 600 s by model: what is queued, clocks apart");
    for ppm in ["100", "-100"] {
        let line = tools.line(&["drift", ppm])?;
        let field = |name| number_field(&line, None, name).unwrap_or(f64::NAN);
        let (first, last) = (field("start"), field("end"));
        let value = format!(
            "{first:.1} ms at first, {last:.1} at last, {:.1} at most, {:.0} dry runs",
            field("most"),
            field("dry_runs")
        );
        let goal = Some(("within 5 ms", (first - last).abs() <= 5.0));
        print(&format!("{ppm} ppm"), &value, goal);
    }
    Ok(())
}

/// Processor usage of a program, and of its thread `sound`.
struct Used {
    process: f64,
    sound: f64,
    /// Voluntary context switches of the thread `sound`.
    wakeups: u64,
    length: Duration,
}

impl std::fmt::Display for Used {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { process, sound, .. } = self;
        let rate = self.wakeups as f64 / self.length.as_secs_f64();
        write!(
            f,
            "{process:.2} %, thread sound {sound:.2} %, {rate:.0} wakeups/s"
        )
    }
}

impl Used {
    fn during(process: u32, length: Duration) -> Outcome<Self> {
        let (before, began) = (Spent::of(process)?, Instant::now());
        thread::sleep(length);
        let after = Spent::of(process)?;
        let length = began.elapsed();
        let per_cent = |nanos: u64| nanos as f64 / length.as_nanos() as f64 * 100.0;
        Ok(Self {
            process: per_cent(after.process.saturating_sub(before.process)),
            sound: per_cent(after.sound.saturating_sub(before.sound)),
            wakeups: after.wakeups.saturating_sub(before.wakeups),
            length,
        })
    }
}

/// Nanoseconds so far, of all threads and of the thread `sound`.
#[derive(Default)]
struct Spent {
    process: u64,
    sound: u64,
    wakeups: u64,
}

impl Spent {
    fn of(process: u32) -> Outcome<Self> {
        let tasks = format!("/proc/{process}/task");
        let mut spent = Self::default();
        for task in names_in(tasks.as_ref()) {
            let read = |file: &str| {
                let path = format!("{tasks}/{task}/{file}");
                fs::read_to_string(&path).context(path)
            };
            let stat = read("schedstat")?;
            let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
            let nanos: u64 = nanos.unwrap_or_default();
            spent.process += nanos;
            if read("comm")?.trim().ends_with("sound") {
                spent.sound += nanos;
                spent.wakeups += switches(&read("status")?);
            }
        }
        Ok(spent)
    }
}

fn switches(status: &str) -> u64 {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok())
        .unwrap_or_default()
}
