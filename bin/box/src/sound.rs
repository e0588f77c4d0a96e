//! Sound on the command line: its options, and its notices in words. Without the feature `sound`,
//! `no_sound.rs` replaces this file.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use transom::media::FilmSound;
use transom::sounds::{DeviceName, DeviceState, EchoMode, Loss};
use transom::{Handle, Notice, PeerName, Settings, SoundNotice, SoundNumbers, SoundState};

use crate::failure::Failure;
use crate::recorder::cannot_write;
use crate::stats::{milliseconds, round};
use crate::words::with_text;

/// The sound devices of a station whose peers may hear it and talk to it.
#[derive(Args, Debug)]
pub(crate) struct SoundOptions {
    /// Let others hear this microphone: auto, server:NAME, hw:CARD[,DEV], cmd:COMMAND,
    /// file:FILE.wav, loop:FILE.wav, tone, silence or none; see `transom sounds`
    #[arg(long, value_name = "MICROPHONE", default_value = "none")]
    microphone: DeviceName,
    /// Play what others say: auto, server:NAME, hw:CARD[,DEV], cmd:COMMAND, file:FILE.wav or none
    #[arg(long, value_name = "SPEAKER", default_value = "none")]
    speaker: DeviceName,
    /// How to prevent echo: duck (turns the microphone down while others speak), cancel (if this
    /// build has it), or off (with headphones)
    #[arg(long, value_name = "HOW", default_value = "duck", value_parser = parse_echo)]
    echo: EchoMode,
}

fn parse_echo(text: &str) -> Result<EchoMode, &'static str> {
    match text {
        "cancel" => Ok(EchoMode::Cancel),
        "duck" => Ok(EchoMode::Duck),
        "off" => Ok(EchoMode::Off),
        _ => Err("duck, cancel or off"),
    }
}

impl SoundOptions {
    /// Tries the file that the sound is to be saved in.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        check_speaker(&self.speaker)
    }

    pub(crate) fn apply(self, settings: &mut Settings) {
        settings.sound.microphone = self.microphone;
        settings.sound.speaker = self.speaker;
        settings.sound.echo = self.echo;
    }
}

/// What a viewer does with the sound of a box.
#[derive(Args, Clone, Debug)]
pub(crate) struct HearingOptions {
    /// Play the sound of the box: auto, server:NAME, hw:CARD[,DEV] or cmd:COMMAND [default: none]
    #[arg(long, value_name = "SPEAKER")]
    speaker: Option<DeviceName>,
    /// Save the sound of the box as FILE.wav; - writes it to stdout as a WAV file without an end
    #[arg(long, value_name = "FILE.wav", conflicts_with = "speaker")]
    hear: Option<PathBuf>,
}

/// Whether peers can hear a box with these settings, and whether they can talk to it.
pub(crate) fn served(settings: &Settings) -> (bool, bool) {
    let is_there = |device: &DeviceName| *device != DeviceName::None;
    let sound = &settings.sound;
    (is_there(&sound.microphone), is_there(&sound.speaker))
}

/// Gives the box of the demo a test tone.
pub(crate) fn add_tone(settings: &mut Settings) {
    settings.sound.microphone = DeviceName::Tone;
    settings.sound.echo = EchoMode::Off;
}

/// The path that opens stdout.
const STDOUT: &str = "/dev/stdout";

impl HearingOptions {
    /// Tries the file that the sound is to be saved in.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        check_speaker(&self.device())
    }

    fn device(&self) -> DeviceName {
        match (&self.hear, &self.speaker) {
            (Some(_), _) if self.takes_stdout() => DeviceName::File(STDOUT.into()),
            (Some(file), _) => DeviceName::File(file.clone()),
            (None, Some(speaker)) => speaker.clone(),
            (None, None) => DeviceName::None,
        }
    }

    /// Whether stdout belongs to the sound.
    pub(crate) fn takes_stdout(&self) -> bool {
        self.hear
            .as_deref()
            .is_some_and(|file| file == Path::new("-"))
    }

    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.sound.speaker = self.device();
    }
}

fn check_speaker(speaker: &DeviceName) -> Result<(), Failure> {
    match speaker {
        DeviceName::File(path) => check_writable(path).map_err(|why| cannot_write(path, why)),
        _ => Ok(()),
    }
}

/// Checks that the file can be written, and leaves the disk as it was: the loudspeaker opens the
/// file when sound comes.
fn check_writable(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() || found.is_dir() => {
            File::options().write(true).open(path).map(drop)
        }
        // The reader of a named pipe would take closing it for the end, so it is not opened.
        Ok(_) => Ok(()),
        Err(why) if why.kind() == ErrorKind::NotFound => match File::create_new(path) {
            Ok(_) => fs::remove_file(path),
            // A link to a file that does not exist yet.
            Err(why) if why.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(why) => Err(why),
        },
        Err(why) => Err(why),
    }
}

/// The sound of the box that is watched.
#[derive(Debug)]
pub(crate) struct Hearing {
    is_wanted: bool,
    /// Where the sound is saved.
    file: Option<PathBuf>,
    /// Whether sound came, so that the file was opened.
    is_heard: bool,
    /// The last state of the box's microphone.
    far: Option<(SoundState, String)>,
    numbers: Option<SoundNumbers>,
}

impl Hearing {
    pub(crate) fn new(options: &HearingOptions) -> Self {
        Self {
            is_wanted: options.hear.is_some() || options.speaker.is_some(),
            file: options.hear.clone(),
            is_heard: false,
            far: None,
            numbers: None,
        }
    }

    /// Asks the box for its sound, if it is wanted.
    pub(crate) fn ask(&self, handle: &Handle, peer: &PeerName) {
        if self.is_wanted {
            handle.hear(peer, true);
            handle.measure(true);
        }
    }

    /// Takes the tone of the demo without playing it, for its numbers.
    pub(crate) fn of_demo(settings: &mut Settings) -> Option<Self> {
        settings.sound.speaker = DeviceName::Silence;
        Some(Self {
            is_wanted: true,
            file: None,
            is_heard: false,
            far: None,
            numbers: None,
        })
    }

    /// The delay from the microphone of the box to our loudspeaker, once it is known.
    pub(crate) fn delay(&self) -> Option<Duration> {
        self.numbers?.delay
    }

    /// Whether the sound is still taken: `false` when the reader of stdout is gone.
    ///
    /// # Errors
    /// When it can't be saved any more.
    pub(crate) fn is_taken(&self, notice: &Notice) -> Result<bool, Failure> {
        match (loss(notice), &self.file) {
            // A named pipe may get a new reader.
            (Some((_, true)), Some(file)) => Ok(file != Path::new("-")),
            (Some((words, false)), Some(_)) => Err(Failure::new("can't save the sound", words)),
            _ => Ok(true),
        }
    }

    /// Keeps the state of the microphone and the numbers.
    pub(crate) fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Measured { numbers, .. } => self.numbers = numbers.sound,
            Notice::Sound(SoundNotice::Speaker(DeviceState::On { .. })) => self.is_heard = true,
            Notice::Sound(SoundNotice::FarSound { state, text, .. }) => {
                self.far = Some((*state, text.clone()));
            }
            _ => {}
        }
    }

    /// Fails if a file was asked for and no sound came.
    ///
    /// # Errors
    /// Says that no sound came, with the state of the box's microphone.
    pub(crate) fn check_heard(&self, peer: &PeerName) -> Result<(), Failure> {
        if self.file.is_none() || self.is_heard {
            return Ok(());
        }
        let why = match &self.far {
            Some((state, text)) => {
                let words = with_text(state_words(*state), text);
                format!("the microphone of {peer} {words}")
            }
            None => format!("no sound came from {peer}"),
        };
        let failure = Failure::new("nothing was heard", why);
        Err(match &self.far {
            Some((SoundState::NotAllowed, _)) => failure.next(
                "its owner gives it to you by may=view,hear in your line of its contact book",
            ),
            _ => failure,
        })
    }

    /// Adds the sound to the stable object of `--stats-json`.
    pub(crate) fn add_to(&self, json: &mut Value) {
        if self.is_wanted {
            json["sound"] = self.numbers.as_ref().map_or(Value::Null, numbers_json);
        }
    }

    /// The delay for the line of statistics.
    pub(crate) fn line(&self) -> Option<String> {
        let sound = self.numbers?;
        let delay = sound.delay.unwrap_or(sound.queued);
        Some(format!("sound {:.0} ms", milliseconds(delay)))
    }
}

/// A frame of sound for the film.
pub(crate) fn recorded(notice: &Notice) -> Option<FilmSound<'_>> {
    match notice {
        Notice::Sound(SoundNotice::Recorded { sound, .. }) => Some(sound.for_film()),
        _ => None,
    }
}

/// The numbers of the sound, for a measurement.
pub(crate) fn measured(notice: &Notice) -> Option<Value> {
    let Notice::Measured { numbers, .. } = notice else {
        return None;
    };
    numbers.sound.as_ref().map(numbers_json)
}

fn numbers_json(sound: &SoundNumbers) -> Value {
    let milliseconds = |time: Duration| round(milliseconds(time));
    json!({
        "delay_ms": sound.delay.map(milliseconds),
        "queued_ms": milliseconds(sound.queued),
        "reserve_ms": milliseconds(sound.reserve),
        "dry_runs": sound.dry_runs,
        "removed_ms": milliseconds(sound.removed),
        "skew_ms": sound.skew_us.map(|skew| round(skew as f64 / 1000.0)),
    })
}

/// Why the loudspeaker is lost, and whether it is a pipe without a reader.
fn loss(notice: &Notice) -> Option<(&str, bool)> {
    match notice {
        Notice::Sound(SoundNotice::Speaker(DeviceState::Lost { words, loss, .. })) => {
            Some((words, *loss == Loss::Unread))
        }
        _ => None,
    }
}

/// Whether a loudspeaker is lost, which ends some commands.
pub(crate) fn is_loss(notice: &Notice) -> bool {
    loss(notice).is_some()
}

pub(crate) fn is_sound(notice: &Notice) -> bool {
    matches!(notice, Notice::Sound(_))
}

/// A notice of sound in words, and with stable field names; `None` for frequent notices that are
/// not printed.
pub(crate) fn describe(notice: &Notice) -> Option<(String, Value)> {
    let Notice::Sound(notice) = notice else {
        return None;
    };
    Some(match notice {
        SoundNotice::Microphone(state) => device("microphone", state)?,
        SoundNotice::Speaker(state) => device("loudspeaker", state)?,
        SoundNotice::MutedSpeech => ("you are muted".into(), json!({"event": "muted_speech"})),
        SoundNotice::Listening { peer, on } => (
            match on {
                true => format!("{peer} hears the microphone"),
                false => format!("{peer} does not hear the microphone any more"),
            },
            json!({"event": "heard_by", "peer": peer.as_str(), "on": on}),
        ),
        SoundNotice::FarSound { peer, state, text } => (
            format!(
                "the microphone of {peer} {}",
                with_text(state_words(*state), text)
            ),
            json!({"event": "far_sound", "peer": peer.as_str(), "state": state_word(*state), "text": text}),
        ),
        _ => return None,
    })
}

fn device(what: &str, state: &DeviceState) -> Option<(String, Value)> {
    let (words, word, text) = match state {
        DeviceState::Closed => ("is closed", "closed", String::new()),
        DeviceState::Lost {
            words,
            loss: Loss::Missing,
            ..
        } => ("is missing", "missing", words.clone()),
        DeviceState::Lost { words, .. } => ("is lost", "lost", words.clone()),
        DeviceState::On { words } => ("is on", "on", words.clone()),
        DeviceState::Replaced { words, lost } => (
            "is replaced",
            "replaced",
            format!("{words} is used, since {lost}"),
        ),
        // On or lost in a moment.
        _ => return None,
    };
    let json = json!({"event": what, "state": word, "text": text});
    Some((format!("the {what} {}", with_text(words, &text)), json))
}

fn state_words(state: SoundState) -> &'static str {
    match state {
        SoundState::NoMicrophone => "is missing: they have none",
        SoundState::On => "is on",
        SoundState::Muted => "is muted",
        SoundState::Lost => "is lost",
        SoundState::OnHold => "is on hold: they speak in another call",
        SoundState::NotAllowed => "is not for you to hear",
        SoundState::Opening => "is being opened",
        _ => "is in a state this program does not know",
    }
}

fn state_word(state: SoundState) -> &'static str {
    match state {
        SoundState::NoMicrophone => "none",
        SoundState::On => "on",
        SoundState::Muted => "muted",
        SoundState::Lost => "lost",
        SoundState::OnHold => "on_hold",
        SoundState::NotAllowed => "not_allowed",
        SoundState::Opening => "opening",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_device_that_is_there_or_was_is_lost() {
        let lost = |loss| DeviceState::Lost {
            words: "no sound device found".into(),
            for_peers: "",
            loss,
        };
        let told = |loss| device("microphone", &lost(loss)).unwrap();
        let (words, json) = told(Loss::Missing);
        assert_eq!(words, "the microphone is missing: no sound device found");
        assert_eq!(json["state"], "missing");
        assert_eq!(told(Loss::Unplugged).1["state"], "lost");
    }

    #[test]
    fn every_state_has_its_words() {
        for &state in SoundState::ALL {
            assert_ne!(state_word(state), "unknown");
            assert!(!state_words(state).contains("does not know"));
        }
    }
}
