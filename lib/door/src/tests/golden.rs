//! The exact bytes of streams, as four kinds of client get them.

use super::*;

const COMMON: &str = "Date: Fri, 27 Nov 2026 17:33:56 GMT\r\nCache-Control: no-store\r\n\
    Pragma: no-cache\r\nX-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n\
    Access-Control-Allow-Origin: *\r\n\
    Access-Control-Expose-Headers: X-Sequence, X-State, X-Timestamp, X-Words\r\n\
    Cross-Origin-Resource-Policy: cross-origin\r\nConnection: close\r\n\
    Content-Security-Policy: default-src 'none'; sandbox\r\n";

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/156.0.0.0 Safari/537.36";
const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 \
    (KHTML, like Gecko) Version/18.5 Safari/605.1.15";
const MULTIPART: &str = "multipart/x-mixed-replace; boundary=transomframe";

/// The stream's head and its first two parts.
fn stream(head: &str) -> String {
    let mut rig = Rig::new();
    rig.connect(1);
    let mut out = rig.send(1, head.as_bytes());
    for _ in 0..2 {
        rig.show();
        let part = rig.take(1);
        // Whole with what tells the client that it is: in one write.
        assert!(part.contains("\u{ff}\u{d8}") && part.contains("--transomframe"));
        out += &part;
        rig.pass(Duration::from_millis(40));
    }
    assert_eq!(rig.fate(1), Fate::Open);
    out
}

fn get(target: &str, version: &str, headers: &str) -> String {
    let token = token(1);
    format!("GET {target}token={token} {version}\r\nHost: box\r\n{headers}\r\n")
}

fn picture(number: u8) -> String {
    jpeg(number).into_iter().map(char::from).collect()
}

fn with_lengths(version: &str, content_type: &str) -> String {
    let (one, two) = (picture(1), picture(2));
    format!(
        "{version} 200 OK\r\n{COMMON}Content-Type: {content_type}\r\n\r\n--transomframe\r\n\
         Content-Type: image/jpeg\r\nContent-Length: 22\r\nX-Timestamp: 1795800836.085698\r\n\
         X-Sequence: 1\r\n\r\n{one}\r\n--transomframe\r\n\
         Content-Type: image/jpeg\r\nContent-Length: 22\r\nX-Timestamp: 1795800836.125698\r\n\
         X-Sequence: 2\r\n\r\n{two}\r\n--transomframe\r\n"
    )
}

fn with_early_heads() -> String {
    let (one, two) = (picture(1), picture(2));
    format!(
        "HTTP/1.1 200 OK\r\n{COMMON}Content-Type: {MULTIPART}\r\n\r\n\
         --transomframe\r\nContent-Type: image/jpeg\r\n\r\n{one}\r\n\
         --transomframe\r\nContent-Type: image/jpeg\r\n\r\n{two}\r\n\
         --transomframe\r\nContent-Type: image/jpeg\r\n\r\n"
    )
}

#[test]
fn a_plain_client_reads_lengths() {
    let plain = stream(&get(
        "/stream?",
        "HTTP/1.1",
        "User-Agent: Lavf/59.27.100\r\n",
    ));
    assert_eq!(plain, with_lengths("HTTP/1.1", MULTIPART));
}

#[test]
fn an_image_of_chrome_gets_the_next_head_with_each_picture() {
    let headers = format!(
        "User-Agent: {CHROME}\r\nAccept: image/avif,image/webp,image/apng,image/svg+xml,image/*,\
         */*;q=0.8\r\n"
    );
    assert_eq!(
        stream(&get("/stream?", "HTTP/1.1", &headers)),
        with_early_heads()
    );
    let overruled = stream(&get("/stream?advance_headers=0&", "HTTP/1.1", &headers));
    assert_eq!(overruled, with_lengths("HTTP/1.1", MULTIPART));
}

#[test]
fn a_fetch_of_safari_gets_a_file_of_bytes() {
    let headers = format!("User-Agent: {SAFARI}\r\nAccept: */*\r\n");
    let raw = with_lengths("HTTP/1.1", "application/octet-stream");
    assert_eq!(stream(&get("/stream?", "HTTP/1.1", &headers)), raw);
    let overruled = stream(&get("/stream?raw=0&", "HTTP/1.1", &headers));
    assert_eq!(overruled, with_lengths("HTTP/1.1", MULTIPART));
    // Chrome says that it is Safari, too.
    let headers = format!("User-Agent: {CHROME}\r\nAccept: */*\r\n");
    let chrome = stream(&get("/?action=stream&", "HTTP/1.1", &headers));
    assert_eq!(chrome, with_lengths("HTTP/1.1", MULTIPART));
}

#[test]
fn http_1_0_is_answered_by_http_1_0() {
    let headers = format!("User-Agent: {CHROME}\r\nAccept: image/*\r\n");
    let old = stream(&get("/stream?", "HTTP/1.0", &headers));
    assert_eq!(old, with_lengths("HTTP/1.0", MULTIPART));
}

#[test]
fn firefox_shows_pictures_in_time_and_reads_lengths() {
    let headers = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 \
                   Firefox/153.0\r\nAccept: image/avif,image/webp,*/*\r\n";
    let firefox = stream(&get("/stream?", "HTTP/1.1", headers));
    assert_eq!(firefox, with_lengths("HTTP/1.1", MULTIPART));
}
