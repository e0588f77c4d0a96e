//! The store as its users see it: folders in, folders out, and everything that can go wrong between.

mod receive;
mod support;
