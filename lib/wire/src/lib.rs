//! The bytes on the wire: frames, messages, limits and names. It knows nothing but slices.
//!
//! This page is the specification of transom's protocol, version 1. Code cites its sections as
//! `wire 3.2`. All integers are big-endian. All text is UTF-8.
//!
//! # 1. Connection
//!
//! One TCP connection joins a pair of peers; the side that connected is the *dialer*, the other
//! the *listener*. First comes the handshake of section 2, then records until the end.
//!
//! # 2. Preamble and handshake (carried out by `transom-secure`)
//!
//! ```text
//! dialer   -> "TRSM" | oldest u8  | newest u8  | side u8 (1) | ciphers u8 | purpose u8 | 0 u8 x 3
//! listener -> "TRSM" | version u8 | version u8 | side u8 (2) | cipher  u8 | purpose u8 | 0 u8 x 3
//! dialer   -> len u16 | Noise_XX message 1        32 bytes: e
//! listener -> len u16 | Noise_XX message 2        96 bytes: e, ee, s, es
//! dialer   -> len u16 | Noise_XX message 3        64 bytes: s, se; or 128 with a name
//! ```
//!
//! `oldest` to `newest` are the versions that the dialer speaks. The listener answers with the
//! newest one that both speak; where there is none it answers with its own range and closes, so
//! that the dialer can tell its user which side is too old. `purpose` is 1 for a session (all that
//! follows) and 2 for a pairing (section 10). A listener that doesn't serve a purpose answers with
//! purpose 0 and closes; else it repeats the dialer's purpose. The last three bytes are ignored: a
//! later version may use them.
//!
//! `ciphers` is a set: bit 0 ChaCha20-Poly1305 (always set), bit 1 AES-256-GCM (set where the CPU
//! has AES instructions). The listener picks one bit: AES-GCM if both have it. Both preambles are
//! the Noise prologue, so the handshake fails if a bit of them is changed on the way.
//!
//! The payload of message 3 is empty, or 64 bytes: the dialer's name for itself, padded with zeros.
//! The name is an unverified hint for a listener that does not know the key. An illegal
//! [`PeerName`] is ignored.
//!
//! After message 2 the dialer knows the listener's key and can close before it reveals its own.
//! A side that does not allow the other's key sends it nothing beyond these messages.
//!
//! # 3. Records and frames
//!
//! ## 3.1 Records
//!
//! ```text
//! +--------+----------------------------+
//! | len 16 | sealed bytes (len of them) |     plain bytes = len - 16 (the tag)
//! +--------+----------------------------+
//! ```
//!
//! A record is the unit of pre-emption. While a call runs it holds at most [`limits::RECORD_LIVE`]
//! plain bytes, and at most what the path delivers in 10 ms; otherwise at most
//! [`limits::RECORD_BULK`], and at most what the path delivers in 250 ms. In both cases the largest
//! frame that is not picture or file data fits. The plain bytes of all records of one direction
//! form one stream of frames. A frame may span records, but our sender never does that. Each
//! direction changes its key (Noise REKEY) after every 2^20 records.
//!
//! ## 3.2 Frames
//!
//! ```text
//!  0               4       5       6       8
//! +---------------+-------+-------+-------+----------------+
//! | payload len   | kind  | flags | stream| payload        |
//! +---------------+-------+-------+-------+----------------+
//! ```
//!
//! The payload is at most [`limits::PAYLOAD`] bytes. `stream` is the number of a call or a
//! transfer, or 0 for the connection itself. The side that opens a stream picks its number: odd for
//! the dialer, even from 2 for the listener. Flags are 0 unless a message defines one. A known kind
//! with an illegal field ends the connection.
//!
//! ## 3.3 Classes
//!
//! A sender that has frames of several classes sends the highest class first, and keeps the order
//! within a class. From the top: [`Class::Control`], [`Class::Audio`] (sound), [`Class::Video`],
//! [`Class::Text`] (texts and file control), [`Class::Bulk`] (file data). A picture is completed or
//! aborted before a picture of another call begins. Transfers with file data take turns. Text and
//! bulk keep a small guaranteed share, so that a saturated call can't starve them.
//!
//! ## 3.4 Forward compatibility
//!
//! What a later version may add, and what this version does with it:
//!
//! | later | this version |
//! |---|---|
//! | a kind of frame | skips the frame by its length; its bytes count and are acked like others |
//! | a value of a code (reason, state, kind of call, ...) | keeps the value, and does what the code's section says of unknown values |
//! | a field of [`Hello`], [`Join`], [`Ring`], [`CameraStats`], [`SoundHead`], [`PictureHead`], [`Offer`], [`Entry`] or [`Introduction`] | skips it: each ends in an *extension area* |
//! | a capability | keeps the bit |
//!
//! An extension area is a sequence of `type u8 | length u16 | value`, in any order, each type at
//! most once. It extends to the end of the payload; only the picture head's area is preceded by its
//! length, since the picture's bytes follow. No type is defined yet. An extension must be safe to
//! ignore: a feature that the receiver has to understand is negotiated by a capability first.
//!
//! ## 3.5 Statuses and failures
//!
//! ```text
//! status    code u8 | text                                  Bye, Decline, HangUp, camera state,
//!                                                           sound state, Refuse, Finished, Cancel
//! failure   index u32 | reason u8 | errno u32 | text        Failed, Abandon
//! ```
//!
//! A [`Status`] and a [`Failure`] hold a code that a program acts on, and text that explains it to
//! a person. The text may be empty, has at most [`limits::REASON`] bytes and extends to the end of
//! the payload. `errno` is the error number of the system where the error happened, or 0. A status
//! or failure of an unknown code is handled like others of its kind; its text explains it.
//!
//! # 4. Messages of the connection (class control, stream 0)
//!
//! | kind | message | payload |
//! |---|---|---|
//! | 0x01 | [`Hello`] | session u64, nonce u64, capabilities u32, clock u64, name length u8, name, extensions |
//! | 0x02 | Bye | status of a [`ByeCode`] |
//! | 0x03 | [`Ping`] | clock u64 |
//! | 0x04 | [`Pong`] | echo u64, clock u64 |
//! | 0x05 | [`Ack`] | received u64, clock u64 |
//! | 0x06 | [`Join`] | session u64, session to join u64, extensions |
//! | 0x07 | [`Live`] | on u8 |
//!
//! Clocks are microseconds of the sending side's monotonic clock; their zero is arbitrary. `Hello`
//! is each side's first frame. `session` identifies one run of the station; the nonces decide glare
//! (section 5). `Ack.received` counts the plain bytes received since the connection began. Each
//! side acks the end of a picture at once; other frames of classes audio, video and bulk, and
//! unknown kinds, at once but at most every 2 ms; all other frames within 20 ms. `Ack`, `Ping`,
//! `Pong` and [`Shown`] alone cause no ack. `Ping` and `Pong` measure round trip and clock offset;
//! each side pings every second, also while other bytes arrive, since the clock offset needs the
//! samples. A peer that is silent for 20 s counts as lost; while a call rings or runs, after 4.5 s.
//! The silence ends with a whole frame of any kind, or with 4 KiB of a frame or record that is
//! still incomplete.
//!
//! ## 4.1 Capabilities
//!
//! Bits of `Hello.capabilities`: 0 camera (can be watched, no person has to answer), 1 calls (a
//! person or a program answers them), 2 files (receives them), 3 sound (takes the messages of
//! section 9, and sound as PCM), 4 Opus (takes sound as Opus too). A window shows by them what a
//! contact can do; they grant nothing. No message of section 9 is sent to a peer without bit 3, and
//! no sound as Opus to one without bit 4.
//!
//! ## 4.2 Join
//!
//! A later version may open a further connection between the same two keys. On it both sides send
//! `Join` instead of `Hello`; it names the two sessions to which the connection belongs. This
//! version opens none, and answers a `Join` with `Bye` and code *unsupported*.
//!
//! ## 4.3 Live
//!
//! `Live` says whether a call rings or runs at the sender's station or in another program of the
//! same owner. Before the first `Live`, none does. All these share the sender's link to the
//! network, so the receiver of `Live` keeps the queue of its own file data on that link short.
//!
//! # 5. Calls (class control; stream = the call)
//!
//! | kind | message | payload |
//! |---|---|---|
//! | 0x10 | [`Ring`] | call kind u8, extensions |
//! | 0x11 | Answer | - |
//! | 0x12 | Decline | status of an [`EndReason`] |
//! | 0x13 | HangUp | status of an [`EndReason`] |
//! | 0x14 | [`Shown`] | sequence u32, clock u64 |
//! | 0x15 | Camera state | status of a [`CameraState`] |
//! | 0x16 | [`Recording`] | on u8 |
//! | 0x17 | Sound state | section 9 |
//! | 0x18 | [`Listen`] | section 9 |
//! | 0x19 | [`WantStats`] | on u8 |
//! | 0x1a | [`CameraStats`] | section 5.1 |
//!
//! ```text
//!   idle --Ring--> ringing --Answer--> live --HangUp--> ended
//!                     |  \---Decline--------------------^
//!                     \------HangUp (caller gave up)----^
//! ```
//!
//! Call kind *view* asks for the far camera alone; *talk* lets both send. When both sides ring at
//! once, the call of the side with the lower nonce yields: it counts as declined with reason
//! *glare* without a message, by both. Where the two rings travel by two connections of the same
//! two stations, the side with the lower session number yields: it answers the other's ring, and
//! its own is declined with *glare*. An `Answer` to a call that its caller has given up meanwhile
//! is answered with `HangUp`. A `Ring` of an unknown kind is declined with reason *unsupported*; of
//! an unknown [`CameraState`] the viewer shows the text. State *reduced* says that this viewer gets
//! fewer or coarser pictures than the camera delivers; its text says how many, and why. `Shown`
//! returns the credit of one picture. `Recording` tells the side that sends pictures whether the
//! other side records them; when a call begins, it does not.
//!
//! ## 5.1 Statistics of a camera
//!
//! | field | type | unit and meaning |
//! |---|---|---|
//! | agreed rate | u32 | frames a second as agreed with the device, 0 where nothing is agreed |
//! | rate | u32 | tenths of a frame a second: frames that came since the message before, or in the last second |
//! | good, stale, damaged, unusable, too large, skipped, mended | u64 each | frames by what became of them, as [`FrameCounts`] says |
//! | capture, encode, wait | u32 and u32 each | p50 and p99 of the stage (section 6) over the last 5 s, in microseconds; 2^32-1 twice where the stage is absent or not known |
//! | viewers | u16 | how many see the camera |
//! | sent, dropped, left out | u64 each | pictures for this viewer, as [`CameraStats`] says |
//! | temperature | i16 | of the processor, in tenths of a degree Celsius; -2^15 where it is not known |
//! | throttling | u8 | [`Throttling`]: bit 0 the machine tells the others, 1 its supply is too weak, 2 its processor is slowed down |
//!
//! then an extension area. `WantStats` says whether its sender, which gets the pictures of a
//! camera, wants statistics of it; before the first `WantStats` it does not. While it does and is
//! shown the camera, a `CameraStats` is sent at most once a second. Counts are cumulative, each at
//! most [`limits::COUNT`]; only their differences within one call mean anything, as counting began
//! when any viewer or the owner asked first. No other viewer is named. These two messages need no
//! capability, since nobody has to answer: an older version skips them as unknown kinds, and the
//! viewer gets no statistics. A `WantStats` to a side that sends no pictures in the call, and a
//! `CameraStats` from one, are illegal.
//!
//! # 6. Video (class video; stream = the call)
//!
//! | kind | message | payload |
//! |---|---|---|
//! | 0x30 | [`PictureHead`] | sequence u32, captured u64, acquired_after u32, ready_after u32, sent_after u32, width u16, height u16, orientation u8, codec u8, total u32, extension area length u16, extensions, bytes |
//! | 0x31 | picture data | bytes |
//! | 0x32 | Abort | - |
//!
//! One head, then as many data frames as it takes; flag [`flags::LAST`] is on the frame that
//! completes `total`. `Abort` discards the unfinished picture. `captured` is in the sender's clock.
//! The other times are microseconds from `captured`, in ascending order:
//!
//! ```text
//! captured -capture-> acquired_after -encode-> ready_after -wait-> sent_after -wire-> received
//!                     0: the camera  equal to it: the               the first         by the
//!                     tells no time  camera encodes                 byte leaves       viewer
//! ```
//!
//! A receiver clamps a time that exceeds `sent_after` to `sent_after`. A picture of an unknown
//! codec is received but not shown, and its credit is returned; a picture of an unknown orientation
//! is shown upright. At most [`limits::PICTURE_CREDIT`] pictures are sent and not yet shown. Our
//! sender keeps at most two, not counting pictures that left less than a round trip ago.
//!
//! # 7. Text and files (class text; stream = the transfer, 0 for texts)
//!
//! | kind | message | direction | payload |
//! |---|---|---|---|
//! | 0x40 | [`Text`] | any | id u32, text |
//! | 0x41 | [`TextAck`] | any | id u32 |
//! | 0x4a | [`Again`] | receiver | index u32, offset u64, leaves u32 |
//! | 0x4c | [`DiskFull`] | receiver | bytes missing u64, 0 for none |
//! | 0x4d | [`LimitedBy`] | sender | code u8 |
//! | 0x50 | [`Offer`] | sender | transfer id 16 B, shape u8, collision u8, files u32, bytes u64, is_counted u8, name length u16, name, extensions |
//! | 0x51 | [`Accept`] | receiver | held u64 |
//! | 0x52 | Refuse | receiver | status of a [`RefuseReason`] |
//! | 0x53 | [`Entry`] | sender | index u32, kind u8, mode u16, mtime i64 ns, size u64, path length u16, path, extensions |
//! | 0x54 | [`Start`] | receiver | index u32, offset u64 |
//! | 0x56 | Failed | receiver | [`Failure`] |
//! | 0x57 | [`Grant`] | receiver | bytes u64 |
//! | 0x58 | [`Progress`] | receiver | received u64, verified u64, durable u64 |
//! | 0x59 | [`Done`] | receiver | index u32, root 32 B |
//! | 0x5a | [`Finish`] | sender | entries u32 |
//! | 0x5b | Finished | receiver | status of an [`Ending`] |
//! | 0x5c | [`Pause`] | any | paused u8 |
//! | 0x5d | Cancel | any | status of a [`RefuseReason`] |
//! | 0x5e | [`Rate`] | any | bytes per second u64, 0 for none |
//! | 0x5f | [`Total`] | sender | files u32, bytes u64, is_counted u8 |
//!
//! and in class bulk, so that they keep their order with the data:
//!
//! | kind | message | direction | payload |
//! |---|---|---|---|
//! | 0x60 | [`Leaf`] | sender | index u32, offset u64, len u32, hash 32 B, content u8 |
//! | 0x61 | data | sender | bytes |
//! | 0x62 | [`End`] | sender | index u32, size u64, root 32 B |
//! | 0x63 | Abandon | sender | [`Failure`] |
//! | 0x64 | [`Hashes`] | sender | index u32, offset u64, 1 to 128 hashes of 32 B |
//!
//! ```text
//!  sender                                receiver
//!    Offer            ---------------->    asks the contact book or the user
//!                     <----------------  Accept, Grant
//!    Entry 0..n       ---------------->    looks up what it already has
//!                     <----------------  Start(i, offset)          offset 0: nothing held
//!    Leaf, data, ..   ---------------->    hash checked, written, journalled
//!                     <----------------  Grant, Progress
//!    Hashes(i, ..)    ---------------->    compared with those of the leaves held
//!                     <----------------  Again(i, offset, leaves)  those that differ
//!    End(i, root)     ---------------->    root checked
//!                     <----------------  Done(i, root)             verified
//!    Finish           ---------------->    synced, published, folder synced
//!                     <----------------  Finished                  durable
//! ```
//!
//! A sender offers a folder before it has counted all that is in it: then `is_counted` is 0, and
//! files and bytes are what it has counted so far. A [`Total`] may come at any time until the
//! Finish. No count of it is below an earlier one, and `is_counted` stays 1. Once it is 1, the
//! entries announced are within the last total, and until then within [`limits::ENTRIES`] and
//! [`limits::FILE`]. A Finish is legal once it is 1; entries that vanished since they were counted
//! are never announced, so its count may be lower.
//!
//! Entries are sent ahead of data without waiting, at most [`limits::ENTRIES_AHEAD`] of them not
//! yet done. A file's data is divided into leaves of [`limits::LEAF`] bytes; the last may be
//! shorter. A leaf's hash is the BLAKE3 chaining value of its subtree (for a file of one leaf: the
//! root), so the root over all leaves is the BLAKE3 hash of the file as `b3sum` prints it.
//!
//! A receiver that has the beginning of a file, or all of it, asks to `Start` where that ends. The
//! sender sends the leaves from there on in ascending order. When it has nothing to send, or may
//! not send, it reads the beginning and sends the hashes of its leaves, each once and in ascending
//! order. The receiver compares them with its own, and asks for leaves that differ by `Again`; so
//! it does for a leaf whose data do not have the announced hash. The sender sends leaves that are
//! asked for again in the order of the requests, each run in ascending order. A sender with no
//! more leaves to send, all hashes of the beginning included, sends `End`, once. `Again` may follow
//! until `Done`; leaves sent then have no further `End`.
//!
//! These are illegal: hashes out of order, twice, after `End`, or of leaves from the `Start` on; a
//! leaf that is neither the next nor the next of those asked for again; an `Again` of leaves that
//! the sender has neither sent nor been told to be held, more than [`limits::RUNS_AGAIN`] of an
//! entry at once, and more than 4 times its leaves and 64 in all.
//!
//! A file that is written to while it is sent is an entry of kind *growing*, the one entry of an
//! offer of one file, with `size` 0. Its size is the bytes of the last [`Total`], or of the `Offer`
//! before any, and is final once these are counted. Until then the sender sends no hashes, and only
//! leaves that the file goes on behind: those before the [last one](last_leaf). A `Start` is at one
//! of these or at the last one. Once the size is final, the sender sends the rest, then the hashes
//! of all leaves but the last, read again, and then `End`: the program that wrote the file may have
//! changed its beginning, as that of a film gets its length at the end. The receiver keeps the time
//! at which its own file was written last.
//!
//! A leaf that lies in a hole of the sender's file is announced as a [`LeafContent::Hole`] and has
//! no data frames. It counts as its length in grants and in progress, but not for a rate limit. Its
//! hash is checked as that of zeros. A receiver makes a hole of it as far as its disk has such, and
//! of the pages of zeros in a leaf that has holes. Other content is illegal.
//!
//! `Grant.bytes` is cumulative over the transfer: the sender may have sent at most so many data
//! bytes, of which each hash in `Hashes` counts as [`limits::HASH_CREDIT`]. The counts of
//! `Progress` are cumulative too, without hashes, and `durable <= verified <= received`. Sent,
//! received, verified and durable are four different states; only *durable* is success. Index
//! 2^32-1 in `Failed` and `Abandon` means the transfer as a whole.
//!
//! `DiskFull` says that the receiver's disk or quota lacks so many bytes for the rest of the
//! transfer: the sender sends no data until it says 0. The receiver may say so at any time, also
//! before its `Accept`.
//!
//! `Start`, `Done`, `Failed` and `Abandon` of an entry that is already settled crossed on the way
//! and are ignored, as is every message of a transfer that ended less than a round trip ago.
//! `Pause` and `Rate` are valid for one connection: on the next one a sender repeats them after its
//! `Offer`, a receiver before its `Accept`. The answer to an `Offer` waits while the receiver
//! checks whether an older connection of the same key still carries the transfer. A sender has at
//! most [`limits::TEXTS_AHEAD`] texts without a `TextAck`; a receiver delays the acks of texts that
//! arrive faster than a person can read.
//!
//! `LimitedBy` is only shown to the user: a sender knows what it waits for, its receiver does not.
//! It is sent when it changes, at most once a second.
//!
//! An `Offer` of an unknown shape or collision is refused, and an `Entry` of an unknown kind fails,
//! both with reason *unsupported*; an unknown [`Ending`] does not count as success.
//!
//! # 8. Names and keys
//!
//! A [`PeerName`] is 1 to 64 bytes of UTF-8, visible characters only: none that has the Unicode
//! 16.0 property Default_Ignorable_Code_Point or White_Space or the general category Cc or Cf, and
//! not U+2800, U+16FE4, U+1D159 or U+10FE01 to U+10FEFF. A [`PublicKey`] is written as 56
//! characters of base32 in eight groups, every fourteenth a check character; its first sixteen are
//! its fingerprint.
//!
//! A [`RelativePath`] is a path that can't leave its folder: parts of 1 to 255 bytes joined by `/`,
//! none `.` or `..`, without backslash, control character, or a letter and `:` at the start of a
//! part. Names of files that break this or are no UTF-8 still have a path: U+10FE01 to U+10FEFF
//! stand for one byte each, their last. So are told, and nothing else is: the bytes of a backslash,
//! of a control character, of such a character itself and of what is no UTF-8, and the `:` after a
//! letter that begins a part. A receiver makes the bytes of them again. It fails an entry whose
//! path tells other bytes so, and one that its disk can't hold, with reason *bad name*.
//!
//! # 9. Sound (class audio, its two states class control; stream = the call)
//!
//! | kind | message | payload |
//! |---|---|---|
//! | 0x17 | Sound state | status of a [`SoundState`] |
//! | 0x18 | [`Listen`] | on u8 |
//! | 0x20 | [`SoundHead`] | codec u8, rate u32 (48,000), channels u8 (1), samples a frame u16 (120 to 1920), extensions |
//! | 0x21 | [`Sound`] | sequence u32, captured u64, bytes |
//! | 0x22 | SoundEnd | - |
//!
//! Both sides of a live call may send sound, in a call of either kind. A head precedes the first
//! frame, and each first frame of another format. `captured` is the time of the first sample in the
//! sender's clock. A frame of PCM has two bytes a sample, little-endian; a frame of Opus is one
//! packet of at most [`limits::OPUS_PACKET`] bytes. Frames of an unknown codec are received and not
//! played. Sequence numbers increase, by serial number arithmetic (RFC 1982); a gap means that the
//! sender dropped frames which had waited for too long. Flag [`flags::VOICE`] says that the
//! sender found speech in the frame. `SoundEnd` ends a run of frames: a side that mutes its
//! microphone sends it and then nothing. The next frame begins another run.
//!
//! These are illegal: a frame before any head or of a length that its head rules out, a sequence
//! that does not grow, a `SoundEnd` outside a run, more than [`limits::SOUND_FRAMES`] frames a
//! second, and each message of this section that is sent to a side without capability bit 3.
//!
//! `Listen` says whether its sender wants the other side's sound; before the first `Listen` it does
//! not. Sound is sent only to a side that listens and has the right to. A sound state says whether
//! a side sends sound, and why not; before the first one the side counts as without a microphone.
//! An unknown [`SoundState`] is shown by its text.
//!
//! # 10. Pairing (a connection of its own, purpose 2; carried out by `transom-secure`)
//!
//! A pairing lets two stations that don't know each other's key learn it by a code that one side
//! shows and a person types at the other. The side that shows the code listens.
//!
//! ```text
//! code      47-otter-violin: a public number of two digits, and two secret words of a list of 1296
//! password  "otter-violin": the words in lower case, joined by a hyphen
//! h         the hash of the handshake
//! idD       "transom pair 1 dialer " h D      D, L: the public keys, as each side has seen them
//! idL       "transom pair 1 listener " h L
//!
//! 1  dialer   -> element      33 bytes: SPAKE2 on Ed25519, side A, of (password, idD, idL)
//! 2  listener -> element      33 bytes: the same, side B
//!                K = the key of SPAKE2
//!                proofs = HKDF-SHA256(salt h, K), 32 bytes each, of
//!                         "transom pair 1 dialer confirms" and "transom pair 1 listener confirms"
//! 3  dialer   -> proof        the dialer's
//! 4  listener -> proof | introduction            proof: the listener's
//! 5  dialer   -> introduction
//!
//! introduction  keep u8 | grants u16 | port u16 | name length u8 | name | extensions
//! ```
//!
//! Handshake message 3 of a pairing carries no name, and both sides admit any key but their own.
//! Then come these five records and nothing else, each a record of section 3.1 of at most
//! [`limits::PAIRING_RECORD`] plain bytes; the whole connection takes at most 5 s. After record 5
//! both sides close. A side that receives anything else, or a wrong proof, closes without an
//! answer.
//!
//! `keep` says whether the sender adds the receiver to its contacts (1) or admits it for one
//! transfer (2, and any unknown value). `grants` is what the receiver may do at the sender's
//! station: bits 0 view, 1 call, 2 files, 3 hear, 4 talk, 5 auto. `port` is the TCP port at which
//! the sender usually listens, or 0.
//!
//! Each wrong proof is one guess of the code, and a code admits three. The listener counts the
//! wrong proofs that it receives; the third invalidates its code. The dialer's proof lets a false
//! listener check one guess, so the dialer counts each proof that it sends without getting a right
//! proof back, and sends at most three for one entered code. A right proof uses the code up.
#![no_std]
#![forbid(unsafe_code)]

mod error;
mod frame;
mod hidden;
mod key;
pub mod limits;
mod message;
mod name;
mod pairing;
mod read;
mod side;
mod write;

pub use error::{DecodeError, Full};
pub use frame::{Class, Header, Kind, flags};
pub use key::{Fingerprint, InvalidFingerprint, InvalidKey, PublicKey};
pub use message::Message;
pub use message::call::{CallKind, CameraState, EndReason, Recording, Ring, Shown};
pub use message::control::{Ack, ByeCode, Capabilities, Hello, Join, Live, Ping, Pong};
pub use message::file::{
    Accept, Again, Collision, DiskFull, Done, End, Ending, Entry, EntryKind, FailReason, Failure,
    Finish, Grant, Hashes, Leaf, LeafContent, LimitedBy, Offer, Pause, Progress, Rate,
    RefuseReason, Shape, Start, Total, TransferKey, WHOLE, last_leaf,
};
pub use message::sound::{Listen, Sound, SoundCodec, SoundHead, SoundState};
pub use message::stats::{CameraStats, FrameCounts, StageTimes, Throttling, WantStats};
pub use message::status::Status;
pub use message::text::{Text, TextAck};
pub use message::video::{Codec, Orientation, PictureHead};
pub use name::{InvalidName, InvalidPath, PeerName, RelativePath, raw_byte, raw_character};
pub use pairing::{Grants, Introduction, Keep, PairingRecord, PairingStep};
pub use side::Side;

#[doc(hidden)]
pub mod fuzzing;
