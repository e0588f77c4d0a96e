//! Plugs pulled and put back, from the sound server to the words.

use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use transom_tests::{FakeSoundServer, Scratch, ServerMood};

use super::pulse::{OF_THIS_TEST, Server};
use super::tests::wait;
use super::{
    DeviceKind, DeviceName, DeviceState, DeviceWatcher, KeptMicrophone, KeptSpeaker, Loss,
};

/// Generous: the machine may be loaded.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the sound thread has: both directions, the watcher and the poll.
struct Thread {
    fake: FakeSoundServer,
    poll: Poll,
    microphone: KeptMicrophone,
    speaker: KeptSpeaker,
    watcher: DeviceWatcher,
    heard: usize,
    states: Vec<DeviceState>,
    speaker_states: Vec<DeviceState>,
    _scratch: Scratch,
}

impl Thread {
    fn new() -> Self {
        let scratch = Scratch::new();
        let fake = FakeSoundServer::start(&scratch);
        OF_THIS_TEST.set(Some(Server {
            sockets: vec![fake.socket().to_owned()],
            cookie: vec![0; 256],
        }));
        let poll = Poll::new().unwrap();
        let registry = poll.registry();
        Self {
            microphone: KeptMicrophone::new(registry, Token(0)).unwrap(),
            speaker: KeptSpeaker::new(registry, Token(1)).unwrap(),
            watcher: DeviceWatcher::open(registry, Token(2)).unwrap(),
            fake,
            poll,
            heard: 0,
            states: Vec::new(),
            speaker_states: Vec::new(),
            _scratch: scratch,
        }
    }

    fn want(&mut self, microphone: &str, speaker: &str) {
        self.microphone.want(Some(microphone.parse().unwrap()));
        self.speaker.want(Some(speaker.parse().unwrap()));
    }

    fn turn(&mut self) {
        if self.watcher.changed() {
            self.microphone.devices_changed();
            self.speaker.devices_changed();
        }
        loop {
            let heard = self.microphone.read(&mut [0; 480]).samples;
            self.heard += heard;
            if heard == 0 {
                break;
            }
        }
        let room = self.speaker.room();
        self.speaker.write(&vec![7; room]);
        self.states.extend(self.microphone.poll_state());
        self.speaker_states.extend(self.speaker.poll_state());
        let due = [
            self.microphone.due(),
            self.speaker.due(),
            self.watcher.due(),
        ];
        let due = due.into_iter().flatten().min();
        wait(&mut self.poll, &mut Events::with_capacity(8), due);
    }

    fn until(&mut self, is_so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            let states = (&self.states, &self.speaker_states);
            assert!(start.elapsed() < PATIENCE, "{states:?}");
            self.turn();
        }
    }
}

fn on(words: &str) -> DeviceState {
    DeviceState::On {
        words: words.to_owned(),
    }
}

fn lost(words: &str) -> DeviceState {
    DeviceState::Lost {
        words: format!("{words}: unplugged; waiting until it is back"),
        for_peers: "it was unplugged",
        loss: Loss::Unplugged,
    }
}

#[test]
fn a_named_microphone_is_lost_in_words_and_taken_up_again_by_its_name() {
    let mut thread = Thread::new();
    thread.want("server:headset_mic", "none");
    thread.until(|thread| thread.states.last() == Some(&on("Headset")));
    thread.fake.unplug("headset_mic");
    thread.until(|thread| thread.states.last() == Some(&lost("Headset")));
    // The desk microphone is there all the time, and is not used.
    assert_eq!(thread.fake.streams(), ["headset_mic"]);
    let before = thread.heard;
    thread.fake.plug("headset_mic");
    thread.until(|thread| thread.states.last() == Some(&on("Headset")));
    thread.until(|thread| thread.heard > before);
    assert_eq!(thread.fake.streams(), ["headset_mic", "headset_mic"]);
}

#[test]
fn a_lost_loudspeaker_is_replaced_by_the_default_until_it_is_back() {
    let mut thread = Thread::new();
    thread.want("none", "server:headset");
    thread.until(|thread| thread.speaker_states.last() == Some(&on("Headset")));
    thread.fake.unplug("headset");
    let replaced = DeviceState::Replaced {
        words: "Desk loudspeakers".to_owned(),
        lost: "Headset: unplugged; waiting until it is back".to_owned(),
    };
    thread.until(|thread| thread.speaker_states.contains(&replaced));
    let played = thread.fake.heard().len();
    thread.until(|thread| thread.fake.heard().len() > played + 4_800);
    thread.fake.plug("headset");
    thread.until(|thread| thread.speaker_states.last() == Some(&on("Headset")));
}

#[test]
fn a_server_that_ends_is_found_again_when_another_starts() {
    let mut thread = Thread::new();
    thread.want("auto", "none");
    thread.until(|thread| thread.states.last() == Some(&on("Desk microphone")));
    let folder = thread.fake.socket().parent().unwrap().to_owned();
    std::fs::remove_file(thread.fake.socket()).unwrap();
    // Dropping a fake ends its connections.
    let next = FakeSoundServer::at(&folder);
    drop(std::mem::replace(&mut thread.fake, next));
    thread.until(|thread| matches!(thread.states.last(), Some(DeviceState::Lost { .. })));
    thread.until(|thread| thread.states.last() == Some(&on("Desk microphone")));
}

#[test]
fn a_microphone_that_stops_without_a_word_is_lost_and_tried_again() {
    let mut thread = Thread::new();
    thread.want("server:mic", "none");
    thread.until(|thread| thread.states.last() == Some(&on("Desk microphone")));
    // As the watchdog counts from then on.
    let enough = thread.heard + 24_000;
    thread.until(|thread| thread.heard > enough);
    thread.fake.set_mood(ServerMood::Stops);
    thread.until(|thread| {
        let last = thread.states.last();
        matches!(
            last,
            Some(DeviceState::Lost {
                for_peers: "it gives no sound",
                ..
            })
        )
    });
    thread.fake.set_mood(ServerMood::Good);
    thread.until(|thread| thread.states.last() == Some(&on("Desk microphone")));
}

#[test]
fn the_devices_of_the_server_are_listed() {
    let _thread = Thread::new();
    let devices = super::list();
    let server = |name: &str| Some(DeviceName::Server(name.to_owned()));
    let default = |kind| {
        let mut of_kind = devices.iter().filter(|device| device.kind == kind);
        of_kind
            .find(|device| device.is_default)
            .map(|device| device.name.clone())
    };
    assert_eq!(default(DeviceKind::Microphone), server("mic"));
    assert_eq!(default(DeviceKind::Speaker), server("speakers"));
    assert!(devices.iter().all(|device| device.usable.is_ok()));
}
