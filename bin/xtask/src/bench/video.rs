//! `cargo xtask bench video`: 1280x720 at 30 pictures a second, passed through as they are, from
//! the built camera box to the built viewer over loopback.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::stage::{STARTING, Stage, is_event, number_field};

use super::{build, number, resident};
use crate::children::Background;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let seconds = number(arguments, "--seconds", 60)?;
    build()?;
    let stage = Stage::new()?;
    let (camera, viewer) = (stage.person("camera")?, stage.person("viewer")?);
    camera.knows(&viewer, "127.0.0.1:9")?;

    let film = stage.path("film.mjpeg");
    let film = film.to_string_lossy();
    eprintln!("\n=== recording 3 s to play over and over");
    let mut pattern = vec!["camera", "--source", "pattern", "--size", SIZE];
    pattern.extend(["--fps", "30", "--quality", QUALITY]);
    let (recorder, address) = camera.listen(&pattern)?;
    viewer.knows(&camera, &address)?;
    let record = [
        "watch", "camera", "--frames", "90", "--save", &film, "--json",
    ];
    Background::start(&mut viewer.transom(&record))?.finish()?;
    drop(recorder);

    eprintln!("=== watching it for {seconds} s");
    let source = format!("file:{film}");
    let (box_, address) = camera.listen(&["camera", "--source", &source, "--fps", "30"])?;
    viewer.knows(&camera, &address)?;
    let time = seconds.to_string();
    let watch = ["watch", "camera", "--seconds", &time, "--stats-json"];
    let watcher = Background::start(&mut viewer.transom(&watch))?;
    let memory = Memory::watch(box_.id(), seconds);
    let patience = Duration::from_secs(seconds.into()) + STARTING;
    let summary = watcher.line(patience, |line| {
        is_event(line, "summary").then(|| line.to_owned())
    })?;
    watcher.finish()?;
    report(
        &summary,
        &memory,
        fs::metadata(&*film).map_or(0, |film| film.len()),
    )
}

const SIZE: &str = "1280x720";

/// Makes pictures of the drawn pattern nearly as large as those of a webcam.
const QUALITY: &str = "95";

/// What the project promises for an idle machine.
const P99_MS: f64 = 5.0;
const RSS_KB: u64 = 12 * 1024;

fn report(summary: &str, memory: &Memory, film: u64) -> Outcome {
    let field = |within, name| {
        number_field(summary, within, name)
            .ok_or_else(|| Failure::new(format!("no {name} in {summary}")))
    };
    let (pictures, lost) = (field(None, "pictures")?, field(None, "lost")?);
    let ready = Some("latency_ready_to_received_ms");
    let captured = Some("latency_capture_to_received_ms");
    let p99 = field(ready, "p99")?;
    println!(
        "\n{SIZE} passed through, encrypted, loopback; {} KB a picture",
        film / 90 / 1000
    );
    println!(
        "pictures              {pictures} at {:.2} fps",
        field(None, "fps")?
    );
    println!("lost                  {lost}  {}", verdict(lost == 0.0));
    println!(
        "ready to received     p50 {:.2} ms  p99 {p99:.2} ms  max {:.2} ms  {}",
        field(ready, "p50")?,
        field(ready, "max")?,
        verdict(p99 <= P99_MS),
    );
    println!(
        "captured to received  p50 {:.2} ms  p99 {:.2} ms",
        field(captured, "p50")?,
        field(captured, "p99")?,
    );
    println!(
        "camera's memory       {} KB at first, {} KB at last, {} KB at most  {}",
        memory.first,
        memory.last,
        memory.most,
        verdict(memory.most <= RSS_KB),
    );
    Ok(())
}

fn verdict(holds: bool) -> &'static str {
    if holds {
        "(as promised)"
    } else {
        "(NOT as promised)"
    }
}

/// Resident memory of a process over time, in KB.
struct Memory {
    first: u64,
    last: u64,
    most: u64,
}

impl Memory {
    /// Looks once a second, from the third second on: by then everything has started.
    fn watch(process: u32, seconds: u32) -> Self {
        thread::sleep(Duration::from_secs(2));
        let first = resident(process);
        let mut memory = Self {
            first,
            last: first,
            most: first,
        };
        for _ in 4..seconds {
            thread::sleep(Duration::from_secs(1));
            memory.last = resident(process);
            memory.most = memory.most.max(memory.last);
        }
        memory
    }
}
