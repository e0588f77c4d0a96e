//! What was written both ways with the chosen contact, and a line to write the next.

use egui::{Align, Key, Label, Layout, Panel, RichText, ScrollArea, TextEdit, Ui};
use transom_users::escape;

use crate::model::{Action, Delivery, Line, Person, Speaker, name};

use super::{Draft, theme};

/// Bytes of a text on the wire.
const MAX_TEXT_BYTES: usize = 4096;

pub(super) fn show(ui: &mut Ui, person: &Person, draft: &mut Draft, actions: &mut Vec<Action>) {
    Panel::bottom("write")
        .resizable(false)
        .frame(egui::Frame::NONE)
        .show(ui, |ui| {
            ui.add_space(4.0);
            write(ui, person, draft, actions);
            ui.add_space(4.0);
        });
    ScrollArea::vertical()
        .id_salt(person.name)
        .auto_shrink(false)
        .stick_to_bottom(true)
        .show(ui, |ui| {
            if person.talk.is_empty() {
                ui.weak(format!("Nothing written with {} yet", name(&person.name)));
            }
            for line in &person.talk {
                line_of(ui, person, line);
            }
        });
}

fn line_of(ui: &mut Ui, person: &Person, line: &Line) {
    let text = escape(&line.text).into_owned();
    match &line.by {
        Speaker::Them => {
            ui.add(
                Label::new(RichText::new(format!("{}: {text}", name(&person.name))).strong())
                    .wrap(),
            );
        }
        Speaker::Us(_, delivery) => {
            ui.add(Label::new(format!("me: {text}")).wrap());
            match delivery {
                Delivery::Sent => ui.weak("on its way"),
                Delivery::Arrived => ui.weak("arrived"),
                Delivery::Failed(why) => {
                    ui.colored_label(theme::ALARM, format!("not delivered: {}", escape(why)))
                }
            };
        }
    }
}

fn write(ui: &mut Ui, person: &Person, draft: &mut Draft, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let label = ui.label("Text");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let ready = !draft.text.trim().is_empty() && draft.text.len() <= MAX_TEXT_BYTES;
            let button = ui.add_enabled(ready, egui::Button::new("Send text"));
            let field = TextEdit::singleline(&mut draft.text)
                .desired_width(f32::INFINITY)
                .char_limit(MAX_TEXT_BYTES);
            let field = ui.add(field).labelled_by(label.id);
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if ready && (button.clicked() || entered) {
                let text = std::mem::take(&mut draft.text);
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
