//! Against a fake sound server, which makes all the trouble that a real one makes seldom.

use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use transom_tests::{FakeSoundServer, Scratch, ServerMood};

use super::*;
use crate::device::tests::wait;
use crate::device::{Microphone, Speaker};

/// Generous: the machine may be loaded.
const PATIENCE: Duration = Duration::from_secs(60);

struct Test {
    fake: FakeSoundServer,
    poll: Poll,
    _scratch: Scratch,
}

impl Test {
    fn new() -> Self {
        let scratch = Scratch::new();
        Self {
            fake: FakeSoundServer::start(&scratch),
            poll: Poll::new().unwrap(),
            _scratch: scratch,
        }
    }

    fn server(&self) -> Server {
        Server {
            sockets: vec![self.fake.socket().to_owned()],
            cookie: vec![0; 256],
        }
    }

    fn microphone(&self, name: Option<&str>) -> Microphone {
        let registry = self.poll.registry();
        Microphone::over(microphone(&self.server(), name, registry, Token(0)).unwrap())
    }

    fn speaker(&self, name: Option<&str>) -> Speaker {
        let registry = self.poll.registry();
        Speaker::over(speaker(&self.server(), name, registry, Token(1)).unwrap())
    }

    fn wait(&mut self, due: Option<Instant>) {
        wait(&mut self.poll, &mut Events::with_capacity(8), due);
    }

    /// Hears until that is so.
    fn hear(
        &mut self,
        microphone: &mut Microphone,
        is_enough: impl Fn(&[i16], &str) -> bool,
    ) -> Result<Vec<i16>, DeviceError> {
        let start = Instant::now();
        let mut heard = Vec::new();
        while !is_enough(&heard, microphone.name()) {
            assert!(start.elapsed() < PATIENCE, "{} samples", heard.len());
            let mut block = [0; 480];
            let read = microphone.read(&mut block)?;
            heard.extend(&block[..read.samples]);
            if read.samples == 0 {
                self.wait(microphone.due());
            }
        }
        Ok(heard)
    }

    fn error(&mut self, microphone: &mut Microphone) -> DeviceError {
        self.hear(microphone, |_, _| false).unwrap_err()
    }

    fn play(&mut self, speaker: &mut Speaker, mut sound: &[i16]) -> Result<(), DeviceError> {
        let start = Instant::now();
        while !sound.is_empty() {
            assert!(start.elapsed() < PATIENCE, "{} samples left", sound.len());
            let room = speaker.room()?.min(sound.len());
            speaker.write(&sound[..room])?;
            sound = &sound[room..];
            self.wait(speaker.due());
        }
        Ok(())
    }
}

fn enough(heard: &[i16], _: &str) -> bool {
    heard.len() >= 24_000
}

#[test]
fn every_recorded_sample_comes_once_and_in_order() {
    let mut test = Test::new();
    let mut microphone = test.microphone(None);
    let heard = test.hear(&mut microphone, enough).unwrap();
    let counts: Vec<i16> = (1..).take(heard.len()).collect();
    assert_eq!(heard, counts);
    assert_eq!(microphone.name(), "Desk microphone");
}

#[test]
fn every_played_sample_arrives_once_and_in_order() {
    let mut test = Test::new();
    let mut speaker = test.speaker(Some("headset"));
    let sound: Vec<i16> = (0..24_000).collect();
    test.play(&mut speaker, &sound).unwrap();
    let start = Instant::now();
    while test.fake.heard() != sound {
        assert!(start.elapsed() < PATIENCE, "{}", test.fake.heard().len());
        // What waits in our socket goes out here.
        speaker.room().unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(test.fake.streams(), ["headset"]);
    assert_eq!(speaker.name(), "Headset");
}

#[test]
fn sound_that_the_server_takes_wakes_nobody() {
    let mut test = Test::new();
    let mut speaker = test.speaker(None);
    let start = Instant::now();
    while speaker.room().unwrap() < 480 {
        assert!(start.elapsed() < PATIENCE, "the server asks for nothing");
        test.wait(speaker.due());
    }
    // From now on it reads, and asks for nothing.
    test.fake.set_mood(ServerMood::Stops);
    let mut events = Events::with_capacity(8);
    let mut is_woken = |poll: &mut Poll| {
        let due = Instant::now() + Duration::from_millis(100);
        wait(poll, &mut events, Some(due));
        !events.is_empty()
    };
    while is_woken(&mut test.poll) {
        speaker.room().unwrap();
    }
    let had = test.fake.heard().len();
    speaker.write(&[1; 480]).unwrap();
    while test.fake.heard().len() < had + 480 {
        assert!(start.elapsed() < PATIENCE, "the server reads nothing");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(!is_woken(&mut test.poll));
}

#[test]
fn the_delay_of_a_loudspeaker_is_asked_for() {
    let mut test = Test::new();
    let mut speaker = test.speaker(None);
    // 5 ms in the device and 10 ms of bytes that were written and not yet read.
    let told = Duration::from_millis(15);
    let start = Instant::now();
    while speaker.delay() != told {
        assert!(start.elapsed() < PATIENCE, "{:?}", speaker.delay());
        test.play(&mut speaker, &[0; 480]).unwrap();
    }
}

#[test]
fn a_default_microphone_is_moved_with_words_and_a_named_one_is_lost() {
    let mut test = Test::new();
    let mut default = test.microphone(None);
    let mut named = test.microphone(Some("mic"));
    test.hear(&mut default, enough).unwrap();
    test.hear(&mut named, enough).unwrap();
    test.fake.unplug("mic");
    test.hear(&mut default, |_, name| name == "Headset")
        .unwrap();
    let error = test.error(&mut named);
    assert_eq!(
        error.to_string(),
        "Desk microphone: unplugged; waiting until it is back"
    );
}

#[test]
fn a_stream_that_stops_without_a_word_is_lost() {
    let mut test = Test::new();
    let mut microphone = test.microphone(None);
    test.hear(&mut microphone, enough).unwrap();
    test.fake.set_mood(ServerMood::Stops);
    let error = test.error(&mut microphone);
    assert!(
        error
            .to_string()
            .starts_with("Desk microphone: no sound for 1 s"),
        "{error}"
    );
    assert!(error.is_retryable());
}

#[test]
fn servers_that_refuse_or_talk_nonsense_or_nothing_are_told_apart() {
    for (mood, words) in [
        (ServerMood::Refuses, "sound server: permission denied"),
        (ServerMood::Garbage, "default device: sound server: sent "),
        (ServerMood::Silent, "sound server: no answer for 5 s"),
    ] {
        let mut test = Test::new();
        test.fake.set_mood(mood);
        let mut microphone = test.microphone(None);
        let error = test.error(&mut microphone).to_string();
        assert!(error.starts_with(words), "{mood:?}: {error}");
    }
}

#[test]
fn a_server_that_answers_late_is_waited_for() {
    let mut test = Test::new();
    test.fake.set_mood(ServerMood::Late);
    let mut microphone = test.microphone(Some("headset_mic"));
    test.hear(&mut microphone, |heard, _| !heard.is_empty())
        .unwrap();
}

#[test]
fn devices_that_come_and_go_are_noticed() {
    let mut test = Test::new();
    let server = test.server();
    let registry = test.poll.registry();
    let mut link = Link::open(&server, Purpose::Watch, None, registry, Token(0)).unwrap();
    let start = Instant::now();
    let mut link_until = |test: &mut Test, is_so: &dyn Fn(&mut Link) -> bool| {
        while !is_so(&mut link) {
            assert!(start.elapsed() < PATIENCE);
            link.pump(Instant::now()).unwrap();
            let soon = Instant::now() + Duration::from_millis(100);
            test.wait(Some(soon));
        }
    };
    link_until(&mut test, &|link| link.connection.is_ready());
    link_until(&mut test, &|link| !link.connection.poll_changed());
    test.fake.plug("mic");
    link_until(&mut test, &|link| link.connection.poll_changed());
}
