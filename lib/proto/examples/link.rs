//! Explores the path's controller over modelled links: `cargo run --release -p transom-proto
//! --features sim --example link [ROW]`.

#![allow(clippy::unwrap_used, reason = "an experiment's panic is its verdict")]

use std::time::Duration;

use transom_proto::Config;
use transom_proto::sim::{Link, Load, Outcome, Scene, Video};

const S: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn lan(mbits: u64) -> Link {
    Link {
        delay: Duration::from_micros(200),
        ..Link::mbits(mbits)
    }
}

fn far(mbits: u64, rtt: Duration) -> Link {
    Link {
        delay: rtt / 2,
        ..Link::mbits(mbits)
    }
}

fn video(bytes: usize) -> Load {
    Load {
        video: Some((S / 2, Video::of(bytes))),
        file: None,
    }
}

const FILE: Load = Load {
    video: None,
    file: Some(S),
};

fn both(bytes: usize) -> Load {
    Load {
        file: Some(S),
        ..video(bytes)
    }
}

fn tune(_: &mut Config) {}

fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

/// A change of the link, and when.
type Step = (Duration, fn(&mut Link));

/// Runs and prints; `steps` change the link at their time.
fn row(name: &str, link: Link, loads: &[Load], seconds: u32, steps: &[Step]) {
    if std::env::args()
        .nth(1)
        .is_some_and(|only| !name.starts_with(&only))
    {
        return;
    }
    let trace = std::env::args().nth(2).is_some();
    let mut scene = Scene::new(link, 1);
    for load in loads {
        scene.add(*load, tune);
    }
    let end = S * seconds;
    let mut steps = steps.iter().peekable();
    let mut at = Duration::ZERO;
    let grain = if trace { 100 * MS } else { S };
    let began = std::time::Instant::now();
    while at < end {
        at += grain;
        while let Some((time, step)) = steps.next_if(|(time, _)| *time < at) {
            scene.run(*time);
            step(scene.link());
        }
        scene.run(at);
        if trace {
            let waiting = scene.waiting();
            for line in 0..loads.len() {
                let stats = scene.stats(line);
                let one = scene.outcome(line);
                println!(
                    "{:6.1} {line} rate {:9} window {:7} queue {:6.1} unacked {:6} p50 {:6.1} p99 {:6.1} file {:6} fifo {waiting}",
                    at.as_secs_f64(),
                    stats.rate.unwrap_or(0) * 8 / 1000,
                    stats.bulk_window,
                    ms(stats.queue_delay),
                    stats.unacked,
                    ms(one.latency(at - grain, at, 50).min(S * 99)),
                    ms(one.latency(at - grain, at, 99).min(S * 99)),
                    one.file_kbits(at - grain, at),
                );
            }
        }
    }
    print!("{name:34}");
    for (line, load) in loads.iter().enumerate() {
        print(scene.outcome(line), load, 2 * S, end);
    }
    println!("  ({:.1} s)", began.elapsed().as_secs_f64());
}

fn print(outcome: &Outcome, load: &Load, from: Duration, to: Duration) {
    if let Some((_, video)) = load.video {
        let made = (to - from).as_micros() / video.every.as_micros();
        let shown = outcome.shown(from, to) as f64 * 100.0 / made as f64;
        let [p50, p99] = [50, 99].map(|percent| ms(outcome.latency(from, to, percent)));
        print!(" | {p50:6.1} {p99:6.1} ms {shown:5.1} %");
    }
    if load.file.is_some() {
        let stall = ms(outcome.stall(from, to));
        print!(
            " | {:6.2} Mbit/s stall {stall}",
            outcome.file_kbits(from, to) as f64 / 1000.0
        );
    }
}

fn main() {
    let shallow = Link {
        fifo: 150_000,
        ..lan(20)
    };
    row("1 20M alone", lan(20), &[video(40_000)], 20, &[]);
    row(
        "1 20M + file to the viewer",
        lan(20),
        &[both(40_000)],
        20,
        &[],
    );
    row(
        "2 20M + file to another",
        lan(20),
        &[video(40_000), FILE],
        20,
        &[],
    );
    row(
        "2 20M + 3 files to others",
        lan(20),
        &[video(40_000), FILE, FILE, FILE],
        20,
        &[],
    );
    row("4 20M 150 KB alone", shallow, &[video(40_000)], 20, &[]);
    row("4 20M 150 KB + file", shallow, &[both(40_000)], 20, &[]);
    row("5 100M alone", lan(100), &[video(40_000)], 20, &[]);
    row("5 100M + file", lan(100), &[both(40_000)], 20, &[]);
    row(
        "5 100M + file to another",
        lan(100),
        &[video(40_000), FILE],
        20,
        &[],
    );
    row(
        "6 20M RTT 20 alone",
        far(20, 20 * MS),
        &[video(40_000)],
        20,
        &[],
    );
    row(
        "6 20M RTT 20 + file",
        far(20, 20 * MS),
        &[both(40_000)],
        20,
        &[],
    );
    row(
        "6 20M RTT 20 + file to another",
        far(20, 20 * MS),
        &[video(40_000), FILE],
        20,
        &[],
    );
    row(
        "7 1G RTT 40 alone",
        far(1000, 40 * MS),
        &[video(80_000)],
        10,
        &[],
    );
    row(
        "7 1G RTT 40 file alone",
        far(1000, 40 * MS),
        &[FILE],
        10,
        &[],
    );
    row(
        "7 1G RTT 40 + file",
        far(1000, 40 * MS),
        &[both(80_000)],
        10,
        &[],
    );
    row(
        "7 1G RTT 100 alone",
        far(1000, 100 * MS),
        &[video(80_000)],
        20,
        &[],
    );
    row("8 20M, 36 offered", lan(20), &[video(150_000)], 20, &[]);
    row(
        "8 20M, 36 offered + file",
        lan(20),
        &[both(150_000)],
        20,
        &[],
    );
    row(
        "8 20M, 36 offered + file to other",
        lan(20),
        &[video(150_000), FILE],
        20,
        &[],
    );
    let steps: &[Step] = &[
        (10 * S, |link| link.rate = 5_000_000),
        (20 * S, |link| link.rate = 50_000_000),
    ];
    let third = Load {
        video: Some((S / 2, Video::of(83_000))),
        file: Some(S),
    };
    row("A 50-5-50 + file", lan(50), &[third], 30, steps);
    row(
        "B 20M loss 1 % alone",
        Link {
            loss: 0.01,
            ..lan(20)
        },
        &[video(40_000)],
        30,
        &[],
    );
    row(
        "B 20M loss 1 % + file",
        Link {
            loss: 0.01,
            ..lan(20)
        },
        &[both(40_000)],
        30,
        &[],
    );
    let longer: &[Step] = &[(10 * S, |link| link.delay += 15 * MS)];
    row("C roaming +15 + file", lan(20), &[both(40_000)], 20, longer);
    row(
        "C roaming +15 + file to another",
        lan(20),
        &[video(40_000), FILE],
        20,
        longer,
    );
    let shorter: &[Step] = &[(10 * S, |link| link.delay -= 15 * MS)];
    row(
        "C roaming -15 + file",
        far(20, 32 * MS),
        &[both(40_000)],
        20,
        shorter,
    );
    let wifi = Link {
        jitter: 5 * MS,
        ..lan(50)
    };
    row("D 50M jitter 5 ms alone", wifi, &[video(40_000)], 20, &[]);
    row("D 50M jitter 5 ms + file", wifi, &[both(40_000)], 20, &[]);
    row(
        "D 50M jitter 5 ms + file to other",
        wifi,
        &[video(40_000), FILE],
        20,
        &[],
    );
    row("E 2M 30x4 KB + file", lan(2), &[both(4_000)], 30, &[]);
    row("E 2M 30x40 KB + file", lan(2), &[both(40_000)], 30, &[]);
    row(
        "F 20M talk of two viewers + file",
        lan(20),
        &[video(20_000), video(20_000), FILE],
        20,
        &[],
    );
    row("G 1G LAN alone", lan(1000), &[video(355_000)], 5, &[]);
    row("G 1G LAN + file", lan(1000), &[both(355_000)], 5, &[]);
}
