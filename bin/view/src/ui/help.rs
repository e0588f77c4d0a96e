//! The window with all keys.

use egui::{Grid, ScrollArea, Ui};

use crate::model::{Action, State};
use crate::words;

use super::kit::{self, Button, Kind, text};
use super::theme::{Type, tokens};

pub(super) fn show(ui: &Ui, state: &State, actions: &mut Vec<Action>) {
    if !state.help {
        return;
    }
    let shown = kit::dialog(ui, "keys", 560.0, |ui| {
        let t = tokens(ui);
        ui.label(text::rich(words::KEYS_TITLE, Type::Title, t.text));
        let room = ui.ctx().content_rect().height() - 200.0;
        ScrollArea::vertical()
            .max_height(room.max(120.0))
            .show(ui, |ui| {
                Grid::new("keys").spacing([24.0, 8.0]).show(ui, |ui| {
                    for (keys, what) in words::KEYS {
                        ui.label(text::rich(what, Type::Body, t.text));
                        ui.label(text::rich(keys, Type::Key, t.soft));
                        ui.end_row();
                    }
                });
            });
        ui.add_space(8.0);
        if ui.add(Button::new(Kind::Neutral, words::CLOSE)).clicked() {
            actions.push(Action::Help(false));
        }
    });
    if shown.backdrop_response.clicked() {
        actions.push(Action::Help(false));
    }
}
