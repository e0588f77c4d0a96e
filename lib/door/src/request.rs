//! The head of a request, checked: bodies, doubtful lengths and doubled hosts are refused here, so
//! that no proxy in front can see other requests than we do.

use crate::limits::{MAX_HEAD_BYTES, MAX_HEADERS};

/// What an answer depends on.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) version: Version,
    /// Before the question mark, as it was sent.
    pub(crate) path: String,
    /// Behind it.
    pub(crate) query: String,
    /// Whether the connection stays open after the answer.
    pub(crate) keep_alive: bool,
    pub(crate) host: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) accept: String,
    pub(crate) user_agent: String,
    /// A browser says that a page of another site asks.
    pub(crate) is_cross_site: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Method {
    Get,
    Head,
    Options,
    Other,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

/// A head that has no other answer than a refusal, after which the connection closes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("a request with a body is refused here")]
    Body,
    #[error("the request is not understood")]
    Malformed,
    #[error("the request's head is larger than 8 KiB or has more than 48 headers")]
    TooLarge,
    #[error("only the versions 1.0 and 1.1 of HTTP are understood")]
    Version,
}

impl Request {
    /// The first request of the bytes and how many they are, or `None` while its end is missing.
    ///
    /// The bytes behind the last line feed are not looked at, so that a verdict depends on whole
    /// lines and not on how the bytes were cut.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeadError> {
        let head = &bytes[..bytes.len().min(MAX_HEAD_BYTES)];
        let lines = head.iter().rposition(|byte| *byte == b'\n');
        let lines = lines.map_or(&[][..], |last| &head[..=last]);
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(lines).map_err(HeadError::from)? {
            httparse::Status::Complete(length) => Ok(Some((Self::of(&parsed)?, length))),
            httparse::Status::Partial if head.len() == MAX_HEAD_BYTES => Err(HeadError::TooLarge),
            httparse::Status::Partial => Ok(None),
        }
    }

    fn of(parsed: &httparse::Request<'_, '_>) -> Result<Self, HeadError> {
        let version = match parsed.version {
            Some(0) => Version::Http10,
            _ => Version::Http11,
        };
        let target = parsed.path.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request = Self {
            method: match parsed.method {
                Some("GET") => Method::Get,
                Some("HEAD") => Method::Head,
                Some("OPTIONS") => Method::Options,
                _ => Method::Other,
            },
            version,
            path: path.into(),
            query: query.into(),
            keep_alive: version == Version::Http11,
            host: None,
            authorization: None,
            accept: String::new(),
            user_agent: String::new(),
            is_cross_site: false,
        };
        let mut has_length = false;
        for header in &*parsed.headers {
            // Values are visible text without spaces around it; other bytes appear in no header
            // that is looked at.
            let value = std::str::from_utf8(header.value).unwrap_or_default();
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("Transfer-Encoding") {
                return Err(HeadError::Body);
            } else if is("Content-Length") {
                if std::mem::replace(&mut has_length, true) {
                    return Err(HeadError::Malformed);
                }
                check_length(value)?;
            } else if is("Host") {
                if request.host.replace(value.into()).is_some() {
                    return Err(HeadError::Malformed);
                }
            } else if is("Connection") {
                let mut words = value.split(',');
                if words.any(|word| word.trim().eq_ignore_ascii_case("close")) {
                    request.keep_alive = false;
                }
            } else if is("Authorization") {
                request.authorization = Some(value.into());
            } else if is("Accept") {
                request.accept = value.into();
            } else if is("User-Agent") {
                request.user_agent = value.into();
            } else if is("Sec-Fetch-Site") {
                request.is_cross_site = value == "cross-site";
            }
        }
        // A path, or the asterisk of OPTIONS. A whole URL is for proxies.
        let is_target = path.starts_with('/') || (path == "*" && parsed.method == Some("OPTIONS"));
        let has_host = request.host.is_some() || version == Version::Http10;
        (is_target && has_host)
            .then_some(request)
            .ok_or(HeadError::Malformed)
    }
}

impl From<httparse::Error> for HeadError {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::TooManyHeaders => Self::TooLarge,
            httparse::Error::Version => Self::Version,
            _ => Self::Malformed,
        }
    }
}

/// Zero is no body. What is no number may be a length for a proxy.
fn check_length(value: &str) -> Result<(), HeadError> {
    if value.is_empty() || !value.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(HeadError::Malformed);
    }
    match value.bytes().all(|digit| digit == b'0') {
        true => Ok(()),
        false => Err(HeadError::Body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<(Request, usize)>, HeadError> {
        Request::parse(text.as_bytes())
    }

    fn request(text: &str) -> Request {
        let (request, length) = parse(text).unwrap().unwrap();
        assert_eq!(length, text.len());
        request
    }

    #[test]
    fn a_browser_s_head() {
        let head = "GET /stream?fps=5&1700000000000 HTTP/1.1\r\nHost: box:8080\r\n\
                    accept: image/avif,*/*\r\nUser-Agent: Mozilla/5.0\r\n\
                    AUTHORIZATION: Bearer abc \r\nConnection: keep-alive\r\n\r\n";
        let request = request(head);
        assert_eq!(request.method, Method::Get);
        assert_eq!(request.path, "/stream");
        assert_eq!(request.query, "fps=5&1700000000000");
        assert!(request.keep_alive);
        assert_eq!(request.host.as_deref(), Some("box:8080"));
        assert_eq!(request.authorization.as_deref(), Some("Bearer abc"));
        assert_eq!(request.accept, "image/avif,*/*");
    }

    #[test]
    fn http_1_0_needs_no_host_and_closes() {
        let old = request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert!(!old.keep_alive && old.version == Version::Http10);
        let closing = request("GET / HTTP/1.1\nHost: a\nConnection: TE, Close\n\n");
        assert!(!closing.keep_alive);
    }

    #[test]
    fn heads_that_are_refused() {
        let line = "GET / HTTP/1.1\r\nHost: a\r\n";
        for (head, why) in [
            ("GET /\r\n\r\n".to_owned(), HeadError::Malformed),
            ("GET / HTTP/1.1\r\n\r\n".into(), HeadError::Malformed),
            ("GET / HTTP/2.0\r\n\r\n".into(), HeadError::Version),
            (
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
                HeadError::Version,
            ),
            ("\x16\x03\x01\x02\r\n".into(), HeadError::Malformed),
            (
                "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n".into(),
                HeadError::Malformed,
            ),
            (
                "GET * HTTP/1.1\r\nHost: a\r\n\r\n".into(),
                HeadError::Malformed,
            ),
            (
                "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n".into(),
                HeadError::Malformed,
            ),
            (format!("{line}Host: b\r\n\r\n"), HeadError::Malformed),
            (
                format!("{line}Content-Length: 5\r\n\r\nhello"),
                HeadError::Body,
            ),
            (
                format!("{line}Content-Length: +0\r\n\r\n"),
                HeadError::Malformed,
            ),
            (
                format!("{line}Content-Length: 0\u{a0}\r\n\r\n"),
                HeadError::Malformed,
            ),
            (
                format!("{line}Content-Length: 0, 5\r\n\r\n"),
                HeadError::Malformed,
            ),
            (
                format!("{line}Content-Length:\r\n\r\n"),
                HeadError::Malformed,
            ),
            (
                format!("{line}Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
                HeadError::Malformed,
            ),
            (
                format!("{line}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                HeadError::Body,
            ),
            (
                format!("{line}Transfer-Encoding: \x0bchunked\r\n\r\n"),
                HeadError::Malformed,
            ),
            (
                format!("{line}Transfer-Encoding : chunked\r\n\r\n"),
                HeadError::Malformed,
            ),
            (
                format!("{line}X: a\r\n Transfer-Encoding: chunked\r\n\r\n"),
                HeadError::Malformed,
            ),
            (format!("{line}X: a\rb\r\n\r\n"), HeadError::Malformed),
            (format!("{line}X: a\0b\r\n\r\n"), HeadError::Malformed),
            (
                format!("{line}{}\r\n", "X: a\r\n".repeat(48)),
                HeadError::TooLarge,
            ),
            (
                format!("{line}X: {}", "a".repeat(8192)),
                HeadError::TooLarge,
            ),
            ("G".repeat(8192), HeadError::TooLarge),
        ] {
            assert_eq!(parse(&head), Err(why), "{}", head.escape_debug());
        }
    }

    #[test]
    fn the_largest_heads_pass() {
        let line = "GET / HTTP/1.1\r\nHost: a\r\n";
        request(&format!("{line}{}\r\n", "X: a\r\n".repeat(47)));
        let filler = "a".repeat(MAX_HEAD_BYTES - line.len() - "X: \r\n\r\n".len());
        request(&format!("{line}X: {filler}\r\n\r\n"));
    }

    #[test]
    fn a_length_of_zero_is_no_body() {
        request("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 00\r\n\r\n");
        request("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \t 0 \t\r\n\r\n");
    }
}
