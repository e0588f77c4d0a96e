//! What a client may take of us, each number with its reason.

use std::time::Duration;

/// The head of a request: nginx and Apache take as much, and no client is known to send a tenth.
pub const MAX_HEAD_BYTES: usize = 0x2000;

/// Headers of a request: a browser behind two proxies sends about 30.
pub const MAX_HEADERS: usize = 48;

/// From the first byte of a head, or from the connection's start, to the head's end. A head fits in
/// one packet; a client that needs longer keeps a place from others (slowloris).
pub const HEAD_TIME: Duration = Duration::from_secs(10);

/// How long a connection stays open between two requests. Browsers close theirs after a minute or
/// more; a page that asks again needs a second.
pub const IDLE: Duration = Duration::from_secs(30);

/// A client that takes no byte for so long is gone: at 8 Mbit/s a large picture takes 1 s.
pub const STALL: Duration = Duration::from_secs(10);

/// After the last byte of an answer that closes the connection, bytes that still arrive are read
/// and dropped for so long. A socket that is closed with unread bytes sends a reset, which can
/// overtake the answer.
pub const LINGER: Duration = Duration::from_secs(1);

/// Bytes that are dropped so, or during a stream: a small upload is still told that it is refused,
/// and no upload takes the processor's time for as long as a stream lasts.
pub const MAX_DROPPED_BYTES: usize = 0x10_0000;

/// Connections at once. The limit of viewers is far below; the others are idle or strangers.
pub const MAX_CONNECTIONS: usize = 64;

/// Connections of one address at once; a browser opens 6 per page. Proxies connect from loopback
/// on behalf of many, so loopback has no such limit.
pub const MAX_CONNECTIONS_PER_ADDRESS: usize = 16;

/// How long a snapshot waits for a picture: a cold camera needs 1 to 3 s, OctoPrint gives up after
/// 5 s.
pub const SNAPSHOT_TIME: Duration = Duration::from_secs(4);

/// How long a question for the next picture is held: proxies give up after 30 s or more.
pub const NEXT_HOLD: Duration = Duration::from_secs(10);

/// A stream without a new picture for so long sends the last one again. Chromium paints a picture
/// when the second arrives; Mainsail gives up after 10 s.
pub const REPEAT: Duration = Duration::from_secs(1);

/// Sound that waits for a listener: 200 ms at 48 kHz. A listener that lags by more loses some of
/// it.
pub const MAX_SOUND_BYTES: usize = 19_200;

/// A client that listens ends when no sound came for so long: its microphone is lost, and the
/// client asks again. Or when it has not taken what came before in this time.
pub const SILENCE: Duration = Duration::from_secs(10);

/// How long a client counts as a viewer after its answer, so that a page that asks for each picture
/// keeps its slot and the camera stays open.
pub const VIEWER_KEPT: Duration = Duration::from_secs(2);

/// Characters of a state's words: a sentence. They may come from another machine.
pub const MAX_WORDS: usize = 200;

/// How many of the slots for viewers one pass may have: three quarters, and never the last one. A
/// pass in a web page that many open, or a client that connects again and again, leaves room for
/// other passes and for peers. One pass often has several streams: a printer's page, its time lapse
/// and a person's phone, so of eight slots it may have six.
pub const fn slots_of_pass(slots: usize) -> usize {
    let kept = match slots / 4 {
        0 => 1,
        quarter => quarter,
    };
    match slots.saturating_sub(kept) {
        0 => 1,
        share => share,
    }
}

/// Requests without a valid pass that one address may ask at once. A page that opens needs two, a
/// player one, so that twenty people behind one proxy may begin in the same moment.
pub const STRANGER_BURST: u32 = 100;

/// One more of these is answered after so long: 20 a second cost no measurable time, a flood that
/// is answered as fast as it asks takes a whole core.
pub const STRANGER_INTERVAL: Duration = Duration::from_millis(50);

/// Failed passes of one address are logged once in this time.
pub const FAILURE_LOG_INTERVAL: Duration = Duration::from_secs(10);
