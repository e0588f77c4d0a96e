//! Explores the path's controller over modelled links: `cargo run --release -p transom-proto
//! --features sim --example link [ROW [trace]]`. A row is chosen by how its name begins.
//!
//! `link table` prints the cells of the tables in `src/path/constants.md`, which `cargo xtask
//! constants` makes: the number of the table, the row and its figures, with bars between.
//!
//! A row prints for each connection of a station the p50 and p99 of picture latency and the share
//! of pictures shown, and the file's rate with its longest stall; `trace` adds a line each 100 ms.

use std::time::Duration;

use transom_proto::sim::{Link, Load, Outcome, Scene, Video};

const S: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// From here on a row is measured.
const FROM: Duration = Duration::from_secs(2);

/// A file without end.
const FILE: Load = Load {
    video: None,
    sound: None,
    file: Some(S),
};

#[derive(Clone)]
struct Row {
    name: &'static str,
    link: Link,
    /// One for each connection.
    loads: Vec<Load>,
    seconds: u32,
    /// Changes of the link at a time.
    steps: Vec<Step>,
}

type Step = (Duration, fn(&mut Link));

fn main() {
    let mut arguments = std::env::args().skip(1);
    let only = arguments.next().unwrap_or_default();
    if only == "table" {
        return cells().iter().for_each(Cell::print);
    }
    let trace = arguments.next().is_some();
    let rows = [near(), far_away(), too_much(), changes(), others()].concat();
    for row in rows.iter().filter(|row| row.name.starts_with(&only)) {
        row.run(trace);
    }
}

fn near() -> Vec<Row> {
    let shallow = Link {
        fifo: 150_000,
        ..lan(20)
    };
    let three = [video(40_000), FILE, FILE, FILE];
    vec![
        row("1 20M alone", lan(20), &[video(40_000)]),
        row("1 20M + file to the viewer", lan(20), &[both(40_000)]),
        row("2 20M + file to another", lan(20), &[video(40_000), FILE]),
        row("2 20M + 3 files to others", lan(20), &three),
        row("4 20M 150 KB alone", shallow, &[video(40_000)]),
        row("4 20M 150 KB + file", shallow, &[both(40_000)]),
        row("5 100M alone", lan(100), &[video(40_000)]),
        row("5 100M + file", lan(100), &[both(40_000)]),
        row("5 100M + file to another", lan(100), &[video(40_000), FILE]),
        row("G 1G alone", lan(1000), &[video(355_000)]).seconds(5),
        row("G 1G + file", lan(1000), &[both(355_000)]).seconds(5),
    ]
}

fn far_away() -> Vec<Row> {
    let (near, middle, fast) = (far(20, 20), far(20, 40), far(50, 20));
    let (far, farther) = (far(1000, 40), far(1000, 100));
    vec![
        row("6 20M RTT 20 alone", near, &[video(40_000)]),
        row("6 20M RTT 20 + file", near, &[both(40_000)]),
        row(
            "6 20M RTT 20 + file to another",
            near,
            &[video(40_000), FILE],
        ),
        row("6 20M RTT 40 alone", middle, &[video(40_000)]),
        row("6 20M RTT 40 + file", middle, &[both(40_000)]),
        row(
            "6 20M RTT 40 + file to another",
            middle,
            &[video(40_000), FILE],
        ),
        row(
            "6 50M RTT 20 40M + file to another",
            fast,
            &[video(166_000), FILE],
        ),
        row(
            "6 20M RTT 20 + 2 files to others",
            near,
            &[video(40_000), FILE, FILE],
        ),
        row("7 1G RTT 40 alone", far, &[video(80_000)]).seconds(10),
        row("7 1G RTT 40 file alone", far, &[FILE]).seconds(10),
        row("7 1G RTT 40 + file", far, &[both(80_000)]).seconds(10),
        row("7 1G RTT 100 alone", farther, &[video(80_000)]),
    ]
}

fn too_much() -> Vec<Row> {
    let other = [video(150_000), FILE];
    vec![
        row("8 20M, 36 offered", lan(20), &[video(150_000)]),
        row("8 20M, 36 offered + file", lan(20), &[both(150_000)]),
        row("8 20M, 36 offered + file to another", lan(20), &other),
        row("E 2M 30x4 KB + file", lan(2), &[both(4_000)]),
        row("E 2M 30x40 KB + file", lan(2), &[both(40_000)]),
    ]
}

fn changes() -> Vec<Row> {
    let rates: [Step; 2] = [
        (10 * S, |link| link.rate = 5_000_000),
        (20 * S, |link| link.rate = 50_000_000),
    ];
    let longer: [Step; 1] = [(10 * S, |link| link.delay += 15 * MS)];
    let shorter: [Step; 1] = [(10 * S, |link| link.delay -= 15 * MS)];
    let (own, other) = ([both(40_000)], [video(40_000), FILE]);
    let steps = row("A 50-5-50 + file", lan(50), &[both(83_000)]);
    vec![
        steps.seconds(30).steps(&rates),
        row(
            "A 50-5-50 + file to another",
            lan(50),
            &[video(83_000), FILE],
        )
        .seconds(30)
        .steps(&rates),
        row(
            "A 50-5-50 4 KB + file to another",
            lan(50),
            &[video(4_000), FILE],
        )
        .seconds(30)
        .steps(&rates),
        row(
            "A 50-5-50 4 KB + 2 files to others",
            lan(50),
            &[video(4_000), FILE, FILE],
        )
        .seconds(30)
        .steps(&rates),
        row("C 20M +15 ms + file", lan(20), &own).steps(&longer),
        row("C 20M +15 ms + file to another", lan(20), &other).steps(&longer),
        row("C 100M +15 ms + file", lan(100), &own).steps(&longer),
        row("C 100M +15 ms + file to another", lan(100), &other).steps(&longer),
        row(
            "C 100M 4 KB +15 ms + file to another",
            lan(100),
            &[video(4_000), FILE],
        )
        .steps(&longer),
        row("C 500M +15 ms + file", lan(500), &own).steps(&longer),
        row("C 20M -15 ms + file", far(20, 32), &own).steps(&shorter),
    ]
}

fn others() -> Vec<Row> {
    let lossy = Link {
        loss: 0.01,
        ..lan(20)
    };
    let wifi = Link {
        jitter: 5 * MS,
        ..lan(50)
    };
    let two = [video(20_000), video(20_000), FILE];
    vec![
        row("B 20M loss 1 % alone", lossy, &[video(40_000)]),
        row("B 20M loss 1 % + file", lossy, &[both(40_000)]),
        row("D 50M jitter 5 ms alone", wifi, &[video(40_000)]),
        row("D 50M jitter 5 ms + file", wifi, &[both(40_000)]),
        row(
            "D 50M jitter 5 ms + file to another",
            wifi,
            &[video(40_000), FILE],
        ),
        row("F 20M two viewers + file to another", lan(20), &two),
    ]
}

/// A cell of a table: a row from a time on.
struct Cell {
    table: u32,
    row: Row,
    from: Duration,
}

fn cells() -> Vec<Cell> {
    let other = [video(40_000), FILE];
    let to_others = [
        row("RTT 0.4 ms", lan(20), &other),
        row("3 files", lan(20), &[video(40_000), FILE, FILE, FILE]),
        row("RTT 20 ms", far(20, 20), &other),
        row(
            "RTT 20 ms, 2 files",
            far(20, 20),
            &[video(40_000), FILE, FILE],
        ),
        row("RTT 40 ms", far(20, 40), &other),
    ];
    let longer: [Step; 1] = [(6 * S, |link| link.delay += 15 * MS)];
    let more = [
        row("to the viewer", lan(20), &[both(40_000)]),
        row("same, RTT 20 ms", far(20, 20), &[both(40_000)]),
        row("100 Mbit/s, other", lan(100), &other),
        row("same, + 15 ms", lan(100), &other).steps(&longer),
        row("video 36", lan(20), &[video(150_000), FILE]),
    ];
    let sound = |load| Load {
        sound: Some(S / 2),
        ..load
    };
    let down: [Step; 2] = [
        (5 * S, |link| link.is_down = true),
        (6 * S, |link| link.is_down = false),
    ];
    let late = Load {
        video: Some((6 * S, Video::of(4_000))),
        ..FILE
    };
    let sounds = [
        row("2 Mbit/s", lan(2), &[sound(both(4_000))]),
        row("20 Mbit/s", lan(20), &[sound(both(40_000))]),
        row("same, down for 1 s", lan(20), &[sound(video(40_000))]).steps(&down),
        row(
            "2 Mbit/s, by sessions",
            lan(2),
            &[sound(Load::default()), video(4_000), FILE],
        ),
        row(
            "20 Mbit/s, by sessions",
            lan(20),
            &[sound(Load::default()), video(40_000), FILE],
        ),
        row("a call after a file", lan(2), &[late]),
        row("1 Gbit/s, RTT 40 ms", far(1_000, 40), &[both(80_000)]),
    ];
    let tables = [
        (1, to_others.to_vec()),
        (2, more.to_vec()),
        (3, sounds.to_vec()),
    ];
    let rows = tables.into_iter().flat_map(|(table, rows)| {
        let cell = move |row: Row| Cell {
            table,
            row: row.seconds(12),
            from: FROM,
        };
        rows.into_iter().map(cell)
    });
    rows.map(|cell| match cell.row.name {
        // From the first picture on.
        "a call after a file" => Cell {
            from: 6 * S,
            ..cell
        },
        "1 Gbit/s, RTT 40 ms" => Cell { from: S, ..cell },
        _ => cell,
    })
    .collect()
}

impl Cell {
    fn print(&self) {
        let (row, to) = (&self.row, S * self.row.seconds);
        let scene = row.play(false);
        let (mut words, mut file) = (Vec::new(), 0.0);
        for (at, load) in row.loads.iter().enumerate() {
            let outcome = scene.outcome(at);
            if load.sound.is_some() {
                let p99 = millis(outcome.sound_latency(self.from, to, 99));
                words.push(format!("sound {p99:.1}"));
            }
            if let Some((from, video)) = load.video {
                let from = from.max(self.from);
                let [p50, p99] = [50, 99].map(|part| millis(outcome.latency(from, to, part)));
                words.push(match outcome.shown(from, to) {
                    0 => "no picture".to_owned(),
                    _ => format!("{p50:.1} / {p99:.1}"),
                });
                // The last pictures are still on the way.
                let until = to - 200 * MS;
                let made = (until - from).as_micros().div_ceil(video.every.as_micros());
                let shown = outcome.shown(from, until) as f64 / made as f64;
                if (0.005..0.995).contains(&shown) {
                    words.push(format!("{:.0} %", shown * 100.0));
                }
            }
            if load.file.is_some() {
                file += outcome.file_kbits(FROM, to) as f64 / 1000.0;
            }
        }
        if file > 0.0 {
            words.push(format!("{file:.1}"));
        }
        println!("{} | {} | {}", self.table, row.name, words.join(", "));
    }
}

fn lan(mbits: u64) -> Link {
    let delay = Duration::from_micros(200);
    Link {
        delay,
        ..Link::mbits(mbits)
    }
}

fn far(mbits: u64, rtt_millis: u32) -> Link {
    let delay = MS * rtt_millis / 2;
    Link {
        delay,
        ..Link::mbits(mbits)
    }
}

fn video(bytes: usize) -> Load {
    Load {
        video: Some((S / 2, Video::of(bytes))),
        ..Load::default()
    }
}

fn both(bytes: usize) -> Load {
    let file = Some(S);
    Load {
        file,
        ..video(bytes)
    }
}

fn row(name: &'static str, link: Link, loads: &[Load]) -> Row {
    Row {
        name,
        link,
        loads: loads.to_vec(),
        seconds: 20,
        steps: Vec::new(),
    }
}

impl Row {
    fn seconds(self, seconds: u32) -> Self {
        Self { seconds, ..self }
    }

    fn steps(self, steps: &[Step]) -> Self {
        let steps = steps.to_vec();
        Self { steps, ..self }
    }

    fn run(&self, trace: bool) {
        let (scene, end) = (self.play(trace), S * self.seconds);
        print!("{:35}", self.name);
        for (at, load) in self.loads.iter().enumerate() {
            print(scene.outcome(at), load, end);
        }
        println!();
    }

    fn play(&self, trace: bool) -> Scene {
        let mut scene = Scene::new(self.link, 1);
        for load in &self.loads {
            scene.add(*load, |_| {});
        }
        let end = S * self.seconds;
        let mut steps = self.steps.iter().peekable();
        let grain = if trace { 100 * MS } else { S };
        let mut now = Duration::ZERO;
        while now < end {
            now += grain;
            while let Some((at, step)) = steps.next_if(|(at, _)| *at < now) {
                scene.run(*at);
                step(scene.link());
            }
            scene.run(now);
            if trace {
                self.trace(&mut scene, now - grain, now);
            }
        }
        scene
    }

    fn trace(&self, scene: &mut Scene, from: Duration, to: Duration) {
        let fifo = scene.waiting();
        for at in 0..self.loads.len() {
            let (stats, outcome) = (scene.stats(at), scene.outcome(at));
            let rate = stats.rate.unwrap_or(0) * 8 / 1000;
            let shown = outcome.shown(from, to);
            let latency = match shown {
                0 => 0.0,
                _ => millis(outcome.latency(from, to, 50)),
            };
            println!(
                "{:6.1} s, connection {at}: rate {rate} kbit/s, window {}, queue {:.1} ms, in flight \
                 {}, {shown} pictures in {latency:.1} ms, file {} kbit/s, FIFO {fifo}",
                to.as_secs_f64(),
                stats.bulk_window,
                millis(stats.queue_delay),
                stats.unacked,
                outcome.file_kbits(from, to),
            );
        }
    }
}

fn print(outcome: &Outcome, load: &Load, to: Duration) {
    if let Some((_, video)) = load.video {
        let made = (to - FROM).as_micros() / video.every.as_micros();
        let shown = outcome.shown(FROM, to) as f64 * 100.0 / made as f64;
        let [p50, p99] = [50, 99].map(|percent| millis(outcome.latency(FROM, to, percent)));
        print!(" | {p50:6.1} {p99:6.1} ms {shown:5.1} %");
    }
    if load.file.is_some() {
        let rate = outcome.file_kbits(FROM, to) as f64 / 1000.0;
        let stall = outcome.stall(FROM, to).as_millis();
        print!(" | {rate:6.2} Mbit/s, stall {stall} ms");
    }
}

fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}
