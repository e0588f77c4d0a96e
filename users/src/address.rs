//! Where a peer is: a host and a port, in one spelling for each endpoint. Whether it resolves is
//! found out elsewhere.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::text::quote;

/// A host, by name or number, and a port.
///
/// However it was written, it has one spelling, so that equal addresses are the same endpoint and a
/// key pinned to one spelling is pinned to all of them:
///
/// - the port is always there,
/// - names are in lower case and without a dot at the end, and `localhost` is 127.0.0.1,
/// - an IPv4 address inside IPv6 (`::ffff:10.0.0.2`) is the IPv4 address,
/// - IPv6 addresses are as short as can be, with a zone only where one counts: if link-local,
/// - 0.0.0.0 and `::`, which reach this machine, are its loopback addresses.
///
/// Two names, or a name and the number it resolves to, are two endpoints.
///
/// ```
/// use transom_users::Address;
/// for (text, canonical) in [
///     ("Door.local.", "door.local:7447"),
///     ("192.168.1.30:80", "192.168.1.30:80"),
///     ("::ffff:192.168.1.30", "192.168.1.30:7447"),
///     ("fe80:0:0::1%eth0", "[fe80::1%eth0]:7447"),
///     ("[fd00::1%eth0]:80", "[fd00::1]:80"),
///     ("localhost", "127.0.0.1:7447"),
/// ] {
///     let address: Address = text.parse().unwrap();
///     assert_eq!(address.to_string(), canonical);
///     assert_eq!(canonical.parse(), Ok(address));
/// }
/// assert!("192.168.1.300".parse::<Address>().is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Address {
    host: String,
    port: u16,
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
        let (host, port) = match text.strip_prefix('[') {
            Some(bracketed) => {
                let (host, rest) = bracketed
                    .split_once(']')
                    .ok_or_else(|| InvalidAddress::Ipv6(quote(text)))?;
                let port = match rest.strip_prefix(':') {
                    None if !rest.is_empty() => return Err(InvalidAddress::Port(quote(rest))),
                    port => port,
                };
                (parse_ipv6(host)?, port)
            }
            None => match text.split_once(':') {
                Some((_, rest)) if rest.contains(':') => (parse_ipv6(text)?, None),
                Some((host, port)) => (parse_name(host)?, Some(port)),
                None => (parse_name(text)?, None),
            },
        };
        let port = port.map_or(Ok(DEFAULT_PORT), parse_port)?;
        Ok(Self { host, port })
    }
}

/// A port of 0 stays, which no text and no contact has.
impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        let zone = match address {
            SocketAddr::V6(address) if address.scope_id() != 0 => address.scope_id().to_string(),
            _ => String::new(),
        };
        let (host, port) = (number(address.ip(), &zone), address.port());
        Self { host, port }
    }
}

impl Address {
    /// A host name, an IPv4 address, or an IPv6 address without brackets, with its zone if it has
    /// one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// [`DEFAULT_PORT`] unless another was named.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host if it is a number that needs no zone.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
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

/// An IPv6 address, after `%` perhaps the interface it is to be reached by; in its one spelling.
fn parse_ipv6(host: &str) -> Result<String, InvalidAddress> {
    let (address, zone) = match host.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (host, None),
    };
    let good_zone =
        zone.is_none_or(|zone| (1..=ZONE).contains(&zone.len()) && zone.bytes().all(is_host_byte));
    match address.parse::<Ipv6Addr>() {
        Ok(address) if good_zone => Ok(number(address.into(), zone.unwrap_or_default())),
        _ => Err(InvalidAddress::Ipv6(quote(host))),
    }
}

/// A host name or an IPv4 address, in its one spelling.
fn parse_name(host: &str) -> Result<String, InvalidAddress> {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    // No domain ends in a number, so this is an IPv4 address or a slip of the fingers. Resolvers
    // take hexadecimal and shortened ones, which would be more spellings of the same address.
    if name.rsplit('.').next().is_some_and(is_number) {
        let address = name.parse::<Ipv4Addr>();
        return address
            .map(|address| number(address.into(), ""))
            .map_err(|_| InvalidAddress::Ipv4(quote(host)));
    }
    let good = name.len() <= HOST
        && name.bytes().all(is_host_byte)
        && name
            .split('.')
            .all(|label| (1..=LABEL).contains(&label.len()) && !label.starts_with('-'));
    match good {
        true if name == "localhost" => Ok(Ipv4Addr::LOCALHOST.to_string()),
        true => Ok(name),
        false => Err(InvalidAddress::Host(quote(host))),
    }
}

/// The one spelling of an IP address. Systems look at the zone of link-local addresses only.
fn number(address: IpAddr, zone: &str) -> String {
    match address.to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.to_string(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.to_string(),
        IpAddr::V6(address) if address.is_unicast_link_local() && !zone.is_empty() => {
            let zone = match zone.trim_start_matches('0') {
                "" => "0",
                digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits,
                _ => zone,
            };
            format!("{address}%{zone}")
        }
        address => address.to_string(),
    }
}

/// Whether the last label of a host makes all of it a number.
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()),
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
    fn every_spelling_of_an_endpoint_is_the_same_address() {
        let spellings: &[&[&str]] = &[
            &[
                "10.0.0.2:7447",
                "10.0.0.2",
                "10.0.0.2.",
                "::ffff:10.0.0.2",
                "[::FFFF:10.0.0.2]:7447",
                "[0:0:0:0:0:ffff:a00:2%eth0]",
                "10.0.0.2:07447",
            ],
            &["door.local:7447", "DOOR.local", "Door.Local.:7447"],
            &[
                "127.0.0.1:1",
                "localhost:1",
                "LOCALHOST.:1",
                "0.0.0.0:1",
                "[::ffff:7f00:1]:1",
            ],
            &["[::1]:7447", "::1", "::", "0:0:0:0:0:0:0:1", "[::%1]"],
            &["[fd00::a]:80", "[fd00:0:0:0::a]:80", "[FD00::A%eth0]:80"],
            &["[fe80::1%eth0]:80", "[fe80:0::1%eth0]:80"],
            &["[fe80::1%2]:7447", "fe80::1%02"],
            &["raspberry_pi-4:7447", "raspberry_pi-4"],
            &["127.0.0.1:65535"],
            &["[fe80::1:80]:7447", "fe80::1:80"],
        ];
        for same in spellings {
            for text in *same {
                let address: Address = text.parse().unwrap();
                assert_eq!(address.to_string(), same[0], "{text}");
                assert_eq!(same[0].parse().as_ref(), Ok(&address));
            }
        }
        let zones = ["fe80::1%eth0", "fe80::1%ETH0", "fe80::1", "fe80::1%0"];
        let mut addresses = zones.map(|text| text.parse::<Address>().unwrap().to_string());
        addresses.sort();
        assert!(addresses.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn a_socket_s_address_is_spelled_the_same() {
        for (socket, text) in [
            ("10.0.0.2:80", "10.0.0.2:80"),
            ("[::ffff:10.0.0.2]:80", "10.0.0.2:80"),
            ("[fe80::1%3]:80", "[fe80::1%3]:80"),
            ("[fd00::1%3]:80", "[fd00::1]:80"),
        ] {
            let socket: SocketAddr = socket.parse().unwrap();
            assert_eq!(Address::from(socket).to_string(), text);
            assert_eq!(text.parse(), Ok(Address::from(socket)));
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
            ("0x7f000001", Ipv4(quoted("0x7f000001"))),
            ("127.0.0.0X1", Ipv4(quoted("127.0.0.0X1"))),
            ("010.0.0.2", Ipv4(quoted("010.0.0.2"))),
            (".", Host(quoted("."))),
            ("a..", Host(quoted("a.."))),
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
        assert!("x.".repeat(128).parse::<Address>().is_err());
    }
}
