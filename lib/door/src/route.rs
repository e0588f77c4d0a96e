//! What a request asks for.

use crate::encoding::percent_decode;
use crate::source::{Source, SourceId};

/// A camera's or the door's answer to a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Route {
    /// The page for people, which holds no secret.
    Page,
    /// The state of a door with several cameras.
    Cameras,
    /// A camera's path without the slash that relative links need.
    MissingSlash(SourceId),
    Stream(SourceId),
    Snapshot(SourceId),
    Next(SourceId),
    State(SourceId),
    Sound(SourceId),
    /// Numbers of all cameras for Prometheus.
    Metrics,
    /// There is nothing at this path.
    Unknown,
}

impl Route {
    /// All cameras are below their names. A single one is also at the root.
    pub(crate) fn of(path: &str, query: &str, sources: &[Source]) -> Self {
        if sources.len() == 1 {
            let route = match path {
                "/metrics" => Self::Metrics,
                _ => Self::of_source(path, query, SourceId(0)),
            };
            if route != Self::Unknown {
                return route;
            }
        }
        let (first, rest) = match path.strip_prefix('/').unwrap_or(path).split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path.trim_start_matches('/'), None),
        };
        // The page of a name that no camera has says so itself, but to a pass only. So it is the
        // page whatever its query, or a stranger could find names by queries.
        let is_page = !matches!(action(query).as_deref(), Some("stream" | "snapshot"));
        if rest == Some("") && is_page {
            return Self::Page;
        }
        let name = percent_decode(first);
        let index = sources.iter().position(|source| source.name == name);
        match (first, rest, index) {
            ("", None, _) => Self::Page,
            ("state", None, _) => Self::Cameras,
            ("metrics", None, _) => Self::Metrics,
            (_, None, Some(index)) => Self::MissingSlash(SourceId(index)),
            (_, Some(_), Some(index)) => {
                let path = path.strip_prefix('/').unwrap_or(path);
                Self::of_source(&path[first.len()..], query, SourceId(index))
            }
            _ => Self::Unknown,
        }
    }

    /// The paths are ours, ustreamer's and mjpg-streamer's.
    fn of_source(path: &str, query: &str, index: SourceId) -> Self {
        match (path, action(query).as_deref()) {
            ("/", Some("stream")) => Self::Stream(index),
            ("/", Some("snapshot")) => Self::Snapshot(index),
            ("/", _) => Self::Page,
            ("/stream" | "/stream.mjpg" | "/stream.mjpeg" | "/video", _) => Self::Stream(index),
            ("/snapshot" | "/snapshot.jpg" | "/shot.jpg", _) => Self::Snapshot(index),
            ("/next", _) => Self::Next(index),
            ("/sound", _) => Self::Sound(index),
            ("/state", _) => Self::State(index),
            _ => Self::Unknown,
        }
    }
}

/// The value of the first `key=…` in a query, decoded. Keys without a value are ignored: OctoPrint
/// adds the time as one.
pub(crate) fn parameter(query: &str, key: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == key)?;
    Some(percent_decode(value))
}

/// mjpg-streamer's way to name what is wanted.
fn action(query: &str) -> Option<String> {
    parameter(query, "action")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(names: &[&str]) -> Vec<Source> {
        let names = names.iter().map(|name| Source::new((*name).into()));
        names.collect()
    }

    #[test]
    fn one_camera_is_at_the_root_under_all_its_synonyms() {
        let sources = sources(&["hall"]);
        let first = SourceId(0);
        for (target, route) in [
            ("/", Route::Page),
            ("/?1700000000000", Route::Page),
            ("/?action=stream", Route::Stream(first)),
            ("/?action=stream&1700000000000", Route::Stream(first)),
            ("/?x=1&action=snapshot", Route::Snapshot(first)),
            ("/?action=command", Route::Page),
            ("/stream", Route::Stream(first)),
            ("/stream.mjpg", Route::Stream(first)),
            ("/stream.mjpeg", Route::Stream(first)),
            ("/video", Route::Stream(first)),
            ("/snapshot", Route::Snapshot(first)),
            ("/snapshot.jpg", Route::Snapshot(first)),
            ("/shot.jpg", Route::Snapshot(first)),
            ("/next", Route::Next(first)),
            ("/sound", Route::Sound(first)),
            ("/metrics", Route::Metrics),
            ("/state", Route::State(first)),
            ("/hall", Route::MissingSlash(first)),
            ("/hall/", Route::Page),
            ("/hall/stream", Route::Stream(first)),
            ("/hall/?action=snapshot", Route::Snapshot(first)),
            ("/attic/", Route::Page),
            ("/attic/stream", Route::Unknown),
            ("/stream/", Route::Page),
            ("/stream/stream", Route::Unknown),
            ("//stream", Route::Unknown),
            ("/../stream", Route::Unknown),
            ("/favicon.ico", Route::Unknown),
        ] {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            assert_eq!(Route::of(path, query, &sources), route, "{target}");
        }
    }

    #[test]
    fn several_cameras_are_below_their_names() {
        let sources = sources(&["hall", "Zoë", "state"]);
        let index = SourceId;
        for (target, route) in [
            ("/", Route::Page),
            ("/state", Route::Cameras),
            ("/metrics", Route::Metrics),
            ("/hall/metrics", Route::Unknown),
            ("/stream", Route::Unknown),
            ("/hall", Route::MissingSlash(index(0))),
            ("/hall/", Route::Page),
            ("/hall/?action=stream", Route::Stream(index(0))),
            ("/hall/stream", Route::Stream(index(0))),
            ("/hall//stream", Route::Unknown),
            ("/Zo%C3%AB/next", Route::Next(index(1))),
            ("/state/state", Route::State(index(2))),
            ("/hall/sound", Route::Sound(index(0))),
            ("/sound", Route::Unknown),
            ("/attic/", Route::Page),
            ("/attic", Route::Unknown),
            ("/attic/stream", Route::Unknown),
            ("//stream", Route::Unknown),
        ] {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            assert_eq!(Route::of(path, query, &sources), route, "{target}");
        }
    }

    #[test]
    fn parameters_without_a_value_are_none() {
        assert_eq!(parameter("1700&fps=5&fps=6", "fps").as_deref(), Some("5"));
        assert_eq!(parameter("fps", "fps"), None);
        assert_eq!(parameter("token=a%3Db", "token").as_deref(), Some("a=b"));
    }
}
