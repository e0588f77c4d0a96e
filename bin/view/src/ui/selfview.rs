//! The small picture of oneself: mirrored as in a mirror, movable, and gone when it is in the way.
//! A button brings it back.

use egui::{
    Align, Color32, EventFilter, Id, Key, Layout, Pos2, Rect, Response, RichText, Sense, Stroke,
    StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, WidgetType, pos2, vec2,
};
use transom::media::{Device, Source};

use crate::model::{Action, Face, Preferences, State, source_of};
use crate::words;

use super::paint::{Picture, paint};
use super::{Draft, settle};

/// Its size, where there is room for it: a picture of four to three, and the strip with its
/// buttons.
const SIZE: Vec2 = vec2(224.0, 198.0);
/// How much of the pictures' room it takes across.
const SHARE: f32 = 0.3;
/// Narrower, its buttons would not fit; lower, nothing would be seen.
const LEAST: Vec2 = vec2(136.0, 72.0);
/// Height of the strip with its buttons.
const BAR: f32 = 30.0;
/// Room to the edges.
const MARGIN: f32 = 8.0;
/// What one press of an arrow key moves it by.
const STEP: f32 = 40.0;
/// The sizes one can choose, from what every camera has to what a fast network carries.
const SIZES: [(u16, u16); 4] = [(640, 480), (1280, 720), (1920, 1080), (320, 240)];

/// Over that room, which ends above the buttons of the pictures, and no higher than the part of one
/// without buttons.
pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    picture: Option<Picture>,
    (area, height): (Rect, f32),
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    if !state.calls.sees_itself() {
        return bring_back(ui, area, actions);
    }
    let size = size(area, height);
    let room = room(area, size);
    let rect = Rect::from_center_size(middle(room, state.calls.own.place), size);
    let frame = ui.interact(rect, Id::new("own picture"), Sense::drag());
    frame.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, words::MOVE_ME));
    let step = frame.drag_delta() + arrows(ui, &frame);
    if step != Vec2::ZERO {
        let (across, down) = place(room, rect.center() + step);
        actions.push(Action::MoveOwn { across, down });
    }
    ui.painter()
        .rect_filled(rect, 4.0, Color32::from_black_alpha(220));
    let (above, strip) = rect.split_top_bottom_at_y(rect.bottom() - BAR);
    match state.calls.own_trouble() {
        Some((title, text)) => caption(ui, above, title, text),
        None => {
            if let Some(picture) = picture {
                let mirror = Preferences {
                    mirror: true,
                    ..Preferences::default()
                };
                let (mesh, size) = paint(picture, mirror, above);
                ui.painter().with_clip_rect(above).add(mesh);
                draft.sizes.push((Face::Own, size));
            }
        }
    }
    let edge = if frame.has_focus() {
        Stroke::new(2.0, ui.visuals().selection.stroke.color)
    } else {
        Stroke::new(1.0, Color32::from_gray(110))
    };
    ui.painter()
        .rect_stroke(rect, 4.0, edge, StrokeKind::Inside);
    let inside = UiBuilder::new()
        .id(Id::new("own bar"))
        .max_rect(strip.shrink2(vec2(6.0, 3.0)))
        .layout(Layout::right_to_left(Align::Center));
    ui.scope_builder(inside, |ui| {
        if ui.button(words::HIDE).on_hover_text("F9").clicked() {
            actions.push(Action::ShowOwn(false));
        }
        choose(ui, state, actions);
    });
}

/// How far the arrow keys move it in this frame, while it has the keyboard.
fn arrows(ui: &Ui, frame: &Response) -> Vec2 {
    if !frame.has_focus() {
        return Vec2::ZERO;
    }
    // egui would go to another widget instead.
    let arrows = EventFilter {
        horizontal_arrows: true,
        vertical_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(frame.id, arrows));
    let count = |key| ui.input(|input| input.num_presses(key)) as f32;
    let across = count(Key::ArrowRight) - count(Key::ArrowLeft);
    let down = count(Key::ArrowDown) - count(Key::ArrowUp);
    vec2(across, down) * STEP
}

/// What to click to see oneself again, in a corner where it covers nothing.
fn bring_back(ui: &mut Ui, area: Rect, actions: &mut Vec<Action>) {
    let corner = Rect::from_min_max(
        pos2(area.left(), area.top() + 6.0),
        pos2(area.right() - 6.0, area.top() + 32.0),
    );
    let inside = UiBuilder::new()
        .id(Id::new("own picture back"))
        .max_rect(corner)
        .layout(Layout::right_to_left(Align::Min));
    ui.scope_builder(inside, |ui| {
        let button = egui::Button::new(words::MY_PICTURE).small();
        if ui.add(button).on_hover_text("F9").clicked() {
            actions.push(Action::ShowOwn(true));
        }
    });
}

/// The list of cameras and sizes.
fn choose(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let own = &state.calls.own;
    let menu = ui.menu_button(words::MY_CAMERA, |ui| {
        let mut entry = |ui: &mut Ui, chosen: bool, text: &str, action| {
            if ui.radio(chosen, text).clicked() {
                actions.push(Action::SetCamera(action));
                ui.close();
            }
        };
        let source = own.request.as_ref().map(|request| &request.source);
        entry(ui, source.is_none(), words::NO_CAMERA, None);
        let any = source == Some(&Source::Auto);
        let request = own.with_source(Source::Auto);
        entry(ui, any, words::ANY_CAMERA, Some(request));
        // A film, say, or the test pattern, as the settings or the command line want it.
        if let Some(other) = source.filter(|source| !any && !own.is_listed(source)) {
            let request = own.with_source(other.clone());
            entry(ui, true, &words::line(&other.to_string()), Some(request));
        }
        for device in own.devices.iter().flatten() {
            let this = source_of(device);
            let chosen = source == Some(&this);
            entry(ui, chosen, &title(device), Some(own.with_source(this)));
            if let Some(problem) = &device.problem {
                ui.weak(words::line(problem));
            }
        }
        match &own.devices {
            None => drop(ui.weak(words::LOOKING)),
            Some(devices) if devices.is_empty() => drop(ui.weak(words::NONE_FOUND)),
            Some(_) => {}
        }
        ui.separator();
        let size = own.request.as_ref().map(|request| request.size);
        entry(
            ui,
            size == Some(None),
            words::ANY_SIZE,
            Some(own.with_size(None)),
        );
        for one in SIZES {
            let text = format!("{}x{}", one.0, one.1);
            let request = own.with_size(Some(one));
            entry(ui, size == Some(Some(one)), &text, Some(request));
        }
        settle(ui, "cameras", ui.min_rect());
    });
    if menu.response.clicked() {
        actions.push(Action::ListCameras);
    }
}

fn title(device: &Device) -> String {
    let name = words::line(&device.name);
    format!("{name} ({})", words::line(&device.path.to_string_lossy()))
}

fn caption(ui: &mut Ui, area: Rect, title: &str, text: &str) {
    let inside = UiBuilder::new()
        .id(Id::new("own words"))
        .max_rect(area.shrink(8.0))
        .layout(Layout::top_down(Align::Center));
    ui.scope_builder(inside, |ui| {
        ui.add_space(area.height() / 4.0);
        ui.label(RichText::new(title).strong().color(Color32::from_gray(220)));
        if !text.is_empty() {
            let text = RichText::new(words::line(text)).small();
            ui.add(egui::Label::new(text.color(Color32::from_gray(190))).wrap());
        }
    });
}

/// A share of the room, so that in a small window the others are seen as well.
fn size(area: Rect, height: f32) -> Vec2 {
    let across = (area.width() * SHARE).clamp(LEAST.x, SIZE.x);
    let down = (SIZE.y - BAR) * across / SIZE.x + BAR;
    let most = (height - 2.0 * MARGIN).max(LEAST.y);
    vec2(across, down.min(most)).min(area.size() * 0.6)
}

/// Where the middle of the small picture can be, so that all of it stays inside.
fn room(area: Rect, size: Vec2) -> Rect {
    let half = size / 2.0 + Vec2::splat(MARGIN);
    Rect::from_center_size(area.center(), (area.size() - 2.0 * half).max(Vec2::ZERO))
}

pub(super) fn middle(room: Rect, (across, down): (u16, u16)) -> Pos2 {
    let share = |thousandths: u16| f32::from(thousandths.min(1000)) / 1000.0;
    room.min + vec2(share(across), share(down)) * room.size()
}

/// The place of that middle in thousandths, as near as it can be inside.
pub(super) fn place(room: Rect, middle: Pos2) -> (u16, u16) {
    let share = |at: f32, from: f32, length: f32| {
        let thousandths = (at - from) / length.max(1.0) * 1000.0;
        thousandths.round().clamp(0.0, 1000.0) as u16
    };
    (
        share(middle.x, room.left(), room.width()),
        share(middle.y, room.top(), room.height()),
    )
}
