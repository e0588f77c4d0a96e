//! Explores whole stations on a virtual clock: `cargo xtask sim --help`.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use transom::Order;
use transom::sim::{Act, Camera, FileTo, Link, Report, Scenario, quantile};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sim: {error}");
            ExitCode::from(2)
        }
    }
}

const USAGE: &str = "\
cargo xtask sim [--row N]... [OPTIONS]     whole stations over modelled links, on a virtual clock

Without --row and without a link: all rows of `cargo xtask bench link` that a link bounds.
  --row N               that row; the options below change it
  --rate 20mbit         of the camera's way up; 0 for no limit
  --fifo BYTES          what waits before it
  --rtt 20ms            of the empty link
  --jitter 5ms          added to the delay there
  --loss PERCENT        of the packets there
  --video 30x40000      pictures a second and bytes of each; encoded:1280x720; none
  --file viewer|other|program|none
  --viewers N           the first gets the file
  --slow-viewer 2mbit   the last one's own way down
  --at SECOND:CHANGE    rate=5mbit, rtt=30ms, loss=1, down, up or end-file; may be repeated
  --seconds N  --seed N
  --adapt auto|off|sharp|smooth
  --naive               everything in one queue, in the order in which it came
  --timeline            each second on a line
";

fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let marks = std::env::temp_dir().join(format!("transom-sim-{}", std::process::id()));
    std::fs::create_dir_all(&marks)?;
    let result = asked(arguments, &marks).map(|Asked { rows, has_timeline }| {
        println!("row    alone p50    p99   beside p50    p99  shown     file  of left   speed");
        for (name, scenario) in rows {
            play(&name, &scenario, has_timeline);
        }
    });
    std::fs::remove_dir_all(&marks)?;
    result
}

struct Asked {
    rows: Vec<(String, Scenario)>,
    has_timeline: bool,
}

fn asked(arguments: &[String], marks: &Path) -> Result<Asked, Box<dyn Error>> {
    let mut rows: Vec<(String, Scenario)> = Vec::new();
    let mut changes: Vec<(&str, &str)> = Vec::new();
    let mut has_timeline = false;
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(option) = rest.next() {
        match option {
            "--timeline" => has_timeline = true,
            "--naive" => changes.push((option, "")),
            "--row" => {
                let number = rest.next().unwrap_or_default();
                let row = number.parse().ok().and_then(Scenario::row);
                let row = row.ok_or_else(|| format!("--row {number}: there is no such row"))?;
                rows.push((number.to_owned(), row));
            }
            _ if option.starts_with("--") => {
                let value = rest.next().ok_or_else(|| {
                    format!("{option}: not known, or without its value; see --help")
                })?;
                changes.push((option, value));
            }
            _ => return Err(format!("{option}: not known; see --help").into()),
        }
    }
    if rows.is_empty() && changes.iter().any(|(option, _)| *option == "--rate") {
        rows.push(("own".to_owned(), Scenario::new(Link::mbits(20))));
    } else if rows.is_empty() {
        let all = (1..).map_while(|row| Some((row.to_string(), Scenario::row(row)?)));
        rows = all.collect();
    }
    for (name, scenario) in &mut rows {
        scenario.marks = Some(marks.to_owned());
        for (option, value) in &changes {
            change(scenario, option, value)
                .ok_or_else(|| format!("{option} {value}: not known; see --help"))?;
        }
        scenario
            .check()
            .map_err(|why| format!("row {name}: {why}"))?;
    }
    Ok(Asked { rows, has_timeline })
}

/// Takes one option in; `None` if it makes no sense.
fn change(scenario: &mut Scenario, option: &str, value: &str) -> Option<()> {
    match option {
        "--naive" => scenario.order = Order::Naive,
        "--fifo" => scenario.link.fifo = value.parse::<usize>().ok().filter(|bytes| *bytes > 0)?,
        "--jitter" => scenario.link.jitter = millis(value)?,
        "--video" => scenario.camera = camera(value)?,
        "--file" => {
            scenario.file = match value {
                "none" => FileTo::None,
                "viewer" => FileTo::Viewer,
                "other" => FileTo::Other,
                "program" => FileTo::Program,
                _ => return None,
            }
        }
        "--adapt" => scenario.adaptation.trade_off = value.parse().ok()?,
        "--viewers" => scenario.viewers = value.parse().ok()?,
        "--slow-viewer" => scenario.slow_viewer = rate(value)?,
        "--seconds" => {
            let seconds = value.parse::<u64>().ok().filter(|seconds| *seconds > 0)?;
            scenario.length = Duration::from_secs(seconds);
        }
        "--seed" => scenario.seed = value.parse().ok()?,
        "--at" => {
            let (second, what) = value.split_once(':')?;
            let at = Duration::try_from_secs_f64(second.parse().ok()?).ok()?;
            let mut link = scenario.acts.iter().rev().find_map(|(_, act)| match act {
                Act::Link(link) => Some(*link),
                Act::EndFile => None,
            });
            let act = match what {
                "end-file" => Act::EndFile,
                _ => {
                    let mut link = link.take().unwrap_or(scenario.link);
                    change_link(&mut link, what)?;
                    Act::Link(link)
                }
            };
            scenario.acts.push((at, act));
        }
        "--rate" | "--rtt" | "--loss" => {
            change_link(&mut scenario.link, &format!("{}={value}", &option[2..]))?;
        }
        _ => return None,
    }
    Some(())
}

fn change_link(link: &mut Link, what: &str) -> Option<()> {
    match what.split_once('=') {
        Some(("rate", value)) => link.rate = rate(value)?,
        Some(("rtt", value)) => link.delay = millis(value)? / 2,
        Some(("loss", value)) => {
            let percent = value
                .parse::<f64>()
                .ok()
                .filter(|it| (0.0..100.0).contains(it))?;
            link.loss = percent / 100.0;
        }
        None if what == "down" => link.is_down = true,
        None if what == "up" => link.is_down = false,
        _ => return None,
    }
    Some(())
}

fn camera(value: &str) -> Option<Option<Camera>> {
    if value == "none" {
        return Some(None);
    }
    let encoded = value.strip_prefix("encoded:");
    let (first, second) = encoded.unwrap_or(value).split_once('x')?;
    Some(Some(match encoded {
        Some(_) => Camera::pixels(30, first.parse().ok()?, second.parse().ok()?),
        None => Camera::jpeg(first.parse().ok()?, second.parse().ok()?),
    }))
}

/// Bits a second: 0, or a kilobit at least.
fn rate(value: &str) -> Option<u64> {
    let units = [("gbit", 1e9), ("mbit", 1e6), ("kbit", 1e3)];
    let unit = units.iter().find(|(name, _)| value.ends_with(name));
    let (number, factor) = unit.map_or((value, 1.0), |(name, factor)| {
        (value.trim_end_matches(name), *factor)
    });
    let bits = number.parse::<f64>().ok()? * factor;
    let is_rate = bits == 0.0 || (1e3..1e12).contains(&bits);
    is_rate.then_some(bits as u64)
}

fn millis(value: &str) -> Option<Duration> {
    let number = value.trim_end_matches("ms").parse::<f64>().ok()?;
    Duration::try_from_secs_f64(number / 1e3).ok()
}

fn play(name: &str, scenario: &Scenario, has_timeline: bool) {
    let alone = scenario.alone().play();
    let began = Instant::now();
    let report = scenario.play();
    let speed = scenario.length.as_secs_f64() / began.elapsed().as_secs_f64();
    let ms = |report: &Report, part| {
        let has_pictures = report.pictures.first().is_some_and(|seen| !seen.is_empty());
        figure(has_pictures, report.latency(part).as_secs_f64() * 1e3, 2)
    };
    // 1,448 of 1,514 bytes of a packet are payload.
    let payload = scenario.link.rate as f64 * 1_448.0 / 1_514.0;
    let left = payload - report.video_rate(scenario.length);
    let file = report.file_rate();
    let (has_file, has_camera) = (scenario.file != FileTo::None, scenario.camera.is_some());
    println!(
        "{name:>3} {:>13} {:>6} {:>12} {:>6} {:>5}% {:>8} {:>7}% {:>6.0}x",
        ms(&alone, 0.5),
        ms(&alone, 0.99),
        ms(&report, 0.5),
        ms(&report, 0.99),
        figure(has_camera, report.shown(0) * 100.0, 1),
        figure(has_file, file / 1e6, 2),
        figure(has_file && left > 0.0, 100.0 * file / left, 1),
        speed,
    );
    for viewer in 1..scenario.viewers {
        let shown = report.shown(viewer) * 100.0;
        println!("      viewer {viewer}: {shown:.1}% shown");
    }
    if has_timeline {
        timeline(scenario, &report);
    }
}

/// A number, or a dash where nothing was to be measured.
fn figure(is_measured: bool, value: f64, digits: usize) -> String {
    match is_measured {
        true => format!("{value:.digits$}"),
        false => "-".to_owned(),
    }
}

fn timeline(scenario: &Scenario, report: &Report) {
    println!("      second   p50    p99   max ms  pictures  of size    KB     file Mbit/s");
    for second in 0..scenario.length.as_secs() {
        let (from, to) = (Duration::from_secs(second), Duration::from_secs(second + 1));
        let seen = report.between(0, from, to);
        let ms = |part| quantile(seen.iter().map(|seen| seen.latency), part).as_secs_f64() * 1e3;
        let last = seen.last();
        println!(
            "      {second:>6} {:>6.1} {:>6.1} {:>7.1} {:>9} {:>9} {:>6.1} {:>13.2}",
            ms(0.5),
            ms(0.99),
            ms(1.0),
            seen.len(),
            last.map_or(String::new(), |seen| format!(
                "{}x{}",
                seen.size.0, seen.size.1
            )),
            last.map_or(0.0, |seen| seen.bytes as f64 / 1e3),
            report.moved_between(from, to) as f64 * 8e-6,
        );
    }
}
