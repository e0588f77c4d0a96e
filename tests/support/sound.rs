//! A sound server without sound cards: a small part of PulseAudio's native protocol, with the types
//! of another implementation of it, and every kind of trouble on demand.
//!
//! Its microphone counts: each sample is one more than the one before. Its loudspeaker remembers.

use std::collections::VecDeque;
use std::ffi::CString;
use std::io::{self, Cursor, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use pulseaudio::protocol::command::{
    AuthReply, CreatePlaybackStreamReply, CreateRecordStreamReply, PlaybackLatency,
    PlaybackStreamMovedParams, RecordStreamMovedParams, Request, SetClientNameReply, SinkInfo,
    SourceInfo, SubscriptionEvent, SubscriptionEventFacility, SubscriptionEventType,
};
use pulseaudio::protocol::stream::BufferAttr;
use pulseaudio::protocol::{
    self, ChannelMap, ChannelVolume, Command, CommandReply, DESCRIPTOR_SIZE, PulseError,
    SampleFormat, SampleSpec, ServerInfo,
};

use crate::Scratch;

/// The names of the devices; each has its words beside it.
pub const SOURCES: [(&str, &str); 2] = [("mic", "Desk microphone"), ("headset_mic", "Headset")];
/// As [`SOURCES`].
pub const SINKS: [(&str, &str); 2] = [("speakers", "Desk loudspeakers"), ("headset", "Headset")];

/// What the server does from now on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ServerMood {
    /// All as it should.
    #[default]
    Good,
    /// It accepts connections and says nothing.
    Silent,
    /// It answers everything half a second late.
    Late,
    /// It sends bytes that mean nothing.
    Garbage,
    /// It refuses everybody.
    Refuses,
    /// Its streams stop without a word, as those of PipeWire whose device went.
    Stops,
}

/// A running server. Its socket goes with its folder.
#[derive(Debug)]
pub struct FakeSoundServer {
    socket: PathBuf,
    world: Arc<Mutex<World>>,
}

#[derive(Debug, Default)]
struct World {
    mood: ServerMood,
    is_over: bool,
    /// Which devices are plugged in, of [`SOURCES`] and [`SINKS`].
    gone: Vec<String>,
    /// Grows with each change of `gone`.
    changes: u64,
    heard: Vec<i16>,
    streams: Vec<String>,
}

impl FakeSoundServer {
    /// A server whose socket is `native` in a new folder of the scratch.
    ///
    /// # Panics
    /// When the socket can't be made.
    pub fn start(scratch: &Scratch) -> Self {
        Self::at(&scratch.folder("sound-server"))
    }

    /// A server whose socket is `native` in this folder.
    ///
    /// # Panics
    /// When the socket can't be made.
    pub fn at(folder: &Path) -> Self {
        let socket = folder.join("native");
        let listener = UnixListener::bind(&socket).expect("a socket in a folder of our own");
        listener.set_nonblocking(true).expect("a socket of our own");
        let world = Arc::new(Mutex::new(World::default()));
        let shared = Arc::clone(&world);
        std::thread::spawn(move || listen(&listener, &shared));
        Self { socket, world }
    }

    /// Where it listens: `PULSE_SERVER` is `unix:` and this.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Changes what it does.
    pub fn set_mood(&self, mood: ServerMood) {
        self.world().mood = mood;
    }

    /// Pulls a plug: streams that may be moved move to the other device, others are killed.
    pub fn unplug(&self, device: &str) {
        let mut world = self.world();
        world.gone.push(device.to_owned());
        world.changes += 1;
    }

    /// Puts a plug back.
    pub fn plug(&self, device: &str) {
        let mut world = self.world();
        world.gone.retain(|gone| gone != device);
        world.changes += 1;
    }

    /// What all loudspeakers played.
    pub fn heard(&self) -> Vec<i16> {
        self.world().heard.clone()
    }

    /// The devices of the streams that were ever created or moved, in that order.
    pub fn streams(&self) -> Vec<String> {
        self.world().streams.clone()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }
}

impl Drop for FakeSoundServer {
    fn drop(&mut self) {
        self.world().is_over = true;
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The version of the protocol, as the client's.
const VERSION: u16 = 15;
const TICK: Duration = Duration::from_millis(5);
const BYTES_PER_MS: u128 = 96;
const CHANNEL: u32 = 3;

fn listen(listener: &UnixListener, world: &Arc<Mutex<World>>) {
    while !lock(world).is_over {
        match listener.accept() {
            Ok((socket, _)) => {
                let world = Arc::clone(world);
                std::thread::spawn(move || {
                    // The client may close at any time.
                    let _ = Client::new(socket).serve(&world);
                });
            }
            Err(_) => std::thread::sleep(TICK),
        }
    }
}

/// One connection.
struct Client {
    socket: UnixStream,
    received: Vec<u8>,
    stream: Option<Stream>,
    subscribed: bool,
    changes: u64,
}

struct Stream {
    is_playback: bool,
    device: String,
    may_move: bool,
    since: Instant,
    /// Milliseconds of sound that were sent or asked for.
    done: u128,
    counter: i16,
}

impl Client {
    fn new(socket: UnixStream) -> Self {
        Self {
            socket,
            received: Vec::new(),
            stream: None,
            subscribed: false,
            changes: 0,
        }
    }

    fn serve(mut self, world: &Mutex<World>) -> io::Result<()> {
        self.socket.set_read_timeout(Some(TICK))?;
        loop {
            let mood = lock(world).mood;
            if lock(world).is_over {
                return Ok(());
            }
            match mood {
                ServerMood::Garbage => self.socket.write_all(&[0xa5; 64])?,
                ServerMood::Late => std::thread::sleep(Duration::from_millis(500)),
                _ => {}
            }
            let mut chunk = [0; 16 * 1024];
            match self.socket.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => self.received.extend(&chunk[..count]),
                Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(why) => return Err(why),
            }
            if mood != ServerMood::Silent {
                self.answer(world).map_err(io::Error::other)?;
                self.tell_changes(world).map_err(io::Error::other)?;
                self.flow(mood)?;
            }
        }
    }

    fn answer(&mut self, world: &Mutex<World>) -> Result<(), protocol::ProtocolError> {
        while let Some(length) = self.received.first_chunk::<4>() {
            let whole = DESCRIPTOR_SIZE + u32::from_be_bytes(*length) as usize;
            if self.received.len() < whole {
                break;
            }
            let frame: Vec<u8> = self.received.drain(..whole).collect();
            let descriptor = protocol::read_descriptor(&mut Cursor::new(&frame))?;
            if descriptor.channel == u32::MAX {
                let message = protocol::read_command_message(&mut Cursor::new(&frame), VERSION)?;
                self.reply(message.0, message.1, world)?;
            } else {
                let pairs = frame[DESCRIPTOR_SIZE..].chunks_exact(2);
                let samples = pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
                lock(world).heard.extend(samples);
            }
        }
        Ok(())
    }

    fn reply(
        &mut self,
        sequence: u32,
        command: Command,
        world: &Mutex<World>,
    ) -> Result<(), protocol::ProtocolError> {
        if lock(world).mood == ServerMood::Refuses {
            let denied = PulseError::AccessDenied;
            return protocol::write_error(&mut self.socket, sequence, &denied);
        }
        match command {
            Command::Auth(_) => self.send(
                sequence,
                &AuthReply {
                    version: 35,
                    ..AuthReply::default()
                },
            ),
            Command::SetClientName(_) => self.send(sequence, &SetClientNameReply { client_id: 1 }),
            Command::Subscribe(_) => {
                self.subscribed = true;
                self.changes = lock(world).changes;
                protocol::write_ack_message(&mut self.socket, sequence)
            }
            Command::GetServerInfo => self.send(
                sequence,
                &ServerInfo {
                    default_sink_name: present(&SINKS, world).map(|(_, name, _)| name),
                    default_source_name: present(&SOURCES, world).map(|(_, name, _)| name),
                    ..ServerInfo::default()
                },
            ),
            Command::GetSourceInfoList => {
                let all: Vec<_> = all_present(&SOURCES, world).map(source).collect();
                self.send(sequence, &all)
            }
            Command::GetSinkInfoList => {
                let all: Vec<_> = all_present(&SINKS, world).map(sink).collect();
                self.send(sequence, &all)
            }
            Command::GetSourceInfo(asked) => match numbered(&SOURCES, asked.index) {
                Some(found) => self.send(sequence, &source(found)),
                None => self.refuse(sequence),
            },
            Command::GetSinkInfo(asked) => match numbered(&SINKS, asked.index) {
                Some(found) => self.send(sequence, &sink(found)),
                None => self.refuse(sequence),
            },
            Command::CreateRecordStream(asked) => {
                assert_eq!(asked.sample_spec, spec());
                let Some((index, name, _)) = chosen(&SOURCES, asked.source_name, world) else {
                    return self.refuse(sequence);
                };
                self.begin(false, &name, !asked.flags.no_move, world);
                self.send(
                    sequence,
                    &CreateRecordStreamReply {
                        channel: CHANNEL,
                        sample_spec: spec(),
                        channel_map: ChannelMap::mono(),
                        buffer_attr: asked.buffer_attr,
                        stream_latency: 5_000,
                        sink_index: index,
                        sink_name: Some(name),
                        ..CreateRecordStreamReply::default()
                    },
                )
            }
            Command::CreatePlaybackStream(asked) => {
                assert_eq!((asked.sample_spec, asked.cvolume), (spec(), None));
                let Some((index, name, _)) = chosen(&SINKS, asked.sink_name, world) else {
                    return self.refuse(sequence);
                };
                self.begin(true, &name, !asked.flags.no_move, world);
                self.send(
                    sequence,
                    &CreatePlaybackStreamReply {
                        channel: CHANNEL,
                        requested_bytes: asked.buffer_attr.target_length,
                        sample_spec: spec(),
                        channel_map: ChannelMap::mono(),
                        buffer_attr: asked.buffer_attr,
                        stream_latency: 20_000,
                        sink_index: index,
                        sink_name: Some(name),
                        ..CreatePlaybackStreamReply::default()
                    },
                )
            }
            Command::GetPlaybackLatency(_) => self.send(
                sequence,
                &PlaybackLatency {
                    sink_usec: 5_000,
                    source_usec: 0,
                    playing: true,
                    local_time: std::time::UNIX_EPOCH,
                    remote_time: std::time::UNIX_EPOCH,
                    write_offset: 1_920,
                    read_offset: 960,
                    underrun_for: 0,
                    playing_for: 1,
                },
            ),
            _ => self.refuse(sequence),
        }
    }

    fn begin(&mut self, is_playback: bool, name: &CString, may_move: bool, world: &Mutex<World>) {
        let device = name.to_string_lossy().into_owned();
        let mut world = lock(world);
        world.streams.push(device.clone());
        self.changes = world.changes;
        self.stream = Some(Stream {
            is_playback,
            device,
            may_move,
            since: Instant::now(),
            done: 0,
            counter: 0,
        });
    }

    fn send(
        &mut self,
        sequence: u32,
        reply: &impl CommandReply,
    ) -> Result<(), protocol::ProtocolError> {
        protocol::write_reply_message(&mut self.socket, sequence, reply, VERSION)
    }

    fn refuse(&mut self, sequence: u32) -> Result<(), protocol::ProtocolError> {
        protocol::write_error(&mut self.socket, sequence, &PulseError::NoEntity)
    }

    fn command(&mut self, command: &Command) -> Result<(), protocol::ProtocolError> {
        protocol::write_command_message(&mut self.socket, u32::MAX, command, VERSION)
    }

    /// Tells that devices came or went, and moves or kills the stream.
    fn tell_changes(&mut self, world: &Mutex<World>) -> Result<(), protocol::ProtocolError> {
        let changes = lock(world).changes;
        if std::mem::replace(&mut self.changes, changes) == changes {
            return Ok(());
        }
        if self.subscribed {
            self.command(&Command::SubscribeEvent(SubscriptionEvent {
                event_facility: SubscriptionEventFacility::Source,
                event_type: SubscriptionEventType::New,
                index: Some(1),
            }))?;
        }
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        if !lock(world).gone.contains(&stream.device) {
            return Ok(());
        }
        let devices = if stream.is_playback { &SINKS } else { &SOURCES };
        let other = present(devices, world).filter(|_| stream.may_move);
        let is_playback = stream.is_playback;
        let Some((index, name, _)) = other else {
            self.stream = None;
            return self.command(&match is_playback {
                true => Command::PlaybackStreamKilled(CHANNEL),
                false => Command::RecordStreamKilled(CHANNEL),
            });
        };
        stream.device = name.to_string_lossy().into_owned();
        lock(world).streams.push(stream.device.clone());
        let buffer_attr = BufferAttr::default();
        self.command(&match is_playback {
            true => Command::PlaybackStreamMoved(PlaybackStreamMovedParams {
                stream_index: CHANNEL,
                device_index: index,
                device_name: name,
                device_suspended: false,
                buffer_attr,
                configured_sink_latency: 5_000,
            }),
            false => Command::RecordStreamMoved(RecordStreamMovedParams {
                stream_index: CHANNEL,
                device_index: index,
                device_name: name,
                device_suspended: false,
                buffer_attr,
                configured_source_latency: 5_000,
            }),
        })
    }

    /// Sends or asks for as much sound as time has passed.
    fn flow(&mut self, mood: ServerMood) -> io::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        let due = stream.since.elapsed().as_millis() / 5 * 5;
        let ms = due - std::mem::replace(&mut stream.done, due);
        if ms == 0 || mood == ServerMood::Stops {
            return Ok(());
        }
        // At most a second, however long this thread was held up.
        let bytes = u32::try_from(ms.min(1000) * BYTES_PER_MS).unwrap_or(0);
        if stream.is_playback {
            let length = bytes;
            let request = Command::Request(Request {
                channel: CHANNEL,
                length,
            });
            return self.command(&request).map_err(io::Error::other);
        }
        let sound: VecDeque<u8> = (0..bytes / 2)
            .flat_map(|_| {
                stream.counter = stream.counter.wrapping_add(1);
                stream.counter.to_le_bytes()
            })
            .collect();
        let descriptor = protocol::Descriptor {
            length: bytes,
            channel: CHANNEL,
            offset: 0,
            flags: protocol::DescriptorFlags::empty(),
        };
        let mut frame = [0; DESCRIPTOR_SIZE];
        protocol::encode_descriptor(&mut frame, &descriptor);
        self.socket.write_all(&frame)?;
        self.socket.write_all(sound.as_slices().0)
    }
}

/// What a good server says, as seeds for fuzzing: the first byte says what the connection is for,
/// as the law reads it.
///
/// # Panics
/// When a message can't be encoded.
pub fn server_replies() -> Vec<(&'static str, Vec<u8>)> {
    let index = 0;
    let name = || Some(text("mic"));
    let greeting = |purpose: u8| {
        let mut bytes = vec![purpose];
        let auth = AuthReply {
            version: 35,
            ..AuthReply::default()
        };
        push(&mut bytes, 1, &auth);
        push(&mut bytes, 2, &SetClientNameReply { client_id: 1 });
        bytes
    };
    let mut list = greeting(0);
    let info = ServerInfo {
        default_source_name: name(),
        ..ServerInfo::default()
    };
    push(&mut list, 3, &info);
    push(&mut list, 4, &all(&SOURCES).map(source).collect::<Vec<_>>());
    push(&mut list, 5, &all(&SINKS).map(sink).collect::<Vec<_>>());
    let mut playback = greeting(1);
    let created = CreatePlaybackStreamReply {
        channel: CHANNEL,
        requested_bytes: 1_920,
        sample_spec: spec(),
        channel_map: ChannelMap::mono(),
        sink_index: index,
        sink_name: name(),
        ..CreatePlaybackStreamReply::default()
    };
    push(&mut playback, 3, &created);
    let request = Command::Request(Request {
        channel: CHANNEL,
        length: 480,
    });
    protocol::write_command_message(&mut playback, u32::MAX, &request, VERSION).expect(FITS);
    let mut record = greeting(2);
    let created = CreateRecordStreamReply {
        channel: CHANNEL,
        sample_spec: spec(),
        channel_map: ChannelMap::mono(),
        sink_index: index,
        sink_name: name(),
        ..CreateRecordStreamReply::default()
    };
    push(&mut record, 3, &created);
    let described = all(&SOURCES).map(source).next();
    push(&mut record, 4, &described.expect("there are sources"));
    record.extend([0, 0, 0, 6, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    record.extend([1, 0, 2, 0, 3, 0]);
    let mut watch = greeting(3);
    protocol::write_ack_message(&mut watch, 3).expect(FITS);
    let killed = Command::RecordStreamKilled(CHANNEL);
    protocol::write_command_message(&mut watch, u32::MAX, &killed, VERSION).expect(FITS);
    // The contents of two replies, for the same connections.
    let contents = |purpose: u8| vec![purpose | 4, 0, 5, b'L', 0, 0, 0, 15, 0, 5, b'L', 0, 0, 0, 9];
    vec![
        ("contents", contents(2)),
        ("list", list),
        ("playback", playback),
        ("record", record),
        ("watch", watch),
    ]
}

/// Why a message of ours can be written to memory.
const FITS: &str = "memory takes it";

fn push(bytes: &mut Vec<u8>, sequence: u32, reply: &impl CommandReply) {
    protocol::write_reply_message(bytes, sequence, reply, VERSION).expect(FITS);
}

/// The index, name and words of a device.
type Named = (u32, CString, CString);

fn text(text: &str) -> CString {
    CString::new(text).expect("a text of ours")
}

fn all<'a>(devices: &'a [(&str, &str)]) -> impl Iterator<Item = Named> + 'a {
    let numbered = (0..).zip(devices);
    numbered.map(|(index, (name, words))| (index, text(name), text(words)))
}

fn all_present<'a>(
    devices: &'a [(&str, &str)],
    world: &'a Mutex<World>,
) -> impl Iterator<Item = Named> + 'a {
    all(devices).filter(|(_, name, _)| {
        let gone = &lock(world).gone;
        !gone.iter().any(|gone| text(gone) == *name)
    })
}

/// The default device: the first that is plugged in.
fn present(devices: &[(&str, &str)], world: &Mutex<World>) -> Option<Named> {
    all_present(devices, world).next()
}

fn numbered(devices: &[(&str, &str)], index: Option<u32>) -> Option<Named> {
    all(devices).find(|(found, ..)| Some(*found) == index)
}

fn chosen(devices: &[(&str, &str)], name: Option<CString>, world: &Mutex<World>) -> Option<Named> {
    let mut present = all_present(devices, world);
    present.find(|(_, found, _)| name.as_ref().is_none_or(|name| name == found))
}

fn spec() -> SampleSpec {
    SampleSpec {
        format: SampleFormat::S16Le,
        channels: 1,
        sample_rate: 48_000,
    }
}

fn source((index, name, words): Named) -> SourceInfo {
    SourceInfo {
        index,
        name,
        description: Some(words),
        sample_spec: spec(),
        channel_map: ChannelMap::mono(),
        cvolume: ChannelVolume::norm(1),
        ..SourceInfo::default()
    }
}

fn sink((index, name, words): Named) -> SinkInfo {
    SinkInfo {
        index,
        name,
        description: Some(words),
        sample_spec: spec(),
        channel_map: ChannelMap::mono(),
        cvolume: ChannelVolume::norm(1),
        monitor_source_name: Some(text("monitor")),
        ..SinkInfo::default()
    }
}
