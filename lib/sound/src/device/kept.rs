//! Devices that are opened again after a loss, by name. A lost microphone is never replaced by
//! another: a user who unplugs a muted headset must not be heard by the camera's microphone. A
//! lost loudspeaker is replaced by the default, with words.
//!
//! ```text
//!            want(name)          first sound
//!   Closed ------------> Opening ----------> On <---------------+
//!      ^                    | error           | error           | sound again
//!      | want(None)         v                 v                 |
//!      +----------------- Lost: attempts after 1, 2, 4 .. 15 s, or when the devices change
//! ```

use std::io;
use std::time::{Duration, Instant};

use mio::{Registry, Token};

use super::retry::Retry;
use super::{DeviceError, DeviceName, Heard, Microphone, Speaker};

/// What a device that a person chose does now.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeviceState {
    /// It is not wanted.
    Closed,
    /// It can't be used. It is tried again until it can.
    Lost {
        /// Why, for the owner.
        words: String,
        /// Why, for people on other machines: a fixed sentence.
        for_peers: &'static str,
        /// The kind of loss.
        loss: Loss,
    },
    /// It works.
    On {
        /// Which device it is, for the owner.
        words: String,
    },
    /// It was asked for and has given no sound yet.
    Opening,
    /// A loudspeaker can't be used, and the default one plays in its place.
    Replaced {
        /// Which device plays, for the owner.
        words: String,
        /// Why the chosen one does not, for the owner.
        lost: String,
    },
}

/// Why a device can't be used, as far as programs treat it differently.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Loss {
    /// There is none: nothing of that name, or no device at all, was found since it was asked for.
    Missing,
    /// It worked and was unplugged, or its sound server ended.
    Unplugged,
    /// It is a pipe that no program reads.
    Unread,
    /// It is there and gives no sound.
    Unusable,
}

impl Loss {
    fn of(error: &DeviceError) -> Self {
        match error {
            DeviceError::NoneFound { .. } | DeviceError::NotFound { .. } => Self::Missing,
            DeviceError::Lost { .. } => Self::Unplugged,
            DeviceError::Unread { .. } => Self::Unread,
            _ => Self::Unusable,
        }
    }
}

/// A microphone that survives its losses. It is polled like [`Microphone`].
pub struct KeptMicrophone {
    place: Place,
    slot: Slot<Microphone>,
    told: DeviceState,
}

impl KeptMicrophone {
    /// Nothing is open yet.
    ///
    /// # Errors
    /// When the poll can't be shared.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self {
            place: Place::new(registry, token)?,
            slot: Slot::default(),
            told: DeviceState::Closed,
        })
    }

    /// Changes the device. `None` and [`DeviceName::None`] close it.
    pub fn want(&mut self, name: Option<DeviceName>) {
        self.slot.want(name, Instant::now());
    }

    /// The devices of this machine changed: a lost one is tried again at once.
    pub fn devices_changed(&mut self) {
        self.slot.devices_changed(Instant::now());
    }

    /// What was heard, 0 samples if nothing now.
    pub fn read(&mut self, samples: &mut [i16]) -> Heard {
        let now = Instant::now();
        let heard = self.slot.with(&self.place, now, |microphone| {
            let heard = microphone.read(samples)?;
            Ok((heard, heard.samples > 0))
        });
        heard.unwrap_or(Heard {
            samples: 0,
            captured: now,
        })
    }

    /// When to call [`read`](Self::read) at the latest.
    pub fn due(&self) -> Option<Instant> {
        self.slot.due()
    }

    /// The state, once after each change.
    pub fn poll_state(&mut self) -> Option<DeviceState> {
        changed(&mut self.told, &self.slot.state)
    }
}

/// A loudspeaker that survives its losses. It is polled like [`Speaker`].
pub struct KeptSpeaker {
    place: Place,
    slot: Slot<Speaker>,
    /// The default device, while the chosen one is lost.
    replacement: Slot<Speaker>,
    told: DeviceState,
}

impl KeptSpeaker {
    /// Nothing is open yet.
    ///
    /// # Errors
    /// When the poll can't be shared.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self {
            place: Place::new(registry, token)?,
            slot: Slot::default(),
            replacement: Slot::default(),
            told: DeviceState::Closed,
        })
    }

    /// Changes the device. `None` and [`DeviceName::None`] close it.
    pub fn want(&mut self, name: Option<DeviceName>) {
        self.slot.want(name, Instant::now());
    }

    /// The devices of this machine changed: a lost one is tried again at once.
    pub fn devices_changed(&mut self) {
        let now = Instant::now();
        self.slot.devices_changed(now);
        self.replacement.devices_changed(now);
    }

    /// Samples that are wanted now.
    pub fn room(&mut self) -> usize {
        let now = Instant::now();
        let room = ask_room(&mut self.slot, &self.place, now);
        let replacement = self
            .slot
            .is_lost()
            .then(|| self.slot.replacement())
            .flatten();
        self.replacement.want(replacement, now);
        // Until the chosen device takes sound, the replacement plays on.
        room.or_else(|| ask_room(&mut self.replacement, &self.place, now))
            .unwrap_or(0)
    }

    /// Plays samples, at most as many as [`room`](Self::room) said.
    pub fn write(&mut self, samples: &[i16]) {
        let playing = match self.slot.is_lost() {
            true => &mut self.replacement,
            false => &mut self.slot,
        };
        playing.with(&self.place, Instant::now(), |speaker| {
            speaker.write(samples)?;
            Ok(((), false))
        });
    }

    /// Time until a sample written now is heard.
    pub fn delay(&self) -> Duration {
        let playing = match self.slot.is_lost() {
            true => &self.replacement,
            false => &self.slot,
        };
        playing
            .device
            .as_ref()
            .map_or(Duration::ZERO, Speaker::delay)
    }

    /// When to call [`room`](Self::room) at the latest.
    pub fn due(&self) -> Option<Instant> {
        let due = [self.slot.due(), self.replacement.due()];
        due.into_iter().flatten().min()
    }

    /// The state, once after each change.
    pub fn poll_state(&mut self) -> Option<DeviceState> {
        let state = match (&self.slot.state, &self.replacement.state) {
            (DeviceState::Lost { words: lost, .. }, DeviceState::On { words }) => {
                DeviceState::Replaced {
                    words: words.clone(),
                    lost: lost.clone(),
                }
            }
            (state, _) => state.clone(),
        };
        changed(&mut self.told, &state)
    }
}

/// Room of an open loudspeaker that has taken sound before or takes it now.
fn ask_room(slot: &mut Slot<Speaker>, place: &Place, now: Instant) -> Option<usize> {
    let room = slot.with(place, now, |speaker| {
        let room = speaker.room()?;
        Ok((room, room > 0))
    });
    room.filter(|_| !slot.is_lost())
}

fn changed(told: &mut DeviceState, state: &DeviceState) -> Option<DeviceState> {
    (told != state).then(|| {
        told.clone_from(state);
        state.clone()
    })
}

/// Where devices are registered.
struct Place {
    registry: Registry,
    token: Token,
}

impl Place {
    fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self {
            registry: registry.try_clone()?,
            token,
        })
    }
}

/// What a [`Slot`] needs of a device.
trait Reopen: Sized {
    /// `again`: it was open before.
    fn open(name: &DeviceName, again: bool, place: &Place) -> Result<Self, DeviceError>;
    fn name(&self) -> &str;
    fn due(&self) -> Option<Instant>;
}

impl Reopen for Microphone {
    fn open(name: &DeviceName, _: bool, place: &Place) -> Result<Self, DeviceError> {
        Self::open(name, &place.registry, place.token)
    }

    fn name(&self) -> &str {
        self.name()
    }

    fn due(&self) -> Option<Instant> {
        self.due()
    }
}

impl Reopen for Speaker {
    fn open(name: &DeviceName, again: bool, place: &Place) -> Result<Self, DeviceError> {
        Self::open_again(name, again, &place.registry, place.token)
    }

    fn name(&self) -> &str {
        self.name()
    }

    fn due(&self) -> Option<Instant> {
        self.due()
    }
}

/// A wanted device, open or not.
struct Slot<T> {
    wanted: Option<DeviceName>,
    /// The device that was open last: a file of it goes on, and is not begun anew.
    begun: Option<DeviceName>,
    device: Option<T>,
    retry: Option<Retry>,
    state: DeviceState,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            wanted: None,
            begun: None,
            device: None,
            retry: None,
            state: DeviceState::Closed,
        }
    }
}

impl<T: Reopen> Slot<T> {
    fn want(&mut self, name: Option<DeviceName>, now: Instant) {
        let name = name.filter(|name| *name != DeviceName::None);
        if name == self.wanted {
            return;
        }
        // The old device is closed first: the new one may be the same hardware.
        *self = Self {
            begun: self.begun.take(),
            ..Self::default()
        };
        if name.is_some() {
            self.state = DeviceState::Opening;
            self.retry = Some(Retry::new(now));
        }
        self.wanted = name;
    }

    fn devices_changed(&mut self, now: Instant) {
        if let (None, Some(retry)) = (&self.device, &mut self.retry) {
            retry.soon(now);
        }
    }

    /// Opens the device if that is due, and asks it. The caller tells whether the device worked.
    fn with<R>(
        &mut self,
        place: &Place,
        now: Instant,
        ask: impl FnOnce(&mut T) -> Result<(R, bool), DeviceError>,
    ) -> Option<R> {
        self.open_if_due(place, now);
        match ask(self.device.as_mut()?) {
            Ok((answer, worked)) => {
                if worked {
                    self.worked();
                }
                Some(answer)
            }
            Err(error) => {
                self.lost(&error, now);
                None
            }
        }
    }

    fn open_if_due(&mut self, place: &Place, now: Instant) {
        let (None, Some(name), Some(retry)) = (&self.device, &self.wanted, &mut self.retry) else {
            return;
        };
        if !retry.take(now) {
            return;
        }
        let again = self.begun.as_ref() == Some(name);
        match T::open(name, again, place) {
            Ok(device) => {
                self.begun = Some(name.clone());
                self.device = Some(device);
            }
            Err(error) => self.lost(&error, now),
        }
    }

    fn worked(&mut self) {
        let Some(device) = &self.device else { return };
        if let DeviceState::On { words } = &self.state
            && words == device.name()
        {
            return;
        }
        let words = device.name().to_owned();
        log::info!("sound device=\"{words}\" on");
        self.state = DeviceState::On { words };
    }

    fn lost(&mut self, error: &DeviceError, now: Instant) {
        self.device = None;
        if let Some(retry) = &mut self.retry
            && error.is_retryable()
        {
            retry.failed(now);
        }
        let loss = Loss::of(error);
        // Why it was lost says more than that it is still not there.
        if self.is_lost() && loss == Loss::Missing {
            return;
        }
        let state = DeviceState::Lost {
            words: with_source(error),
            for_peers: error.for_peers(),
            loss,
        };
        if self.state != state {
            let level = match loss {
                // The reader had enough, as of any filter.
                Loss::Unread => log::Level::Info,
                _ => log::Level::Warn,
            };
            log::log!(level, "sound device lost: {}", with_source(error));
            self.state = state;
        }
    }

    fn is_lost(&self) -> bool {
        matches!(self.state, DeviceState::Lost { .. })
    }

    /// The default in place of a device of hardware. A file or a command has no replacement: what
    /// it was to be heard by is not in the room.
    fn replacement(&self) -> Option<DeviceName> {
        let hardware = matches!(
            self.wanted,
            Some(DeviceName::Hardware { .. } | DeviceName::Server(_))
        );
        hardware.then_some(DeviceName::Auto)
    }

    fn due(&self) -> Option<Instant> {
        match &self.device {
            Some(device) => device.due(),
            None => self.retry.as_ref()?.due(),
        }
    }
}

/// The causes of an error joined by colons.
fn with_source(error: &DeviceError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
