//! Changes among the entries of a folder.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

/// Bytes of events that are read at once.
const BYTES: usize = 4096;
/// Bytes of an event before its name.
const HEAD: usize = size_of::<libc::inotify_event>();
/// Limit of reads in one call, so that a folder that changes all the time does not block the
/// caller.
const MAX_READS: usize = 64;

/// A watch on one folder.
#[derive(Debug)]
pub(crate) struct Inotify(File);

impl Inotify {
    /// Watches for entries that are made, removed, renamed, or get other rights.
    pub(crate) fn watch(folder: &CStr) -> io::Result<Self> {
        // SAFETY: it takes a number and gives a descriptor or -1.
        let raw = unsafe { libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC) };
        if raw < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave this descriptor to us alone.
        let descriptor = unsafe { OwnedFd::from_raw_fd(raw) };
        let events = libc::IN_CREATE
            | libc::IN_DELETE
            | libc::IN_ATTRIB
            | libc::IN_MOVED_TO
            | libc::IN_MOVED_FROM;
        // SAFETY: the path ends with a zero and lives through the call.
        let watch = unsafe { libc::inotify_add_watch(raw, folder.as_ptr(), events) };
        if watch < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(descriptor.into()))
    }

    /// Tells the name of each entry that has changed; `None` where events were lost.
    pub(crate) fn read(&mut self, mut tell: impl FnMut(Option<&[u8]>)) {
        let mut events = [0; BYTES];
        for _ in 0..MAX_READS {
            match self.0.read(&mut events) {
                Ok(0) => return,
                Ok(read) => names(&events[..read], &mut tell),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }
}

impl AsFd for Inotify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The names in a sequence of events: watch, mask, cookie and length of the name, four bytes each,
/// and the name, filled up with zeros.
fn names(mut events: &[u8], tell: &mut impl FnMut(Option<&[u8]>)) {
    while let Some((head, rest)) = events.split_at_checked(HEAD) {
        let word = |at: usize| {
            let bytes = [head[at], head[at + 1], head[at + 2], head[at + 3]];
            u32::from_ne_bytes(bytes)
        };
        let Some((name, rest)) = rest.split_at_checked(word(12) as usize) else {
            return;
        };
        if word(4) & libc::IN_Q_OVERFLOW != 0 {
            tell(None);
        } else {
            let end = name.iter().position(|byte| *byte == 0);
            tell(Some(&name[..end.unwrap_or(name.len())]));
        }
        events = rest;
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::fs;

    use super::*;

    #[test]
    fn entries_that_come_and_go_are_told_by_their_names() {
        let folder = std::env::temp_dir().join(format!("transom-watch-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = CString::new(folder.as_os_str().as_encoded_bytes()).unwrap();
        let mut watch = Inotify::watch(&path).unwrap();
        let mut told = |act: &dyn Fn()| {
            act();
            let mut names = Vec::new();
            watch.read(|name| names.extend(name.map(<[u8]>::to_vec)));
            names
        };
        assert!(told(&|| ()).is_empty());
        let made = told(&|| fs::write(folder.join("video7"), "").unwrap());
        assert_eq!(made, [b"video7"]);
        let gone = told(&|| fs::remove_file(folder.join("video7")).unwrap());
        assert!(gone.contains(&b"video7".to_vec()));
        fs::remove_dir(&folder).unwrap();
        assert!(Inotify::watch(&path).is_err());
    }

    #[test]
    fn events_that_are_cut_short_or_lost_do_no_harm() {
        let mut event = vec![0; HEAD];
        event[4..8].copy_from_slice(&libc::IN_Q_OVERFLOW.to_ne_bytes());
        let mut told = Vec::new();
        names(&event, &mut |name| told.push(name.is_none()));
        event[12..16].copy_from_slice(&99_u32.to_ne_bytes());
        names(&event, &mut |name| told.push(name.is_none()));
        names(&event[..7], &mut |name| told.push(name.is_none()));
        assert_eq!(told, [true]);
    }
}
