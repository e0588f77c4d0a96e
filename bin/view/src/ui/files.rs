//! Sending files, by dialog, path or drop, and the transfers with their bars.

use egui::{
    Align2, Color32, FontId, Id, Key, Label, LayerId, Order, ProgressBar, RichText, ScrollArea,
    TextEdit, Ui,
};
use transom::{CurrentFile, Direction, Outcome, PeerName, Phase};

use crate::model::{Action, Dialog, Person, Presence, State, Transfer, Unsent, name};

use crate::paths;
use crate::words;

use super::drafts::MAX_PATH_CHARS;
use super::{Draft, arrivals, theme};

/// Characters of a file's name or path in a row; all of it is under the pointer.
const FILE_CHARS: usize = 60;
/// Of the list of transfers, in points; more are scrolled.
const MAX_HEIGHT: f32 = 240.0;

pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    person: &Person,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    ui.add_space(4.0);
    if state.abilities(person).takes_files() {
        choose(ui, state, person.name, draft, actions);
    }
    if !(state.transfers.is_empty() && state.unsent.is_empty()) {
        ui.separator();
        // In a low window the texts above keep some room.
        let height = MAX_HEIGHT.min(ui.ctx().content_rect().height() / 3.0);
        ScrollArea::vertical()
            .id_salt("transfers")
            // A panel that has yet to grow would leave it less.
            .min_scrolled_height(height)
            .max_height(height)
            .show(ui, |ui| {
                let ended = state.transfers.iter().any(|one| one.outcome.is_some());
                if ended && state.transfers.len() > 1 && button(ui, words::CLEAR_ENDED) {
                    actions.push(Action::ClearEnded);
                }
                for unsent in &state.unsent {
                    let id = ("unsent", unsent.peer, &unsent.path);
                    let row = ui.push_id(id, |ui| left_over(ui, unsent, actions));
                    arrivals::place(ui, id, row.response.rect);
                }
                for transfer in in_order(state) {
                    let id = ("transfer", transfer.status.transfer);
                    let row = ui.push_id(id, |ui| row(ui, state, transfer, actions));
                    arrivals::place(ui, id, row.response.rect);
                }
            });
    }
    ui.add_space(4.0);
}

/// What is sent to that contact: chosen in a dialog, or by a typed path.
fn choose(
    ui: &mut Ui,
    state: &State,
    peer: PeerName,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    ui.horizontal_wrapped(|ui| {
        for (label, folder) in [(words::SEND_FILES, false), (words::SEND_FOLDER, true)] {
            if ui
                .add_enabled(!state.picking, egui::Button::new(label))
                .clicked()
            {
                actions.push(Action::Pick { peer, folder });
            }
        }
    });
    ui.horizontal(|ui| {
        let label = ui.label(words::PATH);
        let typed = &mut draft.written.of(peer).path;
        let field = TextEdit::singleline(typed)
            .id(Id::new(("path to", peer)))
            .char_limit(MAX_PATH_CHARS)
            .hint_text(words::PATH_HINT)
            .desired_width(f32::INFINITY);
        let field = ui.add(field).labelled_by(label.id);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if entered && !typed.trim().is_empty() {
            let path = paths::typed(typed);
            typed.clear();
            actions.push(Action::Send { peer, path });
        }
    });
}

/// What an earlier run of the window left unsent.
fn left_over(ui: &mut Ui, unsent: &Unsent, actions: &mut Vec<Action>) {
    let path = unsent.path.to_string_lossy();
    let file = unsent.path.file_name().map(|file| file.to_string_lossy());
    let file = words::short(file.as_ref().unwrap_or(&path), FILE_CHARS);
    let title = words::transfer(Direction::Outgoing, &file, &name(&unsent.peer));
    ui.add(Label::new(RichText::new(title).strong()).truncate())
        .on_hover_text(words::line(&path));
    ui.add(Label::new(words::WAS_CLOSED).wrap());
    ui.horizontal(|ui| {
        let goes_on = button(ui, words::GO_ON);
        if goes_on {
            let Unsent { peer, path } = unsent.clone();
            actions.push(Action::Send { peer, path });
        }
        if goes_on | button(ui, words::CLEAR) {
            actions.push(Action::ForgetUnsent(unsent.clone()));
        }
    });
    ui.add_space(6.0);
}

/// The newest first, but what waits last, in the order of its turn: many of those would hide what
/// moves.
fn in_order(state: &State) -> impl Iterator<Item = &Transfer> {
    let waits = |one: &&Transfer| one.status.phase == Phase::Waiting;
    let begun = state.transfers.iter().rev().filter(move |one| !waits(one));
    begun.chain(state.transfers.iter().filter(waits))
}

/// All running transfers in one line: `3 transfers, 12 MB of 345 MB, 56 MB/s`.
pub(super) fn totals(state: &State) -> Option<String> {
    let (count, done, all, rate) = state.totals();
    (count > 0).then(|| words::totals(count, done, all, rate))
}

/// Files dropped on the window go to the contact that was chosen when the drag entered the window,
/// which the veil names.
pub(super) fn drops(ui: &Ui, state: &State, draft: &mut Draft, actions: &mut Vec<Action>) {
    let (hovering, dropped) = ui.input(|input| {
        (
            !input.raw.hovered_files.is_empty(),
            input.raw.dropped_files.clone(),
        )
    });
    if hovering && draft.brought_to.is_none() {
        draft.brought_to = state.chosen;
    }
    let target = draft.brought_to.or(state.chosen);
    if !hovering {
        draft.brought_to = None;
    }
    let person = |peer| state.people.iter().find(|person| person.name == peer);
    let Some(person) = target.and_then(person) else {
        if hovering || !dropped.is_empty() {
            actions.push(Action::Say(words::NOBODY_CHOSEN.to_owned()));
        }
        return;
    };
    let peer = person.name;
    if !state.abilities(person).takes_files() {
        if hovering || !dropped.is_empty() {
            actions.push(Action::Say(words::takes_no_files(&name(&peer))));
        }
        return;
    }
    if hovering {
        veil(ui, &words::drop_to(&name(&peer)));
    }
    let paths = dropped.into_iter().filter_map(|file| file.path);
    actions.extend(paths.map(|path| Action::Send { peer, path }));
}

fn veil(ui: &Ui, text: &str) {
    let painter = ui
        .ctx()
        .layer_painter(LayerId::new(Order::Foreground, Id::new("drop")));
    let area = ui.ctx().content_rect();
    painter.rect_filled(area, 0.0, Color32::from_black_alpha(170));
    painter.text(
        area.center(),
        Align2::CENTER_CENTER,
        text,
        FontId::proportional(24.0),
        Color32::WHITE,
    );
}

fn row(ui: &mut Ui, state: &State, transfer: &Transfer, actions: &mut Vec<Action>) {
    let status = &transfer.status;
    let title = RichText::new(title(transfer)).strong();
    ui.add(Label::new(title).truncate())
        .on_hover_text(words::line(&status.name));
    if let Some(end) = &transfer.outcome {
        let colour = if end.is_success() {
            theme::good(ui)
        } else {
            theme::alarm(ui)
        };
        ui.add(
            Label::new(
                RichText::new(words::outcome(status.direction, &status.name, end)).color(colour),
            )
            .wrap(),
        );
    } else {
        ui.add(
            ProgressBar::new(transfer.progress())
                .text(words::percent(transfer.progress()))
                .desired_height(14.0),
        );
        let mut people = state.people.iter();
        let person = people.find(|person| person.name == status.peer);
        let is_here = person.is_some_and(|person| person.presence == Presence::Here);
        // One line each at all times: a row that changes its height moves the buttons below.
        line(ui, RichText::new(words::progress(status, is_here)).small());
        match &status.current {
            Some(current) => moving(ui, current),
            None if status.files > 1 => line(ui, RichText::new(" ").small()),
            None => {}
        }
    }
    // Of a single file the outcome says it.
    let is_told = matches!(transfer.outcome, Some(Outcome::Failed { .. })) && status.files <= 1;
    if transfer.failures > 0 && !is_told {
        let text = words::failures(transfer.failures, &transfer.last_failure);
        line(ui, RichText::new(text).small().color(theme::alarm(ui)));
    }
    ui.horizontal(|ui| buttons(ui, state, transfer, actions));
    ui.add_space(6.0);
}

/// What goes where.
pub(super) fn title(transfer: &Transfer) -> String {
    let status = &transfer.status;
    let file = words::short(&status.name, FILE_CHARS);
    words::transfer(status.direction, &file, &name(&status.peer))
}

/// The file of a folder that moves now.
fn moving(ui: &mut Ui, current: &CurrentFile) {
    let text = words::moving(&words::short(&current.path, FILE_CHARS), current);
    ui.add(Label::new(RichText::new(text).small()).truncate())
        .on_hover_text(words::line(&current.path));
}

/// A line of text that is cut, not wrapped; the pointer shows all of it.
fn line(ui: &mut Ui, text: RichText) {
    ui.add(Label::new(text).truncate());
}

/// A button with an id of its own text: if another button replaces it between press and release,
/// neither is clicked.
fn button(ui: &mut Ui, text: &str) -> bool {
    ui.push_id(text, |ui| ui.small_button(text).clicked()).inner
}

fn buttons(ui: &mut Ui, state: &State, transfer: &Transfer, actions: &mut Vec<Action>) {
    let id = transfer.status.transfer;
    if let Some(end) = &transfer.outcome {
        if let (false, Some(path)) = (end.is_success(), state.source(id))
            && button(ui, words::TRY_AGAIN)
        {
            actions.push(Action::Retry {
                transfer: id,
                peer: transfer.status.peer,
                path: path.to_owned(),
            });
        }
        if let Some(folder) = transfer.folder()
            && button(ui, words::OPEN_FOLDER)
        {
            actions.push(Action::OpenFolder(folder.to_owned()));
        }
        if button(ui, words::CLEAR) {
            actions.push(Action::Clear(id));
        }
        return;
    }
    let paused = transfer.is_paused();
    if matches!(transfer.status.phase, Phase::Running | Phase::Paused)
        && button(ui, if paused { words::GO_ON } else { words::PAUSE })
    {
        actions.push(Action::Pause {
            transfer: id,
            paused: !paused,
        });
    }
    if button(ui, words::CANCEL_TRANSFER) {
        actions.push(match transfer.has_begun() {
            true => Action::Open(Dialog::CancelTransfer(id)),
            false => Action::Cancel(id),
        });
    }
}
