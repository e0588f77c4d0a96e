//! Choices for the laws of the session: each byte picks what a peer says, what the caller does, or how long it takes.

/// Sessions that say hello and then say each kind of thing once.
pub(crate) fn sessions() -> Vec<(String, Vec<u8>)> {
    (0..KINDS)
        .map(|kind| {
            let hello = [kind % 2, 1, 0, 0, 0, 200 + 31];
            let say = [1, kind, 1, kind % 9, 0, 1, 7, 0];
            (
                format!("kind-{kind:02}"),
                [&hello[..], &[0; 31], &say, &say].concat(),
            )
        })
        .collect()
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

/// Transfers over a perfect link, a slow one, and one that is cut off in the middle; with and without calls.
pub(crate) fn pairs() -> Vec<(&'static str, Vec<u8>)> {
    let link = [0, 5, 250, 0];
    let slow = [1, 100, 0, 7];
    let sizes = [3, 0, 1];
    let call = [15, 0, 1, 0, 5, 200, 1, 0, 90, 11, 200];
    let cut_off = [9, 0, 0, 0, 1, 100, 0, 1, 0, 0, 250, 0, 0, 0, 0, 250];
    vec![
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

/// Kinds of frames there are, roughly: the law takes the rest of the division.
const KINDS: u8 = 36;
