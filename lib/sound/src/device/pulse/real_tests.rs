//! Against a real PulseAudio with sound cards made of nothing. Left out, with a line that says so,
//! where there is no such program.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::*;
use crate::device::tests::wait;
use crate::device::{Microphone, Speaker};
use crate::{Tone, ToneKind, measure};

/// Generous: the machine may be loaded.
const PATIENCE: Duration = Duration::from_secs(60);
const MICROPHONE: Token = Token(0);
const SPEAKER: Token = Token(1);

/// A server of its own socket, ended with the test.
struct Pulse {
    folder: PathBuf,
    server: Server,
    child: Child,
}

impl Pulse {
    /// Two sinks, each of whose monitors is remapped to a source: `mic` hears what is played on
    /// `mouth`, `other_mic` what is played on `other`.
    fn start(test: &str) -> Option<Self> {
        let folder = format!("transom-pulse-{}-{test}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("native");
        let protocol = "module-native-protocol-unix auth-anonymous=1 socket=";
        let child = Command::new("pulseaudio")
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
            ])
            .args(["-L", &format!("{protocol}{}", socket.display())])
            .args([
                "-L",
                "module-null-sink sink_name=mouth rate=48000 channels=1 sink_properties=device.description=Mouth",
            ])
            .args([
                "-L",
                "module-null-sink sink_name=other rate=48000 channels=1 sink_properties=device.description=Other",
            ])
            .args([
                "-L",
                "module-remap-source source_name=mic master=mouth.monitor",
            ])
            .args([
                "-L",
                "module-remap-source source_name=other_mic master=other.monitor",
            ])
            .env("HOME", &folder)
            .env("XDG_RUNTIME_DIR", &folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(why) => {
                println!("{test}: left out, pulseaudio can't be started: {why}");
                return None;
            }
        };
        let pulse = Self {
            server: Server {
                sockets: vec![socket],
                cookie: vec![0; 256],
            },
            folder,
            child,
        };
        until("the server answers", || {
            list(&pulse.server, soon()).is_ok_and(|devices| devices.len() == 6)
        });
        Some(pulse)
    }

    fn control(&self, words: &[&str]) -> String {
        let socket = self.server.sockets[0].display();
        let output = Command::new("pactl")
            .env("PULSE_SERVER", format!("unix:{socket}"))
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The plug of this source or sink is pulled.
    fn unplug(&self, name: &str) {
        let modules = self.control(&["list", "short", "modules"]);
        let name = format!("_name={name}");
        let module = modules.lines().find(|line| line.contains(&name));
        let id = module.unwrap().split('\t').next().unwrap().to_owned();
        self.control(&["unload-module", &id]);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A loudspeaker that plays chirps and a microphone that hears them, in one poll.
struct Room {
    poll: Poll,
    microphone: Microphone,
    speaker: Speaker,
    heard: Vec<i16>,
    tone: Tone,
}

impl Room {
    fn new(pulse: &Pulse, source: Option<&str>, sink: Option<&str>) -> Self {
        let poll = Poll::new().unwrap();
        let registry = poll.registry();
        let source = microphone(&pulse.server, source, registry, MICROPHONE).unwrap();
        let sink = speaker(&pulse.server, sink, registry, SPEAKER).unwrap();
        Self {
            microphone: Microphone::over(source),
            speaker: Speaker::over(sink),
            poll,
            heard: Vec::new(),
            tone: Tone::new(ToneKind::Chirps),
        }
    }

    fn turn(&mut self) -> Result<(), DeviceError> {
        let mut sound = vec![0; self.speaker.room()?];
        self.tone.fill(&mut sound);
        self.speaker.write(&sound)?;
        let mut block = [0; 480];
        loop {
            let heard = self.microphone.read(&mut block)?;
            if heard.samples == 0 {
                break;
            }
            assert!(heard.captured <= Instant::now());
            self.heard.extend(&block[..heard.samples]);
        }
        let due = self.microphone.due().into_iter().chain(self.speaker.due());
        wait(&mut self.poll, &mut Events::with_capacity(8), due.min());
        Ok(())
    }

    /// Turns until that is so, or the error before.
    fn until(&mut self, mut is_so: impl FnMut(&Self) -> bool) -> Result<(), DeviceError> {
        let start = Instant::now();
        while !is_so(self) {
            assert!(start.elapsed() < PATIENCE, "{} samples", self.heard.len());
            self.turn()?;
        }
        Ok(())
    }

    /// Whether the last half of a second was loud somewhere and another chirp fits in.
    fn hears_chirps(&self) -> bool {
        let Some(start) = self.heard.len().checked_sub(2 * 48_000) else {
            return false;
        };
        let found = measure::delay_of(&measure::chirp(), &self.heard[start..]);
        found.is_some_and(|found| found.likeness > 0.95)
    }
}

#[test]
fn what_a_loudspeaker_plays_the_microphone_hears() {
    let Some(pulse) = Pulse::start("hears") else {
        return;
    };
    let mut room = Room::new(&pulse, Some("mic"), Some("mouth"));
    room.until(Room::hears_chirps).unwrap();
    assert_eq!(room.speaker.name(), "Mouth");
    let delay = room.speaker.delay();
    assert!(delay < Duration::from_millis(100), "{delay:?}");
}

#[test]
fn a_named_microphone_that_is_unplugged_is_lost_and_not_replaced() {
    let Some(pulse) = Pulse::start("unplugged") else {
        return;
    };
    let mut room = Room::new(&pulse, Some("mic"), Some("mouth"));
    room.until(|room| room.heard.len() > 4_800).unwrap();
    pulse.unplug("mic");
    let error = room.until(|_| false).unwrap_err();
    assert!(
        matches!(error, DeviceError::Lost { .. } | DeviceError::Silent { .. }),
        "{error}"
    );
}

#[test]
fn a_default_loudspeaker_is_moved_by_the_server_and_that_is_told() {
    let Some(pulse) = Pulse::start("moved") else {
        return;
    };
    pulse.control(&["set-default-sink", "mouth"]);
    let mut room = Room::new(&pulse, Some("other_mic"), None);
    room.until(|room| room.heard.len() > 4_800).unwrap();
    assert_eq!(room.speaker.name(), "Mouth");
    pulse.unplug("mouth");
    room.until(|room| room.speaker.name() == "Other").unwrap();
    room.until(Room::hears_chirps).unwrap();
}

#[test]
fn a_device_that_is_not_there_and_a_server_that_ends_are_told() {
    let Some(mut pulse) = Pulse::start("absent") else {
        return;
    };
    let mut room = Room::new(&pulse, Some("headset"), Some("mouth"));
    let error = room.until(|_| false).unwrap_err();
    assert!(
        error.to_string().starts_with("headset: not found"),
        "{error}"
    );
    let mut room = Room::new(&pulse, Some("mic"), Some("mouth"));
    room.until(|room| room.heard.len() > 4_800).unwrap();
    pulse.child.kill().unwrap();
    let error = room.until(|_| false).unwrap_err();
    assert!(
        error.to_string().contains("the sound server ended"),
        "{error}"
    );
}

#[test]
fn devices_are_listed_with_words_and_why_one_can_not_be_used() {
    let Some(pulse) = Pulse::start("listed") else {
        return;
    };
    let devices = list(&pulse.server, soon()).unwrap();
    let named = |name: &str| {
        let name = DeviceName::Server(name.to_owned());
        devices.iter().find(|device| device.name == name).unwrap()
    };
    assert_eq!(named("mouth").kind, DeviceKind::Speaker);
    assert_eq!(named("mic").kind, DeviceKind::Microphone);
    assert!(named("mic").usable.is_ok() && named("mouth.monitor").usable.is_err());
    assert!(!named("mouth").words.is_empty());
    let defaults = |kind| {
        let mut all = devices.iter().filter(move |device| device.kind == kind);
        all.clone().filter(|device| device.is_default).count() + all.next().map_or(100, |_| 0)
    };
    assert_eq!(defaults(DeviceKind::Speaker), 1);
    assert_eq!(defaults(DeviceKind::Microphone), 1);
}
