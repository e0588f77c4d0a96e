//! Every control in every state, side by side.

use egui::{Align2, Rect, UiBuilder, pos2};

use crate::model::Theme;

use super::super::kit::{self, Button, Dot, Field, Kind, icons, text};
use super::super::theme::{Type, tokens};
use super::*;

/// A page of controls, and what is typed into its fields.
struct Page {
    theme: Theme,
    typed: [String; 2],
    is_prepared: bool,
}

#[test]
fn looks_like_the_controls() {
    let mut results = SnapshotResults::new();
    for (colour, theme) in [("dark", Theme::Dark), ("light", Theme::Light)] {
        let page = Page {
            theme,
            typed: [String::new(), "Leo".to_owned()],
            is_prepared: false,
        };
        let mut screen = Harness::builder()
            .with_size(vec2(900.0, 740.0))
            .build_ui_state(frame, page);
        screen.run();
        screen
            .get_by_role_and_label(Role::TextInput, "Focused")
            .focus();
        screen.run();
        results.extend(compare(&mut screen, &format!("kit-{colour}")));
    }
}

fn frame(ui: &mut Ui, page: &mut Page) {
    if !page.is_prepared {
        prepare(ui.ctx());
        colour(ui.ctx(), page.theme);
        page.is_prepared = true;
        return ui.ctx().request_repaint();
    }
    let room = ui.ctx().content_rect();
    ui.painter().rect_filled(room, 0.0, tokens(ui).base);
    let rows = [types, buttons, small_buttons, people, switches];
    let mut top = 24.0;
    for row in rows {
        let rect = Rect::from_min_max(pos2(28.0, top), pos2(room.right() - 28.0, room.bottom()));
        let place = UiBuilder::new()
            .id(egui::Id::new(("row", top as i32)))
            .max_rect(rect);
        top += kit::within(ui, place, |ui| {
            row(ui);
            ui.min_rect().height() + 20.0
        });
    }
    let rect = Rect::from_min_max(pos2(28.0, top), pos2(room.right() - 28.0, room.bottom()));
    let place = UiBuilder::new().id(egui::Id::new("fields")).max_rect(rect);
    kit::within(ui, place, |ui| fields(ui, &mut page.typed));
}

fn types(ui: &mut Ui) {
    let t = tokens(ui);
    for (words, font) in [
        ("Hello, Leo", Type::Display),
        ("Anna is calling", Type::Title),
        ("Sound", Type::Heading),
        ("See you at six then!", Type::Message),
        ("Ring aloud when somebody calls", Type::Body),
        ("3.4 MB, saved in Downloads", Type::Small),
        ("14:32", Type::Caption),
    ] {
        ui.label(text::rich(words, font, t.text));
    }
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::Main, "Connect"),
    (Kind::Call, "Answer"),
    (Kind::Danger, "Decline"),
    (Kind::Tonal, "Video call"),
    (Kind::Neutral, "Later"),
    (Kind::Ghost, "Cancel"),
    (Kind::RedGhost, "Forget"),
];

fn buttons(ui: &mut Ui) {
    for is_enabled in [true, false] {
        ui.horizontal(|ui| {
            for (kind, words) in KINDS {
                ui.add_enabled(is_enabled, Button::new(kind, words));
            }
            let gear = |ui: &mut Ui| kit::icon_button(ui, icons::GEAR_SIX, "Settings", 40.0);
            ui.add_enabled_ui(is_enabled, gear);
        });
    }
}

fn small_buttons(ui: &mut Ui) {
    for height in [32.0, 44.0] {
        ui.horizontal(|ui| {
            for (kind, words) in KINDS {
                let icon = icons::VIDEO_CAMERA.filled();
                ui.add(Button::new(kind, words).height(height).icon(icon));
            }
        });
    }
}

fn people(ui: &mut Ui) {
    let t = tokens(ui);
    let (row, _) = ui.allocate_exact_size(vec2(600.0, 44.0), egui::Sense::hover());
    for (at, name) in [
        "Anna", "Leo", "Bob", "Ravi", "Ilse", "Studio", "Mona", "Olga",
    ]
    .iter()
    .enumerate()
    {
        let middle = row.left_center() + vec2(20.0 + 56.0 * at as f32, 0.0);
        let key = PublicKey([at as u8; 32]);
        let avatar = kit::avatar(ui.painter(), middle, 40.0, name, Some(&key));
        let dot = if at % 2 == 0 { Dot::Online } else { Dot::Away };
        kit::dot(ui.painter(), avatar, dot, t.base, t);
    }
    kit::badge(ui.painter(), row.right_center() - vec2(40.0, 0.0), 2, t);
    let hint = row.right_center();
    text::paint(
        ui.painter(),
        hint,
        Align2::RIGHT_CENTER,
        "14:32",
        Type::Caption,
        t.faint,
    );
}

fn switches(ui: &mut Ui) {
    ui.horizontal(|ui| {
        kit::switch(ui, true, "On");
        kit::switch(ui, false, "Off");
        kit::level(ui, 0.5, 18, "Level");
        kit::link(ui, Some(icons::AT), "Add by address");
    });
}

fn fields(ui: &mut Ui, typed: &mut [String; 2]) {
    let [empty, filled] = typed;
    ui.set_max_width(420.0);
    Field::new(empty, "Name").hint("Name").show(ui);
    ui.add_space(8.0);
    let wrong = Some("A name has no spaces.");
    Field::new(filled, "Focused").wrong(wrong).show(ui);
}
