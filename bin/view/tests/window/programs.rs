//! Another program of this computer sees a camera by the link that the window made for it.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use transom::{CallKind, Notice};

use super::display::until;
use super::{Scratch, close, display, door, open, shown};

/// Longer than the door waits for a picture.
const PATIENCE: Duration = Duration::from_secs(10);
const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz234567";

#[test]
fn a_camera_that_was_shown_to_other_programs_is_there_after_the_next_start() {
    let scratch = Scratch::new("programs");
    let Some(display) = display(&scratch) else {
        return;
    };
    let port = free_port();
    fs::create_dir_all(scratch.path("config/transom")).unwrap();
    let settings = format!("programs_port = {port}\n[contacts.door]\nprograms = true\n");
    scratch.write("config/transom/view.toml", settings);
    let mut door = door(&scratch);
    scratch.write("state/http-token", TOKEN);
    let mut window = open(&scratch, &display, &door);
    let Some(id) = shown(&display, &mut window) else {
        return;
    };
    let snapshot = || {
        let answer = get(port, &format!("/door/snapshot?token={TOKEN}"))?;
        answer.starts_with(b"HTTP/1.0 200").then_some(answer)
    };
    let answer = until(snapshot).expect("a picture");
    let head_ends = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let jpeg = &answer[head_ends.unwrap() + 4..];
    assert!(jpeg.starts_with(b"\xff\xd8") && jpeg.ends_with(b"\xff\xd9"));
    door.wait("being watched for the program", |notice| {
        matches!(
            notice,
            Notice::CallStarted {
                kind: CallKind::View,
                ..
            }
        )
    });
    let strange = get(port, "/door/snapshot").unwrap();
    assert!(strange.starts_with(b"HTTP/1.0 401"), "without its token");
    display.keep("programs");
    close(&display, &id, &mut window);
    assert_eq!(get(port, "/"), None, "the door closes with the window");
}

/// The whole answer of the window's door, if it is open.
fn get(port: u16, target: &str) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {target} HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(answer)
}

/// A port that no other program has.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
