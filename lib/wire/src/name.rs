//! Names that are valid by construction: of peers, and of files below a folder (wire 8).

use core::fmt;
use core::ops::RangeInclusive;
use core::str::FromStr;

use crate::hidden::is_hidden;
use crate::limits;

/// The characters that stand for one byte each of a file's name that a path can't hold itself: the
/// byte is the last of the code point. They are of a private plane, where nobody else gives them a
/// meaning.
const RAW: RangeInclusive<char> = '\u{10fe01}'..='\u{10feff}';

/// The byte of a file's name that the character stands for, if it does for one (wire 8).
///
/// ```
/// assert_eq!(transom_wire::raw_byte('\u{10fe5c}'), Some(b'\\'));
/// assert_eq!(transom_wire::raw_byte('a'), None);
/// ```
pub fn raw_byte(c: char) -> Option<u8> {
    let [.., byte] = u32::from(c).to_be_bytes();
    RAW.contains(&c).then_some(byte)
}

/// The character that stands for that byte of a file's name (wire 8). None stands for 0, which no
/// name has.
pub fn raw_character(byte: u8) -> char {
    char::from_u32(0x10_fe00 | u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// A peer's name: 1 to 64 bytes of UTF-8, visible characters only.
///
/// Users tell names apart by eye and type them in commands, so two names must not differ only in an
/// invisible character. This excludes the joiners (ZWJ, ZWNJ) and variation selectors too: next to
/// most letters and emoji they are invisible, and the exceptions need tables of scripts and emoji
/// that two versions of this program would not share. Persian names are written without joiners,
/// and an emoji in its plain form. Look-alike letters of two scripts are not excluded; keys
/// identify peers, names never do.
///
/// ```
/// use transom_wire::PeerName;
/// let name: PeerName = "Zoë".parse().unwrap();
/// assert_eq!(name.as_str(), "Zoë");
/// assert!("two words".parse::<PeerName>().is_err());
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PeerName {
    bytes: [u8; limits::NAME],
    len: u8,
}

/// The text can't be a peer's name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidName {
    /// Empty, or longer than [`limits::NAME`].
    #[error("a name has 1 to 64 bytes, this has {0}")]
    Length(usize),
    /// White space, or a control character.
    #[error("a name can't hold {}", Readable(*.0))]
    Character(u32),
    /// An invisible character.
    #[error("a name can't hold U+{0:04X}, which shows nothing: leave it out")]
    Hidden(u32),
}

impl InvalidName {
    fn hidden_character(hidden: char) -> Self {
        let code = u32::from(hidden);
        match hidden.is_whitespace() || hidden.is_control() {
            true => Self::Character(code),
            false => Self::Hidden(code),
        }
    }
}

impl PeerName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        let used = self.bytes.get(..usize::from(self.len)).unwrap_or(&[]);
        core::str::from_utf8(used).unwrap_or("")
    }
}

impl FromStr for PeerName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let mut bytes = [0; limits::NAME];
        let length = InvalidName::Length(text.len());
        if text.is_empty() {
            return Err(length);
        }
        let used = bytes.get_mut(..text.len()).ok_or(length)?;
        let is_unfit = |c: &char| is_hidden(*c) || RAW.contains(c);
        if let Some(bad) = text.chars().find(is_unfit) {
            return Err(InvalidName::hidden_character(bad));
        }
        used.copy_from_slice(text.as_bytes());
        let len = u8::try_from(text.len()).map_err(|_| length)?;
        Ok(Self { bytes, len })
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A path that can't leave the folder it is used in: parts joined by `/`.
///
/// ```
/// use transom_wire::RelativePath;
/// assert!(RelativePath::new("photos/2026/img (1).jpg").is_ok());
/// for bad in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", r"..\x", "C:x", "a\0", "a\u{1b}[2J"] {
///     assert!(RelativePath::new(bad).is_err(), "{bad:?}");
/// }
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RelativePath<'a>(&'a str);

/// The text can't be a path below a folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidPath {
    /// Empty, or longer than [`limits::PATH`].
    #[error("a path has 1 to 4096 bytes, this has {0}")]
    Length(usize),
    /// More parts than [`limits::DEPTH`].
    #[error("a path has at most 128 parts")]
    Deep,
    /// A part is empty: the path is absolute, ends in `/` or holds `//`.
    #[error("a path has no empty parts and starts with no slash")]
    EmptyPart,
    /// A part is `.` or `..`.
    #[error("a path can't hold the parts . and ..")]
    Dots,
    /// A part is longer than [`limits::COMPONENT`].
    #[error("a part of a path has at most 255 bytes, this has {0}")]
    LongPart(usize),
    /// A backslash or a control character.
    #[error("a path can't hold {}", Readable(*.0))]
    Character(u32),
    /// A part begins with a letter and a colon.
    #[error("a part of a path can't begin like a drive, with a letter and :")]
    Drive,
}

/// A character as error messages print it: itself if it is printable ASCII, else its code point.
struct Readable(u32);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match char::from_u32(self.0) {
            Some(' ') => f.write_str("a space"),
            Some(plain) if plain.is_ascii_graphic() => write!(f, "{plain}"),
            _ => write!(f, "U+{:04X}", self.0),
        }
    }
}

impl<'a> RelativePath<'a> {
    /// Checks the text.
    ///
    /// Backslashes and leading drive letters are refused on every system: they are part of a plain
    /// name on Unix, and leave the folder on Windows. A name that has them is told by characters
    /// that stand for its bytes ([`raw_character`]), and each counts as that one byte.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn new(text: &'a str) -> Result<Self, InvalidPath> {
        if text.is_empty() || text.len() > limits::PATH {
            return Err(InvalidPath::Length(text.len()));
        }
        if let Some(bad) = text.chars().find(|c| *c == '\\' || c.is_control()) {
            return Err(InvalidPath::Character(u32::from(bad)));
        }
        for (depth, part) in text.split('/').enumerate() {
            match part {
                _ if depth >= limits::DEPTH => return Err(InvalidPath::Deep),
                "" => return Err(InvalidPath::EmptyPart),
                "." | ".." => return Err(InvalidPath::Dots),
                _ if disk_len(part) > limits::COMPONENT => {
                    return Err(InvalidPath::LongPart(disk_len(part)));
                }
                _ => match part.as_bytes() {
                    [drive, b':', ..] if drive.is_ascii_alphabetic() => {
                        return Err(InvalidPath::Drive);
                    }
                    _ => {}
                },
            }
        }
        Ok(Self(text))
    }

    /// The path as text.
    pub fn as_str(&self) -> &'a str {
        self.0
    }

    /// The parts, from the top.
    pub fn parts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0.split('/')
    }

    /// Whether the path is a plain name: one part only.
    pub fn is_name(&self) -> bool {
        !self.0.contains('/')
    }
}

/// Bytes of a part on a disk.
fn disk_len(part: &str) -> usize {
    let raw = part.chars().filter(|c| RAW.contains(c)).count();
    part.len() - 3 * raw
}

impl fmt::Display for RelativePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for RelativePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::format;
    use std::string::ToString;

    use super::*;

    #[test]
    fn deceptive_names_are_refused() {
        for bad in [
            "",
            "a b",
            "a\u{202e}b",
            "\u{200b}",
            "a\n",
            "\u{feff}x",
            "a\u{9b}2J",
        ] {
            assert!(bad.parse::<PeerName>().is_err(), "{bad:?}");
        }
        assert!("x".repeat(65).parse::<PeerName>().is_err());
        assert!("x".repeat(64).parse::<PeerName>().is_ok());
    }

    #[test]
    fn a_name_holds_visible_characters_only() {
        for hidden in [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200d}',
            '\u{2065}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1d159}',
            '\u{e0041}',
            '\u{e01ef}',
            '\u{10feff}',
        ] {
            for text in [format!("{hidden}"), format!("ann{hidden}a")] {
                let error = InvalidName::Hidden(u32::from(hidden));
                assert_eq!(text.parse::<PeerName>(), Err(error), "{text:?}");
            }
        }
        for good in ["Zoë", "e\u{301}", "علی", "ខ្មែរ", "猫", "👩", "☺", "-", "#1"]
        {
            assert_eq!(good.parse::<PeerName>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn an_error_says_which_character_and_why() {
        let error = |text: &str| text.parse::<PeerName>().unwrap_err().to_string();
        assert_eq!(error("two words"), "a name can't hold a space");
        let shows_nothing = "a name can't hold U+FE0F, which shows nothing: leave it out";
        assert_eq!(error("❤\u{fe0f}"), shows_nothing);
        assert_eq!(error("a\tb"), "a name can't hold U+0009");
        let error = |path| RelativePath::new(path).unwrap_err().to_string();
        assert_eq!(
            error("a:b"),
            "a part of a path can't begin like a drive, with a letter and :"
        );
        assert_eq!(error("a\\b"), "a path can't hold \\");
        assert_eq!(error("a\nb"), "a path can't hold U+000A");
    }

    #[test]
    fn a_character_that_stands_for_a_byte_counts_as_one() {
        for byte in 1..=u8::MAX {
            assert_eq!(raw_byte(raw_character(byte)), Some(byte));
        }
        assert_eq!(raw_byte(raw_character(0)), None);
        let name = |bytes| raw_character(0xff).to_string().repeat(bytes);
        assert!(RelativePath::new(&name(255)).is_ok());
        let error = Err(InvalidPath::LongPart(256));
        assert_eq!(RelativePath::new(&name(256)), error);
        assert_eq!(RelativePath::new("d/C:x"), Err(InvalidPath::Drive));
    }

    #[test]
    fn ordinary_file_names_are_accepted() {
        for good in [
            "文件.txt",
            "👩‍👧.jpg",
            "(1)",
            "[x]",
            ".hidden",
            "-dash",
            "a b",
            "CON",
            "12:30",
        ] {
            assert!(RelativePath::new(good).is_ok(), "{good:?}");
        }
    }
}
