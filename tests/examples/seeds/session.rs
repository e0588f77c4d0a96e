//! Choices for the laws of the session: each byte picks what a peer says, what the caller does, or
//! how long it takes.

use transom_wire::Kind;

/// Sessions whose peer says each kind of thing, and sessions that send a file to a peer that acks a
/// part of it and then, in eight ways, lies.
pub(crate) fn sessions() -> Vec<(String, Vec<u8>)> {
    let kinds = (0..KINDS).map(|kind| {
        // The second byte asks for a frame, not for an ack.
        let say = [1, 1, kind, 1, kind % 9, 0, 1, 7, 0];
        (
            format!("kind-{kind:02}"),
            [&[kind % 2, 1][..], &say, &say, &[0; 31]].concat(),
        )
    });
    let acks = (0..8).map(|lie| {
        let ack = |lie| [1, 0, 120, 1, lie];
        let frame = |kind, stream| [1, 1, number(kind), 0, stream, 0, 0];
        let (yes, offer, transmit, ring, picture) =
            ([1, 0], [0, 0, 2], [0, 0, 5], [1, 0, 0], [0, 99, 3]);
        let parts: [&[u8]; 22] = [
            &[1, 1],
            &ack(7),
            &yes,
            &offer,
            &frame(Kind::Accept, 1),
            &yes,
            &transmit,
            &frame(Kind::Grant, 1),
            &[200],
            &transmit,
            &frame(Kind::Start, 1),
            &yes,
            &transmit,
            &ack(7),
            &ring,
            &frame(Kind::Answer, 3),
            &yes,
            &picture,
            &ack(7),
            &transmit,
            &ack(lie),
            &transmit,
        ];
        (format!("ack-{lie}"), parts.concat())
    });
    let sound = ("sound".to_owned(), sound());
    kinds.chain(acks).chain([sound]).collect()
}

/// A call in which both sides speak, pause, and change the codec.
fn sound() -> Vec<u8> {
    let say = |kind, value| [1, 1, number(kind), 1, 1, 0, value];
    let (yes, told, nothing) = ([1, 0], [0, 0], [0, 0, 15]);
    let verb = |which| [1, 1, which];
    let (send, end, state, listen, transmit) = (verb(6), verb(8), verb(9), verb(10), verb(5));
    let parts: [&[u8]; 31] = [
        &[1, 0],
        &say(Kind::Ring, 1),
        &told,
        &yes,
        &state,
        &say(Kind::Listen, 0),
        &told,
        &listen,
        &say(Kind::SoundHead, 0),
        &send,
        &say(Kind::Sound, 0),
        &[1],
        &told,
        &transmit,
        &say(Kind::Sound, 0),
        &[2],
        &told,
        &send,
        &say(Kind::SoundHead, 1),
        &transmit,
        &say(Kind::Sound, 1),
        &[3],
        &told,
        &end,
        &say(Kind::SoundEnd, 0),
        &told,
        &transmit,
        &say(Kind::SoundState, 0),
        &told,
        &nothing,
        &say(Kind::SoundEnd, 0),
    ];
    parts.concat()
}

/// How the law names a kind.
fn number(kind: Kind) -> u8 {
    let at = Kind::ALL.iter().position(|known| *known == kind);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
}

/// The same, cut into pieces of several sizes.
pub(crate) fn splits() -> Vec<(String, Vec<u8>)> {
    [0, 1, 6, 255]
        .iter()
        .map(|&cut| {
            let say: Vec<u8> = (0..KINDS)
                .flat_map(|kind| [kind, 0, kind % 9, 0, 1, 9])
                .collect();
            (
                format!("cut-{cut}"),
                [&[1, cut, 7], say.as_slice()].concat(),
            )
        })
        .collect()
}

/// Transfers over a perfect link, a slow one, and one that is cut off in the middle; with and
/// without calls.
pub(crate) fn pairs() -> Vec<(&'static str, Vec<u8>)> {
    let link = [0, 5, 250, 0];
    let slow = [1, 100, 0, 7];
    let sizes = [3, 0, 1];
    let call = [15, 0, 1, 0, 5, 200, 1, 0, 90, 11, 200];
    let cut_off = [9, 0, 0, 0, 1, 100, 0, 1, 0, 0, 250, 0, 0, 0, 0, 250];
    let (ring, pcm, opus) = (
        [1, 1, 0, 5, 3, 40],
        [1, 0, 1, 5, 10, 20],
        [0, 0, 2, 5, 11, 20],
    );
    let (end, hold, listen) = (
        [1, 1, 0, 5, 12, 20],
        [0, 0, 0, 5, 12, 20],
        [0, 1, 0, 5, 13, 20],
    );
    let sound = [
        ring, listen, pcm, opus, pcm, opus, opus, end, hold, pcm, end,
    ]
    .concat();
    vec![
        (
            "with-sound",
            [&[0, 2, 5, 250, 11], &sound[..], &[200; 40]].concat(),
        ),
        ("whole", [&link[..], &sizes, &[9], &[250; 40]].concat()),
        ("slow", [&slow[..], &sizes, &[15], &[120; 60]].concat()),
        (
            "with-a-call",
            [&link[..], &sizes, &call, &[200; 40]].concat(),
        ),
        (
            "cut-off",
            [&link[..], &sizes, &cut_off, &link, &sizes, &[9], &[250; 40]].concat(),
        ),
    ]
}

/// Kinds of frames there are.
const KINDS: u8 = Kind::ALL.len() as u8;
