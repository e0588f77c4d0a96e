//! `cargo xtask sound long`: two built programs, or two windows, exchange speech under load for
//! minutes. The sound that each received is compared with the sound that the other sent, minute by
//! minute.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::bench::number;
use crate::bench::resident;
use crate::children::Background;
use crate::failure::{Context as _, Outcome};
use crate::packages::{self, ESPEAK};
use crate::sandbox::{STARTING, Sandbox, User, is_event, number_field, text_field};
use crate::step;
use crate::workspace;

use super::latency::{address, dry_runs, path};
use super::quality::{TEXT, speak};
use super::table::print;
use super::windows::{Windows, files};
use super::{Tools, programs};

pub(super) fn run(arguments: &[&str]) -> Outcome {
    let minutes = number(arguments, "--minutes", 10)?;
    packages::ensure(&[&ESPEAK])?;
    let has_windows = arguments.contains(&"--windows");
    let (programs, tools) = programs(arguments)?;
    if has_windows && !arguments.contains(&"--bin") {
        let build = "build --locked --release -p transom-view";
        step::run(
            "building transom-view",
            &mut workspace::cargo(build.split(' ')),
        )?;
    }
    let sandbox = Sandbox::with_programs(programs)?;
    let (near, far) = (sandbox.user("near")?, sandbox.user("far")?);
    for (user, voice) in [(&near, "en"), (&far, "en+f3")] {
        speak(TEXT, voice, &files(&sandbox, user).0)?;
    }
    let call = match has_windows {
        true => Call::Windows(Windows::start(&sandbox, &near, &far)?),
        false => Call::programs(&sandbox, &near, &far, minutes)?,
    };
    let began = Instant::now();
    let is_alone = arguments.contains(&"--alone");
    let _load = if is_alone { Vec::new() } else { load()? };
    let _file = match is_alone {
        true => None,
        false => Some(FileBeside::start(&sandbox)?),
    };
    let mut memory = Vec::new();
    for minute in 0..=minutes {
        let at = began + Duration::from_secs(u64::from(60 * minute).max(10));
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        memory.push(call.both().map(|program| resident(program.id())));
    }
    let dry = call.end()?;
    match is_alone {
        true => println!("\n{minutes} minutes, and no load of our own"),
        false => println!("\n{minutes} minutes beside a busy processor and a file over loopback"),
    }
    reference(&sandbox, &tools, &near)?;
    report(&sandbox, &tools, [&near, &far])?;
    println!();
    if let Some([near, far]) = dry {
        let value = format!("near {near:.0}, far {far:.0}");
        print("dry runs of the whole call", &value, None);
    }
    for (side, name) in ["near", "far"].into_iter().enumerate() {
        let each: Vec<u64> = memory.iter().map(|sides| sides[side]).collect();
        // The first value is left out: in the first seconds buffers grow to their size.
        let (first, last) = (each.get(1).copied(), each.last().copied());
        let grown = last
            .unwrap_or_default()
            .saturating_sub(first.unwrap_or_default());
        let value = format!("{each:?} KB");
        print(
            &format!("resident memory of {name}, by the minute"),
            &value,
            Some(("grows by < 1 MB", grown < 1024)),
        );
    }
    Ok(())
}

/// Both sides of a call.
enum Call {
    Programs { near: Background, far: Background },
    Windows(Windows),
}

impl Call {
    fn programs(sandbox: &Sandbox, near: &User, far: &User, minutes: u32) -> Outcome<Self> {
        far.knows(near, "127.0.0.1:9")?;
        let answer = options(sandbox, far)?;
        let answer: Vec<&str> = answer.iter().map(String::as_str).collect();
        let listens = ["call", "--answer", "--listen", "127.0.0.1:0"];
        let far_runs = Background::start(&mut far.transom(&[&listens, &answer[..]].concat()))?;
        near.knows(far, &address(&far_runs)?)?;
        let ring = options(sandbox, near)?;
        let seconds = (60 * minutes + 5).to_string();
        let ring: Vec<&str> = ring.iter().map(String::as_str).collect();
        let rings = ["call", "far", "--seconds", &seconds];
        let near_runs = Background::start(&mut near.transom(&[&rings, &ring[..]].concat()))?;
        near_runs.timed_line(STARTING, |line| is_event(line, "call_started"))?;
        Ok(Self::Programs {
            near: near_runs,
            far: far_runs,
        })
    }

    fn both(&self) -> [&Background; 2] {
        match self {
            Self::Programs { near, far } | Self::Windows(Windows { near, far, .. }) => [near, far],
        }
    }

    /// The number of buffer underruns of each side, if the programs report it.
    fn end(self) -> Outcome<Option<[f64; 2]>> {
        match self {
            Self::Windows(windows) => windows.end().map(|()| None),
            Self::Programs { near, far } => Ok(Some([near, far].map(|program| {
                let lines = program.lines_until(Instant::now() + STARTING);
                dry_runs(&lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>())
            }))),
        }
    }
}

/// The loss by the codec alone: a call can't have better figures.
fn reference(sandbox: &Sandbox, tools: &Tools, speaker: &User) -> Outcome {
    let (said, _) = files(sandbox, speaker);
    for line in tools.run(&["codec", path(&said)?])? {
        let field = |name| number_field(&line, None, name).unwrap_or(f64::NAN);
        let codec = text_field(&line, "codec").unwrap_or_default();
        let value = format!(
            "likeness {:.4}, SNR {:.1} dB",
            field("likeness"),
            field("snr")
        );
        print(&format!("{codec} alone"), &value, None);
    }
    Ok(())
}

/// The options of a side, with its own files.
fn options(sandbox: &Sandbox, user: &User) -> Outcome<[String; 8]> {
    let (said, heard) = files(sandbox, user);
    Ok([
        "--json".into(),
        "--measure-sound".into(),
        "--echo".into(),
        "off".into(),
        "--microphone".into(),
        format!("loop:{}", path(&said)?),
        "--speaker".into(),
        format!("file:{}", path(&heard)?),
    ])
}

/// A busy loop for each processor, with low priority.
fn load() -> Outcome<Vec<Background>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    (0..processors)
        .map(|_| {
            let mut busy = Command::new("nice");
            busy.args(["-n", "10", "sh", "-c", "while :; do :; done"]);
            Background::start(&mut busy)
        })
        .collect()
}

/// A file that two other users send over the same loopback, again and again.
struct FileBeside {
    _receiver: Background,
    _sender: Background,
}

impl FileBeside {
    fn start(sandbox: &Sandbox) -> Outcome<Self> {
        let (giver, taker) = (sandbox.user("giver")?, sandbox.user("taker")?);
        taker.knows(&giver, "127.0.0.1:9")?;
        let (file, inbox) = (sandbox.path("greedy.bin"), sandbox.path("inbox"));
        let holes = File::create(&file).context(file.display())?;
        holes.set_len(FILE_BYTES).context(file.display())?;
        fs::create_dir(&inbox).context(inbox.display())?;
        let receive = ["receive", "--into", path(&inbox)?, "--accept", "known"];
        let (receiver, address) = taker.listen(&receive)?;
        giver.knows(&taker, &address)?;
        // The received copy is removed, because an existing file would not be sent again.
        let again = r#"while :; do "$@" >/dev/null 2>&1; rm -rf "$0"/*; sleep 2; done"#;
        let mut sender = Command::new("sh");
        sender.args(["-c", again]).arg(&inbox);
        let send = giver.transom(&["send", "taker", path(&file)?]);
        sender.arg(send.get_program()).args(send.get_args());
        Ok(Self {
            _receiver: receiver,
            _sender: Background::start(&mut sender)?,
        })
    }
}

const FILE_BYTES: u64 = 256 << 20;

fn report(sandbox: &Sandbox, tools: &Tools, [near, far]: [&User; 2]) -> Outcome {
    println!(
        "{:<22} {:>6} {:>7} {:>7} {:>9} {:>9} {:>8} {:>6} {:>10} {:>7} {:>6}",
        "",
        "minute",
        "pieces",
        "strange",
        "delay ms",
        "likeness",
        "SNR dB",
        "gaps",
        "silence ms",
        "clicks",
        "jumps"
    );
    let mut sums = Vec::new();
    for (speaker, listener) in [(near, far), (far, near)] {
        let (from, to) = (speaker.name(), listener.name());
        let title = format!("{from} heard by {to}");
        let (said, heard) = (files(sandbox, speaker).0, files(sandbox, listener).1);
        let lines = minutes(tools, &said, &heard)?;
        let field = |line: &str, name| number_field(line, None, name).unwrap_or(f64::NAN);
        for line in &lines {
            let field = |name| field(line, name);
            println!(
                "{title:<22} {:>6} {:>7} {:>7} {:>9.1} {:>9.4} {:>8.1} {:>6} {:>10} {:>7} {:>6}",
                field("minute"),
                field("pieces"),
                field("strange"),
                field("delay"),
                field("likeness"),
                field("snr"),
                field("gaps"),
                field("silent_ms"),
                field("clicks"),
                field("jumps"),
            );
        }
        let all = |name| {
            lines
                .iter()
                .map(|line| field(line, name))
                .collect::<Vec<_>>()
        };
        let sum = |name| all(name).iter().sum::<f64>();
        let delays = all("delay");
        let grown = delays
            .last()
            .zip(delays.first())
            .map_or(f64::NAN, |(last, first)| last - first);
        let share = sum("strange") / (sum("pieces") + sum("strange")) * 100.0;
        let value = format!(
            "{} gaps, {} clicks, {} jumps, {share:.2} % strange, {grown:.1} ms later",
            sum("gaps"),
            sum("clicks"),
            sum("jumps")
        );
        let held =
            sum("gaps") + sum("clicks") + sum("jumps") == 0.0 && share < 1.0 && grown.abs() < 5.0;
        sums.push((title, value, held));
    }
    for (title, value, held) in sums {
        print(
            &title,
            &value,
            Some(("none, none, none, < 1 %, < 5 ms", held)),
        );
    }
    Ok(())
}

fn minutes(tools: &Tools, said: &Path, heard: &Path) -> Outcome<Vec<String>> {
    tools.run(&["call", path(said)?, path(heard)?])
}
