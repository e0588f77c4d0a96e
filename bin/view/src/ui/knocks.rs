//! Strangers at the door: who they say they are, which proves nothing, and what to do with them.

use egui::{Frame, Label, RichText, ScrollArea, Ui};
use transom_users::escape;

use crate::model::{Action, ContactForm, Dialog, Knock, State};

use super::theme;

/// Points that strangers may take of the screen: two cards; more are scrolled to.
const MAX_HEIGHT: f32 = 190.0;

pub(super) fn show(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    if state.knocks.is_empty() {
        return;
    }
    ScrollArea::vertical()
        .id_salt("knocks")
        // A panel that has yet to grow would leave it less.
        .min_scrolled_height(MAX_HEIGHT)
        .max_height(MAX_HEIGHT)
        .show(ui, |ui| {
            for knock in &state.knocks {
                ui.push_id(knock.key, |ui| card(ui, state, knock, actions));
            }
        });
}

fn card(ui: &mut Ui, state: &State, knock: &Knock, actions: &mut Vec<Action>) {
    Frame::group(ui.style()).show(ui, |ui| {
        let title = RichText::new(title(knock)).strong().color(theme::ALARM);
        ui.add(Label::new(title).wrap());
        ui.monospace(format!("its key  {}", knock.key.fingerprint()));
        ui.small("Nothing was sent to it. Ask whom you expect for their fingerprint before you let anybody in.");
        ui.horizontal(|ui| {
            let guest = state.guest_name(knock.claims);
            let once = ui.add_enabled(guest.is_some(), egui::Button::new("Allow once"));
            if once.on_hover_text("It may call, watch and offer files until this window closes").clicked()
                && let Some(name) = guest
            {
                let key = knock.key;
                actions.push(Action::AllowGuest { key, name });
            }
            if ui.button("Add…").clicked() {
                let form = ContactForm::of_knock(knock, guest);
                actions.push(Action::Open(Dialog::Contact(Box::new(form))));
            }
            let ignore = ui.button("Ignore");
            if ignore.on_hover_text("It is not told again until the window is started anew").clicked() {
                actions.push(Action::Ignore(knock.key));
            }
        });
    });
}

fn title(knock: &Knock) -> String {
    let from = knock.address.ip();
    match &knock.claims {
        Some(name) => format!(
            "Somebody unknown from {from} wants in. It says it is \"{}\"",
            escape(name.as_str())
        ),
        None => format!("Somebody unknown from {from} wants in"),
    }
}
