//! A contact that shows another key: what happened, in place of the conversation. Nothing here lets
//! the other key in, as an attacker in between would be let in by the habit of clicking.

use egui::{
    Align, Color32, Frame, Label, Layout, Margin, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2,
};
use transom::PublicKey;
use transom_users::Rights;

use crate::model::{Action, Person, State, Warning, name};
use crate::words;

use super::super::kit::{self, Button, Kind, icons, text, within};
use super::super::theme::{Type, tokens};

const WIDTH: f32 = 600.0;

/// What was told about the key of that contact, and its place among the warnings.
pub(super) fn of<'a>(state: &'a State, person: &Person) -> Option<(usize, Changed<'a>)> {
    let mut warnings = state.warnings.iter().enumerate();
    warnings.find_map(|(at, warning)| match warning {
        Warning::KeyChanged {
            peer,
            pinned,
            offered,
            in_book,
        } if *peer == person.name => Some((
            at,
            Changed {
                pinned,
                offered,
                in_book: *in_book,
            },
        )),
        _ => None,
    })
}

pub(super) struct Changed<'a> {
    pinned: &'a PublicKey,
    offered: &'a PublicKey,
    in_book: bool,
}

pub(super) fn show(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    (at, changed): (usize, Changed<'_>),
    actions: &mut Vec<Action>,
) {
    let who = name(&person.name);
    let width = WIDTH.min(room.width() - 24.0);
    // What is higher than the room is scrolled.
    let top = room.top() + ((room.height() - 380.0) / 2.0).max(12.0);
    let place = Rect::from_min_max(
        pos2(room.center().x - width / 2.0, top),
        pos2(room.center().x + width / 2.0, room.bottom()),
    );
    let place = UiBuilder::new().id_salt("blocked").max_rect(place);
    within(ui, place, |ui| {
        let area = ScrollArea::vertical().auto_shrink(false);
        area.show(ui, |ui| {
            card(ui, state, person, &who, width, (at, changed), actions)
        });
    });
}

fn card(
    ui: &mut Ui,
    state: &State,
    person: &Person,
    who: &str,
    width: f32,
    (at, changed): (usize, Changed<'_>),
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let frame = Frame::NONE
        .fill(t.danger_wash)
        .corner_radius(20)
        .inner_margin(Margin::same(24));
    frame.show(ui, |ui| {
        ui.set_width(width - 48.0);
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        ui.horizontal_top(|ui| {
            let (tile, _) = ui.allocate_exact_size(vec2(36.0, 36.0), egui::Sense::hover());
            let shield = icons::SHIELD_WARNING.filled();
            shield.paint(
                ui.painter(),
                tile.center() + vec2(0.0, 4.0),
                36.0,
                t.danger_text,
            );
            ui.add_space(8.0);
            ui.vertical(|ui| {
                for (words, font, ink) in [
                    (words::may_not_be(who), Type::Title, t.text),
                    (words::shows_another_key(who), Type::Body, t.text),
                    (words::why_another_key(who), Type::Body, t.soft),
                ] {
                    let label = ui.add(Label::new(text::rich(words, font, ink)).wrap());
                    kit::announce(ui, label.id);
                }
            });
        });
        ui.add_space(8.0);
        keys(ui, &changed, width - 48.0);
        if changed.in_book {
            let file = words::line(&state.book_path.to_string_lossy()).into_owned();
            let words = words::change_key(who, &file);
            ui.add(Label::new(text::rich(words, Type::Small, t.soft)).wrap());
            let line = format!("key={}", changed.offered);
            ui.add(
                Label::new(text::rich(line, Type::Key, t.text))
                    .wrap()
                    .selectable(true),
            );
        } else {
            let words = text::rich(words::FORGET_KEY, Type::Small, t.soft);
            ui.add(Label::new(words).wrap());
            let line = words::forget_by_command(person.name.as_str());
            ui.add(
                Label::new(text::rich(line, Type::Key, t.text))
                    .wrap()
                    .selectable(true),
            );
        }
        ui.add_space(4.0);
        answers(ui, state, changed.in_book, at, actions);
    });
}

/// At the right, the one that is advised last; below each other in a narrow window.
fn answers(ui: &mut Ui, state: &State, in_book: bool, at: usize, actions: &mut Vec<Action>) {
    let keep = Button::new(Kind::Main, words::KEEP_BLOCKED).height(44.0);
    let anew = Button::new(Kind::OnCard, words::CONNECT_ANEW).height(44.0);
    let file = Button::new(Kind::OnCard, words::SHOW_THE_FILE).height(44.0);
    let all = keep.measure(ui) + anew.measure(ui) + file.measure(ui) + 16.0;
    let (layout, height) = match all > ui.available_width() {
        true => (Layout::top_down(Align::Max), 148.0),
        false => (Layout::right_to_left(Align::Center), 44.0),
    };
    let row = vec2(ui.available_width(), height);
    ui.allocate_ui_with_layout(row, layout, |ui| {
        if ui.add(keep).clicked() {
            actions.push(Action::Dismiss(at));
        }
        if ui.add(anew).clicked() {
            actions.push(Action::ShowCode(Rights::default()));
        }
        let folder = state.book_path.parent();
        if let Some(folder) = folder.filter(|_| in_book)
            && ui.add(file).clicked()
        {
            actions.push(Action::OpenFolder(super::super::toasts::or_here(folder)));
        }
    });
}

/// The key that is known and the one that was shown, beside each other where there is room.
fn keys(ui: &mut Ui, changed: &Changed<'_>, width: f32) {
    let t = tokens(ui);
    let both = [
        (words::YOU_KNOW, changed.pinned, t.text),
        (words::SHOWN_NOW, changed.offered, t.danger_text),
    ];
    let one = match width < 460.0 {
        true => width,
        false => (width - 8.0) / 2.0,
    };
    ui.horizontal_wrapped(|ui| {
        for (what, key, ink) in both {
            let key = key.fingerprint().to_string();
            key_box(ui, one, what, &key, (Type::CodeKey, ink, t.base));
        }
    });
}

/// A fingerprint on a ground of its own, with what it is above it: in one line, or in two where one
/// has no room.
pub(in crate::ui) fn key_box(
    ui: &mut Ui,
    width: f32,
    what: &str,
    key: &str,
    (font, ink, ground): (Type, Color32, Color32),
) {
    let t = tokens(ui);
    let room = width - 32.0;
    let fits = text::width(ui, key, font) <= room;
    let half = key
        .match_indices('-')
        .nth(1)
        .map_or(key.len(), |(at, dash)| at + dash.len());
    let (first, second) = key.split_at(if fits { key.len() } else { half });
    let lines = [first, second].into_iter().filter(|line| !line.is_empty());
    let size = vec2(
        width,
        46.0 + lines.clone().count() as f32 * font.line_height(),
    );
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    let p = ui.painter();
    p.rect_filled(rect, 12.0, ground);
    let left = rect.min + vec2(16.0, 21.0);
    text::cut(p, left, room, what, Type::Small, t.soft);
    let mut at = rect.min + vec2(16.0, 32.0 + font.line_height() / 2.0);
    for line in lines {
        text::cut(p, at, room + 8.0, line, font, ink);
        at.y += font.line_height();
    }
    text::say(ui, rect, &words::fact(what, key));
}
