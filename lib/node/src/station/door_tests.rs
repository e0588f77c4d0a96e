//! A station with an HTTP door, turn by turn.

use std::io::Write;
use std::net::TcpStream;

use transom_media::{CaptureRequest, Source};
use transom_users::Book;
use transom_wire::{CallKind, EndReason};

use super::*;
use crate::door::HttpSettings;
use crate::{Access, HttpSource, Identity, Pass, Redial, Token};

/// A station with a door to its own camera, turned by the test.
struct Rig {
    station: Station,
    door: SocketAddr,
    token: Token,
}

impl Rig {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let token = crate::random_token().unwrap();
        let pass = Pass::new("tests", &token).unwrap();
        let mut settings = settings("hall");
        settings.http = Some(HttpSettings::new(
            vec!["127.0.0.1:0".parse().unwrap()],
            Access::Passes([pass].into_iter().collect()),
            vec![HttpSource::Own],
        ));
        change(&mut settings);
        let mut station = Station::start(settings).unwrap();
        station.begin();
        let door = station.out.net.door_addresses()[0];
        Self {
            station,
            door,
            token,
        }
    }

    fn ask(&self, path: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.door).unwrap();
        let token = &self.token;
        write!(client, "GET {path}?token={token} HTTP/1.0\r\n\r\n").unwrap();
        client
    }
}

fn settings(name: &str) -> Settings {
    Settings::new(name.parse().unwrap(), Identity::throwaway().unwrap())
}

/// Waits for the sockets of a station, without a turn of it.
fn wait(station: &mut Station) {
    let soon = Instant::now() + Duration::from_millis(10);
    station.out.net.wait(Some(soon)).unwrap();
}

/// Until that is so.
fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "it never is so");
    }
}

/// A use of a pass that the owner is to be told of later would wake the loop for ever.
#[test]
fn a_closed_door_does_not_wake_the_loop() {
    let mut rig = Rig::new(|_| {});
    // Uses count by whole seconds: the owner is told of the first, and later of the second.
    until(|| {
        let _client = rig.ask("/state");
        rig.station.turn(drop);
        wait(&mut rig.station);
        rig.station.door.due().is_some()
    });
    rig.station.handle().close_door();
    rig.station.turn(drop);
    assert_eq!(rig.station.door.due(), None);
}

#[test]
fn a_client_and_a_ring_of_one_turn_do_not_both_take_the_last_place() {
    let mut near = settings("near");
    let line = format!(
        "near 127.0.0.1:9 key={} may=view",
        near.identity.public_key()
    );
    near.listen = Vec::new();
    let mut near = Station::start(near).unwrap();
    let mut rig = Rig::new(|settings| {
        settings.listen = vec!["127.0.0.1:0".parse().unwrap()];
        settings.book = Book::parse(&line).0;
        settings.serve_camera = true;
        settings.camera = Some(CaptureRequest {
            source: Source::Pattern,
            ..CaptureRequest::default()
        });
        settings.max_viewers = 1;
    });
    let hall = format!("hall {}", rig.station.addresses()[0]);
    near.handle().connect(hall.parse().unwrap(), Redial::Never);
    let mut told = Vec::new();
    until(|| {
        rig.station.turn(drop);
        near.turn(|notice| told.push(notice));
        wait(&mut rig.station);
        wait(&mut near);
        told.iter().any(|it| matches!(it, Notice::Joined { .. }))
    });
    let _client = rig.ask("/stream");
    until(|| {
        wait(&mut rig.station);
        rig.station.out.door_viewers() == 1
    });
    let peer = "hall".parse().unwrap();
    near.handle().ring(&peer, CallKind::View);
    let mut ended = None;
    until(|| {
        near.turn(|notice| match notice {
            Notice::CallEnded { reason, .. } => ended = Some(reason),
            Notice::CallStarted { .. } => panic!("it is one viewer too many"),
            _ => {}
        });
        wait(&mut near);
        wait(&mut rig.station);
        rig.station.turn(drop);
        ended.is_some()
    });
    assert_eq!(ended, Some(EndReason::Busy));
}
