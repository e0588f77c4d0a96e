//! What must hold for whatever a sound server sends.

use super::connection::{Connection, Purpose};
use super::error::ServerError;
use super::frames::header;

/// Any bytes of a server end the connection or go on, the same however they are cut, and fill no
/// memory. The first byte chooses what the connection is for, and whether the rest is taken for raw
/// bytes or for the contents of replies in the order in which they are waited for.
pub fn server_reply(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else {
        return;
    };
    let purpose = match choice % 4 {
        0 => Purpose::List,
        1 => Purpose::Playback(None),
        2 => Purpose::Record(Some("mic".to_owned())),
        _ => Purpose::Watch,
    };
    let replies = (choice & 4 != 0).then(|| replies(bytes));
    let bytes = replies.as_deref().unwrap_or(bytes);
    let whole = given(&purpose, bytes, bytes.len());
    for piece in [1, 7, 1000] {
        assert_eq!(given(&purpose, bytes, piece), whole);
    }
}

/// How a connection ends that is given these bytes in pieces.
fn given(purpose: &Purpose, bytes: &[u8], piece: usize) -> (Option<ServerError>, String) {
    let mut connection = Connection::new(purpose.clone(), &[0; 256]);
    for piece in bytes.chunks(piece.max(1)) {
        if let Err(error) = connection.handle_bytes(piece) {
            return (Some(error), String::new());
        }
        connection.ask_latency();
        assert!(connection.is_bounded());
    }
    // Every connection may be used, whatever state the server left it in.
    let mut samples = [0; 480];
    let room = connection.room();
    let end = format!(
        "{:?} {} {} {} {:?}",
        connection.lists(),
        connection.device(),
        connection.recorded(),
        room,
        connection.latency()
    );
    assert!(connection.record(&mut samples) <= samples.len());
    if connection.play(&samples).is_ok() {
        let played = room.min(samples.len());
        assert!(connection.room() == room || connection.room() == room - played);
    }
    let count = connection.poll_transmit().len();
    connection.transmitted(count);
    (None, end)
}

/// Each piece, which has its length before it, in the frame of a reply to the next question.
fn replies(mut bytes: &[u8]) -> Vec<u8> {
    let mut replies = Vec::new();
    let mut sequence = 1_u32;
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (content, rest) = rest.split_at(length.min(rest.len()));
        bytes = rest;
        replies.extend(header(content.len() + 10, None));
        replies.extend([b'L', 0, 0, 0, 2, b'L']);
        replies.extend(sequence.to_be_bytes());
        replies.extend(content);
        sequence += 1;
    }
    replies
}
