//! Files that others want to send here: asked for once, with true name, size and place.

use std::path::PathBuf;

use egui::{Frame, Label, RichText, ScrollArea, TextEdit, Ui};
use transom_users::{escape, shorten};

use crate::model::{Action, FolderFor, Offer, State, name};
use crate::paths;
use crate::words;

/// Characters of an offered name that are shown; all of it is under the pointer.
const NAME_CHARS: usize = 80;
/// Points that offers may take of the screen: three; more are scrolled to.
const MAX_HEIGHT: f32 = 200.0;

pub(super) fn show(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    if state.offers.is_empty() {
        return;
    }
    ScrollArea::vertical()
        .id_salt("offers")
        // A panel that has yet to grow would leave it less.
        .min_scrolled_height(MAX_HEIGHT)
        .max_height(MAX_HEIGHT)
        .show(ui, |ui| {
            for offer in &state.offers {
                ui.push_id(offer.transfer, |ui| row(ui, state, offer, actions));
            }
        });
}

fn row(ui: &mut Ui, state: &State, offer: &Offer, actions: &mut Vec<Action>) {
    let transfer = offer.transfer;
    Frame::group(ui.style()).show(ui, |ui| {
        ui.horizontal(|ui| {
            if ui.button(words::ACCEPT).clicked() {
                let typed = paths::typed(&offer.into.to_string_lossy());
                // What no text can show was picked, not typed.
                let into = if offer.into.to_str().is_some() {
                    typed
                } else {
                    offer.into.clone()
                };
                let elsewhere = into != state.inbox && !into.as_os_str().is_empty();
                let into = elsewhere.then_some(into);
                actions.push(Action::Accept { transfer, into });
            }
            if ui.button(words::REFUSE).clicked() {
                actions.push(Action::Refuse(transfer));
            }
            let full = escape(&offer.name).into_owned();
            let short = shorten(&full, NAME_CHARS);
            let title = words::offer(offer, &name(&offer.peer), &short);
            let label = Label::new(RichText::new(title).strong()).truncate();
            ui.add(label).on_hover_text(full);
        });
        ui.horizontal(|ui| {
            let label = ui.label(words::INTO);
            let pick = ui.add_enabled(!state.picking, egui::Button::new(words::OTHER_FOLDER));
            if pick.clicked() {
                actions.push(Action::PickFolder(FolderFor::Offer(transfer)));
            }
            let mut typed = offer.into.to_string_lossy().into_owned();
            let field = TextEdit::singleline(&mut typed).desired_width(f32::INFINITY);
            if ui.add(field).labelled_by(label.id).changed() {
                let into = PathBuf::from(typed);
                actions.push(Action::AcceptInto { transfer, into });
            }
        });
    });
}
