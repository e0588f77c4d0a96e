//! Every limit of the protocol, with the reason for its number.

/// Bytes of a frame header.
pub const HEADER: usize = 8;

/// Plain bytes of the largest record: a Noise message of 65,535 bytes less its 16-byte tag.
pub const RECORD_BULK: usize = 65_519;

/// Plain bytes of the largest record while a call runs: 16 KiB is 6.5 ms at 20 Mbit/s, and an
/// urgent frame waits behind at most one record in our own queues.
pub const RECORD_LIVE: usize = 16 * 1024;

/// Plain bytes of the largest record of a pairing: a proof and an introduction take 102 bytes; the
/// rest is room for the extensions of later versions. Until it has proven to know the code, a peer
/// can't make us buffer more.
pub const PAIRING_RECORD: usize = 256;

/// Payload bytes of the largest frame, so that any frame fits one bulk record.
pub const PAYLOAD: usize = RECORD_BULK - HEADER;

/// Payload bytes of the largest frame that is not picture or file data: 4 KiB of path or text, its
/// fields, and room for the extensions of later versions.
pub const SMALL_PAYLOAD: usize = 4096 + 512;

/// Bytes of one picture: a 4K JPEG of high quality is 4 to 6 MiB.
pub const PICTURE: u32 = 8 * 1024 * 1024;

/// Pixels of a picture's width and of its height; the limit of JPEG itself is 65,535.
pub const DIMENSION: u16 = 16_384;

/// Pictures that may be sent and not yet shown: one waiting, one being decoded, and those in flight
/// at 30 fps and a round trip of 200 ms.
pub const PICTURE_CREDIT: u32 = 8;

/// The largest count of frames or pictures: more than a million years at 240 fps, and sums of
/// several such counts do not overflow.
pub const COUNT: u64 = 1 << 53;

/// Samples of sound a second: the rate of Opus and of sound servers.
pub const SOUND_RATE: u32 = 48_000;

/// Samples of the shortest frame of sound: 2.5 ms, the shortest frame of Opus.
pub const SOUND_FRAME_MIN: u16 = 120;

/// Samples of the longest frame of sound: 40 ms, so that a frame of samples that are not compressed
/// fits the smallest record, as [`SMALL_PAYLOAD`] does.
pub const SOUND_FRAME_MAX: u16 = 1920;

/// Bytes of an Opus packet of one frame (RFC 6716, section 3.4).
pub const OPUS_PACKET: usize = 1275;

/// Payload bytes of the longest frame of sound: its fields, and two bytes a sample.
pub const SOUND: usize = 12 + 2 * SOUND_FRAME_MAX as usize;

/// Frames of sound a second if each is of the shortest kind, 2.5 ms.
pub const SOUND_FRAMES: u32 = SOUND_RATE / SOUND_FRAME_MIN as u32;

/// Bytes of a text message: a long paragraph.
pub const TEXT: usize = 4096;

/// Texts sent and not yet acknowledged: more than a person types within a round trip.
pub const TEXTS_AHEAD: usize = 64;

/// Bytes of the text that explains a refusal or a failure: two lines of a terminal.
pub const REASON: usize = 256;

/// Bytes of a relative path: PATH_MAX of Linux.
pub const PATH: usize = 4096;

/// Bytes of one component of a path: NAME_MAX of Linux, macOS and Windows (there in UTF-16 units).
pub const COMPONENT: usize = 255;

/// Components of a path: users' folders are less deep; only an attack needs a deeper tree.
pub const DEPTH: usize = 128;

/// Bytes of a peer's name.
pub const NAME: usize = 64;

/// Bytes of a leaf, the unit of verification and resume: small enough for the cache of a small CPU,
/// large enough that the 60 bytes that announce it are negligible. A power of two times 1,024,
/// since BLAKE3's subtrees have such sizes.
pub const LEAF: usize = 256 * 1024;

/// Hashes of leaves in one message: 4 KiB, the hashes of 32 MiB.
pub const HASHES: usize = 128;

/// Bytes that a hash counts in a grant, a sixteenth of its leaf: a receiver reads the whole leaf to
/// compare it, so that a grant also bounds what a sender may ask it to read.
pub const HASH_CREDIT: usize = LEAF / 16;

/// Runs of leaves of one entry that are asked for again and not yet sent: a file whose changes
/// are scattered has many, and each takes 16 bytes of the sender's memory.
pub const RUNS_AGAIN: usize = 1024;

/// Entries sent ahead of the first file that is not done, so that small files don't cost a round
/// trip each.
pub const ENTRIES_AHEAD: u32 = 256;

/// Entries of one transfer: ten million files of a photo archive, but not four billion.
pub const ENTRIES: u32 = 10_000_000;

/// Bytes of one file and of one transfer: 8 EiB, the largest file offset of any system (`off_t`).
pub const FILE: u64 = i64::MAX as u64;
