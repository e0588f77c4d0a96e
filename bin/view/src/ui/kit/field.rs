//! What is filled in, switched and measured: text fields, switches, choices, levels and progress.

use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{
    Align2, Color32, CornerRadius, Frame, Id, Margin, Painter, Popup, Pos2, Rect, Response, Sense,
    Shape, Stroke, StrokeKind, TextEdit, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2,
};

use crate::ui::theme::{Type, tokens};

use super::button::focus_ring;
use super::icons;
use super::{text, within};

/// One line to type into, 40 points high.
#[must_use = "it is shown in a Ui"]
pub(in crate::ui) struct Field<'a> {
    text: &'a mut String,
    name: &'a str,
    hint: &'a str,
    id: Option<Id>,
    max_chars: usize,
    font: Type,
    height: f32,
    wrong: Option<&'a str>,
}

impl<'a> Field<'a> {
    /// `name` is what a screen reader calls it.
    pub(in crate::ui) fn new(text: &'a mut String, name: &'a str) -> Self {
        Self {
            text,
            name,
            hint: "",
            id: None,
            max_chars: 4096,
            font: Type::Body,
            height: 40.0,
            wrong: None,
        }
    }

    pub(in crate::ui) fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    pub(in crate::ui) fn id(self, id: Id) -> Self {
        let id = Some(id);
        Self { id, ..self }
    }

    pub(in crate::ui) fn max_chars(self, max_chars: usize) -> Self {
        Self { max_chars, ..self }
    }

    /// For a code: large letters of equal width.
    pub(in crate::ui) fn large(self) -> Self {
        Self {
            font: Type::CodeField,
            height: 60.0,
            ..self
        }
    }

    /// What is wrong with the text, said below it; `None` while all is well.
    pub(in crate::ui) fn wrong(self, wrong: Option<&'a str>) -> Self {
        Self { wrong, ..self }
    }

    pub(in crate::ui) fn show(self, ui: &mut Ui) -> Response {
        let t = tokens(ui);
        let size = vec2(ui.available_width(), self.height);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let side = if self.height > 50.0 { 18 } else { 12 };
        ui.painter().rect_filled(rect, 10.0, t.base);
        let hint = text::rich(self.hint, self.font, t.faint);
        let mut edit = TextEdit::singleline(self.text)
            .frame(around_line(ui, self.height, self.font, [side, side]))
            .font(self.font.font())
            .text_color(t.text)
            .hint_text(hint)
            .char_limit(self.max_chars)
            .desired_width(rect.width());
        if let Some(id) = self.id {
            edit = edit.id(id);
        }
        let response = within(ui, UiBuilder::new().max_rect(rect), |ui| ui.add(edit));
        response
            .widget_info(|| WidgetInfo::labeled(WidgetType::TextEdit, ui.is_enabled(), self.name));
        let stroke = if self.wrong.is_some() {
            Stroke::new(2.0, t.danger_text)
        } else if response.has_focus() {
            Stroke::new(2.0, t.accent_text)
        } else {
            Stroke::new(1.0, t.edge)
        };
        ui.painter()
            .rect_stroke(rect, 10.0, stroke, StrokeKind::Inside);
        if let Some(wrong) = self.wrong {
            ui.label(text::rich(wrong, Type::Small, t.danger_text));
        }
        response
    }
}

/// Whether that field was not shown in the last frame: it then takes the keyboard.
pub(in crate::ui) fn is_new(ui: &Ui, id: Id) -> bool {
    let frame = ui.ctx().cumulative_frame_nr();
    let last: Option<u64> = ui.data(|data| data.get_temp(id));
    ui.data_mut(|data| data.insert_temp(id, frame));
    last.is_none_or(|last| last + 1 < frame)
}

/// Places the caret behind what is in a field already.
pub(in crate::ui) fn caret_to_end(ui: &Ui, id: Id, text: &str) {
    let mut state = TextEditState::load(ui.ctx(), id).unwrap_or_default();
    let end = CCursor::new(text.chars().count());
    state.cursor.set_char_range(Some(CCursorRange::one(end)));
    state.store(ui.ctx(), id);
}

/// The room above, below and beside the line of a text field of that height. It is part of the
/// editor, so that all of the field takes clicks.
pub(in crate::ui) fn around_line(
    ui: &Ui,
    height: f32,
    font: Type,
    [left, right]: [i8; 2],
) -> Frame {
    let row = ui.fonts_mut(|fonts| fonts.row_height(&font.font()));
    let above = (height - font.line_height()) / 2.0;
    let below = height - above - row;
    Frame::NONE.inner_margin(Margin {
        left,
        right,
        top: above.round() as i8,
        bottom: below.round() as i8,
    })
}

/// A switch. The caller changes what it stands for when it is clicked.
pub(in crate::ui) fn switch(ui: &mut Ui, on: bool, name: &str) -> Response {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(44.0, 26.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(WidgetType::Checkbox, ui.is_enabled(), on, name));
    let p = ui.painter();
    if on {
        p.rect_filled(rect, 13.0, t.accent);
        p.circle_filled(rect.right_center() - vec2(13.0, 0.0), 10.0, Color32::WHITE);
    } else {
        let stroke = Stroke::new(2.0, t.edge);
        p.rect_stroke(rect, 13.0, stroke, StrokeKind::Inside);
        p.circle_filled(rect.left_center() + vec2(13.0, 0.0), 6.5, t.edge);
    }
    focus_ring(ui, &response, rect, 13);
    response
}

/// A switch at the right of its words, with what it means below them. The caller changes what it
/// stands for when it is clicked.
pub(in crate::ui) fn switch_row(ui: &mut Ui, on: bool, words: &str, detail: &str) -> Response {
    let t = tokens(ui);
    let width = ui.available_width();
    let room = width - 44.0 - 16.0;
    let lines = [(words, Type::Medium, t.text), (detail, Type::Small, t.soft)];
    let lines = lines.map(|(words, font, ink)| text::lines(ui.painter(), room, words, font, ink));
    let [above, below] = lines.each_ref().map(|galley| galley.size().y);
    let (least, all) = match detail {
        "" => (44.0, above),
        _ => (56.0, above + below - 1.0),
    };
    let height = f32::max(least, all + 16.0);
    let (row, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    let middle = row.center().y;
    let p = ui.painter();
    let mut at = pos2(row.left(), middle - all / 2.0);
    for galley in lines {
        let down = galley.size().y - 1.0;
        p.galley(at, galley, t.text);
        at.y += down;
    }
    let corner = pos2(row.right() - 44.0, middle - 13.0);
    let place = Rect::from_min_size(corner, vec2(44.0, 26.0));
    let place = UiBuilder::new().id_salt(words).max_rect(place);
    within(ui, place, |ui| switch(ui, on, words))
}

/// A choice among several, with what is chosen; its menu is the caller's.
pub(in crate::ui) fn select(
    ui: &mut Ui,
    name: &str,
    chosen: &str,
    width: f32,
    menu: impl FnOnce(&mut Ui),
) -> Response {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 40.0), Sense::click());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(WidgetType::ComboBox, ui.is_enabled(), name);
        info.current_text_value = Some(chosen.to_owned());
        info
    });
    let p = ui.painter();
    p.rect_filled(rect, 10.0, t.base);
    let stroke = Stroke::new(1.0, t.edge);
    p.rect_stroke(rect, 10.0, stroke, StrokeKind::Inside);
    let left = rect.left_center() + vec2(12.0, 0.0);
    text::cut(p, left, rect.width() - 52.0, chosen, Type::Body, t.text);
    let caret = rect.right_center() - vec2(20.0, 0.0);
    icons::CARET_DOWN.paint(p, caret, 16.0, t.soft);
    focus_ring(ui, &response, rect, 10);
    Popup::menu(&response).gap(4.0).width(width).show(menu);
    response
}

/// How loud something is, from 0 to 1, as bars of which more and more are lit.
pub(in crate::ui) fn level(ui: &mut Ui, share: f32, bars: usize, name: &str) -> Response {
    const BAR: f32 = 6.0;
    const PITCH: f32 = 9.0;
    let t = tokens(ui);
    let width = PITCH * bars as f32 - (PITCH - BAR);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 16.0), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(WidgetType::ProgressIndicator, true, name);
        info.value = Some(f64::from(share));
        info
    });
    let lit = (share.clamp(0.0, 1.0) * bars as f32).round() as usize;
    for at in 0..bars {
        let left = rect.left() + PITCH * at as f32;
        let bar = Rect::from_min_size(pos2(left, rect.top()), vec2(BAR, 16.0));
        let colour = if at < lit { t.good } else { t.pressed };
        ui.painter().rect_filled(bar, 3.0, colour);
    }
    response
}

/// How far something is, from 0 to 1.
pub(in crate::ui) fn bar(p: &Painter, rect: Rect, share: f32, track: Color32, done: Color32) {
    let radius = CornerRadius::same((rect.height() / 2.0) as u8);
    p.rect_filled(rect, radius, track);
    let width = rect.width() * share.clamp(0.0, 1.0);
    if width > 0.0 {
        let width = width.max(rect.height());
        p.rect_filled(rect.with_max_x(rect.left() + width), radius, done);
    }
}

/// The same as a ring, from the top to the right. `from` turns its beginning, in shares of a turn.
pub(in crate::ui) fn progress_ring(
    p: &Painter,
    at: Pos2,
    radius: f32,
    (from, share): (f32, f32),
    (width, track, done): (f32, Color32, Color32),
) {
    const STEPS: usize = 48;
    p.circle_stroke(at, radius, Stroke::new(width, track));
    let steps = (share.clamp(0.0, 1.0) * STEPS as f32).round() as usize;
    if steps == 0 {
        return;
    }
    let point = |step: usize| {
        let turn = from + share * step as f32 / steps as f32;
        let angle = (turn - 0.25) * std::f32::consts::TAU;
        at + radius * vec2(angle.cos(), angle.sin())
    };
    let points: Vec<_> = (0..=steps).map(point).collect();
    for end in [points[0], points[steps]] {
        p.circle_filled(end, width / 2.0, done);
    }
    p.add(Shape::line(points, Stroke::new(width, done)));
}

/// A key of the keyboard within a line. Gives back what it covers.
pub(in crate::ui) fn key_cap(
    p: &Painter,
    left: Pos2,
    words: &str,
    (fill, ink): (Color32, Color32),
) -> Rect {
    let galley = p.layout_no_wrap(words.to_owned(), Type::Key.font(), ink);
    let rect = Align2::LEFT_CENTER.anchor_size(left, vec2(galley.size().x + 14.0, 20.0));
    p.rect_filled(rect, 5.0, fill);
    p.galley(rect.center() - galley.size() / 2.0, galley, ink);
    rect
}
