//! The window with all keys.

use egui::{Align2, Context, Grid, RichText, Vec2, Window};

use crate::model::{Action, State};
use crate::words;

pub(super) fn show(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    if !state.help {
        return;
    }
    let mut open = true;
    Window::new(words::HELP_TITLE)
        .open(&mut open)
        .anchor(Align2::CENTER_CENTER, Vec2::ZERO)
        .collapsible(false)
        .resizable(false)
        .fade_in(false)
        .fade_out(false)
        .show(ctx, |ui| {
            Grid::new("keys").spacing([24.0, 6.0]).show(ui, |ui| {
                for (key, what) in words::KEYS {
                    ui.label(RichText::new(key).strong());
                    ui.label(what);
                    ui.end_row();
                }
            });
            if ui.button(words::CLOSE_HELP).clicked() {
                actions.push(Action::Help(false));
            }
        });
    if !open {
        actions.push(Action::Help(false));
    }
}
