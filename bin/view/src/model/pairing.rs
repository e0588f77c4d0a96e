//! Meeting peers: the stations nearby, the code that is shown here, and the code that is typed
//! here.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom::{
    Candidates, Claim, Code, CodeEnd, Fingerprint, Invitation, Keep, MAX_ADDRESSES, Nearby, Paired,
    PairingFailure, PairingId, PairingNotice, PairingSide, PairingTerms, PeerName, Redial,
};
use transom_users::{Address, Contact, Rights};

use super::{Action, Dialog, News, Presence, SettingsPage, State};

/// Wrong guesses at one code until it is dead.
pub(crate) const TRIES: u8 = 3;
/// Stations nearby that are shown; more are found by their code.
const MAX_SHOWN: usize = 5;

/// What a sender may do that was met for one transfer.
const FILES_ONLY: Rights = Rights {
    view: false,
    call: false,
    files: true,
    hear: false,
    talk: false,
    auto: false,
};

/// How often a contact is dialed where its code was shown. The first failure can be that of the
/// address in the book.
const DIALS: u8 = 2;

/// Everything about meeting peers.
#[derive(Debug, Default)]
pub(crate) struct Meeting {
    /// Stations that announce themselves, the newest first, and not our own. What they say proves
    /// nothing.
    pub(crate) nearby: Vec<Station>,
    /// Until then nobody is found: too much is announced, or nothing can be.
    paused_until: Option<Duration>,
    /// The code that is shown here.
    pub(crate) shown: ShownCode,
    /// What a peer that types it may do here.
    pub(crate) may: Rights,
    /// How it goes with the code that was typed here.
    pub(crate) entry: Entry,
    /// Wrong guesses of ours at the code of that number.
    guesses: (Option<u8>, u8),
    /// The code that was asked for last, and the one that was typed last. What is said of others
    /// came on its way here when they were replaced.
    current: [Option<PairingId>; 2],
    /// A contact that is dialed where its code was shown, and how often that may still fail.
    met: Option<(PeerName, u8)>,
}

impl Meeting {
    /// A code is to be shown.
    pub(crate) fn shows(&mut self, id: PairingId) {
        self.current[0] = Some(id);
    }

    /// A code was typed.
    pub(crate) fn enters(&mut self, id: PairingId) {
        self.current[1] = Some(id);
    }

    fn is_past(&self, id: PairingId) -> bool {
        let mut current = self.current.iter().flatten();
        self.current.iter().any(Option::is_some) && !current.any(|one| *one == id)
    }
}

/// A station that announces itself, and is not ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Station {
    /// What it calls itself.
    pub(crate) name: PeerName,
    /// The contact whose key it says it has.
    pub(crate) contact: Option<PeerName>,
    /// The key that it says it has.
    pub(crate) fingerprint: Fingerprint,
    /// Where it says it is, at best.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) is_camera: bool,
    /// The number of the code that it says it shows.
    pub(crate) pairing: Option<u8>,
}

impl Station {
    /// `None` for our own programs.
    fn of(nearby: &Nearby) -> Option<Self> {
        let contact = match nearby.claims {
            Claim::Own => return None,
            Claim::Contact(name) => Some(name),
            _ => None,
        };
        Some(Self {
            name: nearby.name,
            contact,
            fingerprint: nearby.fingerprint,
            address: nearby.addresses.first().copied(),
            is_camera: nearby.is_camera(),
            pairing: nearby.pairing,
        })
    }
}

/// Our own code.
#[derive(Clone, Debug, Default)]
pub(crate) enum ShownCode {
    /// It has yet to come.
    #[default]
    Awaited,
    /// It is good until then, since 1970, and for so many more wrong codes.
    Shown {
        code: Code,
        until: Duration,
        tries_left: u8,
    },
    /// It is good no more.
    Ended(CodeEnd),
}

/// A code that was typed.
#[derive(Clone, Debug, Default)]
pub(crate) enum Entry {
    #[default]
    Idle,
    /// The station looks for the other side.
    Trying,
    /// It led nowhere; how many tries are left after a wrong code.
    Failed(PairingFailure, u8),
}

/// A code as it is typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CodeForm {
    pub(crate) code: String,
    /// Where the other side is, where no station nearby shows the code.
    pub(crate) address: String,
    /// Whether the address is asked for.
    pub(crate) asks_address: bool,
}

impl CodeForm {
    /// For a station nearby: its number is filled in, or its address where it tells none.
    pub(crate) fn of(station: &Station) -> Self {
        match station.pairing {
            Some(number) => Self {
                code: format!("{number:02} "),
                ..Self::default()
            },
            None => Self {
                address: station.address.map(|at| at.to_string()).unwrap_or_default(),
                asks_address: true,
                ..Self::default()
            },
        }
    }

    /// The number at its beginning.
    pub(crate) fn number(&self) -> Option<u8> {
        let digits = self.code.trim_start();
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        digits[..end].parse().ok().filter(|number| *number < 100)
    }

    /// The code, once it is one.
    pub(crate) fn code(&self) -> Option<Code> {
        self.code.parse().ok()
    }

    /// Whether a code can have these words. A try with another word would be lost.
    pub(crate) fn has_known_words(&self) -> bool {
        let is_between = |c: char| !c.is_alphanumeric();
        let parts = self.code.split(is_between).filter(|part| !part.is_empty());
        let parts: Vec<_> = parts.map(str::to_lowercase).collect();
        let is_known = |part: &String| transom::completions(part).next().is_some();
        // Words that run together are split where the code is read.
        parts.len() != 3 || parts[1..].iter().all(is_known)
    }

    /// Where the other side is looked for.
    fn candidates(&self) -> Candidates {
        match self.address.trim().parse::<Address>() {
            Ok(address) if self.asks_address => Candidates::At(vec![address], None),
            _ => Candidates::Nearby,
        }
    }
}

impl State {
    /// Whether the stations nearby are on the screen, or needed.
    pub(crate) fn looks_nearby(&self) -> bool {
        let asks = match &self.dialog {
            Some(Dialog::EnterCode(_) | Dialog::Nearby) => true,
            Some(Dialog::Settings(form)) => form.page == SettingsPage::Network,
            _ => false,
        };
        asks || self.page() == super::Page::FirstRun
    }

    /// Takes in the stations that announce themselves now.
    pub(super) fn nearby(&mut self, stations: &[Nearby]) {
        self.meeting.nearby = stations.iter().filter_map(Station::of).collect();
    }

    /// Nobody is found until then.
    pub(super) fn nearby_paused(&mut self, until: Instant) {
        let left = until.saturating_duration_since(Instant::now());
        self.meeting.paused_until = Some(self.now + left);
    }

    /// When stations are looked for again, while they are not.
    pub(crate) fn looks_again_at(&self) -> Option<Duration> {
        self.meeting.paused_until.filter(|until| *until > self.now)
    }

    /// The stations nearby that are shown: a contact is found by itself.
    pub(crate) fn strangers_nearby(&self) -> impl Iterator<Item = &Station> {
        let nearby = self.meeting.nearby.iter();
        nearby.filter(|one| one.contact.is_none()).take(MAX_SHOWN)
    }

    /// The station that says it shows a code of that number.
    pub(crate) fn shows_number(&self, number: u8) -> Option<&Station> {
        let mut nearby = self.meeting.nearby.iter();
        nearby.find(|one| one.pairing == Some(number))
    }

    /// What the picture of our code says: where we are, who we are, and the code.
    pub(crate) fn invitation(&self, code: &Code) -> Option<Invitation> {
        Some(Invitation {
            code: code.clone(),
            key: self.own.key?,
            addresses: self
                .own
                .addresses
                .iter()
                .take(MAX_ADDRESSES)
                .cloned()
                .collect(),
        })
    }

    /// What the station is asked for when a code is typed.
    pub(crate) fn terms(&self) -> PairingTerms {
        PairingTerms {
            name: None,
            may: self.meeting.may,
            keep: Keep::Contact,
            port: None,
        }
    }

    /// Where the code of that form is looked for.
    pub(crate) fn candidates(&self) -> Candidates {
        match &self.dialog {
            Some(Dialog::EnterCode(form)) => form.candidates(),
            _ => Candidates::Nearby,
        }
    }

    pub(super) fn pairing_notice(&mut self, id: PairingId, notice: PairingNotice) -> Vec<Action> {
        let is_past = self.meeting.is_past(id);
        match notice {
            // A contact is one, whichever code made it.
            PairingNotice::Paired(paired) => return self.paired(*paired),
            _ if is_past => {}
            PairingNotice::CodeShown { code, until } => {
                let left = until.saturating_duration_since(Instant::now());
                let until = self.now + left;
                self.meeting.shown = ShownCode::Shown {
                    code,
                    until,
                    tries_left: TRIES,
                };
            }
            PairingNotice::WrongGuess { tries_left: of, .. } => {
                if let ShownCode::Shown { tries_left, .. } = &mut self.meeting.shown {
                    *tries_left = of;
                }
            }
            PairingNotice::CodeEnded { why } => self.meeting.shown = ShownCode::Ended(why),
            PairingNotice::Trying { .. } => self.meeting.entry = Entry::Trying,
            PairingNotice::Failed { why } => {
                let left = self.guessed(&why);
                self.meeting.entry = Entry::Failed(why, left);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Counts wrong codes of one number; how many tries are left.
    fn guessed(&mut self, why: &PairingFailure) -> u8 {
        let number = match &self.dialog {
            Some(Dialog::EnterCode(form)) => form.number(),
            _ => None,
        };
        let guesses = &mut self.meeting.guesses;
        if guesses.0 != number {
            *guesses = (number, 0);
        }
        if *why == PairingFailure::WrongCode {
            guesses.1 = guesses.1.saturating_add(1);
        }
        TRIES.saturating_sub(guesses.1)
    }

    fn paired(&mut self, paired: Paired) -> Vec<Action> {
        self.meeting.shown = ShownCode::Awaited;
        self.meeting.entry = Entry::Idle;
        if paired.keep != Keep::Contact {
            return self.met_once(paired);
        }
        let Paired {
            peer,
            key,
            address,
            may,
            ..
        } = paired;
        self.person(peer).key = Some(key);
        // The contact may have knocked as a stranger before.
        self.forget_knock(&key);
        self.choose(peer);
        self.dialog = Some(Dialog::Connected(peer));
        let contact = Contact {
            name: peer,
            address,
            key: Some(key),
            may,
            comment: String::new(),
            line: 0,
        };
        // The code has proven the key.
        vec![
            Action::SavePaired(Box::new(contact)),
            Action::Verify { key, on: true },
        ]
    }

    /// A code of `transom send --code` was typed here: what it sends is offered as soon as it is
    /// connected to, and asked for in its conversation. It stays out of the book.
    fn met_once(&mut self, paired: Paired) -> Vec<Action> {
        if paired.side != PairingSide::Entered {
            return Vec::new();
        }
        let peer = paired.peer;
        self.forget_knock(&paired.key);
        self.dialog = None;
        let sender = self.person(peer);
        let is_here = sender.presence == Presence::Here;
        let booked = sender.contact.as_ref().map(|contact| contact.may);
        self.choose(peer);
        if is_here {
            // One connection for each key: that of the other program.
            self.tell(News::NeedsNoCode(peer));
            return Vec::new();
        }
        let (may, redial) = match booked {
            Some(may) => (may, Redial::Always),
            None => (FILES_ONLY, Redial::Never),
        };
        self.meeting.met = booked.is_some().then_some((peer, DIALS));
        let contact = Box::new(Contact {
            name: peer,
            // The program that sends listens at a port of its own.
            address: Address::from(paired.reached),
            key: Some(paired.key),
            may,
            comment: String::new(),
            line: 0,
        });
        vec![Action::Meet(contact, redial)]
    }

    /// A contact that was met for one transfer is gone, or can't be reached: it is dialed again as
    /// the book says.
    pub(super) fn met_no_more(&mut self, peer: PeerName, left: bool) -> Vec<Action> {
        let Some((_, dials)) = self.meeting.met.as_mut().filter(|(met, _)| *met == peer) else {
            return Vec::new();
        };
        *dials = dials.saturating_sub(1);
        if *dials > 0 && !left {
            return Vec::new();
        }
        self.meeting.met = None;
        let contact = self.person(peer).contact.clone();
        let dial = |contact| Action::Meet(Box::new(contact), Redial::Always);
        contact.into_iter().map(dial).collect()
    }

    /// Takes in what a person wants of codes; others change nothing.
    pub(super) fn act_on_pairing(&mut self, action: &Action) {
        let meeting = &mut self.meeting;
        match action {
            Action::ShowCode(may) => {
                meeting.may = *may;
                meeting.shown = ShownCode::Awaited;
                self.dialog = Some(Dialog::ShowCode);
            }
            Action::EnterCode(_) => meeting.entry = Entry::Trying,
            Action::EndPairing => {
                meeting.shown = ShownCode::Awaited;
                meeting.entry = Entry::Idle;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Ids, peer, two_boxes};
    use super::*;

    #[test]
    fn a_number_is_known_before_the_whole_code_is_typed() {
        let typed = |code: &str| CodeForm {
            code: code.to_owned(),
            ..CodeForm::default()
        };
        assert_eq!(typed(" 47 ott").number(), Some(47));
        assert_eq!(typed("otter").number(), None);
        assert_eq!(typed("470").number(), None);
        assert!(typed("47 ott").code().is_none());
        assert!(typed("47 ott vio").code().is_some());
        assert!(typed("47 ott vio").has_known_words() && typed("47ottervio").has_known_words());
        assert!(!typed("47 otter zzzz").has_known_words());
    }

    #[test]
    fn an_address_is_used_only_where_it_is_asked_for() {
        let mut form = CodeForm {
            address: "10.0.0.7".to_owned(),
            ..CodeForm::default()
        };
        assert!(matches!(form.candidates(), Candidates::Nearby));
        form.asks_address = true;
        assert!(matches!(form.candidates(), Candidates::At(all, None) if all.len() == 1));
    }

    #[test]
    fn a_code_that_a_contact_shows_is_found() {
        let mut state = two_boxes();
        let key = transom::PublicKey([3; 32]);
        state.meeting.nearby = vec![Station {
            name: peer("box"),
            contact: Some(peer("door")),
            fingerprint: key.fingerprint(),
            address: None,
            is_camera: true,
            pairing: Some(47),
        }];
        let shows = state.shows_number(47).and_then(|station| station.contact);
        assert_eq!(shows, Some(peer("door")));
        assert_eq!(state.strangers_nearby().count(), 0);
    }

    #[test]
    fn wrong_guesses_are_counted_for_each_number() {
        let (mut state, id) = (two_boxes(), Ids::new().pairing());
        let mut wrong = |code: &str| {
            let code = code.to_owned();
            let form = CodeForm {
                code,
                ..CodeForm::default()
            };
            state.dialog = Some(Dialog::EnterCode(form));
            let why = PairingFailure::WrongCode;
            state.pairing_notice(id, PairingNotice::Failed { why });
            match state.meeting.entry {
                Entry::Failed(_, left) => left,
                _ => panic!("it failed"),
            }
        };
        assert_eq!([wrong("47 a"), wrong("47 b"), wrong("11 b")], [2, 1, 2]);
        assert_ne!(state.dialog, Some(Dialog::Connected(peer("door"))));
    }
}
