//! Echo: keeps what the loudspeaker plays out of what the microphone sends.
//!
//! | mode | what it does | delay | us per 10 ms | for |
//! |---|---|---|---|---|
//! | cancel | subtracts the loudspeaker's sound (feature `echo`) | 9 ms | 87 | loudspeakers |
//! | duck | turns the microphone down while the loudspeaker speaks | none | 2 | small machines |
//! | off | nothing | none | 0 | headphones |
//!
//! The order within each 10 ms: [`Echo::played`] with what was *written to the loudspeaker*,
//! silence included, then [`Echo::heard`] with what the microphone gave.

#[cfg(not(feature = "echo"))]
#[path = "no_cancel.rs"]
mod cancel;
#[cfg(feature = "echo")]
mod cancel;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::duck::Duck;
use crate::{BLOCK, time_of};

use self::cancel::Cancel;

/// What is done against echo.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum EchoMode {
    /// Subtract what the loudspeaker plays; a build without the feature `echo` ducks instead.
    #[default]
    Cancel,
    /// Turn the microphone down while the loudspeaker speaks.
    Duck,
    /// Nothing: the sound goes to headphones.
    Off,
}

/// Echo control between one loudspeaker and one microphone.
#[derive(Debug)]
pub struct Echo(Way);

#[derive(Debug)]
enum Way {
    Cancel(Box<Cancel>),
    Duck(Duck),
    Off,
}

impl Echo {
    /// Ready to learn the room anew.
    pub fn new(mode: EchoMode) -> Echo {
        let cancel = match mode {
            EchoMode::Cancel => Cancel::new(),
            EchoMode::Duck => None,
            EchoMode::Off => return Echo(Way::Off),
        };
        Echo(match cancel {
            Some(cancel) => Way::Cancel(Box::new(cancel)),
            None => Way::Duck(Duck::new()),
        })
    }

    /// What it really does, which in a build without the feature `echo` is never
    /// [`EchoMode::Cancel`].
    pub fn mode(&self) -> EchoMode {
        match self.0 {
            Way::Cancel(_) => EchoMode::Cancel,
            Way::Duck(_) => EchoMode::Duck,
            Way::Off => EchoMode::Off,
        }
    }

    /// How much later sound leaves than it came: 9 ms while cancelling, else nothing. Capture
    /// times are that much older than the block that leaves.
    pub fn delay(&self) -> Duration {
        match self.0 {
            Way::Cancel(_) => time_of(cancel::DELAY),
            Way::Duck(_) | Way::Off => Duration::ZERO,
        }
    }

    /// Takes what was written to the loudspeaker in these 10 ms, silence included.
    pub fn played(&mut self, block: &[i16; BLOCK]) {
        match &mut self.0 {
            Way::Cancel(cancel) => cancel.played(block),
            Way::Duck(duck) => duck.played(block),
            Way::Off => {}
        }
    }

    /// Takes the echo out of what the microphone gave in these 10 ms.
    pub fn heard(&mut self, block: &mut [i16; BLOCK]) {
        match &mut self.0 {
            Way::Cancel(cancel) => cancel.heard(block),
            Way::Duck(duck) => duck.heard(block),
            Way::Off => {}
        }
    }
}
