//! What `pair`, `send --code`, `receive` and `camera --pair` share: asking for a code, showing one,
//! and making the peer a contact.

use std::env;
use std::io::{self, BufRead, IsTerminal};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Instant;

use serde_json::{Value, json};
use transom::people::{Address, Contact, DEFAULT_PORT, Rights};
use transom::{
    Candidates, Code, Invitation, Keep, MAX_ADDRESSES, Paired, PairingFailure, PairingNotice,
    PairingTerms, PeerName, PublicKey, Settings, everywhere, own_addresses,
};

use crate::book_file;
use crate::failure::Failure;
use crate::format::duration;
use crate::output::Output;
use crate::place::Place;
use crate::qr;
use crate::station::Running;

/// The variable that holds a code for scripts.
pub(crate) const VARIABLE: &str = "TRANSOM_CODE";

/// The code of the variable, if it is set.
pub(crate) fn code_given() -> Result<Option<Code>, Failure> {
    let Some(text) = env::var_os(VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let code = text.to_string_lossy().parse::<Code>();
    let wrong = |error| Failure::usage(format!("{VARIABLE} holds no code"), error);
    code.map(Some).map_err(wrong)
}

/// The code of the variable, else the one that a person types.
pub(crate) fn ask_code(output: &Output) -> Result<Code, Failure> {
    if let Some(code) = code_given()? {
        return Ok(code);
    }
    let is_terminal = io::stdin().is_terminal();
    for line in io::stdin()
        .lock()
        .lines()
        .map_while(Result::ok)
        .take(MAX_LINES)
    {
        match line.parse::<Code>() {
            Ok(code) => return Ok(code),
            Err(error) if is_terminal => output.ask(&format!("{error}; type it again:")),
            Err(error) => return Err(Failure::usage("that is no code", error)),
        }
    }
    let next = format!("type it, or set {VARIABLE}");
    Err(Failure::usage("no code", "the input ended").next(next))
}

/// Prompts for the code that [`ask_code`] waits for.
pub(crate) fn prompt(output: &Output) {
    if io::stdin().is_terminal() && env::var_os(VARIABLE).is_none() {
        output.ask("type the code that the other side shows:");
    }
}

/// Looks for the station that shows a typed code, and prints that, because it may take half a
/// minute.
pub(crate) fn enter(
    code: Code,
    from: Option<&Address>,
    terms: PairingTerms,
    running: &Running,
    output: &Output,
) {
    let number = code.number();
    let (candidates, human) = match from {
        Some(address) => (
            Candidates::At(vec![address.clone()], None),
            format!("asking {address} for code {number:02}"),
        ),
        None => (
            Candidates::Nearby,
            format!("looking for the station that shows code {number:02}"),
        ),
    };
    let from = from.map(ToString::to_string);
    output.say(
        human,
        json!({"event": "looking_for_code", "number": number, "from": from}),
    );
    running.handle.enter_code(code, candidates, terms);
}

/// Listens at these addresses, otherwise at the default port, otherwise (if a window or a box on
/// this machine has it) at a free port.
pub(crate) fn listen(settings: &mut Settings, listen: &[SocketAddr], output: &Output) {
    settings.listen = match listen {
        [] if is_taken(DEFAULT_PORT) => {
            output.warn(format!(
                "another program has port {DEFAULT_PORT}, so another one is used"
            ));
            vec![SocketAddr::from(([0, 0, 0, 0], 0))]
        }
        [] => everywhere(DEFAULT_PORT),
        some => some.to_vec(),
    };
}

pub(crate) fn is_taken(port: u16) -> bool {
    let bound = TcpListener::bind(("0.0.0.0", port));
    bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// The terms of a pairing that gives the peer these rights.
pub(crate) fn terms(name: Option<PeerName>, may: Rights, keep: Keep) -> PairingTerms {
    PairingTerms {
        name,
        may,
        keep,
        port: None,
    }
}

/// The addresses of this station, for people and for a QR code. Link-local IPv6 addresses are left
/// out: they need the name of an interface, which differs on every machine.
pub(crate) fn addresses(running: &Running) -> Vec<Address> {
    let is_useful = |ip: &IpAddr| match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => !ip.is_unicast_link_local(),
    };
    let mut found: Vec<Address> = Vec::new();
    for address in &running.addresses {
        let every = address.ip().is_unspecified();
        let all = if every {
            own_addresses()
        } else {
            vec![address.ip()]
        };
        let all = all
            .into_iter()
            .filter(|ip| !every || ip.is_ipv4() == address.is_ipv4());
        for ip in all.filter(is_useful) {
            let address = Address::from(SocketAddr::new(ip, address.port()));
            if !found.contains(&address) {
                found.push(address);
            }
        }
    }
    found
}

/// What is needed to show a code, with the command to type it at.
pub(crate) struct Shown<'a> {
    pub(crate) key: PublicKey,
    /// The command of the other side, such as `transom receive`.
    pub(crate) command: &'a str,
}

impl Shown<'_> {
    pub(crate) fn tell(&self, code: &Code, until: Instant, running: &Running, output: &Output) {
        let addresses = addresses(running);
        let invitation = Invitation {
            code: code.clone(),
            key: self.key,
            addresses: addresses.iter().take(MAX_ADDRESSES).cloned().collect(),
        };
        let left = until.saturating_duration_since(Instant::now());
        let mut human = format!(
            "the code is  {code}\ntype it within {} at the other side, in the window or after: {}",
            duration(left),
            self.command
        );
        if let Some(address) = addresses.first() {
            let at = usual(address);
            human.push_str(&format!(
                "\nif that does not find it: {} --from {at}",
                self.command
            ));
        }
        if io::stdout().is_terminal()
            && !output.is_json()
            && let Ok(drawn) = qr::draw(&invitation.to_string())
        {
            human = format!("{drawn}\n{human}");
        }
        let json = json!({
            "event": "code_shown",
            "code": code.to_string(),
            "number": code.number(),
            "seconds": left.as_secs(),
            "addresses": addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "invitation": invitation.to_string(),
        });
        output.answer(human, json);
    }
}

/// An address as it is typed: without the default port.
fn usual(address: &Address) -> String {
    let text = address.to_string();
    let bare = text.strip_suffix(&format!(":{DEFAULT_PORT}"));
    bare.map_or(text.clone(), |bare| {
        bare.trim_matches(['[', ']']).to_owned()
    })
}

/// A new contact for the peer, with these rights.
pub(crate) fn contact(paired: &Paired, may: Rights) -> Contact {
    Contact {
        name: paired.peer,
        address: paired.address.clone(),
        key: Some(paired.key),
        may,
        comment: String::new(),
        line: 0,
    }
}

/// Writes the peer to the contact book, which the station reads again.
pub(crate) fn keep(
    paired: &Paired,
    may: Rights,
    place: &Place,
    running: &Running,
    output: &Output,
) -> Result<(), Failure> {
    let path = book_file::keep_paired(&contact(paired, may), place)?;
    let book = place.book(output)?;
    let held = book.find(paired.peer.as_str()).map_or(may, |it| it.may);
    running.handle.replace_book(book);
    let file = path.display().to_string();
    let mut human = format!("{} is now in {file}", paired.peer);
    if held != may {
        human.push_str(&format!(
            ". They keep their earlier rights: they may {held}"
        ));
    }
    let json = json!({
        "event": "added",
        "name": paired.peer.as_str(),
        "file": file,
        "may": held.to_string(),
    });
    output.say(human, json);
    Ok(())
}

/// A notice of a pairing in words and with stable field names.
pub(crate) fn describe(notice: &PairingNotice) -> Option<(String, Value)> {
    Some(match notice {
        PairingNotice::CodeShown { code, .. } => (
            format!("the code is {code}"),
            json!({"event": "code_shown", "code": code.to_string(), "number": code.number()}),
        ),
        PairingNotice::WrongGuess {
            address,
            tries_left,
        } => (
            wrong_guess_words(address.ip(), *tries_left),
            json!({"event": "wrong_code", "address": address.to_string(), "tries_left": tries_left}),
        ),
        PairingNotice::CodeEnded { why } => (
            format!("the code ended: {why}"),
            json!({"event": "code_ended", "text": why.to_string()}),
        ),
        PairingNotice::Trying { address } => (
            format!("trying the code at {address}"),
            json!({"event": "trying_code", "address": address.to_string()}),
        ),
        PairingNotice::Paired(paired) => (paired_words(paired), paired_json(paired)),
        PairingNotice::Failed { why } => (
            format!("not paired: {}", failure_words(why)),
            json!({"event": "pairing_failed", "text": why.to_string()}),
        ),
        _ => return None,
    })
}

/// Why no station was found for a typed code, and what to do.
pub(crate) fn failure_words(why: &PairingFailure) -> String {
    match why {
        PairingFailure::NobodyNearby => format!("{why}: --from HOST"),
        PairingFailure::TooManyTries => {
            format!("{why}, and say where the other side is: --from HOST")
        }
        why => why.to_string(),
    }
}

fn wrong_guess_words(from: IpAddr, tries_left: u8) -> String {
    match tries_left {
        0 => format!("a wrong code came from {from}"),
        left => format!("a wrong code came from {from}; {left} more end this code"),
    }
}

fn paired_words(paired: &Paired) -> String {
    let them = paired_with(paired);
    match paired.keep {
        Keep::Contact => format!(
            "{them}; they may: {}; you may: {}",
            rights(paired.may),
            rights(paired.grants)
        ),
        _ => format!("{them}, this once"),
    }
}

/// The peer that was found, with the fingerprint to compare.
pub(crate) fn paired_with(paired: &Paired) -> String {
    let called = match paired.peer == paired.called {
        true => String::new(),
        false => format!(", who goes by {},", paired.called),
    };
    format!(
        "paired with {}{called} with the key {}",
        paired.peer,
        paired.key.fingerprint()
    )
}

pub(crate) fn rights(rights: Rights) -> String {
    match rights {
        Rights::NONE => "nothing".to_owned(),
        rights => rights.to_string(),
    }
}

pub(crate) fn paired_json(paired: &Paired) -> Value {
    json!({
        "event": "paired",
        "peer": paired.peer.as_str(),
        "called": paired.called.as_str(),
        "key": paired.key.to_string(),
        "fingerprint": paired.key.fingerprint().to_string(),
        "address": paired.address.to_string(),
        "may": paired.may.to_string(),
        "grants": paired.grants.to_string(),
        "once": paired.keep != Keep::Contact,
    })
}

/// How many lines the user may type until one is a code.
const MAX_LINES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_as_short_as_it_can_be_typed() {
        for (address, typed) in [
            ("192.168.1.20", "192.168.1.20"),
            ("192.168.1.20:80", "192.168.1.20:80"),
            ("fd00::1", "fd00::1"),
            ("[fd00::1]:80", "[fd00::1]:80"),
        ] {
            let address: Address = address.parse().unwrap();
            assert_eq!(usual(&address), typed);
            assert_eq!(typed.parse(), Ok(address));
        }
    }
}
