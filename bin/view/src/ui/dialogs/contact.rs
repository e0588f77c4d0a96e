//! The form that adds a contact by its address.

use egui::{Event, Id, InputState, Key, Response, Ui};

use crate::model::{Action, ContactForm, Dialog, Edit};
use crate::words;

use super::super::kit::{Button, Field, Kind, text};
use super::super::theme::{Type, tokens};
use super::{buttons, title};

/// A name, an address and a key, each of the longest, fit into one pasted line.
const MAX_LINE_CHARS: usize = 1024;

pub(super) fn show(ui: &mut Ui, form: &ContactForm, actions: &mut Vec<Action>) {
    let mut typed = form.clone();
    title(ui, words::ADD_BY_ADDRESS, actions);
    ui.add_space(8.0);
    let name = field(ui, words::NAME, words::NAME_HINT, &mut typed.name);
    // Not while it is typed: its beginning may look like a whole line.
    if name.lost_focus() || ui.input(is_pasted) {
        typed.spread();
    }
    let address = field(ui, words::ADDRESS, words::ADDRESS_HINT, &mut typed.address);
    let key = field(ui, words::KEY, words::KEY_HINT, &mut typed.key);
    let fields = [&name, &address, &key];
    let entered = ui.input(|input| input.key_pressed(Key::Enter))
        && fields.iter().any(|field| field.lost_focus());
    let contact = typed.contact();
    let wrong = match (&form.problem, &contact) {
        (Some(why), _) => Some(why),
        (None, Err(why)) if has_begun(&typed) && !name.has_focus() => Some(why),
        _ => None,
    };
    if let Some(why) = wrong {
        let t = tokens(ui);
        ui.label(text::rich(words::line(why), Type::Small, t.danger_text));
    }
    buttons(ui, |ui| {
        let add = Button::new(Kind::Main, words::ADD).height(44.0);
        let clicked = ui.add_enabled(contact.is_ok(), add).clicked();
        if let Ok(contact) = contact
            && (clicked || entered)
        {
            let before = None;
            actions.push(Action::SaveContact(Box::new(Edit { before, contact })));
        }
        if ui
            .add(Button::new(Kind::Ghost, words::CANCEL).height(44.0))
            .clicked()
        {
            actions.push(Action::Close);
        }
    });
    // So that a line can be pasted at once, and Enter adds what a stranger brought. Last of all,
    // as a field that is left by Enter or Tab has no focus either while the others are drawn.
    if ui.memory(|memory| memory.focused().is_none()) {
        name.request_focus();
    }
    if typed != *form {
        typed.problem = None;
        // Before what was clicked, so that a save in the same picture closes it.
        actions.insert(0, Action::Open(Dialog::Contact(Box::new(typed))));
    }
}

fn field(ui: &mut Ui, label: &str, hint: &str, text: &mut String) -> Response {
    let t = tokens(ui);
    ui.label(text::rich(label, Type::SmallStrong, t.soft));
    let id = Id::new(("contact", label));
    Field::new(text, label)
        .id(id)
        .hint(hint)
        .max_chars(MAX_LINE_CHARS)
        .show(ui)
}

fn is_pasted(input: &InputState) -> bool {
    input
        .events
        .iter()
        .any(|event| matches!(event, Event::Paste(_)))
}

/// No fault is told in a form before the user has typed into it.
fn has_begun(form: &ContactForm) -> bool {
    !(form.name.is_empty() && form.address.is_empty() && form.key.is_empty())
}
