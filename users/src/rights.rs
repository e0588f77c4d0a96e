//! What a contact may do here, without knowing which contact.

use std::fmt;
use std::ops::{BitAnd, BitOr};
use std::str::FromStr;

use crate::text::quote;

/// What a contact may do.
///
/// ```
/// use transom_users::Rights;
/// let rights: Rights = "view,hear".parse().unwrap();
/// assert!(rights.view && rights.hear && !rights.call && !rights.auto);
/// assert_eq!(rights.to_string(), "view,hear");
/// assert_eq!(Rights::default().to_string(), "view,call,files");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Rights {
    /// See the camera of a box.
    pub view: bool,
    /// Ring.
    pub call: bool,
    /// Offer files.
    pub files: bool,
    /// Hear the microphone of a box, or of a call that is answered by itself. A call that a person
    /// answers has sound both ways without this right and the next.
    pub hear: bool,
    /// Be heard from the loudspeaker of a box, or of a call that is answered by itself.
    pub talk: bool,
    /// Be answered, and have files taken, without a person being asked. A peer that is let in so
    /// sees the camera too: it is for looking after a baby, a pet or a laboratory from afar.
    pub auto: bool,
}

/// The word names no right.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} is not one of view, call, files, hear, talk, auto")]
pub struct UnknownRight(String);

impl Rights {
    /// Nothing at all.
    pub const NONE: Self = Self {
        view: false,
        call: false,
        files: false,
        hear: false,
        talk: false,
        auto: false,
    };
}

/// The rights of a contact without `may=` in its line: watch, call and offer files. The microphone
/// of a living room tells more than its camera, so `hear` has to be written.
impl Default for Rights {
    fn default() -> Self {
        Self {
            view: true,
            call: true,
            files: true,
            ..Self::NONE
        }
    }
}

/// What either of two sets has.
impl BitAnd for Rights {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self {
            view: self.view & other.view,
            call: self.call & other.call,
            files: self.files & other.files,
            hear: self.hear & other.hear,
            talk: self.talk & other.talk,
            auto: self.auto & other.auto,
        }
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            view: self.view | other.view,
            call: self.call | other.call,
            files: self.files | other.files,
            hear: self.hear | other.hear,
            talk: self.talk | other.talk,
            auto: self.auto | other.auto,
        }
    }
}

/// Words joined by commas; the empty text is no right at all.
impl FromStr for Rights {
    type Err = UnknownRight;

    fn from_str(text: &str) -> Result<Self, UnknownRight> {
        let mut rights = Self::NONE;
        for word in text.split(',').filter(|_| !text.is_empty()) {
            match word {
                "view" => rights.view = true,
                "call" => rights.call = true,
                "files" => rights.files = true,
                "hear" => rights.hear = true,
                "talk" => rights.talk = true,
                "auto" => rights.auto = true,
                _ => return Err(UnknownRight(quote(word))),
            }
        }
        Ok(rights)
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.view, "view"),
            (self.call, "call"),
            (self.files, "files"),
            (self.hear, "hear"),
            (self.talk, "talk"),
            (self.auto, "auto"),
        ];
        let held = words.iter().filter(|(held, _)| *held);
        let words: Vec<_> = held.map(|(_, word)| *word).collect();
        f.pad(&words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_comes_back() {
        for bits in 0..64_u8 {
            let has = |bit: u8| bits & bit != 0;
            let rights = Rights {
                view: has(1),
                call: has(2),
                files: has(4),
                auto: has(8),
                hear: has(16),
                talk: has(32),
            };
            assert_eq!(rights.to_string().parse(), Ok(rights));
        }
    }

    #[test]
    fn nobody_hears_or_talks_whom_the_book_does_not_let() {
        for text in ["view", "call,auto", "view,call,files,auto"] {
            let rights: Rights = text.parse().unwrap();
            assert!(!rights.hear && !rights.talk, "{text}");
        }
        let rights = Rights::default();
        assert!(!rights.hear && !rights.talk);
        assert_eq!(
            "talk,hear".parse::<Rights>().unwrap().to_string(),
            "hear,talk"
        );
    }

    #[test]
    fn unknown_words_are_named() {
        for (text, word) in [
            ("veiw", "veiw"),
            ("view,", ""),
            ("view, call", " call"),
            ("all", "all"),
            ("Hear", "Hear"),
        ] {
            let error = text.parse::<Rights>().unwrap_err();
            assert_eq!(error.0, format!("\"{word}\""));
        }
    }
}
