//! A moving test picture that needs no camera. It repeats after a lap of [`LAP`] pictures. Each
//! picture is encoded once, in the first lap, and then reused; another quality or size begins a new
//! first lap.

use std::time::Instant;

use super::{Bytes, pace::Pace};
use crate::jpeg::jfif::rgb_to_ycbcr;
use crate::jpeg::rows::{Chroma, Planes, Rows};
use crate::{Camera, CameraError, CaptureRequest, Encoder, Format, MAX_SIDE, Picture, Wait};

const SIZE: (u16, u16) = (640, 480);
pub(crate) const FPS: u32 = 30;
/// Pictures of a lap: enough for smooth motion at 30 fps.
const LAP: usize = 30;
/// Limit of the bytes of all pictures of a lap, because a camera box has little memory; large
/// pictures make shorter laps.
const LAP_BYTES: usize = 2 * 1024 * 1024;

/// Colour bars, a ramp, and a bright block that goes round.
pub(crate) struct PatternCamera {
    /// The requested size.
    full: (u16, u16),
    /// The present size.
    size: (u16, u16),
    quality: u8,
    pace: Pace,
    lap: Vec<Option<Bytes>>,
    /// `None` while the lap is complete.
    encoder: Option<Encoder>,
    format: Format,
}

impl PatternCamera {
    pub(crate) fn new(request: &CaptureRequest) -> Result<Self, CameraError> {
        let (width, height) = request.size.unwrap_or(SIZE);
        let size = (width.clamp(16, MAX_SIDE), height.clamp(16, MAX_SIDE));
        let fps = request.fps_or(FPS);
        let mut camera = Self {
            full: size,
            size,
            quality: request.quality,
            pace: Pace::new(fps, Instant::now()),
            lap: Vec::new(),
            encoder: None,
            format: Format {
                what: format!("test pattern {}x{} {fps} fps", size.0, size.1).into(),
                width: size.0,
                height: size.1,
                fps,
                encodes: true,
                ..Format::default()
            },
        };
        camera.begin_lap()?;
        Ok(camera)
    }

    /// Drops the lap if the encoder has another quality or size.
    fn paint_as(&mut self, encoder: &Encoder) {
        let size = encoder.target(self.full);
        if (encoder.quality(), size) != (self.quality, self.size) {
            (self.quality, self.size) = (encoder.quality(), size);
            self.lap.clear();
        }
    }

    /// Drops the lap and paints the first picture of the next one.
    fn begin_lap(&mut self) -> Result<(), CameraError> {
        let mut encoder = Encoder::new(self.quality, None);
        let first = paint(&mut encoder, self.size, 0, LAP)?;
        self.lap = vec![None; (LAP_BYTES / first.len().max(1)).clamp(2, LAP)];
        self.lap[0] = Some(first);
        self.encoder = Some(encoder);
        Ok(())
    }

    /// The picture, and, in the first lap, when it was encoded.
    fn bytes(&mut self, sequence: u32) -> Result<(Bytes, Option<Instant>), CameraError> {
        if self.lap.is_empty() {
            self.begin_lap()?;
        }
        let lap = self.lap.len();
        let phase = sequence as usize % lap;
        if let Some(bytes) = &self.lap[phase] {
            return Ok((Bytes::clone(bytes), None));
        }
        let Some(encoder) = &mut self.encoder else {
            return Err(failed("a picture of the lap is missing"));
        };
        let bytes = paint(encoder, self.size, phase, lap)?;
        self.lap[phase] = Some(Bytes::clone(&bytes));
        if self.lap.iter().all(Option::is_some) {
            // The lap is complete: its buffers are needed no more.
            self.encoder = None;
        }
        Ok((bytes, Some(Instant::now())))
    }
}

fn paint(
    encoder: &mut Encoder,
    size: (u16, u16),
    phase: usize,
    lap: usize,
) -> Result<Bytes, CameraError> {
    let pattern = Pattern {
        size,
        phase: phase as u32,
        lap: lap as u32,
    };
    encoder
        .encode_rows(&pattern)
        .map_err(|why| failed(&why.to_string()))
}

fn failed(why: &str) -> CameraError {
    CameraError::NoFormat {
        device: "pattern".to_owned(),
        offered: why.to_owned(),
    }
}

impl Camera for PatternCamera {
    fn wait(&self) -> Wait<'_> {
        Wait::At(self.pace.due())
    }

    fn newest(&mut self, encoder: Option<&mut Encoder>) -> Result<Option<Picture>, CameraError> {
        let Some((sequence, captured)) = self.pace.take(Instant::now()) else {
            return Ok(None);
        };
        let acquired = Instant::now();
        self.format.counts.good += 1;
        let Some(encoder) = encoder.filter(|encoder| encoder.wants(captured)) else {
            return Ok(None);
        };
        self.paint_as(encoder);
        let (jpeg, encoded) = self.bytes(sequence)?;
        let (width, height) = self.size;
        let ready = encoded.unwrap_or(acquired);
        Ok(Some(Picture {
            jpeg,
            width,
            height,
            orientation: 1,
            sequence,
            captured,
            acquired,
            ready,
        }))
    }

    fn format(&self) -> &Format {
        &self.format
    }
}

/// One picture of the lap, painted line by line so that no pixels have to be held.
struct Pattern {
    size: (u16, u16),
    phase: u32,
    lap: u32,
}

/// The eight bars of 75 % as red, green, blue.
const BARS: [[u8; 3]; 8] = [
    [191, 191, 191],
    [191, 191, 0],
    [0, 191, 191],
    [0, 191, 0],
    [191, 0, 191],
    [191, 0, 0],
    [0, 0, 191],
    [0, 0, 0],
];

impl Pattern {
    /// Left and top of the block; it goes along an ellipse, which needs no corner cases.
    fn block(&self) -> (u32, u32, u32) {
        let (width, height) = (f64::from(self.size.0), f64::from(self.size.1));
        let side = (width.min(height) / 6.0).max(2.0);
        let angle = f64::from(self.phase) / f64::from(self.lap.max(1)) * std::f64::consts::TAU;
        let along = |room: f64, swing: f64| ((room - side) * (0.5 + 0.45 * swing)) as u32;
        (
            along(width, angle.cos()),
            along(height, angle.sin()),
            side as u32,
        )
    }

    /// Red, green and blue.
    fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let (width, height) = (u32::from(self.size.0), u32::from(self.size.1));
        if y < height * 3 / 4 {
            return BARS[(x * 8 / width) as usize % 8];
        }
        // The ramp goes round with the lap.
        let shade = (x * 256 / width + self.phase * 256 / self.lap.max(1)) % 256;
        [u8::try_from(shade).unwrap_or_default(); 3]
    }
}

impl Rows for Pattern {
    fn size(&self) -> (u16, u16) {
        self.size
    }

    fn chroma(&self) -> Chroma {
        Chroma::Yuv444
    }

    fn line(&self, y: u16, planes: &mut Planes<'_>) {
        let (left, top, side) = self.block();
        let y = u32::from(y);
        let crossed = (top..top + side).contains(&y);
        let Planes { y: luma, cb, cr } = planes;
        for (x, ((luma, cb), cr)) in (0..).zip(luma.iter_mut().zip(&mut **cb).zip(&mut **cr)) {
            let inside = crossed && (left..left + side).contains(&x);
            let rgb = if inside { [255; 3] } else { self.pixel(x, y) };
            [*luma, *cb, *cr] = rgb_to_ycbcr(rgb);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Image, Limit, decode, repair};

    fn request(size: (u16, u16)) -> CaptureRequest {
        CaptureRequest {
            size: Some(size),
            fps: Some(CaptureRequest::MAX_FPS),
            ..CaptureRequest::default()
        }
    }

    #[test]
    fn the_pictures_move_and_come_round_again_without_being_encoded_again() {
        let mut camera = PatternCamera::new(&request((64, 48))).unwrap();
        let lap = camera.lap.len() as u32;
        let laps: Vec<_> = (0..2 * lap)
            .map(|sequence| camera.bytes(sequence).unwrap().0)
            .collect();
        let (first, second) = laps.split_at(lap as usize);
        assert!(
            first.windows(2).all(|pair| pair[0] != pair[1]),
            "a picture stands still"
        );
        assert!(first.iter().zip(second).all(|(a, b)| Bytes::ptr_eq(a, b)));
        assert!(camera.encoder.is_none());
        for jpeg in first {
            assert!(repair(jpeg).unwrap().is_unchanged());
            decode(jpeg, Limit::default(), &mut Image::default()).unwrap();
        }
    }

    #[test]
    fn another_quality_or_size_is_painted_anew_and_full_size_comes_back() {
        let mut camera = PatternCamera::new(&request((640, 480))).unwrap();
        let (full, _) = camera.bytes(0).unwrap();
        let mut encoder = Encoder::new(30, None);
        camera.paint_as(&encoder);
        let (coarse, _) = camera.bytes(0).unwrap();
        assert!(coarse.len() < full.len());
        encoder.set(30, Some((320, 320)));
        let small = camera.newest(Some(&mut encoder)).unwrap();
        let small = small.expect("the first picture is due at once");
        assert_eq!((small.width, small.height), (320, 240));
        let header = crate::probe(&small.jpeg).unwrap();
        assert_eq!((header.width, header.height), (320, 240));
        encoder.set(CaptureRequest::QUALITY, None);
        camera.paint_as(&encoder);
        assert_eq!(camera.bytes(0).unwrap().0, full);
        camera.paint_as(&encoder);
        assert!(camera.lap.iter().any(Option::is_some), "nothing changed");
    }

    #[test]
    fn a_large_lap_stays_within_its_bytes() {
        let mut camera = PatternCamera::new(&CaptureRequest {
            quality: 100,
            ..request((1280, 720))
        })
        .unwrap();
        let lap = camera.lap.len() as u32;
        let bytes: usize = (0..lap)
            .map(|sequence| camera.bytes(sequence).unwrap().0.len())
            .sum();
        assert!(
            bytes <= LAP_BYTES * 5 / 4,
            "{bytes} bytes in {lap} pictures"
        );
    }

    #[test]
    fn each_bar_decodes_to_its_colour() {
        const BARS: [[i32; 3]; 8] = [
            [191, 191, 191],
            [191, 191, 0],
            [0, 191, 191],
            [0, 191, 0],
            [191, 0, 191],
            [191, 0, 0],
            [0, 0, 191],
            [0, 0, 0],
        ];
        let mut camera = PatternCamera::new(&request((640, 480))).unwrap();
        let mut image = Image::default();
        decode(&camera.bytes(0).unwrap().0, Limit::default(), &mut image).unwrap();
        let pixel = |x: usize, y: usize| &image.rgba[(y * 640 + x) * 4..][..3];
        let is = |seen: &[u8], wanted: [i32; 3]| {
            let mut pairs = seen.iter().zip(wanted);
            pairs.all(|(seen, wanted)| (i32::from(*seen) - wanted).abs() <= 2)
        };
        for (bar, wanted) in BARS.into_iter().enumerate() {
            let seen = pixel(bar * 80 + 40, 60);
            assert!(is(seen, wanted), "bar {bar}: {seen:?}");
        }
        // The block, and both ends of the ramp.
        for (x, y, shade) in [(575, 240, 255), (1, 420, 0), (638, 420, 255)] {
            assert!(is(pixel(x, y), [shade; 3]), "{x} {y}: {:?}", pixel(x, y));
        }
    }

    #[test]
    fn tiny_and_huge_requests_are_brought_within_bounds() {
        assert_eq!(PatternCamera::new(&request((0, 1))).unwrap().size, (16, 16));
    }
}
