//! One call's place on the screen: its picture, or words for why there is none, what is known about it, and its buttons.

use egui::{
    Align, Button, Color32, Frame, Id, Layout, Rect, Response, RichText, Sense, Stroke, StrokeKind,
    Ui, UiBuilder, Vec2, WidgetInfo, WidgetType, pos2, vec2,
};
use transom::{CallKind, Lens};
use transom_users::escape;

use crate::model::{Action, Call, Face, Preferences, Presence, Stage, State, name};
use crate::words;

use super::paint::{Picture, paint};
use super::{Draft, calls, overlay, theme};

/// Height of the strip with the buttons.
const BAR: f32 = 34.0;
/// Below this width a tile has no room for what is known beside its buttons.
const NARROW: f32 = 430.0;

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
    let response = ui.interact(area, Id::new(("picture", call.peer)), Sense::click());
    response
        .widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, words::picture_of(&name)));
    // A click of the mouse only chooses; by the keyboard, or a reader of screens, it is what a double click is.
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
    marks(ui, tile);
    bar(ui, tile, like, actions);
}

/// What a double click on a picture, or Enter, does: it alone and all again; with one only, the whole screen.
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
        Stage::Ended(why) => alone(words::ended(&name, why)),
        Stage::Interrupted(why) => Some((words::COMING_BACK.to_owned(), escape(why).into_owned())),
        Stage::Live => match &call.far_camera {
            Some((Lens::Lost, text)) => Some((words::far_lost(&name), escape(text).into_owned())),
            Some((Lens::Off, text)) => Some((words::far_off(&name), escape(text).into_owned())),
            _ if call.shown.is_none() => alone(words::no_picture_yet(&name, call.kind)),
            _ => None,
        },
    }
}

fn why_away(state: &State, call: &Call) -> String {
    let person = state.people.iter().find(|person| person.name == call.peer);
    match person.map(|person| &person.presence) {
        Some(Presence::Away(why)) if !why.is_empty() => format!("{}.", escape(why)),
        Some(Presence::Refused) => words::SHOWS_OTHER_KEY.to_owned(),
        _ => String::new(),
    }
}

/// Who records, and the numbers, over the upper left corner.
fn marks(ui: &mut Ui, tile: &Tile<'_>) {
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
        if tile.state.overlay {
            overlay::show(ui, tile.state, tile.call);
        }
    });
}

/// What is known about the picture, and buttons, over its lower edge.
fn bar(ui: &mut Ui, tile: &Tile<'_>, like: Preferences, actions: &mut Vec<Action>) {
    let (call, area) = (tile.call, tile.area);
    let strip = Rect::from_min_max(pos2(area.left(), area.bottom() - BAR), area.max);
    ui.painter()
        .rect_filled(strip, 0.0, Color32::from_black_alpha(160));
    let inside = UiBuilder::new()
        .id(Id::new(("picture bar", call.peer)))
        .max_rect(strip.shrink2(vec2(8.0, 4.0)))
        .layout(Layout::right_to_left(Align::Center));
    ui.scope_builder(inside, |ui| {
        ending(ui, tile, actions);
        if call.is_talk() && matches!(call.stage, Stage::Live | Stage::Interrupted(_)) {
            let (text, on) = if call.camera_on {
                (words::CAMERA_OFF, false)
            } else {
                (words::CAMERA_ON, true)
            };
            if button(ui, tile, "camera", text)
                .on_hover_text("F8")
                .clicked()
            {
                let peer = call.peer;
                actions.push(Action::ShowCamera { peer, on });
            }
        }
        if tile.only {
            let (text, on) = if tile.state.fullscreen {
                (words::LEAVE_FULL_SCREEN, false)
            } else {
                (words::FULL_SCREEN, true)
            };
            if button(ui, tile, "screen", text)
                .on_hover_text("F11")
                .clicked()
            {
                actions.push(Action::Fullscreen(on));
            }
        }
        if tile.picture.is_some() {
            menu(ui, tile, like, actions);
        }
        let rest = UiBuilder::new()
            .id(Id::new(("facts", call.peer)))
            .max_rect(ui.available_rect_before_wrap())
            .layout(Layout::left_to_right(Align::Center));
        ui.scope_builder(rest, |ui| {
            let facts = facts(call, area.width() < NARROW);
            ui.add(egui::Label::new(RichText::new(facts).color(Color32::WHITE)).truncate());
            if let Some(trouble) = &call.trouble {
                let text = words::broken(trouble);
                ui.add(egui::Label::new(RichText::new(text).color(theme::ALARM)).truncate());
            }
        });
    });
}

/// The buttons that end it, or begin it again.
fn ending(ui: &mut Ui, tile: &Tile<'_>, actions: &mut Vec<Action>) {
    let call = tile.call;
    let text = match (&call.stage, call.kind) {
        (Stage::Ended(_), kind) => {
            let again = if kind == CallKind::Talk {
                words::CALL_AGAIN
            } else {
                words::WATCH_AGAIN
            };
            if button(ui, tile, "again", again).clicked() {
                actions.push(calls::begin(call.peer, kind));
            }
            words::CLOSE
        }
        (Stage::Ringing, CallKind::Talk) => words::CANCEL,
        (_, CallKind::Talk) => words::HANG_UP,
        _ => words::STOP_WATCHING,
    };
    if button(ui, tile, "end", text)
        .on_hover_text("Ctrl+H")
        .clicked()
    {
        actions.push(Action::HangUp(call.peer));
    }
}

/// Everything one can do with the picture.
fn menu(ui: &mut Ui, tile: &Tile<'_>, like: Preferences, actions: &mut Vec<Action>) {
    let own = UiBuilder::new().id(Id::new(("menu", tile.call.peer)));
    let shown = ui.scope_builder(own, |ui| entries(ui, tile, like, actions));
    tell(&shown.inner, tile, words::MORE);
}

fn entries(ui: &mut Ui, tile: &Tile<'_>, like: Preferences, actions: &mut Vec<Action>) -> Response {
    let (call, peer) = (tile.call, tile.call.peer);
    let shown = ui.menu_button(words::MORE, |ui| {
        let mut entry = |ui: &mut Ui, text, keys: &str, action| {
            if ui.add(Button::new(text).shortcut_text(keys)).clicked() {
                actions.push(action);
            }
        };
        entry(ui, words::SNAPSHOT, "Ctrl+S", Action::Snapshot(peer));
        let on = !call.recording;
        let record = if on {
            words::RECORD
        } else {
            words::STOP_RECORDING
        };
        entry(ui, record, "Ctrl+E", Action::Record { peer, on });
        ui.separator();
        for (text, keys, preferences) in changes(like) {
            entry(ui, text, keys, Action::Prefer { peer, preferences });
        }
        if tile.state.calls.open.len() > 1 {
            ui.separator();
            let (text, alone) = match tile.state.calls.alone {
                Some(_) => (words::ALL, None),
                None => (words::ALONE, Some(peer)),
            };
            entry(ui, text, "Enter", Action::Alone(alone));
        }
    });
    shown.response
}

/// The ways to see a picture otherwise than now.
pub(super) fn changes(like: Preferences) -> [(&'static str, &'static str, Preferences); 3] {
    let turned = Preferences {
        rotate: (like.rotate + 1) % 4,
        ..like
    };
    let mirrored = Preferences {
        mirror: !like.mirror,
        ..like
    };
    let filled = Preferences {
        fill: !like.fill,
        ..like
    };
    [
        (words::TURN, "Ctrl+T", turned),
        (words::MIRROR, "Ctrl+M", mirrored),
        (words::FILL, "Ctrl+G", filled),
    ]
}

/// A button that is known by its place, so that it keeps the keyboard when others come and its text changes.
fn button(ui: &mut Ui, tile: &Tile<'_>, place: &str, text: &str) -> Response {
    let own = UiBuilder::new().id(Id::new((place, tile.call.peer)));
    let response = ui.scope_builder(own, |ui| ui.button(text)).inner;
    tell(&response, tile, text);
    response
}

/// With several pictures on the screen, each button's name says whose it is.
fn tell(response: &Response, tile: &Tile<'_>, text: &str) {
    if !tile.only {
        let told = words::of(text, &name(&tile.call.peer));
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, told.as_str()));
    }
}

/// `door  1280x720  30 fps  12 ms  2 broken`.
fn facts(call: &Call, short: bool) -> String {
    let mut facts = vec![name(&call.peer)];
    if let Some(shown) = call.shown.filter(|_| !short) {
        facts.push(words::size(shown.width, shown.height));
        facts.push(words::fps(shown.rate));
        facts.extend(
            shown
                .latency
                .map(|latency| words::millis(latency.as_millis())),
        );
    }
    if call.broken > 0 {
        facts.push(words::broken_count(call.broken));
    }
    facts.join("  ")
}

fn caption(ui: &mut Ui, call: &Call, area: Rect, title: &str, text: &str) {
    let size = vec2(area.width() - 40.0, 90.0).max(Vec2::ZERO);
    let inside = UiBuilder::new()
        .id(Id::new(("picture words", call.peer)))
        .max_rect(Rect::from_center_size(area.center(), size))
        .layout(Layout::top_down(Align::Center));
    ui.scope_builder(inside, |ui| {
        ui.label(
            RichText::new(title)
                .heading()
                .color(Color32::from_gray(220)),
        );
        if !text.is_empty() {
            ui.label(RichText::new(text).color(Color32::from_gray(180)));
        }
    });
}
