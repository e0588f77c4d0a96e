//! Whole stations over real sockets of this machine.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod calls;
mod chaos;
mod cut;
mod evil;
mod floods;
mod honesty;
mod interrupted;
mod loopback;
mod owner;
mod pins;
mod rights;
mod support;
