use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};

use crate::RATE;

/// Writes a WAV file of 48 kHz, one channel, 16 bit.
#[derive(Debug)]
pub struct WavWriter<W> {
    output: W,
    /// Bytes of sound that were written, and of those what the header says.
    bytes: u64,
    noted: u64,
    /// Writes the sizes into the header, where the output can go back.
    note: fn(&mut W, u64) -> io::Result<()>,
    buffer: Vec<u8>,
}

impl<W: Write + Seek> WavWriter<W> {
    /// Writes to a file: the header says how much there is, and is at most a second late.
    pub fn new(output: W) -> io::Result<WavWriter<W>> {
        WavWriter::start(output, 0, note_sizes)
    }

    /// Goes on behind the sound of a file that [`new`](Self::new) has begun; an empty file is
    /// begun.
    ///
    /// # Errors
    /// `InvalidData` when the file holds anything else, which is left as it is.
    pub fn resume(mut output: W) -> io::Result<WavWriter<W>>
    where
        W: Read,
    {
        let length = output.seek(SeekFrom::End(0))?;
        if length == 0 {
            return WavWriter::new(output);
        }
        let mut begun = [0; HEADER];
        output.seek(SeekFrom::Start(0))?;
        output.read_exact(&mut begun)?;
        if !is_ours(&begun) {
            let why = "it holds something else by now";
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
        // Half a sample at the end is what a full disk left.
        let bytes = (length - HEADER as u64) & !1;
        output.seek(SeekFrom::Start(HEADER as u64 + bytes))?;
        Ok(WavWriter::over(output, bytes, note_sizes))
    }
}

impl<W: Write> WavWriter<W> {
    /// Writes to a pipe: the header says "to the end".
    pub fn stream(output: W) -> io::Result<WavWriter<W>> {
        WavWriter::start(output, u64::MAX, |_, _| Ok(()))
    }

    /// Goes on with a pipe that has got its header.
    pub fn resume_stream(output: W) -> WavWriter<W> {
        WavWriter::over(output, 0, |_, _| Ok(()))
    }

    fn start(
        mut output: W,
        size: u64,
        note: fn(&mut W, u64) -> io::Result<()>,
    ) -> io::Result<WavWriter<W>> {
        output.write_all(&header(size))?;
        Ok(WavWriter::over(output, 0, note))
    }

    fn over(output: W, bytes: u64, note: fn(&mut W, u64) -> io::Result<()>) -> WavWriter<W> {
        WavWriter {
            output,
            bytes,
            noted: bytes,
            note,
            buffer: Vec::new(),
        }
    }

    /// Appends samples.
    pub fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        self.buffer.clear();
        let bytes = samples.iter().flat_map(|sample| sample.to_le_bytes());
        self.buffer.extend(bytes);
        self.output.write_all(&self.buffer)?;
        self.bytes += self.buffer.len() as u64;
        if self.bytes - self.noted >= NOTE_EACH {
            self.note()?;
        }
        Ok(())
    }

    /// Completes the header.
    pub fn finish(mut self) -> io::Result<W> {
        self.note()?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn note(&mut self) -> io::Result<()> {
        self.noted = self.bytes;
        (self.note)(&mut self.output, self.bytes)
    }
}

/// One second of sound.
const NOTE_EACH: u64 = 2 * RATE as u64;
const HEADER: usize = 44;

fn note_sizes<W: Write + Seek>(output: &mut W, size: u64) -> io::Result<()> {
    output.seek(SeekFrom::Start(0))?;
    output.write_all(&header(size))?;
    output.seek(SeekFrom::End(0))?;
    Ok(())
}

/// Whether a file begins with a header of ours, whatever its sizes.
fn is_ours(begun: &[u8; HEADER]) -> bool {
    let empty = header(0);
    begun[..4] == empty[..4] && begun[8..40] == empty[8..40]
}

/// The header before this many bytes of sound; of 4 GiB and more it says "to the end".
fn header(size: u64) -> [u8; HEADER] {
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    let mut header = [0; HEADER];
    let mut rest = header.as_mut_slice();
    let parts: [&[u8]; 12] = [
        b"RIFF",
        &size.saturating_add(36).to_le_bytes(),
        b"WAVEfmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(), // PCM
        &1_u16.to_le_bytes(), // channel
        &RATE.to_le_bytes(),
        &(2 * RATE).to_le_bytes(), // bytes a second
        &2_u16.to_le_bytes(),      // bytes a frame
        &16_u16.to_le_bytes(),     // bits
        b"data",
        &size.to_le_bytes(),
    ];
    for part in parts {
        let (here, behind) = rest.split_at_mut(part.len());
        here.copy_from_slice(part);
        rest = behind;
    }
    header
}
