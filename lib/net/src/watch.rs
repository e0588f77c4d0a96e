//! Other file descriptors in the same loop: cameras, pipes, signals. What they carry, their owner reads.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use mio::unix::SourceFd;
use mio::{Interest, Token};

use crate::event::WatchId;
use crate::net::Net;

impl Net {
    /// Tells with [`Event::Watched`](crate::Event::Watched) when there is something to read, edge-triggered.
    ///
    /// # Errors
    /// The system can't wait for this kind of thing: regular files, for example, are always ready.
    pub fn watch(&mut self, fd: BorrowedFd<'_>) -> io::Result<WatchId> {
        let id = self.next_id();
        self.registry().register(
            &mut SourceFd(&fd.as_raw_fd()),
            Token(id),
            Interest::READABLE,
        )?;
        self.watched.insert(WatchId(id));
        Ok(WatchId(id))
    }

    /// Ends a watch; call it before the descriptor is closed.
    pub fn unwatch(&mut self, id: WatchId, fd: BorrowedFd<'_>) {
        if self.watched.remove(&id)
            && let Err(error) = self.registry().deregister(&mut SourceFd(&fd.as_raw_fd()))
        {
            log::debug!("{id:?}: can't end the watch: {error}");
        }
    }
}
