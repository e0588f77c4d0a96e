//! `/metrics`, read as Prometheus reads it.

use super::*;

/// The value of each sample by its name and labels, of a text that Prometheus would take.
fn parse(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let (mut samples, mut families) = (BTreeMap::new(), Vec::new());
    let mut lines = text.lines();
    let mut family = "";
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split_once(' ').unwrap().0;
            assert!(!families.contains(&family), "{family} has come before");
            families.push(family);
            let kind = lines.next().unwrap().strip_prefix("# TYPE ").unwrap();
            let kind = kind.strip_prefix(family).unwrap();
            let is_counter = family.ends_with("_total");
            assert_eq!(kind, if is_counter { " counter" } else { " gauge" });
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match sample.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
            None => (sample, ""),
        };
        assert_eq!(name, family);
        check_labels(labels);
        let known = samples.insert(sample.to_owned(), value.parse().unwrap());
        assert_eq!(known, None, "{sample} has come before");
    }
    samples
}

/// `name="value",…`, where a value has a quote, a backslash and a line feed only escaped.
fn check_labels(mut labels: &str) {
    while !labels.is_empty() {
        let (name, rest) = labels.split_once("=\"").unwrap();
        assert!(
            name.chars().all(|letter| letter.is_ascii_lowercase()),
            "{name}"
        );
        let mut is_escaped = false;
        let end = rest.find(|letter| match (letter, is_escaped) {
            (_, true) => {
                is_escaped = false;
                assert!(matches!(letter, '"' | '\\' | 'n'), "{letter}");
                false
            }
            ('\\', false) => {
                is_escaped = true;
                false
            }
            _ => letter == '"',
        });
        labels = &rest[end.unwrap() + 1..];
        labels = labels.strip_prefix(',').unwrap_or(labels);
    }
}

/// How many a client was sent.
fn bytes(sent: &str) -> usize {
    sent.chars().count()
}

#[test]
fn metrics_are_prometheus_text_and_count_what_clients_get() {
    let mut rig = Rig::new();
    let before = rig.get(1, "/metrics");
    let (head, body) = split(&before);
    assert_eq!(status(head), "200");
    assert!(head.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    let samples = parse(body);
    assert_eq!(samples["transom_sent_bytes_total"], 0.0);
    assert_eq!(
        samples[r#"transom_camera_state{camera="hall",state="starting"}"#],
        1.0
    );

    let mut sent = bytes(&before) + bytes(&rig.get(2, "/stream"));
    rig.show();
    rig.stuck.insert(2);
    rig.show();
    rig.show();
    rig.stuck.clear();
    rig.pump();
    sent += bytes(&rig.take(2));
    let samples = parse(split(&rig.get(3, "/metrics")).1);
    for (sample, value) in [
        (r#"transom_camera_state{camera="hall",state="live"}"#, 1),
        (r#"transom_camera_state{camera="hall",state="starting"}"#, 0),
        (r#"transom_camera_pictures_total{camera="hall"}"#, 3),
        (r#"transom_camera_pictures_sent_total{camera="hall"}"#, 2),
        (
            r#"transom_camera_pictures_dropped_total{camera="hall",reason="slow_client"}"#,
            1,
        ),
        (r#"transom_viewers{camera="hall"}"#, 1),
        ("transom_viewers_max", 4),
        ("transom_sent_bytes_total", sent),
    ] {
        assert_eq!(samples[sample], value as f64, "{sample}");
    }
}

#[test]
fn all_cameras_are_in_one_text_whatever_their_names() {
    let mut rig = Rig::of(&["hall", "a\"b\\c\nd"], passes(&[1]));
    let answer = rig.get(1, "/metrics");
    let samples = parse(split(&answer).1);
    assert_eq!(samples[r#"transom_viewers{camera="hall"}"#], 0.0);
    assert_eq!(samples[r#"transom_viewers{camera="a\"b\\c\nd"}"#], 0.0);
}

#[test]
fn a_camera_is_in_one_state_whichever_it_is() {
    for state in SourceState::ALL {
        let mut rig = Rig::new();
        rig.set_state(state, "");
        let samples = parse(split(&rig.get(1, "/metrics")).1);
        let states = samples.iter();
        let states = states.filter(|(sample, _)| sample.starts_with("transom_camera_state{"));
        let sum: f64 = states.map(|(_, value)| value).sum();
        assert_eq!(sum, 1.0, "{state:?}");
        let name = state.name();
        let sample = format!(r#"transom_camera_state{{camera="hall",state="{name}"}}"#);
        assert_eq!(samples[&sample], 1.0, "{state:?}");
    }
}
