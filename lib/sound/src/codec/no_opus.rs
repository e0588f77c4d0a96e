//! A build without Opus: the same types as `opus.rs`, of which none can be made.

use std::convert::Infallible;

use super::CodecError;
use crate::BLOCK;

pub(super) const BUILT_IN: bool = false;

#[derive(Debug)]
pub(super) struct Encoder(Infallible);

impl Encoder {
    pub(super) fn new() -> Result<Encoder, CodecError> {
        Err(CodecError::NotBuiltIn)
    }

    pub(super) fn encode(&mut self, _: &[i16; BLOCK], _: &mut Vec<u8>) {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(super) struct Decoder(Infallible);

impl Decoder {
    pub(super) fn new() -> Result<Decoder, CodecError> {
        Err(CodecError::NotBuiltIn)
    }

    pub(super) fn decode(
        &mut self,
        _: &[u8],
        _: usize,
        _: &mut Vec<i16>,
    ) -> Result<(), CodecError> {
        match self.0 {}
    }
}
