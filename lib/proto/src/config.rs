//! The configuration of a session: our identity and capabilities, and limits with their reasons.

use core::time::Duration;

use transom_wire::{Capabilities, PeerName};

use crate::Uplink;

/// The order in which a session sends waiting frames.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Order {
    /// By class, with file data limited by queueing delay while a call is live.
    #[default]
    Priority,
    /// For comparison in measurements only: pictures and file data take turns, and nothing limits
    /// the bytes in flight of either.
    Naive,
}

/// Our identity on one connection, and its limits. [`Config::new`] sets the default limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name that we give ourselves. It proves nothing to the peer.
    pub name: PeerName,
    /// Random number of this connection, for logs.
    pub session: u64,
    /// Random; decides which call yields when both sides ring at once.
    pub nonce: u64,
    /// What this station supports, told to the peer. Default none.
    pub capabilities: Capabilities,
    /// Transfers open at once in each direction. Default 16: more than a person has under way.
    pub max_transfers: usize,
    /// Calls open at once, including ringing ones. Default 8: a connection usually carries one or
    /// two, and each lets the peer make us hold a picture of up to 8 MiB.
    pub max_calls: usize,
    /// Texts sent and not yet acked. Default 64: more than a user types within a round trip.
    pub text_queue: usize,
    /// Size of the token bucket for received texts. Default 32: a page pasted line by line passes
    /// at once.
    pub text_burst: u32,
    /// Time in which that bucket gains a token. Default 250 ms: faster than a user reads. Texts
    /// that exceed the bucket wait without an ack, so that none is lost and the peer's
    /// [`text_queue`](Self::text_queue) fills.
    pub text_pause: Duration,
    /// Bytes of messages that wait to be sent. Default 1 MiB. At half of it, entries of folders are
    /// held back; above twice of it, the connection ends, since the peer makes us reply and does
    /// not read.
    pub control_queue: usize,
    /// Interval between pings. Default 1 s: four pings fit into
    /// [`give_up_live`](Self::give_up_live).
    pub idle_ping: Duration,
    /// Silence after which the peer counts as lost. Default 20 s: a short outage of the Wi-Fi ends
    /// no transfer. 4 KiB of an incomplete frame end the silence, as a complete frame does.
    pub give_up: Duration,
    /// The same while a call rings or is live. Default 4.5 s: a picture is frozen for at most 5 s
    /// before the user is told.
    pub give_up_live: Duration,
    /// Queueing delay that file data may cause in the network while a call is live. Default 3 ms: a
    /// tenth of the interval between pictures at 30 fps, and measured to keep a link full.
    pub bulk_target: Duration,
    /// Bytes that texts and file data may send per hundred bytes of media, when media could use
    /// all of the path. Default 5.
    pub bulk_floor: u8,
    /// A chunk of a picture is sent when the bytes in flight drain within this time beyond the
    /// minimum round trip. Default 20 ms: with video of 36 Mbit/s on a link of 20 Mbit/s the newest
    /// picture is at most 90 ms old, and the link stays full.
    pub media_target: Duration,
    /// Bytes of leaves that wait to be sent per transfer, at least two leaves. Default 2 MiB: eight
    /// leaves keep a disk busy.
    pub leaf_room: usize,
    /// Flow control window of a transfer: bytes of leaves received and not yet taken by the disk,
    /// and the [credit](crate::LeafHashes::credit) of hashes. Default 4 MiB: what a gigabit link
    /// carries in 30 ms, the time a disk may pause without slowing the sender. The pool of empty
    /// buffers, shared by all transfers, keeps as many bytes, so that filling a window allocates no
    /// memory.
    pub grant_window: u64,
    /// Flow control window of all transfers of the session together, which bounds the memory that
    /// one peer can take. Default 16 MiB. Half of it is reserved in equal parts, so that no
    /// transfer waits for stalled ones. The other half is shared in equal parts by the transfers
    /// that receive data, so that two run at full speed.
    pub session_window: u64,
    /// The order of sending. Default [`Order::Priority`].
    pub order: Order,
    /// What all sessions of this station share; each gets a clone of one. Default one for this
    /// session alone.
    pub uplink: Uplink,
}

impl Config {
    /// A configuration with the default limits.
    pub fn new(name: PeerName, session: u64, nonce: u64) -> Self {
        Self {
            name,
            session,
            nonce,
            capabilities: Capabilities::NONE,
            max_transfers: 16,
            max_calls: 8,
            text_queue: transom_wire::limits::TEXTS_AHEAD,
            text_burst: 32,
            text_pause: Duration::from_millis(250),
            control_queue: 1024 * 1024,
            idle_ping: Duration::from_secs(1),
            give_up: Duration::from_secs(20),
            give_up_live: Duration::from_millis(4500),
            bulk_target: BULK_TARGET,
            bulk_floor: BULK_FLOOR,
            media_target: MEDIA_TARGET,
            leaf_room: 2 * 1024 * 1024,
            grant_window: 4 * 1024 * 1024,
            session_window: 16 * 1024 * 1024,
            order: Order::Priority,
            uplink: Uplink::default(),
        }
    }
}

/// [`Config::bulk_target`]: a tenth of the interval between pictures at 30 fps, and measured to
/// keep a link full.
const BULK_TARGET: Duration = Duration::from_millis(3);

/// [`Config::media_target`]: with video of 36 Mbit/s on a link of 20, the newest picture is at most
/// 90 ms old, and the link stays full.
const MEDIA_TARGET: Duration = Duration::from_millis(20);

/// [`Config::bulk_floor`]: texts and file data move beside a call that could use all of the path,
/// and take a twentieth of it at most.
const BULK_FLOOR: u8 = 5;
