//! Cameras of macOS and Windows, through the crate `nokhwa`. It offers the same functions as
//! `linux`. The feature `nokhwa` builds it on Linux too: there a device that is named by a number
//! is opened here.

use std::path::Path;
use std::time::{Duration, Instant};

use nokhwa::pixel_format::RgbFormat as AnyFormat;
use nokhwa::utils::{CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use nokhwa::{Buffer, NokhwaError};

use crate::modes::{Mode, PixelFormat, choose};
use crate::source::{fitted, picture};
use crate::{
    Camera, CameraError, CaptureRequest, ColorEncoding, Encoder, Format, Frame, ImageError, Layout,
    MAX_SIDE, Picture, RawFrame, Wait, repair,
};

/// Opens a camera again each time it was lost.
#[cfg(not(target_os = "linux"))]
#[derive(Debug, Default)]
pub struct Opener;

#[cfg(not(target_os = "linux"))]
impl Opener {
    /// Opens what the request asks for. May take seconds.
    ///
    /// # Errors
    /// Those of [`open`](crate::open).
    pub fn open(&mut self, request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
        crate::open(request)
    }

    /// Does nothing: no device is pinned.
    pub fn closing(&mut self, _: &dyn Camera) {}

    /// Does nothing: the system resets its devices itself.
    pub fn reset(&mut self, _: &CaptureRequest) {}
}

/// A watch on the video devices of this machine: this system has none.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub struct DeviceWatch(std::convert::Infallible);

#[cfg(not(target_os = "linux"))]
impl DeviceWatch {
    /// Fails: there is no such watch.
    ///
    /// # Errors
    /// Always.
    pub fn new() -> std::io::Result<Self> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    /// Readable when something has changed.
    #[cfg(unix)]
    pub fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        match self.0 {}
    }

    /// Whether a video device was among what changed since the last call.
    pub fn changed(&mut self) -> bool {
        match self.0 {}
    }
}

/// How long the user may take to allow the use of the camera.
const PERMISSION: Duration = Duration::from_secs(30);

/// Opens the camera of this number or name. To be called on the thread that will read the camera.
pub(crate) fn open(path: &Path, request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
    let name = path.display().to_string();
    let failed = |step| {
        let device = name.clone();
        move |why: NokhwaError| CameraError::Driver {
            device,
            step,
            why: why.to_string(),
        }
    };
    permission(&name)?;
    let any = RequestedFormat::new::<AnyFormat>(RequestedFormatType::None);
    let mut camera = nokhwa::Camera::new(index(&name), any).map_err(failed("open"))?;
    let offered = camera
        .compatible_camera_formats()
        .map_err(failed("list its formats"))?;
    let modes: Vec<Mode> = offered.iter().filter_map(mode).collect();
    let mode = choose(&modes, request).ok_or_else(|| CameraError::NoFormat {
        device: name.clone(),
        offered: offered
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "),
    })?;
    let format = frame_format(mode);
    let wanted = CameraFormat::new_from(mode.width, mode.height, format, mode.fps);
    let formats = [format];
    let exact = RequestedFormat::with_formats(RequestedFormatType::Exact(wanted), &formats);
    camera
        .set_camera_requset(exact)
        .map_err(failed("set the format"))?;
    camera.open_stream().map_err(failed("start the stream"))?;
    let what = format!("{mode} of {}", camera.info().human_name());
    let format = Format {
        what: what.into(),
        fps: camera.frame_rate(),
        encodes: matches!(PixelFormat::of(mode.fourcc), Some(PixelFormat::Raw(_))),
        ..Format::default()
    };
    Ok(Box::new(NokhwaCamera {
        name,
        camera,
        sequence: 0,
        format,
    }))
}

/// Every camera. On Linux the nodes of V4L2 are listed instead.
#[cfg(any(not(target_os = "linux"), test))]
pub(crate) fn list() -> Vec<crate::Device> {
    let found = nokhwa::query(nokhwa::utils::ApiBackend::Auto).unwrap_or_default();
    let devices = found.into_iter().map(|camera| crate::Device {
        path: camera.index().as_string().into(),
        name: camera.human_name(),
        ..crate::Device::default()
    });
    devices.collect()
}

/// macOS asks the user; other systems answer at once.
fn permission(name: &str) -> Result<(), CameraError> {
    let (answer, answered) = std::sync::mpsc::channel();
    nokhwa::nokhwa_initialize(move |granted| {
        // Fails if the answer comes after the wait has ended.
        let _ = answer.send(granted);
    });
    match answered.recv_timeout(PERMISSION) {
        Ok(true) => Ok(()),
        _ => Err(CameraError::Denied {
            device: name.to_owned(),
        }),
    }
}

fn index(name: &str) -> CameraIndex {
    name.parse()
        .map_or_else(|_| CameraIndex::String(name.to_owned()), CameraIndex::Index)
}

/// The formats that both sides know.
const FORMATS: [(FrameFormat, [u8; 4]); 6] = [
    (FrameFormat::MJPEG, *b"MJPG"),
    (FrameFormat::YUYV, *b"YUYV"),
    (FrameFormat::NV12, *b"NV12"),
    (FrameFormat::GRAY, *b"GREY"),
    (FrameFormat::RAWRGB, *b"RGB3"),
    (FrameFormat::RAWBGR, *b"BGR3"),
];

fn mode(offered: &CameraFormat) -> Option<Mode> {
    let (_, fourcc) = FORMATS
        .iter()
        .find(|(format, _)| *format == offered.format())?;
    let (width, height) = (offered.width(), offered.height());
    let legal = |pixels: u32| (1..=u32::from(MAX_SIDE)).contains(&pixels);
    (legal(width) && legal(height)).then(|| Mode {
        fourcc: *fourcc,
        width,
        height,
        fps: offered.frame_rate(),
    })
}

fn frame_format(mode: Mode) -> FrameFormat {
    FORMATS
        .iter()
        .find(|(_, fourcc)| *fourcc == mode.fourcc)
        .map_or(FrameFormat::MJPEG, |(format, _)| *format)
}

fn fourcc(format: FrameFormat) -> [u8; 4] {
    FORMATS
        .iter()
        .find(|(known, _)| *known == format)
        .map_or(*b"MJPG", |(_, fourcc)| *fourcc)
}

/// The backend reports no colour encoding; these are the ones that its own conversions assume. RGB
/// and grey are full range there.
fn color_encoding(layout: Layout) -> ColorEncoding {
    match layout {
        Layout::Rgb | Layout::Bgr | Layout::Grey => ColorEncoding::default(),
        _ => ColorEncoding::LIMITED,
    }
}

struct NokhwaCamera {
    name: String,
    camera: nokhwa::Camera,
    sequence: u32,
    format: Format,
}

impl NokhwaCamera {
    /// The picture in a buffer, which may have padding behind the picture.
    fn picture(
        &mut self,
        buffer: &Buffer,
        encoder: Option<&mut Encoder>,
    ) -> Result<Option<Picture>, ImageError> {
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        let acquired = Instant::now();
        let format = PixelFormat::of(fourcc(buffer.source_frame_format()));
        let layout = match format.ok_or(ImageError::NotJpeg)? {
            PixelFormat::Raw(layout) => layout,
            PixelFormat::Jpeg => {
                let mended = repair(buffer.buffer())?;
                let picture = picture(&mended, mended.to_arc(), &mut self.format, sequence, None);
                self.format.counts.good += 1;
                return Ok(fitted(picture, encoder, &mut self.format));
            }
        };
        let (width, height) = (buffer.resolution().width(), buffer.resolution().height());
        let side = |pixels: u32| {
            u16::try_from(pixels).map_err(|_| ImageError::TooLarge {
                width: width as usize,
                height: height as usize,
            })
        };
        let (width, height) = (side(width)?, side(height)?);
        (self.format.width, self.format.height) = (width, height);
        let stride = layout.line(width);
        let (bytes, needed) = (buffer.buffer(), layout.bytes(width, height, stride));
        let data = bytes.get(..needed).ok_or(ImageError::Short {
            bytes: bytes.len(),
            needed,
        })?;
        self.format.counts.good += 1;
        let Some(encoder) = encoder.filter(|encoder| encoder.wants(acquired)) else {
            return Ok(None);
        };
        let frame = Frame::Raw(RawFrame {
            data,
            layout,
            color: color_encoding(layout),
            width,
            height,
            stride,
            sequence,
            captured: acquired,
            acquired,
        });
        match encoder.encode(frame) {
            Ok(picture) => Ok(Some(picture)),
            Err(fault) => {
                self.format.take_back(fault);
                Ok(None)
            }
        }
    }
}

impl Camera for NokhwaCamera {
    fn wait(&self) -> Wait<'_> {
        Wait::Blocking
    }

    fn newest(&mut self, encoder: Option<&mut Encoder>) -> Result<Option<Picture>, CameraError> {
        let buffer = self.camera.frame().map_err(|why| CameraError::Driver {
            device: self.name.clone(),
            step: "read a picture",
            why: why.to_string(),
        })?;
        self.picture(&buffer, encoder).or_else(|fault| {
            self.format.refuse(fault);
            Ok(None)
        })
    }

    fn format(&self) -> &Format {
        &self.format
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_one_fourcc() {
        for (format, code) in FORMATS {
            assert_eq!(fourcc(format), code);
            let told = mode(&CameraFormat::new_from(640, 480, format, 30)).unwrap();
            assert_eq!(frame_format(told), format);
            assert!(PixelFormat::of(code).is_some());
        }
        assert_eq!(
            mode(&CameraFormat::new_from(0, 480, FrameFormat::YUYV, 30)),
            None
        );
    }

    #[test]
    fn every_listed_camera_has_a_path() {
        assert!(
            list()
                .iter()
                .all(|device| !device.path.as_os_str().is_empty())
        );
    }

    #[test]
    fn a_camera_that_is_not_there_is_an_error() {
        assert!(open(Path::new("250"), &CaptureRequest::default()).is_err());
    }
}
