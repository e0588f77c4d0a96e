//! Entries of menus.

use egui::{Align2, Rect, Response, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};

use crate::ui::theme::{Type, tokens};

use super::button::focus_ring;
use super::icons::{self, Icon};
use super::text;

/// An entry with the keys that do the same.
pub(in crate::ui) fn entry(ui: &mut Ui, icon: Option<Icon>, words: &str, keys: &str) -> Response {
    row(
        ui,
        icon,
        words,
        Trail {
            words: keys,
            indent: 10.0,
        },
        false,
    )
}

/// An entry that opens another menu.
pub(in crate::ui) fn sub(ui: &mut Ui, icon: Icon, words: &str, now: &str, open: bool) -> Response {
    let response = row(
        ui,
        Some(icon),
        words,
        Trail {
            words: now,
            indent: 30.0,
        },
        open,
    );
    let t = tokens(ui);
    let caret = response.rect.right_center() - vec2(16.0, 0.0);
    icons::CARET_RIGHT.paint(ui.painter(), caret, 15.0, t.soft);
    response
}

/// An entry of a list in which one entry is chosen.
pub(in crate::ui) fn choice(ui: &mut Ui, is_chosen: bool, words: &str) -> Response {
    let icon = is_chosen.then_some(icons::CHECK);
    let response = row(
        ui,
        icon,
        words,
        Trail {
            words: "",
            indent: 0.0,
        },
        false,
    );
    response.widget_info(|| {
        WidgetInfo::selected(WidgetType::RadioButton, ui.is_enabled(), is_chosen, words)
    });
    response
}

/// A line between groups of entries.
pub(in crate::ui) fn line(ui: &mut Ui) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
    let across = rect.left() + 8.0..=rect.right() - 8.0;
    ui.painter()
        .hline(across, rect.center().y, egui::Stroke::new(1.0, t.border));
}

/// What stands at the right end of an entry.
struct Trail<'a> {
    words: &'a str,
    /// From the edge.
    indent: f32,
}

fn row(ui: &mut Ui, icon: Option<Icon>, words: &str, trail: Trail<'_>, is_open: bool) -> Response {
    let t = tokens(ui);
    let font = Type::Medium;
    let ends = text::width(ui, trail.words, Type::Caption) + trail.indent;
    let needed = 42.0 + text::width(ui, words, font) + 16.0 + ends;
    let width = ui.available_width().max(needed.min(420.0));
    let (rect, response) = ui.allocate_exact_size(vec2(width, 40.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ui.is_enabled(), words));
    let p = ui.painter();
    if response.hovered() || is_open {
        p.rect_filled(rect, 10.0, t.hover);
    }
    let middle = rect.center().y;
    if let Some(icon) = icon {
        icon.paint(p, pos2(rect.left() + 20.0, middle), 20.0, t.soft);
    }
    let left = pos2(rect.left() + 42.0, middle);
    let shown = Rect::from_min_max(left, pos2(rect.right() - ends, rect.bottom()));
    text::cut(p, left, shown.width(), words, font, t.text);
    let end = pos2(rect.right() - trail.indent, middle);
    text::paint(
        p,
        end,
        Align2::RIGHT_CENTER,
        trail.words,
        Type::Caption,
        t.soft,
    );
    focus_ring(ui, &response, rect, 10);
    response
}
