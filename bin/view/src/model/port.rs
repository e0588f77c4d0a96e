//! The port at which others reach this window, which the user can change while the window is open.

use std::net::{IpAddr, SocketAddr};

use super::{Action, Dialog, State, Warning};

impl State {
    /// Whether connections are taken at that port already.
    pub(crate) fn listens_at(&self, port: u16) -> bool {
        self.listening.iter().any(|address| address.port() == port)
    }

    /// The port in use, or the one that is tried in its place.
    pub(crate) fn chosen_port(&self) -> u16 {
        self.asked_port.unwrap_or(self.own.port)
    }

    /// Whether another port is to be saved since the last time.
    pub(crate) fn changed_port(&mut self) -> bool {
        std::mem::take(&mut self.port_changed)
    }

    /// The user chose a port. It counts when the station listens there: a refused port that was
    /// saved would be refused at each start.
    pub(super) fn ask_for_port(&mut self, port: u16) {
        let is_port = |one: &Warning| matches!(one, Warning::PortRefused { .. });
        self.warnings.retain(|one| !is_port(one));
        match self.listens_at(port) {
            true => self.use_port(port),
            false => self.asked_port = Some(port),
        }
    }

    pub(super) fn listens(&mut self, address: SocketAddr) -> Vec<Action> {
        let is_new = self.asked_port == Some(address.port());
        if is_new {
            // The station listens at no other port any more.
            self.listening.clear();
            self.use_port(address.port());
        }
        self.listening.push(address);
        // The peer that types a code learns our port by it, so a code of the old port is replaced.
        match is_new && self.dialog == Some(Dialog::ShowCode) {
            true => vec![Action::ShowCode(self.meeting.may)],
            false => Vec::new(),
        }
    }

    /// The addresses of this machine as they are now. They count where connections are taken at all
    /// of them, and not at those that the command line named.
    pub(crate) fn found_addresses(&mut self, found: &[IpAddr]) {
        let takes_all = |address: &SocketAddr| address.ip().is_unspecified();
        if self.listening.iter().any(takes_all) {
            let port = self.own.port;
            let found = found.iter().map(|ip| SocketAddr::new(*ip, port).into());
            self.own.addresses = found.collect();
        }
    }

    pub(super) fn listens_not(&mut self, why: String) {
        if let Some(port) = self.asked_port.take() {
            self.warn(Warning::PortRefused { port, why });
        }
    }

    fn use_port(&mut self, port: u16) {
        self.asked_port = None;
        self.config.port = Some(port);
        self.port_changed = true;
        self.own.use_port(port);
    }
}

#[cfg(test)]
mod tests {
    use transom::Notice;

    use super::*;

    #[test]
    fn a_code_that_is_shown_is_replaced_where_the_port_changes() {
        let mut state = State::default();
        let listening = |port: u16| Notice::Listening {
            request: None,
            address: SocketAddr::from(([0, 0, 0, 0], port)),
        };
        assert_eq!(state.apply(listening(7447)), []);
        state.act(&Action::UsePort(7448));
        let show = Action::ShowCode(state.meeting.may);
        state.act(&show);
        assert_eq!(state.apply(listening(7448)), [show]);
        state.act(&Action::Close);
        state.act(&Action::UsePort(7449));
        assert_eq!(state.apply(listening(7449)), []);
    }

    #[test]
    fn addresses_follow_the_network_unless_the_command_line_named_them() {
        let found = [IpAddr::from([10, 0, 0, 7])];
        let mut state = State::default();
        state.own.port = 7447;
        state.own.addresses = vec!["192.168.1.5:7447".parse().unwrap()];
        state.listening = vec!["192.168.1.5:7447".parse().unwrap()];
        state.found_addresses(&found);
        assert_eq!(state.own.addresses[0].to_string(), "192.168.1.5:7447");
        state.listening = vec!["0.0.0.0:7447".parse().unwrap()];
        state.found_addresses(&found);
        assert_eq!(state.own.addresses.len(), 1);
        assert_eq!(state.own.addresses[0].to_string(), "10.0.0.7:7447");
    }
}
