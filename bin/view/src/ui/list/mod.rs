//! The list at the left: our own name, cameras as pictures, people, and below them what always has
//! to be seen: files on their way, and the peers that see our camera.

mod banners;
mod cameras;
mod foot;
mod own;
mod people;

pub(super) use banners::show as banners;
pub(super) use foot::{viewer, watchers};
pub(super) use own::settings;

use egui::{Id, Key, Rect, ScrollArea, Ui, UiBuilder, Vec2, vec2};
use transom::PeerName;

use crate::model::{Action, State, name};
use crate::words;

use super::Draft;
use super::album::Album;
use super::kit::{self, Icon, icons, text, within};
use super::theme::{Type, tokens};

/// Contacts from which on the list has a search field.
const MANY: usize = 9;
/// Below this height of the window the cameras are one row.
const LOW: f32 = 520.0;

/// What of the list is being looked for, and the order of people while the pointer is over it.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// What is typed into the search field.
    search: String,
    /// Whether the search field is shown because a key asked for it.
    searching: bool,
    /// People as they stood when the pointer came over the list.
    order: Vec<PeerName>,
}

impl Listing {
    /// People as they stand in the list.
    pub(super) fn order(&self) -> &[PeerName] {
        &self.order
    }

    /// Shows the search field and gives it the keyboard.
    pub(super) fn search(&mut self, ui: &Ui) {
        self.searching = true;
        ui.memory_mut(|memory| memory.request_focus(field()));
    }
}

fn field() -> Id {
    Id::new("search")
}

/// Turns to that contact: a camera is watched, a person's page is opened.
pub(super) fn open(state: &State, peer: PeerName) -> Vec<Action> {
    let mut actions = state.leaving(Some(peer));
    let mut people = state.people.iter();
    let is_camera = people.any(|person| person.name == peer && state.is_camera(person));
    let is_watched = state.calls.of(peer).is_some_and(|call| call.is_open());
    let watches = is_camera && !is_watched && state.config.watch_at_click;
    actions.push(match watches {
        true => Action::Watch(peer),
        false => Action::Choose(peer),
    });
    actions
}

pub(super) fn show(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    draft: &mut Draft,
    album: &Album,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    ui.painter().rect_filled(room, 0.0, t.side);
    let place = UiBuilder::new().id(Id::new("list")).max_rect(room);
    within(ui, place, |ui| {
        ui.set_clip_rect(room);
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        own::row(ui, state, actions);
        let foot = foot::height(state);
        let above = room
            .with_min_y(ui.cursor().top())
            .with_max_y(room.bottom() - foot);
        if state.people.len() >= MANY || draft.list.searching {
            search(ui, state, draft, actions);
        }
        let wanted = draft.list.search.trim().to_lowercase();
        let fits = |peer: &PeerName| name(peer).to_lowercase().contains(&wanted);
        let cameras: Vec<_> = state.cameras().filter(|one| fits(&one.name)).collect();
        let people = people::in_order(state, draft, room, ui, fits);
        let above = above.with_min_y(ui.cursor().top());
        let scrolled = UiBuilder::new().id(Id::new("list rows")).max_rect(above);
        within(ui, scrolled, |ui| {
            let is_low = ui.ctx().content_rect().height() < LOW;
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                banners::show(ui, state, actions);
                if !cameras.is_empty() {
                    cameras::show(ui, state, &cameras, is_low, album, actions);
                }
                if cameras.is_empty() && people.is_empty() && !wanted.is_empty() {
                    nobody(ui);
                }
                people::show(ui, state, &people, draft, actions);
            });
        });
        foot::show(ui, room.with_min_y(room.bottom() - foot), state, actions);
    });
}

/// Filters names as they are typed; Enter opens the first, Esc puts the field away.
fn search(ui: &mut Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let size = vec2(ui.available_width(), 44.0);
    let (row, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    let place = Rect::from_min_size(row.min + vec2(12.0, 0.0), vec2(row.width() - 24.0, 36.0));
    ui.painter().rect_filled(place, 10.0, t.raised);
    let icon = place.left_center() + vec2(19.0, 0.0);
    icons::MAGNIFYING_GLASS.paint(ui.painter(), icon, 17.0, t.soft);
    let edit = egui::TextEdit::singleline(&mut draft.list.search)
        .id(field())
        .frame(kit::around_line(ui, place.height(), Type::Body, [36, 12]))
        .font(Type::Body.font())
        .hint_text(text::rich(words::SEARCH, Type::Body, t.faint))
        .char_limit(64)
        .desired_width(place.width());
    let edit = within(ui, UiBuilder::new().max_rect(place), |ui| ui.add(edit));
    edit.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::TextEdit, true, words::SEARCH));
    kit::focus_ring(ui, &edit, place, 10);
    let typed = draft.list.search.trim().to_lowercase();
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    if edit.lost_focus() && pressed(Key::Enter) && !typed.is_empty() {
        let mut people = state.people.iter();
        let first = people.find(|one| name(&one.name).to_lowercase().contains(&typed));
        actions.extend(first.into_iter().flat_map(|first| open(state, first.name)));
        draft.list.search.clear();
        draft.list.searching = false;
    } else if edit.lost_focus() && (pressed(Key::Escape) || typed.is_empty()) {
        draft.list.search.clear();
        draft.list.searching = false;
    }
}

fn nobody(ui: &mut Ui) {
    let t = tokens(ui);
    ui.add_space(16.0);
    ui.horizontal(|ui| {
        ui.add_space(16.0);
        ui.label(text::rich(words::NOBODY_OF_THAT_NAME, Type::Small, t.soft));
    });
}

/// A row that is marked as a whole: the chosen one, or the one under the pointer.
fn ground(ui: &Ui, rect: Rect, response: &egui::Response, is_chosen: bool) -> egui::Color32 {
    let t = tokens(ui);
    let fill = match kit::Touch::of(response) {
        _ if is_chosen => t.hover,
        kit::Touch::None => t.side,
        _ => t.raised,
    };
    ui.painter().rect_filled(rect, 12.0, fill);
    fill
}

/// An icon and small words in one row, painted.
fn with_icon(ui: &Ui, left: egui::Pos2, icon: Icon, colour: egui::Color32) -> f32 {
    icon.paint(ui.painter(), left + vec2(8.0, 0.0), 15.0, colour);
    19.0
}
