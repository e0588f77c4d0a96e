//! The first page: nobody is in the book yet. Two ways to meet somebody by a code, and who is
//! nearby. It is gone as soon as there is one contact; its parts stay behind *Add somebody*.

use egui::{Id, Rect, Stroke, Ui, UiBuilder, pos2, vec2};

use crate::model::{Action, ContactForm, Dialog, State};
use crate::words;

use super::kit::{self, Icon, icons, text, within};
use super::list;
use super::theme::{Type, tokens};

/// The widest that the page gets.
const WIDTH: f32 = 624.0;

/// The ways to meet somebody.
pub(super) fn ways() -> [(Icon, &'static str, Action); 1] {
    let by_address = Action::Open(Dialog::Contact(Box::<ContactForm>::default()));
    [(icons::AT, words::ADD_BY_ADDRESS, by_address)]
}

pub(super) fn show(ui: &mut Ui, room: Rect, state: &State, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    ui.painter().rect_filled(room, 0.0, t.base);
    let gear = Rect::from_min_size(pos2(room.right() - 52.0, room.top() + 12.0), vec2(40.0, 40.0));
    let width = WIDTH.min(room.width() - 32.0);
    let place = Rect::from_min_size(
        pos2(room.center().x - width / 2.0, room.top() + (room.height() * 0.174).min(132.0)),
        vec2(width, room.height()),
    );
    let place = UiBuilder::new().id(Id::new("first run")).max_rect(place);
    within(ui, place, |ui| {
        ui.spacing_mut().item_spacing = vec2(16.0, 0.0);
        hello(ui, state);
        ui.add_space(32.0);
        ui.horizontal(|ui| {
            for (icon, words, action) in ways() {
                if ui.add(kit::Button::new(kit::Kind::Main, words).icon(icon)).clicked() {
                    actions.push(action);
                }
            }
        });
    });
    let place = UiBuilder::new().id(Id::new("first settings")).max_rect(gear);
    within(ui, place, |ui| {
        if kit::icon_button(ui, icons::GEAR_SIX, words::SETTINGS, 40.0).clicked() {
            actions.push(list::settings(state));
        }
    });
}

fn hello(ui: &mut Ui, state: &State) {
    let t = tokens(ui);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 56.0), egui::Sense::hover());
    mark(ui, Rect::from_min_size(row.min, vec2(56.0, 56.0)));
    let words = words::hello(&words::line(&state.own.name));
    let left = row.left() + 72.0;
    let width = row.right() - left;
    let p = ui.painter();
    let shown = text::cut(p, pos2(left, row.top() + 18.0), width, &words, Type::Display, t.text);
    text::say(ui, shown, &words);
    let at = pos2(left, row.top() + 46.0);
    text::cut(p, at, width, words::WHAT_IT_IS, Type::Message, t.soft);
}

/// The mark of the program: a half-round window over a door, white on the accent.
pub(super) fn mark(ui: &Ui, rect: Rect) {
    let (t, p) = (tokens(ui), ui.painter());
    let unit = rect.width() / 56.0;
    p.rect_filled(rect, 14.0 * unit, t.accent);
    let white = Stroke::new(3.0 * unit, egui::Color32::WHITE);
    let middle = rect.min + vec2(28.0, 36.0) * unit;
    let arc = |radius: f32| {
        let point = |step: i32| {
            let angle = std::f32::consts::PI * (1.0 + step as f32 / 24.0);
            middle + radius * unit * vec2(angle.cos(), angle.sin())
        };
        let points = (0..=24).map(point).collect();
        p.add(egui::Shape::line(points, white));
    };
    arc(17.0);
    arc(7.0);
    p.line_segment([middle - vec2(18.5, 0.0) * unit, middle + vec2(18.5, 0.0) * unit], white);
    for turn in [0.75_f32, 0.625, 0.875] {
        let angle = std::f32::consts::TAU * turn;
        let way = vec2(angle.cos(), angle.sin()) * unit;
        p.line_segment([middle + 7.0 * way, middle + 17.0 * way], white);
    }
    let sill = rect.min + vec2(28.0, 42.5) * unit;
    p.line_segment([sill - vec2(18.0, 0.0) * unit, sill + vec2(18.0, 0.0) * unit], white);
}

/// A page about nobody: the mark alone.
pub(super) fn nobody(ui: &Ui, room: Rect) {
    let t = tokens(ui);
    ui.painter().rect_filled(room, 0.0, t.base);
    let size = vec2(72.0, 72.0);
    mark(ui, Rect::from_center_size(room.center(), size));
}
