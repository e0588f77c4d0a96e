//! What lies over something else: cards, dialogs, chips and hints over pictures, and the shape of a
//! bubble.

use egui::{
    Area, CornerRadius, Frame, Id, Margin, Modal, ModalResponse, Order, Painter, Rect, Sense,
    Stroke, Ui, pos2, vec2,
};

use crate::ui::theme::{PILL, Type, tokens};

use super::text;

/// An overlay that stays where it is put and comes at once.
pub(in crate::ui) fn float(id: impl egui::AsId) -> Area {
    Area::new(Id::new(id))
        .order(Order::Foreground)
        .movable(false)
        .constrain(false)
        .fade_in(false)
}

/// The ground of what floats: a card with a border and a shadow.
pub(in crate::ui) fn floating(ui: &Ui, radius: u8, margin: i8) -> Frame {
    let t = tokens(ui);
    Frame::NONE
        .fill(t.floating)
        .stroke(Stroke::new(1.0, t.border))
        .shadow(t.shadow)
        .corner_radius(radius)
        .inner_margin(Margin::same(margin))
}

/// A dialog in the middle of the window, with everything else dimmed. `width` is its outer width,
/// which a small window cuts.
pub(in crate::ui) fn dialog<R>(
    ui: &Ui,
    id: impl egui::AsId,
    width: f32,
    add: impl FnOnce(&mut Ui) -> R,
) -> ModalResponse<R> {
    const PADDING: i8 = 28;
    let room = ui.ctx().content_rect().size();
    let width = width.min(room.x - 16.0) - 2.0 * f32::from(PADDING);
    Modal::new(Id::new(id))
        .frame(floating(ui, 20, PADDING))
        .backdrop_color(tokens(ui).scrim)
        .show(ui.ctx(), |ui| {
            ui.set_width(width.max(0.0));
            add(ui)
        })
}

/// A chip of that size over a picture.
pub(in crate::ui) fn chip(p: &Painter, rect: Rect) {
    p.rect_filled(rect, rect.height() / 2.0, PILL);
}

/// The heading of a part of the list, 32 points high. Gives back its row.
pub(in crate::ui) fn section(ui: &mut Ui, words: &str) -> Rect {
    let t = tokens(ui);
    let size = vec2(ui.available_width(), 32.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let left = pos2(row.left() + 16.0, row.center().y);
    text::cut(
        ui.painter(),
        left,
        row.width() - 32.0,
        words,
        Type::CaptionStrong,
        t.soft,
    );
    text::say(ui, row, words);
    row
}

/// How a bubble joins its neighbours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::ui) struct Bubble {
    pub(in crate::ui) is_own: bool,
    /// Whether it begins a run of bubbles of one side.
    pub(in crate::ui) is_first: bool,
    /// Whether it ends one.
    pub(in crate::ui) is_last: bool,
}

impl Bubble {
    /// Its corners: those on its own side are sharper where another bubble follows.
    pub(in crate::ui) fn corners(self) -> CornerRadius {
        let joined = |is_end: bool| if is_end { 18 } else { 6 };
        let (upper, lower) = (joined(self.is_first), joined(self.is_last));
        match self.is_own {
            true => CornerRadius {
                nw: 18,
                sw: 18,
                ne: upper,
                se: lower,
            },
            false => CornerRadius {
                nw: upper,
                sw: lower,
                ne: 18,
                se: 18,
            },
        }
    }
}
