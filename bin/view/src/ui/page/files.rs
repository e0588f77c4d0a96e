//! Files in a conversation: one card for each transfer.

use std::path::Path;

use egui::{
    Align, Color32, Frame, Id, Label, Layout, Margin, Rect, Sense, Shape, Ui, UiBuilder, Vec2,
    pos2, vec2,
};
use transom::{Direction, Outcome, Phase, Shape as Form, path_text};

use crate::model::{Action, Dialog, Person, Preferences, Presence, State, Transfer, Unsent, name};
use crate::words;

use super::super::album::Album;
use super::super::guard;
use super::super::kit::{self, Button, Drawing, Icon, Kind, icons, menu, text, within};
use super::super::theme::{PILL, Type, tokens};

/// The widest that a card gets.
const WIDEST: f32 = 372.0;
/// Characters of a file's name in a question; all of it is under the pointer.
pub(super) const FILE_CHARS: usize = 60;
/// The largest thumbnail, in points.
const THUMBNAIL: Vec2 = vec2(320.0, 240.0);

/// What can be opened by a click: documents that no program runs by being shown.
const OPENS: [&str; 26] = [
    "pdf", "txt", "md", "csv", "odt", "ods", "odp", "docx", "xlsx", "pptx", "epub", "jpg", "jpeg",
    "png", "gif", "webp", "heic", "tif", "tiff", "mp4", "mkv", "webm", "mov", "mp3", "ogg", "flac",
];

/// A card at its side; its height is that of its content.
pub(super) fn card(
    ui: &mut Ui,
    room: Rect,
    is_own: bool,
    said: &str,
    guarded: Option<Id>,
    add: impl FnOnce(&mut Ui),
) -> f32 {
    let t = tokens(ui);
    let width = room.width().min(WIDEST);
    let left = if is_own {
        room.right() - width
    } else {
        room.left()
    };
    let place = Rect::from_min_size(pos2(left, room.top()), vec2(width, room.height()));
    let ground = ui.painter().add(Shape::Noop);
    let place = UiBuilder::new()
        .max_rect(place)
        .layout(Layout::top_down(Align::Min));
    let rect = within(ui, place, |ui| {
        let frame = Frame::NONE.inner_margin(Margin::same(12));
        let content = |ui: &mut Ui| {
            ui.set_width(width - 24.0);
            ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
            add(ui);
        };
        frame.show(ui, content).response.rect
    });
    let shape = egui::epaint::RectShape::filled(rect, 16.0, t.raised);
    ui.painter().set(ground, shape);
    text::say(ui, rect.with_max_y(rect.top() + 1.0), said);
    if let Some(id) = guarded {
        guard::place(ui, id, rect);
    }
    rect.height()
}

/// The tile with the kind of the file, its name, and a line below it. `ends` is the room that
/// buttons at the right need.
pub(super) fn head(
    ui: &mut Ui,
    (icon, back, ink): (Icon, Color32, Color32),
    file: &str,
    below: &str,
    ends: f32,
) -> Rect {
    let t = tokens(ui);
    let size = vec2(ui.available_width(), 44.0);
    let (row, response) = ui.allocate_exact_size(size, Sense::hover());
    let p = ui.painter();
    let tile = Rect::from_min_size(row.min, Vec2::splat(44.0));
    p.rect_filled(tile, 10.0, back);
    icon.paint(p, tile.center(), 24.0, ink);
    let width = row.width() - 56.0 - ends;
    let left = row.left() + 56.0;
    let named = words::line(file);
    let cut = text::middle(ui, &named, Type::Strong, width);
    let p = ui.painter();
    text::cut(
        p,
        pos2(left, row.top() + 12.5),
        width,
        &cut,
        Type::Strong,
        t.text,
    );
    text::cut(
        p,
        pos2(left, row.top() + 32.0),
        width,
        below,
        Type::Small,
        t.soft,
    );
    response.on_hover_text(named);
    row
}

/// How the tile of that file looks.
pub(super) fn tile(ui: &Ui, file: &str, form: Form) -> (Icon, Color32, Color32) {
    let t = tokens(ui);
    let plain = |icon| (icon, t.hover, t.soft);
    if form != Form::File {
        return plain(icons::FOLDER);
    }
    match extension(Path::new(file)).as_str() {
        "pdf" => (icons::FILE_PDF, t.danger_wash, t.danger_text),
        "txt" | "md" | "odt" | "docx" | "rtf" | "csv" => plain(icons::FILE_TEXT),
        "zip" | "gz" | "xz" | "zst" | "tar" | "7z" | "rar" => plain(icons::FILE_ZIP),
        "mp4" | "mkv" | "webm" | "mov" | "avi" => plain(icons::FILE_VIDEO),
        "mp3" | "ogg" | "opus" | "flac" | "wav" | "m4a" => plain(icons::FILE_AUDIO),
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "heic" | "tif" => plain(icons::IMAGE),
        _ => plain(icons::FILE),
    }
}

fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_lowercase()
}

/// A transfer, running or ended.
pub(super) fn transfer(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    person: &Person,
    album: &Album,
    transfer: &Transfer,
    actions: &mut Vec<Action>,
) -> f32 {
    let status = &transfer.status;
    let is_own = status.direction == Direction::Outgoing;
    if let Some(height) = thumbnail(ui, room, state, album, transfer, actions) {
        return height;
    }
    let who = name(&person.name);
    let file = words::short(&status.name, FILE_CHARS);
    let title = words::transfer(status.direction, &file, &who);
    let is_here = person.presence == Presence::Here;
    let id = Id::new(("transfer", status.transfer));
    match &transfer.outcome {
        None => {
            let percent = (transfer.progress() * 100.0) as u32;
            let percent = status.is_counted.then_some(percent);
            let now = words::progress(status, &who, is_here);
            let (rate, left) = pace(transfer);
            let said = words::card(&title, percent, &[&now, &left]);
            card(ui, room, is_own, &said, Some(id), |ui| {
                running(ui, transfer, &now, (&rate, &left), actions);
            })
        }
        Some(end) => {
            let size = status.bytes;
            let told = words::outcome(status.direction, &who, size, end);
            let said = words::card(&title, None, &[&told]);
            card(ui, room, is_own, &said, Some(id), |ui| {
                ended(ui, state, transfer, end, &told, actions);
            })
        }
    }
}

/// The rate, and how long it still takes.
fn pace(transfer: &Transfer) -> (String, String) {
    let status = &transfer.status;
    if status.phase != Phase::Running {
        return Default::default();
    }
    let rate = match status.yields {
        true => words::CALL_GOES_FIRST.to_owned(),
        false => words::rate_and_limit(status),
    };
    (rate, status.eta.map(words::left).unwrap_or_default())
}

fn running(
    ui: &mut Ui,
    transfer: &Transfer,
    now: &str,
    (rate, left): (&str, &str),
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let status = &transfer.status;
    let tile = tile(ui, &status.name, status.shape);
    let row = head(ui, tile, &status.name, now, 84.0);
    buttons(ui, row, transfer, actions);
    ui.add_space(10.0);
    let size = vec2(ui.available_width(), 6.0);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    kit::bar(
        ui.painter(),
        rect,
        transfer.progress(),
        t.pressed,
        t.accent_text,
    );
    ui.add_space(8.0);
    // One line each at all times: a card that changes its height moves what is below it.
    let size = vec2(ui.available_width(), 18.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let p = ui.painter();
    text::cut(
        p,
        row.left_center(),
        row.width() - 90.0,
        rate,
        Type::Small,
        t.soft,
    );
    let end = row.right_center();
    text::paint(
        p,
        end,
        egui::Align2::RIGHT_CENTER,
        left,
        Type::Small,
        t.soft,
    );
    if status.shape != Form::File {
        let (row, response) = ui.allocate_exact_size(size, Sense::hover());
        if let Some(current) = &status.current {
            let moving = words::moving(&words::short(&current.path, FILE_CHARS), current);
            text::cut(
                ui.painter(),
                row.left_center(),
                row.width(),
                &moving,
                Type::Small,
                t.faint,
            );
            text::say(ui, row, &moving);
            response.on_hover_text(words::line(&current.path));
        }
    }
    failures(ui, transfer);
}

/// Pause or Go on, and Cancel, at the right of the head.
fn buttons(ui: &mut Ui, row: Rect, transfer: &Transfer, actions: &mut Vec<Action>) {
    let (id, file) = (
        transfer.status.transfer,
        words::short(&transfer.status.name, FILE_CHARS),
    );
    let place = UiBuilder::new()
        .id_salt("buttons")
        .max_rect(row)
        .layout(Layout::right_to_left(Align::Center));
    within(ui, place, |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        let cancel = words::of_file(words::CANCEL, &file);
        if kit::icon_button(ui, icons::X, &cancel, 32.0).clicked() {
            actions.push(match transfer.has_begun() {
                true => Action::Open(Dialog::CancelTransfer(id)),
                false => Action::Cancel(id),
            });
        }
        if !matches!(transfer.status.phase, Phase::Running | Phase::Paused) {
            return;
        }
        let is_paused = transfer.is_paused();
        let (icon, words) = match is_paused {
            true => (icons::PLAY, words::GO_ON),
            false => (icons::PAUSE, words::PAUSE),
        };
        // Its id has its words: if it changes between press and release, neither is clicked.
        let pause = ui.push_id(words, |ui| {
            let name = words::of_file(words, &file);
            kit::icon_button(ui, icon.filled(), &name, 32.0).clicked()
        });
        if pause.inner {
            let (transfer, paused) = (id, !is_paused);
            actions.push(Action::Pause { transfer, paused });
        }
    });
}

fn failures(ui: &mut Ui, transfer: &Transfer) {
    let t = tokens(ui);
    // Of a single file the outcome says it.
    let is_file = transfer.status.shape == Form::File;
    let is_told = is_file && matches!(transfer.outcome, Some(Outcome::Failed { .. }));
    if transfer.failures > 0 && !is_told {
        let words = words::failures(transfer.failures, transfer.last_failure.as_ref());
        let words = text::rich(words, Type::Small, t.danger_text);
        ui.add(Label::new(words).truncate());
    }
}

fn ended(
    ui: &mut Ui,
    state: &State,
    transfer: &Transfer,
    end: &Outcome,
    told: &str,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let status = &transfer.status;
    let (id, file) = (status.transfer, words::short(&status.name, FILE_CHARS));
    let is_good = end.is_success();
    let tile = tile(ui, &status.name, status.shape);
    let row = head(
        ui,
        tile,
        &status.name,
        if is_good { told } else { "" },
        40.0,
    );
    remove(ui, row, &file, Action::Clear(id), actions);
    if !is_good {
        let told = text::rich(told, Type::Small, t.danger_text);
        ui.add_space(6.0);
        ui.add(Label::new(told).wrap());
    }
    failures(ui, transfer);
    for note in words::entry_notes(&status.report) {
        let note = text::rich(note, Type::Small, t.soft);
        ui.add(Label::new(note).truncate());
    }
    let source = state.source(id).filter(|_| !is_good);
    let stored = transfer.stored();
    if source.is_none() && stored.is_none() {
        return;
    }
    ui.add_space(12.0);
    ui.horizontal(|ui| {
        if let Some(path) = source {
            let name = words::of_file(words::TRY_AGAIN, &file);
            let again = Button::new(Kind::OnCard, words::TRY_AGAIN).height(32.0);
            if ui
                .add(again.icon(icons::ARROW_CLOCKWISE).name(&name))
                .clicked()
            {
                actions.push(Action::Retry {
                    transfer: id,
                    peer: status.peer,
                    path: path.to_owned(),
                });
            }
        }
        if let Some(path) = stored {
            to_open(ui, path, &file, actions);
        }
    });
}

/// Open, for what is a document, and Show in folder.
pub(in crate::ui) fn to_open(ui: &mut Ui, path: &Path, file: &str, actions: &mut Vec<Action>) {
    if OPENS.contains(&extension(path).as_str()) {
        let name = words::of_file(words::OPEN, file);
        let open = Button::new(Kind::OnCard, words::OPEN).height(32.0);
        if ui
            .add(open.icon(icons::ARROW_SQUARE_OUT).name(&name))
            .clicked()
        {
            actions.push(Action::OpenFile(path.to_owned()));
        }
    }
    if let Some(folder) = path.parent() {
        let name = words::of_file(words::SHOW_IN_FOLDER, file);
        let show = Button::new(Kind::OnCard, words::SHOW_IN_FOLDER).height(32.0);
        if ui.add(show.icon(icons::FOLDER_OPEN).name(&name)).clicked() {
            actions.push(Action::OpenFolder(folder.to_owned()));
        }
    }
}

/// Takes a card off the screen; its menu takes all that ended.
fn remove(ui: &mut Ui, row: Rect, file: &str, action: Action, actions: &mut Vec<Action>) {
    let place = Rect::from_min_size(pos2(row.right() - 32.0, row.top()), Vec2::splat(32.0));
    let place = UiBuilder::new().id_salt("remove").max_rect(place);
    let name = words::of_file(words::REMOVE_FROM_VIEW, file);
    let button = |ui: &mut Ui| kit::icon_button(ui, icons::X, &name, 32.0);
    let button = within(ui, place, button);
    button.context_menu(|ui| {
        if menu::entry(ui, Some(icons::X), words::REMOVE_ENDED, "").clicked() {
            actions.push(Action::ClearEnded);
        }
    });
    if button.clicked() {
        actions.push(action);
    }
}

/// What an earlier run of the window left unsent.
pub(super) fn unsent(ui: &mut Ui, room: Rect, unsent: &Unsent, actions: &mut Vec<Action>) -> f32 {
    let file = unsent.path.file_name().unwrap_or(unsent.path.as_os_str());
    let file = &path_text(file.as_ref());
    let short = words::short(file, FILE_CHARS);
    let title = words::transfer(Direction::Outgoing, &short, &name(&unsent.peer));
    let said = words::card(&title, None, &[words::WAS_CLOSED]);
    let id = Id::new(("unsent", unsent.peer, &unsent.path));
    card(ui, room, true, &said, Some(id), |ui| {
        let tile = tile(ui, file, Form::File);
        let row = head(ui, tile, file, words::WAS_CLOSED, 40.0);
        remove(
            ui,
            row,
            &short,
            Action::ForgetUnsent(unsent.clone()),
            actions,
        );
        ui.add_space(12.0);
        let name = words::of_file(words::GO_ON, &short);
        let go_on = Button::new(Kind::OnCard, words::GO_ON).height(32.0);
        if ui.add(go_on.icon(icons::PLAY).name(&name)).clicked() {
            let Unsent { peer, path } = unsent.clone();
            actions.push(Action::Send { peer, path });
            actions.push(Action::ForgetUnsent(unsent.clone()));
        }
    })
}

/// A picture that is whole, in place of its card.
fn thumbnail(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    album: &Album,
    transfer: &Transfer,
    actions: &mut Vec<Action>,
) -> Option<f32> {
    let path = picture_of(state, transfer)?;
    let Some(shown) = album.thumbnail(path) else {
        // Asked for once: the thumbnail may come much later.
        let asked = Id::new(("asked for a thumbnail", path));
        let is_asked = |data: &mut egui::util::IdTypeMap| {
            std::mem::replace(data.get_temp_mut_or_default::<bool>(asked), true)
        };
        if !ui.data_mut(is_asked) {
            actions.push(Action::Glance(path.to_owned()));
        }
        return None;
    };
    let picture = shown?;
    let pixels = match picture.orientation {
        5.. => picture.size.yx(),
        _ => picture.size,
    };
    let size = pixels * (THUMBNAIL / pixels).min_elem().min(1.0);
    let size = size
        .max(Vec2::splat(48.0))
        .min(vec2(room.width(), THUMBNAIL.y));
    let is_own = transfer.status.direction == Direction::Outgoing;
    let left = if is_own {
        room.right() - size.x
    } else {
        room.left()
    };
    let rect = Rect::from_min_size(pos2(left, room.top()), size);
    let file = words::short(&transfer.status.name, FILE_CHARS);
    let name = words::of_file(words::OPEN, &file);
    let id = Id::new(("thumbnail", transfer.status.transfer));
    let response = kit::area(ui, rect, id, &name);
    let p = ui.painter();
    let how = Drawing::filling(Preferences::default()).radius(16);
    kit::draw(p, picture, how, rect);
    let clock = words::clock(&state.zone, transfer.at);
    let chip = Rect::from_min_size(rect.max - vec2(61.0, 30.0), vec2(53.0, 22.0));
    p.rect_filled(chip, 11.0, PILL);
    let middle = egui::Align2::CENTER_CENTER;
    text::paint(
        p,
        chip.center(),
        middle,
        &clock,
        Type::Caption,
        Color32::WHITE,
    );
    kit::focus_ring(ui, &response, rect, 16);
    guard::place(ui, id, rect);
    response.context_menu(|ui| {
        if let Some(folder) = path.parent()
            && menu::entry(ui, Some(icons::FOLDER_OPEN), words::SHOW_IN_FOLDER, "").clicked()
        {
            actions.push(Action::OpenFolder(folder.to_owned()));
        }
        if menu::entry(ui, Some(icons::X), words::REMOVE_FROM_VIEW, "").clicked() {
            actions.push(Action::Clear(transfer.status.transfer));
        }
    });
    if response.on_hover_text(file).clicked() {
        actions.push(Action::OpenFile(path.to_owned()));
    }
    Some(size.y)
}

/// Where the picture of a transfer that came through lies.
fn picture_of<'a>(state: &'a State, transfer: &'a Transfer) -> Option<&'a Path> {
    let is_whole = matches!(
        transfer.outcome,
        Some(Outcome::Durable { .. } | Outcome::AlreadyThere { .. })
    );
    if !is_whole || transfer.status.shape != Form::File {
        return None;
    }
    let path = transfer
        .stored()
        .or_else(|| state.source(transfer.status.transfer))?;
    matches!(extension(path).as_str(), "jpg" | "jpeg" | "png").then_some(path)
}
