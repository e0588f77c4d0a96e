//! What the other threads tell the window.

use std::net::IpAddr;
use std::path::PathBuf;

use transom::{Notice, PeerName};

use super::glance::Glance;

use crate::keep::Answer;
use crate::model::{Face, FolderFor, Kept, Mishap};
use crate::outside::{About, Choice, Request, ScriptFont, TrayChoice};

/// One thing that happened.
#[derive(Debug)]
pub(crate) enum Letter {
    /// The station says so.
    Notice(Notice),
    /// A picture could not be decoded; why.
    Broken(Face, String),
    /// A picture or a film was kept, or not.
    Kept(Kept),
    /// What became of a job for the disk.
    Stored(Answer),
    /// The file dialog closed.
    Picked(PeerName, Result<Vec<PathBuf>, Mishap>),
    /// The dialog for a folder closed.
    PickedFolder(FolderFor, Result<Option<PathBuf>, Mishap>),
    /// A thumbnail was made, or there is none.
    Glanced(PathBuf, Option<Glance>),
    /// A program of the desktop could not help.
    Mishap(Mishap),
    /// A second start of the program wants something.
    Asked(Request),
    /// The addresses of this machine, best first.
    Addresses(Vec<IpAddr>),
    /// The system has a font for a script.
    Font(ScriptFont),
    /// A notification of the desktop was clicked.
    Clicked(About, Choice),
    /// Something was chosen in the desktop's tray.
    Tray(TrayChoice),
    /// Whether the desktop wants motion to be reduced.
    ReducedMotion(bool),
    /// The program is asked from outside to end.
    Close,
    /// The station ended; why, if it was not asked to.
    StationEnded(Option<String>),
}
