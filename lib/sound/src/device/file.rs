//! A WAV file as a microphone, and as a loudspeaker, at the pace of real time.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::live::{self, Live};
use super::pace::Pace;
use super::{Capture, DeviceError, Heard, Playback};
use crate::{WavError, WavReader, WavWriter};

pub(super) struct FileMicrophone {
    name: String,
    path: PathBuf,
    /// `None` at the end of a file that is not repeated.
    sound: Option<WavReader<BufReader<File>>>,
    repeat: bool,
    pace: Pace,
}

impl FileMicrophone {
    pub(super) fn open(path: &Path, repeat: bool) -> Result<Self, DeviceError> {
        let name = path.display().to_string();
        Ok(Self {
            sound: Some(open(&name, path)?),
            name,
            path: path.to_owned(),
            repeat,
            pace: Pace::new(Instant::now()),
        })
    }

    /// Fills the samples with the sound, and with silence after its end.
    fn fill(&mut self, mut samples: &mut [i16]) -> Result<(), DeviceError> {
        let mut is_at_start = false;
        while let Some(sound) = &mut self.sound {
            let count = sound
                .read(samples)
                .map_err(|why| DeviceError::io(&self.name, "read", why))?;
            samples = &mut samples[count..];
            // A file without any sound is not read again and again.
            let is_empty = is_at_start && count == 0;
            if samples.is_empty() {
                return Ok(());
            }
            let again = self.repeat && !is_empty;
            self.sound = again.then(|| open(&self.name, &self.path)).transpose()?;
            is_at_start = true;
        }
        samples.fill(0);
        Ok(())
    }
}

impl Capture for FileMicrophone {
    fn name(&self) -> &str {
        &self.name
    }

    fn read(&mut self, samples: &mut [i16], now: Instant) -> Result<Heard, DeviceError> {
        let count = self.pace.available(now).min(samples.len());
        self.fill(&mut samples[..count])?;
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
    path: PathBuf,
    /// Taken by the drop only.
    output: Option<Output>,
    pace: Pace,
}

enum Output {
    File(WavWriter<File>),
    Live(WavWriter<Live>),
}

impl FileSpeaker {
    /// Creates the file, or replaces what it held; one that was `begun` before goes on behind what
    /// was heard then. A pipe or a device gets the same bytes, with a header that says "to the
    /// end"; so does stdout, behind what its file holds.
    pub(super) fn create(path: &Path, begun: bool) -> Result<Self, DeviceError> {
        let name = path.display().to_string();
        let output = Output::open(path, begun).map_err(|why| failed(&name, path, "create", why))?;
        Ok(Self {
            name,
            path: path.to_owned(),
            output: Some(output),
            pace: Pace::new(Instant::now()),
        })
    }
}

impl Output {
    fn open(path: &Path, begun: bool) -> io::Result<Self> {
        if let Some(stdout) = live::stdout(path)? {
            return Self::live(stdout, begun);
        }
        let mut options = File::options();
        options.write(true).create(true).truncate(!begun);
        // A pipe that is read from would be a reader of itself, and never be closed.
        let is_file = path.metadata().is_ok_and(|data| data.is_file());
        options.read(begun && is_file);
        live::never_wait(&mut options);
        let file = options.open(path)?;
        match (file.metadata()?.is_file(), begun) {
            (true, false) => WavWriter::new(file).map(Self::File),
            (true, true) => WavWriter::resume(file).map(Self::File),
            // The reader of a pipe came to its end when the pipe was closed: this is another.
            (false, _) => Self::live(file, false),
        }
    }

    fn live(file: File, has_header: bool) -> io::Result<Self> {
        let header = match has_header {
            true => Vec::new(),
            false => WavWriter::stream(Vec::new())?.finish()?,
        };
        Ok(Self::Live(WavWriter::resume_stream(Live::new(
            file, header,
        ))))
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::File(writer) => writer.finish().map(drop),
            Self::Live(writer) => writer.finish().map(drop),
        }
    }
}

/// That nobody reads a pipe is no fault of it, and may change.
fn failed(name: &str, path: &Path, step: &'static str, why: io::Error) -> DeviceError {
    match live::is_unread(path, &why) {
        true => DeviceError::Unread {
            device: name.to_owned(),
        },
        false => DeviceError::io(name, step, why),
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
        let written = match &mut self.output {
            Some(Output::File(writer)) => writer.write(samples),
            Some(Output::Live(writer)) => writer.write(samples),
            None => Ok(()),
        };
        written.map_err(|why| failed(&self.name, &self.path, "write", why))
    }

    fn delay(&self, _: Instant) -> Duration {
        Duration::ZERO
    }

    fn due(&self) -> Option<Instant> {
        Some(self.pace.due())
    }
}

impl Drop for FileSpeaker {
    fn drop(&mut self) {
        if let Some(Err(why)) = self.output.take().map(Output::finish) {
            log::warn!("{}: its end was not written why=\"{why}\"", self.name);
        }
    }
}

fn open(name: &str, path: &Path) -> Result<WavReader<BufReader<File>>, DeviceError> {
    let not_sound = |why: String| DeviceError::NotSound {
        device: name.to_owned(),
        why,
    };
    // A pipe with a name would wait for its writer.
    let is_file = path.metadata().map(|data| data.is_file());
    if !is_file.map_err(|why| DeviceError::io(name, "open", why))? {
        return Err(not_sound("not a file; use cmd:cat for a pipe".to_owned()));
    }
    let file = File::open(path).map_err(|why| DeviceError::io(name, "open", why))?;
    WavReader::new(BufReader::new(file)).map_err(|why| match why {
        WavError::Read(why) => DeviceError::io(name, "read", why),
        why => not_sound(why.to_string()),
    })
}
