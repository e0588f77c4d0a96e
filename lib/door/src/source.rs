//! One camera behind the door: its newest picture and its state.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::door::Purpose;
use crate::encoding::percent_encode;
use crate::frame::{Frame, Stamp};
use crate::limits::{MAX_WORDS, REPEAT};
use crate::now::Now;
use crate::sound::Sound;

/// A camera's place in [`Config::sources`](crate::Config::sources), from 0.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SourceId(pub usize);

/// A picture of a camera, as its owner gives it.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// A whole JPEG file. It is held while viewers are sent it.
    pub jpeg: &'a Arc<Vec<u8>>,
    /// Pixels across and down.
    pub size: (u16, u16),
    /// How to turn it for the eye, 1 to 8 as Exif numbers it.
    pub orientation: u8,
    /// When the sensor began it. A snapshot answers with a picture that is captured after the
    /// question.
    pub captured: Instant,
}

/// What is known of a camera. Viewers of a state without pictures get its words as a picture.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum SourceState {
    /// The station that has the camera is not connected.
    Away,
    /// Pictures come.
    Live,
    /// The camera is unplugged or broken. Its owner tries again.
    Lost,
    /// The camera is switched off.
    Off,
    /// The station that has the camera does not show it to us: it is busy, or we may not watch.
    Refused,
    /// No picture yet: the camera is opened once there is a viewer.
    #[default]
    Starting,
}

impl SourceState {
    pub(crate) const ALL: [Self; 6] = [
        Self::Away,
        Self::Live,
        Self::Lost,
        Self::Off,
        Self::Refused,
        Self::Starting,
    ];

    /// Its name in `/state`, `/next` and the page.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Live => "live",
            Self::Lost => "lost",
            Self::Off => "off",
            Self::Refused => "refused",
            Self::Starting => "starting",
        }
    }

    /// Whether pictures come, or are about to.
    pub(crate) fn is_online(self) -> bool {
        matches!(self, Self::Live | Self::Starting)
    }
}

/// What became of a camera's pictures since the door was made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PictureCounts {
    /// Given to [`Door::show`](crate::Door::show).
    pub shown: u64,
    /// Begun to be sent, to all clients together.
    pub sent: u64,
    /// Left out of streams because their clients were slow, of all clients together.
    pub skipped: u64,
}

/// The path of the camera of that name, with a slash at both ends: relative links go on from there.
pub(crate) fn source_path(name: &str) -> String {
    format!("/{}/", percent_encode(name))
}

#[derive(Debug)]
pub(crate) struct Source {
    /// The first part of its path where there are several.
    pub(crate) name: String,
    pub(crate) state: SourceState,
    /// Why, in the owner's words.
    pub(crate) words: String,
    /// Clients that look or wait for a picture.
    pub(crate) viewers: usize,
    /// Clients that listen.
    pub(crate) listeners: usize,
    pub(crate) has_sound: bool,
    pub(crate) sound: Sound,
    /// Pictures that clients got.
    pub(crate) sent: u64,
    /// Pictures that streams skipped because the client was slow.
    pub(crate) skipped: u64,
    pub(crate) size: (u16, u16),
    newest: Option<Arc<Frame>>,
    shown: Option<Instant>,
    sequence: u64,
    rate: Rate,
}

impl Source {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            state: SourceState::default(),
            words: String::new(),
            viewers: 0,
            listeners: 0,
            has_sound: false,
            sound: Sound::default(),
            sent: 0,
            skipped: 0,
            size: (0, 0),
            newest: None,
            shown: None,
            sequence: 0,
            rate: Rate::default(),
        }
    }

    /// The newest picture from now on. Without a viewer it is not held.
    pub(crate) fn show(&mut self, picture: Picture<'_>, now: Now) {
        self.set_state(SourceState::Live, "");
        self.sequence += 1;
        self.size = picture.size;
        self.rate.count(now.instant);
        let stamp = Stamp {
            sequence: self.sequence,
            captured: picture.captured,
            unix: now.unix_of(picture.captured),
        };
        let frame = || {
            Arc::new(Frame::new(
                Arc::clone(picture.jpeg),
                picture.orientation,
                stamp,
            ))
        };
        self.newest = (self.viewers > 0).then(frame);
        self.shown = Some(now.instant);
    }

    /// Sound that nobody waits for is not kept.
    pub(crate) fn push_sound(&mut self, samples: &[u8]) {
        if self.listeners > 0 {
            self.sound.push(samples);
        }
    }

    /// How many clients have a slot for that.
    pub(crate) fn taken(&self, purpose: Purpose) -> usize {
        match purpose {
            Purpose::Look => self.viewers,
            Purpose::Listen => self.listeners,
        }
    }

    pub(crate) fn acquire(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Look => self.viewers += 1,
            Purpose::Listen => self.listeners += 1,
        }
    }

    /// A client gives its slot back. Without any the last picture and the sound are let go of.
    pub(crate) fn release(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Look => {
                self.viewers -= 1;
                if self.viewers == 0 {
                    self.newest = None;
                }
            }
            Purpose::Listen => {
                self.listeners -= 1;
                if self.listeners == 0 {
                    self.sound.clear();
                }
            }
        }
    }

    pub(crate) fn set_state(&mut self, state: SourceState, words: &str) {
        let end = words.char_indices().nth(MAX_WORDS);
        let words = &words[..end.map_or(words.len(), |(end, _)| end)];
        if self.state == state && self.words == words {
            return;
        }
        self.state = state;
        self.words = words.to_owned();
        if state != SourceState::Live {
            self.newest = None;
            self.rate = Rate::default();
        }
    }

    /// The newest picture for a client that began to look then. What was shown long before is not
    /// the present: the camera may have stood still since.
    pub(crate) fn newest(&self, began: Instant) -> Option<&Arc<Frame>> {
        let age = began.saturating_duration_since(self.shown?);
        self.newest.as_ref().filter(|_| age < REPEAT)
    }

    /// The sequence of the last picture, held or not.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn counts(&self) -> PictureCounts {
        PictureCounts {
            shown: self.sequence,
            sent: self.sent,
            skipped: self.skipped,
        }
    }

    /// Pictures that came in the last whole second.
    pub(crate) fn fps(&self, now: Instant) -> u32 {
        self.rate.fps(now)
    }
}

/// Counts pictures by seconds.
#[derive(Debug, Default)]
struct Rate {
    /// The second that is being counted.
    since: Option<Instant>,
    count: u32,
    /// The count of the second before.
    last: u32,
}

impl Rate {
    fn count(&mut self, now: Instant) {
        let age = self.since.map(|since| now.saturating_duration_since(since));
        match age {
            Some(age) if age < SECOND => self.count += 1,
            age => {
                let is_next = age.is_some_and(|age| age < 2 * SECOND);
                self.last = if is_next { self.count } else { 0 };
                (self.since, self.count) = (Some(now), 1);
            }
        }
    }

    fn fps(&self, now: Instant) -> u32 {
        let age = self.since.map(|since| now.saturating_duration_since(since));
        match age {
            Some(age) if age < SECOND => self.last,
            Some(age) if age < 2 * SECOND => self.count,
            _ => 0,
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_state_is_missing_in_the_list() {
        for (index, state) in SourceState::ALL.into_iter().enumerate() {
            assert_eq!(state as usize, index);
            // A new state does not compile here, and counts.
            let count = match state {
                SourceState::Away
                | SourceState::Live
                | SourceState::Lost
                | SourceState::Off
                | SourceState::Refused
                | SourceState::Starting => 6,
            };
            assert_eq!(SourceState::ALL.len(), count);
        }
    }

    #[test]
    fn the_rate_is_that_of_the_second_before() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut rate = Rate::default();
        assert_eq!(rate.fps(start), 0);
        (0..31).for_each(|frame| rate.count(at(frame * 100)));
        assert_eq!(rate.fps(at(3_010)), 10);
        assert_eq!(rate.fps(at(4_100)), 1);
        assert_eq!(rate.fps(at(5_000)), 0);
        rate.count(at(9_000));
        assert_eq!(rate.fps(at(9_100)), 0);
    }
}
