//! What stands for a contact: the round letters, the dot of presence, the number of unread texts.

use egui::{Align2, Color32, Painter, Pos2, Rect, Stroke, Vec2, pos2, vec2};
use transom::PublicKey;

use crate::ui::theme::{self, Tokens, Type};

use super::text;

/// The presence of a contact, told by the shape as well as by the colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::ui) enum Dot {
    Online,
    Away,
}

/// The letters of a name, as the window shows it: the first of its first two words.
fn initials(name: &str) -> String {
    let first = |word: &str| word.chars().find(|c| c.is_alphanumeric());
    let letters: String = name.split_whitespace().filter_map(first).take(2).collect();
    letters.to_uppercase()
}

/// A disc in the colour of the key, with the letters of the name.
pub(in crate::ui) fn avatar(
    p: &Painter,
    at: Pos2,
    size: f32,
    name: &str,
    key: Option<&PublicKey>,
) -> Rect {
    p.circle_filled(
        at,
        size / 2.0,
        theme::avatar(key.map(|key| key.0.as_slice())),
    );
    let letters = initials(name);
    let share = if letters.chars().count() > 1 {
        0.34
    } else {
        0.38
    };
    let font = theme::semi((size * share).round());
    p.text(at, Align2::CENTER_CENTER, letters, font, Color32::WHITE);
    Rect::from_center_size(at, Vec2::splat(size))
}

/// Presence at the lower right of an avatar. `behind` is what the avatar stands on.
pub(in crate::ui) fn dot(p: &Painter, avatar: Rect, dot: Dot, behind: Color32, t: &Tokens) {
    let scale = (avatar.width() / 40.0).max(1.0).sqrt();
    let at = avatar.max - Vec2::splat(5.0 * scale);
    p.circle_filled(at, 7.0 * scale, behind);
    mark(p, at, 4.0 * scale, dot, t);
}

/// The dot alone.
pub(in crate::ui) fn mark(p: &Painter, at: Pos2, radius: f32, dot: Dot, t: &Tokens) {
    match dot {
        Dot::Online => p.circle_filled(at, radius, t.good),
        Dot::Away => p.circle_stroke(at, radius - 0.6, Stroke::new(1.5, t.faint)),
    };
}

/// A number in the accent colour, ending at that point, in the middle of its height.
pub(in crate::ui) fn badge(p: &Painter, right: Pos2, count: usize, t: &Tokens) -> Rect {
    let words = match count {
        0..100 => count.to_string(),
        _ => "99+".to_owned(),
    };
    let font = Type::Badge.font();
    let galley = p.layout_no_wrap(words.clone(), font, Color32::WHITE);
    let size = vec2((galley.size().x + 10.0).max(20.0), 20.0);
    let rect = Rect::from_min_size(pos2(right.x - size.x, right.y - 10.0), size);
    p.rect_filled(rect, 10.0, t.accent);
    let middle = Align2::CENTER_CENTER;
    text::paint(
        p,
        rect.center(),
        middle,
        &words,
        Type::Badge,
        Color32::WHITE,
    );
    rect
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_the_first_two_words() {
        for (name, letters) in [
            ("Anna", "A"),
            ("front door", "FD"),
            ("Ada Maria Lovelace", "AM"),
            ("élise", "É"),
            ("(door)", "D"),
            ("", ""),
        ] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }
}
