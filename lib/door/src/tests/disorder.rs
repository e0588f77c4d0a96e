//! Clients, pictures, sound, cameras, passes and time in any order: the limits hold, every place of
//! a viewer and of a listener comes back, and a timeout that is handled is not due again.

use super::*;
use crate::limits::{MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS};

/// Random numbers by xorshift: the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as usize % limit
    }
}

/// Where each client connected from, from this machine without one.
type Addresses = BTreeMap<usize, Option<IpAddr>>;

const CLIENTS: usize = 100;

const CAMERAS: [&str; 4] = ["hall", "yard", "attic", "hall"];

#[test]
fn any_order_of_events_keeps_the_limits() {
    for seed in 1..40_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut rig = Rig::of(&CAMERAS[..2], access(&[1, 2]));
        let mut addresses = BTreeMap::new();
        for _ in 0..300 {
            act(&mut rig, &mut addresses, &mut random);
            check(&mut rig, &addresses, seed);
        }
        (0..CLIENTS).for_each(|client| rig.close(client));
        assert_eq!(taken(&rig), (0, 0), "{seed}");
        assert_eq!(rig.door.poll_timeout(), None, "{seed}");
    }
}

fn act(rig: &mut Rig, addresses: &mut Addresses, random: &mut Random) {
    let client = random.below(CLIENTS);
    match random.below(16) {
        0..4 => {
            let [.., last] = random.below(5).to_be_bytes();
            let address = (last > 0).then(|| IpAddr::from([10, 0, 0, last]));
            if rig.connect_from(client, address).is_ok() {
                addresses.insert(client, address);
            }
        }
        4..9 => {
            let pass = token(random.below(4) as u8);
            let camera = ["", "hall/", "yard/", "attic/"][random.below(4)];
            let path = ["stream", "snapshot", "next", "sound", "state", "metrics"][random.below(6)];
            let method = ["GET", "HEAD", "OPTIONS", "PUT"][random.below(7).saturating_sub(3)];
            let head = format!("{method} /{camera}{path}?token={pass} HTTP/1.1\r\nHost: a\r\n\r\n");
            let cut = if random.below(4) == 0 {
                1 + random.below(head.len())
            } else {
                head.len()
            };
            rig.receive(client, &head.as_bytes()[..cut]);
        }
        9 => drop(rig.stuck.insert(client)),
        10 if random.below(2) == 0 => rig.trickle(client, random.below(2_000)),
        10 => drop(rig.stuck.remove(&client)),
        11 if random.below(2) == 0 => rig.end(client),
        11 => rig.close(client),
        12 if random.below(2) == 0 => {
            let camera = SourceId(random.below(CAMERAS.len()));
            rig.door.set_sound(camera, random.below(4) > 0);
            rig.door.push_sound(camera, &vec![0; random.below(2000)]);
        }
        12 => drop(rig.show()),
        13 => match random.below(4) {
            0 if random.below(2) == 0 => rig.set_state(SourceState::Lost, "unplugged"),
            0 => {
                let names = CAMERAS[random.below(4)..].iter().take(random.below(4));
                rig.door
                    .set_sources(names.map(|name| (*name).to_owned()).collect());
            }
            1 => rig.door.set_max_viewers(random.below(12)),
            2 => rig.door.set_access(access(&[1])),
            _ => rig.door.set_access(access(&[1, 2])),
        },
        _ => {
            rig.now.instant += Duration::from_millis(random.below(3_000) as u64);
            // As the loop: often late, and only if something is due.
            if rig.is_due() {
                rig.door.handle_timeout(rig.now);
            }
        }
    }
    rig.pump();
    // As the loop: what has ended is removed.
    let ended = (0..CLIENTS).filter(|client| rig.fate(*client) == Fate::Gone);
    ended
        .collect::<Vec<_>>()
        .into_iter()
        .for_each(|client| rig.close(client));
}

/// Passes of which the first may hear.
fn access(numbers: &[u8]) -> Access {
    let passes = numbers.iter().map(|number| {
        let pass = Pass::new("a", &token(*number)).unwrap();
        if *number == 1 {
            pass.with_sound()
        } else {
            pass
        }
    });
    Access::Passes(passes.collect())
}

/// Places of viewers and of listeners.
fn taken(rig: &Rig) -> (usize, usize) {
    let places = || (0..CAMERAS.len()).map(SourceId);
    let viewers = places().map(|camera| rig.door.viewers(camera));
    let listeners = places().map(|camera| rig.door.listeners(camera));
    (viewers.sum(), listeners.sum())
}

fn check(rig: &mut Rig, addresses: &Addresses, seed: u64) {
    let (viewers, listeners) = taken(rig);
    assert!(viewers <= 12, "{seed}: {viewers} viewers");
    assert!(listeners <= 12, "{seed}: {listeners} listeners");
    let open = addresses.iter();
    let open = open.filter(|(client, _)| rig.fate(**client) != Fate::Gone);
    let addresses: Vec<_> = open.map(|(_, address)| address).collect();
    assert!(addresses.len() <= MAX_CONNECTIONS, "{seed}");
    for address in addresses.iter().filter(|address| address.is_some()) {
        let same = addresses.iter().filter(|other| *other == address);
        assert!(same.count() <= MAX_CONNECTIONS_PER_ADDRESS, "{seed}");
    }
    if rig.is_due() {
        rig.door.handle_timeout(rig.now);
        rig.pump();
        assert!(!rig.is_due(), "{seed}: it is due again");
    }
}
