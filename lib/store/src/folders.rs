//! The mode and time of each folder of a transfer, kept on the disk until their files are in.
//! A folder's time changes with every file made in it, so it is set last.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, Write as _};

use crate::dir::Dir;

/// The list, in the order the folders came.
#[derive(Debug)]
pub(crate) struct Folders {
    list: BufWriter<File>,
}

impl Folders {
    /// Begins the list anew: each attempt hears of all folders again.
    pub(crate) fn new(file: File) -> io::Result<Self> {
        file.set_len(0)?;
        Ok(Self {
            list: BufWriter::new(file),
        })
    }

    /// Notes a folder. Paths hold no NUL, so it ends them.
    pub(crate) fn put(&mut self, path: &str, mode: u16, mtime: i64) -> io::Result<()> {
        self.list.write_all(&mode.to_le_bytes())?;
        self.list.write_all(&mtime.to_le_bytes())?;
        self.list.write_all(path.as_bytes())?;
        self.list.write_all(b"\0")
    }

    /// Sets modes and times below the tree.
    pub(crate) fn apply(&mut self, tree: &Dir) -> io::Result<()> {
        self.list.flush()?;
        self.list.rewind()?;
        let mut list = BufReader::new(self.list.get_ref());
        while !list.fill_buf()?.is_empty() {
            let (mut mode, mut mtime, mut path) = ([0; 2], [0; 8], Vec::new());
            list.read_exact(&mut mode)?;
            list.read_exact(&mut mtime)?;
            list.read_until(b'\0', &mut path)?;
            path.pop();
            let path = String::from_utf8(path).map_err(|_| io::ErrorKind::InvalidData)?;
            let folder = tree.sub(&path)?;
            folder.permit(u16::from_le_bytes(mode))?;
            folder.date(i64::from_le_bytes(mtime))?;
        }
        Ok(())
    }
}
