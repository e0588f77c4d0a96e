//! The pages of the camera and of the sound: every choice counts at once, also within a call.

use egui::{Color32, Label, Sense, Ui, UiBuilder, vec2};
use transom::sounds::{EchoMode, ToneKind};

use crate::model::{Action, Face, State};
use crate::words;

use super::super::album::Album;
use super::super::call;
use super::super::kit::{self, Button, Drawing, Kind, icons, menu, text, within};
use super::super::theme::{STAGE, Type, tokens};
use super::pages::{label, line, note, segments, segments_width, sizes};

/// Our own picture, and which camera it comes from.
pub(super) fn camera(ui: &mut Ui, state: &State, album: &Album, actions: &mut Vec<Action>) {
    let own = &state.calls.own;
    preview(ui, state, album, actions);
    ui.add_space(16.0);
    label(ui, words::CAMERA);
    let now = match &own.request {
        Some(request) => words::source(&request.source, state),
        None => words::NO_CAMERA.to_owned(),
    };
    let width = ui.available_width().min(420.0);
    kit::select(ui, words::CAMERA, &now, width, |ui| {
        cameras(ui, state, actions)
    });
    // A choice made here or in a call counts for both, so only the command line can have parted
    // them.
    if own.request != state.config.request() {
        let source = own
            .request
            .as_ref()
            .map(|request| request.source.to_string());
        let source = source.unwrap_or_else(|| words::NO_CAMERA.to_owned());
        ui.add_space(4.0);
        note(ui, &words::camera_from_start(&words::line(&source)));
    }
    ui.add_space(16.0);
    label(ui, words::PICTURE_SIZE);
    let chosen = own.request.as_ref().and_then(|request| request.size);
    let chosen = chosen
        .map(|(across, down)| format!("{across}x{down}"))
        .unwrap_or_default();
    let size = sizes(ui, words::PICTURE_SIZE, words::AS_CAMERA_LIKES, &chosen);
    if let Some(size) = size.filter(|_| own.request.is_some()) {
        let size = crate::model::picture_size(&size);
        actions.push(Action::SetCamera(Some(own.with_size(size))));
    }
}

/// What others would see, while one asks for it.
fn preview(ui: &mut Ui, state: &State, album: &Album, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(256.0, 144.0), Sense::hover());
    ui.painter().rect_filled(rect, 14.0, STAGE);
    let shows = state.calls.previews();
    match album.live(Face::Own).filter(|_| shows) {
        Some(picture) => {
            let how = Drawing::filling(call::mirrored()).radius(14);
            kit::draw(ui.painter(), picture, how, rect);
            text::say(ui, rect, words::ONLY_YOU_SEE_IT);
        }
        None => {
            let middle = rect.center();
            icons::VIDEO_CAMERA_SLASH.paint(ui.painter(), middle, 28.0, Color32::WHITE);
        }
    }
    ui.add_space(8.0);
    let is_open = state.calls.own.open;
    let (words, on) = match is_open {
        true => (words::HIDE_MY_PICTURE, false),
        false => (words::CHECK_MY_PICTURE, true),
    };
    let can = state.calls.own.request.is_some() && !state.calls.talking();
    ui.horizontal(|ui| {
        let button = Button::new(Kind::OnCard, words).height(32.0);
        if ui.add_enabled(can, button).clicked() {
            actions.push(Action::ShowOwn(on));
        }
        if let Some(trouble) = state.calls.own_trouble().filter(|_| is_open) {
            let words = words::own_trouble(&trouble);
            ui.add(Label::new(text::rich(words, Type::Small, t.soft)).truncate());
        }
    });
}

fn cameras(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    use transom::media::Source;
    let own = &state.calls.own;
    let source = own.request.as_ref().map(|request| &request.source);
    let mut choose = |ui: &mut Ui, is_chosen: bool, words: &str, request| {
        if menu::choice(ui, is_chosen, words).clicked() {
            actions.push(Action::SetCamera(request));
            ui.close();
        }
    };
    let auto = Source::Auto;
    let is_auto = source == Some(&auto);
    choose(
        ui,
        is_auto,
        words::FIRST_CAMERA,
        Some(own.with_source(auto)),
    );
    for device in own.devices.iter().flatten() {
        let of = crate::model::source_of(device);
        let is_chosen = source == Some(&of);
        choose(
            ui,
            is_chosen,
            &words::line(&device.name),
            Some(own.with_source(of)),
        );
    }
    choose(ui, source.is_none(), words::NO_CAMERA, None);
    if own.devices.is_none() {
        note(ui, words::LOOKING);
    }
}

/// Microphone, loudspeaker and echo.
pub(super) fn sound(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    label(ui, words::MICROPHONE);
    let hears = !state.sound.hears_itself;
    let kind = if hears { Kind::OnCard } else { Kind::Tonal };
    let hear = Button::new(kind, words::HEAR_YOURSELF).icon(icons::EAR);
    let width = ui.available_width() - hear.measure(ui) - 8.0;
    ui.horizontal(|ui| {
        ui.vertical(|ui| {
            ui.set_width(width);
            call::microphones(ui, state, width, actions);
        });
        if ui.add(hear).clicked() {
            actions.push(Action::HearYourself(hears));
        }
    });
    ui.add_space(12.0);
    ui.horizontal(|ui| {
        let level = state
            .sound
            .level
            .filter(|_| state.sound.hears_itself || state.calls.talking());
        kit::level(
            ui,
            level.map_or(0.0, call::level_share),
            18,
            words::OWN_LEVEL,
        );
        ui.label(text::rich(words::SPEAK_IT_MOVES, Type::Small, t.soft));
    });
    ui.add_space(20.0);
    label(ui, words::LOUDSPEAKER);
    let tone = Button::new(Kind::OnCard, words::PLAY_A_TONE).icon(icons::MUSIC_NOTE);
    let width = ui.available_width() - tone.measure(ui) - 8.0;
    ui.horizontal(|ui| {
        ui.vertical(|ui| {
            ui.set_width(width);
            call::speakers(ui, state, width, actions);
        });
        if ui.add(tone).clicked() {
            actions.push(Action::Tone(Some(ToneKind::Test)));
        }
    });
    ui.add_space(8.0);
    let again = kit::link(ui, Some(icons::ARROW_CLOCKWISE), words::LOOK_AGAIN);
    if again.clicked() {
        actions.push(Action::ListSounds);
    }
    line(ui);
    echo(ui, state, actions);
}

/// What is done against echo, with these two devices: at the right where there is room, else below.
fn echo(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let all = [
        (EchoMode::Cancel, words::ECHO_REMOVE),
        (EchoMode::Duck, words::ECHO_LOWER),
        (EchoMode::Off, words::ECHO_OFF),
    ];
    let size = vec2(ui.available_width(), 40.0);
    let (row, _) = ui.allocate_exact_size(size, Sense::hover());
    let p = ui.painter();
    let named = row.left_top() + vec2(0.0, 10.0);
    text::cut(p, named, row.width(), words::ECHO, Type::Medium, t.text);
    let below = row.left_top() + vec2(0.0, 29.0);
    let below = text::cut(
        p,
        below,
        row.width(),
        words::ECHO_MEANS,
        Type::Small,
        t.soft,
    );
    let width = segments_width(ui, &all);
    let has_room = below.right() + 16.0 + width <= row.right();
    let place = match has_room {
        true => row.with_min_x(row.right() - width),
        false => {
            ui.add_space(8.0);
            let size = vec2(row.width(), 40.0);
            ui.allocate_exact_size(size, Sense::hover()).0
        }
    };
    let place = UiBuilder::new().id_salt("echo").max_rect(place);
    let mode = within(ui, place, |ui| {
        segments(ui, &all, state.sound.settings.echo)
    });
    actions.extend(mode.map(Action::SetEcho));
}
