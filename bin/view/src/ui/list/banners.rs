//! Banners above the list: what keeps the window from working as a whole, with the way out.

use egui::{Frame, Label, Margin, ScrollArea, Sense, Ui, vec2};

use crate::model::{Action, FolderFor, State, Warning};
use crate::words;

use super::super::kit::{self, Button, Kind, icons, text};
use super::super::theme::{Type, tokens};
use super::super::{guard, toasts};

const MARGIN: i8 = 12;
/// Height that the list of bad lines takes at most.
const LINES_HEIGHT: f32 = 70.0;

pub(in crate::ui) fn show(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let warnings = state.warnings.iter().enumerate();
    for (at, warning) in warnings.filter(|(_, one)| one.is_banner()) {
        let outer = Frame::NONE.outer_margin(Margin {
            bottom: 4,
            ..Margin::symmetric(MARGIN, 0)
        });
        outer.show(ui, |ui| banner(ui, state, at, warning, actions));
    }
}

fn banner(ui: &mut Ui, state: &State, at: usize, warning: &Warning, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let frame = Frame::NONE
        .fill(t.warn_wash)
        .corner_radius(16)
        .inner_margin(Margin::symmetric(12, 12));
    let width = ui.available_width();
    guard::card(ui, ("banner", warning), frame, |ui, ready| {
        ui.set_width(width - 24.0);
        ui.spacing_mut().item_spacing = vec2(4.0, 2.0);
        ui.horizontal_top(|ui| {
            let (place, _) = ui.allocate_exact_size(vec2(32.0, 22.0), Sense::hover());
            let icon = match warning {
                Warning::PortRefused { .. } => icons::WIFI_SLASH,
                _ => icons::WARNING_CIRCLE,
            };
            let middle = place.left_center() + vec2(14.0, 0.0);
            icon.paint(ui.painter(), middle, 22.0, t.warn);
            ui.vertical(|ui| {
                ui.set_width(ui.available_width());
                guard::buttons(ui, ready, |ui| content(ui, state, at, warning, actions));
            });
        });
    });
}

fn content(ui: &mut Ui, state: &State, at: usize, warning: &Warning, actions: &mut Vec<Action>) {
    match warning {
        Warning::PortRefused { port, why } => {
            title(ui, words::NOBODY_REACHES_YOU);
            sentence(ui, &words::port_refused(*port, why));
            // The highest port has none above it.
            let next = port.checked_add(1).unwrap_or(transom_users::DEFAULT_PORT);
            if button(ui, &words::use_port(next)) {
                actions.push(Action::UsePort(next));
            }
        }
        Warning::DiskSilent => {
            title(ui, words::DISK_SILENT);
            sentence(ui, words::DISK_SILENT_MEANS);
        }
        Warning::Inbox(why) => {
            title(ui, words::NO_FILES_COME);
            sentence(ui, &words::line(why));
            if button(ui, words::ANOTHER_INBOX) && !state.picking {
                actions.push(Action::PickFolder(FolderFor::Inbox));
            }
        }
        Warning::BadLines(lines) => {
            title(ui, &words::unusable_lines(lines.len()));
            let area = ScrollArea::vertical().max_height(LINES_HEIGHT);
            area.show(ui, |ui| {
                for line in lines {
                    sentence(ui, &words::line(line));
                }
            });
            ui.add_space(6.0);
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                let show = Button::new(Kind::OnCard, words::SHOW_THE_FILE).height(32.0);
                if let Some(folder) = state.book_path.parent()
                    && ui.add(show).clicked()
                {
                    actions.push(Action::OpenFolder(toasts::or_here(folder)));
                }
                if kit::icon_button(ui, icons::X, words::DISMISS, 32.0).clicked() {
                    actions.push(Action::Dismiss(at));
                }
            });
        }
        Warning::KeyChanged { .. } | Warning::Trouble(_) => {}
    }
}

fn title(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.add(Label::new(text::rich(words, Type::SmallStrong, t.text)).wrap());
}

fn sentence(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.add(Label::new(text::rich(words, Type::Small, t.soft)).wrap());
}

fn button(ui: &mut Ui, words: &str) -> bool {
    ui.add_space(6.0);
    ui.add(Button::new(Kind::OnCard, words).height(32.0))
        .clicked()
}
