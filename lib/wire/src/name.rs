//! Names that are safe once they exist: of peers, and of files below a folder (wire 8).

use core::fmt;
use core::str::FromStr;

use crate::limits;

/// What a contact is called: 1 to 64 bytes of UTF-8 without white space and control characters.
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
    /// White space, a control character, or one that hides or turns text.
    #[error("a name can't hold U+{0:04X}")]
    Character(u32),
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
        if let Some(bad) = text.chars().find(|c| c.is_whitespace() || is_deceptive(*c)) {
            return Err(InvalidName::Character(u32::from(bad)));
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

/// A path that can only lead down from where it is used: parts joined by `/`.
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
    /// A backslash or a control character, or a drive letter.
    #[error("a path can't hold U+{0:04X} there")]
    Character(u32),
}

impl<'a> RelativePath<'a> {
    /// Takes the text if it can only lead down.
    ///
    /// Backslashes and a leading drive letter are refused on every system, since what is a name on one is a way out on another.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn new(text: &'a str) -> Result<Self, InvalidPath> {
        if text.is_empty() || text.len() > limits::PATH {
            return Err(InvalidPath::Length(text.len()));
        }
        if let Some(bad) = text.chars().find(|c| *c == '\\' || c.is_control()) {
            return Err(InvalidPath::Character(u32::from(bad)));
        }
        if let [drive, b':', ..] = text.as_bytes()
            && drive.is_ascii_alphabetic()
        {
            return Err(InvalidPath::Character(u32::from(':')));
        }
        for (depth, part) in text.split('/').enumerate() {
            match part {
                _ if depth >= limits::DEPTH => return Err(InvalidPath::Deep),
                "" => return Err(InvalidPath::EmptyPart),
                "." | ".." => return Err(InvalidPath::Dots),
                _ if part.len() > limits::COMPONENT => {
                    return Err(InvalidPath::LongPart(part.len()));
                }
                _ => {}
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

    /// Whether it is one part only, a plain name.
    pub fn is_name(&self) -> bool {
        !self.0.contains('/')
    }
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

/// Control characters, and those that turn or hide the text around them.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn names_that_deceive_are_refused() {
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
    fn honest_file_names_are_taken() {
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
