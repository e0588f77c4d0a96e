//! Everything the window says to a person, screen by screen, so that it can be read, corrected and translated in one place.
//! Names, paths and the words of others come in escaped already, unless a parameter says otherwise.

mod calls;
mod contacts;
mod files;
mod numbers;
mod settings;
mod strangers;
mod talk;
mod warnings;

use transom_users::escape;

pub(crate) use calls::*;
pub(crate) use contacts::*;
pub(crate) use files::*;
pub(crate) use numbers::*;
pub(crate) use settings::*;
pub(crate) use strangers::*;
pub(crate) use talk::*;
pub(crate) use warnings::*;

/// A sentence, and what another side says about it, not escaped yet.
pub(crate) fn with_words(sentence: &str, words: &str) -> String {
    match words {
        "" => sentence.to_owned(),
        words => format!("{sentence}: {}", escape(words)),
    }
}
