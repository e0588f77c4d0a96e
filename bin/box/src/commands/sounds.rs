//! `transom sounds`: every microphone and loudspeaker, how to name it, or why it can't be used.

use serde_json::json;
use transom::sounds::{self, Device, DeviceKind};

use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(output: &Output) -> Result<(), Failure> {
    let devices = sounds::list();
    if devices.is_empty() && !output.is_json() {
        output.answer(
            "no microphones and no loudspeakers; `--microphone tone` and `--speaker file:heard.wav` \
             work without",
            json!(null),
        );
    }
    for device in &devices {
        output.answer(human(device), json(device));
    }
    Ok(())
}

fn human(device: &Device) -> String {
    let mut text = format!("{}  {}  {}", kind(device), device.name, device.words);
    if !device.offers.is_empty() {
        text.push_str(&format!("\n  {}", device.offers));
    }
    match (device.is_default, &device.usable) {
        (true, Ok(())) => text.push_str("\n  used by `auto`"),
        (true, Err(problem)) => text.push_str(&format!("\n  `auto` fails here: {problem}")),
        (false, Ok(())) => {}
        (false, Err(problem)) => text.push_str(&format!("\n  can't be used: {problem}")),
    }
    text
}

fn kind(device: &Device) -> &'static str {
    match device.kind {
        DeviceKind::Microphone => "microphone",
        DeviceKind::Speaker => "loudspeaker",
    }
}

fn json(device: &Device) -> serde_json::Value {
    json!({
        "event": "sound_device",
        "kind": kind(device),
        "device": device.name.to_string(),
        "name": device.words,
        "default": device.is_default,
        "offers": device.offers,
        "problem": device.usable.as_ref().err(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_listed_by_the_name_that_options_take() {
        let mut device = Device {
            name: "hw:Headset,0".parse().unwrap(),
            words: "Headset".into(),
            kind: DeviceKind::Microphone,
            is_default: true,
            offers: "16-48 kHz, 1-2 channels".into(),
            usable: Err("used by zoom".into()),
        };
        let first = "microphone  hw:Headset,0  Headset\n  16-48 kHz, 1-2 channels\n  ";
        let told = format!("{first}`auto` fails here: used by zoom");
        assert_eq!(human(&device), told);
        let json = json(&device);
        assert_eq!(json["device"], "hw:Headset,0");
        assert_eq!(json["problem"], "used by zoom");
        assert_eq!(json["offers"], "16-48 kHz, 1-2 channels");
        device.is_default = false;
        let told = format!("{first}can't be used: used by zoom");
        assert_eq!(human(&device), told);
        (device.is_default, device.usable) = (true, Ok(()));
        assert_eq!(human(&device), format!("{first}used by `auto`"));
    }
}
