//! All cameras at once, as large as they can be.

use egui::{Id, Rect, Ui, UiBuilder, pos2, vec2};

use crate::model::{Action, State};
use crate::words;

use super::super::album::Album;
use super::super::call::{Frame, list_button};
use super::super::kit::{self, Round, icons, text, within};
use super::super::theme::{OVER_SOFT, STAGE, Type};
use super::super::{Draft, call};
use super::tile;

/// What most cameras give; the grid is cut so that such pictures come out largest.
const SHAPE: f32 = 16.0 / 9.0;
/// Room between two pictures, and around all of them.
const GAP: f32 = 8.0;
const MARGIN: f32 = 12.0;
/// Height of what is above them.
const TOP: f32 = 72.0;

pub(in crate::ui) fn show(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let place = UiBuilder::new()
        .id(Id::new("all cameras page"))
        .max_rect(room);
    within(ui, place, |ui| {
        ui.set_clip_rect(room);
        let bar = call::Bar {
            items: Vec::new(),
            wide: 0.0,
        };
        let mut frame = Frame::new(room, draft.layout, &bar);
        // On the whole screen the pictures have all of it.
        let top = if state.fullscreen { 8.0 } else { TOP };
        let area = Rect::from_min_max(
            room.min + vec2(MARGIN, top),
            room.max - vec2(MARGIN, MARGIN),
        );
        let calls: Vec<_> = state.on_screen().collect();
        let places = places(area, calls.len());
        // The ground is seen in the round corners of a tile.
        let corners = vec2(f32::from(tile::RADIUS), 0.0);
        let covered: Vec<_> = places.iter().map(|place| place.shrink2(corners)).collect();
        kit::around(ui.painter(), room, &covered, |p| {
            p.rect_filled(room, 0.0, STAGE);
        });
        if !state.fullscreen {
            head(ui, &mut frame, state, actions);
        }
        for (call, place) in calls.iter().zip(places) {
            tile::show(ui, place, state, call, album, draft, actions);
        }
        if calls.is_empty() {
            let at = room.center() - vec2(0.0, 20.0);
            call::centred(ui, at, room.width(), words::NO_CAMERAS, "");
        }
    });
}

fn head(ui: &mut Ui, frame: &mut Frame, state: &State, actions: &mut Vec<Action>) {
    let mut left = frame.room.min + vec2(12.0, 16.0);
    if !frame.has_list {
        list_button(ui, left, frame, state, actions);
        left.x += 50.0;
    }
    let all = state.calls.open.len();
    let live = state
        .calls
        .open
        .iter()
        .filter(|call| call.shown.is_some())
        .count();
    let count = words::of_all(live, all);
    let widths = [
        text::width(ui, words::ALL_CAMERAS, Type::Strong),
        text::width(ui, &count, Type::Body),
    ];
    let size = vec2(14.0 + widths[0] + 10.0 + widths[1] + 14.0, 40.0);
    let chip = Rect::from_min_size(left, size);
    let p = ui.painter();
    p.rect_filled(chip, 20.0, egui::Color32::from_white_alpha(10));
    let at = chip.left_center() + vec2(14.0, 0.0);
    let white = egui::Color32::WHITE;
    let drawn = text::cut(
        p,
        at,
        widths[0] + 1.0,
        words::ALL_CAMERAS,
        Type::Strong,
        white,
    );
    let at = pos2(drawn.right() + 10.0, chip.center().y);
    text::cut(p, at, widths[1] + 1.0, &count, Type::Body, OVER_SOFT);
    text::say(ui, chip, &words::call_chip(words::ALL_CAMERAS, &count));
    let screen = Rect::from_min_size(pos2(frame.room.right() - 52.0, left.y), vec2(40.0, 40.0));
    let place = UiBuilder::new()
        .id(Id::new("whole screen"))
        .max_rect(screen);
    let round = Round::small(icons::CORNERS_OUT, words::FULL_SCREEN);
    if within(ui, place, |ui| ui.add(round))
        .on_hover_text("F11")
        .clicked()
    {
        actions.push(Action::Fullscreen(true));
    }
    if state.calls.alone().is_some() {
        let button = kit::Button::new(kit::Kind::OnStage, words::SHOW_ALL);
        let size = vec2(button.measure(ui), 36.0);
        let at = pos2(screen.left() - size.x - 12.0, left.y + 2.0);
        let place = UiBuilder::new().id(Id::new("show all"));
        let place = place.max_rect(Rect::from_min_size(at, size));
        if within(ui, place, |ui| ui.add(button)).clicked() {
            actions.push(Action::Alone(None));
        }
    }
}

/// Equal places for that many pictures, row by row, in the number of columns that makes them
/// largest.
pub(in crate::ui) fn places(area: Rect, count: usize) -> Vec<Rect> {
    let cell = |columns: usize| {
        let rows = count.div_ceil(columns);
        let gaps = vec2(columns as f32 - 1.0, rows as f32 - 1.0) * GAP;
        let room = (area.size() - gaps).max(egui::Vec2::ZERO);
        vec2(room.x / columns as f32, room.y / rows as f32)
    };
    let height = |columns: usize| cell(columns).y.min(cell(columns).x / SHAPE);
    let best = (1..=count).reduce(|best, columns| {
        if height(columns) > height(best) {
            columns
        } else {
            best
        }
    });
    let Some(columns) = best else {
        return Vec::new();
    };
    let size = cell(columns);
    let place = |at: usize| {
        let step = vec2((at % columns) as f32, (at / columns) as f32);
        Rect::from_min_size(area.min + step * (size + vec2(GAP, GAP)), size)
    };
    (0..count).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_fill_the_room_without_covering_each_other() {
        let area = Rect::from_min_size(pos2(10.0, 20.0), vec2(1200.0, 700.0));
        for count in 0..12 {
            let places = places(area, count);
            assert_eq!(places.len(), count);
            for (at, place) in places.iter().enumerate() {
                assert!(area.expand(0.1).contains_rect(*place), "{count}: {place:?}");
                let others = places.iter().skip(at + 1);
                assert!(
                    others.clone().all(|other| !place.intersects(*other)),
                    "{count}"
                );
            }
        }
        let columns = |area| {
            places(area, 4)
                .iter()
                .filter(|one| one.top() < 21.0)
                .count()
        };
        assert_eq!(columns(area), 2);
        let slim = Rect::from_min_size(pos2(10.0, 20.0), vec2(300.0, 900.0));
        assert_eq!(columns(slim), 1);
    }
}
