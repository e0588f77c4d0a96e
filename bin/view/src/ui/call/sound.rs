//! The panel of the sound: microphone, level, loudspeaker, volume of the contact, and the echo.
//! Every choice counts at once.

use egui::{Slider, Ui, Vec2, vec2};
use transom::PeerName;
use transom::sounds::{Device, DeviceKind, DeviceName, EchoMode, OwnLevel, ToneKind};

use crate::model::{Action, MAX_VOLUME, OwnSound, Preferences, State, Volume, name};
use crate::words;

use super::super::kit::{self, Button, Kind, icons, menu, text};
use super::super::theme::{Type, tokens};
use super::more::{note, title};

/// The level at which the bars are dark, in dB of full scale: a quiet room.
const QUIET: f32 = -60.0;

/// The panel, with that peer's volume if a call is on.
pub(super) fn panel(ui: &mut Ui, state: &State, peer: Option<PeerName>, actions: &mut Vec<Action>) {
    let width = ui.available_width() - 24.0;
    title(ui, words::SOUND);
    egui::Frame::NONE
        .inner_margin(egui::Margin::symmetric(12, 0))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
            label(ui, words::MICROPHONE);
            microphones(ui, state, width, actions);
            ui.horizontal(|ui| level_of(ui, state, peer));
            ui.add_space(8.0);
            label(ui, words::LOUDSPEAKER);
            speakers(ui, state, width, actions);
            if let Some(peer) = peer {
                volume(ui, state, peer, width, actions);
            }
            ui.add_space(4.0);
            echo(ui, state, actions);
            ui.add_space(6.0);
            ui.horizontal(|ui| tests(ui, state, actions));
            ui.add_space(8.0);
        });
}

fn label(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.label(text::rich(words, Type::SmallStrong, t.soft));
}

/// How loud our microphone is, from 0 to 1.
pub(in crate::ui) fn share(level: OwnLevel) -> f32 {
    ((level.dbfs - QUIET) / -QUIET).clamp(0.0, 1.0)
}

/// The level of our microphone, and the peers that hear it.
fn level_of(ui: &mut Ui, state: &State, peer: Option<PeerName>) {
    let t = tokens(ui);
    let call = peer.and_then(|peer| state.calls.of(peer));
    let own = call.map(|call| state.own_sound(call));
    let heard = own.is_none_or(|own| own == OwnSound::Heard);
    let level = state
        .sound
        .level
        .filter(|_| heard || state.sound.hears_itself);
    kit::level(ui, level.map_or(0.0, share), 18, words::OWN_LEVEL);
    let words = match (peer, own) {
        (Some(peer), Some(own)) => words::own_sound(&name(&peer), own),
        _ => words::SPEAK_IT_MOVES.to_owned(),
    };
    ui.add(egui::Label::new(text::rich(words, Type::Caption, t.soft)).truncate());
}

/// The choice of a microphone.
pub(in crate::ui) fn microphones(
    ui: &mut Ui,
    state: &State,
    width: f32,
    actions: &mut Vec<Action>,
) {
    let chosen = Devices {
        kind: DeviceKind::Microphone,
        label: words::MICROPHONE,
        name: &state.sound.settings.microphone,
        usual: words::USUAL_MICROPHONE,
        none: words::NO_MICROPHONE,
    };
    let chosen = chosen.show(ui, state.sound.devices.as_deref(), width);
    actions.extend(chosen.map(Action::SetMicrophone));
    if let Some(why) = words::own_microphone_lost(&state.sound.microphone) {
        problem(ui, &why);
    }
}

/// The choice of a loudspeaker.
pub(in crate::ui) fn speakers(ui: &mut Ui, state: &State, width: f32, actions: &mut Vec<Action>) {
    let chosen = Devices {
        kind: DeviceKind::Speaker,
        label: words::LOUDSPEAKER,
        name: &state.sound.settings.speaker,
        usual: words::USUAL_LOUDSPEAKER,
        none: words::NO_LOUDSPEAKER,
    };
    let chosen = chosen.show(ui, state.sound.devices.as_deref(), width);
    actions.extend(chosen.map(Action::SetSpeaker));
    if let Some(why) = words::speaker_lost(&state.sound.speaker) {
        problem(ui, &why);
    }
}

fn problem(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.label(text::rich(words, Type::Small, t.danger_text));
}

/// How loud that peer is heard.
pub(in crate::ui) fn volume(
    ui: &mut Ui,
    state: &State,
    peer: PeerName,
    width: f32,
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let like = state.preferences(peer);
    let mut percent = like.volume.0;
    let words = words::volume_of(&name(&peer));
    ui.horizontal(|ui| {
        let label = ui.label(text::rich(words.as_str(), Type::Small, t.soft));
        let named = text::width(ui, &words, Type::Small);
        // The rail is seen on a card as well.
        let visuals = ui.visuals_mut();
        visuals.widgets.inactive.bg_fill = t.pressed;
        visuals.widgets.inactive.fg_stroke = egui::Stroke::new(2.0, t.accent_text);
        visuals.selection.bg_fill = t.accent_text;
        ui.spacing_mut().slider_width = (width - named - 24.0).max(60.0);
        let slider = Slider::new(&mut percent, 0..=MAX_VOLUME.0)
            .show_value(false)
            .trailing_fill(true);
        let slider = ui.add(slider).labelled_by(label.id);
        let volume = Volume(percent);
        if slider.changed() {
            actions.push(Action::SetVolume { peer, volume });
        }
        // It is heard at once, and written down when the mouse lets go.
        if slider.drag_stopped() || (slider.changed() && !slider.dragged()) {
            let preferences = Preferences { volume, ..like };
            actions.push(Action::Prefer { peer, preferences });
        }
    });
}

/// Whether the loudspeaker's echo is taken out of the microphone.
fn echo(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let mode = state.sound.settings.echo;
    let on = mode != EchoMode::Off;
    if kit::switch_row(ui, on, words::TAKE_ECHO_AWAY, "").clicked() {
        let mode = if on { EchoMode::Off } else { EchoMode::Cancel };
        actions.push(Action::SetEcho(mode));
    }
}

fn tests(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let tone = Button::new(Kind::OnCard, words::PLAY_A_TONE).height(32.0);
    if ui.add(tone.icon(icons::MUSIC_NOTE)).clicked() {
        actions.push(Action::Tone(Some(ToneKind::Test)));
    }
    let on = !state.sound.hears_itself;
    let kind = if on { Kind::OnCard } else { Kind::Tonal };
    let hear = Button::new(kind, words::HEAR_YOURSELF)
        .height(32.0)
        .icon(icons::EAR);
    if ui.add(hear).clicked() {
        actions.push(Action::HearYourself(on));
    }
}

/// A choice of devices; one of them is used.
struct Devices<'a> {
    kind: DeviceKind,
    label: &'static str,
    name: &'a DeviceName,
    usual: &'static str,
    none: &'static str,
}

impl Devices<'_> {
    /// The device that was chosen now.
    fn show(&self, ui: &mut Ui, devices: Option<&[Device]>, width: f32) -> Option<DeviceName> {
        let all = devices.unwrap_or_default();
        let listed: Vec<_> = all
            .iter()
            .filter(|device| device.kind == self.kind)
            .collect();
        let mut chosen = None;
        let now = self.now(&listed, devices.is_some());
        kit::select(ui, self.label, &now, width, |ui| {
            ui.spacing_mut().item_spacing = Vec2::ZERO;
            chosen = self.entries(ui, &listed, devices);
        });
        chosen
    }

    /// What is used now.
    fn now(&self, listed: &[&Device], is_known: bool) -> String {
        let default = listed.iter().find(|device| device.is_default);
        match self.name {
            DeviceName::Auto => words::usual(self.usual, default.map(|one| one.words.as_str())),
            DeviceName::None => self.none.to_owned(),
            name => match listed.iter().find(|device| device.name == *name) {
                Some(device) => words::line(&device.words).into_owned(),
                None => self.unlisted(is_known),
            },
        }
    }

    /// A device that is no sound card, or that is not plugged in.
    fn unlisted(&self, is_known: bool) -> String {
        let is_card = matches!(
            self.name,
            DeviceName::Hardware { .. } | DeviceName::Server(_)
        );
        match is_card && is_known {
            true => words::absent(self.name),
            false => words::other_device(self.name),
        }
    }

    fn entries(
        &self,
        ui: &mut Ui,
        listed: &[&Device],
        devices: Option<&[Device]>,
    ) -> Option<DeviceName> {
        let default = listed.iter().find(|device| device.is_default);
        let usual = words::usual(self.usual, default.map(|device| device.words.as_str()));
        let mut chosen = self.entry(ui, &DeviceName::Auto, &usual, true);
        for device in listed {
            let (text, can) = match &device.usable {
                Ok(()) => (words::line(&device.words).into_owned(), true),
                Err(why) => (words::unusable(&device.words, why), false),
            };
            chosen = self.entry(ui, &device.name, &text, can).or(chosen);
        }
        let is_listed = listed.iter().any(|device| device.name == *self.name);
        if !is_listed && !matches!(self.name, DeviceName::Auto | DeviceName::None) {
            let text = self.unlisted(devices.is_some());
            chosen = self.entry(ui, self.name, &text, true).or(chosen);
        }
        if devices.is_none() {
            note(ui, words::LOOKING_FOR_DEVICES);
        }
        self.entry(ui, &DeviceName::None, self.none, true)
            .or(chosen)
    }

    fn entry(&self, ui: &mut Ui, name: &DeviceName, text: &str, can: bool) -> Option<DeviceName> {
        let is_chosen = self.name == name;
        let entry = ui.add_enabled_ui(can, |ui| menu::choice(ui, is_chosen, text));
        let clicked = entry.inner.clicked();
        if clicked {
            ui.close();
        }
        (clicked && !is_chosen).then(|| name.clone())
    }
}
