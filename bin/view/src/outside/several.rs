//! Where there are no sockets with a file's rights: each start opens a window of its own.

use std::convert::Infallible;
use std::path::Path;

use super::Request;

/// Never happens here.
pub(crate) type SingleError = Infallible;

/// Which start this is: always the first.
pub(crate) enum Claim {
    First(Single),
    #[expect(dead_code, reason = "there is no second start here")]
    Second,
}

/// Nothing to hold.
pub(crate) struct Single;

/// Requests of later starts: there are none.
pub(crate) struct Requests;

impl Single {
    pub(crate) fn requests(&self) -> Option<Requests> {
        None
    }
}

impl Requests {
    pub(crate) fn serve(self, _: impl FnMut(Request)) {}
}

pub(crate) fn claim(_: &Path, _: &Request) -> Result<Claim, SingleError> {
    Ok(Claim::First(Single))
}
