//! Sending files, by dialog, path or drop, and the transfers with their bars.

use egui::{
    Align2, Color32, FontId, Key, Label, LayerId, Order, ProgressBar, RichText, ScrollArea,
    TextEdit, Ui,
};
use transom::{CurrentFile, Direction, Phase};
use transom_users::{escape, shorten};

use crate::model::{Action, Person, State, Transfer, bytes, duration, name, outcome};

use crate::paths;
use crate::words;

use super::{Draft, theme};

/// Characters of a path within a transfer; all of it is under the pointer.
const FILE_CHARS: usize = 60;

pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    person: &Person,
    draft: &mut Draft,
    actions: &mut Vec<Action>,
) {
    ui.add_space(4.0);
    let peer = person.name;
    ui.horizontal_wrapped(|ui| {
        for (label, folder) in [("Send files…", false), ("Send folder…", true)] {
            if ui
                .add_enabled(!state.picking, egui::Button::new(label))
                .clicked()
            {
                actions.push(Action::Pick { peer, folder });
            }
        }
    });
    ui.horizontal(|ui| {
        let label = ui.label("Path");
        let field = TextEdit::singleline(&mut draft.path)
            .hint_text("or type it, or drop files")
            .desired_width(f32::INFINITY);
        let field = ui.add(field).labelled_by(label.id);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if entered && !draft.path.trim().is_empty() {
            let path = paths::typed(&draft.path);
            draft.path.clear();
            actions.push(Action::Send { peer, path });
        }
    });
    if !state.transfers.is_empty() {
        ui.separator();
        ScrollArea::vertical()
            .id_salt("transfers")
            .max_height(240.0)
            .show(ui, |ui| {
                let ended = state.transfers.iter().any(|one| one.outcome.is_some());
                if ended
                    && state.transfers.len() > 1
                    && ui.small_button("Clear all ended").clicked()
                {
                    actions.push(Action::ClearEnded);
                }
                for transfer in state.transfers.iter().rev() {
                    ui.push_id(transfer.status.transfer, |ui| {
                        row(ui, state, transfer, actions)
                    });
                }
            });
    }
    ui.add_space(4.0);
}

/// All running transfers in one line: `3 transfers, 12 MB of 345 MB, 56 MB/s`.
pub(super) fn totals(state: &State) -> Option<String> {
    let (count, done, all, rate) = state.totals();
    let word = match count {
        0 => return None,
        1 => "transfer",
        _ => "transfers",
    };
    let (done, all, rate) = (bytes(done), bytes(all), bytes(rate));
    Some(format!("{count} {word}, {done} of {all}, {rate}/s"))
}

/// Files dropped on the window go to whom is chosen.
pub(super) fn drops(ui: &Ui, state: &State, actions: &mut Vec<Action>) {
    let (hovering, dropped) = ui.input(|input| {
        (
            !input.raw.hovered_files.is_empty(),
            input.raw.dropped_files.clone(),
        )
    });
    let Some(peer) = state.chosen else {
        if hovering || !dropped.is_empty() {
            actions.push(Action::Say(words::NOBODY_CHOSEN.to_owned()));
        }
        return;
    };
    if hovering {
        veil(ui, &format!("Drop to send to {}", name(&peer)));
    }
    let paths = dropped.into_iter().filter_map(|file| file.path);
    actions.extend(paths.map(|path| Action::Send { peer, path }));
}

fn veil(ui: &Ui, text: &str) {
    let painter = ui
        .ctx()
        .layer_painter(LayerId::new(Order::Foreground, egui::Id::new("drop")));
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
    let arrow = match status.direction {
        Direction::Incoming => "from",
        Direction::Outgoing => "to",
    };
    let file = escape(&status.name);
    let title = format!("{} {arrow} {}", shorten(&file, 40), name(&status.peer));
    ui.add(Label::new(RichText::new(title).strong()).truncate())
        .on_hover_text(file);
    if let Some(end) = &transfer.outcome {
        let colour = if end.is_success() {
            theme::GOOD
        } else {
            theme::ALARM
        };
        ui.add(Label::new(RichText::new(outcome(end)).color(colour)).wrap());
    } else {
        ui.add(
            ProgressBar::new(transfer.progress())
                .text(percent(transfer))
                .desired_height(14.0),
        );
        ui.small(numbers(transfer));
        if let Some(current) = &transfer.status.current {
            moving(ui, current);
        }
    }
    if transfer.failures > 0 {
        let text = format!(
            "{} failed, the last: {}",
            transfer.failures, transfer.last_failure
        );
        ui.add(Label::new(RichText::new(text).small().color(theme::ALARM)).wrap());
    }
    ui.horizontal(|ui| buttons(ui, state, transfer, actions));
    ui.add_space(6.0);
}

/// The file of a folder that moves now.
fn moving(ui: &mut Ui, current: &CurrentFile) {
    let path = escape(&current.path);
    let (moved, all) = (bytes(current.moved), bytes(current.bytes));
    let text = format!("{} {moved} of {all}", shorten(&path, FILE_CHARS));
    ui.add(Label::new(RichText::new(text).small()).truncate())
        .on_hover_text(path);
}

fn buttons(ui: &mut Ui, state: &State, transfer: &Transfer, actions: &mut Vec<Action>) {
    let id = transfer.status.transfer;
    if let Some(end) = &transfer.outcome {
        if let (false, Some(path)) = (end.is_success(), state.source(id))
            && ui.small_button("Try again").clicked()
        {
            actions.push(Action::Retry {
                transfer: id,
                peer: transfer.status.peer,
                path: path.to_owned(),
            });
        }
        if let Some(folder) = transfer.folder()
            && ui.small_button("Open folder").clicked()
        {
            actions.push(Action::OpenFolder(folder.to_owned()));
        }
        if ui.small_button("Clear").clicked() {
            actions.push(Action::Clear(id));
        }
        return;
    }
    let paused = transfer.is_paused();
    if matches!(transfer.status.phase, Phase::Running | Phase::Paused)
        && ui
            .small_button(if paused { "Go on" } else { "Pause" })
            .clicked()
    {
        actions.push(Action::Pause {
            transfer: id,
            paused: !paused,
        });
    }
    if ui.small_button("Cancel").clicked() {
        actions.push(Action::Cancel(id));
    }
}

fn percent(transfer: &Transfer) -> String {
    format!("{:.0} %", (transfer.progress() * 100.0).floor())
}

/// `12 MB of 345 MB, 56 MB/s, 0:06 left`, or why there is no rate.
fn numbers(transfer: &Transfer) -> String {
    let status = &transfer.status;
    let mut parts = vec![format!(
        "{} of {}",
        bytes(status.verified),
        bytes(status.bytes)
    )];
    if status.files > 1 {
        parts.push(format!("{} of {} entries", status.files_done, status.files));
    }
    match status.phase {
        Phase::Waiting => parts.push("waiting for it to be there".to_owned()),
        Phase::Offered => parts.push("offered, not yet answered".to_owned()),
        Phase::Paused => parts.push("paused".to_owned()),
        Phase::Finishing => parts.push("making it durable".to_owned()),
        _ => {
            parts.push(format!("{}/s", bytes(status.rate)));
            parts.extend(status.eta.map(|eta| format!("{} left", duration(eta))));
        }
    }
    parts.join(", ")
}
