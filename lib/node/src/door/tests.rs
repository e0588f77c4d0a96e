use std::time::Instant;

use transom_net::door::{Access, SourceState};
use transom_wire::{EndReason, PeerName};

use super::{HttpDoor, HttpSettings, HttpSource};
use crate::calls::{Calls, Policy};
use crate::context::Context;
use crate::disk::Disk;
use crate::identity::Identity;
use crate::links::Links;
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
        let out = parts::open(net_config(&mut settings), Disk::default()).unwrap();
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
        let http = HttpSettings {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            access,
            sources,
        };
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
