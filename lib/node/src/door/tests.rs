use std::time::{Duration, Instant};

use transom_net::door::{Access, ConnectionId, Now, Pass, Passes, SourceState, Token};
use transom_wire::{EndReason, PeerName};

use super::uses::USES_INTERVAL;
use super::{BRIDGE_VIEWERS, HttpDoor, HttpSettings, HttpSource};
use crate::calls::{Calls, Policy};
use crate::context::Context;
use crate::identity::Identity;
use crate::links::Links;
use crate::notice::Notice;
use crate::parts;
use crate::settings::Settings;
use crate::station::net_config;

/// A door in a station without peers.
struct Rig {
    door: HttpDoor,
    links: Links,
    calls: Calls,
    out: Context,
    now: Instant,
}

impl Rig {
    fn new(access: Access, sources: Vec<HttpSource>) -> Self {
        let mut settings = Settings::new(name("desk"), Identity::throwaway().unwrap());
        let out = parts::open(net_config(&mut settings)).unwrap();
        let mut rig = Self {
            door: HttpDoor::new(&mut settings),
            links: Links::new(&mut settings, 1, out.machine.clone()),
            calls: Calls::new(Policy::new(&settings)),
            now: out.now(),
            out,
        };
        rig.open(access, sources);
        rig
    }

    fn open(&mut self, access: Access, sources: Vec<HttpSource>) {
        let http = HttpSettings::new(vec!["127.0.0.1:0".parse().unwrap()], access, sources);
        self.door.open(http, &mut self.out);
    }

    fn turn(&mut self) {
        let Self {
            door,
            links,
            calls,
            out,
            now,
        } = self;
        door.turn(*now, links, calls, out);
    }
}

fn name(name: &str) -> PeerName {
    name.parse().unwrap()
}

#[test]
fn a_peer_that_ended_its_call_refused_once_whatever_is_shown_of_it_after() {
    let hall = name("hall");
    let access = Access::Open { names: Vec::new() };
    let mut rig = Rig::new(access, vec![HttpSource::Peer(hall)]);
    let out = &mut rig.out;
    out.tell_call_end(name("yard"), EndReason::Forbidden, "");
    assert!(
        !out.door_sources.take_refusal(&name("yard")),
        "of no source"
    );
    out.tell_call_end(hall, EndReason::Forbidden, "");
    assert!(out.door_sources.take_refusal(&hall));
    assert_eq!(out.state_of(hall), Some(SourceState::Refused));
    assert!(!out.door_sources.take_refusal(&hall));
    out.tell_away(hall, "");
    assert!(!out.door_sources.take_refusal(&hall));
    // The watch of the peer takes it.
    out.tell_call_end(hall, EndReason::Busy, "");
    rig.turn();
    assert!(!rig.out.door_sources.take_refusal(&hall));
}

fn token(number: u8) -> Token {
    Token::from_random([number; 20])
}

/// Passes of these numbers, last used at these times.
fn passes(uses: &[(u8, Option<u64>)]) -> Access {
    let lines = uses.iter().map(|(number, used)| {
        let pass = Pass::new(&format!("pass{number}"), &token(*number)).unwrap();
        match used {
            Some(used) => format!("{pass} {used}\n"),
            None => format!("{pass}\n"),
        }
    });
    Access::Passes(lines.collect::<String>().parse().unwrap())
}

impl Rig {
    /// A client uses the pass, at that second since 1970.
    fn use_pass(&mut self, number: u8, second: u64) {
        let (door, _) = self.out.net.door().unwrap();
        let now = Now {
            instant: self.now,
            unix: Duration::from_secs(second),
        };
        let client = ConnectionId(usize::MAX);
        let token = token(number);
        door.accept(client, None, now).unwrap();
        let request = format!("GET /state?token={token} HTTP/1.1\r\nHost: desk\r\n\r\n");
        door.handle_bytes(client, request.as_bytes(), now);
        door.poll_transmit(client, now);
        door.remove(client);
    }

    /// The uses that the owner is told of in a turn.
    fn told(&mut self) -> Option<Vec<Option<u64>>> {
        self.turn();
        let notices = self.out.notices.drain(..);
        let mut told = notices.filter_map(|notice| match notice {
            Notice::PassesUsed { passes } => Some(passes),
            _ => None,
        });
        let used = |passes: &Passes| {
            let uses = passes.iter().map(|pass| pass.last_used());
            uses.map(|used| used.map(|used| used.as_secs())).collect()
        };
        told.next().as_ref().map(used)
    }
}

#[test]
fn the_owner_is_told_of_uses_that_it_does_not_know_and_of_first_ones_at_once() {
    let sources = || vec![HttpSource::Own];
    let mut rig = Rig::new(passes(&[(1, Some(100)), (2, None), (3, None)]), sources());
    assert_eq!(rig.told(), None, "it gave these uses");
    rig.use_pass(1, 101);
    assert_eq!(rig.told(), Some(vec![Some(101), None, None]));
    rig.use_pass(1, 102);
    assert_eq!(rig.told(), None);
    assert_eq!(rig.door.due(), Some(rig.now + USES_INTERVAL));
    rig.use_pass(2, 103);
    assert_eq!(rig.told(), Some(vec![Some(102), Some(103), None]));
    rig.now += USES_INTERVAL;
    assert_eq!(rig.told(), None);
    // The clock was set back.
    rig.use_pass(2, 50);
    assert_eq!(rig.told(), Some(vec![Some(102), Some(50), None]));
    // Other passes, and another door.
    rig.door.set_access(passes(&[(4, None)]), &mut rig.out);
    rig.use_pass(4, 51);
    assert_eq!(rig.told(), Some(vec![Some(51)]));
    rig.use_pass(4, 52);
    rig.open(passes(&[(1, Some(200))]), sources());
    assert_eq!((rig.told(), rig.door.due()), (None, None));
    rig.use_pass(1, 201);
    assert_eq!(rig.told(), Some(vec![Some(201)]));
}

impl Rig {
    /// What a client reads who asks for that.
    fn answer(&mut self, path: &str) -> String {
        let (door, now) = self.out.net.door().unwrap();
        let client = ConnectionId(usize::MAX);
        door.accept(client, None, now).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        door.handle_bytes(client, request.as_bytes(), now);
        let answer = door.poll_transmit(client, now).concat();
        door.remove(client);
        String::from_utf8(answer).unwrap()
    }

    fn max_viewers(&mut self) -> usize {
        self.turn();
        let metrics = self.answer("/metrics");
        let max = metrics.split("\ntransom_viewers_max ").nth(1).unwrap();
        max.split('\n').next().unwrap().parse().unwrap()
    }
}

#[test]
fn the_limit_of_viewers_is_that_of_our_camera_while_it_is_shown() {
    let access = Access::Open { names: Vec::new() };
    let (own, hall) = (HttpSource::Own, HttpSource::Peer(name("hall")));
    let mut rig = Rig::new(access, vec![hall]);
    assert_eq!(rig.max_viewers(), BRIDGE_VIEWERS);
    rig.door.set_sources(vec![own, hall], &mut rig.out);
    assert_eq!(rig.max_viewers(), 8);
    rig.door.set_sources(vec![hall], &mut rig.out);
    assert_eq!(rig.max_viewers(), BRIDGE_VIEWERS);
}

#[test]
fn a_camera_that_is_named_twice_is_shown_once() {
    let access = Access::Open { names: Vec::new() };
    let (own, hall) = (HttpSource::Own, HttpSource::Peer(name("hall")));
    let namesake = HttpSource::Peer(name("desk"));
    let mut rig = Rig::new(access, vec![own, hall, namesake, hall]);
    let cameras = |rig: &mut Rig| rig.answer("/state").matches(r#""name":"#).count();
    assert_eq!((cameras(&mut rig), rig.door.watched.len()), (2, 1));
    assert!(rig.out.door_sources.has_own(), "the first of a name counts");
    rig.door
        .set_sources(vec![namesake, own, hall, hall], &mut rig.out);
    assert_eq!((cameras(&mut rig), rig.door.watched.len()), (2, 2));
    assert!(!rig.out.door_sources.has_own());
}
