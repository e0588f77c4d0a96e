//! The event loop over real sockets of this machine, on ports that the system chooses, with honest,
//! unknown and misbehaving peers.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic like the test itself"
)]

#[cfg(unix)]
mod descriptors;
mod edges;
mod hostile;
mod joining;
mod leaving;
mod moving;
mod pairing;
mod raw;
mod support;
mod waiting;
#[cfg(unix)]
mod watching;
