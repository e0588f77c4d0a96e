//! Sound within a call: mute, one's own level, who speaks, who hears whom.

use egui::{
    Button, Color32, Frame, Id, Key, RichText, Sense, Stroke, StrokeKind, Ui, UiBuilder,
    WidgetInfo, WidgetType, vec2,
};
use transom::SoundState;
use transom::sounds::{DeviceName, OwnLevel};

use crate::model::{Action, Call, OwnSound, Stage, State, name};
use crate::words;

use super::bar::Choice;
use super::theme;
use super::tile::Tile;

/// The level at which the bar is empty, in dB of full scale: a quiet room.
const QUIET: f32 = -60.0;

/// The button of a call's sound: our microphone in a talk, the loudspeaker for a camera.
pub(super) fn choice(state: &State, call: &Call) -> Option<Choice> {
    let (text, widest, keys, action) = if call.is_talk() && call.is_open() {
        let mute = Action::Mute(!state.sound.muted);
        (mute_text(state), words::UNMUTE, "Ctrl+M, F7", mute)
    } else if call.stage == Stage::Live && has_sound(call) {
        let (peer, on) = (call.peer, !call.heard);
        let text = if on {
            words::SOUND_ON
        } else {
            words::SOUND_OFF
        };
        (text, words::SOUND_OFF, "", Action::Hear { peer, on })
    } else {
        return None;
    };
    Some(Choice {
        place: "sound",
        text,
        widest,
        keys,
        action,
    })
}

fn mute_text(state: &State) -> &'static str {
    match state.sound.muted {
        true => words::UNMUTE,
        false => words::MUTE,
    }
}

/// Whether a camera has a microphone that we may hear.
fn has_sound(call: &Call) -> bool {
    let silent = [SoundState::NoMicrophone, SoundState::NotAllowed];
    let state = call.sound.state.as_ref();
    state.is_some_and(|(state, _)| !silent.contains(state))
}

/// Our microphone on the card of who rings.
pub(super) fn microphone(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let (sound, chosen) = (&state.sound, &state.sound.settings.microphone);
    ui.label(words::microphone_is(chosen, &sound.microphone));
    if *chosen != DeviceName::None && ui.button(mute_text(state)).clicked() {
        actions.push(Action::Mute(!sound.muted));
    }
}

/// A frame round the picture of who speaks.
pub(super) fn frame(ui: &Ui, tile: &Tile<'_>) {
    if tile.call.sound.speaks {
        let stroke = Stroke::new(3.0, theme::GOOD);
        ui.painter()
            .rect_stroke(tile.area.shrink(1.5), 0.0, stroke, StrokeKind::Inside);
    }
}

/// What is known of a call's sound, both ways, and whom we speak to.
pub(super) fn marks(ui: &mut Ui, tile: &Tile<'_>, actions: &mut Vec<Action>) {
    let (state, call) = (tile.state, tile.call);
    if call.stage != Stage::Live {
        return;
    }
    let is_audible = call.is_talk() || call.heard;
    if let Some(words) = call.far_sound_words().filter(|_| is_audible) {
        dark(ui, |ui| {
            ui.label(RichText::new(words).color(Color32::WHITE))
        });
    }
    let own = state.own_sound(call);
    let has_sound = call.sound.state.is_some();
    if has_sound && (call.is_talk() || call.spoken_to) {
        dark(ui, |ui| ui.horizontal(|ui| own_side(ui, state, call, own)));
    }
    if own == OwnSound::Muted && state.speaks_muted() {
        ui.ctx().request_repaint_after(super::bar::SECOND);
        let text = RichText::new(words::YOU_ARE_MUTED).heading();
        dark(ui, |ui| ui.label(text.strong().color(theme::ALARM)));
    }
    if call.is_talk() && state.live_talks() > 1 {
        ui.horizontal(|ui| speak_to(ui, state, call, actions));
    }
    let talks_back = !call.is_talk() && state.sound.listeners.contains(&call.peer);
    if talks_back && own != OwnSound::NoMicrophone {
        hold_to_talk(ui, call, actions);
    }
}

fn dark<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) {
    let frame = Frame::new().fill(Color32::from_black_alpha(190));
    frame.inner_margin(4.0).show(ui, add);
}

/// Whether the peer hears us, and how loud: a bar that moves means "heard".
fn own_side(ui: &mut Ui, state: &State, call: &Call, own: OwnSound) {
    if let Some(level) = state.sound.level.filter(|_| own == OwnSound::Heard) {
        level_bar(ui, level);
    }
    let words = words::own_sound(&name(&call.peer), own);
    ui.label(RichText::new(words).color(Color32::WHITE));
}

/// How loud our microphone is.
pub(super) fn level_bar(ui: &mut Ui, level: OwnLevel) {
    let share = ((level.dbfs - QUIET) / -QUIET).clamp(0.0, 1.0);
    let (rect, bar) = ui.allocate_exact_size(vec2(60.0, 8.0), Sense::hover());
    let moving = rect.with_max_x(rect.left() + rect.width() * share);
    ui.painter().rect_filled(rect, 0.0, Color32::from_gray(70));
    ui.painter().rect_filled(moving, 0.0, theme::GOOD);
    bar.widget_info(|| WidgetInfo {
        value: Some(f64::from(share)),
        ..WidgetInfo::labeled(WidgetType::ProgressIndicator, true, words::OWN_LEVEL)
    });
}

/// With several calls: gives this one the microphone, or all.
fn speak_to(ui: &mut Ui, state: &State, call: &Call, actions: &mut Vec<Action>) {
    let peer = call.peer;
    let (to_all, is_focus) = (state.sound.speaks_to_all, state.spoken_to() == Some(peer));
    let text = words::speak_to(&name(&peer));
    if (to_all || !is_focus) && ui.button(text).clicked() {
        actions.push(Action::SpeakTo(Some(peer)));
    }
    let mut on = to_all;
    if is_focus && ui.checkbox(&mut on, words::SPEAK_TO_ALL).changed() {
        actions.push(Action::SpeakTo((!on).then_some(peer)));
    }
}

/// A box hears us only while the button is held.
fn hold_to_talk(ui: &mut Ui, call: &Call, actions: &mut Vec<Action>) {
    let peer = call.peer;
    let button = Button::new(words::hold_to_talk(&name(&peer)));
    // What is above it changes while it is held, and a click ends by itself after a moment.
    let place = UiBuilder::new().id(Id::new(("hold to talk", peer)));
    let button = ui
        .scope_builder(place, |ui| ui.add(button.sense(Sense::click_and_drag())))
        .inner;
    let by_key = button.has_focus() && ui.input(|input| input.key_down(Key::Space));
    let is_held = button.is_pointer_button_down_on() || by_key;
    let is_held = is_held && ui.input(|input| input.focused);
    if is_held != call.spoken_to {
        actions.push(match is_held {
            true => Action::SpeakTo(Some(peer)),
            false => Action::SpeakNoMore(peer),
        });
    }
}
