//! Stations that are not there.

use std::time::Duration;

use transom::sim::{Link, Simulation, StationId};
use transom::{Notice, Redial};

use crate::{MS, SECOND};

/// Two stations that know each other, and no connection yet.
fn two(simulation: &mut Simulation) -> (StationId, StationId) {
    let link = Link {
        delay: MS,
        ..Link::mbits(20)
    };
    let ann = simulation.add("ann", link, link, |_| {});
    let ben = simulation.add("ben", link, link, |_| {});
    (ann, ben)
}

/// When Ann was told what `wanted` takes.
fn when(
    simulation: &mut Simulation,
    ann: StationId,
    wanted: impl Fn(&Notice) -> bool,
) -> Option<Duration> {
    let mut found = None;
    simulation.run(20 * SECOND, |now, station, notice| {
        if station == ann && wanted(&notice) {
            found.get_or_insert(now);
        }
    });
    found
}

#[test]
fn a_station_behind_a_dead_link_is_unreachable_until_it_is_back() {
    let mut simulation = Simulation::new(1);
    let (ann, ben) = two(&mut simulation);
    let (world, host) = (simulation.world().clone(), simulation.host(ben));
    world.down(host, |down| down.is_down = true);
    simulation.introduce(ann, ben);
    let late = when(&mut simulation, ann, |notice| {
        matches!(notice, Notice::Unreachable { .. })
    });
    assert_eq!(late, Some(5 * SECOND), "the connect timeout");
    world.down(host, |down| down.is_down = false);
    let back = when(&mut simulation, ann, |notice| {
        matches!(notice, Notice::Joined { .. })
    });
    assert!(back.is_some());
}

#[test]
fn a_station_that_ended_is_left_and_then_nobody_listens() {
    let mut simulation = Simulation::new(1);
    let (ann, ben) = two(&mut simulation);
    simulation.introduce(ann, ben);
    let joined = when(&mut simulation, ann, |notice| {
        matches!(notice, Notice::Joined { .. })
    });
    assert!(joined.is_some_and(|at| at < 50 * MS), "{joined:?}");
    simulation.handle(ben).stop();
    let mut told = Vec::new();
    simulation.run(20 * SECOND, |_, station, notice| {
        if station == ann {
            told.push(format!("{notice:?}"));
        }
    });
    let has = |what| told.iter().any(|told: &String| told.contains(what));
    assert!(has("Left") && has("NobodyListens"), "{told:#?}");
}

#[test]
fn a_stranger_is_not_let_in() {
    let mut simulation = Simulation::new(1);
    let (ann, ben) = two(&mut simulation);
    let contact = simulation.contact(ben);
    simulation.handle(ann).connect(contact, Redial::Always);
    let mut told = Vec::new();
    simulation.run(5 * SECOND, |_, station, notice| {
        told.push((station, notice))
    });
    let refused = |(station, notice): &(StationId, Notice)| {
        *station == ann && matches!(notice, Notice::Unreachable { .. })
    };
    let knocked = |(station, notice): &(StationId, Notice)| {
        *station == ben && matches!(notice, Notice::Knock { .. })
    };
    assert!(
        told.iter().any(refused) && told.iter().any(knocked),
        "{told:#?}"
    );
}
