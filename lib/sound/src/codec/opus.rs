//! Opus, by the crate opus-pure; all that this project knows of it is in this file.
//!
//! Restricted low delay (CELT alone, 2.5 ms of lookahead), complexity 5, packets of 10 ms that all
//! have 90 bytes. From a peer any Opus packet is taken that lasts as long as its format announced.
//!
//! Constant size, because the lengths of records are seen on the network: packets of variable size
//! tell much of what is said, however well they are sealed (RFC 6562). Against the variable
//! 64 kbit/s that telephony uses (made speech, segmental SNR of three speakers):
//!
//! | | longest packet | SNR dB |
//! |---|---|---|
//! | 64 kbit/s variable | 176 | 18.4 - 20.1 |
//! | 64 kbit/s constant | 80 | 17.3 - 19.1 |
//! | **72 kbit/s constant** | 90 | 19.1 - 20.9 |

use opus_pure::{Application, Error, OpusDecoder, OpusEncoder, RateControl, packet};

use super::{CodecError, MAX_FRAME};
use crate::{BLOCK, RATE};

pub(super) const BUILT_IN: bool = true;

#[derive(Debug)]
pub(super) struct Encoder(Box<OpusEncoder>);

impl Encoder {
    pub(super) fn new() -> Result<Encoder, CodecError> {
        let mut encoder = OpusEncoder::new(RATE as i32, 1, Application::RestrictedLowDelay)
            .map_err(not_made("encoder"))?;
        encoder.bitrate_bps = BITRATE;
        encoder.complexity = COMPLEXITY;
        encoder.rate_control = RateControl::Cbr;
        Ok(Encoder(Box::new(encoder)))
    }

    pub(super) fn encode(&mut self, block: &[i16; BLOCK], frame: &mut Vec<u8>) {
        frame.resize(MAX_PACKET_BYTES, 0);
        // Its errors are arguments out of range, which these are not. An empty frame would be one
        // that no decoder takes; the next comes in 10 ms.
        let length = self.0.encode_s16(block, BLOCK, frame).unwrap_or(0);
        frame.truncate(length);
    }
}

#[derive(Debug)]
pub(super) struct Decoder(Box<OpusDecoder>);

impl Decoder {
    pub(super) fn new() -> Result<Decoder, CodecError> {
        let decoder = OpusDecoder::new(RATE as i32, 1).map_err(not_made("decoder"))?;
        Ok(Decoder(Box::new(decoder)))
    }

    pub(super) fn decode(
        &mut self,
        bytes: &[u8],
        announced: usize,
        samples: &mut Vec<i16>,
    ) -> Result<(), CodecError> {
        let damaged = CodecError::Packet(bytes.len());
        // Empty would mean "lost" to the decoder, and longer than Opus allows is no packet.
        if bytes.is_empty() || bytes.len() > MAX_PACKET_BYTES {
            return Err(damaged);
        }
        let got = packet::samples_48k(bytes).map_err(|_| damaged)?;
        if got != announced || got > usize::from(MAX_FRAME) {
            return Err(CodecError::Length { got, announced });
        }
        samples.resize(got, 0);
        match self.0.decode_s16(bytes, got, samples) {
            Ok(count) if count == got => Ok(()),
            _ => {
                samples.clear();
                Err(damaged)
            }
        }
    }
}

fn not_made(coder: &'static str) -> impl Fn(Error) -> CodecError {
    move |why| {
        let why = match why {
            Error::InvalidArgument(why) | Error::Internal(why) => why,
            _ => "no reason is given",
        };
        CodecError::NotMade { coder, why }
    }
}

/// 90 bytes each 10 ms.
const BITRATE: i32 = 72_000;
const COMPLEXITY: i32 = 5;
/// An Opus frame is at most this long (RFC 6716, 3.4).
const MAX_PACKET_BYTES: usize = 1_275;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_that_can_not_be_made_says_why() {
        let decoder = OpusDecoder::new(RATE as i32, 7).map_err(not_made("decoder"));
        assert_eq!(
            decoder.err().unwrap().to_string(),
            "the Opus decoder can't be made: Invalid number of channels"
        );
    }
}
