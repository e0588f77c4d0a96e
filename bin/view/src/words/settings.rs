//! The settings, page by page.

use std::fmt::Display;

use crate::model::{Finding, SettingsPage};

use super::line;

pub(crate) const SETTINGS: &str = "Settings";

pub(crate) fn page(page: SettingsPage) -> &'static str {
    match page {
        SettingsPage::You => "You",
        SettingsPage::Look => "Look",
        SettingsPage::Camera => "Camera",
        SettingsPage::Sound => "Sound",
        SettingsPage::Calls => "Calls",
        SettingsPage::Files => "Files",
        SettingsPage::Notifications => "Notifications",
        SettingsPage::Privacy => "Privacy",
        SettingsPage::Network => "Network",
    }
}

// You.

pub(crate) const YOUR_NAME: &str = "Your name";
pub(crate) const NAME_SEEN: &str = "Others see it as soon as you connect again";
pub(crate) const YOUR_LINE: &str = "Your line, for others to add you";
pub(crate) const CALLERS_HEAR_BUSY: &str = "Callers hear that you're busy";

pub(crate) fn bad_own_name(why: impl Display) -> String {
    format!("{why}.")
}

// Look.

pub(crate) const COLOURS: &str = "Colours";
pub(crate) const AS_DESKTOP: &str = "As the desktop";
pub(crate) const DARK: &str = "Dark";
pub(crate) const LIGHT: &str = "Light";
pub(crate) const SIZE: &str = "Size";
pub(crate) const LARGER: &str = "Larger";
pub(crate) const SMALLER: &str = "Smaller";
pub(crate) const USUAL_ZOOM: &str = "Usual size of everything";
pub(crate) const MOTION: &str = "Motion";
pub(crate) const MOTION_AS_DESKTOP: &str = "As the desktop says";
pub(crate) const MOTION_FULL: &str = "Full";
pub(crate) const MOTION_REDUCED: &str = "Reduced";
pub(crate) const MOTION_REDUCED_MEANS: &str = "While it is reduced, nothing slides or fades.";
pub(crate) const ZOOM_KEYS: &str = "Ctrl with + and -, Ctrl+0 for the usual size";

pub(crate) fn zoom(zoom: f32) -> String {
    format!("{:.0} %", zoom * 100.0)
}

// Camera.

pub(crate) const PICTURE_SIZE: &str = "Picture size";
pub(crate) const AS_CAMERA_LIKES: &str = "As the camera likes";
pub(crate) const SLOW_LINK: &str = "While the link is slow";
pub(crate) const SLOW_LINK_AUTO: &str = "Automatic";
pub(crate) const SLOW_LINK_SHARP: &str = "Keep it sharp";
pub(crate) const SLOW_LINK_SMOOTH: &str = "Keep it smooth";
pub(crate) const SLOW_LINK_OFF: &str = "Change nothing";
pub(crate) const MIN_SIZE: &str = "Smallest picture for a slow link";
pub(crate) const HALF_SIZE: &str = "Half of the full size";

/// Why the camera that was chosen is not the one in use.
pub(crate) fn camera_from_start(source: &str) -> String {
    format!("Started with {source}; that counts until you choose.")
}

// Sound.

pub(crate) const ECHO: &str = "Echo";
pub(crate) const ECHO_MEANS: &str = "Others don't hear themselves";
pub(crate) const ECHO_REMOVE: &str = "Remove";
pub(crate) const ECHO_LOWER: &str = "Lower mic";
pub(crate) const ECHO_OFF: &str = "Off";
pub(crate) const RING_ALOUD: &str = "Ring aloud when somebody calls";
pub(crate) const BY_THE_LOUDSPEAKER: &str = "Uses the loudspeaker above";

// Calls.

pub(crate) const RING_IN_CALL: &str = "Ring while I'm in a call";
pub(crate) const CAMERA_AS_BEFORE: &str = "Start with my camera as last time";
pub(crate) const ELSE_CAMERA_OFF: &str = "Else each call starts with it off";
pub(crate) const WATCH_AT_CLICK: &str = "Start watching at a click";
pub(crate) const ELSE_ITS_PAGE: &str = "Else a click on a camera only opens its page";

// Files.

pub(crate) const SAVE_FILES_IN: &str = "Save the files I accept in";
pub(crate) const NO_FOLDER: &str = "Name a folder for the files you accept.";
pub(crate) const OPEN_FOLDER: &str = "Open folder";
pub(crate) const ASK_WHERE: &str = "Ask for a folder each time";
pub(crate) const ASK_WHERE_MEANS: &str = "Else accepted files go into the folder above";

/// Whose files come without a question.
pub(crate) fn saved_without_asking(names: &[String]) -> String {
    match names {
        [] => "You are asked before any file is saved.".to_owned(),
        names => format!(
            "Files from {} are saved without asking, as you allow them to come in.",
            names.join(", ")
        ),
    }
}

// Notifications.

pub(crate) const NOTIFY: &str = "Show notifications";
pub(crate) const NOTIFY_MEANS: &str = "While the window isn't in front";
pub(crate) const HIDE_WORDS: &str = "Hide words and names";
pub(crate) const HIDE_WORDS_MEANS: &str = "They only say that there is something";
pub(crate) const NOT_WHILE_DISTURBED: &str = "There are none in Do not disturb.";

pub(crate) const KEEP_IN_TRAY: &str = "Keep running in the tray when the window is closed";
pub(crate) const KEEP_IN_TRAY_MEANS: &str = "Quit is in the menu of the tray";
pub(crate) const NO_TRAY: &str = "This desktop has no tray";

// Privacy.

pub(crate) const KEEP_TEXTS: &str = "Keep texts on this computer";
pub(crate) const KEEP_TEXTS_MEANS: &str = "And calls, and texts that wait to be delivered";
pub(crate) const REMOVE_TEXTS: &str = "Remove all texts";
pub(crate) const REMOVE_TEXTS_QUESTION: &str = "Remove all texts?";
pub(crate) const REMOVING_TEXTS: &str =
    "The texts and calls with all contacts are removed from this computer. They don't come back.";
pub(crate) const BE_SEEN: &str = "Let computers nearby see me";
pub(crate) const STRANGERS: &str = "Strangers may knock";
pub(crate) const STRANGERS_MEANS: &str = "Else they are turned away, and you aren't told";
pub(crate) const BE_SEEN_MEANS: &str = "Else only while it is needed to find each other";

// Network.

pub(crate) const ADDRESSES: &str = "Addresses";
pub(crate) const NOBODY_REACHES_YOU: &str = "Others can't reach you";
pub(crate) const PORT: &str = "Port";
pub(crate) const NO_PORT: &str = "A port is a number from 1 to 65535.";
pub(crate) const CONNECTION: &str = "Connection";

/// How one thing is that others need to reach us, and what to do where it is not well.
pub(crate) fn finding(finding: &Finding) -> String {
    match finding {
        Finding::PortOpen(port) => format!(
            "This window listens at port {port}. If others can't reach you, let this port through \
             your firewall."
        ),
        Finding::PortRefused(port) => {
            format!("Others can't reach you: port {port} can't be used. Choose another port above.")
        }
        Finding::PortClosed => {
            "Others can't reach you: no port is open. You can still call them.".to_owned()
        }
        Finding::Addresses(1) => "This computer is on a network.".to_owned(),
        Finding::Addresses(count) => format!("This computer has {count} addresses on networks."),
        Finding::NoAddress => {
            "This computer is on no network. Plug in a cable, or join a Wi-Fi.".to_owned()
        }
        Finding::Heard(1) => "One other computer or camera nearby is heard.".to_owned(),
        Finding::Heard(count) => format!("{count} other computers and cameras nearby are heard."),
        Finding::NothingHeard => "No other computer nearby is heard now. Guest networks, VPNs and \
             some routers keep computers apart; then add people by address."
            .to_owned(),
        Finding::ClockRuns => "The clock of this computer is set.".to_owned(),
        Finding::ClockWrong => {
            "The clock of this computer is wrong. Set its date and time.".to_owned()
        }
        Finding::Name(name) => format!("Others see you as {}.", line(name)),
        Finding::NameTwice(name) => format!(
            "Another computer nearby is called {} too. Choose another name under You.",
            line(name)
        ),
    }
}

pub(crate) const FOLDERS: &str = "Folders";
pub(crate) const CONTACTS: &str = "Contacts";
pub(crate) const THESE_SETTINGS: &str = "Settings";
pub(crate) const KEYS_AND_TEXTS: &str = "Keys and texts";
pub(crate) const MARK_PACKETS: &str = "Mark packets for the Wi-Fi";
pub(crate) const MARK_PACKETS_MEANS: &str =
    "Pictures go before files; counts from the next start on";
