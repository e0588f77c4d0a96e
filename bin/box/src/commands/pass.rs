//! `transom pass`: which browsers and other programs may look by HTTP.

use std::io::{self, IsTerminal as _};
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use serde_json::{Value, json};
use transom::{Links, Pass, own_addresses, random_token};

use crate::args::{PassArguments, PassCommand};
use crate::failure::Failure;
use crate::format::age;
use crate::http::{HTTP, warn_of_network};
use crate::output::Output;
use crate::pass_files::{DoorPlace, PassFiles};
use crate::place::Place;
use crate::qr;

pub(crate) fn run(arguments: PassArguments, place: &Place, output: &Output) -> Result<(), Failure> {
    let files = PassFiles::of(&place.state()?);
    match arguments.what {
        None => list(&files, output),
        Some(PassCommand::Add {
            name,
            http,
            sound,
            qr,
        }) => {
            let DoorPlace { address, boxes } = door(&files, http);
            let reached = reached_at(address, &own_addresses());
            let place = DoorPlace {
                address: reached.unwrap_or(SocketAddr::new(HTTP.ip(), address.port())),
                boxes,
            };
            let is_for_phone = !place.address.ip().is_loopback() && io::stdout().is_terminal();
            let with_qr = qr || is_for_phone && !output.is_json();
            add(&files, &name, sound, &place, with_qr, output)?;
            if reached.is_none() {
                output.warn(NOT_REACHED);
            }
            warn_of_network(address, output);
            Ok(())
        }
        Some(PassCommand::Remove { name }) => {
            files.remove(&name)?;
            let human = format!("{name} may not look any more");
            output.say(human, json!({"event": "pass_removed", "name": name}));
            Ok(())
        }
    }
}

fn list(files: &PassFiles, output: &Output) -> Result<(), Failure> {
    let passes = files.read()?;
    let mut human = match passes.iter().count() {
        0 => "no passes; make one with: transom pass add NAME".to_owned(),
        1 => "1 pass".to_owned(),
        passes => format!("{passes} passes"),
    };
    let width = passes.iter().map(|pass| pass.name().chars().count()).max();
    let width = width.unwrap_or(0);
    for pass in passes.iter() {
        let used = match pass.last_used() {
            Some(time) => format!("last used {} ago", age(SystemTime::UNIX_EPOCH + time)),
            None => "never used".to_owned(),
        };
        let sound = match pass.may_hear() {
            true => ", with sound",
            false => "",
        };
        human.push_str(&format!("\n{:width$}  {used}{sound}", pass.name()));
        if output.is_json() {
            let used = pass.last_used().map(|time| time.as_secs());
            let (name, sound) = (pass.name(), pass.may_hear());
            output.answer(
                "",
                json!({"event": "pass", "name": name, "last_used": used, "sound": sound}),
            );
        }
    }
    if !output.is_json() {
        output.answer(human, Value::Null);
    }
    Ok(())
}

/// Where the door is: at that address, where it was opened last, or where it is unless told
/// otherwise.
fn door(files: &PassFiles, wanted: Option<SocketAddr>) -> DoorPlace {
    files.door(wanted).unwrap_or_else(|| DoorPlace {
        address: wanted.unwrap_or(HTTP),
        boxes: Vec::new(),
    })
}

fn add(
    files: &PassFiles,
    name: &str,
    with_sound: bool,
    place: &DoorPlace,
    with_qr: bool,
    output: &Output,
) -> Result<(), Failure> {
    let no_random = || Failure::new("no pass was made", "the system gives no random numbers");
    let token = random_token().ok_or_else(no_random)?;
    let mut pass =
        Pass::new(name, &token).map_err(|error| Failure::usage("no pass was made", error))?;
    if with_sound {
        pass = pass.with_sound();
    }
    files.add(&pass)?;
    let may = match with_sound {
        true => "look and listen",
        false => "look",
    };
    let root = Links::new(place.address, None, &token);
    let mut human = format!("{name} may {may} now. These links are shown only once:");
    let mut json = match place.boxes.is_empty() {
        true => {
            human.push_str(&lines(&root, with_sound));
            json_of(&root, with_sound)
        }
        false => {
            human.push_str(&format!("\npage      {}", root.page));
            json!({"page": root.page, "boxes": {}})
        }
    };
    for name in &place.boxes {
        let links = Links::new(place.address, Some(name), &token);
        human.push_str(&format!("\n\n{name}{}", lines(&links, with_sound)));
        json["boxes"][name] = json_of(&links, with_sound);
    }
    json["event"] = json!("pass_added");
    json["name"] = json!(name);
    json["token"] = json!(token.to_string());
    if with_qr {
        human.push_str("\n\n");
        human.push_str(&qr::draw(&root.page)?);
    }
    output.answer(human, json);
    Ok(())
}

/// The links, a line each.
fn lines(links: &Links, with_sound: bool) -> String {
    let Links {
        page,
        stream,
        snapshot,
        sound,
        ..
    } = links;
    let mut lines = format!("\npage      {page}\nstream    {stream}\nsnapshot  {snapshot}");
    if with_sound {
        lines.push_str(&format!("\nsound     {sound}"));
    }
    lines
}

fn json_of(links: &Links, with_sound: bool) -> Value {
    json!({
        "page": links.page,
        "stream": links.stream,
        "snapshot": links.snapshot,
        "sound": with_sound.then_some(&links.sound),
    })
}

/// The address for links: of all addresses the first that others can reach there, if there is one.
fn reached_at(address: SocketAddr, own: &[IpAddr]) -> Option<SocketAddr> {
    if !address.ip().is_unspecified() {
        return Some(address);
    }
    let mut listened = own.iter().filter(|ip| ip.is_ipv4() || address.is_ipv6());
    listened
        .next()
        .map(|ip| SocketAddr::new(*ip, address.port()))
}

/// What is wrong with the links of a door at all addresses of a machine that has none.
const NOT_REACHED: &str = "this machine has no address in a network now, so the links are for \
                           itself; for others, put its address in the place of 127.0.0.1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_an_address_that_others_reach() {
        let reached = |address: &str, own: &[&str]| {
            let own: Vec<_> = own.iter().map(|ip| ip.parse().unwrap()).collect();
            let reached = reached_at(address.parse().unwrap(), &own);
            reached.map(|address| address.to_string())
        };
        let both = ["fd00::1", "10.0.0.7"];
        assert_eq!(reached("0.0.0.0:80", &both).as_deref(), Some("10.0.0.7:80"));
        assert_eq!(reached("[::]:80", &both).as_deref(), Some("[fd00::1]:80"));
        assert_eq!(reached("0.0.0.0:80", &[]), None);
        let alone = "127.0.0.1:80";
        assert_eq!(reached(alone, &[]).as_deref(), Some(alone));
    }
}
