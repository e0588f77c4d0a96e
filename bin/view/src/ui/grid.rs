//! The room of the pictures: all calls side by side, or one alone, with the small picture of
//! oneself over them.

use std::collections::BTreeMap;

use egui::{Align, Color32, Layout, Rect, RichText, Ui, UiBuilder, Vec2, vec2};

use crate::model::{Action, Face, State};
use crate::words;

use super::paint::Picture;
use super::tile::Tile;
use super::{Draft, bar, selfview, tile};

/// What most cameras give; the grid is cut so that such pictures come out largest.
const SHAPE: f32 = 4.0 / 3.0;
/// Room between two pictures.
const GAP: f32 = 2.0;

pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    pictures: &BTreeMap<Face, Picture>,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let area = ui.max_rect();
    draft.sizes.clear();
    let picture = |face| {
        let drawn = pictures.get(&face).copied();
        drawn.filter(|_| state.has_picture(face))
    };
    let count = state.calls.on_screen().count();
    if count == 0 {
        nobody(ui, area);
    }
    let places = places(area, count);
    let (buttons, height) = places.first().map_or((0.0, area.height()), |place| {
        (bar::height(place.width()), place.height())
    });
    for (call, area) in state.calls.on_screen().zip(places) {
        let tile = Tile {
            state,
            call,
            picture: picture(Face::Peer(call.peer)),
            area,
            only: count == 1,
        };
        tile::show(ui, &tile, draft, actions);
    }
    selfview::show(
        ui,
        state,
        picture(Face::Own),
        (area.with_max_y(area.bottom() - buttons), height - buttons),
        draft,
        actions,
    );
}

fn nobody(ui: &mut Ui, area: Rect) {
    let size = vec2(area.width() - 40.0, 90.0).max(Vec2::ZERO);
    let inside = UiBuilder::new()
        .id(egui::Id::new("nobody"))
        .max_rect(Rect::from_center_size(area.center(), size))
        .layout(Layout::top_down(Align::Center));
    ui.scope_builder(inside, |ui| {
        ui.label(
            RichText::new(words::NOBODY)
                .heading()
                .color(Color32::from_gray(220)),
        );
    });
}

/// Equal places for that many pictures, row by row, in the number of columns that makes them
/// largest.
pub(super) fn places(area: Rect, count: usize) -> Vec<Rect> {
    let cell = |columns: usize| {
        let rows = count.div_ceil(columns);
        vec2(area.width() / columns as f32, area.height() / rows as f32)
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
    let gap = if count > 1 { GAP } else { 0.0 };
    let place = |at: usize| {
        let corner = vec2((at % columns) as f32, (at / columns) as f32) * size;
        Rect::from_min_size(area.min + corner, size).shrink(gap / 2.0)
    };
    (0..count).map(place).collect()
}
