//! A call from edge to edge: the picture, and over it what is known and can be done. The controls
//! hide themselves some seconds after they were last needed.

mod away;
mod bar;
mod chip;
mod corner;
mod hide;
mod hints;
mod more;
mod numbers;
mod own;
mod sound;

use egui::{Color32, Id, Painter, Pos2, Rect, Ui, UiBuilder, pos2, vec2};
use transom::CameraState;

use crate::model::{Action, Call, Face, OwnSound, Stage, State, name};
use crate::words;

use super::album::Album;
use super::kit::{self, Drawing, text, within};
use super::theme::{OVER_SOFT, STAGE, Type, shade};
use super::{Draft, Layout, guard};

pub(super) use away::{colour, mirrored};
pub(super) use bar::{Bar, Item, chat, screen};
pub(super) use chip::{chips, list_button, warnings};
pub(super) use corner::show as corners;
pub(super) use hide::Hiding;
pub(super) use hints::Hint;
pub(super) use more::{More, changes, show as more};
pub(super) use numbers::{brief, panel as numbers};
pub(super) use sound::{microphones, share as level_share, speakers, volume};

/// Where the parts of a call are. None of them lies over another.
pub(super) struct Frame {
    /// The part of the picture that no pane covers.
    pub(super) room: Rect,
    /// Whether the list and a page have no room beside each other.
    pub(super) is_narrow: bool,
    /// Whether there is plenty of room.
    pub(super) is_wide: bool,
    /// Whether the list is beside the picture.
    pub(super) has_list: bool,
    /// Whether the buttons of the bar have no words below them.
    pub(super) is_bare: bool,
    /// The bar at the lower edge, whether it is shown or not.
    pub(super) bar: Rect,
    /// What has its place already: chips, numbers and the hint.
    pub(super) covers: Vec<Rect>,
}

/// Room to the edges, and between the chips and what is below them.
const MARGIN: f32 = 16.0;
const BELOW_CHIPS: f32 = 12.0;

impl Frame {
    pub(super) fn new(room: Rect, layout: Layout, bar: &Bar<'_>) -> Self {
        let Layout {
            is_narrow,
            is_wide,
            has_list,
            ..
        } = layout;
        let captioned = bar.rect(room, false);
        let is_bare = is_narrow || captioned.width() > room.width() - 2.0 * MARGIN;
        Self {
            room,
            is_narrow,
            is_wide,
            has_list,
            is_bare,
            bar: bar.rect(room, is_bare),
            covers: Vec::new(),
        }
    }

    /// The upper left corner of what comes below the chips: below one row of them, or below more.
    fn below_chips(&self) -> Pos2 {
        let one_row = self.room.top() + MARGIN + chip::HEIGHT;
        let lowest = self.covers.iter().map(|rect| rect.bottom());
        let bottom = lowest.fold(one_row, f32::max);
        pos2(self.room.left() + MARGIN, bottom + BELOW_CHIPS)
    }
}

/// The picture takes the whole room; controls and words only the part that is clear of panes.
pub(super) fn show(
    ui: &mut Ui,
    (room, clear): (Rect, Rect),
    state: &State,
    call: &Call,
    album: &Album,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let place = UiBuilder::new()
        .id(Id::new(("call", call.peer)))
        .max_rect(room);
    within(ui, place, |ui| {
        ui.set_clip_rect(room);
        if let Stage::Ended(ending) = &call.stage {
            away::colour(ui, room, state, call);
            return away::ended(ui, clear, state, call, ending, actions);
        }
        let picture = kit::area(
            ui,
            room,
            Id::new(("picture", call.peer)),
            &words::picture_of(&name(&call.peer), call.sound.speaks),
        );
        guard::place(ui, ("picture", call.peer), room);
        if picture.double_clicked() {
            actions.push(Action::Fullscreen(!state.fullscreen));
        }
        ground(ui, room, state, call, album, draft);
        let bar = bar::of_call(state, call, draft);
        let mut frame = Frame::new(clear, draft.layout, &bar);
        let is_shown = draft.hiding.shows(ui, needs_controls(state, call, draft));
        if is_shown {
            scrims(ui, room);
        }
        away::words(ui, &frame, state, call);
        chips(ui, &mut frame, state, call, is_shown, actions);
        if state.overlay {
            numbers(ui, &mut frame, state, call);
        }
        let hint = Hint::of(ui, &frame, state, call, draft);
        frame.covers.extend(hint.as_ref().map(|hint| hint.rect));
        // While it rings, our picture is the large one.
        let is_large = !is_answered(call) && call.camera_on;
        if !is_large {
            own::show(ui, &frame, state, album, draft, actions);
        }
        if is_shown {
            let at = bar.show(ui, &frame, draft, actions);
            guard::place(ui, ("bar", call.peer), at);
        }
        if let Some(hint) = hint {
            hint.show(ui, draft);
        }
        more(ui, &frame, state, call, draft, actions);
        if picture.has_focus() {
            kit::focus_ring_over(ui, &picture, room.shrink(6.0), 0);
        }
    });
}

/// Whether the other side took the call.
pub(super) fn is_answered(call: &Call) -> bool {
    !matches!(call.stage, Stage::Waiting | Stage::Ringing)
}

/// What keeps the controls on the screen, other than a hand on mouse or keys.
fn needs_controls(state: &State, call: &Call, draft: &Draft) -> bool {
    let is_lost = matches!(state.own_sound(call), OwnSound::Lost(_));
    let is_trouble = is_lost || state.speaks_muted();
    is_trouble || call.stage != Stage::Live || draft.more.is_open() || state.view.chat
}

/// The picture, what stands for it, or what is left of it.
fn ground(ui: &Ui, room: Rect, state: &State, call: &Call, album: &Album, draft: &mut Draft) {
    let (face, p) = (Face::Peer(call.peer), ui.painter());
    let like = state.preferences(call.peer);
    let live = album.live(face).filter(|_| state.has_picture(face));
    match (&call.stage, live) {
        (Stage::Live, Some(picture)) if shows_picture(call) => {
            let how = match like.fill != call.is_talk() {
                true => Drawing::filling(like),
                false => Drawing::whole(like),
            };
            kit::around(p, room, &[how.place(picture, room)], |p| {
                backdrop(p, room, face, like, album);
            });
            let drawn = kit::draw(p, picture, how, room);
            draft.sizes.push((face, drawn));
        }
        (Stage::Interrupted(_), _) => backdrop(p, room, face, like, album),
        (Stage::Waiting | Stage::Ringing, _) => away::calling(ui, room, state, call, album, draft),
        _ => away::colour(ui, room, state, call),
    }
}

/// Whether the far camera gives the picture that is on the screen.
fn shows_picture(call: &Call) -> bool {
    let camera = call.far_camera.as_ref().map(|(state, _)| *state);
    !matches!(camera, Some(CameraState::Off | CameraState::Lost))
}

/// The picture so blurred and dark that it is a ground for the picture itself, or for words.
pub(super) fn backdrop(
    p: &Painter,
    room: Rect,
    face: Face,
    like: crate::model::Preferences,
    album: &Album,
) {
    match album.backdrop(face) {
        Some(picture) => {
            let how = Drawing::filling(like).tint(Color32::from_gray(108));
            kit::draw(p, picture, how, room);
        }
        None => drop(p.rect_filled(room, 0.0, STAGE)),
    }
}

/// Darker at the upper and lower edge, so that white is read on any picture.
pub(super) fn scrims(ui: &Ui, room: Rect) {
    let p = ui.painter();
    let upper = Rect::from_min_size(room.min, vec2(room.width(), 112.0));
    kit::scrim(p, upper, shade(0.55), shade(0.0));
    let lower = room.with_min_y(room.bottom() - 168.0);
    kit::scrim(p, lower, shade(0.0), shade(0.62));
}

/// A title and a line below it, in the middle of a picture.
pub(super) fn centred(ui: &Ui, at: egui::Pos2, width: f32, title: &str, line: &str) {
    let p = ui.painter();
    let middle = egui::Align::Center;
    let shown = text::wrap(p, at, width, title, Type::Title, Color32::WHITE, middle);
    text::announce(ui, shown, title);
    if !line.is_empty() {
        let below = pos2(at.x, shown.bottom() + 4.0);
        let shown = text::wrap(p, below, width, line, Type::Body, OVER_SOFT, middle);
        text::say(ui, shown, line);
    }
}
