//! How the window behaves.

use egui::{ComboBox, ScrollArea, Slider, Ui};
use transom::TradeOff;

use crate::model::{Action, Config, Dialog, FolderFor, SettingsForm, State, Theme};
use crate::words;

use super::{buttons, cancel, copyable, field, problem};

/// A path is no longer on any system.
const MAX_PATH_CHARS: usize = 4096;
/// A name's bytes on the wire.
const MAX_NAME_CHARS: usize = 64;

pub(super) fn show(ui: &mut Ui, state: &State, form: &SettingsForm, actions: &mut Vec<Action>) {
    let mut typed = form.clone();
    ui.heading(words::SETTINGS);
    let room = ui.ctx().content_rect().height() - 160.0;
    let (mut forgets, mut hears) = (false, false);
    // After a smaller dialog it would grow by a few points in each frame.
    let scroll = ScrollArea::vertical().min_scrolled_height(room);
    scroll.max_height(room).show(ui, |ui| {
        field(ui, words::OWN_NAME, "", &mut typed.name, MAX_NAME_CHARS);
        ui.horizontal(|ui| {
            ui.label(words::ACCEPTED_GO_TO);
            let pick = ui.add_enabled(!state.picking, egui::Button::new(words::CHOOSE_FOLDER));
            if pick.clicked() {
                actions.push(Action::PickFolder(FolderFor::Inbox));
            }
        });
        field(ui, words::FOLDER, "", &mut typed.inbox, MAX_PATH_CHARS);
        ui.separator();
        looks(ui, &mut typed.config);
        ui.separator();
        calls(ui, state, &mut typed.config);
        hears = ui.button(words::SOUND).clicked();
        ui.separator();
        forgets = texts(ui, &mut typed.config);
        ui.separator();
        about(ui, state);
    });
    let config = typed.config(state);
    match (&form.problem, &config) {
        (Some(why), _) | (None, Err(why)) => problem(ui, why),
        _ => {}
    }
    buttons(ui, |ui| {
        let save = ui.add_enabled(config.is_ok(), egui::Button::new(words::SAVE));
        if save.clicked()
            && let Ok(config) = config
        {
            actions.push(Action::SaveSettings(Box::new(config)));
        }
        cancel(ui, actions);
    });
    if forgets {
        actions.push(Action::Open(Dialog::ForgetTexts(Box::new(typed))));
    } else if hears {
        let back = Some(Box::new(typed));
        actions.push(Action::Open(Dialog::Sound { peer: None, back }));
    } else if typed != *form {
        typed.problem = None;
        actions.insert(0, Action::Open(Dialog::Settings(Box::new(typed))));
    }
}

fn looks(ui: &mut Ui, config: &mut Config) {
    ui.horizontal(|ui| {
        ui.label(words::COLOURS);
        for (theme, label) in [
            (Theme::System, words::AS_DESKTOP),
            (Theme::Dark, words::DARK),
            (Theme::Light, words::LIGHT),
        ] {
            ui.radio_value(&mut config.theme, theme, label);
        }
    });
    let slider = Slider::new(&mut config.zoom, 0.5..=3.0)
        .step_by(0.1)
        .text(words::ZOOM);
    ui.add(slider).on_hover_text(words::ZOOM_KEYS);
}

fn calls(ui: &mut Ui, state: &State, config: &mut Config) {
    ui.checkbox(&mut config.bell, words::BELL);
    ui.checkbox(&mut config.second_call, words::SECOND_CALL);
    ui.checkbox(&mut config.do_not_disturb, words::DO_NOT_DISTURB);
    ui.checkbox(&mut config.mark_packets, words::MARK_PACKETS);
    let hint = words::CAMERA_HINT;
    field(ui, words::CAMERA, hint, &mut config.camera, MAX_PATH_CHARS);
    // A choice made here or in a call counts for both, so only the command line can have parted
    // them.
    if state.calls.own.request != state.config.request() {
        let source = state
            .calls
            .own
            .request
            .as_ref()
            .map(|request| &request.source);
        let source = source.map_or_else(|| "none".to_owned(), ToString::to_string);
        ui.small(words::camera_from_start(&words::line(&source)));
    }
    let (label, usual) = (words::PICTURE_SIZE, words::CAMERAS_OWN_SIZE);
    sizes(ui, label, usual, &mut config.size);
    ui.label(words::SLOW_LINK);
    ui.horizontal(|ui| {
        for (trade_off, label) in [
            (TradeOff::Auto, words::SLOW_LINK_AUTO),
            (TradeOff::Sharp, words::SLOW_LINK_SHARP),
            (TradeOff::Smooth, words::SLOW_LINK_SMOOTH),
            (TradeOff::Off, words::SLOW_LINK_OFF),
        ] {
            ui.radio_value(&mut config.slow_link, trade_off, label);
        }
    });
    let (label, usual) = (words::MIN_SIZE, words::HALF_SIZE);
    sizes(ui, label, usual, &mut config.min_size);
}

/// A choice of picture sizes; empty is the usual one.
fn sizes(ui: &mut Ui, label: &str, usual: &str, chosen: &mut String) {
    let title = ui.label(label);
    let of = |size: &str| if size.is_empty() { usual } else { size }.to_owned();
    let list = ComboBox::from_id_salt(label).selected_text(of(chosen));
    let shown = list.show_ui(ui, |ui| {
        for size in ["", "640x480", "1280x720", "1920x1080"] {
            ui.selectable_value(chosen, size.to_owned(), of(size));
        }
    });
    shown.response.labelled_by(title.id);
}

/// Gives back whether all kept texts are to be removed.
fn texts(ui: &mut Ui, config: &mut Config) -> bool {
    ui.checkbox(&mut config.history, words::KEEP_TEXTS);
    ui.button(words::REMOVE_TEXTS).clicked()
}

fn about(ui: &mut Ui, state: &State) {
    copyable(ui, words::OWN_LINE, &state.own.line);
    let [settings, rest] = &state.kept_in;
    for (what, path) in [
        (words::CONTACTS, &state.book_path),
        (words::THESE_SETTINGS, settings),
        (words::KEYS_AND_TEXTS, rest),
    ] {
        ui.small(format!("{what}: {}", words::line(&path.to_string_lossy())));
    }
}
