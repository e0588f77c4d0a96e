//! What a session is told when it begins: who we are, and its limits with their reasons.

use core::time::Duration;

use transom_wire::{Capabilities, PeerName};

use crate::Uplink;

/// In which order a session sends what waits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Order {
    /// By class, with file data limited by queueing delay while a call is live.
    #[default]
    Priority,
    /// For measurements only, as the variant to compare with: pictures and file data take turns,
    /// and nothing limits how much of either is on the way.
    Naive,
}

/// Who we are on one connection, and its limits. [`Config::new`] sets good limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// What this side calls itself; a hint for the peer.
    pub name: PeerName,
    /// Random, of this connection.
    pub session: u64,
    /// Random, decides who yields when both ring at once.
    pub nonce: u64,
    /// What this station can do, for the peer to know. Default none.
    pub capabilities: Capabilities,
    /// Transfers open at once in each direction. Default 16: a person never waits for more.
    pub max_transfers: usize,
    /// Calls open at once, ringing ones too. Default 8: one connection carries one or two; each can
    /// make us hold one picture of at most 8 MiB.
    pub max_calls: usize,
    /// Texts sent and not yet acknowledged. Default 64: more than anybody types within a round
    /// trip.
    pub text_queue: usize,
    /// Texts of the peer that are told at once. Default 32: a page pasted line by line.
    pub text_burst: u32,
    /// Time between two texts of the peer beyond that. Default 250 ms: faster than anybody reads.
    /// The others wait, unacknowledged, so that none is lost and the peer's own queue fills.
    pub text_pause: Duration,
    /// Bytes of answers and requests that wait to be sent. Default 1 MiB: a peer that asks and
    /// never reads is ended there, and entries of folders wait there.
    pub control_queue: usize,
    /// How often the peer is pinged. Default 1 s: four pings fit before
    /// [`give_up_live`](Self::give_up_live).
    pub idle_ping: Duration,
    /// Silence after which the peer counts as lost. Default 20 s: a short break of the Wi-Fi ends
    /// no transfer. 4 KiB of a frame that is still coming end the silence as a whole frame does.
    pub give_up: Duration,
    /// The same while a call rings or runs. Default 4.5 s: nobody talks to a frozen picture for
    /// more than 5 s.
    pub give_up_live: Duration,
    /// Queueing delay that file data may cause on the way while a call is live. Default 3 ms:
    /// measured to keep a link full at a tenth of a picture's time at 30 per second.
    pub bulk_target: Duration,
    /// Bytes that texts and file data get for each hundred of a call that could use all of the
    /// path. Default 5.
    pub bulk_floor: u8,
    /// What is on the way drains within this, beyond the round trip of the empty path, when the
    /// next chunk of a picture is sent. Default 20 ms: with video of 36 Mbit/s on a link of 20 the
    /// newest picture is at most 90 ms old, and the link stays full.
    pub media_target: Duration,
    /// Bytes of leaves that wait to be sent per transfer, at least two leaves. Default 2 MiB: eight
    /// leaves keep a disk busy.
    pub leaf_room: usize,
    /// Bytes of leaves received and not yet taken by the disk, per transfer. Default 4 MiB: one
    /// gigabit link for 30 ms, the time a disk may pause without slowing the sender. As many bytes
    /// of empty buffers are kept for all transfers together, so that a window is filled without new
    /// memory.
    pub grant_window: u64,
    /// The same for all transfers of the session together: what one peer can make us hold for the
    /// disk. Default 16 MiB: half of it in equal parts, so that no transfer waits for others that
    /// stand still, and half in equal parts for those that move, which lets two run at full speed.
    pub session_window: u64,
    /// In which order to send what waits. Default [`Order::Priority`].
    pub order: Order,
    /// What all sessions of this station share; each gets a clone of one. Default one for this
    /// session alone.
    pub uplink: Uplink,
}

impl Config {
    /// The limits' defaults.
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
            bulk_target: Duration::from_millis(3),
            bulk_floor: 5,
            media_target: Duration::from_millis(20),
            leaf_room: 2 * 1024 * 1024,
            grant_window: 4 * 1024 * 1024,
            session_window: 16 * 1024 * 1024,
            order: Order::Priority,
            uplink: Uplink::default(),
        }
    }
}
