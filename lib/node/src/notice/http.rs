//! What a station tells of the clients of its HTTP door.

use crate::camera::ViewerCounts;

/// Clients of the HTTP door that look at its cameras or listen to them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct HttpViewers {
    /// How many look.
    pub count: usize,
    /// How many listen.
    pub listeners: usize,
    /// The names of the passes of those that look, each once; empty where no pass is needed.
    pub passes: Vec<String>,
    /// The names of the passes of those that listen, as well.
    pub listener_passes: Vec<String>,
    /// Pictures that the cameras gave to the door since it was opened.
    pub given: u64,
    /// Pictures for all clients since then.
    pub pictures: ViewerCounts,
}
