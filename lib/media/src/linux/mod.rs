//! Cameras of Linux: V4L2 devices. Twin of `elsewhere`; both offer the same.

mod camera;
mod color;
mod devices;
#[cfg(test)]
mod faults;
mod holder;
mod known;
mod modes;
mod opener;
pub(crate) mod queue;
mod watch;

pub(crate) use camera::open;
pub(crate) use devices::{candidates, list};
pub(crate) use holder::name as holder;
pub(crate) use known::{usb_speed, wants_reset};
pub use opener::Opener;
pub use watch::DeviceWatch;
