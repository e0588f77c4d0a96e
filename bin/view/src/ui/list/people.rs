//! People: blocked ones first, then those who are online, then by what happened last.

use std::cmp::Reverse;
use std::time::Duration;

use egui::{Color32, Id, Pos2, Rect, Sense, Ui, pos2, vec2};
use transom::PeerName;

use crate::model::{Action, Page, Person, Presence, Speaker, Stage, State, name};
use crate::words;

use super::super::kit::{self, Dot, Icon, icons, text};
use super::super::theme::{Type, tokens};
use super::Draft;

const ROW: f32 = 60.0;
const GAP: f32 = 2.0;

/// What a row says below the name; the first that is true.
enum Second<'a> {
    Blocked,
    InCall,
    Missed(usize),
    Draft(&'a str),
    Wrote { is_own: bool, text: &'a str },
    Presence,
}

/// When something last happened with a person, since 1970.
fn last_event(state: &State, person: &Person) -> Option<Duration> {
    let missed = state.calls.missed.iter();
    let missed = missed
        .filter(|one| one.peer == person.name)
        .map(|one| one.at);
    missed.chain(person.talk.back().map(|line| line.at)).max()
}

/// The people of the list. While the pointer is over it they keep the places they had.
pub(super) fn in_order<'a>(
    state: &'a State,
    draft: &mut Draft,
    room: Rect,
    ui: &Ui,
    fits: impl Fn(&PeerName) -> bool,
) -> Vec<&'a Person> {
    let rank = |person: &Person| {
        let group = match person.presence {
            Presence::Refused => 0,
            Presence::Here => 1,
            _ => 2,
        };
        (group, Reverse(last_event(state, person)))
    };
    let mut people: Vec<_> = state.people.iter().collect();
    people.retain(|person| !state.is_camera(person));
    people.sort_by_key(|person| rank(person));
    let is_over = ui
        .input(|input| input.pointer.hover_pos())
        .is_some_and(|at| room.contains(at));
    if is_over {
        let before = &draft.list.order;
        let place = |person: &Person| before.iter().position(|name| *name == person.name);
        // A new contact comes last.
        people.sort_by_key(|person| place(person).unwrap_or(usize::MAX));
    }
    draft.list.order = people.iter().map(|person| person.name).collect();
    people.retain(|person| fits(&person.name));
    people
}

pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    people: &[&Person],
    draft: &Draft,
    actions: &mut Vec<Action>,
) {
    if people.is_empty() {
        return;
    }
    ui.add_space(8.0);
    kit::section(ui, words::PEOPLE);
    for person in people {
        let size = vec2(ui.available_width(), ROW + GAP);
        let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
        // Only the rows in sight are laid out, however long the list is.
        if ui.is_rect_visible(outer) {
            row(ui, outer, state, person, draft, actions);
        }
    }
}

fn row(
    ui: &mut Ui,
    outer: Rect,
    state: &State,
    person: &Person,
    draft: &Draft,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let rect = Rect::from_min_max(
        outer.min + vec2(8.0, 0.0),
        pos2(outer.right() - 8.0, outer.top() + ROW),
    );
    let shown = name(&person.name);
    let second = second(state, person, draft);
    let is_verified = state.is_verified(person);
    let news = match second {
        Second::Missed(count) => words::missed_calls(count),
        _ => words::unread(person.unread),
    };
    let said = words::row(&shown, &person.presence, is_verified, &news);
    let response = kit::area(ui, rect, Id::new(("person", person.name)), &said);
    let of_page = Page::Person(person.name);
    let is_chosen = state.chosen == Some(person.name) && !state.view.cameras;
    let fill = super::ground(ui, rect, &response, is_chosen || state.page() == of_page);
    let p = ui.painter();
    let at = rect.left_center() + vec2(28.0, 0.0);
    let avatar = kit::avatar(p, at, 40.0, &shown, person.key.as_ref());
    let dot = match person.presence {
        Presence::Here => Dot::Online,
        _ => Dot::Away,
    };
    kit::dot(p, avatar, dot, fill, t);
    let when = last_event(state, person).map(|at| words::when(&state.zone, at, state.now));
    let when = when.unwrap_or_default();
    let right =
        text::width(ui, &when, Type::Caption).max(if person.unread > 0 { 20.0 } else { 0.0 });
    let room = rect.width() - 60.0 - 8.0 - right - if right > 0.0 { 8.0 } else { 0.0 };
    let named = text::cut(
        p,
        rect.min + vec2(60.0, 20.5),
        room - if is_verified { 22.0 } else { 0.0 },
        &shown,
        Type::Strong,
        t.text,
    );
    if is_verified {
        let mark = pos2(named.right() + 12.0, named.center().y);
        icons::SEAL_CHECK
            .filled()
            .paint(p, mark, 15.0, t.accent_text);
    }
    below(ui, rect.min + vec2(60.0, 39.5), room, person, &second);
    let up = if person.unread > 0 { 19.0 } else { 30.0 };
    let end = rect.right_top() + vec2(-8.0, up);
    text::paint(
        p,
        end,
        egui::Align2::RIGHT_CENTER,
        &when,
        Type::Caption,
        t.faint,
    );
    if person.unread > 0 {
        kit::badge(p, rect.right_top() + vec2(-8.0, 40.0), person.unread, t);
    }
    kit::focus_ring(ui, &response, rect, 12);
    if response.clicked() {
        actions.extend(super::open(state, person.name));
    }
}

/// The second line of a row.
fn below(ui: &Ui, left: Pos2, width: f32, person: &Person, second: &Second<'_>) {
    let t = tokens(ui);
    let (icon, words, ink): (Option<Icon>, String, Color32) = match second {
        Second::Blocked => (
            Some(icons::SHIELD_WARNING),
            words::BLOCKED.to_owned(),
            t.danger_text,
        ),
        Second::InCall => (Some(icons::PHONE_CALL), words::IN_A_CALL.to_owned(), t.good),
        Second::Missed(count) => (
            Some(icons::PHONE_X),
            words::missed_calls(*count),
            t.danger_text,
        ),
        Second::Draft(text) => (None, words::draft(text), t.soft),
        Second::Wrote { is_own, text } => {
            let ink = if person.unread > 0 { t.text } else { t.soft };
            (None, words::last_text(*is_own, text), ink)
        }
        Second::Presence => (None, words::presence(&person.presence), t.soft),
    };
    let indent = icon.map_or(0.0, |icon| super::with_icon(ui, left, icon, ink));
    let left = left + vec2(indent, 0.0);
    text::cut(ui.painter(), left, width - indent, &words, Type::Small, ink);
}

fn second<'a>(state: &State, person: &'a Person, draft: &'a Draft) -> Second<'a> {
    let call = state.calls.of(person.name);
    let missed = state.calls.missed_of(person.name);
    let is_chosen = state.chosen == Some(person.name);
    let written = draft.written.peek(person.name).filter(|_| !is_chosen);
    match person.talk.back() {
        _ if person.presence == Presence::Refused => Second::Blocked,
        _ if call.is_some_and(|call| call.is_talk() && call.stage == Stage::Live) => Second::InCall,
        _ if missed > 0 => Second::Missed(missed),
        _ if person.turns_us_away() => Second::Presence,
        _ if written.is_some() => Second::Draft(written.unwrap_or_default()),
        Some(line) => Second::Wrote {
            is_own: matches!(line.by, Speaker::Us(..)),
            text: &line.text,
        },
        None => Second::Presence,
    }
}
