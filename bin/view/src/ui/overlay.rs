//! The numbers over a picture: pace, rate, losses, how long each stage takes, and what holds the stream up.

use std::time::{Duration, Instant};

use egui::{Color32, Frame, RichText, Ui};

use crate::model::{Call, Spread, State, Summary};
use crate::words;

pub(super) fn show(ui: &mut Ui, state: &State, call: &Call) {
    Frame::new()
        .fill(Color32::from_black_alpha(170))
        .inner_margin(6.0)
        .show(ui, |ui| {
            let summary = call.pace.summary(Instant::now());
            let mut lines = match &summary {
                Some(summary) => pictures(summary),
                None => vec![words::NO_NUMBERS.to_owned()],
            };
            if let Some(numbers) = state.calls.numbers.get(&call.peer) {
                let trip = numbers.rtt.map_or_else(|| "?".to_owned(), millis);
                let queue = millis(numbers.queue_delay);
                lines.push(words::round_trip(&trip, &queue));
            }
            for line in lines {
                ui.label(RichText::new(line).monospace().color(Color32::WHITE));
            }
        });
}

/// The numbers of the pictures, line by line.
pub(super) fn pictures(summary: &Summary) -> Vec<String> {
    let mut lines = vec![
        words::pace(summary.fps, summary.megabits),
        words::losses(summary.missing, summary.undecoded, summary.unseen),
    ];
    let stages = words::STAGES.into_iter().zip(&summary.stages);
    lines.extend(stages.map(|(stage, spread)| match spread {
        Some(Spread { p50, p99 }) => words::stage(stage, &millis(*p50), &millis(*p99)),
        None => words::stage_unknown(stage),
    }));
    lines.push(words::bound(summary.bound()).to_owned());
    lines
}

fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}
