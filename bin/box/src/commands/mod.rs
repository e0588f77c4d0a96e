//! One file for each command. Each has a `run` that ends with success or says why not.

#[cfg(feature = "http")]
pub(crate) mod bridge;
pub(crate) mod call;
pub(crate) mod camera;
pub(crate) mod cameras;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
#[cfg(feature = "discovery")]
pub(crate) mod find;
pub(crate) mod id;
#[cfg(feature = "manual")]
pub(crate) mod manual;
pub(crate) mod pair;
#[cfg(feature = "http")]
pub(crate) mod pass;
pub(crate) mod receive;
pub(crate) mod send;
#[cfg(feature = "sound")]
pub(crate) mod sounds;
pub(crate) mod spool;
pub(crate) mod text;
pub(crate) mod users;
pub(crate) mod watch;
