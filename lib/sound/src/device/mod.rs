//! Microphones and loudspeakers behind two structs, one file per back end. It knows devices and
//! samples; it knows no peers, and starts no thread.
//!
//! ```text
//! DeviceName -> open -> Microphone / Speaker -> KeptMicrophone / KeptSpeaker (loss, retries)
//!                          |
//!     command  file  silence  tone  pulse (sound server)  alsa (kernel)  cpal (not Linux)
//! ```
//!
//! Devices register with the caller's mio poll, which is edge-triggered. After an event, and when
//! the time of `due` has come, a caller asks until nothing is left: [`Microphone::read`] until 0
//! samples, [`Speaker::room`] and as many samples for [`Speaker::write`].

#[cfg(all(target_os = "linux", feature = "alsa"))]
mod alsa;
#[cfg(all(target_os = "linux", not(feature = "alsa")))]
#[path = "no_alsa.rs"]
mod alsa;
#[cfg(unix)]
mod command;
#[cfg(not(unix))]
#[path = "no_command.rs"]
mod command;
#[cfg(all(target_os = "linux", feature = "cpal"))]
#[expect(dead_code, reason = "type-checked here, used on other systems")]
mod elsewhere;
mod error;
mod file;
mod kept;
mod list;
mod live;
mod name;
mod pace;
#[cfg(unix)]
mod program;
#[cfg(target_os = "linux")]
mod pulse;
mod retry;
mod silence;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod system;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
mod tone;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(not(target_os = "linux"))]
#[path = "no_watch.rs"]
mod watch;
mod watchdog;

use std::time::{Duration, Instant};

use mio::{Registry, Token};

pub use self::error::DeviceError;
pub use self::kept::{DeviceState, KeptMicrophone, KeptSpeaker, Loss};
pub use self::list::{Device, DeviceKind, list};
pub use self::name::{DeviceName, DeviceNameError};
#[cfg(target_os = "linux")]
pub use self::pulse::law::server_reply;
pub use self::watch::DeviceWatcher;
use self::watchdog::Watchdog;

/// What [`Microphone::read`] gave.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// Samples written to the start of the buffer; 0 if there are none now.
    pub samples: usize,
    /// When the first of them reached the microphone, as well as the back end knows.
    pub captured: Instant,
}

/// An open microphone: 48 kHz, one channel, 16 bit. Dropping it closes the device and never blocks.
pub struct Microphone {
    capture: Box<dyn Capture>,
    watchdog: Watchdog,
}

impl Microphone {
    /// Opens a device and registers it with a poll. A sound server is only asked here: that it
    /// refuses is the error of a later [`read`](Self::read).
    ///
    /// # Errors
    /// When the device can't be opened, and for [`DeviceName::None`].
    pub fn open(name: &DeviceName, registry: &Registry, token: Token) -> Result<Self, DeviceError> {
        let capture: Box<dyn Capture> = match name {
            DeviceName::Command(command) => command::microphone(command, registry, token)?,
            DeviceName::File(path) => Box::new(file::FileMicrophone::open(path, false)?),
            DeviceName::Loop(path) => Box::new(file::FileMicrophone::open(path, true)?),
            DeviceName::None => return Err(no_device(name)),
            DeviceName::Silence => Box::new(silence::Silence::new()),
            DeviceName::Tone => Box::new(tone::ToneMicrophone::new()),
            name => system::microphone(name, registry, token)?,
        };
        Ok(Self::over(capture))
    }

    fn over(capture: Box<dyn Capture>) -> Self {
        let watchdog = Watchdog::new("no sound", Instant::now());
        Self { capture, watchdog }
    }

    /// Which device it is now, in words for a person. A sound server may move it to another.
    pub fn name(&self) -> &str {
        self.capture.name()
    }

    /// Fills the start of the buffer with what was heard. Never blocks.
    ///
    /// # Errors
    /// When the device is lost, or open and silent for a second. The microphone is then to be
    /// dropped.
    pub fn read(&mut self, samples: &mut [i16]) -> Result<Heard, DeviceError> {
        let now = Instant::now();
        let heard = self.capture.read(samples, now)?;
        self.watchdog
            .handle(heard.samples > 0, self.capture.name(), now)?;
        Ok(heard)
    }

    /// When to call [`read`](Self::read) at the latest, without any event of the poll.
    pub fn due(&self) -> Option<Instant> {
        let watchdog = Some(self.watchdog.due());
        self.capture.due().into_iter().chain(watchdog).min()
    }
}

/// An open loudspeaker: 48 kHz, one channel, 16 bit. Dropping it closes the device and never
/// blocks.
pub struct Speaker {
    playback: Box<dyn Playback>,
    watchdog: Watchdog,
}

impl Speaker {
    /// Opens a device and registers it with a poll. A sound server is only asked here: that it
    /// refuses is the error of a later [`room`](Self::room).
    ///
    /// # Errors
    /// When the device can't be opened, and for names that are microphones only.
    pub fn open(name: &DeviceName, registry: &Registry, token: Token) -> Result<Self, DeviceError> {
        Self::open_again(name, false, registry, token)
    }

    /// The same; a file that was `begun` before goes on.
    fn open_again(
        name: &DeviceName,
        begun: bool,
        registry: &Registry,
        token: Token,
    ) -> Result<Self, DeviceError> {
        let playback: Box<dyn Playback> = match name {
            DeviceName::Command(command) => command::speaker(command, registry, token)?,
            DeviceName::File(path) => Box::new(file::FileSpeaker::create(path, begun)?),
            DeviceName::Loop(_) | DeviceName::Tone => {
                return Err(DeviceError::Unsupported {
                    device: name.to_string(),
                    why: "a microphone only; use file:PATH to write a WAV file",
                });
            }
            DeviceName::None => return Err(no_device(name)),
            DeviceName::Silence => Box::new(silence::Silence::new()),
            name => system::speaker(name, registry, token)?,
        };
        Ok(Self::over(playback))
    }

    fn over(playback: Box<dyn Playback>) -> Self {
        let watchdog = Watchdog::new("takes no sound", Instant::now());
        Self { playback, watchdog }
    }

    /// Which device it is now, in words for a person. A sound server may move it to another.
    pub fn name(&self) -> &str {
        self.playback.name()
    }

    /// Samples that the device wants now. Never blocks.
    ///
    /// # Errors
    /// When the device is lost. The loudspeaker is then to be dropped.
    pub fn room(&mut self) -> Result<usize, DeviceError> {
        let now = Instant::now();
        let room = self.playback.room(now)?;
        self.watchdog.handle(room > 0, self.playback.name(), now)?;
        Ok(room)
    }

    /// Plays samples, at most as many as [`room`](Self::room) said; what is beyond is dropped.
    ///
    /// # Errors
    /// When the device is lost.
    pub fn write(&mut self, samples: &[i16]) -> Result<(), DeviceError> {
        self.playback.write(samples, Instant::now())
    }

    /// Time until a sample written now is heard, as well as the back end knows.
    pub fn delay(&self) -> Duration {
        self.playback.delay(Instant::now())
    }

    /// When to call [`room`](Self::room) at the latest, without any event of the poll.
    pub fn due(&self) -> Option<Instant> {
        let watchdog = Some(self.watchdog.due());
        self.playback.due().into_iter().chain(watchdog).min()
    }
}

/// A back end of [`Microphone`].
trait Capture: Send {
    fn name(&self) -> &str;
    fn read(&mut self, samples: &mut [i16], now: Instant) -> Result<Heard, DeviceError>;
    fn due(&self) -> Option<Instant>;
}

/// A back end of [`Speaker`].
trait Playback: Send {
    fn name(&self) -> &str;
    fn room(&mut self, now: Instant) -> Result<usize, DeviceError>;
    fn write(&mut self, samples: &[i16], now: Instant) -> Result<(), DeviceError>;
    fn delay(&self, now: Instant) -> Duration;
    fn due(&self) -> Option<Instant>;
}

fn no_device(name: &DeviceName) -> DeviceError {
    DeviceError::Unsupported {
        device: name.to_string(),
        why: "no device is to be used",
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod loss_tests;
#[cfg(test)]
mod tests;
