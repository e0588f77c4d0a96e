//! What a person, or a notice, wants done.

use std::path::PathBuf;

use transom::{PeerName, PublicKey, TransferId};
use transom_users::Contact;

use super::{Config, Dialog};

/// What a folder is picked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FolderFor {
    /// Every accepted file, in the settings.
    Inbox,
    /// One offer.
    Offer(TransferId),
}

/// A contact that is to be written into the book.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edit {
    /// As it was when its dialog opened; `None` for somebody new.
    pub(crate) before: Option<Contact>,
    /// As it is to be.
    pub(crate) contact: Contact,
}

/// One wish. The state takes it in first, then the station and the shell carry it out.
#[derive(Clone, Debug, PartialEq)]
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
    /// Take an offer, into that folder or else the usual one.
    Accept {
        transfer: TransferId,
        into: Option<PathBuf>,
    },
    /// Have an offer go into that folder, once it is accepted.
    AcceptInto { transfer: TransferId, into: PathBuf },
    /// Refuse an offer.
    Refuse(TransferId),
    /// End a transfer.
    Cancel(TransferId),
    /// Halt a transfer, or let it go on.
    Pause { transfer: TransferId, paused: bool },
    /// Take an ended transfer off the list.
    Clear(TransferId),
    /// Take all ended transfers off the list.
    ClearEnded,
    /// Send a path once more, which goes on where the ended transfer stopped.
    Retry {
        transfer: TransferId,
        peer: PeerName,
        path: PathBuf,
    },
    /// Show a folder in the desktop's file manager.
    OpenFolder(PathBuf),
    /// Open a web address in the browser.
    OpenLink(String),
    /// Open the desktop's dialog for a folder.
    PickFolder(FolderFor),
    /// Let a stranger in under that name until the window closes.
    AllowGuest { key: PublicKey, name: PeerName },
    /// Tell no more of that key.
    Ignore(PublicKey),
    /// Put a dialog over the screen, or what was typed into the one that is there.
    Open(Dialog),
    /// Put the dialog away.
    Close,
    /// Write a contact into the book, in place of what it was.
    SaveContact(Box<Edit>),
    /// Take a contact out of the book.
    Remove(PeerName),
    /// Mark a key as compared by eye, or no longer.
    Verify { key: PublicKey, on: bool },
    /// Behave like that from now on.
    SaveSettings(Box<Config>),
    /// Remove all kept texts.
    ForgetHistory,
    /// Put the warning at that place away.
    Dismiss(usize),
    /// Give the picture the whole screen, or not.
    Fullscreen(bool),
    /// Put a line into the status bar.
    Say(String),
    /// Close the window.
    Quit,
}
