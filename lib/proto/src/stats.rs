//! Measurements of a session, for overlays, logs and tests.

use core::time::Duration;

/// What a session has measured so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Plain bytes sent.
    pub sent: u64,
    /// Plain bytes received.
    pub received: u64,
    /// Plain bytes sent that the peer has not yet acked.
    pub unacked: u64,
    /// Bytes held in memory: messages and leaves that wait to be sent, incomplete leaves, pictures
    /// and frames, and the pool of buffers for leaves (at most
    /// [`Config::grant_window`](crate::Config::grant_window)). Bytes in events that were taken out
    /// are not counted.
    pub held: usize,
    /// The last round trip.
    pub rtt: Option<Duration>,
    /// The minimum round trip of the last half minute.
    pub min_rtt: Option<Duration>,
    /// Delivery rate of the path in bytes per second; `None` before it was measured.
    pub rate: Option<u64>,
    /// Queueing delay of our bytes in the network, above the minimum one-way delay.
    pub queue_delay: Duration,
    /// Bytes of file data that may be in flight while a call is live.
    pub bulk_window: u64,
    /// Time since the peer was last heard.
    pub silent: Duration,
    /// Pictures whose sending began.
    pub pictures_begun: u64,
    /// Time from the moment the last of them was ready until its first byte.
    pub picture_waited: Duration,
    /// Pictures sent completely.
    pub pictures_sent: u64,
    /// Pictures dropped for newer ones before they were begun.
    pub pictures_replaced: u64,
    /// Pictures dropped for newer ones when partly sent.
    pub pictures_aborted: u64,
    /// How long a call's slot has held a picture although the viewer has credit for it: the picture
    /// waits for the one before it, or for the path to drain. Replacing the picture by a newer one
    /// does not restart the time. The longest of all calls; `None` if no picture waits.
    pub picture_waits: Option<Duration>,
    /// Pictures received completely.
    pub pictures_received: u64,
    /// Frames of sound sent.
    pub sound_sent: u64,
    /// Frames of sound dropped because they waited for 200 ms.
    pub sound_dropped: u64,
    /// How long the oldest frame of sound has been waiting; `None` if none waits.
    pub sound_waits: Option<Duration>,
    /// Bytes of file data that were granted to the peer and not yet taken by the disk. At most
    /// [`Config::session_window`](crate::Config::session_window), unless the window was shrunk.
    pub granted: u64,
    /// The part of `granted` that was given out as events and is being stored.
    pub storing: u64,
    /// Time from capture to display at the peer, of the last picture that the peer showed.
    pub shown_after: Option<Duration>,
}
