//! Somebody is added to the contact list, or changed in it.

use egui::{Event, InputState, Ui};

use crate::model::{Action, ContactForm, Dialog, Edit};
use crate::words;

use super::{buttons, cancel, field, is_entered, problem};

/// A name, an address and a key, each of the longest, fit into one pasted line.
const MAX_LINE_CHARS: usize = 1024;

pub(super) fn show(ui: &mut Ui, form: &ContactForm, actions: &mut Vec<Action>) {
    let mut typed = form.clone();
    let (name, entered) = match &form.before {
        Some(before) => {
            ui.heading(words::change(&super::name(&before.name)));
            (None, false)
        }
        None => {
            ui.heading(words::ADD_CONTACT);
            let hint = words::NAME_HINT;
            let name = field(ui, words::NAME, hint, &mut typed.name, MAX_LINE_CHARS);
            // Not while it is typed: its beginning may look like a whole line.
            if name.lost_focus() || ui.input(is_pasted) {
                typed.spread();
            }
            let entered = is_entered(ui, &name);
            (Some(name), entered)
        }
    };
    let hint = words::ADDRESS_HINT;
    let address = field(ui, words::ADDRESS, hint, &mut typed.address, MAX_LINE_CHARS);
    let hint = words::KEY_HINT;
    let key = field(ui, words::KEY, hint, &mut typed.key, MAX_LINE_CHARS);
    let entered = entered || is_entered(ui, &address) || is_entered(ui, &key);
    rights(ui, &mut typed);
    let contact = typed.contact();
    if let Some(why) = &form.problem {
        problem(ui, why);
    } else if let (Err(why), true) = (&contact, begun(&typed)) {
        problem(ui, why);
    }
    buttons(ui, |ui| {
        let label = if typed.is_change() {
            words::SAVE
        } else {
            words::ADD
        };
        let save = ui.add_enabled(contact.is_ok(), egui::Button::new(label));
        if (save.clicked() || entered)
            && let Ok(contact) = contact
        {
            let before = typed.before.clone();
            actions.push(Action::SaveContact(Box::new(Edit { before, contact })));
        }
        cancel(ui, actions);
        if let Some(before) = &typed.before
            && ui.button(words::REMOVE).clicked()
        {
            actions.push(Action::Open(Dialog::Remove(before.name)));
        }
    });
    // So that a line can be pasted at once, and Enter saves what a stranger brought. Last of all,
    // as a field that is left by Enter or Tab has no focus either while the others are drawn.
    if ui.memory(|memory| memory.focused().is_none()) {
        name.unwrap_or(address).request_focus();
    }
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
    ui.label(words::IT_MAY);
    let may = &mut form.may;
    for (held, label) in [
        (&mut may.view, words::MAY_VIEW),
        (&mut may.call, words::MAY_CALL),
        (&mut may.files, words::MAY_SEND),
        (&mut may.hear, words::MAY_HEAR),
        (&mut may.talk, words::MAY_TALK),
        (&mut may.auto, words::MAY_UNASKED),
    ] {
        ui.checkbox(held, label);
    }
}
