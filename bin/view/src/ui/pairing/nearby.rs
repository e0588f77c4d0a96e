//! The stations nearby, after the first run as well: each is connected to by a code.

use egui::{ScrollArea, Ui, vec2};

use crate::model::{Action, State};
use crate::words;

use super::super::{Draft, first_run, kit};

/// Height that the stations take at most.
const MOST: f32 = 360.0;

pub(super) fn dialog(ui: &Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    let shown = kit::dialog(ui, "nearby", 520.0, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
        super::title(ui, words::NEARBY, actions);
        ui.add_space(8.0);
        ScrollArea::vertical().max_height(MOST).show(ui, |ui| {
            first_run::stations(ui, state, draft, actions);
        });
        ui.add_space(8.0);
        first_run::unproven(ui);
    });
    if shown.backdrop_response.clicked() {
        actions.push(Action::Close);
    }
}
