//! Findings about what makes a station reachable: port, addresses, key, contacts, clock, multicast.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::Finding;
use crate::place::{BOOK_FILE, SERVICE_STATE};

/// The facts about a port.
#[derive(Clone, Debug)]
pub(crate) struct PortFacts {
    pub(crate) address: SocketAddr,
    /// Why we can't listen on it.
    pub(crate) refused: Option<(ErrorKind, String)>,
    /// The program that listens on it, if this user may see that.
    pub(crate) holder: Option<String>,
}

/// Whether a port can be used.
pub(crate) fn port(facts: &PortFacts) -> Finding {
    port_for("port", "--listen", facts)
}

/// Whether a port can be used for what is meant, at the address that the option gives.
pub(super) fn port_for(subject: &'static str, option: &str, facts: &PortFacts) -> Finding {
    let address = facts.address;
    let Some((kind, why)) = &facts.refused else {
        return Finding::good(subject, format!("{address} is free"));
    };
    match (kind, &facts.holder) {
        (ErrorKind::AddrInUse, Some(holder)) if holder.starts_with("transom") => {
            Finding::good(subject, format!("{address} is used by {holder}"))
        }
        (ErrorKind::AddrInUse, holder) => {
            let holder = holder.as_deref().unwrap_or("another program");
            let port = address.port();
            Finding::broken(
                subject,
                format!("{address} is used by {holder}"),
                format!(
                    "end that program (`sudo ss -ltnp 'sport = :{port}'` names it), or choose \
                     another port with {option}"
                ),
            )
        }
        (ErrorKind::PermissionDenied, _) => Finding::broken(
            subject,
            format!("{address} needs administrator rights"),
            format!("choose a port above 1023 with {option}"),
        ),
        (ErrorKind::AddrNotAvailable, _) => Finding::broken(
            subject,
            format!("{} is no address of this machine", address.ip()),
            "choose one that `transom id` lists",
        ),
        _ => Finding::broken(
            subject,
            format!("can't listen on {address}: {why}"),
            format!("choose another address with {option}"),
        ),
    }
}

/// Whether other machines can reach this one.
pub(crate) fn addresses(addresses: &[IpAddr]) -> Finding {
    const SUBJECT: &str = "network";
    let listed: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    if addresses.is_empty() {
        let mend = "plug in a cable or join a Wi-Fi network";
        return Finding::broken(SUBJECT, "this machine has no address", mend);
    }
    Finding::good(SUBJECT, format!("reached at {}", listed.join(" ")))
}

/// Whether the clock is set. Without a battery-backed clock, a machine starts with a time long
/// before this program was written.
pub(crate) fn clock(since_1970: Duration) -> Finding {
    const SUBJECT: &str = "clock";
    match (EARLIEST..LATEST).contains(&since_1970) {
        true => Finding::good(SUBJECT, "it is set"),
        false => Finding::broken(
            SUBJECT,
            "it is not set",
            "sudo timedatectl set-ntp true, or sudo date -s 'YEAR-MONTH-DAY HOUR:MINUTE'",
        ),
    }
}

/// The beginning of 2026, and of 2100, as the window's doctor has them.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);
const LATEST: Duration = Duration::from_secs(4_102_444_800);

/// A contact book that was named and is not there.
pub(crate) fn missing_book(path: &str, transom: &str) -> Finding {
    Finding::broken(
        "contacts",
        format!("there is no contact book {path}"),
        format!("{transom} pair makes it with its first contact; or correct --users"),
    )
}

/// The service of the package has another key and book than the ones that were looked at.
pub(crate) fn service() -> Finding {
    Finding::hint(
        "service",
        format!("the service has its own key and contact book, in {SERVICE_STATE}"),
        format!(
            "sudo transom --state {SERVICE_STATE} --users {SERVICE_STATE}/{BOOK_FILE} doctor looks \
             at those"
        ),
    )
}

/// The findings about the contact book at that path; `None` if there is none.
pub(crate) fn book(path: &str, read: Option<Result<(usize, Vec<String>), String>>) -> Vec<Finding> {
    const SUBJECT: &str = "contacts";
    const ADD: &str = "transom pair, or transom users add NAME HOST key=ID";
    let (contacts, errors) = match read {
        None => {
            let text = "there is no contact book, so nobody may connect";
            return vec![Finding::hint(SUBJECT, text, ADD)];
        }
        Some(Err(why)) => {
            let mend = "make it readable for this user, or name another one with --users FILE";
            return vec![Finding::broken(SUBJECT, why, mend)];
        }
        Some(Ok(read)) => read,
    };
    let mut findings: Vec<_> = { errors.iter() }
        .map(|error| Finding::broken(SUBJECT, error, "fix that line; the others count"))
        .take(MAX_ERRORS)
        .collect();
    if errors.len() > MAX_ERRORS {
        let text = format!("{} more lines are wrong", errors.len() - MAX_ERRORS);
        findings.push(Finding::broken(SUBJECT, text, "transom users check"));
    }
    findings.push(match contacts {
        0 => Finding::hint(
            SUBJECT,
            format!("the contact book {path} is empty, so nobody may connect"),
            ADD,
        ),
        count => Finding::good(
            SUBJECT,
            format!(
                "{} in {path}",
                crate::format::count(count as u64, "contact")
            ),
        ),
    });
    findings
}

/// Limit of wrong lines that are listed one by one.
const MAX_ERRORS: usize = 10;

/// Whether the key in that folder can be used: its fingerprint, or why not; `None` where there is
/// none yet.
pub(crate) fn key(folder: &str, read: Option<Result<String, String>>) -> Finding {
    const SUBJECT: &str = "key";
    match read {
        None => Finding::good(
            SUBJECT,
            format!("none in {folder} yet; it is created on first use"),
        ),
        Some(Ok(fingerprint)) => {
            Finding::good(SUBJECT, format!("{fingerprint} in {folder} can be read"))
        }
        Some(Err(why)) => Finding::broken(
            SUBJECT,
            why,
            "give the folder to this user (chown), or name another one with --state DIR",
        ),
    }
}

/// Whether announcements can be sent and received.
pub(crate) fn multicast(tried: &Result<(), String>) -> Finding {
    const SUBJECT: &str = "discovery";
    match tried {
        Ok(()) => Finding::good(SUBJECT, "multicast works on this machine"),
        Err(why) => Finding::hint(
            SUBJECT,
            format!("stations nearby can't be found: multicast fails: {why}"),
            "let the firewall pass UDP port 5353; peers can still be reached by HOST[:PORT]",
        ),
    }
}

/// Whether the kernel confines the threads that write what comes.
pub(crate) fn wall(can_confine: bool) -> Finding {
    const SUBJECT: &str = "inbox";
    match can_confine {
        true => Finding::good(
            SUBJECT,
            "the kernel confines what is received to its folder",
        ),
        false => Finding::hint(
            SUBJECT,
            "what is received is kept in its folder by this program alone, not by the kernel too",
            "a kernel with Landlock does it (Linux 5.19 or later, with landlock in its lsm= list)",
        ),
    }
}

/// A code on the boot partition, if there is one.
pub(crate) fn pairing(file: &str, read: &Result<(), String>) -> Finding {
    const SUBJECT: &str = "pairing";
    match read {
        Ok(()) => Finding::good(SUBJECT, format!("{file} has a code for the next start")),
        Err(why) => Finding::broken(
            SUBJECT,
            format!("{file} is not used: {why}"),
            "write one line, such as `transom pair --print` prints",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level::{self, Broken, Good, Hint};
    use super::*;

    fn port_level(kind: Option<ErrorKind>, holder: Option<&str>) -> Level {
        port(&PortFacts {
            address: ([0, 0, 0, 0], 7447).into(),
            refused: kind.map(|kind| (kind, "why".to_owned())),
            holder: holder.map(str::to_owned),
        })
        .level
    }

    #[test]
    fn a_port_is_free_or_used_by_us_or_broken() {
        let used = Some(ErrorKind::AddrInUse);
        assert_eq!(port_level(None, None), Good);
        assert_eq!(port_level(used, Some("transom (7)")), Good);
        assert_eq!(port_level(used, Some("nginx (7)")), Broken);
        assert_eq!(port_level(used, None), Broken);
        for kind in [
            ErrorKind::PermissionDenied,
            ErrorKind::AddrNotAvailable,
            ErrorKind::Other,
        ] {
            assert_eq!(port_level(Some(kind), None), Broken, "{kind:?}");
        }
    }

    #[test]
    fn a_clock_that_is_not_set_is_found() {
        assert_eq!(clock(Duration::ZERO).level, Broken);
        assert_eq!(clock(EARLIEST).level, Good);
        assert_eq!(clock(LATEST).level, Broken);
    }

    #[test]
    fn wrong_lines_of_the_book_are_told_and_not_without_end() {
        let levels = |read| -> Vec<_> { book("book", read).iter().map(|it| it.level).collect() };
        assert_eq!(levels(None), [Hint]);
        assert_eq!(levels(Some(Err("why".to_owned()))), [Broken]);
        assert_eq!(levels(Some(Ok((0, Vec::new())))), [Hint]);
        assert_eq!(levels(Some(Ok((2, Vec::new())))), [Good]);
        let errors = |count| vec!["book:1: what".to_owned(); count];
        assert_eq!(levels(Some(Ok((1, errors(1))))), [Broken, Good]);
        assert_eq!(levels(Some(Ok((1, errors(500))))).len(), MAX_ERRORS + 2);
    }

    #[test]
    fn the_key_and_the_book_that_were_looked_at_are_named() {
        let key = key("/var/lib/transom", Some(Ok("a-b".to_owned())));
        assert!(key.human().contains("a-b in /var/lib/transom"));
        let book = book("/srv/users", Some(Ok((2, Vec::new()))));
        assert!(book[0].human().contains("2 contacts in /srv/users"));
        let missing = missing_book("/srv/users", "transom --users /srv/users").human();
        assert!(
            missing.contains("transom --users /srv/users pair"),
            "{missing}"
        );
        assert!(
            service()
                .human()
                .contains("--users /var/lib/transom/user_list.txt doctor")
        );
    }

    #[test]
    fn the_other_facts_are_good_or_say_what_to_do() {
        assert_eq!(addresses(&[]).level, Broken);
        assert_eq!(addresses(&[[192, 168, 1, 5].into()]).level, Good);
        assert_eq!(key("state", None).level, Good);
        assert_eq!(key("state", Some(Ok("a-b".to_owned()))).level, Good);
        assert_eq!(key("state", Some(Err("why".to_owned()))).level, Broken);
        assert_eq!(multicast(&Ok(())).level, Good);
        assert_eq!(multicast(&Err("why".to_owned())).level, Hint);
        assert_eq!(wall(true).level, Good);
        assert_eq!(wall(false).level, Hint);
        assert_eq!(pairing("file", &Ok(())).level, Good);
        assert_eq!(pairing("file", &Err("why".to_owned())).level, Broken);
    }
}
