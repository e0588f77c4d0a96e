//! The quirks of programs that people have, as small models of how each reads a stream. Each must
//! see every picture byte for byte. They were written by what the programs do, not from their code.

use super::*;

/// Pictures as one client finds them in the chunks that it reads.
type Model = fn(head: &str, chunks: &[Vec<u8>]) -> Vec<Vec<u8>>;

/// Ten pictures; some have a thumbnail whose end looks like the picture's.
fn pictures() -> Vec<Vec<u8>> {
    let thumbnail = b"\xff\xe1\x00\x0aExif\xff\xd8\xff\xd9";
    let pictures = (1..=10).map(|number| {
        let mut jpeg = jpeg(number);
        if number % 3 == 0 {
            jpeg.splice(2..2, thumbnail.iter().copied());
        }
        jpeg
    });
    pictures.collect()
}

/// The stream that a client with these headers gets, one chunk a write, as the model sees it.
fn see(headers: &str, model: Model) -> Vec<Vec<u8>> {
    let mut rig = Rig::new();
    rig.connect(1);
    let token = token(1);
    let head = format!("GET /?action=stream&token={token} HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    let answer = rig.send(1, head.as_bytes());
    let (head, first) = split(&answer);
    let mut chunks = vec![first.as_bytes().to_vec()];
    for picture in pictures() {
        rig.show_jpeg(&picture);
        chunks.push(rig.take_bytes(1));
        rig.pass(Duration::from_millis(40));
    }
    assert_eq!(status(head), "200");
    model(head, &chunks)
}

/// What goes out: without the thumbnails.
fn sent() -> Vec<Vec<u8>> {
    (1..=10).map(jpeg).collect()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// Takes a line off, without its end.
fn line(rest: &mut &[u8]) -> Option<String> {
    let end = find(rest, b"\r\n")?;
    let line = String::from_utf8(rest[..end].to_vec()).unwrap();
    *rest = &rest[end + 2..];
    Some(line)
}

/// The length that a part's head gives, by a line that is written just so.
fn length(head: &str, name: &str) -> usize {
    let (_, rest) = head.split_once(name).expect("multipart: no content length");
    rest.split("\r\n").next().unwrap().trim().parse().unwrap()
}

/// Skips to a line that begins with `--`, reads headers, and needs a length.
fn go2rtc(_: &str, chunks: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let all = chunks.concat();
    let (mut rest, mut seen) = (all.as_slice(), Vec::new());
    while let Some(boundary) = line(&mut rest) {
        if !boundary.starts_with("--") || rest.is_empty() {
            continue;
        }
        let end = find(rest, b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(rest[..end].to_vec()).unwrap();
        let (picture, behind) = rest[end..].split_at(length(&head, "Content-Length:"));
        seen.push(picture.to_vec());
        rest = behind;
    }
    seen
}

/// Reads a length, looks for FF D8 within one chunk, and shows the picture once there is a byte
/// more than it has.
fn mainsail(_: &str, chunks: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let (mut seen, mut wanted, mut picture) = (Vec::new(), None, Vec::new());
    for chunk in chunks {
        let mut rest = chunk.as_slice();
        if wanted.is_none()
            && let Some(start) = find(chunk, b"\xff\xd8")
        {
            let head = String::from_utf8(chunk[..start].to_vec()).unwrap();
            wanted = Some(length(&head, "Content-Length:"));
            rest = &chunk[start..];
        }
        if let Some(length) = wanted {
            picture.extend_from_slice(rest);
            if picture.len() > length {
                seen.push(picture[..length].to_vec());
                (wanted, picture) = (None, Vec::new());
            }
        }
    }
    seen
}

/// Takes all behind `boundary=` as the boundary, and what lies between two of them.
fn fluidd(head: &str, chunks: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let (_, boundary) = head.split_once("boundary=").unwrap();
    let boundary = format!("--{}\r\n", boundary.split("\r\n").next().unwrap());
    let all = chunks.concat();
    let (mut rest, mut seen) = (all.as_slice(), Vec::new());
    while let Some(start) = find(rest, boundary.as_bytes()) {
        rest = &rest[start + boundary.len()..];
        let Some(end) = find(rest, boundary.as_bytes()) else {
            break;
        };
        let body = find(rest, b"\r\n\r\n").unwrap() + 4;
        seen.push(rest[body..end - 2].to_vec());
    }
    seen
}

/// Cuts from FF D8 to the first FF D9, whatever is between.
fn home_assistant(_: &str, chunks: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let all = chunks.concat();
    let (mut rest, mut seen) = (all.as_slice(), Vec::new());
    while let Some(start) = find(rest, b"\xff\xd8") {
        let end = start + find(&rest[start..], b"\xff\xd9").unwrap() + 2;
        seen.push(rest[start..end].to_vec());
        rest = &rest[end..];
    }
    seen
}

/// Needs a boundary line first and a JPEG's type in each part; without a length it looks for the
/// next boundary.
fn ffmpeg(head: &str, chunks: &[Vec<u8>]) -> Vec<Vec<u8>> {
    assert!(head.contains("Content-Type: multipart/x-mixed-replace"));
    let all = chunks.concat();
    let (mut rest, mut seen) = (all.as_slice(), Vec::new());
    assert!(rest.starts_with(b"--"));
    while let Some(boundary) = line(&mut rest).filter(|_| !rest.is_empty()) {
        assert_eq!(boundary, "--transomframe");
        let end = find(rest, b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(rest[..end].to_vec()).unwrap();
        assert!(head.starts_with("Content-Type: image/jpeg\r\n"));
        let Some(length) = find(&rest[end..], b"\r\n--transomframe") else {
            break;
        };
        let (picture, behind) = rest[end..].split_at(length);
        seen.push(picture.to_vec());
        rest = &behind[2..];
    }
    seen
}

const CHROME: &str = "User-Agent: Mozilla/5.0 AppleWebKit/537.36 Chrome/156.0 Safari/537.36\r\n";

#[test]
fn each_client_sees_every_picture() {
    let agent = |name: &str| format!("User-Agent: {name}\r\nAccept: */*\r\n");
    let in_chrome = format!("{CHROME}Accept: */*\r\n");
    for (name, headers, model) in [
        ("go2rtc", agent("Go-http-client/1.1"), go2rtc as Model),
        ("Mainsail", in_chrome.clone(), mainsail),
        ("Fluidd", in_chrome, fluidd),
        (
            "Home Assistant",
            agent("HomeAssistant/2024.3.3"),
            home_assistant,
        ),
        ("ffmpeg", agent("Lavf/59.27.100"), ffmpeg),
    ] {
        assert_eq!(see(&headers, model), sent(), "{name}");
    }
}

#[test]
fn mainsail_runs_in_safari_on_the_same_parts() {
    let safari = "User-Agent: Mozilla/5.0 AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15\r\n\
                  Accept: */*\r\n";
    assert_eq!(see(safari, mainsail), sent());
}

/// An image element of Chromium paints a part when the head of the next is complete.
#[test]
fn an_image_element_paints_each_picture_when_it_comes() {
    let image = format!("{CHROME}Accept: image/avif,image/webp,*/*;q=0.8\r\n");
    let painted = see(&image, |_, chunks| {
        let mut all = Vec::new();
        let mut seen = Vec::new();
        for chunk in chunks {
            all.extend_from_slice(chunk);
            let Some(start) = find(&all, b"\xff\xd8") else {
                continue;
            };
            let end = start + find(&all[start..], b"\r\n--transomframe\r\n").unwrap();
            // The head of the next part has come in the same write.
            assert!(find(&all[end..], b"\r\n\r\n").is_some());
            seen.push(all[start..end].to_vec());
            all.drain(..end);
        }
        seen
    });
    assert_eq!(painted, sent());
}
