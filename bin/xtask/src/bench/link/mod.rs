//! `cargo xtask bench link`: measures the promise that a file transfer does not disturb a call,
//! with the built programs over links of network namespaces. Each row is compared with the video
//! alone, and with the same programs without priorities ("naive").
//!
//! A row that misses a limit is only printed as such: a bench prints, a test asserts.

mod bound;
mod plain;
mod rows;
mod run_result;
mod scenario;
mod table;

use crate::failure::{Failure, Outcome};
use crate::packages;
use crate::sandbox::Sandbox;

use self::bound::{Bound, Measured};
use self::rows::{ROWS, Row, Video};
use self::scenario::{Participants, Scenario};

use super::film::Pictures;
use super::lab::{Lab, router};
use super::{known, number, programs};

pub(super) fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        [plain::SINK, address] => return plain::sink(address),
        [plain::POUR, address, seconds] => return plain::pour(address, seconds),
        [router::ROUTER, rest @ ..] => return router::route(rest),
        _ => {}
    }
    let flags = ["--no-naive", "--own-router", "--json"];
    known(arguments, &["--row", "--seconds", "--bin"], &flags)?;
    let options = Options {
        seconds: number(arguments, "--seconds", 12)?,
        has_naive: !arguments.contains(&"--no-naive"),
        has_own_router: arguments.contains(&"--own-router"),
        is_json: arguments.contains(&"--json"),
    };
    let rows = rows(arguments)?;
    packages::need_root("it makes network namespaces")?;
    packages::ensure(&[&packages::LINK])?;
    let sandbox = Sandbox::with_programs(programs(arguments)?)?;
    let pictures = Pictures::record(&sandbox)?;
    let mut lines = Vec::new();
    for (number, row) in rows {
        table::begin(number, row);
        let measured = measure(&sandbox, &pictures, number, row, &options)?;
        match options.is_json {
            true => table::print_json(number, row, &measured),
            false => table::print(row, &measured),
        }
        lines.push(table::line(row, &measured));
    }
    if !options.is_json && lines.len() > 1 {
        table::print_all(&lines);
    }
    Ok(())
}

struct Options {
    seconds: u32,
    has_naive: bool,
    /// Use the router in user space for all links, to compare it with the kernel's.
    has_own_router: bool,
    is_json: bool,
}

/// All rows, or the one of `--row`.
fn rows(arguments: &[&str]) -> Outcome<Vec<(usize, &'static Row)>> {
    let all = (1..).zip(ROWS);
    if !arguments.contains(&"--row") {
        return Ok(all.collect());
    }
    let wanted = number(arguments, "--row", 1)? as usize;
    match ROWS.get(wanted - 1) {
        Some(row) => Ok(vec![(wanted, row)]),
        None => {
            let rows = ROWS.len();
            Err(Failure::usage(format!("bench: rows are 1 to {rows}")))
        }
    }
}

/// Runs the row, all runs that its bounds need, and the naive variant.
fn measure(
    sandbox: &Sandbox,
    pictures: &Pictures,
    number: usize,
    row: &Row,
    options: &Options,
) -> Outcome<Measured> {
    let source = source(sandbox, pictures, number, row)?;
    let seconds = row.seconds.unwrap_or(options.seconds);
    let scenario = Scenario {
        source: &source,
        file: row.file,
        file_bytes: file_bytes(row, seconds),
        seconds,
        events: row.events,
        is_naive: false,
    };
    let needs = |what: fn(Bound) -> bool| row.bounds.iter().any(|bound| what(*bound));
    let lab = Lab::new(&row.shape, options.has_own_router)?;
    let mut participants = Participants::new(sandbox, &lab, row.shape, number)?;
    let mut measured = Measured::default();
    if needs(Bound::needs_plain) {
        table::progress("plain TCP");
        measured.plain = Some(plain::rate(&lab, PLAIN_SECONDS)?);
    }
    if needs(Bound::needs_video_alone) {
        table::progress("video alone");
        let alone = Scenario {
            file: None,
            events: &[],
            seconds: options.seconds,
            ..scenario.clone()
        };
        measured.alone = Some(participants.run(&alone)?);
    }
    if needs(Bound::needs_file_alone) {
        table::progress("the file alone");
        measured.file_alone = Some(participants.file_alone(&scenario)?);
    }
    table::progress("all of it");
    measured.run = participants.run(&scenario)?;
    if options.has_naive {
        table::progress("all of it, naive");
        let naive = Scenario {
            is_naive: true,
            ..scenario
        };
        measured.naive = Some(participants.run(&naive)?);
    }
    if let Some(report) = lab.router_report()? {
        table::progress(&report);
    }
    Ok(measured)
}

/// After the first second, in which TCP finds the rate.
const PLAIN_SECONDS: u32 = 4;

/// More bytes than can be sent in the time.
fn file_bytes(row: &Row, seconds: u32) -> u64 {
    if row.shape.mbit.is_infinite() {
        return 8 << 30;
    }
    (row.shape.mbit * 1e6 / 8.0 * f64::from(seconds)) as u64
}

/// The camera's options.
fn source(
    sandbox: &Sandbox,
    pictures: &Pictures,
    number: usize,
    row: &Row,
) -> Outcome<Vec<String>> {
    let options = match row.video {
        Video::Film(mbit, fps) => {
            let film = sandbox.path(&format!("film-{number}.mjpeg"));
            let bytes = (mbit * 1e6 / 8.0 / f64::from(fps)).round() as usize;
            pictures.write(&film, bytes)?;
            format!("--source file:{} --fps {fps}", film.display())
        }
        Video::Encoded(size, quality, fps) => {
            format!("--source pattern --size {size} --quality {quality} --fps {fps}")
        }
    };
    let adapts = if row.adapts { "" } else { " --adapt off" };
    let words = options.split(' ').chain(adapts.split_whitespace());
    Ok(words.map(str::to_owned).collect())
}
