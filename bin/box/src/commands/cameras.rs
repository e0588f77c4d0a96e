//! `transom cameras`: every device with its modes and controls, or why it can't be used.

use serde_json::json;
use transom::media::{self, Control, Device};

use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(output: &Output) -> Result<(), Failure> {
    let devices = media::list();
    if devices.is_empty() && !output.is_json() {
        output.answer(
            "no cameras; `transom camera --source pattern` works without one",
            json!(null),
        );
    }
    for device in &devices {
        output.answer(human(device), json(device));
    }
    Ok(())
}

fn human(device: &Device) -> String {
    let mut text = device.path.display().to_string();
    if !device.name.is_empty() {
        text.push_str(&format!("  {}", device.name));
    }
    if !device.driver.is_empty() {
        text.push_str(&format!("  ({})", device.driver));
    }
    if let Some(stable) = &device.stable {
        text.push_str(&format!("\n  always {}", stable.display()));
    }
    for mode in &device.modes {
        text.push_str(&format!("\n  {mode}"));
    }
    for control in &device.controls {
        text.push_str(&format!("\n  --control {}", describe(control)));
    }
    if let Some(holder) = device.holder() {
        text.push_str(&format!("\n  in use by {holder}"));
    }
    if let Some(problem) = &device.problem {
        text.push_str(&format!("\n  can't be used: {problem}"));
    }
    text
}

/// A control with its accepted values and its present one.
fn describe(control: &Control) -> String {
    let named = |value: i32| match control.is_switch {
        true => ["off", "on"][usize::from(value != 0)].to_owned(),
        false => value.to_string(),
    };
    let mut text = format!(
        "{}={}",
        control.name,
        named(control.value.unwrap_or(control.default))
    );
    text.push_str(&format!(": {}", control.takes()));
    if control.value.is_some_and(|value| value != control.default) {
        text.push_str(&format!(", by default {}", named(control.default)));
    }
    text
}

fn json(device: &Device) -> serde_json::Value {
    json!({
        "event": "camera",
        "path": device.path.display().to_string(),
        "stable": device.stable.as_ref().map(|path| path.display().to_string()),
        "name": device.name,
        "driver": device.driver,
        "modes": device.modes,
        "controls": device.controls.iter().map(|control| json!({
            "name": control.name,
            "min": control.min,
            "max": control.max,
            "step": control.step,
            "default": control.default,
            "value": control.value,
            "menu": control.menu.iter().map(|(value, name)| json!({"value": value, "name": name}))
                .collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "holder": device.holder(),
        "problem": device.problem.as_ref().map(ToString::to_string),
    })
}
