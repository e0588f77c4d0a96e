//! The window's own controls, painted by the theme: each has a name for screen readers, a focus
//! ring, and a size that a finger hits. egui's own are used for text fields, lists and menus.

mod avatar;
mod button;
mod field;
pub(super) mod icons;
pub(super) mod menu;
mod motion;
mod overlay;
mod picture;
pub(super) mod text;

use egui::{Id, Rect, Sense, Ui, UiBuilder};

pub(super) use avatar::{Dot, avatar, badge, dot, mark};
pub(super) use button::{
    Button, Kind, Over, Round, Touch, area, coloured_link, focus_ring, focus_ring_over,
    icon_button, link,
};
#[cfg(test)]
pub(super) use field::switch;
pub(super) use field::{
    Field, around_line, bar, caret_to_end, is_new, key_cap, level, progress_ring, select,
    switch_row,
};
pub(super) use icons::Icon;
pub(super) use motion::{announce, come_in, go_out, on_its_way, reduce, slide, start_from};
pub(super) use overlay::{Bubble, chip, dialog, float, floating, section};
pub(crate) use picture::Picture;
pub(super) use picture::{Drawing, around, draw, scrim};

/// Keeps clicks from what is behind that place. It is no stop of the Tab key.
pub(super) fn ground(ui: &Ui, rect: Rect, id: Id) {
    ui.interact(rect, id, Sense::CLICK | Sense::DRAG);
}

/// Widgets at a place of their own, which moves the cursor of nothing after them.
pub(super) fn within<R>(ui: &mut Ui, place: UiBuilder, add: impl FnOnce(&mut Ui) -> R) -> R {
    add(&mut ui.new_child(place))
}
