//! One TCP connection of a client as a state machine. What it answers is in the submodule.

mod answering;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

use crate::door::{Access, Purpose, Shared, Slot};
use crate::held::Held;
use crate::input::Input;
use crate::limits::{HEAD_TIME, IDLE, LINGER, MAX_DROPPED_BYTES, STALL, VIEWER_KEPT};
use crate::now::Now;
use crate::output::Output;
use crate::passes::PassHash;
use crate::reply::{Reply, Status};
use crate::sound::Listener;
use crate::source::SourceId;
use crate::stream::Stream;

/// ```text
///            page, state, errors                    kept alive
/// Reading --------------------------> Answering ------------------> Reading
///   |  \-- /next, /snapshot --> Holding --^  |
///   |  \-- /stream --> Streaming             |
///   |  \-- /sound --> Listening              '-- else --> Finishing --end, 1 s--> Gone
///   '-- timeouts, end; at any time: no byte taken for 10 s, pass deleted -----------^
/// ```
/// A request is read when the answer before it is written: answers keep their order, and a flood
/// of requests waits in the client's own buffers.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) address: Option<IpAddr>,
    state: State,
    input: Input,
    output: Output,
    lease: Option<Lease>,
    /// The pass of the last request that had one.
    pass: Option<PassHash>,
    /// A request of it could look.
    is_admitted: bool,
    /// Bytes that were dropped.
    dropped: usize,
    /// The client sends no more.
    has_ended: bool,
    /// When the client last took a byte, or the output began.
    progress: Instant,
    /// When [`handle_timeout`](Self::handle_timeout) was last called.
    woken: Instant,
}

#[derive(Debug)]
enum State {
    /// Between requests, or within a head.
    Reading {
        until: Instant,
    },
    /// The output is all of the answer.
    Answering {
        keep_alive: bool,
    },
    Holding(Held),
    Streaming(Stream),
    Listening(Listener),
    /// The last answer is written. Bytes that still arrive are dropped.
    Finishing {
        until: Instant,
    },
    Gone,
}

#[derive(Debug)]
struct Lease {
    slot: Slot,
    /// Set while no answer needs the slot.
    until: Option<Instant>,
}

/// What the loop does with a connection's socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// Goes on.
    Open,
    /// All is written: shut the socket down for writing, and go on reading until the door says
    /// `Gone`.
    Finishing,
    /// Close the socket and [remove](crate::Door::remove) the connection.
    Gone,
}

impl Connection {
    pub(crate) fn new(address: Option<IpAddr>, now: Instant) -> Self {
        Self {
            address,
            state: State::Reading {
                until: now + HEAD_TIME,
            },
            input: Input::default(),
            output: Output::default(),
            lease: None,
            pass: None,
            is_admitted: false,
            dropped: 0,
            has_ended: false,
            progress: now,
            woken: now,
        }
    }

    /// Takes bytes of the client; gives back how many.
    pub(crate) fn handle_bytes(&mut self, bytes: &[u8], now: Instant) -> usize {
        if self.drops_bytes() {
            self.dropped += bytes.len();
            if self.dropped > MAX_DROPPED_BYTES {
                self.state = State::Gone;
            }
            return bytes.len();
        }
        if let State::Reading { until } = &mut self.state
            && self.input.is_empty()
            && !bytes.is_empty()
        {
            // Empty lines before a head don't extend the time either.
            *until = (*until).min(now + HEAD_TIME);
        }
        self.input.push(bytes)
    }

    /// The client sends no more. A client that closed its side has mostly gone, so only answers
    /// that need not wait are still given.
    pub(crate) fn handle_end(&mut self) {
        self.has_ended = true;
        if matches!(
            self.state,
            State::Holding(_) | State::Streaming(_) | State::Listening(_) | State::Finishing { .. }
        ) {
            self.state = State::Gone;
        }
    }

    pub(crate) fn handle_timeout(&mut self, shared: &mut Shared, now: Now) {
        self.woken = now.instant;
        let is_over = |until: Instant| now.instant >= until;
        if self.is_writing() && is_over(self.progress + STALL) {
            self.state = State::Gone;
        }
        let lease = self.lease.as_ref();
        if lease.and_then(|lease| lease.until).is_some_and(is_over) {
            self.release_slot(shared);
        }
        match &self.state {
            State::Reading { until } if is_over(*until) => match self.input.is_empty() {
                true => self.state = State::Gone,
                false => {
                    let reply = Reply::to_unreadable(shared.is_open());
                    let text = "the request's head did not end within 10 s";
                    self.answer(
                        reply,
                        reply.text(Status::RequestTimeout, &[], text, now),
                        now,
                    );
                }
            },
            // What is due is not taken: the socket has been full since.
            State::Holding(held) if is_over(held.until + STALL) => self.state = State::Gone,
            State::Streaming(stream) if is_over(self.idle_since(stream) + STALL) => {
                self.state = State::Gone;
            }
            State::Listening(listener) if is_over(listener.until) => self.state = State::Gone,
            State::Finishing { until } if is_over(*until) => self.state = State::Gone,
            _ => {}
        }
    }

    /// The bytes to write next.
    pub(crate) fn poll_transmit(&mut self, shared: &mut Shared, now: Now) -> [&[u8]; 4] {
        while self.output.is_empty() && self.advance(shared, now) {}
        self.output.slices()
    }

    /// That many bytes of [`poll_transmit`](Self::poll_transmit) were written.
    pub(crate) fn transmitted(&mut self, count: usize, now: Instant) {
        if count > 0 {
            self.progress = now;
            self.output.advance(count);
        }
    }

    /// Ends what a pass that is no more allowed, also a picture that is half written: a client may
    /// take it as slowly as it likes.
    pub(crate) fn check_pass(&mut self, access: &Access) {
        let is_allowed = match self.state {
            State::Listening(_) => access.may_hear(self.pass),
            _ => access.may_look(self.pass),
        };
        if !is_allowed && self.lease.is_some() {
            self.state = State::Gone;
        }
    }

    /// The camera has no microphone any more.
    pub(crate) fn end_sound(&mut self, source: SourceId) {
        if matches!(&self.state, State::Listening(listener) if listener.source == source) {
            self.state = State::Gone;
        }
    }

    /// The cameras have new places; those that are gone have none, and their viewers leave.
    pub(crate) fn follow(&mut self, moved: &BTreeMap<SourceId, SourceId>, shared: &mut Shared) {
        let Some(lease) = &mut self.lease else {
            return;
        };
        let Some(&source) = moved.get(&lease.slot.source) else {
            shared.release_of_pass(lease.slot);
            self.lease = None;
            if let State::Holding(_) | State::Streaming(_) | State::Listening(_) = self.state {
                self.state = State::Gone;
            }
            return;
        };
        lease.slot.source = source;
        match &mut self.state {
            State::Holding(held) => held.source = source,
            State::Streaming(stream) => stream.source = source,
            State::Listening(listener) => listener.source = source,
            _ => {}
        }
    }

    /// Gives its slot back.
    pub(crate) fn release_slot(&mut self, shared: &mut Shared) {
        if let Some(lease) = self.lease.take() {
            shared.release(lease.slot);
        }
    }

    pub(crate) fn poll_timeout(&self, shared: &Shared) -> Option<Instant> {
        let lease = self.lease.as_ref().and_then(|lease| lease.until);
        let own = match &self.state {
            State::Gone => return None,
            State::Answering { .. } => self.progress + STALL,
            // Late sound is of no use, so a byte now and then is not enough.
            State::Listening(listener) if !self.output.is_empty() => {
                listener.until.min(self.progress + STALL)
            }
            _ if !self.output.is_empty() => self.progress + STALL,
            State::Holding(held) => self.after_woken(held.until, held.until),
            State::Streaming(stream) => {
                let source = &shared.sources[stream.source.0];
                let next = stream.next_time(source);
                self.after_woken(next, self.idle_since(stream))
            }
            State::Listening(listener) => listener.until,
            State::Reading { until } | State::Finishing { until } => *until,
        };
        lease.into_iter().chain([own]).min()
    }

    pub(crate) fn fate(&self) -> Fate {
        match self.state {
            State::Gone => Fate::Gone,
            State::Finishing { .. } => Fate::Finishing,
            _ => Fate::Open,
        }
    }

    /// Whether bytes of the client would be taken.
    pub(crate) fn wants_bytes(&self) -> bool {
        self.drops_bytes() || !self.input.is_full()
    }

    /// Whether a request of this connection could look.
    pub(crate) fn is_admitted(&self) -> bool {
        self.is_admitted
    }

    /// The pass of the slot that it holds, if that is for this purpose.
    pub(crate) fn pass_in_use(&self, purpose: Purpose) -> Option<PassHash> {
        let slot = self.lease.as_ref()?.slot;
        slot.pass.filter(|_| slot.purpose == purpose)
    }

    /// Whether the connection may end to make room for another: it is between two requests, or a
    /// stranger's, which may take its answer as slowly as it likes.
    pub(crate) fn is_dispensable(&self) -> bool {
        match self.state {
            State::Reading { .. } | State::Finishing { .. } => true,
            // It has no slot.
            State::Gone => false,
            _ => !self.is_admitted,
        }
    }

    /// Whether the client has to take bytes, or the last of them were just taken.
    fn is_writing(&self) -> bool {
        !self.output.is_empty() || matches!(self.state, State::Answering { .. })
    }

    fn drops_bytes(&self) -> bool {
        matches!(
            self.state,
            State::Streaming(_) | State::Listening(_) | State::Finishing { .. } | State::Gone
        )
    }

    /// Since when a stream's client has taken nothing of what was due, if all before is taken.
    fn idle_since(&self, stream: &Stream) -> Instant {
        stream.repeat().max(self.progress)
    }

    /// A time, or, when it has passed without the socket taking anything, the time at which the
    /// client is given up.
    fn after_woken(&self, time: Instant, last: Instant) -> Instant {
        match time > self.woken {
            true => time,
            false => last + STALL,
        }
    }

    /// One step while nothing waits to be written; false when there is nothing to do.
    fn advance(&mut self, shared: &mut Shared, now: Now) -> bool {
        match &mut self.state {
            State::Reading { .. } => self.read(shared, now),
            State::Answering { keep_alive } => {
                let keep_alive = *keep_alive && !(self.has_ended && self.input.is_empty());
                self.begin_next(keep_alive, now.instant);
                true
            }
            State::Holding(held) => {
                let source = &mut shared.sources[held.source.0];
                let Some(output) = held.answer(source, now) else {
                    return false;
                };
                source.sent += u64::from(output.has_frame());
                let keep_alive = held.reply.keep_alive;
                self.state = State::Answering { keep_alive };
                self.write(output, now.instant);
                true
            }
            State::Streaming(stream) => {
                let source = &mut shared.sources[stream.source.0];
                let Some(frame) = stream.next_part(source, now) else {
                    return false;
                };
                let range = match stream.format.early_heads {
                    true => frame.early_part(),
                    false => frame.part(),
                };
                self.write(Output::with_frame(Vec::new(), frame, range), now.instant);
                true
            }
            State::Listening(listener) => {
                let sound = &shared.sources[listener.source.0].sound;
                let samples = listener.take(sound, now.instant);
                let has_some = !samples.is_empty();
                if has_some {
                    self.write(Output::of(samples), now.instant);
                }
                has_some
            }
            State::Finishing { .. } | State::Gone => false,
        }
    }

    /// The answer is written: to the next request, or to the end.
    fn begin_next(&mut self, keep_alive: bool, now: Instant) {
        // Answers of other kinds don't extend the time.
        if let Some(lease) = &mut self.lease {
            lease.until.get_or_insert(now + VIEWER_KEPT);
        }
        self.state = match (keep_alive, self.input.is_empty()) {
            (true, true) => State::Reading { until: now + IDLE },
            // The next head has begun already.
            (true, false) => State::Reading {
                until: now + HEAD_TIME,
            },
            (false, _) if self.has_ended => State::Gone,
            (false, _) => State::Finishing {
                until: now + LINGER,
            },
        };
    }

    /// Answers the next request, if all of its head is here.
    fn read(&mut self, shared: &mut Shared, now: Now) -> bool {
        match self.input.next_request() {
            Ok(None) if self.has_ended => self.state = State::Gone,
            Ok(None) => return false,
            Ok(Some(request)) => {
                self.respond(&request, shared, now);
                if self.has_ended {
                    self.handle_end();
                }
            }
            Err(error) => self.refuse(error, shared, now),
        }
        true
    }

    fn write(&mut self, output: Output, now: Instant) {
        self.output = output;
        self.progress = now;
    }
}
