//! The picture being watched, as large as it fits, with what is known about it; or words for why there is none.

use egui::epaint::Vertex;
use egui::{
    Align, Align2, Color32, Id, Layout, Mesh, Pos2, Rect, RichText, Sense, TextureId, Ui,
    UiBuilder, Vec2, pos2, vec2,
};
use transom::Lens;
use transom_users::escape;

use crate::model::{Action, Presence, Stage, State, Watch, name};

use super::{people, theme};

/// Where the picture's pixels are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture {
    /// A texture of exactly the picture's size.
    pub(crate) texture: TextureId,
    /// That size, before turning.
    pub(crate) size: Vec2,
    /// How to turn it, as in Exif: 1 upright to 8.
    pub(crate) orientation: u8,
}

pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    picture: Option<Picture>,
    actions: &mut Vec<Action>,
) {
    let area = ui.max_rect();
    let Some(watch) = &state.watch else {
        words(ui, area, "Click a contact to watch it", "");
        return;
    };
    let clicked = ui.interact(area, ui.id().with("picture"), Sense::CLICK);
    if clicked.double_clicked() {
        actions.push(Action::Fullscreen(!state.fullscreen));
    }
    if let Some(picture) = picture {
        ui.painter().add(paint(picture, area));
    }
    if let Some((title, text)) = situation(state, watch) {
        if picture.is_some() {
            ui.painter()
                .rect_filled(area, 0.0, Color32::from_black_alpha(150));
        }
        words(ui, area, &title, &text);
    }
    bar(ui, state, watch, area, actions);
}

/// Why there is no live picture, as a title and a line; nothing while there is one.
fn situation(state: &State, watch: &Watch) -> Option<(String, String)> {
    let name = name(&watch.peer);
    match &watch.stage {
        Stage::Waiting => Some((
            format!("{name} is not there"),
            format!("{} Watching starts when it is.", why_away(state, watch)),
        )),
        Stage::Ringing => Some((format!("Asking {name} for its picture"), String::new())),
        Stage::Ended(why) => Some((
            format!("{name}: {why}"),
            "Click it again to try again".to_owned(),
        )),
        Stage::Live => match &watch.camera {
            Some((Lens::Lost, text)) => Some((
                format!("{name}'s camera is lost"),
                escape(text).into_owned(),
            )),
            Some((Lens::Off, text)) => {
                Some((format!("{name}'s camera is off"), escape(text).into_owned()))
            }
            _ if watch.shown.is_none() => Some((format!("{name} opens its camera"), String::new())),
            _ => None,
        },
    }
}

fn why_away(state: &State, watch: &Watch) -> String {
    let person = state.people.iter().find(|person| person.name == watch.peer);
    match person.map(|person| &person.presence) {
        Some(Presence::Away(why)) if !why.is_empty() => format!("{}.", escape(why)),
        Some(Presence::Refused) => "It shows another key than it should.".to_owned(),
        _ => String::new(),
    }
}

/// What is known about the picture, and buttons, over its lower edge.
fn bar(ui: &mut Ui, state: &State, watch: &Watch, area: Rect, actions: &mut Vec<Action>) {
    let strip = Rect::from_min_max(pos2(area.left(), area.bottom() - 34.0), area.max);
    ui.painter()
        .rect_filled(strip, 0.0, Color32::from_black_alpha(160));
    let inside = UiBuilder::new()
        .id(Id::new("picture bar"))
        .max_rect(strip.shrink2(vec2(8.0, 4.0)))
        .layout(Layout::right_to_left(Align::Center));
    ui.scope_builder(inside, |ui| {
        match &watch.stage {
            Stage::Ended(_) if ui.button("Watch again").clicked() => {
                people::watch(state, watch.peer, actions)
            }
            _ => {}
        }
        if ui.button("Stop watching").on_hover_text("Esc").clicked() {
            actions.push(Action::HangUp(watch.peer));
        }
        let (label, on) = if state.fullscreen {
            ("Leave full screen", false)
        } else {
            ("Full screen", true)
        };
        if ui.button(label).on_hover_text("F11").clicked() {
            actions.push(Action::Fullscreen(on));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(egui::Label::new(RichText::new(facts(watch)).color(Color32::WHITE)).truncate());
            if let Some(trouble) = &watch.trouble {
                let text = format!("the last good picture: {}", escape(trouble));
                ui.add(egui::Label::new(RichText::new(text).color(theme::ALARM)).truncate());
            }
        });
    });
}

/// `door  1280x720  30 fps  12 ms  2 broken`.
fn facts(watch: &Watch) -> String {
    let mut facts = vec![name(&watch.peer)];
    if let Some(shown) = watch.shown {
        facts.push(format!("{}x{}", shown.width, shown.height));
        facts.push(format!("{:.0} fps", shown.rate));
        facts.extend(
            shown
                .latency
                .map(|latency| format!("{} ms", latency.as_millis())),
        );
    }
    if watch.broken > 0 {
        facts.push(format!("{} broken", watch.broken));
    }
    facts.join("  ")
}

fn words(ui: &mut Ui, area: Rect, title: &str, text: &str) {
    let middle = area.center();
    let inside = Rect::from_center_size(middle, vec2(area.width() - 40.0, 90.0).max(Vec2::ZERO));
    ui.scope_builder(
        UiBuilder::new()
            .id(Id::new("picture words"))
            .max_rect(inside)
            .layout(Layout::top_down(Align::Center)),
        |ui| {
            ui.label(
                RichText::new(title)
                    .heading()
                    .color(Color32::from_gray(220)),
            );
            if !text.is_empty() {
                ui.label(RichText::new(text).color(Color32::from_gray(180)));
            }
        },
    );
}

/// The largest rectangle of those proportions inside the area, in its middle.
pub(super) fn letterbox(size: Vec2, area: Rect) -> Rect {
    let scale = (area.width() / size.x.max(1.0))
        .min(area.height() / size.y.max(1.0))
        .max(0.0);
    let fitted = size * scale;
    Align2::CENTER_CENTER.align_size_within_rect(fitted, area)
}

fn paint(picture: Picture, area: Rect) -> Mesh {
    let turned = if picture.orientation >= 5 {
        picture.size.yx()
    } else {
        picture.size
    };
    let rect = letterbox(turned, area);
    let mut mesh = Mesh::with_texture(picture.texture);
    let places = [
        rect.left_top(),
        rect.right_top(),
        rect.right_bottom(),
        rect.left_bottom(),
    ];
    for (pos, uv) in places.into_iter().zip(corners(picture.orientation)) {
        mesh.vertices.push(Vertex {
            pos,
            uv,
            color: Color32::WHITE,
        });
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    mesh
}

/// Which corners of the stored picture come to the left top, right top, right bottom and left bottom of the screen.
///
/// Exif: 2 to 4 mirror or turn by half; 5 to 8 were taken with the camera on its side.
fn corners(orientation: u8) -> [Pos2; 4] {
    const LEFT_TOP: Pos2 = pos2(0.0, 0.0);
    const RIGHT_TOP: Pos2 = pos2(1.0, 0.0);
    const RIGHT_BOTTOM: Pos2 = pos2(1.0, 1.0);
    const LEFT_BOTTOM: Pos2 = pos2(0.0, 1.0);
    match orientation {
        2 => [RIGHT_TOP, LEFT_TOP, LEFT_BOTTOM, RIGHT_BOTTOM],
        3 => [RIGHT_BOTTOM, LEFT_BOTTOM, LEFT_TOP, RIGHT_TOP],
        4 => [LEFT_BOTTOM, RIGHT_BOTTOM, RIGHT_TOP, LEFT_TOP],
        5 => [LEFT_TOP, LEFT_BOTTOM, RIGHT_BOTTOM, RIGHT_TOP],
        6 => [LEFT_BOTTOM, LEFT_TOP, RIGHT_TOP, RIGHT_BOTTOM],
        7 => [RIGHT_BOTTOM, RIGHT_TOP, LEFT_TOP, LEFT_BOTTOM],
        8 => [RIGHT_TOP, RIGHT_BOTTOM, LEFT_BOTTOM, LEFT_TOP],
        _ => [LEFT_TOP, RIGHT_TOP, RIGHT_BOTTOM, LEFT_BOTTOM],
    }
}
