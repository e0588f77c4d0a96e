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

/// A sentence that is shown now.
pub(in crate::ui) struct Hint {
    kind: Kind,
    words: String,
    /// Where it is: the own picture keeps clear of it.
    pub(in crate::ui) rect: Rect,
}

/// How a sentence is drawn.
#[derive(Clone, Copy)]
enum Kind {
    /// The user speaks and is muted.
    Muted,
    /// The microphone is gone: with the way to the choice of another.
    Lost,
    Plain,
}

impl Hint {
    /// The most urgent sentence, above the bar.
    pub(in crate::ui) fn of(
        ui: &Ui,
        frame: &Frame,
        state: &State,
        call: &Call,
        draft: &Draft,
    ) -> Option<Self> {
        if draft.more.is_open() {
            return None;
        }
        let is_live = call.stage == Stage::Live;
        let (kind, words) = if state.speaks_muted() {
            ui.ctx().request_repaint_after(SECOND);
            (Kind::Muted, words::YOU_ARE_MUTED_HOLD.to_owned())
        } else if let OwnSound::Lost(loss) = state.own_sound(call)
            && is_live
            && call.is_talk()
        {
            (Kind::Lost, words::microphone_lost(&name(&call.peer), loss))
        } else if is_live && call.trouble.is_some() {
            (Kind::Plain, words::DAMAGED.to_owned())
        } else if matches!(call.stage, Stage::Ringing | Stage::Waiting) && call.camera_on {
            (Kind::Plain, words::only_you_see(&name(&call.peer)))
        } else {
            return None;
        };
        let width = match kind {
            Kind::Muted => {
                let widths = words::HOLD_TO_TALK_HINT.map(|words| strong(ui, words));
                42.0 + widths[0] + 10.0 + 29.0 + 10.0 + widths[1] + 16.0
            }
            Kind::Lost => 42.0 + text::width(ui, &words, Type::Medium) + 6.0 + choose(ui) + 4.0,
            Kind::Plain => text::width(ui, &words, Type::Medium) + 56.0,
        };
        let bottom = pos2(frame.bar.center().x, frame.bar.top() - 18.0);
        let size = vec2(width.min(frame.room.width()), HEIGHT);
        let rect = Align2::CENTER_BOTTOM.anchor_size(bottom, size);
        Some(Self { kind, words, rect })
    }

    pub(in crate::ui) fn show(self, ui: &mut Ui, draft: &mut Draft) {
        match self.kind {
            Kind::Muted => muted(ui, self.rect),
            Kind::Lost => lost(ui, self.rect, &self.words, draft),
            Kind::Plain => plain(ui, self.rect, &self.words),
        }
    }
}

fn strong(ui: &Ui, words: &str) -> f32 {
    text::width(ui, words, Type::Strong)
}

/// Width of the link to the choice of a microphone.
fn choose(ui: &Ui) -> f32 {
    text::width(ui, words::CHOOSE, Type::SmallStrong) + 10.0
}

/// On a dark ground, as the chips.
fn plain(ui: &Ui, rect: Rect, words: &str) {
    let p = ui.painter();
    kit::chip(p, rect);
    icons::EYE.paint(
        p,
        rect.left_center() + vec2(22.0, 0.0),
        19.0,
        Color32::WHITE,
    );
    let left = rect.left_center() + vec2(40.0, 0.0);
    let width = rect.width() - 52.0;
    text::cut(p, left, width, words, Type::Medium, Color32::WHITE);
    text::say(ui, rect, words);
}

/// "You're muted. Hold F7 to talk", inverted.
fn muted(ui: &Ui, rect: Rect) {
    let [before, after] = words::HOLD_TO_TALK_HINT;
    let widths = [before, after].map(|words| strong(ui, words));
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
fn lost(ui: &mut Ui, rect: Rect, words: &str, draft: &mut Draft) {
    let choose = choose(ui);
    kit::ground(ui, rect, Id::new("no microphone"));
    let p = ui.painter();
    p.rect_filled(rect, 20.0, DARK.warn_wash);
    let icon = icons::MICROPHONE_SLASH.filled();
    icon.paint(p, rect.left_center() + vec2(22.0, 0.0), 20.0, DARK.warn);
    let left = rect.left_center() + vec2(42.0, 0.0);
    let width = rect.width() - 42.0 - 6.0 - choose - 3.0;
    let shown = text::cut(p, left, width, words, Type::Medium, Color32::WHITE);
    text::announce(ui, shown, words);
    let place = Rect::from_min_size(
        pos2(shown.right() + 6.0, rect.top() + 4.0),
        vec2(choose, 32.0),
    );
    let place = UiBuilder::new()
        .id(Id::new("choose microphone"))
        .max_rect(place);
    let link = |ui: &mut Ui| kit::coloured_link(ui, None, words::CHOOSE, DARK.accent_text);
    if within(ui, place, link).clicked() {
        draft.more.open(ui, Side::Sound);
    }
}
