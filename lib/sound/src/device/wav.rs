//! The least of WAV that a device needs: 48 kHz, one channel, 16 bit.

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;

/// The samples of a file.
pub(super) fn read(path: &Path) -> io::Result<Vec<i16>> {
    let bytes = std::fs::read(path)?;
    let bad = || io::Error::new(ErrorKind::InvalidData, "no WAV of 48 kHz, mono, 16 bit");
    let (header, sound) = bytes.split_at_checked(44).ok_or_else(bad)?;
    let format = [1, 0, 1, 0, 0x80, 0xbb, 0, 0];
    if &header[..4] != b"RIFF" || header[20..28] != format || header[34] != 16 {
        return Err(bad());
    }
    let pairs = sound.chunks_exact(2);
    Ok(pairs
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect())
}

/// Writes a file that is valid after every call.
pub(super) struct WavWriter {
    file: File,
    bytes: u32,
}

impl WavWriter {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut writer = Self {
            file: File::create(path)?,
            bytes: 0,
        };
        writer.write(&[])?;
        Ok(writer)
    }

    pub(super) fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        self.bytes += u32::try_from(bytes.len()).unwrap_or(0);
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(self.bytes))?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(&bytes)
    }
}

fn header(bytes: u32) -> Vec<u8> {
    let mut header = b"RIFF".to_vec();
    header.extend((bytes + 36).to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16_u32.to_le_bytes());
    header.extend([1, 0, 1, 0]);
    header.extend(48_000_u32.to_le_bytes());
    header.extend(96_000_u32.to_le_bytes());
    header.extend([2, 0, 16, 0]);
    header.extend(b"data");
    header.extend(bytes.to_le_bytes());
    header
}
