//! The strip over a picture's lower edge: what is known about the picture, and its buttons. Where a
//! picture is narrow, what is known stands above the buttons, and those that find no room go into
//! the menu.

use std::time::Duration;

use egui::{
    Align, Button, Color32, Id, Layout, Rect, Response, RichText, TextStyle, Ui, UiBuilder,
    WidgetInfo, WidgetType, pos2, vec2,
};
use transom::CallKind;

use crate::model::{Action, Call, Dialog, Preferences, Stage, State, name};
use crate::words;

use super::tile::Tile;
use super::{arrivals, calls, sound, theme};

/// Height of the buttons' row.
const ROW: f32 = 34.0;
/// Height of the row of what is known, where it has one of its own.
const LINE: f32 = 22.0;
/// Below this width there is no room for what is known beside the buttons.
pub(super) const NARROW: f32 = 480.0;

/// How often the time of a call is drawn anew.
pub(super) const SECOND: Duration = Duration::from_secs(1);

/// A button, or an entry of the menu where the strip has no room for it.
pub(super) struct Choice {
    /// What it is known by, as its text changes.
    pub(super) place: &'static str,
    pub(super) text: &'static str,
    /// The text that sets the width. A button that keeps its place can be clicked again at once, to
    /// turn the camera off.
    pub(super) widest: &'static str,
    pub(super) keys: &'static str,
    pub(super) action: Action,
}

/// Its height over a picture of that width.
pub(super) fn height(width: f32) -> f32 {
    if width < NARROW { ROW + LINE } else { ROW }
}

pub(super) fn show(ui: &mut Ui, tile: &Tile<'_>, like: Preferences, actions: &mut Vec<Action>) {
    let area = tile.area;
    let top = area.bottom() - height(area.width());
    let strip = Rect::from_min_max(pos2(area.left(), top), area.max);
    ui.painter()
        .rect_filled(strip, 0.0, Color32::from_black_alpha(160));
    let (above, row) = strip.split_top_bottom_at_y(strip.bottom() - ROW);
    let inside = UiBuilder::new()
        .id(Id::new(("picture bar", tile.call.peer)))
        .max_rect(row.shrink2(vec2(8.0, 4.0)))
        .layout(Layout::right_to_left(Align::Center));
    ui.scope_builder(inside, |ui| {
        let mut choices = choices(tile);
        let (kept, name) = fitting(ui, &choices, tile.picture.is_some());
        let rest = choices.split_off(kept);
        for choice in choices {
            if button(ui, tile, &choice).clicked() {
                actions.push(choice.action);
            }
        }
        if tile.picture.is_some() || !rest.is_empty() {
            menu(ui, tile, name, rest, like, actions);
        }
        let line = if area.width() < NARROW {
            Rect::from_min_max(above.min, pos2(above.right(), above.bottom() + 4.0))
                .shrink2(vec2(8.0, 2.0))
        } else {
            ui.available_rect_before_wrap()
        };
        known(ui, tile, line);
    });
}

/// What can be done with our camera in that call. Without one, one's own picture is where it is
/// chosen.
pub(super) fn camera(state: &State, call: &Call) -> (&'static str, Action) {
    let (peer, on) = (call.peer, !call.camera_on);
    match (&state.calls.own.request, on) {
        (None, _) => (words::CHOOSE_CAMERA, Action::ShowOwn(true)),
        (_, true) => (words::CAMERA_ON, Action::ShowCamera { peer, on }),
        (_, false) => (words::CAMERA_OFF, Action::ShowCamera { peer, on }),
    }
}

/// The buttons, the most needed first.
fn choices(tile: &Tile<'_>) -> Vec<Choice> {
    let mut choices = ending(tile.call);
    let call = tile.call;
    choices.extend(sound::choice(tile.state, call));
    if call.is_talk() && matches!(call.stage, Stage::Live | Stage::Interrupted(_)) {
        let (text, action) = camera(tile.state, call);
        choices.push(Choice {
            place: "camera",
            text,
            widest: words::CAMERA_OFF,
            keys: "F8",
            action,
        });
    }
    if tile.only {
        let (text, on) = if tile.state.fullscreen {
            (words::LEAVE_FULL_SCREEN, false)
        } else {
            (words::FULL_SCREEN, true)
        };
        choices.push(Choice {
            place: "screen",
            text,
            widest: text,
            keys: "F11",
            action: Action::Fullscreen(on),
        });
    }
    if call.stage == Stage::Live && call.sound.state.is_some() {
        choices.push(Choice {
            place: "devices",
            text: words::SOUND,
            widest: words::SOUND,
            keys: "",
            action: Action::Open(Dialog::Sound {
                peer: Some(call.peer),
                back: None,
            }),
        });
    }
    choices
}

/// The button that ends the call, in the same place at every stage, and the one that calls again.
fn ending(call: &Call) -> Vec<Choice> {
    let text = match (&call.stage, call.kind) {
        (Stage::Ended(_), _) => words::CLOSE,
        (Stage::Ringing, CallKind::Talk) => words::CANCEL,
        (_, CallKind::Talk) => words::HANG_UP,
        _ => words::STOP_WATCHING,
    };
    let mut choices = vec![Choice {
        place: "end",
        text,
        widest: text,
        keys: "Ctrl+H",
        action: Action::HangUp(call.peer),
    }];
    if let Stage::Ended(_) = call.stage {
        let text = match call.kind {
            CallKind::Talk => words::CALL_AGAIN,
            _ => words::WATCH_AGAIN,
        };
        choices.push(Choice {
            place: "again",
            text,
            widest: text,
            keys: "",
            action: calls::begin(call.peer, call.kind),
        });
    }
    choices
}

/// How many of the buttons have room, and what the menu is called in what is left of it.
fn fitting(ui: &Ui, choices: &[Choice], has_menu: bool) -> (usize, &'static str) {
    let room = ui.available_width();
    let widths: Vec<f32> = choices.iter().map(|one| width(ui, one.widest)).collect();
    if !has_menu && widths.iter().sum::<f32>() <= room {
        return (choices.len(), words::MORE);
    }
    let first = widths.first().copied().unwrap_or_default();
    let name = if width(ui, words::MORE) + first <= room {
        words::MORE
    } else {
        words::MORE_SHORT
    };
    let mut left = room - width(ui, name);
    let fits = widths.iter().take_while(|width| {
        left -= **width;
        left >= 0.0
    });
    (fits.count(), name)
}

/// What a button with that text takes, with the room to the next.
fn width(ui: &Ui, text: &str) -> f32 {
    let font = TextStyle::Button.resolve(ui.style());
    let drawn = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font, Color32::WHITE);
    let spacing = ui.spacing();
    drawn.size().x + 2.0 * spacing.button_padding.x + spacing.item_spacing.x
}

/// What is known about the picture.
fn known(ui: &mut Ui, tile: &Tile<'_>, line: Rect) {
    let call = tile.call;
    let rest = UiBuilder::new()
        .id(Id::new(("facts", call.peer)))
        .max_rect(line)
        .layout(Layout::left_to_right(Align::Center));
    ui.scope_builder(rest, |ui| {
        let facts = RichText::new(facts(ui, tile)).color(Color32::WHITE);
        ui.add(egui::Label::new(facts).truncate());
        if let Some(trouble) = &call.trouble {
            let text = words::broken(trouble);
            ui.add(egui::Label::new(RichText::new(text).color(theme::ALARM)).truncate());
        }
    });
}

/// Everything one can do with the picture, below the buttons that found no room.
fn menu(
    ui: &mut Ui,
    tile: &Tile<'_>,
    title: &str,
    rest: Vec<Choice>,
    like: Preferences,
    actions: &mut Vec<Action>,
) {
    let own = UiBuilder::new().id(Id::new(("menu", tile.call.peer)));
    let shown = ui.scope_builder(own, |ui| {
        let menu = ui.menu_button(title, |ui| {
            for choice in rest {
                entry(ui, choice.text, choice.keys, choice.action, actions);
            }
            if tile.picture.is_some() {
                entries(ui, tile, like, actions);
            }
        });
        menu.response
    });
    tell(&shown.inner, tile, words::MORE);
}

fn entries(ui: &mut Ui, tile: &Tile<'_>, like: Preferences, actions: &mut Vec<Action>) {
    let (call, peer) = (tile.call, tile.call.peer);
    let snapshot = Action::Snapshot(peer);
    entry(ui, words::SNAPSHOT, "Ctrl+S", snapshot, actions);
    let on = !call.recording;
    let record = if on {
        words::RECORD
    } else {
        words::STOP_RECORDING
    };
    entry(ui, record, "Ctrl+E", Action::Record { peer, on }, actions);
    ui.separator();
    for (text, keys, preferences) in changes(like) {
        let prefer = Action::Prefer { peer, preferences };
        entry(ui, text, keys, prefer, actions);
    }
    if tile.state.calls.open.len() > 1 {
        ui.separator();
        let (text, alone) = match tile.state.calls.alone {
            Some(_) => (words::ALL, None),
            None => (words::ALONE, Some(peer)),
        };
        entry(ui, text, "Enter", Action::Alone(alone), actions);
    }
}

fn entry(ui: &mut Ui, text: &str, keys: &str, action: Action, actions: &mut Vec<Action>) {
    if ui.add(Button::new(text).shortcut_text(keys)).clicked() {
        actions.push(action);
    }
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
        (words::MIRROR, "Ctrl+R", mirrored),
        (words::FILL, "Ctrl+G", filled),
    ]
}

/// A button that is known by its place, so that it keeps the keyboard when others come and its text
/// changes.
fn button(ui: &mut Ui, tile: &Tile<'_>, choice: &Choice) -> Response {
    let id = (choice.place, tile.call.peer);
    let own = UiBuilder::new().id(Id::new(id));
    let least = width(ui, choice.widest) - ui.spacing().item_spacing.x;
    let button = Button::new(choice.text).min_size(vec2(least, 0.0));
    let response = ui.scope_builder(own, |ui| ui.add(button)).inner;
    arrivals::place(ui, ("bar", id), response.rect);
    if !tile.only {
        tell(&response, tile, choice.text);
    }
    if choice.keys.is_empty() {
        response
    } else {
        response.on_hover_text(choice.keys)
    }
}

/// With several pictures on the screen, each button's name says whose it is.
fn tell(response: &Response, tile: &Tile<'_>, text: &str) {
    let told = if tile.only {
        text.to_owned()
    } else {
        words::of(text, &name(&tile.call.peer))
    };
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, told.as_str()));
}

/// `door  0:07  1280x720  30 fps  12 ms  2 broken`; nothing of an ended call.
fn facts(ui: &Ui, tile: &Tile<'_>) -> String {
    let call = tile.call;
    if let Stage::Ended(_) = call.stage {
        return String::new();
    }
    let mut facts = vec![name(&call.peer)];
    if let Some(since) = call.since.filter(|_| call.is_talk()) {
        facts.push(words::duration(tile.state.now.saturating_sub(since)));
        ui.ctx().request_repaint_after(SECOND);
    }
    if let Some(shown) = call.shown {
        facts.push(words::size(shown.width, shown.height));
        // No picture comes while the connection is lost.
        if call.stage == Stage::Live {
            facts.push(words::fps(shown.rate));
            let latency = shown.latency.map(|latency| latency.as_millis());
            facts.extend(latency.map(words::millis));
        }
    }
    if call.broken > 0 {
        facts.push(words::broken_count(call.broken));
    }
    facts.join("  ")
}
