//! Latency by stage, in words and as JSON. [`transom::latency`] explains the stages and their
//! accuracy.

use serde_json::{Map, Value, json};
use transom::latency::{LatencySummary, Spread, Stage};

use crate::stats::{milliseconds, round};

/// `12.0 ms (p99 15.0): capture 3.0, encode 2.0, wait 1.0, wire 6.0 ±0.14`: p50 of each, a list and
/// not a sum, since medians don't add up. `None` until the clocks are compared.
pub(crate) fn words(latency: &LatencySummary) -> Option<String> {
    let total = latency.total?;
    let millis = |time| format!("{:.1}", milliseconds(time));
    let stages = latency.known().map(|(stage, spread)| {
        let error = latency.clock_error.filter(|_| stage == Stage::Wire);
        let error = error.map_or(String::new(), |error| {
            format!(" ±{:.2}", milliseconds(error))
        });
        format!("{} {}{error}", stage.name(), millis(spread.p50))
    });
    let stages = stages.collect::<Vec<_>>().join(", ");
    let (p50, p99) = (millis(total.p50), millis(total.p99));
    Some(format!("{p50} ms (p99 {p99}): {stages}"))
}

/// The stages that are known, by their names, and their total once the clocks are compared.
pub(crate) fn json(latency: &LatencySummary) -> Value {
    let mut fields: Map<_, _> = latency
        .known()
        .map(|(stage, spread)| (stage.name().to_owned(), spread_json(spread)))
        .collect();
    if let Some(total) = latency.total {
        fields.insert("total".to_owned(), spread_json(total));
    }
    fields.into()
}

/// In milliseconds.
pub(crate) fn spread_json(spread: Spread) -> Value {
    let millis = |time| round(milliseconds(time));
    json!({"p50": millis(spread.p50), "p99": millis(spread.p99)})
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_clock_error_stands_beside_the_wire_alone() {
        let micros = Duration::from_micros;
        let spread = |p50, p99| {
            Some(Spread {
                p50: micros(p50),
                p99: micros(p99),
            })
        };
        let mut latency = LatencySummary {
            stages: [
                spread(3000, 4000),
                spread(2000, 3000),
                spread(1000, 1000),
                spread(6040, 7000),
                None,
                None,
            ],
            total: None,
            clock_error: Some(micros(140)),
        };
        assert_eq!(words(&latency), None);
        latency.total = spread(12_040, 15_000);
        assert_eq!(
            words(&latency).unwrap(),
            "12.0 ms (p99 15.0): capture 3.0, encode 2.0, wait 1.0, wire 6.0 ±0.14"
        );
        let json = json(&latency);
        let names: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(names, ["capture", "encode", "total", "wait", "wire"]);
        assert_eq!(json["wire"], json!({"p50": 6.04, "p99": 7.0}));
    }
}
