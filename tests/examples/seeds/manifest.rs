//! What senders say of a transfer, in the bytes of the law `manifest` of the store: each saying is
//! a number and what belongs to it.

/// Name and bytes.
pub(crate) fn manifests() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("file", [&FILE[..], &SMALL, &LEAF, &END, &FINISH].concat()),
        (
            "again",
            [&FILE[..], &SMALL, &LEAF, &END, &FINISH].concat().repeat(2),
        ),
        (
            "folder",
            [&FOLDER[..], &SMALL, &LEAF, &END, &BELOW, &FINISH].concat(),
        ),
        (
            "paused",
            [
                &LARGE[..],
                &FILM,
                &LEAF,
                &PAUSE,
                &LARGE,
                &FILM,
                &HASHES,
                &SECOND,
                &END,
                &FINISH,
            ]
            .concat(),
        ),
        (
            "crashed",
            [
                &LARGE[..],
                &FILM,
                &LEAF,
                &CRASH,
                &LARGE,
                &FILM,
                &HASHES,
                &SECOND,
                &END,
                &FINISH,
            ]
            .concat(),
        ),
        (
            "cancelled",
            [
                &LARGE[..],
                &FILM,
                &LEAF,
                &CANCEL,
                &FILE,
                &SMALL,
                &LEAF,
                &END,
                &FINISH,
            ]
            .concat(),
        ),
        (
            "damaged",
            [&FILE[..], &SMALL, &DAMAGED, &LEAF, &END, &FINISH].concat(),
        ),
        (
            "total",
            [&FILE[..], &TOTAL, &SMALL, &LEAF, &END, &FINISH].concat(),
        ),
    ]
}

/// An offer of a file of 100 bytes, one of two leaves, and a folder.
const FILE: [u8; 8] = [0, 0, 0, 0, 0, 2, 0, 0];
const LARGE: [u8; 8] = [0, 0, 0, 0, 0, 6, 0, 0];
const FOLDER: [u8; 8] = [0, 1, 0, 0, 1, 6, 0, 1];

/// A file of 100 bytes, one of two leaves, and one below the first.
const SMALL: [u8; 9] = [0, 0, 0, 2, 1, 0, 0, 0, 0];
const FILM: [u8; 9] = [0, 0, 0, 6, 1, 0, 0, 0, 0];
const BELOW: [u8; 9] = [0, 0, 1, 1, 1, 0, 0, 0, 0];

/// Its first leaf, another one than was said, and the second.
const LEAF: [u8; 5] = [3, 0, 0, 0, 0];
const DAMAGED: [u8; 5] = [3, 0, 0, 0, 3];
const SECOND: [u8; 5] = [3, 0, 1, 0, 0];

/// The hash of its first leaf.
const HASHES: [u8; 5] = [5, 0, 0, 0, 0];
const END: [u8; 3] = [6, 0, 0];
const TOTAL: [u8; 5] = [8, 0, 2, 6, 0];

const PAUSE: [u8; 3] = [9, 0, 0];
const CRASH: [u8; 3] = [9, 0, 1];
const CANCEL: [u8; 3] = [9, 0, 2];
const FINISH: [u8; 3] = [9, 0, 3];
