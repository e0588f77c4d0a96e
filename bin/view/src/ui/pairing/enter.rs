//! The other side's code: one field, whose words are known by three letters.

use egui::{Id, Key, Rect, Response, Sense, Ui, pos2, vec2};

use crate::model::{Action, CodeEntry as Entry, CodeForm, Dialog, State, name};
use crate::words;

use super::super::kit::{self, Button, Field, Kind, icons, text};
use super::super::theme::{Type, tokens};

/// Letters by which a word of a code is known.
const ENOUGH: usize = 3;

pub(super) fn dialog(ui: &Ui, state: &State, form: &CodeForm, actions: &mut Vec<Action>) {
    let mut form = form.clone();
    let before = form.clone();
    let shown = kit::dialog(ui, "enter code", 520.0, |ui| {
        let t = tokens(ui);
        ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
        super::title(ui, words::ENTER_A_CODE, actions);
        ui.add_space(6.0);
        ui.label(text::rich(words::WHERE_IT_IS, Type::Body, t.soft));
        ui.add_space(20.0);
        let wrong = wrong(&state.meeting.entry);
        let id = Id::new("code field");
        let field = Field::new(&mut form.code, words::CODE_FIELD).id(id).large();
        let field = field.max_chars(64).wrong(wrong.as_deref()).show(ui);
        if kit::is_new(ui, id) {
            field.request_focus();
            kit::caret_to_end(ui, id, &form.code);
        }
        let mut entered = is_entered(ui, &field);
        if entered {
            // A code that is wrong is typed again.
            field.request_focus();
        }
        ui.add_space(10.0);
        chips(ui, state, &form);
        ui.add_space(16.0);
        if let Some(field) = address(ui, &mut form) {
            entered |= is_entered(ui, &field);
        }
        ui.add_space(20.0);
        let code = form.code();
        let is_trying = matches!(state.meeting.entry, Entry::Trying);
        ui.horizontal(|ui| {
            if is_trying {
                ui.label(text::rich(words::TRYING_CODE, Type::Small, t.soft));
            }
            let right = egui::Layout::right_to_left(egui::Align::Center);
            ui.with_layout(right, |ui| {
                let can = code.is_some() && !is_trying && form.has_known_words();
                let connect = Button::new(Kind::Main, words::CONNECT).height(44.0);
                let clicked = ui.add_enabled(can, connect).clicked();
                if let Some(code) = code.filter(|_| can && (clicked || entered)) {
                    actions.push(Action::EnterCode(code));
                }
                let cancel = Button::new(Kind::Ghost, words::CANCEL).height(44.0);
                if ui.add(cancel).clicked() {
                    actions.push(Action::Close);
                }
            });
        });
    });
    if form != before {
        actions.insert(0, Action::Open(Dialog::EnterCode(form)));
    }
    if shown.backdrop_response.clicked() {
        actions.push(Action::Close);
    }
}

/// Whether Enter was pressed in that field.
fn is_entered(ui: &Ui, field: &Response) -> bool {
    field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

/// Why the last try led nowhere.
fn wrong(entry: &Entry) -> Option<String> {
    match entry {
        Entry::Failed(why, left) => Some(words::code_failed(why, *left)),
        _ => None,
    }
}

/// The parts of the code that are understood so far, and the station that shows its number.
fn chips(ui: &mut Ui, state: &State, form: &CodeForm) {
    let t = tokens(ui);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::hover());
    let mut left = row.left();
    let is_between = |c: char| !c.is_alphanumeric();
    let parts = form.code.split(is_between).filter(|part| !part.is_empty());
    for (at, part) in parts.take(3).enumerate() {
        let known = match at {
            0 => form.number().map(|number| format!("{number:02}")),
            _ if part.chars().count() < ENOUGH => continue,
            _ => transom::completions(&part.to_lowercase())
                .next()
                .map(str::to_owned),
        };
        match known {
            Some(known) => {
                let width = text::width(ui, &known, Type::Key) + 42.0;
                let chip = Rect::from_min_size(pos2(left, row.top() + 1.0), vec2(width, 32.0));
                let p = ui.painter();
                p.rect_filled(chip, 10.0, t.good_wash);
                icons::CHECK.paint(p, chip.left_center() + vec2(18.0, 0.0), 15.0, t.good);
                let at = chip.left_center() + vec2(30.0, 0.0);
                text::cut(p, at, width, &known, Type::Key, t.good);
                text::say(ui, chip, &known);
                left = chip.right() + 8.0;
            }
            None => {
                let words = words::no_word(&words::line(part));
                let at = pos2(left, row.center().y);
                let width = row.right() - left;
                let p = ui.painter();
                let shown = text::cut(p, at, width, &words, Type::Small, t.danger_text);
                text::say(ui, shown, &words);
                return;
            }
        }
    }
    let Some(number) = form.number() else { return };
    let shows = state.shows_number(number);
    let words = match shows {
        Some(nearby) => words::shows_this_code(&name(&nearby.contact.unwrap_or(nearby.name))),
        None if state.looks_again_at().is_some() => words::NOBODY_IS_FOUND.to_owned(),
        None => words::nobody_shows(number),
    };
    let width = text::width(ui, &words, Type::Small);
    // Below the chips, where there is no room beside them.
    let row = match row.right() - left - 34.0 < width {
        true => {
            ui.allocate_exact_size(vec2(row.width(), 28.0), Sense::hover())
                .0
        }
        false => row,
    };
    let icon = match shows {
        Some(nearby) if nearby.is_camera => icons::SECURITY_CAMERA,
        _ => icons::LAPTOP,
    };
    let at = pos2(row.right() - width, row.center().y);
    icon.paint(ui.painter(), at - vec2(16.0, 0.0), 18.0, t.soft);
    let shown = text::cut(ui.painter(), at, width + 1.0, &words, Type::Small, t.soft);
    text::say(ui, shown, &words);
}

/// Where the other side is, asked for only on demand.
fn address(ui: &mut Ui, form: &mut CodeForm) -> Option<Response> {
    let t = tokens(ui);
    let size = vec2(ui.available_width(), 32.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let width = text::width(ui, words::GIVE_ADDRESS, Type::Small) + 36.0;
    let hit = row.with_max_x(row.left() + width);
    let response = kit::area(ui, hit, Id::new("give address"), words::GIVE_ADDRESS);
    let icon = match form.asks_address {
        true => icons::CARET_DOWN,
        false => icons::CARET_RIGHT,
    };
    let ink = if response.hovered() { t.text } else { t.soft };
    icon.paint(ui.painter(), row.left_center() + vec2(8.0, 0.0), 14.0, ink);
    let at = row.left_center() + vec2(24.0, 0.0);
    text::cut(
        ui.painter(),
        at,
        width,
        words::GIVE_ADDRESS,
        Type::Small,
        ink,
    );
    kit::focus_ring(ui, &response, hit, 8);
    if response.clicked() {
        form.asks_address = !form.asks_address;
    }
    form.asks_address.then(|| {
        ui.add_space(6.0);
        let hint = words::ADDRESS_SUCH_AS;
        Field::new(&mut form.address, words::ADDRESS_FIELD)
            .hint(hint)
            .max_chars(200)
            .show(ui)
    })
}
