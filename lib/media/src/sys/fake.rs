//! A driver for tests. It keeps to V4L2's rules, except for the faults in its script, and records
//! each call that breaks a rule.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use v4l::v4l_sys::{
    self as sys, v4l2_buffer, v4l2_capability, v4l2_control, v4l2_fmtdesc, v4l2_format,
    v4l2_frmivalenum, v4l2_frmsizeenum, v4l2_queryctrl, v4l2_requestbuffers, v4l2_streamparm,
};
use v4l::v4l2::vidioc;

use super::kernel::{Kernel, Request};

/// A call that may be answered wrongly.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Call {
    QueryCap,
    EnumFmt,
    EnumSizes,
    EnumIntervals,
    SetFormat,
    SetRate,
    SetControl,
    GetControl,
    QueryControl,
    QueryMenu,
    RequestBuffers,
    QueryBuffer,
    Map,
    StreamOn,
    StreamOff,
    Queue,
    Dequeue,
}

impl Call {
    pub(crate) const ALL: [Self; 17] = [
        Self::QueryCap,
        Self::EnumFmt,
        Self::EnumSizes,
        Self::EnumIntervals,
        Self::SetFormat,
        Self::SetRate,
        Self::SetControl,
        Self::GetControl,
        Self::QueryControl,
        Self::QueryMenu,
        Self::RequestBuffers,
        Self::QueryBuffer,
        Self::Map,
        Self::StreamOn,
        Self::StreamOff,
        Self::Queue,
        Self::Dequeue,
    ];

    fn of(request: Request) -> Option<Self> {
        Some(match request {
            vidioc::VIDIOC_QUERYCAP => Self::QueryCap,
            vidioc::VIDIOC_ENUM_FMT => Self::EnumFmt,
            vidioc::VIDIOC_ENUM_FRAMESIZES => Self::EnumSizes,
            vidioc::VIDIOC_ENUM_FRAMEINTERVALS => Self::EnumIntervals,
            vidioc::VIDIOC_S_FMT => Self::SetFormat,
            vidioc::VIDIOC_S_PARM | vidioc::VIDIOC_G_PARM => Self::SetRate,
            vidioc::VIDIOC_S_CTRL => Self::SetControl,
            vidioc::VIDIOC_G_CTRL => Self::GetControl,
            vidioc::VIDIOC_QUERYCTRL => Self::QueryControl,
            vidioc::VIDIOC_QUERYMENU => Self::QueryMenu,
            vidioc::VIDIOC_REQBUFS => Self::RequestBuffers,
            vidioc::VIDIOC_QUERYBUF => Self::QueryBuffer,
            vidioc::VIDIOC_STREAMON => Self::StreamOn,
            vidioc::VIDIOC_STREAMOFF => Self::StreamOff,
            vidioc::VIDIOC_QBUF => Self::Queue,
            vidioc::VIDIOC_DQBUF => Self::Dequeue,
            _ => return None,
        })
    }
}

/// A fault in an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The call fails, this once.
    Once(i32),
    /// The call fails, this time and from then on.
    Always(i32),
    /// REQBUFS grants so many.
    Granted(u32),
    /// S_FMT takes that size.
    Size(u32, u32),
    /// DQBUF names a buffer that isn't there.
    WildIndex,
    /// DQBUF marks the frame as damaged.
    Flagged,
    /// DQBUF reports so many bytes.
    Used(u32),
    /// DQBUF stamps with so many seconds of the monotonic clock.
    Stamp(i64),
    /// DQBUF counts from there.
    Sequence(u32),
}

/// The state of the driver, shared with the test.
#[derive(Default)]
struct State {
    script: BTreeMap<(Call, u32), Fault>,
    always: BTreeMap<Call, i32>,
    made: BTreeMap<Call, u32>,
    calls: u32,
    is_open: bool,
    is_streaming: bool,
    fourcc: [u8; 4],
    size: (u32, u32),
    /// The bytes of each frame.
    frame: Vec<u8>,
    /// Memory of the buffers. It is kept to the end, since a mapping outlives its buffer.
    memory: Vec<Box<[u8]>>,
    granted: usize,
    mapped: Vec<usize>,
    queued: VecDeque<u32>,
    /// The values of the controls that were set, by control id.
    set: BTreeMap<u32, i32>,
    /// Frames that the sensor has taken and that were not dequeued yet.
    ready: u32,
    sequence: u32,
    /// Rules that were broken.
    broken: Vec<&'static str>,
}

/// A driver behind a node.
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    /// Nobody polls it.
    descriptor: File,
}

/// The test's side of a driver.
pub(crate) struct Witness(Arc<Mutex<State>>);

/// Bytes of a buffer.
const LENGTH: usize = 64 * 1024;

impl Fake {
    /// A driver of that format whose every frame has these bytes, with faults at the nth call of
    /// each kind, counted from 0.
    pub(crate) fn new(
        fourcc: [u8; 4],
        size: (u32, u32),
        frame: Vec<u8>,
        script: BTreeMap<(Call, u32), Fault>,
    ) -> (Self, Witness) {
        assert!(frame.len() <= LENGTH);
        let state = Arc::new(Mutex::new(State {
            script,
            is_open: true,
            fourcc,
            size,
            frame,
            ..State::default()
        }));
        let fake = Self {
            state: state.clone(),
            descriptor: File::open("/dev/null").expect("every system has it"),
        };
        (fake, Witness(state))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sensor takes a frame.
    pub(crate) fn take_frame(&self) {
        self.state().ready += 1;
    }

    /// Calls of all kinds so far.
    pub(crate) fn calls(&self) -> u32 {
        self.state().calls
    }

    /// The value that a control was set to.
    pub(crate) fn control(&self, id: u32) -> Option<i32> {
        self.state().set.get(&id).copied()
    }

    /// Mappings that were not given back.
    pub(crate) fn mappings(&self) -> usize {
        self.state().mapped.len()
    }

    /// Whether the node is still open.
    pub(crate) fn is_open(&self) -> bool {
        self.state().is_open
    }

    /// Rules of V4L2 that were broken.
    pub(crate) fn broken(&self) -> Vec<&'static str> {
        self.state().broken.clone()
    }
}

fn errno(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

impl State {
    /// Counts a call, and returns the fault of its answer, if any.
    fn fault(&mut self, call: Call) -> io::Result<Option<Fault>> {
        self.calls += 1;
        let nth = self.made.entry(call).or_default();
        let fault = self.script.get(&(call, *nth)).copied();
        *nth += 1;
        if let Some(Fault::Always(number)) = fault {
            self.always.insert(call, number);
        }
        match (self.always.get(&call).copied(), fault) {
            (Some(number), _) | (None, Some(Fault::Once(number) | Fault::Always(number))) => {
                Err(errno(number))
            }
            (None, fault) => Ok(fault),
        }
    }

    fn request_buffers(&mut self, wanted: &mut v4l2_requestbuffers, fault: Option<Fault>) {
        if let Some(Fault::Granted(granted)) = fault {
            wanted.count = granted;
        }
        self.granted = wanted.count as usize;
        self.queued.clear();
        if !self.mapped.is_empty() {
            self.broken.push("buffers are freed while they are mapped");
        }
    }

    fn queue(&mut self, buffer: &v4l2_buffer) -> io::Result<()> {
        if buffer.index as usize >= self.granted {
            return Err(errno(libc::EINVAL));
        }
        if self.queued.contains(&buffer.index) {
            self.broken.push("a buffer is queued twice");
        }
        self.queued.push_back(buffer.index);
        Ok(())
    }

    fn dequeue(&mut self, buffer: &mut v4l2_buffer, fault: Option<Fault>) -> io::Result<()> {
        if !self.is_streaming {
            return Err(errno(libc::EINVAL));
        }
        if self.ready == 0 {
            return Err(errno(libc::EAGAIN));
        }
        let index = self.queued.pop_front().ok_or_else(|| errno(libc::EAGAIN))?;
        self.ready -= 1;
        self.sequence = self.sequence.wrapping_add(1);
        if let Some(memory) = self.memory.get_mut(index as usize) {
            memory[..self.frame.len()].copy_from_slice(&self.frame);
        }
        buffer.index = index;
        buffer.bytesused = self.frame.len() as u32;
        buffer.sequence = self.sequence;
        buffer.flags = sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
        match fault {
            Some(Fault::WildIndex) => buffer.index = u32::MAX,
            Some(Fault::Flagged) => buffer.flags |= sys::V4L2_BUF_FLAG_ERROR,
            Some(Fault::Used(bytes)) => buffer.bytesused = bytes,
            Some(Fault::Stamp(seconds)) => buffer.timestamp.tv_sec = seconds,
            Some(Fault::Sequence(sequence)) => self.sequence = sequence,
            _ => {}
        }
        Ok(())
    }
}

// SAFETY: a mapping is an allocation of that length, which lives until `unmap`.
unsafe impl Kernel for Fake {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    unsafe fn ioctl(&self, request: Request, argument: *mut c_void) -> io::Result<()> {
        let call = Call::of(request).ok_or_else(|| errno(libc::ENOTTY))?;
        let mut state = self.state();
        let fault = state.fault(call)?;
        // SAFETY: for each request the caller passes a pointer to what that request reads and
        // writes, which is the type named here.
        unsafe {
            match call {
                Call::QueryCap => {
                    let told = &mut *argument.cast::<v4l2_capability>();
                    told.driver[..4].copy_from_slice(b"fake");
                    // No UTF-8, and without an end.
                    told.card.fill(0xff);
                    told.capabilities = sys::V4L2_CAP_VIDEO_CAPTURE | sys::V4L2_CAP_STREAMING;
                    Ok(())
                }
                Call::EnumFmt => {
                    let told = &mut *argument.cast::<v4l2_fmtdesc>();
                    told.pixelformat = u32::from_le_bytes(state.fourcc);
                    (told.index == 0)
                        .then_some(())
                        .ok_or_else(|| errno(libc::EINVAL))
                }
                Call::EnumSizes => {
                    let told = &mut *argument.cast::<v4l2_frmsizeenum>();
                    told.type_ = sys::v4l2_frmsizetypes_V4L2_FRMSIZE_TYPE_DISCRETE;
                    told.__bindgen_anon_1.discrete.width = state.size.0;
                    told.__bindgen_anon_1.discrete.height = state.size.1;
                    (told.index == 0)
                        .then_some(())
                        .ok_or_else(|| errno(libc::EINVAL))
                }
                Call::EnumIntervals => {
                    let told = &mut *argument.cast::<v4l2_frmivalenum>();
                    told.type_ = sys::v4l2_frmivaltypes_V4L2_FRMIVAL_TYPE_DISCRETE;
                    // A driver may well say 1/0.
                    told.__bindgen_anon_1.discrete.numerator = 1;
                    told.__bindgen_anon_1.discrete.denominator = 30 * told.index;
                    (told.index < 2)
                        .then_some(())
                        .ok_or_else(|| errno(libc::EINVAL))
                }
                Call::SetFormat => {
                    let pix = &mut (*argument.cast::<v4l2_format>()).fmt.pix;
                    let (width, height) = match fault {
                        Some(Fault::Size(width, height)) => (width, height),
                        _ => state.size,
                    };
                    pix.pixelformat = u32::from_le_bytes(state.fourcc);
                    (pix.width, pix.height) = (width, height);
                    (pix.bytesperline, pix.sizeimage) = (width.wrapping_mul(2), LENGTH as u32);
                    Ok(())
                }
                Call::SetRate => {
                    let parm = &mut (*argument.cast::<v4l2_streamparm>()).parm;
                    parm.capture.timeperframe.denominator = 30;
                    Ok(())
                }
                Call::SetControl => {
                    let told = &*argument.cast::<v4l2_control>();
                    state.set.insert(told.id, told.value);
                    Ok(())
                }
                Call::GetControl => {
                    let told = &mut *argument.cast::<v4l2_control>();
                    told.value = state.set.get(&told.id).copied().unwrap_or(0);
                    Ok(())
                }
                Call::QueryControl => {
                    let told = &mut *argument.cast::<v4l2_queryctrl>();
                    let after = told.id & !sys::V4L2_CTRL_FLAG_NEXT_CTRL;
                    let (integer, switch, menu) = (
                        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_INTEGER,
                        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BOOLEAN,
                        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_MENU,
                    );
                    // A name without a terminating zero, an endless menu, then ids that repeat.
                    let endless = "x".repeat(32);
                    let (id, kind, name) = match after {
                        0 => (7, integer, "Brightness"),
                        7 => (9, switch, &*endless),
                        9 => (10, menu, "Power Line Frequency"),
                        _ => (8, integer, "Again"),
                    };
                    (told.id, told.type_) = (id, kind);
                    told.name.fill(0);
                    told.name[..name.len()].copy_from_slice(name.as_bytes());
                    told.minimum = if kind == menu { 0 } else { i32::MIN };
                    told.maximum = i32::MAX;
                    Ok(())
                }
                Call::QueryMenu => {
                    let told = &mut *argument.cast::<sys::v4l2_querymenu>();
                    let name = match told.index {
                        2 => "60 Hz".to_owned(),
                        other => other.to_string(),
                    };
                    told.__bindgen_anon_1.name.fill(0);
                    told.__bindgen_anon_1.name[..name.len()].copy_from_slice(name.as_bytes());
                    Ok(())
                }
                Call::RequestBuffers => {
                    let wanted = &mut *argument.cast::<v4l2_requestbuffers>();
                    state.request_buffers(wanted, fault);
                    Ok(())
                }
                Call::QueryBuffer => {
                    let buffer = &mut *argument.cast::<v4l2_buffer>();
                    buffer.length = LENGTH as u32;
                    buffer.m.offset = buffer.index * LENGTH as u32;
                    Ok(())
                }
                Call::StreamOn => {
                    state.is_streaming = true;
                    Ok(())
                }
                Call::StreamOff => {
                    state.is_streaming = false;
                    state.queued.clear();
                    Ok(())
                }
                Call::Queue => state.queue(&*argument.cast::<v4l2_buffer>()),
                Call::Dequeue => state.dequeue(&mut *argument.cast::<v4l2_buffer>(), fault),
                Call::Map => Err(errno(libc::ENOTTY)),
            }
        }
    }

    fn map(&self, length: usize, offset: u32) -> io::Result<NonNull<u8>> {
        let mut state = self.state();
        state.fault(Call::Map)?;
        let index = offset as usize / LENGTH;
        while state.memory.len() <= index {
            state.memory.push(vec![0; length].into());
        }
        let start = NonNull::from(&mut state.memory[index][0]);
        state.mapped.push(start.addr().get());
        Ok(start)
    }

    unsafe fn unmap(&self, start: NonNull<u8>, length: usize) {
        let mut state = self.state();
        let mapped = state.mapped.len();
        state
            .mapped
            .retain(|mapping| *mapping != start.addr().get());
        if state.mapped.len() + 1 != mapped || length != LENGTH {
            state.broken.push("what is unmapped is no mapping");
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let mut state = self.state();
        state.is_open = false;
        if !state.mapped.is_empty() {
            state
                .broken
                .push("the node is closed before its memory is given back");
        }
    }
}
