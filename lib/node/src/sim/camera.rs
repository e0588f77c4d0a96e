//! A modelled camera and encoder: pictures of chosen sizes at chosen times.

use std::time::{Duration, Instant};

use transom_media::{CaptureRequest, Format, Picture};
use transom_net::sim::World;

/// What a simulated station has for a camera. The request's size and pace go before its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Pictures a second.
    pub fps: u32,
    /// Across and down.
    pub size: (u16, u16),
    /// What it gives.
    pub gives: Gives,
}

/// What a simulated camera gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gives {
    /// JPEG pictures of so many bytes, which pass through.
    Jpeg(usize),
    /// Pixels, which are encoded at the station: [`encoded_bytes`] in [`encoding_time`].
    Pixels,
}

impl Camera {
    /// JPEG pictures of so many bytes, of 720 lines.
    pub fn jpeg(fps: u32, bytes: usize) -> Self {
        Self {
            fps,
            size: (1280, 720),
            gives: Gives::Jpeg(bytes),
        }
    }

    /// Pixels to be encoded.
    pub fn pixels(fps: u32, width: u16, height: u16) -> Self {
        Self {
            fps,
            size: (width, height),
            gives: Gives::Pixels,
        }
    }
}

/// When the picture was ready, since the beginning of the simulation.
pub fn ready(jpeg: &[u8]) -> Option<Duration> {
    let nanos = jpeg.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
    nanos.map(Duration::from_nanos)
}

/// Bytes of a picture of that many pixels at that quality, 1 to 100: 0.5 bits a pixel at 30, 0.8 at
/// 50, 1.4 at 80, as pictures of a room with moderate detail have.
pub(super) fn encoded_bytes(width: u16, height: u16, quality: u8) -> usize {
    let pixels = f64::from(width) * f64::from(height);
    let bits_a_pixel = 0.3 * (f64::from(quality) / 52.0).exp();
    // The headers and tables of a JPEG file.
    623 + (pixels * bits_a_pixel / 8.0) as usize
}

/// 31 ms for 720 lines, as measured on a small computer.
pub(super) fn encoding_time(width: u16, height: u16) -> Duration {
    Duration::from_nanos(34) * (u32::from(width) * u32::from(height))
}

/// A JPEG picture of that many bytes that tells when it is ready.
fn picture(
    world: &World,
    bytes: usize,
    (width, height): (u16, u16),
    sequence: u32,
    (captured, acquired): (Instant, Instant),
) -> Picture {
    let ready = world.now();
    let mut jpeg = vec![0; bytes.max(8)];
    let nanos = u64::try_from(world.elapsed().as_nanos()).unwrap_or(u64::MAX);
    if let Some(first) = jpeg.first_chunk_mut() {
        *first = nanos.to_be_bytes();
    }
    Picture {
        jpeg: jpeg.into(),
        width,
        height,
        orientation: 1,
        sequence,
        captured,
        acquired,
        ready,
    }
}

/// An opened camera.
pub(super) struct Opened {
    world: World,
    format: Format,
    gives: Gives,
    interval: Duration,
    due: Instant,
    sequence: u32,
}

impl Opened {
    pub(super) fn new(world: World, camera: &Camera, request: &CaptureRequest) -> Self {
        let fps = request.fps.unwrap_or(camera.fps).max(1);
        let (width, height) = camera.size;
        let what = format!("simulated {width}x{height} {fps} fps");
        Self {
            due: world.now(),
            format: Format {
                encodes: camera.gives == Gives::Pixels,
                what: what.into(),
                width,
                height,
                fps,
                ..Format::default()
            },
            gives: camera.gives,
            interval: Duration::from_secs(1) / fps,
            sequence: 0,
            world,
        }
    }
}

impl Opened {
    pub(super) fn format(&self) -> &Format {
        &self.format
    }

    /// When the next frame is there.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// The next frame that is there by now.
    pub(super) fn next(&mut self) -> Option<Frame> {
        let now = self.world.now();
        if now < self.due {
            return None;
        }
        let frame = Frame {
            sequence: self.sequence,
            size: (self.format.width, self.format.height),
            gives: self.gives,
            captured: self.due,
            acquired: now,
        };
        self.sequence += 1;
        self.due += self.interval;
        self.format.counts.good += 1;
        Some(frame)
    }
}

/// One frame of a simulated camera.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) sequence: u32,
    pub(super) size: (u16, u16),
    pub(super) gives: Gives,
    pub(super) captured: Instant,
    pub(super) acquired: Instant,
}

impl Frame {
    /// Its picture, ready now.
    pub(super) fn picture(&self, world: &World, bytes: usize, size: (u16, u16)) -> Picture {
        picture(
            world,
            bytes,
            size,
            self.sequence,
            (self.captured, self.acquired),
        )
    }
}
