//! A station on a thread of its own, with what it told, and a folder to work in.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use transom::people::{Book, Contact};
use transom::{
    Accept, Direction, Handle, Identity, InboxSettings, Notice, Outcome, PublicKey, Settings,
    Station,
};

/// Longer than anything here takes, so that only a hang ends a test with it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running station and what it told.
pub(crate) struct Peer {
    pub(crate) handle: Handle,
    pub(crate) key: PublicKey,
    pub(crate) address: Option<SocketAddr>,
    notices: Receiver<Notice>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    pub(crate) fn start(name: &str, change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_with(name, change, |_, _| {})
    }

    /// The same, with a user who acts in the very turn of the loop in which a notice is told.
    pub(crate) fn start_with(
        name: &str,
        change: impl FnOnce(&mut Settings),
        act: impl Fn(&Handle, &Notice) + Send + 'static,
    ) -> Self {
        let mut settings = Settings::new(name.parse().unwrap(), Identity::throwaway().unwrap());
        change(&mut settings);
        let key = settings.identity.public_key();
        let station = Station::start(settings).unwrap();
        let (handle, address) = (station.handle(), station.addresses().first().copied());
        let (sender, notices) = channel();
        let owner = handle.clone();
        let on_notice = move |notice| {
            act(&owner, &notice);
            drop(sender.send(notice));
        };
        let thread = std::thread::spawn(move || station.run(on_notice).unwrap());
        Self {
            handle,
            key,
            address,
            notices,
            thread: Some(thread),
        }
    }

    /// Waits for the notice that `wanted` takes, and skips all before it.
    pub(crate) fn wait<T>(&self, wanted: impl Fn(Notice) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut skipped = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.notices.recv_timeout(left) {
                Ok(notice) => {
                    skipped.push(format!("{notice:?}"));
                    if let Some(found) = wanted(notice) {
                        return found;
                    }
                }
                Err(_) => panic!("not among {skipped:#?}"),
            }
        }
    }

    /// Nothing of that kind comes for a while.
    pub(crate) fn never(&self, unwanted: impl Fn(&Notice) -> bool, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(notice) = self
            .notices
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            assert!(!unwanted(&notice), "{notice:?}");
        }
    }

    /// All that is told within that time.
    pub(crate) fn told(&self, time: Duration) -> Vec<Notice> {
        let end = Instant::now() + time;
        let left = || end.saturating_duration_since(Instant::now());
        std::iter::from_fn(|| self.notices.recv_timeout(left()).ok()).collect()
    }

    pub(crate) fn contact(&self, name: &str) -> Contact {
        format!("{name} {}", self.address.unwrap()).parse().unwrap()
    }

    pub(crate) fn joined(&self) -> bool {
        self.wait(|notice| match notice {
            Notice::Joined { first_use, .. } => Some(first_use),
            _ => None,
        })
    }

    pub(crate) fn outcome(&self, way: Direction) -> Outcome {
        self.wait(|notice| match notice {
            Notice::TransferEnded { status, outcome } if status.direction == way => Some(outcome),
            _ => None,
        })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.handle.stop();
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

pub(crate) fn book(lines: &[String]) -> Book {
    let (book, errors) = Book::parse(&lines.join("\n"));
    assert!(errors.is_empty(), "{errors:?}");
    book
}

/// An inbox without a quota that keeps both of two files with one name.
pub(crate) fn inbox(into: impl Into<PathBuf>, accept: Accept) -> InboxSettings {
    InboxSettings::new(into, accept)
}

pub(crate) fn local() -> Vec<SocketAddr> {
    vec!["127.0.0.1:0".parse().unwrap()]
}

/// A folder that goes when the test is over.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("transom-node-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
