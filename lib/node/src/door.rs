//! The HTTP door of the station: it shows our camera to browsers and other programs, whose viewers
//! share the places with the peers that watch.

mod viewers;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_media::Picture;
use transom_net::HttpConfig;
use transom_net::door::{self, Access, Door, Passes, SourceId, SourceState, Token};
use transom_wire::CameraState;

use crate::calls::Calls;
use crate::context::{Context, earlier};
use crate::notice::Notice;
use crate::settings::Settings;

use viewers::Viewers;

/// The HTTP door of [`Settings::http`](crate::Settings::http).
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where to listen. Pictures and passes cross the network unencrypted, so that only loopback
    /// addresses keep them from others.
    pub listen: Vec<SocketAddr>,
    /// Which clients may look.
    pub access: Access,
}

/// The token of a new pass, or `None` where the system gives no random numbers.
pub fn random_token() -> Option<Token> {
    let mut random = [0; 20];
    getrandom::fill(&mut random).ok()?;
    Some(Token::from_random(random))
}

pub(crate) struct HttpDoor {
    max_viewers: usize,
    has_camera: bool,
    /// The newest use of a pass that the owner was told of, and when.
    told: Option<(Duration, Instant)>,
    /// When the owner is told of a newer use.
    due: Option<Instant>,
    viewers: Viewers,
}

impl HttpDoor {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            max_viewers: settings.max_viewers,
            has_camera: settings.camera.is_some(),
            told: None,
            due: None,
            viewers: Viewers::default(),
        }
    }

    /// What of the settings is the network's.
    pub(crate) fn config(settings: &mut Settings) -> Option<HttpConfig> {
        let http = settings.http.take()?;
        Some(HttpConfig {
            listen: http.listen,
            door: door::Config {
                sources: vec![settings.name.to_string()],
                access: http.access,
                max_viewers: settings.max_viewers,
            },
        })
    }

    /// Before the first turn.
    pub(crate) fn begin(&self, out: &mut Context) {
        for address in out.net.door_addresses() {
            out.notify(Notice::HttpListening { address });
        }
        out.tell_door(CameraState::Off, self.has_camera, "");
    }

    /// Once a turn: peers and clients share the places of viewers, and the owner is told which
    /// clients look and which passes are in use.
    pub(crate) fn turn(&mut self, now: Instant, calls: &mut Calls, out: &mut Context) {
        calls.set_door_viewers(out.door_viewers());
        self.viewers.turn(now, out);
        let Some((door, _)) = out.net.door() else {
            return;
        };
        door.set_max_viewers(self.max_viewers.saturating_sub(calls.served()));
        let uses = door.passes().into_iter().flat_map(Passes::iter);
        let newest = uses.filter_map(|pass| pass.last_used()).max();
        let Some(newest) = newest.filter(|newest| self.told.is_none_or(|(told, _)| told < *newest))
        else {
            self.due = None;
            return;
        };
        let due = self.told.map_or(now, |(_, at)| at + USES_INTERVAL);
        self.due = (due > now).then_some(due);
        if self.due.is_none()
            && let Some(passes) = door.passes().cloned()
        {
            self.told = Some((newest, now));
            out.notify(Notice::PassesUsed { passes });
        }
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        earlier(self.due, self.viewers.due())
    }
}

impl Context {
    /// Clients of the door that look at our camera.
    pub(crate) fn door_viewers(&mut self) -> usize {
        let door = self.net.door();
        door.map_or(0, |(door, _)| door.viewers(CAMERA))
    }

    /// Shows a picture of our camera to the clients of the door.
    pub(crate) fn show_at_door(&mut self, picture: &Picture) {
        if let Some((door, now)) = self.net.door() {
            let picture = door::Picture {
                jpeg: &picture.jpeg,
                size: (picture.width, picture.height),
                orientation: picture.orientation,
                captured: picture.captured,
            };
            door.show(CAMERA, picture, now);
        }
    }

    /// Tells the door whether our camera has a microphone; gives back whether clients listen to it.
    #[cfg(feature = "sound")]
    pub(crate) fn door_listens(&mut self, has_sound: bool) -> bool {
        let Some((door, _)) = self.net.door() else {
            return false;
        };
        door.set_sound(CAMERA, has_sound);
        has_sound && door.listeners(CAMERA) > 0
    }

    /// Gives sound of our microphone to the clients of the door that listen.
    #[cfg(feature = "sound")]
    pub(crate) fn hear_at_door(&mut self, samples: &[u8]) {
        self.with_door(|door| door.hear(CAMERA, samples));
    }

    /// Tells the clients of the door of our camera's state. That it is live the pictures say.
    pub(crate) fn tell_door(&mut self, state: CameraState, has_camera: bool, words: &str) {
        let state = match state {
            CameraState::Live => return,
            CameraState::Lost => SourceState::Lost,
            _ if has_camera => SourceState::Starting,
            _ => SourceState::Off,
        };
        self.with_door(|door| door.set_state(CAMERA, state, words));
    }

    /// Which clients may look at the door from now on.
    pub(crate) fn set_door_access(&mut self, access: Access) {
        self.with_door(|door| door.set_access(access));
    }

    fn with_door(&mut self, act: impl FnOnce(&mut Door)) {
        if let Some((door, _)) = self.net.door() {
            act(door);
        }
    }
}

/// The only camera of the door.
const CAMERA: SourceId = SourceId(0);

/// How often the owner is told of uses of passes, which it may write to a card.
const USES_INTERVAL: Duration = Duration::from_secs(60);
