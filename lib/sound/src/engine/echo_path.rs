//! The echo control between loudspeaker and microphone, whose reference comes in other pieces than
//! blocks.

use std::time::Duration;

use crate::{BLOCK, Echo, EchoMode};

pub(crate) struct EchoPath {
    echo: Echo,
    /// Less than a block of what was written to the loudspeaker.
    waiting: Vec<i16>,
}

impl EchoPath {
    pub(crate) fn new(mode: EchoMode) -> Self {
        Self {
            echo: Echo::new(mode),
            waiting: Vec::with_capacity(2 * BLOCK),
        }
    }

    /// Takes what was written to the loudspeaker, silence included.
    pub(crate) fn played(&mut self, samples: &[i16]) {
        self.waiting.extend_from_slice(samples);
        let (blocks, rest) = self.waiting.as_chunks::<BLOCK>();
        for block in blocks {
            self.echo.played(block);
        }
        let taken = self.waiting.len() - rest.len();
        self.waiting.drain(..taken);
    }

    /// How much older than its time a block is after [`heard`](Self::heard).
    pub(crate) fn delay(&self) -> Duration {
        self.echo.delay()
    }

    /// Takes the echo out of a block of the microphone.
    pub(crate) fn heard(&mut self, block: &mut [i16; BLOCK]) {
        self.echo.heard(block);
    }
}
