//! Our camera: opened while somebody looks, encoded if it must be, handed to every viewer, and
//! brought back when it is lost.
//!
//! ```text
//!   Off --wanted--> Opening --ok--> Live --not wanted for a while--> Off
//!                      \              \--error, silence--> Lost --RETRY--> Opening
//! ```
//!
//! It is wanted while a viewer is shown it, or its owner previews it. Another wish closes it and
//! begins anew. It is said to be live with its first picture, and to be lost while it sends
//! pictures of which none can be used.

mod frames;
mod onlookers;
mod watchdog;
mod words;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use transom_media::{
    Camera, CameraError, CaptureRequest, Format, ImageError, Picture, Source, Wait,
};
use transom_net::{PeerId, WatchId};
use transom_proto::CallId;
use transom_wire::CameraState;

use crate::calls::Calls;
use crate::context::{Context, earlier};
use crate::notice::Notice;
use crate::quality::{Adaptation, Quality, Viewers};
use crate::workers::Opening;

use onlookers::Told;
use watchdog::{FIRST_PICTURE, Watchdog, Why};
use words::{REFUSED, Words};

/// The camera of a box stays on so long without a viewer, so that a viewer that reconnects need
/// not wait for it; then its light goes out.
pub(crate) const LINGER: Duration = Duration::from_secs(5);
/// A person's camera goes off as it is let go of; only what follows at once, such as a call upon
/// the preview, keeps it on.
pub(crate) const PARTING: Duration = Duration::from_millis(300);
/// Pause before a lost camera is tried again: a replugged one is back within about a second.
const RETRY: Duration = Duration::from_secs(1);

/// One call that shows our camera.
type ViewerId = (PeerId, CallId);

enum State {
    Off,
    Opening,
    Live {
        reader: Reader,
        /// What it was opened as, with what was dropped by now.
        format: Format,
        /// Whether the source encodes its pictures itself, as it is told.
        encodes: bool,
        unwanted_since: Option<Instant>,
    },
    Lost {
        retry_at: Option<Instant>,
    },
}

enum Reader {
    /// Read in the loop; with a descriptor to wait for, or at its own times.
    Loop(Box<dyn Camera>, Option<WatchId>),
    /// Read on the camera thread.
    Thread,
}

pub(crate) struct OwnCamera {
    request: Option<CaptureRequest>,
    linger: Duration,
    /// Whether its owner looks.
    preview: bool,
    state: State,
    /// The camera's descriptor was readable, and the camera was not asked since.
    readable: bool,
    /// Which opening this is, so that what an earlier camera still gives is known for that.
    opening: Opening,
    camera_state: CameraState,
    words: Words,
    watchdog: Watchdog,
    /// What each onlooker was told last.
    told: BTreeMap<ViewerId, Told>,
    changes: u32,
    viewers: Viewers<ViewerId>,
    /// Whether files move at our station or in another program of its owner.
    files_move: bool,
}

impl OwnCamera {
    /// A camera that stays on so long after its last viewer has gone.
    pub(crate) fn new(
        request: Option<CaptureRequest>,
        linger: Duration,
        adaptation: Adaptation,
    ) -> Self {
        prepare(request.as_ref());
        Self {
            request,
            linger,
            preview: false,
            state: State::Off,
            readable: false,
            opening: Opening::default(),
            camera_state: CameraState::Off,
            words: Words::default(),
            watchdog: Watchdog::default(),
            told: BTreeMap::new(),
            changes: 0,
            viewers: Viewers::new(adaptation),
            files_move: false,
        }
    }

    /// Lowers pictures for slow links by these rules from now on.
    pub(crate) fn adapt(&mut self, adaptation: Adaptation) {
        self.viewers.adapt(adaptation);
    }

    /// Whether files move beside the pictures, at our station or in another program of its owner.
    pub(crate) fn files_move(&mut self, files_move: bool) {
        self.files_move = files_move;
    }

    /// How the peer of that connection gets our pictures.
    pub(crate) fn quality(&self, link: PeerId, calls: &Calls) -> Option<Quality> {
        let mut viewers = calls.viewers().filter(|(on, _)| *on == link);
        viewers.find_map(|viewer| self.viewers.quality(viewer))
    }

    /// Uses another camera from now on, or none.
    pub(crate) fn choose(&mut self, request: Option<CaptureRequest>, out: &mut Context) {
        self.stop(out);
        prepare(request.as_ref());
        self.request = request;
    }

    /// Closes it for good without a notice: the station ends.
    pub(crate) fn end(&mut self, out: &mut Context) {
        self.close(out);
        self.request = None;
    }

    /// Whether its owner wants to see it.
    pub(crate) fn preview(&mut self, on: bool) {
        self.preview = on;
    }

    /// Once a turn: starts, stops and retries it, as its viewers and the time demand.
    pub(crate) fn turn(&mut self, now: Instant, calls: &Calls, out: &mut Context) {
        let wanted = self.preview || calls.viewers().next().is_some();
        match &mut self.state {
            State::Off if wanted => self.start(out),
            // Also one that is just opening: its light need not go on.
            State::Opening | State::Lost { .. } if !wanted => self.stop(out),
            State::Lost { retry_at: Some(at) } if *at <= now => self.start(out),
            State::Live { unwanted_since, .. } if wanted => {
                *unwanted_since = None;
                self.read(now, calls, out);
                self.judge(now, out);
            }
            State::Live { unwanted_since, .. } => {
                if now >= *unwanted_since.get_or_insert(now) + self.linger {
                    self.stop(out);
                } else {
                    // Drained all the same, so that the first picture of a returning viewer is
                    // fresh.
                    self.read(now, calls, out);
                    self.watchdog = Watchdog::default();
                }
            }
            _ => {}
        }
        self.tell_onlookers(now, calls, out);
    }

    /// When [`turn`](Self::turn) has something to do though nothing happens.
    pub(crate) fn due(&self) -> Option<Instant> {
        match &self.state {
            State::Lost { retry_at } => *retry_at,
            State::Live {
                reader,
                unwanted_since,
                ..
            } => {
                let next = match reader {
                    Reader::Loop(camera, _) => match camera.wait() {
                        Wait::At(at) => Some(at),
                        // A device that hangs tells nothing: it is asked when it has been silent
                        // for too long.
                        _ => camera.deadline(),
                    },
                    Reader::Thread => None,
                };
                let off = unwanted_since.map(|since| since + self.linger);
                let due = earlier(self.watchdog.due(), self.viewers.due());
                earlier(earlier(next, off), due)
            }
            _ => None,
        }
    }

    pub(crate) fn opened(&mut self, opening: Opening, camera: Box<dyn Camera>, out: &mut Context) {
        if !self.is_opening(opening) {
            return out.workers.close_camera(camera); // It is no longer wanted.
        }
        let watch = match camera.wait() {
            Wait::Readable(fd) => match out.net.watch(fd) {
                Ok(watch) => Some(watch),
                Err(error) => {
                    out.workers.close_camera(camera);
                    return self.lost(Words::unpollable(&error), Some(RETRY), out);
                }
            },
            _ => None,
        };
        let format = camera.format().clone();
        self.live(Reader::Loop(camera, watch), format, out.now());
    }

    /// The loop says that a descriptor is readable.
    pub(crate) fn readable(&mut self, id: WatchId) {
        if let State::Live { reader, .. } = &self.state
            && matches!(reader, Reader::Loop(_, watch) if *watch == Some(id))
        {
            self.readable = true;
        }
    }

    pub(crate) fn opened_on_thread(&mut self, opening: Opening, format: Format, out: &Context) {
        if self.is_opening(opening) {
            // One that the camera before left there.
            drop(out.workers.newest_frame());
            self.live(Reader::Thread, format, out.now());
        }
    }

    pub(crate) fn failed(&mut self, opening: Opening, error: &CameraError, out: &mut Context) {
        if opening == self.opening && !matches!(self.state, State::Off) {
            self.fail(error, out);
        }
    }

    /// A camera read on the thread gave a picture that can't be used.
    pub(crate) fn unusable(&mut self, opening: Opening, now: Instant) {
        if self.is_live(opening) {
            self.watchdog.bad(now, REFUSED.to_owned());
        }
    }

    /// A picture could not be decoded, scaled or encoded.
    pub(crate) fn not_encoded(&mut self, opening: Opening, error: &ImageError, now: Instant) {
        if self.is_live(opening) {
            log::debug!("unusable=\"{error}\"");
            self.watchdog.bad(now, error.to_string());
        }
    }

    /// An encoded picture comes back.
    pub(crate) fn encoded(
        &mut self,
        opening: Opening,
        picture: &Picture,
        calls: &Calls,
        out: &mut Context,
    ) {
        if self.is_live(opening) {
            self.distribute(picture, calls, out);
        }
    }

    fn is_live(&self, opening: Opening) -> bool {
        opening == self.opening && matches!(self.state, State::Live { .. })
    }

    fn is_opening(&self, opening: Opening) -> bool {
        opening == self.opening && matches!(self.state, State::Opening)
    }

    fn start(&mut self, out: &mut Context) {
        let Some(request) = self.request.clone() else {
            return;
        };
        let again = matches!(self.state, State::Lost { .. });
        self.state = State::Opening;
        self.opening = out.workers.open_camera(request);
        if !again {
            self.change(CameraState::Opening, Words::default(), out);
        }
    }

    fn live(&mut self, reader: Reader, format: Format, now: Instant) {
        self.watchdog = Watchdog::opened(now);
        self.readable = true;
        self.state = State::Live {
            reader,
            format,
            encodes: false,
            unwanted_since: None,
        };
    }

    fn stop(&mut self, out: &mut Context) {
        self.close(out);
        self.state = State::Off;
        self.change(CameraState::Off, Words::default(), out);
    }

    /// A command that ends is started again, as a device that is unplugged is opened again.
    fn fail(&mut self, error: &CameraError, out: &mut Context) {
        let source = self.request.as_ref().map(|request| &request.source);
        let again = error.is_retryable() || matches!(source, Some(Source::Command(_)));
        self.lost(Words::lost(error), again.then_some(RETRY), out);
    }

    fn lost(&mut self, why: Words, retry: Option<Duration>, out: &mut Context) {
        self.close(out);
        self.state = State::Lost {
            retry_at: retry.map(|pause| out.now() + pause),
        };
        self.change(CameraState::Lost, why, out);
    }

    /// The descriptor leaves the poll first. Then the camera is closed on its thread, since that
    /// may take a while.
    fn close(&mut self, out: &mut Context) {
        out.workers.release_camera();
        let state = std::mem::replace(&mut self.state, State::Off);
        if let State::Live {
            reader: Reader::Loop(camera, watch),
            ..
        } = state
        {
            if let Some(watch) = watch {
                out.net.unwatch(watch);
            }
            out.workers.close_camera(camera);
        }
    }

    fn change(&mut self, state: CameraState, words: Words, out: &mut Context) {
        if (state, words.for_owner()) != (self.camera_state, self.words.for_owner()) {
            let text = words.for_owner().to_owned();
            out.notify(Notice::Camera { state, text });
        }
        if (state, words.for_viewers()) != (self.camera_state, self.words.for_viewers()) {
            self.changes = self.changes.wrapping_add(1);
        }
        (self.camera_state, self.words) = (state, words);
    }

    /// Says so where there was no good picture for too long. It stays open.
    fn judge(&mut self, now: Instant, out: &mut Context) {
        let State::Live { format, .. } = &self.state else {
            return;
        };
        let words = match self.watchdog.expired(now) {
            None => return,
            Some(Why::Unusable(why)) => Words::unusable(why),
            Some(Why::Silent) => Words::lost(&CameraError::Stalled {
                device: format.what.clone(),
                seconds: FIRST_PICTURE.as_secs(),
            }),
        };
        self.change(CameraState::Lost, words, out);
    }
}

/// Some sources have to be read before there is a viewer.
fn prepare(request: Option<&CaptureRequest>) {
    if let Some(request) = request {
        transom_media::prepare(request);
    }
}

#[cfg(test)]
mod tests;
