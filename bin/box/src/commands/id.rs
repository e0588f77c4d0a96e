//! `transom id`: our key, and the line for other people's contact books.

use std::net::{IpAddr, SocketAddr};

use serde_json::json;
use transom::own_addresses;
use transom::people::{Address, DEFAULT_PORT};

use crate::args::Id;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use crate::qr;

pub(crate) fn run(arguments: &Id, place: &Place, output: &Output) -> Result<(), Failure> {
    let key = place::identity(&place.state()?)?.public_key();
    let name = arguments.name.unwrap_or_else(place::machine_name);
    let (addresses, port) = addresses_of(arguments);
    // Without a network there is no address to suggest; the user puts the right one in.
    let line = format!("{name} {} key={key}", reached_at(addresses.first(), port));
    let listed: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let shown = if listed.is_empty() {
        "none: this machine has no network".into()
    } else {
        listed.join(" ")
    };
    let mut human = format!(
        "name         {name}\nkey          {key}\nfingerprint  {}\naddresses    {shown} (port {port})\n\n\
         To be known to somebody, have them add this line to their contact book:\n{line}",
        key.fingerprint(),
    );
    if arguments.qr {
        human.push_str("\n\n");
        human.push_str(&qr::draw(&line)?);
    }
    let json = json!({
        "event": "id",
        "name": name.as_str(),
        "key": key.to_string(),
        "fingerprint": key.fingerprint().to_string(),
        "addresses": listed,
        "port": port,
        "line": line,
    });
    output.answer(human, json);
    Ok(())
}

/// The addresses and the port of the box, from `--listen`.
fn addresses_of(arguments: &Id) -> (Vec<IpAddr>, u16) {
    match arguments.listen {
        Some(listen) if !listen.ip().is_unspecified() => (vec![listen.ip()], listen.port()),
        listen => {
            let port = listen.map(|listen| listen.port()).or(arguments.port);
            (own_addresses(), port.unwrap_or(DEFAULT_PORT))
        }
    }
}

/// `HOST[:PORT]` as the contact book has it.
fn reached_at(host: Option<&IpAddr>, port: u16) -> String {
    match host {
        Some(host) => Address::from(SocketAddr::new(*host, port)).to_string(),
        None => format!("ADDRESS:{port}"),
    }
}
