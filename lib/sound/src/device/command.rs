//! A command as a microphone, which writes S16 little endian at 48 kHz with one channel, or as a
//! loudspeaker, which reads the same.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ChildStdout;
use std::time::{Duration, Instant};

use mio::unix::pipe::{Receiver, Sender};
use mio::{Interest, Registry, Token};

use super::pace::Pace;
use super::program::{Program, Wanted};
use super::{Capture, DeviceError, Heard, Playback};
use crate::time_of;

/// How errors name a command: its text may hold a password, and this name stands in logs.
const NAME: &str = "cmd";
/// The pipe of a microphone holds 43 ms. The usual 64 KiB would hide 680 ms of delay.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 4096;
/// Samples kept waiting in the pipe of a loudspeaker: 20 ms.
const WAITING: usize = 960;
/// How often the pipe of a loudspeaker is looked at: the kernel tells of a full pipe that it can be
/// written again, not of one that is never full.
const LOOK: Duration = Duration::from_millis(5);
/// Bytes read or written at once.
const CHUNK: usize = 4096;

pub(super) fn microphone(
    command: &str,
    registry: &Registry,
    token: Token,
) -> Result<Box<dyn Capture>, DeviceError> {
    let (output, input) = io::pipe().map_err(failed("start"))?;
    // Before anything is in it: the kernel refuses to make a full pipe smaller.
    #[cfg(target_os = "linux")]
    if let Err(why) = rustix::pipe::fcntl_setpipe_size(&output, PIPE_BYTES) {
        log::warn!("cmd: the pipe keeps its size, which may add 0.7 s of delay why=\"{why}\"");
    }
    let (mut program, child) =
        Program::start(command, Wanted::Output(input)).map_err(failed("start"))?;
    program.keep(child);
    let output = ChildStdout::from(OwnedFd::from(output));
    let mut pipe = Receiver::from(output);
    pipe.set_nonblocking(true)
        .and_then(|()| registry.register(&mut pipe, token, Interest::READABLE))
        .map_err(failed("register"))?;
    let limit = Pace::limit(Instant::now());
    Ok(Box::new(CommandMicrophone {
        pipe,
        program,
        limit,
        odd: None,
        state: State::Running,
    }))
}

pub(super) fn speaker(
    command: &str,
    registry: &Registry,
    token: Token,
) -> Result<Box<dyn Playback>, DeviceError> {
    let (mut program, mut child) =
        Program::start(command, Wanted::Input).map_err(failed("start"))?;
    let input = child.stdin.take();
    program.keep(child);
    let input = input.ok_or_else(|| failed("start")(ErrorKind::BrokenPipe.into()))?;
    let mut pipe = Sender::from(input);
    pipe.set_nonblocking(true)
        .and_then(|()| registry.register(&mut pipe, token, Interest::WRITABLE))
        .map_err(failed("register"))?;
    let now = Instant::now();
    Ok(Box::new(CommandSpeaker {
        pipe,
        program,
        limit: Pace::limit(now),
        looked: now,
        ended: false,
    }))
}

/// What a microphone waits for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// The next bytes of the pipe.
    Running,
    /// The time for more samples: the program is faster than real time, as `cat` is.
    TooFast,
    /// The end of a program that closed its pipe.
    Ended(Instant),
}

struct CommandMicrophone {
    // Dropped first, so that a program that writes meets a closed pipe and ends by itself.
    pipe: Receiver,
    program: Program,
    limit: Pace,
    /// The first byte of a sample whose second byte is still to come.
    odd: Option<u8>,
    state: State,
}

impl CommandMicrophone {
    /// Reads whole samples; `None` where none are to be had now.
    fn fill(&mut self, samples: &mut [i16]) -> io::Result<Option<usize>> {
        let mut chunk = [0; CHUNK];
        let begun = usize::from(self.odd.is_some());
        if let Some(odd) = self.odd {
            chunk[0] = odd;
        }
        let wanted = (samples.len() * 2).min(CHUNK);
        let read = match self.pipe.read(&mut chunk[begun..wanted]) {
            Ok(read) => read,
            Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(why) => return Err(why),
        };
        if read == 0 {
            return Ok(Some(0));
        }
        let bytes = &chunk[..begun + read];
        let pairs = bytes.chunks_exact(2);
        self.odd = pairs.remainder().first().copied();
        let count = pairs.len();
        for (sample, pair) in samples.iter_mut().zip(pairs) {
            *sample = i16::from_le_bytes([pair[0], pair[1]]);
        }
        Ok((count > 0).then_some(count))
    }

    /// Samples that wait in the pipe.
    fn waiting(&self) -> usize {
        let bytes = rustix::io::ioctl_fionread(self.pipe.as_fd()).unwrap_or(0);
        usize::try_from(bytes / 2).unwrap_or(0)
    }
}

impl Capture for CommandMicrophone {
    fn name(&self) -> &str {
        NAME
    }

    fn read(&mut self, samples: &mut [i16], now: Instant) -> Result<Heard, DeviceError> {
        self.program.listen();
        let nothing = Heard {
            samples: 0,
            captured: now,
        };
        if samples.is_empty() {
            return Ok(nothing);
        }
        let wanted = samples.len().min(self.limit.available(now));
        if wanted == 0 {
            self.state = State::TooFast;
            return Ok(nothing);
        }
        match self.fill(&mut samples[..wanted]) {
            Ok(Some(count)) if count > 0 => {
                self.state = State::Running;
                self.limit.take(count);
                let age = time_of(count + self.waiting());
                Ok(Heard {
                    samples: count,
                    captured: now.checked_sub(age).unwrap_or(now),
                })
            }
            Ok(Some(_)) => {
                self.state = State::Ended(now);
                self.program.end(now).map_or(Ok(nothing), ended)
            }
            Ok(None) => {
                self.state = State::Running;
                Ok(nothing)
            }
            Err(why) => Err(failed("read")(why)),
        }
    }

    fn due(&self) -> Option<Instant> {
        match self.state {
            State::Running => None,
            State::TooFast => Some(self.limit.due()),
            State::Ended(at) => Some(at + LOOK),
        }
    }
}

struct CommandSpeaker {
    // Dropped first, so that a program that reads comes to the end of its input.
    pipe: Sender,
    program: Program,
    /// A program that takes all at once, as `cat` does, is fed at the pace of real time.
    limit: Pace,
    looked: Instant,
    ended: bool,
}

impl CommandSpeaker {
    /// Samples that wait in the pipe.
    fn waiting(&self) -> usize {
        let bytes = rustix::io::ioctl_fionread(self.pipe.as_fd()).unwrap_or(0);
        usize::try_from(bytes / 2).unwrap_or(0)
    }
}

impl Playback for CommandSpeaker {
    fn name(&self) -> &str {
        NAME
    }

    fn room(&mut self, now: Instant) -> Result<usize, DeviceError> {
        self.looked = now;
        self.program.listen();
        // The pipe itself doesn't tell that its reader has gone until it is written to.
        if self.ended || self.program.has_ended() {
            return self.program.end(now).map_or(Ok(0), ended);
        }
        let room = WAITING.saturating_sub(self.waiting());
        Ok(room.min(self.limit.available(now)))
    }

    fn write(&mut self, samples: &[i16], _: Instant) -> Result<(), DeviceError> {
        self.limit.take(samples.len());
        for samples in samples.chunks(CHUNK / 2) {
            let mut chunk = [0; CHUNK];
            for (pair, sample) in chunk.chunks_exact_mut(2).zip(samples) {
                pair.copy_from_slice(&sample.to_le_bytes());
            }
            match self.pipe.write(&chunk[..samples.len() * 2]) {
                // A pipe takes so few bytes whole or not at all.
                Ok(_) => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
                // How the program ended is told by the next `room`.
                Err(why) if why.kind() == ErrorKind::BrokenPipe => self.ended = true,
                Err(why) => return Err(failed("write")(why)),
            }
        }
        Ok(())
    }

    fn delay(&self, _: Instant) -> Duration {
        time_of(self.waiting())
    }

    fn due(&self) -> Option<Instant> {
        Some(self.looked + LOOK)
    }
}

fn ended<T>(how: String) -> Result<T, DeviceError> {
    Err(DeviceError::Ended {
        device: NAME.to_owned(),
        how,
    })
}

fn failed(step: &'static str) -> impl Fn(io::Error) -> DeviceError {
    move |why| DeviceError::Io {
        device: NAME.to_owned(),
        step,
        why,
    }
}
