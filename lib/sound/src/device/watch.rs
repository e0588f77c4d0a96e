//! Notices that devices come and go: by the sound server, and by the nodes of the kernel.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::time::Instant;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::pulse::{Link, Purpose, Server};
use super::retry::Retry;

/// The nodes of sound cards. The folder is made with the first card.
const CARDS: &str = "/dev/snd";
const ABOVE_CARDS: (&str, &CStr) = ("/dev", c"snd");
const OF_FOLDERS: WatchFlags = WatchFlags::CREATE.union(WatchFlags::DELETE);
/// udev gives a new node to its group a moment after it was made.
const OF_CARDS: WatchFlags = OF_FOLDERS.union(WatchFlags::ATTRIB);
/// Bytes of events read at once: some hundred.
const EVENT_BYTES: usize = 8192;

/// Tells that devices may have come or gone. It registers with the caller's poll like a device.
pub struct DeviceWatcher {
    registry: Registry,
    token: Token,
    server: Option<Server>,
    link: Option<Link>,
    retry: Retry,
    nodes: Option<Nodes>,
}

impl DeviceWatcher {
    /// Begins to watch what can be watched; that a sound server starts later is noticed too.
    ///
    /// # Errors
    /// When the poll can't be shared.
    pub fn open(registry: &Registry, token: Token) -> std::io::Result<Self> {
        let server = Server::of_this_user();
        let nodes = Nodes::open(server.as_ref(), registry, token)
            .inspect_err(|why| log::debug!("sound nodes are not watched why=\"{why}\""));
        Ok(Self {
            registry: registry.try_clone()?,
            token,
            server,
            link: None,
            retry: Retry::new(Instant::now()),
            nodes: nodes.ok(),
        })
    }

    /// Whether devices changed since the last call. To be called after an event of the poll and
    /// at [`due`](Self::due).
    pub fn changed(&mut self) -> bool {
        let now = Instant::now();
        let nodes = self.nodes.as_ref().is_some_and(Nodes::changed);
        if nodes {
            self.retry.soon(now);
        }
        let server = self.server_changed(now);
        nodes || server
    }

    /// When to call [`changed`](Self::changed) without an event.
    pub fn due(&self) -> Option<Instant> {
        match &self.link {
            Some(link) => link.due(),
            None => self.server.as_ref().and(self.retry.due()),
        }
    }

    fn server_changed(&mut self, now: Instant) -> bool {
        let was_linked = self.link.is_some();
        if let (None, Some(server)) = (&self.link, &self.server)
            && self.retry.take(now)
        {
            self.link = Link::open(server, Purpose::Watch, None, &self.registry, self.token).ok();
            if self.link.is_none() {
                self.retry.failed(now);
            }
        }
        let Some(link) = &mut self.link else {
            return false;
        };
        if let Err(why) = link.pump(now) {
            log::debug!("sound server is no longer watched why=\"{why}\"");
            self.link = None;
            self.retry.failed(now);
            return was_linked;
        }
        // A server that has just started has devices.
        link.connection.poll_changed() || !was_linked
    }
}

/// Folders in which nodes of cards and sockets of servers come and go.
struct Nodes {
    events: OwnedFd,
    /// The watch of the folder above, where much else comes and goes.
    above: Option<i32>,
}

impl Nodes {
    fn open(server: Option<&Server>, registry: &Registry, token: Token) -> std::io::Result<Self> {
        let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let watch = |folder: &Path, flags| {
            inotify::add_watch(&events, folder, flags)
                .inspect_err(|why| log::debug!("folder={folder:?} is not watched why=\"{why}\""))
        };
        let _ = watch(Path::new(CARDS), OF_CARDS);
        let above = watch(Path::new(ABOVE_CARDS.0), OF_FOLDERS).ok();
        let sockets = server.map_or(&[][..], |server| &server.sockets);
        for folder in sockets.iter().filter_map(|socket| socket.parent()) {
            let _ = watch(folder, OF_FOLDERS);
        }
        registry.register(
            &mut SourceFd(&events.as_raw_fd()),
            token,
            Interest::READABLE,
        )?;
        Ok(Self { events, above })
    }

    /// Reads all events; a folder of cards that was just made is watched from now on.
    fn changed(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); EVENT_BYTES];
        let mut events = inotify::Reader::new(&self.events, &mut buffer);
        let mut changed = false;
        while let Ok(event) = events.next() {
            let is_cards = event.file_name() == Some(ABOVE_CARDS.1);
            changed |= is_cards || Some(event.wd()) != self.above;
            if is_cards {
                // The folder is gone again, then: there is nothing to watch.
                let _ = inotify::add_watch(&self.events, CARDS, OF_CARDS);
            }
        }
        changed
    }
}
