//! Our own name, whether we can be called, and the two buttons that are always there.

use egui::{Align, Id, Layout, Popup, Rect, Sense, Ui, UiBuilder, pos2, vec2};

use crate::model::{Action, Dialog, SettingsForm, State};
use crate::words;

use super::super::kit::{self, Dot, icons, menu, text, within};
use super::super::theme::{Type, tokens};

pub(super) fn row(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let size = vec2(ui.available_width(), 64.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    presence(ui, row.with_max_x(row.right() - 108.0), state, actions);
    let right = Rect::from_min_max(pos2(row.right() - 104.0, row.top()), row.max);
    let place = UiBuilder::new()
        .max_rect(right.with_max_x(row.right() - 12.0))
        .layout(Layout::left_to_right(Align::Center));
    within(ui, place, |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        let add = kit::icon_button(ui, icons::USER_PLUS, words::ADD_SOMEBODY, 40.0);
        meet(&add, actions);
        if kit::icon_button(ui, icons::GEAR_SIX, words::SETTINGS, 40.0).clicked() {
            actions.push(settings(state));
        }
    });
}

pub(in crate::ui) fn settings(state: &State) -> Action {
    let form = SettingsForm::of(state);
    Action::Open(Dialog::Settings(Box::new(form)))
}

/// The ways to add a contact.
fn meet(button: &egui::Response, actions: &mut Vec<Action>) {
    Popup::menu(button).gap(4.0).width(220.0).show(|ui| {
        for (icon, words, keys, action) in super::super::first_run::ways() {
            if menu::entry(ui, Some(icon), words, keys).clicked() {
                actions.push(action);
            }
        }
    });
}

fn presence(ui: &Ui, row: Rect, state: &State, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let is_busy = state.config.do_not_disturb;
    let state_words = if is_busy {
        words::DO_NOT_DISTURB
    } else {
        words::AVAILABLE
    };
    let own = words::line(&state.own.name);
    let hit = row.shrink2(vec2(8.0, 8.0));
    let said = words::own_state(&own, state_words);
    let response = kit::area(ui, hit, Id::new("own state"), &said);
    if response.hovered() {
        ui.painter().rect_filled(hit, 12.0, t.raised);
    }
    let p = ui.painter();
    let at = pos2(row.left() + 34.0, row.center().y);
    let avatar = kit::avatar(p, at, 36.0, &own, state.own.key.as_ref());
    let behind = if response.hovered() { t.raised } else { t.side };
    let dot = if is_busy { Dot::Away } else { Dot::Online };
    kit::dot(p, avatar, dot, behind, t);
    let width = row.width() - 80.0;
    text::cut(
        p,
        row.min + vec2(64.0, 24.0),
        width,
        &own,
        Type::Strong,
        t.text,
    );
    let left = row.min + vec2(64.0, 42.0);
    let shown = text::cut(p, left, width, state_words, Type::Caption, t.soft);
    let caret = pos2(shown.right() + 12.0, shown.center().y + 0.5);
    icons::CARET_DOWN.paint(p, caret, 12.0, t.soft);
    kit::focus_ring(ui, &response, hit, 12);
    Popup::menu(&response).gap(4.0).width(200.0).show(|ui| {
        for (busy, words) in [(false, words::AVAILABLE), (true, words::DO_NOT_DISTURB)] {
            if menu::choice(ui, busy == is_busy, words).clicked() && busy != is_busy {
                let mut config = state.config.clone();
                config.do_not_disturb = busy;
                actions.push(Action::SaveSettings(Box::new(config)));
            }
        }
    });
}
