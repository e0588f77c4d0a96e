//! Numbers of a session, for overlays, logs and tests.

use core::time::Duration;

/// What a session has measured so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Plain bytes sent.
    pub sent: u64,
    /// Plain bytes received.
    pub received: u64,
    /// Plain bytes sent that the peer has not yet acknowledged.
    pub unacked: u64,
    /// Bytes held in memory: messages and leaves that wait to be sent, leaves, pictures and frames
    /// that are not yet whole, and buffers of leaves kept to be filled again (at most
    /// [`Config::grant_window`](crate::Config::grant_window)). What was given out as an event is
    /// the caller's.
    pub held: usize,
    /// The last round trip.
    pub rtt: Option<Duration>,
    /// The shortest round trip of the last half minute.
    pub min_rtt: Option<Duration>,
    /// The rate at which the path delivers what we send, in bytes per second; `None` before it was
    /// measured.
    pub rate: Option<u64>,
    /// How long bytes of ours wait on the way beyond the shortest they took.
    pub queue_delay: Duration,
    /// File data that may be on the way at once while a call is live.
    pub bulk_window: u64,
    /// How long the peer has been silent.
    pub silent: Duration,
    /// Pictures sent whole.
    pub pictures_sent: u64,
    /// Pictures dropped for newer ones before they were begun.
    pub pictures_replaced: u64,
    /// Pictures dropped for newer ones when half sent.
    pub pictures_aborted: u64,
    /// How long a picture has been waiting in its slot though the viewer has credit for it: for the
    /// picture before it, or for the path to drain. A newer picture that replaces the waiting one
    /// waits on. The longest of all calls; `None` if none waits.
    pub picture_waits: Option<Duration>,
    /// Pictures received whole.
    pub pictures_received: u64,
    /// Frames of sound sent.
    pub sound_sent: u64,
    /// Frames of sound dropped because they waited for 200 ms.
    pub sound_dropped: u64,
    /// How long the oldest frame of sound has been waiting; `None` if none waits.
    pub sound_waits: Option<Duration>,
    /// Bytes of file data that the peer was granted and the disk has not taken yet. At most
    /// [`Config::session_window`](crate::Config::session_window), unless that was made smaller.
    pub granted: u64,
    /// Bytes of `granted` that were given out as events, to be stored.
    pub storing: u64,
    /// From the sensor to the far screen, of the last picture the peer showed.
    pub shown_after: Option<Duration>,
}
