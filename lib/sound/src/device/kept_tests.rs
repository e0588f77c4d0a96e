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
    let DeviceState::Lost {
        words, for_peers, ..
    } = slot.state.clone()
    else {
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

/// As an attempt ends that finds no device, by its name or at all.
fn missing() -> [DeviceError; 2] {
    let device = "Headset".to_owned();
    let looked = Vec::new();
    [
        DeviceError::NotFound { device, hint: "" },
        DeviceError::NoneFound { looked },
    ]
}

#[test]
fn an_unplugged_device_that_is_not_found_is_told_once() {
    for missing in missing() {
        let (_poll, place) = place();
        let start = Instant::now();
        let mut slot = Slot::<Fake>::default();
        slot.want(headset(), start);
        WORLD.set(vec![Ok("Headset"), Err(missing)]);
        turn(&mut slot, &place, start);
        slot.with(&place, start, |_| Err::<((), bool), _>(unplugged()));
        let told = slot.state.clone();
        let retry = start + Duration::from_secs(1);
        assert_eq!(turn(&mut slot, &place, retry), told);
        assert_eq!(slot.due(), Some(retry + Duration::from_secs(2)));
    }
}

#[test]
fn a_device_that_was_never_there_is_missing_and_not_unplugged() {
    for missing in missing() {
        let (_poll, place) = place();
        let start = Instant::now();
        let mut slot = Slot::<Fake>::default();
        slot.want(headset(), start);
        WORLD.set(vec![Err(missing), Ok("Headset")]);
        let state = turn(&mut slot, &place, start);
        let is_missing = |loss: Loss| loss == Loss::Missing;
        assert!(
            matches!(state, DeviceState::Lost { loss, .. } if is_missing(loss)),
            "{state:?}"
        );
        let plugged = start + Duration::from_millis(300);
        slot.devices_changed(plugged);
        assert_eq!(turn(&mut slot, &place, plugged), on("Headset"));
    }
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
        let mut events = mio::Events::with_capacity(8);
        crate::device::tests::wait(&mut poll, &mut events, microphone.due());
    }
    let DeviceState::Lost {
        words, for_peers, ..
    } = states.pop().unwrap()
    else {
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

/// A pipe with a name and no reader.
#[cfg(unix)]
fn fifo(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("transom-sound-{}-{name}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    path
}

/// It does not wait for a writer.
#[cfg(unix)]
fn reader_of(fifo: &std::path::Path) -> std::fs::File {
    use rustix::fs::{Mode, OFlags};
    let reader = rustix::fs::open(fifo, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty());
    reader.unwrap().into()
}

/// Runs what may wait for ever where it is wrong.
#[cfg(unix)]
fn in_time<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(run()));
    ended
        .recv_timeout(Duration::from_secs(60))
        .expect("it waits for a reader")
}

#[cfg(unix)]
#[test]
fn a_pipe_waits_for_no_reader_and_begins_anew_for_the_next() {
    use std::io::Read;

    let path = fifo("unread");
    let name = DeviceName::File(path.clone());
    let poll = Poll::new().unwrap();
    let mut speaker = KeptSpeaker::new(poll.registry(), Token(0)).unwrap();
    let wanted = name.clone();
    let mut speaker = in_time(move || {
        speaker.want(Some(wanted));
        speaker.room();
        speaker
    });
    let unread = DeviceState::Lost {
        words: format!("{}: no program reads the pipe", path.display()),
        for_peers: "no program reads it",
        loss: Loss::Unread,
    };
    assert_eq!(speaker.poll_state(), Some(unread.clone()));
    assert!(speaker.due().is_some(), "it is tried again");
    for value in [1, 2] {
        let mut reader = reader_of(&path);
        speaker.devices_changed();
        play(&mut speaker, value, 480);
        let mut header = [0; 44];
        reader.read_exact(&mut header).unwrap();
        assert!(header.starts_with(b"RIFF"));
        let mut sound = [0; 960];
        reader.read_exact(&mut sound).unwrap();
        assert_eq!(sound.to_vec(), value.to_le_bytes().repeat(480));
        drop(reader);
        let limit = Instant::now() + Duration::from_secs(30);
        while speaker.poll_state() != Some(unread.clone()) {
            assert!(Instant::now() < limit);
            let room = speaker.room();
            speaker.write(&vec![0; room]);
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    std::fs::remove_file(path).unwrap();
}

#[cfg(unix)]
#[test]
fn a_pipe_that_is_full_drops_whole_samples_and_holds_up_nothing() {
    use std::io::Read;

    let path = fifo("full");
    let mut reader = reader_of(&path);
    let poll = Poll::new().unwrap();
    let mut speaker = KeptSpeaker::new(poll.registry(), Token(0)).unwrap();
    speaker.want(Some(DeviceName::File(path.clone())));
    // Twice as much as a pipe holds.
    let speaker = in_time(move || {
        play(&mut speaker, 0x0102, 65_536);
        speaker
    });
    drop(speaker);
    let mut taken = Vec::new();
    reader.read_to_end(&mut taken).unwrap();
    std::fs::remove_file(path).unwrap();
    assert!(taken.starts_with(b"RIFF") && taken.len() < 130_000);
    assert!(taken[44..].chunks_exact(2).all(|sample| sample == [2, 1]));
}
