//! The small picture of our own camera: in a corner, as in a mirror, dragged by hand or moved by
//! the arrow keys, and a small button when it is put away.

use egui::{
    Color32, EventFilter, Id, Key, Rect, Response, Sense, Shadow, Stroke, StrokeKind, Ui,
    UiBuilder, Vec2, WidgetInfo, WidgetType, pos2, vec2,
};

use crate::model::{Action, Corner, Face, OwnSound, OwnTrouble, State};
use crate::words;

use super::super::album::Album;
use super::super::kit::{self, Drawing, Round, icons, text, within};
use super::super::theme::{DARK, Type};
use super::away::mirrored;
use super::more::Side;
use super::{Draft, Frame};

const SIZE: Vec2 = vec2(208.0, 117.0);
const WIDE: Vec2 = vec2(288.0, 162.0);
const NARROW: Vec2 = vec2(112.0, 149.0);
/// Room to the edges.
const MARGIN: f32 = 20.0;
/// Below the chips.
const TOP: f32 = 72.0;
/// Its size where there is little room, as a share.
const SMALL: f32 = 0.6;
/// Room to what lies above or below it, and the least room to what lies beside it.
const CLEAR: f32 = 16.0;
const BESIDE: Vec2 = vec2(12.0, CLEAR - 1.0);

pub(in crate::ui) fn show(
    ui: &mut Ui,
    frame: &Frame,
    state: &State,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let corner = state.calls.own.corner;
    if !state.calls.sees_itself() {
        let size = Vec2::splat(40.0);
        let Some(rect) = place(frame, corner, size) else {
            return;
        };
        let place = UiBuilder::new()
            .id(Id::new("own picture back"))
            .max_rect(rect);
        let round = Round::small(icons::USER_CIRCLE, words::SHOW_MY_PICTURE);
        if within(ui, place, |ui| ui.add(round))
            .on_hover_text("F9")
            .clicked()
        {
            actions.push(Action::ShowOwn(true));
        }
        return;
    }
    let size = match (frame.is_narrow, frame.is_wide) {
        (true, _) => NARROW,
        (_, true) => WIDE,
        _ => SIZE,
    };
    let Some(rect) = fitting(frame, corner, size) else {
        return;
    };
    match state.calls.own_trouble() {
        None => picture(ui, frame, rect, state, album, draft, actions),
        // That it is off is said by its button.
        Some(OwnTrouble::Off(_)) => {}
        Some(trouble) => card(ui, rect, &trouble, draft),
    }
}

fn picture(
    ui: &mut Ui,
    frame: &Frame,
    home: Rect,
    state: &State,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let Some(picture) = album.live(Face::Own) else {
        return;
    };
    let id = Id::new("own picture");
    // While it is dragged it is under the hand, and then in the nearest corner.
    let moved = ui
        .data(|data| data.get_temp::<Vec2>(id))
        .unwrap_or_default();
    let rect = match moved {
        Vec2::ZERO => Rect::from_min_size(kit::on_its_way(ui, id, home.min), home.size()),
        moved => home.translate(moved),
    };
    let response = ui.interact(rect, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, words::MY_PICTURE_MOVES));
    follow(ui, &response, frame, rect, moved, actions);
    let p = ui.painter();
    let shadow = Shadow {
        offset: [0, 6],
        blur: 24,
        spread: 0,
        color: Color32::from_black_alpha(115),
    };
    p.add(shadow.as_shape(rect, 14.0));
    let is_dim = state
        .calls
        .open
        .iter()
        .all(|call| !matches!(call.stage, crate::model::Stage::Live));
    let tint = if is_dim {
        Color32::from_gray(150)
    } else {
        Color32::WHITE
    };
    let how = Drawing::filling(mirrored()).radius(14).tint(tint);
    let drawn = kit::draw(p, picture, how, rect);
    draft.sizes.push((Face::Own, drawn));
    let edge = match is_heard(state) {
        true => Stroke::new(3.0, DARK.good),
        false => Stroke::new(1.5, Color32::from_white_alpha(46)),
    };
    p.rect_stroke(rect, 14.0, edge, StrokeKind::Inside);
    kit::focus_ring_over(ui, &response, rect, 14);
    let is_over = ui.rect_contains_pointer(rect) || response.has_focus();
    if is_over && !response.dragged() {
        let size = Vec2::splat(32.0);
        let rect = Rect::from_min_size(pos2(rect.right() - 40.0, rect.top() + 8.0), size);
        let place = UiBuilder::new()
            .id(Id::new("hide own picture"))
            .max_rect(rect);
        let hide = Round::small(icons::MINUS, words::HIDE).size(32.0);
        if within(ui, place, |ui| ui.add(hide))
            .on_hover_text("F9")
            .clicked()
        {
            actions.push(Action::ShowOwn(false));
        }
    }
}

/// Whether a peer hears us speak now.
fn is_heard(state: &State) -> bool {
    let speaks = state.sound.level.is_some_and(|level| level.speaks);
    let hears = |call| state.own_sound(call) == OwnSound::Heard;
    speaks && state.calls.open.iter().any(hears)
}

/// The hand, or the arrow keys, and where it goes by them.
fn follow(
    ui: &Ui,
    response: &Response,
    frame: &Frame,
    rect: Rect,
    moved: Vec2,
    actions: &mut Vec<Action>,
) {
    if response.dragged() {
        let moved = moved + response.drag_delta();
        ui.data_mut(|data| data.insert_temp(response.id, moved));
    } else if moved != Vec2::ZERO {
        ui.data_mut(|data| data.remove_temp::<Vec2>(response.id));
        ui.ctx().request_repaint();
        kit::start_from(ui, response.id, rect.min);
        let (at, middle) = (rect.center(), frame.room.center());
        actions.push(Action::MoveOwn(Corner::of(
            at.x > middle.x,
            at.y > middle.y,
        )));
    }
    if response.has_focus() {
        // egui would go to another widget instead.
        let arrows = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
        let pressed = |key| ui.input(|input| input.key_pressed(key));
        let at = rect.center();
        let (mut right, mut low) = (at.x > frame.room.center().x, at.y > frame.room.center().y);
        let before = (right, low);
        right = (right || pressed(Key::ArrowRight)) && !pressed(Key::ArrowLeft);
        low = (low || pressed(Key::ArrowDown)) && !pressed(Key::ArrowUp);
        if (right, low) != before {
            kit::start_from(ui, response.id, rect.min);
            actions.push(Action::MoveOwn(Corner::of(right, low)));
        }
    }
}

/// Our camera gives nothing: why, and what to do.
fn card(ui: &mut Ui, rect: Rect, trouble: &OwnTrouble<'_>, draft: &mut Draft) {
    kit::ground(ui, rect, Id::new("own trouble"));
    let p = ui.painter();
    p.rect_filled(rect, 14.0, DARK.raised);
    p.rect_stroke(
        rect,
        14.0,
        Stroke::new(1.0, DARK.border),
        StrokeKind::Inside,
    );
    let words = words::own_trouble(trouble);
    let at = pos2(rect.center().x, rect.top() + 32.0);
    icons::VIDEO_CAMERA_SLASH.paint(p, at, 26.0, DARK.soft);
    let (middle, font) = (egui::Align::Center, Type::SmallStrong);
    let below = pos2(at.x, at.y + 20.0);
    let width = rect.width() - 20.0;
    let shown = text::wrap(p, below, width, &words, font, Color32::WHITE, middle);
    text::say(ui, shown, &words);
    if matches!(trouble, OwnTrouble::Opening) || rect.width() < 150.0 {
        return;
    }
    let size = vec2(text::width(ui, words::CHOOSE_ANOTHER, font) + 8.0, 28.0);
    let place = Rect::from_center_size(pos2(at.x, rect.bottom() - 20.0), size);
    let place = UiBuilder::new()
        .id(Id::new("choose camera"))
        .max_rect(place);
    let link = |ui: &mut Ui| kit::coloured_link(ui, None, words::CHOOSE_ANOTHER, DARK.accent_text);
    if within(ui, place, link).clicked() {
        draft.more.open(ui, Side::Camera);
    }
}

/// The place of the picture: a smaller one where all else leaves too little room, or none.
fn fitting(frame: &Frame, corner: Corner, size: Vec2) -> Option<Rect> {
    let small = (size * SMALL).round();
    place(frame, corner, size).or_else(|| place(frame, corner, small))
}

/// Where something of that size is in that corner, or in another one where that has no room that is
/// clear of bar, chips, numbers and hint.
fn place(frame: &Frame, corner: Corner, size: Vec2) -> Option<Rect> {
    let (right, low) = (corner.is_right(), corner.is_low());
    let corners = [(right, low), (right, !low), (!right, low), (!right, !low)];
    let places = corners.map(|(right, low)| near(frame, Corner::of(right, low), size));
    let is_clear = |place: &Rect| {
        frame.room.contains_rect(*place) && !covers(frame).any(|cover| cover.intersects(*place))
    };
    places.into_iter().find(is_clear)
}

/// What the own picture keeps clear of.
fn covers(frame: &Frame) -> impl Iterator<Item = Rect> {
    [frame.bar].into_iter().chain(frame.covers.iter().copied())
}

/// The place that is nearest to that corner: above or below what lies there.
fn near(frame: &Frame, corner: Corner, size: Vec2) -> Rect {
    let room = frame.room;
    let margin = if frame.is_narrow { 16.0 } else { MARGIN };
    let left = match corner.is_right() {
        true => room.right() - margin - size.x,
        false => room.left() + margin,
    };
    let top = match corner.is_low() {
        true => room.bottom() - MARGIN - size.y,
        false => room.top() + TOP,
    };
    let mut place = Rect::from_min_size(pos2(left, top), size);
    // Each step leaves one of them behind.
    for _ in covers(frame) {
        let is_too_near = |cover: &Rect| cover.expand2(BESIDE).intersects(place);
        let Some(cover) = covers(frame).find(is_too_near) else {
            break;
        };
        let top = match corner.is_low() {
            true => cover.top() - CLEAR - size.y,
            false => cover.bottom() + CLEAR,
        };
        place = Rect::from_min_size(pos2(left, top), size);
    }
    place
}

#[cfg(test)]
mod tests {
    use egui::Pos2;

    use super::*;

    #[test]
    fn the_own_picture_is_clear_of_bar_chips_and_numbers_in_every_corner() {
        for (width, height, is_narrow) in [(1200.0, 760.0, false), (480.0, 760.0, true)] {
            let room = Rect::from_min_size(Pos2::ZERO, vec2(width, height));
            let size = if is_narrow { NARROW } else { SIZE };
            let bar_size = vec2(if is_narrow { 320.0 } else { 470.0 }, 86.0);
            let bar = Rect::from_center_size(pos2(width / 2.0, height - 63.0), bar_size);
            let mut frame = Frame {
                room,
                is_narrow,
                is_wide: false,
                has_list: false,
                is_bare: is_narrow,
                bar,
                covers: Vec::new(),
            };
            let numbers = Rect::from_min_size(pos2(16.0, 68.0), vec2(352.0, 353.0));
            let hint =
                Rect::from_center_size(pos2(width / 2.0, bar.top() - 38.0), vec2(300.0, 40.0));
            for covers in [vec![], vec![hint], vec![numbers, hint]] {
                frame.covers = covers;
                for (right, low) in [(false, false), (true, false), (false, true), (true, true)] {
                    let rect = fitting(&frame, Corner::of(right, low), size).unwrap();
                    assert!(room.contains_rect(rect), "{rect:?}");
                    for cover in super::covers(&frame) {
                        assert!(!rect.intersects(cover), "{rect:?} and {cover:?}");
                    }
                    assert!(rect.top() >= 60.0, "{rect:?} covers the chips");
                }
            }
            let everywhere = frame.room;
            frame.covers = vec![everywhere];
            assert_eq!(fitting(&frame, Corner::UpperLeft, size), None);
        }
    }
}
