//! A V4L2 device as a camera: it is opened, set up as near to the request as possible, then read,
//! the newest frame first.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::{Duration, Instant};

use v4l::v4l_sys::V4L2_CID_EXPOSURE_AUTO_PRIORITY;

use super::color::color_encoding;
use super::devices::problem;
use super::holder;
use super::modes::modes;
use super::queue::{DamagePolicy, Drain};
use crate::control;
use crate::modes::{Mode, PixelFormat, choose, printable};
use crate::source::{fitted, picture};
use crate::sys::buffers::MappedBuffers;
use crate::sys::video::{Node, Pixels};
use crate::{
    Camera, CameraError, CaptureRequest, Encoder, Format, Frame, ImageError, Layout, MAX_SIDE,
    Picture, Prefer, RawFrame, Setting, Wait, repair,
};

/// Bytes of all buffers together, so that a camera box stays small.
const BUFFER_BYTES: u32 = 6 * 1024 * 1024;
/// One that the driver fills, one that is filled and waits, one that is being encoded; a fourth, if
/// [`BUFFER_BYTES`] allow it, for when the reading thread is late.
const BUFFERS: std::ops::RangeInclusive<u32> = 3..=4;

/// Opens a device.
pub(crate) fn open(path: &Path, request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
    let node = Node::open(path).map_err(|why| refused(path, "open", why))?;
    start(node, path, request)
}

/// Sets a device up and starts its stream.
pub(crate) fn start(
    node: Node,
    path: &Path,
    request: &CaptureRequest,
) -> Result<Box<dyn Camera>, CameraError> {
    let name = path.display().to_string();
    let identity = node.identity().map_err(|why| no_camera(path, why))?;
    if let Some(why) = problem(&identity) {
        return Err(CameraError::NotACamera {
            device: name,
            why: why.to_string(),
        });
    }
    let (pixels, pixel_format) = set_format(&node, path, request)?;
    let fps = set_rate(&node, request, pixels);
    set_exposure(&node, request.prefer);
    set_controls(&node, &name, &request.controls);
    let mode = Mode {
        fourcc: pixels.fourcc,
        width: pixels.width,
        height: pixels.height,
        fps,
    };
    log::info!("camera={name} mode=\"{mode}\"");
    let format = Format {
        what: format!("{mode} of {}", identity.name).into(),
        width: side(pixels.width),
        height: side(pixels.height),
        fps,
        encodes: matches!(pixel_format, PixelFormat::Raw(_)),
        ..Format::default()
    };
    let count = BUFFER_BYTES / pixels.bytes.max(1);
    let buffers = MappedBuffers::start(node, count.clamp(*BUFFERS.start(), *BUFFERS.end()))
        .map_err(|why| refused(path, "start the stream", why))?;
    Ok(Box::new(DeviceCamera {
        name,
        drain: Drain::new(buffers),
        pixel_format,
        pixels,
        damage_policy: DamagePolicy::default(),
        warm_up: WarmUp::default(),
        format,
    }))
}

/// The error of a node that doesn't answer QUERYCAP: no camera, unless it was unplugged after it
/// was opened.
fn no_camera(path: &Path, why: io::Error) -> CameraError {
    if is_gone(&why) {
        return refused(path, "ask what it is", why);
    }
    let is_device = std::fs::metadata(path).is_ok_and(|about| about.file_type().is_char_device());
    let why = if is_device {
        "it is another kind of device"
    } else {
        "it is not a device; for a file of pictures use `file:PATH`"
    };
    CameraError::NotACamera {
        device: path.display().to_string(),
        why: why.to_owned(),
    }
}

/// Sets the mode that suits best. Drivers change a requested format silently, so their answer
/// counts.
fn set_format(
    node: &Node,
    path: &Path,
    request: &CaptureRequest,
) -> Result<(Pixels, PixelFormat), CameraError> {
    let none = || {
        // A camera that was just unplugged lists nothing either.
        if let Err(why) = node.identity() {
            return no_camera(path, why);
        }
        let formats: Vec<_> = node.formats().into_iter().map(printable).collect();
        let offered = if formats.is_empty() {
            "none".to_owned()
        } else {
            formats.join(" ")
        };
        CameraError::NoFormat {
            device: path.display().to_string(),
            offered,
        }
    };
    let mode = choose(&modes(node, request), request).ok_or_else(none)?;
    let pixels = node
        .set_format(mode.fourcc, mode.width, mode.height)
        .map_err(|why| refused(path, "set the format", why))?;
    let legal = |pixels: u32| (1..=u32::from(MAX_SIDE)).contains(&pixels);
    match PixelFormat::of(pixels.fourcc) {
        Some(pixel_format) if legal(pixels.width) && legal(pixels.height) => {
            Ok((pixels, pixel_format))
        }
        _ => Err(none()),
    }
}

/// Asks for the frame rate and returns the one that was granted, 0 where the device reports none.
fn set_rate(node: &Node, request: &CaptureRequest, pixels: Pixels) -> u32 {
    let granted = modes(node, request).into_iter().find(|mode| {
        (mode.fourcc, mode.width, mode.height) == (pixels.fourcc, pixels.width, pixels.height)
    });
    let wanted = granted.map_or(0, |mode| mode.fps);
    match node.set_rate(wanted) {
        Ok((time @ 1.., count)) => count.saturating_add(time / 2) / time,
        _ => 0,
    }
}

/// In the dark many cameras halve their rate unless this control forbids it. Cameras without the
/// control keep their rate.
fn set_exposure(node: &Node, prefer: Prefer) {
    let value = i32::from(prefer == Prefer::Light);
    if let Err(why) = node.set_control(V4L2_CID_EXPOSURE_AUTO_PRIORITY, value) {
        log::debug!("exposure_dynamic_framerate=\"{why}\"");
    }
}

/// Sets the controls that the user asked for. A control that can't be set is logged; the camera
/// still works.
fn set_controls(node: &Node, name: &str, settings: &[Setting]) {
    if settings.is_empty() {
        return;
    }
    let controls = node.controls();
    for setting in settings {
        let wanted = control::find(&controls, setting)
            .and_then(|control| Ok((control.id, control.value_of(&setting.value)?)));
        let set = match wanted {
            Ok((id, value)) => node.set_control(id, value).map_err(|why| why.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = set {
            log::warn!("{name}: {setting} was not set: {why}");
        }
    }
}

fn side(pixels: u32) -> u16 {
    u16::try_from(pixels).unwrap_or(u16::MAX)
}

fn is_gone(why: &io::Error) -> bool {
    matches!(why.raw_os_error(), Some(libc::ENODEV | libc::ENXIO))
}

/// The meaning of a driver's errno.
pub(crate) fn refused(path: &Path, step: &'static str, why: io::Error) -> CameraError {
    let device = path.display().to_string();
    match why.raw_os_error() {
        _ if is_gone(&why) => CameraError::Lost { device },
        Some(libc::ENOENT) => CameraError::NotFound {
            device,
            hint: "; waiting until it is plugged in, `transom cameras` lists those that are there",
        },
        Some(libc::EACCES | libc::EPERM) => CameraError::Denied { device },
        Some(libc::EBUSY) => CameraError::Busy {
            device,
            by: holder::name(path),
        },
        // Not the disk: the bus.
        Some(libc::ENOSPC) => CameraError::Bandwidth { device },
        Some(libc::EPROTO | libc::EPIPE | libc::ETIMEDOUT) => {
            CameraError::Usb { device, step, why }
        }
        _ => CameraError::Io { device, step, why },
    }
}

struct DeviceCamera {
    name: String,
    drain: Drain<MappedBuffers>,
    pixel_format: PixelFormat,
    pixels: Pixels,
    damage_policy: DamagePolicy,
    warm_up: WarmUp,
    format: Format,
}

/// Leaves out the first frames of a stream, which many cameras send dark or green. They are
/// counted, but not shown.
#[derive(Debug, Default)]
struct WarmUp {
    begun: Option<Instant>,
    left_out: u32,
}

/// Frames that are left out at 30 fps. The exposure takes longer to settle, but a dark picture is
/// better than none.
pub(super) const WARM_UP_FRAMES: u32 = 2;
/// Frames after this time are shown, so that a slow camera loses fewer.
const WARM_UP: Duration = Duration::from_millis(150);

impl WarmUp {
    /// Whether a frame that was dequeued at `acquired` is shown.
    fn is_over(&mut self, acquired: Instant) -> bool {
        let begun = *self.begun.get_or_insert(acquired);
        let is_over = self.left_out >= WARM_UP_FRAMES || acquired - begun >= WARM_UP;
        self.left_out += u32::from(!is_over);
        is_over
    }
}

impl DeviceCamera {
    fn jpeg(&mut self, mut encoder: Option<&mut Encoder>) -> io::Result<Option<Picture>> {
        let (damage_policy, warm_up) = (&mut self.damage_policy, &mut self.warm_up);
        let judge = |bytes: &[u8], is_flagged: bool| {
            let mended = repair(bytes)?;
            let cut = mended.added_end.then_some(ImageError::Truncated);
            damage_policy.judge(is_flagged.then_some(ImageError::Flagged).or(cut))
        };
        let newest = self
            .drain
            .newest(&mut self.format, judge, |bytes, stamp, format| {
                let is_over = warm_up.is_over(stamp.acquired);
                let encoder = encoder.as_deref_mut().filter(|_| is_over);
                let encoder = encoder.filter(|encoder| encoder.wants(stamp.captured))?;
                // Can't fail: `judge` has repaired the same bytes.
                let mended = repair(bytes).ok()?;
                let jpeg = encoder.buffers().filled(|bytes| mended.append_to(bytes));
                let (sequence, captured) = (stamp.sequence, stamp.reported());
                Some(picture(&mended, jpeg, format, sequence, captured))
            })?;
        // Scaled down after the driver has its buffer back, since it may take longer than a frame.
        Ok(newest.and_then(|picture| fitted(picture, encoder, &mut self.format)))
    }

    fn raw(
        &mut self,
        layout: Layout,
        encoder: Option<&mut Encoder>,
    ) -> io::Result<Option<Picture>> {
        let (width, height) = (side(self.pixels.width), side(self.pixels.height));
        let stride = (self.pixels.stride as usize).max(layout.line(width));
        let needed = layout.bytes(width, height, stride);
        let color = color_encoding(self.pixels, layout);
        let (damage_policy, warm_up) = (&mut self.damage_policy, &mut self.warm_up);
        let judge = |bytes: &[u8], is_flagged: bool| {
            if bytes.len() < needed {
                let bytes = bytes.len();
                return Err(ImageError::Short { bytes, needed });
            }
            damage_policy.judge(is_flagged.then_some(ImageError::Flagged))
        };
        self.drain
            .newest(&mut self.format, judge, |bytes, stamp, format| {
                let is_over = warm_up.is_over(stamp.acquired);
                let encoder = encoder.filter(|encoder| is_over && encoder.wants(stamp.captured))?;
                let frame = Frame::Raw(RawFrame {
                    data: &bytes[..needed],
                    layout,
                    color,
                    width,
                    height,
                    stride,
                    sequence: stamp.sequence,
                    captured: stamp.captured,
                    acquired: stamp.acquired,
                });
                match encoder.encode(frame) {
                    Ok(picture) => Some(picture),
                    Err(fault) => {
                        format.take_back(fault);
                        None
                    }
                }
            })
    }
}

impl Camera for DeviceCamera {
    fn wait(&self) -> Wait<'_> {
        Wait::Readable(self.drain.descriptor())
    }

    fn newest(&mut self, encoder: Option<&mut Encoder>) -> Result<Option<Picture>, CameraError> {
        let newest = match self.pixel_format {
            PixelFormat::Jpeg => self.jpeg(encoder),
            PixelFormat::Raw(layout) => self.raw(layout, encoder),
        };
        self.format.shows_damaged = self.damage_policy.shows_damaged();
        newest.map_err(|why| refused(Path::new(&self.name), "read a picture", why))
    }

    fn format(&self) -> &Format {
        &self.format
    }

    fn device(&self) -> Option<&Path> {
        Some(Path::new(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_kernel_are_told_in_words_and_most_can_be_tried_again() {
        let reported = |errno| {
            refused(
                Path::new("/dev/video9"),
                "read a picture",
                io::Error::from_raw_os_error(errno),
            )
        };
        assert!(matches!(reported(libc::ENODEV), CameraError::Lost { .. }));
        assert!(matches!(reported(libc::EBUSY), CameraError::Busy { .. }));
        assert!(reported(libc::ENOSPC).to_string().contains("USB"));
        assert!(
            reported(libc::EPROTO)
                .to_string()
                .ends_with("without a hub")
        );
        for errno in [libc::EPROTO, libc::EPIPE, libc::ETIMEDOUT, libc::EIO] {
            assert!(reported(errno).wants_reset(), "{errno}");
        }
        for errno in [
            libc::EACCES,
            libc::ENODEV,
            libc::ENXIO,
            libc::EIO,
            libc::EPROTO,
            libc::EBUSY,
            libc::ENOENT,
        ] {
            assert!(reported(errno).is_retryable(), "{errno}");
        }
    }

    #[test]
    fn the_first_frames_are_left_out_of_a_slow_camera_one() {
        let start = Instant::now();
        for (interval, wanted) in [
            (33, [false, false, true, true]),
            (100, [false, false, true, true]),
            (1000, [false, true, true, true]),
        ] {
            let mut warm_up = WarmUp::default();
            let frames = [0, 1, 2, 3]
                .map(|frame| warm_up.is_over(start + Duration::from_millis(interval) * frame));
            assert_eq!(frames, wanted, "{interval} ms");
        }
    }

    #[test]
    fn one_that_is_unplugged_while_it_is_asked_is_waited_for() {
        let reported =
            |errno| no_camera(Path::new("/dev/null"), io::Error::from_raw_os_error(errno));
        assert!(matches!(reported(libc::ENODEV), CameraError::Lost { .. }));
        assert!(matches!(
            reported(libc::ENOTTY),
            CameraError::NotACamera { .. }
        ));
    }

    #[test]
    fn what_is_no_camera_is_told_without_opening_a_stream() {
        let open = |path: &str| {
            open(Path::new(path), &CaptureRequest::default())
                .err()
                .unwrap()
        };
        assert!(matches!(
            open("/dev/no-such-video"),
            CameraError::NotFound { .. }
        ));
        assert!(matches!(open("/dev/null"), CameraError::NotACamera { .. }));
        assert!(open("/dev/video\0").to_string().contains("/dev/video"));
    }
}
