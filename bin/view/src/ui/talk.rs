//! What was written both ways with the chosen contact, and a line to write the next.

use std::time::Duration;

use egui::{Align, Id, Key, Label, Layout, Panel, RichText, ScrollArea, TextEdit, Ui};

use crate::model::{Action, Delivery, Dialog, Line, Person, Presence, Speaker, State, links, name};
use crate::words;

use super::drafts::MAX_TEXT_CHARS;
use super::{Draft, theme};

/// Bytes of a text on the wire.
const MAX_TEXT_BYTES: usize = 4096;
/// While the last line is younger, its age is worth a new picture each minute.
const YOUNG: Duration = Duration::from_secs(3600);
/// An age is told in minutes.
const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    person: &Person,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let reads = state.abilities(person).reads_texts();
    if reads {
        Panel::bottom("write")
            .resizable(false)
            .frame(egui::Frame::NONE)
            .show(ui, |ui| {
                ui.add_space(4.0);
                write(ui, person, draft, actions);
                ui.add_space(4.0);
            });
    }
    ScrollArea::vertical()
        .id_salt(person.name)
        .auto_shrink(false)
        .stick_to_bottom(true)
        .show(ui, |ui| {
            if person.talk.is_empty() && reads {
                ui.weak(words::nothing_written(&name(&person.name)));
            }
            for line in &person.talk {
                line_of(ui, person, line);
                small_print(ui, state, person, line, actions);
            }
        });
    let last = person.talk.back();
    if last.is_some_and(|line| state.now.saturating_sub(line.at) < YOUNG) {
        ui.ctx().request_repaint_after(MINUTE);
    }
}

/// Below a line: when it was said, how far it came, and the web addresses in it, none of which
/// opens by one click.
fn small_print(
    ui: &mut Ui,
    state: &State,
    person: &Person,
    line: &Line,
    actions: &mut Vec<Action>,
) {
    ui.horizontal_wrapped(|ui| {
        if let Speaker::Us(_, delivery) = &line.by {
            match delivery {
                Delivery::Sent if person.presence == Presence::Here => {
                    drop(ui.weak(words::ON_ITS_WAY))
                }
                Delivery::Sent => drop(ui.weak(words::WAITING)),
                Delivery::Arrived => drop(ui.weak(words::ARRIVED)),
                Delivery::Failed(why) => {
                    let text = words::not_delivered(why);
                    ui.colored_label(theme::alarm(ui), text);
                }
            }
        }
        ui.weak(words::ago(state.now.saturating_sub(line.at)));
        for link in links(&line.text) {
            if ui
                .small_button(words::OPEN_LINK_BUTTON)
                .on_hover_text(link)
                .clicked()
            {
                actions.push(Action::Open(Dialog::Link(link.to_owned())));
            }
        }
    });
}

fn line_of(ui: &mut Ui, person: &Person, line: &Line) {
    let text = words::message(&line.text);
    match &line.by {
        Speaker::Them => {
            ui.add(
                Label::new(RichText::new(words::they_wrote(&name(&person.name), &text)).strong())
                    .wrap(),
            );
        }
        Speaker::Us(..) => {
            ui.add(Label::new(words::we_wrote(&text)).wrap());
        }
    }
}

fn write(ui: &mut Ui, person: &Person, draft: &mut Draft, actions: &mut Vec<Action>) {
    let typed = &mut draft.written.of(person.name).text;
    ui.horizontal(|ui| {
        let label = ui.label(words::TEXT);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let ready = !typed.trim().is_empty() && typed.len() <= MAX_TEXT_BYTES;
            let button = ui.add_enabled(ready, egui::Button::new(words::SEND_TEXT));
            // Each contact's field is one of its own, for the cursor and for what can be undone.
            let field = TextEdit::singleline(typed)
                .id(Id::new(("text to", person.name)))
                .desired_width(f32::INFINITY)
                .char_limit(MAX_TEXT_CHARS);
            let field = ui.add(field).labelled_by(label.id);
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if ready && (button.clicked() || entered) {
                let text = std::mem::take(typed);
                actions.push(Action::Text {
                    peer: person.name,
                    text,
                });
            }
            if entered {
                field.request_focus();
            }
        });
    });
}
