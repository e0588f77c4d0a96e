//! One connection to a sound server as a state machine without a socket or a clock.
//!
//! ```text
//!   Auth -> name of the client -> Record | Playback -> description of the device -> sound
//!                              -> Lists  (default names, sources, sinks)
//!                              -> Watch  (events of sources and sinks)
//! ```
//!
//! There is one connection per direction: PipeWire's server holds back recorded sound while
//! anything else waits on the same connection.
//!
//! Version 15 of the protocol is spoken, of 2009. Version 13 would do but for one thing: there a
//! stream always sets its volume, which with flat volumes is the volume of the loudspeaker.

use std::collections::VecDeque;
use std::time::Duration;

use super::commands::{VERSION, code, command};
use super::error::ServerError;
use super::frames::{Frames, Part};
use super::messages::{
    BYTES_PER_MS, Entry, Lists, MAX_DEVICES, SECOND_BYTES, entries, entry, playback_stream,
    record_stream,
};
use super::requests::{Asked, Requests};
use super::tags::Reader;

/// The upper bits of a version are flags.
const VERSION_BITS: u32 = 0xffff;
/// A latency that a server may tell; what is above is no latency.
const MAX_LATENCY: Duration = Duration::from_secs(5);

/// What a connection is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// The devices, once.
    List,
    /// Sound to a sink: this one and no other, or the default one.
    Playback(Option<String>),
    /// Sound of a source: this one and no other, or the default one.
    Record(Option<String>),
    /// Whether devices come and go.
    Watch,
}

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    purpose: Purpose,
    frames: Frames,
    requests: Requests,
    /// Of the stream, once it was created.
    channel: Option<u32>,
    /// Recorded sound.
    sound: VecDeque<u8>,
    /// Bytes that the server asked for.
    room: u32,
    latency: Duration,
    device: Entry,
    /// The name of a device whose words were asked for. Until they come it has its former words,
    /// so that a move is told once.
    unnamed: String,
    lists: Lists,
    defaults: [String; 2],
    is_ready: bool,
    changed: bool,
}

impl Connection {
    /// Begins with the greeting. The cookie proves that this user may use the server.
    pub(crate) fn new(purpose: Purpose, cookie: &[u8]) -> Self {
        let mut connection = Self {
            purpose,
            frames: Frames::default(),
            requests: Requests::default(),
            channel: None,
            sound: VecDeque::new(),
            room: 0,
            latency: Duration::ZERO,
            device: Entry::default(),
            unnamed: String::new(),
            lists: Lists::default(),
            defaults: Default::default(),
            is_ready: false,
            changed: false,
        };
        connection
            .requests
            .ask(command::AUTH, Asked::Auth, |message| {
                message.u32(VERSION).bytes(cookie)
            });
        connection
    }

    /// Takes bytes of the server.
    ///
    /// # Errors
    /// When the connection can't go on: then it is to be closed.
    pub(crate) fn handle_bytes(&mut self, mut bytes: &[u8]) -> Result<(), ServerError> {
        while let Some(part) = self.frames.next(&mut bytes)? {
            match part {
                Part::Message(message) => self.handle_message(Reader::new(&message))?,
                Part::Sound(channel, sound) => self.handle_sound(channel, sound),
            }
        }
        Ok(())
    }

    /// Asks how long sound takes until it is heard; the answer changes [`latency`](Self::latency).
    pub(crate) fn ask_latency(&mut self) {
        if let (Purpose::Playback(_), Some(channel)) = (&self.purpose, self.channel)
            && !self.requests.awaits(Asked::Latency)
        {
            self.requests
                .ask(command::GET_PLAYBACK_LATENCY, Asked::Latency, |message| {
                    message.u32(channel).no_time()
                });
        }
    }

    /// Plays samples; what the server did not ask for is dropped.
    ///
    /// # Errors
    /// When the server takes nothing out of its socket.
    pub(crate) fn play(&mut self, samples: &[i16]) -> Result<(), ServerError> {
        let count = samples.len().min(self.room());
        let Some(channel) = self.channel.filter(|_| count > 0) else {
            return Ok(());
        };
        self.room = self.room.saturating_sub(count as u32 * 2);
        self.requests.play(channel, &samples[..count])
    }

    /// Takes recorded samples out, as many as there are and fit.
    pub(crate) fn record(&mut self, samples: &mut [i16]) -> usize {
        let count = samples.len().min(self.recorded());
        let mut bytes = self.sound.drain(..2 * count);
        for sample in &mut samples[..count] {
            let mut byte = || bytes.next().unwrap_or(0);
            *sample = i16::from_le_bytes([byte(), byte()]);
        }
        count
    }

    /// Bytes to send, as far as they stand together.
    pub(crate) fn poll_transmit(&self) -> &[u8] {
        self.requests.bytes()
    }

    /// So many bytes were sent.
    pub(crate) fn transmitted(&mut self, count: usize) {
        self.requests.sent(count);
    }

    /// Whether devices came or went since the last call.
    pub(crate) fn poll_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Samples that were recorded and not yet taken out.
    pub(crate) fn recorded(&self) -> usize {
        self.sound.len() / 2
    }

    /// Samples that the server wants.
    pub(crate) fn room(&self) -> usize {
        self.room as usize / 2
    }

    /// Time from the device to the server, or from the server to the ear.
    pub(crate) fn latency(&self) -> Duration {
        self.latency
    }

    /// The device of the stream, or nothing before the server told.
    pub(crate) fn device(&self) -> &str {
        match self.device.words.as_str() {
            "" => &self.device.name,
            words => words,
        }
    }

    /// The devices, once all are there.
    pub(crate) fn lists(&self) -> Option<&Lists> {
        self.is_ready.then_some(&self.lists)
    }

    /// Whether the server has answered all that was asked to begin with.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Whether everything that a server can make grow is within its limits.
    pub(super) fn is_bounded(&self) -> bool {
        self.sound.len() <= SECOND_BYTES as usize
            && self.room <= SECOND_BYTES
            && self.requests.is_bounded()
            && self.lists.sources.len().max(self.lists.sinks.len()) <= MAX_DEVICES
    }

    fn handle_sound(&mut self, channel: u32, bytes: &[u8]) {
        if !matches!(self.purpose, Purpose::Record(_)) || self.channel != Some(channel) {
            return;
        }
        self.sound.extend(bytes);
        // Whole samples, so that the rest stays aligned.
        let excess = self.sound.len().saturating_sub(SECOND_BYTES as usize);
        self.sound
            .drain(..excess.next_multiple_of(2).min(self.sound.len()));
    }

    fn handle_message(&mut self, mut message: Reader<'_>) -> Result<(), ServerError> {
        let command = message.u32()?;
        let sequence = message.u32()?;
        match command {
            command::REPLY => {
                let asked = self.requests.answered(sequence)?;
                self.handle_reply(asked, message)
            }
            command::ERROR => {
                let asked = self.requests.answered(sequence)?;
                let code = message.u32()?;
                self.handle_error(asked, code)
            }
            command::REQUEST => {
                let (channel, bytes) = (message.u32()?, message.u32()?);
                if self.channel == Some(channel) {
                    self.room = self.room.saturating_add(bytes).min(SECOND_BYTES);
                }
                Ok(())
            }
            command::PLAYBACK_STREAM_KILLED | command::RECORD_STREAM_KILLED => {
                Err(ServerError::Killed)
            }
            command::PLAYBACK_STREAM_MOVED | command::RECORD_STREAM_MOVED => {
                self.handle_moved(message)
            }
            command::SUBSCRIBE_EVENT => self.handle_event(message.u32()?),
            // Overflows, underflows, suspended devices: nothing to do about them.
            _ => Ok(()),
        }
    }

    fn handle_reply(&mut self, asked: Asked, mut reply: Reader<'_>) -> Result<(), ServerError> {
        match asked {
            Asked::Auth => {
                let version = reply.u32()? & VERSION_BITS;
                if version < VERSION {
                    return Err(ServerError::Old(version));
                }
                self.requests
                    .ask(command::SET_CLIENT_NAME, Asked::ClientName, |message| {
                        message.properties(&[("application.name", "transom")])
                    });
                Ok(())
            }
            Asked::ClientName => {
                self.begin();
                Ok(())
            }
            Asked::Create => self.handle_created(reply),
            Asked::Describe => {
                self.device = entry(&mut reply)?;
                Ok(())
            }
            Asked::Latency => self.handle_latency(reply),
            Asked::ServerInfo => {
                reply.skip(5)?;
                let sink = reply.text()?.unwrap_or_default();
                let source = reply.text()?.unwrap_or_default();
                self.defaults = [source, sink];
                self.requests
                    .ask(command::GET_SOURCE_INFO_LIST, Asked::Sources, |message| {
                        message
                    });
                Ok(())
            }
            Asked::Sources => {
                self.lists.sources = entries(reply, &self.defaults[0])?;
                self.requests
                    .ask(command::GET_SINK_INFO_LIST, Asked::Sinks, |message| message);
                Ok(())
            }
            Asked::Sinks => {
                self.lists.sinks = entries(reply, &self.defaults[1])?;
                for sink in &mut self.lists.sinks {
                    sink.is_monitor = false;
                }
                self.is_ready = true;
                Ok(())
            }
            Asked::Subscribe => {
                self.is_ready = true;
                Ok(())
            }
        }
    }

    fn handle_error(&mut self, asked: Asked, code: u32) -> Result<(), ServerError> {
        match (asked, code) {
            (Asked::Describe, _) => {
                self.device = Entry {
                    name: std::mem::take(&mut self.unnamed),
                    ..Entry::default()
                };
                Ok(())
            }
            (Asked::Latency, _) => Ok(()),
            (_, code::ACCESS | code::AUTH_KEY) => Err(ServerError::Access),
            (_, code::NO_ENTITY) => Err(ServerError::NoDevice),
            (_, code::KILLED) => Err(ServerError::Killed),
            (_, code) => Err(ServerError::Refused(code)),
        }
    }

    /// The stream has moved to another device, whose words are asked for.
    fn handle_moved(&mut self, mut message: Reader<'_>) -> Result<(), ServerError> {
        let channel = message.u32()?;
        let index = message.u32()?;
        let name = message.text()?.unwrap_or_default();
        if self.channel == Some(channel) {
            self.moved_to(index, name);
        }
        Ok(())
    }

    fn handle_event(&mut self, event: u32) -> Result<(), ServerError> {
        const FACILITY: u32 = 0x0f;
        const KIND: u32 = 0x30;
        const CHANGED: u32 = 0x10;
        const SINK_OR_SOURCE: u32 = 1;
        // A device that only changed, as its volume does, is no news. The default device is, which
        // is a change of the server.
        let device = event & FACILITY <= SINK_OR_SOURCE && event & KIND != CHANGED;
        let server = event & FACILITY > SINK_OR_SOURCE;
        self.changed |= device || server;
        Ok(())
    }

    fn handle_created(&mut self, mut reply: Reader<'_>) -> Result<(), ServerError> {
        let channel = reply.u32()?;
        reply.skip(1)?;
        if matches!(self.purpose, Purpose::Playback(_)) {
            self.room = reply.u32()?.min(SECOND_BYTES);
            reply.skip(4)?;
        } else {
            reply.skip(2)?;
        }
        if !reply.spec_is_ours()? {
            return Err(ServerError::Frame(
                "another sample format than was asked for",
            ));
        }
        reply.skip(1)?;
        let index = reply.u32()?;
        let name = reply.text()?.unwrap_or_default();
        reply.skip(1)?;
        self.latency = Duration::from_micros(reply.usec()?).min(MAX_LATENCY);
        self.channel = Some(channel);
        self.is_ready = true;
        self.moved_to(index, name);
        Ok(())
    }

    fn handle_latency(&mut self, mut reply: Reader<'_>) -> Result<(), ServerError> {
        let sink = reply.usec()?;
        // The source's, whether it plays, and two times.
        reply.skip(4)?;
        let (written, read) = (reply.s64()?, reply.s64()?);
        let queued = written.saturating_sub(read).max(0).unsigned_abs();
        let queued = queued.min(u64::from(SECOND_BYTES)) * 1000 / u64::from(BYTES_PER_MS);
        let latency = Duration::from_micros(sink.saturating_add(queued));
        self.latency = latency.min(MAX_LATENCY);
        Ok(())
    }

    /// What the connection is for, after the greeting.
    fn begin(&mut self) {
        match self.purpose.clone() {
            Purpose::List => self
                .requests
                .ask(command::GET_SERVER_INFO, Asked::ServerInfo, |m| m),
            Purpose::Watch => self
                .requests
                .ask(command::SUBSCRIBE, Asked::Subscribe, |message| {
                    const SINKS_SOURCES_SERVER: u32 = 0x83;
                    message.u32(SINKS_SOURCES_SERVER)
                }),
            Purpose::Record(source) => {
                let source = source.as_deref();
                self.requests
                    .ask(command::CREATE_RECORD_STREAM, Asked::Create, |message| {
                        record_stream(message, source)
                    });
            }
            Purpose::Playback(sink) => {
                let sink = sink.as_deref();
                self.requests
                    .ask(command::CREATE_PLAYBACK_STREAM, Asked::Create, |message| {
                        playback_stream(message, sink)
                    });
            }
        }
    }

    fn moved_to(&mut self, index: u32, name: String) {
        self.unnamed = name;
        let command = match self.purpose {
            Purpose::Playback(_) => command::GET_SINK_INFO,
            _ => command::GET_SOURCE_INFO,
        };
        self.requests.ask(command, Asked::Describe, |message| {
            message.u32(index).text(None)
        });
    }
}
