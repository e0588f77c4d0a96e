//! The twin of `faults` without its feature: no disk can be mounted, so that no call of a program
//! in use asks for one.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs;

use rustix::io::Errno;

use crate::disk::Op;

/// A descriptor on a disk that is mounted: there is none.
#[derive(Debug)]
pub(crate) struct Watch(Infallible);

pub(crate) fn mounted_over(_: &fs::File) -> Option<Watch> {
    None
}

impl Watch {
    pub(crate) fn opened(&self, _: Op, _: &fs::File) -> Self {
        match self.0 {}
    }

    pub(crate) fn query<T, E>(
        &self,
        _: Op,
        _: &OsStr,
        _: &fs::File,
        _: impl FnOnce(&fs::File) -> Result<T, E>,
    ) -> Result<T, E> {
        match self.0 {}
    }

    pub(crate) fn command<E>(
        &self,
        _: Op,
        _: &OsStr,
        _: &fs::File,
        _: impl FnOnce(&fs::File) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.0 {}
    }

    pub(crate) fn rename(
        &self,
        _: (&fs::File, &OsStr),
        _: (&fs::File, &OsStr),
        _: impl FnOnce(&fs::File, &fs::File) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        match self.0 {}
    }

    pub(crate) fn file_system(&self) -> u32 {
        match self.0 {}
    }
}
