//! A camera box by HTTP: the passes, and what programs get that people already have.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::Value;
use transom_tests::{PATIENCE, Person, Program, Scratch};

/// A box with a pass, and where its door is.
struct CameraBox {
    person: Person,
    camera: Program,
    address: String,
    token: String,
    _scratch: Scratch,
}

impl CameraBox {
    fn new() -> Self {
        let scratch = Scratch::new();
        let person = Person::new(&scratch, "box");
        let made = person.run(&["pass", "add", "tests", "--json"]);
        let made: Value = serde_json::from_str(&made.stdout).unwrap();
        let token = made["token"].as_str().unwrap().to_owned();
        let options = ["--source", "pattern", "--size", "320x240", "--fps", "30"];
        let http = ["--http", "127.0.0.1:0", "--no-announce"];
        let (mut camera, _) = person.listen(&[&["camera"][..], &options, &http].concat());
        let listening = camera.event("http_listening");
        let address = listening["address"].as_str().unwrap().to_owned();
        Self {
            person,
            camera,
            address,
            token,
            _scratch: scratch,
        }
    }

    /// The connection after a question, as a plain client asks it.
    fn ask(&self, path: &str) -> TcpStream {
        let mut client = TcpStream::connect(&self.address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = &self.address;
        write!(client, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        client
    }
}

/// The JPEGs of a stream, by the lengths that its parts tell, as go2rtc reads them.
fn pictures(client: &mut TcpStream, count: usize) -> Vec<Vec<u8>> {
    let (mut bytes, mut found) = (Vec::new(), Vec::new());
    let mut some = [0; 16_384];
    while found.len() < count {
        let read = client.read(&mut some).unwrap();
        assert_ne!(read, 0, "the stream ended");
        bytes.extend_from_slice(&some[..read]);
        while let Some((start, end)) = part(&bytes).filter(|(_, end)| *end <= bytes.len()) {
            found.push(bytes[start..end].to_vec());
            bytes.drain(..end);
        }
    }
    found
}

/// Where the JPEG of the first part is.
fn part(bytes: &[u8]) -> Option<(usize, usize)> {
    let find = |text: &[u8], from: usize| {
        let mut windows = bytes.get(from..)?.windows(text.len());
        Some(from + windows.position(|window| window == text)? + text.len())
    };
    let length = find(b"Content-Length: ", 0)?;
    let start = find(b"\r\n\r\n", length)?;
    let digits = bytes[length..].split(|byte| *byte == b'\r').next()?;
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((start, start + length))
}

#[test]
fn a_client_gets_pictures_and_a_removed_pass_ends_its_stream() {
    let mut camera_box = CameraBox::new();
    let stream = format!("/stream?token={}", camera_box.token);
    let mut client = camera_box.ask(&stream);
    for picture in pictures(&mut client, 30) {
        assert!(picture.starts_with(&[0xff, 0xd8]) && picture.ends_with(&[0xff, 0xd9]));
    }
    let watching = camera_box.camera.event("http_viewers");
    assert_eq!(
        (&watching["viewers"], &watching["passes"][0]),
        (&1.into(), &"tests".into())
    );
    let mut refused = String::new();
    let mut stranger = camera_box.ask("/stream?token=wrong");
    while !refused.contains("\r\n\r\n") {
        let mut some = [0; 512];
        let read = stranger.read(&mut some).unwrap();
        assert_ne!(read, 0, "{refused}");
        refused.push_str(&String::from_utf8_lossy(&some[..read]));
    }
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");

    let listed = camera_box.person.run(&["pass"]);
    assert!(listed.stdout.contains("tests  last used"), "{listed:?}");
    let removed = camera_box.person.run(&["pass", "remove", "tests"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    // It ends by a close or a reset; a stream that goes on would not end.
    drop(client.read_to_end(&mut Vec::new()));
    let watching = camera_box.camera.event("http_viewers");
    assert_eq!(watching["viewers"], 0);
    camera_box
        .camera
        .event_where("camera", |state| state["state"] == "off");
}

#[test]
fn a_flood_of_strangers_takes_no_pictures_from_a_viewer() {
    let camera_box = CameraBox::new();
    let mut viewer = camera_box.ask(&format!("/stream?token={}", camera_box.token));
    pictures(&mut viewer, 3);
    let many = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1_000);
    let requests = [
        "",
        "GET / HTTP/1.1\r\nHost:",
        &many,
        "\0",
        "GET /state?token=x HTTP/1.1\r\n",
    ];
    let mut flood = Vec::new();
    for request in requests.iter().cycle().take(600) {
        let mut client = TcpStream::connect(&camera_box.address).unwrap();
        client.set_nonblocking(true).unwrap();
        // As much of it as the system takes.
        let _ = client.write(request.as_bytes());
        flood.push(client);
    }
    pictures(&mut viewer, 30);
    #[cfg(target_os = "linux")]
    {
        let descriptors = format!("/proc/{}/fd", camera_box.camera.id());
        let open = std::fs::read_dir(descriptors).unwrap().count();
        assert!(open < 150, "{open} descriptors");
    }
    drop(flood);
    let mut later = camera_box.ask(&format!("/stream?token={}", camera_box.token));
    pictures(&mut later, 3);
}

#[test]
fn ffmpeg_gets_pictures_with_a_pass_and_none_without() {
    if Command::new("ffmpeg")
        .arg("-version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        println!("skipped: there is no ffmpeg");
        return;
    }
    let camera_box = CameraBox::new();
    let frames = |token: &str| {
        let url = format!("http://{}/stream?token={token}", camera_box.address);
        let options = ["-loglevel", "error", "-nostdin", "-i", &url];
        let output = ["-frames:v", "30", "-f", "null", "-"];
        Program::start(Command::new("ffmpeg").args(options).args(output)).finish()
    };
    let right = frames(&camera_box.token);
    assert_eq!(right.code, Some(0), "{right:?}");
    let wrong = frames("wrong");
    assert_ne!(wrong.code, Some(0));
    assert!(wrong.stderr.contains("401"), "{wrong:?}");
}

#[test]
fn without_a_pass_a_door_is_open_to_this_machine_alone() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    for wrong in [&["--http", "0.0.0.0", "--http-open"][..], &["--http-open"]] {
        let end = amy.run(&[&["camera", "--source", "pattern"], wrong].concat());
        assert_eq!(end.code, Some(2), "{end:?}");
    }
    let open = [
        "camera",
        "--source",
        "pattern",
        "--no-announce",
        "--http",
        "127.0.0.1:0",
    ];
    let (mut camera, _) = amy.listen(&[&open[..], &["--http-open"]].concat());
    let listening = camera.event("http_listening");
    let address = listening["address"].as_str().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    write!(client, "GET /stream HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    assert_eq!(pictures(&mut client, 3).len(), 3);
}
