//! Devices of a PulseAudio or PipeWire sound server, by the native protocol over its socket. It
//! does the reading and writing; what is said is decided in [`connection`].

mod commands;
mod connection;
mod error;
mod frames;
pub(crate) mod law;
mod link;
mod messages;
mod requests;
mod server;
mod tags;

use std::time::{Duration, Instant};

use mio::{Registry, Token};

pub(super) use self::connection::Purpose;
pub(super) use self::link::Link;
use self::messages::Entry;
pub(super) use self::server::Server;
use super::{Capture, Device, DeviceError, DeviceKind, DeviceName, Heard, Playback};
use crate::time_of;

/// How often the latency of a loudspeaker is asked for.
const ASK_LATENCY: Duration = Duration::from_secs(1);

/// A microphone of the server: the one of this name and no other, or the default.
pub(super) fn microphone(
    server: &Server,
    name: Option<&str>,
    registry: &Registry,
    token: Token,
) -> Result<Box<dyn Capture>, DeviceError> {
    let purpose = Purpose::Record(name.map(ToOwned::to_owned));
    let link = Link::open(server, purpose, name, registry, token)?;
    Ok(Box::new(PulseMicrophone { link }))
}

/// A loudspeaker of the server: the one of this name and no other, or the default.
pub(super) fn speaker(
    server: &Server,
    name: Option<&str>,
    registry: &Registry,
    token: Token,
) -> Result<Box<dyn Playback>, DeviceError> {
    let purpose = Purpose::Playback(name.map(ToOwned::to_owned));
    let link = Link::open(server, purpose, name, registry, token)?;
    Ok(Box::new(PulseSpeaker {
        link,
        asked: Instant::now(),
    }))
}

/// The devices of the server. It waits for the answer, until the deadline.
pub(super) fn list(server: &Server, deadline: Instant) -> Result<Vec<Device>, DeviceError> {
    let lists = link::ask(server, deadline)?;
    let sources = lists.sources.into_iter();
    let microphones = sources.map(|entry| device(entry, DeviceKind::Microphone));
    let sinks = lists.sinks.into_iter();
    let speakers = sinks.map(|entry| device(entry, DeviceKind::Speaker));
    Ok(microphones.chain(speakers).collect())
}

fn device(entry: Entry, kind: DeviceKind) -> Device {
    let usable = match entry.is_monitor {
        true => Err("hears what a loudspeaker plays, not the room".to_owned()),
        false => Ok(()),
    };
    Device {
        words: match entry.words.as_str() {
            "" => entry.name.clone(),
            words => words.to_owned(),
        },
        name: DeviceName::Server(entry.name),
        kind,
        is_default: entry.is_default,
        offers: String::new(),
        usable,
    }
}

struct PulseMicrophone {
    link: Link,
}

impl Capture for PulseMicrophone {
    fn name(&self) -> &str {
        self.link.name()
    }

    fn read(&mut self, samples: &mut [i16], now: Instant) -> Result<Heard, DeviceError> {
        if self.link.connection.recorded() < samples.len() {
            self.link.pump(now)?;
        }
        let connection = &mut self.link.connection;
        let age = connection.latency() + time_of(connection.recorded());
        Ok(Heard {
            samples: connection.record(samples),
            captured: now.checked_sub(age).unwrap_or(now),
        })
    }

    fn due(&self) -> Option<Instant> {
        self.link.due()
    }
}

struct PulseSpeaker {
    link: Link,
    /// When the latency was asked for.
    asked: Instant,
}

impl Playback for PulseSpeaker {
    fn name(&self) -> &str {
        self.link.name()
    }

    fn room(&mut self, now: Instant) -> Result<usize, DeviceError> {
        if now.saturating_duration_since(self.asked) >= ASK_LATENCY {
            self.asked = now;
            self.link.connection.ask_latency();
        }
        self.link.pump(now)?;
        Ok(self.link.connection.room())
    }

    fn write(&mut self, samples: &[i16], now: Instant) -> Result<(), DeviceError> {
        let played = self.link.connection.play(samples);
        played.map_err(|why| self.link.failed(why))?;
        self.link.send(now)
    }

    fn delay(&self, _: Instant) -> Duration {
        self.link.connection.latency()
    }

    fn due(&self) -> Option<Instant> {
        self.link.due()
    }
}

#[cfg(test)]
mod fake_tests;
#[cfg(test)]
pub(super) use self::server::tests::OF_THIS_TEST;
#[cfg(test)]
mod real_tests;
