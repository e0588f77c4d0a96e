//! How the window behaves, and the text it is kept in: `key = value` lines. It opens no file; lines
//! it does not know it keeps.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use transom::media::{CaptureRequest, Source};
use transom::sounds::DeviceName;
use transom::{Adaptation, PeerName, TradeOff};

use crate::words;

use super::echoes::Echoes;
use super::pictures::{MAX_VOLUME, Preferences, Volume};

/// Bytes of a settings file that are read: thousands of contacts with preferences.
pub(crate) const MAX_CONFIG_BYTES: usize = 256 * 1024;
/// Contacts with preferences of their own, as many as a contact book holds.
const MAX_PREFERRED: usize = transom_users::MAX_CONTACTS;
/// Stands in the place of a camera where none is wanted.
const NO_CAMERA: &str = "none";
/// Smallest and largest scale at which the window can still be used to set it back.
const ZOOM: std::ops::RangeInclusive<f32> = 0.5..=4.0;
/// Begins the keys of what is done against echo, which have a number each.
const ECHO: &str = "echo ";
/// Characters of a wrong value that are shown.
const SHOWN_CHARS: usize = 40;

/// All settings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// What others see this window as; the computer's name unless said.
    pub(crate) name: Option<PeerName>,
    /// Where accepted files go.
    pub(crate) inbox: Option<PathBuf>,
    /// Whether texts are kept.
    pub(crate) history: bool,
    /// Dark or light.
    pub(crate) theme: Theme,
    /// The size of everything, 1 as the screen says.
    pub(crate) zoom: f32,
    /// Whether calls are heard.
    pub(crate) bell: bool,
    /// Whether another call may come within a call.
    pub(crate) second_call: bool,
    /// Whether nobody may ring.
    pub(crate) do_not_disturb: bool,
    /// Which camera, as `transom camera --source` names it.
    pub(crate) camera: String,
    /// Its picture's `WIDTHxHEIGHT`; empty for what it likes best.
    pub(crate) size: String,
    /// Which microphone.
    pub(crate) microphone: DeviceName,
    /// Which loudspeaker.
    pub(crate) speaker: DeviceName,
    /// What is done against echo.
    pub(crate) echoes: Echoes,
    /// What is given up first while a link is slow.
    pub(crate) slow_link: TradeOff,
    /// The smallest picture for a slow link, as `size`; empty for half of the full one.
    pub(crate) min_size: String,
    /// Whether packets are marked for the network, which some networks drop.
    pub(crate) mark_packets: bool,
    /// Where the window was.
    pub(crate) place: Option<Place>,
    /// What is to be done with single contacts.
    pub(crate) contacts: Vec<(PeerName, Preferences)>,
}

/// The window's colours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
    /// As the desktop is.
    #[default]
    System,
}

/// Where the window was, not counting a time it was maximised: size in points, left upper corner in
/// pixels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) corner: Option<(i32, i32)>,
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
            bell: true,
            second_call: true,
            do_not_disturb: false,
            camera: "auto".to_owned(),
            size: String::new(),
            microphone: DeviceName::Auto,
            speaker: DeviceName::Auto,
            echoes: Echoes::default(),
            slow_link: TradeOff::default(),
            min_size: String::new(),
            mark_packets: true,
            place: None,
            contacts: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the settings. Lines that can't be used are told as `LINE: what`; the others count.
    pub(crate) fn parse(text: &str) -> (Self, Vec<String>) {
        let mut config = Self::default();
        let mut errors = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Err(why) = config.read(line) {
                errors.push(format!("{}: {why}", at + 1));
            }
        }
        errors.truncate(transom_users::MAX_ERRORS);
        (config, errors)
    }

    /// The text with these settings in it: lines of other programs and comments stay, what is as it
    /// comes is not mentioned.
    pub(crate) fn write(&self, text: &str) -> String {
        let mut entries = self.entries();
        let usual = Self::default().entries();
        let mut written = String::new();
        for line in text.lines() {
            let key = split(line).map(|(key, _)| key);
            let at = entries
                .iter()
                .position(|(own, _)| Some(own) == key.as_ref());
            match (at, key) {
                (Some(at), Some(key)) => {
                    let (_, value) = entries.remove(at);
                    written.push_str(&format!("{key} = {value}\n"));
                }
                // What was set once and no longer is.
                (None, Some(key)) if is_own(&key) && Self::default().read(line).is_ok() => {}
                _ => written.push_str(&format!("{line}\n")),
            }
        }
        for (key, value) in entries {
            if !usual.contains(&(key.clone(), value.clone())) {
                written.push_str(&format!("{key} = {value}\n"));
            }
        }
        written
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

    fn read(&mut self, line: &str) -> Result<(), String> {
        let (key, value) = split(line).ok_or_else(|| "is no KEY = VALUE".to_owned())?;
        let (key, value) = (key.as_str(), value.as_str());
        if let Some(name) = key.strip_prefix("contact ") {
            let name = name.trim().parse().map_err(|error| format!("{error}"))?;
            if self.preferences(&name).is_some() {
                return Err(format!("{name} stands further up already"));
            }
            self.prefer(name, parsed(key, value)?);
            return Ok(());
        }
        if key.starts_with(ECHO) {
            self.echoes.add(parsed(key, value)?);
            return Ok(());
        }
        match key {
            "name" => self.name = Some(parsed(key, value)?),
            "inbox" => self.inbox = Some(value.into()).filter(|_| !value.is_empty()),
            "history" => self.history = switch(key, value)?,
            "theme" => self.theme = parsed(key, value)?,
            "zoom" => self.zoom = zoom(value)?,
            "bell" => self.bell = switch(key, value)?,
            "second_call" => self.second_call = switch(key, value)?,
            "do_not_disturb" => self.do_not_disturb = switch(key, value)?,
            "camera" => self.camera = value.to_owned(),
            "size" => self.size = value.to_owned(),
            "microphone" => self.microphone = parsed(key, value)?,
            "loudspeaker" => self.speaker = parsed(key, value)?,
            "slow_link" => self.slow_link = parsed(key, value)?,
            "min_size" => self.min_size = value.to_owned(),
            "mark_packets" => self.mark_packets = switch(key, value)?,
            "window" => self.place = Some(parsed(key, value)?),
            // A newer version's, perhaps.
            _ => {}
        }
        Ok(())
    }

    fn entries(&self) -> Vec<(String, String)> {
        let switch = |on| if on { "yes" } else { "no" }.to_owned();
        let mut entries = vec![
            ("history", switch(self.history)),
            ("theme", self.theme.to_string()),
            ("zoom", self.zoom.to_string()),
            ("bell", switch(self.bell)),
            ("second_call", switch(self.second_call)),
            ("do_not_disturb", switch(self.do_not_disturb)),
            ("camera", one_line(&self.camera)),
            ("size", one_line(&self.size)),
            ("slow_link", self.slow_link.to_string()),
            ("min_size", one_line(&self.min_size)),
            ("mark_packets", switch(self.mark_packets)),
        ];
        entries.extend(self.name.map(|name| ("name", name.to_string())));
        // A folder whose name no line can hold lasts as long as the window.
        let inbox = self.inbox.as_ref().and_then(|inbox| inbox.to_str());
        let inbox = inbox.filter(|inbox| one_line(inbox) == *inbox);
        entries.extend(inbox.map(|inbox| ("inbox", inbox.to_owned())));
        let devices = [
            ("microphone", &self.microphone),
            ("loudspeaker", &self.speaker),
        ];
        let devices = devices.map(|(key, device)| (key, device.to_string()));
        // As for the folder.
        entries.extend(
            devices
                .into_iter()
                .filter(|(_, device)| one_line(device) == *device),
        );
        entries.extend(self.place.map(|place| ("window", place.to_string())));
        let own = |(key, value): (&str, String)| (key.to_owned(), value);
        let echoes = self.echoes.lines().enumerate();
        let echoes = echoes.map(|(at, line)| (format!("{ECHO}{}", at + 1), line));
        let contacts = self.contacts.iter();
        let contacts = contacts.map(|(name, it)| (format!("contact {name}"), it.to_string()));
        let entries = entries.into_iter().map(own);
        entries.chain(echoes).chain(contacts).collect()
    }
}

/// Keys that stand in the file only while they say something.
fn is_own(key: &str) -> bool {
    let is_single = matches!(
        key,
        "name" | "inbox" | "window" | "microphone" | "loudspeaker"
    );
    is_single || key.starts_with("contact ") || key.starts_with(ECHO)
}

/// The two sides of a line. A contact's name may have a `=` in it, but no space.
fn split(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix("contact ") {
        let (name, rest) = rest.trim_start().split_once(char::is_whitespace)?;
        let value = rest.trim_start().strip_prefix('=')?.trim();
        return Some((format!("contact {name}"), value.to_owned()));
    }
    let (key, value) = line.split_once('=')?;
    let comment = key.trim_start().starts_with('#');
    (!comment).then(|| (key.trim().to_owned(), value.trim().to_owned()))
}

/// `WIDTHxHEIGHT`.
fn picture_size(text: &str) -> Option<(u16, u16)> {
    let (across, down) = text.split_once('x')?;
    across.parse().ok().zip(down.parse().ok())
}

fn one_line(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}

fn shown(value: &str) -> String {
    words::short(value, SHOWN_CHARS)
}

fn parsed<T: FromStr>(key: &str, value: &str) -> Result<T, String> {
    let wrong = |_| format!("{} can't be {:?}", shown(key), shown(value));
    value.parse().map_err(wrong)
}

fn switch(key: &str, value: &str) -> Result<bool, String> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("{key} is yes or no, not {:?}", shown(value))),
    }
}

fn zoom(value: &str) -> Result<f32, String> {
    let zoom = value.parse().ok().filter(|zoom| ZOOM.contains(zoom));
    zoom.ok_or_else(|| {
        let (least, most) = (ZOOM.start(), ZOOM.end());
        format!("zoom is from {least} to {most}, not {:?}", shown(value))
    })
}

impl FromStr for Theme {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "dark" => Ok(Self::Dark),
            "light" => Ok(Self::Light),
            "system" => Ok(Self::System),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::System => "system",
        })
    }
}

/// `camera mirror fill turn=1 sound volume=50`, each only where it is so.
impl FromStr for Preferences {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut preferences = Self::default();
        for word in text.split_whitespace() {
            match word {
                "camera" => preferences.camera_on = true,
                "mirror" => preferences.mirror = true,
                "fill" => preferences.fill = true,
                "turn=1" => preferences.rotate = 1,
                "turn=2" => preferences.rotate = 2,
                "turn=3" => preferences.rotate = 3,
                "sound" => preferences.hears = true,
                word => preferences.volume = volume(word)?,
            }
        }
        Ok(preferences)
    }
}

impl fmt::Display for Preferences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        words.extend(self.camera_on.then_some("camera"));
        words.extend(self.mirror.then_some("mirror"));
        words.extend(self.fill.then_some("fill"));
        words.extend(["turn=1", "turn=2", "turn=3"].get(usize::from(self.rotate).wrapping_sub(1)));
        words.extend(self.hears.then_some("sound"));
        let volume = format!("volume={}", self.volume.0);
        words.extend((self.volume != Volume::default()).then_some(volume.as_str()));
        f.write_str(&words.join(" "))
    }
}

fn volume(word: &str) -> Result<Volume, ()> {
    let percent = word
        .strip_prefix("volume=")
        .and_then(|percent| percent.parse().ok());
    let volume = percent
        .filter(|percent| *percent <= MAX_VOLUME.0)
        .map(Volume);
    volume.ok_or(())
}

/// `1200x760`, `1200x760 at 10,20`, `1200x760 at 10,20 maximised`.
impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = text.split_whitespace();
        let (width, height) = pair(words.next(), 'x')?;
        let mut place = Self {
            width,
            height,
            corner: None,
            maximised: false,
        };
        while let Some(word) = words.next() {
            match word {
                "at" => place.corner = Some(pair(words.next(), ',')?),
                "maximised" => place.maximised = true,
                _ => return Err(()),
            }
        }
        Ok(place)
    }
}

fn pair<T: FromStr>(word: Option<&str>, between: char) -> Result<(T, T), ()> {
    let (a, b) = word.and_then(|word| word.split_once(between)).ok_or(())?;
    Ok((a.parse().map_err(drop)?, b.parse().map_err(drop)?))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)?;
        if let Some((x, y)) = self.corner {
            write!(f, " at {x},{y}")?;
        }
        f.write_str(if self.maximised { " maximised" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use transom::sounds::EchoMode;

    use super::*;

    fn busy() -> Config {
        Config {
            name: Some("desk".parse().unwrap()),
            inbox: Some("/home/anna/my files = here".into()),
            history: true,
            theme: Theme::Light,
            zoom: 1.25,
            bell: false,
            second_call: false,
            do_not_disturb: true,
            camera: "/dev/video2".to_owned(),
            size: "1280x720".to_owned(),
            microphone: "cmd:arecord -D x=y".parse().unwrap(),
            speaker: DeviceName::None,
            echoes: {
                let mut echoes = Echoes::default();
                let headset = "server:headset".parse().unwrap();
                echoes.choose(&headset, &headset, EchoMode::Off);
                echoes.choose(&DeviceName::Auto, &headset, EchoMode::Duck);
                echoes
            },
            slow_link: TradeOff::Sharp,
            min_size: "640x360".to_owned(),
            mark_packets: false,
            place: Some(Place {
                width: 900,
                height: 600,
                corner: Some((-10, 20)),
                maximised: true,
            }),
            contacts: vec![(
                "a=b".parse().unwrap(),
                Preferences {
                    camera_on: true,
                    rotate: 3,
                    mirror: true,
                    fill: true,
                    hears: true,
                    volume: Volume(150),
                },
            )],
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = busy().write("");
        assert_eq!(Config::parse(&text), (busy(), vec![]));
        assert_eq!(busy().write(&text), text);
    }

    #[test]
    fn what_is_chosen_for_slow_links_is_what_the_station_is_told() {
        let wanted = Adaptation {
            trade_off: TradeOff::Sharp,
            min_size: Some((640, 360)),
            ..Adaptation::default()
        };
        assert_eq!(busy().adaptation(), wanted);
        assert_eq!(Config::default().adaptation(), Adaptation::default());
        let (_, errors) = Config::parse("slow_link = best");
        assert_eq!(errors, ["1: slow_link can't be \"best\""]);
    }

    #[test]
    fn what_is_as_it_comes_is_not_mentioned() {
        assert_eq!(Config::default().write(""), "");
        let set = "bell = no\ninbox = /x\n";
        assert_eq!(Config::default().write(set), "bell = yes\n");
    }

    #[test]
    fn comments_and_lines_of_others_stay() {
        let text = "# mine\nbell = yes\n\ncolour of the sky = blue\nnonsense\n";
        let written = busy().write(text);
        assert!(written.starts_with("# mine\nbell = no\n\ncolour of the sky = blue\nnonsense\n"));
    }

    #[test]
    fn a_bad_line_is_told_by_its_number_and_the_others_count() {
        let text =
            "bell = perhaps\ntheme=light\nzoom = 99\n what\nwindow = huge\ncontact a b = fill\n";
        let (config, errors) = Config::parse(text);
        assert_eq!(config.theme, Theme::Light);
        assert_eq!((config.bell, config.zoom), (true, 1.0));
        let told: Vec<_> = errors
            .iter()
            .map(|error| error.split(':').next().unwrap())
            .collect();
        assert_eq!(told, ["1", "3", "4", "5", "6"]);
        assert_eq!(errors[0], "1: bell is yes or no, not \"perhaps\"");
    }

    #[test]
    fn no_value_becomes_a_second_line() {
        let mut config = busy();
        config.camera = "x\nbell = yes".to_owned();
        config.inbox = Some("/a\nb".into());
        let (read, errors) = Config::parse(&config.write(""));
        assert_eq!((read.bell, read.inbox, errors), (false, None, vec![]));
        assert_eq!(read.camera, "xbell = yes");
    }

    #[test]
    fn a_contact_that_is_forgotten_leaves_the_file() {
        let text = busy().write("");
        let mut config = busy();
        config.contacts.clear();
        assert!(!config.write(&text).contains("contact"));
    }

    #[test]
    fn a_device_that_no_line_can_hold_lasts_as_long_as_the_window() {
        let mut config = busy();
        let text = config.write("");
        config.microphone = "cmd:x\nbell = yes".parse().unwrap();
        let written = config.write(&text);
        assert!(!written.contains("microphone") && !written.contains("bell = yes"));
    }

    #[test]
    fn echo_that_is_as_usual_again_leaves_the_file() {
        let mut config = busy();
        let text = config.write("");
        assert!(
            text.contains("echo 2 = duck auto >> server:headset\n"),
            "{text}"
        );
        let headset = "server:headset".parse().unwrap();
        config.echoes.choose(&headset, &headset, EchoMode::Cancel);
        let written = config.write(&text);
        assert!(
            written.contains("echo 1 = duck auto >> server:headset\n"),
            "{written}"
        );
        assert!(!written.contains("echo 2"));
    }

    #[test]
    fn a_volume_that_cannot_be_is_told() {
        for volume in ["volume=401", "volume=-1", "volume=", "volume=loud"] {
            let (config, errors) = Config::parse(&format!("contact door = {volume}"));
            assert_eq!((config.contacts.len(), errors.len()), (0, 1), "{volume}");
        }
    }

    #[test]
    fn garbage_is_bounded() {
        let garbage = "\u{1b}[2J = \u{202e}\nzoom = NaN\n".repeat(10_000);
        let (config, errors) = Config::parse(&garbage);
        assert_eq!(config, Config::default());
        assert_eq!(errors.len(), transom_users::MAX_ERRORS);
        assert!(errors.iter().all(|error| words::line(error) == *error));
    }
}
