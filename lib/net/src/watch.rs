//! Other file descriptors in the same loop, such as cameras, pipes and signals. Their owner reads
//! them.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use mio::unix::SourceFd;
use mio::{Interest, Token};

use crate::event::WatchId;
use crate::net::Net;

impl Net {
    /// Emits [`Event::Watched`](crate::Event::Watched) when the descriptor becomes readable,
    /// edge-triggered.
    ///
    /// # Errors
    /// The system can't poll this kind of descriptor, such as a regular file.
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

    /// Ends a watch. Call it before the descriptor is closed, since the system reuses its number.
    pub fn unwatch(&mut self, id: WatchId) {
        if let Some(fd) = self.watched.remove(&id)
            && let Err(error) = self.registry().deregister(&mut SourceFd(&fd))
        {
            log::debug!("{id:?}: can't end the watch: {error}");
        }
    }
}
