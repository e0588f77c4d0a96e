//! A question that waits for a picture.

use std::sync::Arc;
use std::time::Instant;

use crate::encoding::percent_encode;
use crate::frame::{Frame, seconds};
use crate::limits::{NEXT_HOLD, SNAPSHOT_TIME};
use crate::now::Now;
use crate::output::Output;
use crate::reply::{Reply, Status};
use crate::request::Request;
use crate::route::parameter;
use crate::source::{Source, SourceId};

#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) source: SourceId,
    pub(crate) reply: Reply,
    pub(crate) until: Instant,
    asked: Instant,
    question: Question,
}

#[derive(Debug)]
enum Question {
    /// The first picture with a higher sequence; and the state that the client knows.
    Next { after: u64, state: String },
    /// A picture that is captured after it was asked for.
    Snapshot,
}

impl Held {
    pub(crate) fn next(
        id: SourceId,
        source: &Source,
        request: &Request,
        reply: Reply,
        now: Instant,
    ) -> Self {
        let after = parameter(&request.query, "after").and_then(|after| after.parse().ok());
        let state = parameter(&request.query, "state");
        Self {
            source: id,
            reply,
            until: now + NEXT_HOLD,
            asked: now,
            question: Question::Next {
                after: after.unwrap_or(0),
                state: state.unwrap_or_else(|| source.state.name().into()),
            },
        }
    }

    pub(crate) fn snapshot(id: SourceId, reply: Reply, now: Instant) -> Self {
        Self {
            source: id,
            reply,
            until: now + SNAPSHOT_TIME,
            asked: now,
            question: Question::Snapshot,
        }
    }

    /// The answer, if there is one now.
    pub(crate) fn answer(&self, source: &Source, now: Now) -> Option<Output> {
        let wanted = source
            .newest(self.asked)
            .filter(|frame| self.wants(frame, source));
        if let Some(frame) = wanted {
            return Some(self.picture(frame, now));
        }
        match &self.question {
            Question::Next { state, .. }
                if now.instant >= self.until || *state != source.state.name() =>
            {
                Some(Output::of(no_picture(self.reply, source, now)))
            }
            Question::Snapshot if now.instant >= self.until => {
                Some(Output::of(no_snapshot(self.reply, source, now)))
            }
            _ => None,
        }
    }

    fn wants(&self, frame: &Frame, source: &Source) -> bool {
        match self.question {
            // A number that was not reached yet is of an earlier run of the program.
            Question::Next { after, .. } => frame.sequence > after || after > source.sequence(),
            Question::Snapshot => frame.captured >= self.asked,
        }
    }

    fn picture(&self, frame: &Arc<Frame>, now: Now) -> Output {
        let range = frame.jpeg();
        let headers = [
            "Content-Type: image/jpeg",
            &format!("Content-Length: {}", range.len()),
            &format!("X-Timestamp: {}", seconds(frame.unix)),
            &format!("X-Sequence: {}", frame.sequence),
        ];
        let head = self.reply.head(Status::Ok, &headers, now);
        Output::with_frame(head, Arc::clone(frame), range)
    }
}

/// The state instead of a picture. The words are encoded, so that they are one line of ASCII.
fn no_picture(reply: Reply, source: &Source, now: Now) -> Vec<u8> {
    let headers = [
        &*format!("X-State: {}", source.state.name()),
        &format!("X-Words: {}", percent_encode(&source.words)),
    ];
    reply.head(Status::NoContent, &headers, now)
}

/// An old picture, or a drawn one, would be a lie in a time lapse.
fn no_snapshot(reply: Reply, source: &Source, now: Now) -> Vec<u8> {
    let text = match source.words.as_str() {
        "" => format!("no picture: the camera is {}", source.state.name()),
        words => format!("no picture: the camera is {}: {words}", source.state.name()),
    };
    reply.text(Status::Unavailable, &["Retry-After: 2"], &text, now)
}
