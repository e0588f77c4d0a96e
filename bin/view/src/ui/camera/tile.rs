//! One camera among several. A click chooses it, a double click or Enter shows it alone.

use egui::{Color32, Id, Painter, Rect, Stroke, StrokeKind, Ui, UiBuilder, Vec2, pos2, vec2};

use crate::model::{Action, Call, Face, Preferences, Stage, State, name};
use crate::words;

use super::super::album::Album;
use super::super::call::brief;
use super::super::kit::{self, Drawing, Picture, Round, icons, text, within};
use super::super::theme::{DARK, Type};
use super::super::{Draft, guard};
use super::{gives_pictures, has_sound, held, last, situation, sound, tile_fade};

/// Of the corners of a tile.
pub(super) const RADIUS: u8 = 14;
/// The share of a picture that has to be seen in a tile that it fills.
const LEAST_SEEN: f32 = 0.8;

pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    call: &Call,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let (peer, face, shown) = (call.peer, Face::Peer(call.peer), name(&call.peer));
    let said = words::picture_of(&shown, call.sound.speaks);
    let response = kit::area(ui, rect, Id::new(("picture", peer)), &said);
    guard::place(ui, ("tile", peer), rect);
    // A click of the mouse only chooses; by the keyboard, or a reader of screens, it is what a
    // double click is.
    let by_pointer = ui.input(|input| input.pointer.any_click());
    if response.double_clicked() || (response.clicked() && !by_pointer) {
        let alone = state.calls.alone() != Some(peer);
        actions.push(Action::Alone(alone.then_some(peer)));
    } else if response.clicked() && state.chosen != Some(peer) {
        actions.push(Action::Select(peer));
    }
    let like = state.preferences(peer);
    let live = album.live(face).filter(|_| state.has_picture(face));
    let is_live = call.stage == Stage::Live && gives_pictures(call);
    let ground = |p: &Painter| {
        p.rect_filled(rect, RADIUS, Color32::from_gray(20));
    };
    if let Some(picture) = live.or(last(state, call, album).map(|(picture, _)| picture)) {
        let tint = if is_live {
            Color32::WHITE
        } else {
            Color32::from_gray(70)
        };
        let how = how(
            like,
            picture,
            rect,
            call.is_talk(),
            state.calls.alone().is_some(),
        );
        // In the round corners of a picture that is smaller than its tile the ground is seen.
        let corners = if how.fills { 0.0 } else { f32::from(RADIUS) };
        let covered = how.place(picture, rect).shrink2(vec2(corners, 0.0));
        kit::around(ui.painter(), rect, &[covered], ground);
        let drawn = kit::draw(ui.painter(), picture, how.radius(RADIUS).tint(tint), rect);
        if is_live {
            draft.sizes.push((face, drawn));
        }
    } else {
        ground(ui.painter());
    }
    tile_fade(ui, rect);
    if let Some((title, line)) = situation(state, call, album) {
        let at = rect.center() - vec2(0.0, 16.0);
        words_in(ui, at, rect.width() - 32.0, &title, &line);
    }
    name_chip(ui, rect, &shown, is_live);
    if state.overlay {
        brief(ui, rect.min + vec2(12.0, 12.0), call);
    }
    recording(ui, rect, call, &shown);
    let is_chosen = state.chosen == Some(peer);
    let is_over = ui.rect_contains_pointer(rect) || response.has_focus() || is_chosen;
    buttons(ui, rect, call, &shown, is_over, actions);
    if is_chosen {
        held(ui, call, actions);
    }
    let frame = if call.sound.speaks && call.heard {
        Some(DARK.good)
    } else {
        is_chosen.then_some(DARK.accent_text)
    };
    if let Some(colour) = frame {
        let stroke = Stroke::new(3.0, colour);
        ui.painter()
            .rect_stroke(rect, RADIUS, stroke, StrokeKind::Inside);
    }
    kit::focus_ring_over(ui, &response, rect.shrink(4.0), 12);
}

/// A picture fills its tile if nearly all of it is seen then, unless the user wants it whole.
fn how(like: Preferences, picture: Picture, tile: Rect, is_talk: bool, is_alone: bool) -> Drawing {
    let filling = Drawing::filling(like);
    let is_whole = like.fill != is_talk || is_alone;
    match is_whole || filling.seen(picture, tile) < LEAST_SEEN {
        true => Drawing::whole(like),
        false => filling,
    }
}

fn words_in(ui: &Ui, at: egui::Pos2, width: f32, title: &str, line: &str) {
    let p = ui.painter();
    let middle = egui::Align::Center;
    let shown = text::wrap(p, at, width, title, Type::Heading, Color32::WHITE, middle);
    text::say(ui, shown, title);
    if !line.is_empty() {
        let at = pos2(at.x, shown.bottom() + 2.0);
        let ink = super::OVER_SOFT;
        let shown = text::wrap(p, at, width, line, Type::Small, ink, middle);
        text::say(ui, shown, line);
    }
}

fn name_chip(ui: &Ui, rect: Rect, shown: &str, is_live: bool) {
    let width = text::width(ui, shown, Type::SmallStrong).min(rect.width() - 60.0);
    let size = vec2(28.0 + width + 12.0, 32.0);
    let chip = Rect::from_min_size(pos2(rect.left() + 12.0, rect.bottom() - 44.0), size);
    let p = ui.painter();
    kit::chip(p, chip);
    let at = chip.left_center() + vec2(16.0, 0.0);
    match is_live {
        true => drop(p.circle_filled(at, 4.0, DARK.good)),
        false => drop(icons::WIFI_SLASH.paint(p, at + vec2(3.0, 0.0), 14.0, Color32::WHITE)),
    }
    let left = chip.left_center() + vec2(28.0, 0.0);
    text::cut(
        p,
        left,
        width + 1.0,
        shown,
        Type::SmallStrong,
        Color32::WHITE,
    );
}

fn recording(ui: &Ui, rect: Rect, call: &Call, shown: &str) {
    let words = match (call.far_recording, call.recording) {
        (true, _) => words::records_you(shown),
        (_, true) => words::YOU_RECORD.to_owned(),
        _ => return,
    };
    let width = text::width(ui, &words, Type::SmallStrong) + 44.0;
    let corner = pos2(rect.right() - width - 12.0, rect.top() + 12.0);
    let chip = Rect::from_min_size(corner, vec2(width, 32.0));
    let p = ui.painter();
    kit::chip(p, chip);
    p.circle_filled(chip.left_center() + vec2(16.0, 0.0), 5.0, DARK.danger_text);
    let left = chip.left_center() + vec2(30.0, 0.0);
    text::cut(p, left, width, &words, Type::SmallStrong, Color32::WHITE);
    text::say(ui, chip, &words);
}

/// Sound, snapshot and the picture alone; the sound stays while it is on.
fn buttons(
    ui: &mut Ui,
    rect: Rect,
    call: &Call,
    shown: &str,
    is_over: bool,
    actions: &mut Vec<Action>,
) {
    let peer = call.peer;
    let mut row = Vec::new();
    if is_over {
        row.push((
            "alone",
            icons::ARROWS_OUT,
            words::SHOW_ONLY_THIS,
            Action::Alone(Some(peer)),
        ));
        if call.shown.is_some() {
            let action = Action::Snapshot(peer);
            row.push(("snapshot", icons::CAMERA, words::SNAPSHOT, action));
        }
    }
    if has_sound(call) && (is_over || call.heard) {
        let (icon, words, _, action) = sound(call);
        row.push(("sound", icon, words, action));
    }
    for (at, (known, icon, words, action)) in row.into_iter().enumerate() {
        let right = rect.right() - 12.0 - 48.0 * at as f32;
        let place =
            Rect::from_min_size(pos2(right - 40.0, rect.bottom() - 52.0), Vec2::splat(40.0));
        let place = UiBuilder::new()
            .id(Id::new(("tile button", peer, known)))
            .max_rect(place);
        let name = words::of(words, shown);
        let round = Round::small(icon, words).name(&name);
        if within(ui, place, |ui| ui.add(round)).clicked() {
            actions.push(action);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_of_another_shape_than_its_picture_shows_it_whole() {
        let picture = Picture {
            texture: egui::TextureId::default(),
            size: Vec2::new(1280.0, 720.0),
            orientation: 1,
        };
        let fills = |width: f32, height: f32| {
            let tile = Rect::from_min_size(pos2(0.0, 0.0), Vec2::new(width, height));
            how(Preferences::default(), picture, tile, false, false).fills
        };
        assert!(fills(640.0, 360.0) && fills(580.0, 370.0));
        // Two below each other in a narrow window.
        assert!(!fills(456.0, 330.0));
        assert!(!fills(900.0, 300.0));
    }
}
