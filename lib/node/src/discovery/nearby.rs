//! A station nearby, as its owner is told of it. Plain data.

use std::net::SocketAddr;

use transom_wire::{Capabilities, Fingerprint, PeerName};

use super::Heard;

/// A station that announces itself on the local network.
///
/// All of it is what the announcement says, and any machine of the network can say it. The key is
/// checked when the station is dialed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Nearby {
    /// What the station calls itself; its fingerprint where that is no name.
    pub name: PeerName,
    /// The fingerprint of the key that it says it has.
    pub fingerprint: Fingerprint,
    /// Whose fingerprint this is.
    pub claims: Claim,
    /// Where it says it can be reached: at least one and at most eight addresses, best first, never
    /// loopback.
    pub addresses: Vec<SocketAddr>,
    /// What it says that it can do.
    pub does: Capabilities,
    /// The number of the pairing code that it says it shows, 0 to 99.
    pub pairing: Option<u8>,
    /// The port at which it says that browsers see its camera, at the same addresses.
    pub http: Option<u16>,
}

/// Whose fingerprint an announcement holds. It proves nothing: any machine may announce it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Claim {
    /// That of no contact.
    Stranger,
    /// That contact's.
    Contact(PeerName),
    /// Our own: another program with the same key.
    Own,
}

impl Nearby {
    pub(super) fn new(heard: &Heard, claims: Claim) -> Self {
        Self {
            name: heard.name,
            fingerprint: heard.fingerprint,
            claims,
            addresses: heard.addresses.clone(),
            does: heard.does,
            pairing: heard.pairing,
            http: heard.http,
        }
    }

    /// Whether it says that it is a camera box rather than a person's program.
    pub fn is_camera(&self) -> bool {
        self.does.contains(Capabilities::CAMERA) && !self.does.contains(Capabilities::CALLS)
    }
}
