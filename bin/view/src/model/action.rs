//! What a person, or a notice, wants done.

use std::path::PathBuf;

use transom::{PeerName, TransferId};

/// One wish. The state takes it in first, then the station and the shell carry it out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    /// Text and files go to that contact from now on.
    Choose(PeerName),
    /// Show that box's picture, as soon as it is there.
    Watch(PeerName),
    /// Ask a box that came (back) for its picture.
    Ring(PeerName),
    /// Take no call of that peer.
    Decline(PeerName),
    /// Stop watching.
    HangUp(PeerName),
    /// Send a line of text.
    Text { peer: PeerName, text: String },
    /// Open the desktop's file dialog.
    Pick { peer: PeerName, folder: bool },
    /// Send a file or a folder.
    Send { peer: PeerName, path: PathBuf },
    /// Take an offer.
    Accept(TransferId),
    /// Refuse an offer.
    Refuse(TransferId),
    /// End a transfer.
    Cancel(TransferId),
    /// Halt a transfer, or let it go on.
    Pause { transfer: TransferId, paused: bool },
    /// Take an ended transfer off the list.
    Clear(TransferId),
    /// Put the warning at that place away.
    Dismiss(usize),
    /// Give the picture the whole screen, or not.
    Fullscreen(bool),
    /// Put a line into the status bar.
    Say(String),
    /// Close the window.
    Quit,
}
