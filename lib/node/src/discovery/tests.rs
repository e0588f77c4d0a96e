//! Real stations over loopback, and announcements that nobody has sent: a contact is found where it
//! is announced, and an announcement does nothing else.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use transom_users::{Book, Contact};
use transom_wire::PublicKey;

use super::*;
use crate::{CallKind, Handle, Identity, Notice, Obstacle, Redial, Settings, Station};

/// Longer than anything here takes, so that only a hang ends a test with it.
const PATIENCE: Duration = Duration::from_secs(30);

/// An address to which no connection can be made, and which is not this machine.
const NOWHERE: &str = "255.255.255.255:9";

/// A station that others dial, on a thread of its own.
struct Far {
    key: PublicKey,
    address: SocketAddr,
    handle: Handle,
    thread: Option<JoinHandle<Vec<Notice>>>,
}

impl Far {
    /// One that has that key in its book.
    fn start(near: &Identity) -> Self {
        let mut settings = Settings::new("far".parse().unwrap(), Identity::throwaway().unwrap());
        settings.listen = vec!["127.0.0.1:0".parse().unwrap()];
        settings.book = book(&format!("near {NOWHERE} key={}", near.public_key()));
        let key = settings.identity.public_key();
        let station = Station::start(settings).unwrap();
        let (handle, address) = (station.handle(), station.addresses()[0]);
        let thread = std::thread::spawn(move || {
            let mut told = Vec::new();
            station.run(|notice| told.push(notice)).unwrap();
            told
        });
        Self {
            key,
            address,
            handle,
            thread: Some(thread),
        }
    }

    /// Ends it; all that it was told.
    fn end(mut self) -> Vec<Notice> {
        self.handle.stop();
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.handle.stop();
    }
}

/// The station that dials, turned by the test.
struct Near {
    station: Station,
    told: Vec<Notice>,
}

impl Near {
    /// One with these lines in its book, which asks for moved contacts for so long.
    fn start(identity: Identity, lines: &str, moved_patience: Duration) -> Self {
        let settings = Settings {
            book: book(lines),
            moved_patience,
            ..Settings::new("near".parse().unwrap(), identity)
        };
        Self {
            station: Station::start(settings).unwrap(),
            told: Vec::new(),
        }
    }

    /// Turns the loop until something was told that is wanted.
    fn until<T>(&mut self, wanted: impl Fn(&Notice) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.told.iter().find_map(&wanted) {
                return found;
            }
            assert!(Instant::now() < end, "not among {:#?}", self.told);
            self.turn();
        }
    }

    fn turn(&mut self) {
        let told = &mut self.told;
        self.station.turn(|notice| told.push(notice));
        let (_, _, out) = self.station.discovery();
        let soon = out.now() + Duration::from_millis(5);
        out.net.wait(Some(soon)).unwrap();
    }

    fn hear(&mut self, stations: &[Heard]) {
        let (discovery, links, out) = self.station.discovery();
        discovery.hear(stations.to_vec(), links, out);
    }

    fn connect(&mut self, contact: &str, redial: Redial) {
        let contact: Contact = contact.parse().unwrap();
        self.station.handle().connect(contact, redial);
    }

    /// Turns until the network is asked for contacts.
    fn until_asked(&mut self) {
        let end = Instant::now() + PATIENCE;
        while !self.station.discovery().1.seeks_moved() {
            assert!(Instant::now() < end);
            self.turn();
        }
    }

    fn joined(&mut self) -> SocketAddr {
        self.until(|notice| match notice {
            Notice::Joined { address, .. } => Some(*address),
            _ => None,
        })
    }

    fn unreachable(&mut self) -> Obstacle {
        self.until(|notice| match notice {
            Notice::Unreachable { obstacle, .. } => Some(obstacle.clone()),
            _ => None,
        })
    }

    fn saw_another_key(&self) -> bool {
        let changed = |notice: &Notice| matches!(notice, Notice::KeyChanged { .. });
        self.told.iter().any(changed)
    }
}

fn book(lines: &str) -> Book {
    let (book, errors) = Book::parse(lines);
    assert!(errors.is_empty(), "{errors:?}");
    book
}

fn heard(key: PublicKey, addresses: impl IntoIterator<Item = SocketAddr>) -> Heard {
    Heard {
        name: "far".parse().unwrap(),
        fingerprint: key.fingerprint(),
        addresses: addresses.into_iter().collect(),
        does: Capabilities::CAMERA,
        pairing: None,
        http: None,
    }
}

/// Both stations, and far's line in near's book: with its key, and at that address.
fn pair(patience: Duration, address: impl Fn(&Far) -> String) -> (Near, Far, String) {
    let identity = Identity::throwaway().unwrap();
    let far = Far::start(&identity);
    let line = format!("far {} key={}", address(&far), far.key);
    (Near::start(identity, &line, patience), far, line)
}

fn moved(patience: Duration) -> (Near, Far, String) {
    pair(patience, |_| NOWHERE.to_owned())
}

#[test]
fn a_contact_that_moved_is_reached_where_it_is_announced() {
    let (mut near, far, line) = moved(PATIENCE);
    near.connect(&line, Redial::Never);
    near.until_asked();
    near.hear(&[heard(far.key, [far.address])]);
    assert_eq!(near.joined(), far.address);
    assert!(!near.saw_another_key());
}

#[test]
fn a_contact_that_was_heard_before_is_reached_although_nobody_is_asked() {
    let (mut near, far, line) = moved(Duration::ZERO);
    near.hear(&[heard(far.key, [far.address])]);
    near.connect(&line, Redial::Never);
    assert_eq!(near.joined(), far.address);
    assert!(!near.station.discovery().1.seeks_moved());
}

#[test]
fn a_contact_that_is_away_is_dialed_at_once_when_it_is_announced() {
    let (mut near, far, line) = moved(Duration::ZERO);
    near.connect(&line, Redial::Always);
    near.unreachable();
    near.hear(&[heard(far.key, [far.address])]);
    assert_eq!(near.joined(), far.address);
}

#[test]
fn a_contact_that_nobody_announces_is_unreachable_by_the_address_of_the_book() {
    let (mut near, _far, line) = moved(Duration::from_millis(100));
    near.connect(&line, Redial::Never);
    let obstacle = near.unreachable();
    assert!(matches!(obstacle, Obstacle::Network(_)), "{obstacle:?}");
    assert!(near.station.discovery().1.seeks_moved());
}

#[test]
fn an_announcer_of_a_foreign_fingerprint_is_not_this_one() {
    let (mut near, far, line) = moved(Duration::ZERO);
    let liar = Far::start(&Identity::throwaway().unwrap());
    near.hear(&[heard(far.key, [liar.address])]);
    near.connect(&line, Redial::Never);
    let obstacle = near.unreachable();
    assert!(matches!(obstacle, Obstacle::Network(_)), "{obstacle:?}");
    assert!(!near.saw_another_key());
    // The liar was not even shown our key.
    let told = liar.end();
    let is_address = |notice: &Notice| matches!(notice, Notice::Listening { .. });
    assert!(told.iter().all(is_address), "{told:?}");
}

#[test]
fn the_contact_is_found_behind_announcers_of_its_fingerprint() {
    let (mut near, far, line) = moved(Duration::ZERO);
    let liar = Far::start(&Identity::throwaway().unwrap());
    near.hear(&[
        heard(far.key, [liar.address]),
        heard(far.key, [far.address]),
    ]);
    near.connect(&line, Redial::Never);
    assert_eq!(near.joined(), far.address);
    assert!(!near.saw_another_key());
}

#[test]
fn another_station_at_the_old_address_is_no_changed_key_where_the_contact_is_found() {
    let other = Far::start(&Identity::throwaway().unwrap());
    let (mut near, far, line) = pair(Duration::ZERO, |_| other.address.to_string());
    near.hear(&[heard(far.key, [far.address])]);
    near.connect(&line, Redial::Never);
    assert_eq!(near.joined(), far.address);
    assert!(!near.saw_another_key());
}

#[test]
fn another_key_at_the_address_of_the_book_is_reported_where_the_contact_is_not_found() {
    let other = Far::start(&Identity::throwaway().unwrap());
    let (mut near, far, line) = pair(Duration::ZERO, |_| other.address.to_string());
    near.hear(&[heard(far.key, [other.address])]);
    near.connect(&line, Redial::Never);
    assert_eq!(near.unreachable(), Obstacle::OtherKey);
    assert!(near.saw_another_key());
}

#[test]
fn a_hundred_forged_announcements_cause_four_connections() {
    let (mut near, far, line) = moved(Duration::ZERO);
    let trap = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = trap.local_addr().unwrap().port();
    let caught = Arc::new(AtomicUsize::new(0));
    let counter = caught.clone();
    // It ends with the test program.
    std::thread::spawn(move || {
        for _ in trap.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    near.connect(&line, Redial::Always);
    near.unreachable();
    let mut forged = Vec::new();
    for last in 1..=100 {
        forged.insert(0, heard(far.key, [([127, 0, 1, last], port).into()]));
        near.hear(&forged);
        near.turn();
    }
    let end = Instant::now() + PATIENCE;
    while caught.load(Ordering::SeqCst) < 4 {
        assert!(Instant::now() < end);
        near.turn();
    }
    for _ in 0..100 {
        near.turn();
    }
    assert_eq!(caught.load(Ordering::SeqCst), 4);
}

#[test]
fn a_flood_of_announcements_does_not_put_off_the_address_of_the_book() {
    let (mut near, far, line) = moved(Duration::ZERO);
    let forged = |last: u8| heard(far.key, [([127, 0, 1, last], 9).into()]);
    near.connect(&line, Redial::Always);
    near.unreachable();
    // As many as are dialed in a minute; nothing listens there.
    near.told.clear();
    near.hear(&[1, 2, 3, 4].map(forged));
    near.unreachable();
    near.told.clear();
    let end = Instant::now() + PATIENCE;
    let mut addresses = (5..=250).cycle();
    while near.told.is_empty() {
        assert!(Instant::now() < end, "the book's address is put off");
        near.hear(&addresses.next().map(forged).into_iter().collect::<Vec<_>>());
        near.turn();
    }
    let first = near.told.first();
    assert!(matches!(first, Some(Notice::Reaching { .. })), "{first:?}");
}

#[test]
fn an_address_is_the_machine_there_and_a_program_here_does_not_move() {
    let (mut near, far, _) = moved(PATIENCE);
    near.hear(&[heard(far.key, [far.address])]);
    // Its key is pinned, but its user named the machine.
    near.connect(
        &format!("{NOWHERE} {NOWHERE} key={}", far.key),
        Redial::Never,
    );
    near.unreachable();
    near.told.clear();
    near.hear(&[]);
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    near.connect(
        &format!("far {} key={}", unused.unwrap(), far.key),
        Redial::Never,
    );
    assert_eq!(near.unreachable(), Obstacle::NobodyListens);
    assert!(!near.station.discovery().1.seeks_moved());
}

#[test]
fn a_contact_without_a_known_key_is_not_looked_for() {
    let (mut near, far, _) = moved(PATIENCE);
    near.hear(&[heard(far.key, [far.address])]);
    near.connect(&format!("stranger {NOWHERE}"), Redial::Never);
    near.unreachable();
    assert!(!near.station.discovery().1.seeks_moved());
}

#[test]
fn an_announcement_alone_dials_nobody_and_lets_nobody_in() {
    let (mut near, far, _) = moved(Duration::ZERO);
    let stranger = PublicKey([9; 32]);
    near.station.discovery().0.looks = true;
    near.station.discovery().0.contacts_changed();
    near.station.discovery().0.rests_until = Some(Instant::now() + PATIENCE);
    let (discovery, links, out) = near.station.discovery();
    discovery.update_contacts(links);
    discovery.hear(
        vec![
            heard(stranger, [far.address]),
            heard(far.key, [far.address]),
        ],
        links,
        out,
    );
    for _ in 0..20 {
        near.turn();
    }
    let stations = near.until(|notice| match notice {
        Notice::Nearby { stations } => Some(stations.clone()),
        _ => None,
    });
    let claims: Vec<_> = stations.iter().map(|nearby| nearby.claims).collect();
    let far = Claim::Contact("far".parse().unwrap());
    assert_eq!(claims, [Claim::Stranger, far]);
    assert!(stations[0].is_camera());
    assert_eq!(near.told.len(), 1, "{:?}", near.told);
}

#[test]
fn a_station_is_announced_only_where_others_reach_it_and_while_that_is_wanted() {
    let announced = |listen: &str, announce, may: &str, pairing| {
        let identity = Identity::throwaway().unwrap();
        let settings = Settings {
            listen: vec![listen.parse().unwrap()],
            book: book(&format!("anna 10.0.0.2 may={may}")),
            announce,
            ..Settings::new("near".parse().unwrap(), identity)
        };
        let mut station = Station::start(settings).unwrap();
        let (discovery, links, _) = station.discovery();
        discovery.set_pairing(pairing);
        discovery.is_announced(links)
    };
    let everywhere = "0.0.0.0:0";
    for (announce, may, pairing, is_announced) in [
        (Announce::Never, "auto", Some(47), false),
        (Announce::WhenNeeded, "call", None, false),
        (Announce::WhenNeeded, "call", Some(47), true),
        (Announce::WhenNeeded, "auto", None, true),
        (Announce::Always, "call", None, true),
    ] {
        let is = announced(everywhere, announce, may, pairing);
        assert_eq!(is, is_announced, "{announce:?} {may} {pairing:?}");
        assert!(!announced("127.0.0.1:0", announce, may, pairing));
    }
}

#[test]
fn a_station_is_announced_by_its_new_name() {
    let settings = Settings {
        listen: vec!["0.0.0.0:0".parse().unwrap()],
        announce: Announce::Always,
        ..Settings::new("near".parse().unwrap(), Identity::throwaway().unwrap())
    };
    let mut station = Station::start(settings).unwrap();
    let (discovery, links, _) = station.discovery();
    discovery.changed = false;
    discovery.rename("near".parse().unwrap());
    assert!(!discovery.changed, "it is the same name");
    discovery.rename("desk".parse().unwrap());
    assert!(discovery.changed);
    let advert = discovery.wanted(links).advert.unwrap();
    assert_eq!(advert.name.as_str(), "desk");
}

#[test]
fn a_station_that_listens_elsewhere_is_announced_there_alone() {
    let settings = Settings {
        listen: vec!["0.0.0.0:0".parse().unwrap()],
        ..Settings::new("near".parse().unwrap(), Identity::throwaway().unwrap())
    };
    let mut station = Station::start(settings).unwrap();
    let before = station.addresses();
    // Announced to nobody: it is asked between two turns.
    let announced = |station: &mut Station| {
        let (discovery, links, _) = station.discovery();
        discovery.announce(Announce::Always);
        let advert = discovery.wanted(links).advert;
        discovery.announce(Announce::Never);
        advert.map(|advert| advert.listen)
    };
    assert_eq!(announced(&mut station), Some(before.clone()));
    station.handle().listen(vec!["0.0.0.0:0".parse().unwrap()]);
    station.turn(|_| ());
    let after = station.addresses();
    assert!(after.len() == 1 && after != before, "{after:?}");
    assert_eq!(announced(&mut station), Some(after));
    let (discovery, ..) = station.discovery();
    discovery.changed = false;
    discovery.listens(&["127.0.0.1:7447".parse().unwrap()]);
    assert!(discovery.changed, "the responder is to be told");
    assert_eq!(announced(&mut station), None, "no other machine reaches it");
}

#[test]
fn our_own_running_station_is_not_nearby_and_another_program_of_ours_is() {
    let identity = Identity::throwaway().unwrap();
    let settings = Settings {
        listen: vec!["0.0.0.0:0".parse().unwrap()],
        ..Settings::new("near".parse().unwrap(), identity)
    };
    let key = settings.identity.public_key();
    let mut station = Station::start(settings).unwrap();
    let port = station.addresses()[0].port();
    let (discovery, links, out) = station.discovery();
    discovery.looks = true;
    let at = |port: u16| heard(key, [([10, 0, 0, 2], port).into()]);
    discovery.hear(vec![at(port), at(port ^ 1)], links, out);
    let Some(Notice::Nearby { stations }) = out.notices.pop_front() else {
        panic!("{:?}", out.notices);
    };
    assert_eq!(stations.len(), 1);
    assert_eq!(stations[0].claims, Claim::Own);
    assert_eq!(stations[0].addresses[0].port(), port ^ 1);
}

#[test]
fn the_owner_is_told_that_nobody_is_found_for_some_minutes() {
    let (mut near, _, _) = moved(PATIENCE);
    let now = Instant::now();
    let (discovery, links, out) = near.station.discovery();
    discovery.rest(now, links, out);
    assert_eq!(discovery.due(), Some(now + REST));
    let paused = |notice: &Notice| match notice {
        Notice::NearbyPaused { until } => Some(*until),
        _ => None,
    };
    assert_eq!(near.until(paused), now + REST);
}

/// A moved contact is a contact: calls, texts and files go to it as to any other.
#[test]
fn a_contact_that_moved_is_called() {
    let (mut near, far, line) = moved(PATIENCE);
    near.connect(&line, Redial::Always);
    near.until_asked();
    near.hear(&[heard(far.key, [far.address])]);
    near.joined();
    let name = "far".parse().unwrap();
    near.station.handle().ring(&name, CallKind::Talk);
    near.until(|notice| {
        matches!(notice, Notice::CallEnded { peer, .. } if *peer == name).then_some(())
    });
}
