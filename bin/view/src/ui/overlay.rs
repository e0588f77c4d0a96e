//! The numbers over a picture: pace, rate, losses, how long each stage takes, and what holds the
//! stream up.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use egui::{Align, Color32, FontId, Frame, Id, Label, Layout, RichText, Ui, UiBuilder, Vec2, vec2};

use transom::latency::{Spread, Stage};
use transom::{CameraState, SoundNumbers};

use crate::model::{Call, State, Summary};
use crate::words;

use super::bar;
use super::tile::Tile;

/// How many letters the longest line has.
const COLUMNS: f32 = 30.0;
/// How much wider than high a letter is, and how far apart lines are, in sizes of the letters.
const LETTER: Vec2 = vec2(0.6, 1.6);
/// The smallest and the usual size of the letters.
const SIZES: RangeInclusive<f32> = 6.5..=12.5;

/// Over the lower left corner, as large as there is room: who records stands above, and one's own
/// picture.
pub(super) fn show(ui: &mut Ui, tile: &Tile<'_>) {
    let lines = lines(tile.state, tile.call);
    let height = bar::height(tile.area.width());
    let room = tile
        .area
        .with_max_y(tile.area.bottom() - height)
        .shrink(4.0);
    let fitting = (room.size() - Vec2::splat(12.0)) / (vec2(COLUMNS, lines.len() as f32) * LETTER);
    let size = fitting.min_elem().clamp(*SIZES.start(), *SIZES.end());
    let inside = UiBuilder::new()
        .id(Id::new(("numbers", tile.call.peer)))
        .max_rect(room)
        .layout(Layout::bottom_up(Align::Min));
    ui.scope_builder(inside, |ui| {
        ui.set_clip_rect(room.intersect(ui.clip_rect()));
        ui.spacing_mut().item_spacing.y = size / 4.0;
        let dark = Frame::new().fill(Color32::from_black_alpha(200));
        dark.inner_margin(6.0).show(ui, |ui| {
            // From the bottom up.
            for line in lines.into_iter().rev() {
                let line = RichText::new(line).font(FontId::monospace(size));
                ui.add(Label::new(line.color(Color32::WHITE)).extend());
            }
        });
    });
}

fn lines(state: &State, call: &Call) -> Vec<String> {
    let mut lines = match call.pace.summary(Instant::now()) {
        Some(summary) => pictures(&summary),
        None => vec![words::NO_NUMBERS.to_owned()],
    };
    if let Some(numbers) = state.calls.numbers.get(&call.peer) {
        let trip = numbers.rtt.map_or_else(|| "?".to_owned(), millis);
        lines.push(words::round_trip(&trip, &millis(numbers.queue_delay)));
        lines.extend(numbers.sound.iter().flat_map(sound));
    }
    lines.extend(qualities(state, call));
    lines
}

/// What is heard of the peer.
fn sound(numbers: &SoundNumbers) -> Vec<String> {
    let delay = numbers.delay.map_or_else(|| "?".to_owned(), millis);
    let mut lines = vec![
        words::sound_delay(&delay),
        words::sound_reserve(&millis(numbers.queued), &millis(numbers.reserve)),
        words::sound_losses(numbers.dry_runs, &millis(numbers.removed)),
    ];
    lines.extend(numbers.skew_us.map(|skew| {
        let by = Duration::from_micros(skew.unsigned_abs());
        words::skew(skew >= 0, &millis(by))
    }));
    lines
}

/// How pictures are lowered for a slow link, theirs and ours.
fn qualities(state: &State, call: &Call) -> Vec<String> {
    let theirs = match &call.far_camera {
        Some((CameraState::Reduced, text)) => Some(words::line(text).into_owned()),
        _ => None,
    };
    let numbers = state.calls.numbers.get(&call.peer);
    let ours = numbers.and_then(|numbers| numbers.quality);
    let ours = ours.filter(|quality| quality.bottleneck.is_some());
    let titled = [
        (words::THEIR_QUALITY, theirs),
        (words::OUR_QUALITY, ours.map(|quality| quality.to_string())),
    ];
    let mut lines = Vec::new();
    for (title, text) in titled {
        if let Some(text) = text {
            lines.push(title.to_owned());
            // The numbers, and what is in the way.
            lines.extend(text.split(": ").map(|part| format!("  {part}")));
        }
    }
    lines
}

/// The numbers of the pictures, line by line.
pub(super) fn pictures(summary: &Summary) -> Vec<String> {
    let mut lines = vec![
        words::pace(summary.fps, summary.megabits),
        words::losses(summary.missing, summary.undecoded, summary.unseen),
        words::STAGES_TITLE.to_owned(),
    ];
    let latency = &summary.latency;
    let stages = Stage::ALL.map(Stage::name).into_iter().zip(latency.stages);
    let all = [(words::ALL_STAGES, latency.total)];
    lines.extend(stages.chain(all).map(|(stage, spread)| match spread {
        Some(Spread { p50, p99 }) => words::stage(stage, &millis(p50), &millis(p99)),
        None => words::stage_unknown(stage),
    }));
    lines.extend(latency.clock_error.map(words::clock_error));
    lines.push(words::bound(summary.bound()).to_owned());
    lines
}

fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use transom::latency::LatencySummary;

    use super::*;

    #[test]
    fn sound_has_its_delay_reserve_dry_runs_and_the_skew_of_lips() {
        let millis = Duration::from_millis;
        let mut numbers = SoundNumbers {
            delay: Some(millis(45)),
            queued: millis(20),
            reserve: millis(1000),
            dry_runs: 123_456,
            removed: millis(30),
            skew_us: Some(-12_400),
        };
        let told = [
            "sound 45.0 ms",
            "  waits 20.0, reserve 1000.0",
            "  dry runs 123456, cut 30.0 ms",
            "  12.4 ms after its picture",
        ];
        assert_eq!(sound(&numbers), told);
        (numbers.delay, numbers.skew_us) = (None, None);
        let lines = sound(&numbers);
        assert_eq!((lines[0].as_str(), lines.len()), ("sound ? ms", 3));
        assert!(told.iter().all(|line| line.len() <= COLUMNS as usize));
    }

    #[test]
    fn all_six_stages_are_shown_with_what_the_clocks_leave_open() {
        let spread = |p50| {
            let p99 = Duration::from_micros(p50 + 1000);
            let p50 = Duration::from_micros(p50);
            Some(Spread { p50, p99 })
        };
        let mut summary = Summary {
            fps: 30.0,
            megabits: 9.6,
            missing: 0,
            undecoded: 0,
            unseen: 0,
            latency: LatencySummary {
                stages: [1000, 2000, 3000, 4000, 5000, 6000].map(spread),
                total: spread(21_000),
                clock_error: Some(Duration::from_micros(140)),
            },
            window: None,
        };
        // A camera that gives JPEG.
        summary.latency.stages[Stage::Encode as usize] = None;
        let lines = pictures(&summary);
        assert_eq!(
            lines[2..11],
            [
                "last 5 s       p50       p99",
                "capture     1.0 ms    2.0 ms",
                "encode        -         -",
                "wait        3.0 ms    4.0 ms",
                "wire        4.0 ms    5.0 ms",
                "decode      5.0 ms    6.0 ms",
                "show        6.0 ms    7.0 ms",
                "all        21.0 ms   22.0 ms",
                "wire, all: ±0.14 ms",
            ]
        );
        assert!(
            lines
                .iter()
                .all(|line| line.chars().count() <= COLUMNS as usize)
        );
    }
}
