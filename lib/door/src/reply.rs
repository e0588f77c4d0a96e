//! Heads and short bodies of answers. Every answer has the same headers for caches, proxies and
//! other origins.

use std::fmt::Write;

use crate::date::HttpDate;
use crate::limits::MAX_HEAD_BYTES;
use crate::now::Now;
use crate::request::{HeadError, Method, Request, Version};

/// How the answers to one request are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    pub(crate) version: Version,
    pub(crate) is_head: bool,
    pub(crate) keep_alive: bool,
    /// The door asks for no pass.
    pub(crate) is_open: bool,
}

/// Code and reason of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    Ok = 200,
    NoContent = 204,
    PermanentRedirect = 308,
    BadRequest = 400,
    Unauthorized = 401,
    Forbidden = 403,
    NotFound = 404,
    MethodNotAllowed = 405,
    RequestTimeout = 408,
    ContentTooLarge = 413,
    Misdirected = 421,
    TooManyRequests = 429,
    HeadTooLarge = 431,
    Unavailable = 503,
    UnknownVersion = 505,
}

impl Status {
    fn reason(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::NoContent => "No Content",
            Self::PermanentRedirect => "Permanent Redirect",
            Self::BadRequest => "Bad Request",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::RequestTimeout => "Request Timeout",
            Self::ContentTooLarge => "Content Too Large",
            Self::Misdirected => "Misdirected Request",
            Self::TooManyRequests => "Too Many Requests",
            Self::HeadTooLarge => "Request Header Fields Too Large",
            Self::Unavailable => "Service Unavailable",
            Self::UnknownVersion => "HTTP Version Not Supported",
        }
    }

    pub(crate) fn of_error(error: HeadError) -> Self {
        match error {
            HeadError::Body => Self::ContentTooLarge,
            HeadError::Malformed => Self::BadRequest,
            HeadError::TooLarge => Self::HeadTooLarge,
            HeadError::Version => Self::UnknownVersion,
        }
    }
}

impl Reply {
    pub(crate) fn to(request: &Request, is_open: bool) -> Self {
        Self {
            version: request.version,
            is_head: request.method == Method::Head,
            keep_alive: request.keep_alive,
            is_open,
        }
    }

    /// For a head that was not understood, after which the connection closes.
    pub(crate) fn to_unreadable(is_open: bool) -> Self {
        Self {
            version: Version::Http11,
            is_head: false,
            keep_alive: false,
            is_open,
        }
    }

    /// The same for an answer behind which the connection ends, such as one without a length.
    pub(crate) fn closing(self) -> Self {
        Self {
            keep_alive: false,
            ..self
        }
    }

    /// The head of an answer with further headers, each as `Name: value`.
    pub(crate) fn head(self, status: Status, headers: &[&str], now: Now) -> Vec<u8> {
        let version = match self.version {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        };
        let (code, reason) = (status as u16, status.reason());
        let mut head = String::with_capacity(512);
        head += &format!("{version} {code} {reason}\r\n");
        head += &format!("Date: {}\r\n", HttpDate(now.unix));
        head += COMMON;
        head += match self.is_open {
            true => OPEN,
            false => WITH_PASS,
        };
        if !self.keep_alive {
            head += "Connection: close\r\n";
        }
        for header in headers {
            head += header;
            head += "\r\n";
        }
        head += "\r\n";
        debug_assert!(head.len() <= MAX_HEAD_BYTES);
        head.into_bytes()
    }

    /// A whole answer; to a HEAD without the body.
    pub(crate) fn whole(
        self,
        status: Status,
        content_type: &str,
        headers: &[&str],
        body: &str,
        now: Now,
    ) -> Vec<u8> {
        let length = format!("Content-Length: {}", body.len());
        let content_type = format!("Content-Type: {content_type}");
        let mut all = vec![content_type.as_str(), length.as_str()];
        all.extend(headers);
        let mut answer = self.head(status, &all, now);
        if !self.is_head {
            answer.extend_from_slice(body.as_bytes());
        }
        answer
    }

    /// A sentence for people and logs.
    pub(crate) fn text(self, status: Status, headers: &[&str], text: &str, now: Now) -> Vec<u8> {
        let body = format!("{text}\n");
        self.whole(status, "text/plain; charset=utf-8", headers, &body, now)
    }
}

/// Text as a JSON string.
pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            control if control < ' ' => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// No cache keeps a picture, nginx passes each on at once, and nothing is taken for another type.
const COMMON: &str = "Cache-Control: no-store\r\nPragma: no-cache\r\n\
    X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n";

/// Pages of other origins may use what a pass of theirs can see: a pass is in the request itself
/// and never in a cookie, so no page can use the pass of another. A Basic pass that the browser
/// remembers shows them nothing either: their scripts can't read what is asked for with it.
const WITH_PASS: &str = "Access-Control-Allow-Origin: *\r\n\
    Access-Control-Expose-Headers: X-Sequence, X-State, X-Timestamp, X-Words\r\n\
    Cross-Origin-Resource-Policy: cross-origin\r\n";

/// Without passes pages of other sites get nothing: they could look without their user's knowledge.
const OPEN: &str = "Cross-Origin-Resource-Policy: same-site\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_for_json() {
        assert_eq!(json_string("a\"b\\c\nZoë\0"), r#""a\"b\\c\u000aZoë\u0000""#);
    }
}
