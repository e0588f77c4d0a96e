//! The menu over the bar, with everything that is needed seldom, and beside it the panel of the
//! camera or of the sound.

use egui::{Align2, Key, Popup, Rect, ScrollArea, Sense, Ui, Vec2, pos2, vec2};
use transom::media::{Device, Source};

use crate::model::{Action, Call, Preferences, State, source_of};
use crate::words;

use super::super::kit::{self, icons, menu, text};
use super::super::theme::{Type, tokens};
use super::{Draft, Frame, sound};

/// A panel beside the menu.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::ui) enum Side {
    Camera,
    Sound,
}

/// The menu of a call: whether it is open, and with which panel.
#[derive(Debug, Default)]
pub(in crate::ui) struct More {
    open: Option<Option<Side>>,
    /// In egui's seconds: what opened it is no click beside it.
    since: f64,
}

/// Width of the menu and of a panel.
const MENU: f32 = 272.0;
const PANEL: f32 = 304.0;
const GAP: f32 = 16.0;
/// The sizes to choose from: what every camera has up to what a fast network carries.
const SIZES: [(u16, u16); 4] = [(640, 480), (1280, 720), (1920, 1080), (320, 240)];

impl More {
    pub(in crate::ui) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(in crate::ui) fn toggle(&mut self, ui: &Ui) {
        match self.open.take() {
            Some(_) => self.close(),
            None => self.set(ui, None),
        }
    }

    /// Opens it with that panel.
    pub(in crate::ui) fn open(&mut self, ui: &Ui, side: Side) {
        self.set(ui, Some(side));
    }

    /// Opens it with the choice of cameras.
    pub(in crate::ui) fn open_cameras(&mut self, ui: &Ui) {
        self.set(ui, Some(Side::Camera));
    }

    pub(in crate::ui) fn close(&mut self) {
        *self = Self::default();
    }

    fn set(&mut self, ui: &Ui, side: Option<Side>) {
        self.open = Some(side);
        self.since = ui.input(|input| input.time);
    }
}

/// The ways to see a picture otherwise than now, with the keys that do it.
pub(in crate::ui) fn changes(
    call: &Call,
    like: Preferences,
) -> [(Key, &'static str, Preferences); 3] {
    let fills = like.fill != call.is_talk();
    let fill = match fills {
        true => words::SHOW_WHOLE,
        false => words::FILL_WINDOW,
    };
    let rotate = (like.rotate + 1) % 4;
    let (mirror, filled) = (!like.mirror, !like.fill);
    [
        (
            Key::G,
            fill,
            Preferences {
                fill: filled,
                ..like
            },
        ),
        (Key::T, words::TURN, Preferences { rotate, ..like }),
        (Key::M, words::MIRROR, Preferences { mirror, ..like }),
    ]
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    frame: &Frame,
    state: &State,
    call: &Call,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let Some(side) = draft.more.open else { return };
    let mut next = Some(side);
    let mut covers = Vec::new();
    let bottom = frame.bar.top() - 11.0;
    let both = MENU + GAP + PANEL + 4.0 * GAP;
    let has_room_for_both = frame.room.width() > both;
    let right = frame.room.right() - 20.0;
    // The menu is over its button, unless the panel beside it needs that room.
    let over = frame.bar.right() - 15.0;
    let menu_right = match has_room_for_both {
        true => over.min(right - PANEL - 40.0 - GAP),
        false => right.min(frame.room.center().x + MENU / 2.0 + 8.0),
    };
    if has_room_for_both || side.is_none() {
        let at = pos2(menu_right, bottom);
        let shown = card(ui, "more", at, MENU, |ui| {
            next = entries(ui, state, call, side, actions);
        });
        covers.push(shown);
    }
    if let Some(side) = side {
        let left = match has_room_for_both {
            true => menu_right + GAP,
            false => frame.room.center().x - PANEL / 2.0 - 20.0,
        };
        let at = pos2(left + PANEL + 40.0, bottom);
        let shown = card(ui, "more side", at, PANEL + 24.0, |ui| match side {
            Side::Camera => camera(ui, state, actions),
            Side::Sound => sound::panel(ui, state, Some(call.peer), actions),
        });
        covers.push(shown);
    }
    if side != Some(Side::Sound) && next == Some(Some(Side::Sound)) {
        actions.push(Action::ListSounds);
    }
    if side != Some(Side::Camera) && next == Some(Some(Side::Camera)) {
        actions.push(Action::ListCameras);
    }
    if is_left(ui, &draft.more, &covers, frame) {
        next = None;
    }
    if next != Some(Some(Side::Sound)) && state.sound.hears_itself {
        actions.push(Action::HearYourself(false));
    }
    draft.more.open = next;
}

/// Whether a press beside it, or Esc, puts it away.
fn is_left(ui: &Ui, more: &More, covers: &[Rect], frame: &Frame) -> bool {
    if Popup::is_any_open(ui.ctx()) {
        return false;
    }
    if ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Escape)) {
        return true;
    }
    let now = ui.input(|input| input.time);
    let pressed = ui.input(|input| {
        let at = input
            .pointer
            .interact_pos()
            .filter(|_| input.pointer.any_pressed());
        at.filter(|_| now > more.since)
    });
    let inside =
        |at: egui::Pos2| frame.bar.contains(at) || covers.iter().any(|rect| rect.contains(at));
    pressed.is_some_and(|at| !inside(at))
}

/// A card whose lower right corner is there. Gives back what it covers.
fn card(ui: &Ui, id: &str, at: egui::Pos2, width: f32, add: impl FnOnce(&mut Ui)) -> Rect {
    let shown = kit::float(id)
        .pivot(Align2::RIGHT_BOTTOM)
        .fixed_pos(at)
        .show(ui.ctx(), |ui| {
            kit::floating(ui, 16, 8).show(ui, |ui| {
                ui.set_width(width);
                ui.spacing_mut().item_spacing = Vec2::ZERO;
                let room = at.y - 32.0;
                ScrollArea::vertical()
                    .max_height(room.max(80.0))
                    .min_scrolled_height(room.max(80.0))
                    .show(ui, add);
            });
        });
    shown.response.rect
}

/// The entries. Gives back what is open after this frame.
fn entries(
    ui: &mut Ui,
    state: &State,
    call: &Call,
    side: Option<Side>,
    actions: &mut Vec<Action>,
) -> Option<Option<Side>> {
    let mut next = Some(side);
    let camera = state.calls.own.request.as_ref();
    let camera = camera.map_or(words::NO_CAMERA.to_owned(), |request| {
        words::short(&words::source(&request.source, state), 18)
    });
    let is_open = |panel| side == Some(panel);
    let entry = menu::sub(
        ui,
        icons::WEBCAM,
        words::CAMERA,
        &camera,
        is_open(Side::Camera),
    );
    if entry.clicked() {
        next = Some(Some(Side::Camera).filter(|_| !is_open(Side::Camera)));
    }
    let entry = menu::sub(
        ui,
        icons::SPEAKER_HIGH,
        words::SOUND,
        "",
        is_open(Side::Sound),
    );
    if entry.clicked() {
        next = Some(Some(Side::Sound).filter(|_| !is_open(Side::Sound)));
    }
    if picture(ui, state, call, actions) {
        next = None;
    }
    ui.add_space(8.0);
    menu::line(ui);
    ui.add_space(8.0);
    if menu::entry(ui, Some(icons::CHART_LINE), words::NUMBERS, "F3").clicked() {
        actions.push(Action::Overlay(!state.overlay));
        next = None;
    }
    next
}

/// What is done with the picture of the call; whether something was.
pub(in crate::ui) fn picture(
    ui: &mut Ui,
    state: &State,
    call: &Call,
    actions: &mut Vec<Action>,
) -> bool {
    let peer = call.peer;
    if call.shown.is_none() {
        return false;
    }
    let before = actions.len();
    ui.add_space(8.0);
    menu::line(ui);
    ui.add_space(8.0);
    let icons = [
        icons::ARROWS_OUT,
        icons::ARROW_CLOCKWISE,
        icons::FLIP_HORIZONTAL,
    ];
    let like = state.preferences(peer);
    for (icon, (key, words, preferences)) in icons.into_iter().zip(changes(call, like)) {
        let keys = format!("Ctrl+{}", key.name());
        if menu::entry(ui, Some(icon), words, &keys).clicked() {
            actions.push(Action::Prefer { peer, preferences });
        }
    }
    if menu::entry(ui, Some(icons::CAMERA), words::SAVE_PICTURE, "Ctrl+S").clicked() {
        actions.push(Action::Snapshot(peer));
    }
    let on = !call.recording;
    let words = if on {
        words::RECORD
    } else {
        words::STOP_RECORDING
    };
    if menu::entry(ui, Some(icons::RECORD), words, "Ctrl+E").clicked() {
        actions.push(Action::Record { peer, on });
    }
    actions.len() > before
}

/// The list of cameras and sizes.
fn camera(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let own = &state.calls.own;
    title(ui, words::CAMERA);
    let mut entry = |ui: &mut Ui, chosen: bool, text: &str, request| {
        if menu::choice(ui, chosen, text).clicked() && !chosen {
            actions.push(Action::SetCamera(request));
        }
    };
    let source = own.request.as_ref().map(|request| &request.source);
    entry(ui, source.is_none(), words::NO_CAMERA, None);
    let is_auto = source == Some(&Source::Auto);
    entry(
        ui,
        is_auto,
        words::FIRST_CAMERA,
        Some(own.with_source(Source::Auto)),
    );
    // A film, say, or the test pattern, as the settings or the command line want it.
    if let Some(other) = source.filter(|source| !is_auto && !own.is_listed(source)) {
        let request = own.with_source(other.clone());
        entry(ui, true, &words::line(&other.to_string()), Some(request));
    }
    for device in own.devices.iter().flatten() {
        let this = source_of(device);
        let chosen = source == Some(&this);
        entry(
            ui,
            chosen,
            &device_title(device),
            Some(own.with_source(this)),
        );
        if let Some(problem) = &device.problem {
            note(ui, &words::line(&problem.to_string()));
        }
    }
    match &own.devices {
        None => note(ui, words::LOOKING),
        Some(devices) if devices.is_empty() => note(ui, words::NO_CAMERA_FOUND),
        Some(_) => {}
    }
    if own.request.is_none() {
        return;
    }
    ui.add_space(8.0);
    menu::line(ui);
    ui.add_space(8.0);
    let size = own.request.as_ref().and_then(|request| request.size);
    entry(
        ui,
        size.is_none(),
        words::USUAL_SIZE,
        Some(own.with_size(None)),
    );
    for one in SIZES {
        let text = words::size(usize::from(one.0), usize::from(one.1));
        entry(ui, size == Some(one), &text, Some(own.with_size(Some(one))));
    }
}

fn device_title(device: &Device) -> String {
    words::line(&device.name).into_owned()
}

pub(super) fn title(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 38.0), Sense::hover());
    let left = row.left_center() + vec2(12.0, 0.0);
    let shown = text::cut(
        ui.painter(),
        left,
        row.width() - 24.0,
        words,
        Type::Heading,
        t.text,
    );
    text::say(ui, shown, words);
}

/// A remark in a panel.
pub(super) fn note(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.horizontal_wrapped(|ui| {
        ui.add_space(42.0);
        ui.label(text::rich(words, Type::Small, t.soft));
    });
}
