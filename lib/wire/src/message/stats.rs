//! Statistics of a camera, for its viewers (wire 5.1).

use crate::read::Reader;
use crate::write::Writer;
use crate::{DecodeError, Full, limits};

/// Whether the sender, which gets the pictures of a camera, wants statistics of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WantStats {
    /// Whether the sender wants them.
    pub on: bool,
}

impl WantStats {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let on = reader.switch("statistics wanted")?;
        Ok(Self { on })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u8(u8::from(self.on))
    }
}

/// What a camera gave and what this viewer got of it. Counts are cumulative, each at most
/// [`limits::COUNT`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CameraStats {
    /// Frames a second as agreed with the device; 0 where nothing is agreed.
    pub agreed_fps: u32,
    /// Frames that came, in tenths of a frame a second.
    pub tenths_of_fps: u32,
    /// Frames of the camera.
    pub counts: FrameCounts,
    /// From the sensor's time stamp until the program had the frame.
    pub capture: Option<StageTimes>,
    /// Until the JPEG was ready.
    pub encode: Option<StageTimes>,
    /// Until the first byte was handed to the connection, of all viewers.
    pub wait: Option<StageTimes>,
    /// How many peers see the camera.
    pub viewers: u16,
    /// Pictures that were sent whole to this viewer.
    pub sent: u64,
    /// Pictures dropped for newer ones, before or while they were sent to this viewer.
    pub dropped: u64,
    /// Pictures left out evenly because the link to this viewer is slow.
    pub left_out: u64,
    /// Of the processor, in tenths of a degree Celsius. -2^15 means `None` on the wire.
    pub temperature: Option<i16>,
    /// Whether the machine is slowed down.
    pub throttling: Throttling,
}

/// Frames by what became of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FrameCounts {
    /// Usable.
    pub good: u64,
    /// Of the good frames: a newer one was already there.
    pub stale: u64,
    /// Marked as damaged by the driver.
    pub damaged: u64,
    /// Not a usable picture.
    pub unusable: u64,
    /// More bytes or more pixels than a picture may have.
    pub too_large: u64,
    /// Never received: gaps in the sequence numbers of the camera.
    pub skipped: u64,
    /// Of the good frames: passed on after a repair.
    pub mended: u64,
}

/// Time that pictures took in one stage, in microseconds. 2^32-1 twice means `None` on the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StageTimes {
    /// Half of the pictures took no longer.
    pub p50: u32,
    /// 99 of a hundred took no longer.
    pub p99: u32,
}

/// Whether a machine is slowed down now. Bits of later versions are kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Throttling(pub u8);

impl Throttling {
    /// The machine tells the other bits, as a Raspberry Pi does.
    pub const KNOWN: u8 = 1;
    /// The supply is too weak.
    pub const UNDERVOLTED: u8 = 1 << 1;
    /// The processor is slowed down.
    pub const SLOWED: u8 = 1 << 2;

    /// Whether all of these bits are set.
    pub const fn contains(self, bits: u8) -> bool {
        self.0 & bits == bits
    }
}

impl CameraStats {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let stats = Self {
            agreed_fps: reader.u32("agreed rate")?,
            tenths_of_fps: reader.u32("rate")?,
            counts: FrameCounts::read(reader)?,
            capture: StageTimes::read(reader, "capture")?,
            encode: StageTimes::read(reader, "encode")?,
            wait: StageTimes::read(reader, "wait")?,
            viewers: reader.u16("viewers")?,
            sent: count(reader, "sent")?,
            dropped: count(reader, "dropped")?,
            left_out: count(reader, "left out")?,
            temperature: Some(reader.i16("temperature")?).filter(|tenths| *tenths != i16::MIN),
            throttling: Throttling(reader.u8("throttling")?),
        };
        reader.skip_extensions()?;
        Ok(stats)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.agreed_fps)?;
        writer.u32(self.tenths_of_fps)?;
        self.counts.write(writer)?;
        for times in [self.capture, self.encode, self.wait] {
            let StageTimes { p50, p99 } = times.unwrap_or(StageTimes::NONE);
            writer.u32(p50)?;
            writer.u32(p99)?;
        }
        writer.u16(self.viewers)?;
        for pictures in [self.sent, self.dropped, self.left_out] {
            writer.u64(pictures)?;
        }
        writer.i16(self.temperature.unwrap_or(i16::MIN))?;
        writer.u8(self.throttling.0)
    }
}

impl FrameCounts {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            good: count(reader, "good frames")?,
            stale: count(reader, "stale frames")?,
            damaged: count(reader, "damaged frames")?,
            unusable: count(reader, "unusable frames")?,
            too_large: count(reader, "too large frames")?,
            skipped: count(reader, "skipped frames")?,
            mended: count(reader, "mended frames")?,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        for frames in [
            self.good,
            self.stale,
            self.damaged,
            self.unusable,
            self.too_large,
            self.skipped,
            self.mended,
        ] {
            writer.u64(frames)?;
        }
        Ok(())
    }
}

impl StageTimes {
    const NONE: Self = Self {
        p50: u32::MAX,
        p99: u32::MAX,
    };

    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Option<Self>, DecodeError> {
        let p50 = reader.u32(field)?;
        let p99 = reader.u32(field)?;
        Ok(Some(Self { p50, p99 }).filter(|times| *times != Self::NONE))
    }
}

fn count(reader: &mut Reader<'_>, field: &'static str) -> Result<u64, DecodeError> {
    reader.at_most(limits::COUNT, field)
}
