//! Cameras with a driver, by way of the system at hand.

#[cfg(not(target_os = "linux"))]
pub(crate) use crate::elsewhere::{list, open};
#[cfg(target_os = "linux")]
pub(crate) use crate::linux::{list, open};
