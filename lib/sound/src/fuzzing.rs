//! Laws for fuzzers and tests, and the samples they need. Not part of the API.

use std::io::{self, Cursor, Read};
use std::time::Duration;

use crate::playout::MAX_QUEUED;
use crate::{
    BLOCK, Codec, Decoder, Encoder, Format, MAX_LIP_SYNC, Playout, WavReader, WavWriter, time_of,
};

#[cfg(target_os = "linux")]
pub use crate::device::server_reply as server;

/// A packet gives as many samples as were announced, or an error and none; and two decoders that
/// were given the same say the same. The first byte picks the announced length; each packet
/// follows its own length, in two bytes.
pub fn opus(bytes: &[u8]) {
    let Some((first, mut rest)) = bytes.split_first() else {
        return;
    };
    let format = Format {
        frame: [120, 240, 480, 960, 1_920][usize::from(*first) % 5],
        ..Format::of(Codec::Opus)
    };
    let decoder = || Decoder::new(format).expect("built with Opus, and a format in range");
    let (mut one, mut two) = (decoder(), decoder());
    let (mut heard, mut again) = (Vec::new(), vec![1]);
    while let Some(packet) = cut(&mut rest) {
        let verdict = one.decode(packet, &mut heard);
        assert_eq!(verdict, two.decode(packet, &mut again));
        assert!(heard == again);
        let wanted = verdict.map_or(0, |()| usize::from(format.frame));
        assert_eq!(heard.len(), wanted);
    }
}

/// Whatever comes and whenever, the queue is bounded, the counts only grow, and after the end all
/// falls silent.
pub fn playout(bytes: &[u8]) {
    let mut playout = Playout::new();
    let (mut sequence, mut now) = (0_u32, Duration::ZERO);
    let mut out = [0; 1_000];
    let mut last = playout.stats();
    for order in bytes.chunks_exact(2) {
        let amount = usize::from(order[1]);
        match order[0] % 8 {
            0..=2 => {
                let samples = vec![i16::from_be_bytes([order[1], order[0]]); 16 * amount];
                playout.push(sequence, now, &samples, now);
                sequence = sequence.wrapping_add(1);
            }
            3 => sequence = sequence.wrapping_add(amount as u32).rotate_left(8),
            4 => playout.end(),
            5 => playout.raise_reserve(Duration::from_millis(amount as u64)),
            6 => now += Duration::from_millis(amount as u64),
            _ => playout.pull(&mut out[..3 * amount], now),
        }
        let stats = playout.stats();
        assert!(stats.queued <= time_of(MAX_QUEUED), "{stats:?}");
        assert!(
            stats.reserve <= Duration::from_millis(80) + MAX_LIP_SYNC,
            "{stats:?}"
        );
        assert!(
            stats.dry_runs >= last.dry_runs && stats.cut >= last.cut,
            "{stats:?}"
        );
        last = stats;
    }
    playout.end();
    for _ in 0..100 {
        now += time_of(out.len());
        playout.pull(&mut out, now);
    }
    assert!(out == [0; 1_000]);
    assert_eq!(playout.stats().captured_now, None);
}

/// However a file comes in, the same sound is read, not more than its bytes can hold; and what is
/// read reads back when it is written.
pub fn wav(bytes: &[u8]) {
    let Ok(mut whole) = WavReader::new(bytes) else {
        assert!(WavReader::new(Trickle(bytes)).is_err());
        return;
    };
    let sound = whole.read_all().expect("memory can be read");
    // 4 kHz of 8 bit gives twelve samples for each byte, and the converter a tail.
    assert!(sound.len() <= 12 * bytes.len() + 256, "{}", sound.len());
    let mut pieces = WavReader::new(Trickle(bytes)).expect("as before");
    assert!(pieces.read_all().expect("memory can be read") == sound);
    let mut writer = WavWriter::new(Cursor::new(Vec::new())).expect("memory can be written");
    writer.write(&sound).expect("memory can be written");
    let file = writer.finish().expect("memory can be written").into_inner();
    let mut again = WavReader::new(file.as_slice()).expect("our own file");
    assert!(again.read_all().expect("memory can be read") == sound);
}

/// Packets of ours, each behind its length, as [`opus`] takes them; the first byte is for 10 ms.
pub fn packets(sound: &[i16]) -> Vec<u8> {
    let mut encoder = Encoder::new(Codec::Opus).expect("built with Opus");
    let mut bytes = vec![2];
    let mut packet = Vec::new();
    for block in sound.as_chunks::<BLOCK>().0 {
        encoder.encode(block, &mut packet);
        bytes.extend((packet.len() as u16).to_be_bytes());
        bytes.extend(&packet);
    }
    bytes
}

/// Takes the next packet off, or what is left of it.
fn cut<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
    let (packet, behind) = behind.split_at(length);
    *rest = behind;
    Some(packet)
}

/// Reads three bytes at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(3);
        self.0.read(&mut out[..count])
    }
}
