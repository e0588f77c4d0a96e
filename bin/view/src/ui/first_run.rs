//! The first page, while the contact book is empty: two ways to add a contact by a code, and the
//! stations nearby. It is gone as soon as there is one contact; its parts stay in the menu of
//! the button that adds a contact.

use egui::{Color32, Id, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, pos2, vec2};
use transom_users::Rights;

use crate::model::{Action, CodeForm, ContactForm, Dialog, State, Station, name};
use crate::words;

use super::kit::{self, Button, Icon, Kind, icons, text, within};
use super::theme::{Type, mix, tokens};
use super::{Draft, guard, list};

/// The widest that the page gets.
const WIDTH: f32 = 624.0;

/// The ways to add a contact.
pub(super) fn ways() -> [(Icon, &'static str, &'static str, Action); 4] {
    let show = Action::ShowCode(Rights::default());
    let enter = Action::Open(Dialog::EnterCode(CodeForm::default()));
    let by_address = Action::Open(Dialog::Contact(Box::<ContactForm>::default()));
    [
        (icons::QR_CODE, words::SHOW_MY_CODE, "Ctrl+N", show),
        (icons::KEYBOARD, words::ENTER_A_CODE, "Ctrl+J", enter),
        (
            icons::LAPTOP,
            words::NEARBY,
            "",
            Action::Open(Dialog::Nearby),
        ),
        (icons::AT, words::ADD_BY_ADDRESS, "", by_address),
    ]
}

pub(super) fn show(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    ui.painter().rect_filled(room, 0.0, t.base);
    let gear = Rect::from_min_size(
        pos2(room.right() - 52.0, room.top() + 12.0),
        vec2(40.0, 40.0),
    );
    let width = WIDTH.min(room.width() - 32.0);
    let top = match room.width() > WIDTH {
        true => (room.height() * 0.174).min(132.0),
        false => 64.0,
    };
    let place = Rect::from_min_size(
        pos2(room.center().x - width / 2.0, room.top() + top),
        vec2(width, room.height() - top),
    );
    let place = UiBuilder::new().id(Id::new("first run")).max_rect(place);
    within(ui, place, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(16.0, 0.0);
            list::banners(ui, state, actions);
            hello(ui, state);
            ui.add_space(32.0);
            cards(ui, actions);
            ui.add_space(32.0);
            nearby(ui, state, draft, actions);
            ui.add_space(12.0);
            foot(ui, state, actions);
        });
    });
    let place = UiBuilder::new()
        .id(Id::new("first settings"))
        .max_rect(gear);
    within(ui, place, |ui| {
        if kit::icon_button(ui, icons::GEAR_SIX, words::SETTINGS, 40.0).clicked() {
            actions.push(list::settings(state));
        }
    });
}

/// The two ways by a code, large.
fn cards(ui: &mut Ui, actions: &mut Vec<Action>) {
    let room = ui.available_width();
    let is_narrow = room < 520.0;
    let height = if is_narrow { 120.0 } else { 152.0 };
    let details = [words::THEY_TYPE_IT, words::ONE_IS_SHOWN];
    let all = match is_narrow {
        true => 2.0 * height + 12.0,
        false => height,
    };
    let (row, _) = ui.allocate_exact_size(vec2(room, all), Sense::hover());
    let width = if is_narrow { room } else { (room - 16.0) / 2.0 };
    for (at, ((icon, words, _, action), detail)) in ways().into_iter().zip(details).enumerate() {
        let step = match is_narrow {
            true => vec2(0.0, height + 12.0),
            false => vec2(width + 16.0, 0.0),
        };
        let rect = Rect::from_min_size(row.min + step * at as f32, vec2(width, height));
        if card(ui, rect, icon, words, detail, at == 0) {
            actions.push(action);
        }
    }
}

/// One of them; whether it was clicked.
fn card(ui: &Ui, rect: Rect, icon: Icon, words: &str, detail: &str, is_main: bool) -> bool {
    let t = tokens(ui);
    let response = kit::area(ui, rect, Id::new(words), words);
    let (fill, ink, soft) = match (is_main, response.hovered()) {
        (true, false) => (t.accent, Color32::WHITE, t.own_soft),
        (true, true) => (
            mix(t.accent, Color32::BLACK, 0.08),
            Color32::WHITE,
            t.own_soft,
        ),
        (false, false) => (t.raised, t.text, t.soft),
        (false, true) => (t.hover, t.text, t.soft),
    };
    let p = ui.painter();
    p.rect_filled(rect, 16.0, fill);
    let top = rect.top() + 38.0_f32.min(rect.height() * 0.28);
    icon.paint(p, pos2(rect.left() + 38.0, top), 30.0, ink);
    icons::ARROW_RIGHT.paint(p, pos2(rect.right() - 32.0, top), 22.0, ink);
    let left = rect.left() + 22.0;
    let width = rect.width() - 44.0;
    text::cut(
        p,
        pos2(left, rect.bottom() - 55.0),
        width,
        words,
        Type::Heading,
        ink,
    );
    text::cut(
        p,
        pos2(left, rect.bottom() - 30.0),
        width,
        detail,
        Type::Small,
        soft,
    );
    kit::focus_ring(ui, &response, rect, 16);
    response.clicked()
}

/// The computers and cameras that announce themselves on this network.
fn nearby(ui: &mut Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    let p = ui.painter();
    let left = row.left_center();
    let shown = text::cut(p, left, 120.0, words::NEARBY, Type::SmallStrong, t.soft);
    text::say(ui, shown, words::NEARBY);
    let room = row.right() - shown.right() - 40.0;
    let width = text::width(ui, words::UNPROVEN, Type::Small).min(room);
    let at = pos2(row.right() - width, row.center().y);
    icons::INFO.paint(p, at - vec2(13.0, 0.0), 15.0, t.faint);
    let shown = text::cut(p, at, width + 1.0, words::UNPROVEN, Type::Small, t.faint);
    text::say(ui, shown, words::UNPROVEN);
    ui.add_space(8.0);
    stations(ui, state, draft, actions);
}

/// That a name proves nothing, alone in its line.
pub(super) fn unproven(ui: &mut Ui) {
    let t = tokens(ui);
    ui.label(text::rich(words::UNPROVEN, Type::Small, t.faint));
}

/// A row for each station nearby, or that there is none.
pub(super) fn stations(ui: &mut Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    let mut is_empty = true;
    for nearby in state.strangers_nearby() {
        is_empty = false;
        station(ui, nearby, actions);
        ui.add_space(8.0);
    }
    if let Some(until) = state.looks_again_at() {
        let words = words::finding_paused(&words::clock(&state.zone, until));
        let words = text::rich(words, Type::Small, tokens(ui).warn);
        ui.add(egui::Label::new(words).wrap());
        let left = until.saturating_sub(state.now);
        ui.ctx().request_repaint_after(left);
    } else if is_empty {
        nobody_nearby(ui, draft);
    }
}

fn station(ui: &mut Ui, nearby: &Station, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 60.0), Sense::hover());
    guard::place(ui, ("station", nearby.fingerprint), row);
    let shown = name(&nearby.name);
    let p = ui.painter();
    let fill = if ui.visuals().dark_mode {
        t.side
    } else {
        t.raised
    };
    p.rect_filled(row, 12.0, fill);
    let icon = match nearby.is_camera {
        true => icons::SECURITY_CAMERA,
        false => icons::LAPTOP,
    };
    icon.paint(p, row.left_center() + vec2(26.0, 0.0), 24.0, t.soft);
    let connect = words::connect_to(&shown);
    let button = Button::new(Kind::OnCard, words::CONNECT)
        .height(32.0)
        .name(&connect);
    let width = button.measure(ui);
    let room = row.width() - 62.0 - width;
    let at = row.left_center() + vec2(50.0, -9.5);
    let drawn = text::cut(p, at, room, &shown, Type::Strong, t.text);
    let kind = words::nearby_kind(nearby);
    let at = row.left_center() + vec2(50.0, 9.5);
    text::cut(p, at, room, kind, Type::Small, t.soft);
    text::say(ui, drawn, &words::call_chip(&shown, kind));
    let place = Rect::from_min_size(
        pos2(row.right() - 12.0 - width, row.center().y - 16.0),
        vec2(width, 32.0),
    );
    let place = UiBuilder::new()
        .id(Id::new(("connect", nearby.fingerprint)))
        .max_rect(place);
    if within(ui, place, |ui| ui.add(button)).clicked() {
        actions.push(Action::Open(Dialog::EnterCode(CodeForm::of(nearby))));
    }
}

fn nobody_nearby(ui: &mut Ui, draft: &mut Draft) {
    let t = tokens(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.label(text::rich(words::NOBODY_NEARBY, Type::Body, t.soft));
        if kit::link(ui, None, words::WHY).clicked() {
            draft.asks_why = !draft.asks_why;
        }
    });
    if draft.asks_why {
        ui.label(text::rich(words::WHY_NOBODY, Type::Small, t.soft));
    }
}

/// The other ways, small.
fn foot(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let [_, _, _, (icon, by_address, _, action)] = ways();
    let seen = words::you_are_seen_as(&words::line(&state.own.name));
    let font = Type::SmallStrong;
    let widths = [by_address, seen.as_str()].map(|words| text::width(ui, words, font) + 33.0);
    let room = ui.available_width();
    let all = widths[0] + widths[1] + 28.0;
    let links = |ui: &mut Ui| {
        if kit::coloured_link(ui, Some(icon), by_address, t.soft).clicked() {
            actions.push(action);
        }
        if kit::coloured_link(ui, Some(icons::PENCIL_SIMPLE), &seen, t.soft).clicked() {
            actions.push(list::settings(state));
        }
    };
    match all < room {
        true => drop(ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 28.0;
            ui.add_space((room - all) / 2.0 - 28.0);
            links(ui);
        })),
        false => drop(ui.vertical(links)),
    }
}

fn hello(ui: &mut Ui, state: &State) {
    let t = tokens(ui);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 56.0), egui::Sense::hover());
    mark(ui, Rect::from_min_size(row.min, vec2(56.0, 56.0)));
    let words = words::hello(&words::line(&state.own.name));
    let left = row.left() + 72.0;
    let width = row.right() - left;
    let p = ui.painter();
    let shown = text::cut(
        p,
        pos2(left, row.top() + 18.0),
        width,
        &words,
        Type::Display,
        t.text,
    );
    text::say(ui, shown, &words);
    let at = pos2(left, row.top() + 36.0);
    let (font, align) = (Type::Message, egui::Align::Min);
    let shown = text::wrap(p, at, width, words::WHAT_IT_IS, font, t.soft, align);
    ui.add_space((shown.bottom() - row.bottom()).max(0.0));
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
    p.line_segment(
        [
            middle - vec2(18.5, 0.0) * unit,
            middle + vec2(18.5, 0.0) * unit,
        ],
        white,
    );
    for turn in [0.75_f32, 0.625, 0.875] {
        let angle = std::f32::consts::TAU * turn;
        let way = vec2(angle.cos(), angle.sin()) * unit;
        p.line_segment([middle + 7.0 * way, middle + 17.0 * way], white);
    }
    let sill = rect.min + vec2(28.0, 42.5) * unit;
    p.line_segment(
        [sill - vec2(18.0, 0.0) * unit, sill + vec2(18.0, 0.0) * unit],
        white,
    );
}

/// The page while no contact is chosen: the mark alone.
pub(super) fn nobody(ui: &Ui, room: Rect) {
    let t = tokens(ui);
    ui.painter().rect_filled(room, 0.0, t.base);
    let size = vec2(72.0, 72.0);
    mark(ui, Rect::from_center_size(room.center(), size));
}
