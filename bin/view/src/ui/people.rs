//! The contact list with presence. A click on a contact chooses it, a double click watches it.

use egui::{
    Align, Button, ComboBox, Layout, RichText, ScrollArea, Sense, Ui, Vec2, WidgetInfo, WidgetType,
};

use crate::model::{
    Abilities, Action, ContactForm, Dialog, Person, Presence, SettingsForm, State, name,
};
use crate::words;

use super::theme;

/// Tall enough to be hit by a finger.
const ROW_HEIGHT: f32 = 26.0;

pub(super) fn show(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.heading(words::CONTACTS);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let settings = ui.small_button("⚙").on_hover_text(words::SETTINGS);
            settings.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, words::SETTINGS));
            if settings.clicked() {
                let form = SettingsForm::of(state);
                actions.push(Action::Open(Dialog::Settings(Box::new(form))));
            }
            let add = ui.small_button("+").on_hover_text(words::ADD_CONTACT);
            add.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, words::ADD_CONTACT));
            if add.clicked() {
                actions.push(Action::Open(Dialog::Contact(Box::<ContactForm>::default())));
            }
        });
    });
    if state.people.is_empty() {
        empty(ui, state);
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for person in &state.people {
            ui.push_id(person.name, |ui| row(ui, state, person, actions));
        }
    });
}

/// Whom text and files go to, changeable without leaving the picture.
pub(super) fn choice(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let chosen = state
        .chosen
        .as_ref()
        .map_or_else(|| words::NOBODY_CHOSEN_YET.to_owned(), name);
    ui.horizontal(|ui| {
        let label = ui.label(words::TO);
        let list = ComboBox::from_id_salt("choice")
            .selected_text(chosen)
            .width(ui.available_width());
        let shown = list.show_ui(ui, |ui| {
            for person in &state.people {
                let this = state.chosen == Some(person.name);
                if ui.selectable_label(this, name(&person.name)).clicked() {
                    actions.push(Action::Choose(person.name));
                }
            }
        });
        shown.response.labelled_by(label.id);
    });
}

/// What else can be done about the chosen contact.
pub(super) fn duties(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let Some(person) = state.chosen_person() else {
        return;
    };
    ui.horizontal(|ui| {
        let edit = if person.contact.is_some() {
            words::EDIT
        } else {
            words::ADD_TO_CONTACTS
        };
        if ui.small_button(edit).clicked() {
            actions.extend(state.contact_dialog(&person.name).map(Action::Open));
        }
        let verify = if state.is_verified(person) {
            words::VERIFIED
        } else {
            words::VERIFY
        };
        if ui.small_button(verify).clicked() {
            actions.push(Action::Open(Dialog::Verify(person.name)));
        }
    });
}

fn row(ui: &mut Ui, state: &State, person: &Person, actions: &mut Vec<Action>) {
    let name = name(&person.name);
    let chosen = state.chosen == Some(person.name);
    let missed = state.calls.missed_of(person.name);
    ui.horizontal(|ui| {
        dot(ui, &person.presence);
        let mut right = words::presence(&person.presence).to_owned();
        if person.unread > 0 {
            right = words::unread(person.unread);
        }
        if missed > 0 {
            right = words::missed_badge(missed);
        }
        right = words::row(kind(state.abilities(person)), &right);
        if state.is_verified(person) {
            right.push_str(" ✔");
        }
        let button = Button::selectable(chosen, name.as_str())
            .right_text(RichText::new(right.as_str()).small())
            .truncate()
            .min_size(Vec2::new(ui.available_width(), ROW_HEIGHT));
        let response = ui.add(button).on_hover_ui(|ui| details(ui, person));
        response.widget_info(|| {
            WidgetInfo::selected(WidgetType::Button, true, chosen, format!("{name} {right}"))
        });
        let can_begin =
            state.calls.of(person.name).is_none() && state.abilities(person).can_be_watched();
        if response.double_clicked() && can_begin {
            actions.push(Action::Watch(person.name));
        } else if response.clicked() {
            actions.push(Action::Choose(person.name));
        }
    });
}

/// What a contact is, where it is no person.
fn kind(abilities: Abilities) -> &'static str {
    match abilities {
        camera if camera.is_camera() => words::IS_CAMERA,
        inbox if inbox.is_inbox() => words::IS_INBOX,
        _ => "",
    }
}

fn dot(ui: &mut Ui, presence: &Presence) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(10.0, ROW_HEIGHT), Sense::hover());
    ui.painter()
        .circle_filled(rect.center(), 4.5, theme::dot(presence));
}

fn details(ui: &mut Ui, person: &Person) {
    if !person.address.is_empty() {
        ui.label(words::line(&person.address));
    }
    match &person.presence {
        Presence::Unknown => ui.label(words::NOT_TRIED),
        Presence::Reaching => ui.label(words::TRYING),
        Presence::Away(why) => ui.label(words::away_because(why)),
        Presence::Here => ui.label(words::HERE_TO_WATCH),
        Presence::Refused => ui.label(words::OTHER_KEY),
    };
}

fn empty(ui: &mut Ui, state: &State) {
    ui.label(words::NOBODY_YET);
    ui.monospace(words::line(&state.book_path.to_string_lossy()));
    ui.monospace(words::SAMPLE_LINE);
}
