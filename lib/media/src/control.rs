//! The controls of a camera by name: the values that each accepts, and how a user writes them.

use std::fmt;
use std::str::FromStr;

/// One control of a device.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Control {
    /// Its name as [`Setting`] writes it: `exposure_time_absolute`.
    pub name: String,
    /// The least value.
    pub min: i32,
    /// The greatest value.
    pub max: i32,
    /// The distance between two accepted values.
    pub step: i32,
    /// The value that the device starts with.
    pub default: i32,
    /// The value now, where it can be read.
    pub value: Option<i32>,
    /// The accepted values and their names, of a control that is chosen from a list; otherwise
    /// empty. The names come from the device: escape them before showing them.
    pub menu: Vec<(i32, String)>,
    /// Whether it is off (0) or on (1).
    pub is_switch: bool,
    #[cfg(target_os = "linux")]
    pub(crate) id: u32,
}

/// A control and the value that the user wants: `name=value`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setting {
    /// The control's name: letters, digits and `_`, without regard to case.
    pub name: String,
    /// A number, `on`, `off`, `default`, or an entry of the control's list.
    pub value: String,
}

/// A text that is no `name=value`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is not NAME=VALUE, such as brightness=120; `transom cameras` lists the controls")]
pub struct InvalidSetting(String);

/// Why a setting can't be applied to a device.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SettingError {
    /// The device has no such control.
    #[error("no control {name:?}; it has {offered}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        offered: String,
    },
    /// The control takes other values.
    #[error("control {name} can't be {value:?}; it takes {takes}")]
    Value {
        /// The control.
        name: String,
        /// The value asked for.
        value: String,
        /// The accepted values, in words.
        takes: String,
    },
}

impl FromStr for Setting {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()))
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
            .ok_or_else(|| InvalidSetting(text.to_owned()))?;
        Ok(Self {
            name: normalized(name),
            value: value.to_owned(),
        })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// A name in lower-case letters and digits; each run of other characters becomes one `_`.
pub(crate) fn normalized(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_").to_ascii_lowercase()
}

/// The control that a setting is about.
pub(crate) fn find<'a>(
    controls: &'a [Control],
    setting: &Setting,
) -> Result<&'a Control, SettingError> {
    let found = controls.iter().find(|control| control.name == setting.name);
    found.ok_or_else(|| SettingError::Unknown {
        name: setting.name.clone(),
        offered: match controls {
            [] => "none".to_owned(),
            controls => {
                let names: Vec<_> = controls.iter().map(|control| &*control.name).collect();
                names.join(", ")
            }
        },
    })
}

impl Control {
    /// The number that a user's word stands for on this device.
    pub(crate) fn value_of(&self, word: &str) -> Result<i32, SettingError> {
        let named = match word {
            "default" => Some(self.default),
            "on" if self.is_switch => Some(1),
            "off" if self.is_switch => Some(0),
            _ => word.parse().ok(),
        };
        let named = named.or_else(|| {
            let letters = |name: &str| normalized(name).replace('_', "");
            let is_meant = |(_, name): &&(i32, String)| letters(name) == letters(word);
            self.menu.iter().find(is_meant).map(|(value, _)| *value)
        });
        let is_taken = |value: &i32| match &self.menu[..] {
            [] => (self.min..=self.max).contains(value),
            menu => menu.iter().any(|(taken, _)| taken == value),
        };
        named.filter(is_taken).ok_or_else(|| SettingError::Value {
            name: self.name.clone(),
            value: word.to_owned(),
            takes: self.takes(),
        })
    }

    /// The accepted values in words: `0 to 255`, `off or on`, `1 (50 Hz), 2 (60 Hz)`.
    pub fn takes(&self) -> String {
        match &self.menu[..] {
            [] if self.is_switch => "off or on".to_owned(),
            [] if self.step > 1 => format!("{} to {} by {}", self.min, self.max, self.step),
            [] => format!("{} to {}", self.min, self.max),
            menu => {
                let entry =
                    |(value, name): &(i32, String)| format!("{value} ({})", name.escape_default());
                menu.iter().map(entry).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(name: &str, min: i32, max: i32, menu: &[(i32, &str)]) -> Control {
        Control {
            name: name.to_owned(),
            min,
            max,
            step: 1,
            default: 1,
            is_switch: menu.is_empty() && (min, max) == (0, 1),
            menu: menu
                .iter()
                .map(|(at, name)| (*at, (*name).to_owned()))
                .collect(),
            ..Control::default()
        }
    }

    #[test]
    fn a_setting_is_a_name_and_a_value() {
        let setting = |text: &str| text.parse::<Setting>().map(|setting| setting.to_string());
        assert_eq!(setting("Brightness = 12").unwrap(), "brightness=12");
        let long = "Exposure, Dynamic Framerate=off";
        assert_eq!(setting(long).unwrap(), "exposure_dynamic_framerate=off");
        for wrong in ["", "brightness", "=1", "brightness=", "12"] {
            assert!(setting(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_value_is_a_number_a_word_or_an_entry_of_the_list() {
        let brightness = control("brightness", -64, 64, &[]);
        let switch = control("auto", 0, 1, &[]);
        let menu = [(0, "Disabled"), (1, "50 Hz"), (2, "60 Hz")];
        let frequency = control("power_line_frequency", 0, 3, &menu);
        for (control, word, value) in [
            (&brightness, "-64", Some(-64)),
            (&brightness, "default", Some(1)),
            (&brightness, "65", None),
            (&brightness, "on", None),
            (&switch, "off", Some(0)),
            (&switch, "1", Some(1)),
            (&frequency, "60 Hz", Some(2)),
            (&frequency, "60_hz", Some(2)),
            (&frequency, "60Hz", Some(2)),
            (&frequency, "1", Some(1)),
            (&frequency, "3", None),
        ] {
            assert_eq!(control.value_of(word).ok(), value, "{word}");
        }
        let error = frequency.value_of("70").unwrap_err().to_string();
        let takes = "control power_line_frequency can't be \"70\"; it takes 0 (Disabled), \
                     1 (50 Hz), 2 (60 Hz)";
        assert_eq!(error, takes);
        let unknown = find(&[switch], &"zoom=1".parse().unwrap()).unwrap_err();
        assert_eq!(unknown.to_string(), "no control \"zoom\"; it has auto");
    }
}
