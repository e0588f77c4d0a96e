//! One client's stream: which part goes out next, and when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::StreamFormat;
use crate::frame::{Frame, Stamp};
use crate::limits::REPEAT;
use crate::now::Now;
use crate::source::{Source, SourceId, SourceState};
use crate::words;

/// ```text
/// new picture and due ------------------> the picture
/// state without pictures, not yet said -> its words as a picture
/// nothing for 1 s ----------------------> the last picture if the camera is live, or the words
/// ```
/// A stream never ends because of its camera: an image element does not come back by itself.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) source: SourceId,
    pub(crate) format: StreamFormat,
    began: Instant,
    /// The sequence of the last picture that was sent.
    sent: u64,
    last: Option<Arc<Frame>>,
    /// The state whose words were sent last, until a picture is.
    said: Option<SourceState>,
    /// From when on `fps` allows a picture.
    due: Instant,
    repeat: Instant,
}

impl Stream {
    pub(crate) fn new(source: SourceId, format: StreamFormat, now: Instant) -> Self {
        Self {
            source,
            format,
            began: now,
            sent: 0,
            last: None,
            said: None,
            due: now,
            repeat: now + REPEAT,
        }
    }

    /// The part to send now, chosen when the socket can take it: the newest.
    pub(crate) fn next_part(&mut self, source: &mut Source, now: Now) -> Option<Arc<Frame>> {
        let frame = match self.waiting(source) {
            Some(frame) if now.instant >= self.due => {
                let frame = Arc::clone(frame);
                self.note_sent(&frame, source, now.instant);
                frame
            }
            _ if !source.state.is_online() && self.said != Some(source.state) => {
                self.words(source, now)
            }
            _ if now.instant < self.repeat => return None,
            _ => match &self.last {
                Some(last) if source.state == SourceState::Live => Arc::clone(last),
                _ => self.words(source, now),
            },
        };
        self.repeat = now.instant + REPEAT;
        Some(frame)
    }

    /// When there is a part without anything else happening.
    pub(crate) fn next_time(&self, source: &Source) -> Instant {
        match self.waiting(source) {
            Some(_) => self.due.min(self.repeat),
            None => self.repeat,
        }
    }

    /// When the last part again is due. A client that has not taken it long after is gone.
    pub(crate) fn repeat(&self) -> Instant {
        self.repeat
    }

    /// The newest picture, if it was not sent.
    fn waiting<'a>(&self, source: &'a Source) -> Option<&'a Arc<Frame>> {
        let newest = source.newest(self.began);
        newest.filter(|frame| frame.sequence > self.sent)
    }

    fn note_sent(&mut self, frame: &Arc<Frame>, source: &mut Source, now: Instant) {
        match self.format.fps {
            Some(fps) => {
                let interval = Duration::from_secs(1) / fps.get();
                // On average the rate that was asked for, without a burst after a pause.
                self.due = (self.due + interval).max(now + interval / 2);
            }
            None if self.sent > 0 => source.skipped += frame.sequence - self.sent - 1,
            None => {}
        }
        source.sent += 1;
        self.sent = frame.sequence;
        self.said = None;
        self.last = Some(Arc::clone(frame));
    }

    fn words(&mut self, source: &Source, now: Now) -> Arc<Frame> {
        self.said = Some(source.state);
        // What was before is not the present any more.
        self.last = None;
        let stamp = Stamp {
            sequence: self.sent,
            captured: now.instant,
            unix: now.unix,
        };
        let picture = words::picture(source.state).to_vec();
        Arc::new(Frame::new(Arc::new(picture), 1, stamp))
    }
}
