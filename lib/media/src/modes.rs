//! Chooses the mode of a camera that suits a request best. It knows numbers, no device.

use std::fmt;

use crate::{CaptureRequest, Layout};

/// The size to choose where the request names none: the largest that every USB camera sends
/// smoothly.
const SIZE: (u32, u32) = (1280, 720);
pub(crate) const FPS: u32 = 30;
/// Below this rate motion is not smooth: a smaller picture is better, unless the request names a
/// size.
const SMOOTH_FPS: u32 = 20;

/// How a device sends its pictures.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PixelFormat {
    Jpeg,
    Raw(Layout),
}

impl PixelFormat {
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

    /// Lower is better: JPEG costs nothing, then what the encoder takes without conversion, grey
    /// last.
    fn rank(self) -> u32 {
        match self {
            Self::Jpeg => 0,
            Self::Raw(Layout::Rgb | Layout::Bgr) => 2,
            Self::Raw(Layout::Grey) => 3,
            Self::Raw(_) => 1,
        }
    }
}

/// A combination of format, size and rate that a device offers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Mode {
    pub(crate) fourcc: [u8; 4],
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The rate to ask for; 0 where the device lists none.
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

/// The letters of a FourCC, with a dot for each that can't be printed.
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

/// The mode that suits best: JPEG before raw, then the nearest size, then the best rate. Where the
/// request names no size, a smooth rate (or the requested one) goes before the size.
pub(crate) fn choose(modes: &[Mode], request: &CaptureRequest) -> Option<Mode> {
    let (width, height) = target(request);
    let wanted = request.fps_or(FPS);
    // A high rate that is asked for counts more than the size, unless a size is asked for too.
    let smooth = SMOOTH_FPS.min(wanted).max(wanted * 2 / 3);
    // The highest rate within the request; beyond it the nearest.
    let pace = |fps: u32| (fps > wanted, fps.abs_diff(wanted));
    modes.iter().copied().min_by_key(|mode| {
        let rank = PixelFormat::of(mode.fourcc).map_or(u32::MAX, PixelFormat::rank);
        let jerky = request.size.is_none() && mode.fps != 0 && mode.fps < smooth;
        let distance = mode
            .width
            .abs_diff(width)
            .saturating_add(mode.height.abs_diff(height));
        // A picture that is too small has lost detail; one that is too large can be scaled down.
        let small = mode.width < width && mode.height < height;
        (rank.min(1), jerky, distance, small, rank, pace(mode.fps))
    })
}

/// The size that the chosen mode should come near to.
pub(crate) fn target(request: &CaptureRequest) -> (u32, u32) {
    request
        .size
        .map_or(SIZE, |(width, height)| (width.into(), height.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_is_asked_for_steers_the_size() {
        let modes = [mode("MJPG 1280x720 30"), mode("MJPG 640x480 60")];
        let chosen = |size, fps| {
            let request = CaptureRequest {
                size,
                fps,
                ..CaptureRequest::default()
            };
            choose(&modes, &request).unwrap().fps
        };
        assert_eq!(chosen(None, None), 30);
        assert_eq!(chosen(None, Some(60)), 60);
        assert_eq!(chosen(Some((1280, 720)), Some(60)), 30);
        assert_eq!(chosen(None, Some(120)), 30, "none has it");
    }

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
        let request = CaptureRequest {
            size,
            fps,
            ..CaptureRequest::default()
        };
        choose(&modes, &request).unwrap().to_string()
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
    fn the_rate_is_the_nearest_within_the_request() {
        const RATES: [&str; 3] = ["MJPG 640x480 60", "MJPG 640x480 24", "MJPG 640x480 5"];
        assert_eq!(chosen(&RATES, None, Some(30)), "MJPG 640x480 24 fps");
        assert_eq!(chosen(&RATES, None, Some(60)), "MJPG 640x480 60 fps");
        assert_eq!(chosen(&RATES[..1], None, Some(30)), "MJPG 640x480 60 fps");
    }
}
