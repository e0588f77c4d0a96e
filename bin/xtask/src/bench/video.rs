//! `cargo xtask bench video`: sends 1280x720 at 30 pictures a second, not re-encoded, from the
//! built camera box to the built viewer over loopback.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};
use crate::sandbox::{STARTING, Sandbox, is_event, number_field};

use super::{RELEASE, build, number, processor, resident};
use crate::children::Background;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    // The measurement covers the third to the last but one second.
    let seconds = number(arguments, "--seconds", 60)?.max(5);
    build(RELEASE)?;
    let sandbox = Sandbox::new()?;
    let (camera, viewer) = (sandbox.user("camera")?, sandbox.user("viewer")?);
    camera.knows(&viewer, "127.0.0.1:9")?;

    let film = sandbox.path("film.mjpeg");
    let film = film.to_string_lossy();
    eprintln!("\n=== recording 3 s to play over and over");
    let mut pattern = vec!["camera", "--source", "pattern", "--size", SIZE];
    let fps = FPS.to_string();
    pattern.extend(["--fps", &fps, "--quality", QUALITY]);
    let (recorder, address) = camera.listen(&pattern)?;
    viewer.knows(&camera, &address)?;
    let record = [
        "watch", "camera", "--frames", "90", "--save", &film, "--json",
    ];
    Background::start(&mut viewer.transom(&record))?.finish()?;
    drop(recorder);

    eprintln!("=== watching it for {seconds} s");
    let source = format!("file:{film}");
    let (box_, address) = camera.listen(&["camera", "--source", &source, "--fps", &fps])?;
    viewer.knows(&camera, &address)?;
    let time = seconds.to_string();
    let watch = ["watch", "camera", "--seconds", &time, "--stats-json"];
    let watcher = Background::start(&mut viewer.transom(&watch))?;
    let usage = Usage::watch([box_.id(), watcher.id()], seconds)?;
    let timeout = Duration::from_secs(seconds.into()) + STARTING;
    let summary = watcher.line(timeout, |line| {
        is_event(line, "summary").then(|| line.to_owned())
    })?;
    watcher.finish()?;
    report(
        &summary,
        &usage,
        fs::metadata(&*film).map_or(0, |film| film.len()),
    )
}

const SIZE: &str = "1280x720";
const FPS: u32 = 30;

/// Makes pictures of the test pattern nearly as large as those of a webcam.
const QUALITY: &str = "95";

/// The limits that the project promises on an idle machine.
const P99_MS: f64 = 5.0;
const RSS_KB: u64 = 12 * 1024;

fn report(summary: &str, usage: &Usage, film: u64) -> Outcome {
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
    let [camera, viewer] = usage.processor;
    println!(
        "processor             {:.2} ms a picture at the camera, {:.2} at the viewer",
        camera * 1e3 / f64::from(FPS),
        viewer * 1e3 / f64::from(FPS),
    );
    println!(
        "camera's memory       {} KB at first, {} KB at last, {} KB at most  {}",
        usage.first,
        usage.last,
        usage.most,
        verdict(usage.most <= RSS_KB),
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

/// Processor time and memory of the programs.
struct Usage {
    /// Processor usage of camera and viewer; 1 is a whole processor.
    processor: [f64; 2],
    /// Resident memory of the camera, in KB.
    first: u64,
    last: u64,
    most: u64,
}

impl Usage {
    /// Samples once a second from the third second on, when everything has started.
    fn watch(processes: [u32; 2], seconds: u32) -> Outcome<Self> {
        thread::sleep(Duration::from_secs(2));
        let [camera, viewer] = processes;
        let used = || Outcome::Ok([processor::used_by(camera)?, processor::used_by(viewer)?]);
        let (before, started) = (used()?, Instant::now());
        let first = resident(camera);
        let (mut last, mut most) = (first, first);
        for _ in 4..seconds {
            thread::sleep(Duration::from_secs(1));
            last = resident(camera);
            most = most.max(last);
        }
        let (after, time) = (used()?, started.elapsed());
        let share = |at: usize| (after[at] - before[at]).as_secs_f64() / time.as_secs_f64();
        Ok(Self {
            processor: [share(0), share(1)],
            first,
            last,
            most,
        })
    }
}
