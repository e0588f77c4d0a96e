//! `cargo xtask bench files`: copies files between two folders in memory over loopback, with our
//! programs and with others. Each row prints its ratio to the others in the same run, and whether
//! it is within its bound.

mod big;
mod moments;
mod pause;
mod runs;
mod syscalls;
mod trees;

use std::path::Path;

use crate::failure::{Failure, Outcome};

pub(in crate::bench) use self::big::fetch_memory;
use super::programs;

type Row = fn(&Path, &[&str]) -> Outcome;

const ROWS: [(&str, Row); 7] = [
    ("big", big::run),
    ("small", trees::small),
    ("million", trees::million),
    ("syscalls", syscalls::run),
    ("first-byte", moments::first_byte),
    ("resume", moments::resume),
    ("pause", pause::run),
];

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let rows = picked(arguments)?;
    let programs = programs(arguments)?;
    for (name, row) in rows {
        println!("\n=== {name}");
        row(&programs, arguments)?;
    }
    Ok(())
}

/// The row of `--row`, or all of them. `--parts` is about one of them.
fn picked(arguments: &[&str]) -> Outcome<Vec<(&'static str, Row)>> {
    let at = arguments.iter().position(|argument| *argument == "--row");
    let name = match at {
        Some(at) => arguments.get(at + 1).copied().unwrap_or_default(),
        None if arguments.contains(&"--parts") => "big",
        None => return Ok(ROWS.to_vec()),
    };
    let row = ROWS.iter().find(|(row, _)| *row == name);
    let row = row.ok_or_else(|| {
        let names = ROWS.map(|(name, _)| name).join(", ");
        Failure::usage(format!("bench files: --row takes one of {names}"))
    })?;
    Ok(vec![*row])
}

/// Prints a figure, its ratio to that of a peer in the same run, and whether the bound holds.
fn verdict(name: &str, figure: f64, peer: &str, theirs: f64, bound: Option<f64>) {
    let ratio = figure / theirs;
    let bound = bound.map_or(String::new(), |bound| {
        format!("; bound {bound}: {}", holds(ratio <= bound))
    });
    println!("{name:<34} {figure:>8.2}, {ratio:.2} x {peer} ({theirs:.2}){bound}");
}

/// Prints a figure and whether it is within a bound of its own.
fn within(name: &str, figure: f64, unit: &str, bound: f64) {
    let holds = holds(figure <= bound);
    println!("{name:<34} {figure:>8.2} {unit}; bound {bound} {unit}: {holds}");
}

fn holds(is_within: bool) -> &'static str {
    match is_within {
        true => "holds",
        false => "DOES NOT HOLD",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_is_picked_by_its_name_and_all_without() {
        let names = |line: &str| {
            let words: Vec<_> = line.split_whitespace().collect();
            picked(&words).map(|rows| rows.iter().map(|(name, _)| *name).collect::<Vec<_>>())
        };
        assert_eq!(names("--mib 3").unwrap().len(), ROWS.len());
        assert_eq!(names("--mib 3 --row small").unwrap(), ["small"]);
        assert_eq!(names("--parts").unwrap(), ["big"]);
        for line in ["--row smal", "--row"] {
            assert!(names(line).unwrap_err().to_string().contains("first-byte"));
        }
    }
}
