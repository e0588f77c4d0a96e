//! Frames that are nearly right, so that more than the first check is reached.

use alloc::vec;
use alloc::vec::Vec;

use transom_wire::{Header, Kind, flags};

use super::choices::Choices;

/// A frame that is nearly right: so that more than the first check is reached.
pub(super) fn frame(choices: &mut Choices<'_>) -> Vec<u8> {
    let kind = Kind::ALL[usize::from(choices.byte()) % Kind::ALL.len()];
    let (flags, stream) = (choices.byte() & 1, u16::from(choices.byte() % 9));
    let shape = choices.byte();
    let payload = match shape {
        0..200 => likely(kind, choices),
        _ => choices.bytes(usize::from(shape) - 200),
    };
    let stream = if likely_stream_is_zero(kind) {
        0
    } else {
        stream
    };
    let flags = match kind {
        Kind::Picture | Kind::PictureData => flags,
        Kind::Sound => flags * flags::VOICE,
        _ => 0,
    };
    let (len, kind) = (payload.len() as u32, kind.code());
    let mut frame = Header {
        len,
        kind,
        flags,
        stream,
    }
    .encode()
    .to_vec();
    frame.extend(payload);
    frame
}

fn likely_stream_is_zero(kind: Kind) -> bool {
    use Kind::{Ack, Bye, Hello, Ping, Pong, Text, TextAck};
    matches!(kind, Ack | Bye | Hello | Ping | Pong | Text | TextAck)
}

/// A payload with small numbers in the right places.
fn likely(kind: Kind, choices: &mut Choices<'_>) -> Vec<u8> {
    let small = |value: u8, len: usize| {
        let mut bytes = vec![0; len];
        bytes[len - 1] = value;
        bytes
    };
    let value = choices.byte() % 4;
    let index = small(value, 4);
    match kind {
        Kind::Ring => vec![1 + value % 2],
        Kind::Offer => [
            vec![7; 16],
            vec![1 + value % 2, 1],
            small(3, 4),
            small(90, 8),
            vec![value / 2],
            b"\0\x01x".to_vec(),
        ]
        .concat(),
        Kind::Entry => [
            index,
            vec![1, 0, 0],
            small(0, 8),
            small(choices.byte(), 8),
            b"\0\x01x".to_vec(),
        ]
        .concat(),
        Kind::Accept => small(0, 8),
        Kind::Start => [index, small(0, 8)].concat(),
        Kind::Again => [index, small(0, 8), small(value, 4)].concat(),
        Kind::Hashes => [index, small(0, 8), vec![value; 32]].concat(),
        Kind::Leaf => {
            let content = vec![1 + choices.byte() % 3];
            [
                index,
                small(0, 8),
                small(choices.byte(), 4),
                vec![0; 32],
                content,
            ]
            .concat()
        }
        Kind::End => [index, small(choices.byte(), 8), vec![0; 32]].concat(),
        Kind::Done => [index, vec![0; 32]].concat(),
        Kind::Failed | Kind::Abandon => [index, vec![1], small(5, 4)].concat(),
        Kind::Picture => [
            small(value, 4),
            vec![0; 12],
            vec![0, 1, 0, 1, 1, 1],
            small(choices.byte() | 1, 4),
            vec![1],
        ]
        .concat(),
        // PCM of 120 samples, Opus, and a codec of a later version.
        Kind::SoundHead => vec![1 + value % 3, 0, 0, 0xbb, 0x80, 1, 0, 120],
        Kind::Sound => [
            small(choices.byte(), 4),
            small(value, 8),
            vec![value; if value == 0 { 240 } else { 80 }],
        ]
        .concat(),
        Kind::Data | Kind::PictureData => vec![value; usize::from(choices.byte())],
        Kind::Shown | Kind::Ack | Kind::Pong => {
            small(value, if kind == Kind::Shown { 12 } else { 16 })
        }
        Kind::DiskFull | Kind::Grant | Kind::Ping | Kind::Rate => small(choices.byte(), 8),
        Kind::Progress => small(0, 24),
        Kind::Total => [small(3, 4), small(choices.byte(), 8), vec![value / 2]].concat(),
        Kind::CameraStats => small(value, 117),
        Kind::Finish | Kind::TextAck | Kind::Text => index,
        Kind::Decline
        | Kind::HangUp
        | Kind::Refuse
        | Kind::Cancel
        | Kind::CameraState
        | Kind::SoundState
        | Kind::Listen
        | Kind::WantStats
        | Kind::Live
        | Kind::Recording
        | Kind::Finished
        | Kind::LimitedBy
        | Kind::Pause => vec![1],
        _ => Vec::new(),
    }
}
