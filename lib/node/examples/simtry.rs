//! Try.
use std::time::{Duration, Instant};
use transom::sim::*;

fn main() {
    let cpu = || {
        let s = std::fs::read_to_string("/proc/self/stat").unwrap();
        let v: Vec<_> = s.split(' ').collect();
        (v[13].parse::<f64>().unwrap() + v[14].parse::<f64>().unwrap()) / 100.0
    };
    let mut scenario = Scenario::new(Link::mbits(20));
    for file in [FileTo::None, FileTo::Viewer, FileTo::Other] {
        scenario.file = file;
        let (began, c) = (Instant::now(), cpu());
        let report = scenario.play();
        println!(
            "{file:?}: {} pictures {:.3} shown, p50 {:?} p99 {:?} file {:.2} Mbit/s; {:.2} s wall {:.2} s cpu",
            report.pictures[0].len(),
            report.shown(0),
            report.latency(0.5),
            report.latency(0.99),
            report.file_rate() / 1e6,
            began.elapsed().as_secs_f64(),
            cpu() - c
        );
    }
    let _ = Duration::ZERO;
}
