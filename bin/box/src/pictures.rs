//! The options of a camera's pictures, for every command with a camera. The source is an option of
//! each command.

use clap::{Args, ValueEnum};
use transom::media::{CaptureRequest, Prefer, Rotation, Setting, Source};
use transom::{Adaptation, Settings, TradeOff};

use crate::format::parse_size;
use crate::output::Output;

/// Format and adaptation of the pictures.
#[derive(Args, Debug)]
pub(crate) struct Pictures {
    /// Picture size, such as 1280x720 [default: what the camera does best]
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub(crate) size: Option<(u16, u16)>,
    /// Pictures a second [default: what the camera does best]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=240))]
    pub(crate) fps: Option<u32>,
    /// JPEG quality, if the camera gives raw pictures that this machine encodes
    #[arg(long, value_name = "N", default_value_t = 80, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,
    /// What to prefer where there is too little light: full rate or longer exposure
    #[arg(long, value_enum, default_value_t = PreferArgument::Fps)]
    pub(crate) prefer: PreferArgument,
    /// Rotate the pictures clockwise, for a camera mounted sideways or upside down: viewers do it,
    /// so it costs no encoding
    #[arg(long, value_name = "DEGREES", default_value_t = 0, value_parser = parse_rotation)]
    pub(crate) rotate: u8,
    /// Exchange left and right, after --rotate
    #[arg(long)]
    pub(crate) mirror: bool,
    /// Set a control of the camera, such as brightness=120 or power_line_frequency=60Hz; may be
    /// given again; `transom cameras` lists them
    #[arg(long = "control", value_name = "NAME=VALUE")]
    pub(crate) controls: Vec<Setting>,
    /// What to give up first while the link to a viewer is slow
    #[arg(long, value_enum, default_value_t = AdaptArgument::Auto)]
    pub(crate) adapt: AdaptArgument,
    /// Lower limit of frames a second on a slow link [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=240))]
    pub(crate) min_fps: Option<u32>,
    /// Lower limit of JPEG quality on a slow link [default: 35]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) min_quality: Option<u8>,
    /// Lower limit of the picture size on a slow link [default: half of the full width and height]
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub(crate) min_size: Option<(u16, u16)>,
}

impl Pictures {
    /// Sets the camera and how its pictures are adapted to slow links, and warns of options without
    /// effect.
    pub(crate) fn apply(&self, source: Source, settings: &mut Settings, output: &Output) {
        let request = self.of(source);
        for why in self.without_effect(&request) {
            output.warn(why);
        }
        settings.adaptation = self.adaptation();
        settings.camera = Some(request);
    }

    fn adaptation(&self) -> Adaptation {
        let usual = Adaptation::default();
        Adaptation {
            trade_off: self.adapt.into(),
            min_fps: self.min_fps.unwrap_or(usual.min_fps),
            min_quality: self.min_quality.unwrap_or(usual.min_quality),
            min_size: self.min_size,
        }
    }

    /// A sentence for each `--min-…` without effect. Only the other options are compared: what a
    /// camera gives is known only once it is opened.
    fn without_effect(&self, request: &CaptureRequest) -> Vec<String> {
        let fps = self.min_fps.map(|min| {
            let most = request.frame_rate().filter(|fps| *fps < min);
            let above = most.map(|fps| format!("above the {fps} frames a second of the source"));
            (format!("--min-fps {min}"), above)
        });
        let quality = self.min_quality.map(|min| {
            let above = (min > self.quality).then(|| format!("above --quality {}", self.quality));
            (format!("--min-quality {min}"), above)
        });
        let size = self.min_size.map(|(width, height)| {
            let above = |full: &(u16, u16)| width > full.0 || height > full.1;
            let above = self.size.filter(above);
            let above = above.map(|(width, height)| format!("above --size {width}x{height}"));
            (format!("--min-size {width}x{height}"), above)
        });
        let given = [fps, quality, size].into_iter().flatten();
        let is_off = matches!(self.adapt, AdaptArgument::Off);
        given
            .filter_map(|(option, above)| match is_off {
                true => Some(format!("{option} has no effect with --adapt off")),
                false => above.map(|above| format!("{option} is {above}, and does not raise it")),
            })
            .collect()
    }

    fn of(&self, source: Source) -> CaptureRequest {
        CaptureRequest {
            source,
            size: self.size,
            fps: self.fps,
            quality: self.quality,
            prefer: self.prefer.into(),
            rotation: Rotation {
                quarters: self.rotate,
                mirrored: self.mirror,
            },
            controls: self.controls.clone(),
        }
    }
}

/// Parses degrees into quarter turns clockwise.
fn parse_rotation(text: &str) -> Result<u8, String> {
    match text {
        "0" => Ok(0),
        "90" => Ok(1),
        "180" => Ok(2),
        "270" => Ok(3),
        _ => Err("it is 0, 90, 180 or 270 degrees clockwise".to_owned()),
    }
}

/// `TradeOff` of the station, as clap lists it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AdaptArgument {
    /// Frames down to 15 a second, then quality, size, and frames down to --min-fps
    Auto,
    /// Frames: fewer, but sharp ones
    Sharp,
    /// Quality and size: all frames, but coarser ones
    Smooth,
    /// Nothing; frames that the link can't take are skipped
    Off,
}

impl From<AdaptArgument> for TradeOff {
    fn from(argument: AdaptArgument) -> Self {
        match argument {
            AdaptArgument::Auto => Self::Auto,
            AdaptArgument::Sharp => Self::Sharp,
            AdaptArgument::Smooth => Self::Smooth,
            AdaptArgument::Off => Self::Off,
        }
    }
}

/// `Prefer` of the media crate, as clap lists it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PreferArgument {
    /// Full frame rate, darker pictures
    Fps,
    /// Longer exposure, fewer pictures
    Light,
}

impl From<PreferArgument> for Prefer {
    fn from(argument: PreferArgument) -> Self {
        match argument {
            PreferArgument::Fps => Self::Fps,
            PreferArgument::Light => Self::Light,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        pictures: Pictures,
    }

    fn told(source: Source, options: &str) -> Vec<String> {
        let line = ["camera"].into_iter().chain(options.split_whitespace());
        let pictures = Line::parse_from(line).pictures;
        pictures.without_effect(&pictures.of(source))
    }

    #[test]
    fn a_minimum_without_effect_is_told() {
        for (options, said) in [
            (
                "--min-fps 40",
                "--min-fps 40 is above the 30 frames a second of the source, and does not raise it",
            ),
            (
                "--fps 5 --min-fps 6",
                "--min-fps 6 is above the 5 frames a second of the source, and does not raise it",
            ),
            (
                "--min-quality 90",
                "--min-quality 90 is above --quality 80, and does not raise it",
            ),
            (
                "--size 640x480 --min-size 600x500",
                "--min-size 600x500 is above --size 640x480, and does not raise it",
            ),
            (
                "--adapt off --min-fps 20",
                "--min-fps 20 has no effect with --adapt off",
            ),
        ] {
            assert_eq!(told(Source::Pattern, options), [said], "{options}");
        }
    }

    #[test]
    fn a_minimum_that_may_limit_something_is_not_told() {
        let none = Vec::<String>::new();
        for options in [
            "",
            "--fps 5 --quality 20",
            "--adapt off",
            "--min-fps 30 --min-quality 80 --min-size 640x480",
            "--size 640x480 --min-size 640x480",
        ] {
            assert_eq!(told(Source::Pattern, options), none, "{options}");
        }
        assert_eq!(told(Source::Auto, "--min-fps 40"), none, "not known yet");
    }
}
