//! What a device can do, and which of it suits a wish best. The choice knows numbers only, no device.

use std::fmt;

use v4l::FourCC;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture;

use crate::kernel::video::Node;
use crate::{Layout, MAX_SIDE, Wish};

/// What is taken where the wish names no size: the most that every USB camera sends smoothly.
const SIZE: (u32, u32) = (1280, 720);
const FPS: u32 = 30;
/// Below this, motion is not smooth: a smaller picture is better, if the size is ours to choose.
const SMOOTH_FPS: u32 = 20;
/// Sizes of one format that are looked at; real cameras have 20.
const MAX_SIZES: usize = 128;

/// How pictures come from a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Coding {
    Jpeg,
    Raw(Layout),
}

impl Coding {
    pub(crate) fn of(fourcc: [u8; 4]) -> Option<Self> {
        Some(match &fourcc {
            b"MJPG" | b"JPEG" => Self::Jpeg,
            b"YUYV" => Self::Raw(Layout::Yuyv),
            b"UYVY" => Self::Raw(Layout::Uyvy),
            b"YVYU" => Self::Raw(Layout::Yvyu),
            b"NV12" => Self::Raw(Layout::Nv12),
            b"NV21" => Self::Raw(Layout::Nv21),
            b"YU12" => Self::Raw(Layout::I420),
            b"YV12" => Self::Raw(Layout::Yv12),
            b"RGB3" => Self::Raw(Layout::Rgb),
            b"BGR3" => Self::Raw(Layout::Bgr),
            b"GREY" => Self::Raw(Layout::Grey),
            _ => return None,
        })
    }

    /// Lower is better: JPEG costs nothing, then what the encoder takes without conversion, grey last.
    fn rank(self) -> u32 {
        match self {
            Self::Jpeg => 0,
            Self::Raw(Layout::Rgb | Layout::Bgr) => 2,
            Self::Raw(Layout::Grey) => 3,
            Self::Raw(_) => 1,
        }
    }
}

/// One thing a device can do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Mode {
    pub(crate) fourcc: [u8; 4],
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The rate to ask for; 0 where the device doesn't tell.
    pub(crate) fps: u32,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}x{}",
            printable(self.fourcc),
            self.width,
            self.height
        )?;
        if self.fps == 0 {
            Ok(())
        } else {
            write!(f, " {} fps", self.fps)
        }
    }
}

/// The code of a format for people.
pub(crate) fn printable(fourcc: [u8; 4]) -> String {
    fourcc
        .iter()
        .map(|&byte| {
            if byte.is_ascii_graphic() {
                char::from(byte)
            } else {
                '.'
            }
        })
        .collect()
}

/// What a device can do that is of use, each with the rate nearest to the wish.
pub(crate) fn modes(node: &Node, wish: &Wish) -> Vec<Mode> {
    let fps = wish.pace(FPS);
    let mut modes = Vec::new();
    for fourcc in node.formats() {
        if Coding::of(fourcc).is_none() {
            continue;
        }
        for (width, height) in sizes(node, fourcc, wish) {
            let rates = rates(node, fourcc, width, height);
            modes.push(Mode {
                fourcc,
                width,
                height,
                fps: nearest_rate(&rates, fps),
            });
        }
    }
    modes
}

fn sizes(node: &Node, fourcc: [u8; 4], wish: &Wish) -> Vec<(u32, u32)> {
    let wanted = target(wish);
    // A driver that doesn't list sizes may still take the one that is wanted.
    let Ok(told) = node.device().enum_framesizes(FourCC::new(&fourcc)) else {
        return vec![wanted];
    };
    let usable = |&(width, height): &(u32, u32)| {
        (1..=u32::from(MAX_SIDE)).contains(&width) && (1..=u32::from(MAX_SIDE)).contains(&height)
    };
    told.into_iter()
        .take(MAX_SIZES)
        .map(|size| match size.size {
            FrameSizeEnum::Discrete(size) => (size.width, size.height),
            FrameSizeEnum::Stepwise(range) => (
                step(wanted.0, range.min_width, range.max_width, range.step_width),
                step(
                    wanted.1,
                    range.min_height,
                    range.max_height,
                    range.step_height,
                ),
            ),
        })
        .filter(usable)
        .collect()
}

/// The value of a range that is nearest below the one wanted.
fn step(wanted: u32, min: u32, max: u32, step: u32) -> u32 {
    let wanted = wanted.clamp(min, max.max(min));
    wanted - (wanted - min) % step.max(1)
}

/// Rates in thousandths of a picture a second.
fn rates(node: &Node, fourcc: [u8; 4], width: u32, height: u32) -> Vec<u64> {
    let intervals = node
        .device()
        .enum_frameintervals(FourCC::new(&fourcc), width, height);
    let rate = |interval: v4l::Fraction| {
        u64::from(interval.denominator) * 1000 / u64::from(interval.numerator.max(1))
    };
    intervals
        .unwrap_or_default()
        .into_iter()
        .flat_map(|told| match told.interval {
            FrameIntervalEnum::Discrete(interval) => vec![rate(interval)],
            // Any rate between these: offer both ends and whole numbers in between.
            FrameIntervalEnum::Stepwise(range) => between(rate(range.max), rate(range.min)),
        })
        .collect()
}

fn between(slowest: u64, fastest: u64) -> Vec<u64> {
    let whole = (1..=u64::from(Wish::MAX_FPS)).map(|fps| fps * 1000);
    whole
        .filter(|rate| (slowest..=fastest).contains(rate))
        .chain([fastest])
        .collect()
}

/// The highest rate that is not above the wish, else the lowest there is.
fn nearest_rate(rates: &[u64], wish: u32) -> u32 {
    // 29.97 counts as 30.
    let whole = |rate: u64| {
        u32::try_from((rate + 500) / 1000)
            .unwrap_or(u32::MAX)
            .max(1)
    };
    let rates = || rates.iter().map(|&rate| whole(rate));
    rates()
        .filter(|&rate| rate <= wish)
        .max()
        .or_else(|| rates().min())
        .unwrap_or(0)
}

fn target(wish: &Wish) -> (u32, u32) {
    wish.size
        .map_or(SIZE, |(width, height)| (width.into(), height.into()))
}

/// The mode that suits best: JPEG before raw, then the nearest size, then the best rate. Who names no size gets a smooth picture first.
pub(crate) fn choose(modes: &[Mode], wish: &Wish) -> Option<Mode> {
    let (width, height) = target(wish);
    let smooth = SMOOTH_FPS.min(wish.pace(FPS));
    modes.iter().copied().min_by_key(|mode| {
        let rank = Coding::of(mode.fourcc).map_or(u32::MAX, Coding::rank);
        let jerky = wish.size.is_none() && mode.fps != 0 && mode.fps < smooth;
        let distance = mode
            .width
            .abs_diff(width)
            .saturating_add(mode.height.abs_diff(height));
        // Too small loses what can't be had back; too large is made smaller.
        let small = mode.width < width && mode.height < height;
        (
            rank.min(1),
            jerky,
            distance,
            small,
            rank,
            u32::MAX - mode.fps,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str) -> Mode {
        let mut words = text.split([' ', 'x']);
        let mut word = || words.next().unwrap();
        let fourcc = word().as_bytes().try_into().unwrap();
        let mut number = || word().parse().unwrap();
        Mode {
            fourcc,
            width: number(),
            height: number(),
            fps: number(),
        }
    }

    fn chosen(modes: &[&str], size: Option<(u16, u16)>, fps: Option<u32>) -> String {
        let modes: Vec<_> = modes.iter().map(|text| mode(text)).collect();
        let wish = Wish {
            size,
            fps,
            ..Wish::default()
        };
        choose(&modes, &wish).unwrap().to_string()
    }

    const WEBCAM: [&str; 6] = [
        "YUYV 640x480 30",
        "YUYV 1280x720 10",
        "MJPG 640x480 30",
        "MJPG 1280x720 30",
        "MJPG 1920x1080 30",
        "MJPG 320x240 30",
    ];

    #[test]
    fn jpeg_at_the_nearest_size_is_preferred() {
        assert_eq!(chosen(&WEBCAM, None, None), "MJPG 1280x720 30 fps");
        assert_eq!(
            chosen(&WEBCAM, Some((640, 480)), None),
            "MJPG 640x480 30 fps"
        );
        assert_eq!(
            chosen(&WEBCAM, Some((1900, 1000)), Some(60)),
            "MJPG 1920x1080 30 fps"
        );
    }

    #[test]
    fn without_jpeg_a_smooth_picture_goes_before_a_large_one_unless_the_size_is_named() {
        assert_eq!(chosen(&WEBCAM[..2], None, None), "YUYV 640x480 30 fps");
        assert_eq!(
            chosen(&WEBCAM[..2], Some((1280, 720)), None),
            "YUYV 1280x720 10 fps"
        );
        assert_eq!(
            chosen(&["GREY 1280x720 30", "YUYV 1280x720 30"], None, None),
            "YUYV 1280x720 30 fps"
        );
    }

    #[test]
    fn the_rate_is_the_highest_within_the_wish() {
        assert_eq!(nearest_rate(&[60_000, 29_970, 15_000], 30), 30);
        assert_eq!(nearest_rate(&[60_000, 50_000], 30), 50);
        assert_eq!(nearest_rate(&[333], 30), 1);
        assert_eq!(nearest_rate(&[], 30), 0);
        assert_eq!(nearest_rate(&between(1_000, 90_500), 30), 30);
        assert_eq!(nearest_rate(&between(7_500, 7_500), 30), 8);
    }

    #[test]
    fn ranges_of_sizes_are_met_at_their_steps() {
        assert_eq!(step(1280, 16, 1920, 16), 1280);
        assert_eq!(step(1000, 16, 1920, 32), 976);
        assert_eq!(step(5000, 16, 1920, 0), 1920);
        assert_eq!(step(1, 16, 8, 2), 16);
    }
}
