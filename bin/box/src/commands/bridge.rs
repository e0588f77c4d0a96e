//! `transom watch BOX… --http`: the encrypted bridge. It shows boxes to browsers and other programs
//! of this machine by HTTP, and runs until a signal; between the machines runs only our sealed
//! protocol.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};
use transom::people::{Book, Contact};
use transom::{HttpSource, Links, Notice, Obstacle, PeerName, Redial};

use crate::args::Watch;
use crate::failure::Failure;
use crate::http::HttpDoor;
use crate::listening;
use crate::output::Output;
use crate::place::Place;
use crate::report;
use crate::service::Service;
use crate::signals::Signal;
use crate::station::{Event, Running};

pub(crate) fn run(
    arguments: &Watch,
    address: SocketAddr,
    place: &Place,
    output: &Output,
) -> Result<(), Failure> {
    if arguments.has_stdout() {
        let why = "with --http pictures don't go to stdout";
        return Err(Failure::usage("can't watch", why));
    }
    let mut settings = place.settings(None, output)?;
    let boxes = contacts(arguments.boxes(), &settings.book, place)?;
    let options = arguments.bridge;
    if options.go2rtc {
        let streams = go2rtc(&boxes, address, options.http_open);
        tell_go2rtc(&streams, options.http_open, output);
        return Ok(());
    }
    let sources = boxes.iter().map(|contact| HttpSource::Peer(contact.name));
    let http = options.apply(address, sources.collect(), &mut settings, place, output)?;
    let running = Running::start_service(settings)?;
    let mut bridge = Bridge {
        arguments,
        running,
        http,
        boxes,
        obstacles: BTreeMap::new(),
    };
    bridge.serve(place, output)
}

fn contacts(names: &[String], book: &Book, place: &Place) -> Result<Vec<Contact>, Failure> {
    let mut contacts: Vec<Contact> = Vec::new();
    for name in names {
        let contact = contact(name, book, place)?;
        if contacts.iter().any(|other| other.name == contact.name) {
            // An address that is in no book is told as typed, which may be without its port.
            let name = match contact.line {
                0 => name,
                _ => contact.name.as_str(),
            };
            let why = format!("{name} is named twice");
            return Err(Failure::usage("can't watch", why));
        }
        contacts.push(contact);
    }
    match contacts.is_empty() {
        true => Err(Failure::usage("can't watch", "no box is named")),
        false => Ok(contacts),
    }
}

/// The contact of a name or an address. A plain name that is in no book is most likely of a box
/// that was not paired yet. It is not looked up in the network, where the bridge would try for
/// ever.
fn contact(name: &str, book: &Book, place: &Place) -> Result<Contact, Failure> {
    let contact = place.contact(name, book)?;
    let is_address = name.contains(['.', ':']) || name.eq_ignore_ascii_case("localhost");
    if contact.line > 0 || is_address {
        return Ok(contact);
    }
    let what = format!("can't watch {name}");
    let why = format!("it is not in {}", place.looked_in());
    let todo = "pair with it first: transom pair; or give its address, such as 192.168.1.20 or \
                NAME.local";
    Err(Failure::usage(what, why).next(todo))
}

struct Bridge<'a> {
    arguments: &'a Watch,
    running: Running,
    http: HttpDoor,
    boxes: Vec<Contact>,
    /// Why a box can't be reached, as reported last: the same reason is not reported after each
    /// try.
    obstacles: BTreeMap<PeerName, Obstacle>,
}

impl Bridge<'_> {
    fn serve(&mut self, place: &Place, output: &Output) -> Result<(), Failure> {
        let mut service = Service::without_camera();
        service.ready(&self.running.handle);
        self.connect();
        loop {
            let due = [service.due(), self.http.due()];
            let event = self.running.next(due.into_iter().flatten().min());
            self.http.on_time(&self.running.handle, output);
            service.on_time(&self.running.handle);
            match event {
                Some(Event::Notice(notice)) => {
                    service.notice(&notice);
                    self.http.notice(&notice, output);
                    self.notice(&notice, output);
                }
                Some(Event::Signal(Signal::Reload)) => {
                    listening::reload(&self.running.handle, place, output);
                    self.find_again(place, output);
                }
                Some(Event::Signal(Signal::End)) => {
                    service.stopping();
                    output.say("ending", json!({"event": "ending"}));
                    return Ok(());
                }
                Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
                Some(Event::Typed(_) | Event::Control(_)) | None => {}
            }
        }
    }

    fn connect(&self) {
        for contact in &self.boxes {
            let redial = Redial::Always;
            self.running.handle.connect(contact.clone(), redial);
        }
    }

    /// The contact book was read again: a box may have another address.
    fn find_again(&mut self, place: &Place, output: &Output) {
        let found = place.book(output);
        match found.and_then(|book| contacts(self.arguments.boxes(), &book, place)) {
            Ok(boxes) => {
                self.boxes = boxes;
                self.connect();
            }
            Err(failure) => output.complain(failure.to_string()),
        }
    }

    fn notice(&mut self, notice: &Notice, output: &Output) {
        match notice {
            Notice::HttpListening { address } => return self.tell_links(*address, output),
            Notice::Joined { peer, .. } | Notice::Left { peer, .. } => {
                self.obstacles.remove(peer);
            }
            Notice::Unreachable { peer, obstacle, .. } => {
                let before = self.obstacles.insert(*peer, obstacle.clone());
                if before.as_ref() == Some(obstacle) && !output.is_json() {
                    return;
                }
            }
            Notice::KeyChanged { .. } => {}
            _ => return,
        }
        report::tell(output, notice);
    }

    fn tell_links(&self, address: SocketAddr, output: &Output) {
        for contact in &self.boxes {
            let name = &contact.name;
            let Links { page, .. } = Links::bare(address, Some(name.as_str()));
            output.say(
                format!("{name} by HTTP at {page}"),
                json!({"event": "http_link", "box": name.as_str(), "page": page}),
            );
        }
        let json = json!({"event": "http_listening", "address": address.to_string()});
        output.say(format!("pictures by HTTP at http://{address}/"), json);
    }
}

/// The sources of each box in `go2rtc.yaml`. Browsers and recorders take H.264 from go2rtc, which
/// makes it by ffmpeg while a client asks for it.
fn go2rtc(boxes: &[Contact], address: SocketAddr, is_open: bool) -> Vec<(String, [String; 2])> {
    let query = if is_open { "" } else { "?token=TOKEN" };
    let sources = |contact: &Contact| {
        let name = contact.name.to_string();
        let stream = Links::bare(address, Some(&name)).stream + query;
        let h264 = format!("ffmpeg:{name}#video=h264");
        (name, [stream, h264])
    };
    boxes.iter().map(sources).collect()
}

fn tell_go2rtc(streams: &[(String, [String; 2])], is_open: bool, output: &Output) {
    let mut lines = "streams:".to_owned();
    // A text of JSON is one of YAML too.
    let quoted = |text: &String| Value::from(text.as_str()).to_string();
    for (name, [stream, h264]) in streams {
        let (name, stream, h264) = (quoted(name), quoted(stream), quoted(h264));
        lines.push_str(&format!("\n  {name}:\n    - {stream}\n    - {h264}"));
    }
    if !is_open {
        lines.push_str("\n# TOKEN is that of a pass: transom pass add go2rtc");
    }
    let streams: serde_json::Map<_, _> = streams
        .iter()
        .map(|(name, sources)| (name.clone(), json!(sources)))
        .collect();
    output.answer(lines, json!({"event": "go2rtc", "streams": streams}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go2rtc_gets_the_stream_of_each_box() {
        let boxes = ["hall 192.168.1.20", "Zoë 192.168.1.21"].map(|line| line.parse().unwrap());
        let address = "127.0.0.1:8080".parse().unwrap();
        let streams = go2rtc(&boxes, address, false);
        let wanted = |name: &str, stream: &str, h264: &str| {
            (name.to_owned(), [stream.to_owned(), h264.to_owned()])
        };
        let hall = "http://127.0.0.1:8080/hall/stream?token=TOKEN";
        let zoe = "http://127.0.0.1:8080/Zo%C3%AB/stream?token=TOKEN";
        assert_eq!(
            streams,
            [
                wanted("hall", hall, "ffmpeg:hall#video=h264"),
                wanted("Zoë", zoe, "ffmpeg:Zoë#video=h264"),
            ]
        );
        let open = go2rtc(&boxes, address, true);
        assert_eq!(open[0].1[0], "http://127.0.0.1:8080/hall/stream");
    }
}
