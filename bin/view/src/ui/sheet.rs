//! The sheet about a contact, from the right: its name, its rights here, its volume, and the way to
//! forget it. Everything counts at once.

use egui::{
    Align, Align2, Id, Label, Layout, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, pos2, vec2,
};
use transom::PeerName;
use transom_users::{Address, Contact, Rights};

use crate::model::{Action, Dialog, Edit, Person, Presence, State, name};
use crate::words;

use super::call;
use super::kit::{self, Button, Dot, Field, Kind, icons, text, within};
use super::page;
use super::programs;
use super::theme::{Type, tokens};
use super::{Draft, NARROW};

/// Points across, and the padding at its sides.
const WIDTH: f32 = 380.0;
const PADDING: f32 = 24.0;
/// What the controls of a picture take beside it: those of a camera that can be spoken to.
pub(super) const BESIDE: f32 = 580.0;
/// A name's bytes on the wire.
const MAX_NAME_CHARS: usize = 64;
const MAX_ADDRESS_CHARS: usize = 260;

/// What is being typed into the sheet.
#[derive(Debug, Default)]
pub(super) struct Typed {
    of: Option<PeerName>,
    name: Option<String>,
    address: Option<String>,
    wrong: Option<String>,
    /// Whether the field is to get the keyboard as soon as it is drawn.
    wants_focus: bool,
}

/// In a window without room for the page beside the sheet, the sheet covers all.
fn width(room: Rect, state: &State) -> f32 {
    let least = match state.page().is_picture() {
        true => WIDTH + BESIDE,
        false => NARROW,
    };
    match room.width() < least {
        true => room.width(),
        false => WIDTH,
    }
}

fn is_open(state: &State) -> bool {
    state.view.sheet && state.chosen_person().is_some()
}

/// Whether the sheet is open, and together with a picture's controls needs more than that width.
pub(super) fn needs(state: &State, width: f32) -> bool {
    is_open(state) && width < WIDTH + BESIDE
}

/// The part of that room that the sheet leaves, from the left.
pub(super) fn clear_of(ui: &Ui, room: Rect, state: &State) -> f32 {
    room.right() - (width(room, state) * kit::slide(ui, "sheet", is_open(state))).round()
}

/// Shows it over that room, if it is open.
pub(super) fn show(
    ui: &Ui,
    room: Rect,
    state: &State,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let opened = state.chosen_person().filter(|_| state.view.sheet);
    let share = kit::slide(ui, "sheet", opened.is_some());
    // It slides out as it was.
    let leaving = || {
        let of = draft.sheet.of.filter(|_| share > 0.0);
        state.people.iter().find(|person| Some(person.name) == of)
    };
    let Some(person) = opened.or_else(leaving) else {
        draft.sheet = Typed::default();
        return;
    };
    if draft.sheet.of.replace(person.name) != Some(person.name) {
        draft.sheet = Typed {
            of: Some(person.name),
            ..Typed::default()
        };
    }
    let width = width(room, state);
    let start = room.right() - (width * share).round();
    let rect = room.with_min_x(start).with_max_x(start + width);
    let typed = &mut draft.sheet;
    kit::float("sheet")
        .order(egui::Order::Middle)
        .fixed_pos(rect.min)
        .show(ui.ctx(), |ui| {
            let t = tokens(ui);
            ui.interact(rect, Id::new("sheet ground"), Sense::click_and_drag());
            let p = ui.painter();
            p.add(t.shadow.as_shape(rect, 0.0));
            p.rect_filled(rect, 0.0, t.floating);
            p.vline(
                rect.left() + 0.5,
                rect.y_range(),
                Stroke::new(1.0, t.border),
            );
            let place = UiBuilder::new().id(Id::new("sheet content")).max_rect(rect);
            within(ui, place, |ui| {
                ui.set_clip_rect(rect);
                ScrollArea::vertical()
                    .id_salt(person.name)
                    .auto_shrink(false)
                    .show(ui, |ui| {
                        let inner = rect
                            .shrink2(vec2(PADDING, 0.0))
                            .with_min_y(ui.cursor().top() + 36.0);
                        let place = UiBuilder::new()
                            .max_rect(inner)
                            .layout(Layout::top_down(Align::Min));
                        let used = within(ui, place, |ui| {
                            ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
                            content(ui, state, person, typed, actions);
                            if person.contact.is_some() {
                                let left = rect.bottom() - 54.0 - ui.cursor().top();
                                ui.add_space(left.max(24.0));
                                forget(ui, person, actions);
                            }
                            ui.min_rect()
                        });
                        ui.allocate_rect(used.expand2(vec2(0.0, 22.0)), Sense::hover());
                    });
            });
            let corner = pos2(rect.right() - 52.0, rect.top() + 12.0);
            let place = Rect::from_min_size(corner, vec2(40.0, 40.0));
            let place = UiBuilder::new().id(Id::new("close sheet")).max_rect(place);
            let close = |ui: &mut Ui| kit::icon_button(ui, icons::X, words::CLOSE, 40.0).clicked();
            if within(ui, place, close) {
                actions.push(Action::Sheet(false));
            }
            ui.allocate_rect(rect, Sense::hover());
        });
}

fn content(
    ui: &mut Ui,
    state: &State,
    person: &Person,
    typed: &mut Typed,
    actions: &mut Vec<Action>,
) {
    who(ui, state, person, typed, actions);
    is_verified(ui, state, person, actions);
    ui.add_space(12.0);
    ways(ui, state, person, actions);
    watch(ui, state, person, actions);
    match &person.contact {
        Some(contact) if !state.is_camera(person) => rights(ui, person, contact, actions),
        Some(_) => {}
        None => {
            ui.add_space(20.0);
            let add = Button::new(Kind::Tonal, words::ADD_TO_CONTACTS).icon(icons::USER_PLUS);
            if ui.add(add).clicked() {
                actions.extend(state.contact_dialog(&person.name).map(Action::Open));
            }
        }
    }
    if state.can_bridge(person) {
        programs::of_camera(ui, state, person, actions);
    }
    line(ui);
    if state.abilities(person).can_be_watched() {
        let width = ui.available_width();
        ui.add_space(4.0);
        call::volume(ui, state, person.name, width, actions);
        ui.add_space(4.0);
    }
    address(ui, person, typed, actions);
    key(ui, person);
}

fn forget(ui: &mut Ui, person: &Person, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let forget = words::forget(&name(&person.name));
    if kit::coloured_link(ui, Some(icons::TRASH), &forget, t.danger_text).clicked() {
        actions.push(Action::Open(Dialog::Remove(person.name)));
    }
}

/// Watches the contact's camera without a call, by the right to it.
fn watch(ui: &mut Ui, state: &State, person: &Person, actions: &mut Vec<Action>) {
    let peer = person.name;
    let is_free = state.calls.of(peer).is_none_or(|call| !call.is_open());
    let can = state.abilities(person).can_be_watched() && person.presence != Presence::Refused;
    if !can || !is_free {
        return;
    }
    ui.add_space(4.0);
    let (words, note) = match state.is_camera(person) {
        true => (words::WATCH, None),
        false => (
            words::WATCH_A_PERSON,
            Some(words::lets_you_watch(&name(&peer))),
        ),
    };
    ui.vertical_centered(|ui| {
        if kit::link(ui, Some(icons::EYE), words).clicked() {
            actions.extend([Action::Sheet(false), Action::Watch(peer)]);
        }
        if let Some(note) = note {
            let note = text::rich(note, Type::Small, tokens(ui).soft);
            ui.add(Label::new(note).wrap());
        }
    });
}

/// A hairline between parts.
fn line(ui: &mut Ui) {
    let t = tokens(ui);
    ui.add_space(8.0);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
    ui.painter()
        .hline(row.x_range(), row.center().y, Stroke::new(1.0, t.border));
    ui.add_space(8.0);
}

/// The avatar, and the name with the way to change it.
fn who(ui: &mut Ui, state: &State, person: &Person, typed: &mut Typed, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let shown = name(&person.name);
    let size = vec2(ui.available_width(), 80.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let p = ui.painter();
    let avatar = kit::avatar(p, row.center(), 80.0, &shown, person.key.as_ref());
    let dot = match person.presence {
        Presence::Here => Dot::Online,
        _ => Dot::Away,
    };
    kit::dot(p, avatar, dot, t.floating, t);
    ui.add_space(12.0);
    if typed.name.is_some() {
        return rename(ui, state, person, typed, actions);
    }
    let size = vec2(ui.available_width(), 32.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let row = row.translate(vec2(0.0, -2.0));
    let can = person.contact.is_some();
    let ends = if can { 40.0 } else { 0.0 };
    let width = text::width(ui, &shown, Type::Title).min(row.width() - ends);
    let left = row.center().x - (width + ends) / 2.0;
    let at = pos2(left, row.center().y);
    let drawn = text::cut(ui.painter(), at, width + 1.0, &shown, Type::Title, t.text);
    let presence = words::presence(&person.presence);
    text::say(
        ui,
        drawn,
        &words::call_chip(&shown, &presence.to_lowercase()),
    );
    if !can {
        return;
    }
    let corner = pos2(drawn.right() + 6.0, row.top());
    let place = Rect::from_min_size(corner, vec2(32.0, 32.0));
    let place = UiBuilder::new().id(Id::new("rename")).max_rect(place);
    let pencil = |ui: &mut Ui| kit::icon_button(ui, icons::PENCIL_SIMPLE, words::RENAME, 32.0);
    if within(ui, place, pencil).clicked() {
        typed.name = Some(shown);
        (typed.wrong, typed.wants_focus) = (None, true);
    }
}

fn rename(
    ui: &mut Ui,
    state: &State,
    person: &Person,
    typed: &mut Typed,
    actions: &mut Vec<Action>,
) {
    let Some(new) = &mut typed.name else { return };
    let field = Field::new(new, words::NAME)
        .id(Id::new("new name"))
        .max_chars(MAX_NAME_CHARS)
        .wrong(typed.wrong.as_deref())
        .show(ui);
    if std::mem::take(&mut typed.wants_focus) {
        field.request_focus();
    }
    let saves = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    ui.add_space(8.0);
    let mut clicked = false;
    ui.horizontal(|ui| {
        let save = Button::new(Kind::Main, words::SAVE).height(32.0);
        clicked = ui.add(save).clicked();
        let cancel = Button::new(Kind::Ghost, words::CANCEL).height(32.0);
        if ui.add(cancel).clicked() {
            (typed.name, typed.wrong) = (None, None);
        }
    });
    let Some(new) = typed.name.as_deref().filter(|_| saves || clicked) else {
        return;
    };
    match state.new_name(person, new) {
        Ok(to) => {
            let peer = person.name;
            if to != peer {
                actions.push(Action::Rename { peer, to });
            }
            (typed.name, typed.wrong) = (None, None);
        }
        Err(why) => typed.wrong = Some(why),
    }
}

fn is_verified(ui: &mut Ui, state: &State, person: &Person, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let is_verified = state.is_verified(person);
    let (icon, words) = match is_verified {
        true => (icons::SEAL_CHECK.filled(), words::VERIFIED),
        false => (icons::SHIELD_CHECK, words::COMPARE_KEYS),
    };
    if !is_verified {
        ui.add_space(10.0);
    }
    let width = text::width(ui, words, Type::SmallStrong) + 33.0;
    let size = vec2(ui.available_width(), 32.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let place = Rect::from_center_size(row.center(), vec2(width, 32.0));
    let place = UiBuilder::new().id(Id::new("verify")).max_rect(place);
    let link = |ui: &mut Ui| kit::coloured_link(ui, Some(icon), words, t.accent_text);
    let link = within(ui, place, link);
    if !is_verified {
        let at = row.center_top() + vec2(0.0, -6.0);
        let ink = t.soft;
        let p = ui.painter();
        text::paint(
            p,
            at,
            Align2::CENTER_CENTER,
            words::NOT_VERIFIED,
            Type::Small,
            ink,
        );
    }
    if link.clicked() {
        actions.push(Action::Open(Dialog::Verify(person.name)));
    }
}

/// Call, video call, send.
fn ways(ui: &mut Ui, state: &State, person: &Person, actions: &mut Vec<Action>) {
    let abilities = state.abilities(person);
    let peer = person.name;
    let open = state
        .calls
        .of(peer)
        .is_some_and(|call| call.is_open() && call.is_talk());
    let can_call = person.presence != Presence::Refused && !open;
    let mut all = Vec::new();
    if abilities.takes_calls() {
        all.push((icons::PHONE.filled(), words::CALL, can_call));
        all.push((icons::VIDEO_CAMERA.filled(), words::VIDEO, can_call));
    }
    if abilities.takes_files() {
        let can = person.presence != Presence::Refused && !state.picking;
        all.push((icons::PAPERCLIP, words::SEND, can));
    }
    if all.is_empty() {
        return;
    }
    let gaps = 8.0 * (all.len() - 1) as f32;
    let width = (ui.available_width() - gaps) / all.len() as f32;
    ui.horizontal(|ui| {
        for (icon, words, can) in all {
            let said = words::of(words, &name(&peer));
            let button = Button::new(Kind::OnCard, words)
                .icon(icon)
                .width(width)
                .name(&said);
            if !ui.add_enabled(can, button).clicked() {
                continue;
            }
            actions.push(Action::Sheet(false));
            match words {
                words::SEND => actions.push(Action::Pick {
                    peer,
                    folder: false,
                }),
                words => actions.extend(page::call(state, person, words == words::VIDEO)),
            }
        }
    });
}

/// What they may do here, as switches.
fn rights(ui: &mut Ui, person: &Person, contact: &Contact, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    ui.add_space(22.0);
    let title = words::may(&name(&person.name));
    ui.label(text::rich(title, Type::SmallStrong, t.soft));
    let held = contact.may;
    let mut may = held;
    row(ui, words::CALL_ME, "", &mut may.call);
    row(ui, words::SEND_ME_FILES, "", &mut may.files);
    row(ui, words::COME_IN, words::COME_IN_MEANS, &mut may.auto);
    if held.auto {
        row(ui, words::SEE_MY_CAMERA, "", &mut may.view);
        row(ui, words::HEAR_MY_MICROPHONE, "", &mut may.hear);
        row(ui, words::SPEAK_HERE, "", &mut may.talk);
    }
    if may.auto && !held.auto {
        actions.push(Action::Open(Dialog::LetIn(person.name)));
    } else if may != held {
        actions.push(grant(contact, may));
    }
}

/// Gives that contact those rights.
pub(super) fn grant(contact: &Contact, may: Rights) -> Action {
    let before = Some(contact.clone());
    let contact = Contact {
        may,
        ..contact.clone()
    };
    Action::SaveContact(Box::new(Edit { before, contact }))
}

/// A switch with its words at the left.
pub(super) fn row(ui: &mut Ui, words: &str, below: &str, on: &mut bool) {
    if kit::switch_row(ui, *on, words, below).clicked() {
        *on = !*on;
    }
}

/// A fact with its name at the left. Gives back the room at its right.
pub(super) fn fact(ui: &mut Ui, words: &str, value: &str, font: Type, ends: f32) -> Rect {
    let t = tokens(ui);
    let size = vec2(ui.available_width(), 44.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let p = ui.painter();
    let named = text::cut(
        p,
        row.left_center(),
        row.width(),
        words,
        Type::Small,
        t.soft,
    );
    let room = row.right() - ends - named.right() - 16.0;
    let width = text::width(ui, value, font).min(room);
    let left = pos2(row.right() - ends - width, row.center().y);
    let shown = text::cut(ui.painter(), left, width + 1.0, value, font, t.text);
    text::say(ui, shown, &words::fact(words, value));
    row.with_min_x(row.right() - ends + 8.0)
}

fn address(ui: &mut Ui, person: &Person, typed: &mut Typed, actions: &mut Vec<Action>) {
    let Some(contact) = &person.contact else {
        fact(ui, words::ADDRESS, &person.address, Type::Body, 0.0);
        return;
    };
    let Some(new) = &mut typed.address else {
        let usual = format!(":{}", transom_users::DEFAULT_PORT);
        let shown = person
            .address
            .strip_suffix(&usual)
            .unwrap_or(&person.address);
        let room = fact(ui, words::ADDRESS, shown, Type::Body, 36.0);
        let place = Rect::from_center_size(room.center() + vec2(4.0, 0.0), vec2(32.0, 32.0));
        let place = UiBuilder::new()
            .id(Id::new("change address"))
            .max_rect(place);
        let pencil = icons::PENCIL_SIMPLE;
        let pencil = |ui: &mut Ui| kit::icon_button(ui, pencil, words::CHANGE_ADDRESS, 32.0);
        if within(ui, place, pencil).clicked() {
            typed.address = Some(shown.to_owned());
            typed.wants_focus = true;
        }
        return;
    };
    ui.add_space(8.0);
    let parsed = new.trim().parse::<Address>();
    let wrong = parsed.as_ref().err().map(words::fault);
    let field = Field::new(new, words::ADDRESS)
        .id(Id::new("new address"))
        .max_chars(MAX_ADDRESS_CHARS)
        .wrong(wrong.as_deref())
        .show(ui);
    ui.add_space(8.0);
    if std::mem::take(&mut typed.wants_focus) {
        field.request_focus();
    }
    if !field.lost_focus() {
        return;
    }
    if let Ok(address) = parsed
        && ui.input(|input| input.key_pressed(egui::Key::Enter))
    {
        let before = Some(contact.clone());
        let contact = Contact {
            address,
            ..contact.clone()
        };
        actions.push(Action::SaveContact(Box::new(Edit { before, contact })));
    }
    typed.address = None;
}

fn key(ui: &mut Ui, person: &Person) {
    let t = tokens(ui);
    let Some(key) = person.key else {
        let words = words::no_key_yet(&name(&person.name));
        ui.add(Label::new(text::rich(words, Type::Small, t.soft)).wrap());
        return;
    };
    let shown = key.fingerprint().to_string();
    let room = fact(ui, words::KEY, &shown, Type::Key, 36.0);
    let place = Rect::from_center_size(room.center() + vec2(4.0, 0.0), vec2(32.0, 32.0));
    let place = UiBuilder::new().id(Id::new("copy key")).max_rect(place);
    let copy = |ui: &mut Ui| kit::icon_button(ui, icons::COPY, words::COPY_KEY, 32.0);
    if within(ui, place, copy).clicked() {
        ui.copy_text(key.to_string());
    }
}
