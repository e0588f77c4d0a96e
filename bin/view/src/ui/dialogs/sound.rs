//! Which microphone and loudspeaker are used, how loud a contact is heard, and what is done against
//! echo. Every choice counts at once, also within a call.

use egui::{RadioButton, ScrollArea, Slider, Ui};
use transom::PeerName;
use transom::sounds::{Device, DeviceKind, DeviceName, EchoMode, ToneKind};

use crate::model::{Action, MAX_VOLUME, Preferences, State, Volume, name};
use crate::words;

use super::{buttons, level_bar, problem};

pub(super) fn show(ui: &mut Ui, state: &State, peer: Option<PeerName>, actions: &mut Vec<Action>) {
    ui.heading(words::SOUND_TITLE);
    let room = ui.ctx().content_rect().height() - 160.0;
    // As for the settings.
    let scroll = ScrollArea::vertical().min_scrolled_height(room);
    scroll.max_height(room).show(ui, |ui| {
        if let Some(peer) = peer {
            volume(ui, state, peer, actions);
            ui.separator();
        }
        microphones(ui, state, actions);
        ui.separator();
        speakers(ui, state, actions);
        ui.separator();
        echo(ui, state, actions);
    });
    buttons(ui, |ui| {
        if ui.button(words::CLOSE).on_hover_text("Esc").clicked() {
            actions.push(Action::Close);
        }
        if ui.button(words::LOOK_AGAIN).clicked() {
            actions.push(Action::ListSounds);
        }
        if state.sound.devices.is_none() {
            ui.label(words::LOOKING_FOR_DEVICES);
        }
    });
}

fn volume(ui: &mut Ui, state: &State, peer: PeerName, actions: &mut Vec<Action>) {
    let like = state.preferences(peer);
    let mut percent = like.volume.0;
    let label = ui.label(words::volume_of(&name(&peer)));
    let slider = Slider::new(&mut percent, 0..=MAX_VOLUME.0).suffix(" %");
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
}

fn microphones(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let sound = &state.sound;
    ui.strong(words::MICROPHONE);
    let chosen = Choice {
        kind: DeviceKind::Microphone,
        name: &sound.settings.microphone,
        usual: words::USUAL_MICROPHONE,
        none: words::NO_MICROPHONE,
    };
    actions.extend(
        chosen
            .show(ui, sound.devices.as_deref())
            .map(Action::SetMicrophone),
    );
    if let Some(why) = words::microphone_lost(&sound.microphone) {
        problem(ui, &why);
    }
    ui.horizontal(|ui| {
        let mut on = sound.hears_itself;
        if ui.checkbox(&mut on, words::HEAR_YOURSELF).changed() {
            actions.push(Action::HearYourself(on));
        }
        if let Some(level) = sound.level {
            level_bar(ui, level);
        }
    });
}

fn speakers(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let sound = &state.sound;
    ui.strong(words::LOUDSPEAKER);
    let chosen = Choice {
        kind: DeviceKind::Speaker,
        name: &sound.settings.speaker,
        usual: words::USUAL_LOUDSPEAKER,
        none: words::NO_LOUDSPEAKER,
    };
    actions.extend(
        chosen
            .show(ui, sound.devices.as_deref())
            .map(Action::SetSpeaker),
    );
    if let Some(why) = words::speaker_lost(&sound.speaker) {
        problem(ui, &why);
    }
    if ui.button(words::TEST_TONE).clicked() {
        actions.push(Action::Tone(Some(ToneKind::Test)));
    }
}

fn echo(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    ui.label(words::AGAINST_ECHO);
    for (mode, label) in [
        (EchoMode::Cancel, words::CANCEL_ECHO),
        (EchoMode::Duck, words::DUCK),
        (EchoMode::Off, words::HEADPHONES),
    ] {
        if ui.radio(state.sound.settings.echo == mode, label).clicked() {
            actions.push(Action::SetEcho(mode));
        }
    }
}

/// A list of devices of which one is used.
struct Choice<'a> {
    kind: DeviceKind,
    name: &'a DeviceName,
    usual: &'static str,
    none: &'static str,
}

impl Choice<'_> {
    /// The device that was chosen now.
    fn show(&self, ui: &mut Ui, devices: Option<&[Device]>) -> Option<DeviceName> {
        let (mut listed, all) = (Vec::new(), devices.unwrap_or_default());
        listed.extend(all.iter().filter(|device| device.kind == self.kind));
        let default = listed.iter().find(|device| device.is_default);
        let usual = words::usual(self.usual, default.map(|device| device.words.as_str()));
        let mut chosen = self.option(ui, &DeviceName::Auto, &usual, true);
        for device in &listed {
            let (text, can) = match &device.usable {
                Ok(()) => (words::line(&device.words).into_owned(), true),
                Err(why) => (words::unusable(&device.words, why), false),
            };
            chosen = self.option(ui, &device.name, &text, can).or(chosen);
        }
        let is_listed = listed.iter().any(|device| device.name == *self.name);
        if !is_listed && !matches!(self.name, DeviceName::Auto | DeviceName::None) {
            let is_card = matches!(
                self.name,
                DeviceName::Hardware { .. } | DeviceName::Server(_)
            );
            let text = match is_card && devices.is_some() {
                true => words::absent(self.name),
                false => words::other_device(self.name),
            };
            chosen = self.option(ui, self.name, &text, true).or(chosen);
        }
        self.option(ui, &DeviceName::None, self.none, true)
            .or(chosen)
    }

    fn option(&self, ui: &mut Ui, name: &DeviceName, text: &str, can: bool) -> Option<DeviceName> {
        let is_chosen = self.name == name;
        let button = ui.add_enabled(can, RadioButton::new(is_chosen, text));
        (button.clicked() && !is_chosen).then(|| name.clone())
    }
}
