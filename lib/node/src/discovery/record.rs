//! An announcement as DNS-SD has it: an instance name, a host, a port and a few properties.
//!
//! | property | holds |
//! |---|---|
//! | `v` | `1`; an announcement of another version is skipped |
//! | `id` | the fingerprint of the key, 16 characters |
//! | `does` | names of [`Capabilities`], separated by commas; unknown ones are skipped |
//! | `pair` | the number of a pairing code, two digits, while that code is shown |
//! | `http` | the port of an HTTP door that other machines reach |

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::num::NonZeroU16;

use transom_wire::{Capabilities, Fingerprint, PeerName};

use super::{Advert, Heard};
use crate::addresses::rank;

/// The service type, as mDNS asks for it.
pub(super) const SERVICE: &str = "_transom._tcp.local.";

/// Addresses of one announcer that are kept: two interfaces with two addresses of each family.
const MAX_ADDRESSES: usize = 8;

/// A label of DNS has 63 bytes; responders append ` (2)` and so on to names that are taken.
const MAX_INSTANCE_BYTES: usize = 57;

const VERSION: &str = "1";

/// What the announcement says, ready for DNS.
pub(super) fn properties(advert: &Advert) -> Vec<(&'static str, String)> {
    let does: Vec<_> = advert.does.names().collect();
    let mut properties = vec![
        ("v", VERSION.to_owned()),
        ("id", plain(advert.fingerprint)),
        ("does", does.join(",")),
    ];
    if let Some(number) = advert.pairing {
        properties.push(("pair", format!("{number:02}")));
    }
    if let Some(port) = advert.http {
        properties.push(("http", port.to_string()));
    }
    properties
}

/// The instance name: that of the station, cut to what a label holds.
pub(super) fn instance(name: &PeerName) -> &str {
    let name = name.as_str();
    let mut end = name.len().min(MAX_INSTANCE_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

/// The host name of the announced addresses. It is made of the key: under the machine's own name
/// we would fight with its mDNS responder.
pub(super) fn host(fingerprint: Fingerprint) -> String {
    format!("transom-{}.local.", &plain(fingerprint)[..8])
}

fn plain(fingerprint: Fingerprint) -> String {
    fingerprint.to_string().replace('-', "")
}

/// Reads an announcement. `None` if it is none of ours, or has nothing that could be dialed.
pub(super) fn read<'a>(
    full_name: &str,
    port: u16,
    found: impl Iterator<Item = (IpAddr, u32)>,
    property: impl Fn(&str) -> Option<&'a str>,
) -> Option<Heard> {
    if property("v") != Some(VERSION) || port == 0 {
        return None;
    }
    let fingerprint: Fingerprint = property("id")?.parse().ok()?;
    let mut addresses: Vec<_> = found
        .filter(|(ip, _)| is_dialable(*ip))
        .map(|(ip, scope)| address(ip, port, scope))
        .collect();
    addresses.sort_by_key(|address| (rank(address.ip()), *address));
    addresses.dedup();
    addresses.truncate(MAX_ADDRESSES);
    let heard = Heard {
        name: name(full_name, fingerprint),
        fingerprint,
        does: capabilities(property("does").unwrap_or_default()),
        pairing: property("pair").and_then(number),
        http: property("http").and_then(http_port),
        addresses,
    };
    (!heard.addresses.is_empty()).then_some(heard)
}

/// Another program on this machine is reached by its address on the network as well. An announcer
/// must not make us dial services that only this machine can reach.
fn is_dialable(ip: IpAddr) -> bool {
    let is_mapped = matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some());
    !(ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip == IpAddr::V4(Ipv4Addr::BROADCAST)
        || is_mapped)
}

/// A link-local IPv6 address counts on the interface where it was heard.
fn address(ip: IpAddr, port: u16, scope: u32) -> SocketAddr {
    match ip {
        IpAddr::V6(ip) if ip.is_unicast_link_local() => {
            SocketAddrV6::new(ip, port, 0, scope).into()
        }
        ip => SocketAddr::new(ip, port),
    }
}

/// The instance name without the number of a name conflict; the fingerprint if that is no name.
fn name(full_name: &str, fingerprint: Fingerprint) -> PeerName {
    let end = full_name.len().saturating_sub(SERVICE.len() + 1);
    let instance = full_name.get(..end).unwrap_or_default();
    let numbered = instance
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once(" ("))
        .filter(|(_, number)| number.parse::<u32>().is_ok());
    let plain = numbered.map_or(instance, |(name, _)| name);
    plain.parse().unwrap_or_else(|_| {
        let print = fingerprint.to_string();
        print.parse().expect("16 letters and 3 dashes are a name")
    })
}

fn capabilities(names: &str) -> Capabilities {
    let named = |name: &str| {
        Capabilities::NAMED
            .into_iter()
            .find(|named| named.1 == name)
    };
    let known = names.split(',').filter_map(named);
    known.fold(Capabilities::NONE, |all, (one, _)| all | one)
}

fn number(text: &str) -> Option<u8> {
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

fn http_port(text: &str) -> Option<u16> {
    let port: NonZeroU16 = text.parse().ok()?;
    Some(port.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    use transom_wire::PublicKey;

    fn print() -> Fingerprint {
        PublicKey([7; 32]).fingerprint()
    }

    fn advert(name: &str) -> Advert {
        Advert {
            name: name.parse().unwrap(),
            fingerprint: print(),
            listen: Vec::new(),
            does: Capabilities::CAMERA | Capabilities::FILES,
            pairing: Some(7),
            http: Some(8080),
        }
    }

    /// As a station with these addresses and properties is heard.
    fn heard(full_name: &str, ips: &[&str], properties: &[(&str, String)]) -> Option<Heard> {
        let found = ips.iter().map(|ip| (ip.parse().unwrap(), 3));
        let property = |key: &str| {
            let mut found = properties.iter().filter(|(name, _)| *name == key);
            found.next().map(|(_, value)| value.as_str())
        };
        read(full_name, 7447, found, property)
    }

    #[test]
    fn what_a_station_announces_is_what_others_hear() {
        let advert = advert("porch");
        let properties = properties(&advert);
        assert_eq!(properties[1].1.len(), 16);
        let heard = heard("porch._transom._tcp.local.", &["192.168.1.5"], &properties).unwrap();
        assert_eq!((heard.name, heard.fingerprint), (advert.name, print()));
        assert_eq!(
            (heard.does, heard.pairing, heard.http),
            (advert.does, Some(7), Some(8080))
        );
        assert_eq!(heard.addresses, ["192.168.1.5:7447".parse().unwrap()]);
    }

    #[test]
    fn a_name_is_that_of_the_station_or_its_fingerprint() {
        let properties = properties(&advert("x"));
        let name = |instance: &str| {
            let full_name = format!("{instance}.{SERVICE}");
            heard(&full_name, &["10.0.0.1"], &properties).unwrap().name
        };
        assert_eq!(name("porch (2)").as_str(), "porch");
        assert_eq!(name("porch(2)").as_str(), "porch(2)");
        assert_eq!(name("a.b").as_str(), "a.b");
        for bad in [
            "",
            "two words",
            "cod\u{202e}gpj",
            "esc\u{1b}[2J",
            &"x".repeat(65),
        ] {
            assert_eq!(name(bad).as_str(), print().to_string(), "{bad:?}");
        }
        // A name of another service type does not make us panic.
        assert_eq!(super::name("ä", print()).as_str(), print().to_string());
    }

    #[test]
    fn only_addresses_that_lead_to_another_machine_are_kept_and_eight_of_them() {
        let properties = properties(&advert("x"));
        let heard = |ips: &[&str]| heard("x._transom._tcp.local.", ips, &properties);
        let bad = [
            "127.0.0.1",
            "::1",
            "0.0.0.0",
            "::",
            "224.0.0.251",
            "ff02::fb",
            "255.255.255.255",
            "::ffff:127.0.0.1",
        ];
        assert_eq!(heard(&bad), None);
        let found = heard(&["fe80::1", "169.254.1.1", "fd00::1", "10.0.0.1"]);
        let found: Vec<_> = found
            .unwrap()
            .addresses
            .iter()
            .map(ToString::to_string)
            .collect();
        let best_first = ["10.0.0.1:7447", "[fd00::1]:7447", "169.254.1.1:7447"];
        assert_eq!(found[..3], best_first);
        assert_eq!(found[3], "[fe80::1%3]:7447");
        let many: Vec<_> = (1..200).map(|last| format!("10.0.0.{last}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(heard(&many).unwrap().addresses.len(), MAX_ADDRESSES);
    }

    #[test]
    fn what_is_no_announcement_of_this_version_is_skipped() {
        let good = properties(&advert("x"));
        let with = |key: &'static str, value: &str| {
            let mut properties = good.clone();
            properties.retain(|(name, _)| *name != key);
            properties.push((key, value.to_owned()));
            heard("x._transom._tcp.local.", &["10.0.0.1"], &properties)
        };
        assert_eq!(with("v", "2"), None);
        assert_eq!(with("id", "RWNPXTWT"), None);
        assert_eq!(with("id", ""), None);
        let does = with("does", "camera,flying,,sound").unwrap().does;
        assert_eq!(does, Capabilities::CAMERA | Capabilities::SOUND);
        for (text, number) in [("47", Some(47)), ("7", None), ("+7", None), ("100", None)] {
            assert_eq!(with("pair", text).unwrap().pairing, number, "{text}");
        }
        for (text, port) in [("81", Some(81)), ("0", None), ("65536", None), ("", None)] {
            assert_eq!(with("http", text).unwrap().http, port, "{text}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let long: PeerName = "ä".repeat(32).parse().unwrap();
        assert_eq!(instance(&long), "ä".repeat(28));
        assert_eq!(instance(&"porch".parse().unwrap()), "porch");
    }
}
