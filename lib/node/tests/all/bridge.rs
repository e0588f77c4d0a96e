//! The encrypted bridge: a door that shows the cameras of peers, by its sockets.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant, SystemTime};

use transom::{
    Access, CallKind, CameraState, EndReason, HttpSettings, HttpSource, Identity, Notice, Pass,
    Redial, Settings, Token, random_token,
};

use crate::calls::{name, pattern};
use crate::cut::Cut;
use crate::door::{answer, ask, camera_is, read_parts};
use crate::support::{PATIENCE, Peer, book, local};

/// A box at that address which lets the bridge's owner do that.
fn camera_box(identity: &Identity, listen: Vec<SocketAddr>, owner: &Identity, may: &str) -> Peer {
    camera_box_with(identity, listen, owner, may, |_| {})
}

fn camera_box_with(
    identity: &Identity,
    listen: Vec<SocketAddr>,
    owner: &Identity,
    may: &str,
    change: impl FnOnce(&mut Settings),
) -> Peer {
    let line = format!("desk 127.0.0.1:9 key={} may={may}", owner.public_key());
    Peer::start("box", |settings| {
        settings.identity = identity.clone();
        settings.book = book(&[line]);
        settings.listen = listen;
        settings.camera = Some(pattern(64, 48));
        settings.serve_camera = true;
        change(settings);
    })
}

fn throwaway() -> Identity {
    Identity::throwaway().unwrap()
}

fn sources(names: &[&str]) -> Vec<HttpSource> {
    let names = names.iter().copied();
    names.map(|peer| HttpSource::Peer(name(peer))).collect()
}

/// Opens a door for these peers; gives back where it is, and the token of its pass.
fn open_door(desk: &Peer, names: &[&str]) -> (SocketAddr, Token) {
    let token = random_token().unwrap();
    let pass = Pass::new("tests", &token).unwrap();
    desk.handle.open_door(HttpSettings::new(
        local(),
        Access::Passes([pass].into_iter().collect()),
        sources(names),
    ));
    let address = desk.wait(|notice| match notice {
        Notice::HttpListening { address } => Some(address),
        _ => None,
    });
    (address, token)
}

/// A station with a door to one box, and that box.
fn bridge(may: &str) -> (Peer, Peer, SocketAddr, Token) {
    let owner = throwaway();
    let far = camera_box(&throwaway(), local(), &owner, may);
    let desk = Peer::start("desk", |settings| settings.identity = owner);
    desk.handle.connect(far.contact("hall"), Redial::Always);
    desk.joined();
    let (address, token) = open_door(&desk, &["hall"]);
    (desk, far, address, token)
}

/// Reads a stream until it has shown that text.
fn read_until(client: &mut TcpStream, wanted: &[u8]) {
    let (mut all, mut some) = (Vec::new(), [0; 4096]);
    while !all.windows(wanted.len()).any(|window| window == wanted) {
        let read = client.read(&mut some).unwrap();
        assert_ne!(read, 0, "the stream ended");
        all.extend_from_slice(&some[..read]);
    }
}

/// Asks for the state until it has that text.
fn state_has(address: SocketAddr, path: &str, token: &Token, wanted: &str) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let state = answer(address, path, token);
        if state.contains(wanted) {
            return state;
        }
        assert!(Instant::now() < end, "{wanted} is not in {state}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_box_that_goes_away_and_comes_back_is_shown_again_in_the_same_stream() {
    let (owner, hall, yard) = (throwaway(), throwaway(), throwaway());
    let first = camera_box(&hall, local(), &owner, "view");
    let other = camera_box(&yard, local(), &owner, "view");
    let contact = first.contact("hall");
    let listen = vec![first.address.unwrap()];
    let desk = Peer::start("desk", |settings| settings.identity = owner.clone());
    desk.handle.connect(contact, Redial::Always);
    desk.handle.connect(other.contact("yard"), Redial::Always);
    let (address, token) = open_door(&desk, &["hall", "yard"]);
    let state = answer(address, "/state", &token);
    assert_eq!(state.matches(r#""state":"#).count(), 2, "{state}");
    let mut client = ask(address, "/hall/stream", &token);
    let mut beside = ask(address, "/yard/stream", &token);
    read_parts(&mut client, 10);
    read_parts(&mut beside, 10);
    drop(first);
    read_until(
        &mut client,
        include_bytes!("../../../door/src/words/away.jpg"),
    );
    let state = answer(address, "/hall/state", &token);
    assert!(state.contains(r#""state":"away""#), "{state}");
    let _second = camera_box(&hall, listen, &owner, "view");
    state_has(address, "/hall/state", &token, r#""state":"live""#);
    read_parts(&mut client, 10);
    read_parts(&mut beside, 10);
}

#[test]
fn a_box_is_watched_only_while_a_client_looks_and_its_owner_is_told_of_no_call() {
    let (desk, far, address, token) = bridge("view");
    let asked = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let snapshot = answer(address, "/snapshot", &token);
    assert!(snapshot.starts_with("HTTP/1.1 200 "), "{snapshot}");
    let (_, stamp) = snapshot.split_once("X-Timestamp: ").unwrap();
    let captured: f64 = stamp.split("\r\n").next().unwrap().parse().unwrap();
    let asked = asked.unwrap().as_secs_f64();
    // Two clocks that are one here, compared by a round trip on loopback.
    assert!(captured > asked - 0.005, "{captured} {asked}");
    assert!(
        captured < asked + PATIENCE.as_secs_f64(),
        "{captured} {asked}"
    );
    camera_is(&far, CameraState::Live);
    // A second one does not open the camera again.
    let snapshot = answer(address, "/snapshot", &token);
    assert!(snapshot.starts_with("HTTP/1.1 200 "), "{snapshot}");
    let is_call = |notice: &Notice| {
        matches!(
            notice,
            Notice::CallStarted { .. } | Notice::FarCamera { .. } | Notice::Picture { .. }
        )
    };
    desk.never(is_call, Duration::from_millis(500));
    let reopened = far.wait(|notice| match notice {
        Notice::Camera { state, .. } => Some(state != CameraState::Off),
        _ => None,
    });
    assert!(!reopened);
    let state = answer(address, "/state", &token);
    assert!(state.contains(r#""state":"starting""#), "{state}");
}

#[test]
fn a_box_that_refuses_is_said_to_and_is_not_rung_all_the_time() {
    let (_desk, far, address, token) = bridge("files");
    let mut client = ask(address, "/stream", &token);
    read_until(
        &mut client,
        include_bytes!("../../../door/src/words/refused.jpg"),
    );
    let state = state_has(address, "/hall/state", &token, r#""state":"refused""#);
    assert!(state.contains("you may not watch here"), "{state}");
    let rings = far.told(Duration::from_secs(4));
    let rings = rings
        .iter()
        .filter(|notice| matches!(notice, Notice::Declined { .. }));
    assert!((1..=3).contains(&rings.count()));
}

#[test]
fn the_owner_of_the_bridge_may_watch_beside_its_clients() {
    let (desk, _far, address, token) = bridge("view");
    let mut client = ask(address, "/stream", &token);
    read_parts(&mut client, 5);
    let hall = name("hall");
    desk.handle.ring(&hall, CallKind::View);
    let pictures = || {
        desk.wait(|notice| matches!(notice, Notice::Picture { .. }).then_some(()));
    };
    pictures();
    // The test holds on to pictures, as a window does that stands still.
    let begun = Instant::now();
    read_parts(&mut client, 60);
    assert!(begun.elapsed() < Duration::from_secs(30), "one a second");
    desk.handle.hang_up(&hall);
    assert_eq!(desk.ended(), EndReason::Chosen);
    read_parts(&mut client, 30);
    desk.never(
        |notice| matches!(notice, Notice::Picture { .. }),
        Duration::from_millis(300),
    );
    // A window calls a box: the box takes one call of each connection.
    desk.handle.ring(&hall, CallKind::Talk);
    pictures();
    read_parts(&mut client, 30);
    desk.handle.hang_up(&hall);
    assert_eq!(desk.ended(), EndReason::Chosen);
    read_parts(&mut client, 30);
}

#[test]
fn a_door_opens_changes_and_closes_at_run_time() {
    let (desk, _far, address, token) = bridge("view");
    let mut client = ask(address, "/hall/stream", &token);
    read_parts(&mut client, 5);
    desk.handle.set_door_sources(sources(&["attic", "hall"]));
    state_has(address, "/state", &token, r#""cameras":[{"name":"attic","#);
    let state = answer(address, "/attic/state", &token);
    assert!(state.contains(r#""state":"away""#), "{state}");
    read_parts(&mut client, 30);
    desk.handle.set_door_sources(sources(&["attic"]));
    drop(client.read_to_end(&mut Vec::new()));
    desk.handle.close_door();
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < end, "the door is open");
        std::thread::sleep(Duration::from_millis(20));
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    desk.handle.open_door(HttpSettings::new(
        vec![taken.local_addr().unwrap()],
        Access::Open { names: Vec::new() },
        sources(&["hall"]),
    ));
    let why = desk.wait(|notice| match notice {
        Notice::HttpNotListening { why } => Some(why),
        _ => None,
    });
    assert_eq!(why.kind, std::io::ErrorKind::AddrInUse);
    let (address, token) = open_door(&desk, &["hall"]);
    read_parts(&mut ask(address, "/stream", &token), 5);
}

#[test]
fn a_person_whom_the_owner_calls_is_not_shown_at_the_door() {
    let owner = throwaway();
    let line = format!("desk 127.0.0.1:9 key={} may=call,auto", owner.public_key());
    let anna = Peer::start("anna", |settings| {
        settings.book = book(&[line]);
        settings.listen = local();
        settings.camera = Some(pattern(64, 48));
        settings.takes_calls = true;
    });
    let desk = Peer::start("desk", |settings| settings.identity = owner);
    desk.handle.connect(anna.contact("anna"), Redial::Always);
    desk.joined();
    desk.handle.ring(&name("anna"), CallKind::Talk);
    desk.wait(|notice| matches!(notice, Notice::Picture { .. }).then_some(()));
    let (address, token) = open_door(&desk, &["anna"]);
    let mut client = ask(address, "/stream", &token);
    read_until(
        &mut client,
        include_bytes!("../../../door/src/words/refused.jpg"),
    );
    let state = answer(address, "/state", &token);
    assert!(state.contains(r#""state":"refused""#), "{state}");
    // The owner still sees her.
    desk.wait(|notice| matches!(notice, Notice::Picture { .. }).then_some(()));
}

#[test]
fn an_owner_who_joins_the_call_of_the_door_is_told_of_it_from_its_start() {
    let owner = throwaway();
    let far = camera_box(&throwaway(), local(), &owner, "view");
    let cut = Cut::to(far.address.unwrap());
    let desk = Peer::start("desk", |settings| settings.identity = owner);
    let hall = name("hall");
    desk.handle.connect(cut.contact("hall"), Redial::Always);
    desk.joined();
    let (address, token) = open_door(&desk, &["hall"]);
    let mut client = ask(address, "/stream", &token);
    read_parts(&mut client, 5);
    // The owner joins while the call waits for its connection.
    cut.cut();
    desk.wait(|notice| matches!(notice, Notice::Left { .. }).then_some(()));
    desk.handle.ring(&hall, CallKind::View);
    cut.mend();
    assert!(!desk.started(), "it does not go on for the owner");
    desk.handle.hang_up(&hall);
    assert_eq!(desk.ended(), EndReason::Chosen);
    // The owner joins while it is live, and it goes on for the owner too.
    desk.handle.ring(&hall, CallKind::View);
    assert!(!desk.started());
    cut.cut();
    desk.wait(|notice| matches!(notice, Notice::CallInterrupted { .. }).then_some(()));
    cut.mend();
    assert!(desk.started());
    read_parts(&mut client, 5);
}

#[cfg(feature = "sound")]
#[test]
fn sound_ends_with_the_call_of_the_owner_though_clients_of_the_door_still_look() {
    use std::cell::Cell;

    use transom::SoundNotice::{FarSound, Listening, Microphone, Recorded, Speaking};
    use transom::sounds::{DeviceName, DeviceState};
    use transom_wire::SoundState;

    let owner = throwaway();
    let may = "view,hear,talk";
    let far = camera_box_with(&throwaway(), local(), &owner, may, |settings| {
        settings.sound.microphone = DeviceName::Tone;
        settings.sound.speaker = DeviceName::Silence;
    });
    let desk = Peer::start("desk", |settings| {
        settings.identity = owner;
        settings.sound.microphone = DeviceName::Tone;
        settings.sound.speaker = DeviceName::Silence;
    });
    let hall = name("hall");
    desk.handle.connect(far.contact("hall"), Redial::Always);
    desk.joined();
    let (address, token) = open_door(&desk, &["hall"]);
    let is_of_call = |notice: &Notice| {
        let Notice::Sound(notice) = notice else {
            return false;
        };
        matches!(
            notice,
            FarSound { .. } | Listening { .. } | Recorded { .. } | Speaking { .. }
        )
    };
    let is_of_microphone = |notice: &Notice| matches!(notice, Notice::Sound(Microphone(_)));
    let heard_by = |peer: &Peer| {
        peer.wait(|notice| match notice {
            Notice::Sound(FarSound { state, .. }) => (state == SoundState::On).then_some(()),
            _ => None,
        });
        peer.wait(|notice| match notice {
            Notice::Sound(Speaking { on, .. }) => on.then_some(()),
            _ => None,
        });
    };
    desk.handle.hear(&hall, true);
    desk.handle.speak_to(Some(&hall));
    // A client looks before the owner has a call.
    let mut client = ask(address, "/stream", &token);
    read_parts(&mut client, 10);
    let time = Duration::from_millis(500);
    far.never(is_of_microphone, time);
    desk.never(|it| is_of_microphone(it) || is_of_call(it), time);
    for _ in 0..2 {
        desk.handle.ring(&hall, CallKind::View);
        desk.handle.speak_to(Some(&hall));
        heard_by(&desk);
        heard_by(&far);
        desk.handle.hang_up(&hall);
        assert_eq!(desk.ended(), EndReason::Chosen);
        desk.wait(|notice| match notice {
            Notice::Sound(Microphone(DeviceState::Closed)) => Some(()),
            notice => {
                assert!(!is_of_call(&notice), "{notice:?}");
                None
            }
        });
        let (is_muted, is_closed) = (Cell::new(false), Cell::new(false));
        far.wait(|notice| {
            match notice {
                Notice::Sound(FarSound { state, .. }) => is_muted.set(state == SoundState::Muted),
                Notice::Sound(Microphone(DeviceState::Closed)) => is_closed.set(true),
                _ => {}
            }
            (is_muted.get() && is_closed.get()).then_some(())
        });
        read_parts(&mut client, 10);
        far.never(is_of_microphone, time);
        desk.never(|it| is_of_microphone(it) || is_of_call(it), time);
    }
}

#[cfg(feature = "sound")]
#[test]
fn sound_is_in_step_with_the_pictures_that_the_owner_shows_while_a_client_looks() {
    use transom::sounds::DeviceName;

    let owner = throwaway();
    let may = "view,hear";
    let far = camera_box_with(&throwaway(), local(), &owner, may, |settings| {
        settings.sound.microphone = DeviceName::Tone;
    });
    let desk = Peer::start("desk", |settings| {
        settings.identity = owner;
        settings.sound.speaker = DeviceName::Silence;
    });
    let hall = name("hall");
    desk.handle.connect(far.contact("hall"), Redial::Always);
    desk.joined();
    let (address, token) = open_door(&desk, &["hall"]);
    let mut client = ask(address, "/stream", &token);
    read_parts(&mut client, 1);
    desk.handle.ring(&hall, CallKind::View);
    desk.handle.hear(&hall, true);
    desk.handle.measure(true);
    let is_late = (0..10).any(|_| {
        // As long as this the owner holds on to the pictures before they count as shown.
        let told = desk.told(Duration::from_secs(1));
        let skews = told.iter().filter_map(|notice| match notice {
            Notice::Measured { numbers, .. } => numbers.sound?.skew_us,
            _ => None,
        });
        let is_late = skews.max().is_some_and(|skew_us| skew_us > 300_000);
        read_parts(&mut client, 10);
        is_late
    });
    assert!(is_late);
}
