//! The settings.

use std::fmt::Display;

pub(crate) const OWN_NAME: &str = "Your name, as others see it from the next start on";
pub(crate) const NO_FOLDER: &str = "Name a folder for the files you accept.";
pub(crate) const BELL: &str = "Ring a bell when somebody calls";
pub(crate) const SECOND_CALL: &str = "Let others ring while I am in a call";
pub(crate) const DO_NOT_DISTURB: &str = "Do not disturb: who calls hears that I am busy";
pub(crate) const MARK_PACKETS: &str =
    "Mark packets, so that Wi-Fi sends pictures before files (from the next start on)";
pub(crate) const KEEP_TEXTS: &str =
    "Keep texts on this computer, and those that wait to be delivered";
pub(crate) const OWN_LINE: &str = "For others, to add you to their contacts";
pub(crate) const SAVED: &str = "Settings saved";

pub(crate) const SETTINGS: &str = "Settings";
pub(crate) const ACCEPTED_GO_TO: &str = "Accepted files go to";
pub(crate) const CHOOSE_FOLDER: &str = "Choose folder…";
pub(crate) const FOLDER: &str = "Folder for files";
pub(crate) const COLOURS: &str = "Colours";
pub(crate) const AS_DESKTOP: &str = "As the desktop";
pub(crate) const DARK: &str = "Dark";
pub(crate) const LIGHT: &str = "Light";
pub(crate) const ZOOM: &str = "Size of everything";
pub(crate) const ZOOM_KEYS: &str = "Ctrl + and Ctrl -; Ctrl 0 for the usual";
pub(crate) const CAMERA: &str = "Camera";
pub(crate) const CAMERA_HINT: &str = "auto, or a device like /dev/video0";
pub(crate) const PICTURE_SIZE: &str = "Picture size";
pub(crate) const CAMERAS_OWN_SIZE: &str = "as the camera likes";
pub(crate) const SLOW_LINK: &str = "While the link is slow";
pub(crate) const SLOW_LINK_AUTO: &str = "Automatic";
pub(crate) const SLOW_LINK_SHARP: &str = "Keep it sharp";
pub(crate) const SLOW_LINK_SMOOTH: &str = "Keep it smooth";
pub(crate) const SLOW_LINK_OFF: &str = "Change nothing";
pub(crate) const MIN_SIZE: &str = "Smallest picture for a slow link";
pub(crate) const HALF_SIZE: &str = "half of the full size";
pub(crate) const REMOVE_TEXTS: &str = "Remove all kept texts";
pub(crate) const REMOVE_TEXTS_QUESTION: &str = "Remove all kept texts?";
pub(crate) const REMOVING_TEXTS: &str =
    "The texts with all contacts are removed from this computer. They don't come back.";
pub(crate) const REMOVE_TEXTS_ANYWAY: &str = "Remove the texts";
pub(crate) const THESE_SETTINGS: &str = "These settings";
pub(crate) const KEYS_AND_TEXTS: &str = "Keys and texts";

pub(crate) fn bad_own_name(why: impl Display) -> String {
    format!("Your name: {why}.")
}

/// Why the camera that was chosen is not the one in use.
pub(crate) fn camera_from_start(source: &str) -> String {
    format!(
        "Started with --camera {source}: that counts until you choose another here or in a call."
    )
}
