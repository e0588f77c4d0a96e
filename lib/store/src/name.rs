//! Names of files as bytes of the disk and as text of the wire (wire 8). A name that no path of the
//! wire can hold has its unfit bytes replaced by characters that stand for them; both ways are
//! exact, so that two names never become one.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use transom_wire::{raw_byte, raw_character};

/// The path as text: what of it is no text, a backslash, a control character or the colon of a
/// drive is replaced by characters that stand for its bytes (wire 8).
pub fn path_text(path: &Path) -> String {
    to_text(path.as_os_str().as_bytes())
}

/// The path that [`path_text`] tells so; a text that it never tells is taken as it is.
pub fn text_path(text: &str) -> PathBuf {
    match to_disk(text) {
        Ok(path) => PathBuf::from(&*path),
        Err(_) => PathBuf::from(text),
    }
}

/// A path of the disk as one of the wire.
pub(crate) fn to_text(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for (number, name) in path.split(|byte| *byte == b'/').enumerate() {
        if number > 0 {
            text.push('/');
        }
        push_name(&mut text, name);
    }
    text
}

/// A path of the wire as one of the disk.
///
/// # Errors
/// `ILSEQ`: [`to_text`] never writes it so, as when it hides a slash, or spells another path twice.
pub(crate) fn to_disk(text: &str) -> Result<Cow<'_, OsStr>, Errno> {
    if !text.contains(|c| raw_byte(c).is_some()) {
        return Ok(Cow::Borrowed(OsStr::new(text)));
    }
    let mut path = Vec::with_capacity(text.len());
    for c in text.chars() {
        match raw_byte(c) {
            Some(byte) => path.push(byte),
            None => path.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    match to_text(&path) == text {
        true => Ok(Cow::Owned(OsStr::from_bytes(&path).to_owned())),
        false => Err(Errno::ILSEQ),
    }
}

/// The longest beginning of a name that ends between characters and has at most so many bytes on
/// the disk.
pub(crate) fn cut(name: &str, most: usize) -> &str {
    let mut bytes = 0;
    let end = name.char_indices().find(|(_, c)| {
        bytes += disk_len(*c);
        bytes > most
    });
    &name[..end.map_or(name.len(), |(at, _)| at)]
}

/// How many bytes the name has on the disk.
pub(crate) fn len(name: &str) -> usize {
    name.chars().map(disk_len).sum()
}

fn disk_len(c: char) -> usize {
    raw_byte(c).map_or(c.len_utf8(), |_| 1)
}

fn push_name(text: &mut String, name: &[u8]) {
    let (drive, rest) = match name {
        [letter, b':', rest @ ..] if letter.is_ascii_alphabetic() => (Some(*letter), rest),
        name => (None, name),
    };
    if let Some(letter) = drive {
        text.push(char::from(letter));
        text.push(raw_character(b':'));
    }
    for chunk in rest.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c == '\\' || c.is_control() || raw_byte(c).is_some() {
                true => push_bytes(text, c.encode_utf8(&mut [0; 4]).as_bytes()),
                false => text.push(c),
            }
        }
        push_bytes(text, chunk.invalid());
    }
}

fn push_bytes(text: &mut String, bytes: &[u8]) {
    text.extend(bytes.iter().map(|byte| raw_character(*byte)));
}

/// A name in quotes, for errors: unfit bytes as `\xff`.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match raw_byte(c) {
                Some(byte) => write!(f, "\\x{byte:02x}")?,
                None => write!(f, "{}", c.escape_debug())?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use transom_wire::RelativePath;

    use super::*;

    #[test]
    fn names_that_no_text_holds_come_back_byte_for_byte() {
        let names: [&[u8]; 12] = [
            b"caf\xe9",
            b"\xff\xfe",
            b"back\\slash",
            b"..\\x",
            b"C:x",
            b"c:",
            b"a\x1b[2Jb",
            b"a\nb\x7f\x01",
            "a\u{85}b".as_bytes(),
            "stands for a byte: \u{10feff}".as_bytes(),
            b"cut\xe2\x82",
            b"\xed\xa0\x80",
        ];
        for name in names {
            let text = to_text(name);
            assert!(RelativePath::new(&text).is_ok(), "{text:?}");
            assert_ne!(text.as_bytes(), name);
            assert_eq!(to_disk(&text).unwrap().as_bytes(), name);
        }
        assert_eq!(to_text(b"a/C:x/12:30"), "a/C\u{10fe3a}x/12:30");
        assert_eq!(Quoted(&to_text(b"a\xff\"")).to_string(), r#""a\xff\"""#);
    }

    #[test]
    fn ordinary_names_are_their_own_text() {
        for name in [
            "文件.txt",
            "👩‍👧",
            " a b ",
            "12:30",
            "ab:c",
            "a\u{202e}b",
            "e\u{301}",
        ] {
            assert_eq!(to_text(name.as_bytes()), name);
            assert!(matches!(to_disk(name), Ok(Cow::Borrowed(same)) if same == name));
        }
    }

    #[test]
    fn text_that_hides_or_spells_a_path_in_another_way_is_no_name() {
        let bytes = |bytes: &[u8]| {
            let mut text = String::new();
            push_bytes(&mut text, bytes);
            text
        };
        for text in [
            bytes(b"."),
            bytes(b".."),
            format!("{}.", bytes(b".")),
            bytes(b"/"),
            format!("..{}x", bytes(b"/")),
            bytes(b"a"),
            bytes("é".as_bytes()),
            format!("ab{}c", bytes(b":")),
            format!("d/{}", bytes(b"x")),
        ] {
            assert_eq!(to_disk(&text), Err(Errno::ILSEQ), "{text:?}");
        }
        // NUL has no character that stands for it.
        assert_eq!(to_disk("\u{10fe00}").unwrap().len(), 4);
    }

    #[test]
    fn a_name_is_cut_by_its_bytes_on_the_disk() {
        let text = to_text(&[0xff; 300]);
        assert_eq!((text.len(), len(&text)), (1200, 300));
        assert_eq!(len(cut(&text, 255)), 255);
        assert_eq!(cut("aéé", 4), "aé");
        assert_eq!(cut("aéé", 5), "aéé");
    }
}
