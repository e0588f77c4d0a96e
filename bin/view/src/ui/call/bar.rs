//! The bar at the lower edge of a picture: round buttons with their words, the one that ends it
//! last and apart.

use egui::{Id, Layout, Rect, Ui, UiBuilder, pos2, vec2};

use crate::model::{Action, Call, OwnSound, Stage, State};
use crate::words;

use super::super::kit::{self, Icon, Over, Round, icons, within};
use super::super::theme::{DARK, PILL};
use super::{Draft, Frame};

/// One button.
pub(in crate::ui) struct Item<'a> {
    /// What it is known by, as its words change.
    pub(in crate::ui) place: &'static str,
    pub(in crate::ui) icon: Icon,
    pub(in crate::ui) words: &'a str,
    pub(in crate::ui) look: Over,
    pub(in crate::ui) keys: &'static str,
    /// Unread texts behind it.
    pub(in crate::ui) unread: usize,
    pub(in crate::ui) does: Does,
}

/// What a button does.
pub(in crate::ui) enum Does {
    Act(Action),
    /// Opens or closes the menu of everything else.
    More,
}

/// The buttons of a call or a camera.
pub(in crate::ui) struct Bar<'a> {
    pub(in crate::ui) items: Vec<Item<'a>>,
    /// Room for something that is no round button, before the third.
    pub(in crate::ui) wide: f32,
}

impl<'a> Item<'a> {
    pub(in crate::ui) fn new(place: &'static str, icon: Icon, words: &'a str, act: Action) -> Self {
        Self {
            place,
            icon,
            words,
            look: Over::Rest,
            keys: "",
            unread: 0,
            does: Does::Act(act),
        }
    }

    pub(in crate::ui) fn look(self, look: Over) -> Self {
        Self { look, ..self }
    }

    pub(in crate::ui) fn keys(self, keys: &'static str) -> Self {
        Self { keys, ..self }
    }

    pub(in crate::ui) fn more(is_open: bool) -> Self {
        Self {
            place: "more",
            icon: icons::DOTS_THREE_OUTLINE.filled(),
            words: words::MORE,
            look: if is_open { Over::Open } else { Over::Rest },
            keys: "",
            unread: 0,
            does: Does::More,
        }
    }
}

/// Room around the buttons and between them, with words below and without.
struct Gaps {
    button: f32,
    between: f32,
    apart: f32,
    above: f32,
    height: f32,
    below: f32,
}

const CAPTIONED: Gaps = Gaps {
    button: 68.0,
    between: 4.0,
    apart: 14.0,
    above: 10.0,
    height: 86.0,
    below: 20.0,
};
const BARE: Gaps = Gaps {
    button: 48.0,
    between: 12.0,
    apart: 12.0,
    above: 10.0,
    height: 68.0,
    below: 16.0,
};
const PADDING: f32 = 16.0;

impl Bar<'_> {
    /// Where it is in that room.
    pub(in crate::ui) fn rect(&self, room: Rect, is_bare: bool) -> Rect {
        let gaps = gaps(is_bare);
        let buttons = self.items.len() as f32;
        let between = gaps.between * (buttons - 2.0).max(0.0) + gaps.apart;
        let wide = if self.wide > 0.0 {
            self.wide + gaps.between
        } else {
            0.0
        };
        let width = 2.0 * PADDING + buttons * gaps.button + between + wide;
        let top = room.bottom() - gaps.below - gaps.height;
        let left = room.center().x - width / 2.0;
        Rect::from_min_size(pos2(left, top), vec2(width, gaps.height))
    }

    /// Draws it. Gives back where it is.
    pub(in crate::ui) fn show(
        self,
        ui: &mut Ui,
        frame: &Frame,
        draft: &mut Draft,
        actions: &mut Vec<Action>,
    ) -> Rect {
        self.show_with(ui, frame, draft, actions, |_, _| ())
    }

    /// The same with something wide before the second button.
    pub(in crate::ui) fn show_with(
        self,
        ui: &mut Ui,
        frame: &Frame,
        draft: &mut Draft,
        actions: &mut Vec<Action>,
        wide: impl FnOnce(&mut Ui, Rect),
    ) -> Rect {
        let (rect, gaps) = (frame.bar, gaps(frame.is_bare));
        ui.painter().rect_filled(rect, 32.0, PILL);
        // A click beside a button is none on the picture.
        kit::ground(ui, rect, Id::new("bar"));
        let mut left = rect.left() + PADDING;
        let count = self.items.len();
        let mut wide = (self.wide > 0.0).then_some(wide);
        for (at, item) in self.items.into_iter().enumerate() {
            if at == 1
                && let Some(wide) = wide.take()
            {
                let size = vec2(self.wide, gaps.button);
                let place = Rect::from_min_size(pos2(left, rect.top() + gaps.above), size);
                wide(ui, place);
                left += self.wide + gaps.between;
            }
            if at + 1 == count {
                left += gaps.apart - gaps.between;
            }
            let size = vec2(gaps.button, rect.height() - gaps.above);
            let place = Rect::from_min_size(pos2(left, rect.top() + gaps.above), size);
            button(ui, place, item, !frame.is_bare, draft, actions);
            left += gaps.button + gaps.between;
        }
        rect
    }
}

fn gaps(is_bare: bool) -> &'static Gaps {
    if is_bare { &BARE } else { &CAPTIONED }
}

fn button(
    ui: &mut Ui,
    place: Rect,
    item: Item<'_>,
    has_caption: bool,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    // Known by its place, so that it keeps the keyboard while its words change.
    let place = UiBuilder::new()
        .id(Id::new(("bar", item.place)))
        .max_rect(place);
    let round = Round::new(item.icon, item.words)
        .look(item.look)
        .captioned(has_caption);
    let response = within(
        ui,
        place.layout(Layout::top_down(egui::Align::Center)),
        |ui| ui.add(round),
    );
    let tip = match (item.keys, has_caption) {
        ("", true) => "",
        ("", false) => item.words,
        (keys, _) => keys,
    };
    if item.unread > 0 {
        let right = response.rect.right_top() + vec2(-8.0, 6.0);
        kit::badge(ui.painter(), right, item.unread, &DARK);
    }
    let clicked = response.clicked();
    if !tip.is_empty() {
        response.on_hover_text(tip);
    }
    if clicked {
        match item.does {
            Does::Act(action) => actions.push(action),
            Does::More => draft.more.toggle(ui),
        }
    }
}

/// The button of our microphone: what it does, and how the microphone is.
fn microphone<'a>(state: &State, call: &Call, draft_talks: bool) -> Item<'a> {
    let sound = &state.sound;
    let mute = Action::Mute(!sound.muted);
    let (icon, words, look) = match state.own_sound(call) {
        OwnSound::NoMicrophone | OwnSound::Lost(_) => {
            (icons::MICROPHONE_SLASH, words::NO_MIC, Over::Off)
        }
        _ if draft_talks => (icons::MICROPHONE, words::TALKING, Over::Good),
        _ if sound.muted => (icons::MICROPHONE_SLASH, words::UNMUTE, Over::Off),
        _ => (icons::MICROPHONE, words::MUTE, Over::Rest),
    };
    let item = Item::new("microphone", icon.filled(), words, mute);
    item.look(look).keys("F7")
}

/// What can be done with our camera in that call. Without one, the menu is where it is chosen.
pub(in crate::ui) fn camera<'a>(state: &State, call: &Call) -> Item<'a> {
    let (peer, on) = (call.peer, !call.camera_on);
    let show = Action::ShowCamera { peer, on };
    let (icon, words, look) = match (&state.calls.own.request, on) {
        (None, _) => (
            icons::VIDEO_CAMERA_SLASH,
            words::NO_CAMERA_BUTTON,
            Over::Off,
        ),
        (_, true) => (icons::VIDEO_CAMERA_SLASH, words::START_VIDEO, Over::Off),
        (_, false) => (icons::VIDEO_CAMERA, words::STOP_VIDEO, Over::Rest),
    };
    let mut item = Item::new("camera", icon.filled(), words, show).look(look);
    if state.calls.own.request.is_none() {
        item.does = Does::More;
    }
    item.keys("F8")
}

/// The bar of a call at every stage: the last button is always the one that ends it.
pub(super) fn of_call<'a>(state: &State, call: &Call, draft: &Draft) -> Bar<'a> {
    let is_ringing = matches!(call.stage, Stage::Waiting | Stage::Ringing);
    let talks = draft.talks_since.is_some();
    let mut items = vec![microphone(state, call, talks), camera(state, call)];
    if !is_ringing {
        items.push(chat(state, call));
    }
    if call.stage == Stage::Live && !draft.layout.is_narrow {
        items.push(screen(state));
    }
    items.push(Item::more(draft.more.is_open()));
    let words = if is_ringing {
        words::CANCEL
    } else {
        words::HANG_UP
    };
    let icon = icons::PHONE_DISCONNECT.filled();
    let end = Item::new("end", icon, words, Action::HangUp(call.peer));
    items.push(end.look(Over::Danger).keys("Ctrl+H"));
    Bar { items, wide: 0.0 }
}

/// The button of the conversation beside the picture.
pub(in crate::ui) fn chat<'a>(state: &State, call: &Call) -> Item<'a> {
    let act = Action::ShowChat(!state.view.chat);
    let look = if state.view.chat {
        Over::Open
    } else {
        Over::Rest
    };
    let icon = icons::CHAT_CIRCLE.filled();
    let chat = Item::new("chat", icon, words::CHAT, act);
    let mut people = state.people.iter();
    let person = people.find(|person| person.name == call.peer);
    let unread = person.map_or(0, |person| person.unread);
    Item {
        unread,
        ..chat.look(look).keys("Ctrl+B")
    }
}

/// The button of the whole screen.
pub(in crate::ui) fn screen<'a>(state: &State) -> Item<'a> {
    let (icon, words) = match state.fullscreen {
        true => (icons::CORNERS_IN, words::LEAVE_FULL_SCREEN),
        false => (icons::CORNERS_OUT, words::FULL_SCREEN),
    };
    Item::new("screen", icon, words, Action::Fullscreen(!state.fullscreen)).keys("F11")
}
