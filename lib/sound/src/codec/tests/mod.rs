#[cfg(feature = "opus")]
mod opus;

use super::{Codec, CodecError, Decoder, Encoder, Format};
use crate::BLOCK;

fn ramp() -> [i16; BLOCK] {
    std::array::from_fn(|at| (at as i16).wrapping_mul(137))
}

#[test]
fn pcm_is_lossless_bit_by_bit() {
    let mut encoder = Encoder::new(Codec::Pcm).unwrap();
    let mut decoder = Decoder::new(encoder.format()).unwrap();
    let (mut frame, mut samples) = (Vec::new(), Vec::new());
    encoder.encode(&ramp(), &mut frame);
    assert_eq!(frame.len(), 2 * BLOCK);
    assert_eq!(frame[2..4], 137_i16.to_le_bytes());
    decoder.decode(&frame, &mut samples).unwrap();
    assert_eq!(samples, ramp());
}

#[test]
fn a_frame_that_is_not_as_long_as_announced_is_refused() {
    let mut decoder = Decoder::new(Format::of(Codec::Pcm)).unwrap();
    let mut samples = vec![1];
    for bytes in [0, 1, 2 * BLOCK - 1, 2 * BLOCK + 1, 4 * BLOCK] {
        let refused = decoder.decode(&vec![0; bytes], &mut samples);
        let (got, announced) = (bytes / 2, BLOCK);
        assert_eq!(refused, Err(CodecError::Length { got, announced }));
        assert!(samples.is_empty());
    }
}

#[test]
fn a_format_that_is_not_ours_is_refused() {
    let format = Format::of(Codec::Pcm);
    let refused = |format| Decoder::new(format).map(drop).unwrap_err();
    assert_eq!(
        refused(Format {
            rate: 44_100,
            ..format
        }),
        CodecError::Rate(44_100)
    );
    assert_eq!(
        refused(Format {
            channels: 2,
            ..format
        }),
        CodecError::Channels(2)
    );
    for frame in [0, 119, 1_921, u16::MAX] {
        assert_eq!(
            refused(Format { frame, ..format }),
            CodecError::Frame(frame)
        );
    }
    for frame in [120, 1_920] {
        assert!(Decoder::new(Format { frame, ..format }).is_ok());
    }
}

#[test]
fn opus_is_there_when_it_is_built_in() {
    let encoder = Encoder::new(Codec::Opus);
    let decoder = Decoder::new(Format::of(Codec::Opus));
    assert_eq!(encoder.is_ok(), cfg!(feature = "opus"));
    assert_eq!(decoder.is_ok(), cfg!(feature = "opus"));
    assert_eq!(Codec::Opus.is_built_in(), cfg!(feature = "opus"));
}
