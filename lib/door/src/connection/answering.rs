//! The answer to each request, in the order in which what it may not have is refused.

use super::{Connection, Lease, State};
use crate::client::StreamFormat;
use crate::credentials::tokens;
use crate::door::{Access, NoSlot, Purpose, Shared, Slot};
use crate::encoding::percent_encode;
use crate::frame::{BOUNDARY_LINE, EARLY_HEAD};
use crate::held::Held;
use crate::host;
use crate::metrics::{self, PROMETHEUS};
use crate::now::Now;
use crate::output::Output;
use crate::page::{PAGE, POLICY};
use crate::reply::{Reply, Status};
use crate::request::{HeadError, Method, Request};
use crate::route::Route;
use crate::sound::{Listener, wav_head};
use crate::source::SourceId;
use crate::state;
use crate::stream::Stream;

impl Connection {
    pub(super) fn refuse(&mut self, error: HeadError, shared: &Shared, now: Now) {
        let reply = Reply::to_unreadable(shared.is_open());
        let text = error.to_string();
        self.answer(
            reply,
            reply.text(Status::of_error(error), &[], &text, now),
            now,
        );
    }

    /// Checks in this order: the host, the number of requests without a pass, the method, the page
    /// that everybody may have, the site or the pass, the path. So a client without a pass can't
    /// find out which paths there are.
    pub(super) fn respond(&mut self, request: &Request, shared: &mut Shared, now: Now) {
        let reply = Reply::to(request, shared.is_open());
        let host = request.host.as_deref();
        if let Access::Open { names } = &shared.access
            && !host.is_none_or(|host| host::is_ours(host, names))
        {
            let text = "a door without passes answers to addresses and localhost: use 127.0.0.1, \
                        or a pass";
            return self.answer(reply, reply.text(Status::Misdirected, &[], text, now), now);
        }
        let is_allowed = self.is_allowed(request, shared, now);
        if !is_allowed && !shared.strangers.may_ask(self.address, now.instant) {
            return self.answer_too_many(reply, now);
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
        if reply.is_open && request.is_cross_site {
            let text = "pages of other sites may not look here: open the page /";
            return self.answer(reply, reply.text(Status::Forbidden, &[], text, now), now);
        }
        if !is_allowed {
            return self.answer(reply, unauthorized(reply, now), now);
        }
        self.is_admitted = true;
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
            Route::Sound(source) => self.begin_sound(source, reply, shared, now),
            Route::State(source) => {
                let may_hear = shared.access.may_hear(self.pass);
                let body = state::of_source(shared, source, may_hear, now.instant);
                let answer = reply.whole(Status::Ok, JSON, &[], &body, now);
                self.answer(reply, answer, now);
            }
            Route::Metrics => {
                let body = metrics::of_door(shared, now.instant);
                let answer = reply.whole(Status::Ok, PROMETHEUS, &[], &body, now);
                self.answer(reply, answer, now);
            }
            Route::Cameras => {
                let body = state::of_door(shared);
                let answer = reply.whole(Status::Ok, JSON, &[], &body, now);
                self.answer(reply, answer, now);
            }
            Route::MissingSlash(source) => {
                let name = &shared.sources[source.0].name;
                let location = format!("Location: {}/", percent_encode(name));
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

    /// The client has to connect again for more.
    fn answer_too_many(&mut self, reply: Reply, now: Now) {
        let reply = reply.closing();
        let text = "too many requests without a pass from this address: try again later";
        let answer = reply.text(Status::TooManyRequests, &["Retry-After: 1"], text, now);
        self.answer(reply, answer, now);
    }

    /// Whether the request has a valid pass, or needs none.
    fn is_allowed(&mut self, request: &Request, shared: &mut Shared, now: Now) -> bool {
        let Access::Passes(passes) = &mut shared.access else {
            return true;
        };
        let mut has_token = false;
        for token in tokens(request) {
            has_token = true;
            if let Some((pass, is_later)) = passes.admit(&token, now.unix) {
                self.pass = Some(pass);
                shared.has_owner_event |= is_later;
                return true;
            }
        }
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
        let format = match StreamFormat::of(request) {
            Ok(format) => format,
            Err(why) => {
                let answer = reply.text(Status::BadRequest, &[], &why.to_string(), now);
                return self.answer(reply, answer, now);
            }
        };
        let closing = reply.closing();
        let content_type = format!("Content-Type: {}", format.content_type());
        let mut head = closing.head(Status::Ok, &[NO_SCRIPTS, &content_type], now);
        if closing.is_head {
            return self.answer(closing, head, now);
        }
        if let Err(why) = self.acquire_slot(source, Purpose::Look, shared) {
            return self.answer(reply, no_slot(why, reply, now), now);
        }
        head.extend_from_slice(BOUNDARY_LINE.as_bytes());
        if format.early_heads {
            head.extend_from_slice(EARLY_HEAD.as_bytes());
        }
        self.input.clear();
        self.state = State::Streaming(Stream::new(source, format, now.instant));
        self.write(Output::of(head), now.instant);
    }

    fn begin_sound(&mut self, source: SourceId, reply: Reply, shared: &mut Shared, now: Now) {
        if !shared.access.may_hear(self.pass) {
            let text = "this pass may look and not listen: ask the camera's owner for another";
            return self.answer(reply, reply.text(Status::Forbidden, &[], text, now), now);
        }
        if !shared.sources[source.0].has_sound {
            let text = "this camera has no sound";
            return self.answer(reply, reply.text(Status::NotFound, &[], text, now), now);
        }
        let closing = reply.closing();
        let mut head = closing.head(Status::Ok, &["Content-Type: audio/wav"], now);
        if closing.is_head {
            return self.answer(closing, head, now);
        }
        if let Err(why) = self.acquire_slot(source, Purpose::Listen, shared) {
            return self.answer(reply, no_slot(why, reply, now), now);
        }
        head.extend_from_slice(&wav_head());
        self.input.clear();
        let sound = &shared.sources[source.0].sound;
        self.state = State::Listening(Listener::new(source, sound, now.instant));
        self.write(Output::of(head), now.instant);
    }

    fn hold(&mut self, held: Held, shared: &mut Shared, now: Now) {
        match self.acquire_slot(held.source, Purpose::Look, shared) {
            Ok(()) => self.state = State::Holding(held),
            Err(why) => self.answer(held.reply, no_slot(why, held.reply, now), now),
        }
    }

    /// Takes a slot instead of the one that it has. Without a free one it keeps the old.
    fn acquire_slot(
        &mut self,
        source: SourceId,
        purpose: Purpose,
        shared: &mut Shared,
    ) -> Result<(), NoSlot> {
        let slot = Slot {
            source,
            purpose,
            pass: self.pass,
        };
        let old = self.lease.as_ref().map(|lease| lease.slot);
        if old != Some(slot) {
            shared.acquire(slot, old)?;
        }
        let until = None;
        self.lease = Some(Lease { slot, until });
        Ok(())
    }

    pub(super) fn answer(&mut self, reply: Reply, answer: Vec<u8>, now: Now) {
        self.state = State::Answering {
            keep_alive: reply.keep_alive,
        };
        self.write(Output::of(answer), now.instant);
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

fn no_slot(why: NoSlot, reply: Reply, now: Now) -> Vec<u8> {
    let (again, text) = ("Retry-After: 5", why.to_string());
    reply.text(Status::Unavailable, &[again], &text, now)
}

const JSON: &str = "application/json";

/// A picture of a hostile camera can hold the boundary and a part of HTML. Firefox would show that,
/// with its scripts, at the address that has the token in it; a policy of the head is every part's.
const NO_SCRIPTS: &str = "Content-Security-Policy: default-src 'none'; sandbox";

/// The token is behind the #, which no browser sends; the path may still be private.
const REFERRER: &str = "Referrer-Policy: no-referrer";

/// Without passes no page of another site embeds the page.
const NO_FRAMES: &str = "X-Frame-Options: SAMEORIGIN";
