//! Files that others want to send here: asked for once, with true name and size.

use egui::{Frame, Label, RichText, ScrollArea, Ui};
use transom::Shape;
use transom_users::{escape, shorten};

use crate::model::{Action, Offer, State, bytes, name};

/// Characters of an offered name that are shown; all of it is under the pointer.
const NAME_CHARS: usize = 80;

pub(super) fn show(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    if state.offers.is_empty() {
        return;
    }
    ScrollArea::vertical()
        .id_salt("offers")
        .max_height(160.0)
        .show(ui, |ui| {
            for offer in &state.offers {
                ui.push_id(offer.transfer, |ui| row(ui, offer, actions));
            }
        });
}

fn row(ui: &mut Ui, offer: &Offer, actions: &mut Vec<Action>) {
    Frame::group(ui.style()).show(ui, |ui| {
        ui.horizontal(|ui| {
            if ui.button("Accept").clicked() {
                actions.push(Action::Accept(offer.transfer));
            }
            if ui.button("Refuse").clicked() {
                actions.push(Action::Refuse(offer.transfer));
            }
            let full = escape(&offer.name).into_owned();
            let label =
                Label::new(RichText::new(sentence(offer, &shorten(&full, NAME_CHARS))).strong())
                    .truncate();
            ui.add(label).on_hover_text(full);
        });
    });
}

fn sentence(offer: &Offer, file: &str) -> String {
    let size = bytes(offer.bytes);
    let size = match offer.shape {
        Shape::File => size,
        _ => format!("a folder, {} entries, {size}", offer.files),
    };
    let wish = match offer.overwrites {
        true => ", to replace what has that name",
        false => "",
    };
    format!("{} offers {file} ({size}){wish}", name(&offer.peer))
}
