//! A code with the key and the addresses of the station that shows it, as one text for a QR code.

use std::fmt;
use std::str::FromStr;

use transom_secure::{Code, InvalidCode};
use transom_users::{Address, InvalidAddress};
use transom_wire::{InvalidKey, PublicKey};

/// All that another station needs to pair: `transom:47-otter-violin?key=ID&at=HOST:PORT&at=…`.
///
/// It is as secret as its code. It holds the key too, so a user that pairs by it reaches the right
/// station even if an attacker knows the code.
///
/// ```
/// use transom::{Invitation, PublicKey};
/// let invitation = Invitation {
///     code: "47-otter-violin".parse().unwrap(),
///     key: PublicKey([7; 32]),
///     addresses: vec!["192.168.1.20".parse().unwrap()],
/// };
/// let text = invitation.to_string();
/// assert!(text.starts_with("transom:47-otter-violin?key="), "{text}");
/// assert!(text.ends_with("&at=192.168.1.20:7447"), "{text}");
/// assert_eq!(text.parse(), Ok(invitation));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Invitation {
    /// The code.
    pub code: Code,
    /// The key of the station that shows it.
    pub key: PublicKey,
    /// Where that station may be reached; at most [`MAX_ADDRESSES`] of them are written and read.
    pub addresses: Vec<Address>,
}

/// The text is not an invitation.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidInvitation {
    /// It does not begin with `transom:`, or has no key.
    #[error("an invitation begins with transom: and has a code and a key")]
    Shape,
    /// Its code is none.
    #[error(transparent)]
    Code(#[from] InvalidCode),
    /// Its key is none.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// One of its addresses is none.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
}

impl FromStr for Invitation {
    type Err = InvalidInvitation;

    fn from_str(text: &str) -> Result<Self, InvalidInvitation> {
        let rest = text.trim().strip_prefix(SCHEME);
        let (code, fields) = rest
            .and_then(|rest| rest.split_once('?'))
            .ok_or(InvalidInvitation::Shape)?;
        let (mut key, mut addresses) = (None, Vec::new());
        for field in fields.split('&') {
            match field.split_once('=') {
                Some(("key", id)) => key = Some(id.parse()?),
                Some(("at", address)) if addresses.len() < MAX_ADDRESSES => {
                    addresses.push(address.parse()?);
                }
                // A later version may say more.
                _ => {}
            }
        }
        Ok(Self {
            code: code.parse()?,
            key: key.ok_or(InvalidInvitation::Shape)?,
            addresses,
        })
    }
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}?key={}", self.code, self.key)?;
        let addresses = self.addresses.iter().take(MAX_ADDRESSES);
        addresses
            .into_iter()
            .try_for_each(|address| write!(f, "&at={address}"))
    }
}

const SCHEME: &str = "transom:";

/// Addresses of an invitation: as many as a QR code on a terminal has room for.
pub const MAX_ADDRESSES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_invitation_says_why() {
        let key = PublicKey([7; 32]);
        let parse = |text: &str| text.parse::<Invitation>();
        for text in [
            "",
            "transom:",
            "47-otter-violin",
            "transom:47-otter-violin?at=10.0.0.2",
        ] {
            assert_eq!(parse(text), Err(InvalidInvitation::Shape), "{text}");
        }
        let code = parse(&format!("transom:47-otter?key={key}"));
        assert_eq!(code, Err(InvalidInvitation::Code(InvalidCode::Shape)));
        let bad_key = parse("transom:47-otter-violin?key=ABC");
        assert!(matches!(bad_key, Err(InvalidInvitation::Key(_))));
        let address = parse(&format!("transom:47-otter-violin?key={key}&at=a%20b"));
        assert!(matches!(address, Err(InvalidInvitation::Address(_))));
    }

    #[test]
    fn more_addresses_than_fit_and_fields_of_later_versions_are_left_out() {
        let key = PublicKey([7; 32]);
        let many = "&at=10.0.0.2&later=1".repeat(100);
        let text = format!(" transom:47-otter-violin?key={key}{many}\n");
        let invitation: Invitation = text.parse().unwrap();
        assert_eq!(invitation.addresses.len(), MAX_ADDRESSES);
        assert_eq!(invitation.to_string().parse(), Ok(invitation));
    }
}
