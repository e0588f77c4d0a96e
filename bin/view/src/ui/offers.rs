//! Files that others want to send here: asked for once, with true name, size and place.

use std::path::PathBuf;

use egui::{Label, RichText, TextEdit, Ui};
use transom::PeerName;

use crate::model::{Action, FolderFor, Offer, State, name};
use crate::paths;
use crate::words;

/// Characters of an offered name that are shown; all of it is under the pointer.
const NAME_CHARS: usize = 80;

/// All offers, and of each whether one answer to it and others stands before it.
pub(super) fn with_answers_to_many(state: &State) -> impl Iterator<Item = (bool, &Offer)> {
    let offers = state.offers.iter().enumerate();
    offers.map(|(at, offer)| {
        let is_first = || state.offers[..at].iter().all(|one| one.peer != offer.peer);
        let many = plain(state, offer.peer).len() > 1 && is_first();
        (many, offer)
    })
}

/// What a contact offers and one answer is enough for. What would replace something is answered by
/// itself.
pub(super) fn plain(state: &State, peer: PeerName) -> Vec<&Offer> {
    let of_peer = state.offers.iter().filter(|offer| offer.peer == peer);
    of_peer.filter(|offer| !offer.overwrites).collect()
}

/// One answer to many files of one contact.
pub(super) fn show_all(ui: &mut Ui, state: &State, peer: PeerName, actions: &mut Vec<Action>) {
    let offers = plain(state, peer);
    ui.horizontal(|ui| {
        if ui.button(words::ACCEPT_ALL).clicked() {
            actions.extend(offers.iter().map(|offer| accept(state, offer)));
        }
        if ui.button(words::REFUSE_ALL).clicked() {
            actions.extend(offers.iter().map(|offer| Action::Refuse(offer.transfer)));
        }
        let bytes = offers.iter().map(|offer| offer.bytes);
        let bytes = bytes.fold(0, u64::saturating_add);
        let title = words::offers_of(&name(&peer), offers.len(), bytes);
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

pub(super) fn show(ui: &mut Ui, state: &State, offer: &Offer, actions: &mut Vec<Action>) {
    let transfer = offer.transfer;
    ui.horizontal(|ui| {
        if ui.button(words::ACCEPT).clicked() {
            actions.push(accept(state, offer));
        }
        if ui.button(words::REFUSE).clicked() {
            actions.push(Action::Refuse(transfer));
        }
        let file = words::short(&offer.name, NAME_CHARS);
        let title = words::offer(offer, &name(&offer.peer), &file);
        let label = Label::new(RichText::new(title).strong()).truncate();
        ui.add(label).on_hover_text(words::line(&offer.name));
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
}
