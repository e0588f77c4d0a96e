//! Above the composer of a contact whose station doesn't know our key: that nothing gets through,
//! and the way to pair again.

use egui::{Id, Rect, Ui, UiBuilder, pos2, vec2};
use transom_users::Rights;

use crate::model::{Action, CodeForm, Dialog, Person, State, name};
use crate::words;

use super::super::guard;
use super::super::kit::{Button, Kind, text, within};
use super::super::theme::{Type, tokens};

const PADDING: f32 = 12.0;
const HEIGHT: f32 = 32.0;

/// Draws that at the lower edge of the room. Gives back the room above it.
pub(super) fn show(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    actions: &mut Vec<Action>,
) -> Rect {
    if !person.turns_us_away() {
        return room;
    }
    let t = tokens(ui);
    let column = super::column(room);
    let words = words::turned_away(&name(&person.name));
    let pair = Button::new(Kind::OnCard, words::CONNECT_BY_CODE).height(HEIGHT);
    let wide = pair.measure(ui);
    // The button is below the words where both have no room beside each other.
    let is_narrow = column.width() < 480.0;
    let beside = if is_narrow { 0.0 } else { wide + PADDING };
    let width = column.width() - 2.0 * PADDING - beside;
    let galley = text::lines(ui.painter(), width, &words, Type::Body, t.text);
    let high = match is_narrow {
        true => galley.size().y + PADDING + HEIGHT,
        false => galley.size().y.max(HEIGHT),
    };
    let bottom = room.bottom() - PADDING;
    let card = column
        .with_max_y(bottom)
        .with_min_y(bottom - high - 2.0 * PADDING);
    ui.painter().rect_filled(card, 16.0, t.warn_wash);
    let inner = card.shrink(PADDING);
    let top = match is_narrow {
        true => inner.top(),
        false => inner.center().y - galley.size().y / 2.0,
    };
    let shown = Rect::from_min_size(pos2(inner.left(), top), galley.size());
    ui.painter().galley(shown.min, galley, t.text);
    text::announce(ui, shown, &words);
    let corner = match is_narrow {
        true => pos2(inner.left(), inner.bottom() - HEIGHT),
        false => pos2(inner.right() - wide, inner.center().y - HEIGHT / 2.0),
    };
    let place = Rect::from_min_size(corner, vec2(wide, HEIGHT));
    let id = Id::new(("pair again", person.name));
    let place = UiBuilder::new().id(id).max_rect(place);
    let is_ready = guard::is_ready(ui.ctx(), id);
    let clicked = |ui: &mut Ui| guard::buttons(ui, is_ready, |ui| ui.add(pair).clicked());
    if within(ui, place, clicked) {
        actions.push(pair_again(state, person));
    }
    guard::place(ui, id, card);
    room.with_max_y(card.top())
}

/// A camera has nobody to type our code: its own is typed here.
pub(in crate::ui) fn pair_again(state: &State, person: &Person) -> Action {
    match state.is_camera(person) {
        true => Action::Open(Dialog::EnterCode(CodeForm::default())),
        false => Action::ShowCode(Rights::default()),
    }
}
