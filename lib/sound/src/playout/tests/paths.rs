//! Ten minutes on five kinds of path. `cargo test -p transom-sound paths -- --nocapture` prints
//! the table.

use std::time::Duration;

use super::{FRAME, PULL};
use crate::measure::{Noise, delay_of, speech};
use crate::{BLOCK, Playout, RATE, level_db, time_of};

/// How a path carries frames, and how the peer's clock runs.
#[derive(Clone, Copy)]
struct Path {
    /// The peer's clock is faster by this much.
    ppm: f64,
    /// Mean of the exponential delay on top of 1 ms.
    jitter: Duration,
    /// Every so often nothing comes for so long, and then all at once.
    stall: Option<(Duration, Duration)>,
}

const LAN: Path = Path {
    ppm: 0.0,
    jitter: Duration::ZERO,
    stall: None,
};

/// Queue after each pull, in ms, and what playout counted.
#[derive(Debug)]
struct Figures {
    queue: Vec<f32>,
    /// From the capture of a sample to its pull, in ms; at those pulls that played.
    delay: Vec<(Duration, f32)>,
    dry_runs: u64,
    reserve: Duration,
    /// What came out in the first minute.
    heard: Vec<i16>,
}

impl Figures {
    /// The least likeness of a fifth of a second to what was said, of one each second.
    fn worst_likeness(&self, sound: &[i16]) -> f32 {
        let second = RATE as usize;
        let each = (5..59).filter_map(|at| {
            let start = at * second % (sound.len() - BLOCK - second);
            let said = &sound[start..start + second / 5];
            // The sound goes round, so what is heard then is looked for where it began.
            let turns = at * second / (sound.len() - BLOCK);
            let from = turns * (sound.len() - BLOCK) + start;
            let heard = self.heard.get(from..from + second / 2)?;
            let found = delay_of(&smooth(said), &smooth(heard))?;
            (level_db(said) > -40.0).then_some(found.likeness)
        });
        each.reduce(f32::min).unwrap_or(0.0)
    }

    fn queue(&self, part: f32) -> f32 {
        let mut sorted = self.queue.clone();
        sorted.sort_by(f32::total_cmp);
        sorted[((sorted.len() - 1) as f32 * part) as usize]
    }

    /// Median of the delay within these seconds.
    fn delay(&self, from: u64, to: u64) -> f32 {
        let within = Duration::from_secs(from)..Duration::from_secs(to);
        let some = self.delay.iter().filter(|(now, _)| within.contains(now));
        let mut some: Vec<f32> = some.map(|(_, delay)| *delay).collect();
        some.sort_by(f32::total_cmp);
        some[some.len() / 2]
    }

    fn print(&self, name: &str) {
        let [p50, p95, max] = [0.5, 0.95, 1.0].map(|part| self.queue(part));
        println!(
            "{name}: queue p50 {p50:.1} p95 {p95:.1} max {max:.1}, mouth to pull {:.1} -> {:.1} ms, \
             {} dry runs, reserve {:.1} ms",
            self.delay(3, 13),
            self.delay(590, 600),
            self.dry_runs,
            self.reserve.as_secs_f32() * 1000.0,
        );
    }
}

/// Without the hiss, which half a sample of delay makes look unlike itself.
fn smooth(sound: &[i16]) -> Vec<i16> {
    let mean = |some: &[i16]| some.iter().map(|s| i32::from(*s)).sum::<i32>() / 16;
    sound.windows(16).map(|some| mean(some) as i16).collect()
}

/// What is said, again and again.
fn said() -> Vec<i16> {
    speech(20.0, 11)
}

/// Plays this path for ten minutes.
fn play(path: Path) -> Figures {
    let sound = said();
    let mut noise = Noise::new(12);
    let mut playout = Playout::new();
    let mut figures = Figures {
        queue: Vec::new(),
        delay: Vec::new(),
        dry_runs: 0,
        reserve: Duration::ZERO,
        heard: Vec::new(),
    };
    let mut sequence = 0;
    let mut arrival = Duration::ZERO;
    let mut out = [0; PULL];
    for pull in 0..2 * 60_000 {
        // Off the grid of the frames.
        let now = time_of(PULL) * pull + Duration::from_micros(2_300);
        loop {
            let captured = path.captured(sequence);
            let sent = path.captured(sequence + 1);
            let next = path.arrival(sent, arrival, &mut noise.clone());
            if next > now {
                break;
            }
            noise.bits();
            arrival = next;
            let start = sequence as usize * BLOCK % (sound.len() - BLOCK);
            playout.push(sequence, captured, &sound[start..start + BLOCK], now);
            sequence += 1;
        }
        let before = playout.stats();
        playout.pull(&mut out, now);
        if now < Duration::from_secs(60) {
            figures.heard.extend(out);
        }
        if let Some(captured) = before.captured_now {
            let queued = playout.stats().queued.as_secs_f32();
            figures.queue.push(queued * 1000.0);
            let delay = now.saturating_sub(captured).as_secs_f32() * 1000.0;
            figures.delay.push((now, delay));
        }
    }
    let stats = playout.stats();
    figures.dry_runs = stats.dry_runs;
    figures.reserve = stats.reserve;
    figures
}

impl Path {
    fn captured(&self, sequence: u32) -> Duration {
        (FRAME * sequence).mul_f64(1.0 - self.ppm * 1e-6)
    }

    /// After 1 ms and the jitter, in order, and not within a stall.
    fn arrival(&self, sent: Duration, last: Duration, noise: &mut Noise) -> Duration {
        let uniform = f64::from(noise.next().abs()).max(1e-6);
        let jitter = self.jitter.mul_f64(-uniform.ln());
        let arrival = (sent + Duration::from_millis(1) + jitter).max(last);
        let Some((every, length)) = self.stall else {
            return arrival;
        };
        let since = Duration::from_nanos((arrival.as_nanos() % every.as_nanos()) as u64);
        // The first stall comes after one whole turn.
        match arrival >= every && since < length {
            true => arrival + length - since,
            false => arrival,
        }
    }
}

/// What does not change: ten minutes later the delay is within 5 ms of its start.
fn assert_steady(figures: &Figures) {
    let (start, end) = (figures.delay(3, 13), figures.delay(590, 600));
    assert!((end - start).abs() < 5.0, "{start} -> {end}");
}

#[test]
fn paths_idle_lan_with_a_fast_clock() {
    let figures = play(Path { ppm: 100.0, ..LAN });
    figures.print("idle LAN, +100 ppm");
    let likeness = figures.worst_likeness(&said());
    println!("  what is heard is like what was said by {likeness:.4} or more");
    assert!(likeness > 0.98, "{likeness}");
    assert_steady(&figures);
    assert_eq!(figures.dry_runs, 0);
    assert!(figures.queue(0.5) <= 15.0 && figures.queue(1.0) <= 20.0);
}

#[test]
fn paths_idle_lan_with_a_slow_clock() {
    let figures = play(Path { ppm: -100.0, ..LAN });
    figures.print("idle LAN, -100 ppm");
    assert_steady(&figures);
    assert_eq!(figures.dry_runs, 0);
    assert!(figures.queue(0.5) <= 15.0 && figures.queue(1.0) <= 20.0);
}

#[test]
fn paths_a_file_beside() {
    let jitter = Duration::from_millis(4);
    let figures = play(Path {
        ppm: 100.0,
        jitter,
        ..LAN
    });
    figures.print("file beside (4 ms jitter), +100 ppm");
    let likeness = figures.worst_likeness(&said());
    println!("  what is heard is like what was said by {likeness:.4} or more");
    assert!(figures.queue(0.5) <= 41.0 && figures.queue(0.95) <= 52.0);
    assert!(figures.dry_runs <= 20, "{}", figures.dry_runs);
}

#[test]
fn paths_wi_fi() {
    let figures = play(Path {
        ppm: 0.0,
        jitter: Duration::from_millis(5),
        stall: Some((Duration::from_secs(5), Duration::from_millis(80))),
    });
    figures.print("Wi-Fi: 5 ms jitter, 80 ms stall every 5 s");
    assert!(figures.queue(0.5) <= 90.0 && figures.queue(0.95) <= 105.0);
    assert!(figures.dry_runs <= 25, "{}", figures.dry_runs);
}

#[test]
fn paths_one_long_stall() {
    let figures = play(Path {
        stall: Some((Duration::from_secs(301), Duration::from_secs(2))),
        ..LAN
    });
    figures.print("one stall of 2 s");
    assert_steady(&figures);
    assert_eq!(figures.dry_runs, 1);
    let back = Duration::from_secs(304);
    let after = figures.delay.iter().filter(|(now, _)| *now >= back);
    let worst = after.map(|(_, delay)| *delay).fold(0.0, f32::max);
    let start = figures.delay(3, 13);
    println!("  one second after the stall: at most {worst:.1} ms, at the start {start:.1}");
    assert!(worst < start + 15.0, "{worst}");
}
