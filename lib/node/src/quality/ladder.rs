//! The ladder of qualities: in which order the frame rate, the JPEG quality and the size of our
//! pictures are lowered while a link is slow, and how far. It knows no clock and no viewer.
//!
//! | trade-off | lowered in this order |
//! |---|---|
//! | auto | frame rate to 15, JPEG quality, size, frame rate to 10 |
//! | sharp | frame rate to 10, JPEG quality, size |
//! | smooth | JPEG quality, size, frame rate to 10 |
//!
//! Where pictures pass as the camera makes them, only the frame rate can be lowered, and auto
//! lowers nothing: there the slot of each session skips the frames that its link can't take. Frames
//! that are skipped evenly are older and fewer: `bench link`'s row with 5 Mbit/s had a p99 of 130
//! ms and 67 % shown with even steps down to 10 frames a second, 102 ms and 73 % with the newest
//! frame each time. Sharp and smooth skip evenly, for eyes that mind uneven motion more than its
//! age.

use std::fmt;
use std::str::FromStr;

/// How pictures may be lowered while the link to a viewer is slow. The most they can be is what was
/// asked of the camera ([`CaptureRequest`](transom_media::CaptureRequest)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Adaptation {
    /// What is given up first.
    pub trade_off: TradeOff,
    /// The frame rate is not lowered below this. Default 10: fewer frames no longer look like
    /// motion.
    pub min_fps: u32,
    /// The JPEG quality is not lowered below this, 1 to 100. Default 35: below it blocks hide
    /// faces, and a smaller picture of the same bytes looks better.
    pub min_quality: u8,
    /// Pictures are not made smaller than this. Default `None`: half of the full size each way.
    pub min_size: Option<(u16, u16)>,
}

impl Default for Adaptation {
    fn default() -> Self {
        Self {
            trade_off: TradeOff::Auto,
            min_fps: 10,
            min_quality: 35,
            min_size: None,
        }
    }
}

/// What is given up first while a link is slow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TradeOff {
    /// The frame rate down to 15, then the JPEG quality, then the size.
    #[default]
    Auto,
    /// Nothing is lowered; frames that the link can't take are skipped.
    Off,
    /// The frame rate: fewer frames, but sharp ones.
    Sharp,
    /// The JPEG quality, then the size: every frame, but coarser.
    Smooth,
}

/// A word that names no trade-off.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is none of auto, sharp, smooth, off")]
pub struct UnknownTradeOff(String);

impl FromStr for TradeOff {
    type Err = UnknownTradeOff;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            "sharp" => Ok(Self::Sharp),
            "smooth" => Ok(Self::Smooth),
            _ => Err(UnknownTradeOff(text.to_owned())),
        }
    }
}

impl fmt::Display for TradeOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Off => "off",
            Self::Sharp => "sharp",
            Self::Smooth => "smooth",
        })
    }
}

/// Pictures at their best.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Full {
    /// Frames a second; `None` where the source does not say.
    pub(crate) fps: Option<u32>,
    pub(crate) size: (u16, u16),
    /// JPEG quality; `None` where pictures pass as the camera makes them.
    pub(crate) quality: Option<u8>,
}

/// How pictures are to be encoded. All viewers get the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Coding {
    pub(crate) quality: u8,
    /// The largest size; `None` is the full one.
    pub(crate) size: Option<(u16, u16)>,
}

/// One step of the ladder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Rung {
    /// Most frames a second; `None` is every frame.
    pub(crate) fps: Option<u32>,
    /// JPEG quality; `None` as in [`Full`].
    pub(crate) quality: Option<u8>,
    /// The size; `None` is the full one.
    pub(crate) size: Option<(u16, u16)>,
}

/// All steps, from full quality down; each lowers one thing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Ladder(Vec<Rung>);

impl Ladder {
    pub(crate) fn new(full: &Full, adaptation: &Adaptation) -> Self {
        let rates = lowered(full.fps.unwrap_or(USUAL_FPS), adaptation.min_fps, &RATES);
        let (fine, coarse): (Vec<_>, Vec<_>) = rates.into_iter().partition(|fps| *fps >= SMOOTH);
        let coding = codings(full, adaptation);
        let frames = |rates: Vec<u32>| rates.into_iter().map(Change::Fps);
        let changes: Vec<_> = match adaptation.trade_off {
            TradeOff::Off => Vec::new(),
            TradeOff::Auto if full.quality.is_none() => vec![Change::Told],
            TradeOff::Auto => frames(fine).chain(coding).chain(frames(coarse)).collect(),
            TradeOff::Sharp => frames(fine).chain(frames(coarse)).chain(coding).collect(),
            TradeOff::Smooth => {
                (coding.into_iter().chain(frames(fine)).chain(frames(coarse))).collect()
            }
        };
        let mut rung = Rung {
            fps: None,
            quality: full.quality,
            size: None,
        };
        let mut rungs = vec![rung];
        for change in changes {
            match change {
                Change::Fps(fps) => rung.fps = Some(fps),
                Change::Quality(quality) => rung.quality = Some(quality),
                Change::Size(size) => rung.size = Some(size),
                Change::Told => {}
            }
            rungs.push(rung);
        }
        Self(rungs)
    }

    /// The last step.
    pub(crate) fn bottom(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// That step, or the last one.
    pub(crate) fn rung(&self, step: usize) -> Rung {
        let last = self.bottom();
        self.0[step.min(last)]
    }
}

/// What one step lowers.
enum Change {
    Fps(u32),
    Quality(u8),
    Size((u16, u16)),
    /// Nothing: the viewer and the owner are told that the slot skips frames.
    Told,
}

/// The steps of JPEG quality and size, where pictures are encoded here.
fn codings(full: &Full, adaptation: &Adaptation) -> Vec<Change> {
    let Some(quality) = full.quality else {
        return Vec::new();
    };
    let qualities = lowered(quality, adaptation.min_quality, &QUALITIES);
    let sizes = SCALES.into_iter().map(|(part, of)| {
        // Chroma is subsampled: an even size needs no padding.
        let side =
            |pixels: u16| u16::try_from(u32::from(pixels) * part / of).unwrap_or(pixels) & !1;
        (side(full.size.0), side(full.size.1))
    });
    let (width, height) = adaptation.min_size.unwrap_or((MIN_SIDE, MIN_SIDE));
    let is_allowed =
        |size: &(u16, u16)| size.0 >= width.max(MIN_SIDE) && size.1 >= height.max(MIN_SIDE);
    let qualities = qualities.into_iter().map(Change::Quality);
    qualities
        .chain(sizes.filter(is_allowed).map(Change::Size))
        .collect()
}

/// Those of the usual values that are between `full` and `min`, and `min`.
fn lowered<T: Copy + Ord>(full: T, min: T, usual: &[T]) -> Vec<T> {
    let mut values: Vec<_> = (usual.iter().copied().chain([min]))
        .map(|value| value.max(min))
        .filter(|value| *value < full)
        .collect();
    values.dedup();
    values
}

/// Frames a second. Below 30 each step takes a quarter to a third off the bytes: less would not be
/// noticed on a link whose rate varies. Those below 10 are for a lower minimum than the usual one.
const RATES: [u32; 6] = [30, 20, 15, 10, 5, 2];

/// The rate of a source that tells none. One that is slower has steps that change nothing; they
/// pass within half a second.
const USUAL_FPS: u32 = 30;

/// From this frame rate on motion still looks smooth; auto keeps it until nothing else is left.
const SMOOTH: u32 = 15;

/// JPEG qualities. Measured with our encoder on 1280x720 frames of octave noise (amplitude by scale
/// to the power of 0.75) without and with sensor noise, bytes relative to quality 80: 65 takes 0.68
/// and 0.63, 50 takes 0.54 and 0.47, 35 takes 0.43 and 0.36, 25 still 0.37 and 0.30. Each step
/// saves a fifth to a third; below 35 it is hardly worth what is lost.
const QUALITIES: [u8; 4] = [80, 65, 50, 35];

/// Parts of the full size, each way. Of the same frames at quality 35, three quarters take 0.63 of
/// the bytes and one half takes 0.35. Half of 1280x720 still shows a face in a tile of the window.
const SCALES: [(u32, u32); 2] = [(3, 4), (1, 2)];

/// Smaller pictures are not worth their headers.
const MIN_SIDE: u16 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const HD: Full = Full {
        fps: Some(30),
        size: (1280, 720),
        quality: Some(80),
    };

    fn steps(full: Full, change: impl FnOnce(&mut Adaptation)) -> Vec<String> {
        let mut adaptation = Adaptation::default();
        change(&mut adaptation);
        let ladder = Ladder::new(&full, &adaptation);
        let words = |step| {
            let Rung { fps, quality, size } = ladder.rung(step);
            let (width, height) = size.unwrap_or(full.size);
            let fps = fps.or(full.fps).unwrap_or(0);
            match quality {
                Some(quality) => format!("{fps} q{quality} {width}x{height}"),
                None => format!("{fps} {width}x{height}"),
            }
        };
        (0..=ladder.bottom()).map(words).collect()
    }

    #[test]
    fn auto_keeps_fifteen_frames_until_quality_and_size_are_spent() {
        let wanted = [
            "30 q80 1280x720",
            "20 q80 1280x720",
            "15 q80 1280x720",
            "15 q65 1280x720",
            "15 q50 1280x720",
            "15 q35 1280x720",
            "15 q35 960x540",
            "15 q35 640x360",
            "10 q35 640x360",
        ];
        assert_eq!(steps(HD, |_| ()), wanted);
    }

    #[test]
    fn sharp_gives_up_frames_first_and_smooth_gives_them_up_last() {
        let sharp = steps(HD, |it| it.trade_off = TradeOff::Sharp);
        assert_eq!(sharp[3], "10 q80 1280x720");
        assert_eq!(sharp[4], "10 q65 1280x720");
        let smooth = steps(HD, |it| it.trade_off = TradeOff::Smooth);
        assert_eq!(smooth[1], "30 q65 1280x720");
        assert_eq!(smooth[5], "30 q35 640x360");
        assert_eq!((sharp.last(), smooth.last()), (smooth.last(), sharp.last()));
        assert_eq!(sharp.len(), 9);
    }

    #[test]
    fn off_lowers_nothing() {
        assert_eq!(steps(HD, |it| it.trade_off = TradeOff::Off).len(), 1);
    }

    #[test]
    fn no_step_goes_below_the_least_that_is_wanted_and_the_last_ones_reach_it() {
        let limited = |it: &mut Adaptation| {
            (it.min_fps, it.min_quality) = (12, 55);
            it.min_size = Some((800, 400));
        };
        let wanted = [
            "30 q80 1280x720",
            "20 q80 1280x720",
            "15 q80 1280x720",
            "15 q65 1280x720",
            "15 q55 1280x720",
            "15 q55 960x540",
            "12 q55 960x540",
        ];
        assert_eq!(steps(HD, limited), wanted);
        let fixed = |it: &mut Adaptation| {
            (it.min_fps, it.min_quality) = (30, 80);
            it.min_size = Some((1280, 720));
        };
        assert_eq!(steps(HD, fixed), ["30 q80 1280x720"]);
    }

    #[test]
    fn a_minimum_below_the_usual_steps_is_reached_too() {
        let low = |it: &mut Adaptation| (it.min_fps, it.min_quality) = (1, 20);
        let wanted = [
            "15 q35 1280x720",
            "15 q20 1280x720",
            "15 q20 960x540",
            "15 q20 640x360",
            "10 q20 640x360",
            "5 q20 640x360",
            "2 q20 640x360",
            "1 q20 640x360",
        ];
        assert_eq!(steps(HD, low)[5..], wanted);
    }

    #[test]
    fn a_slow_or_fast_source_and_another_quality_have_the_steps_below_them() {
        let fast = steps(
            Full {
                fps: Some(60),
                ..HD
            },
            |_| (),
        );
        assert_eq!(fast[1], "30 q80 1280x720");
        let fine = steps(
            Full {
                quality: Some(95),
                ..HD
            },
            |_| (),
        );
        assert_eq!(fine[3], "15 q80 1280x720");
        let slow = steps(
            Full {
                fps: Some(12),
                quality: Some(40),
                ..HD
            },
            |_| (),
        );
        let wanted = [
            "12 q40 1280x720",
            "12 q35 1280x720",
            "12 q35 960x540",
            "12 q35 640x360",
            "10 q35 640x360",
        ];
        assert_eq!(slow, wanted);
    }

    #[test]
    fn pictures_that_pass_as_they_are_lose_only_frames() {
        let passing = Full {
            quality: None,
            ..HD
        };
        let wanted = ["30 1280x720", "20 1280x720", "15 1280x720", "10 1280x720"];
        for trade_off in [TradeOff::Sharp, TradeOff::Smooth] {
            assert_eq!(steps(passing, |it| it.trade_off = trade_off), wanted);
        }
        assert_eq!(steps(passing, |_| ()), ["30 1280x720"; 2], "the slot skips");
    }

    #[test]
    fn tiny_pictures_are_not_made_smaller() {
        let tiny = Full {
            size: (100, 80),
            ..HD
        };
        assert!(steps(tiny, |_| ()).last().unwrap().ends_with("100x80"));
    }

    #[test]
    fn a_trade_off_reads_back_as_it_is_written() {
        for trade_off in [
            TradeOff::Auto,
            TradeOff::Off,
            TradeOff::Sharp,
            TradeOff::Smooth,
        ] {
            assert_eq!(trade_off.to_string().parse(), Ok(trade_off));
        }
        let told = "best".parse::<TradeOff>().unwrap_err().to_string();
        assert_eq!(told, "\"best\" is none of auto, sharp, smooth, off");
    }
}
