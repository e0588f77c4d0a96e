//! The options of a camera's pictures, which every command with a camera takes. Where they come
//! from is said elsewhere.

use clap::{Args, ValueEnum};
use transom::media::{CaptureRequest, Prefer, Source};
use transom::{Adaptation, TradeOff};

use crate::format::parse_size;

/// How pictures of a camera are to be.
#[derive(Args, Debug)]
pub(crate) struct Pictures {
    /// Picture size, such as 1280x720 [default: what the camera does best]
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub(crate) size: Option<(u16, u16)>,
    /// Pictures a second [default: what the camera does best]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=240))]
    pub(crate) fps: Option<u32>,
    /// JPEG quality where pictures are encoded here
    #[arg(long, value_name = "N", default_value_t = 80, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,
    /// What to prefer where there is too little light: full rate or longer exposure
    #[arg(long, value_enum, default_value_t = PreferArgument::Fps)]
    pub(crate) prefer: PreferArgument,
    /// What to give up first while the link to a viewer is slow
    #[arg(long, value_enum, default_value_t = AdaptArgument::Auto)]
    pub(crate) adapt: AdaptArgument,
    /// Least frames a second for a slow link
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=240))]
    pub(crate) min_fps: u32,
    /// Least JPEG quality for a slow link
    #[arg(long, value_name = "N", default_value_t = 35, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) min_quality: u8,
    /// Least picture size for a slow link [default: half of the full size each way]
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub(crate) min_size: Option<(u16, u16)>,
}

impl Pictures {
    /// How pictures are lowered for slow links.
    pub(crate) fn adaptation(&self) -> Adaptation {
        Adaptation {
            trade_off: self.adapt.into(),
            min_fps: self.min_fps,
            min_quality: self.min_quality,
            min_size: self.min_size,
        }
    }

    /// What is wanted of that source.
    pub(crate) fn of(self, source: Source) -> CaptureRequest {
        CaptureRequest {
            source,
            size: self.size,
            fps: self.fps,
            quality: self.quality,
            prefer: self.prefer.into(),
        }
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
