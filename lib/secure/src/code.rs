//! The code of a pairing: a public number and two secret words, made to be read out and typed.

use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, Zeroizing};

use crate::error::SecureError;
use crate::noise;

/// What one person reads out and another types, such as `47-otter-violin` (wire 10).
///
/// The number is public: a station announces it, so that the other side finds it. The two words are
/// the secret: one of 1.7 million. `Debug` does not show them, and they are wiped when dropped.
///
/// ```
/// use transom_secure::Code;
/// let code: Code = "47-otter-violin".parse().unwrap();
/// assert_eq!(code.number(), 47);
/// assert_eq!("47 OTTER violin".parse(), Ok(code.clone()));
/// assert_eq!("47ott-vio".parse(), Ok(code.clone()));
/// assert_eq!("47otterviolin".parse(), Ok(code.clone()));
/// assert_eq!(format!("{code} {code:?}"), "47-otter-violin Code(47-…)");
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Code {
    /// 0 to 99.
    number: u8,
    /// Places in the list of words.
    words: [u16; 2],
}

/// The text is not a code.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCode {
    /// It has not the three parts of a code.
    #[error("a code is two digits and two words, such as 47-otter-violin")]
    Shape,
    /// A word is not in the list, or has fewer than three letters.
    #[error("\"{0}\" is not one of the words that codes have; three letters of it are enough")]
    Word(String),
}

impl Code {
    /// A new code from the system's random numbers.
    ///
    /// # Errors
    /// The system provides no random numbers.
    pub fn generate() -> Result<Self, SecureError> {
        let number = random_below(100)?;
        let words = [random_below(WORDS)?, random_below(WORDS)?];
        Ok(Self {
            number: u8::try_from(number).unwrap_or(0),
            words,
        })
    }

    /// The public number, 0 to 99.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// The secret words, as both sides enter them into SPAKE2.
    pub(crate) fn password(&self) -> Zeroizing<String> {
        let [first, second] = self.words.map(|at| words().nth(at.into()).unwrap_or(""));
        Zeroizing::new(format!("{first}-{second}"))
    }
}

/// In upper or lower case, with anything between the parts or nothing; of each word its first three
/// letters count, which no other word has. Where nothing is between the words, the first one has to
/// be whole: it tells where the second begins.
impl FromStr for Code {
    type Err = InvalidCode;

    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        if text.len() > MAX_TYPED {
            return Err(InvalidCode::Shape);
        }
        let (number, words) = match parts(text)[..] {
            [number, first, second] => (number, Some((first, second))),
            [number, both] => (number, split(both)),
            _ => return Err(InvalidCode::Shape),
        };
        let (first, second) = words.ok_or(InvalidCode::Shape)?;
        let is_number = number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| is_number);
        let number = number.ok_or(InvalidCode::Shape)?;
        let words = [find(first)?, find(second)?];
        Ok(Self { number, words })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{}", self.number, *self.password())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({:02}-…)", self.number)
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

/// The words of codes that begin so, in upper or lower case, for a field that completes them.
///
/// ```
/// let words: Vec<_> = transom_secure::completions("OT").collect();
/// assert_eq!(words, ["otherwise", "otter"]);
/// ```
pub fn completions(typed: &str) -> impl Iterator<Item = &'static str> {
    let typed = typed.to_lowercase();
    words().filter(move |word| word.starts_with(&typed))
}

/// The list, without the lines that name its source.
fn words() -> impl Iterator<Item = &'static str> {
    LIST.lines().filter(|line| !line.starts_with('#'))
}

/// The place of the word that begins with the first three letters of `typed`.
fn find(typed: &str) -> Result<u16, InvalidCode> {
    let typed = typed.to_lowercase();
    let unknown = || InvalidCode::Word(typed.clone());
    let begins = |word: &str| {
        typed
            .get(..PREFIX)
            .is_some_and(|typed| word.starts_with(typed))
    };
    let place = words().position(begins).ok_or_else(unknown)?;
    u16::try_from(place).map_err(|_| unknown())
}

/// Two words that nothing separates, the first of them whole.
fn split(both: &str) -> Option<(&str, &str)> {
    let word = words().nth(find(both).ok()?.into())?;
    let (first, second) = both.split_at_checked(word.len())?;
    (first.eq_ignore_ascii_case(word) && !second.is_empty()).then_some((first, second))
}

/// Runs of digits and runs of letters, with anything else between them.
fn parts(text: &str) -> Vec<&str> {
    let kind = |c: char| (c.is_alphabetic(), c.is_numeric());
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        if first.is_alphanumeric() {
            parts.push(part);
        }
        rest = after;
    }
    parts
}

/// A random number below the limit, each as likely as the others.
fn random_below(limit: u16) -> Result<u16, SecureError> {
    // The numbers above would make some results likelier than others.
    let usable = u16::MAX - u16::MAX % limit;
    loop {
        let mut bytes = Zeroizing::new([0; 2]);
        noise::fill_random(&mut bytes[..]).map_err(|_| SecureError::Random)?;
        let drawn = u16::from_be_bytes(*bytes);
        if drawn < usable {
            return Ok(drawn % limit);
        }
    }
}

/// Data of others, with its source and licence in its first lines.
const LIST: &str = include_str!("words.txt");
/// Words in the list: 20.7 bits for two of them.
const WORDS: u16 = 1296;
/// Letters that tell a word from the others.
const PREFIX: usize = 3;
/// Bytes of a typed code that are looked at: more than the longest words with spaces take.
const MAX_TYPED: usize = 128;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_has_words_that_differ_in_their_first_three_letters() {
        assert_eq!(words().count(), usize::from(WORDS));
        let prefixes: BTreeSet<_> = words().map(|word| &word[..PREFIX]).collect();
        assert_eq!(prefixes.len(), usize::from(WORDS));
        assert!(words().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
    }

    #[test]
    fn a_code_is_read_in_every_way_that_people_write_it() {
        let code: Code = "07-otter-violin".parse().unwrap();
        assert_eq!(code.to_string(), "07-otter-violin");
        for typed in [
            " 07 otter violin\n",
            "7-OTTER-VIOLIN",
            "07ott-vio",
            "7.otter_Violin.",
            "07 – otter – violin",
            "07 ottre violine",
            "07otterviolin",
            "07 OtterViolin",
            "07-ottervio",
        ] {
            assert_eq!(typed.parse().as_ref(), Ok(&code), "{typed:?}");
        }
    }

    #[test]
    fn two_whole_words_that_nothing_separates_have_one_reading() {
        for first in words() {
            for second in ["ace", "zoom", first] {
                let both = format!("{first}{second}");
                assert_eq!(split(&both), Some((first, second)), "{both}");
            }
        }
    }

    #[test]
    fn what_is_no_code_says_what_is_missing() {
        let long = "47-otter-violin".repeat(10);
        for typed in [
            "",
            "47",
            "47-otter",
            "otter-violin",
            "147-otter-violin",
            "47-otter-violin-3",
            "47-12-13",
            "ott-47-vio",
            "47ottvio",
            "47ottreviolin",
            "47otterviolin47",
            "٤٧-otter-violin",
            &long,
        ] {
            let result = typed.parse::<Code>();
            assert!(
                matches!(result, Err(InvalidCode::Shape | InvalidCode::Word(_))),
                "{typed:?}"
            );
        }
        let word = |word: &str| Err(InvalidCode::Word(word.to_owned()));
        assert_eq!("47-ot-violin".parse::<Code>(), word("ot"));
        assert_eq!("47-otter-Zzzz".parse::<Code>(), word("zzzz"));
        assert_eq!("47-ötter-violin".parse::<Code>(), word("ötter"));
        assert_eq!("47otterzzzz".parse::<Code>(), word("zzzz"));
        // As far as a user has typed who is still in the first word.
        for typed in ["47otter", "47otte", "47viol"] {
            assert_eq!(typed.parse::<Code>(), Err(InvalidCode::Shape), "{typed}");
        }
    }

    #[test]
    fn new_codes_differ_and_read_back() {
        let codes: BTreeSet<String> = (0..50)
            .map(|_| {
                let code = Code::generate().unwrap();
                assert_eq!(code.to_string().parse(), Ok(code.clone()));
                code.to_string()
            })
            .collect();
        assert!(codes.len() > 45, "{codes:?}");
    }

    #[test]
    fn every_number_below_a_limit_is_drawn_and_none_above() {
        let drawn: BTreeSet<u16> = (0..2000).map(|_| random_below(7).unwrap()).collect();
        assert_eq!(drawn, (0..7).collect());
    }
}
