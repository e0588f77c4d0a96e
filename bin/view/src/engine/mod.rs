//! Everything that runs beside the window: the station, the JPEG decoders, what writes
//! pictures, the file dialog. No other file of this program starts a thread.
//!
//! | thread | does | speaks to the window by |
//! |---|---|---|
//! | `station` | the poll loop of [`transom`] | the mailbox |
//! | `decode` 1 and 2 | JPEG to RGBA, of each stream the newest picture only | the desk |
//! | `addresses` | looks for the addresses of this machine | the mailbox |
//! | `album` | writes pictures and films | the mailbox |
//! | `storage` | reads and writes what the window keeps (module `keep`) | the mailbox |
//! | `glance` | decodes a thumbnail | the mailbox |
//! | `dialog` | waits for the desktop's file dialog | the mailbox |
//! | `signals` (of `transom-signals`) | waits for what ends the program | the mailbox |
//! | `second start` | waits for later starts of the program | the mailbox |
//! | `desktop`, `desktop clicks` (of `outside`) | notifications of the desktop | the mailbox |
//! | `tray`, `tray watcher`, `tray host` (of `outside`) | the item in the desktop's tray | the mailbox |
//! | `motion` (of `outside`) | waits for the desktop's settings | the mailbox |
//! | `fonts` | waits for fontconfig, and reads a font | the mailbox |
//! | `opener` | waits for the desktop's program that opens a folder or a web address | the mailbox |
//!
//! Each thread wakes the window once for each batch of news.

mod bridge;
mod command;
mod decode;
mod dialog;
mod glance;
mod letter;
mod mailbox;
mod opener;
mod rate;
mod record;
mod shrink;
#[cfg(unix)]
mod signals;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use transom::{Handle, Notice, PeerName, Redial, Settings, SoundNotice, StartError, Station};

use crate::keep::{Queue, Storage};
use crate::model::{Action, Duties, Face, FolderFor, Mishap, News, State};
use crate::outside::{self, Desktop, Requests, Script, Tray};
use crate::words;

use decode::Arrived;
pub(crate) use decode::Desk;
pub(crate) use letter::Letter;
pub(crate) use mailbox::Mailbox;
use record::Album;

/// Decoder threads: two keep up with four cameras, and leave a small machine time to draw.
const DECODERS: usize = 2;

/// How long a closed window waits for its threads. An SD card takes the 64 MB of a film's frames
/// that may wait in that time, and a station says goodbye in less; a disk that hangs must not keep
/// the program alive.
const END_WAIT: Duration = Duration::from_secs(15);

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

/// The running engine; dropping it closes all connections.
pub(crate) struct Engine {
    handle: Handle,
    mailbox: Arc<Mailbox>,
    desk: Arc<Desk>,
    album: Arc<Album>,
    duties: Duties,
    threads: Vec<JoinHandle<()>>,
    /// Each of the threads has a clone until it ends, so that `ended` disconnects after the last.
    running: Option<Sender<()>>,
    ended: Receiver<()>,
}

impl Engine {
    /// Binds the station and starts the threads; `busy` refuses all calls. Snapshots and films go
    /// to the folder `pictures`.
    pub(crate) fn start(
        settings: Settings,
        busy: bool,
        pictures: PathBuf,
        wake: Wake,
    ) -> Result<Self, EngineError> {
        let contacts = settings.book.contacts().to_vec();
        let station = Station::start(settings)?;
        station.handle().take_calls(!busy);
        let mailbox = Arc::new(Mailbox::new(wake.clone()));
        #[cfg(unix)]
        signals::watch(mailbox.clone())?;
        let (running, ended) = mpsc::channel();
        let mut engine = Self {
            handle: station.handle(),
            mailbox,
            desk: Arc::new(Desk::new(wake)),
            album: Arc::new(Album::new(pictures)),
            duties: Duties {
                busy,
                ..Duties::default()
            },
            threads: Vec::new(),
            running: Some(running),
            ended,
        };
        engine.start_decoders()?;
        let (album, mailbox) = (engine.album.clone(), engine.mailbox.clone());
        engine.start_thread("album", move || record::run(&album, &mailbox))?;
        engine.start_station(station)?;
        for contact in contacts {
            engine.handle.connect(contact, Redial::Always);
        }
        Ok(engine)
    }

    /// The way to the station.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The letters since the last call.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.mailbox.take()
    }

    /// Where the pictures are.
    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Takes requests of later starts. The thread ends with the program.
    pub(crate) fn serve(&self, requests: Requests) {
        let mailbox = self.mailbox.clone();
        let take = move |request| mailbox.put(Letter::Asked(request));
        let serve = Builder::new().name("second start".to_owned());
        if let Err(error) = serve.spawn(move || requests.serve(take)) {
            log::warn!("a second start can't reach this window: {error}");
        }
    }

    /// Gives the window's files a thread. It isn't joined: the window waits for its jobs as it
    /// closes, and a disk that hangs must not keep the program alive.
    pub(crate) fn start_storage(&self, storage: Storage, queue: Arc<Queue>) -> io::Result<()> {
        let mailbox = self.mailbox.clone();
        let post = move |answer| mailbox.put(Letter::Stored(answer));
        let serve = move || queue.serve(|job| storage.carry_out(job), post);
        Builder::new().name("storage".to_owned()).spawn(serve)?;
        Ok(())
    }

    /// The way to the desktop; clicks on notifications come as letters.
    pub(crate) fn start_desktop(&self) -> Desktop {
        let mailbox = self.mailbox.clone();
        Desktop::start(move |about, choice| mailbox.put(Letter::Clicked(about, choice)))
    }

    /// The item in the desktop's tray; what is chosen there comes as letters.
    pub(crate) fn start_tray(&self) -> Tray {
        let mailbox = self.mailbox.clone();
        Tray::start(move |choice| mailbox.put(Letter::Tray(choice)))
    }

    /// Follows the desktop's wish for reduced motion; it comes as a letter.
    pub(crate) fn watch_motion(&self) {
        let mailbox = self.mailbox.clone();
        outside::watch_motion(move |is_wanted| mailbox.put(Letter::ReducedMotion(is_wanted)));
    }

    /// Applies changed duties.
    pub(crate) fn follow(&mut self, duties: Duties) {
        let before = std::mem::replace(&mut self.duties, duties);
        let duties = &self.duties;
        if before.tone != duties.tone {
            self.handle.tone(duties.tone);
        }
        if before.hear_yourself != duties.hear_yourself {
            self.handle.hear_yourself(duties.hear_yourself);
        }
        if before.busy != duties.busy {
            self.handle.take_calls(!duties.busy);
        }
        if before.preview != duties.preview {
            self.handle.preview(duties.preview);
        }
        if before.nearby != duties.nearby {
            self.handle.look_nearby(duties.nearby);
        }
        if before.measure != duties.measure {
            self.handle.measure(duties.measure);
            self.handle.want_stats(duties.measure);
        }
        bridge::follow(&self.handle, before.bridge.as_ref(), duties.bridge.as_ref());
    }

    /// Carries an action out; the state has taken it in already.
    pub(crate) fn carry_out(&self, state: &mut State, action: Action) {
        match &action {
            Action::Pick { peer, folder } => self.pick(*peer, *folder),
            Action::PickFolder(what) => self.pick_folder(what.clone()),
            Action::ListAddresses => self.list_addresses(),
            Action::Glance(path) => self.glance(path.clone()),
            Action::OpenBridge => {
                if let Some(wanted) = &self.duties.bridge {
                    bridge::open(&self.handle, wanted);
                }
            }
            Action::OpenFile(path) => self.open_file(path.clone()),
            Action::OpenFolder(folder) => self.open_folder(folder.clone()),
            Action::OpenLink(link) => self.open_link(link.clone()),
            Action::Snapshot(peer) => match self.desk.last(Face::Peer(*peer)) {
                Some(jpeg) => self.album.snapshot(*peer, jpeg),
                None => state.tell(News::NoPicture),
            },
            Action::Record { peer, on } => self.album.film(*peer, *on),
            Action::HangUp(peer) => self.album.film(*peer, false),
            _ => {}
        }
        command::command(state, &self.handle, action);
    }

    /// Opens the file dialog of the desktop; the answer comes as a letter.
    fn pick(&self, peer: PeerName, folder: bool) {
        self.aside(
            "dialog",
            move || Some(Letter::Picked(peer, dialog::pick(folder))),
            |why| Letter::Picked(peer, Err(why)),
        );
    }

    /// Opens the dialog for a folder.
    fn pick_folder(&self, what: FolderFor) {
        let title = words::PICK_INBOX;
        let failed = what.clone();
        self.aside(
            "dialog",
            move || Some(Letter::PickedFolder(what, dialog::pick_folder(title))),
            |why| Letter::PickedFolder(failed, Err(why)),
        );
    }

    /// Looks for the addresses of this machine, which may have joined another network.
    fn list_addresses(&self) {
        let look = || Some(Letter::Addresses(transom::own_addresses()));
        self.aside("addresses", look, Letter::Mishap);
    }

    /// Makes a thumbnail; it comes as a letter.
    fn glance(&self, path: PathBuf) {
        let failed = path.clone();
        self.aside(
            "glance",
            move || {
                let shown = glance::glance(&path);
                Some(Letter::Glanced(path, shown))
            },
            |_| Letter::Glanced(failed, None),
        );
    }

    /// Opens a document by the desktop's program for it.
    fn open_file(&self, path: PathBuf) {
        let open = move || opener::open_file(&path).err().map(Letter::Mishap);
        self.aside("opener", open, Letter::Mishap);
    }

    /// Shows a folder in the desktop's file manager.
    fn open_folder(&self, folder: PathBuf) {
        let open = move || opener::open_folder(&folder).err().map(Letter::Mishap);
        self.aside("opener", open, Letter::Mishap);
    }

    /// Opens a web address in the desktop's browser.
    fn open_link(&self, link: String) {
        let open = move || opener::open_link(&link).err().map(Letter::Mishap);
        self.aside("opener", open, Letter::Mishap);
    }

    /// Looks for a font of the system; if there is one, it comes as a letter.
    pub(crate) fn find_font(&self, script: &'static Script) {
        let find = move || outside::find_font(script).map(Letter::Font);
        self.aside("fonts", find, Letter::Mishap);
    }

    /// Waits for another program on a thread of its own, which is not joined: the person may leave
    /// that program open.
    fn aside(
        &self,
        thread: &str,
        work: impl FnOnce() -> Option<Letter> + Send + 'static,
        failed: impl FnOnce(Mishap) -> Letter,
    ) {
        let mailbox = self.mailbox.clone();
        let wait = move || {
            if let Some(letter) = work() {
                mailbox.put(letter);
            }
        };
        if let Err(error) = Builder::new().name(thread.to_owned()).spawn(wait) {
            self.mailbox
                .put(failed(Mishap::NoThread(error.to_string())));
        }
    }

    fn start_station(&mut self, station: Station) -> io::Result<()> {
        let mailbox = self.mailbox.clone();
        let (desk, album) = (self.desk.clone(), self.album.clone());
        self.start_thread("station", move || {
            let ended = station.run(|notice| match notice {
                Notice::Picture { peer, picture } => {
                    // What it shows is no longer so: it is shown, and not filmed.
                    let is_past = picture.timing.is_past();
                    let arrived = Arrived::remote(peer, picture);
                    if !is_past {
                        album.picture(peer, &arrived.picture);
                    }
                    desk.put(arrived);
                }
                Notice::Sound(SoundNotice::Recorded { peer, sound }) => album.sound(peer, sound),
                Notice::OwnPicture(picture) => desk.put(Arrived::own(picture)),
                notice => mailbox.notice(notice),
            });
            mailbox.put(Letter::StationEnded(
                ended.err().map(|error| error.to_string()),
            ));
        })
    }

    fn start_decoders(&mut self) -> io::Result<()> {
        for number in 1..=DECODERS {
            let (desk, mailbox) = (self.desk.clone(), self.mailbox.clone());
            self.start_thread(&format!("decode {number}"), move || {
                decode::run(&desk, &mailbox)
            })?;
        }
        Ok(())
    }

    fn start_thread(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let running = self.running.clone();
        let work = move || {
            work();
            drop(running);
        };
        self.threads
            .push(Builder::new().name(name.to_owned()).spawn(work)?);
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.handle.stop();
        self.desk.close();
        self.album.close();
        self.running = None;
        if self.ended.recv_timeout(END_WAIT) == Err(RecvTimeoutError::Timeout) {
            log::warn!("a disk or a device doesn't answer; what was being written is cut off");
            return;
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                log::error!("a thread of the window panicked");
            }
        }
    }
}
