//! Where a text is written: it grows with what is typed, Enter sends it, Shift and Enter begin a
//! new line. Beside it the ways to send files.

use std::path::PathBuf;

use egui::{
    Align, Event, Frame, Id, ImeEvent, Key, KeyboardShortcut, Layout, Margin, Modifiers, Popup,
    Rect, ScrollArea, Sense, TextEdit, Ui, UiBuilder, Vec2, WidgetInfo, WidgetType, pos2, vec2,
};

use crate::model::{Action, Dialog, Person, Presence, State, name};
use crate::words;

use super::super::Draft;
use super::super::drafts::{MAX_PATH_CHARS, MAX_TEXT_CHARS, Written};
use super::super::kit::{self, icons, menu, text, within};
use super::super::theme::{Type, tokens};

/// Bytes of a text on the wire.
const MAX_TEXT_BYTES: usize = 4096;
/// Lines that are in sight; more are scrolled.
const MAX_LINES: f32 = 6.0;
const LINE: f32 = 22.0;
/// Around the lines.
const AROUND: f32 = 22.0;
/// Files that are pasted at once; more are a mistake.
const MAX_PASTED: usize = 100;
/// Emoji of the little menu; all others come by the keyboard or the clipboard.
const EMOJI: [&str; 24] = [
    "😀", "😂", "😊", "😍", "😘", "😉", "🙂", "😎", "🤔", "😢", "😭", "😡", "👍", "👎", "👏", "🙏",
    "💪", "👋", "❤", "🎉", "🔥", "✨", "☀", "✔",
];

/// How high the composer is, with the room around it.
pub(super) fn height(ui: &Ui, column: Rect, person: &Person, draft: &mut Draft) -> f32 {
    let written = draft.written.of(person.name);
    let path = if written.has_path { 52.0 } else { 0.0 };
    lines(ui, column, &written.text) * LINE + AROUND + path + 32.0
}

fn lines(ui: &Ui, column: Rect, typed: &str) -> f32 {
    let width = column.width() - 52.0 - 104.0;
    let font = Type::Message.font();
    let galley = ui
        .painter()
        .layout(typed.to_owned(), font, egui::Color32::WHITE, width);
    (galley.rows.len() as f32).clamp(1.0, MAX_LINES)
}

pub(super) fn show(
    ui: &mut Ui,
    row: Rect,
    state: &State,
    person: &Person,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    let column = super::column(row);
    let is_blocked = person.presence == Presence::Refused;
    let abilities = state.abilities(person);
    if !abilities.takes_files() && !abilities.reads_texts() {
        return; // There is nothing to write to.
    }
    let written = draft.written.of(person.name);
    let bottom = row.bottom() - 16.0;
    let high = lines(ui, column, &written.text) * LINE + AROUND;
    let all = Rect::from_min_max(
        pos2(column.left(), bottom - high),
        pos2(column.right(), bottom),
    );
    if written.has_path {
        let place = all.translate(vec2(0.0, -52.0)).with_max_y(all.top() - 12.0);
        let place = place.with_min_y(all.top() - 52.0);
        path(ui, place, person, written, actions);
    }
    let t = tokens(ui);
    let field = all.with_max_x(all.right() - 52.0);
    ui.painter().rect_filled(field, 22.0, t.raised);
    let enabled = !is_blocked;
    let corner = |x: f32| Rect::from_min_size(pos2(x, field.bottom() - 42.0), Vec2::splat(40.0));
    if abilities.takes_files() {
        let place = UiBuilder::new()
            .id(Id::new("attach"))
            .max_rect(corner(field.left() + 4.0));
        within(ui, place, |ui| {
            ui.add_enabled_ui(enabled, |ui| attach(ui, state, person, written, actions));
        });
    }
    if !abilities.reads_texts() {
        return;
    }
    emoji(ui, corner(field.right() - 46.0), enabled, person, written);
    let can = write(ui, field, is_blocked, person, written, actions);
    send(ui, all, can, person, written, actions);
}

fn field_id(person: &Person) -> Id {
    Id::new(("text to", person.name))
}

/// The field itself. Gives back whether what is in it can be sent.
fn write(
    ui: &mut Ui,
    field: Rect,
    is_blocked: bool,
    person: &Person,
    written: &mut Written,
    actions: &mut Vec<Action>,
) -> bool {
    let t = tokens(ui);
    let shown = name(&person.name);
    let hint = match person.presence {
        Presence::Refused => words::WRITING_IS_BLOCKED.to_owned(),
        Presence::Away(_) if person.seen.is_some() => words::gets_it_later(&shown),
        _ => words::message_to(&shown),
    };
    let id = field_id(person);
    if ui.memory(|memory| memory.has_focus(id)) {
        actions.extend(pasted_files(ui, person));
    }
    let inner = Rect::from_min_max(field.min + vec2(52.0, 11.5), field.max - vec2(52.0, 8.0));
    // A hint of two lines would be cut in a field of one.
    let hint = text::middle(ui, &hint, Type::Message, inner.width() - 8.0).into_owned();
    let name = words::message_to(&shown);
    let edit = |ui: &mut Ui| {
        let edit = TextEdit::multiline(&mut written.text)
            .id(id)
            .frame(Frame::NONE)
            .margin(Margin::ZERO)
            .desired_rows(1)
            .font(Type::Message.font())
            .text_color(t.text)
            .hint_text(text::rich(hint, Type::Message, t.faint))
            .char_limit(MAX_TEXT_CHARS)
            .desired_width(inner.width())
            .return_key(KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter));
        let response = ui.add_enabled(!is_blocked, edit);
        response.widget_info(|| WidgetInfo::labeled(WidgetType::TextEdit, !is_blocked, &name));
        response
    };
    let place = UiBuilder::new().id(Id::new("written")).max_rect(inner);
    let response = within(ui, place, |ui| {
        let area = ScrollArea::vertical()
            .id_salt(person.name)
            .max_height(inner.height());
        area.show(ui, edit).inner
    });
    if std::mem::take(&mut written.wants_text) {
        response.request_focus();
    }
    if let Some(more) = written
        .text
        .len()
        .checked_sub(MAX_TEXT_BYTES)
        .filter(|more| *more > 0)
    {
        let at = pos2(field.left() + 52.0, field.top() - 10.0);
        let words = words::too_long_by(more);
        let width = field.width() - 60.0;
        let shown = text::cut(ui.painter(), at, width, &words, Type::Small, t.danger_text);
        text::say(ui, shown, &words);
    }
    let can =
        !is_blocked && !written.text.trim().is_empty() && written.text.len() <= MAX_TEXT_BYTES;
    let entered = ui.input(|input| is_entered(&input.events, &mut written.is_composing));
    if response.has_focus() && entered && can {
        say(person, written, actions);
    }
    can
}

/// Whether Enter was pressed alone. While an input method composes a word, Enter is its own.
fn is_entered(events: &[Event], is_composing: &mut bool) -> bool {
    let mut is_entered = false;
    for event in events {
        match event {
            Event::Ime(ImeEvent::Preedit { text, .. }) => *is_composing = !text.is_empty(),
            Event::Ime(ImeEvent::Commit(_)) => *is_composing = false,
            Event::Key {
                key: Key::Enter,
                pressed: true,
                modifiers,
                ..
            } if modifiers.is_none() => is_entered |= !*is_composing,
            _ => {}
        }
    }
    is_entered
}

fn say(person: &Person, written: &mut Written, actions: &mut Vec<Action>) {
    let text = std::mem::take(&mut written.text);
    let peer = person.name;
    actions.push(Action::Text { peer, text });
}

fn send(
    ui: &mut Ui,
    all: Rect,
    can: bool,
    person: &Person,
    written: &mut Written,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let rect = Rect::from_min_size(all.max - Vec2::splat(44.0), Vec2::splat(44.0));
    let sense = if can { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, Id::new("send"), sense);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, can, words::SEND));
    let (fill, ink) = match can {
        true => (t.accent, egui::Color32::WHITE),
        false => (t.raised, t.faint),
    };
    let p = ui.painter();
    p.circle_filled(rect.center(), 22.0, fill);
    let at = rect.center() + vec2(-1.0, 1.0);
    icons::PAPER_PLANE_TILT.filled().paint(p, at, 20.0, ink);
    kit::focus_ring(ui, &response, rect, 22);
    if response.clicked() && can {
        say(person, written, actions);
        ui.memory_mut(|memory| memory.request_focus(field_id(person)));
    }
}

/// The ways to send files.
fn attach(
    ui: &mut Ui,
    state: &State,
    person: &Person,
    written: &mut Written,
    actions: &mut Vec<Action>,
) {
    let peer = person.name;
    let clip = kit::icon_button(ui, icons::PAPERCLIP, words::SEND_FILES, 40.0);
    Popup::menu(&clip).gap(4.0).width(220.0).show(|ui| {
        for (icon, words, keys, folder) in [
            (icons::FILE, words::SEND_FILES, "Ctrl+O", false),
            (icons::FOLDER, words::SEND_FOLDER, "", true),
        ] {
            let can = !state.picking;
            let entry = |ui: &mut Ui| menu::entry(ui, Some(icon), words, keys);
            if ui.add_enabled_ui(can, entry).inner.clicked() {
                actions.push(Action::Pick { peer, folder });
            }
        }
        if menu::entry(ui, Some(icons::KEYBOARD), words::TYPE_A_PATH, "").clicked() {
            (written.has_path, written.wants_path) = (true, true);
        }
    });
}

fn path_id(person: &Person) -> Id {
    Id::new(("path to", person.name))
}

/// A path that is typed: Enter sends it, Esc puts the field away.
fn path(ui: &mut Ui, row: Rect, person: &Person, written: &mut Written, actions: &mut Vec<Action>) {
    let place = UiBuilder::new().id(Id::new("path")).max_rect(row);
    let field = within(ui, place, |ui| {
        kit::Field::new(&mut written.path, words::PATH)
            .id(path_id(person))
            .hint(words::PATH)
            .max_chars(MAX_PATH_CHARS)
            .show(ui)
    });
    if std::mem::take(&mut written.wants_path) {
        field.request_focus();
    }
    if !field.lost_focus() {
        return;
    }
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    if pressed(Key::Enter) && !written.path.trim().is_empty() {
        let path = crate::paths::typed(&written.path);
        let peer = person.name;
        actions.push(Action::Send { peer, path });
        written.path.clear();
        written.has_path = false;
    } else if pressed(Key::Escape) || written.path.trim().is_empty() {
        written.path.clear();
        written.has_path = false;
    }
}

/// A few emoji by the mouse, where a font has them.
fn emoji(ui: &mut Ui, place: Rect, enabled: bool, person: &Person, written: &mut Written) {
    let font = Type::Message.font();
    let has_them = ui.fonts_mut(|fonts| fonts.has_glyph(&font, '😀'));
    if !has_them {
        return;
    }
    let place = UiBuilder::new().id(Id::new("emoji")).max_rect(place);
    within(ui, place, |ui| {
        let show = |ui: &mut Ui| kit::icon_button(ui, icons::SMILEY, words::EMOJI, 40.0);
        let button = ui.add_enabled_ui(enabled, show).inner;
        Popup::menu(&button).gap(4.0).show(|ui| {
            ui.with_layout(
                Layout::left_to_right(Align::Center).with_main_wrap(true),
                |ui| {
                    ui.set_width(8.0 * 40.0);
                    ui.spacing_mut().item_spacing = Vec2::ZERO;
                    for emoji in EMOJI {
                        let large = egui::RichText::new(emoji).size(22.0);
                        let button = egui::Button::new(large)
                            .frame(false)
                            .min_size(Vec2::splat(40.0));
                        if ui.add(button).clicked() {
                            written.text.push_str(emoji);
                            ui.memory_mut(|memory| memory.request_focus(field_id(person)));
                        }
                    }
                },
            );
        });
    });
}

/// Files that a file manager copied come as a text of their addresses. They are sent after a
/// question.
fn pasted_files(ui: &Ui, person: &Person) -> Option<Action> {
    let mut files = None;
    ui.input_mut(|input| {
        input.events.retain(|event| match event {
            Event::Paste(text) => {
                let found = file_addresses(text);
                let is_text = found.is_empty();
                if !is_text {
                    files = Some(found);
                }
                is_text
            }
            _ => true,
        });
    });
    let (peer, paths) = (person.name, files?);
    Some(Action::Open(Dialog::Pasted { peer, paths }))
}

/// The paths of a list of `file:` addresses; none if there is anything else in it.
fn file_addresses(text: &str) -> Vec<PathBuf> {
    // What Nautilus writes above its list.
    let is_head = |line: &str| matches!(line, "x-special/nautilus-clipboard" | "copy" | "cut" | "");
    let lines = text.lines().map(str::trim).filter(|line| !is_head(line));
    // An address has no spaces: with one it is a sentence.
    let path = |line: &str| {
        let address = line
            .strip_prefix("file://")
            .filter(|it| !it.contains(' '))?;
        Some(PathBuf::from(decoded(address)?))
    };
    let paths: Option<Vec<_>> = lines.map(path).collect();
    let mut paths = paths.unwrap_or_default();
    paths.retain(|path| path.is_absolute());
    paths.truncate(MAX_PASTED);
    paths
}

/// `%20` and its like as what they stand for.
fn decoded(address: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(address.len());
    let mut rest = address.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_list_of_files_is_taken_for_files() {
        let two = file_addresses("file:///tmp/a%20b\r\nfile:///tmp/c\n");
        assert_eq!(two, [PathBuf::from("/tmp/a b"), PathBuf::from("/tmp/c")]);
        let copied = file_addresses("x-special/nautilus-clipboard\ncopy\nfile:///tmp/a\n");
        assert_eq!(copied, [PathBuf::from("/tmp/a")]);
        for text in [
            "",
            "see file:///tmp/a",
            "file:///tmp/a\nand this",
            "file:///%zz",
            "/tmp/a",
        ] {
            assert!(file_addresses(text).is_empty(), "{text}");
        }
    }
}
