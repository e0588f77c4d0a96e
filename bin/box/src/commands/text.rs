//! `transom text PEER MESSAGE`: done when it arrived.

use std::time::{Duration, Instant};

use serde_json::json;
use transom::Notice;

use crate::args::Text;
use crate::dial::Line;
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
    let mut line = Line::open(&arguments.peer, place, output)?;
    let text = line.running.handle.text(&line.peer, message);
    let last = Instant::now() + PATIENCE;
    loop {
        match line.running.next(Some(last)) {
            Some(Event::Notice(Notice::TextArrived { text: arrived, .. })) if arrived == text => {
                let human = format!("{} has your text", line.peer);
                output.say(
                    human,
                    json!({"event": "text_arrived", "peer": line.peer.as_str()}),
                );
                return Ok(());
            }
            Some(Event::Notice(Notice::TextFailed {
                text: failed, why, ..
            })) if failed == text => {
                return Err(Failure::new(
                    format!("{} did not get your text", line.peer),
                    why,
                ));
            }
            Some(Event::Notice(notice)) => line.notice(&notice, output)?,
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(Event::Signal(_)) => return Err(Failure::new("not delivered", "interrupted")),
            Some(Event::Typed(_)) => {}
            None => {
                let why = format!("no answer within {} s", PATIENCE.as_secs());
                return Err(Failure::new(
                    format!("{} did not get your text", line.peer),
                    why,
                ));
            }
        }
    }
}

/// Bytes of a text, as the station takes it.
const MAX_TEXT: usize = 4096;

/// Connecting, shaking hands and one lost connection take less.
const PATIENCE: Duration = Duration::from_secs(15);
