//! Cameras in other programs of this computer: in the sheet of a camera, and in the settings.

use std::io::ErrorKind;

use transom::SystemError;

use crate::model::Presence;

use super::with_words;

pub(crate) const IN_OTHER_PROGRAMS: &str = "In other programs";
pub(crate) const SHOW_TO_PROGRAMS: &str = "Show this camera to programs on this computer";
pub(crate) const SHOW_TO_PROGRAMS_MEANS: &str =
    "OctoPrint, OBS, Home Assistant or a browser see it by a link, while Transom runs.";

// The links.

pub(crate) const PAGE: &str = "Page";
pub(crate) const STREAM: &str = "Stream";
pub(crate) const COPY_PAGE: &str = "Copy the link of the page";
pub(crate) const COPY_STREAM: &str = "Copy the link of the stream";
pub(crate) const COPY_SNAPSHOT: &str = "Copy the link of the snapshot";
pub(crate) const OPEN_PAGE: &str = "Open the page in the browser";
pub(crate) const PORT_AND_LINKS: &str = "Port and new links";

pub(crate) fn opening_port(port: u16) -> String {
    format!("Opening port {port}…")
}

pub(crate) fn programs_port_refused(port: u16, why: &SystemError) -> String {
    match why.kind {
        ErrorKind::AddrInUse => format!("Port {port} is used by another program."),
        _ => with_words(&format!("Port {port} can't be used"), &why.text),
    }
}

/// What programs see of a camera behind its links.
pub(crate) fn in_programs(presence: &Presence) -> &'static str {
    match presence {
        Presence::Here => "Ready. Copy gives the whole link, which is a password too.",
        Presence::Refused => "The camera shows another key than before, so programs don't see it.",
        _ => "The camera is away. Programs see it as soon as it is back.",
    }
}

/// When a program last used a link.
pub(crate) fn link_used(when: &str) -> String {
    format!("Last use of a link: {when}")
}

// The settings.

pub(crate) const PROGRAMS_MEAN: &str = "Programs on this computer see the cameras that are on \
     here, by the links in the camera's sheet.";
pub(crate) const PROGRAMS_PORT: &str = "Port for other programs";
pub(crate) const NEW_LINKS: &str = "Make new links";
pub(crate) const NEW_LINKS_QUESTION: &str = "Make new links?";
pub(crate) const NEW_LINKS_MEAN: &str =
    "The present links to all cameras end. Programs need the new ones then.";
pub(crate) const NO_RANDOM: &str = "No links are made: the system gives no random numbers.";

/// A camera's switch among several.
pub(crate) fn show_in_programs(name: &str) -> String {
    format!("Show {name}")
}
