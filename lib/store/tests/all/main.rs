//! The store as its users see it: folders in, folders out, and everything that can go wrong between.

mod crash;
mod disk;
mod hostile;
mod links;
mod receive;
mod resume;
mod send;
mod support;
