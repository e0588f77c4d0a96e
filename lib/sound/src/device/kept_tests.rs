use std::cell::RefCell;

use mio::Poll;

use super::*;

thread_local! {
    /// What the next attempts to open give: an error, or a device of this name.
    static WORLD: RefCell<Vec<Result<&'static str, DeviceError>>> = const { RefCell::new(Vec::new()) };
}

struct Fake(&'static str);

impl Reopen for Fake {
    fn open(_: &DeviceName, _: bool, _: &Place) -> Result<Self, DeviceError> {
        WORLD.with_borrow_mut(|world| world.remove(0)).map(Self)
    }

    fn name(&self) -> &str {
        self.0
    }

    fn due(&self) -> Option<Instant> {
        None
    }
}

fn place() -> (Poll, Place) {
    let poll = Poll::new().unwrap();
    let place = Place::new(poll.registry(), Token(0)).unwrap();
    (poll, place)
}

fn unplugged() -> DeviceError {
    DeviceError::Lost {
        device: "Headset".to_owned(),
        how: "unplugged".to_owned(),
    }
}

/// One turn in which an open device gives sound.
fn turn(slot: &mut Slot<Fake>, place: &Place, now: Instant) -> DeviceState {
    slot.with(place, now, |_| Ok(((), true)));
    slot.state.clone()
}

fn headset() -> Option<DeviceName> {
    Some(DeviceName::Server("headset".to_owned()))
}

fn on(words: &str) -> DeviceState {
    DeviceState::On {
        words: words.to_owned(),
    }
}

#[test]
fn a_lost_device_is_told_and_taken_up_again_when_the_devices_change() {
    let (_poll, place) = place();
    let start = Instant::now();
    let mut slot = Slot::<Fake>::default();
    slot.want(headset(), start);
    assert_eq!(slot.state, DeviceState::Opening);
    WORLD.set(vec![Ok("Headset"), Err(unplugged()), Ok("Headset")]);
    assert_eq!(turn(&mut slot, &place, start), on("Headset"));
    slot.with(&place, start, |_| Err::<((), bool), _>(unplugged()));
    let DeviceState::Lost { words, for_peers } = slot.state.clone() else {
        panic!("{:?}", slot.state)
    };
    assert_eq!(words, "Headset: unplugged; waiting until it is back");
    assert_eq!(for_peers, "it was unplugged");
    // The first retry fails, and the next is not due before 2 s.
    let retry = start + Duration::from_secs(1);
    assert!(matches!(
        turn(&mut slot, &place, retry),
        DeviceState::Lost { .. }
    ));
    assert_eq!(slot.due(), Some(retry + Duration::from_secs(2)));
    let plugged = retry + Duration::from_millis(300);
    slot.devices_changed(plugged);
    assert_eq!(turn(&mut slot, &place, plugged), on("Headset"));
}

#[test]
fn wanting_the_same_device_again_keeps_it_open_and_another_closes_it() {
    let (_poll, place) = place();
    let now = Instant::now();
    let mut slot = Slot::<Fake>::default();
    WORLD.set(vec![Ok("Headset")]);
    slot.want(headset(), now);
    turn(&mut slot, &place, now);
    slot.want(headset(), now);
    assert!(slot.device.is_some());
    slot.want(Some(DeviceName::None), now);
    assert!(slot.device.is_none() && slot.due().is_none());
    assert_eq!(slot.state, DeviceState::Closed);
}

#[test]
fn what_can_not_get_better_by_waiting_is_not_retried() {
    let (_poll, place) = place();
    let now = Instant::now();
    let mut slot = Slot::<Fake>::default();
    WORLD.set(vec![Err(DeviceError::NotSound {
        device: "x.wav".to_owned(),
        why: "no WAV".to_owned(),
    })]);
    slot.want(Some(DeviceName::File("x.wav".into())), now);
    turn(&mut slot, &place, now);
    assert_eq!(slot.due(), None);
}

#[test]
fn only_a_loudspeaker_of_hardware_has_a_replacement() {
    let mut slot = Slot::<Fake>::default();
    for (name, replacement) in [
        ("server:headset", Some(DeviceName::Auto)),
        ("hw:Headset", Some(DeviceName::Auto)),
        ("auto", None),
        ("file:x.wav", None),
        ("cmd:aplay", None),
    ] {
        slot.want(Some(name.parse().unwrap()), Instant::now());
        assert_eq!(slot.replacement(), replacement, "{name}");
    }
}

#[test]
fn a_moved_stream_is_told() {
    let (_poll, place) = place();
    let now = Instant::now();
    let mut slot = Slot::<Fake>::default();
    WORLD.set(vec![Ok("Headset")]);
    slot.want(headset(), now);
    turn(&mut slot, &place, now);
    slot.device = Some(Fake("Built-in"));
    assert_eq!(turn(&mut slot, &place, now), on("Built-in"));
}

#[cfg(unix)]
#[test]
fn a_microphone_whose_command_ends_is_lost_with_its_words() {
    let mut poll = Poll::new().unwrap();
    let mut microphone = KeptMicrophone::new(poll.registry(), Token(0)).unwrap();
    assert_eq!(microphone.poll_state(), None);
    microphone.want(Some(
        "cmd:printf abcd; echo gone >&2; exit 1".parse().unwrap(),
    ));
    let start = Instant::now();
    let mut states = Vec::new();
    while !matches!(states.last(), Some(DeviceState::Lost { .. })) {
        assert!(start.elapsed() < Duration::from_secs(60), "{states:?}");
        microphone.read(&mut [0; 480]);
        states.extend(microphone.poll_state());
        let timeout = microphone
            .due()
            .map(|due| due.saturating_duration_since(Instant::now()));
        poll.poll(&mut mio::Events::with_capacity(8), timeout)
            .unwrap();
    }
    let DeviceState::Lost { words, for_peers } = states.pop().unwrap() else {
        unreachable!()
    };
    assert_eq!(states, [DeviceState::Opening, on("cmd")]);
    assert_eq!(words, "cmd: the command ended with exit status: 1: gone");
    assert_eq!(for_peers, "its program ended");
}

/// Plays that many samples of one value, at the pace of the device.
fn play(speaker: &mut KeptSpeaker, value: i16, mut samples: usize) {
    let limit = Instant::now() + Duration::from_secs(30);
    while samples > 0 {
        let room = speaker.room().min(samples);
        speaker.write(&vec![value; room]);
        samples -= room;
        assert!(Instant::now() < limit, "{:?}", speaker.poll_state());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_file_that_is_opened_again_goes_on_behind_what_was_heard() {
    let place = std::env::temp_dir().join(format!("transom-sound-{}", std::process::id()));
    let [file, other] = ["again.wav", "other.wav"].map(|name| place.with_extension(name));
    let named = |path: &std::path::Path| Some(DeviceName::File(path.to_owned()));
    let heard = |path: &std::path::Path| {
        let file = std::fs::File::open(path).unwrap();
        crate::WavReader::new(file).unwrap().read_all().unwrap()
    };
    std::fs::write(&file, "of an earlier run").unwrap();
    let poll = Poll::new().unwrap();
    let mut speaker = KeptSpeaker::new(poll.registry(), Token(0)).unwrap();
    speaker.want(named(&file));
    play(&mut speaker, 1, 500);
    speaker.want(None);
    speaker.want(named(&file));
    play(&mut speaker, 2, 300);
    speaker.want(None);
    assert_eq!(heard(&file), [vec![1; 500], vec![2; 300]].concat());
    std::fs::write(
        &file,
        "put in its place by another program, and longer than a header",
    )
    .unwrap();
    speaker.want(named(&file));
    assert_eq!(speaker.room(), 0);
    let state = speaker.poll_state().unwrap();
    assert!(matches!(state, DeviceState::Lost { .. }), "{state:?}");
    assert!(std::fs::read(&file).unwrap().starts_with(b"put in"));
    speaker.want(named(&other));
    play(&mut speaker, 3, 100);
    drop(speaker);
    assert_eq!(heard(&other), [3; 100]);
    for path in [file, other] {
        std::fs::remove_file(path).unwrap();
    }
}
