//! What may keep this computer and others apart, by what is known already. No other computer is
//! dialed for it; announcements of others are heard while the findings are on the screen.

use std::time::Duration;

use super::{State, Warning};

/// The clock of a computer whose battery is empty starts long before this program was written: at
/// the beginning of 2026.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);
/// The beginning of 2100.
const LATEST: Duration = Duration::from_secs(4_102_444_800);

/// One thing that was looked at, and how it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Finding {
    /// Connections are taken at that port.
    PortOpen(u16),
    /// Connections are taken at no port: that one can't be used, for another program has it or
    /// only the system may.
    PortRefused(u16),
    /// Connections are taken at no port.
    PortClosed,
    /// This computer has that many addresses on networks.
    Addresses(usize),
    NoAddress,
    /// So many stations nearby are heard by multicast.
    Heard(usize),
    NothingHeard,
    ClockRuns,
    ClockWrong,
    /// Others see us by that name.
    Name(String),
    /// A station nearby says that it has our name.
    NameTwice(String),
}

impl Finding {
    /// Whether all is well with it.
    pub(crate) fn is_good(&self) -> bool {
        matches!(
            self,
            Self::PortOpen(_)
                | Self::Addresses(_)
                | Self::Heard(_)
                | Self::ClockRuns
                | Self::Name(_)
        )
    }
}

impl State {
    /// All findings, in the order in which they are told.
    pub(crate) fn findings(&self) -> [Finding; 5] {
        let heard = &self.meeting.nearby;
        let name = self.own.name.clone();
        let is_twice = heard.iter().any(|station| station.name.as_str() == name);
        [
            self.finding_of_port(),
            match self.own.addresses.len() {
                0 => Finding::NoAddress,
                count => Finding::Addresses(count),
            },
            match heard.len() {
                0 => Finding::NothingHeard,
                count => Finding::Heard(count),
            },
            match (EARLIEST..LATEST).contains(&self.now) {
                true => Finding::ClockRuns,
                false => Finding::ClockWrong,
            },
            match is_twice {
                true => Finding::NameTwice(name),
                false => Finding::Name(name),
            },
        ]
    }

    fn finding_of_port(&self) -> Finding {
        let refused = self.warnings.iter().find_map(|warning| match warning {
            Warning::PortRefused { port, .. } => Some(Finding::PortRefused(*port)),
            _ => None,
        });
        match self.listening.is_empty() {
            true => refused.unwrap_or(Finding::PortClosed),
            false => Finding::PortOpen(self.own.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Station;
    use super::*;

    #[test]
    fn each_trouble_is_found_by_itself() {
        let mut state = State::default();
        let good = |state: &State| state.findings().map(|finding| finding.is_good());
        state.own.name = "desk".to_owned();
        assert_eq!(good(&state), [false, false, false, false, true]);
        state.listening.push("0.0.0.0:7447".parse().unwrap());
        state
            .own
            .addresses
            .push("192.168.1.5:7447".parse().unwrap());
        let named = |name: &str| Station {
            name: name.parse().unwrap(),
            contact: None,
            fingerprint: transom::PublicKey([1; 32]).fingerprint(),
            address: None,
            is_camera: false,
            pairing: None,
        };
        state.meeting.nearby.push(named("anna"));
        state.now = EARLIEST;
        assert_eq!(good(&state), [true; 5]);
        state.meeting.nearby.push(named("desk"));
        assert_eq!(good(&state), [true, true, true, true, false]);
        state.now = LATEST;
        assert!(!good(&state)[3]);
    }

    #[test]
    fn a_port_that_is_refused_is_named() {
        let mut state = State::default();
        assert_eq!(state.findings()[0], Finding::PortClosed);
        let why = "taken".to_owned();
        state.warn(Warning::PortRefused { port: 7447, why });
        assert_eq!(state.findings()[0], Finding::PortRefused(7447));
    }
}
