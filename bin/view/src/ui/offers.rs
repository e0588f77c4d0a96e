//! Files that others want to send here: asked for once, with true name, size and place.

use std::path::PathBuf;

use egui::{Frame, Label, RichText, ScrollArea, TextEdit, Ui};
use transom::PeerName;
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
            for (at, offer) in state.offers.iter().enumerate() {
                let earlier = &state.offers[..at];
                let together = plain(state, offer.peer);
                if together.len() > 1 && earlier.iter().all(|one| one.peer != offer.peer) {
                    ui.push_id(offer.peer, |ui| all(ui, state, &together, actions));
                }
                ui.push_id(offer.transfer, |ui| row(ui, state, offer, actions));
            }
        });
}

/// What a contact offers and one answer is enough for. What would replace something is answered by itself.
fn plain(state: &State, peer: PeerName) -> Vec<&Offer> {
    let of_peer = state.offers.iter().filter(|offer| offer.peer == peer);
    of_peer.filter(|offer| !offer.overwrites).collect()
}

/// One answer to many files of one contact.
fn all(ui: &mut Ui, state: &State, offers: &[&Offer], actions: &mut Vec<Action>) {
    let Some(first) = offers.first() else { return };
    ui.horizontal(|ui| {
        if ui.button(words::ACCEPT_ALL).clicked() {
            actions.extend(offers.iter().map(|offer| accept(state, offer)));
        }
        if ui.button(words::REFUSE_ALL).clicked() {
            actions.extend(offers.iter().map(|offer| Action::Refuse(offer.transfer)));
        }
        let bytes = offers.iter().map(|offer| offer.bytes);
        let bytes = bytes.fold(0, u64::saturating_add);
        let title = words::offers_of(&name(&first.peer), offers.len(), bytes);
        ui.add(Label::new(RichText::new(title).strong()).truncate());
    });
}

/// Takes it into its folder, if that is not the usual one.
fn accept(state: &State, offer: &Offer) -> Action {
    // What no text can show was picked, not typed.
    let into = match offer.into.to_str() {
        Some(typed) => paths::typed(typed),
        None => offer.into.clone(),
    };
    let elsewhere = into != state.inbox && !into.as_os_str().is_empty();
    Action::Accept {
        transfer: offer.transfer,
        into: elsewhere.then_some(into),
    }
}

fn row(ui: &mut Ui, state: &State, offer: &Offer, actions: &mut Vec<Action>) {
    let transfer = offer.transfer;
    Frame::group(ui.style()).show(ui, |ui| {
        ui.horizontal(|ui| {
            if ui.button(words::ACCEPT).clicked() {
                actions.push(accept(state, offer));
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
