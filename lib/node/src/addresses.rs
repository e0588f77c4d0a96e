//! The addresses of this machine that others may reach.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use transom_users::Address;

/// The addresses at which other machines may reach this one, for a person to give to others: the
/// best first. Empty only on a machine without any network.
///
/// The address that the default route uses comes first, then other IPv4, then other IPv6 addresses.
/// Link-local ones come last: they are all that a cable between two machines has. Those of
/// containers and virtual machines are left out.
pub fn own_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        log::warn!("can't list the addresses of this machine: {error}");
        Vec::new()
    });
    let is_useful =
        |it: &&if_addrs::Interface| it.is_oper_up() && !it.is_loopback() && !is_virtual(&it.name);
    let listed = interfaces.iter().filter(is_useful).map(|it| it.ip());
    let routed = [
        toward("0.0.0.0:0", "192.0.2.1:9"),
        toward("[::]:0", "[2001:db8::1]:9"),
    ];
    ordered(listed.collect(), &routed)
}

/// That address in a form that stays right: the interface of a link-local address by its name,
/// since its number may be another one when the machine starts anew.
pub fn lasting_address(address: SocketAddr) -> Address {
    let zone = match address {
        SocketAddr::V6(address) if cfg!(unix) => address.scope_id(),
        _ => 0,
    };
    let interfaces = (zone > 0).then(if_addrs::get_if_addrs);
    let interfaces = interfaces.into_iter().flatten().flatten();
    let name = { interfaces }.find(|it| it.index == Some(zone));
    let named = name.map(|it| format!("[{}%{}]:{}", address.ip(), it.name, address.port()));
    let named = named.and_then(|named| named.parse().ok());
    named.unwrap_or_else(|| address.into())
}

/// Where an address comes among those of one machine. IPv4 first, which most networks route;
/// link-local addresses last: they are all that a cable between two machines has, and elsewhere
/// they are the least likely to be reached.
pub(crate) fn rank(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(ip) if !ip.is_link_local() => 0,
        IpAddr::V6(ip) if !ip.is_unicast_link_local() => 1,
        IpAddr::V4(_) => 2,
        IpAddr::V6(_) => 3,
    }
}

/// The addresses of a host name in the order in which they are dialed: as the resolver has them,
/// but link-local ones last.
pub(crate) fn link_local_last(addresses: &mut [SocketAddr]) {
    addresses.sort_by_key(|address| rank(address.ip()) > 1);
}

/// Whether an interface of that name leads to containers or virtual machines of this machine only.
/// Inside of them the interface has a usual name, such as `eth0`.
pub(crate) fn is_virtual(name: &str) -> bool {
    let of_docker = |rest: &str| rest.len() == 12 && rest.bytes().all(|b| b.is_ascii_hexdigit());
    name.strip_prefix("br-").is_some_and(of_docker)
        || VIRTUAL.iter().any(|prefix| name.starts_with(prefix))
}

/// As Docker, Podman, LXC, libvirt, Kubernetes, VMware and VirtualBox name theirs.
const VIRTUAL: [&str; 14] = [
    "docker", "veth", "podman", "lxcbr", "lxdbr", "virbr", "vnet", "cni", "flannel", "cali",
    "cilium", "kube", "vmnet", "vboxnet",
];

/// The address that packets to there would come from; none is sent.
fn toward(from: &str, to: &str) -> Option<IpAddr> {
    let socket = UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}

fn ordered(mut addresses: Vec<IpAddr>, routed: &[Option<IpAddr>]) -> Vec<IpAddr> {
    if addresses.is_empty() {
        addresses.extend(routed.iter().flatten());
    }
    addresses.sort_by_key(|ip| (rank(*ip), !routed.contains(&Some(*ip))));
    let mut seen = Vec::new();
    addresses.retain(|ip| {
        let is_new = !seen.contains(ip);
        seen.push(*ip);
        is_new
    });
    addresses
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use std::net::SocketAddrV6;

    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_address_of_the_default_route_comes_first_and_link_local_ones_last() {
        let found = ips(&[
            "fe80::1",
            "169.254.7.7",
            "fd00::5",
            "10.0.0.2",
            "192.168.1.20",
            "10.0.0.2",
        ]);
        let routed = [Some(found[4]), None];
        let expected = ips(&[
            "192.168.1.20",
            "10.0.0.2",
            "fd00::5",
            "169.254.7.7",
            "fe80::1",
        ]);
        assert_eq!(ordered(found, &routed), expected);
    }

    #[test]
    fn link_local_addresses_of_a_name_are_dialed_last() {
        let addresses = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let mut found = addresses(&[
            "[fe80::1%3]:1",
            "[fd00::5]:1",
            "169.254.7.7:1",
            "10.0.0.2:1",
            "[2001:db8::2]:1",
        ]);
        link_local_last(&mut found);
        let dialed = addresses(&[
            "[fd00::5]:1",
            "10.0.0.2:1",
            "[2001:db8::2]:1",
            "[fe80::1%3]:1",
            "169.254.7.7:1",
        ]);
        assert_eq!(found, dialed);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_zone_of_a_lasting_address_is_the_name_of_its_interface() {
        let interfaces = if_addrs::get_if_addrs().unwrap();
        let loopback = interfaces.iter().find(|it| it.is_loopback()).unwrap();
        let lasting = |zone| {
            let ip = "fe80::1".parse().unwrap();
            lasting_address(SocketAddrV6::new(ip, 80, 0, zone).into()).to_string()
        };
        let named = format!("[fe80::1%{}]:80", loopback.name);
        assert_eq!(lasting(loopback.index.unwrap()), named);
        assert_eq!(lasting(u32::MAX), "[fe80::1%4294967295]:80");
        let plain = lasting_address("10.0.0.2:80".parse().unwrap());
        assert_eq!(plain.to_string(), "10.0.0.2:80");
    }

    #[test]
    fn a_cable_without_a_router_has_an_address_too() {
        assert_eq!(ordered(ips(&["fe80::1"]), &[None, None]), ips(&["fe80::1"]));
        assert_eq!(ordered(Vec::new(), &[None, None]), ips(&[]));
    }

    #[test]
    fn interfaces_of_containers_are_left_out_and_bridges_of_people_are_not() {
        for name in [
            "docker0",
            "veth3f2a1b",
            "br-0123456789ab",
            "virbr0",
            "vboxnet0",
            "cni0",
        ] {
            assert!(is_virtual(name), "{name}");
        }
        for name in [
            "eth0",
            "wlan0",
            "br0",
            "br-lan",
            "enp3s0",
            "wg0",
            "tailscale0",
            "en0",
        ] {
            assert!(!is_virtual(name), "{name}");
        }
    }

    #[test]
    fn addresses_of_this_machine_are_no_loopback_and_come_once() {
        let found = own_addresses();
        for (at, ip) in found.iter().enumerate() {
            assert!(!ip.is_loopback() && !found[..at].contains(ip), "{ip}");
        }
    }
}
