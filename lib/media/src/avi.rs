//! Writes pictures as a Motion JPEG AVI that common players open. It buffers nothing but the index,
//! and a file that is cut off still plays.

use std::io::{self, Seek, SeekFrom, Write};

use crate::Picture;

/// Bytes after which an AVI of the old kind ends: many readers take the sizes as signed.
const MAX_BYTES: u64 = 2_000_000_000;
/// Pictures of one file: 8 bytes of index each, a day at 12 fps.
const MAX_PICTURES: usize = 1_000_000;

/// A Motion JPEG AVI being written.
///
/// ```text
/// RIFF AVI ( LIST hdrl ( avih, LIST strl ( strh, strf ) ), LIST movi ( 00dc .. ), idx1 )
/// ```
///
/// ```
/// # use std::io::Cursor;
/// # use std::time::Instant;
/// # use transom_media::{AviWriter, Picture};
/// # let jpeg = transom_media::fuzzing::sample(64, 48);
/// # let now = Instant::now();
/// # let picture = Picture {
/// #     jpeg: jpeg.into(), width: 64, height: 48, orientation: 1, sequence: 0,
/// #     captured: now, acquired: now, ready: now,
/// # };
/// let mut avi = AviWriter::new(Cursor::new(Vec::new()), 64, 48)?;
/// avi.write(&picture)?;
/// let file = avi.finish()?.into_inner();
/// assert!(file.starts_with(b"RIFF"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct AviWriter<W: Write + Seek> {
    out: W,
    size: (u16, u16),
    /// Offset within `movi` and length of each picture.
    index: Vec<(u32, u32)>,
    written: u64,
    times: Option<(std::time::Instant, std::time::Instant)>,
}

impl<W: Write + Seek> AviWriter<W> {
    /// Begins a file for pictures of this size.
    pub fn new(mut out: W, width: u16, height: u16) -> io::Result<Self> {
        let size = (width, height);
        out.write_all(&head(size, 0, 0, 33_333))?;
        Ok(Self {
            out,
            size,
            index: Vec::new(),
            written: HEAD as u64,
            times: None,
        })
    }

    /// Adds a picture; false where the file is full and a new one has to be begun.
    pub fn write(&mut self, picture: &Picture) -> io::Result<bool> {
        let Ok(length) = u32::try_from(picture.jpeg.len()) else {
            return Ok(false);
        };
        let after = self.written + u64::from(length) + 9 + 16 * (self.index.len() as u64 + 1);
        if after > MAX_BYTES || self.index.len() >= MAX_PICTURES {
            return Ok(false);
        }
        let offset = (self.written - (HEAD as u64 - 4)) as u32;
        self.out.write_all(b"00dc")?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(&picture.jpeg)?;
        // Chunks begin at even offsets.
        self.out.write_all(&[0][..(length % 2) as usize])?;
        self.written += 8 + u64::from(length + length % 2);
        self.index.push((offset, length));
        let first = self.times.map_or(picture.captured, |(first, _)| first);
        self.times = Some((first, picture.captured));
        Ok(true)
    }

    /// Writes the index and the sizes, and gives the file back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(b"idx1")?;
        self.out
            .write_all(&(self.index.len() as u32 * 16).to_le_bytes())?;
        for (offset, length) in &self.index {
            self.out.write_all(b"00dc")?;
            for value in [0x10, *offset, *length] {
                self.out.write_all(&value.to_le_bytes())?;
            }
        }
        self.out.seek(SeekFrom::Start(0))?;
        let head = head(
            self.size,
            self.index.len() as u32,
            self.written as u32,
            self.interval(),
        );
        self.out.write_all(&head)?;
        self.out.seek(SeekFrom::End(0))?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Pictures written.
    pub fn pictures(&self) -> usize {
        self.index.len()
    }

    /// Mean microseconds from picture to picture; AVI has one pace for all.
    fn interval(&self) -> u32 {
        let steps = self.index.len().saturating_sub(1) as u128;
        let span = self.times.map_or(0, |(first, last)| {
            last.saturating_duration_since(first).as_micros()
        });
        match span.checked_div(steps) {
            Some(mean) => u32::try_from(mean)
                .unwrap_or(u32::MAX)
                .clamp(1, 3_600_000_000),
            None => 33_333,
        }
    }
}

/// Bytes before the first picture.
const HEAD: usize = 224;

fn head((width, height): (u16, u16), count: u32, written: u32, interval: u32) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        head[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    let (wide, high) = (u32::from(width), u32::from(height));
    let movi = written.saturating_sub(HEAD as u32 - 4);
    let whole = written.saturating_sub(8) + 8 + count * 16;
    let number = |value: u32| value.to_le_bytes();
    // The main header says that there is an index.
    put(b"RIFF");
    put(&number(whole));
    put(b"AVI LIST");
    put(&number(192));
    put(b"hdrlavih");
    put(&number(56));
    for value in [interval, 0, 0, 0x10, count, 0, 1, 0, wide, high, 0, 0, 0, 0] {
        put(&number(value));
    }
    put(b"LIST");
    put(&number(116));
    put(b"strlstrh");
    put(&number(56));
    put(b"vidsMJPG");
    for value in [0, 0, 0, interval, 1_000_000, 0, count, 0, u32::MAX, 0] {
        put(&number(value));
    }
    for value in [0, 0, width, height] {
        put(&value.to_le_bytes());
    }
    put(b"strf");
    put(&number(40));
    for value in [40, wide, high, 1 | 24 << 16] {
        put(&number(value));
    }
    put(b"MJPG");
    for value in [wide.saturating_mul(high).saturating_mul(3), 0, 0, 0, 0] {
        put(&number(value));
    }
    put(b"LIST");
    put(&number(movi));
    put(b"movi");
    debug_assert_eq!(at, HEAD);
    head
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::fuzzing::sample;

    fn number(file: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(file[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn sizes_and_index_agree_with_the_bytes() {
        let now = Instant::now();
        let mut avi = AviWriter::new(Cursor::new(Vec::new()), 64, 48).unwrap();
        let jpegs = [sample(64, 48), sample(64, 48)[..301].to_vec()];
        for (number, jpeg) in jpegs.iter().enumerate() {
            let captured = now + Duration::from_millis(40) * number as u32;
            let picture = Picture {
                jpeg: jpeg.as_slice().into(),
                width: 64,
                height: 48,
                orientation: 1,
                sequence: 0,
                captured,
                acquired: now,
                ready: now,
            };
            assert!(avi.write(&picture).unwrap());
        }
        let file = avi.finish().unwrap().into_inner();
        assert_eq!(number(&file, 4) as usize, file.len() - 8, "RIFF size");
        assert_eq!(number(&file, 32), 40_000, "microseconds a picture");
        assert_eq!(&file[HEAD - 4..HEAD], b"movi");
        let index = HEAD - 4 + number(&file, HEAD - 8) as usize;
        assert_eq!(&file[index..index + 4], b"idx1");
        for (entry, jpeg) in jpegs.iter().enumerate() {
            let at = index + 8 + entry * 16;
            let chunk = HEAD - 4 + number(&file, at + 8) as usize;
            assert_eq!(&file[chunk..chunk + 4], b"00dc");
            assert_eq!(number(&file, chunk + 4) as usize, jpeg.len());
            assert_eq!(file[chunk + 8..chunk + 8 + jpeg.len()], jpeg[..]);
        }
    }
}
