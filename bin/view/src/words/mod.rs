//! Everything the window says to a person, screen by screen, so that it can be read, corrected and
//! translated in one place. Names, paths and the words of others come in made fit by [`line()`],
//! unless a parameter says otherwise.

mod calls;
mod contacts;
mod devices;
mod files;
mod numbers;
mod settings;
mod shown;
mod sound;
mod strangers;
mod talk;
mod warnings;

pub(crate) use calls::*;
pub(crate) use contacts::*;
pub(crate) use devices::*;
pub(crate) use files::*;
pub(crate) use numbers::*;
pub(crate) use settings::*;
pub(crate) use shown::{line, message, short};
pub(crate) use sound::*;
pub(crate) use strangers::*;
pub(crate) use talk::*;
pub(crate) use warnings::*;

/// What happened to a file, with its name in front unless the sentence has it. Neither is made
/// fit yet.
pub(crate) fn about(file: &str, what: &str) -> String {
    match names(what, file) {
        true => line(what).into_owned(),
        false => format!("{}: {}", line(file), line(what)),
    }
}

/// Whether a sentence has that name, alone or at the end of a path.
fn names(sentence: &str, name: &str) -> bool {
    let begins = |before: Option<char>| before.is_none_or(|c| matches!(c, '"' | '/' | '\\'));
    let ends = |after: Option<char>| after.is_none_or(|c| matches!(c, '"' | ':' | ',' | ' '));
    sentence.match_indices(name).any(|(at, _)| {
        let (before, after) = (&sentence[..at], &sentence[at + name.len()..]);
        begins(before.chars().next_back()) && ends(after.chars().next())
    })
}

/// A sentence, and what another side says about it, not escaped yet.
pub(crate) fn with_words(sentence: &str, words: &str) -> String {
    match words {
        "" => sentence.to_owned(),
        words => format!("{sentence}: {}", line(words)),
    }
}
