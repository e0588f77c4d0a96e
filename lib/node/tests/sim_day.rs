//! A simulated day of a camera box on a flaky Wi-Fi. A test program of its own, so that its memory
//! is that of this test alone.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::BTreeMap;
use std::time::Duration;

use transom::sim::{self, Camera, Link, Simulation, StationId};
use transom::{
    Accept, CallKind, Direction, InboxSettings, Notice, Outcome, SendOptions, TransferId,
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A file goes to a viewer so often.
const FILE_PAUSE: Duration = Duration::from_secs(600);
const FILE: u64 = 2_000_000;

/// Several outages may follow each other.
const PATIENCE: Duration = Duration::from_secs(1200);

/// What a good hour of the Wi-Fi is like.
fn wifi() -> Link {
    Link {
        delay: Duration::from_millis(3),
        jitter: Duration::from_millis(10),
        ..Link::mbits(20)
    }
}

struct Day {
    simulation: Simulation,
    camera: StationId,
    viewers: [StationId; 2],
    /// When each viewer got its last picture.
    last: BTreeMap<StationId, Duration>,
    pictures: u64,
    sent: u32,
    /// How each transfer ended at its sender.
    outcomes: BTreeMap<TransferId, Outcome>,
    ended_calls: u32,
}

impl Day {
    fn new() -> Self {
        let mut simulation = Simulation::new(1);
        let camera = simulation.add("camera", wifi(), wifi(), |settings| {
            settings.serve_camera = true;
            settings.call_patience = PATIENCE;
        });
        // Small and seldom, so that a day takes little time.
        simulation.set_camera(camera, Camera::jpeg(1, 8_000));
        let viewers = ["viewer", "other"].map(|name| {
            let viewer = simulation.add(name, Link::IDEAL, Link::IDEAL, |settings| {
                settings.call_patience = PATIENCE;
                settings.inbox = Some(InboxSettings::new("inbox", Accept::Known));
            });
            simulation.introduce(viewer, camera);
            simulation.introduce(camera, viewer);
            viewer
        });
        let mut day = Self {
            simulation,
            camera,
            viewers,
            last: BTreeMap::new(),
            pictures: 0,
            sent: 0,
            outcomes: BTreeMap::new(),
            ended_calls: 0,
        };
        day.run(SECOND);
        for viewer in viewers {
            let handle = day.simulation.handle(viewer);
            handle.ring(&"camera".parse().unwrap(), CallKind::View);
        }
        day
    }

    fn run(&mut self, span: Duration) {
        self.simulation
            .run(span, |now, station, notice| match notice {
                Notice::Picture { .. } => {
                    self.pictures += 1;
                    self.last.insert(station, now);
                }
                Notice::TransferEnded { status, outcome }
                    if status.direction == Direction::Outgoing =>
                {
                    self.outcomes.insert(status.transfer, outcome);
                }
                Notice::CallEnded { .. } => self.ended_calls += 1,
                _ => {}
            });
    }

    fn set_wifi(&self, link: Link) {
        let (world, host) = (self.simulation.world(), self.simulation.host(self.camera));
        world.up(host, |up| *up = link);
        world.down(host, |down| *down = link);
    }

    /// A file to one of the viewers in turn.
    fn send(&mut self) {
        let to = ["viewer", "other"][self.sent as usize % 2].parse().unwrap();
        let path = sim::file(&format!("film-{}", self.sent), FILE);
        let handle = self.simulation.handle(self.camera);
        handle.send(&to, path, SendOptions::default());
        self.sent += 1;
    }

    /// An hour in which the Wi-Fi is good, poor or away by turns.
    fn hour(&mut self) {
        let end = self.simulation.now() + HOUR;
        let mut next_file = self.simulation.now();
        while self.simulation.now() < end {
            let bits = self.simulation.world().random();
            let (seconds, kind) = (10 + bits % 60, bits >> 32);
            let poor = Link {
                loss: (kind % 5) as f64 / 100.0,
                rate: [1, 5, 20][kind as usize % 3] * 1_000_000,
                ..wifi()
            };
            match kind % 4 {
                0 => self.set_wifi(Link {
                    is_down: true,
                    ..wifi()
                }),
                1 => self.set_wifi(wifi()),
                _ => self.set_wifi(poor),
            }
            self.run(SECOND * seconds as u32);
            if self.simulation.now() >= next_file {
                self.send();
                next_file += FILE_PAUSE;
            }
        }
    }
}

/// Bytes of this process in memory.
#[cfg(target_os = "linux")]
fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[cfg(not(target_os = "linux"))]
fn memory() -> u64 {
    0
}

#[test]
fn a_day_on_a_flaky_wifi_loses_no_transfer_and_no_call_and_grows_no_memory() {
    let mut day = Day::new();
    for _ in 0..3 {
        day.hour();
    }
    let early = memory();
    for _ in 3..24 {
        day.hour();
        let held = day.simulation.world().buffered();
        assert!(held < 16_000_000, "{held} bytes in the network");
    }
    let grown = memory().saturating_sub(early);
    assert!(grown < 16_000_000, "{grown} bytes more after a day");

    day.set_wifi(wifi());
    day.run(60 * SECOND);
    let durable = |outcome: &&Outcome| matches!(outcome, Outcome::Durable { .. });
    let whole = day.outcomes.values().filter(durable).count();
    assert_eq!(whole, day.sent as usize, "{:?}", day.outcomes);
    assert!(day.sent >= 140, "{}", day.sent);
    assert_eq!(day.ended_calls, 0);
    let now = day.simulation.now();
    for viewer in day.viewers {
        let last = day.last[&viewer];
        assert!(
            now - last <= 2 * SECOND,
            "{viewer:?} has no pictures since {last:?}"
        );
    }
    // A quarter of the time there is no link.
    assert!(day.pictures > 80_000, "{}", day.pictures);
}
