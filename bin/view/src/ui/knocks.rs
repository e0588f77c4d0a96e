//! Strangers at the door: who they say they are, which proves nothing, and what to do with them.

use egui::{Label, RichText, Ui};

use crate::model::{Action, ContactForm, Dialog, Knock, State, name};
use crate::words;

use super::theme;

pub(super) fn show(ui: &mut Ui, state: &State, knock: &Knock, actions: &mut Vec<Action>) {
    let claims = knock.claims.as_ref().map(name);
    let title = words::stranger(knock.address.ip(), claims.as_deref());
    let title = RichText::new(title).strong().color(theme::alarm(ui));
    ui.add(Label::new(title).wrap());
    ui.monospace(words::its_key(&knock.key));
    let namesake = state.namesake(knock);
    match &namesake {
        Some(contact) => {
            let caution = RichText::new(words::not_the_contact(&name(contact)));
            ui.add(Label::new(caution.color(theme::alarm(ui))).wrap());
        }
        None => {
            ui.small(words::BEFORE_LETTING_IN);
        }
    }
    ui.horizontal(|ui| {
        let guest = state.guest_name(knock.claims);
        // Who says a contact's name with another key is let in by no single click.
        let may = guest.is_some() && namesake.is_none();
        let once = ui.add_enabled(may, egui::Button::new(words::ALLOW_ONCE));
        if once.on_hover_text(words::ONCE).clicked()
            && let Some(name) = guest
        {
            let key = knock.key;
            actions.push(Action::AllowGuest { key, name });
        }
        if ui.button(words::ADD_STRANGER).clicked() {
            let form = ContactForm::of_knock(knock, guest);
            actions.push(Action::Open(Dialog::Contact(Box::new(form))));
        }
        let ignore = ui.button(words::IGNORE);
        if ignore.on_hover_text(words::IGNORED).clicked() {
            actions.push(Action::Ignore(knock.key));
        }
    });
}
