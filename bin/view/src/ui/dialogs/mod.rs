//! The one dialog over the screen. What is typed into it goes into the state at once, so that it is
//! drawn from there.

mod contact;
mod settings;
mod sound;
mod verify;

use egui::{Color32, Id, Key, Label, Modal, Response, RichText, ScrollArea, TextEdit, Ui};
use transom::{PeerName, TransferId};

use crate::model::{Action, Dialog, State, name};
use crate::words;

use super::sound::level_bar;
use super::{arrivals, files, settle, theme};

/// Points across; every line of a dialog fits.
const WIDTH: f32 = 460.0;
/// Points that a web address may take: a dozen lines, more than any honest one has; the rest is
/// scrolled to.
const LINK_HEIGHT: f32 = 200.0;

pub(super) fn show(ui: &Ui, state: &State, actions: &mut Vec<Action>) {
    let Some(dialog) = &state.dialog else { return };
    let shown = Modal::new(Id::new("dialog")).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 40.0));
        match dialog {
            Dialog::CancelTransfer(transfer) => cancel_transfer(ui, state, *transfer, actions),
            Dialog::Contact(form) => contact::show(ui, form, actions),
            Dialog::ForgetTexts(_) => forget_texts(ui, actions),
            Dialog::Link(link) => open_link(ui, link, actions),
            Dialog::Remove(peer) => remove(ui, peer, actions),
            Dialog::Settings(form) => settings::show(ui, state, form, actions),
            Dialog::Sound { peer, .. } => sound::show(ui, state, *peer, actions),
            Dialog::Verify(peer) => verify::show(ui, state, peer, actions),
        }
    });
    settle(ui, "dialog", shown.response.rect);
    if dialog.is_question() {
        // The second half of a double click is no answer.
        arrivals::place(ui, "question", shown.response.rect);
    }
}

fn cancel_transfer(ui: &mut Ui, state: &State, id: TransferId, actions: &mut Vec<Action>) {
    let mut running = state.running();
    let Some(transfer) = running.find(|one| one.status.transfer == id) else {
        return;
    };
    ui.heading(words::cancel_which(&files::title(transfer)));
    ui.label(words::CANCELLING);
    buttons(ui, |ui| {
        if ui.button(words::CANCEL_ANYWAY).clicked() {
            actions.extend([Action::Cancel(id), Action::Close]);
        }
        if ui.button(words::LET_GO_ON).on_hover_text("Esc").clicked() {
            actions.push(Action::Close);
        }
    });
}

fn forget_texts(ui: &mut Ui, actions: &mut Vec<Action>) {
    ui.heading(words::REMOVE_TEXTS_QUESTION);
    ui.label(words::REMOVING_TEXTS);
    buttons(ui, |ui| {
        if ui.button(words::REMOVE_TEXTS_ANYWAY).clicked() {
            actions.extend([Action::ForgetHistory, Action::Close]);
        }
        cancel(ui, actions);
    });
}

fn remove(ui: &mut Ui, peer: &PeerName, actions: &mut Vec<Action>) {
    let name = name(peer);
    ui.heading(words::remove_whom(&name));
    ui.label(words::REMOVING);
    buttons(ui, |ui| {
        if ui.button(words::remove(&name)).clicked() {
            actions.push(Action::Remove(*peer));
        }
        cancel(ui, actions);
    });
}

fn open_link(ui: &mut Ui, link: &str, actions: &mut Vec<Action>) {
    ui.heading(words::OPEN_LINK);
    ScrollArea::vertical()
        .max_height(LINK_HEIGHT)
        .show(ui, |ui| {
            ui.add(Label::new(RichText::new(words::line(link)).monospace()).wrap());
        });
    ui.label(words::LINK_OWNER);
    buttons(ui, |ui| {
        if ui.button(words::OPEN).clicked() {
            actions.push(Action::OpenLink(link.to_owned()));
            actions.push(Action::Close);
        }
        cancel(ui, actions);
    });
}

fn buttons(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ui.add_space(8.0);
    ui.horizontal(content);
}

fn cancel(ui: &mut Ui, actions: &mut Vec<Action>) {
    if ui
        .button(words::CANCEL_DIALOG)
        .on_hover_text("Esc")
        .clicked()
    {
        actions.push(Action::Close);
    }
}

/// A labelled field.
fn field(ui: &mut Ui, label: &str, hint: &str, text: &mut String, max_chars: usize) -> Response {
    let label = ui.label(label);
    let field = TextEdit::singleline(text)
        .hint_text(hint)
        .char_limit(max_chars)
        .desired_width(f32::INFINITY);
    ui.add(field).labelled_by(label.id)
}

/// Whether Enter was pressed in the field.
fn is_entered(ui: &Ui, field: &Response) -> bool {
    field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

fn problem(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(words::line(text)).color(theme::alarm(ui))).wrap());
}

/// Something to copy, in a field of its own.
fn copyable(ui: &mut Ui, label: &str, text: &str) {
    let title = ui.label(label);
    ui.horizontal(|ui| {
        if ui.button(words::COPY).clicked() {
            ui.copy_text(text.to_owned());
        }
        let mut shown = text;
        let field = TextEdit::singleline(&mut shown).desired_width(f32::INFINITY);
        ui.add(field).labelled_by(title.id);
    });
}

fn box_of_words(ui: &mut Ui, colour: Color32, text: String) {
    egui::Frame::group(ui.style()).show(ui, |ui| {
        ui.label(RichText::new(text).monospace().size(17.0).color(colour));
    });
}
