//! The check of the Host header at a door without passes. A web page can let its own name resolve
//! to this machine (DNS rebinding) and then ask from the user's browser; the name gives it away.

use std::net::IpAddr;

/// Whether a request for this host may come from its user: it names an address, this machine, or
/// one of `names`.
pub(crate) fn is_ours(host: &str, names: &[String]) -> bool {
    let name = without_port(host);
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    if let Some(address) = bare {
        return matches!(address.parse(), Ok(IpAddr::V6(_)));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_local = name.eq_ignore_ascii_case("localhost");
    let mut names = names.iter();
    is_local
        || matches!(name.parse(), Ok(IpAddr::V4(_)))
        || names.any(|ours| name.eq_ignore_ascii_case(ours))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_localhost_and_our_names_only() {
        let names = ["hall".to_owned(), "hall.local".into()];
        for host in [
            "127.0.0.1:8080",
            "192.168.1.7",
            "[::1]:8080",
            "[fe80::1]",
            "localhost",
            "LocalHost:80",
            "localhost.:80",
            "hall:8080",
            "Hall.local",
        ] {
            assert!(is_ours(host, &names), "{host}");
        }
        for host in [
            "",
            ":80",
            "evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "hall.evil.example",
            "[::1].evil.example",
            "[127.0.0.1]",
            "[evil]",
            "::1",
            "2130706433",
            "0x7f.1",
        ] {
            assert!(!is_ours(host, &names), "{host}");
        }
    }
}
