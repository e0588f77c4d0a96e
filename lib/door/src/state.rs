//! `/state` as JSON: ustreamer's names, so that what reads those reads ours, and our own.

use std::time::Instant;

use crate::door::Shared;
use crate::reply::json_string;
use crate::source::{Source, SourceId};

/// The state of one camera, to a client that may hear its sound or not.
pub(crate) fn of_source(shared: &Shared, id: SourceId, may_hear: bool, now: Instant) -> String {
    let source = &shared.sources[id.0];
    let (width, height) = source.size;
    format!(
        concat!(
            r#"{{"ok":true,"result":{{"#,
            r#""source":{{"resolution":{{"width":{},"height":{}}},"#,
            r#""online":{},"captured_fps":{}}},"#,
            r#""stream":{{"clients":{}}},"#,
            r#""camera":{},"#,
            r#""viewers":{{"now":{},"most":{}}},"#,
            r#""dropped":{{"slow_client":{}}},"sound":{}}}}}"#,
        ),
        width,
        height,
        source.state.is_online(),
        source.fps(now),
        source.viewers,
        camera(source),
        shared.viewers(),
        shared.max_viewers,
        source.skipped,
        may_hear && source.has_sound,
    )
}

/// The states of several cameras.
pub(crate) fn of_door(shared: &Shared) -> String {
    let cameras: Vec<String> = shared.sources.iter().map(camera).collect();
    format!(
        r#"{{"ok":true,"result":{{"cameras":[{}]}}}}"#,
        cameras.join(",")
    )
}

fn camera(source: &Source) -> String {
    format!(
        r#"{{"name":{},"state":"{}","words":{}}}"#,
        json_string(&source.name),
        source.state.name(),
        json_string(&source.words),
    )
}
