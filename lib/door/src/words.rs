//! What viewers of a stream see while there are no pictures: small grey JPEGs, drawn by
//! `cargo run -p transom-door --example words`.

use crate::source::SourceState;

/// The state in words as a whole JPEG file.
pub(crate) fn picture(state: SourceState) -> &'static [u8] {
    match state {
        SourceState::Away => include_bytes!("words/away.jpg"),
        SourceState::Lost => include_bytes!("words/lost.jpg"),
        SourceState::Off => include_bytes!("words/off.jpg"),
        SourceState::Refused => include_bytes!("words/refused.jpg"),
        SourceState::Live | SourceState::Starting => include_bytes!("words/starting.jpg"),
    }
}

#[cfg(test)]
#[path = "../examples/words/drawing.rs"]
#[expect(dead_code, reason = "the file belongs to the example")]
mod drawing;

#[cfg(test)]
mod tests {
    use transom_media::{Image, Limit, decode};

    use super::*;

    #[test]
    fn the_pictures_show_the_words() {
        for (name, text) in drawing::WORDS {
            let states = SourceState::ALL;
            let state = states.into_iter().find(|state| state.name() == name);
            let jpeg = picture(state.unwrap());
            assert!(jpeg.len() <= 10_000, "{name}: {} bytes", jpeg.len());
            let mut image = Image::default();
            decode(jpeg, Limit::default(), &mut image).unwrap();
            let drawn = drawing::luma(text);
            let shown = image.rgba.as_chunks::<4>().0;
            assert_eq!(shown.len(), drawn.len());
            let off = drawn
                .iter()
                .zip(shown)
                .filter(|(drawn, shown)| drawn.abs_diff(shown[1]) > 64);
            assert_eq!(off.count(), 0, "{name}");
        }
    }
}
