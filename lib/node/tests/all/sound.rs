//! Who hears whom, as it is on the wire: what a peer gets that may not hear, and what is heard of a
//! peer that may not talk.

use std::time::{Duration, Instant};

use transom::sounds::{DeviceName, RATE, WavReader, measure::Noise};
use transom::{CallKind, Identity, Notice, Redial, Settings, SoundNotice};
use transom_net::{Event, PeerId};
use transom_proto::{self as proto, CallEvent, CallId, SoundFrame};
use transom_wire::{Capabilities, SoundCodec, SoundHead, SoundState};

use crate::calls::{name, pattern};
use crate::evil::Evil;
use crate::support::{PATIENCE, Peer, Scratch, book, local};

/// Frames of sound that are plenty: half a second.
const PLENTY: usize = 50;

/// A peer at the protocol that speaks in one call, and counts what it hears.
struct Far {
    name: &'static str,
    evil: Evil,
    call: Option<(PeerId, CallId)>,
    /// How loud it speaks; 0 for not at all.
    speaks: i16,
    next: Instant,
    sequence: u32,
    /// Frames that it got since it was asked last.
    heard: usize,
    pictures: usize,
    states: Vec<(SoundState, String)>,
    /// Whether the other side wants to hear it.
    is_wanted: bool,
    is_gone: bool,
}

impl Far {
    fn new(name: &'static str, station: u64) -> Self {
        let mut evil = Evil::new(station);
        evil.takes = Capabilities::SOUND | Capabilities::OPUS;
        Self {
            name,
            evil,
            call: None,
            speaks: 0,
            next: Instant::now(),
            sequence: 0,
            heard: 0,
            pictures: 0,
            states: Vec::new(),
            is_wanted: false,
            is_gone: false,
        }
    }

    fn line(&self, may: &str) -> String {
        let (name, key) = (self.name, self.evil.key);
        format!("{name} 127.0.0.1:9 key={key} may={may}")
    }

    /// Rings and asks to hear as soon as that is answered.
    fn ring(&mut self, to: &Peer, kind: CallKind) {
        let link = self.evil.connect(to);
        let call = self.evil.session(link).ring(kind).unwrap();
        self.call = Some((link, call));
    }

    fn turn(&mut self) {
        for event in self.evil.turn() {
            match event {
                Event::Peer {
                    event: proto::Event::Call(_, event),
                    ..
                } => self.told(event),
                Event::Peer { .. } | Event::Key { .. } => {}
                other => self.is_gone |= matches!(other, Event::Left { .. }),
            }
        }
        if self.speaks > 0 && Instant::now() >= self.next {
            self.next = Instant::now() + Duration::from_millis(10);
            self.speak();
        }
    }

    fn told(&mut self, event: CallEvent) {
        match event {
            CallEvent::Answered => {
                let (link, call) = self.call.unwrap();
                // An older program says nothing of sound.
                let _ = self.evil.session(link).listen(call, true);
            }
            CallEvent::Sound(_) => self.heard += 1,
            CallEvent::Picture(_) => self.pictures += 1,
            CallEvent::SoundState(state) => self.states.push((state.code, state.text)),
            CallEvent::Listen { on } => self.is_wanted = on,
            _ => {}
        }
    }

    /// Says what the rules of frames allow and no program says: any codec and length, nonsense,
    /// and numbers and times that jump.
    fn speak_nonsense(&mut self, noise: &mut Noise) {
        let (link, call) = self.call.unwrap();
        let codec = [SoundCodec::Pcm, SoundCodec::Opus][(noise.bits() % 2) as usize];
        let samples = [120, 480, 960, 1920][(noise.bits() % 4) as usize];
        let count = match codec {
            SoundCodec::Pcm => 2 * usize::from(samples),
            _ => 1 + (noise.bits() % 1_275) as usize,
        };
        self.sequence += 1 + (noise.bits() % 10_000) as u32;
        let frame = SoundFrame {
            format: SoundHead::new(codec, samples),
            sequence: self.sequence,
            captured: noise.bits(),
            voice: noise.bits().is_multiple_of(2),
            bytes: (0..count).map(|_| noise.bits() as u8).collect(),
        };
        let now = self.evil.now();
        let session = self.evil.try_session(link).unwrap();
        session.send_sound(call, frame, now).unwrap();
    }

    /// Says 10 ms of a tone of 1 kHz, whether anybody wants it or not.
    fn speak(&mut self) {
        let Some((link, call)) = self.call else {
            return;
        };
        let sample = |at: u16| {
            let turn = f32::from(at) * 1_000.0 / RATE as f32;
            let value = (turn * std::f32::consts::TAU).sin() * f32::from(self.speaks);
            (value as i16).to_le_bytes()
        };
        let bytes: Vec<u8> = (0..480).flat_map(sample).collect();
        let now = self.evil.now();
        self.sequence += 1;
        let frame = SoundFrame {
            format: SoundHead::new(SoundCodec::Pcm, 480),
            sequence: self.sequence,
            captured: now.0,
            voice: true,
            bytes: bytes.into(),
        };
        if let Some(session) = self.evil.try_session(link) {
            // Not before the call is answered.
            let _ = session.send_sound(call, frame, now);
        }
    }

    fn state(&self) -> Option<SoundState> {
        self.states.last().map(|(state, _)| *state)
    }
}

/// Lets all of them live until that is so.
fn until(what: &str, fars: &mut [Far], is_so: impl Fn(&[Far]) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so(fars) {
        assert!(Instant::now() < end, "not {what}: {}", told(fars));
        fars.iter_mut().for_each(Far::turn);
    }
}

/// Counts frames anew.
fn count_anew(fars: &mut [Far]) {
    fars.iter_mut().for_each(|far| far.heard = 0);
}

fn told(fars: &[Far]) -> String {
    let told = fars.iter().map(|far| {
        let (name, heard, states) = (far.name, far.heard, &far.states);
        let (wanted, gone) = (far.is_wanted, far.is_gone);
        format!("{name} heard {heard} frames, {states:?}, wanted {wanted}, gone {gone}")
    });
    told.collect::<Vec<_>>().join("; ")
}

/// A station with a microphone that hears a tone.
fn station(lines: &[String], change: impl FnOnce(&mut Settings)) -> Peer {
    Peer::start("station", |settings| {
        settings.book = book(lines);
        settings.listen = local();
        settings.camera = Some(pattern(320, 240));
        settings.sound.microphone = DeviceName::Tone;
        change(settings);
    })
}

fn camera_box(lines: &[String]) -> Peer {
    station(lines, |settings| settings.serve_camera = true)
}

#[test]
fn no_sound_of_a_box_reaches_a_viewer_without_the_right_to_hear() {
    let mut fars = [Far::new("deaf", 1), Far::new("hearing", 2)];
    let lines = |deaf: &str| [fars[0].line(deaf), fars[1].line("view,hear")];
    let (without, with) = (lines("view,talk"), lines("view,talk,hear"));
    let door = camera_box(&without);
    fars.iter_mut()
        .for_each(|far| far.ring(&door, CallKind::View));
    let (not_allowed, text) = (SoundState::NotAllowed, "the right to hear is missing");
    until("heard by one", &mut fars, |fars| {
        fars[1].heard >= PLENTY && fars[0].state() == Some(not_allowed)
    });
    assert_eq!(fars[0].states, [(not_allowed, text.to_owned())]);
    assert_eq!(fars[0].heard, 0);
    // The right is given within the call, and taken again.
    door.handle.replace_book(book(&with));
    until("heard by both", &mut fars, |fars| {
        fars[0].heard >= PLENTY && fars[0].state() == Some(SoundState::On)
    });
    door.handle.replace_book(book(&without));
    until("refused again", &mut fars, |fars| {
        fars[0].state() == Some(not_allowed)
    });
    count_anew(&mut fars);
    until("heard by one again", &mut fars, |fars| {
        fars[1].heard >= PLENTY
    });
    // What was on its way behind the state is the last of it.
    assert!(fars[0].heard <= 20, "{}", told(&fars));
    count_anew(&mut fars);
    until("heard by one alone", &mut fars, |fars| {
        fars[1].heard >= PLENTY
    });
    assert_eq!(fars[0].heard, 0);
}

#[test]
fn a_call_that_is_answered_by_itself_is_heard_by_the_right_alone() {
    let mut fars = [Far::new("deaf", 1), Far::new("hearing", 2)];
    let lines = [
        fars[0].line("view,call,auto,talk"),
        fars[1].line("view,call,auto,hear"),
    ];
    let home = station(&lines, |settings| settings.takes_calls = true);
    fars.iter_mut()
        .for_each(|far| far.ring(&home, CallKind::Talk));
    until("heard by one", &mut fars, |fars| {
        fars[1].heard >= PLENTY && fars[0].state() == Some(SoundState::NotAllowed)
    });
    assert_eq!(fars[0].heard, 0);
}

/// The loudest sample of what a loudspeaker wrote, and how many samples are not silent.
fn loudness(scratch: &Scratch) -> (u16, usize) {
    let file = std::fs::File::open(scratch.0.join("heard.wav")).ok();
    let reader = file.and_then(|file| WavReader::new(std::io::BufReader::new(file)).ok());
    let samples = reader.and_then(|mut reader| reader.read_all().ok());
    let samples = samples.unwrap_or_default();
    let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max();
    let spoken = samples.iter().filter(|sample| sample.unsigned_abs() > 200);
    (loudest.unwrap_or(0), spoken.count())
}

/// Speaks loudly without the right, and softly with it; the loudspeaker plays the soft one alone.
fn only_the_soft_one_is_heard(scratch: &Scratch, fars: &mut [Far]) {
    (fars[0].speaks, fars[1].speaks) = (20_000, 2_000);
    until("spoken", fars, |fars| {
        let seconds = loudness(scratch).1 / RATE as usize;
        fars[0].sequence >= 200 && seconds >= 1
    });
    assert!(fars[1].is_wanted && !fars[0].is_wanted, "{}", told(fars));
    let (loudest, _) = loudness(scratch);
    assert!((1_500..3_000).contains(&loudest), "{loudest}");
}

#[test]
fn no_sound_of_a_viewer_without_the_right_to_talk_reaches_the_loudspeaker_of_a_box() {
    let scratch = Scratch::new("talk-box");
    let mut fars = [Far::new("mute", 1), Far::new("talking", 2)];
    let lines = [fars[0].line("view,hear"), fars[1].line("view,talk")];
    let door = station(&lines, |settings| {
        settings.serve_camera = true;
        settings.sound.speaker = DeviceName::File(scratch.0.join("heard.wav"));
    });
    fars.iter_mut()
        .for_each(|far| far.ring(&door, CallKind::View));
    only_the_soft_one_is_heard(&scratch, &mut fars);
}

#[test]
fn no_sound_of_an_automatic_call_without_the_right_to_talk_reaches_the_loudspeaker() {
    let scratch = Scratch::new("talk-auto");
    let mut fars = [Far::new("mute", 1), Far::new("talking", 2)];
    let lines = [
        fars[0].line("view,call,auto,hear"),
        fars[1].line("view,call,auto,talk"),
    ];
    let home = station(&lines, |settings| {
        settings.takes_calls = true;
        settings.sound.speaker = DeviceName::File(scratch.0.join("heard.wav"));
    });
    fars.iter_mut()
        .for_each(|far| far.ring(&home, CallKind::Talk));
    only_the_soft_one_is_heard(&scratch, &mut fars);
}

#[test]
fn hostile_frames_of_some_peers_leave_the_others_heard() {
    let scratch = Scratch::new("hostile-sound");
    // As many calls as a station has at once.
    let names = ["anna", "evil-a", "evil-b", "evil-c"];
    let mut fars: Vec<_> = (1..)
        .zip(names)
        .map(|(at, name)| Far::new(name, at))
        .collect();
    let lines: Vec<_> = fars
        .iter()
        .map(|far| far.line("view,call,auto,talk"))
        .collect();
    let home = station(&lines, |settings| {
        settings.takes_calls = true;
        settings.sound.speaker = DeviceName::File(scratch.0.join("heard.wav"));
    });
    fars.iter_mut()
        .for_each(|far| far.ring(&home, CallKind::Talk));
    until("listened to", &mut fars, |fars| {
        fars.iter().all(|far| far.is_wanted)
    });
    // Noise at full volume is what they may make; it would hide whether the other is heard.
    for name in &names[1..] {
        home.handle.set_volume(&crate::calls::name(name), 0.0);
    }
    let mut noise = Noise::new(3);
    for _ in 0..300 {
        for far in &mut fars[1..] {
            far.speak_nonsense(&mut noise);
            far.turn();
        }
        fars[0].turn();
    }
    let before = loudness(&scratch).1;
    assert_eq!(
        before, 0,
        "of the hostile ones nothing is heard at volume 0"
    );
    fars[0].speaks = 2_000;
    let end = Instant::now() + PATIENCE;
    while loudness(&scratch).1 < RATE as usize {
        assert!(Instant::now() < end, "not heard: {}", told(&fars));
        // To read the file takes longer than a frame.
        let next = Instant::now() + Duration::from_secs(1);
        while Instant::now() < next {
            for far in &mut fars[1..] {
                far.speak_nonsense(&mut noise);
                far.turn();
            }
            // The honest one speaks each 10 ms, as well as it comes to that here.
            (0..4).for_each(|_| fars[0].turn());
        }
    }
    let (loudest, _) = loudness(&scratch);
    assert!((1_500..3_000).contains(&loudest), "{loudest}");
    // They kept the rules, so nobody was shown out.
    assert!(fars.iter().all(|far| !far.is_gone), "{}", told(&fars));
}

/// Two calls that a person answers, one after the other; without any right about sound.
fn two_conversations() -> (Peer, [Far; 2]) {
    let mut fars = [Far::new("anna", 1), Far::new("bob", 2)];
    let lines = [fars[0].line("call"), fars[1].line("call")];
    let home = station(&lines, |settings| {
        settings.takes_calls = true;
        settings.sound.speaker = DeviceName::Silence;
    });
    for far in &mut fars {
        far.ring(&home, CallKind::Talk);
        far.turn();
        home.rung();
        home.handle.answer(&name(far.name));
        until("heard", std::slice::from_mut(far), |far| {
            far[0].heard >= PLENTY && far[0].is_wanted
        });
    }
    (home, fars)
}

/// That one is heard, and the other is on hold, though it is still wanted.
fn is_spoken_to(fars: &mut [Far; 2], heard: usize) {
    let other = 1 - heard;
    until("on hold", fars, |fars| {
        fars[other].state() == Some(SoundState::OnHold)
            && fars[heard].state() == Some(SoundState::On)
    });
    until("heard", fars, |fars| fars[heard].heard >= PLENTY);
    count_anew(fars);
    until("heard alone", fars, |fars| fars[heard].heard >= PLENTY);
    assert_eq!(fars[other].heard, 0);
    assert!(fars[0].is_wanted && fars[1].is_wanted, "{}", told(fars));
}

#[test]
fn of_two_conversations_one_is_spoken_to_and_both_are_heard() {
    let (home, mut fars) = two_conversations();
    is_spoken_to(&mut fars, 1);
    home.handle.speak_to(Some(&name("anna")));
    is_spoken_to(&mut fars, 0);
    home.handle.speak_to(None);
    until("to all", &mut fars, |fars| {
        fars[1].state() == Some(SoundState::On)
    });
    count_anew(&mut fars);
    until("to all", &mut fars, |fars| {
        fars[0].heard >= PLENTY && fars[1].heard >= PLENTY
    });
    home.handle.speak_to(Some(&name("bob")));
    home.handle.hang_up(&name("bob"));
    until("to the one that is left", &mut fars, |fars| {
        fars[0].state() == Some(SoundState::On)
    });
}

#[test]
fn who_only_watches_says_nothing_of_a_microphone() {
    let identity = Identity::throwaway().unwrap();
    let anna = format!(
        "anna 127.0.0.1:9 key={} may=view,talk",
        identity.public_key()
    );
    let door = station(&[anna], |settings| {
        settings.serve_camera = true;
        settings.sound.speaker = DeviceName::Silence;
    });
    let anna = Peer::start("anna", |settings| {
        settings.identity = identity;
        settings.sound.microphone = DeviceName::Tone;
    });
    anna.handle.connect(door.contact("door"), Redial::Never);
    anna.joined();
    let door_name = name("door");
    anna.handle.ring(&door_name, CallKind::View);
    anna.wait(|notice| matches!(notice, Notice::Picture { .. }).then_some(()));
    let far_sound = |notice: &Notice| match notice {
        Notice::Sound(SoundNotice::FarSound { state, .. }) => Some(*state),
        _ => None,
    };
    let time = Duration::from_millis(500);
    door.never(|notice| far_sound(notice).is_some(), time);
    anna.handle.speak_to(Some(&door_name));
    assert_eq!(door.wait(|it| far_sound(&it)), SoundState::On);
    anna.handle.speak_no_more(&door_name);
    assert_eq!(door.wait(|it| far_sound(&it)), SoundState::Muted);
}

#[test]
fn muted_means_that_nothing_is_sent_to_anybody() {
    let (home, mut fars) = two_conversations();
    home.handle.speak_to(None);
    until("to all", &mut fars, |fars| {
        fars[0].state() == Some(SoundState::On)
    });
    home.handle.mute(true);
    until("muted", &mut fars, |fars| {
        let muted = |far: &Far| far.state() == Some(SoundState::Muted);
        fars.iter().all(muted)
    });
    // The state goes before the last frames, which end soon; pictures go on.
    let begun: Vec<_> = fars.iter().map(|far| far.pictures).collect();
    home.handle.show_camera(&name("anna"), true);
    until("pictures", &mut fars, |fars| {
        fars[0].pictures >= begun[0] + 5
    });
    count_anew(&mut fars);
    let begun = fars[0].pictures;
    until("more pictures", &mut fars, |fars| {
        fars[0].pictures >= begun + 15
    });
    assert_eq!((fars[0].heard, fars[1].heard), (0, 0));
    home.handle.mute(false);
    until("heard again", &mut fars, |fars| {
        fars.iter()
            .all(|far| far.heard >= PLENTY && far.state() == Some(SoundState::On))
    });
}

#[test]
fn an_older_program_without_sound_watches_and_calls_as_before() {
    let mut fars = [Far::new("older", 1)];
    // It would end a connection on which anything about sound comes.
    fars[0].evil.takes = Capabilities::CALLS;
    let lines = [fars[0].line("view,call,hear,talk,auto")];
    let home = station(&lines, |settings| {
        settings.serve_camera = true;
        settings.takes_calls = true;
        settings.sound.speaker = DeviceName::Silence;
    });
    for kind in [CallKind::View, CallKind::Talk] {
        let had = fars[0].pictures;
        fars[0].ring(&home, kind);
        until("seen", &mut fars, |fars| fars[0].pictures >= had + 15);
        assert!(!fars[0].is_gone);
        assert_eq!((fars[0].heard, &fars[0].states[..]), (0, &[][..]));
    }
}
