//! The one dialog over the screen. What is typed into it goes into the state at once, so that it is
//! drawn from there.

mod contact;
mod verify;

use std::path::PathBuf;

use egui::{Align, Label, Layout, Rect, ScrollArea, Ui, UiBuilder, vec2};
use transom::{PeerName, TransferId};

use crate::model::{Action, Dialog, State, name};
use crate::words;

use super::album::Album;
use super::kit::{self, Button, Kind, icons, text, within};
use super::theme::{Type, tokens};
use super::{guard, settings, sheet};

/// Points across; a small window cuts it.
const WIDTH: f32 = 480.0;
/// Points that a web address or a list of files may take: a dozen lines; the rest is scrolled to.
const LIST_HEIGHT: f32 = 200.0;

pub(super) fn show(ui: &Ui, state: &State, album: &Album, actions: &mut Vec<Action>) {
    let Some(dialog) = &state.dialog else { return };
    let width = match dialog {
        // Drawn by the module of pairings.
        Dialog::Connected(_) | Dialog::EnterCode(_) | Dialog::Nearby | Dialog::ShowCode => return,
        Dialog::Settings(form) => return settings::show(ui, state, form, album, actions),
        Dialog::Verify(_) => 560.0,
        _ => WIDTH,
    };
    let shown = kit::dialog(ui, "dialog", width, |ui| match dialog {
        Dialog::CancelTransfer(transfer) => cancel_transfer(ui, state, *transfer, actions),
        Dialog::Contact(form) => contact::show(ui, form, actions),
        Dialog::ForgetTexts(_) => {
            let red = (words::REMOVE_TEXTS, Kind::Danger);
            let title = words::REMOVE_TEXTS_QUESTION;
            if question(
                ui,
                title,
                words::REMOVING_TEXTS,
                red,
                words::CANCEL,
                actions,
            ) {
                actions.extend([Action::ForgetHistory, Action::Close]);
            }
        }
        Dialog::LetIn(peer) => let_in(ui, state, *peer, actions),
        Dialog::Link(link) => open_link(ui, link, actions),
        Dialog::NewLinks(_) => {
            let (title, red) = (words::NEW_LINKS_QUESTION, (words::NEW_LINKS, Kind::Danger));
            let means = words::NEW_LINKS_MEAN;
            if question(ui, title, means, red, words::CANCEL, actions) {
                actions.extend([Action::NewLinks, Action::Close]);
            }
        }
        Dialog::Pasted { peer, paths } => pasted(ui, *peer, paths, actions),
        Dialog::Quit => {
            let red = (words::QUIT_ANYWAY, Kind::Danger);
            let heading = words::QUIT_QUESTION;
            if question(ui, heading, words::QUITTING, red, words::CANCEL, actions) {
                actions.push(Action::Quit);
            }
        }
        Dialog::Remove(peer) => {
            let who = name(peer);
            let (title, red) = (words::forget_question(&who), (words::FORGET, Kind::Danger));
            if question(ui, &title, words::FORGETTING, red, words::CANCEL, actions) {
                actions.push(Action::Remove(*peer));
            }
        }
        Dialog::Verify(peer) => verify::show(ui, state, peer, actions),
        _ => {}
    });
    if dialog.is_question() {
        // The second half of a double click is no answer.
        guard::place(ui, "question", shown.response.rect);
    }
}

/// The heading, with the way out at its right.
fn title(ui: &mut Ui, words: &str, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let width = ui.available_width();
    let right = ui.max_rect().right();
    let row = Rect::from_min_size(
        egui::pos2(right - 40.0, ui.cursor().top() - 8.0),
        vec2(40.0, 40.0),
    );
    ui.scope(|ui| {
        ui.set_max_width(width - 48.0);
        ui.add(Label::new(text::rich(words, Type::Title, t.text)).wrap());
    });
    let place = UiBuilder::new().id_salt("close dialog").max_rect(row);
    let close = |ui: &mut Ui| kit::icon_button(ui, icons::X, words::CLOSE, 40.0).clicked();
    if within(ui, place, close) {
        actions.push(Action::Close);
    }
}

fn sentence(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.add(Label::new(text::rich(words, Type::Body, t.soft)).wrap());
}

/// Buttons at the right end, the last one first.
fn buttons<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.add_space(16.0);
    let layout = Layout::right_to_left(Align::Center);
    let size = vec2(ui.available_width(), 44.0);
    ui.allocate_ui_with_layout(size, layout, add).inner
}

fn button(ui: &mut Ui, kind: Kind, words: &str) -> bool {
    ui.add(Button::new(kind, words).height(44.0)).clicked()
}

/// Asks before something that can't be undone. Gives back whether it is to be done.
fn question(
    ui: &mut Ui,
    heading: &str,
    means: &str,
    (does, kind): (&str, Kind),
    keeps: &str,
    actions: &mut Vec<Action>,
) -> bool {
    title(ui, heading, actions);
    sentence(ui, means);
    buttons(ui, |ui| {
        let is_done = button(ui, kind, does);
        if button(ui, Kind::Ghost, keeps) {
            actions.push(Action::Close);
        }
        is_done
    })
}

fn cancel_transfer(ui: &mut Ui, state: &State, id: TransferId, actions: &mut Vec<Action>) {
    let mut running = state.running();
    let Some(transfer) = running.find(|one| one.status.transfer == id) else {
        return;
    };
    let status = &transfer.status;
    let file = words::short(&status.name, 60);
    let what = words::transfer(status.direction, &file, &name(&status.peer));
    let red = (words::CANCEL_ANYWAY, Kind::Danger);
    let heading = words::cancel_which(&what);
    if question(
        ui,
        &heading,
        words::CANCELLING,
        red,
        words::LET_GO_ON,
        actions,
    ) {
        actions.extend([Action::Cancel(id), Action::Close]);
    }
}

/// The right to come in without asking is given by no single click.
fn let_in(ui: &mut Ui, state: &State, peer: PeerName, actions: &mut Vec<Action>) {
    let mut people = state.people.iter();
    let person = people.find(|person| person.name == peer);
    let contact = person.and_then(|person| person.contact.as_ref());
    let heading = words::let_in_without_asking(&name(&peer));
    let does = (words::LET_IN, Kind::Main);
    let yes = question(
        ui,
        &heading,
        words::FOR_YOUR_OWN,
        does,
        words::CANCEL,
        actions,
    );
    if let Some(contact) = contact.filter(|_| yes) {
        let may = transom_users::Rights {
            auto: true,
            ..contact.may
        };
        actions.extend([sheet::grant(contact, may), Action::Close]);
    }
}

fn open_link(ui: &mut Ui, link: &str, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    title(ui, words::OPEN_LINK_QUESTION, actions);
    ScrollArea::vertical()
        .max_height(LIST_HEIGHT)
        .show(ui, |ui| {
            ui.add(Label::new(text::rich(words::line(link), Type::Key, t.text)).wrap());
        });
    sentence(ui, words::LINK_OWNER);
    buttons(ui, |ui| {
        if button(ui, Kind::Main, words::OPEN) {
            actions.extend([Action::OpenLink(link.to_owned()), Action::Close]);
        }
        if button(ui, Kind::Ghost, words::CANCEL) {
            actions.push(Action::Close);
        }
    });
}

/// Files that were copied are sent only after a look at their names.
fn pasted(ui: &mut Ui, peer: PeerName, paths: &[PathBuf], actions: &mut Vec<Action>) {
    let t = tokens(ui);
    title(ui, words::PASTED_FILES, actions);
    ScrollArea::vertical()
        .max_height(LIST_HEIGHT)
        .show(ui, |ui| {
            for path in paths {
                let path = path.to_string_lossy();
                let path = text::rich(words::line(&path), Type::Small, t.soft);
                ui.add(Label::new(path).truncate());
            }
        });
    buttons(ui, |ui| {
        let send = words::of(words::SEND, &name(&peer));
        let main = Button::new(Kind::Main, words::SEND)
            .height(44.0)
            .name(&send);
        if ui.add(main).clicked() {
            let send = |path: &PathBuf| Action::Send {
                peer,
                path: path.clone(),
            };
            actions.extend(paths.iter().map(send));
            actions.push(Action::Close);
        }
        if button(ui, Kind::Ghost, words::CANCEL) {
            actions.push(Action::Close);
        }
    });
}
