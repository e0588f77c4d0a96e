//! `cargo xtask bench link`: the promise that a call does not notice a file, measured with the
//! built programs over links made of network namespaces.

mod film;
mod lab;
mod plain;
mod play;
mod rows;

use crate::failure::{Failure, Outcome};
use crate::packages;
use crate::stage::Stage;

use self::film::Pictures;
use self::lab::{Lab, RECEIVER};
use self::play::{Cast, FileTo, Scene};
use self::rows::{ROWS, Result, Row};

use super::{number, programs};

pub(super) fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        [plain::SINK, address] => return plain::sink(address),
        [plain::POUR, address, seconds] => return plain::pour(address, seconds),
        _ => {}
    }
    let seconds = number(arguments, "--seconds", 12)?;
    let row = number(arguments, "--row", 0)?;
    packages::need_root("it makes network namespaces")?;
    packages::ensure(&[&packages::LINK])?;
    let programs = programs(arguments)?;
    let rows: Vec<(usize, &Row)> = (1..)
        .zip(ROWS)
        .filter(|(n, _)| row == 0 || *n == row as usize)
        .collect();
    if rows.is_empty() {
        return Err(Failure::usage(format!(
            "bench link: rows are 1 to {}",
            ROWS.len()
        )));
    }
    let stage = Stage::with_programs(programs)?;
    let pictures = Pictures::record(&stage)?;
    for (number, row) in rows {
        measure(&stage, &pictures, number, row, seconds)?;
    }
    Ok(())
}

fn measure(stage: &Stage, pictures: &Pictures, number: usize, row: &Row, seconds: u32) -> Outcome {
    let lab = Lab::new(row.shape)?;
    let bytes = (row.video_mbit * 1e6 / 8.0 / 30.0).round() as usize;
    let film = pictures.film(&stage.path(&format!("film-{number}.mjpeg")), bytes)?;
    let source = format!("file:{}", film.display());
    let source = ["--source", source.as_str(), "--fps", "30"];
    let mut cast = Cast::new(stage, &lab, &number.to_string())?;
    let mut scene = Scene {
        source: &source,
        file: None,
        file_bytes: (row.shape.mbit * 1e6 / 8.0 * f64::from(seconds) * 1.5) as u64,
        seconds,
    };
    let plain = plain::rate(&lab.sender, &lab.receiver, RECEIVER, 4)?;
    let alone = cast.play(&scene)?;
    scene.file = Some(row.file);
    let run = cast.play(&scene)?;
    let result = Result {
        alone: &alone,
        run: &run,
        plain,
    };
    println!(
        "row {number}: {}, {} Mbit/s of video, {}",
        row.link,
        row.video_mbit,
        words(row.file)
    );
    println!(
        "  plain TCP {:.2} Mbit/s; video {:.2} Mbit/s; left {:.2} Mbit/s",
        mbit(plain),
        mbit(run.video_rate),
        mbit(plain - run.video_rate)
    );
    for (name, played) in [("alone", &alone), ("with file", &run)] {
        println!(
            "  {name:<10} p50 {:6.1} p90 {:6.1} p99 {:6.1} max {:6.1} ms, {} pictures, {:.1} % shown{}",
            played.latency(0.5),
            played.latency(0.9),
            played.latency(0.99),
            played.latency(1.0),
            played.pictures.len(),
            played.shown() * 100.0,
            played.file_rate.map_or(String::new(), |rate| format!(
                ", file {:.2} Mbit/s = {:.1} % of what is left",
                mbit(rate),
                result.share().unwrap_or_default() * 100.0
            )),
        );
    }
    for bound in row.bounds {
        println!(
            "  {:<24} {}",
            bound.words(),
            if bound.holds(&result) {
                "holds"
            } else {
                "FALLS SHORT"
            }
        );
    }
    Ok(())
}

fn words(file: FileTo) -> &'static str {
    match file {
        FileTo::Viewer => "a greedy file to the viewer",
        FileTo::Peer => "a greedy file to another peer",
        FileTo::PeerByOtherProgram => "a greedy file from another program of the same owner",
    }
}

fn mbit(bytes_per_second: f64) -> f64 {
    bytes_per_second * 8.0 / 1e6
}
