//! Cameras in other programs of this computer: a camera's switch and links in its sheet, and all
//! cameras with the port in the settings.

use egui::{Label, Rect, Ui, UiBuilder, pos2, vec2};
use transom::SystemError;

use crate::model::{
    Action, BRIDGE_PORT, Config, Dialog, Door, Person, SettingsForm, SettingsPage, State, name,
    port_of,
};
use crate::words;

use super::kit::{self, Button, Field, Kind, icons, text, within};
use super::sheet;
use super::theme::{Type, tokens};

/// The digits of a port.
const MAX_PORT_CHARS: usize = 5;
/// Points across the field of a port, and what is wrong with it.
const PORT_WIDTH: f32 = 280.0;

/// The part of the sheet about a camera.
pub(super) fn of_camera(ui: &mut Ui, state: &State, person: &Person, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    ui.add_space(22.0);
    ui.label(text::rich(
        words::IN_OTHER_PROGRAMS,
        Type::SmallStrong,
        t.soft,
    ));
    let is_shown = state.is_in_programs(person);
    let (words, below) = (words::SHOW_TO_PROGRAMS, words::SHOW_TO_PROGRAMS_MEANS);
    show(ui, person, is_shown, words, below, actions);
    if !is_shown {
        return;
    }
    door(ui, state, person, actions);
    if kit::link(ui, Some(icons::GEAR_SIX), words::PORT_AND_LINKS).clicked() {
        let page = SettingsPage::Network;
        let form = SettingsForm::at(page, state);
        actions.push(Action::Open(Dialog::Settings(Box::new(form))));
        actions.extend(page.looks_for());
    }
}

/// The part of the settings, where there is a camera.
pub(super) fn settings(
    ui: &mut Ui,
    state: &State,
    form: &mut SettingsForm,
    config: &mut Config,
    actions: &mut Vec<Action>,
) {
    note(ui, words::PROGRAMS_MEAN);
    ui.add_space(4.0);
    for person in state.bridgeable() {
        let words = words::show_in_programs(&name(&person.name));
        let is_shown = state.is_in_programs(person);
        show(ui, person, is_shown, &words, "", actions);
    }
    ui.add_space(8.0);
    let words = words::PROGRAMS_PORT;
    if let Some(port) = port(ui, &mut form.programs_port, words) {
        config.programs_port = port;
    }
    if let (Some(bridge), Door::Refused(why)) = (state.wanted_bridge(), &state.bridge.door) {
        ui.add_space(4.0);
        refused(ui, bridge.address.port(), why, actions);
    }
    ui.add_space(12.0);
    let new = Button::new(Kind::OnCard, words::NEW_LINKS).icon(icons::ARROW_CLOCKWISE);
    if ui.add_enabled(state.bridge.token.is_some(), new).clicked() {
        let back = Box::new(form.clone());
        actions.push(Action::Open(Dialog::NewLinks(back)));
    }
}

/// The field of a port. Gives back the port once its typing is done.
pub(super) fn port(ui: &mut Ui, typed: &mut String, words: &str) -> Option<u16> {
    let parsed = port_of(typed);
    let wrong = parsed.is_none().then_some(words::NO_PORT);
    let field = Field::new(typed, words).max_chars(MAX_PORT_CHARS);
    let narrow = |ui: &mut Ui| {
        ui.set_max_width(PORT_WIDTH);
        field.wrong(wrong).show(ui)
    };
    let field = ui.scope(narrow).inner;
    parsed.filter(|_| field.lost_focus())
}

/// A camera's switch.
fn show(
    ui: &mut Ui,
    person: &Person,
    is_shown: bool,
    words: &str,
    below: &str,
    actions: &mut Vec<Action>,
) {
    let (peer, mut on) = (person.name, is_shown);
    sheet::row(ui, words, below, &mut on);
    if on != is_shown {
        actions.push(Action::ShowInPrograms { peer, on });
    }
}

/// What is behind each link, and the buttons for it.
fn links(ui: &mut Ui, state: &State, person: &Person, actions: &mut Vec<Action>) {
    let Some(links) = state.links_to(person.name) else {
        return;
    };
    let all = [
        (words::PAGE, &links.page, words::COPY_PAGE),
        (words::STREAM, &links.stream, words::COPY_STREAM),
        (words::SNAPSHOT, &links.snapshot, words::COPY_SNAPSHOT),
    ];
    for (words, link, copies) in all {
        let is_page = words == words::PAGE;
        let ends = if is_page { 72.0 } else { 36.0 };
        let room = sheet::fact(ui, words, without_token(link), Type::Small, ends);
        let copy = button_at(room, room.right() - 26.0);
        let copy = UiBuilder::new().id_salt(copies).max_rect(copy);
        let button = |ui: &mut Ui| kit::icon_button(ui, icons::COPY, copies, 32.0);
        if within(ui, copy, button).clicked() {
            ui.copy_text(link.clone());
        }
        if !is_page {
            continue;
        }
        let open = button_at(room, room.right() - 62.0);
        let open = UiBuilder::new().id_salt(words::OPEN_PAGE).max_rect(open);
        let icon = icons::ARROW_SQUARE_OUT;
        let button = |ui: &mut Ui| kit::icon_button(ui, icon, words::OPEN_PAGE, 32.0);
        if within(ui, open, button).clicked() {
            actions.push(Action::OpenLink(link.clone()));
        }
    }
}

/// The place of a button in a row.
fn button_at(row: Rect, left: f32) -> Rect {
    let corner = pos2(left, row.center().y - 16.0);
    Rect::from_min_size(corner, vec2(32.0, 32.0))
}

/// A link as it is shown, without its token.
fn without_token(link: &str) -> &str {
    let link = link.strip_prefix("http://").unwrap_or(link);
    link.split(['#', '?']).next().unwrap_or(link)
}

/// The links, and how the door behind them is and the camera. Another program may have the door's
/// port, and is not told the token.
fn door(ui: &mut Ui, state: &State, person: &Person, actions: &mut Vec<Action>) {
    let port = state.config.programs_port;
    match &state.bridge.door {
        Door::Opening => {
            links(ui, state, person, actions);
            note(ui, &words::opening_port(port));
        }
        Door::Open => {
            links(ui, state, person, actions);
            note(ui, words::in_programs(&person.presence));
            if let Some(at) = state.bridge.used {
                let when = words::when(&state.zone, at, state.now);
                note(ui, &words::link_used(&when));
            }
        }
        Door::Refused(why) => {
            refused(ui, port, why, actions);
            // The highest port has none above it.
            let next = port.checked_add(1).unwrap_or(BRIDGE_PORT);
            let words = words::use_port(next);
            if ui
                .add(Button::new(Kind::OnCard, &words).height(32.0))
                .clicked()
            {
                let mut config = state.config.clone();
                config.programs_port = next;
                actions.push(Action::SaveSettings(Box::new(config)));
            }
        }
    }
}

fn refused(ui: &mut Ui, port: u16, why: &SystemError, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let why = words::programs_port_refused(port, why);
    let why = text::rich(why, Type::Small, t.danger_text);
    ui.add(Label::new(why).wrap());
    if kit::link(ui, Some(icons::ARROW_CLOCKWISE), words::TRY_AGAIN).clicked() {
        actions.push(Action::OpenBridge);
    }
}

fn note(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.add(Label::new(text::rich(words, Type::Small, t.soft)).wrap());
}
