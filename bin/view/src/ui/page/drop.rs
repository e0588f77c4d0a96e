//! Files that are dragged over the window: the open page becomes the place to drop them on, and
//! names to whom they go.

use egui::{Align2, Id, Order, Rect, Shape, Stroke, Ui, pos2, vec2};

use crate::model::{Action, News, Page, Person, State, name};
use crate::words;

use super::super::Draft;
use super::super::kit::{self, icons, text};
use super::super::theme::{Type, tokens};

/// Files go to the contact whose page was open when the drag entered the window, which the zone
/// names.
pub(in crate::ui) fn show(
    ui: &Ui,
    room: Rect,
    state: &State,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let (hovered, dropped) = ui.input(|input| {
        let hovered = input.raw.hovered_files.len();
        (hovered, input.raw.dropped_files.clone())
    });
    let is_over = hovered > 0;
    if is_over && draft.brought_to.is_none() {
        draft.brought_to = target(state);
    }
    let target = draft.brought_to.or(target(state));
    if !is_over {
        draft.brought_to = None;
    }
    if !is_over && dropped.is_empty() {
        return;
    }
    let person = |peer| state.people.iter().find(|person| person.name == peer);
    let person = target.and_then(person);
    let takes = person.filter(|person| state.abilities(person).takes_files());
    if is_over {
        zone(ui, room, person, takes.is_some(), hovered);
    }
    match (takes, person) {
        (Some(person), _) => {
            let peer = person.name;
            let paths = dropped.into_iter().filter_map(|file| file.path);
            actions.extend(paths.map(|path| Action::Send { peer, path }));
        }
        _ if dropped.is_empty() => {}
        (None, Some(person)) => actions.push(Action::Tell(News::TakesNoFiles(person.name))),
        (None, None) => actions.push(Action::Tell(News::DroppedForNobody)),
    }
}

/// The contact whose page is open. With all cameras side by side there is none.
fn target(state: &State) -> Option<transom::PeerName> {
    match state.page() {
        Page::Person(peer) | Page::Call(peer) | Page::Camera(peer) => Some(peer),
        _ => None,
    }
}

fn zone(ui: &Ui, room: Rect, person: Option<&Person>, takes: bool, count: usize) {
    let t = tokens(ui);
    let shown = person.map(|person| name(&person.name));
    let (words, below) = match &shown {
        Some(name) if takes => (words::drop_to(name), words::files_of(count, None)),
        Some(name) => (words::takes_no_files(name), String::new()),
        None => (words::CHOOSE_FIRST.to_owned(), String::new()),
    };
    let top = room.top() + super::header::HEIGHT;
    let rect = Rect::from_min_max(pos2(room.left(), top), room.max).shrink(16.0);
    kit::float(Id::new("drop"))
        .order(Order::Tooltip)
        .interactable(false)
        .fixed_pos(rect.min)
        .show(ui.ctx(), |ui| {
            let p = ui.painter().with_clip_rect(rect.expand(2.0));
            let (fill, ink) = match takes {
                true => (t.wash, t.accent_text),
                false => (t.raised, t.faint),
            };
            p.rect_filled(rect, 20.0, fill);
            for line in outline(rect, 20.0) {
                p.extend(Shape::dashed_line(&line, Stroke::new(2.0, ink), 7.0, 5.0));
            }
            let middle = rect.center();
            let icon = icons::PAPER_PLANE_TILT.filled();
            icon.paint(&p, middle - vec2(0.0, 32.0), 48.0, ink);
            let at = middle + vec2(0.0, 16.0);
            let said = text::paint(&p, at, Align2::CENTER_CENTER, &words, Type::Title, t.text);
            let at = middle + vec2(0.0, 49.0);
            text::paint(&p, at, Align2::CENTER_CENTER, &below, Type::Body, t.soft);
            text::say(ui, said, &words);
        });
}

/// The edge of a rectangle with round corners, as one line.
fn outline(rect: Rect, radius: f32) -> [Vec<egui::Pos2>; 1] {
    let mut points = Vec::new();
    egui::epaint::tessellator::path::rounded_rectangle(
        &mut points,
        rect,
        egui::epaint::CornerRadiusF32::same(radius),
    );
    points.extend(points.first().copied());
    [points]
}
