//! What is known of pictures, and how a contact's are to be seen. Plain data, no pixels.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use transom::PeerName;

/// Whose pictures: the key of a stream.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Face {
    /// Our own camera's.
    Own,
    /// That peer's.
    Peer(PeerName),
}

/// What is known of the picture on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shown {
    /// Pixels across, as its sender made it.
    pub(crate) width: usize,
    /// Pixels down.
    pub(crate) height: usize,
    /// How to turn it, as in Exif.
    pub(crate) orientation: u8,
    /// Pictures per second over the last second.
    pub(crate) rate: f32,
    /// From the sensor to the decoded picture, once the clocks are compared.
    pub(crate) latency: Option<Duration>,
    /// When it was received; decoding takes its time.
    pub(crate) received: Instant,
}

/// The user's preferences for a contact: how it is seen and heard, and whether it sees us.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct Preferences {
    /// Whether our camera was on in the last call.
    #[serde(rename = "camera")]
    pub(crate) camera_on: bool,
    /// Quarter turns to the right, 0 to 3.
    #[serde(rename = "turn", deserialize_with = "quarter_turns")]
    pub(crate) rotate: u8,
    /// Whether left and right are swapped.
    pub(crate) mirror: bool,
    /// Whether the picture fills its place and loses its edges, rather than to be seen whole.
    pub(crate) fill: bool,
    /// Whether its sound is heard while it is only watched.
    #[serde(rename = "sound")]
    pub(crate) hears: bool,
    /// How loud it is heard.
    pub(crate) volume: Volume,
    /// Whether other programs of this computer see its camera.
    #[serde(rename = "programs")]
    pub(crate) in_programs: bool,
}

/// How loud a contact is heard, in percent of what comes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "u16")]
pub(crate) struct Volume(pub(crate) u16);

/// The loudest that the station plays.
pub(crate) const MAX_VOLUME: Volume = Volume(400);

impl Volume {
    /// 1 as it comes.
    pub(crate) fn factor(self) -> f32 {
        f32::from(self.0) / 100.0
    }
}

impl TryFrom<u16> for Volume {
    type Error = String;

    fn try_from(percent: u16) -> Result<Self, String> {
        let volume = Some(Self(percent)).filter(|volume| *volume <= MAX_VOLUME);
        volume.ok_or_else(|| format!("volume is from 0 to {}, not {percent}", MAX_VOLUME.0))
    }
}

/// 0 to 3.
fn quarter_turns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let turns = u8::deserialize(deserializer)?;
    let wrong = || D::Error::custom(format!("turn is from 0 to 3, not {turns}"));
    (turns < 4).then_some(turns).ok_or_else(wrong)
}

impl Default for Volume {
    fn default() -> Self {
        Self(100)
    }
}

impl Preferences {
    /// The Exif orientation to paint a picture with that came with `orientation`.
    pub(crate) fn turn(&self, orientation: u8) -> u8 {
        let mut turned = orientation;
        for _ in 0..self.rotate % 4 {
            turned = right(turned);
        }
        if self.mirror { swapped(turned) } else { turned }
    }
}

/// The result of saving a snapshot or a film.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Kept {
    /// A picture was written, or why not.
    Snapshot(Result<PathBuf, String>),
    /// A film ended.
    Film {
        /// Whose.
        peer: PeerName,
        /// Its last file; none if it never began.
        path: Option<PathBuf>,
        /// Pictures in it.
        pictures: u64,
        /// Pictures the disk was too slow for.
        dropped: u64,
        /// Why it ended by itself, if it did.
        trouble: Option<String>,
    },
}

/// A quarter turn more to the right.
fn right(orientation: u8) -> u8 {
    match orientation {
        2 => 7,
        3 => 8,
        4 => 5,
        5 => 2,
        6 => 3,
        7 => 4,
        8 => 1,
        _ => 6,
    }
}

/// Left and right swapped, after turning.
fn swapped(orientation: u8) -> u8 {
    match orientation {
        2 => 1,
        3 => 4,
        4 => 3,
        5 => 6,
        6 => 5,
        7 => 8,
        8 => 7,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_quarter_turns_and_two_mirrors_lead_back() {
        for start in 1..=8 {
            let once = Preferences {
                rotate: 1,
                ..Preferences::default()
            };
            let mirrored = Preferences {
                mirror: true,
                ..Preferences::default()
            };
            let mut turned = start;
            for turn in 1..4 {
                turned = once.turn(turned);
                assert_ne!(turned, start, "after {turn} turns");
            }
            assert_eq!(once.turn(turned), start);
            assert_eq!(mirrored.turn(mirrored.turn(start)), start);
        }
        assert_eq!(Preferences::default().turn(6), 6);
    }
}
