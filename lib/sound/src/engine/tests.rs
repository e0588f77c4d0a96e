//! The whole engine on a thread, between files.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::*;
use crate::measure::{delay_of, speech};
use crate::{Codec, Format, RATE, WavReader, WavWriter};

/// Generous: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_secs(60);

const STREAM: StreamId = StreamId(7);

struct Running {
    controls: Controls,
    events: Receiver<Event>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn new(microphone: DeviceName, speaker: DeviceName) -> Self {
        let (sender, events) = channel();
        let settings = EngineSettings {
            microphone,
            speaker,
            echo: EchoMode::Off,
        };
        let tell = move |event| drop(sender.send(event));
        let (engine, controls) = Engine::new(settings, tell).unwrap();
        let thread = Some(std::thread::spawn(move || engine.run()));
        Self {
            controls,
            events,
            thread,
        }
    }

    /// The first event of which something comes.
    fn until<T>(&self, what: &str, mut take: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            let event = self.events.recv_timeout(PATIENCE);
            if let Some(taken) = take(event.unwrap_or_else(|_| panic!("too late: {what}"))) {
                return taken;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.controls.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir();
    folder.join(format!("transom-engine-{}-{name}", std::process::id()))
}

fn frame(encoded: &Encoded) -> Frame {
    Frame {
        sequence: encoded.sequence,
        captured: Duration::from_millis(10) * encoded.sequence,
        format: Format::of(encoded.codec),
        bytes: encoded.bytes.clone(),
    }
}

/// 2026-11-28: it was raised inside a log macro, so only where that was logged.
#[cfg(target_os = "linux")]
#[test]
fn the_thread_is_raised_also_when_nothing_is_logged() {
    let (sender, raised) = channel();
    let settings = EngineSettings {
        microphone: DeviceName::Silence,
        speaker: DeviceName::None,
        echo: EchoMode::Off,
    };
    let tell = move |_| {
        let _ = sender.send(priority::tests::is_raised());
    };
    let (engine, controls) = Engine::new(settings, tell).unwrap();
    let thread = std::thread::spawn(move || engine.run());
    controls.hear_yourself(true);
    let is_raised = raised.recv_timeout(PATIENCE);
    controls.stop();
    thread.join().unwrap();
    assert_eq!(is_raised, Ok(true));
}

#[test]
fn what_a_microphone_hears_comes_out_of_a_loudspeaker() {
    let (spoken, heard) = (scratch("spoken.wav"), scratch("heard.wav"));
    let samples = speech(2.0, 11);
    let mut writer = WavWriter::new(std::fs::File::create(&spoken).unwrap()).unwrap();
    writer.write(&samples).unwrap();
    writer.finish().unwrap();
    let piece = &samples[RATE as usize / 2..RATE as usize];
    let likeness = || {
        let ears = Running::new(DeviceName::None, DeviceName::File(heard.clone()));
        let mouth = Running::new(DeviceName::File(spoken.clone()), DeviceName::None);
        mouth.controls.wanted(Wanted {
            pcm: true,
            opus: false,
        });
        let mut frames = 0;
        mouth.until("two seconds of sound", |event| {
            if let Event::Encoded(encoded) = event {
                ears.controls.play(STREAM, frame(&encoded));
                frames += 1;
            }
            (frames > 220).then_some(())
        });
        drop(ears);
        let file = std::fs::File::open(&heard).unwrap();
        let heard = WavReader::new(file).unwrap().read_all().unwrap();
        delay_of(piece, &heard).map_or(0.0, |found| found.likeness)
    };
    // A machine that stood still in the middle has another try.
    let best = (0..10).map(|_| likeness()).find(|one| *one >= 0.98);
    std::fs::remove_file(&spoken).unwrap();
    std::fs::remove_file(&heard).unwrap();
    assert!(best.is_some());
}

#[test]
fn devices_are_open_only_while_they_are_needed() {
    let engine = Running::new(DeviceName::Tone, DeviceName::Silence);
    let state = |what: &str, wanted: fn(&Event) -> bool| {
        engine.until(what, |event| wanted(&event).then_some(()));
    };
    engine.controls.wanted(Wanted {
        pcm: true,
        opus: false,
    });
    state("an open microphone", |event| {
        matches!(event, Event::Microphone(DeviceState::On { .. }))
    });
    state(
        "its level",
        |event| matches!(event, Event::Level(level) if level.dbfs > -60.0),
    );
    engine.controls.wanted(Wanted::default());
    state("a closed microphone", |event| {
        matches!(event, Event::Microphone(DeviceState::Closed))
    });
    engine.controls.hear_yourself(true);
    state("an open loudspeaker", |event| {
        matches!(event, Event::Speaker(DeviceState::On { .. }))
    });
}

/// An engine that no thread runs.
fn idle_engine() -> (Engine, Controls) {
    let settings = EngineSettings {
        microphone: DeviceName::Auto,
        speaker: DeviceName::None,
        echo: EchoMode::Off,
    };
    Engine::new(settings, |event| panic!("{event:?}")).unwrap()
}

#[test]
fn an_engine_without_work_sleeps() {
    let (mut engine, _) = idle_engine();
    let now = Instant::now();
    assert!(engine.turn(&mut EchoPath::new(EchoMode::Off), now, false));
    assert_eq!(engine.due(now), None, "nothing wakes it but a command");
}

#[test]
fn an_engine_whose_call_is_over_sleeps_again() {
    let (mut engine, controls) = idle_engine();
    let (mut echo, mut now) = (EchoPath::new(EchoMode::Off), Instant::now());
    controls.play(
        STREAM,
        Frame {
            sequence: 0,
            captured: Duration::ZERO,
            format: Format::of(Codec::Pcm),
            bytes: vec![0; 2 * BLOCK].into(),
        },
    );
    controls.end(STREAM);
    assert!(engine.turn(&mut echo, now, false));
    now += playback::LINGER;
    controls.forget(STREAM);
    assert!(engine.turn(&mut echo, now, false));
    assert_eq!(
        engine.due(now),
        None,
        "a time that has passed is no timeout"
    );
}

#[test]
fn a_muted_microphone_gives_nothing_and_goes_on_where_it_is() {
    let engine = Running::new(DeviceName::Tone, DeviceName::None);
    engine.controls.wanted(Wanted {
        pcm: true,
        opus: false,
    });
    let sequence = |event| match event {
        Event::Encoded(encoded) => Some(encoded.sequence),
        _ => None,
    };
    let first = engine.until("a frame", sequence);
    engine.controls.mute(true);
    // The level of a muted microphone is silence; nothing comes after it until the mute ends.
    engine.until("silence", |event| {
        matches!(event, Event::Level(level) if level.dbfs <= crate::SILENCE_DB).then_some(())
    });
    let level = engine.until("an event under mute", |event| match event {
        Event::Encoded(encoded) => panic!("frame {} of a muted microphone", encoded.sequence),
        Event::Level(level) => Some(level),
        _ => None,
    });
    assert_eq!(level.dbfs, crate::SILENCE_DB);
    engine.controls.mute(false);
    assert!(engine.until("a frame after the mute", sequence) > first + 1);
}

#[test]
fn a_lost_microphone_is_told_in_words() {
    let missing = DeviceName::File(scratch("missing.wav"));
    let engine = Running::new(missing, DeviceName::None);
    engine.controls.wanted(Wanted {
        pcm: true,
        opus: false,
    });
    let words = engine.until("the loss", |event| match event {
        Event::Microphone(DeviceState::Lost {
            words, for_peers, ..
        }) => Some((words, for_peers)),
        _ => None,
    });
    assert!(words.0.contains("missing.wav"), "{words:?}");
    assert_eq!(words.1, "it was not found", "paths are the owner's");
}

#[test]
fn what_is_heard_is_told_while_it_plays() {
    let engine = Running::new(DeviceName::None, DeviceName::Silence);
    let mut sequence = 0;
    let mut play = || {
        for _ in 0..20 {
            sequence += 1;
            engine.controls.play(
                STREAM,
                Frame {
                    sequence,
                    captured: Duration::from_millis(10) * sequence,
                    format: Format::of(Codec::Pcm),
                    bytes: vec![0; 2 * BLOCK].into(),
                },
            );
        }
    };
    play();
    let numbers = engine.until("numbers", |event| {
        play();
        match event {
            Event::Heard(numbers) if numbers.captured.is_some() => Some(numbers),
            _ => None,
        }
    });
    assert_eq!(numbers.stream, STREAM);
}
