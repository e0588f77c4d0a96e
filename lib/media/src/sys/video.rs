//! The V4L2 calls of a device node, by the structs and the numbers of `v4l`. Its own calls are not
//! used: they panic on answers of some drivers (names that are no UTF-8, colour spaces and controls
//! that it doesn't know), and a test can't replace the driver behind them.

use std::io;
use std::mem::zeroed;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;

use v4l::v4l_sys::{
    self as sys, v4l2_capability, v4l2_control, v4l2_fmtdesc, v4l2_format, v4l2_fract,
    v4l2_frmivalenum, v4l2_frmsizeenum, v4l2_pix_format, v4l2_queryctrl, v4l2_querymenu,
    v4l2_streamparm,
};
use v4l::v4l2::vidioc;

use crate::Control;
use crate::control::normalized;

use super::kernel::{DeviceFile, Kernel, Request};

/// Entries of one list that are asked for; vivid, the largest collection there is, has 78 formats.
const MAX_ENTRIES: u32 = 256;
/// Entries of one menu that are asked for.
const MAX_MENU: i32 = 64;
/// How often a call is repeated after a signal interrupted it.
const MAX_INTERRUPTED: u32 = 100;

/// An open device node.
#[derive(Clone)]
pub(crate) struct Node {
    kernel: Arc<dyn Kernel>,
}

/// A size that a format is offered in, or a range of sizes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Size {
    Discrete(u32, u32),
    /// Least, most and step, across and down.
    Range([(u32, u32, u32); 2]),
}

/// The time between frames, in seconds as numerator and denominator, or a range of such.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Interval {
    Discrete((u32, u32)),
    /// The shortest and the longest.
    Range((u32, u32), (u32, u32)),
}

/// What a node says it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    pub(crate) driver: String,
    pub(crate) name: String,
    /// `V4L2_CAP_…` of this node alone, not of the whole device.
    pub(crate) capabilities: u32,
}

/// A format as the driver took it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Pixels {
    pub(crate) fourcc: [u8; 4],
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) stride: u32,
    pub(crate) bytes: u32,
    /// `V4L2_COLORSPACE_…`
    pub(crate) colorspace: u32,
    /// `V4L2_YCBCR_ENC_…`
    pub(crate) ycbcr_encoding: u32,
    /// `V4L2_QUANTIZATION_…`
    pub(crate) quantization: u32,
}

impl Pixels {
    fn new(pix: &v4l2_pix_format) -> Self {
        // Without this mark, as from an old kernel, the fields behind it have no value.
        let is_extended = pix.priv_ == sys::V4L2_PIX_FMT_PRIV_MAGIC;
        let extended = |value: u32| if is_extended { value } else { 0 };
        Self {
            fourcc: pix.pixelformat.to_le_bytes(),
            width: pix.width,
            height: pix.height,
            stride: pix.bytesperline,
            bytes: pix.sizeimage,
            colorspace: pix.colorspace,
            // SAFETY: a union of two numbers of the same size, for which any bits are a value.
            ycbcr_encoding: extended(unsafe { pix.__bindgen_anon_1.ycbcr_enc }),
            quantization: extended(pix.quantization),
        }
    }
}

impl Node {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        DeviceFile::open(path).map(Self::new)
    }

    /// A node of this driver, which may be a test's.
    pub(crate) fn new(kernel: impl Kernel + 'static) -> Self {
        let kernel = Arc::new(kernel);
        Self { kernel }
    }

    pub(super) fn kernel(&self) -> &dyn Kernel {
        &*self.kernel
    }

    /// Readable when a buffer was filled.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.kernel.descriptor()
    }

    /// Calls the driver, and repeats the call if a signal interrupted it.
    ///
    /// # Safety
    ///
    /// `argument` has to be what `request` reads and writes.
    pub(super) unsafe fn call<T>(&self, request: Request, argument: &mut T) -> io::Result<()> {
        for _ in 0..MAX_INTERRUPTED {
            // SAFETY: the pointer is to a live, exclusive T, and the caller answers for its type.
            match unsafe {
                self.kernel
                    .ioctl(request, std::ptr::from_mut(argument).cast())
            } {
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    pub(crate) fn identity(&self) -> io::Result<Identity> {
        // SAFETY: a struct of numbers, for which zero is a value.
        let mut told: v4l2_capability = unsafe { zeroed() };
        // SAFETY: QUERYCAP writes one v4l2_capability.
        unsafe { self.call(vidioc::VIDIOC_QUERYCAP, &mut told) }?;
        let own = told.capabilities & sys::V4L2_CAP_DEVICE_CAPS != 0;
        Ok(Identity {
            driver: text(&told.driver),
            name: text(&told.card),
            capabilities: if own {
                told.device_caps
            } else {
                told.capabilities
            },
        })
    }

    /// The codes of its formats.
    pub(crate) fn formats(&self) -> Vec<[u8; 4]> {
        let format = |index| {
            // SAFETY: a struct of numbers, for which zero is a value.
            let mut told: v4l2_fmtdesc = unsafe { zeroed() };
            told.index = index;
            told.type_ = CAPTURE;
            // SAFETY: ENUM_FMT reads and writes one v4l2_fmtdesc.
            unsafe { self.call(vidioc::VIDIOC_ENUM_FMT, &mut told) }.ok()?;
            Some(told.pixelformat.to_le_bytes())
        };
        (0..MAX_ENTRIES).map_while(format).collect()
    }

    /// The sizes of a format; none where the driver doesn't list them.
    pub(crate) fn sizes(&self, fourcc: [u8; 4]) -> Vec<Size> {
        let size = |index| {
            // SAFETY: a struct of numbers and a union of such, for which zero is a value.
            let mut told: v4l2_frmsizeenum = unsafe { zeroed() };
            told.index = index;
            told.pixel_format = u32::from_le_bytes(fourcc);
            // SAFETY: ENUM_FRAMESIZES reads and writes one v4l2_frmsizeenum.
            unsafe { self.call(vidioc::VIDIOC_ENUM_FRAMESIZES, &mut told) }.ok()?;
            // SAFETY: both members of the union are numbers only, for which any bits are a value.
            let (one, range) = unsafe {
                let told = told.__bindgen_anon_1;
                (told.discrete, told.stepwise)
            };
            Some(match told.type_ {
                sys::v4l2_frmsizetypes_V4L2_FRMSIZE_TYPE_DISCRETE => {
                    Size::Discrete(one.width, one.height)
                }
                _ => Size::Range([
                    (range.min_width, range.max_width, range.step_width),
                    (range.min_height, range.max_height, range.step_height),
                ]),
            })
        };
        (0..MAX_ENTRIES).map_while(size).collect()
    }

    /// The times between frames of a format in a size; none where the driver doesn't list them.
    pub(crate) fn intervals(&self, fourcc: [u8; 4], width: u32, height: u32) -> Vec<Interval> {
        let interval = |index| {
            // SAFETY: a struct of numbers and a union of such, for which zero is a value.
            let mut told: v4l2_frmivalenum = unsafe { zeroed() };
            told.index = index;
            told.pixel_format = u32::from_le_bytes(fourcc);
            (told.width, told.height) = (width, height);
            // SAFETY: ENUM_FRAMEINTERVALS reads and writes one v4l2_frmivalenum.
            unsafe { self.call(vidioc::VIDIOC_ENUM_FRAMEINTERVALS, &mut told) }.ok()?;
            // SAFETY: both members of the union are numbers only, for which any bits are a value.
            let (one, range) = unsafe {
                let told = told.__bindgen_anon_1;
                (told.discrete, told.stepwise)
            };
            Some(match told.type_ {
                sys::v4l2_frmivaltypes_V4L2_FRMIVAL_TYPE_DISCRETE => {
                    Interval::Discrete(fraction(one))
                }
                _ => Interval::Range(fraction(range.min), fraction(range.max)),
            })
        };
        (0..MAX_ENTRIES).map_while(interval).collect()
    }

    /// Asks for a format and gives the one that the driver took, which may be another.
    pub(crate) fn set_format(
        &self,
        fourcc: [u8; 4],
        width: u32,
        height: u32,
    ) -> io::Result<Pixels> {
        // SAFETY: a struct of numbers and a union of such, for which zero is a value.
        let mut format: v4l2_format = unsafe { zeroed() };
        format.type_ = CAPTURE;
        format.fmt.pix.width = width;
        format.fmt.pix.height = height;
        format.fmt.pix.pixelformat = u32::from_le_bytes(fourcc);
        format.fmt.pix.priv_ = sys::V4L2_PIX_FMT_PRIV_MAGIC;
        // SAFETY: S_FMT reads and writes one v4l2_format.
        unsafe { self.call(vidioc::VIDIOC_S_FMT, &mut format) }?;
        // SAFETY: for this type the driver fills `pix`, and any bits are numbers.
        let pix = unsafe { format.fmt.pix };
        Ok(Pixels::new(&pix))
    }

    /// Asks for a frame rate, 0 for none, and gives the time between frames that the driver took,
    /// in seconds as numerator and denominator.
    pub(crate) fn set_rate(&self, fps: u32) -> io::Result<(u32, u32)> {
        // SAFETY: a struct of numbers and a union of such, for which zero is a value.
        let mut told: v4l2_streamparm = unsafe { zeroed() };
        told.type_ = CAPTURE;
        let request = match fps {
            0 => vidioc::VIDIOC_G_PARM,
            _ => {
                told.parm.capture.timeperframe = v4l2_fract {
                    numerator: 1,
                    denominator: fps,
                };
                vidioc::VIDIOC_S_PARM
            }
        };
        // SAFETY: both read and write one v4l2_streamparm.
        unsafe { self.call(request, &mut told) }?;
        // SAFETY: for this type the driver fills `capture`, and any bits are numbers.
        let capture = unsafe { told.parm.capture };
        Ok(fraction(capture.timeperframe))
    }

    /// The controls that can be set, in the driver's order.
    pub(crate) fn controls(&self) -> Vec<Control> {
        let mut controls = Vec::new();
        let mut last = 0;
        for _ in 0..MAX_ENTRIES {
            // SAFETY: a struct of numbers, for which zero is a value.
            let mut told: v4l2_queryctrl = unsafe { zeroed() };
            told.id = last | sys::V4L2_CTRL_FLAG_NEXT_CTRL;
            // SAFETY: QUERYCTRL reads and writes one v4l2_queryctrl.
            if unsafe { self.call(vidioc::VIDIOC_QUERYCTRL, &mut told) }.is_err() {
                break;
            }
            if told.id <= last {
                break; // The ids no longer rise: the list of this driver would never end.
            }
            last = told.id;
            controls.extend(self.control(&told));
        }
        controls
    }

    /// The values that a control accepts; `None` for one that can't be set, or whose value is no
    /// number.
    fn control(&self, told: &v4l2_queryctrl) -> Option<Control> {
        let fixed = sys::V4L2_CTRL_FLAG_DISABLED | sys::V4L2_CTRL_FLAG_READ_ONLY;
        let is_switch = told.type_ == sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BOOLEAN;
        let is_menu = match told.type_ {
            sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_MENU => true,
            sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_INTEGER => false,
            _ if is_switch => false,
            _ => return None,
        };
        if told.flags & fixed != 0 {
            return None;
        }
        let mut now = v4l2_control {
            id: told.id,
            value: 0,
        };
        // SAFETY: G_CTRL reads and writes one v4l2_control.
        let read = unsafe { self.call(vidioc::VIDIOC_G_CTRL, &mut now) };
        Some(Control {
            name: normalized(&text(&told.name)),
            min: told.minimum,
            max: told.maximum,
            step: told.step,
            default: told.default_value,
            value: read.is_ok().then_some(now.value),
            menu: match is_menu {
                true => self.menu(told),
                false => Vec::new(),
            },
            is_switch,
            id: told.id,
        })
    }

    fn menu(&self, control: &v4l2_queryctrl) -> Vec<(i32, String)> {
        let last = control
            .maximum
            .min(control.minimum.saturating_add(MAX_MENU));
        let mut menu = Vec::new();
        for value in control.minimum.max(0)..=last {
            // SAFETY: a struct of numbers and a union of such, for which zero is a value.
            let mut told: v4l2_querymenu = unsafe { zeroed() };
            told.id = control.id;
            told.index = value.unsigned_abs();
            // SAFETY: QUERYMENU reads and writes one v4l2_querymenu.
            match unsafe { self.call(vidioc::VIDIOC_QUERYMENU, &mut told) } {
                Ok(()) => {
                    // SAFETY: of a menu the driver fills `name`, and any bits are bytes.
                    let name = unsafe { told.__bindgen_anon_1.name };
                    menu.push((value, text(&name)));
                }
                // A menu may leave out numbers.
                Err(why) if why.kind() == io::ErrorKind::InvalidInput => {}
                Err(_) => break,
            }
        }
        menu
    }

    /// Sets a control.
    pub(crate) fn set_control(&self, id: u32, value: i32) -> io::Result<()> {
        let mut control = v4l2_control { id, value };
        // SAFETY: S_CTRL reads and writes one v4l2_control.
        unsafe { self.call(vidioc::VIDIOC_S_CTRL, &mut control) }
    }
}

fn fraction(told: v4l2_fract) -> (u32, u32) {
    (told.numerator, told.denominator)
}

/// The one type of buffer used here.
pub(super) const CAPTURE: u32 = sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE;

fn text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_where_the_driver_says_that_it_filled_them_in() {
        // SAFETY: a struct of numbers and a union of such, for which zero is a value.
        let mut pix: v4l2_pix_format = unsafe { zeroed() };
        pix.colorspace = 3;
        pix.__bindgen_anon_1.ycbcr_enc = 1;
        pix.quantization = 2;
        let told = |pix: &v4l2_pix_format| {
            let pixels = Pixels::new(pix);
            (
                pixels.colorspace,
                pixels.ycbcr_encoding,
                pixels.quantization,
            )
        };
        assert_eq!(told(&pix), (3, 0, 0), "an old kernel");
        pix.priv_ = 0xfeed_cafe;
        assert_eq!(told(&pix), (3, 1, 2));
    }
}
