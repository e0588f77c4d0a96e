//! A box to watch: a station with a moving picture and an inbox, in a thread of the test.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use transom::media::{CaptureRequest, Source};
use transom::people::Book;
use transom::{
    Accept, Handle, Identity, InboxSettings, Notice, PeerName, PublicKey, Settings, Station,
};

/// Longer than the slowest machine takes for one step.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct DoorBox {
    pub(crate) handle: Handle,
    pub(crate) address: SocketAddr,
    pub(crate) key: PublicKey,
    /// What it calls the window.
    pub(crate) desk: PeerName,
    notices: Receiver<Notice>,
    thread: Option<JoinHandle<()>>,
}

impl DoorBox {
    /// Starts a box that knows the window's key and takes its files into that folder.
    pub(crate) fn start(desk: &Identity, inbox: &Path) -> Self {
        Self::start_sized(desk, inbox, None)
    }

    /// Starts one whose pictures are that large.
    pub(crate) fn start_sized(desk: &Identity, inbox: &Path, size: Option<(u16, u16)>) -> Self {
        let identity = Identity::throwaway().unwrap();
        let key = identity.public_key();
        let (book, errors) = Book::parse(&format!("desk 127.0.0.1 key={}\n", desk.public_key()));
        assert!(errors.is_empty());
        let mut settings = Settings::new("door".parse().unwrap(), identity);
        settings.book = book;
        settings.listen = vec!["127.0.0.1:0".parse().unwrap()];
        settings.camera = Some(CaptureRequest {
            source: Source::Pattern,
            size,
            ..CaptureRequest::default()
        });
        settings.serve_camera = true;
        // A person is behind it too, so the window keeps the text field and both buttons.
        settings.takes_calls = true;
        settings.inbox = Some(InboxSettings::new(inbox, Accept::Known));
        let station = Station::start(settings).unwrap();
        let (handle, address) = (station.handle(), station.addresses()[0]);
        let (sender, notices) = channel();
        // The test may be over before the last notice.
        let thread =
            std::thread::spawn(move || station.run(|notice| drop(sender.send(notice))).unwrap());
        Self {
            handle,
            address,
            key,
            desk: "desk".parse().unwrap(),
            notices,
            thread: Some(thread),
        }
    }

    /// Waits for a notice.
    pub(crate) fn wait(&mut self, what: &str, is_it: impl Fn(&Notice) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut others = Vec::new();
        loop {
            match self
                .notices
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(notice) if is_it(&notice) => return,
                Ok(notice) => others.push(notice),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited in vain for {what}; instead: {others:?}")
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the box ended before {what}: {others:?}")
                }
            }
        }
    }

    /// Whether there was such a notice since the last question.
    pub(crate) fn heard(&mut self, is_it: impl Fn(&Notice) -> bool) -> bool {
        self.notices.try_iter().any(|notice| is_it(&notice))
    }
}

impl Drop for DoorBox {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
