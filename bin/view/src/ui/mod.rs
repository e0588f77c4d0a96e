//! The screen: pure functions from the state to widgets, and from clicks, keys and drops to
//! actions. It knows egui, but neither a window nor a station nor a GPU.
//!
//! Two panes: the list, and the page of one person, call or camera. What comes by itself lies over
//! them and moves nothing.

mod album;
mod call;
mod camera;
mod dialogs;
mod drafts;
mod first_run;
mod guard;
mod help;
mod keys;
mod kit;
mod list;
mod page;
mod pairing;
mod programs;
mod ringing;
mod settings;
mod sheet;
mod theme;
mod toasts;

#[cfg(test)]
mod tests;

use egui::{Id, Rect, Ui, UiBuilder, Vec2};
use transom::PeerName;

use crate::model::{Action, Dialog, Face, Page, State};

pub(crate) use album::Album;
use drafts::Drafts;
pub(crate) use kit::Picture;
pub(crate) use theme::{colour, prepare};

/// Whether panes slide from now on, or change their places at once.
pub(crate) fn reduce_motion(ctx: &egui::Context, is_reduced: bool) {
    kit::reduce(ctx, is_reduced);
}

/// Below this width list and page are not beside each other.
const NARROW: f32 = 720.0;
/// Below this width list and chat lie over a picture instead of beside it.
const MIDDLE: f32 = 1100.0;
/// From this width on list, picture and chat are beside each other.
const WIDE: f32 = 1600.0;

/// What is being typed, and what else of the screen is no part of [`State`].
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// What is typed for each contact.
    written: Drafts,
    /// The contact that was chosen when files were dragged into the window: the drop goes there.
    brought_to: Option<PeerName>,
    /// The toasts, in the order they came.
    toasts: Vec<toasts::Shown>,
    /// The conversation on the page.
    timeline: page::Timeline,
    /// What is typed into the sheet about a contact.
    sheet: sheet::Typed,
    /// Whether a text field had the keyboard in the last frame: Esc then only leaves the field.
    typing: bool,
    /// When F7 was pressed that lets a muted microphone be heard, in egui's seconds.
    talks_since: Option<f64>,
    /// The list's search, and its order while the pointer is over it.
    list: list::Listing,
    /// When the controls over a picture go.
    hiding: call::Hiding,
    /// The menu over a picture.
    more: call::More,
    /// What was copied last, to say so at its button.
    copied: Option<String>,
    /// Whether the rights that go with a code are being changed.
    changes_rights: bool,
    /// Whether the user asked why no station is nearby.
    asks_why: bool,
    /// How the panes stand in this frame.
    layout: Layout,
    /// What the page was about in the last frame.
    page: Option<Page>,
    /// How large each picture was drawn, in points and before it was turned: larger ones need not
    /// be decoded.
    pub(crate) sizes: Vec<(Face, Vec2)>,
}

/// How the panes stand in a window of that size.
#[derive(Clone, Copy, Debug, Default)]
struct Layout {
    /// List and page have no room beside each other.
    is_narrow: bool,
    /// There is plenty of room.
    is_wide: bool,
    /// The list is shown beside the page, or over it.
    has_list: bool,
    /// There is room for the list or the chat over a picture, but not for both.
    has_one_pane: bool,
}

/// Where the panes are.
struct Panes {
    list: Option<Rect>,
    page: Option<Rect>,
    chat: Option<Rect>,
    /// The part of the page that neither list nor chat covers.
    clear: Rect,
}

/// Draws everything and gives back what was asked for.
pub(crate) fn screen(ui: &mut Ui, state: &State, draft: &mut Draft, album: &Album) -> Vec<Action> {
    let mut actions = Vec::new();
    draft.written.retain(&state.people);
    draft.sizes.clear();
    let room = ui.ctx().content_rect();
    let page = state.page();
    if draft.page.replace(page) != Some(page) {
        draft.hiding.wake();
        draft.more.close();
    }
    let panes = panes(ui, room, state, draft);
    keys::handle(ui, state, draft, &mut actions);
    let whole = UiBuilder::new().id(Id::new("panes")).max_rect(room);
    kit::within(ui, whole, |ui| {
        ui.set_clip_rect(room);
        // In the order of the Tab key; what lies over something else is drawn after it.
        let is_over = |rect: Rect| {
            let inside = rect.shrink(1.0);
            panes.page.is_some_and(|page| page.intersects(inside))
        };
        if let Some(list) = panes.list.filter(|list| !is_over(*list)) {
            list::show(ui, list, state, draft, album, &mut actions);
        }
        if let Some(rect) = panes.page {
            page_of(ui, (rect, panes.clear), state, draft, album, &mut actions);
        }
        if let Some(list) = panes.list.filter(|list| is_over(*list)) {
            kit::ground(ui, list, Id::new("list ground"));
            list::show(ui, list, state, draft, album, &mut actions);
        }
        let chosen = state.chosen_person();
        if let (Some(rect), Some(person)) = (panes.chat, chosen) {
            page::chat(ui, rect, state, person, album, draft, &mut actions);
        }
    });
    let over = panes.page.or(panes.list).unwrap_or(room);
    sheet::show(ui, room, state, draft, &mut actions);
    toasts::show(ui, state, over, &mut draft.toasts, &mut actions);
    help::show(ui, state, &mut actions);
    page::drops(ui, over, state, draft, &mut actions);
    if !pairing::dialog(ui, state, draft, &mut actions) {
        dialogs::show(ui, state, album, &mut actions);
    }
    ringing::show(ui, over, state, album, draft, &mut actions);
    draft.typing = ui.ctx().text_edit_focused();
    let closes = actions.contains(&Action::Close);
    if closes && state.dialog.as_ref().is_some_and(Dialog::is_pairing) {
        actions.push(Action::EndPairing);
    }
    if draft.layout.has_one_pane && state.view.chat && actions.contains(&Action::ShowList(true)) {
        actions.push(Action::ShowChat(false));
    }
    if state.dialog.is_none() {
        (draft.copied, draft.changes_rights) = (None, false);
    }
    actions
}

/// The panes of the window, side by side where there is room. List and chat slide in and out.
fn panes(ui: &Ui, room: Rect, state: &State, draft: &mut Draft) -> Panes {
    let width = room.width();
    let page = state.page();
    let (is_narrow, is_wide) = (width < NARROW, width >= WIDE);
    let is_picture = page.is_picture();
    let hides_all = state.fullscreen && is_picture;
    let is_first = page == Page::FirstRun;
    let list_width = if width < MIDDLE { 260.0 } else { 304.0 };
    let is_call = matches!(page, Page::Call(_));
    let has_chat = is_call || matches!(page, Page::Camera(_));
    let chat = has_chat && state.view.chat;
    let lies_over = width < MIDDLE && (is_call || chat);
    // Over a picture of that width list and chat together would leave no room for its controls.
    let is_crowded = is_picture && sheet::needs(state, width - list_width);
    let is_hidden = hides_all || is_crowded || (lies_over && chat);
    let wanted = state.shows_list(is_wide) && !is_hidden;
    let mut panes = Panes {
        list: None,
        page: Some(room),
        chat: None,
        clear: room,
    };
    if is_narrow {
        let has_page = is_first || state.view.page;
        if !has_page {
            panes.list = Some(room);
            panes.page = None;
        }
        if chat && has_page {
            (panes.page, panes.chat) = (None, Some(room));
        }
    } else {
        let list = kit::slide(ui, "list", wanted && !is_first);
        if list > 0.0 {
            let end = room.left() + (list_width * list).round();
            let pane = room.with_min_x(end - list_width).with_max_x(end);
            panes.list = Some(pane);
            panes.clear.min.x = end;
            panes.page = Some(if lies_over {
                room
            } else {
                room.with_min_x(end)
            });
        }
        // Elsewhere the page is the conversation, which is drawn once.
        let share = kit::slide(ui, "chat", chat);
        if share > 0.0 && has_chat {
            let wide = if is_wide { 400.0 } else { 360.0 };
            let page = panes.page.unwrap_or(room);
            let start = page.right() - (wide * share).round();
            panes.chat = Some(page.with_min_x(start).with_max_x(start + wide));
            panes.clear.max.x = start;
            panes.page = Some(if lies_over && is_call {
                page
            } else {
                page.with_max_x(start)
            });
        }
    }
    // The controls of a picture keep clear of the sheet, which covers all where both have no room.
    let right = sheet::clear_of(ui, room, state);
    if right - panes.clear.left() >= sheet::BESIDE {
        panes.clear.max.x = panes.clear.right().min(right);
    }
    draft.layout = Layout {
        is_narrow,
        is_wide,
        has_list: match is_narrow {
            true => panes.list.is_some(),
            false => wanted && !is_first,
        },
        has_one_pane: lies_over,
    };
    panes
}

fn page_of(
    ui: &mut Ui,
    (room, clear): (Rect, Rect),
    state: &State,
    draft: &mut Draft,
    album: &Album,
    actions: &mut Vec<Action>,
) {
    let page = state.page();
    match page {
        Page::FirstRun => first_run::show(ui, room, state, draft, actions),
        Page::Nobody => first_run::nobody(ui, room),
        Page::Person(peer) => {
            let person = state.people.iter().find(|person| person.name == peer);
            if let Some(person) = person {
                page::show(ui, room, state, person, album, draft, actions);
            }
        }
        Page::Call(peer) => {
            if let Some(call) = state.calls.of(peer) {
                call::show(ui, (room, clear), state, call, album, draft, actions);
            }
        }
        Page::Camera(peer) => camera::show(ui, (room, clear), state, peer, album, draft, actions),
        Page::Cameras => camera::grid(ui, room, state, album, draft, actions),
    }
    call::corners(ui, room, state, album, draft, actions);
}
