//! What the viewers of a camera are told of it: enough to know what is wrong, nothing that is the
//! owner's alone.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use transom::media::fuzzing::sample;
use transom::media::{CaptureRequest, Source, probe};
use transom::{CallKind, CameraState, Identity, Notice, Redial};

use crate::calls::name;
use crate::support::{Peer, Scratch, book, local};

/// Stands in commands, paths and names of devices.
const SECRET: &str = "hunter2";

/// A box with that camera, and its viewer.
fn watched(source: Source, size: Option<(u16, u16)>) -> (Peer, Peer) {
    let guest = Identity::throwaway().unwrap();
    let line = format!("guest 127.0.0.1 key={} may=view", guest.public_key());
    let far = Peer::start("box", |settings| {
        settings.book = book(&[line]);
        settings.listen = local();
        settings.serve_camera = true;
        settings.camera = Some(CaptureRequest {
            source,
            size,
            ..CaptureRequest::default()
        });
    });
    let near = Peer::start("guest", |settings| settings.identity = guest);
    near.handle.connect(far.contact("box"), Redial::Never);
    near.joined();
    near.handle.ring(&name("box"), CallKind::View);
    (far, near)
}

fn command(text: String) -> Source {
    Source::Command(text)
}

/// Waits until the camera is said to be so: in which words, and all that was told until then.
fn told(peer: &Peer, wanted: CameraState) -> (String, String) {
    let all = RefCell::new(String::new());
    let words = peer.wait(|notice| {
        all.borrow_mut().push_str(&format!("{notice:?}\n"));
        match notice {
            Notice::FarCamera { state, text, .. } | Notice::Camera { state, text, .. }
                if state == wanted =>
            {
                Some(text)
            }
            _ => None,
        }
    });
    (words, all.into_inner())
}

fn path(folder: &Path, file: &str) -> std::path::PathBuf {
    folder.join(format!("{SECRET}-{file}"))
}

#[test]
fn viewers_are_told_the_kind_and_the_size_and_never_a_command_or_a_path() {
    let scratch = Scratch::new("told");
    let film = path(&scratch.0, "film.mjpeg");
    fs::write(&film, sample(64, 48)).unwrap();
    let text = path(&scratch.0, "text");
    fs::write(&text, "no picture").unwrap();
    let play = format!("cat {}", film.display());
    for (source, state, words) in [
        (
            command(format!("{play}; sleep 600")),
            CameraState::Live,
            "64x48, from a program",
        ),
        (
            Source::File(film.clone()),
            CameraState::Live,
            "64x48, 25 fps, from a file",
        ),
        (
            Source::Pattern,
            CameraState::Live,
            "640x480, 30 fps, from a test pattern",
        ),
        (
            command(format!("exit 3 # {SECRET}")),
            CameraState::Lost,
            "its pictures came to an end",
        ),
        (
            command(format!("/no/{SECRET} 2>/dev/null")),
            CameraState::Lost,
            "its pictures came to an end",
        ),
        (
            command(format!("head -c 70000000 /dev/zero; sleep 600 # {SECRET}")),
            CameraState::Lost,
            "none of its pictures can be used: they are no JPEG",
        ),
        (
            command(format!(
                "printf '\\211PNG\\r\\n\\032\\n'; sleep 600 # {SECRET}"
            )),
            CameraState::Lost,
            "none of its pictures can be used: they are PNG, not JPEG",
        ),
        (
            Source::File(text.clone()),
            CameraState::Lost,
            "none of its pictures can be used: they are no JPEG",
        ),
        (
            Source::File(path(&scratch.0, "missing")),
            CameraState::Lost,
            "it was not found",
        ),
        (
            Source::File(scratch.0.clone()),
            CameraState::Lost,
            "it is no camera",
        ),
        (
            Source::Device(path("/dev".as_ref(), "camera")),
            CameraState::Lost,
            "it was not found",
        ),
        (
            Source::Device(text.clone()),
            CameraState::Lost,
            "it is no camera",
        ),
    ] {
        let (far, near) = watched(source.clone(), None);
        let (seen, all) = told(&near, state);
        assert_eq!(seen, words, "{source:?}");
        assert!(!all.contains(SECRET), "{source:?}: {all}");
        // The owner knows the command, but who reads the log may be another.
        let (seen, all) = told(&far, state);
        let is_command = matches!(source, Source::Command(_));
        assert!(!is_command || !all.contains(SECRET), "{source:?}: {all}");
        assert!(!seen.is_empty(), "{source:?}");
    }
}

/// A picture with a good header that no decoder reads: its quantisation tables are missing.
fn undecodable(jpeg: &[u8]) -> Vec<u8> {
    let mut left = jpeg[..2].to_vec();
    let mut rest = &jpeg[2..];
    while rest[1] != 0xda {
        let (segment, next) =
            rest.split_at(2 + usize::from(u16::from_be_bytes([rest[2], rest[3]])));
        if segment[1] != 0xdb {
            left.extend_from_slice(segment);
        }
        rest = next;
    }
    left.extend_from_slice(rest);
    left
}

/// A picture of a kind that is refused by its header.
fn progressive(jpeg: &[u8]) -> Vec<u8> {
    let mut jpeg = jpeg.to_vec();
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]);
    jpeg[frame.unwrap() + 1] = 0xc2;
    jpeg
}

#[test]
fn pictures_that_cannot_be_used_are_said_at_both_sides_until_good_ones_come() {
    let good = sample(64, 48);
    for (case, bad, size) in [
        ("they are damaged", undecodable(&good), Some((32, 32))),
        (
            "a progressive JPEG is not supported",
            progressive(&good),
            None,
        ),
    ] {
        let scratch = Scratch::new("unusable");
        fs::write(scratch.0.join("bad"), bad).unwrap();
        fs::write(scratch.0.join("good"), &good).unwrap();
        let source = command(format!(
            "cd {}; while [ ! -e mended ]; do cat bad; sleep 0.1; done; \
             while :; do cat good; sleep 0.1; done",
            scratch.0.display()
        ));
        let (far, near) = watched(source, size);
        let (words, _) = told(&near, CameraState::Lost);
        assert_eq!(words, format!("none of its pictures can be used: {case}"));
        let (words, _) = told(&far, CameraState::Lost);
        assert!(
            words.contains("none of its pictures can be used: "),
            "{case}: {words}"
        );
        fs::write(scratch.0.join("mended"), "").unwrap();
        told(&near, CameraState::Live);
        told(&far, CameraState::Live);
        near.picture(size.map_or(64, |(width, _)| width));
    }
}

#[test]
fn a_grey_camera_is_shown_in_a_smaller_size() {
    use transom::media::{ColorEncoding, Encoder, Frame, Layout, RawFrame};
    let scratch = Scratch::new("grey");
    let grey = Encoder::new(80, None).encode(Frame::Raw(RawFrame {
        data: &[90; 64 * 48],
        layout: Layout::Grey,
        color: ColorEncoding::default(),
        width: 64,
        height: 48,
        stride: 64,
        sequence: 0,
        captured: std::time::Instant::now(),
        acquired: std::time::Instant::now(),
    }));
    let film = path(&scratch.0, "grey.mjpeg");
    fs::write(&film, &grey.unwrap().jpeg[..]).unwrap();
    let (_far, near) = watched(Source::File(film), Some((32, 32)));
    let picture = near.wait(|notice| match notice {
        Notice::Picture { picture, .. } => Some(picture),
        _ => None,
    });
    let header = probe(&picture.jpeg).unwrap();
    assert_eq!(
        (header.width, header.height, header.components),
        (32, 24, 1)
    );
}
