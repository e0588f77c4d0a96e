//! What is on each page of the settings.

use egui::{Align, Label, Layout, Sense, Stroke, Ui, vec2};
use transom::TradeOff;

use crate::model::{
    Action, Config, FolderFor, Person, ReducedMotion, SettingsForm, SettingsPage, State, Theme,
    name,
};
use crate::words;

use super::super::album::Album;
use super::super::kit::{self, Button, Field, Kind, icons, menu, text};
use super::super::theme::{Type, tokens};
use super::super::{programs, sheet, toasts};
use super::devices;

/// A path is no longer on any system.
const MAX_PATH_CHARS: usize = 4096;
/// A name's bytes on the wire.
const MAX_NAME_CHARS: usize = 64;
/// Steps of the size of everything.
const ZOOM_STEP: f32 = 0.1;

pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    form: &mut SettingsForm,
    album: &Album,
    actions: &mut Vec<Action>,
) {
    let mut config = state.config.clone();
    match form.page {
        SettingsPage::You => you(ui, state, form, &mut config),
        SettingsPage::Look => look(ui, &mut config),
        SettingsPage::Camera => {
            devices::camera(ui, state, album, actions);
            slow_link(ui, &mut config);
        }
        SettingsPage::Sound => {
            devices::sound(ui, state, actions);
            line(ui);
            let (words, below) = (words::RING_ALOUD, words::BY_THE_LOUDSPEAKER);
            sheet::row(ui, words, below, &mut config.bell);
        }
        SettingsPage::Calls => {
            let (words, below) = (words::DO_NOT_DISTURB, words::CALLERS_HEAR_BUSY);
            sheet::row(ui, words, below, &mut config.do_not_disturb);
            sheet::row(ui, words::RING_IN_CALL, "", &mut config.second_call);
            let (words, below) = (words::CAMERA_AS_BEFORE, words::ELSE_CAMERA_OFF);
            sheet::row(ui, words, below, &mut config.camera_as_before);
            let (words, below) = (words::WATCH_AT_CLICK, words::ELSE_ITS_PAGE);
            sheet::row(ui, words, below, &mut config.watch_at_click);
        }
        SettingsPage::Files => files(ui, state, form, &mut config, actions),
        SettingsPage::Privacy => privacy(ui, form, &mut config, actions),
        SettingsPage::Notifications => notifications(ui, state, &mut config),
        SettingsPage::Network => network(ui, state, form, &mut config, actions),
    }
    if config != state.config {
        actions.push(Action::SaveSettings(Box::new(config)));
    }
}

pub(super) fn label(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.label(text::rich(words, Type::SmallStrong, t.soft));
    ui.add_space(6.0);
}

pub(super) fn note(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.add(Label::new(text::rich(words, Type::Small, t.soft)).wrap());
}

/// A hairline between parts.
pub(super) fn line(ui: &mut Ui) {
    let t = tokens(ui);
    ui.add_space(16.0);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
    ui.painter()
        .hline(row.x_range(), row.center().y, Stroke::new(1.0, t.border));
    ui.add_space(12.0);
}

/// Whether what was typed is to count: Enter was pressed, or the field left.
fn is_done(field: &egui::Response) -> bool {
    field.lost_focus()
}

fn you(ui: &mut Ui, state: &State, form: &mut SettingsForm, config: &mut Config) {
    label(ui, words::YOUR_NAME);
    let parsed = form.own_name();
    let wrong = parsed.as_ref().err().cloned();
    let field = Field::new(&mut form.name, words::YOUR_NAME).max_chars(MAX_NAME_CHARS);
    let field = field.wrong(wrong.as_deref()).show(ui);
    ui.add_space(4.0);
    note(ui, words::NAME_SEEN);
    // What comes from the command line or the computer is no wish to keep it for ever.
    if let Ok(name) = parsed
        && is_done(&field)
        && form.name.trim() != state.own.name
    {
        config.name = Some(name);
    }
    ui.add_space(16.0);
    let (words, below) = (words::DO_NOT_DISTURB, words::CALLERS_HEAR_BUSY);
    sheet::row(ui, words, below, &mut config.do_not_disturb);
    line(ui);
    label(ui, words::YOUR_LINE);
    let t = tokens(ui);
    let line = state.own.line();
    let own = text::rich(&line, Type::Key, t.text);
    ui.add(Label::new(own).wrap().selectable(true));
    ui.add_space(8.0);
    let copy = Button::new(Kind::OnCard, words::COPY).icon(icons::COPY);
    if ui.add(copy).clicked() {
        ui.copy_text(line);
    }
}

fn look(ui: &mut Ui, config: &mut Config) {
    label(ui, words::COLOURS);
    let all = [
        (Theme::System, words::AS_DESKTOP),
        (Theme::Dark, words::DARK),
        (Theme::Light, words::LIGHT),
    ];
    if let Some(theme) = segments(ui, &all, config.theme) {
        config.theme = theme;
    }
    ui.add_space(20.0);
    label(ui, words::SIZE);
    let t = tokens(ui);
    ui.horizontal(|ui| {
        let step = |zoom: f32, by: f32| Config::fit_zoom(((zoom + by) * 10.0).round() / 10.0);
        if ui.add(Button::new(Kind::OnCard, words::SMALLER)).clicked() {
            config.zoom = step(config.zoom, -ZOOM_STEP);
        }
        ui.label(text::rich(words::zoom(config.zoom), Type::Strong, t.text));
        if ui.add(Button::new(Kind::OnCard, words::LARGER)).clicked() {
            config.zoom = step(config.zoom, ZOOM_STEP);
        }
        let usual = Button::new(Kind::Ghost, words::USUAL_ZOOM);
        if ui
            .add_enabled((config.zoom - 1.0).abs() > 0.01, usual)
            .clicked()
        {
            config.zoom = 1.0;
        }
    });
    note(ui, words::ZOOM_KEYS);
    line(ui);
    label(ui, words::MOTION);
    let all = [
        (ReducedMotion::AsDesktop, words::MOTION_AS_DESKTOP),
        (ReducedMotion::Off, words::MOTION_FULL),
        (ReducedMotion::On, words::MOTION_REDUCED),
    ];
    if let Some(motion) = segments(ui, &all, config.reduced_motion) {
        config.reduced_motion = motion;
    }
    ui.add_space(4.0);
    note(ui, words::MOTION_REDUCED_MEANS);
}

/// How wide those choices are beside each other.
pub(super) fn segments_width<T>(ui: &Ui, all: &[(T, &str)]) -> f32 {
    let widths = all
        .iter()
        .map(|(_, words)| text::width(ui, words, Type::SmallStrong) + 26.0);
    // A little more than is needed, as nothing may wrap.
    widths.sum::<f32>() + 6.0
}

/// Several choices beside each other, of which one is on. Returns the choice that was clicked.
pub(super) fn segments<T: Copy + PartialEq>(
    ui: &mut Ui,
    all: &[(T, &str)],
    chosen: T,
) -> Option<T> {
    let t = tokens(ui);
    let mut clicked = None;
    let frame = egui::Frame::NONE
        .fill(t.base)
        .corner_radius(12)
        .inner_margin(3);
    frame.show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
            for (value, words) in all {
                let is_chosen = *value == chosen;
                let width = text::width(ui, words, Type::SmallStrong) + 24.0;
                let size = vec2(width, 32.0);
                let (rect, response) = ui.allocate_exact_size(size, Sense::click());
                response.widget_info(|| {
                    let kind = egui::WidgetType::RadioButton;
                    egui::WidgetInfo::selected(kind, ui.is_enabled(), is_chosen, *words)
                });
                let p = ui.painter();
                let (fill, ink) = match (is_chosen, response.hovered()) {
                    (true, _) => (t.pressed, t.text),
                    (false, true) => (t.hover, t.text),
                    _ => (egui::Color32::TRANSPARENT, t.soft),
                };
                p.rect_filled(rect, 9.0, fill);
                let middle = egui::Align2::CENTER_CENTER;
                text::paint(p, rect.center(), middle, words, Type::SmallStrong, ink);
                kit::focus_ring(ui, &response, rect, 9);
                if response.clicked() && !is_chosen {
                    clicked = Some(*value);
                }
            }
        });
    });
    clicked
}

fn slow_link(ui: &mut Ui, config: &mut Config) {
    line(ui);
    label(ui, words::SLOW_LINK);
    let all = [
        (TradeOff::Auto, words::SLOW_LINK_AUTO),
        (TradeOff::Sharp, words::SLOW_LINK_SHARP),
        (TradeOff::Smooth, words::SLOW_LINK_SMOOTH),
        (TradeOff::Off, words::SLOW_LINK_OFF),
    ];
    if let Some(trade_off) = segments(ui, &all, config.slow_link) {
        config.slow_link = trade_off;
    }
    ui.add_space(16.0);
    label(ui, words::MIN_SIZE);
    if let Some(size) = sizes(ui, words::MIN_SIZE, words::HALF_SIZE, &config.min_size) {
        config.min_size = size;
    }
}

/// A choice of picture sizes; empty is the usual one.
pub(super) fn sizes(ui: &mut Ui, label: &str, usual: &str, chosen: &str) -> Option<String> {
    let of = |size: &str| if size.is_empty() { usual } else { size }.to_owned();
    let width = ui.available_width().min(320.0);
    let mut clicked = None;
    kit::select(ui, label, &of(chosen), width, |ui| {
        for size in ["", "640x480", "1280x720", "1920x1080"] {
            if menu::choice(ui, size == chosen, &of(size)).clicked() {
                clicked = Some(size.to_owned());
                ui.close();
            }
        }
    });
    clicked.filter(|size| size != chosen)
}

fn files(
    ui: &mut Ui,
    state: &State,
    form: &mut SettingsForm,
    config: &mut Config,
    actions: &mut Vec<Action>,
) {
    label(ui, words::SAVE_FILES_IN);
    let wrong = form.inbox.trim().is_empty().then_some(words::NO_FOLDER);
    let field = Field::new(&mut form.inbox, words::SAVE_FILES_IN).max_chars(MAX_PATH_CHARS);
    let field = field.wrong(wrong).show(ui);
    let inbox = form.inbox.trim();
    if is_done(&field) && !inbox.is_empty() && inbox != state.inbox.to_string_lossy() {
        config.inbox = Some(crate::paths::typed(inbox));
    }
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let choose = Button::new(Kind::OnCard, words::CHOOSE).icon(icons::FOLDER_OPEN);
        if ui.add_enabled(!state.picking, choose).clicked() {
            actions.push(Action::PickFolder(FolderFor::Inbox));
        }
        let show = Button::new(Kind::OnCard, words::OPEN_FOLDER);
        if ui.add(show).clicked() {
            actions.push(Action::OpenFolder(state.inbox.clone()));
        }
    });
    line(ui);
    let (words, below) = (words::ASK_WHERE, words::ASK_WHERE_MEANS);
    sheet::row(ui, words, below, &mut config.ask_where);
    ui.add_space(8.0);
    note(ui, &words::saved_without_asking(&unasked(state)));
}

/// The contacts whose files are saved without a question.
fn unasked(state: &State) -> Vec<String> {
    let may = |person: &&Person| {
        let contact = person.contact.as_ref();
        contact.is_some_and(|contact| contact.may.files && contact.may.auto)
    };
    let people = state.people.iter().filter(may);
    people.map(|person| name(&person.name)).collect()
}

/// What may keep this computer and others apart, and what to do about it.
fn findings(ui: &mut Ui, state: &State) {
    let t = tokens(ui);
    for finding in state.findings() {
        let (icon, ink) = match finding.is_good() {
            true => (icons::CHECK, t.good),
            false => (icons::WARNING_CIRCLE, t.warn),
        };
        ui.horizontal_top(|ui| {
            let (place, _) = ui.allocate_exact_size(vec2(20.0, 18.0), Sense::hover());
            let middle = place.center() - vec2(0.0, 1.0);
            icon.paint(ui.painter(), middle, 18.0, ink);
            let words = text::rich(words::finding(&finding), Type::Small, t.text);
            ui.add(Label::new(words).wrap());
        });
        ui.add_space(6.0);
    }
}

/// What the desktop is told while the window is not in front.
fn notifications(ui: &mut Ui, state: &State, config: &mut Config) {
    let (words, below) = (words::NOTIFY, words::NOTIFY_MEANS);
    sheet::row(ui, words, below, &mut config.notifications);
    ui.add_enabled_ui(config.notifications, |ui| {
        let (words, below) = (words::HIDE_WORDS, words::HIDE_WORDS_MEANS);
        sheet::row(ui, words, below, &mut config.hide_words);
    });
    ui.add_space(8.0);
    note(ui, words::NOT_WHILE_DISTURBED);
    if cfg!(all(unix, feature = "desktop")) {
        line(ui);
        let below = match state.has_tray {
            true => words::KEEP_IN_TRAY_MEANS,
            false => words::NO_TRAY,
        };
        ui.add_enabled_ui(state.has_tray, |ui| {
            sheet::row(ui, words::KEEP_IN_TRAY, below, &mut config.keep_in_tray);
        });
    }
}

fn privacy(ui: &mut Ui, form: &SettingsForm, config: &mut Config, actions: &mut Vec<Action>) {
    sheet::row(
        ui,
        words::BE_SEEN,
        words::BE_SEEN_MEANS,
        &mut config.announce,
    );
    let (words, below) = (words::STRANGERS, words::STRANGERS_MEANS);
    sheet::row(ui, words, below, &mut config.strangers);
    line(ui);
    sheet::row(
        ui,
        words::KEEP_TEXTS,
        words::KEEP_TEXTS_MEANS,
        &mut config.history,
    );
    ui.add_space(8.0);
    let remove = Button::new(Kind::RedGhost, words::REMOVE_TEXTS).icon(icons::TRASH);
    if ui.add(remove).clicked() {
        let back = Box::new(form.clone());
        actions.push(Action::Open(crate::model::Dialog::ForgetTexts(back)));
    }
}

fn network(
    ui: &mut Ui,
    state: &State,
    form: &mut SettingsForm,
    config: &mut Config,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    label(ui, words::ADDRESSES);
    if state.listening.is_empty() {
        note(ui, words::NOBODY_REACHES_YOU);
    }
    let all: Vec<_> = match state.own.addresses.is_empty() {
        true => state.listening.iter().map(ToString::to_string).collect(),
        false => state
            .own
            .addresses
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    for address in all {
        let address = text::rich(words::line(&address), Type::Key, t.text);
        ui.add(Label::new(address).selectable(true));
    }
    ui.add_space(16.0);
    label(ui, words::PORT);
    if let Some(port) = programs::port(ui, &mut form.port, words::PORT)
        && port != state.chosen_port()
    {
        actions.push(Action::UsePort(port));
    }
    ui.add_space(12.0);
    let (words, below) = (words::MARK_PACKETS, words::MARK_PACKETS_MEANS);
    sheet::row(ui, words, below, &mut config.mark_packets);
    line(ui);
    label(ui, words::CONNECTION);
    findings(ui, state);
    line(ui);
    if state.bridgeable().next().is_some() {
        label(ui, words::IN_OTHER_PROGRAMS);
        programs::settings(ui, state, form, config, actions);
        line(ui);
    }
    label(ui, words::FOLDERS);
    let [settings, rest] = &state.kept_in;
    for (what, path) in [
        (words::CONTACTS, &state.book_path),
        (words::THESE_SETTINGS, settings),
        (words::KEYS_AND_TEXTS, rest),
    ] {
        let shown = words::line(&path.to_string_lossy()).into_owned();
        ui.horizontal(|ui| {
            let what = words::fact(what, &shown);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let name = words::of_file(words::SHOW_IN_FOLDER, &shown);
                let show = kit::icon_button(ui, icons::FOLDER_OPEN, &name, 32.0);
                let folder = if what.starts_with(words::KEYS_AND_TEXTS) {
                    Some(path.as_path())
                } else {
                    path.parent()
                };
                if let Some(folder) = folder.filter(|_| show.clicked()) {
                    actions.push(Action::OpenFolder(toasts::or_here(folder)));
                }
                let what = text::rich(what, Type::Small, t.soft);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::new(what).truncate());
                });
            });
        });
    }
}
