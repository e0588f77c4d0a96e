//! Laws for fuzzing: what must hold for any bytes.

use std::os::unix::ffi::OsStrExt as _;

use transom_wire::{InvalidPath, RelativePath};

use crate::{journal, name, record};

mod manifest;

pub use crate::scratch::Scratch;
pub use manifest::manifest;

/// Every path of a disk has one path of the wire and comes back from it byte for byte. A path of
/// the wire leads down on a disk too, or to nothing.
///
/// # Panics
/// When the law is broken.
pub fn names(bytes: &[u8]) {
    if !bytes.contains(&0) {
        let text = name::to_text(bytes);
        let back = name::to_disk(&text).expect("it was just made of bytes");
        assert_eq!(back.as_bytes(), bytes);
        let refused = RelativePath::new(&text).err();
        let is_character = matches!(
            refused,
            Some(InvalidPath::Character(_) | InvalidPath::Drive)
        );
        assert!(!is_character, "{text:?}: {refused:?}");
    }
    if let Ok(text) = str::from_utf8(bytes)
        && RelativePath::new(text).is_ok()
        && let Ok(path) = name::to_disk(text)
    {
        assert_eq!(name::to_text(path.as_bytes()), text);
        assert!(!path.as_bytes().contains(&0));
        for (part, said) in path
            .as_bytes()
            .split(|byte| *byte == b'/')
            .zip(text.split('/'))
        {
            assert!(!matches!(part, b"" | b"." | b".."));
            assert_eq!(part.len(), name::len(said));
        }
    }
}

/// The hashes that a journal of the file at `path` in a transfer's tree holds, one a leaf; none if
/// it is another one's.
pub fn records(journal: &[u8], path: &str) -> Vec<Option<[u8; 32]>> {
    journal::parse(journal, blake3::hash(path.as_bytes()).as_bytes())
}

/// However a disk damages a journal, no leaf counts whose record was not written just so; the same
/// for records of transfers.
///
/// The first four bytes say how many leaves were noted, where the damage begins and whether the
/// rest is cut off; the others are the damage, as a disk does it: 0 and 0xff are such bytes, 1
/// leaves what is there, and all others are noise. Noise and not the bytes themselves, since
/// checksums are against tearing, not against an attacker who can compute one. The bytes are also
/// read as a journal and as a record by themselves.
///
/// # Panics
/// When the law is broken.
pub fn journal(data: &[u8]) {
    let identity = *blake3::hash(b"identity").as_bytes();
    let alone = journal::parse(data, &identity);
    assert!(alone.len() <= data.len() / 40);
    if let Some(claim) = record::read(data) {
        assert_eq!(data, record::of(&claim));
    }
    let Some(([leaves, low, high, cut], damage)) = data.split_first_chunk() else {
        return;
    };
    let hash = |leaf| *blake3::hash(&[leaf]).as_bytes();
    let noted = journal::image(&identity, (0..*leaves).map(hash));
    let mut found = noted.clone();
    let from = usize::from(u16::from_le_bytes([*low, *high])).min(found.len());
    let to = (from + damage.len()).min(found.len());
    let mut noise = vec![0; to - from];
    blake3::Hasher::new()
        .update(data)
        .finalize_xof()
        .fill(&mut noise);
    for ((byte, how), noise) in found[from..to].iter_mut().zip(damage).zip(noise) {
        *byte = match how {
            0 | 0xff => *how,
            1 => *byte,
            _ => noise,
        };
    }
    if cut % 2 == 1 {
        found.truncate(to);
    }
    let hashes = journal::parse(&found, &identity);
    // In this order, so that nothing is counted after the last of 255.
    for (found, leaf) in hashes.iter().zip(0..) {
        let as_noted = found.is_none_or(|found| found == hash(leaf));
        assert!(as_noted, "no other hash is told");
    }
    if from < 48 {
        return;
    }
    assert_eq!(hashes.len(), (found.len() - 48) / 40, "a record a leaf");
    for (start, hash) in (48..).step_by(40).zip(&hashes) {
        let is_touched = start < to && from < start + 40;
        assert!(is_touched || hash.is_some(), "what was not touched counts");
    }
}

#[cfg(test)]
mod tests {
    use super::{journal, names};

    /// Bytes of which such names are made, valid and not, and those that could lead out.
    const PIECES: [&[u8]; 16] = [
        b".",
        b"/",
        b"\\",
        b":",
        b"C",
        b"\x1b",
        b"\x7f",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xa9",
        b"\xf4\x8f\xb8",
        b"\xaf",
        b"\xae",
        b"\xba",
        "\u{85}".as_bytes(),
    ];

    #[test]
    fn names_of_four_pieces_keep_the_law() {
        for number in 0..PIECES.len().pow(4) {
            let piece = |place: u32| PIECES[number / PIECES.len().pow(place) % PIECES.len()];
            names(&[piece(0), piece(1), piece(2), piece(3)].concat());
        }
    }

    #[test]
    fn a_journal_torn_or_overwritten_at_every_byte_claims_no_more() {
        let length = 48 + 40 * 5;
        for at in 0..=length as u16 {
            let [low, high] = at.to_le_bytes();
            for damage in [&[][..], &[0], &[0xff; 3], &[0; 40], &[0x55; 41], &[1, 0x55]] {
                for cut in [0, 1] {
                    let mut data = vec![5, low, high, cut];
                    data.extend_from_slice(damage);
                    journal(&data);
                }
            }
        }
    }

    #[test]
    fn as_many_leaves_as_a_byte_can_say_are_looked_at() {
        journal(&[0xff, 0, 0, 0]);
    }

    #[test]
    fn short_and_foreign_bytes_are_no_journal() {
        journal(b"");
        journal(b"transom2");
        journal(&b"transomT".repeat(20));
        journal(&[0; 4096]);
    }
}
