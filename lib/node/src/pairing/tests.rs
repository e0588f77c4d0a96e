//! The time of a shown code, and a typed one among stations that announce its number.

use transom_net::{Config, Event, Net};
use transom_users::Address;
use transom_wire::Grants;

use super::*;
use crate::discovery::Heard;
use crate::identity::Identity;
use crate::parts;
use crate::settings::Settings;

const CODE: &str = "47-otter-violin";
const ID: PairingId = PairingId(1);

fn terms() -> PairingTerms {
    PairingTerms {
        name: None,
        may: "view".parse().unwrap(),
        keep: Keep::Contact,
        port: None,
    }
}

/// The side that types the code, with what it was told, and stations that listen.
struct Typing {
    pairings: Pairings,
    links: Links,
    discovery: Discovery,
    out: Context,
    stations: Vec<Net>,
    told: Vec<PairingNotice>,
}

impl Typing {
    /// Among stations that show these codes; where there is none, a station shows no code.
    fn among(codes: &[Option<&str>]) -> Self {
        let mut settings = Settings::new("anna".parse().unwrap(), Identity::throwaway().unwrap());
        let config = Config::new(settings.identity.secret.clone(), Vec::new());
        let out = parts::open(config).unwrap();
        let discovery = Discovery::new(&settings, &[]);
        let stations = codes.iter().map(|code| station(*code)).collect();
        Self {
            pairings: Pairings::new(settings.name),
            links: Links::new(&mut settings, 1, out.machine.clone()),
            discovery,
            out,
            stations,
            told: Vec::new(),
        }
    }

    /// Every station announces this number.
    fn announce(&mut self, number: u8) {
        let stations = self.stations.iter().enumerate();
        let heard = stations.map(|(at, station)| Heard {
            name: "somebody".parse().unwrap(),
            fingerprint: PublicKey([u8::try_from(at).unwrap(); 32]).fingerprint(),
            addresses: station.local_addresses(),
            does: transom_wire::Capabilities::NONE,
            pairing: Some(number),
            http: None,
        });
        let heard = heard.collect();
        self.discovery.hear(heard, &mut self.links, &mut self.out);
    }

    /// Types the code and runs until that is over.
    fn enter(&mut self, candidates: Candidates) -> PairingNotice {
        let code = CODE.parse().unwrap();
        self.pairings
            .enter(ID, code, candidates, terms(), &mut self.out);
        loop {
            self.turn();
            self.pairings.turn(Instant::now(), &mut self.out);
            self.tell();
            let is_end = |notice: &PairingNotice| {
                matches!(
                    notice,
                    PairingNotice::Paired(_) | PairingNotice::Failed { .. }
                )
            };
            if let Some(at) = self.told.iter().position(is_end) {
                return self.told.remove(at);
            }
        }
    }

    fn turn(&mut self) {
        let soon = Some(Instant::now() + Duration::from_millis(1));
        for station in &mut self.stations {
            station.wait(soon).unwrap();
            while station.next_event().is_some() {}
        }
        self.out.net.wait(soon).unwrap();
        while let Some(event) = self.out.net.next_event() {
            match event {
                Event::Pairing {
                    peer,
                    address,
                    code,
                    event,
                } => {
                    let Self {
                        pairings,
                        links,
                        out,
                        ..
                    } = self;
                    pairings.handle(peer, address, code, event, links, out);
                }
                Event::Left { peer, why } => self.pairings.left(peer, &why, &mut self.out),
                _ => {}
            }
        }
        self.pairings.look(&self.discovery, &mut self.out);
        self.tell();
    }

    fn tell(&mut self) {
        let notices = self.out.notices.drain(..);
        self.told.extend(notices.filter_map(|notice| match notice {
            Notice::Pairing(_, notice) => Some(notice),
            _ => None,
        }));
    }

    fn dialed(&self) -> usize {
        let is_dial = |notice: &&PairingNotice| matches!(notice, PairingNotice::Trying { .. });
        self.told.iter().filter(is_dial).count()
    }
}

fn station(code: Option<&str>) -> Net {
    let identity = transom_secure::Identity::generate().unwrap();
    let listen = vec!["127.0.0.1:0".parse().unwrap()];
    let mut net = Net::bind(Config::new(identity, listen)).unwrap();
    if let Some(code) = code {
        net.open_pairing(NetTerms {
            code: code.parse().unwrap(),
            introduction: Introduction {
                keep: Keep::Contact,
                grants: grants("view".parse().unwrap()),
                port: 0,
                name: "porch".parse().unwrap(),
            },
        });
    }
    net
}

#[test]
fn the_station_is_found_by_the_number_that_it_announces() {
    let mut typing = Typing::among(&[Some(CODE)]);
    typing.announce(47);
    assert!(
        matches!(typing.enter(Candidates::Nearby), PairingNotice::Paired(paired) if paired.called.as_str() == "porch")
    );
    assert_eq!(typing.pairings.number_sought(), None);
}

#[test]
fn announcers_of_a_foreign_number_have_at_most_three_tries_at_a_code() {
    let mut typing = Typing::among(&[Some("47-zebra-zebra"); 6]);
    typing.announce(47);
    let end = typing.enter(Candidates::Nearby);
    let too_many = PairingFailure::TooManyTries;
    assert!(
        matches!(&end, PairingNotice::Failed { why } if *why == too_many),
        "{end:?}"
    );
    assert_eq!(typing.dialed(), 3);
}

#[test]
fn an_announcer_of_a_foreign_number_costs_one_try_and_the_right_station_is_still_found() {
    let mut typing = Typing::among(&[Some("47-zebra-zebra"), None, Some(CODE)]);
    typing.announce(47);
    let end = typing.enter(Candidates::Nearby);
    assert!(matches!(end, PairingNotice::Paired(_)), "{end:?}");
    assert_eq!(typing.dialed(), 3);
}

#[test]
fn after_one_announcer_with_another_code_others_are_waited_for_a_moment() {
    let mut typing = Typing::among(&[Some("47-zebra-zebra"), Some(CODE)]);
    let late = typing.stations.pop().unwrap();
    typing.announce(47);
    let code = CODE.parse().unwrap();
    let (candidates, terms) = (Candidates::Nearby, terms());
    typing
        .pairings
        .enter(ID, code, candidates, terms, &mut typing.out);
    let begun = typing.pairings.due().unwrap();
    while typing.pairings.due().is_none_or(|due| due >= begun) {
        typing.turn();
    }
    typing.stations.push(late);
    typing.announce(47);
    while !matches!(
        typing.told.last(),
        Some(PairingNotice::Paired(_) | PairingNotice::Failed { .. })
    ) {
        typing.turn();
    }
    let last = typing.told.last();
    assert!(matches!(last, Some(PairingNotice::Paired(_))), "{last:?}");

    // Nobody else comes: the person hears of the wrong code before the half minute is over.
    let mut typing = Typing::among(&[Some("47-zebra-zebra")]);
    typing.announce(47);
    let end = typing.enter(Candidates::Nearby);
    let wrong = PairingFailure::WrongCode;
    assert!(
        matches!(&end, PairingNotice::Failed { why } if *why == wrong),
        "{end:?}"
    );
}

#[test]
fn a_code_that_is_typed_again_and_again_is_given_to_three_stations_at_most() {
    let mut typing = Typing::among(&[Some("47-zebra-zebra"); 6]);
    for tries in 1..=4 {
        let address = Address::from(typing.stations[tries].local_addresses()[0]);
        let end = typing.enter(Candidates::At(vec![address], None));
        let wanted = match tries {
            4 => PairingFailure::TooManyTries,
            _ => PairingFailure::WrongCode,
        };
        assert!(
            matches!(&end, PairingNotice::Failed { why } if *why == wanted),
            "{end:?}"
        );
    }
    assert_eq!(typing.dialed(), 3);
}

#[test]
fn a_station_that_announces_another_number_is_not_dialed() {
    let mut typing = Typing::among(&[Some(CODE)]);
    typing.announce(11);
    let code = CODE.parse().unwrap();
    typing
        .pairings
        .enter(ID, code, Candidates::Nearby, terms(), &mut typing.out);
    let due = typing.pairings.due().unwrap();
    typing.turn();
    assert_eq!(
        (typing.dialed(), typing.pairings.number_sought()),
        (0, Some(47))
    );
    // Nobody else comes in time.
    typing.pairings.turn(due, &mut typing.out);
    typing.tell();
    let last = typing.told.pop();
    let nobody = PairingFailure::NobodyNearby;
    assert!(
        matches!(&last, Some(PairingNotice::Failed { why }) if *why == nobody),
        "{last:?}"
    );
}

#[test]
fn what_is_left_of_a_code_that_was_replaced_means_nothing() {
    let mut typing = Typing::among(&[None]);
    let address = typing.stations[0].local_addresses()[0];
    let [given_up, typed] = [(), ()].map(|()| {
        let candidates = Candidates::At(vec![Address::from(address)], None);
        let code = CODE.parse().unwrap();
        let Typing { pairings, out, .. } = &mut typing;
        pairings.enter(ID, code, candidates, terms(), out);
        pairings.entry.as_ref().unwrap().connection().unwrap()
    });
    let Typing {
        pairings,
        links,
        out,
        ..
    } = &mut typing;
    let [replaced, shown] = [(), ()].map(|()| {
        pairings.show(ID, None, terms(), out);
        pairings.shown.as_ref().unwrap().code_id
    });
    let paired = || PairingEvent::Paired {
        key: PublicKey([7; 32]),
        introduction: Introduction {
            keep: Keep::Contact,
            grants: Grants::NONE,
            port: 0,
            name: "porch".parse().unwrap(),
        },
    };
    // Events that waited while the owner's commands were taken.
    for (code, event) in [
        (None, paired()),
        (Some(replaced), paired()),
        (Some(replaced), PairingEvent::WrongCode { tries_left: 0 }),
    ] {
        let result = pairings.handle(given_up, address, code, event, links, out);
        assert_eq!(result, None, "{code:?}");
    }
    assert!(pairings.shown.is_some() && pairings.entry.is_some());
    let mut handle = |peer, code| pairings.handle(peer, address, code, paired(), links, out);
    let sides = [(typed, None), (given_up, Some(shown))].map(|(peer, code)| {
        let paired = handle(peer, code);
        paired.map(|paired| paired.side)
    });
    let wanted = [PairingSide::Entered, PairingSide::Showed];
    assert_eq!(sides, wanted.map(Some));
    assert!(pairings.tried.is_none(), "the code is used up");
}

#[test]
fn addresses_of_a_host_whose_code_was_given_up_are_not_dialed() {
    let mut typing = Typing::among(&[Some(CODE)]);
    let address = typing.stations[0].local_addresses()[0];
    let Typing { pairings, out, .. } = &mut typing;
    let [given_up, typed] = [PairingId(1), PairingId(2)];
    for id in [given_up, typed] {
        pairings.enter(id, CODE.parse().unwrap(), Candidates::Nearby, terms(), out);
    }
    pairings.resolved(given_up, Ok(vec![address]), out);
    typing.tell();
    assert_eq!(typing.dialed(), 0);
    typing
        .pairings
        .resolved(typed, Ok(vec![address]), &mut typing.out);
    typing.tell();
    assert_eq!(typing.dialed(), 1);
}

#[test]
fn a_station_is_dialed_at_an_address_that_it_announces_later_too() {
    let mut typing = Typing::among(&[]);
    let entry = typing.entry();
    let station = PublicKey([1; 32]).fingerprint();
    let addresses: Vec<SocketAddr> = ["[fe80::1%3]:1", "10.0.0.2:1"]
        .map(|text| text.parse().unwrap())
        .to_vec();
    // The part of one family came alone.
    assert!(entry.announced([(station, &addresses[..1])].into_iter()));
    assert_eq!(entry.next(), Some((addresses[0], None)));
    assert!(entry.announced([(station, &addresses[..])].into_iter()));
    assert_eq!(entry.next(), Some((addresses[1], None)));
    assert!(!entry.announced([(station, &addresses[..])].into_iter()));
    assert_eq!(entry.next(), None);
    // Once it has had its try, no new address gives it another one.
    entry.tried();
    let other = ["10.0.0.3:1".parse().unwrap()];
    assert!(!entry.announced([(station, &other[..])].into_iter()));
}

#[test]
fn a_flood_of_announcers_is_bounded() {
    let mut typing = Typing::among(&[]);
    let entry = typing.entry();
    let keys = (0..=255).map(|number| PublicKey([number; 32]).fingerprint());
    let address = ["127.0.0.1:1".parse().unwrap()];
    assert!(entry.announced(keys.map(|key| (key, &address[..]))));
    assert_eq!(std::iter::from_fn(|| entry.next()).count(), 64);
}

#[test]
fn a_shown_code_ends_after_ten_minutes() {
    let mut typing = Typing::among(&[]);
    let Typing { pairings, out, .. } = &mut typing;
    let begun = out.now();
    pairings.show(ID, None, terms(), out);
    let due = pairings.due().unwrap();
    assert!(due >= begun + CODE_LIFETIME);
    pairings.turn(due - Duration::from_secs(1), out);
    assert!(pairings.number_shown().is_some());
    pairings.turn(due, out);
    assert_eq!((pairings.number_shown(), pairings.due()), (None, None));
    assert_eq!(typing.code_ends(), [CodeEnd::Expired]);
}

#[test]
fn a_new_code_ends_the_one_before() {
    let mut typing = Typing::among(&[]);
    for _ in 0..2 {
        typing.pairings.show(ID, None, terms(), &mut typing.out);
    }
    assert_eq!(typing.code_ends(), [CodeEnd::Stopped]);
    typing.pairings.end(&mut typing.out);
    assert_eq!(typing.code_ends(), [CodeEnd::Stopped]);
    typing.pairings.end(&mut typing.out);
    assert_eq!(typing.code_ends(), []);
}

impl Typing {
    /// A code that was just typed, whose station is looked for nearby.
    fn entry(&mut self) -> &mut Entry {
        let code = CODE.parse().unwrap();
        self.pairings
            .enter(ID, code, Candidates::Nearby, terms(), &mut self.out);
        self.pairings.entry.as_mut().unwrap()
    }

    /// Why shown codes ended since it was asked last.
    fn code_ends(&mut self) -> Vec<CodeEnd> {
        self.tell();
        let told = self.told.drain(..);
        told.filter_map(|notice| match notice {
            PairingNotice::CodeEnded { why } => Some(why),
            _ => None,
        })
        .collect()
    }
}

#[test]
fn a_peer_that_was_reached_by_a_link_local_address_is_found_again_by_its_zone() {
    let typing = Typing::among(&[]);
    let introduction = Introduction {
        keep: Keep::Contact,
        grants: grants("view".parse().unwrap()),
        port: 7500,
        name: "porch".parse().unwrap(),
    };
    let reached = "[fe80::1%4294967295]:50000".parse().unwrap();
    let peer = (PublicKey([1; 32]), introduction);
    let paired = paired(peer, PairingSide::Showed, reached, terms(), &typing.links);
    assert_eq!(paired.address.to_string(), "[fe80::1%4294967295]:7500");
}
