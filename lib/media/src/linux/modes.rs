//! Lists the modes of a V4L2 device. `crate::modes` chooses among them.

use crate::modes::{FPS, Mode, PixelFormat, target};
use crate::sys::video::{Interval, Node, Size};
use crate::{CaptureRequest, MAX_SIDE};

/// Limit of sizes of one format that are examined; real cameras have 20.
const MAX_SIZES: usize = 128;

/// The usable modes of a device, each with the rate nearest to the request.
pub(crate) fn modes(node: &Node, request: &CaptureRequest) -> Vec<Mode> {
    let fps = request.fps_or(FPS);
    let mut modes = Vec::new();
    for fourcc in node.formats() {
        if PixelFormat::of(fourcc).is_none() {
            continue;
        }
        for (width, height) in sizes(node, fourcc, request) {
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

fn sizes(node: &Node, fourcc: [u8; 4], request: &CaptureRequest) -> Vec<(u32, u32)> {
    let wanted = target(request);
    let told = node.sizes(fourcc);
    if told.is_empty() {
        // A driver that doesn't list sizes may still take the one that is wanted.
        return vec![wanted];
    }
    let usable = |&(width, height): &(u32, u32)| {
        (1..=u32::from(MAX_SIDE)).contains(&width) && (1..=u32::from(MAX_SIDE)).contains(&height)
    };
    told.into_iter()
        .take(MAX_SIZES)
        .map(|size| match size {
            Size::Discrete(width, height) => (width, height),
            Size::Range([across, down]) => (step(wanted.0, across), step(wanted.1, down)),
        })
        .filter(usable)
        .collect()
}

/// The value of a range that is nearest below the one wanted.
fn step(wanted: u32, (min, max, step): (u32, u32, u32)) -> u32 {
    let wanted = wanted.clamp(min, max.max(min));
    wanted - (wanted - min) % step.max(1)
}

/// Rates in thousandths of a picture a second.
fn rates(node: &Node, fourcc: [u8; 4], width: u32, height: u32) -> Vec<u64> {
    let rate = |(numerator, denominator): (u32, u32)| {
        u64::from(denominator) * 1000 / u64::from(numerator.max(1))
    };
    let intervals = node.intervals(fourcc, width, height).into_iter();
    intervals
        .flat_map(|told| match told {
            Interval::Discrete(interval) => vec![rate(interval)],
            // Any rate between these: offer both ends and whole numbers in between.
            Interval::Range(shortest, longest) => between(rate(longest), rate(shortest)),
        })
        .collect()
}

fn between(slowest: u64, fastest: u64) -> Vec<u64> {
    let whole = (1..=u64::from(CaptureRequest::MAX_FPS)).map(|fps| fps * 1000);
    whole
        .filter(|rate| (slowest..=fastest).contains(rate))
        .chain([fastest])
        .collect()
}

/// The highest rate that is not above the request, else the lowest there is.
fn nearest_rate(rates: &[u64], request: u32) -> u32 {
    // 29.97 counts as 30.
    let whole = |rate: u64| {
        u32::try_from((rate + 500) / 1000)
            .unwrap_or(u32::MAX)
            .max(1)
    };
    let rates = || rates.iter().map(|&rate| whole(rate));
    rates()
        .filter(|&rate| rate <= request)
        .max()
        .or_else(|| rates().min())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_highest_within_the_request() {
        assert_eq!(nearest_rate(&[60_000, 29_970, 15_000], 30), 30);
        assert_eq!(nearest_rate(&[60_000, 50_000], 30), 50);
        assert_eq!(nearest_rate(&[333], 30), 1);
        assert_eq!(nearest_rate(&[], 30), 0);
        assert_eq!(nearest_rate(&between(1_000, 90_500), 30), 30);
        assert_eq!(nearest_rate(&between(7_500, 7_500), 30), 8);
    }

    #[test]
    fn ranges_of_sizes_are_met_at_their_steps() {
        assert_eq!(step(1280, (16, 1920, 16)), 1280);
        assert_eq!(step(1000, (16, 1920, 32)), 976);
        assert_eq!(step(5000, (16, 1920, 0)), 1920);
        assert_eq!(step(1, (16, 8, 2)), 16);
    }
}
