//! `transom text PEER MESSAGE`: sends a line of text, and ends when it has arrived.

use std::time::{Duration, Instant};

use serde_json::json;
use transom::Notice;

use crate::args::Text;
use crate::dial::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::station::Event;

pub(crate) fn run(arguments: &Text, place: &Place, output: &Output) -> Result<(), Failure> {
    let message = arguments.message.join(" ");
    let why = match message.len() {
        0 => Some("it is empty".to_owned()),
        1..=MAX_TEXT => None,
        long => Some(format!("it has {long} bytes, and {MAX_TEXT} are the limit")),
    };
    if let Some(why) = why {
        return Err(Failure::usage("can't send that text", why));
    }
    let mut connection = Connection::open(&arguments.peer, place, output)?;
    let text = connection.running.handle.text(&connection.peer, message);
    let last = Instant::now() + TIMEOUT;
    loop {
        match connection.running.next(Some(last)) {
            Some(Event::Notice(Notice::TextArrived { text: arrived, .. })) if arrived == text => {
                let human = format!("{} has your text", connection.peer);
                output.say(
                    human,
                    json!({"event": "text_arrived", "peer": connection.peer.as_str()}),
                );
                return Ok(());
            }
            Some(Event::Notice(Notice::TextFailed {
                text: failed, why, ..
            })) if failed == text => {
                return Err(Failure::new(
                    format!("{} did not get your text", connection.peer),
                    why,
                ));
            }
            Some(Event::Notice(notice)) => connection.notice(&notice, output)?,
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(Event::Signal(_)) => return Err(Failure::new("not delivered", "interrupted")),
            Some(Event::Typed(_) | Event::Control(_)) => {}
            None => {
                let why = format!("no answer within {} s", TIMEOUT.as_secs());
                return Err(Failure::new(
                    format!("{} did not get your text", connection.peer),
                    why,
                ));
            }
        }
    }
}

/// Bytes of a text, as the station takes it.
const MAX_TEXT: usize = 4096;

/// Connecting, the handshake and one lost connection take less.
const TIMEOUT: Duration = Duration::from_secs(15);
