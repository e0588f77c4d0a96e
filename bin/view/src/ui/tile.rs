//! One call's place on the screen: its picture, or words for why there is none, what is known about
//! it, and its buttons.

use egui::{
    Align, Color32, Frame, Id, Layout, Rect, RichText, Sense, Stroke, StrokeKind, Ui, UiBuilder,
    Vec2, WidgetInfo, WidgetType, vec2,
};
use transom::{CallKind, CameraState};

use crate::model::{Action, Call, Face, Presence, Stage, State, name};
use crate::words;

use super::paint::{Picture, paint};
use super::{Draft, arrivals, bar, overlay, sound, theme};

/// Where there is less room for words than this, they are written small.
const LARGE_WORDS: Vec2 = vec2(260.0, 200.0);
/// How far down small words begin, as a share of the picture's height.
const LOW: f32 = 0.45;

/// What a tile is drawn from.
pub(super) struct Tile<'a> {
    pub(super) state: &'a State,
    pub(super) call: &'a Call,
    pub(super) picture: Option<Picture>,
    pub(super) area: Rect,
    /// Whether it has the room of all.
    pub(super) only: bool,
}

pub(super) fn show(ui: &mut Ui, tile: &Tile<'_>, draft: &mut Draft, actions: &mut Vec<Action>) {
    let (state, call, area) = (tile.state, tile.call, tile.area);
    let name = name(&call.peer);
    arrivals::place(ui, ("tile", call.peer), area);
    let response = ui.interact(area, Id::new(("picture", call.peer)), Sense::click());
    let title = match call.stage {
        Stage::Ended(_) => words::ended_call(&name),
        _ => words::picture_of(&name),
    };
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, title.as_str()));
    // A click of the mouse only chooses; by the keyboard, or a reader of screens, it is what a
    // double click is.
    let by_pointer = ui.input(|input| input.pointer.any_click());
    if response.double_clicked() || (response.clicked() && !by_pointer) {
        actions.push(toggle(state, call));
    } else if response.clicked() && state.chosen != Some(call.peer) {
        actions.push(Action::Choose(call.peer));
    }
    let like = state.preferences(call.peer);
    if let Some(picture) = tile.picture {
        let (mesh, size) = paint(picture, like, area);
        ui.painter().with_clip_rect(area).add(mesh);
        draft.sizes.push((Face::Peer(call.peer), size));
    }
    if let Some((title, text)) = situation(state, call) {
        if tile.picture.is_some() {
            ui.painter()
                .rect_filled(area, 0.0, Color32::from_black_alpha(150));
        }
        caption(ui, call, area, &title, &text);
    }
    if response.has_focus() {
        let stroke = Stroke::new(2.0, ui.visuals().selection.stroke.color);
        ui.painter()
            .rect_stroke(area.shrink(1.0), 0.0, stroke, StrokeKind::Inside);
    }
    sound::frame(ui, tile);
    marks(ui, tile, actions);
    bar::show(ui, tile, like, actions);
}

/// What a double click on a picture, or Enter, does: it alone and all again; with one only, the
/// whole screen.
fn toggle(state: &State, call: &Call) -> Action {
    if state.calls.open.len() == 1 {
        Action::Fullscreen(!state.fullscreen)
    } else if state.calls.alone == Some(call.peer) {
        Action::Alone(None)
    } else {
        Action::Alone(Some(call.peer))
    }
}

/// Why there is no live picture, as a title and a line; nothing while there is one.
fn situation(state: &State, call: &Call) -> Option<(String, String)> {
    let name = name(&call.peer);
    let alone = |title: String| Some((title, String::new()));
    match &call.stage {
        Stage::Waiting => Some((
            words::not_there(&name),
            format!(
                "{} {}",
                why_away(state, call),
                words::starts_later(call.kind)
            ),
        )),
        Stage::Ringing if call.kind == CallKind::Talk => alone(words::calling(&name)),
        Stage::Ringing => alone(words::asking(&name)),
        Stage::Ended(why) => alone(why.clone()),
        Stage::Interrupted(why) => {
            Some((words::COMING_BACK.to_owned(), words::line(why).into_owned()))
        }
        Stage::Live => match &call.far_camera {
            Some((CameraState::Lost, text)) => {
                Some((words::far_lost(&name), words::line(text).into_owned()))
            }
            Some((CameraState::Off, text)) => {
                Some((words::far_off(&name), words::line(text).into_owned()))
            }
            _ if call.shown.is_none() => alone(words::no_picture_yet(&name, call.kind)),
            _ => None,
        },
    }
}

fn why_away(state: &State, call: &Call) -> String {
    let person = state.people.iter().find(|person| person.name == call.peer);
    match person.map(|person| &person.presence) {
        Some(Presence::Away(why)) if !why.is_empty() => format!("{}.", words::line(why)),
        Some(Presence::Refused) => words::SHOWS_OTHER_KEY.to_owned(),
        _ => String::new(),
    }
}

/// Who records and who is heard, over the upper left corner, and the numbers below it.
fn marks(ui: &mut Ui, tile: &Tile<'_>, actions: &mut Vec<Action>) {
    let inside = UiBuilder::new()
        .id(Id::new(("marks", tile.call.peer)))
        .max_rect(tile.area.shrink(8.0));
    ui.scope_builder(inside, |ui| {
        for (on, text) in [
            (tile.call.far_recording, words::RECORDS_YOU),
            (tile.call.recording, words::YOU_RECORD),
        ] {
            if on {
                let dark = Frame::new().fill(Color32::from_black_alpha(190));
                dark.inner_margin(4.0).show(ui, |ui| {
                    ui.horizontal(|ui| {
                        let (dot, _) = ui.allocate_exact_size(Vec2::splat(12.0), Sense::hover());
                        ui.painter().circle_filled(dot.center(), 5.0, theme::RED);
                        ui.label(RichText::new(text).strong().color(theme::RED));
                    });
                });
            }
        }
        sound::marks(ui, tile, actions);
    });
    if tile.state.overlay && !matches!(tile.call.stage, Stage::Ended(_)) {
        overlay::show(ui, tile);
    }
}

fn caption(ui: &mut Ui, call: &Call, area: Rect, title: &str, text: &str) {
    let above = area.with_max_y(area.bottom() - bar::height(area.width()));
    let is_large = above.width() >= LARGE_WORDS.x && above.height() >= LARGE_WORDS.y;
    let room = if is_large {
        Rect::from_center_size(above.center(), vec2(above.width(), 90.0))
    } else {
        // Below one's own picture, which takes much of a small one.
        above.with_min_y(above.top() + above.height() * LOW)
    };
    let inside = UiBuilder::new()
        .id(Id::new(("picture words", call.peer)))
        .max_rect(room.shrink2(vec2(8.0, 0.0)))
        .layout(Layout::top_down(Align::Center));
    ui.scope_builder(inside, |ui| {
        ui.set_clip_rect(above.intersect(ui.clip_rect()));
        let title = RichText::new(title).color(Color32::from_gray(220));
        let text = RichText::new(text).color(Color32::from_gray(180));
        let (title, text) = if is_large {
            (title.heading(), text)
        } else {
            (title.strong(), text.small())
        };
        ui.label(title);
        if !text.is_empty() {
            ui.label(text);
        }
    });
}
