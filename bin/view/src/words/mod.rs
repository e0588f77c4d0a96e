//! Everything the window says to a person, screen by screen, so that it can be read, corrected and
//! translated in one place. Names, paths and the words of others come in made fit by [`line()`],
//! unless a parameter says otherwise.

mod call;
mod contacts;
mod desktop;
mod files;
mod list;
mod numbers;
mod pairing;
mod programs;
mod settings;
mod shown;
mod sound;
mod strangers;
mod talk;
mod warnings;

pub(crate) use call::*;
pub(crate) use contacts::*;
pub(crate) use desktop::*;
pub(crate) use files::*;
pub(crate) use list::*;
pub(crate) use numbers::*;
pub(crate) use pairing::*;
pub(crate) use programs::*;
pub(crate) use settings::*;
pub(crate) use shown::{excerpt, line, message, short};
pub(crate) use sound::*;
pub(crate) use strangers::*;
pub(crate) use talk::*;
pub(crate) use warnings::*;

/// A text with a capital letter first: the programs of other sides tell their reasons without.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// A sentence, and what another side says about it, not escaped yet.
pub(crate) fn with_words(sentence: &str, words: &str) -> String {
    match words {
        "" => sentence.to_owned(),
        words => format!("{sentence}: {}", line(words)),
    }
}
