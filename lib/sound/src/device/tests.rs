//! Devices that need no hardware, polled as the sound thread polls them.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::*;

/// Generous: the machine may be loaded.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for devices, at most until then. A signal ends a wait early, as on a machine that was
/// suspended.
pub(crate) fn wait(poll: &mut Poll, events: &mut Events, due: Option<Instant>) {
    let timeout = due.map(|due| due.saturating_duration_since(Instant::now()));
    match poll.poll(events, timeout) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
        waited => waited.unwrap(),
    }
}

/// A microphone or loudspeaker with the poll it is registered with.
struct Polled<T> {
    device: T,
    poll: Poll,
}

impl<T> Polled<T> {
    fn open(
        name: &str,
        open: impl Fn(&DeviceName, &Registry, Token) -> Result<T, DeviceError>,
    ) -> Result<Self, DeviceError> {
        let poll = Poll::new().unwrap();
        let device = open(&name.parse().unwrap(), poll.registry(), Token(0))?;
        Ok(Self { device, poll })
    }

    fn wait(&mut self, due: Option<Instant>) {
        wait(&mut self.poll, &mut Events::with_capacity(8), due);
    }
}

impl Polled<Microphone> {
    /// So many samples, or the error before them.
    fn hear(&mut self, count: usize) -> Result<Vec<i16>, DeviceError> {
        let start = Instant::now();
        let mut heard = Vec::new();
        while heard.len() < count {
            assert!(start.elapsed() < PATIENCE, "{} of {count}", heard.len());
            let mut samples = [0; 480];
            let read = self.device.read(&mut samples)?;
            heard.extend(&samples[..read.samples]);
            if read.samples == 0 {
                let due = self.device.due();
                self.wait(due);
            }
        }
        heard.truncate(count);
        Ok(heard)
    }

    fn error(&mut self) -> DeviceError {
        self.hear(usize::MAX).unwrap_err()
    }
}

impl Polled<Speaker> {
    fn play(&mut self, mut sound: &[i16]) -> Result<(), DeviceError> {
        let start = Instant::now();
        while !sound.is_empty() {
            assert!(start.elapsed() < PATIENCE, "{} left", sound.len());
            let room = self.device.room()?.min(sound.len());
            self.device.write(&sound[..room])?;
            sound = &sound[room..];
            let due = self.device.due();
            self.wait(due);
        }
        Ok(())
    }
}

fn microphone(name: &str) -> Polled<Microphone> {
    Polled::open(name, Microphone::open).unwrap()
}

fn speaker(name: &str) -> Polled<Speaker> {
    Polled::open(name, Speaker::open).unwrap()
}

/// A path of this process and test.
fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("transom-sound-{}-{name}", std::process::id()))
}

fn ramp(samples: i16) -> Vec<i16> {
    (0..samples).collect()
}

#[test]
fn sound_written_to_a_file_is_heard_from_it_and_then_silence() {
    let path = scratch("there-and-back.wav");
    let sound = ramp(4_000);
    speaker(&format!("file:{}", path.display()))
        .play(&sound)
        .unwrap();
    let heard = microphone(&format!("file:{}", path.display()))
        .hear(5_000)
        .unwrap();
    assert_eq!(heard[..4_000], sound);
    assert!(heard[4_000..].iter().all(|&sample| sample == 0));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_looped_file_begins_again() {
    let path = scratch("loop.wav");
    let sound = ramp(1_000);
    speaker(&format!("file:{}", path.display()))
        .play(&sound)
        .unwrap();
    let heard = microphone(&format!("loop:{}", path.display()))
        .hear(2_500)
        .unwrap();
    assert_eq!(heard[..1_000], sound);
    assert_eq!(heard[1_000..2_000], sound);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_file_that_is_missing_or_no_sound_is_told() {
    let missing = Polled::open("file:/no/such.wav", Microphone::open)
        .err()
        .unwrap();
    assert_eq!(missing.to_string(), "/no/such.wav: not found");
    let path = scratch("no-sound.wav");
    std::fs::write(&path, b"no sound").unwrap();
    let name = format!("file:{}", path.display());
    let error = Polled::open(&name, Microphone::open).err().unwrap();
    assert!(matches!(error, DeviceError::NotSound { .. }) && !error.is_retryable());
    std::fs::remove_file(path).unwrap();
}

#[test]
fn silence_and_the_tone_come_at_the_pace_of_real_time() {
    let start = Instant::now();
    assert_eq!(microphone("silence").hear(960).unwrap(), [0; 960]);
    let tone = microphone("tone").hear(960).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(40));
    assert!(tone.iter().any(|&sample| sample > 5_000));
}

#[test]
fn devices_of_the_wrong_direction_are_refused_with_what_to_use() {
    for name in ["tone", "loop:x.wav", "none"] {
        let error = Polled::open(name, Speaker::open).err().unwrap();
        assert!(matches!(error, DeviceError::Unsupported { .. }), "{error}");
    }
    assert!(Polled::open("none", Microphone::open).is_err());
}

#[cfg(unix)]
mod commands {
    use super::*;

    #[test]
    fn sound_of_a_command_comes_whole_and_its_end_is_told_with_its_last_message() {
        // 0x0201 is 513. The pause splits a sample.
        let script = "printf '\\001\\002\\001'; sleep 0.05; printf '\\002'; \
                      echo first >&2; echo 'no such card' >&2; exit 3";
        let mut microphone = microphone(&format!("cmd:{script}"));
        assert_eq!(microphone.hear(2).unwrap(), [513, 513]);
        let error = microphone.error();
        assert_eq!(
            error.to_string(),
            "cmd: the command ended with exit status: 3: no such card"
        );
        assert!(error.is_retryable());
    }

    #[test]
    fn a_command_that_is_faster_than_real_time_is_read_at_its_pace() {
        let start = Instant::now();
        microphone("cmd:cat /dev/zero").hear(9_600).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(195));
    }

    #[test]
    fn a_loudspeaker_that_is_a_command_gets_the_samples_and_time_to_finish() {
        let path = scratch("heard.raw");
        let sound = ramp(4_800);
        let command = format!("cmd:cat > {0}.part; mv {0}.part {0}", path.display());
        let mut speaker = speaker(&command);
        speaker.play(&sound).unwrap();
        drop(speaker);
        let expected: Vec<u8> = sound.iter().flat_map(|s| s.to_le_bytes()).collect();
        let start = Instant::now();
        while std::fs::read(&path).unwrap_or_default() != expected {
            assert!(start.elapsed() < PATIENCE);
            std::thread::sleep(Duration::from_millis(5));
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn little_waits_in_front_of_a_loudspeaker_that_reads_slowly() {
        let mut speaker = speaker("cmd:sleep 600");
        let start = Instant::now();
        let mut written = 0;
        let error = loop {
            assert!(start.elapsed() < PATIENCE);
            match speaker.device.room() {
                Ok(room) => {
                    speaker.device.write(&vec![0; room]).unwrap();
                    written += room;
                }
                Err(error) => break error,
            }
            let due = speaker.device.due();
            speaker.wait(due);
        };
        assert!(written <= 960, "{written}");
        assert!(
            error.to_string().starts_with("cmd: takes no sound for "),
            "{error}"
        );
    }

    #[test]
    fn a_loudspeaker_whose_command_ends_is_lost() {
        let mut speaker = speaker("cmd:echo 'card is gone' >&2; exit 1");
        let error = speaker.play(&vec![0; 480_000]).unwrap_err();
        assert!(
            error.to_string().ends_with("exit status: 1: card is gone"),
            "{error}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_command_and_its_children_end_with_the_device_whatever_signals_they_ignore() {
        let path = scratch("pids");
        let script = format!(
            "trap '' TERM; (trap '' TERM; sh -c 'echo $$ >> {0}; exec sleep 600') & \
             echo $$ >> {0}; printf 'ab'; while :; do sleep 1; done",
            path.display()
        );
        let mut microphone = microphone(&format!("cmd:{script}"));
        microphone.hear(1).unwrap();
        let start = Instant::now();
        let pids = loop {
            let pids = std::fs::read_to_string(&path).unwrap_or_default();
            if pids.lines().count() == 2 && pids.ends_with('\n') {
                break pids;
            }
            assert!(start.elapsed() < PATIENCE);
            std::thread::sleep(Duration::from_millis(5));
        };
        drop(microphone);
        for pid in pids.lines() {
            while is_running(pid) {
                assert!(start.elapsed() < PATIENCE, "{pid}");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        std::fs::remove_file(path).unwrap();
    }

    /// A zombie is not: who reaps a child of a killed child depends on the machine.
    #[cfg(target_os = "linux")]
    fn is_running(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }
}
