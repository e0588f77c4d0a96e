//! What a user asks of a camera: source, size, frame rate, quality. The source decides how much of
//! it is possible.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::{Rotation, Setting, source};

/// The wanted source and its settings; the source comes as near to them as it can.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaptureRequest {
    /// Where pictures come from.
    pub source: Source,
    /// The largest picture wanted, in pixels across and down; `None` leaves it to the source.
    pub size: Option<(u16, u16)>,
    /// Pictures a second; `None` leaves it to the source.
    pub fps: Option<u32>,
    /// JPEG quality, 1 to 100, where pictures have to be encoded.
    pub quality: u8,
    /// What to give up in the dark.
    pub prefer: Prefer,
    /// How to rotate and mirror the pictures for display.
    pub rotation: Rotation,
    /// Controls of the device, set in this order as it is opened.
    pub controls: Vec<Setting>,
}

impl Default for CaptureRequest {
    fn default() -> Self {
        Self {
            source: Source::Auto,
            size: None,
            fps: None,
            quality: Self::QUALITY,
            prefer: Prefer::Fps,
            rotation: Rotation::default(),
            controls: Vec::new(),
        }
    }
}

impl CaptureRequest {
    /// The default quality: half the bytes of 90, without a visible difference in motion.
    pub const QUALITY: u8 = 80;
    /// The highest frame rate that is accepted; timers and screens can't follow a higher one.
    pub const MAX_FPS: u32 = 240;

    /// Frames a second that the source will be asked for; `None` where the request names no rate
    /// and the source chooses one as it is opened.
    pub fn frame_rate(&self) -> Option<u32> {
        match self.source {
            Source::File(_) => Some(self.fps_or(source::file::FPS)),
            Source::Pattern => Some(self.fps_or(source::pattern::FPS)),
            Source::Pi => Some(self.fps_or(source::pi::FPS)),
            Source::Auto | Source::Command(_) | Source::Device(_) | Source::Stdin => self.fps,
        }
    }

    /// The source as its owner wrote it, without a command line, which may hold secrets.
    pub fn source_name(&self) -> String {
        match &self.source {
            Source::Auto => "auto".to_owned(),
            Source::Command(_) => "cmd".to_owned(),
            Source::Device(path) => path.display().to_string(),
            Source::File(path) => format!("file:{}", path.display()),
            Source::Pattern => "pattern".to_owned(),
            Source::Pi => "pi".to_owned(),
            Source::Stdin => "-".to_owned(),
        }
    }

    /// Frames a second, `default` where the request names none; 1 to [`Self::MAX_FPS`].
    pub(crate) fn fps_or(&self, default: u32) -> u32 {
        self.fps.unwrap_or(default).clamp(1, Self::MAX_FPS)
    }
}

/// What a camera gives up when there is little light.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Prefer {
    /// Keep the frame rate, let the picture get darker.
    #[default]
    Fps,
    /// Keep the picture bright, let the frame rate fall.
    Light,
}

impl FromStr for Prefer {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "fps" => Ok(Self::Fps),
            "light" => Ok(Self::Light),
            _ => Err(UnknownChoice(text.to_owned(), "fps or light")),
        }
    }
}

/// Where pictures come from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Source {
    /// The first camera that works.
    #[default]
    Auto,
    /// A command, run by the shell, that writes JPEG pictures to its standard output.
    Command(String),
    /// A device: `/dev/videoN` or a stable name below `/dev/v4l`; off Linux a number.
    Device(PathBuf),
    /// A file of JPEG pictures one after the other, played in a loop.
    File(PathBuf),
    /// A moving test picture.
    Pattern,
    /// The ribbon cable camera of a Raspberry Pi.
    Pi,
    /// JPEG pictures from standard input.
    Stdin,
}

impl Source {
    /// What kind of source it is, for viewers on other machines: without a path or a command.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Auto | Self::Device(_) | Self::Pi => "a camera",
            Self::Command(_) => "a program",
            Self::File(_) => "a file",
            Self::Pattern => "a test pattern",
            Self::Stdin => "standard input",
        }
    }
}

/// A word that names none of the choices.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is none of {1}")]
pub struct UnknownChoice(String, &'static str);

impl FromStr for Source {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const KNOWN: &str = "auto, /dev/videoN, pi, pattern, file:PATH, cmd:COMMAND, -";
        let unknown = || UnknownChoice(text.to_owned(), KNOWN);
        let filled = |rest: &str| (!rest.is_empty()).then(|| rest.to_owned());
        if let Some(path) = text.strip_prefix("file:") {
            return filled(path)
                .map(|path| Self::File(path.into()))
                .ok_or_else(unknown);
        }
        if let Some(command) = text.strip_prefix("cmd:") {
            return filled(command).map(Self::Command).ok_or_else(unknown);
        }
        match text {
            "auto" => Ok(Self::Auto),
            "pi" => Ok(Self::Pi),
            "pattern" => Ok(Self::Pattern),
            "-" => Ok(Self::Stdin),
            path if path.starts_with('/') && !path.contains('\0') => Ok(Self::Device(path.into())),
            // Off Linux cameras are numbered.
            number
                if !number.is_empty()
                    && number.len() < 4
                    && number.bytes().all(|b| b.is_ascii_digit()) =>
            {
                Ok(Self::Device(number.into()))
            }
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Command(command) => write!(f, "cmd:{command}"),
            Self::Device(path) => write!(f, "{}", path.display()),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Pattern => f.write_str("pattern"),
            Self::Pi => f.write_str("pi"),
            Self::Stdin => f.write_str("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_read_back_as_they_are_written() {
        for text in [
            "auto",
            "pi",
            "pattern",
            "-",
            "/dev/video3",
            "file:a b.mjpeg",
            "cmd:ffmpeg -i x -",
            "0",
        ] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_word_that_is_no_source_is_told_with_the_choices() {
        for text in ["", "file:", "cmd:", "webcam", "/dev/\0", "12345"] {
            let told = text.parse::<Source>().unwrap_err().to_string();
            assert!(told.contains("pattern"), "{told}");
        }
        assert_eq!("light".parse(), Ok(Prefer::Light));
        assert!("dark".parse::<Prefer>().is_err());
    }
}
