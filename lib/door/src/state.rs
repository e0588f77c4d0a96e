//! `/state` as JSON: ustreamer's names, so that what reads those reads ours, and our own.

use std::time::Instant;

use crate::door::Shared;
use crate::reply::json_string;
use crate::source::SourceId;

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
            r#""camera":{{"name":{},"state":"{}","words":{}}},"#,
            r#""viewers":{{"now":{},"most":{}}},"#,
            r#""dropped":{{"slow_client":{}}},"sound":{}}}}}"#,
        ),
        width,
        height,
        source.state.is_online(),
        source.fps(now),
        source.viewers,
        json_string(&source.name),
        source.state.name(),
        json_string(&source.words),
        shared.viewers(),
        shared.max_viewers,
        source.skipped,
        may_hear && source.has_sound,
    )
}

/// The names of several cameras.
pub(crate) fn of_door(shared: &Shared) -> String {
    let names = shared.sources.iter();
    let names: Vec<String> = names.map(|source| json_string(&source.name)).collect();
    format!(
        r#"{{"ok":true,"result":{{"cameras":[{}]}}}}"#,
        names.join(",")
    )
}
