//! Words at a place: painted only, where the control they belong to says them, or as a label that
//! a screen reader finds.

use std::sync::Arc;

use egui::epaint::text::{LayoutJob, TextWrapping};
use egui::{
    Align, Align2, Color32, Galley, Id, Painter, Pos2, Rect, RichText, Sense, Ui, WidgetInfo,
    WidgetType,
};

use crate::ui::theme::Type;

/// Paints words. Their control tells them to a screen reader.
pub(in crate::ui) fn paint(
    p: &Painter,
    at: Pos2,
    anchor: Align2,
    words: &str,
    font: Type,
    colour: Color32,
) -> Rect {
    p.text(at, anchor, words, font.font(), colour)
}

/// Paints one line from its left end, in the middle of its height, cut with "…" at that width.
pub(in crate::ui) fn cut(
    p: &Painter,
    left: Pos2,
    width: f32,
    words: &str,
    font: Type,
    colour: Color32,
) -> Rect {
    let mut job = LayoutJob::simple(words.to_owned(), font.font(), colour, width);
    job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    let galley = p.layout_job(job);
    let rect = Align2::LEFT_CENTER.anchor_size(left, galley.size());
    p.galley(rect.min, galley, colour);
    rect
}

/// The words, or their beginning and their end with "…" between where they are wider: the end of a
/// file's name says what it is.
pub(in crate::ui) fn middle<'a>(
    ui: &Ui,
    words: &'a str,
    font: Type,
    most: f32,
) -> std::borrow::Cow<'a, str> {
    if width(ui, words, font) <= most {
        return words.into();
    }
    let letters: Vec<char> = words.chars().collect();
    let cut = |kept: usize| {
        let end = (kept / 2).min(12);
        let (head, tail) = (&letters[..kept - end], &letters[letters.len() - end..]);
        head.iter().chain(&['…']).chain(tail).collect::<String>()
    };
    // The longest that fits, found by halving.
    let (mut fits, mut wide) = (0, letters.len());
    while wide - fits > 1 {
        let kept = usize::midpoint(fits, wide);
        match width(ui, &cut(kept), font) <= most {
            true => fits = kept,
            false => wide = kept,
        }
    }
    cut(fits).into()
}

/// Lays out several lines within a width, to be painted later.
pub(in crate::ui) fn lines(
    p: &Painter,
    width: f32,
    words: &str,
    font: Type,
    colour: Color32,
) -> Arc<Galley> {
    p.layout_job(job(width, words, font, colour))
}

fn job(width: f32, words: &str, font: Type, colour: Color32) -> LayoutJob {
    let mut job = LayoutJob::simple(words.to_owned(), font.font(), colour, width.max(1.0));
    for section in &mut job.sections {
        section.format.line_height = Some(font.line_height());
    }
    job
}

/// Paints several lines within a width, from that corner or, for [`Align::Center`], around that
/// point down.
pub(in crate::ui) fn wrap(
    p: &Painter,
    at: Pos2,
    width: f32,
    words: &str,
    font: Type,
    colour: Color32,
    align: Align,
) -> Rect {
    let mut job = job(width, words, font, colour);
    job.halign = align;
    let galley = p.layout_job(job);
    let rect = galley.rect.translate(at.to_vec2());
    p.galley(at, galley, colour);
    rect
}

/// The width of one line.
pub(in crate::ui) fn width(ui: &Ui, words: &str, font: Type) -> f32 {
    let galley = ui
        .painter()
        .layout_no_wrap(words.to_owned(), font.font(), Color32::WHITE);
    galley.size().x
}

/// Makes painted words a label of their own for a screen reader.
pub(in crate::ui) fn say(ui: &Ui, rect: Rect, words: &str) {
    label(ui, rect, label_id(ui, rect, "said"), words);
}

/// The same, and a screen reader tells them when they appear.
pub(in crate::ui) fn announce(ui: &Ui, rect: Rect, words: &str) {
    let id = label_id(ui, rect, "announced");
    label(ui, rect, id, words);
    super::announce(ui, id);
}

/// By its place in the pane and not by its words: a time that runs is one label, not a new one
/// every second. Within a list that scrolls the place scrolls with it.
fn label_id(ui: &Ui, rect: Rect, kind: &str) -> Id {
    let at = rect.min - ui.max_rect().min;
    ui.id()
        .with((kind, at.x.round() as i32, at.y.round() as i32))
}

fn label(ui: &Ui, rect: Rect, id: Id, words: &str) {
    ui.interact(rect, id, Sense::hover())
        .widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, words));
}

/// Words of that size and colour, for a layout of egui's.
pub(in crate::ui) fn rich(words: impl Into<String>, font: Type, colour: Color32) -> RichText {
    let words = RichText::new(words).font(font.font()).color(colour);
    words.line_height(Some(font.line_height()))
}
