//! Everything with one contact in the order it happened: texts, calls and files. Only what is in
//! sight is laid out, however long it is: the height of all else is a guess, which what is seen
//! replaces.

use std::collections::HashMap;
use std::time::Duration;

use egui::{Align2, Id, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, Vec2, pos2, vec2};
use transom::PeerName;

use crate::model::{
    Action, Line, Offer, Past, PastCall, Person, Speaker, State, Transfer, Unsent, name,
};
use crate::words;

use super::super::album::Album;
use super::super::kit::{self, Bubble, Icon, icons, text, within};
use super::super::theme::{Type, tokens};
use super::{bubble, files, header};

/// Entries of one side that are so near each other are joined.
const NEAR: Duration = Duration::from_secs(300);
/// Points between entries that are joined, and others.
const JOINED_GAP: f32 = 3.0;
const GAP: f32 = 15.0;
/// Points below the last entry.
const BELOW: f32 = 12.0;
/// Letters of a line of text, for a guess.
const LETTERS: usize = 68;

/// What of a timeline is kept from frame to frame.
#[derive(Debug, Default)]
pub(in crate::ui) struct Timeline {
    of: Option<PeerName>,
    width: f32,
    rows: Vec<Row>,
    /// Where the view stands, from the top.
    offset: f32,
    /// Whether the last entry is in sight.
    is_at_end: bool,
    /// The time of the newest entry when the end was in sight last.
    seen: Duration,
    /// Where to scroll in this frame.
    jump: Option<f32>,
}

/// The height of an entry with the gap above it.
#[derive(Clone, Copy, Debug)]
struct Row {
    id: Id,
    height: f32,
}

/// One entry of a timeline.
struct Entry<'a> {
    id: Id,
    at: Duration,
    what: What<'a>,
    /// Whether we did it; `None` for what is of neither side.
    is_own: Option<bool>,
    /// How it joins what is before and after it.
    is_first: bool,
    is_last: bool,
    /// Whether it tells its time: the last text of a run does.
    has_time: bool,
}

enum What<'a> {
    Day,
    New,
    Text(&'a Line),
    Call(&'a PastCall),
    Unsent(&'a Unsent),
    Transfer(&'a Transfer),
    /// One card for all that one answer is enough for.
    Offers(Vec<&'a Offer>),
}

/// Draws the timeline into that room.
pub(super) fn show(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    album: &Album,
    timeline: &mut Timeline,
    actions: &mut Vec<Action>,
) {
    let entries = entries(state, person);
    let column = super::column(room);
    timeline.fit(person, &entries, column.width(), room.height());
    let mut area = ScrollArea::vertical()
        .id_salt(("timeline", person.name))
        .auto_shrink(false)
        .stick_to_bottom(true);
    if let Some(offset) = timeline.jump.take() {
        area = area.vertical_scroll_offset(offset);
    }
    let all: f32 = timeline.rows.iter().map(|row| row.height).sum::<f32>() + BELOW;
    // Little stands at the lower end.
    let above = (room.height() - all).max(0.0);
    let mut moved = 0.0;
    let place = UiBuilder::new()
        .id(Id::new(("timeline", person.name)))
        .max_rect(room);
    let shown = within(ui, place, |ui| {
        area.show_viewport(ui, |ui, view| {
            ui.set_height(all.max(room.height()));
            let origin = pos2(column.left(), ui.max_rect().top());
            let mut top = above;
            for (entry, row) in entries.iter().zip(&mut timeline.rows) {
                let height = row.height;
                if top + height >= view.top() && top <= view.bottom() {
                    let at = origin + vec2(0.0, top);
                    let at = Rect::from_min_size(at, vec2(column.width(), height));
                    row.height = draw(ui, at, state, person, album, entry, actions);
                    if top < view.top() {
                        moved += row.height - height;
                    }
                    if (row.height - height).abs() > 0.1 {
                        ui.ctx().request_repaint();
                    }
                }
                top += height;
            }
        })
    });
    timeline.offset = shown.state.offset.y;
    let end = shown.content_size.y - shown.inner_rect.height();
    timeline.is_at_end = timeline.offset >= end - 8.0;
    if timeline.is_at_end {
        timeline.seen = entries.last().map_or(timeline.seen, |entry| entry.at);
    } else if moved.abs() > 0.1 {
        // What was above the view turned out higher: what is in sight stays.
        timeline.jump = Some(timeline.offset + moved);
    }
    if entries.is_empty() && state.abilities(person).reads_texts() {
        hello(ui, room, person);
    }
    to_the_end(ui, room, &entries, timeline);
}

impl Timeline {
    /// Takes the entries of this frame in. Heights that are known stay.
    fn fit(&mut self, person: &Person, entries: &[Entry<'_>], width: f32, room: f32) {
        let is_other = self.of.replace(person.name) != Some(person.name);
        let is_resized = (self.width - width).abs() > 0.5;
        self.width = width;
        if is_other {
            self.seen = entries.last().map_or(Duration::ZERO, |entry| entry.at);
            self.is_at_end = true;
        }
        let is_same = self.rows.len() == entries.len()
            && self
                .rows
                .iter()
                .zip(entries)
                .all(|(row, entry)| row.id == entry.id);
        if is_same && !is_other && !is_resized {
            return;
        }
        let first = (is_resized && !is_other && !self.is_at_end).then(|| self.first_in_sight());
        let known: HashMap<Id, f32> = match is_other || is_resized {
            true => HashMap::new(),
            false => self.rows.iter().map(|row| (row.id, row.height)).collect(),
        };
        let height = |entry: &Entry<'_>| match known.get(&entry.id) {
            Some(height) => *height,
            None => entry.guess(width),
        };
        let rows = entries.iter().map(|entry| Row {
            id: entry.id,
            height: height(entry),
        });
        self.rows = rows.collect();
        if let Some((id, within)) = first.flatten() {
            self.jump = self.top_of(id).map(|top| top + within);
        }
        let news = entries.iter().find(|entry| matches!(entry.what, What::New));
        if let Some(news) = news.filter(|_| is_other) {
            // Where all that is new fits, the end is in sight; else its beginning.
            let all: f32 = self.rows.iter().map(|row| row.height).sum();
            let top = self.top_of(news.id).unwrap_or(0.0);
            if all - top > room {
                self.jump = Some(top);
            }
        }
    }

    /// The first entry in sight, and how much of it is above the view.
    fn first_in_sight(&self) -> Option<(Id, f32)> {
        let mut top = 0.0;
        for row in &self.rows {
            if top + row.height > self.offset {
                return Some((row.id, self.offset - top));
            }
            top += row.height;
        }
        None
    }

    fn top_of(&self, id: Id) -> Option<f32> {
        let at = self.rows.iter().position(|row| row.id == id)?;
        Some(self.rows[..at].iter().map(|row| row.height).sum())
    }
}

impl Entry<'_> {
    fn gap(&self) -> f32 {
        match self.is_first {
            true => GAP,
            false => JOINED_GAP,
        }
    }

    /// How high it may be.
    fn guess(&self, width: f32) -> f32 {
        let height = match &self.what {
            What::Day | What::New | What::Call(_) => 38.0,
            What::Text(line) => {
                let letters = (width / 760.0 * LETTERS as f32).max(10.0) as usize;
                let lines = line.text.split('\n');
                let lines: usize = lines.map(|line| 1 + line.len() / letters).sum();
                16.0 + Type::Message.line_height() * lines as f32
            }
            What::Unsent(_) | What::Transfer(_) => 112.0,
            What::Offers(offers) => 112.0 + 24.0 * (offers.len() - 1) as f32,
        };
        height + self.gap()
    }
}

/// Everything with that contact, oldest first, with days between.
fn entries<'a>(state: &'a State, person: &'a Person) -> Vec<Entry<'a>> {
    let peer = person.name;
    let mut all = Vec::with_capacity(person.talk.len() + 16);
    let mut add = |id: Id, at: Duration, what: What<'a>, is_own: Option<bool>| {
        all.push(Entry {
            id,
            at,
            what,
            is_own,
            is_first: true,
            is_last: true,
            has_time: true,
        });
    };
    let (mut last, mut same) = (Duration::ZERO, 0_u32);
    for line in &person.talk {
        same = if line.at == last { same + 1 } else { 0 };
        last = line.at;
        let is_own = matches!(line.by, Speaker::Us(..));
        let id = Id::new(("text", line.at, is_own, same));
        add(id, line.at, What::Text(line), Some(is_own));
    }
    for (number, call) in person.past.iter().enumerate() {
        add(
            Id::new(("call", call.at, number)),
            call.at,
            What::Call(call),
            None,
        );
    }
    for unsent in state.unsent.iter().filter(|unsent| unsent.peer == peer) {
        let id = Id::new(("unsent", &unsent.path));
        add(id, state.opened, What::Unsent(unsent), Some(true));
    }
    for transfer in state.transfers.iter().filter(|one| one.status.peer == peer) {
        let is_own = transfer.status.direction == transom::Direction::Outgoing;
        let id = Id::new(("transfer", transfer.status.transfer));
        add(id, transfer.at, What::Transfer(transfer), Some(is_own));
    }
    let offers = state.offers.iter().filter(|offer| offer.peer == peer);
    let (replacing, plain): (Vec<_>, Vec<_>) = offers.partition(|offer| offer.overwrites);
    // What would replace something is answered by itself.
    let cards = replacing.into_iter().map(|offer| vec![offer]);
    for card in cards.chain((!plain.is_empty()).then_some(plain)) {
        let id = Id::new(("offers", card[0].transfer));
        add(id, card[0].at, What::Offers(card), Some(false));
    }
    all.sort_by_key(|entry| entry.at);
    join(&mut all);
    with_days(state, person, all)
}

/// Marks which entries of one side follow each other.
fn join(all: &mut [Entry<'_>]) {
    for at in 1..all.len() {
        let (one, other) = (&all[at - 1], &all[at]);
        let is_near = other.at.saturating_sub(one.at) < NEAR;
        if is_near && one.is_own.is_some() && one.is_own == other.is_own {
            all[at - 1].has_time = !matches!(all[at].what, What::Text(_));
            all[at - 1].is_last = false;
            all[at].is_first = false;
        }
    }
}

fn with_days<'a>(state: &State, person: &Person, all: Vec<Entry<'a>>) -> Vec<Entry<'a>> {
    let mut shown = Vec::with_capacity(all.len() + 8);
    let mut day = None;
    // The date is the same for as long as the hour is; a zone is slow to ask.
    let mut hour = None;
    let mut is_new = person.unread_since;
    for mut entry in all {
        let this_hour = entry.at.as_secs() / 900;
        if hour.replace(this_hour) != Some(this_hour) {
            let date = state.zone.local(entry.at).date();
            if day.replace(date) != Some(date) {
                entry.is_first = true;
                shown.push(mark(What::Day, Id::new(("day", this_hour)), entry.at));
            }
        }
        if is_new.is_some_and(|since| entry.at >= since && entry.is_own != Some(true)) {
            is_new = None;
            entry.is_first = true;
            shown.push(mark(What::New, Id::new("new"), entry.at));
        }
        shown.push(entry);
    }
    shown
}

fn mark(what: What<'_>, id: Id, at: Duration) -> Entry<'_> {
    Entry {
        id,
        at,
        what,
        is_own: None,
        is_first: false,
        is_last: true,
        has_time: false,
    }
}

/// Draws an entry into its row. Gives back how high the row has to be.
fn draw(
    ui: &mut Ui,
    row: Rect,
    state: &State,
    person: &Person,
    album: &Album,
    entry: &Entry<'_>,
    actions: &mut Vec<Action>,
) -> f32 {
    let gap = entry.gap();
    let room = row.with_min_y(row.top() + gap);
    let place = UiBuilder::new()
        .id(entry.id.with(person.name))
        .max_rect(room);
    let height = within(ui, place, |ui| {
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        let shape = Bubble {
            is_own: entry.is_own == Some(true),
            is_first: entry.is_first,
            is_last: entry.is_last,
        };
        match &entry.what {
            What::Day => day(ui, room, &words::day(&state.zone, entry.at, state.now)),
            What::New => new(ui, room),
            What::Call(past) => call(ui, room, state, person, past, actions),
            What::Text(line) => {
                let has_time = entry.has_time;
                bubble::show(ui, room, state, person, line, (shape, has_time), actions)
            }
            What::Unsent(unsent) => files::unsent(ui, room, unsent, actions),
            What::Transfer(transfer) => {
                files::transfer(ui, room, state, person, album, transfer, actions)
            }
            What::Offers(offers) => super::offers(ui, room, state, offers, actions),
        }
    });
    height + gap
}

fn day(ui: &Ui, room: Rect, words: &str) -> f32 {
    let t = tokens(ui);
    let at = pos2(room.center().x, room.top() + 18.0);
    let shown = text::paint(
        ui.painter(),
        at,
        Align2::CENTER_CENTER,
        words,
        Type::Caption,
        t.faint,
    );
    text::say(ui, shown, words);
    32.0
}

/// Above what came while another contact was chosen.
fn new(ui: &Ui, room: Rect) -> f32 {
    let t = tokens(ui);
    let at = pos2(room.center().x, room.top() + 18.0);
    let (p, font) = (ui.painter(), Type::CaptionStrong);
    let shown = text::paint(
        p,
        at,
        Align2::CENTER_CENTER,
        words::NEW,
        font,
        t.accent_text,
    );
    let line = Stroke::new(1.0, t.line);
    p.hline(room.left()..=shown.left() - 12.0, at.y, line);
    p.hline(shown.right() + 12.0..=room.right(), at.y, line);
    text::say(ui, shown, words::NEW);
    32.0
}

/// A line about a call.
fn call(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    past: &PastCall,
    actions: &mut Vec<Action>,
) -> f32 {
    let t = tokens(ui);
    let (icon, ink): (Icon, _) = match past.what {
        Past::Talked { video: true, .. } => (icons::VIDEO_CAMERA, t.soft),
        Past::Talked { .. } => (icons::PHONE, t.soft),
        Past::Missed => (icons::PHONE_X, t.danger_text),
        Past::Unanswered => (icons::PHONE_OUTGOING, t.soft),
        Past::LetIn => (icons::PHONE_INCOMING, t.soft),
        Past::SawCamera => (icons::EYE, t.soft),
    };
    let words = words::past(&name(&person.name), &past.what);
    let clock = words::clock(&state.zone, past.at);
    let can_call = past.what == Past::Missed && state.abilities(person).takes_calls();
    let back = if can_call {
        text::width(ui, words::CALL_BACK, Type::SmallStrong) + 41.0
    } else {
        0.0
    };
    let ends = 25.0 + 10.0 + text::width(ui, &clock, Type::Caption) + back;
    let width = text::width(ui, &words, Type::Small).min(room.width() - ends);
    let left = room.center().x - (width + ends) / 2.0;
    let middle = room.top() + 16.0;
    let p = ui.painter();
    icon.paint(p, pos2(left + 8.5, middle), 17.0, ink);
    let shown = text::cut(
        p,
        pos2(left + 25.0, middle),
        width + 1.0,
        &words,
        Type::Small,
        ink,
    );
    let at = pos2(shown.right() + 10.0, middle);
    let time = text::paint(p, at, Align2::LEFT_CENTER, &clock, Type::Caption, t.faint);
    text::say(ui, shown.union(time), &words::call_chip(&words, &clock));
    if can_call {
        let place = Rect::from_min_size(pos2(time.right() + 8.0, middle - 16.0), vec2(back, 32.0));
        let place = UiBuilder::new().id_salt("call back").max_rect(place);
        let link = |ui: &mut Ui| kit::link(ui, Some(icons::PHONE), words::CALL_BACK).clicked();
        if within(ui, place, link) {
            actions.extend(header::call(state, person, false));
        }
    }
    32.0
}

/// Where nothing was written yet.
fn hello(ui: &Ui, room: Rect, person: &Person) {
    let t = tokens(ui);
    let words = words::say_hello(&name(&person.name));
    let at = room.center();
    let icon = icons::HAND_WAVING;
    icon.paint(ui.painter(), at - vec2(0.0, 28.0), 32.0, t.faint);
    let shown = text::paint(
        ui.painter(),
        at,
        Align2::CENTER_CENTER,
        &words,
        Type::Body,
        t.soft,
    );
    text::say(ui, shown, &words);
}

/// A round button to the last entry, while it is out of sight, with how much came since it was not.
fn to_the_end(ui: &mut Ui, room: Rect, entries: &[Entry<'_>], timeline: &mut Timeline) {
    if timeline.is_at_end {
        return;
    }
    let t = tokens(ui);
    let is_new = |entry: &&Entry<'_>| entry.at > timeline.seen && entry.is_own == Some(false);
    let count = entries
        .iter()
        .rev()
        .take_while(|entry| entry.at > timeline.seen);
    let count = count.filter(is_new).count();
    let at = pos2(super::column(room).right() - 20.0, room.bottom() - 28.0);
    let rect = Rect::from_center_size(at, Vec2::splat(40.0));
    let id = Id::new("to the newest");
    let response = ui.interact(rect, id, Sense::click());
    let name = words::to_the_newest(count);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Button, ui.is_enabled(), &name)
    });
    let p = ui.painter();
    let fill = if response.hovered() {
        t.pressed
    } else {
        t.hover
    };
    p.circle_filled(at, 20.0, fill);
    icons::ARROW_DOWN.paint(p, at, 20.0, t.text);
    if count > 0 {
        kit::badge(p, rect.right_top() + vec2(4.0, 2.0), count, t);
    }
    kit::focus_ring(ui, &response, rect, 20);
    if response.clicked() {
        timeline.jump = Some(timeline.rows.iter().map(|row| row.height).sum());
        ui.ctx().request_repaint();
    }
}
