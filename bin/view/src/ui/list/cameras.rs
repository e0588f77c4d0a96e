//! Cameras as cards with the last picture that this window saw. No camera is opened for a card.

use std::time::Duration;

use egui::{
    Align2, Color32, CornerRadius, Id, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, pos2, vec2,
};

use crate::model::{Action, Face, Person, Preferences, Presence, Stage, State, name};
use crate::words;

use super::super::album::Album;
use super::super::kit::{self, Drawing, icons, text};
use super::super::theme::{DARK, PILL, STAGE, Type, shade, tokens};

/// Cards that are shown; the rest is in the grid.
const MOST: usize = 4;
const GAP: f32 = 8.0;
const MARGIN: f32 = 12.0;
/// A card in a list of the usual width.
const HEIGHT: f32 = 78.0;
const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    cameras: &[&Person],
    is_low: bool,
    album: &Album,
    actions: &mut Vec<Action>,
) {
    ui.add_space(8.0);
    head(ui, state, cameras.len(), actions);
    ui.add_space(2.0);
    let width = (ui.available_width() - 2.0 * MARGIN - GAP) / 2.0;
    if is_low {
        let cards = ScrollArea::horizontal()
            .id_salt("cameras")
            .auto_shrink([false, true]);
        cards.show(ui, |ui| {
            let all = width.min(136.0) + GAP;
            let size = vec2(all * cameras.len() as f32 + 2.0 * MARGIN, HEIGHT);
            let (row, _) = ui.allocate_exact_size(size, Sense::hover());
            for (at, camera) in cameras.iter().enumerate() {
                let left = row.left() + MARGIN + all * at as f32;
                let rect = Rect::from_min_size(pos2(left, row.top()), vec2(all - GAP, HEIGHT));
                card(ui, rect, state, camera, album, actions);
            }
        });
    } else {
        let height = (width * 9.0 / 16.0).max(HEIGHT);
        for pair in cameras[..cameras.len().min(MOST)].chunks(2) {
            let size = vec2(ui.available_width(), height);
            let (row, _) = ui.allocate_exact_size(size, Sense::hover());
            for (at, camera) in pair.iter().enumerate() {
                let left = row.left() + MARGIN + (width + GAP) * at as f32;
                let rect = Rect::from_min_size(pos2(left, row.top()), vec2(width, height));
                card(ui, rect, state, camera, album, actions);
            }
            ui.add_space(GAP);
        }
        ui.add_space(12.0 - GAP - 8.0);
    }
}

/// The heading, and the way to all of them at once.
fn head(ui: &mut Ui, state: &State, count: usize, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let row = kit::section(ui, words::CAMERAS);
    let label = words::show_all(count, MOST);
    let width = text::width(ui, &label, Type::Caption);
    let hit = row
        .with_min_x(row.right() - width - 50.0)
        .with_max_x(row.right() - 8.0);
    let response = kit::area(ui, hit, Id::new("all cameras"), &label);
    let ink = if response.hovered() { t.text } else { t.soft };
    let end = pos2(row.right() - 18.0, row.center().y);
    let shown = text::paint(
        ui.painter(),
        end,
        Align2::RIGHT_CENTER,
        &label,
        Type::Caption,
        ink,
    );
    let icon = pos2(shown.left() - 14.0, row.center().y);
    icons::SQUARES_FOUR.paint(ui.painter(), icon, 16.0, ink);
    kit::focus_ring(ui, &response, hit, 8);
    if response.clicked() {
        actions.extend(watch_all(state));
    }
}

/// Watches every camera, and shows them side by side.
fn watch_all(state: &State) -> Vec<Action> {
    let unwatched = |camera: &&Person| {
        let call = state.calls.of(camera.name);
        call.is_none_or(|call| matches!(call.stage, Stage::Ended(_)))
    };
    let cameras = state.cameras().filter(unwatched);
    let mut actions: Vec<_> = cameras.map(|camera| Action::Watch(camera.name)).collect();
    actions.push(Action::Cameras(true));
    actions
}

fn card(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    camera: &Person,
    album: &Album,
    actions: &mut Vec<Action>,
) {
    let (shown, face) = (name(&camera.name), Face::Peer(camera.name));
    let is_live = state
        .calls
        .of(camera.name)
        .is_some_and(|call| call.stage == Stage::Live);
    let is_here = is_live || camera.presence == Presence::Here;
    let taken = album.last(face).filter(|_| is_here && !is_live);
    let age = taken.map(|(_, at)| state.now.saturating_sub(at));
    // A picture of this moment needs no words.
    let age = age.filter(|age| *age >= MINUTE);
    let mut said = words::camera_card(&shown, is_live, &camera.presence, camera.unread);
    if let Some(age) = age {
        said.push_str(&words::picture_age(age));
        ui.ctx().request_repaint_after(MINUTE);
    }
    let response = kit::area(ui, rect, Id::new(("camera", camera.name)), &said);
    let p = ui.painter().with_clip_rect(ui.clip_rect());
    let picture = match is_here {
        true => album.last(face).map(|(picture, _)| picture),
        false => album.faded(face),
    };
    let like = state.preferences(camera.name);
    let tint = if is_here {
        Color32::WHITE
    } else {
        Color32::from_gray(130)
    };
    match picture {
        Some(picture) => {
            let how = Drawing::filling(Preferences { fill: true, ..like });
            kit::draw(&p, picture, how.radius(12).tint(tint), rect);
        }
        None => {
            p.rect_filled(rect, 12.0, STAGE);
            let at = rect.center() - vec2(0.0, 6.0);
            icons::SECURITY_CAMERA.paint(&p, at, 28.0, DARK.faint);
        }
    }
    fade(&p, rect);
    let left = pos2(rect.left() + 10.0, rect.bottom() - 15.0);
    let width = rect.width() - 20.0;
    text::cut(&p, left, width, &shown, Type::CaptionStrong, Color32::WHITE);
    corner(ui, &p, rect, state, camera, (is_live, age));
    if camera.unread > 0 {
        let right = rect.left_top() + vec2(30.0, 17.0);
        kit::badge(&p, right, camera.unread, &DARK);
    }
    let is_chosen = state.chosen == Some(camera.name) && !state.view.cameras && is_live;
    if response.hovered() && !is_chosen {
        let edge = Stroke::new(1.0, Color32::from_white_alpha(70));
        p.rect_stroke(rect, 12.0, edge, StrokeKind::Inside);
    }
    if is_chosen {
        let ring = Stroke::new(2.0, tokens(ui).accent_text);
        p.rect_stroke(rect.expand(2.0), 14.0, ring, StrokeKind::Outside);
    }
    kit::focus_ring(ui, &response, rect, 12);
    if response.clicked() {
        actions.extend(super::open(state, camera.name));
    }
}

/// Darker towards the lower edge, with the round corners of the card.
fn fade(p: &egui::Painter, rect: Rect) {
    let lower = rect.with_min_y(rect.bottom() - 44.0);
    kit::scrim(
        p,
        lower.with_max_y(rect.bottom() - 12.0),
        shade(0.0),
        shade(0.5),
    );
    let radius = CornerRadius {
        sw: 12,
        se: 12,
        ..CornerRadius::ZERO
    };
    p.rect_filled(lower.with_min_y(rect.bottom() - 12.0), radius, shade(0.5));
}

/// At the upper right: a dot for online with how old the picture is, *Live* while it is watched,
/// and since when it is away.
fn corner(
    ui: &Ui,
    p: &egui::Painter,
    rect: Rect,
    state: &State,
    camera: &Person,
    (is_live, age): (bool, Option<Duration>),
) {
    let at = rect.right_top() + vec2(-16.0, 16.0);
    let chip = |width: f32| {
        let chip = Rect::from_min_size(
            pos2(rect.right() - 7.0 - width, rect.top() + 7.0),
            vec2(width, 18.0),
        );
        p.rect_filled(chip, 9.0, PILL);
        chip
    };
    if is_live {
        let chip = chip(text::width(ui, words::LIVE, Type::Tiny) + 25.0);
        p.circle_filled(chip.left_center() + vec2(9.0, 0.0), 3.5, DARK.good);
        let left = chip.left_center() + vec2(16.0, 0.0);
        text::cut(p, left, 60.0, words::LIVE, Type::Tiny, Color32::WHITE);
    } else if let Some(age) = age.map(words::age) {
        let chip = chip(text::width(ui, &age, Type::Tiny) + 25.0);
        p.circle_filled(chip.left_center() + vec2(9.0, 0.0), 3.5, DARK.good);
        let left = chip.left_center() + vec2(16.0, 0.0);
        text::cut(p, left, 60.0, &age, Type::Tiny, Color32::WHITE);
    } else if camera.presence == Presence::Here {
        p.circle_filled(at, 9.0, PILL);
        p.circle_filled(at, 4.0, DARK.good);
    } else {
        let since = camera.seen.map(|seen| state.now.saturating_sub(seen));
        let since = since.map(words::age).unwrap_or_default();
        let chip = chip(text::width(ui, &since, Type::Tiny) + 29.0);
        let icon = chip.left_center() + vec2(12.0, 0.0);
        icons::WIFI_SLASH.paint(p, icon, 12.0, Color32::WHITE);
        let left = chip.left_center() + vec2(22.0, 0.0);
        text::cut(p, left, 60.0, &since, Type::Tiny, Color32::WHITE);
    }
}
