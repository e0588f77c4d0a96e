//! `transom find`: the stations nearby that announce themselves, as a table. It only listens, so
//! nothing in it is proven.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::json;
use transom::{Claim, Nearby, Notice, lasting_address};

use crate::args::Find;
use crate::failure::Failure;
use crate::format::{columns, padded};
use crate::output::Output;
use crate::place::Place;
use crate::signals::Signal;
use crate::station::{Event, Running};

pub(crate) fn run(arguments: &Find, place: &Place, output: &Output) -> Result<(), Failure> {
    let running = Running::start(place.settings(None, output)?)?;
    running.handle.look_nearby(true);
    let end = Instant::now() + Duration::from_secs(arguments.seconds);
    let (mut found, mut is_over) = (Vec::new(), false);
    loop {
        match running.next(Some(end)) {
            Some(Event::Notice(Notice::Nearby { stations })) => found = stations,
            Some(Event::Signal(Signal::End)) => break,
            None => {
                is_over = true;
                break;
            }
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(_) => {}
        }
    }
    found.sort_by_key(|station| (station.name, station.fingerprint));
    if found.is_empty() {
        let why = match is_over {
            true => causes(arguments.seconds),
            false => "ended by a signal before anything was heard".to_owned(),
        };
        return Err(Failure::new("no station was found", why));
    }
    match output.is_json() {
        true => found.iter().for_each(|it| output.answer("", json(it))),
        false => output.answer(table(&found), json!(null)),
    }
    Ok(())
}

/// What prevents announcements, the most usual cause first, and what works without them.
fn causes(seconds: u64) -> String {
    format!(
        "none announced itself in {seconds} s. Is `transom camera` or `transom receive` running \
         there, without --no-announce, or the window, with \"Let computers nearby see me\" on? Guest Wi-Fi, client isolation, a VPN, another \
         subnet, or a firewall that drops UDP port 5353 keep announcements away; HOST works \
         wherever a name does"
    )
}

/// One station a line; further addresses of a station are below the first.
fn table(found: &[Nearby]) -> String {
    let mut rows = vec![["NAME", "ADDRESS", "DOES", "KEY, UNPROVEN", ""].map(str::to_owned)];
    for station in found {
        let mut addresses = station.addresses.iter().map(typed);
        let does: Vec<_> = station.does.names().collect();
        rows.push([
            station.name.to_string(),
            addresses.next().unwrap_or_default(),
            does.join(", "),
            station.fingerprint.to_string(),
            remark(station),
        ]);
        rows.extend(addresses.map(|address| {
            let mut row = <[String; 5]>::default();
            row[1] = address;
            row
        }));
    }
    let widths: [usize; 5] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| columns(&row[column]));
        cells.max().unwrap_or_default()
    });
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths);
        let line: Vec<_> = cells.map(|(cell, width)| padded(cell, width)).collect();
        line.join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An address as it can be typed, also after the next start of this machine.
fn typed(address: &SocketAddr) -> String {
    lasting_address(*address).to_string()
}

fn remark(station: &Nearby) -> String {
    let claim = match station.claims {
        Claim::Contact(name) if name == station.name => "in the contact book".to_owned(),
        Claim::Contact(name) => format!("known as {name}"),
        Claim::Own => "your own key".to_owned(),
        _ => String::new(),
    };
    let pairing = station.pairing;
    let pairing = pairing.map(|number| format!("pairing, code {number:02}"));
    let page = page(station).map(|page| format!("page {page}"));
    let remarks = [claim, pairing.unwrap_or_default(), page.unwrap_or_default()];
    let remarks = remarks.into_iter().filter(|remark| !remark.is_empty());
    remarks.collect::<Vec<_>>().join("; ")
}

/// Where a browser sees its camera, with a pass. Browsers take no address of one link alone.
fn page(station: &Nearby) -> Option<String> {
    let port = station.http?;
    let is_of_link = |ip: IpAddr| matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let mut ips = station.addresses.iter().map(SocketAddr::ip);
    let ip = ips.find(|ip| !is_of_link(*ip))?;
    Some(format!("http://{}/", SocketAddr::new(ip, port)))
}

fn json(station: &Nearby) -> serde_json::Value {
    let (claims, contact) = match station.claims {
        Claim::Contact(name) => ("contact", Some(name.to_string())),
        Claim::Own => ("own", None),
        _ => ("stranger", None),
    };
    json!({
        "event": "nearby",
        "name": station.name.as_str(),
        "fingerprint": station.fingerprint.to_string(),
        "proven": false,
        "claims": claims,
        "contact": contact,
        "addresses": station.addresses.iter().map(typed).collect::<Vec<_>>(),
        "can": station.does.names().collect::<Vec<_>>(),
        "pairing": station.pairing,
        "page": page(station),
    })
}
