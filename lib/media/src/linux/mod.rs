//! Cameras of Linux: V4L2 devices. It offers the same functions as `nokhwa`.

mod camera;
mod color;
mod devices;
#[cfg(test)]
mod faults;
mod holder;
mod identity;
mod modes;
mod opener;
pub(crate) mod queue;
mod watch;

pub(crate) use camera::open;
pub(crate) use devices::{candidates, list};
pub(crate) use holder::name as holder;
pub(crate) use identity::{usb_speed, wants_reset};
pub use opener::Opener;
pub use watch::DeviceWatch;
