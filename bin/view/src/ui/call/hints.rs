//! Sentences over the bar, for as long as they are true: muted and speaking, no microphone, a
//! picture that could not be shown.

use egui::{Align2, Color32, Id, Rect, Ui, UiBuilder, pos2, vec2};

use crate::model::{Call, OwnSound, Stage, State, name};
use crate::words;

use super::super::kit::{self, icons, text, within};
use super::super::theme::{DARK, LIGHT, OFF, OFF_TEXT, Type};
use super::more::Side;
use super::{Draft, Frame};

const HEIGHT: f32 = 40.0;
const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

pub(in crate::ui) fn show(
    ui: &mut Ui,
    frame: &Frame,
    state: &State,
    call: &Call,
    draft: &mut Draft,
) {
    if draft.more.is_open() {
        return;
    }
    let bottom = pos2(frame.bar.center().x, frame.bar.top() - 18.0);
    let is_live = call.stage == Stage::Live;
    if state.speaks_muted() {
        ui.ctx().request_repaint_after(SECOND);
        muted(ui, bottom);
    } else if let OwnSound::Lost(loss) = state.own_sound(call)
        && is_live
        && call.is_talk()
    {
        let words = words::microphone_lost(&name(&call.peer), loss);
        lost(ui, bottom, &words, draft);
    } else if is_live && call.trouble.is_some() {
        plain(ui, bottom, words::DAMAGED);
    } else if matches!(call.stage, Stage::Ringing | Stage::Waiting) && call.camera_on {
        plain(ui, bottom, &words::only_you_see(&name(&call.peer)));
    }
}

/// On a dark ground, as the chips.
fn plain(ui: &Ui, bottom: egui::Pos2, words: &str) {
    let width = text::width(ui, words, Type::Medium) + 56.0;
    let rect = Align2::CENTER_BOTTOM.anchor_size(bottom, vec2(width, HEIGHT));
    let p = ui.painter();
    kit::chip(p, rect);
    icons::EYE.paint(
        p,
        rect.left_center() + vec2(22.0, 0.0),
        19.0,
        Color32::WHITE,
    );
    let left = rect.left_center() + vec2(40.0, 0.0);
    text::cut(p, left, width - 52.0, words, Type::Medium, Color32::WHITE);
    text::say(ui, rect, words);
}

/// "You're muted. Hold F7 to talk", inverted.
fn muted(ui: &Ui, bottom: egui::Pos2) {
    let [before, after] = words::HOLD_TO_TALK_HINT;
    let widths = [before, after].map(|words| text::width(ui, words, Type::Strong));
    let width = 42.0 + widths[0] + 10.0 + 29.0 + 10.0 + widths[1] + 16.0;
    let rect = Align2::CENTER_BOTTOM.anchor_size(bottom, vec2(width, HEIGHT));
    let p = ui.painter();
    p.rect_filled(rect, 20.0, OFF);
    let icon = icons::MICROPHONE_SLASH.filled();
    icon.paint(
        p,
        rect.left_center() + vec2(22.0, 0.0),
        20.0,
        LIGHT.danger_text,
    );
    let left = rect.left_center() + vec2(42.0, 0.0);
    let shown = text::cut(p, left, widths[0] + 1.0, before, Type::Strong, OFF_TEXT);
    let left = pos2(shown.right() + 10.0, rect.center().y);
    let key = kit::key_cap(p, left, "F7", (LIGHT.pressed, OFF_TEXT));
    let left = pos2(key.right() + 10.0, rect.center().y);
    text::cut(p, left, widths[1] + 1.0, after, Type::Strong, OFF_TEXT);
    text::announce(ui, rect, words::YOU_ARE_MUTED_HOLD);
}

/// Something is wrong and can be mended: with the way to it.
fn lost(ui: &mut Ui, bottom: egui::Pos2, words: &str, draft: &mut Draft) {
    let choose = text::width(ui, words::CHOOSE, Type::SmallStrong);
    let width = 42.0 + text::width(ui, words, Type::Medium) + 8.0 + choose + 20.0;
    let rect = Align2::CENTER_BOTTOM.anchor_size(bottom, vec2(width, HEIGHT));
    kit::ground(ui, rect, Id::new("no microphone"));
    let p = ui.painter();
    p.rect_filled(rect, 20.0, DARK.warn_wash);
    let icon = icons::MICROPHONE_SLASH.filled();
    icon.paint(p, rect.left_center() + vec2(22.0, 0.0), 20.0, DARK.warn);
    let left = rect.left_center() + vec2(42.0, 0.0);
    let shown = text::cut(p, left, width, words, Type::Medium, Color32::WHITE);
    text::announce(ui, shown, words);
    let place = Rect::from_min_size(
        pos2(shown.right() + 6.0, rect.top() + 4.0),
        vec2(choose + 10.0, 32.0),
    );
    let place = UiBuilder::new()
        .id(Id::new("choose microphone"))
        .max_rect(place);
    let link = |ui: &mut Ui| kit::coloured_link(ui, None, words::CHOOSE, DARK.accent_text);
    if within(ui, place, link).clicked() {
        draft.more.open(ui, Side::Sound);
    }
}
