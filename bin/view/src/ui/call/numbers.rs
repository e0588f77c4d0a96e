//! How a stream fares: how long each stage takes, from the lens to the eyes, and what limits it.

use std::time::{Duration, Instant};

use egui::{Align2, Color32, Id, Pos2, Rect, Stroke, Ui, pos2, vec2};
use transom::CameraState;
use transom::latency::{LatencySummary, Spread, Stage};

use crate::model::{Bound, Call, State, Summary};
use crate::words;

use super::super::kit::{self, text};
use super::super::theme::{DARK, OVER_SOFT, PILL, Type};
use super::{Frame, MARGIN};

const WIDTH: f32 = 352.0;
const PADDING: f32 = 16.0;

/// The four stages that a person can do something about.
fn stages(latency: &LatencySummary) -> [(&'static str, Option<Spread>); 4] {
    let of = |stages: &[Stage]| {
        let known = stages
            .iter()
            .filter_map(|stage| latency.stages[*stage as usize]);
        known.reduce(|sum, next| Spread {
            p50: sum.p50 + next.p50,
            p99: sum.p99 + next.p99,
        })
    };
    [
        (
            words::CAMERA,
            of(&[Stage::Capture, Stage::Encode, Stage::Wait]),
        ),
        (words::NETWORK, of(&[Stage::Wire])),
        (words::DECODE, of(&[Stage::Decode])),
        (words::SCREEN, of(&[Stage::Show])),
    ]
}

/// A name and its number.
type Fact = (&'static str, String);

fn facts(state: &State, call: &Call, summary: &Summary) -> Vec<Fact> {
    let numbers = state.calls.numbers.get(&call.peer);
    let size = call
        .shown
        .map(|shown| words::size(shown.width, shown.height));
    let queue = numbers.map(|numbers| words::millis(numbers.queue_delay));
    let sound = numbers.and_then(|numbers| numbers.sound.as_ref());
    let sound = sound.map(|sound| match sound.skew_us {
        Some(skew) => words::skew(skew),
        None => sound.delay.map_or_else(words::unknown, words::millis),
    });
    let lost = summary.missing + summary.undecoded + summary.unseen;
    vec![
        (words::PICTURE, size.unwrap_or_else(words::unknown)),
        (words::PACE, words::pace(summary.fps)),
        (words::RATE, words::megabits(summary.megabits)),
        (words::LOST, lost.to_string()),
        (words::QUEUE, queue.unwrap_or_else(words::unknown)),
        (words::SOUND, sound.unwrap_or_else(words::unknown)),
    ]
}

/// Everything else that is known, a line each.
fn details(state: &State, call: &Call, summary: &Summary) -> Vec<String> {
    let numbers = state.calls.numbers.get(&call.peer);
    let theirs = match &call.far_camera {
        Some((CameraState::Reduced, text)) => Some(words::their_quality(text)),
        _ => None,
    };
    let ours = numbers.and_then(|numbers| numbers.quality);
    let ours = ours.filter(|quality| quality.bottleneck.is_some());
    let ours = ours.map(|quality| words::our_quality(&quality.to_string()));
    let sound = numbers.and_then(|numbers| numbers.sound.as_ref());
    let sound = sound
        .map(|sound| words::sound_detail(sound.delay, sound.queued, sound.reserve, sound.dry_runs));
    let trip = numbers
        .and_then(|numbers| numbers.rtt)
        .map(words::round_trip);
    let lost = words::lost(summary.missing, summary.undecoded, summary.unseen);
    // Beside a person the own picture needs the room.
    let far = state.calls.far_cameras.get(&call.peer);
    let far = far.filter(|_| !call.is_talk());
    let camera = far.map(|far| words::far_camera(&far.newest));
    let camera_lost = far.and_then(|far| words::camera_lost(&far.counts()));
    theirs
        .into_iter()
        .chain(ours)
        .chain(camera)
        .chain(camera_lost)
        .chain(lost)
        .chain(sound)
        .chain(trip)
        .collect()
}

/// The panel, below the chips.
pub(in crate::ui) fn panel(ui: &Ui, frame: &mut Frame, state: &State, call: &Call) {
    let corner = frame.below_chips();
    let Some(summary) = call.pace.summary(Instant::now()) else {
        let line = line_alone(ui, corner, words::NO_PICTURES_NOW);
        return frame.covers.push(line);
    };
    let facts = facts(state, call, &summary);
    let details = details(state, call, &summary);
    let rows = facts.len().div_ceil(2) as f32;
    let extra = details.len() as f32 * 18.0;
    let width = WIDTH.min(frame.room.width() - 2.0 * MARGIN);
    let size = vec2(width, 281.0 - 72.0 + rows * 24.0 + extra);
    let rect = Rect::from_min_size(corner, size);
    frame.covers.push(rect);
    let inner = width - 2.0 * PADDING;
    kit::ground(ui, rect, Id::new(("numbers", call.peer)));
    let p = ui.painter();
    p.rect_filled(rect, 12.0, PILL);
    let left = rect.left() + PADDING;
    let row = |y: f32| pos2(left, rect.top() + y);
    let total = words::total(summary.latency.total.map(|spread| spread.p50));
    let white = Color32::WHITE;
    let shown = text::cut(p, row(27.0), 120.0, &total, Type::Title, white);
    let after = pos2(shown.right() + 9.0, shown.center().y);
    text::cut(
        p,
        after,
        rect.right() - PADDING - after.x,
        words::FROM_LENS_TO_EYES,
        Type::Small,
        OVER_SOFT,
    );
    text::say(ui, shown, &words::total_said(&total));
    table(ui, rect, &stages(&summary.latency));
    let line = rect.top() + 162.0;
    let across = left..=rect.right() - PADDING;
    p.hline(
        across,
        line,
        Stroke::new(1.0, Color32::from_white_alpha(30)),
    );
    for (at, (name, fact)) in facts.iter().enumerate() {
        let across = left + if at % 2 == 0 { 0.0 } else { 167.0 };
        let y = rect.top() + 183.0 + 24.0 * (at / 2) as f32;
        text::cut(p, pos2(across, y), 60.0, name, Type::Small, OVER_SOFT);
        let fact_at = pos2(across + if at % 2 == 0 { 54.0 } else { 50.0 }, y);
        let room = 112.0_f32.min(rect.right() - PADDING - fact_at.x);
        let drawn = text::cut(p, fact_at, room, fact, Type::Small, white);
        text::say(ui, drawn, &words::fact(name, fact));
    }
    let mut y = 183.0 + rows * 24.0 + 3.0;
    for line in &details {
        let drawn = text::cut(p, row(y - 6.0), inner, line, Type::Caption, OVER_SOFT);
        text::say(ui, drawn, line);
        y += 18.0;
    }
    let (verdict, ink) = verdict(call, &summary);
    let drawn = text::cut(p, row(y), inner, verdict, Type::Small, ink);
    text::say(ui, drawn, verdict);
}

/// What holds the stream up, as far as it is known. A picture that its sender reduced is no sign
/// that all is well.
fn verdict(call: &Call, summary: &Summary) -> (&'static str, Color32) {
    let is_reduced = matches!(call.far_camera, Some((CameraState::Reduced, _)));
    match summary.bound() {
        Bound::Camera if is_reduced => (words::REDUCED_THERE, DARK.warn),
        Bound::Camera => (words::bound(Bound::Camera), DARK.good),
        bound => (words::bound(bound), DARK.warn),
    }
}

/// The stages with bars, the longest as long as there is room.
fn table(ui: &Ui, rect: Rect, stages: &[(&'static str, Option<Spread>)]) {
    let p = ui.painter();
    let left = rect.left() + PADDING;
    let ends = [rect.right() - 78.0, rect.right() - PADDING];
    let top = rect.top() + 56.0;
    text::cut(
        p,
        pos2(left, top),
        100.0,
        words::MILLISECONDS,
        Type::Small,
        OVER_SOFT,
    );
    for (end, word) in ends.into_iter().zip([words::USUAL, words::WORST]) {
        text::paint(
            p,
            pos2(end, top),
            Align2::RIGHT_CENTER,
            word,
            Type::Small,
            OVER_SOFT,
        );
    }
    let longest = stages
        .iter()
        .filter_map(|(_, spread)| *spread)
        .map(|spread| spread.p50);
    let longest = longest.max().unwrap_or_default().as_secs_f32().max(1e-6);
    for (at, (name, spread)) in stages.iter().enumerate() {
        let y = top + 19.0 + 22.0 * at as f32;
        text::cut(p, pos2(left, y), 76.0, name, Type::Small, OVER_SOFT);
        let Some(Spread { p50, p99 }) = spread else {
            text::paint(
                p,
                pos2(ends[0], y),
                Align2::RIGHT_CENTER,
                "–",
                Type::Key,
                OVER_SOFT,
            );
            continue;
        };
        let bar = Rect::from_min_size(pos2(left + 76.0, y - 3.0), vec2(120.0, 6.0));
        let track = Color32::from_white_alpha(40);
        kit::bar(p, bar, p50.as_secs_f32() / longest, track, DARK.accent_text);
        for (end, (time, ink)) in ends
            .into_iter()
            .zip([(p50, Color32::WHITE), (p99, OVER_SOFT)])
        {
            let time = tenths(*time);
            text::paint(p, pos2(end, y), Align2::RIGHT_CENTER, &time, Type::Key, ink);
        }
        let row = Rect::from_min_max(pos2(left, y - 9.0), pos2(ends[1], y + 9.0));
        text::say(ui, row, &words::stage(name, &tenths(*p50), &tenths(*p99)));
    }
}

fn tenths(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

/// In a tile: only total, pace, and what limits.
pub(in crate::ui) fn brief(ui: &Ui, corner: Pos2, call: &Call) {
    let Some(summary) = call.pace.summary(Instant::now()) else {
        line_alone(ui, corner, words::NO_PICTURES_NOW);
        return;
    };
    let total = words::total(summary.latency.total.map(|spread| spread.p50));
    let line = words::brief(&total, summary.fps, verdict(call, &summary).0);
    line_alone(ui, corner, &line);
}

/// Gives back what it covers.
fn line_alone(ui: &Ui, corner: Pos2, line: &str) -> Rect {
    let p = ui.painter();
    let width = text::width(ui, line, Type::Small);
    let rect = Rect::from_min_size(corner, vec2(width + 24.0, 30.0));
    p.rect_filled(rect, 12.0, PILL);
    let left = rect.left_center() + vec2(12.0, 0.0);
    text::cut(p, left, width + 1.0, line, Type::Small, Color32::WHITE);
    text::say(ui, rect, line);
    rect
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_stages_are_made_of_the_six_that_are_measured() {
        let spread = |p50: u64| {
            let p50 = Duration::from_millis(p50);
            let p99 = 2 * p50;
            Some(Spread { p50, p99 })
        };
        let mut latency = LatencySummary {
            stages: [1, 2, 3, 4, 5, 6].map(spread),
            total: spread(21),
            clock_error: None,
        };
        // A camera that gives JPEG.
        latency.stages[Stage::Encode as usize] = None;
        let stages = stages(&latency).map(|(_, spread)| spread.map(|one| one.p50.as_millis()));
        assert_eq!(stages, [Some(4), Some(4), Some(5), Some(6)]);
    }
}
