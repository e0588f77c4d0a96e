//! The settings over the window, page by page. A call goes on behind them, and everything counts at
//! once: there is nothing to save.

mod devices;
mod pages;

use egui::{Align, Id, Label, Layout, Modal, Rect, ScrollArea, Sense, Ui, UiBuilder, vec2};

use crate::model::{Action, Dialog, SettingsForm, SettingsPage, State};
use crate::words;

use super::album::Album;
use super::kit::{self, Icon, icons, text, within};
use super::theme::{Type, tokens};

const WIDTH: f32 = 800.0;
const HEIGHT: f32 = 600.0;
/// The list of pages at the left.
const SIDE: f32 = 216.0;
/// Below this width the pages are a row above.
const NARROW: f32 = 640.0;
const PADDING: f32 = 28.0;

pub(super) fn show(
    ui: &Ui,
    state: &State,
    form: &SettingsForm,
    album: &Album,
    actions: &mut Vec<Action>,
) {
    let room = ui.ctx().content_rect().size();
    let size = vec2(WIDTH, HEIGHT).min(room - vec2(16.0, 16.0));
    let shown = Modal::new(Id::new("settings"))
        .frame(kit::floating(ui, 20, 0))
        .backdrop_color(tokens(ui).scrim)
        .show(ui.ctx(), |ui| {
            let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
            let mut form = form.clone();
            let before = form.clone();
            content(ui, rect, state, &mut form, album, actions);
            if form != before {
                // Before what was clicked, so that a wish of the same frame is answered in it.
                actions.insert(0, Action::Open(Dialog::Settings(Box::new(form))));
            }
        });
    if shown.backdrop_response.clicked() {
        actions.push(Action::Close);
    }
}

fn content(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    form: &mut SettingsForm,
    album: &Album,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let is_narrow = rect.width() < NARROW;
    let (side, page) = match is_narrow {
        true => rect.split_top_bottom_at_y(rect.top() + 116.0),
        false => rect.split_left_right_at_x(rect.left() + SIDE),
    };
    let corners = match is_narrow {
        true => egui::CornerRadius {
            nw: 19,
            ne: 19,
            sw: 0,
            se: 0,
        },
        false => egui::CornerRadius {
            nw: 19,
            sw: 19,
            ne: 0,
            se: 0,
        },
    };
    ui.painter().rect_filled(side, corners, t.side);
    pages_of(ui, side, is_narrow, form, actions);
    close(ui, rect, actions);
    let padding = if is_narrow { 16.0 } else { PADDING };
    let inner = page
        .shrink2(vec2(padding, 0.0))
        .with_min_y(page.top() + 12.0);
    let place = UiBuilder::new()
        .id(Id::new(("settings", form.page)))
        .max_rect(inner);
    within(ui, place, |ui| {
        ui.set_clip_rect(page.shrink(2.0));
        ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
        let height = if is_narrow { 36.0 } else { 56.0 };
        let size = vec2(ui.available_width(), height);
        let (row, _) = ui.allocate_exact_size(size, Sense::hover());
        let title = words::page(form.page);
        let left = row.left_center();
        let shown = text::cut(ui.painter(), left, row.width(), title, Type::Title, t.text);
        text::say(ui, shown, title);
        ui.add_space(6.0);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
            if let Some(why) = &form.problem {
                let why = text::rich(words::line(why), Type::Small, t.danger_text);
                ui.add(Label::new(why).wrap());
                ui.add_space(8.0);
            }
            pages::show(ui, state, form, album, actions);
            ui.add_space(24.0);
        });
    });
}

fn close(ui: &mut Ui, rect: Rect, actions: &mut Vec<Action>) {
    let place = Rect::from_min_size(
        egui::pos2(rect.right() - 56.0, rect.top() + 20.0),
        vec2(40.0, 40.0),
    );
    let place = UiBuilder::new()
        .id(Id::new("close settings"))
        .max_rect(place);
    let close = |ui: &mut Ui| kit::icon_button(ui, icons::X, words::CLOSE, 40.0).clicked();
    if within(ui, place, close) {
        actions.push(Action::Close);
    }
}

fn icon(page: SettingsPage) -> Icon {
    match page {
        SettingsPage::You => icons::USER_CIRCLE,
        SettingsPage::Look => icons::PALETTE,
        SettingsPage::Camera => icons::WEBCAM,
        SettingsPage::Sound => icons::SPEAKER_HIGH,
        SettingsPage::Calls => icons::PHONE_CALL,
        SettingsPage::Files => icons::FOLDER,
        SettingsPage::Notifications => icons::BELL,
        SettingsPage::Privacy => icons::LOCK,
        SettingsPage::Network => icons::WRENCH,
    }
}

/// The list of pages; in a narrow window a row of their icons, so that none is out of sight.
fn pages_of(
    ui: &mut Ui,
    side: Rect,
    is_narrow: bool,
    form: &mut SettingsForm,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let title = egui::pos2(side.left() + 24.0, side.top() + 33.0);
    let p = ui.painter();
    let shown = text::cut(p, title, side.width(), words::SETTINGS, Type::Title, t.text);
    text::say(ui, shown, words::SETTINGS);
    let inner = Rect::from_min_max(side.min + vec2(12.0, 64.0), side.max - vec2(12.0, 0.0));
    let layout = match is_narrow {
        true => Layout::left_to_right(Align::Min),
        false => Layout::top_down(Align::Min),
    };
    let place = UiBuilder::new()
        .id(Id::new("pages"))
        .max_rect(inner)
        .layout(layout);
    let count = SettingsPage::ALL.len() as f32;
    let share = is_narrow.then_some(inner.width() / count);
    within(ui, place, |ui| {
        let area = ScrollArea::both().id_salt("pages").auto_shrink(false);
        area.show(ui, |ui| {
            let gap = if is_narrow { 0.0 } else { 4.0 };
            ui.spacing_mut().item_spacing = vec2(gap, gap);
            ui.with_layout(layout, |ui| {
                for page in SettingsPage::ALL {
                    if entry(ui, page, page == form.page, share) && page != form.page {
                        form.page = page;
                        form.problem = None;
                        actions.extend(page.looks_for());
                    }
                }
            });
        });
    });
}

fn entry(ui: &mut Ui, page: SettingsPage, is_chosen: bool, share: Option<f32>) -> bool {
    let t = tokens(ui);
    let words = words::page(page);
    let width = share.unwrap_or(ui.available_width());
    let (rect, response) = ui.allocate_exact_size(vec2(width, 40.0), Sense::click());
    response.widget_info(|| {
        let kind = egui::WidgetType::SelectableLabel;
        egui::WidgetInfo::selected(kind, ui.is_enabled(), is_chosen, words)
    });
    let p = ui.painter();
    let fill = match (is_chosen, response.hovered()) {
        (true, _) => t.hover,
        (false, true) => t.raised,
        _ => egui::Color32::TRANSPARENT,
    };
    p.rect_filled(rect, 10.0, fill);
    let ink = if is_chosen { t.text } else { t.soft };
    if share.is_some() {
        icon(page).paint(p, rect.center(), 20.0, ink);
    } else {
        icon(page).paint(p, rect.left_center() + vec2(22.0, 0.0), 20.0, ink);
        let left = rect.left_center() + vec2(44.0, 0.0);
        let font = if is_chosen {
            Type::Strong
        } else {
            Type::Medium
        };
        text::cut(p, left, rect.width() - 44.0, words, font, ink);
    }
    kit::focus_ring(ui, &response, rect, 10);
    let response = match share {
        Some(_) => response.on_hover_text(words),
        None => response,
    };
    response.clicked()
}
