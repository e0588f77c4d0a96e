//! Somebody is added to the contact list, or changed in it.

use egui::{Event, InputState, Ui};

use crate::model::{Action, ContactForm, Dialog, Edit};

use super::{buttons, cancel, field, is_entered, problem};

/// A name, an address and a key, each of the longest, fit into one pasted line.
const MAX_LINE_CHARS: usize = 1024;

pub(super) fn show(ui: &mut Ui, form: &ContactForm, actions: &mut Vec<Action>) {
    let mut typed = form.clone();
    let entered = match &form.before {
        Some(before) => {
            ui.heading(format!("Change {}", super::name(&before.name)));
            false
        }
        None => {
            ui.heading("Add a contact");
            let hint = "or paste the whole line of \"transom id\"";
            let name = field(ui, "Name", hint, &mut typed.name, MAX_LINE_CHARS);
            // Not while it is typed: its beginning may look like a whole line.
            if name.lost_focus() || ui.input(is_pasted) {
                typed.spread();
            }
            is_entered(ui, &name)
        }
    };
    let hint = "192.168.1.20, or a name, perhaps with :port";
    let address = field(ui, "Address", hint, &mut typed.address, MAX_LINE_CHARS);
    let hint = "empty: the first key it shows is learned";
    let key = field(ui, "Key", hint, &mut typed.key, MAX_LINE_CHARS);
    let entered = entered || is_entered(ui, &address) || is_entered(ui, &key);
    rights(ui, &mut typed);
    let contact = typed.contact();
    if let Some(why) = &form.problem {
        problem(ui, why);
    } else if let (Err(why), true) = (&contact, begun(&typed)) {
        problem(ui, why);
    }
    buttons(ui, |ui| {
        let label = if typed.is_change() { "Save" } else { "Add" };
        let save = ui.add_enabled(contact.is_ok(), egui::Button::new(label));
        if (save.clicked() || entered)
            && let Ok(contact) = contact
        {
            let before = typed.before.clone();
            actions.push(Action::SaveContact(Box::new(Edit { before, contact })));
        }
        cancel(ui, actions);
        if let Some(before) = &typed.before
            && ui.button("Remove…").clicked()
        {
            actions.push(Action::Open(Dialog::Remove(before.name)));
        }
    });
    if typed != *form {
        typed.problem = None;
        // Before what was clicked, so that a save in the same picture closes it.
        actions.insert(0, Action::Open(Dialog::Contact(Box::new(typed))));
    }
}

fn is_pasted(input: &InputState) -> bool {
    input
        .events
        .iter()
        .any(|event| matches!(event, Event::Paste(_)))
}

/// Nothing is wrong with a form that nobody has touched.
fn begun(form: &ContactForm) -> bool {
    !(form.name.is_empty() && form.address.is_empty() && form.key.is_empty())
}

fn rights(ui: &mut Ui, form: &mut ContactForm) {
    ui.add_space(6.0);
    ui.label("It may");
    let may = &mut form.may;
    for (held, label) in [
        (&mut may.view, "watch my camera while I show it"),
        (&mut may.call, "call me"),
        (&mut may.files, "send me files"),
        (&mut may.auto, "do so without my being asked"),
    ] {
        ui.checkbox(held, label);
    }
}
