//! Files that are offered: one card for all that a contact offers at once, with its answers.

use egui::{
    Align, Id, Label, Layout, Popup, Rect, Sense, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2,
};
use transom::TransferId;

use crate::model::{Action, FolderFor, Offer, State, name};
use crate::words;

use super::super::guard;
use super::super::kit::{self, Button, Kind, icons, menu, text, within};
use super::super::theme::{Type, tokens};
use super::files::{FILE_CHARS, card, head, tile};

/// Offers that are listed by name; the others are counted.
const MAX_LISTED: usize = 6;

/// All offers of one contact, which one answer accepts or declines.
pub(in crate::ui) fn offers(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    offers: &[&Offer],
    actions: &mut Vec<Action>,
) -> f32 {
    let Some(first) = offers.first() else {
        return 0.0;
    };
    let who = name(&first.peer);
    let said = match offers {
        [one] => words::wants_to_send(&who, &words::short(&one.name, FILE_CHARS)),
        many => words::wants_to_send_all(&who, many.len(), size_of(many)),
    };
    let id = Id::new(("offers", first.transfer));
    let ids: Vec<TransferId> = offers.iter().map(|offer| offer.transfer).collect();
    // With another file in it the card is another one.
    let is_ready = guard::is_ready(ui.ctx(), Id::new(&ids));
    let mut rect = room;
    let height = card(ui, room, false, &said, Some(id), |ui| {
        guard::buttons(ui, is_ready, |ui| match offers {
            [one] => single(ui, state, one, &who, actions),
            many => several(ui, state, many, &said, actions),
        });
    });
    rect.set_height(height);
    guard::place(ui, Id::new(&ids), rect);
    height
}

/// Their bytes, if all of them are counted.
pub(in crate::ui) fn size_of(offers: &[&Offer]) -> Option<u64> {
    let mut bytes = offers.iter().map(|one| one.is_counted.then_some(one.bytes));
    bytes.try_fold(0_u64, |all, bytes| Some(all.saturating_add(bytes?)))
}

fn single(ui: &mut Ui, state: &State, offer: &Offer, who: &str, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let tile = tile(ui, &offer.name, offer.shape);
    head(ui, tile, &offer.name, &words::offered(offer, who), 0.0);
    if offer.overwrites {
        ui.add_space(6.0);
        ui.label(text::rich(words::REPLACES, Type::Small, t.warn));
    }
    ui.add_space(12.0);
    let file = words::short(&offer.name, FILE_CHARS);
    let answer = answers(
        ui,
        (words::DECLINE, words::ACCEPT),
        (
            &words::of_file(words::DECLINE, &file),
            &words::of_file(words::ACCEPT, &file),
        ),
        |ui| folder(ui, state, offer, actions),
    );
    match answer {
        Some(true) => actions.extend(accept(state, &[offer])),
        Some(false) => actions.push(Action::Refuse(offer.transfer)),
        None => {}
    }
}

fn several(ui: &mut Ui, state: &State, offers: &[&Offer], title: &str, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    ui.add(Label::new(text::rich(title, Type::Strong, t.text)).truncate());
    ui.add_space(6.0);
    for offer in offers.iter().take(MAX_LISTED) {
        let size = vec2(ui.available_width(), 32.0);
        let (row, _) = ui.allocate_exact_size(size, Sense::hover());
        let file = words::short(&offer.name, FILE_CHARS);
        let told = words::joined(&file, &words::bytes(offer.bytes));
        let width = row.width() - 40.0;
        text::cut(
            ui.painter(),
            row.left_center(),
            width,
            &told,
            Type::Small,
            t.soft,
        );
        let place = row.with_min_x(row.right() - 32.0);
        let place = UiBuilder::new().id_salt(offer.transfer).max_rect(place);
        let name = words::of_file(words::DECLINE, &file);
        let decline = |ui: &mut Ui| kit::icon_button(ui, icons::X, &name, 32.0).clicked();
        if within(ui, place, decline) {
            actions.push(Action::Refuse(offer.transfer));
        }
    }
    if let Some(more) = offers
        .len()
        .checked_sub(MAX_LISTED)
        .filter(|more| *more > 0)
    {
        ui.label(text::rich(words::and_more(more), Type::Small, t.faint));
    }
    ui.add_space(12.0);
    let words = (words::DECLINE_ALL, words::ACCEPT_ALL);
    match answers(ui, words, words, |_| {}) {
        Some(true) => actions.extend(accept(state, offers)),
        Some(false) => {
            actions.extend(offers.iter().map(|offer| Action::Refuse(offer.transfer)));
        }
        None => {}
    }
}

/// Decline and Accept at the right, and something at the left. Gives back what was clicked.
fn answers(
    ui: &mut Ui,
    (decline, accept): (&str, &str),
    (decline_name, accept_name): (&str, &str),
    left: impl FnOnce(&mut Ui),
) -> Option<bool> {
    let size = vec2(ui.available_width(), 32.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let layout = Layout::right_to_left(Align::Center);
    let place = UiBuilder::new()
        .id_salt("answers")
        .max_rect(row)
        .layout(layout);
    within(ui, place, |ui| {
        let accept = Button::new(Kind::Main, accept)
            .height(32.0)
            .name(accept_name);
        let accepts = ui.add(accept).clicked();
        let decline = Button::new(Kind::OnCard, decline)
            .height(32.0)
            .name(decline_name);
        let declines = ui.add(decline).clicked();
        let rest = ui.available_rect_before_wrap();
        let layout = Layout::left_to_right(Align::Center);
        let place = UiBuilder::new()
            .id_salt("left")
            .max_rect(rest)
            .layout(layout);
        within(ui, place, left);
        match (accepts, declines) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    })
}

/// Where an offered file goes; a click chooses another folder.
fn folder(ui: &mut Ui, state: &State, offer: &Offer, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let into = words::folder_name(&offer.into);
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, 32.0), Sense::click());
    let name = words::of_file(words::SAVE_IN, &into);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ui.is_enabled(), &name));
    let ink = if response.hovered() { t.text } else { t.soft };
    let p = ui.painter();
    icons::FOLDER.paint(p, rect.left_center() + vec2(9.0, 0.0), 17.0, ink);
    let left = rect.left_center() + vec2(22.0, 0.0);
    let shown = text::cut(p, left, width - 42.0, &into, Type::Small, ink);
    icons::CARET_DOWN.paint(p, pos2(shown.right() + 10.0, rect.center().y), 13.0, ink);
    kit::focus_ring(ui, &response, rect, 8);
    Popup::menu(&response).gap(4.0).width(220.0).show(|ui| {
        ui.label(text::rich(
            words::line(&offer.into.to_string_lossy()),
            Type::Small,
            t.soft,
        ));
        let other = menu::entry(ui, Some(icons::FOLDER_OPEN), words::ANOTHER_FOLDER, "");
        if other.clicked() && !state.picking {
            let transfer = offer.transfer;
            actions.push(Action::PickFolder(FolderFor::Offer(transfer)));
        }
    });
}

/// Takes each offer into the folder that was chosen for it. For the others the folder is asked for
/// first, where that is wished.
fn accept(state: &State, offers: &[&Offer]) -> Vec<Action> {
    let has_folder = |offer: &&&Offer| {
        let folder = &offer.into;
        *folder != state.inbox && !folder.as_os_str().is_empty()
    };
    let asks = |offer: &&&Offer| state.config.ask_where && !has_folder(offer);
    let asked: Vec<_> = offers.iter().filter(asks).collect();
    let rest = offers.iter().filter(|offer| !asks(offer));
    let accept = |offer: &&Offer| Action::Accept {
        transfer: offer.transfer,
        into: has_folder(&offer).then(|| offer.into.clone()),
    };
    let mut actions: Vec<_> = rest.map(accept).collect();
    if !asked.is_empty() && !state.picking {
        let asked = asked.iter().map(|offer| offer.transfer).collect();
        actions.push(Action::PickFolder(FolderFor::Accepted(asked)));
    }
    actions
}
