//! Ducking: the microphone goes down while its own loudspeaker speaks, so that the other side
//! does not hear itself. Half duplex, but it needs no room model and costs nothing.
//!
//! Far sound over -45 dBFS -> microphone -30 dB within a block. The sound is still on its way
//! through loudspeaker, air and microphone when it was written, so the gain stays down for
//! [`HOLD`] and is back [`RELEASE`] later. That time is counted by the microphone, so that it also
//! passes after the loudspeaker was lost. In a made room (60 ms late, tail of 0.25 s) this takes
//! 30 dB off the echo, and the near voice alone keeps all its clarity (`echo::tests`).

use std::time::Duration;

use crate::level::level_db;
use crate::{BLOCK, samples_of};

/// Turns down a microphone by what its loudspeaker plays.
#[derive(Debug)]
pub(crate) struct Duck {
    /// Samples of the microphone since the far side was last heard, as far as they matter.
    quiet: usize,
    gain: f32,
}

impl Duck {
    pub(crate) fn new() -> Duck {
        Duck {
            quiet: HOLD + RELEASE,
            gain: 1.0,
        }
    }

    /// What the loudspeaker was just given.
    pub(crate) fn played(&mut self, block: &[i16]) {
        if level_db(block) > FAR_DB {
            self.quiet = 0;
        }
    }

    /// Turns down what the microphone heard.
    pub(crate) fn heard(&mut self, block: &mut [i16; BLOCK]) {
        let (from, to) = (self.gain, self.wanted());
        self.gain = to;
        self.quiet = (self.quiet + BLOCK).min(HOLD + RELEASE);
        if from == 1.0 && to == 1.0 {
            return;
        }
        for (place, sample) in block.iter_mut().enumerate() {
            let gain = from + (to - from) * (place + 1) as f32 / BLOCK as f32;
            *sample = (f32::from(*sample) * gain).round() as i16;
        }
    }

    /// In decibels the gain rises evenly, because that is how ears measure.
    fn wanted(&self) -> f32 {
        let released = self.quiet.saturating_sub(HOLD) as f32 / RELEASE as f32;
        10_f32.powf(DOWN_DB * (1.0 - released) / 20.0)
    }
}

const FAR_DB: f32 = -45.0;
const DOWN_DB: f32 = -30.0;
/// Loudspeaker and microphone buffers, and the first of the room.
const HOLD: usize = samples_of(Duration::from_millis(100));
const RELEASE: usize = samples_of(Duration::from_millis(200));

#[cfg(test)]
mod tests {
    use super::Duck;
    use crate::measure::speech;
    use crate::{BLOCK, level_db};

    /// Level of a steady microphone behind the duck, after the loudspeaker played this.
    fn heard(duck: &mut Duck, played: &[i16]) -> f32 {
        duck.played(played);
        let mut block: [i16; BLOCK] =
            std::array::from_fn(|at| if at % 2 == 0 { 8_000 } else { -8_000 });
        duck.heard(&mut block);
        level_db(&block)
    }

    #[test]
    fn the_microphone_goes_down_while_the_far_side_speaks_and_comes_back() {
        let mut duck = Duck::new();
        let open = heard(&mut duck, &[0; BLOCK]);
        let far = speech(1.0, 3);
        let loud = far
            .chunks_exact(BLOCK)
            .find(|block| level_db(block) > -30.0);
        heard(&mut duck, loud.unwrap());
        let down = heard(&mut duck, loud.unwrap());
        assert!((open - down - 30.0).abs() < 0.5, "{open} {down}");
        // 100 ms for what is still on its way, then 200 ms up.
        let after: Vec<f32> = (0..31).map(|_| heard(&mut duck, &[0; BLOCK])).collect();
        assert!((after[9] - down).abs() < 1.0, "{after:?}");
        assert!((after[20] - down - 15.0).abs() < 2.0, "{after:?}");
        assert_eq!(after[30], open, "{after:?}");
    }

    #[test]
    fn the_microphone_comes_back_after_the_loudspeaker_was_lost() {
        let mut duck = Duck::new();
        duck.played(&[20_000; BLOCK]);
        let mut block = [0; BLOCK];
        for _ in 0..32 {
            block = [8_000; BLOCK];
            duck.heard(&mut block);
        }
        assert_eq!(block, [8_000; BLOCK]);
    }

    #[test]
    fn what_is_softer_than_a_whisper_ducks_nothing() {
        let mut duck = Duck::new();
        let mut block = [321; BLOCK];
        duck.played(&[100; BLOCK]);
        duck.heard(&mut block);
        assert_eq!(block, [321; BLOCK]);
    }
}
