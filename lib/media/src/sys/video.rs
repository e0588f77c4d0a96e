//! The V4L2 calls of a device node, by the structs and the ioctl wrapper of `v4l`. Where that crate
//! would panic on what a driver says (names that are no UTF-8, colour spaces it doesn't know), the
//! call is made here.

use std::ffi::c_void;
use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use v4l::v4l_sys::{self as sys, v4l2_capability, v4l2_fmtdesc, v4l2_format, v4l2_pix_format};
use v4l::v4l2::vidioc;

/// Formats that are asked for; vivid, the largest collection there is, has 78.
const MAX_FORMATS: u32 = 256;

/// An open device node. Child processes don't inherit it.
pub(crate) struct Node {
    // Dropped first: the node is then still open by the other descriptor, so that this close can't
    // fail, where `v4l` would panic.
    device: v4l::Device,
    _keeps_open: OwnedFd,
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
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let device = v4l::Device::with_path(path)?;
        let fd = descriptor(&device);
        let keeps_open = fd.try_clone_to_owned()?;
        // SAFETY: the descriptor is open, and F_SETFD takes a number. `v4l` opens without this
        // flag: a child would keep the camera busy.
        unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
        Ok(Self {
            device,
            _keeps_open: keeps_open,
        })
    }

    /// For the calls that `v4l` makes well.
    pub(crate) fn device(&self) -> &v4l::Device {
        &self.device
    }

    /// Readable when a buffer was filled.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        descriptor(&self.device)
    }

    pub(crate) fn identity(&self) -> io::Result<Identity> {
        // SAFETY: a struct of numbers, for which zero is a value.
        let mut told: v4l2_capability = unsafe { zeroed() };
        // SAFETY: QUERYCAP writes one v4l2_capability.
        unsafe { ioctl(self.descriptor(), vidioc::VIDIOC_QUERYCAP, &mut told) }?;
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
        (0..MAX_FORMATS)
            .map_while(|index| self.format_at(index).ok())
            .collect()
    }

    fn format_at(&self, index: u32) -> io::Result<[u8; 4]> {
        // SAFETY: a struct of numbers, for which zero is a value.
        let mut told: v4l2_fmtdesc = unsafe { zeroed() };
        told.index = index;
        told.type_ = CAPTURE;
        // SAFETY: ENUM_FMT reads and writes one v4l2_fmtdesc.
        unsafe { ioctl(self.descriptor(), vidioc::VIDIOC_ENUM_FMT, &mut told) }?;
        Ok(told.pixelformat.to_le_bytes())
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
        unsafe { ioctl(self.descriptor(), vidioc::VIDIOC_S_FMT, &mut format) }?;
        // SAFETY: for this type the driver fills `pix`, and any bits are numbers.
        let pix = unsafe { format.fmt.pix };
        Ok(Pixels::new(&pix))
    }
}

/// The one type of buffer used here.
pub(super) const CAPTURE: u32 = sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE;

fn descriptor(device: &v4l::Device) -> BorrowedFd<'_> {
    // SAFETY: the device owns the descriptor and closes it when it is dropped, which the borrow
    // excludes.
    unsafe { BorrowedFd::borrow_raw(device.handle().fd()) }
}

/// Calls the driver, again where a signal came between.
///
/// # Safety
///
/// `argument` has to be what `request` reads and writes.
pub(super) unsafe fn ioctl<T>(
    fd: BorrowedFd<'_>,
    request: vidioc::_IOC_TYPE,
    argument: &mut T,
) -> io::Result<()> {
    loop {
        let pointer = std::ptr::from_mut(argument).cast::<c_void>();
        // SAFETY: the pointer is to a live, exclusive T, and the caller answers for its type.
        match unsafe { v4l::v4l2::ioctl(fd.as_raw_fd(), request, pointer) } {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

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
