use std::io::Cursor;

use super::{WavError, WavReader, WavWriter};
use crate::RATE;
use crate::measure::{snr_db, speech};

/// A file with this `fmt ` (tag, channels, rate, bits) and data, and a chunk nobody knows.
fn file(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVELIST\x05\0\0\0INFO\x01\0fmt \x10\0\0\0".to_vec();
    file.extend(tag.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend([0; 6]);
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

fn read(file: &[u8]) -> Vec<i16> {
    WavReader::new(file).unwrap().read_all().unwrap()
}

fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

#[test]
fn what_is_written_reads_back() {
    let sound = speech(3.0, 1);
    let mut writer = WavWriter::new(Cursor::new(Vec::new())).unwrap();
    for block in sound.chunks(480) {
        writer.write(block).unwrap();
    }
    let file = writer.finish().unwrap().into_inner();
    assert_eq!(file.len(), 44 + 2 * sound.len());
    let size = (file.len() as u32 - 8).to_le_bytes();
    assert_eq!(file[4..8], size);
    assert!(read(&file) == sound);
}

#[test]
fn a_killed_writer_leaves_a_file_that_plays() {
    let sound = speech(2.5, 2);
    let mut output = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut output).unwrap();
    for block in sound.chunks(480) {
        writer.write(block).unwrap();
    }
    drop(writer);
    let file = output.into_inner();
    // The header knows the first two of the two and a half seconds, and our reader believes it.
    assert_eq!(read(&file).len(), 2 * RATE as usize);
    assert!(sound.starts_with(&read(&file)));
    // In its first second it knows nothing, and everything is read.
    let mut output = Cursor::new(Vec::new());
    let mut early = WavWriter::new(&mut output).unwrap();
    early.write(&sound[..1_000]).unwrap();
    let mut file = output.into_inner();
    assert_eq!(read(&file), sound[..1_000]);
    file.truncate(44 + 999);
    assert_eq!(read(&file), sound[..499]);
}

#[test]
fn a_pipe_is_read_to_its_end() {
    let sound = speech(0.1, 3);
    let mut writer = WavWriter::stream(Vec::new()).unwrap();
    writer.write(&sound).unwrap();
    let file = writer.finish().unwrap();
    assert_eq!(file[40..44], [0xff; 4]);
    assert!(read(&file) == sound);
}

#[test]
fn every_width_reads_as_16_bit() {
    assert_eq!(read(&file(1, 1, RATE, 16, &bytes(&[1, -2, 3]))), [1, -2, 3]);
    assert_eq!(
        read(&file(1, 1, RATE, 8, &[128, 255, 0])),
        [0, 32_512, i16::MIN]
    );
    let wide = [0, 0x34, 0x12, 0xff, 0xff, 0xff];
    assert_eq!(read(&file(1, 1, RATE, 24, &wide)), [0x1234, 0]);
    let wide = [0, 0, 0x34, 0x12, 0, 0, 0, 0x80];
    assert_eq!(read(&file(1, 1, RATE, 32, &wide)), [0x1234, i16::MIN]);
    let floats = [0.5_f32, -2.0, f32::NAN, f32::INFINITY];
    let floats: Vec<u8> = floats.iter().flat_map(|f| f.to_le_bytes()).collect();
    let wanted = [16_384, i16::MIN, 0, i16::MAX];
    assert_eq!(read(&file(3, 1, RATE, 32, &floats)), wanted);
    let doubles: Vec<u8> = [0.25_f64].iter().flat_map(|f| f.to_le_bytes()).collect();
    assert_eq!(read(&file(3, 1, RATE, 64, &doubles)), [8_192]);
}

#[test]
fn channels_are_mixed_and_rates_converted() {
    let stereo = file(1, 2, RATE, 16, &bytes(&[100, 300, -50, 50]));
    assert_eq!(read(&stereo), [200, 0]);
    for rate in [8_000, 22_050, 44_100, 96_000, 192_000] {
        let tone = |rate: u32, at: usize| {
            (9_000.0 * (at as f64 * 440.0 / f64::from(rate) * std::f64::consts::TAU).sin()) as i16
        };
        let samples: Vec<i16> = (0..rate as usize).map(|at| tone(rate, at)).collect();
        let heard = read(&file(1, 1, rate, 16, &bytes(&samples)));
        let off = heard.len().abs_diff(RATE as usize);
        assert!(off <= 6, "{rate} Hz: {off} samples too many or too few");
        let wanted: Vec<i16> = (0..RATE as usize).map(|at| tone(RATE, at)).collect();
        let within = 1_000..47_000;
        let snr = snr_db(&wanted[within.clone()], &heard[within]);
        assert!(snr > 60.0, "{rate} Hz: {snr} dB");
    }
}

#[test]
fn the_extensible_format_is_read() {
    let mut file = b"RIFF\xff\xff\xff\xffWAVEfmt \x28\0\0\0\xfe\xff\x01\0\x80\xbb\0\0".to_vec();
    file.extend([0, 0, 0, 0, 2, 0, 16, 0, 22, 0, 16, 0, 4, 0, 0, 0, 1, 0]);
    file.extend([0; 14]);
    file.extend(b"data\0\0\0\0\x07\0\x08\0");
    assert_eq!(read(&file), [7, 8]);
}

#[test]
fn a_size_that_is_not_true_is_read_as_far_as_it_goes() {
    let whole = file(1, 1, RATE, 16, &bytes(&[5; 2_000]));
    for cut in [0, 1, 2, 3_999] {
        let short = &whole[..whole.len() - cut];
        assert_eq!(read(short).len(), 2_000 - cut.div_ceil(2));
    }
    // What follows the sound is no sound.
    let tagged = [whole.as_slice(), b"LIST\x04\0\0\0INFO"].concat();
    assert_eq!(read(&tagged).len(), 2_000);
}

#[test]
fn what_is_no_wav_file_is_refused() {
    let refused = |file: &[u8]| WavReader::new(file).map(drop).unwrap_err();
    let good = file(1, 1, RATE, 16, &[0; 4]);
    let data = good.len() - 4;
    for cut in 0..data {
        assert!(matches!(refused(&good[..cut]), WavError::NotWav), "{cut}");
    }
    assert!(matches!(refused(b"RIFF\0\0\0\0AVI LIST"), WavError::NotWav));
    assert!(matches!(
        refused(b"RIFF\0\0\0\0WAVEdata\0\0\0\0"),
        WavError::NotWav
    ));
    for (tag, channels, bits) in [(2, 1, 4), (1, 0, 16), (1, 65, 16), (1, 1, 12), (3, 1, 16)] {
        let refused = refused(&file(tag, channels, RATE, bits, &[0; 4]));
        assert!(matches!(refused, WavError::Layout { .. }), "{refused}");
    }
    for rate in [0, 3_999, 768_001, u32::MAX] {
        let refused = refused(&file(1, 1, rate, 16, &[0; 4]));
        assert!(matches!(refused, WavError::Rate(_)), "{refused}");
    }
    // A chunk that claims more than any header has.
    let huge = b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\x7f".as_slice();
    assert!(matches!(refused(huge), WavError::NotWav));
}
