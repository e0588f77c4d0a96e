//! The screen: pure functions from the state to widgets, and from clicks, keys and drops to
//! actions. It knows egui, but neither a window nor a station nor a GPU.

mod arrivals;
mod bar;
mod calls;
mod dialogs;
mod drafts;
mod files;
mod grid;
mod help;
mod keys;
mod knocks;
mod notices;
mod offers;
mod overlay;
mod paint;
mod people;
mod selfview;
mod sound;
mod talk;
mod theme;
mod tile;
mod warnings;

#[cfg(test)]
mod calls_tests;
#[cfg(test)]
mod selfview_tests;
#[cfg(test)]
mod sound_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use egui::{Align, CentralPanel, FocusDirection, Frame, Id, Layout, Panel, Rect, Ui, Vec2, vec2};
use transom::PeerName;

use crate::model::{Action, Face, State, name};
use crate::words;

use drafts::Drafts;
pub(crate) use paint::Picture;
pub(crate) use theme::{colour, prepare};

/// What is being typed; the rest of what is on the screen is [`State`].
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// What is typed for each contact.
    written: Drafts,
    /// The contact that was chosen when files were dragged into the window: the drop goes there.
    brought_to: Option<PeerName>,
    /// The cards of notices, in the order they came.
    order: Vec<Id>,
    /// Whether a text field had the keyboard in the last frame: Esc then only leaves the field.
    typing: bool,
    /// When F7 was pressed that lets a muted microphone be heard, in egui's seconds.
    talks_since: Option<f64>,
    /// How large each picture was drawn, in points and before it was turned: larger ones need not
    /// be decoded.
    pub(crate) sizes: Vec<(Face, Vec2)>,
}

/// Draws everything and gives back what was asked for.
pub(crate) fn screen(
    ui: &mut Ui,
    state: &State,
    draft: &mut Draft,
    pictures: &BTreeMap<Face, Picture>,
) -> Vec<Action> {
    let mut actions = Vec::new();
    draft.written.retain(&state.people);
    pass_handles(ui);
    keys::handle(ui, state, draft, &mut actions);
    // Without a picture the list is what one needs, on whatever screen.
    if state.fullscreen && !state.calls.open.is_empty() {
        ui.skip_ahead_auto_ids(3);
    } else {
        Panel::bottom("status")
            .resizable(false)
            .show(ui, |ui| status(ui, state));
        // In a small window most of the room is for the pictures.
        let across = ui.available_width();
        let up_to = |share: f32, most: f32| (across * share).min(most);
        Panel::left("people")
            .default_size(210.0)
            .size_range(140.0..=up_to(0.22, 400.0).max(140.0))
            .show(ui, |ui| people::show(ui, state, &mut actions));
        Panel::right("talk")
            .default_size(300.0)
            .size_range(220.0..=up_to(0.36, 500.0).max(220.0))
            .show(ui, |ui| {
                side(ui, state, draft, &mut actions);
            });
    }
    let middle = CentralPanel::default().frame(Frame::NONE.fill(theme::BACKDROP));
    let middle = middle.show(ui, |ui| {
        grid::show(ui, state, pictures, draft, &mut actions)
    });
    let room = middle.response.rect;
    notices::show(ui, state, room, &mut draft.order, &mut actions);
    calls::rings(ui, state, &mut actions);
    help::show(ui.ctx(), state, &mut actions);
    files::drops(ui, state, draft, &mut actions);
    dialogs::show(ui, state, &mut actions);
    draft.typing = ui.ctx().text_edit_focused();
    if handle_has_focus(ui) {
        ui.ctx().request_repaint();
    }
    actions
}

/// Whether the keyboard is at an edge by which a mouse makes a panel wider. There is nothing to see
/// or to press.
fn handle_has_focus(ui: &Ui) -> bool {
    let focus = ui.memory(|memory| memory.focused());
    // As egui's panels call their edge.
    focus.is_some_and(|id| {
        ["people", "talk"]
            .map(|panel| Id::new(panel).with("__resize"))
            .contains(&id)
    })
}

/// Goes on to the next stop where Tab came to one that shows nothing.
fn pass_handles(ui: &Ui) {
    if handle_has_focus(ui) {
        let direction = match ui.input(|input| input.modifiers.shift) {
            true => FocusDirection::Previous,
            false => FocusDirection::Next,
        };
        ui.memory_mut(|memory| memory.move_focus(direction));
    }
}

/// The right side: to whom, files, and talk in what room is left.
fn side(ui: &mut Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    people::choice(ui, state, actions);
    let Some(person) = state.chosen_person() else {
        return;
    };
    calls::buttons(ui, state, person, actions);
    people::duties(ui, state, actions);
    let files = Panel::bottom("files").resizable(false).frame(Frame::NONE);
    let files = files.show(ui, |ui| files::show(ui, state, person, draft, actions));
    settle(ui, "files", files.response.rect);
    CentralPanel::default()
        .frame(Frame::NONE)
        .show(ui, |ui| talk::show(ui, state, person, draft, actions));
}

/// A panel takes its new height one frame after its content; without another frame an idle window
/// would stay as it was.
fn settle(ui: &Ui, panel: &str, rect: Rect) {
    let id = Id::new(("settle", panel));
    if ui.data_mut(|data| data.get_temp(id)) != Some(rect) {
        ui.data_mut(|data| data.insert_temp(id, rect));
        ui.ctx().request_repaint();
    }
}

fn status(ui: &mut Ui, state: &State) {
    let from_right = Layout::right_to_left(Align::Center);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 20.0), from_right, |ui| {
        if let Some(address) = state.listening.first() {
            ui.weak(words::listening(address));
        }
        for peer in state.hidden_listeners() {
            ui.label(words::hears_microphone(&name(&peer)));
        }
        if let Some(totals) = files::totals(state) {
            ui.label(totals);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(egui::Label::new(words::line(&state.status)).truncate());
        });
    });
}
