//! Sound of calls: what is sent to whom, in which order, and what a peer may not do.

use std::time::Duration;

use transom_proto::fuzzing::{Pair, Route, Who, sound};
use transom_proto::{CallEvent, CallId, Config, Event, PeerError, Queued, SoundFrame, UsageError};
use transom_wire::{
    ByeCode, CallKind, Capabilities, Class, DecodeError, EndReason, Kind, Listen, Message, Ring,
    Sound, SoundCodec, SoundHead, SoundState, Status, flags,
};

use crate::calls::{call, calling};
use crate::evil::Evil;

const MILLI: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_millis(50);
const PCM: SoundCodec = SoundCodec::Pcm;
const OPUS: SoundCodec = SoundCodec::Opus;

/// What one end is told of a call.
fn told(pair: &mut Pair, who: Who) -> Vec<CallEvent> {
    let events = pair.events(TICK).into_iter();
    let of_calls = events.filter_map(|(end, event)| match event {
        Event::Call(_, event) if end == who => Some(event),
        _ => None,
    });
    of_calls.collect()
}

fn send(pair: &mut Pair, who: Who, call: CallId, frame: &SoundFrame) {
    let clock = pair.clock(who);
    let sent = pair.session(who).send_sound(call, frame.clone(), clock);
    assert_eq!(sent, Ok(Queued::Fresh));
}

#[test]
fn sound_goes_both_ways_in_calls_of_both_kinds() {
    for kind in [CallKind::View, CallKind::Talk] {
        let (mut pair, call) = calling(Route::mbits(10), kind);
        for (who, other) in [(Who::Ann, Who::Bob), (Who::Bob, Who::Ann)] {
            let frames = [sound(PCM, 1, 5), sound(OPUS, 2, 6), sound(PCM, 9, 7)];
            for frame in &frames {
                send(&mut pair, who, call, frame);
            }
            assert_eq!(told(&mut pair, other), frames.map(CallEvent::Sound));
            pair.session(who).sound_end(call).unwrap();
            assert_eq!(told(&mut pair, other), [CallEvent::SoundEnd]);
            assert_eq!(pair.session(who).stats(Default::default()).sound_sent, 3);
        }
        assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
    }
}

#[test]
fn states_and_wishes_to_listen_arrive() {
    let (mut pair, call) = calling(Route::mbits(10), CallKind::Talk);
    let session = pair.session(Who::Ann);
    let lost = (SoundState::Lost, "the headset is unplugged");
    session.sound_state(call, lost.0, lost.1).unwrap();
    session.listen(call, true).unwrap();
    session.listen(call, false).unwrap();
    let wanted = [
        CallEvent::SoundState(Status::new(lost.0, lost.1.into())),
        CallEvent::Listen { on: true },
        CallEvent::Listen { on: false },
    ];
    assert_eq!(told(&mut pair, Who::Bob), wanted);
}

/// Each verb of sound, and the first two with each codec.
fn verbs(evil: &mut Evil, call: CallId) -> [Result<(), UsageError>; 5] {
    let (session, now) = (&mut evil.connection.session, evil.now);
    [
        session.send_sound(call, sound(PCM, 1, 0), now).map(drop),
        session.send_sound(call, sound(OPUS, 2, 0), now).map(drop),
        session.sound_end(call),
        session.sound_state(call, SoundState::On, ""),
        session.listen(call, true),
    ]
}

#[test]
fn a_peer_without_sound_is_called_as_before_and_told_nothing_of_it() {
    for others in [Capabilities::NONE, Capabilities::CALLS, Capabilities::OPUS] {
        let mut evil = Evil::tuned(|_| ()).met_by(others);
        let call = evil.view();
        let unsupported = Err(UsageError::Unsupported { what: "sound" });
        let result = verbs(&mut evil, call);
        match others == Capabilities::OPUS {
            // Opus without sound makes no sense, and is no sound.
            true => assert_eq!(result[3], unsupported),
            false => assert_eq!(result, [(); 5].map(|()| unsupported)),
        }
        let sent = evil.heard_of_streams();
        assert_eq!(sent, [(1, Kind::Answer)]);
    }
}

#[test]
fn opus_goes_only_to_a_peer_that_takes_it() {
    let mut evil = Evil::tuned(|_| ()).met_by(Capabilities::SOUND);
    let call = evil.view();
    let (session, now) = (&mut evil.connection.session, evil.now);
    session.send_sound(call, sound(PCM, 0, 0), now).unwrap();
    let first = evil.heard_of_streams();
    evil.ack_all();
    let result = verbs(&mut evil, call);
    let mut wanted = [Ok(()); 5];
    wanted[1] = Err(UsageError::Unsupported { what: "Opus" });
    assert_eq!(result, wanted);
    evil.ack_all();
    let sent = first.into_iter().chain(evil.heard_of_streams());
    let sent: Vec<_> = sent
        .filter(|(_, kind)| kind.class() == Class::Audio)
        .collect();
    assert_eq!(
        sent,
        [Kind::SoundHead, Kind::Sound, Kind::SoundEnd].map(|kind| (1, kind))
    );
}

#[test]
fn nothing_of_sound_is_said_before_a_call_is_live_or_after_it() {
    let mut evil = Evil::new();
    let kind = CallKind::Talk;
    evil.say(1, &Message::Ring(Ring { kind })).unwrap();
    let Some(Event::Call(call, CallEvent::Ringing(_))) = evil.events().pop() else {
        panic!("no ring");
    };
    let verb = |verb| Err(UsageError::NotNow { verb });
    let wanted = [
        "send_sound",
        "send_sound",
        "sound_end",
        "sound_state",
        "listen",
    ]
    .map(verb);
    assert_eq!(verbs(&mut evil, call), wanted);
    evil.connection.session.answer(call).unwrap();
    assert_eq!(verbs(&mut evil, call), [Ok(()); 5]);
    let session = &mut evil.connection.session;
    session.hang_up(call, EndReason::Chosen, "").unwrap();
    assert_eq!(verbs(&mut evil, call), [Err(UsageError::NoSuchCall); 5]);
    let sent = evil.heard_of_streams();
    assert!(
        !sent.iter().any(|(_, kind)| kind.class() == Class::Audio),
        "{sent:?}"
    );
}

#[test]
fn a_caller_that_sends_what_a_peer_would_not_take_is_refused() {
    let (mut pair, call) = calling(Route::mbits(10), CallKind::Talk);
    let clock = pair.clock(Who::Ann);
    let session = pair.session(Who::Ann);
    let mut put = |frame| session.send_sound(call, frame, clock);
    let long = |frame: &SoundFrame| UsageError::Length {
        what: "frame of sound",
        found: frame.bytes.len(),
        limit: 3840,
    };
    let mut cut = sound(PCM, 1, 0);
    cut.bytes = [0; 959].into();
    assert_eq!(put(cut.clone()), Err(long(&cut)));
    cut.format.codec = OPUS;
    cut.bytes = [].into();
    assert_eq!(put(cut.clone()), Err(long(&cut)));
    cut.bytes = [0; 1276].into();
    assert_eq!(put(cut.clone()), Err(long(&cut)));
    cut.format.codec = SoundCodec::Unknown(9);
    cut.bytes = vec![0; 3841].into();
    assert_eq!(put(cut.clone()), Err(long(&cut)));
    let mut stereo = sound(PCM, 1, 0);
    stereo.format.channels = 2;
    assert_eq!(put(stereo.clone()), Err(long(&stereo)));
    assert_eq!(put(sound(PCM, 5, 0)), Ok(Queued::Fresh));
    let back = Err(UsageError::NotNow { verb: "send_sound" });
    assert_eq!(put(sound(PCM, 5, 0)), back);
    assert_eq!(put(sound(PCM, 4, 0)), back);
    assert_eq!(put(sound(PCM, 6, 0)), Ok(Queued::Fresh));
    told(&mut pair, Who::Bob);
    assert_eq!(pair.error(Who::Bob), None);
}

/// A peer in a call, on stream 1.
struct Talker {
    evil: Evil,
}

impl Talker {
    fn new() -> Self {
        let mut evil = Evil::new();
        evil.view();
        evil.heard();
        Self { evil }
    }

    fn say(&mut self, message: Message<'_>) -> Result<(), PeerError> {
        self.evil.say(1, &message)
    }

    fn head(&mut self, codec: SoundCodec) {
        let head = SoundHead::new(codec, 480);
        self.say(Message::SoundHead(head)).unwrap();
    }

    fn sound(&mut self, sequence: u32, bytes: usize) -> Result<(), PeerError> {
        self.say(frame(sequence, &vec![0; bytes]))
    }
}

fn frame(sequence: u32, bytes: &[u8]) -> Message<'_> {
    let captured = 7;
    Message::Sound(Sound {
        sequence,
        captured,
        bytes,
    })
}

fn unexpected(what: &'static str) -> Result<(), PeerError> {
    Err(PeerError::Unexpected { what })
}

#[test]
fn a_frame_has_the_length_that_its_head_tells() {
    let illegal = DecodeError::Illegal("length of a frame of sound");
    for (codec, bytes, fits) in [
        (PCM, 960, true),
        (PCM, 958, false),
        (PCM, 1920, false),
        (PCM, 0, false),
        (OPUS, 1, true),
        (OPUS, 1275, true),
        (OPUS, 1276, false),
        (OPUS, 0, false),
        (SoundCodec::Unknown(9), 0, true),
        (SoundCodec::Unknown(9), 3840, true),
    ] {
        let mut talker = Talker::new();
        talker.head(codec);
        let wanted = if fits { Ok(()) } else { Err(illegal.into()) };
        assert_eq!(talker.sound(1, bytes), wanted, "{codec:?} {bytes}");
    }
}

#[test]
fn sound_before_its_head_or_back_in_time_is_illegal() {
    let mut talker = Talker::new();
    assert_eq!(talker.sound(1, 960), unexpected("sound without a head"));
    for (sequence, fits) in [(6, true), (1000, true), (5, false), (4, false)] {
        let mut talker = Talker::new();
        talker.head(PCM);
        talker.sound(5, 960).unwrap();
        // A pause and another head begin no new count.
        talker.say(Message::SoundEnd).unwrap();
        talker.head(PCM);
        let goes_back = unexpected("sound that goes back");
        let wanted = if fits { Ok(()) } else { goes_back };
        assert_eq!(talker.sound(sequence, 960), wanted, "{sequence}");
    }
}

#[test]
fn an_end_of_no_sound_is_illegal() {
    let illegal = unexpected("an end of sound that did not begin");
    let mut talker = Talker::new();
    assert_eq!(talker.say(Message::SoundEnd), illegal);
    let mut talker = Talker::new();
    talker.head(PCM);
    talker.sound(1, 960).unwrap();
    talker.say(Message::SoundEnd).unwrap();
    assert_eq!(talker.say(Message::SoundEnd), illegal);
}

#[test]
fn more_than_400_frames_a_second_are_too_much() {
    let mut talker = Talker::new();
    talker.head(OPUS);
    // Five seconds at the full rate, then all at once.
    for sequence in 1..=2000 {
        talker.evil.now = talker.evil.now + Duration::from_micros(2500);
        talker.sound(sequence, 1).unwrap();
    }
    let refused = (2001..).find(|sequence| talker.sound(*sequence, 1).is_err());
    assert_eq!(refused, Some(2001 + 399));
    let mut talker = Talker::new();
    talker.head(OPUS);
    let refused = (0..).find_map(|sequence| talker.sound(sequence, 1).err());
    let refused = refused.unwrap();
    let what = "frames of sound a second";
    assert_eq!(refused, PeerError::TooMuch { what });
    assert_eq!(refused.code(), ByeCode::TooMuch);
}

#[test]
fn a_peer_that_speaks_to_a_station_without_sound_is_ended() {
    let messages = [
        Message::SoundHead(SoundHead::new(PCM, 480)),
        frame(1, &[0; 960]),
        Message::SoundEnd,
        Message::SoundState(Status::new(SoundState::On, "")),
        Message::Listen(Listen { on: true }),
    ];
    for message in messages {
        let deaf = |config: &mut Config| config.capabilities = Capabilities::CALLS;
        let mut evil = Evil::tuned(deaf).met();
        evil.view();
        let result = evil.say(1, &message);
        assert_eq!(result, unexpected("sound for a station that takes none"));
        // And to one that has sound, while the call rings.
        let mut evil = Evil::new();
        let kind = CallKind::Talk;
        evil.say(1, &Message::Ring(Ring { kind })).unwrap();
        let result = evil.say(1, &message);
        assert_eq!(result, unexpected("sound in a call that rings"));
    }
}

#[test]
fn sound_that_crossed_the_end_of_its_call_is_skipped() {
    let mut talker = Talker::new();
    talker.head(PCM);
    let evil = &mut talker.evil;
    let call = evil.view_on(3);
    let session = &mut evil.connection.session;
    session.hang_up(call, EndReason::Chosen, "").unwrap();
    assert_eq!(evil.say(3, &frame(1, &[0; 3])), Ok(()));
    assert_eq!(evil.say(3, &Message::SoundEnd), Ok(()));
    assert_eq!(evil.events(), []);
}

#[test]
fn only_sound_may_have_the_flag_of_a_voice() {
    let mut talker = Talker::new();
    talker.head(OPUS);
    let mut say = |flag, sequence| talker.evil.say_flagged(1, flag, &frame(sequence, &[1]));
    say(flags::VOICE, 1).unwrap();
    say(0, 2).unwrap();
    let illegal = Err(DecodeError::Illegal("flags").into());
    assert_eq!(say(flags::LAST, 3), illegal);
    let voices: Vec<_> = talker
        .evil
        .events()
        .into_iter()
        .map(|event| match event {
            Event::Call(_, CallEvent::Sound(frame)) => frame.voice,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(voices, [true, false]);
    let mut talker = Talker::new();
    let end = talker.evil.say_flagged(1, flags::VOICE, &Message::SoundEnd);
    assert_eq!(end, illegal);
}

#[test]
fn after_a_stall_of_the_path_the_newest_sound_comes_and_the_rest_is_a_gap() {
    let mut pair = Pair::new(Route::mbits(10));
    let call = call(&mut pair, CallKind::Talk);
    let mut heard = Vec::new();
    for sequence in 0..300 {
        let (clock, now) = (pair.clock(Who::Ann), pair.now());
        let frame = sound(OPUS, sequence, clock.0);
        pair.session(Who::Ann)
            .send_sound(call, frame, clock)
            .unwrap();
        if sequence == 100 || sequence == 200 {
            pair.pipe(Who::Ann).cut_off = sequence == 100;
        }
        pair.run(10 * MILLI, |_, who, event| {
            if let (Who::Bob, Event::Call(_, CallEvent::Sound(frame))) = (who, event) {
                heard.push((frame.sequence, now));
            }
        });
    }
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
    let dropped = pair
        .session(Who::Ann)
        .stats(Default::default())
        .sound_dropped;
    assert_eq!(heard.len() as u64 + dropped, 300);
    assert!(
        (50..90).contains(&dropped),
        "{dropped} of 100 frames of the stall"
    );
    let (last, _) = *heard.last().unwrap();
    assert_eq!(last, 299);
}
