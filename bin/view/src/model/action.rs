//! What the user, or a notice, asks for.

use std::path::PathBuf;

use transom::media::CaptureRequest;
use transom::sounds::{DeviceName, EchoMode, ToneKind};
use transom::{CallKind, Code, PeerName, PublicKey, Redial, TransferId};
use transom_users::{Contact, Rights};

use super::{Config, Corner, Dialog, News, Preferences, Unsent, Volume};

/// What a folder is picked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum FolderFor {
    /// Every accepted file, in the settings.
    Inbox,
    /// One offer, which is answered later.
    Offer(TransferId),
    /// Those offers, which were accepted and wait for their folder.
    Accepted(Vec<TransferId>),
}

/// A contact that is to be written into the book.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edit {
    /// The contact when its dialog opened; `None` for a new contact.
    pub(crate) before: Option<Contact>,
    /// As it is to be.
    pub(crate) contact: Contact,
}

/// One request. The state applies it first, then the station and the shell carry it out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Text and files go to that contact from now on.
    Choose(PeerName),
    /// Show that box's picture, as soon as it is there.
    Watch(PeerName),
    /// Call that contact, both ways.
    Call(PeerName),
    /// Ask a box that came (back) for its picture.
    Ring { peer: PeerName, kind: CallKind },
    /// Take a call, with our camera on or off.
    Answer { peer: PeerName, camera: bool },
    /// Take no call of that peer.
    Decline(PeerName),
    /// End the call, stop watching, or take what is left of it off the screen.
    HangUp(PeerName),
    /// Show our camera no longer to that peer, which watches it; a call goes on.
    StopViewer(PeerName),
    /// Show our camera to that peer, or stop.
    ShowCamera { peer: PeerName, on: bool },
    /// Mute our microphone for all peers, or unmute it.
    Mute(bool),
    /// Hear that peer, or not.
    Hear { peer: PeerName, on: bool },
    /// Speak to that peer alone, or to all that we talk with.
    SpeakTo(Option<PeerName>),
    /// Speak to that peer no more, but to the one before it.
    SpeakNoMore(PeerName),
    /// How loud that peer is heard.
    SetVolume { peer: PeerName, volume: Volume },
    /// Use that microphone from now on.
    SetMicrophone(DeviceName),
    /// Use that loudspeaker from now on.
    SetSpeaker(DeviceName),
    /// What is done against the loudspeaker's echo in the microphone.
    SetEcho(EchoMode),
    /// Play a tone through the loudspeaker, or none.
    Tone(Option<ToneKind>),
    /// Play our microphone through our loudspeaker, or stop.
    HearYourself(bool),
    /// Look for the microphones and loudspeakers of this machine.
    ListSounds,
    /// Show all cameras side by side, or no longer.
    Cameras(bool),
    /// From the page back to the list, in a window that has no room for both.
    Back,
    /// Show the chat beside a call, or not.
    ShowChat(bool),
    /// Show the list beside a call or a camera, or not.
    ShowList(bool),
    /// Keys are for that camera among all.
    Select(PeerName),
    /// Silence the bell for the calls that ring now.
    Silence,
    /// Show a new code; the peer that types it gets these rights.
    ShowCode(Rights),
    /// Look for the station that shows that code.
    EnterCode(Code),
    /// Show no code, and look for none.
    EndPairing,
    /// Write a paired contact into the book.
    SavePaired(Box<Contact>),
    /// Connect to a sender that was met by a code, for one transfer, or as the book says again.
    Meet(Box<Contact>, Redial),
    /// Give that picture the room of all, or none.
    Alone(Option<PeerName>),
    /// Change how that contact is seen and heard.
    Prefer {
        peer: PeerName,
        preferences: Preferences,
    },
    /// Show that contact's camera to other programs of this computer, or no longer.
    ShowInPrograms { peer: PeerName, on: bool },
    /// Try again to open the door for them.
    OpenBridge,
    /// Make new links for them; the old ones end.
    NewLinks,
    /// Show the small picture of our own camera, or put it away.
    ShowOwn(bool),
    /// Move it into that corner.
    MoveOwn(Corner),
    /// Look for the addresses of this machine.
    ListAddresses,
    /// Look for the cameras of this machine.
    ListCameras,
    /// Use that camera from now on.
    SetCamera(Option<CaptureRequest>),
    /// Keep the picture on the screen as a file.
    Snapshot(PeerName),
    /// Keep all pictures of that peer as a file, or stop.
    Record { peer: PeerName, on: bool },
    /// Show the numbers over the pictures, or not.
    Overlay(bool),
    /// Show the keys, or not.
    Help(bool),
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
    /// Take a path off the list of unsent paths.
    ForgetUnsent(Unsent),
    /// Send a path again; the transfer resumes where it stopped.
    Retry {
        transfer: TransferId,
        peer: PeerName,
        path: PathBuf,
    },
    /// Make a thumbnail of that picture.
    Glance(PathBuf),
    /// Open a document by the desktop's program for it.
    OpenFile(PathBuf),
    /// Show a folder in the desktop's file manager.
    OpenFolder(PathBuf),
    /// Open a web address in the browser.
    OpenLink(String),
    /// Open the desktop's dialog for a folder.
    PickFolder(FolderFor),
    /// Let a stranger in under that name until the window closes.
    AllowGuest { key: PublicKey, name: PeerName },
    /// Report no more knocks of that key.
    Ignore(PublicKey),
    /// Put a dialog over the screen, or what was typed into the one that is there.
    Open(Dialog),
    /// Put the dialog away.
    Close,
    /// Write a contact into the book, in place of what it was.
    SaveContact(Box<Edit>),
    /// Show the sheet about the chosen contact, or put it away.
    Sheet(bool),
    /// Change a contact's name.
    Rename { peer: PeerName, to: PeerName },
    /// Take a contact out of the book.
    Remove(PeerName),
    /// Mark a key as compared by eye, or no longer.
    Verify { key: PublicKey, on: bool },
    /// Apply and save the settings.
    SaveSettings(Box<Config>),
    /// Take connections at that port from now on.
    UsePort(u16),
    /// Remove all kept texts.
    ForgetHistory,
    /// Put the warning at that place away.
    Dismiss(usize),
    /// Give the picture the whole screen, or not.
    Fullscreen(bool),
    /// Show that news for some seconds.
    Tell(News),
    /// Take the news of that number off the screen.
    PutAway(u64),
    /// Close the window.
    Quit,
}
