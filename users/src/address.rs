//! Where somebody is: a host and a port. Whether it resolves is found out elsewhere.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::text::quote;

/// A host, by name or number, and a port.
///
/// ```
/// use transom_users::{Address, DEFAULT_PORT};
/// for (text, host, port) in [
///     ("door.local", "door.local", DEFAULT_PORT),
///     ("192.168.1.30:80", "192.168.1.30", 80),
///     ("fe80::1%eth0", "fe80::1%eth0", DEFAULT_PORT),
///     ("[::1]:80", "::1", 80),
/// ] {
///     let address: Address = text.parse().unwrap();
///     assert_eq!((address.host.as_str(), address.port), (host, port));
///     assert_eq!(address.to_string().parse(), Ok(address));
/// }
/// assert!("192.168.1.300".parse::<Address>().is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Address {
    /// A host name, an IPv4 address, or an IPv6 address without brackets, with its zone if it has one.
    pub host: String,
    /// [`DEFAULT_PORT`] unless another is named.
    pub port: u16,
}

/// The text is not an address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// Neither a host name nor a number of any kind.
    #[error("{0} is not a host name or an IP address")]
    Host(String),
    /// It ends in a number as only IPv4 addresses do, and isn't one.
    #[error("{0} is not an IPv4 address")]
    Ipv4(String),
    /// It has colons or brackets as only IPv6 addresses do, and isn't one.
    #[error("{0} is not an IPv6 address")]
    Ipv6(String),
    /// What follows the host is not a port.
    #[error("{0} is not a port from 1 to 65535")]
    Port(String),
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        if let Some(bracketed) = text.strip_prefix('[') {
            let Some((host, rest)) = bracketed.split_once(']') else {
                return Err(InvalidAddress::Ipv6(quote(text)));
            };
            let port = match rest.strip_prefix(':') {
                Some(port) => parse_port(port)?,
                None if rest.is_empty() => DEFAULT_PORT,
                None => return Err(InvalidAddress::Port(quote(rest))),
            };
            check_ipv6(host)?;
            return Ok(Self::new(host, port));
        }
        match text.split_once(':') {
            Some((_, rest)) if rest.contains(':') => {
                check_ipv6(text)?;
                Ok(Self::new(text, DEFAULT_PORT))
            }
            Some((host, port)) => {
                check_name(host)?;
                Ok(Self::new(host, parse_port(port)?))
            }
            None => {
                check_name(text)?;
                Ok(Self::new(text, DEFAULT_PORT))
            }
        }
    }
}

impl Address {
    fn new(host: &str, port: u16) -> Self {
        let host = host.to_owned();
        Self { host, port }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}

fn parse_port(text: &str) -> Result<u16, InvalidAddress> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.ok_or_else(|| InvalidAddress::Port(quote(text)))
}

/// An IPv6 address, after `%` perhaps the interface it is to be reached by.
fn check_ipv6(host: &str) -> Result<(), InvalidAddress> {
    let (address, zone) = match host.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (host, None),
    };
    let good_zone =
        zone.is_none_or(|zone| (1..=ZONE).contains(&zone.len()) && zone.bytes().all(is_host_byte));
    match address.parse::<Ipv6Addr>() {
        Ok(_) if good_zone => Ok(()),
        _ => Err(InvalidAddress::Ipv6(quote(host))),
    }
}

/// A host name or an IPv4 address.
fn check_name(host: &str) -> Result<(), InvalidAddress> {
    let ends_in_number = host
        .rsplit('.')
        .next()
        .is_some_and(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()));
    if ends_in_number {
        // No domain ends in a number, so this is an IPv4 address or a slip of the fingers.
        let address = host.parse::<Ipv4Addr>();
        return address
            .map(drop)
            .map_err(|_| InvalidAddress::Ipv4(quote(host)));
    }
    let labels = host.strip_suffix('.').unwrap_or(host).split('.');
    let good = host.len() <= HOST
        && host.bytes().all(is_host_byte)
        && labels
            .into_iter()
            .all(|label| (1..=LABEL).contains(&label.len()) && !label.starts_with('-'));
    match good {
        true => Ok(()),
        false => Err(InvalidAddress::Host(quote(host))),
    }
}

/// Underscores are no letters of host names, and found in them all the same.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// The port of the protocol, tcp.
pub const DEFAULT_PORT: u16 = 7447;

/// Bytes of a host name (RFC 1035).
const HOST: usize = 253;
/// Bytes between the dots of a host name (RFC 1035).
const LABEL: usize = 63;
/// Bytes of an interface's name: IFNAMSIZ of Linux less the zero, with room for other systems.
const ZONE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_addresses() {
        for (text, host, port) in [
            ("localhost", "localhost", 7447),
            ("localhost:1", "localhost", 1),
            ("door.local.", "door.local.", 7447),
            ("raspberry_pi-4", "raspberry_pi-4", 7447),
            ("127.0.0.1", "127.0.0.1", 7447),
            ("127.0.0.1:65535", "127.0.0.1", 65535),
            ("::", "::", 7447),
            ("::1", "::1", 7447),
            ("[::1]", "::1", 7447),
            ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
            ("fe80::1:80", "fe80::1:80", 7447),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4", 7447),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port));
            assert_eq!(address.to_string().parse(), Ok(address));
        }
    }

    #[test]
    fn bad_addresses_are_told_apart() {
        use InvalidAddress::{Host, Ipv4, Ipv6, Port};
        let quoted = |text: &str| format!("\"{text}\"");
        for (text, error) in [
            ("", Host(quoted(""))),
            (":80", Host(quoted(""))),
            ("a b", Host(quoted("a b"))),
            ("a..b", Host(quoted("a..b"))),
            ("-rf", Host(quoted("-rf"))),
            ("höme", Host(quoted("höme"))),
            ("a/b", Host(quoted("a/b"))),
            ("192.168.1.300", Ipv4(quoted("192.168.1.300"))),
            ("192.168.1", Ipv4(quoted("192.168.1"))),
            ("7447", Ipv4(quoted("7447"))),
            ("1.2.3.4.5:80", Ipv4(quoted("1.2.3.4.5"))),
            ("a:b:c", Ipv6(quoted("a:b:c"))),
            ("[::1", Ipv6(quoted("[::1"))),
            ("[localhost]:80", Ipv6(quoted("localhost"))),
            ("::1%", Ipv6(quoted("::1%"))),
            ("::1%eth 0", Ipv6(quoted("::1%eth 0"))),
            ("a:", Port(quoted(""))),
            ("a:0", Port(quoted("0"))),
            ("a:+80", Port(quoted("+80"))),
            ("a:65536", Port(quoted("65536"))),
            ("[::1]80", Port(quoted("80"))),
        ] {
            assert_eq!(text.parse::<Address>(), Err(error), "{text:?}");
        }
        assert!("x".repeat(64).parse::<Address>().is_err());
        assert!("x.".repeat(127).parse::<Address>().is_err());
    }
}
