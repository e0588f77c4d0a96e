//! Whole stations over real sockets of this machine.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[cfg(feature = "http")]
mod bridge;
mod calls;
mod chaos;
mod claims;
#[path = "../../../../tests/support/cut.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "the file belongs to the tests' support, a library"
)]
mod cut;
#[cfg(feature = "http")]
mod door;
mod durable;
mod evil;
mod floods;
mod follow;
mod full;
mod growing;
mod honesty;
mod interrupted;
mod loopback;
mod owner;
mod paced;
mod pairing;
#[cfg(unix)]
mod panics;
mod pins;
mod quality;
mod rights;
mod seen;
mod slow_disk;
#[cfg(feature = "sound")]
mod sound;
mod support;
mod takeover;
mod told;
