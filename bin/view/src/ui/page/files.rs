//! Files in a conversation: one card for each transfer, and for what is offered.

use std::path::Path;

use egui::{
    Align, Color32, Frame, Id, Label, Layout, Margin, Popup, Rect, Sense, Shape, Ui, UiBuilder,
    Vec2, WidgetInfo, WidgetType, pos2, vec2,
};
use transom::{Direction, Outcome, Phase, Shape as Form, TransferId};

use crate::model::{
    Action, Dialog, FolderFor, Offer, Person, Preferences, Presence, State, Transfer, Unsent, name,
};
use crate::words;

use super::super::album::Album;
use super::super::guard;
use super::super::kit::{self, Button, Drawing, Icon, Kind, icons, menu, text, within};
use super::super::theme::{PILL, Type, tokens};

/// The widest that a card gets.
const WIDEST: f32 = 372.0;
/// Characters of a file's name in a question; all of it is under the pointer.
const FILE_CHARS: usize = 60;
/// Offers that are listed by name; the others are counted.
const MAX_LISTED: usize = 6;
/// The largest thumbnail, in points.
const THUMBNAIL: Vec2 = vec2(320.0, 240.0);

/// What can be opened by a click: documents that no program runs by being shown.
const OPENS: [&str; 26] = [
    "pdf", "txt", "md", "csv", "odt", "ods", "odp", "docx", "xlsx", "pptx", "epub", "jpg", "jpeg",
    "png", "gif", "webp", "heic", "tif", "tiff", "mp4", "mkv", "webm", "mov", "mp3", "ogg", "flac",
];

/// A card at its side; its height is that of its content.
fn card(
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
fn head(
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
fn tile(ui: &Ui, file: &str, form: Form) -> (Icon, Color32, Color32) {
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

/// What a transfer of one file or of several is.
fn form(transfer: &Transfer) -> Form {
    match transfer.status.files {
        0 | 1 => Form::File,
        _ => Form::Folder,
    }
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
            let now = words::progress(status, &who, is_here);
            let (rate, left) = pace(transfer);
            let said = words::card(&title, Some(percent), &[&now, &left]);
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
        false => words::rate(status.rate),
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
    let tile = tile(ui, &status.name, form(transfer));
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
    if status.files > 1 {
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
    let is_told =
        matches!(transfer.outcome, Some(Outcome::Failed { .. })) && transfer.status.files <= 1;
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
    let tile = tile(ui, &status.name, form(transfer));
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
    let path = unsent.path.to_string_lossy();
    let file = unsent.path.file_name().map(|file| file.to_string_lossy());
    let file = file.as_ref().unwrap_or(&path);
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

/// What a contact offers, all of which one answer is enough for.
pub(in crate::ui) fn offers(
    ui: &mut Ui,
    room: Rect,
    state: &State,
    offers: &[&Offer],
    actions: &mut Vec<Action>,
) -> f32 {
    let Some(first) = offers.first() else {
        return 0.0;
    };
    let who = name(&first.peer);
    let said = match offers {
        [one] => words::wants_to_send(&who, &words::short(&one.name, FILE_CHARS)),
        many => words::wants_to_send_all(&who, many.len(), size_of(many)),
    };
    let id = Id::new(("offers", first.transfer));
    let ids: Vec<TransferId> = offers.iter().map(|offer| offer.transfer).collect();
    // With another file in it the card is another one.
    let is_ready = guard::is_ready(ui.ctx(), Id::new(&ids));
    let mut rect = room;
    let height = card(ui, room, false, &said, Some(id), |ui| {
        guard::buttons(ui, is_ready, |ui| match offers {
            [one] => single(ui, state, one, &who, actions),
            many => several(ui, state, many, &said, actions),
        });
    });
    rect.set_height(height);
    guard::place(ui, Id::new(&ids), rect);
    height
}

fn size_of(offers: &[&Offer]) -> u64 {
    offers
        .iter()
        .fold(0, |all, offer| all.saturating_add(offer.bytes))
}

fn single(ui: &mut Ui, state: &State, offer: &Offer, who: &str, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let tile = tile(ui, &offer.name, offer.shape);
    head(ui, tile, &offer.name, &words::offered(offer, who), 0.0);
    if offer.overwrites {
        ui.add_space(6.0);
        ui.label(text::rich(words::REPLACES, Type::Small, t.warn));
    }
    ui.add_space(12.0);
    let file = words::short(&offer.name, FILE_CHARS);
    let answer = answers(
        ui,
        (words::DECLINE, words::ACCEPT),
        (
            &words::of_file(words::DECLINE, &file),
            &words::of_file(words::ACCEPT, &file),
        ),
        |ui| folder(ui, state, offer, actions),
    );
    match answer {
        Some(true) => actions.extend(accept(state, &[offer])),
        Some(false) => actions.push(Action::Refuse(offer.transfer)),
        None => {}
    }
}

fn several(ui: &mut Ui, state: &State, offers: &[&Offer], title: &str, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    ui.add(Label::new(text::rich(title, Type::Strong, t.text)).truncate());
    ui.add_space(6.0);
    for offer in offers.iter().take(MAX_LISTED) {
        let size = vec2(ui.available_width(), 32.0);
        let (row, _) = ui.allocate_exact_size(size, Sense::hover());
        let file = words::short(&offer.name, FILE_CHARS);
        let told = words::joined(&file, &words::bytes(offer.bytes));
        let width = row.width() - 40.0;
        text::cut(
            ui.painter(),
            row.left_center(),
            width,
            &told,
            Type::Small,
            t.soft,
        );
        let place = row.with_min_x(row.right() - 32.0);
        let place = UiBuilder::new().id_salt(offer.transfer).max_rect(place);
        let name = words::of_file(words::DECLINE, &file);
        let decline = |ui: &mut Ui| kit::icon_button(ui, icons::X, &name, 32.0).clicked();
        if within(ui, place, decline) {
            actions.push(Action::Refuse(offer.transfer));
        }
    }
    if let Some(more) = offers
        .len()
        .checked_sub(MAX_LISTED)
        .filter(|more| *more > 0)
    {
        ui.label(text::rich(words::and_more(more), Type::Small, t.faint));
    }
    ui.add_space(12.0);
    let words = (words::DECLINE_ALL, words::ACCEPT_ALL);
    match answers(ui, words, words, |_| {}) {
        Some(true) => actions.extend(accept(state, offers)),
        Some(false) => {
            actions.extend(offers.iter().map(|offer| Action::Refuse(offer.transfer)));
        }
        None => {}
    }
}

/// Decline and Accept at the right, and something at the left. Gives back what was clicked.
fn answers(
    ui: &mut Ui,
    (decline, accept): (&str, &str),
    (decline_name, accept_name): (&str, &str),
    left: impl FnOnce(&mut Ui),
) -> Option<bool> {
    let size = vec2(ui.available_width(), 32.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let layout = Layout::right_to_left(Align::Center);
    let place = UiBuilder::new()
        .id_salt("answers")
        .max_rect(row)
        .layout(layout);
    within(ui, place, |ui| {
        let accept = Button::new(Kind::Main, accept)
            .height(32.0)
            .name(accept_name);
        let accepts = ui.add(accept).clicked();
        let decline = Button::new(Kind::OnCard, decline)
            .height(32.0)
            .name(decline_name);
        let declines = ui.add(decline).clicked();
        let rest = ui.available_rect_before_wrap();
        let layout = Layout::left_to_right(Align::Center);
        let place = UiBuilder::new()
            .id_salt("left")
            .max_rect(rest)
            .layout(layout);
        within(ui, place, left);
        match (accepts, declines) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    })
}

/// Where an offered file goes; a click chooses another folder.
fn folder(ui: &mut Ui, state: &State, offer: &Offer, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let into = words::folder_name(&offer.into);
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, 32.0), Sense::click());
    let name = words::of_file(words::SAVE_IN, &into);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ui.is_enabled(), &name));
    let ink = if response.hovered() { t.text } else { t.soft };
    let p = ui.painter();
    icons::FOLDER.paint(p, rect.left_center() + vec2(9.0, 0.0), 17.0, ink);
    let left = rect.left_center() + vec2(22.0, 0.0);
    let shown = text::cut(p, left, width - 42.0, &into, Type::Small, ink);
    icons::CARET_DOWN.paint(p, pos2(shown.right() + 10.0, rect.center().y), 13.0, ink);
    kit::focus_ring(ui, &response, rect, 8);
    Popup::menu(&response).gap(4.0).width(220.0).show(|ui| {
        ui.label(text::rich(
            words::line(&offer.into.to_string_lossy()),
            Type::Small,
            t.soft,
        ));
        let other = menu::entry(ui, Some(icons::FOLDER_OPEN), words::ANOTHER_FOLDER, "");
        if other.clicked() && !state.picking {
            let transfer = offer.transfer;
            actions.push(Action::PickFolder(FolderFor::Offer(transfer)));
        }
    });
}

/// Takes each offer into the folder that was chosen for it. For the others the folder is asked for
/// first, where that is wished.
fn accept(state: &State, offers: &[&Offer]) -> Vec<Action> {
    let has_folder = |offer: &&&Offer| {
        let folder = &offer.into;
        *folder != state.inbox && !folder.as_os_str().is_empty()
    };
    let asks = |offer: &&&Offer| state.config.ask_where && !has_folder(offer);
    let asked: Vec<_> = offers.iter().filter(asks).collect();
    let rest = offers.iter().filter(|offer| !asks(offer));
    let accept = |offer: &&Offer| Action::Accept {
        transfer: offer.transfer,
        into: has_folder(&offer).then(|| offer.into.clone()),
    };
    let mut actions: Vec<_> = rest.map(accept).collect();
    if !asked.is_empty() && !state.picking {
        let asked = asked.iter().map(|offer| offer.transfer).collect();
        actions.push(Action::PickFolder(FolderFor::Accepted(asked)));
    }
    actions
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
    if !is_whole || transfer.status.files > 1 {
        return None;
    }
    let path = transfer
        .stored()
        .or_else(|| state.source(transfer.status.transfer))?;
    matches!(extension(path).as_str(), "jpg" | "jpeg" | "png").then_some(path)
}
