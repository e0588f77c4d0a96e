//! Every screen and flow without a display: clicks by name, typing, and pictures that a person
//! looked at beside the design.

mod arrivals;
mod calls;
mod cameras;
mod devices;
mod drafts;
mod idle;
mod kit;
mod layout;
mod lists;
mod looks;
mod motion;
mod page;
mod pairing;
mod people;
mod programs;
mod scenes;
mod sound;
mod things;

use std::panic::{AssertUnwindSafe, catch_unwind};

use egui::accesskit::Role;
use egui::{DroppedFile, Key, Modifiers, Vec2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, SnapshotOptions, SnapshotResults};
use transom::{CameraState, Notice, Outcome, Phase, PublicKey, Shape};

use crate::model::tests::{Ids, joined, joined_as, left, peer, shown, started, status, two_boxes};
use crate::model::{Action, State, Warning};
use crate::words;

use things::offer;

use super::*;

/// The screen as a program of its own.
pub(super) struct App {
    pub(super) state: State,
    pub(super) draft: Draft,
    pub(super) album: Album,
    actions: Vec<Action>,
    /// egui's fonts are there from the second frame on.
    is_prepared: bool,
}

pub(super) type Screen = Harness<'static, App>;

/// The sizes that every screen is looked at in.
pub(super) const DESK: Vec2 = vec2(1200.0, 760.0);
pub(super) const PHONE: Vec2 = vec2(480.0, 760.0);
pub(super) const LEAST: Vec2 = vec2(360.0, 640.0);

pub(super) fn open(state: State) -> Screen {
    open_as_large(state, DESK)
}

pub(super) fn open_as_large(state: State, size: Vec2) -> Screen {
    let mut screen = Harness::builder()
        .with_size(size)
        // What opens and grows settles within some frames, and then there are no more.
        .with_max_steps(16)
        .build_ui_state(frame, App::new(state));
    screen.run();
    screen
}

fn frame(ui: &mut Ui, app: &mut App) {
    if !app.is_prepared {
        prepare(ui.ctx());
        colour(ui.ctx(), app.state.config.theme);
        app.is_prepared = true;
        return ui.ctx().request_repaint();
    }
    let actions = screen(ui, &app.state, &mut app.draft, &app.album);
    for action in &actions {
        app.state.act(action);
        if let Action::SaveSettings(config) = action {
            // As the keeper does.
            app.state.config = (**config).clone();
        }
    }
    if !actions.is_empty() {
        // As the shell does.
        ui.ctx().request_repaint();
    }
    app.actions.extend(actions);
}

impl App {
    pub(super) fn new(state: State) -> Self {
        Self {
            state,
            draft: Draft::default(),
            album: Album::default(),
            actions: Vec::new(),
            is_prepared: false,
        }
    }

    pub(super) fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }
}

/// Longer than anything new is deaf.
pub(super) fn pass(screen: &mut Screen) {
    // A person who looks at the screen has moved the mouse.
    screen.state_mut().draft.hiding.wake();
    screen.run_steps(8);
}

/// As a person clicks who has seen what is there.
pub(super) fn click(screen: &mut Screen, label: &str) -> Vec<Action> {
    pass(screen);
    screen.get_by_label(label).click();
    screen.run();
    screen.state_mut().take()
}

pub(super) fn press(screen: &mut Screen, modifiers: Modifiers, key: Key) -> Vec<Action> {
    screen.key_press_modifiers(modifiers, key);
    screen.run();
    screen.state_mut().take()
}

pub(super) fn fill(screen: &mut Screen, field: &str, text: &str) {
    let field = screen.get_by_role_and_label(Role::TextInput, field);
    field.focus();
    field.type_text(text);
    screen.run();
}

/// Compares with the stored picture, where there is something to draw with.
pub(super) fn snapshot(screen: &mut Screen, name: &str) -> SnapshotResults {
    pass(screen);
    compare(screen, name)
}

/// The same for a screen that shows anything.
pub(super) fn compare<T>(screen: &mut Harness<'static, T>, name: &str) -> SnapshotResults {
    // The renderer panics where it finds no driver.
    let drawn = catch_unwind(AssertUnwindSafe(|| screen.render().is_ok()));
    if !drawn.unwrap_or(false) {
        eprintln!("{name}: not compared, there is no renderer here");
        return SnapshotResults::new();
    }
    let options = SnapshotOptions::new()
        .threshold(3.0)
        .failed_pixel_count_threshold(100);
    screen.snapshot_options(name, &options);
    screen.take_snapshot_results()
}

/// The screen as a state with settings and an inbox is.
fn at_home() -> State {
    let mut state = two_boxes();
    state.inbox = "/home/me/Downloads/transom".into();
    state.has_tray = true;
    state.calls.own.request = state.config.request();
    state.own.name = "desk".into();
    state.own.key = Some(PublicKey([5; 32]));
    state.own.addresses = vec!["192.168.1.5".parse().unwrap()];
    state.kept_in = [
        "/home/me/.config/transom/view.conf".into(),
        "/home/me/.local/state/transom".into(),
    ];
    state
}

fn watching() -> State {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.act(&Action::Watch(peer("door")));
    state.apply(started("door"));
    state.shown(Face::Peer(peer("door")), shown());
    state
}
