//! Everything that runs beside the window: the station, the JPEG decoder, the file dialog. No other file starts a thread.
//!
//! | thread | does | speaks to the window by |
//! |---|---|---|
//! | `station` | the poll loop of [`transom`] | the mailbox |
//! | `decode` | JPEG to RGBA, the newest picture only | the screen, a [`Slot`] |
//! | `dialog` | waits for the desktop's file dialog | the mailbox |
//! | `opener` | waits for the desktop's program that opens a folder or a web address | the mailbox |
//!
//! Each of them wakes the window once when there is something new.

mod command;
mod decode;
mod dialog;
mod mailbox;
mod outside;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use transom::{Handle, Notice, PeerName, RemotePicture, Settings, StartError, Station};
use transom_media::Slot;

use crate::model::FolderFor;

pub(crate) use command::command;
pub(crate) use decode::Screen;
pub(crate) use mailbox::{Letter, Mailbox};

/// Tells the window, from any thread, that there is something new.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Why the engine can't start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// The station can't.
    #[error(transparent)]
    Station(#[from] StartError),
    /// The system gives no thread.
    #[error("can't start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// The running engine; dropping it says goodbye to everybody.
pub(crate) struct Engine {
    handle: Handle,
    mailbox: Arc<Mailbox>,
    screen: Arc<Screen>,
    pictures: Slot<Arrived>,
    threads: Vec<JoinHandle<()>>,
}

/// A picture on its way to the decoder.
pub(crate) struct Arrived {
    peer: PeerName,
    picture: RemotePicture,
}

impl Engine {
    /// Binds the station and starts the threads.
    pub(crate) fn start(settings: Settings, wake: Wake) -> Result<Self, EngineError> {
        let contacts = settings.book.contacts().to_vec();
        let station = Station::start(settings)?;
        let mut engine = Self {
            handle: station.handle(),
            mailbox: Arc::new(Mailbox::new(wake.clone())),
            screen: Arc::new(Screen::new(wake)),
            pictures: Slot::new(),
            threads: Vec::new(),
        };
        engine.start_decoder()?;
        engine.start_station(station)?;
        for contact in contacts {
            engine.handle.connect(contact, true);
        }
        Ok(engine)
    }

    /// The way to the station.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What happened since it was asked last.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.mailbox.take()
    }

    /// Pictures ready to be shown.
    pub(crate) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Opens the file dialog of the desktop; the answer comes as a letter.
    pub(crate) fn pick(&self, peer: PeerName, folder: bool) {
        self.aside(
            "dialog",
            move || Some(Letter::Picked(peer, dialog::pick(folder))),
            |why| Letter::Picked(peer, Err(why)),
        );
    }

    /// Opens the dialog for a folder.
    pub(crate) fn pick_folder(&self, what: FolderFor) {
        let title = "A folder for files";
        self.aside(
            "dialog",
            move || Some(Letter::PickedFolder(what, dialog::pick_folder(title))),
            |why| Letter::PickedFolder(what, Err(why)),
        );
    }

    /// Shows a folder in the desktop's file manager.
    pub(crate) fn open_folder(&self, folder: PathBuf) {
        let open = move || outside::open_folder(&folder).err().map(Letter::Say);
        self.aside("opener", open, Letter::Say);
    }

    /// Opens a web address in the desktop's browser.
    pub(crate) fn open_link(&self, link: String) {
        let open = move || outside::open_link(&link).err().map(Letter::Say);
        self.aside("opener", open, Letter::Say);
    }

    /// Waits for another program on a thread of its own, which is not joined: the person may leave that program open.
    fn aside(
        &self,
        thread: &str,
        work: impl FnOnce() -> Option<Letter> + Send + 'static,
        failed: impl FnOnce(String) -> Letter,
    ) {
        let mailbox = self.mailbox.clone();
        let wait = move || {
            if let Some(letter) = work() {
                mailbox.put(letter);
            }
        };
        if let Err(error) = Builder::new().name(thread.to_owned()).spawn(wait) {
            self.mailbox
                .put(failed(format!("No program can be opened: {error}")));
        }
    }

    fn start_station(&mut self, station: Station) -> io::Result<()> {
        let (mailbox, pictures) = (self.mailbox.clone(), self.pictures.clone());
        self.start_thread("station", move || {
            let ended = station.run(|notice| match notice {
                // One that the decoder had no time for goes unseen, and its credit back.
                Notice::Picture { peer, picture } => drop(pictures.put(Arrived { peer, picture })),
                notice => mailbox.put(Letter::Notice(notice)),
            });
            mailbox.put(Letter::StationEnded(
                ended.err().map(|error| error.to_string()),
            ));
        })
    }

    fn start_decoder(&mut self) -> io::Result<()> {
        let (mailbox, pictures, screen) = (
            self.mailbox.clone(),
            self.pictures.clone(),
            self.screen.clone(),
        );
        self.start_thread("decode", move || decode::run(&pictures, &screen, &mailbox))
    }

    fn start_thread(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.threads
            .push(Builder::new().name(name.to_owned()).spawn(work)?);
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.handle.stop();
        self.pictures.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                log::error!("a thread of the window panicked");
            }
        }
    }
}
