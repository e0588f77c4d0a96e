//! The addresses of this machine, for a person to give to others. Linux lists them in /proc;
//! elsewhere the routes tell the usual ones.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// All addresses that others may reach, the usual one first.
pub(crate) fn of_this_machine() -> Vec<IpAddr> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let routed = [
        toward("0.0.0.0:0", "192.0.2.1:9"),
        toward("[::]:0", "[2001:db8::1]:9"),
    ];
    let listed = ipv4(&read("/proc/net/fib_trie"))
        .into_iter()
        .map(IpAddr::V4);
    let listed = listed.chain(
        ipv6(&read("/proc/net/if_inet6"))
            .into_iter()
            .map(IpAddr::V6),
    );
    let mut addresses = Vec::new();
    for address in routed.into_iter().flatten().chain(listed) {
        if is_useful(address) && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// The address that packets to there would come from; none is sent.
fn toward(from: &str, to: &str) -> Option<IpAddr> {
    let socket = UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Link-local addresses need the name of an interface, which differs on every machine.
fn is_useful(address: IpAddr) -> bool {
    let local_link = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !address.is_loopback() && !address.is_unspecified() && !local_link
}

/// Host addresses in the kernel's routing tree: an address line, then `/32 host LOCAL` below it.
fn ipv4(tree: &str) -> Vec<Ipv4Addr> {
    let mut above: Option<Ipv4Addr> = None;
    let mut found = Vec::new();
    for line in tree.lines() {
        if let Some(address) = line.trim().strip_prefix("|-- ") {
            above = address.parse().ok();
        } else if line.contains("/32 host LOCAL") {
            found.extend(above.take());
        }
    }
    found
}

/// One interface address a line: 32 hex digits first.
fn ipv6(table: &str) -> Vec<Ipv6Addr> {
    let address = |line: &str| {
        let digits = line
            .split_whitespace()
            .next()
            .filter(|digits| digits.len() == 32)?;
        u128::from_str_radix(digits, 16).ok().map(Ipv6Addr::from)
    };
    table.lines().filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let tree = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.168.1.0\n        /24 link UNICAST\n     \
                    |-- 192.168.1.20\n        /32 host LOCAL\n     |-- 192.168.1.255\n        /32 link BROADCAST\n";
        assert_eq!(ipv4(tree), [Ipv4Addr::new(192, 168, 1, 20)]);
        let table = "fe800000000000000000000000000001 02 40 20 80     eth0\n\
                     fd000000000000000000000000000005 02 40 00 80     eth0\nshort 01\n";
        let found = ipv6(table);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], "fd00::5".parse::<Ipv6Addr>().unwrap());
        assert!(!is_useful(found[0].into()));
        assert!(is_useful(found[1].into()));
    }

    #[test]
    fn no_address_comes_twice() {
        let addresses = of_this_machine();
        for (at, address) in addresses.iter().enumerate() {
            assert!(is_useful(*address) && !addresses[..at].contains(address));
        }
    }
}
