//! Cameras of Linux: V4L2 devices. Twin of `elsewhere`; both offer `open` and `list`.

mod camera;
mod color;
mod devices;
mod holder;
mod modes;
pub(crate) mod queue;

pub(crate) use camera::open;
pub(crate) use devices::list;
