//! The HTTP door of a box, by its sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use transom::media::{CaptureRequest, Source};
use transom::{
    Access, CallKind, CameraState, EndReason, HttpSettings, HttpSource, Identity, Notice, Pass,
    Redial, Settings, Token, random_token,
};

use crate::calls::{name, pattern};
use crate::support::{PATIENCE, Peer, book, local};

/// A box with a door, and the token of the pass of that door.
fn camera_box(guest: &Identity, change: impl FnOnce(&mut Settings)) -> (Peer, SocketAddr, Token) {
    let token = random_token().unwrap();
    let pass = Pass::new("tests", &token).unwrap();
    let line = format!("near 127.0.0.1:9 key={} may=view", guest.public_key());
    let far = Peer::start("box", |settings| {
        settings.book = book(&[line]);
        settings.listen = local();
        settings.camera = Some(pattern(64, 48));
        settings.serve_camera = true;
        settings.http = Some(HttpSettings::new(
            local(),
            Access::Passes([pass].into_iter().collect()),
            vec![HttpSource::Own],
        ));
        change(settings);
    });
    let address = far.wait(|notice| match notice {
        Notice::HttpListening { address } => Some(address),
        _ => None,
    });
    (far, address, token)
}

fn guest(identity: Identity) -> Peer {
    Peer::start("near", |settings| settings.identity = identity)
}

pub(crate) fn ask(address: SocketAddr, path: &str, token: &Token) -> TcpStream {
    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("Host: box\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n");
    write!(client, "GET {path} HTTP/1.1\r\n{head}\r\n").unwrap();
    client
}

/// Reads until it has all that many parts of a stream.
pub(crate) fn read_parts(client: &mut TcpStream, count: usize) -> String {
    let (mut all, mut some) = (String::new(), [0; 4096]);
    while all.matches("Content-Type: image/jpeg\r\n").count() < count {
        let read = client.read(&mut some).unwrap();
        assert_ne!(read, 0, "the stream ended after {all}");
        all.push_str(&String::from_utf8_lossy(&some[..read]));
    }
    all
}

/// Waits for that state of the box's camera.
pub(crate) fn camera_is(far: &Peer, wanted: CameraState) {
    far.wait(|notice| match notice {
        Notice::Camera { state, .. } if state == wanted => Some(()),
        _ => None,
    });
}

pub(crate) fn answer(address: SocketAddr, path: &str, token: &Token) -> String {
    let mut bytes = Vec::new();
    ask(address, path, token).read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn the_camera_is_open_while_a_client_looks_and_a_removed_pass_ends_its_stream() {
    let (far, address, token) = camera_box(&Identity::throwaway().unwrap(), |_| {});
    let wrong = answer(address, "/stream", &Token::from_random([0; 20]));
    assert!(wrong.starts_with("HTTP/1.1 401 "), "{wrong}");
    let mut client = ask(address, "/stream", &token);
    let head = read_parts(&mut client, 30);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let used = far.wait(|notice| match notice {
        Notice::PassesUsed { passes } => passes.iter().next()?.last_used(),
        _ => None,
    });
    camera_is(&far, CameraState::Live);
    let viewers = |wanted| {
        far.wait(|notice| match notice {
            Notice::HttpViewers(viewers) if viewers.count == wanted => Some(viewers),
            _ => None,
        })
    };
    let looking = viewers(1);
    assert_eq!(looking.passes, ["tests"]);
    assert!(looking.given >= looking.pictures.sent, "{looking:?}");
    assert!(used.as_secs() > 1_700_000_000, "{used:?}");
    far.handle
        .replace_access(Access::Passes("".parse().unwrap()));
    // What was on its way may still come.
    let mut rest = Vec::new();
    drop(client.read_to_end(&mut rest));
    let gone = viewers(0);
    assert!(gone.pictures.sent >= 25, "{gone:?}");
    camera_is(&far, CameraState::Off);
}

#[test]
fn a_station_of_another_name_is_shown_by_that_and_its_streams_go_on() {
    let (far, address, token) = camera_box(&Identity::throwaway().unwrap(), |settings| {
        let sources = vec![HttpSource::Own, HttpSource::Peer(name("attic"))];
        settings.http.as_mut().unwrap().sources = sources;
    });
    let mut client = ask(address, "/box/stream", &token);
    read_parts(&mut client, 1);
    far.handle.rename(&name("cellar"));
    // Also by the commands that come behind.
    far.handle.set_door_sources(vec![HttpSource::Own]);
    let renamed = (0..100).any(|_| {
        let state = answer(address, "/cellar/state", &token);
        state.starts_with("HTTP/1.1 200 ")
    });
    assert!(renamed);
    let old = answer(address, "/box/state", &token);
    assert!(old.starts_with("HTTP/1.1 404 "), "{old}");
    read_parts(&mut client, 30);
}

#[test]
fn clients_and_peers_share_the_places() {
    let identity = Identity::throwaway().unwrap();
    let (far, address, token) = camera_box(&identity, |settings| settings.max_viewers = 1);
    let near = guest(identity);
    near.handle.connect(far.contact("box"), Redial::Never);
    near.joined();
    let mut client = ask(address, "/stream", &token);
    read_parts(&mut client, 1);
    near.handle.ring(&name("box"), CallKind::View);
    assert_eq!(near.ended(), EndReason::Busy);
    drop(client);
    // The client's place is free once the box has noticed, which nothing tells.
    let started = (0..1000).any(|_| {
        near.handle.ring(&name("box"), CallKind::View);
        near.wait(|notice| match notice {
            Notice::CallStarted { .. } => Some(true),
            Notice::CallEnded { reason, .. } => Some(reason != EndReason::Busy),
            _ => None,
        })
    });
    assert!(started);
    let full = answer(address, "/stream", &token);
    assert!(full.starts_with("HTTP/1.1 503 "), "{full}");
}

/// The WAV head and `blocks` of 10 ms, or all until the end.
#[cfg(feature = "sound")]
fn read_sound(client: &mut TcpStream, blocks: usize) -> Vec<i16> {
    let (mut all, mut some) = (Vec::new(), [0; 4096]);
    let start = loop {
        let read = client.read(&mut some).unwrap();
        assert_ne!(read, 0, "no sound in {}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&some[..read]);
        let head = all.windows(8).position(|it| it == b"data\xff\xff\xff\xff");
        if let Some(head) = head.filter(|head| all.len() >= head + 8 + 960 * blocks) {
            break head + 8;
        }
    };
    let samples = all[start..].chunks_exact(2);
    samples
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

#[cfg(feature = "sound")]
#[test]
fn the_microphone_of_a_box_is_open_while_a_client_listens() {
    use transom::SoundNotice;
    use transom::sounds::{DeviceName, DeviceState};

    let (hearing, looking) = (random_token().unwrap(), random_token().unwrap());
    let passes = [
        Pass::new("hearing", &hearing).unwrap().with_sound(),
        Pass::new("looking", &looking).unwrap(),
    ];
    let (far, address, _) = camera_box(&Identity::throwaway().unwrap(), |settings| {
        settings.sound.microphone = DeviceName::Tone;
        settings.http.as_mut().unwrap().access = Access::Passes(passes.into_iter().collect());
    });
    let refused = answer(address, "/sound", &looking);
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    let mut client = ask(address, "/sound", &hearing);
    let samples = read_sound(&mut client, 30);
    assert!(
        samples.iter().any(|sample| sample.abs() > 1000),
        "{samples:?}"
    );
    let viewers = |listeners| {
        far.wait(|notice| match notice {
            Notice::HttpViewers(viewers) if viewers.listeners == listeners => Some(viewers),
            _ => None,
        })
    };
    let viewers_then = viewers(1);
    assert_eq!((viewers_then.count, viewers_then.passes), (0, vec![]));
    assert_eq!(viewers_then.listener_passes, ["hearing"]);
    drop(client);
    // First the cause, then the effect.
    viewers(0);
    far.wait(|notice| match notice {
        Notice::Sound(SoundNotice::Microphone(DeviceState::Closed)) => Some(()),
        _ => None,
    });
    // Without a microphone there is nothing to be heard.
    far.handle.set_microphone(DeviceName::None);
    let gone = (0..100).any(|_| answer(address, "/sound", &hearing).starts_with("HTTP/1.1 404 "));
    assert!(gone);
}

#[test]
fn clients_are_told_that_the_camera_is_lost_and_not_which_one() {
    let missing = CaptureRequest {
        source: Source::Device("/dev/video-that-is-not-there".into()),
        ..CaptureRequest::default()
    };
    let (far, address, token) = camera_box(&Identity::throwaway().unwrap(), |settings| {
        settings.camera = Some(missing);
    });
    let mut client = ask(address, "/stream", &token);
    // The state as a picture.
    read_parts(&mut client, 1);
    camera_is(&far, CameraState::Lost);
    let state = answer(address, "/state", &token);
    assert!(state.contains(r#""state":"lost""#), "{state}");
    assert!(!state.contains("video-that"), "{state}");
    far.handle.set_camera(Some(pattern(64, 48)));
    camera_is(&far, CameraState::Live);
    read_parts(&mut client, 3);
    let state = answer(address, "/state", &token);
    assert!(state.contains(r#""state":"live""#), "{state}");
}
