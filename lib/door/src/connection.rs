//! One TCP connection of a client as a state machine.

use std::net::IpAddr;
use std::time::Instant;

use crate::client::StreamFormat;
use crate::credentials::tokens;
use crate::door::{Access, Shared};
use crate::frame::{BOUNDARY_LINE, EARLY_HEAD};
use crate::held::Held;
use crate::host;
use crate::limits::{HEAD_TIME, IDLE, LINGER, MAX_HEAD_BYTES, STALL, VIEWER_KEPT};
use crate::now::Now;
use crate::output::Output;
use crate::page::{PAGE, POLICY};
use crate::passes::PassHash;
use crate::reply::{Reply, Status};
use crate::request::{HeadError, Method, Request};
use crate::route::Route;
use crate::source::SourceId;
use crate::state;
use crate::stream::Stream;

/// ```text
///            page, state, errors                    kept alive
/// Reading --------------------------> Answering ------------------> Reading
///   |  \-- /next, /snapshot --> Holding --^  |
///   |  \-- /stream --> Streaming             '-- else --> Finishing --end, 1 s--> Gone
///   '-- timeouts, end; at any time: no byte taken for 10 s, pass deleted -----------^
/// ```
/// A request is read when the answer before it is written: answers keep their order, and a flood
/// of requests waits in the client's own buffers.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) address: Option<IpAddr>,
    state: State,
    /// Bytes of requests that are not answered yet; at most [`MAX_HEAD_BYTES`].
    input: Vec<u8>,
    output: Output,
    seat: Option<Seat>,
    /// The pass of the last request that had one.
    pass: Option<PassHash>,
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
    /// The last answer is written. Bytes that still arrive are dropped.
    Finishing {
        until: Instant,
    },
    Gone,
}

/// A viewer's place.
#[derive(Debug)]
struct Seat {
    source: SourceId,
    /// Set while no answer needs the place.
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
            input: Vec::new(),
            output: Output::default(),
            seat: None,
            pass: None,
            has_ended: false,
            progress: now,
            woken: now,
        }
    }

    /// Takes bytes of the client; gives back how many.
    pub(crate) fn handle_bytes(&mut self, bytes: &[u8], now: Instant) -> usize {
        if self.drops_bytes() {
            return bytes.len();
        }
        let room = MAX_HEAD_BYTES - self.input.len();
        let taken = &bytes[..bytes.len().min(room)];
        if let State::Reading { until } = &mut self.state
            && self.input.is_empty()
            && !taken.is_empty()
        {
            // Empty lines before a head don't extend the time either.
            *until = (*until).min(now + HEAD_TIME);
        }
        self.input.extend_from_slice(taken);
        taken.len()
    }

    /// The client sends no more. A client that closed its side has mostly gone, so only answers
    /// that need not wait are still given.
    pub(crate) fn handle_end(&mut self) {
        self.has_ended = true;
        if matches!(
            self.state,
            State::Holding(_) | State::Streaming(_) | State::Finishing { .. }
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
        let seat = self.seat.as_ref();
        if seat.and_then(|seat| seat.until).is_some_and(is_over) {
            self.leave(shared);
        }
        match &self.state {
            State::Reading { until } if is_over(*until) => match self.input.is_empty() {
                true => self.state = State::Gone,
                false => {
                    let reply = Reply::to_nobody(shared.is_open());
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
            State::Streaming(stream) if is_over(stream.repeat() + STALL) => {
                self.state = State::Gone;
            }
            State::Finishing { until } if is_over(*until) => self.state = State::Gone,
            _ => {}
        }
    }

    /// The bytes to write next.
    pub(crate) fn poll_transmit(&mut self, shared: &mut Shared, now: Now) -> [&[u8]; 2] {
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

    /// Ends what a pass that is no more allowed.
    pub(crate) fn check_pass(&mut self, access: &Access) {
        let is_allowed = match (access, self.pass) {
            (Access::Open { .. }, _) => true,
            (Access::Passes(passes), Some(pass)) => passes.has(pass),
            (Access::Passes(_), None) => false,
        };
        if !is_allowed && matches!(self.state, State::Holding(_) | State::Streaming(_)) {
            self.state = State::Gone;
        }
    }

    /// Gives the viewer's place back.
    pub(crate) fn leave(&mut self, shared: &mut Shared) {
        if let Some(seat) = self.seat.take() {
            shared.sources[seat.source.0].leave();
        }
    }

    pub(crate) fn poll_timeout(&self, shared: &Shared) -> Option<Instant> {
        let seat = self.seat.as_ref().and_then(|seat| seat.until);
        let own = match &self.state {
            State::Gone => return None,
            State::Answering { .. } => self.progress + STALL,
            _ if !self.output.is_empty() => self.progress + STALL,
            State::Holding(held) => self.after_woken(held.until, held.until),
            State::Streaming(stream) => {
                let source = &shared.sources[stream.source.0];
                let next = stream.next_time(source, self.woken);
                self.after_woken(next, stream.repeat())
            }
            State::Reading { until } | State::Finishing { until } => *until,
        };
        seat.into_iter().chain([own]).min()
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
        self.drops_bytes() || self.input.len() < MAX_HEAD_BYTES
    }

    /// Whether the connection serves nobody: it can end to make room for another.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state, State::Reading { .. } | State::Finishing { .. })
    }

    /// Whether a request of this connection had a pass.
    pub(crate) fn is_admitted(&self) -> bool {
        self.pass.is_some()
    }

    /// Whether the client has to take bytes, or the last of them were just taken.
    fn is_writing(&self) -> bool {
        !self.output.is_empty() || matches!(self.state, State::Answering { .. })
    }

    fn drops_bytes(&self) -> bool {
        match self.state {
            State::Streaming(_) | State::Finishing { .. } | State::Gone => true,
            State::Answering { keep_alive } => !keep_alive,
            State::Reading { .. } | State::Holding(_) => false,
        }
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
                let source = &shared.sources[held.source.0];
                let Some(output) = held.answer(source, now) else {
                    return false;
                };
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
            State::Finishing { .. } | State::Gone => false,
        }
    }

    /// The answer is written: to the next request, or to the end.
    fn begin_next(&mut self, keep_alive: bool, now: Instant) {
        if let Some(seat) = &mut self.seat {
            seat.until = Some(now + VIEWER_KEPT);
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
        // A client may send an empty line after a request.
        let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let lines = self
            .input
            .iter()
            .take_while(|byte| is_line_end(byte))
            .count();
        self.input.drain(..lines);
        match Request::parse(&self.input) {
            Ok(None) if self.has_ended => self.state = State::Gone,
            Ok(None) => return false,
            Ok(Some((request, length))) => {
                self.input.drain(..length);
                self.respond(&request, shared, now);
                if self.has_ended {
                    self.handle_end();
                }
            }
            Err(error) => self.refuse(error, shared, now),
        }
        true
    }

    fn refuse(&mut self, error: HeadError, shared: &Shared, now: Now) {
        let reply = Reply::to_nobody(shared.is_open());
        let text = error.to_string();
        self.answer(
            reply,
            reply.text(Status::of_error(error), &[], &text, now),
            now,
        );
    }

    /// Checks in this order: the host, the method, the page that everybody may have, the pass, the
    /// path. So a client without a pass can't find out which paths there are.
    fn respond(&mut self, request: &Request, shared: &mut Shared, now: Now) {
        let reply = Reply::to(request, shared.is_open());
        let host = request.host.as_deref();
        if let Access::Open { names } = &shared.access
            && !host.is_none_or(|host| host::is_ours(host, names))
        {
            let text = "this is not the name of this machine: use its address";
            return self.answer(reply, reply.text(Status::Misdirected, &[], text, now), now);
        }
        match request.method {
            Method::Options => {
                let head = reply.head(Status::NoContent, preflight(reply), now);
                return self.answer(reply, head, now);
            }
            Method::Other => {
                let (allow, text) = ("Allow: GET, HEAD, OPTIONS", "only GET is answered here");
                let answer = reply.text(Status::MethodNotAllowed, &[allow], text, now);
                return self.answer(reply, answer, now);
            }
            Method::Get | Method::Head => {}
        }
        let route = Route::of(&request.path, &request.query, &shared.sources);
        if route == Route::Page {
            let headers: &[&str] = match reply.is_open {
                true => &[POLICY, REFERRER, NO_FRAMES],
                false => &[POLICY, REFERRER],
            };
            let html = "text/html; charset=utf-8";
            let answer = reply.whole(Status::Ok, html, headers, PAGE, now);
            return self.answer(reply, answer, now);
        }
        if !self.is_allowed(request, shared, now) {
            return self.answer(reply, unauthorized(reply, now), now);
        }
        self.serve(route, request, reply, shared, now);
    }

    /// Answers a client that may look.
    fn serve(
        &mut self,
        route: Route,
        request: &Request,
        reply: Reply,
        shared: &mut Shared,
        now: Now,
    ) {
        match route {
            Route::Stream(source) => self.begin_stream(source, request, reply, shared, now),
            Route::Snapshot(_) | Route::Next(_) if reply.is_head => {
                let head = reply.head(Status::Ok, &["Content-Type: image/jpeg"], now);
                self.answer(reply, head, now);
            }
            Route::Snapshot(id) => {
                let held = Held::snapshot(id, reply, now.instant);
                self.hold(held, shared, now);
            }
            Route::Next(id) => {
                let source = &shared.sources[id.0];
                let held = Held::next(id, source, request, reply, now.instant);
                self.hold(held, shared, now);
            }
            Route::State(source) => {
                let body = state::of_source(shared, source, now.instant);
                let answer = reply.whole(Status::Ok, JSON, &[], &body, now);
                self.answer(reply, answer, now);
            }
            Route::Names => {
                let body = state::of_door(shared);
                let answer = reply.whole(Status::Ok, JSON, &[], &body, now);
                self.answer(reply, answer, now);
            }
            Route::MissingSlash(source) => {
                let name = &shared.sources[source.0].name;
                let location = format!("Location: {}/", crate::encoding::percent_encode(name));
                let status = Status::PermanentRedirect;
                let answer = reply.text(status, &[&location], "see below /", now);
                self.answer(reply, answer, now);
            }
            Route::Page | Route::Unknown => {
                let text = "there is nothing here: / is the page, /stream the stream";
                self.answer(reply, reply.text(Status::NotFound, &[], text, now), now);
            }
        }
    }

    fn is_allowed(&mut self, request: &Request, shared: &mut Shared, now: Now) -> bool {
        let Access::Passes(passes) = &mut shared.access else {
            return true;
        };
        let mut has_token = false;
        for token in tokens(request) {
            has_token = true;
            if let Some(pass) = passes.admit(&token, now.unix) {
                self.pass = Some(pass);
                return true;
            }
        }
        self.pass = None;
        // Many clients ask without first, and send their pass when told to.
        if has_token {
            shared.failures.note(self.address, now.instant);
        }
        false
    }

    fn begin_stream(
        &mut self,
        source: SourceId,
        request: &Request,
        reply: Reply,
        shared: &mut Shared,
        now: Now,
    ) {
        let format = StreamFormat::of(request);
        // A stream has no length: it ends with its connection.
        let reply = Reply {
            keep_alive: false,
            ..reply
        };
        let content_type = format!("Content-Type: {}", format.content_type());
        let mut head = reply.head(Status::Ok, &[&content_type], now);
        if reply.is_head {
            return self.answer(reply, head, now);
        }
        if !self.sit(source, shared) {
            return self.answer(reply, too_many(reply, now), now);
        }
        head.extend_from_slice(BOUNDARY_LINE.as_bytes());
        if format.early_heads {
            head.extend_from_slice(EARLY_HEAD.as_bytes());
        }
        self.input = Vec::new();
        self.state = State::Streaming(Stream::new(source, format, now.instant));
        self.write(Output::of(head), now.instant);
    }

    fn hold(&mut self, held: Held, shared: &mut Shared, now: Now) {
        match self.sit(held.source, shared) {
            true => self.state = State::Holding(held),
            false => self.answer(held.reply, too_many(held.reply, now), now),
        }
    }

    /// Takes a viewer's place, or keeps the one it has; false if there is none.
    fn sit(&mut self, source: SourceId, shared: &mut Shared) -> bool {
        if self.seat.as_ref().is_none_or(|seat| seat.source != source) {
            self.leave(shared);
            if shared.viewers() >= shared.max_viewers {
                return false;
            }
            shared.sources[source.0].viewers += 1;
        }
        let until = None;
        self.seat = Some(Seat { source, until });
        true
    }

    fn answer(&mut self, reply: Reply, answer: Vec<u8>, now: Now) {
        let keep_alive = reply.keep_alive;
        if !keep_alive {
            self.input = Vec::new();
        }
        self.state = State::Answering { keep_alive };
        self.write(Output::of(answer), now.instant);
    }

    fn write(&mut self, output: Output, now: Instant) {
        self.output = output;
        self.progress = now;
    }
}

/// What a page of another origin may send. Without passes it may send nothing.
fn preflight(reply: Reply) -> &'static [&'static str] {
    match reply.is_open {
        true => &["Allow: GET, HEAD, OPTIONS"],
        false => &[
            "Allow: GET, HEAD, OPTIONS",
            "Access-Control-Allow-Methods: GET, HEAD",
            "Access-Control-Allow-Headers: Authorization",
            "Access-Control-Max-Age: 600",
        ],
    }
}

/// ffmpeg, VLC and GStreamer send a pass only when they are asked for it.
fn unauthorized(reply: Reply, now: Now) -> Vec<u8> {
    let ask = r#"WWW-Authenticate: Basic realm="transom""#;
    let text = "a pass is needed: ask the camera's owner for the link";
    reply.text(Status::Unauthorized, &[ask], text, now)
}

fn too_many(reply: Reply, now: Now) -> Vec<u8> {
    let text = "the limit of viewers is reached: try again later";
    reply.text(Status::Unavailable, &["Retry-After: 5"], text, now)
}

const JSON: &str = "application/json";

/// The token is behind the #, which no browser sends; the path may still be private.
const REFERRER: &str = "Referrer-Policy: no-referrer";

/// Without passes no page of another site embeds the page.
const NO_FRAMES: &str = "X-Frame-Options: SAMEORIGIN";
