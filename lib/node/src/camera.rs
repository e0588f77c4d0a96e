//! Our camera: opened while somebody looks, encoded if it must be, handed to every viewer, and brought back when it is lost.
//!
//! ```text
//!   Off --viewer--> Opening --ok--> Live --nobody for LINGER--> Off
//!                      \              \--error, silence--> Lost --RETRY--> Opening
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use transom_media::{Camera, CameraError, Frame, Picture, Source, Wait, Wish};
use transom_net::{PeerId, WatchId};
use transom_proto::CallId;
use transom_wire::{Codec, Lens, Orientation, PictureHead};

use crate::calls::Calls;
use crate::notice::Notice;
use crate::outside::{Outside, earlier};

/// The camera stays on so long without a viewer, so that one who reconnects finds it warm; then its light goes out.
const LINGER: Duration = Duration::from_secs(5);
/// Pause before a lost camera is tried again: a replugged one is back within about a second.
const RETRY: Duration = Duration::from_secs(1);
enum State {
    Off,
    Opening,
    Live {
        reader: Reader,
        unwatched_since: Option<Instant>,
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
    wish: Option<Wish>,
    state: State,
    lens: Lens,
    words: String,
    /// Which of the states each viewer was told last.
    told: BTreeMap<(PeerId, CallId), u32>,
    changes: u32,
}

impl OwnCamera {
    pub(crate) fn new(wish: Option<Wish>) -> Self {
        Self {
            wish,
            state: State::Off,
            lens: Lens::Off,
            words: String::new(),
            told: BTreeMap::new(),
            changes: 0,
        }
    }

    /// Once a turn: starts, stops and retries by who looks and what time it is.
    pub(crate) fn turn(&mut self, now: Instant, calls: &Calls, out: &mut Outside) {
        let wanted = calls.viewers().next().is_some();
        match &mut self.state {
            State::Off if wanted => self.start(out),
            State::Lost { .. } if !wanted => self.stop(out),
            State::Lost { retry_at: Some(at) } if *at <= now => self.start(out),
            State::Live {
                unwatched_since, ..
            } if wanted => {
                *unwatched_since = None;
                self.read(calls, out);
            }
            State::Live {
                unwatched_since, ..
            } => {
                if now >= *unwatched_since.get_or_insert(now) + LINGER {
                    self.stop(out);
                } else {
                    // Drained all the same, so that the first picture of a returning viewer is fresh.
                    self.read(calls, out);
                }
            }
            _ => {}
        }
        self.tell_viewers(calls, out);
    }

    /// When [`turn`](Self::turn) has something to do though nothing happens.
    pub(crate) fn due(&self) -> Option<Instant> {
        match &self.state {
            State::Lost { retry_at } => *retry_at,
            State::Live {
                reader,
                unwatched_since,
            } => {
                let next = match reader {
                    Reader::Loop(camera, _) => match camera.wait() {
                        Wait::At(at) => Some(at),
                        // A device that hangs tells nothing: it is asked when it has been silent for too long.
                        _ => camera.deadline(),
                    },
                    Reader::Thread => None,
                };
                earlier(next, unwatched_since.map(|since| since + LINGER))
            }
            _ => None,
        }
    }

    pub(crate) fn opened(&mut self, camera: Box<dyn Camera>, out: &mut Outside) {
        if !matches!(self.state, State::Opening) {
            return; // Nobody looks any more; dropping it closes it.
        }
        let watch = match camera.wait() {
            Wait::Readable(fd) => match out.net.watch(fd) {
                Ok(watch) => Some(watch),
                Err(error) => {
                    return self.lost(
                        format!("it can't be waited for ({error}); give it a pipe or a file"),
                        Some(RETRY),
                        out,
                    );
                }
            },
            _ => None,
        };
        let words = camera.format().what.clone();
        self.live(Reader::Loop(camera, watch), words, out);
    }

    pub(crate) fn opened_on_thread(&mut self, words: String, out: &mut Outside) {
        if matches!(self.state, State::Opening) {
            self.live(Reader::Thread, words, out);
        }
    }

    pub(crate) fn failed(&mut self, error: &CameraError, out: &mut Outside) {
        if !matches!(self.state, State::Off) {
            self.fail(error, out);
        }
    }

    /// An encoded picture comes back.
    pub(crate) fn encoded(&mut self, picture: &Picture, calls: &Calls, out: &mut Outside) {
        distribute(picture, calls, out);
    }

    fn start(&mut self, out: &mut Outside) {
        let Some(wish) = self.wish.clone() else {
            return;
        };
        let again = matches!(self.state, State::Lost { .. });
        self.state = State::Opening;
        out.workers.open_camera(wish);
        if !again {
            self.change(Lens::Opening, String::new(), out);
        }
    }

    fn live(&mut self, reader: Reader, words: String, out: &mut Outside) {
        self.state = State::Live {
            reader,
            unwatched_since: None,
        };
        self.change(Lens::Live, words, out);
    }

    fn stop(&mut self, out: &mut Outside) {
        self.close(out);
        self.state = State::Off;
        self.change(Lens::Off, String::new(), out);
    }

    /// A command that ends is started again, as a device that is unplugged is opened again.
    fn fail(&mut self, error: &CameraError, out: &mut Outside) {
        let source = self.wish.as_ref().map(|wish| &wish.source);
        let again = error.is_retryable() || matches!(source, Some(Source::Command(_)));
        self.lost(words(error), again.then_some(RETRY), out);
    }

    fn lost(&mut self, why: String, retry: Option<Duration>, out: &mut Outside) {
        self.close(out);
        self.state = State::Lost {
            retry_at: retry.map(|pause| Instant::now() + pause),
        };
        self.change(Lens::Lost, why, out);
    }

    /// The descriptor leaves the poll first, then the camera is closed.
    fn close(&mut self, out: &mut Outside) {
        if let State::Live {
            reader: Reader::Loop(_, Some(watch)),
            ..
        } = &self.state
        {
            out.net.unwatch(*watch);
        }
        out.workers.release_camera();
        self.state = State::Off;
    }

    fn change(&mut self, lens: Lens, words: String, out: &mut Outside) {
        if (lens, &words) != (self.lens, &self.words) {
            out.tell(Notice::Camera {
                lens,
                text: words.clone(),
            });
            (self.lens, self.words) = (lens, words);
            self.changes = self.changes.wrapping_add(1);
        }
    }

    /// Takes what the camera has and hands it on.
    fn read(&mut self, calls: &Calls, out: &mut Outside) {
        let State::Live { reader, .. } = &mut self.state else {
            return;
        };
        let newest = match reader {
            Reader::Loop(camera, _) => camera.newest(),
            Reader::Thread => Ok(out.workers.newest_frame()),
        };
        match newest {
            Ok(Some(frame)) => self.hand_on(frame, calls, out),
            Ok(None) => {}
            Err(error) => self.fail(&error, out),
        }
    }

    fn hand_on(&self, frame: Frame, calls: &Calls, out: &mut Outside) {
        let Some(wish) = &self.wish else { return };
        if calls.viewers().next().is_none() {
            return;
        }
        match frame {
            Frame::Jpeg(picture) if fits(&picture, wish.size) => distribute(&picture, calls, out),
            other => out.workers.encode(other, wish.quality, wish.size),
        }
    }

    /// Viewers who don't know yet how the camera is are told.
    fn tell_viewers(&mut self, calls: &Calls, out: &mut Outside) {
        let mut told = BTreeMap::new();
        for (link, call) in calls.viewers() {
            if self.told.get(&(link, call)) != Some(&self.changes) {
                out.with(link, |session| {
                    session.camera_state(call, self.lens, &self.words)
                });
            }
            told.insert((link, call), self.changes);
        }
        self.told = told;
    }
}

/// Whether a camera's own JPEG can go out as it is.
fn fits(picture: &Picture, size: Option<(u16, u16)>) -> bool {
    size.is_none_or(|size| size == (picture.width, picture.height))
}

fn distribute(picture: &Picture, calls: &Calls, out: &mut Outside) {
    let orientation = Orientation::ALL
        .iter()
        .find(|known| known.code() == picture.orientation);
    let head = PictureHead {
        sequence: picture.sequence,
        captured: out.net.clock(picture.captured).0,
        ready_after: (picture.ready - picture.captured)
            .as_micros()
            .try_into()
            .unwrap_or(u32::MAX),
        width: picture.width,
        height: picture.height,
        orientation: *orientation.unwrap_or(&Orientation::Upright),
        codec: Codec::Jpeg,
        total: picture.jpeg.len().try_into().unwrap_or(u32::MAX),
    };
    for (link, call) in calls.viewers() {
        let picture = transom_proto::Picture {
            head,
            bytes: picture.jpeg.clone(),
        };
        if let Some(Err(error)) = out.with(link, |session| session.send_picture(call, picture)) {
            log::warn!("picture {} can't be sent: {error}", head.sequence);
        }
    }
}

/// An error with what the system says behind it.
fn words(error: &CameraError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
