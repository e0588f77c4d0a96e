//! Prints the figures: each row when it is measured, then all as a table for the README.

use super::bound::{Bound, Measured};
use super::rows::Row;
use super::run_result::{RunResult, latency};

pub(super) fn begin(number: usize, row: &Row) {
    let (link, video, file) = (row.link(), row.video(), row.file());
    eprintln!("\n=== row {number}: {link}; video {video}; file {file}");
}

pub(super) fn progress(what: &str) {
    eprintln!("    {what}");
}

/// The row's runs and its bounds.
pub(super) fn print(row: &Row, measured: &Measured) {
    println!("{}; video {}; file {}", row.link(), row.video(), row.file());
    if let (Some(plain), Some(left)) = (measured.plain, measured.left()) {
        let (plain, left) = (mbit(plain), mbit(left));
        println!("  plain TCP {plain:.2} Mbit/s, of which the video alone leaves {left:.2}");
    }
    if let Some(alone) = measured.file_alone {
        println!("  the file alone {:.0} Mbit/s", mbit(alone));
    }
    for (name, run) in runs(measured) {
        let (pictures, shown) = (run.pictures.len(), run.shown() * 100.0);
        let at = |quantile| latency(run.beside_file(), quantile);
        let file = run.file_rate().map_or(String::new(), |rate| {
            let percent = measured.file_percent(run);
            let percent = percent.map_or(String::new(), |percent| format!(" = {percent:.1} %"));
            format!("; file {:.2} Mbit/s{percent}", mbit(rate))
        });
        println!(
            "  {name:<12} p50 {:7.2}  p90 {:7.2}  p99 {:7.2}  max {:7.2} ms; {pictures} pictures, \
             {shown:.1} % shown{file}",
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0),
        );
    }
    for bound in row.bounds {
        let figure = bound.figure(row, measured);
        let verdict = verdict(*bound, row, measured);
        println!("  {:<52} {figure:8.2}  {verdict}", bound.to_string());
    }
}

fn runs(measured: &Measured) -> impl Iterator<Item = (&'static str, &RunResult)> {
    let alone = measured.alone.iter().map(|run| ("video alone", run));
    let naive = measured.naive.iter().map(|run| ("naive", run));
    alone.chain([("transom", &measured.run)]).chain(naive)
}

fn verdict(bound: Bound, row: &Row, measured: &Measured) -> &'static str {
    match bound.holds(row, measured) {
        true => "holds",
        false => "FALLS SHORT",
    }
}

/// Prints a row as a JSON object. Unknown figures are null.
pub(super) fn print_json(number: usize, row: &Row, measured: &Measured) {
    let runs: Vec<String> = runs(measured)
        .map(|(name, run)| {
            let quantile = |quantile| json(latency(run.beside_file(), quantile));
            format!(
                r#""{}":{{"p50_ms":{},"p99_ms":{},"max_ms":{},"shown":{},"file_mbit":{}}}"#,
                name.replace(' ', "_"),
                quantile(0.5),
                quantile(0.99),
                quantile(1.0),
                json(run.shown()),
                json(run.file_rate().map_or(f64::NAN, mbit)),
            )
        })
        .collect();
    let bounds: Vec<String> = row
        .bounds
        .iter()
        .map(|bound| {
            let figure = json(bound.figure(row, measured));
            let holds = bound.holds(row, measured);
            format!(r#"{{"bound":"{bound}","figure":{figure},"holds":{holds}}}"#)
        })
        .collect();
    let text = |name, value| format!(r#""{name}":"{value}""#);
    let rate = |name, rate: Option<f64>| {
        let rate = json(rate.map_or(f64::NAN, mbit));
        format!(r#""{name}_mbit":{rate}"#)
    };
    let fields = [
        format!(r#""row":{number}"#),
        text("link", row.link()),
        text("video", row.video()),
        text("file", row.file().to_owned()),
        rate("plain", measured.plain),
        rate("file_alone", measured.file_alone),
        runs.join(","),
        format!(r#""bounds":[{}]"#, bounds.join(",")),
    ];
    println!("{{{}}}", fields.join(","));
}

fn json(number: f64) -> String {
    match number.is_finite() {
        true => format!("{number:.3}"),
        false => "null".into(),
    }
}

/// The columns of the README's table.
const COLUMNS: [&str; 8] = [
    "link",
    "video",
    "file",
    "alone",
    "p50 / p99 ms",
    "shown",
    "file gets",
    "naive",
];

/// The cells of a row in Markdown, and at the end the limits that it misses.
pub(super) fn line(row: &Row, measured: &Measured) -> [String; 9] {
    let run = &measured.run;
    let file = match (run.file_rate(), measured.file_percent(run)) {
        (Some(rate), Some(percent)) => format!("{:.1} Mbit/s ({percent:.0} %)", mbit(rate)),
        (Some(rate), None) => format!("{:.1} Mbit/s", mbit(rate)),
        (None, _) => String::new(),
    };
    let short: Vec<String> = row
        .bounds
        .iter()
        .filter(|bound| !bound.holds(row, measured))
        .map(Bound::to_string)
        .collect();
    [
        row.link(),
        row.video(),
        row.file().into(),
        measured.alone.as_ref().map_or(String::new(), pair),
        pair(run),
        format!("{:.0} %", run.shown() * 100.0),
        file,
        measured.naive.as_ref().map_or(String::new(), pair),
        match short.is_empty() {
            true => "holds".into(),
            false => format!("short of {}", short.join(", ")),
        },
    ]
}

/// Median and 99th percentile, with three significant digits.
fn pair(run: &RunResult) -> String {
    let digits = |quantile| {
        let ms = latency(run.beside_file(), quantile);
        match ms {
            ..10.0 => format!("{ms:.1}"),
            _ => format!("{ms:.0}"),
        }
    };
    format!("{} / {}", digits(0.5), digits(0.99))
}

/// Prints all rows as a Markdown table, then the verdict on each.
pub(super) fn print_all(lines: &[[String; 9]]) {
    println!(
        "\n| {} |\n|{}",
        COLUMNS.join(" | "),
        "---|".repeat(COLUMNS.len())
    );
    for line in lines {
        println!("| {} |", line[..COLUMNS.len()].join(" | "));
    }
    println!();
    for [link, video, file, .., verdict] in lines {
        println!("{link}; video {video}; file {file}: {verdict}");
    }
}

fn mbit(bytes_per_second: f64) -> f64 {
    bytes_per_second * 8.0 / 1e6
}
