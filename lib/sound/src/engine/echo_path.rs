//! What is done against echo: the canceller, ducking, or nothing. The reference is what was written
//! to the loudspeaker, silence included.

use super::EchoMode;
use crate::{BLOCK, Duck, Echo, Level};

pub(crate) struct EchoPath {
    mode: EchoMode,
    /// Less than a block of what was played.
    waiting: Vec<i16>,
    far: Level,
    duck: Duck,
    echo: Option<Echo>,
}

impl EchoPath {
    pub(crate) fn new(mode: EchoMode) -> Self {
        Self {
            mode,
            waiting: Vec::with_capacity(2 * BLOCK),
            far: Level::new(),
            duck: Duck::new(),
            echo: (mode == EchoMode::Cancel).then(Echo::new).flatten(),
        }
    }

    /// Takes in what was written to the loudspeaker.
    pub(crate) fn played(&mut self, samples: &[i16]) {
        if self.mode == EchoMode::Off {
            return;
        }
        self.waiting.extend_from_slice(samples);
        let mut taken = 0;
        while let Some(block) = self.waiting.get(taken..taken + BLOCK) {
            let block: &[i16; BLOCK] = block.try_into().expect("a slice of BLOCK samples");
            match &mut self.echo {
                Some(echo) => echo.played(block),
                None => self.duck.far(self.far.add(block)),
            }
            taken += BLOCK;
        }
        self.waiting.drain(..taken);
    }

    /// Takes the echo from a block of the microphone.
    pub(crate) fn heard(&mut self, block: &mut [i16; BLOCK]) {
        match (self.mode, &mut self.echo) {
            (EchoMode::Off, _) => {}
            (_, Some(echo)) => echo.heard(block),
            (_, None) => self.duck.apply(block),
        }
    }
}
