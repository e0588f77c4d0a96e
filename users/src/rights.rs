//! What somebody may do here. Who asks is not known.

use std::fmt;
use std::str::FromStr;

use crate::text::quote;

/// What a contact may do.
///
/// ```
/// use transom_users::Rights;
/// let rights: Rights = "view,files".parse().unwrap();
/// assert!(rights.view && rights.files && !rights.call && !rights.auto);
/// assert_eq!(rights.to_string(), "view,files");
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
    /// Be answered, and have files taken, without a person being asked. Whoever is let in so sees
    /// the camera too: it is for a baby, a pet or a laboratory that somebody looks after from afar.
    pub auto: bool,
}

/// The word names no right.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} is not one of view, call, files, auto")]
pub struct UnknownRight(String);

impl Rights {
    /// Nothing at all.
    pub const NONE: Self = Self {
        view: false,
        call: false,
        files: false,
        auto: false,
    };
}

/// What a contact may do about whom the book says nothing else: all but [`auto`](Rights::auto).
impl Default for Rights {
    fn default() -> Self {
        Self {
            view: true,
            call: true,
            files: true,
            auto: false,
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
        for bits in 0..16_u8 {
            let has = |bit: u8| bits & bit != 0;
            let rights = Rights {
                view: has(1),
                call: has(2),
                files: has(4),
                auto: has(8),
            };
            assert_eq!(rights.to_string().parse(), Ok(rights));
        }
    }

    #[test]
    fn unknown_words_are_named() {
        for (text, word) in [
            ("veiw", "veiw"),
            ("view,", ""),
            ("view, call", " call"),
            ("all", "all"),
        ] {
            let error = text.parse::<Rights>().unwrap_err();
            assert_eq!(error.0, format!("\"{word}\""));
        }
    }
}
