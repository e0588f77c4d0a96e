//! The buffer queue of a V4L2 device: memory shared with the driver. It decides nothing about
//! filled buffers.

use std::io;
use std::mem::zeroed;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::time::Duration;

use v4l::v4l_sys::{self as sys, v4l2_buffer, v4l2_requestbuffers};
use v4l::v4l2::vidioc;

use super::kernel::Request;
use super::video::{CAPTURE, Node};
use crate::linux::queue::{Buffers, Filled};

const MMAP: u32 = sys::v4l2_memory_V4L2_MEMORY_MMAP;

/// Limit of buffers that are used, however many a driver grants: V4L2 itself had this limit for
/// years.
const MAX_BUFFERS: u32 = 32;

/// Buffers of a device that streams.
///
/// ```text
///   driver (queued) --DQBUF--> ours (its bytes can be read) --QBUF--> driver
/// ```
pub(crate) struct MappedBuffers {
    mappings: Vec<Mapping>,
    node: Node,
}

impl MappedBuffers {
    /// Requests `count` buffers, of which the driver grants any number above 0, queues all and
    /// starts the stream.
    pub(crate) fn start(node: Node, count: u32) -> io::Result<Self> {
        let granted = request(&node, count)?.min(MAX_BUFFERS);
        let mut buffers = Self {
            mappings: Vec::new(),
            node,
        };
        for index in 0..granted {
            let mapping = Mapping::new(&buffers.node, index)?;
            buffers.mappings.push(mapping);
        }
        if buffers.mappings.is_empty() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        for index in 0..buffers.mappings.len() {
            buffers.enqueue(index)?;
        }
        buffers.stream(vidioc::VIDIOC_STREAMON)?;
        Ok(buffers)
    }

    fn stream(&self, request: Request) -> io::Result<()> {
        let mut kind = CAPTURE;
        // SAFETY: STREAMON and STREAMOFF read one int.
        unsafe { self.node.call(request, &mut kind) }
    }
}

impl Buffers for MappedBuffers {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.node.descriptor()
    }

    fn dequeue(&mut self) -> io::Result<Filled> {
        let mut buffer = empty(0);
        // SAFETY: DQBUF reads and writes one v4l2_buffer.
        unsafe { self.node.call(vidioc::VIDIOC_DQBUF, &mut buffer) }?;
        let index = buffer.index as usize;
        // An index outside of the granted buffers means that the stream is broken.
        let mapping = self
            .mappings
            .get_mut(index)
            .ok_or(io::ErrorKind::InvalidData)?;
        mapping.used = (buffer.bytesused as usize).min(mapping.length);
        mapping.ours = true;
        Ok(Filled {
            index,
            damaged: buffer.flags & sys::V4L2_BUF_FLAG_ERROR != 0,
            sequence: buffer.sequence,
            age: age(&buffer),
        })
    }

    fn bytes(&self, index: usize) -> &[u8] {
        self.mappings
            .get(index)
            .map(Mapping::bytes)
            .unwrap_or_default()
    }

    fn enqueue(&mut self, index: usize) -> io::Result<()> {
        let mapping = self
            .mappings
            .get_mut(index)
            .ok_or(io::ErrorKind::InvalidInput)?;
        mapping.ours = false;
        let mut buffer = empty(index as u32);
        // SAFETY: QBUF reads and writes one v4l2_buffer. Nobody reads the memory that the driver
        // now gets: `bytes` lends it only while this struct is borrowed, and refuses it until the
        // buffer comes back.
        unsafe { self.node.call(vidioc::VIDIOC_QBUF, &mut buffer) }
    }
}

impl Drop for MappedBuffers {
    fn drop(&mut self) {
        // Errors are normal here: the camera may be gone.
        if let Err(why) = self.stream(vidioc::VIDIOC_STREAMOFF) {
            log::debug!("streamoff=\"{why}\"");
        }
        self.mappings.clear();
        if let Err(why) = request(&self.node, 0) {
            log::debug!("free_buffers=\"{why}\"");
        }
    }
}

/// Requests buffers, and returns how many were granted; 0 frees them.
fn request(node: &Node, count: u32) -> io::Result<u32> {
    // SAFETY: a struct of numbers, for which zero is a value.
    let mut wanted: v4l2_requestbuffers = unsafe { zeroed() };
    wanted.count = count;
    wanted.type_ = CAPTURE;
    wanted.memory = MMAP;
    // SAFETY: REQBUFS reads and writes one v4l2_requestbuffers.
    unsafe { node.call(vidioc::VIDIOC_REQBUFS, &mut wanted) }?;
    Ok(wanted.count)
}

fn empty(index: u32) -> v4l2_buffer {
    // SAFETY: numbers and unions of numbers and pointers, for which zero is a value.
    let mut buffer: v4l2_buffer = unsafe { zeroed() };
    buffer.index = index;
    buffer.type_ = CAPTURE;
    buffer.memory = MMAP;
    buffer
}

/// How long ago the sensor began the frame; `None` unless the timestamp is of the monotonic clock
/// and in the past.
fn age(buffer: &v4l2_buffer) -> Option<Duration> {
    if buffer.flags & sys::V4L2_BUF_FLAG_TIMESTAMP_MASK != sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC {
        return None;
    }
    let seconds = u64::try_from(buffer.timestamp.tv_sec).ok()?;
    let micros = u64::try_from(buffer.timestamp.tv_usec).ok()?;
    let stamp = Duration::from_secs(seconds).checked_add(Duration::from_micros(micros))?;
    if stamp.is_zero() {
        None
    } else {
        monotonic().checked_sub(stamp)
    }
}

/// The clock of the drivers' timestamps; the standard library does not give its value.
fn monotonic() -> Duration {
    // SAFETY: a struct of numbers, for which zero is a value.
    let mut now: libc::timespec = unsafe { zeroed() };
    // SAFETY: clock_gettime writes one timespec; this clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

/// One buffer's memory.
struct Mapping {
    node: Node,
    start: NonNull<u8>,
    length: usize,
    /// Bytes filled, at most `length`.
    used: usize,
    /// True from DQBUF to QBUF.
    ours: bool,
}

// SAFETY: the memory belongs to this mapping alone, and shared references to it only read.
unsafe impl Send for Mapping {}

impl Mapping {
    fn new(node: &Node, index: u32) -> io::Result<Self> {
        let mut buffer = empty(index);
        // SAFETY: QUERYBUF reads and writes one v4l2_buffer.
        unsafe { node.call(vidioc::VIDIOC_QUERYBUF, &mut buffer) }?;
        let length = buffer.length as usize;
        // SAFETY: for MMAP buffers the driver fills `offset`, and any bits are a number.
        let offset = unsafe { buffer.m.offset };
        Ok(Self {
            start: node.kernel().map(length, offset)?,
            node: node.clone(),
            length,
            used: 0,
            ours: false,
        })
    }

    /// What the driver filled in; nothing while the buffer is the driver's.
    fn bytes(&self) -> &[u8] {
        if !self.ours {
            return &[];
        }
        // SAFETY: the mapping is live as long as self and `used` is at most its length. The driver
        // doesn't write to a buffer that was dequeued, and to queue it again takes an exclusive
        // borrow.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.used) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: start and length are those of our own mapping, which is given back once.
        unsafe { self.node.kernel().unmap(self.start, self.length) };
    }
}
