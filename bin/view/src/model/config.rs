//! How the window behaves, and the TOML that it is kept in. It opens no file; keys that it doesn't
//! know it keeps.

mod fields;
mod old;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};
use transom::media::{CaptureRequest, Source};
use transom::sounds::DeviceName;
use transom::{Adaptation, Announce, PeerName, TradeOff};

use crate::words;

use super::bridge::BRIDGE_PORT;
use super::echoes::Echoes;
use super::pictures::Preferences;

/// Bytes of a settings file that are read: thousands of contacts with preferences.
pub(crate) const MAX_CONFIG_BYTES: usize = 256 * 1024;
/// Contacts with preferences of their own, as many as a contact book holds.
const MAX_PREFERRED: usize = transom_users::MAX_CONTACTS;
/// Stands in the place of a camera where none is wanted.
const NO_CAMERA: &str = "none";
/// Smallest and largest scale at which the window can still be used to set it back.
const ZOOM: std::ops::RangeInclusive<f32> = 0.5..=4.0;
/// Characters that are shown of what is wrong.
const SHOWN_CHARS: usize = 120;
/// Keys that stand in the file only while they say something.
const OPTIONAL: [&str; 4] = ["name", "inbox", "port", "window"];

/// All settings.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct Config {
    /// What others see this window as; the computer's name unless said.
    #[serde(with = "fields::name")]
    pub(crate) name: Option<PeerName>,
    /// Where accepted files go.
    #[serde(skip_serializing_if = "is_no_text")]
    pub(crate) inbox: Option<PathBuf>,
    /// Whether texts are kept.
    pub(crate) history: bool,
    /// Dark or light.
    pub(crate) theme: Theme,
    /// The size of everything, 1 as the screen says.
    #[serde(with = "fields::zoom")]
    pub(crate) zoom: f32,
    /// Whether panes and toasts change their places at once instead of sliding.
    #[serde(with = "fields::motion")]
    pub(crate) reduced_motion: ReducedMotion,
    /// Whether calls are heard.
    pub(crate) bell: bool,
    /// Whether another call may come within a call.
    pub(crate) second_call: bool,
    /// Whether all calls are refused as busy.
    pub(crate) do_not_disturb: bool,
    /// Whether a click on a camera in the list watches it, and does not only show its page.
    pub(crate) watch_at_click: bool,
    /// Whether our camera starts as it was in the last call with that peer; else it starts off.
    pub(crate) camera_as_before: bool,
    /// Whether each accepted file asks for its folder.
    pub(crate) ask_where: bool,
    /// Whether the desktop is told of calls, texts and files while the window is not looked at.
    pub(crate) notifications: bool,
    /// Whether what the desktop is told has neither names nor words in it.
    pub(crate) hide_words: bool,
    /// Whether the window, when it is closed, stays as an item in the desktop's tray.
    pub(crate) keep_in_tray: bool,
    /// Which camera, as `transom camera --source` names it.
    pub(crate) camera: String,
    /// Its picture's `WIDTHxHEIGHT`; empty for what it likes best.
    pub(crate) size: String,
    /// Which microphone.
    #[serde(with = "fields::text")]
    pub(crate) microphone: DeviceName,
    /// Which loudspeaker.
    #[serde(rename = "loudspeaker", with = "fields::text")]
    pub(crate) speaker: DeviceName,
    /// What is done against echo.
    #[serde(rename = "echo", with = "fields::echo")]
    pub(crate) echoes: Echoes,
    /// What is given up first while a link is slow.
    #[serde(with = "fields::text")]
    pub(crate) slow_link: TradeOff,
    /// The smallest picture for a slow link, as `size`; empty for half of the full one.
    pub(crate) min_size: String,
    /// Whether packets are marked for the network, which some networks drop.
    pub(crate) mark_packets: bool,
    /// Whether computers nearby may see this one at any time, and not only while that is needed.
    pub(crate) announce: bool,
    /// Whether strangers may ask to be let in; else they are turned away silently.
    pub(crate) strangers: bool,
    /// The port at which others reach this window; the usual one unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// The port at which other programs of this computer see cameras.
    #[serde(deserialize_with = "fields::port")]
    pub(crate) programs_port: u16,
    /// Where the window was.
    #[serde(rename = "window")]
    pub(crate) place: Option<Place>,
    /// What is to be done with single contacts.
    #[serde(with = "fields::contacts")]
    pub(crate) contacts: Vec<(PeerName, Preferences)>,
}

/// The window's colours.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
    /// As the desktop is.
    #[default]
    System,
}

/// Whether motion is reduced.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum ReducedMotion {
    #[default]
    AsDesktop,
    Off,
    On,
}

impl ReducedMotion {
    /// Whether motion is reduced in a desktop that wants it so, or not.
    pub(crate) fn applies(self, desktop_wants: bool) -> bool {
        match self {
            Self::AsDesktop => desktop_wants,
            Self::Off => false,
            Self::On => true,
        }
    }
}

/// Where the window was, not counting a time it was maximised: size in points, left upper corner in
/// pixels.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Place {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) corner: Option<(i32, i32)>,
    #[serde(default)]
    pub(crate) maximised: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: None,
            inbox: None,
            history: false,
            theme: Theme::default(),
            zoom: 1.0,
            reduced_motion: ReducedMotion::default(),
            bell: true,
            second_call: true,
            do_not_disturb: false,
            watch_at_click: true,
            camera_as_before: true,
            ask_where: false,
            notifications: true,
            hide_words: false,
            keep_in_tray: false,
            camera: "auto".to_owned(),
            size: String::new(),
            microphone: DeviceName::Auto,
            speaker: DeviceName::Auto,
            echoes: Echoes::default(),
            slow_link: TradeOff::default(),
            min_size: String::new(),
            mark_packets: true,
            announce: false,
            strangers: true,
            port: None,
            programs_port: BRIDGE_PORT,
            place: None,
            contacts: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the settings. Values that can't be used are told as `KEY: what`, a text that is no
    /// TOML as `LINE: what`; the other values count.
    pub(crate) fn parse(text: &str) -> (Self, Vec<String>) {
        match text.parse() {
            Ok(table) => Self::of(table),
            Err(error) => (Self::default(), vec![told(text, &error)]),
        }
    }

    /// Reads the settings of versions before TOML.
    pub(crate) fn parse_old(text: &str) -> (Self, Vec<String>) {
        Self::of(old::table(text))
    }

    /// The text with these settings in it. Keys of other versions stay, and what is as usual is not
    /// mentioned.
    ///
    /// Fails if the text is no TOML: what a person wrote by hand is not overwritten.
    pub(crate) fn write(&self, text: &str) -> Result<String, String> {
        let mut table: Table = text.parse().map_err(|error| told(text, &error))?;
        let (own, usual) = (self.table()?, Self::default().table()?);
        table.retain(|key, _| {
            !OPTIONAL.contains(&key) && !own.contains_key(key) && !usual.contains_key(key)
        });
        let said = own
            .into_iter()
            .filter(|(key, value)| usual.get(key) != Some(value));
        table.extend(said);
        toml::to_string(&table).map_err(|error| error.to_string())
    }

    fn table(&self) -> Result<Table, String> {
        Table::try_from(self).map_err(|error| error.to_string())
    }

    /// Reads each value by itself, so that a wrong one costs no other.
    fn of(table: Table) -> (Self, Vec<String>) {
        let (mut good, mut errors) = (Table::new(), Vec::new());
        let mut take = |into: &mut Table, path: &[&str], key: String, value: Value| {
            let alone = Table::from_iter([(key.clone(), value.clone())]);
            let alone = path.iter().fold(alone, |inner, outer| {
                Table::from_iter([((*outer).to_owned(), Value::Table(inner))])
            });
            match alone.try_into::<Self>() {
                Ok(_) => drop(into.insert(key, value)),
                Err(error) => {
                    let why = format!("{key}: {}", error.message());
                    errors.push(words::short(&why, SHOWN_CHARS));
                }
            }
        };
        for (key, value) in table {
            match (key.as_str(), value) {
                ("contacts", Value::Table(contacts)) => {
                    let mut kept = Table::new();
                    for (name, value) in contacts {
                        take(&mut kept, &["contacts"], name, value);
                    }
                    good.insert(key, Value::Table(kept));
                }
                (_, value) => take(&mut good, &[], key, value),
            }
        }
        errors.truncate(transom_users::MAX_ERRORS);
        (good.try_into().unwrap_or_default(), errors)
    }

    /// The nearest scale that can be kept.
    pub(crate) fn fit_zoom(zoom: f32) -> f32 {
        zoom.clamp(*ZOOM.start(), *ZOOM.end())
    }

    /// Our camera as it was chosen; `None` for no camera.
    pub(crate) fn request(&self) -> Option<CaptureRequest> {
        if self.camera == NO_CAMERA {
            return None;
        }
        Some(CaptureRequest {
            source: self.camera.parse().unwrap_or(Source::Auto),
            size: picture_size(&self.size),
            ..CaptureRequest::default()
        })
    }

    /// When computers nearby may see this one.
    pub(crate) fn announcing(&self) -> Announce {
        match self.announce {
            true => Announce::Always,
            false => Announce::WhenNeeded,
        }
    }

    /// How our pictures are lowered while a link is slow.
    pub(crate) fn adaptation(&self) -> Adaptation {
        Adaptation {
            trade_off: self.slow_link,
            min_size: picture_size(&self.min_size),
            ..Adaptation::default()
        }
    }

    /// Keeps the choice of a camera.
    pub(crate) fn choose_source(&mut self, request: Option<&CaptureRequest>) {
        self.camera = request.map_or(NO_CAMERA.to_owned(), |request| request.source.to_string());
    }

    /// Keeps the choice of a picture's size; without a camera the last one stays.
    pub(crate) fn choose_size(&mut self, request: Option<&CaptureRequest>) {
        if let Some(request) = request {
            let size = request
                .size
                .map(|(across, down)| format!("{across}x{down}"));
            self.size = size.unwrap_or_default();
        }
    }

    /// What is to be done with that contact, if anything was said.
    pub(crate) fn preferences(&self, peer: &PeerName) -> Option<Preferences> {
        let mut contacts = self.contacts.iter();
        contacts.find(|(name, _)| name == peer).map(|(_, it)| *it)
    }

    /// Says what is to be done with that contact; as many as a contact book holds.
    pub(crate) fn prefer(&mut self, peer: PeerName, preferences: Preferences) {
        self.contacts.retain(|(name, _)| *name != peer);
        if self.contacts.len() < MAX_PREFERRED {
            self.contacts.push((peer, preferences));
        }
    }

    /// Forgets the preferences for a contact.
    pub(crate) fn forget(&mut self, peer: &PeerName) {
        self.contacts.retain(|(name, _)| name != peer);
    }

    /// A contact has another name from now on.
    pub(crate) fn rename(&mut self, peer: PeerName, to: PeerName) {
        for (name, _) in self.contacts.iter_mut().filter(|(name, _)| *name == peer) {
            *name = to;
        }
    }
}

/// `WIDTHxHEIGHT`.
pub(crate) fn picture_size(text: &str) -> Option<(u16, u16)> {
    let (across, down) = text.split_once('x')?;
    across.parse().ok().zip(down.parse().ok())
}

/// A folder whose name is no text lasts as long as the window.
fn is_no_text(folder: &Option<PathBuf>) -> bool {
    folder.as_deref().and_then(Path::to_str).is_none()
}

/// What is wrong with a text that is no TOML.
fn told(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.bytes().take(start).filter(|byte| *byte == b'\n');
    let why = words::short(error.message(), SHOWN_CHARS);
    format!("{}: {why}", before.count() + 1)
}

#[cfg(test)]
mod tests;
