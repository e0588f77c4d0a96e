//! Requests as clients send them, and malformed ones; the first byte picks the door and the cuts.

/// Name and bytes.
pub(crate) fn requests() -> Vec<(&'static str, Vec<u8>)> {
    let token = transom_door::fuzzing::token();
    let get = |path: &str| format!("GET {path}token={token} HTTP/1.1\r\nHost: box\r\n\r\n");
    let basic = "GET / HTTP/1.1\nHost: a\nAuthorization: Basic eDp4\n";
    let requests = [
        ("stream", 0, get("/stream?fps=5&")),
        (
            "image",
            1,
            format!(
                "GET /?action=stream&token={token} HTTP/1.1\r\nHost: a\r\n\
                 Accept: image/avif,*/*\r\nUser-Agent: AppleWebKit/537.36\r\n\r\n"
            ),
        ),
        (
            "old",
            2,
            format!("GET /stream?token={token} HTTP/1.0\r\n\r\n"),
        ),
        (
            "pipelined",
            11,
            [
                get("/next?after=1&"),
                get("/state?"),
                get("/snapshot?"),
                get("/x?"),
            ]
            .concat(),
        ),
        (
            "several",
            0x89,
            [
                get("/state?"),
                get("/hall?"),
                get("/yard/state?"),
                get("/hall/next?"),
            ]
            .concat(),
        ),
        (
            "open",
            0xd2,
            "GET /stream HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n".into(),
        ),
        (
            "rebound",
            0xc0,
            "GET /state HTTP/1.1\r\nHost: a.example\r\n\r\n".into(),
        ),
        (
            "stranger",
            3,
            format!(
                "{basic}\nHEAD /state HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"
            ),
        ),
        ("body", 4, format!("{basic}Content-Length: 3\r\n\r\nabc")),
        (
            "chunked",
            5,
            format!("{basic}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
        ("unended", 6, "\r\nGET / HTTP/1.1\r\nHo".into()),
    ];
    requests
        .into_iter()
        .map(|(name, first, text)| (name, [vec![first], text.into_bytes()].concat()))
        .collect()
}
