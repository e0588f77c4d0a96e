//! Passes: which clients may look. A pass is a random token with a name; it is kept as the token's
//! hash, so that the list on disk holds no secret.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::encoding::base32_encode;

/// The secret of a pass: 160 random bits as 32 letters and digits. It is printed once, when the
/// pass is made.
#[derive(Clone, Eq, PartialEq)]
pub struct Token(String);

/// One pass, as a line of a list prints and reads it.
///
/// ```
/// use transom_door::{Pass, Token};
/// let token = Token::from_random([7; 20]);
/// let pass = Pass::new("octoprint", &token)?;
/// let line = pass.to_string();
/// assert!(line.starts_with("octoprint ") && !line.contains(&token.to_string()));
/// assert_eq!(line.parse(), Ok(pass));
/// # Ok::<(), transom_door::InvalidPass>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pass {
    name: String,
    hash: blake3::Hash,
    may_hear: bool,
    /// Since 1970, in whole seconds.
    last_used: Option<Duration>,
}

/// The passes of a door, one a line; empty lines and those that begin with # are left out.
///
/// ```
/// use transom_door::{Pass, Passes, Token};
/// let pass = Pass::new("octoprint", &Token::from_random([7; 20]))?;
/// let passes: Passes = format!("# clients that may look\n\n{pass}\n").parse()?;
/// assert_eq!(passes.to_string(), format!("{pass}\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Passes(Vec<Pass>);

/// A line is no pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPass {
    /// The hash is not 64 hexadecimal digits.
    #[error("the hash of a pass has 64 hexadecimal digits")]
    Hash,
    /// The time of the last use is no number of seconds.
    #[error("the last use of a pass is a number of seconds since 1970")]
    LastUsed,
    /// The name is empty, too long, or has a character that is not visible.
    #[error("the name of a pass has 1 to 64 letters, digits or signs, and no spaces")]
    Name,
    /// The line has too few or too many words.
    #[error("a pass is a line of NAME HASH, perhaps `sound`, and perhaps when it was last used")]
    Words,
}

/// A text is no token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a token has 32 of the letters a to z and the digits 2 to 7")]
pub struct InvalidToken;

/// A line of a list is no pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}")]
#[non_exhaustive]
pub struct InvalidPasses {
    /// From 1.
    pub line: usize,
    /// Why.
    #[source]
    pub why: InvalidPass,
}

impl Token {
    /// The token of that many random bytes, which the caller takes from the system.
    pub fn from_random(bytes: [u8; 20]) -> Self {
        Self(base32_encode(&bytes))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let is_base32 = |byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7');
        match text.len() == TOKEN_BYTES && text.bytes().all(is_base32) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidToken),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

impl Pass {
    /// A pass of that name for clients that have the token.
    ///
    /// # Errors
    /// The name can't be one.
    pub fn new(name: &str, token: &Token) -> Result<Self, InvalidPass> {
        let is_visible = |letter: char| !letter.is_whitespace() && !letter.is_control();
        let fits = (1..=MAX_NAME_BYTES).contains(&name.len());
        // A line that begins with # is a comment.
        if !fits || !name.chars().all(is_visible) || name.starts_with('#') {
            return Err(InvalidPass::Name);
        }
        Ok(Self {
            name: name.into(),
            hash: blake3::hash(token.0.as_bytes()),
            may_hear: false,
            last_used: None,
        })
    }

    /// The same pass, whose clients may hear the camera's microphone too.
    pub fn with_sound(self) -> Self {
        Self {
            may_hear: true,
            ..self
        }
    }

    /// Whether its clients may hear the camera's microphone.
    pub fn may_hear(&self) -> bool {
        self.may_hear
    }

    /// Names the client that has the token.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is(&self, hash: PassHash) -> bool {
        self.hash == hash.0
    }

    /// When a request last had its token: since 1970, in whole seconds.
    pub fn last_used(&self) -> Option<Duration> {
        self.last_used
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.hash.to_hex())?;
        if self.may_hear {
            write!(f, " {SOUND}")?;
        }
        match self.last_used {
            Some(time) => write!(f, " {}", time.as_secs()),
            None => Ok(()),
        }
    }
}

impl FromStr for Pass {
    type Err = InvalidPass;

    fn from_str(line: &str) -> Result<Self, InvalidPass> {
        let mut words = line.split_ascii_whitespace().peekable();
        let (Some(name), Some(hash)) = (words.next(), words.next()) else {
            return Err(InvalidPass::Words);
        };
        let may_hear = words.next_if_eq(&SOUND).is_some();
        let used = words.next();
        if words.next().is_some() {
            return Err(InvalidPass::Words);
        }
        let seconds = used.map(str::parse).transpose();
        let seconds = seconds.map_err(|_| InvalidPass::LastUsed)?;
        Ok(Self {
            hash: blake3::Hash::from_hex(hash).map_err(|_| InvalidPass::Hash)?,
            may_hear,
            last_used: seconds.map(Duration::from_secs),
            ..Self::new(name, &Token(String::new()))?
        })
    }
}

impl Passes {
    /// The passes in the order of their lines.
    pub fn iter(&self) -> impl Iterator<Item = &Pass> {
        self.0.iter()
    }

    /// The pass that has this token, which counts as its use; and whether that use is later than
    /// the last one, in whole seconds.
    ///
    /// The lookup compares hashes, each in constant time, so that its timing tells nothing of a
    /// token.
    pub(crate) fn admit(&mut self, token: &str, unix: Duration) -> Option<(PassHash, bool)> {
        let hash = blake3::hash(token.as_bytes());
        let pass = self.0.iter_mut().find(|pass| pass.hash == hash)?;
        let used = Some(Duration::from_secs(unix.as_secs()));
        let is_later = pass.last_used < used;
        pass.last_used = used;
        Some((PassHash(hash), is_later))
    }

    /// Tells another list the uses that this one knows better: of two that are kept apart, or of
    /// one that was read from a file.
    pub fn keep_uses(&self, new: &mut Self) {
        for pass in &mut new.0 {
            let known = self.0.iter().find(|known| known.hash == pass.hash);
            pass.last_used = pass.last_used.max(known.and_then(Pass::last_used));
        }
    }

    /// The pass, if it is still in the list.
    pub(crate) fn find(&self, hash: PassHash) -> Option<&Pass> {
        self.0.iter().find(|pass| pass.is(hash))
    }
}

impl fmt::Display for Passes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|pass| writeln!(f, "{pass}"))
    }
}

impl FromStr for Passes {
    type Err = InvalidPasses;

    fn from_str(text: &str) -> Result<Self, InvalidPasses> {
        let lines = (1..).zip(text.lines().map(str::trim));
        let lines = lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#'));
        let passes = lines.map(|(line, text)| {
            let pass = text.parse();
            pass.map_err(|why| InvalidPasses { line, why })
        });
        passes.collect()
    }
}

impl FromIterator<Pass> for Passes {
    fn from_iter<I: IntoIterator<Item = Pass>>(passes: I) -> Self {
        Self(passes.into_iter().collect())
    }
}

/// Which pass a connection was admitted by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PassHash(blake3::Hash);

/// The word in the line of a pass that may hear.
const SOUND: &str = "sound";

/// Base32 of 160 bits.
const TOKEN_BYTES: usize = 32;

/// As for the name of a peer.
const MAX_NAME_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn token(byte: u8) -> Token {
        Token::from_random([byte; 20])
    }

    #[test]
    fn a_line_reads_back_with_its_last_use() {
        let mut passes: Passes = [Pass::new("octoprint", &token(1)).unwrap()]
            .into_iter()
            .collect();
        let time = Duration::from_millis(1_795_800_836_085);
        assert!(passes.admit(&token(1).to_string(), time).is_some());
        let pass = passes.iter().next().unwrap();
        assert_eq!(pass.last_used(), Some(Duration::from_secs(1_795_800_836)));
        assert_eq!(pass.to_string().parse().as_ref(), Ok(pass));
        assert!(!pass.may_hear());
        let hears = pass.clone().with_sound();
        assert!(hears.to_string().ends_with(" sound 1795800836"));
        assert_eq!(hears.to_string().parse(), Ok(hears));
    }

    #[test]
    fn lines_that_are_no_pass_say_why() {
        let hash = blake3::hash(b"").to_hex();
        for (line, why) in [
            ("".to_owned(), InvalidPass::Words),
            ("name".into(), InvalidPass::Words),
            (format!("a {hash} 1 2"), InvalidPass::Words),
            ("a 12".into(), InvalidPass::Hash),
            (format!("a {hash} x"), InvalidPass::LastUsed),
            (format!("a {hash} 1 sound"), InvalidPass::Words),
            (format!("a {hash} sound sound"), InvalidPass::LastUsed),
            (format!("#a {hash}"), InvalidPass::Name),
            (format!("{} {hash}", "n".repeat(65)), InvalidPass::Name),
        ] {
            assert_eq!(line.parse::<Pass>(), Err(why), "{line}");
        }
    }

    #[test]
    fn a_list_says_which_line_is_no_pass() {
        let pass = Pass::new("a", &token(1)).unwrap();
        let text = format!("# passes\r\n{pass}\r\n\n  {pass} 5\nb\n");
        let why = InvalidPass::Words;
        let error = text.parse::<Passes>().unwrap_err();
        assert_eq!(error, InvalidPasses { line: 5, why });
        let passes: Passes = text.trim_end_matches("b\n").parse().unwrap();
        assert_eq!(passes.to_string(), format!("{pass}\n{pass} 5\n"));
    }

    #[test]
    fn a_token_reads_back_and_nothing_else_is_one() {
        let text = token(0xA5).to_string();
        assert_eq!(text.parse(), Ok(token(0xA5)));
        for wrong in [
            "",
            &text[1..],
            &format!("{text}a"),
            &text.to_uppercase(),
            &"é".repeat(16),
        ] {
            assert_eq!(wrong.parse::<Token>(), Err(InvalidToken), "{wrong}");
        }
    }

    #[test]
    fn only_the_token_itself_is_admitted() {
        let pass = Pass::new("a", &token(1)).unwrap();
        let mut passes: Passes = [pass.clone()].into_iter().collect();
        let right = token(1).to_string();
        assert!(passes.admit(&right, Duration::ZERO).is_some());
        let hash = pass.hash.to_hex();
        for wrong in ["", "a", &right[1..], &right.to_uppercase(), hash.as_str()] {
            assert_eq!(passes.admit(wrong, Duration::ZERO), None, "{wrong}");
        }
        assert_eq!(Passes::default().admit("", Duration::ZERO), None);
    }
}
