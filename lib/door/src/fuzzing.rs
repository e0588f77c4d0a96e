//! Laws for fuzzers and tests. Not part of the API.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::jpeg;
use crate::{
    Access, Config, ConnectionId, Door, Fate, Now, Pass, Picture, SourceId, SourceState, Token,
};

/// The token that the seeds ask with.
pub fn token() -> Token {
    Token::from_random([7; 20])
}

/// However a client's bytes are cut, and however it takes ours, the answers are the same: whole
/// answers, at most one a request, and an end. The first byte picks the kind of door and the
/// cuts. And what is left of a picture without its metadata has none left to leave out.
pub fn http(bytes: &[u8]) {
    let Some((first, requests)) = bytes.split_first() else {
        return;
    };
    let kind = match first >> 6 {
        0 | 1 => Kind::One,
        2 => Kind::Several,
        _ => Kind::Open,
    };
    let whole = play(requests, kind, usize::MAX, usize::MAX);
    let (taken, given) = (usize::from(first & 7), usize::from(first >> 3 & 7));
    let cut = play(requests, kind, 1 + 5 * taken, 1 + 97 * given);
    assert!(
        whole == cut,
        "{}\n\n{}",
        whole.escape_ascii(),
        cut.escape_ascii()
    );
    // The shortest request is `GET / HTTP/1.0` and two line feeds; the last answer may be to
    // something that is none.
    assert!(answers(&whole) <= 1 + requests.len() / 16);
    let kept = jpeg::kept(requests, 1).join(requests);
    assert!(jpeg::kept(&kept, 1).join(&kept) == kept);
}

#[derive(Clone, Copy)]
enum Kind {
    One,
    Several,
    Open,
}

impl Kind {
    fn door(self) -> Door {
        let pass = Pass::new("seed", &token()).expect("a name").with_sound();
        let mut door = Door::new(Config::new(
            match self {
                Self::Several => vec!["hall".into(), "yard".into()],
                Self::One | Self::Open => vec!["hall".into()],
            },
            match self {
                Self::Open => Access::Open { names: Vec::new() },
                Self::One | Self::Several => Access::Passes([pass].into_iter().collect()),
            },
            1,
        ));
        door.set_sound(CAMERA, true);
        door
    }
}

/// What a client is sent that sends these bytes, `step` at a time, and takes `taken` at a time.
fn play(requests: &[u8], kind: Kind, step: usize, taken: usize) -> Vec<u8> {
    let mut door = kind.door();
    let mut now = Now {
        instant: Instant::now(),
        unix: Duration::from_secs(1_795_800_836),
    };
    let (mut rest, mut out) = (requests, Vec::new());
    door.accept(ID, None, now).expect("the first connection");
    for round in 0..ROUNDS {
        loop {
            let count = door.handle_bytes(ID, &rest[..rest.len().min(step)], now);
            rest = &rest[count..];
            take(&mut door, taken, now, &mut out);
            if count == 0 {
                break;
            }
        }
        assert!(rest.is_empty() || !door.wants_bytes(ID));
        door.push_sound(CAMERA, b"tone");
        match round % 4 {
            3 => door.set_state(CAMERA, SourceState::Lost, "unplugged"),
            _ => {
                let picture = Picture {
                    jpeg: &Arc::new(b"\xff\xd8\xff\xd9".to_vec()),
                    size: (1, 1),
                    orientation: 1,
                    captured: now.instant,
                };
                door.show(CAMERA, picture, now);
            }
        }
        take(&mut door, taken, now, &mut out);
        wait(
            &mut door,
            Duration::from_millis(700),
            taken,
            &mut now,
            &mut out,
        );
    }
    door.handle_end(ID);
    take(&mut door, taken, now, &mut out);
    wait(
        &mut door,
        Duration::from_secs(60),
        taken,
        &mut now,
        &mut out,
    );
    assert_eq!(door.fate(ID), Fate::Gone);
    door.remove(ID);
    assert_eq!((door.viewers(CAMERA), door.listeners(CAMERA)), (0, 0));
    assert_eq!(door.poll_timeout(), None);
    out
}

/// Takes all that the door has for the client.
fn take(door: &mut Door, most: usize, now: Now, out: &mut Vec<u8>) {
    loop {
        let slices = door.poll_transmit(ID, now);
        let next = slices.into_iter().find(|slice| !slice.is_empty());
        let next = next.unwrap_or_default();
        let next = &next[..next.len().min(most)];
        let count = next.len();
        if count == 0 {
            return;
        }
        out.extend_from_slice(next);
        door.transmitted(ID, count, now);
    }
}

/// Lets time pass, and does what is due when it is due.
fn wait(door: &mut Door, span: Duration, taken: usize, now: &mut Now, out: &mut Vec<u8>) {
    let end = now.instant + span;
    while let Some(time) = door.poll_timeout().filter(|time| *time <= end) {
        assert!(
            time >= now.instant,
            "a timeout that is handled is due again"
        );
        now.instant = time;
        door.handle_timeout(*now);
        take(door, taken, *now, out);
    }
    now.instant = end;
}

/// Reads answers as a client does, up to the end or to a stream, and counts them.
fn answers(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while !bytes.is_empty() {
        count += 1;
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut answer = httparse::Response::new(&mut headers);
        let Ok(httparse::Status::Complete(head)) = answer.parse(bytes) else {
            panic!("no answer: {}", bytes.escape_ascii());
        };
        let value = |name: &str| {
            let header = answer.headers.iter().find(|header| header.name == name)?;
            std::str::from_utf8(header.value).ok()
        };
        if value("Content-Type").is_some_and(|it| {
            it.starts_with("multipart") || it.ends_with("octet-stream") || it == "audio/wav"
        }) {
            return count;
        }
        let length = value("Content-Length").map_or(0, |length| length.parse().expect("a length"));
        bytes = &bytes[head..];
        // Answers to HEAD have the length and no body.
        if !bytes.starts_with(b"HTTP/1.") && !bytes.is_empty() {
            assert!(bytes.len() >= length, "a body that is cut short");
            bytes = &bytes[length..];
        }
    }
    count
}

const ID: ConnectionId = ConnectionId(1);
const CAMERA: SourceId = SourceId(0);
const ROUNDS: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_keeps_its_law() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/http");
        let seeds: Vec<_> = std::fs::read_dir(corpus).unwrap().collect();
        assert!(seeds.len() >= 10);
        for seed in seeds {
            let path = seed.unwrap().path();
            // A law that breaks says how; which input broke it is said here.
            eprintln!("{}", path.display());
            http(&std::fs::read(path).unwrap());
        }
    }
}
