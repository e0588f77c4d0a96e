//! `cargo xtask bench link`: the promise that a call does not notice a file, measured with the
//! built programs over links made of network namespaces, each row beside the video alone and beside
//! the same programs without our order of sending.
//!
//! A row that falls short is printed as such and fails nothing: a bench prints, a test asserts.

mod bound;
mod plain;
mod play;
mod played;
mod rows;
mod table;

use crate::failure::{Failure, Outcome};
use crate::packages;
use crate::stage::Stage;

use self::bound::{Bound, Measured};
use self::play::{Cast, Scene};
use self::rows::{ROWS, Row, Video};

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
    let stage = Stage::with_programs(programs(arguments)?)?;
    let pictures = Pictures::record(&stage)?;
    let mut lines = Vec::new();
    for (number, row) in rows {
        table::begin(number, row);
        let measured = measure(&stage, &pictures, number, row, &options)?;
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
    /// The router in user space also where the kernel's would do, to compare the two.
    has_own_router: bool,
    is_json: bool,
}

/// All rows, or that of `--row`.
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

/// All that the row's bounds need, and the naive variant.
fn measure(
    stage: &Stage,
    pictures: &Pictures,
    number: usize,
    row: &Row,
    options: &Options,
) -> Outcome<Measured> {
    let source = source(stage, pictures, number, row)?;
    let seconds = row.seconds.unwrap_or(options.seconds);
    let scene = Scene {
        source: &source,
        file: row.file,
        file_bytes: file_bytes(row, seconds),
        seconds,
        acts: row.acts,
        is_naive: false,
    };
    let needs = |what: fn(Bound) -> bool| row.bounds.iter().any(|bound| what(*bound));
    let lab = Lab::new(&row.shape, options.has_own_router)?;
    let mut cast = Cast::new(stage, &lab, row.shape, number)?;
    let mut measured = Measured::default();
    if needs(Bound::needs_plain) {
        table::progress("plain TCP");
        measured.plain = Some(plain::rate(&lab, PLAIN_SECONDS)?);
    }
    if needs(Bound::needs_video_alone) {
        table::progress("video alone");
        let alone = Scene {
            file: None,
            acts: &[],
            seconds: options.seconds,
            ..scene.clone()
        };
        measured.alone = Some(cast.play(&alone)?);
    }
    if needs(Bound::needs_file_alone) {
        table::progress("the file alone");
        measured.file_alone = Some(cast.file_alone(&scene)?);
    }
    table::progress("all of it");
    measured.run = cast.play(&scene)?;
    if options.has_naive {
        table::progress("all of it, naive");
        let naive = Scene {
            is_naive: true,
            ..scene
        };
        measured.naive = Some(cast.play(&naive)?);
    }
    if let Some(confession) = lab.confession()? {
        table::progress(&confession);
    }
    Ok(measured)
}

/// From a second on, when TCP has found the rate.
const PLAIN_SECONDS: u32 = 4;

/// More than can move in the time.
fn file_bytes(row: &Row, seconds: u32) -> u64 {
    if row.shape.mbit.is_infinite() {
        return 8 << 30;
    }
    (row.shape.mbit * 1e6 / 8.0 * f64::from(seconds)) as u64
}

/// The options of the camera.
fn source(stage: &Stage, pictures: &Pictures, number: usize, row: &Row) -> Outcome<Vec<String>> {
    let options = match row.video {
        Video::Film(mbit, fps) => {
            let film = stage.path(&format!("film-{number}.mjpeg"));
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
