//! A WAV file as a microphone, and as a loudspeaker, at the pace of real time.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use super::pace::Pace;
use super::wav::WavWriter;
use super::{Capture, DeviceError, Heard, Playback};

pub(super) struct FileMicrophone {
    name: String,
    sound: Vec<i16>,
    /// The next sample of `sound`.
    next: usize,
    repeat: bool,
    pace: Pace,
}

impl FileMicrophone {
    pub(super) fn open(path: &Path, repeat: bool) -> Result<Self, DeviceError> {
        let name = path.display().to_string();
        let sound = read(&name, path)?;
        Ok(Self {
            name,
            sound,
            next: 0,
            repeat,
            pace: Pace::new(Instant::now()),
        })
    }

    fn next_sample(&mut self) -> i16 {
        if self.repeat && self.next >= self.sound.len() {
            self.next = 0;
        }
        let sample = self.sound.get(self.next).copied();
        self.next += 1;
        sample.unwrap_or(0)
    }
}

impl Capture for FileMicrophone {
    fn name(&self) -> &str {
        &self.name
    }

    fn read(&mut self, samples: &mut [i16], now: Instant) -> Result<Heard, DeviceError> {
        let count = self.pace.available(now).min(samples.len());
        for sample in &mut samples[..count] {
            *sample = self.next_sample();
        }
        Ok(Heard {
            samples: count,
            captured: self.pace.take(count),
        })
    }

    fn due(&self) -> Option<Instant> {
        Some(self.pace.due())
    }
}

pub(super) struct FileSpeaker {
    name: String,
    writer: WavWriter,
    pace: Pace,
}

impl FileSpeaker {
    /// Creates the file, or replaces what it held.
    pub(super) fn create(path: &Path) -> Result<Self, DeviceError> {
        let name = path.display().to_string();
        let writer =
            WavWriter::create(path).map_err(|why| DeviceError::io(&name, "create", why))?;
        Ok(Self {
            name,
            writer,
            pace: Pace::new(Instant::now()),
        })
    }
}

impl Playback for FileSpeaker {
    fn name(&self) -> &str {
        &self.name
    }

    fn room(&mut self, now: Instant) -> Result<usize, DeviceError> {
        Ok(self.pace.available(now))
    }

    fn write(&mut self, samples: &[i16], _: Instant) -> Result<(), DeviceError> {
        self.pace.take(samples.len());
        self.writer
            .write(samples)
            .map_err(|why| DeviceError::io(&self.name, "write", why))
    }

    fn delay(&self, _: Instant) -> Duration {
        Duration::ZERO
    }

    fn due(&self) -> Option<Instant> {
        Some(self.pace.due())
    }
}

fn read(name: &str, path: &Path) -> Result<Vec<i16>, DeviceError> {
    super::wav::read(path).map_err(|why| match why.kind() {
        ErrorKind::InvalidData => DeviceError::NotSound {
            device: name.to_owned(),
            why: why.to_string(),
        },
        _ => DeviceError::io(name, "read", why),
    })
}
