//! Our own code: to be read out or scanned, how long it is good, and what the other side may do.

use std::time::Duration;

use egui::{Color32, Rect, Sense, Ui, Vec2, pos2, vec2};
use qrcode::{Color, QrCode};
use transom::Code;
use transom_users::Rights;

use crate::model::{Action, ShownCode, State, TRIES};
use crate::words;

use super::super::Draft;
use super::super::kit::{self, Button, Kind, icons, text};
use super::super::theme::{Type, tokens};

/// How long a code is good.
const ALL: Duration = Duration::from_secs(600);
const SECOND: Duration = Duration::from_secs(1);
/// Side of the picture of the code, and its margin.
const QR: f32 = 196.0;
const QUIET: f32 = 14.0;

pub(super) fn dialog(ui: &Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    let shown = kit::dialog(ui, "show code", 640.0, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
        super::title(ui, words::CONNECT_WITH, actions);
        ui.add_space(8.0);
        read_out(ui);
        ui.add_space(22.0);
        let is_narrow = ui.available_width() < 500.0;
        match &state.meeting.shown {
            ShownCode::Shown {
                code,
                until,
                tries_left,
            } => {
                let left = until.saturating_sub(state.now);
                let good = (left, *tries_left);
                ui.ctx().request_repaint_after(SECOND);
                match is_narrow {
                    true => facts(ui, state, draft, code, good, actions),
                    false => drop(ui.horizontal_top(|ui| {
                        picture(ui, state, code);
                        ui.add_space(20.0);
                        ui.vertical(|ui| facts(ui, state, draft, code, good, actions));
                    })),
                }
            }
            ShownCode::Awaited => drop(ui.allocate_exact_size(vec2(QR, QR), Sense::hover())),
            ShownCode::Ended(why) => ended(ui, state, words::code_ended(*why), actions),
        }
        ui.add_space(20.0);
        kit::menu::line(ui);
        ui.add_space(12.0);
        rights(ui, state, draft, actions);
    });
    if shown.backdrop_response.clicked() {
        actions.push(Action::Close);
    }
}

fn read_out(ui: &mut Ui) {
    let t = tokens(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let [before, strong, after] = words::READ_IT_OUT;
        ui.label(text::rich(before, Type::Body, t.soft));
        ui.label(text::rich(strong, Type::Strong, t.text));
        ui.label(text::rich(after, Type::Body, t.soft));
    });
}

/// The code, its buttons, wrong tries at it, and how long it is good.
fn facts(
    ui: &mut Ui,
    state: &State,
    draft: &mut Draft,
    code: &Code,
    (left, tries_left): (Duration, u8),
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let words = code.to_string();
    let size = vec2(ui.available_width(), 42.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let minutes = left.as_secs().div_ceil(60);
    let at = row.left_center();
    // Of long words no letter may be cut off.
    let font = match text::width(ui, &words, Type::Code) > row.width() {
        true => Type::Title,
        false => Type::Code,
    };
    let shown = text::cut(ui.painter(), at, row.width(), &words, font, t.text);
    text::say(ui, shown, &words::code_said(&words, minutes));
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let is_copied = draft.copied.as_deref() == Some(words.as_str());
        let label = if is_copied {
            words::COPIED
        } else {
            words::COPY_CODE
        };
        let copy = Button::new(Kind::OnCard, label)
            .height(32.0)
            .icon(icons::COPY);
        if ui.add(copy).clicked() {
            ui.ctx().copy_text(words.clone());
            draft.copied = Some(words.clone());
        }
        new_code(ui, state, actions);
    });
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 74.0), Sense::hover());
    if tries_left < TRIES {
        let words = words::wrong_guess(tries_left);
        let galley = text::lines(ui.painter(), row.width(), &words, Type::Small, t.warn);
        let at = egui::Align2::LEFT_CENTER.anchor_size(row.left_center(), galley.size());
        ui.painter().galley(at.min, galley, t.warn);
        text::say(ui, at, &words);
    }
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 40.0), Sense::hover());
    let p = ui.painter();
    let at = row.left_center() + vec2(18.0, 0.0);
    let share = left.as_secs_f32() / ALL.as_secs_f32();
    kit::progress_ring(p, at, 15.0, (0.0, share), (4.0, t.pressed, t.accent_text));
    let good = words::good_for(&words::duration(left));
    let upper = pos2(row.left() + 48.0, row.center().y - 9.5);
    let shown = text::cut(p, upper, row.width() - 48.0, &good, Type::Strong, t.text);
    text::say(ui, shown, &good);
    let lower = pos2(row.left() + 48.0, row.center().y + 9.5);
    let waiting = words::WAITING_FOR_THEM;
    text::cut(p, lower, row.width() - 48.0, waiting, Type::Small, t.soft);
}

fn new_code(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let new = Button::new(Kind::OnCard, words::NEW_CODE).height(32.0);
    if ui.add(new.icon(icons::ARROW_CLOCKWISE)).clicked() {
        actions.push(Action::ShowCode(state.meeting.may));
    }
}

fn ended(ui: &mut Ui, state: &State, why: &str, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    ui.label(text::rich(why, Type::Body, t.danger_text));
    ui.add_space(16.0);
    new_code(ui, state, actions);
}

/// The code as a picture, dark on white in both themes, so that every camera reads it.
fn picture(ui: &mut Ui, state: &State, code: &Code) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(QR), Sense::hover());
    let p = ui.painter();
    p.rect_filled(rect, 12.0, Color32::WHITE);
    text::say(ui, rect, words::QR_SAID);
    let invitation = state
        .invitation(code)
        .map(|invitation| invitation.to_string());
    let Some(Ok(qr)) = invitation.map(|text| QrCode::new(text.as_bytes())) else {
        return;
    };
    let inside = rect.shrink(QUIET);
    let unit = inside.width() / qr.width() as f32;
    for (at, colour) in qr.to_colors().into_iter().enumerate() {
        if colour == Color::Dark {
            let (column, row) = (at % qr.width(), at / qr.width());
            let corner = inside.min + vec2(column as f32, row as f32) * unit;
            // A hair larger, so that no light line is between two.
            let square = Rect::from_min_size(corner, Vec2::splat(unit + 0.1));
            p.rect_filled(square, 0.0, Color32::from_gray(17));
        }
    }
}

/// What the other side may do, and the way to change that.
fn rights(ui: &mut Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let may = state.meeting.may;
    if !draft.changes_rights {
        let words = words::they_may(may.call, may.files, may.auto);
        let width = ui.available_width();
        let lines = width - 28.0 - 80.0;
        let galley = text::lines(ui.painter(), lines, &words, Type::Body, t.text);
        let size = vec2(width, f32::max(36.0, galley.size().y));
        let (row, _) = ui.allocate_exact_size(size, Sense::hover());
        let at = row.left_center() + vec2(10.0, 0.0);
        icons::SHIELD_CHECK.paint(ui.painter(), at, 19.0, t.soft);
        let at = row.left_center() + vec2(28.0, 0.0);
        let shown = egui::Align2::LEFT_CENTER.anchor_size(at, galley.size());
        ui.painter().galley(shown.min, galley, t.text);
        text::say(ui, shown, &words);
        let at = pos2(row.right() - 33.0, row.center().y);
        let place = Rect::from_center_size(at, vec2(66.0, 32.0));
        let place = egui::UiBuilder::new().max_rect(place);
        if kit::within(ui, place, |ui| kit::link(ui, None, words::CHANGE)).clicked() {
            draft.changes_rights = true;
        }
        return;
    }
    let mut changed = None;
    for (words, detail, on, other) in [
        (
            words::CALL_ME,
            "",
            may.call,
            Rights {
                call: !may.call,
                ..may
            },
        ),
        (
            words::SEND_ME_FILES,
            "",
            may.files,
            Rights {
                files: !may.files,
                ..may
            },
        ),
        (
            words::UNASKED,
            words::UNASKED_MEANS,
            may.auto,
            Rights {
                auto: !may.auto,
                ..may
            },
        ),
    ] {
        if kit::switch_row(ui, on, words, detail).clicked() {
            changed = Some(other);
        }
    }
    if let Some(may) = changed {
        // Another code, so that a peer gets the rights that were shown with its code.
        actions.push(Action::ShowCode(may));
    }
}
