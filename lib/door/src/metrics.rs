//! `/metrics`: the door and its cameras as Prometheus text, version 0.0.4. Passes are not named:
//! what scrapes it may look, and need not know which others may.

use std::fmt::Write;
use std::time::Instant;

use crate::door::Shared;
use crate::source::{Source, SourceState};

/// What the answer's `Content-Type` says.
pub(crate) const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics of the door.
pub(crate) fn of_door(shared: &Shared, now: Instant) -> String {
    let mut text = Text {
        out: String::with_capacity(2048),
        sources: &shared.sources,
    };
    text.family("transom_camera_state", "gauge", "1 for the camera's state.");
    for state in SourceState::ALL {
        let label = format!(r#",state="{}""#, state.name());
        text.cameras("transom_camera_state", &label, |source| {
            u64::from(source.state == state)
        });
    }
    for (name, kind, help, value) in CAMERA {
        text.family(name, kind, help);
        text.cameras(name, "", |source| value(source, now));
    }
    let dropped = "transom_camera_pictures_dropped_total";
    text.family(
        dropped,
        "counter",
        "Pictures that clients did not get, by why.",
    );
    text.cameras(dropped, r#",reason="slow_client""#, |source| source.skipped);
    for (name, kind, help, value) in [
        (
            "transom_viewers_max",
            "gauge",
            "Places for viewers that peers leave free.",
            shared.max_viewers as u64,
        ),
        (
            "transom_sent_bytes_total",
            "counter",
            "Bytes of answers to all clients.",
            shared.sent_bytes,
        ),
    ] {
        text.family(name, kind, help);
        text.line(format_args!("{name} {value}"));
    }
    text.out
}

/// A metric that each camera has: its name, kind, meaning and value.
type OfCamera = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Source, Instant) -> u64,
);

const CAMERA: [OfCamera; 5] = [
    (
        "transom_camera_captured_fps",
        "gauge",
        "Pictures of the last whole second; 0 while nobody looks.",
        |source, now| source.fps(now).into(),
    ),
    (
        "transom_camera_pictures_total",
        "counter",
        "Pictures that the camera gave.",
        |source, _| source.counts().shown,
    ),
    (
        "transom_camera_pictures_sent_total",
        "counter",
        "Pictures begun to be sent, to all clients together.",
        |source, _| source.sent,
    ),
    (
        "transom_viewers",
        "gauge",
        "Clients that look or wait for a picture.",
        |source, _| source.viewers as u64,
    ),
    (
        "transom_listeners",
        "gauge",
        "Clients that listen.",
        |source, _| source.listeners as u64,
    ),
];

struct Text<'a> {
    out: String,
    sources: &'a [Source],
}

impl Text<'_> {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    /// A sample for each camera.
    fn cameras(&mut self, name: &str, label: &str, value: impl Fn(&Source) -> u64) {
        for source in self.sources {
            let (camera, value) = (escaped(&source.name), value(source));
            self.line(format_args!(
                r#"{name}{{camera="{camera}"{label}}} {value}"#
            ));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = writeln!(self.out, "{line}");
    }
}

/// A label's value.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('"', r#"\""#)
        .replace('\n', r"\n")
}
