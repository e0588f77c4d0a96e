//! `transom call PEER`: calls, or waits for a call, and holds one call without a window. The
//! pictures of the other side are dropped.

use std::time::{Duration, Instant};

use serde_json::json;
use transom::media::Source;
use transom::people::{Book, DEFAULT_PORT};
use transom::{Allow, CallKind, EndReason, Notice, PeerName, Settings, everywhere};

use super::camera::check_file;
use crate::args::Call;
use crate::dial::Connection;
use crate::failure::Failure;
use crate::listening::{self, Knock, Knocks};
use crate::measure::MeasureCall;
use crate::output::Output;
use crate::place::Place;
use crate::report;
use crate::signals::Signal;
use crate::sound::is_sound;
use crate::station::{Event, Running};
use crate::words::{end_said, with_text};

pub(crate) fn run(arguments: Call, place: &Place, output: &Output) -> Result<(), Failure> {
    if let Some(Source::File(path)) = &arguments.source {
        check_file(path)?;
    }
    arguments.sound.check()?;
    let mut settings = place.settings(arguments.name, output)?;
    let shows = arguments.source.is_some();
    if let Some(source) = arguments.source {
        arguments.pictures.apply(source, &mut settings, output);
    }
    arguments.sound.apply(&mut settings);
    let time = arguments.seconds.map(Duration::from_secs);
    let ring_time = arguments.ring_seconds.map(Duration::from_secs);
    let talk = Talk {
        output,
        shows,
        measure: arguments.measure,
        time,
        with: None,
        end: None,
    };
    match (arguments.peer, arguments.answer) {
        (Some(peer), false) => {
            settings.ring_timeout = ring_time.unwrap_or(settings.ring_timeout);
            let connection = Connection::with(settings, &peer, place)?;
            ring(connection, talk)
        }
        (peer, _) => {
            if let Some(peer) = peer {
                settings.allow = Allow::Names(vec![contact(&peer, &settings.book, place)?]);
            }
            settings.announce = arguments.announcing.into();
            settings.listen = match arguments.listen.is_empty() {
                true => everywhere(DEFAULT_PORT),
                false => arguments.listen,
            };
            wait(settings, ring_time, talk, place)
        }
    }
}

/// The contact whose call is to be answered.
fn contact(peer: &str, book: &Book, place: &Place) -> Result<PeerName, Failure> {
    let contact = place.contact(peer, book)?;
    // A peer that is not in the book has line 0.
    if contact.line == 0 {
        let why = format!("they are not in {}", place.looked_in());
        return Err(Failure::usage(format!("can't wait for {peer}"), why));
    }
    Ok(contact.name)
}

/// The one call of this command.
struct Talk<'a> {
    output: &'a Output,
    /// Whether the other side is to see our camera.
    shows: bool,
    measure: MeasureCall,
    /// How long after its begin to hang up.
    time: Option<Duration>,
    /// The peer, once the call began.
    with: Option<PeerName>,
    /// When to hang up.
    end: Option<Instant>,
}

impl Talk<'_> {
    /// Follows the call. Returns why it ended, once it has.
    fn notice(&mut self, notice: &Notice) -> Option<(EndReason, String)> {
        match notice {
            // A peer that only watches is in no call with us.
            Notice::CallStarted {
                kind: CallKind::View,
                ..
            }
            | Notice::CallEnded {
                kind: CallKind::View,
                ..
            } => {}
            Notice::CallStarted { peer, .. } => {
                self.with = Some(*peer);
                self.end = self.end.or(self.time.map(|time| Instant::now() + time));
            }
            Notice::CallEnded { reason, text, .. } => {
                self.tell_end(notice);
                return Some((*reason, text.clone()));
            }
            Notice::CallInterrupted { .. }
            | Notice::FarCamera { .. }
            | Notice::FarRecording { .. }
            | Notice::Camera { .. }
            | Notice::CameraLosses { .. }
            | Notice::Quality { .. } => {}
            notice if is_sound(notice) => {}
            _ => return None,
        }
        report::tell(self.output, notice);
        None
    }

    /// Prints the end of the call; if it failed, the error does.
    fn tell_end(&self, notice: &Notice) {
        if self.with.is_some() || self.output.is_json() {
            report::tell(self.output, notice);
        }
    }

    fn is_late(&self) -> bool {
        self.end.is_some_and(|end| end <= Instant::now())
    }

    /// Hangs up before the goodbye, so that the other side learns that we ended the call.
    fn hang_up(&self, running: &Running) {
        if let Some(peer) = &self.with {
            running.handle.hang_up(peer);
            let json = json!({"event": "hung_up", "peer": peer.as_str()});
            self.output.say("hanging up", json);
        }
    }
}

/// Calls, and holds the call until one side hangs up.
fn ring(mut connection: Connection, mut talk: Talk<'_>) -> Result<(), Failure> {
    let what = format!("no call with {}", connection.peer);
    let mut has_rung = false;
    loop {
        match connection.running.next(talk.end) {
            Some(Event::Notice(notice)) => {
                connection.notice(&notice, talk.output)?;
                talk.measure
                    .notice(&notice, &connection.running.handle, talk.output);
                if matches!(notice, Notice::Joined { .. }) && !has_rung {
                    has_rung = true;
                    begin(&connection, &talk);
                }
                if let Some((reason, text)) = talk.notice(&notice) {
                    return match talk.with {
                        Some(_) => over(&connection.peer, reason, &text),
                        None if reason == EndReason::Chosen => {
                            Err(Failure::new(what, with_text("declined", &text)))
                        }
                        None => Err(connection.refused(&what, reason, &text)),
                    };
                }
            }
            Some(Event::Signal(Signal::End)) if talk.with.is_none() => {
                connection.running.handle.hang_up(&connection.peer);
                return Err(Failure::new(what, "interrupted"));
            }
            Some(Event::Signal(Signal::End)) => {
                talk.hang_up(&connection.running);
                return Ok(());
            }
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(Event::Signal(Signal::Reload) | Event::Typed(_) | Event::Control(_)) | None => {}
        }
        if talk.is_late() {
            talk.hang_up(&connection.running);
            return Ok(());
        }
    }
}

fn begin(connection: &Connection, talk: &Talk<'_>) {
    let peer = &connection.peer;
    connection.running.handle.ring(peer, CallKind::Talk);
    connection.running.handle.show_camera(peer, talk.shows);
    let json = json!({"event": "ringing", "peer": peer.as_str(), "kind": "talk", "outgoing": true});
    talk.output.say(format!("calling {peer}…"), json);
}

/// Waits for a call, answers it, and holds it until one side hangs up.
fn wait(
    mut settings: Settings,
    ring_time: Option<Duration>,
    mut talk: Talk<'_>,
    place: &Place,
) -> Result<(), Failure> {
    (settings.takes_calls, settings.max_talks) = (true, 1);
    listening::introduce(&settings, talk.output);
    listening::warn_of_empty_book(&settings.book, false, place, talk.output);
    let running = Running::start_service(settings)?;
    let last = ring_time.map(|time| Instant::now() + time);
    let mut knocks = Knocks::default();
    loop {
        let until = match talk.with {
            Some(_) => talk.end,
            None => last,
        };
        match running.next(until) {
            Some(Event::Notice(Notice::Knock { key, address, name })) => {
                knocks.tell(&Knock { key, address, name }, place, talk.output);
            }
            Some(Event::Notice(notice)) => {
                answer(&notice, &running, &talk);
                talk.measure.notice(&notice, &running.handle, talk.output);
                let end = talk.notice(&notice);
                if let (Some((reason, text)), Some(peer)) = (end, talk.with) {
                    return over(&peer, reason, &text);
                }
            }
            Some(Event::Signal(Signal::Reload)) => {
                listening::reload(&running.handle, place, talk.output)
            }
            Some(Event::Signal(Signal::End)) if talk.with.is_none() => {
                return Err(Failure::new("no call", "interrupted"));
            }
            Some(Event::Signal(Signal::End)) => {
                talk.hang_up(&running);
                return Ok(());
            }
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(Event::Typed(_) | Event::Control(_)) | None => {}
        }
        if talk.is_late() {
            talk.hang_up(&running);
            return Ok(());
        }
        if talk.with.is_none() && last.is_some_and(|last| last <= Instant::now()) {
            return Err(Failure::new("no call", "nobody rang in time"));
        }
    }
}

/// Answers a ring, and prints the other notices.
fn answer(notice: &Notice, running: &Running, talk: &Talk<'_>) {
    match notice {
        Notice::Ringing { peer, .. } => {
            report::tell(talk.output, notice);
            running.handle.answer(peer);
        }
        // Also after a call that the right `auto` accepted without a ring.
        Notice::CallStarted { peer, .. } => running.handle.show_camera(peer, talk.shows),
        Notice::Listening { .. } | Notice::Joined { .. } | Notice::Left { .. } => {
            report::tell(talk.output, notice);
        }
        _ => {}
    }
}

/// The result of a call that had begun.
fn over(peer: &PeerName, reason: EndReason, text: &str) -> Result<(), Failure> {
    match reason {
        // Ending the program on either side ends the call.
        EndReason::Chosen | EndReason::Leaving => Ok(()),
        EndReason::Unanswered => Err(Failure::new(format!("the call with {peer} was lost"), text)),
        _ => Err(Failure::new(
            format!("the call with {peer} was ended"),
            end_said(reason, text),
        )),
    }
}
