//! Links that are away for a while: calls and transfers go on by themselves.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use transom::sim::{self, Camera, Link, Simulation, StationId};
use transom::{
    Accept, CallKind, Direction, InboxSettings, Notice, Outcome, SendOptions, TradeOff, TransferId,
};

use crate::{MS, SECOND};

/// A camera box that sends a file to its viewer over a link of 20 Mbit/s.
struct CameraBox {
    simulation: Simulation,
    camera: StationId,
    viewer: StationId,
    pictures: Vec<Duration>,
    /// Bytes that came in each attempt.
    moved: BTreeMap<TransferId, u64>,
    /// How transfers ended at the sender.
    outcomes: Vec<Outcome>,
    lost: usize,
    resumed: u64,
}

const FILE: u64 = 100_000_000;

impl CameraBox {
    fn new() -> Self {
        Self::sending(sim::file("film", FILE))
    }

    fn sending(path: PathBuf) -> Self {
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
            // These tests are about connections: every picture is sent that the link takes.
            settings.adaptation.trade_off = TradeOff::Off;
        });
        simulation.set_camera(camera, Camera::jpeg(30, 20_000));
        let viewer = simulation.add("viewer", Link::IDEAL, Link::IDEAL, |settings| {
            settings.inbox = Some(InboxSettings::new("inbox", Accept::Known));
        });
        // A sender waits for whom it dials.
        simulation.introduce(camera, viewer);
        let mut it = Self {
            simulation,
            camera,
            viewer,
            pictures: Vec::new(),
            moved: BTreeMap::new(),
            outcomes: Vec::new(),
            lost: 0,
            resumed: 0,
        };
        it.run(SECOND);
        let camera = "camera".parse().unwrap();
        let handle = it.simulation.handle(it.viewer);
        handle.ring(&camera, CallKind::View);
        let to = "viewer".parse().unwrap();
        let handle = it.simulation.handle(it.camera);
        handle.send(&to, path, SendOptions::default());
        it
    }

    fn run(&mut self, span: Duration) {
        self.simulation.run(span, |now, _, notice| match notice {
            Notice::Picture { .. } => self.pictures.push(now),
            Notice::Transfer(status) => {
                if status.direction == Direction::Incoming {
                    self.moved.insert(status.transfer, status.moved);
                }
                self.resumed = self.resumed.max(status.resumed);
            }
            Notice::TransferEnded { status, outcome }
                if status.direction == Direction::Outgoing =>
            {
                self.outcomes.push(outcome);
            }
            Notice::Left { .. } => self.lost += 1,
            _ => {}
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
        self.run(120 * SECOND);
        let [Outcome::Durable { .. }] = &self.outcomes[..] else {
            panic!("{:?} {:?}", self.outcomes, self.moved);
        };
    }
}

#[test]
fn after_a_long_outage_call_and_file_go_on_by_a_new_connection() {
    let mut it = CameraBox::new();
    it.run(5 * SECOND);
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
fn a_leaf_that_the_session_refuses_ends_its_transfer() {
    let mut it = CameraBox::sending(sim::broken(FILE));
    it.run(10 * SECOND);
    let [Outcome::Failed { why, .. }] = &it.outcomes[..] else {
        panic!("{:?}", it.outcomes);
    };
    assert_eq!(why.to_string(), "leaf is not possible now");
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
    let moved: u64 = it.moved.values().sum();
    assert!(it.moved.len() > 2, "{:?}", it.moved);
    // What was not a whole leaf yet, or came after the last one in order, comes again.
    assert!(moved < FILE * 6 / 5, "{moved} of {FILE}");
}
