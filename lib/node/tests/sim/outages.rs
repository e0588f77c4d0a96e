//! Links that are away for a while: calls and transfers go on by themselves.

use std::time::Duration;

use transom::sim::{self, Camera, Link, Simulation, StationId};
use transom::{Accept, CallKind, Direction, InboxSettings, Notice, Outcome, SendOptions};

use crate::{MS, SECOND};

/// A camera box that sends a file to its viewer over a link of 20 Mbit/s.
struct CameraBox {
    simulation: Simulation,
    camera: StationId,
    viewer: StationId,
    pictures: Vec<Duration>,
    /// Bytes of the file that the viewer had by then.
    moved: Vec<(Duration, u64)>,
    outcomes: Vec<Outcome>,
    lost: usize,
    resumed: u64,
}

const FILE: u64 = 30_000_000;

impl CameraBox {
    fn new() -> Self {
        let mut simulation = Simulation::new(1);
        let link = Link {
            delay: 2 * MS,
            ..Link::mbits(20)
        };
        let back = Link {
            delay: 2 * MS,
            ..Link::IDEAL
        };
        let camera = simulation.add("camera", link, back, |settings| {
            settings.serve_camera = true;
        });
        simulation.set_camera(camera, Camera::jpeg(30, 20_000));
        let viewer = simulation.add("viewer", Link::IDEAL, Link::IDEAL, |settings| {
            settings.inbox = Some(InboxSettings {
                into: "inbox".into(),
                accept: Accept::Known,
                quota: None,
                overwrite: false,
            });
        });
        simulation.introduce(viewer, camera);
        let mut it = Self {
            simulation,
            camera,
            viewer,
            pictures: Vec::new(),
            moved: Vec::new(),
            outcomes: Vec::new(),
            lost: 0,
            resumed: 0,
        };
        it.run(SECOND);
        let camera = "camera".parse().unwrap();
        let handle = it.simulation.handle(it.viewer);
        handle.ring(&camera, CallKind::View);
        let (to, path) = ("viewer".parse().unwrap(), sim::file("film", FILE));
        let handle = it.simulation.handle(it.camera);
        handle.send(&to, path, SendOptions::default());
        it
    }

    fn run(&mut self, span: Duration) {
        let viewer = self.viewer;
        self.simulation.run(span, |now, station, notice| {
            if station != viewer {
                return;
            }
            match notice {
                Notice::Picture { .. } => self.pictures.push(now),
                Notice::Transfer(status) => {
                    self.moved.push((now, status.verified));
                    self.resumed = self.resumed.max(status.resumed);
                }
                Notice::TransferEnded { status, outcome }
                    if status.direction == Direction::Incoming =>
                {
                    self.outcomes.push(outcome);
                }
                Notice::Left { .. } => self.lost += 1,
                _ => {}
            }
        });
    }

    fn set_down(&self, is_down: bool) {
        let (world, host) = (self.simulation.world(), self.simulation.host(self.camera));
        world.up(host, |up| up.is_down = is_down);
        world.down(host, |down| down.is_down = is_down);
    }

    /// Pictures from then to now.
    fn pictures_since(&self, from: Duration) -> usize {
        self.pictures.iter().filter(|at| **at >= from).count()
    }

    fn finish(&mut self) {
        self.run(60 * SECOND);
        let [Outcome::Durable { .. }] = &self.outcomes[..] else {
            panic!("{:?}", self.outcomes);
        };
    }
}

#[test]
fn after_a_long_outage_call_and_file_go_on_by_a_new_connection() {
    let mut it = CameraBox::new();
    it.run(5 * SECOND);
    let (_, before) = *it.moved.last().unwrap();
    assert!(before > 1_000_000, "{before}");
    it.set_down(true);
    it.run(20 * SECOND);
    it.set_down(false);
    let back = it.simulation.now();
    // The pause between two tries to connect is 4 s, and a try takes 5.
    it.run(10 * SECOND);
    it.run(5 * SECOND);
    assert!(it.lost >= 1);
    assert!(
        it.pictures_since(back + 10 * SECOND) >= 140,
        "the call is back"
    );
    assert!(it.resumed > 1_000_000, "{} bytes went on", it.resumed);
    it.finish();
}

#[test]
fn a_short_outage_ends_nothing() {
    let mut it = CameraBox::new();
    it.run(5 * SECOND);
    it.set_down(true);
    it.run(2 * SECOND);
    it.set_down(false);
    let back = it.simulation.now();
    // The retransmission timeout has doubled to 1.6 s at most.
    it.run(3 * SECOND);
    assert_eq!(it.lost, 0);
    assert!(it.pictures_since(back + 2 * SECOND) >= 28);
    it.finish();
}

#[test]
fn many_outages_lose_no_byte_twice() {
    let mut it = CameraBox::new();
    for _ in 0..6 {
        it.run(6 * SECOND);
        it.set_down(true);
        it.run(12 * SECOND);
        it.set_down(false);
        it.run(12 * SECOND);
    }
    it.finish();
    let falls = it.moved.windows(2).filter(|pair| pair[1].1 < pair[0].1);
    assert_eq!(falls.count(), 0, "what was verified stays");
}
