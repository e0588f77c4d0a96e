//! Invisible characters, by Unicode's properties. [`crate::name`] decides where they are refused.

/// Whether the character is invisible: default-ignorable, a format character, white space, a
/// control character, or blank by design.
pub(crate) fn is_hidden(c: char) -> bool {
    let after = HIDDEN.partition_point(|(first, _)| *first <= c);
    let range = after.checked_sub(1).and_then(|at| HIDDEN.get(at));
    range.is_some_and(|(_, last)| c <= *last)
}

/// First and last characters, ascending. Source: Unicode 16.0, properties
/// Default_Ignorable_Code_Point and White_Space, general categories Cc and Cf, and three characters
/// that its charts draw without ink: U+2800 (Braille blank), U+16FE4 (Khitan filler) and U+1D159
/// (null notehead).
///
/// Unicode reserves ranges for default-ignorable characters of later versions; they are included.
const HIDDEN: &[(char, char)] = &[
    ('\u{0}', '\u{20}'),
    ('\u{7f}', '\u{a0}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2000}', '\u{200f}'),
    ('\u{2028}', '\u{202f}'),
    ('\u{205f}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{16fe4}', '\u{16fe4}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d159}', '\u{1d159}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use regex_syntax::Parser;
    use regex_syntax::hir::{Class, HirKind};

    use super::*;

    #[test]
    fn the_table_is_that_of_unicode() {
        let properties = r"\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Cc}\p{Cf}";
        let sets = std::format!(r"[{properties}\x{{2800}}\x{{16FE4}}\x{{1D159}}]");
        let parsed = Parser::new().parse(&sets).unwrap().into_kind();
        let HirKind::Class(Class::Unicode(class)) = parsed else {
            panic!("{parsed:?}");
        };
        let ranges: Vec<_> = class
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect();
        assert_eq!(HIDDEN, ranges);
        for c in '\0'..=char::MAX {
            let hidden = ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&c));
            assert_eq!(is_hidden(c), hidden, "{c:?}");
        }
    }
}
