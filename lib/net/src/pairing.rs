//! The code that a station shows, and one connection of a pairing (wire 10). It has no socket.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use transom_proto as proto;
use transom_secure::{Code, Pairing, PairingError, Purpose};
use transom_wire::{Introduction, PeerName};

use crate::config::Config;
use crate::event::{Departure, PairingEvent};

/// What a side brings to a pairing.
#[derive(Clone, Debug)]
pub struct PairingTerms {
    /// The code that one side shows and the other typed.
    pub code: Code,
    /// What the peer is told once it has proven to know the code.
    pub introduction: Introduction,
}

/// The shown code, and the rate limit of strangers. The tries are counted here and not by the
/// owner, which would take several of them in one turn.
#[derive(Debug, Default)]
pub(crate) struct Pairings {
    shown: Option<Shown>,
    /// Codes shown before; tells a connection whether its code is still the one that is shown.
    closed: u64,
    limiter: RateLimiter,
}

#[derive(Debug)]
struct Shown {
    terms: PairingTerms,
    tries_left: u8,
}

impl Pairings {
    pub(crate) fn open(&mut self, terms: PairingTerms) -> CodeId {
        self.close();
        let tries_left = TRIES;
        self.shown = Some(Shown { terms, tries_left });
        CodeId(self.closed)
    }

    pub(crate) fn close(&mut self) {
        self.closed += u64::from(self.shown.take().is_some());
    }

    /// Our name in the introduction that goes with the shown code.
    pub(crate) fn rename(&mut self, name: PeerName) {
        if let Some(shown) = &mut self.shown {
            shown.terms.introduction.name = name;
        }
    }

    /// What a listener serves beside sessions to a dialer at that address. Where strangers try too
    /// often, a pairing is refused by its first bytes, so that a flood doesn't even cost
    /// handshakes.
    pub(crate) fn served(&self, from: IpAddr, config: &Config, now: proto::Instant) -> Purpose {
        match self.shown.is_some() && self.limiter.after(from, config, now).is_some() {
            true => Purpose::Pairing,
            false => Purpose::Session,
        }
    }

    /// A stranger at that address begins a pairing: our terms, and the code's id. `None` if no code
    /// is shown or strangers try too often.
    pub(crate) fn begin(
        &mut self,
        from: IpAddr,
        config: &Config,
        now: proto::Instant,
    ) -> Option<(PairingTerms, CodeId)> {
        let terms = self.shown.as_ref()?.terms.clone();
        self.limiter.take(from, config, now)?;
        Some((terms, CodeId(self.closed)))
    }

    /// Whether that code is still shown.
    pub(crate) fn is_open(&self, code: CodeId) -> bool {
        self.shown.is_some() && code.0 == self.closed
    }

    /// A stranger had another code; the tries that are left.
    fn wrong_code(&mut self) -> u8 {
        let Some(shown) = &mut self.shown else {
            return 0;
        };
        shown.tries_left = shown.tries_left.saturating_sub(1);
        let left = shown.tries_left;
        if left == 0 {
            self.close();
        }
        left
    }
}

/// Identifies one code that was shown by [`Net::open_pairing`](crate::Net::open_pairing). Ids are
/// not reused.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CodeId(u64);

/// How often strangers may try: a token bucket for all addresses together, which bounds the work,
/// and a smaller one for each address, so that a flood from one leaves tokens to the others.
#[derive(Debug, Default)]
struct RateLimiter {
    /// When the bucket of all is full again.
    all: Option<proto::Instant>,
    /// The same for each address whose bucket is not full. The bucket of all bounds how many.
    addresses: BTreeMap<IpAddr, proto::Instant>,
}

impl RateLimiter {
    /// When the two buckets are full again after a token of each is taken now; `None` if one of
    /// them is empty.
    fn after(
        &self,
        from: IpAddr,
        config: &Config,
        now: proto::Instant,
    ) -> Option<(proto::Instant, proto::Instant)> {
        let take = |full: Option<proto::Instant>, interval: Duration, burst: u32| {
            let full = full.map_or(now, |full| full.max(now)) + interval;
            (full <= now + interval * burst).then_some(full)
        };
        let (interval, burst) = (config.pairing_interval, config.pairing_burst);
        let own = self.addresses.get(&from).copied();
        let all = take(self.all, interval, burst)?;
        let (interval, burst) = (interval * ADDRESS_SHARE, burst.div_ceil(ADDRESS_SHARE));
        Some((all, take(own, interval, burst)?))
    }

    /// Takes a token for that address, if there is one.
    fn take(&mut self, from: IpAddr, config: &Config, now: proto::Instant) -> Option<()> {
        let (all, own) = self.after(from, config, now)?;
        self.addresses.retain(|_, full| *full > now);
        self.all = Some(all);
        self.addresses.insert(from, own);
        Some(())
    }
}

/// The bucket of an address has this part of the burst and of the rate of all: the other half is
/// left to others, and a person who mistypes a code three times needs no more.
const ADDRESS_SHARE: u32 = 2;

/// One connection of a pairing, after its handshake.
pub(crate) struct PairingConnection {
    pub(crate) pairing: Pairing,
    pub(crate) until: proto::Instant,
    /// The code that we show; `None` if we dialed.
    pub(crate) code: Option<CodeId>,
    /// The try was reported.
    has_told_try: bool,
    /// Paired: what is left is to write the last record and close.
    pub(crate) is_paired: bool,
    /// The socket is shut for writing.
    pub(crate) is_shut: bool,
}

impl PairingConnection {
    pub(crate) fn new(pairing: Pairing, until: proto::Instant, code: Option<CodeId>) -> Self {
        Self {
            pairing,
            until,
            code,
            has_told_try: false,
            is_paired: false,
            is_shut: false,
        }
    }

    /// Handles bytes that were read. Returns what the owner is to be told, and why the connection
    /// ends, if it does.
    pub(crate) fn handle(
        &mut self,
        bytes: &[u8],
        pairings: &mut Pairings,
    ) -> (Option<PairingEvent>, Option<Departure>) {
        if self.is_paired {
            return (None, None);
        }
        if self.code.is_some_and(|code| !pairings.is_open(code)) {
            return (None, Some(Departure::PairingFailed(PairingError::Over)));
        }
        if let Err(error) = self.pairing.handle_bytes(bytes) {
            let is_guess = self.code.is_some() && error == PairingError::WrongCode;
            let event = is_guess.then(|| PairingEvent::WrongCode {
                tries_left: pairings.wrong_code(),
            });
            return (event, Some(Departure::PairingFailed(error)));
        }
        if let Some(introduction) = self.pairing.peer() {
            self.is_paired = true;
            let key = transom_wire::PublicKey(self.pairing.channel().remote());
            let introduction = *introduction;
            let over = self.code.map(|_| {
                pairings.close();
                Departure::ClosedHere
            });
            return (Some(PairingEvent::Paired { key, introduction }), over);
        }
        let is_try = self.code.is_none() && self.pairing.has_tried();
        let is_new = is_try && !std::mem::replace(&mut self.has_told_try, true);
        (is_new.then_some(PairingEvent::Tried), None)
    }

    /// Why the connection ends when its time is over.
    pub(crate) fn timeout(&self) -> Departure {
        match self.is_paired {
            true => Departure::ClosedHere,
            false => Departure::HandshakeTimeout,
        }
    }

    /// Why the peer has closed: it closes without a word when the code is wrong.
    pub(crate) fn refusal(&self) -> Departure {
        match (self.is_paired, self.pairing.has_tried()) {
            (true, _) => Departure::ClosedHere,
            (false, true) => Departure::PairingFailed(PairingError::WrongCode),
            (false, false) => Departure::Refused,
        }
    }
}

/// Wrong codes after which a shown code is closed: a person mistypes twice, and three of 1.7
/// million guesses are none.
pub const TRIES: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight at once and then two a second, as by default.
    fn config() -> Config {
        let identity = transom_secure::Identity::generate().unwrap();
        let mut config = Config::new(identity, Vec::new());
        (config.pairing_burst, config.pairing_interval) = (8, Duration::from_millis(500));
        config
    }

    fn at(ms: u64) -> proto::Instant {
        proto::Instant(0) + Duration::from_millis(ms)
    }

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn an_address_has_half_the_burst_and_then_half_the_rate() {
        let (config, mut limiter) = (config(), RateLimiter::default());
        let mut take = |ms| limiter.take(address(1), &config, at(ms)).is_some();
        let at_once: Vec<bool> = (0..6).map(|_| take(1000)).collect();
        assert_eq!(at_once, [true, true, true, true, false, false]);
        assert!(!take(1999) && take(2000) && !take(2000));
        assert!((0..4).all(|_| take(6000)) && !take(6000));
    }

    #[test]
    fn a_burst_of_one_lets_an_address_try() {
        let (mut config, mut limiter) = (config(), RateLimiter::default());
        config.pairing_burst = 1;
        assert!(limiter.take(address(1), &config, at(0)).is_some());
        assert!(limiter.take(address(2), &config, at(499)).is_none());
        assert!(limiter.take(address(2), &config, at(500)).is_some());
    }

    #[test]
    fn a_flood_from_one_address_does_not_keep_another_away() {
        let (config, mut limiter) = (config(), RateLimiter::default());
        let mut flood = |ms| limiter.take(address(1), &config, at(ms)).is_some();
        let taken = (0..10_000).filter(|ms| flood(*ms)).count();
        assert_eq!(taken, 4 + 9);
        let mut other = || limiter.take(address(2), &config, at(10_000)).is_some();
        assert!((0..4).all(|_| other()));
    }

    #[test]
    fn a_flood_from_sixteen_addresses_is_held_to_the_burst_and_rate_of_all() {
        let (config, mut limiter) = (config(), RateLimiter::default());
        let mut at_once = 0;
        for from in (0..16).cycle().take(16 * 8) {
            at_once += u32::from(limiter.take(address(from), &config, at(0)).is_some());
        }
        assert_eq!(at_once, 8);
        let mut later = 0;
        for ms in 1..=10_000 {
            for from in 0..16 {
                later += u32::from(limiter.take(address(from), &config, at(ms)).is_some());
            }
        }
        assert_eq!(later, 20, "two a second");
    }

    #[test]
    fn a_flood_from_ever_new_addresses_is_bounded_in_work_and_memory() {
        let (config, mut limiter) = (config(), RateLimiter::default());
        let mut taken = 0;
        for ms in 0..10_000 {
            let [high, low] = u16::try_from(ms).unwrap().to_be_bytes();
            let from = [10, 0, high, low].into();
            taken += u32::from(limiter.take(from, &config, at(ms)).is_some());
            assert!(limiter.addresses.len() <= 2 * 8);
        }
        assert_eq!(taken, 8 + 19);
    }
}
