//! Other file descriptors in the same loop: cameras, pipes, signals. What they carry, their owner
//! reads.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use mio::unix::SourceFd;
use mio::{Interest, Token};

use crate::event::WatchId;
use crate::net::Net;

impl Net {
    /// Tells with [`Event::Watched`](crate::Event::Watched) when there is something to read,
    /// edge-triggered.
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
        self.watched.insert(WatchId(id), fd.as_raw_fd());
        Ok(WatchId(id))
    }

    /// Ends a watch; call it before the descriptor is closed, or the number may be another one's by
    /// then.
    pub fn unwatch(&mut self, id: WatchId) {
        if let Some(fd) = self.watched.remove(&id)
            && let Err(error) = self.registry().deregister(&mut SourceFd(&fd))
        {
            log::debug!("{id:?}: can't end the watch: {error}");
        }
    }
}
