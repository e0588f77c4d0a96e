//! The bridge: cameras of contacts in other programs of this computer. The station opens an HTTP
//! door for them on the loopback address; between the computers runs our own protocol.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use transom::{Links, Pass, Passes, PeerName, SystemError, Token};

use super::{Person, State};

/// The usual port of the door, as of `transom camera --http`.
pub(crate) const BRIDGE_PORT: u16 = 8080;

/// What is known of the bridge.
#[derive(Debug, Default)]
pub(crate) struct Bridge {
    /// The secret in all links; `None` until a camera is shown for the first time.
    pub(crate) token: Option<Token>,
    pub(crate) door: Door,
    /// When a program last used one of the links, since 1970.
    pub(crate) used: Option<Duration>,
}

impl Bridge {
    /// Makes new links; those that there were end.
    pub(crate) fn renew(&mut self, token: Token) {
        self.token = Some(token);
        self.used = None;
    }
}

/// What the station said of the HTTP door.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) enum Door {
    Open,
    /// It was asked for, and the station has not answered yet.
    #[default]
    Opening,
    Refused(SystemError),
}

/// The HTTP door as it is to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct OpenBridge {
    pub(crate) address: SocketAddr,
    pub(crate) token: Token,
    /// The contacts whose cameras are shown; never empty.
    pub(crate) cameras: Vec<PeerName>,
}

impl State {
    /// Whether other programs of this computer see that contact's camera.
    pub(crate) fn is_in_programs(&self, person: &Person) -> bool {
        person.contact.is_some() && self.preferences(person.name).in_programs
    }

    /// Contacts that other programs can be shown, in the order of the book: cameras, and whatever
    /// is shown already.
    pub(crate) fn bridgeable(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| self.can_bridge(person))
    }

    /// Whether that contact can be shown to other programs.
    pub(crate) fn can_bridge(&self, person: &Person) -> bool {
        let is_camera = person.contact.is_some() && self.is_camera(person);
        is_camera || self.is_in_programs(person)
    }

    /// The links to that contact's camera. They lead nowhere while it is not shown.
    pub(crate) fn links_to(&self, peer: PeerName) -> Option<Links> {
        let token = self.bridge.token.as_ref()?;
        Some(Links::new(
            self.bridge_address(),
            Some(peer.as_str()),
            token,
        ))
    }

    /// The door that is to be open, if one is.
    pub(crate) fn wanted_bridge(&self) -> Option<OpenBridge> {
        let shown = self.people.iter();
        let shown = shown.filter(|person| self.is_in_programs(person));
        let cameras: Vec<_> = shown.map(|person| person.name).collect();
        let token = self.bridge.token.clone();
        let token = token.filter(|_| !cameras.is_empty())?;
        Some(OpenBridge {
            address: self.bridge_address(),
            token,
            cameras,
        })
    }

    pub(super) fn links_were_used(&mut self, passes: &Passes) {
        let newest = passes.iter().filter_map(Pass::last_used).max();
        self.bridge.used = newest.or(self.bridge.used);
    }

    pub(super) fn show_in_programs(&mut self, peer: PeerName, on: bool) {
        if self.wanted_bridge().is_none() {
            self.bridge.door = Door::Opening;
        }
        self.prefer(peer, |kept| kept.in_programs = on);
    }

    /// Other computers don't reach this address, as what is sent there is not encrypted.
    fn bridge_address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.config.programs_port))
    }
}

#[cfg(test)]
mod tests {
    use transom::{Capabilities, Notice, PublicKey};

    use crate::model::tests::{joined_as, peer, two_boxes};
    use crate::model::{Action, Config};

    use super::*;

    fn show(state: &mut State, name: &str, on: bool) {
        let peer = peer(name);
        state.act(&Action::ShowInPrograms { peer, on });
    }

    fn cameras(state: &State) -> Vec<String> {
        let bridge = state.wanted_bridge();
        let cameras = bridge.map(|bridge| bridge.cameras).unwrap_or_default();
        cameras.iter().map(ToString::to_string).collect()
    }

    /// Two cameras and the token of their links.
    fn boxes() -> State {
        let mut state = two_boxes();
        for (name, key) in [("door", 1), ("yard", 2)] {
            let key = PublicKey([key; 32]);
            state.apply(joined_as(name, key, Capabilities::CAMERA));
        }
        state.bridge.token = Some(Token::from_random([7; 20]));
        state
    }

    #[test]
    fn the_door_is_open_while_a_camera_is_shown() {
        let mut state = boxes();
        assert_eq!(state.bridgeable().count(), 2);
        assert_eq!(state.wanted_bridge(), None);
        show(&mut state, "yard", true);
        show(&mut state, "door", true);
        assert_eq!(cameras(&state), ["door", "yard"]);
        show(&mut state, "yard", false);
        assert_eq!(cameras(&state), ["door"]);
        show(&mut state, "door", false);
        assert_eq!(state.wanted_bridge(), None);
    }

    #[test]
    fn links_stay_as_they_are_whatever_else_is_shown() {
        let mut state = boxes();
        show(&mut state, "door", true);
        let links = state.links_to(peer("door")).unwrap();
        let token = Token::from_random([7; 20]);
        assert_eq!(links.page, format!("http://127.0.0.1:8080/door/#{token}"));
        show(&mut state, "yard", true);
        assert_eq!(state.links_to(peer("door")), Some(links.clone()));
        state.bridge.token = Some(Token::from_random([8; 20]));
        assert_ne!(state.links_to(peer("door")), Some(links));
        state.config.programs_port = 8081;
        let moved = state.links_to(peer("door")).unwrap();
        assert!(
            moved
                .stream
                .starts_with("http://127.0.0.1:8081/door/stream")
        );
    }

    #[test]
    fn a_removed_contact_is_shown_no_more_and_a_renamed_one_by_its_new_name() {
        let mut state = boxes();
        show(&mut state, "door", true);
        show(&mut state, "yard", true);
        state.renamed(peer("door"), peer("hall"));
        assert_eq!(cameras(&state), ["hall", "yard"]);
        let links = state.links_to(peer("hall")).unwrap();
        assert!(links.page.starts_with("http://127.0.0.1:8080/hall/#"));
        state.unbook(peer("yard"));
        assert_eq!(cameras(&state), ["hall"], "the book has it no more");
        state.forget(peer("hall"));
        assert_eq!(state.wanted_bridge(), None);
    }

    #[test]
    fn what_is_shown_can_be_switched_off_though_it_is_no_camera_any_more() {
        let mut state = boxes();
        show(&mut state, "door", true);
        let person = Capabilities::CAMERA | Capabilities::CALLS;
        for name in ["door", "yard"] {
            let key = PublicKey([9; 32]);
            state.apply(joined_as(name, key, person));
        }
        let offered: Vec<_> = state.bridgeable().map(|person| person.name).collect();
        assert_eq!(offered, [peer("door")]);
    }

    #[test]
    fn the_door_is_as_the_station_says() {
        let mut state = boxes();
        show(&mut state, "door", true);
        assert_eq!(state.bridge.door, Door::Opening);
        let why = SystemError {
            kind: std::io::ErrorKind::AddrInUse,
            text: "127.0.0.1:8080 is in use".into(),
        };
        state.apply(Notice::HttpNotListening { why: why.clone() });
        assert_eq!(state.bridge.door, Door::Refused(why.clone()));
        state.act(&Action::OpenBridge);
        assert_eq!(state.bridge.door, Door::Opening);
        let address = ([127, 0, 0, 1], 8080).into();
        state.apply(Notice::HttpListening { address });
        assert_eq!(state.bridge.door, Door::Open);
        // It opens anew with the next camera that is shown.
        show(&mut state, "door", false);
        state.bridge.door = Door::Refused(why);
        show(&mut state, "door", true);
        assert_eq!(state.bridge.door, Door::Opening);
    }

    #[test]
    fn the_last_use_of_a_link_is_known_until_there_are_new_ones() {
        let mut state = boxes();
        let token = Token::from_random([7; 20]);
        let pass = Pass::new("window", &token).unwrap();
        let used: Passes = format!("{pass} 1795800836\n").parse().unwrap();
        state.apply(Notice::PassesUsed { passes: used });
        assert_eq!(state.bridge.used, Some(Duration::from_secs(1_795_800_836)));
        state.bridge.renew(token);
        assert_eq!(state.bridge.used, None);
    }

    #[test]
    fn a_port_that_no_link_can_name_is_not_taken() {
        let (config, errors) = Config::parse("programs_port = 0\n");
        assert_eq!((config.programs_port, errors.len()), (BRIDGE_PORT, 1));
    }
}
