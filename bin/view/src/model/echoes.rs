//! What is done against echo, for each pair of microphone and loudspeaker: headphones need nothing,
//! and only a person knows which devices they are.

use std::fmt;
use std::str::FromStr;

use transom::sounds::{DeviceName, EchoMode};

/// Pairs that are remembered: more than anybody plugs in. The oldest choice is forgotten first.
const MAX_PAIRS: usize = 32;
/// Stands between the two names of a pair.
const BETWEEN: &str = " >> ";

/// The choices that differ from the usual one, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Echoes(Vec<EchoChoice>);

/// The choice for one pair.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EchoChoice {
    microphone: DeviceName,
    speaker: DeviceName,
    mode: EchoMode,
}

impl Echoes {
    /// What is done for that pair.
    pub(crate) fn of(&self, microphone: &DeviceName, speaker: &DeviceName) -> EchoMode {
        let mut choices = self.0.iter();
        let found = choices.find(|one| one.microphone == *microphone && one.speaker == *speaker);
        found.map_or_else(EchoMode::default, |one| one.mode)
    }

    /// Chooses for that pair.
    pub(crate) fn choose(&mut self, microphone: &DeviceName, speaker: &DeviceName, mode: EchoMode) {
        self.0
            .retain(|one| one.microphone != *microphone || one.speaker != *speaker);
        if mode != EchoMode::default() {
            self.add(EchoChoice {
                microphone: microphone.clone(),
                speaker: speaker.clone(),
                mode,
            });
        }
    }

    /// Adds a choice, as it stands in the settings.
    pub(crate) fn add(&mut self, choice: EchoChoice) {
        if self.0.len() >= MAX_PAIRS {
            self.0.remove(0);
        }
        self.0.push(choice);
    }

    /// All choices that a line can hold. The others last as long as the window.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        let lines = self.0.iter().map(|choice| (choice, choice.to_string()));
        let read = |line: &str| line.parse().ok();
        lines.filter_map(move |(choice, line)| {
            (read(&line).as_ref() == Some(choice)).then_some(line)
        })
    }
}

/// `duck MICROPHONE >> LOUDSPEAKER`.
impl FromStr for EchoChoice {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.contains(char::is_control) || text.trim() != text {
            return Err(());
        }
        let (mode, pair) = text.split_once(' ').ok_or(())?;
        let (microphone, speaker) = pair.split_once(BETWEEN).ok_or(())?;
        Ok(Self {
            microphone: microphone.parse().map_err(drop)?,
            speaker: speaker.parse().map_err(drop)?,
            mode: match mode {
                "cancel" => EchoMode::Cancel,
                "duck" => EchoMode::Duck,
                "off" => EchoMode::Off,
                _ => return Err(()),
            },
        })
    }
}

impl fmt::Display for EchoChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            EchoMode::Cancel => "cancel",
            EchoMode::Duck => "duck",
            EchoMode::Off => "off",
        };
        write!(f, "{mode} {}{BETWEEN}{}", self.microphone, self.speaker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(name: &str) -> DeviceName {
        name.parse().unwrap()
    }

    #[test]
    fn each_pair_has_its_own_choice_and_the_usual_one_is_forgotten() {
        let mut echoes = Echoes::default();
        let (auto, headset) = (DeviceName::Auto, device("server:headset"));
        echoes.choose(&headset, &headset, EchoMode::Off);
        echoes.choose(&auto, &auto, EchoMode::Duck);
        assert_eq!(echoes.of(&headset, &headset), EchoMode::Off);
        assert_eq!(echoes.of(&auto, &auto), EchoMode::Duck);
        assert_eq!(echoes.of(&headset, &auto), EchoMode::Cancel);
        let lines: Vec<_> = echoes.lines().collect();
        assert_eq!(
            lines,
            ["off server:headset >> server:headset", "duck auto >> auto"]
        );
        echoes.choose(&auto, &auto, EchoMode::Cancel);
        assert_eq!(echoes.lines().count(), 1);
    }

    #[test]
    fn names_that_no_line_can_hold_are_not_written() {
        let mut echoes = Echoes::default();
        for name in ["cmd:a >> b", "cmd:a\nbell = no"] {
            echoes.choose(&device(name), &DeviceName::Auto, EchoMode::Off);
            assert_eq!(echoes.of(&device(name), &DeviceName::Auto), EchoMode::Off);
        }
        assert_eq!(echoes.lines().count(), 0);
    }

    #[test]
    fn of_too_many_choices_the_oldest_goes() {
        let mut echoes = Echoes::default();
        for number in 0..=MAX_PAIRS {
            let name = device(&format!("server:{number}"));
            echoes.choose(&name, &DeviceName::Auto, EchoMode::Off);
        }
        assert_eq!(echoes.0.len(), MAX_PAIRS);
        assert_eq!(
            echoes.of(&device("server:0"), &DeviceName::Auto),
            EchoMode::Cancel
        );
    }
}
