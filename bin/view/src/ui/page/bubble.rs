//! One text as a bubble: measured first, then put at its side, as a label whose words can be marked
//! and copied. No web address in it opens by one click.

use std::ops::Range;

use egui::epaint::text::{LayoutJob, TextFormat};
use egui::text::CCursor;
use egui::{
    Align, Color32, Galley, Id, Label, Pos2, Rect, Sense, Stroke, Ui, UiBuilder, Vec2, WidgetInfo,
    WidgetType, pos2, vec2,
};

use crate::model::{Action, Delivery, Dialog, Line, Person, Presence, Speaker, State, links, name};
use crate::words;

use super::super::kit::{self, Bubble, Icon, icons, menu, within};
use super::super::theme::{self, Type, tokens};

/// The widest that a bubble gets.
const WIDEST: f32 = 560.0;
const PADDING: Vec2 = vec2(14.0, 8.0);
/// Emoji alone are large, up to so many.
const MAX_LARGE: usize = 3;

/// Draws the text below that corner of the column. Gives back its height.
pub(super) fn show(
    ui: &mut Ui,
    column: Rect,
    state: &State,
    person: &Person,
    line: &Line,
    (shape, has_time): (Bubble, bool),
    actions: &mut Vec<Action>,
) -> f32 {
    let t = tokens(ui);
    let shown = words::message(&line.text);
    let is_narrow = ui.ctx().content_rect().width() < 720.0;
    let share = if is_narrow { 0.84 } else { 0.78 };
    let width = (column.width() * share).min(WIDEST) - 2.0 * PADDING.x;
    let (fill, ink, pale) = match shape.is_own {
        true => (t.own, Color32::WHITE, t.own_soft),
        false => (t.raised, t.text, t.faint),
    };
    let clock = words::clock(&state.zone, line.at);
    let is_here = person.presence == Presence::Here;
    let (mark, said) = match &line.by {
        Speaker::Them => {
            let said = words::they_wrote(&name(&person.name), &clock, &shown);
            (None, said)
        }
        Speaker::Us(_, delivery) => {
            let far = words::delivery(delivery, is_here);
            (
                Some(mark(delivery, is_here)),
                words::you_wrote(&clock, far, &shown),
            )
        }
    };
    let failed = match &line.by {
        Speaker::Us(_, Delivery::Failed(why)) => Some(why),
        _ => None,
    };
    let linked = ranges(&shown);
    let mut job = LayoutJob::default();
    job.wrap.max_width = width;
    words_of(&mut job, &shown, &linked, ink);
    if has_time || failed.is_some() {
        let plain = |font| format(font, pale);
        job.append(&clock, 12.0, plain(Type::Caption.font()));
        if let Some(mark) = mark {
            let icon = plain(theme::icons(15.0, false));
            job.append(&mark.code().to_string(), 4.0, icon);
        }
    }
    let galley = ui.painter().layout_job(job.clone());
    let size = galley.size() + 2.0 * PADDING;
    let left = match shape.is_own {
        true => column.right() - size.x,
        false => column.left(),
    };
    let rect = Rect::from_min_size(pos2(left, column.top()), size);
    ui.painter().rect_filled(rect, shape.corners(), fill);
    let inner = Rect::from_min_size(rect.min + PADDING, galley.size() + vec2(1.0, 0.0));
    let label = Label::new(job).selectable(true).sense(Sense::click());
    let response = within(ui, UiBuilder::new().max_rect(inner), |ui| ui.add(label));
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &said));
    for (at, range) in linked.iter().enumerate() {
        let link = &shown[range.clone()];
        let id = response.id.with(("link", at));
        if is_opened(ui, id, &galley, inner.min, &shown, range) {
            actions.push(Action::Open(Dialog::Link(link.to_owned())));
        }
    }
    response.context_menu(|ui| {
        if menu::entry(ui, Some(icons::COPY), words::COPY, "").clicked() {
            ui.copy_text(line.text.clone());
        }
        for range in &linked {
            let link = &shown[range.clone()];
            let entry = menu::entry(ui, Some(icons::ARROW_SQUARE_OUT), words::OPEN_LINK, "");
            if entry.on_hover_text(link).clicked() {
                actions.push(Action::Open(Dialog::Link(link.to_owned())));
            }
        }
    });
    match failed {
        None => size.y,
        Some(why) => {
            let below = column.with_min_y(rect.bottom() + 2.0);
            size.y + 2.0 + not_delivered(ui, below, person, line, why, actions)
        }
    }
}

/// Below a text that never came: why, and the way to try it again.
fn not_delivered(
    ui: &mut Ui,
    row: Rect,
    person: &Person,
    line: &Line,
    why: &str,
    actions: &mut Vec<Action>,
) -> f32 {
    let t = tokens(ui);
    let place = UiBuilder::new()
        .id_salt("not delivered")
        .max_rect(row.with_max_y(row.top() + 32.0))
        .layout(egui::Layout::right_to_left(Align::Center));
    within(ui, place, |ui| {
        if kit::link(ui, Some(icons::ARROW_CLOCKWISE), words::SEND_AGAIN).clicked() {
            let (peer, text) = (person.name, line.text.clone());
            actions.push(Action::Text { peer, text });
        }
        let why = words::not_delivered(why);
        let why = kit::text::rich(why, Type::Small, t.danger_text);
        ui.add(Label::new(why).truncate());
    });
    32.0
}

fn mark(delivery: &Delivery, is_here: bool) -> Icon {
    match delivery {
        Delivery::Sent if is_here => icons::CHECK,
        Delivery::Sent => icons::CLOCK,
        Delivery::Arrived => icons::CHECKS,
        Delivery::Failed(_) => icons::WARNING_CIRCLE,
    }
}

fn format(font_id: egui::FontId, color: Color32) -> TextFormat {
    TextFormat {
        font_id,
        color,
        line_height: Some(Type::Message.line_height()),
        valign: Align::Center,
        ..TextFormat::default()
    }
}

/// The words, with web addresses underlined.
fn words_of(job: &mut LayoutJob, shown: &str, linked: &[Range<usize>], ink: Color32) {
    let mut plain = format(Type::Message.font(), ink);
    if is_emoji_alone(shown) {
        plain.font_id.size = 32.0;
        plain.line_height = Some(40.0);
    }
    let mut done = 0;
    for range in linked {
        job.append(&shown[done..range.start], 0.0, plain.clone());
        let underline = Stroke::new(1.0, ink);
        let link = TextFormat {
            underline,
            ..plain.clone()
        };
        job.append(&shown[range.clone()], 0.0, link);
        done = range.end;
    }
    job.append(&shown[done..], 0.0, plain);
}

/// Where the web addresses of a text stand in it, in bytes.
fn ranges(shown: &str) -> Vec<Range<usize>> {
    let mut from = 0;
    let range = |link: &str| {
        let start = from + shown[from..].find(link)?;
        from = start + link.len();
        Some(start..from)
    };
    links(shown).filter_map(range).collect()
}

/// Draws nothing: the words are there. Whether the address was clicked, or pressed by a key.
fn is_opened(
    ui: &Ui,
    id: Id,
    galley: &Galley,
    origin: Pos2,
    shown: &str,
    range: &Range<usize>,
) -> bool {
    let chars = |bytes: usize| shown[..bytes].chars().count();
    let mut rows: Vec<Rect> = Vec::new();
    for at in chars(range.start)..chars(range.end) {
        let [from, to] = [at, at + 1].map(|at| galley.pos_from_cursor(CCursor::new(at)));
        let letter = match (to.top() - from.top()).abs() < 1.0 {
            true => from.union(to),
            false => from,
        };
        match rows.last_mut() {
            Some(row) if (row.top() - letter.top()).abs() < 1.0 => *row = row.union(letter),
            _ => rows.push(letter),
        }
    }
    let mut is_opened = false;
    for (at, row) in rows.iter().enumerate() {
        let rect = row.translate(origin.to_vec2());
        let response = ui.interact(rect, id.with(at), Sense::click());
        if at == 0 {
            let link = &shown[range.clone()];
            let said = words::of(words::OPEN_LINK, link);
            response.widget_info(|| WidgetInfo::labeled(WidgetType::Link, true, &said));
            kit::focus_ring(ui, &response, rect, 4);
        }
        is_opened |= response
            .on_hover_cursor(egui::CursorIcon::PointingHand)
            .clicked();
    }
    is_opened
}

/// Whether a text is nothing but a few emoji.
fn is_emoji_alone(text: &str) -> bool {
    let joins = |c: char| matches!(c, '\u{200d}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    let is_emoji = |c: char| matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}');
    let mut count = 0;
    for c in text.trim().chars() {
        match c {
            c if joins(c) => {}
            c if is_emoji(c) => count += 1,
            _ => return false,
        }
    }
    (1..=MAX_LARGE).contains(&count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_where_they_stand_also_twice() {
        let text = "see http://a.b and http://a.b.";
        assert_eq!(ranges(text), [4..14, 19..29]);
        assert!(ranges("nothing").is_empty());
    }

    #[test]
    fn a_few_emoji_alone_are_large() {
        assert!(is_emoji_alone("👍🏽"));
        assert!(is_emoji_alone(" ❤️ "));
        assert!(!is_emoji_alone("👍👍👍👍"));
        assert!(!is_emoji_alone("ok 👍"));
        assert!(!is_emoji_alone(""));
    }
}
