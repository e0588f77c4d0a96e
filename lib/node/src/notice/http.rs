//! What a station tells of the clients of its HTTP door.

use crate::camera::ViewerCounts;

/// Clients of the HTTP door that look at our camera or listen to it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HttpViewers {
    /// How many look.
    pub count: usize,
    /// How many listen.
    pub listeners: usize,
    /// The names of their passes, each once; empty where no pass is needed.
    pub passes: Vec<String>,
    /// Pictures that the camera gave to the door since the station started.
    pub given: u64,
    /// Pictures for all clients since then.
    pub pictures: ViewerCounts,
}
