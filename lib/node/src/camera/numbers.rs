//! What a camera did, in numbers that its owner and its viewers share, and how they are on the wire
//! (wire 5.1).

use std::fmt;
use std::time::Duration;

use transom_media::Counts;
use transom_wire::{self as wire, FrameCounts, StageTimes, limits};

use crate::latency::{LatencySummary, Spread, Stage};

/// What a camera did. Counts are cumulative, of all its openings, from the moment that its owner or
/// a viewer asked first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CameraNumbers {
    /// Frames a second as agreed with the device, 0 where nothing is agreed.
    pub agreed_fps: u32,
    /// Frames a second that came in the last second; 0 when the owner has just asked.
    pub fps: f64,
    /// Frames by what became of them.
    pub counts: Counts,
    /// The stages `Capture`, `Encode` and `Wait`, of the last
    /// [`LatencyWindow::SPAN`](crate::latency::LatencyWindow::SPAN).
    pub latency: LatencySummary,
    /// How the machine is, as its program says while viewers want to know.
    pub machine: MachineState,
}

/// Pictures for one viewer, by what became of them. Those sent and dropped are counted from the
/// begin of its connection.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ViewerCounts {
    /// Sent whole.
    pub sent: u64,
    /// Dropped for newer ones, before or while they were sent.
    pub dropped: u64,
    /// Left out evenly for a slow link, since the statistics began.
    pub left_out: u64,
}

/// What a camera that we watch did, as its station says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FarCameraStats {
    /// The camera and its machine.
    pub numbers: CameraNumbers,
    /// How many see the camera, with us.
    pub viewers: u16,
    /// Pictures for us.
    pub ours: ViewerCounts,
}

/// How hot and how slow a machine is, as far as it tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MachineState {
    /// Of the processor, in °C.
    pub temperature: Option<f64>,
    /// Of a Raspberry Pi.
    pub throttling: Option<Throttling>,
}

/// What slows a machine down now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Throttling {
    /// Its supply is too weak.
    pub is_undervolted: bool,
    /// Its processor is slowed down, or will be soon.
    pub is_slowed: bool,
}

/// `61 °C, throttled, under-voltage`; empty where nothing is known.
impl fmt::Display for MachineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Throttling {
            is_undervolted,
            is_slowed,
        } = self.throttling.unwrap_or_default();
        let degrees = self.temperature.map(|degrees| format!("{degrees:.0} °C"));
        let words = [(is_slowed, "throttled"), (is_undervolted, "under-voltage")];
        let words = words
            .into_iter()
            .filter_map(|(is_so, word)| is_so.then_some(word));
        let parts: Vec<_> = degrees.as_deref().into_iter().chain(words).collect();
        f.write_str(&parts.join(", "))
    }
}

impl FarCameraStats {
    pub(super) fn to_wire(self) -> wire::CameraStats {
        let Self {
            numbers,
            viewers,
            ours,
        } = self;
        let stage = |stage: Stage| numbers.latency.stages[stage as usize].map(times);
        wire::CameraStats {
            agreed_fps: numbers.agreed_fps,
            tenths_of_fps: (numbers.fps * 10.0).round() as u32,
            counts: frames(&numbers.counts),
            capture: stage(Stage::Capture),
            encode: stage(Stage::Encode),
            wait: stage(Stage::Wait),
            viewers,
            sent: bounded(ours.sent),
            dropped: bounded(ours.dropped),
            left_out: bounded(ours.left_out),
            temperature: numbers.machine.temperature.map(tenths),
            throttling: bits(numbers.machine.throttling),
        }
    }

    pub(crate) fn of_wire(stats: &wire::CameraStats) -> Self {
        let mut latency = LatencySummary::default();
        for (stage, times) in [
            (Stage::Capture, stats.capture),
            (Stage::Encode, stats.encode),
            (Stage::Wait, stats.wait),
        ] {
            latency.stages[stage as usize] = times.map(|StageTimes { p50, p99 }| Spread {
                p50: Duration::from_micros(p50.into()),
                p99: Duration::from_micros(p99.into()),
            });
        }
        let bits = stats.throttling;
        let throttling = Throttling {
            is_undervolted: bits.contains(wire::Throttling::UNDERVOLTED),
            is_slowed: bits.contains(wire::Throttling::SLOWED),
        };
        Self {
            numbers: CameraNumbers {
                agreed_fps: stats.agreed_fps,
                fps: f64::from(stats.tenths_of_fps) / 10.0,
                counts: counts(&stats.counts),
                latency,
                machine: MachineState {
                    temperature: stats.temperature.map(|tenths| f64::from(tenths) / 10.0),
                    throttling: bits.contains(wire::Throttling::KNOWN).then_some(throttling),
                },
            },
            viewers: stats.viewers,
            ours: ViewerCounts {
                sent: stats.sent,
                dropped: stats.dropped,
                left_out: stats.left_out,
            },
        }
    }
}

fn frames(counts: &Counts) -> FrameCounts {
    FrameCounts {
        good: bounded(counts.good),
        stale: bounded(counts.stale),
        damaged: bounded(counts.damaged),
        unusable: bounded(counts.unusable),
        too_large: bounded(counts.too_large),
        skipped: bounded(counts.skipped),
        mended: bounded(counts.mended),
    }
}

fn counts(frames: &FrameCounts) -> Counts {
    Counts {
        good: frames.good,
        stale: frames.stale,
        damaged: frames.damaged,
        unusable: frames.unusable,
        too_large: frames.too_large,
        skipped: frames.skipped,
        mended: frames.mended,
    }
}

fn bounded(count: u64) -> u64 {
    count.min(limits::COUNT)
}

fn times(Spread { p50, p99 }: Spread) -> StageTimes {
    // The largest value means that nothing is known.
    let micros = |time: Duration| {
        u32::try_from(time.as_micros()).map_or(u32::MAX - 1, |it| it.min(u32::MAX - 1))
    };
    StageTimes {
        p50: micros(p50),
        p99: micros(p99),
    }
}

fn tenths(degrees: f64) -> i16 {
    // The lowest value means that nothing is known.
    ((degrees * 10.0).round() as i16).max(i16::MIN + 1)
}

fn bits(throttling: Option<Throttling>) -> wire::Throttling {
    let Some(Throttling {
        is_undervolted,
        is_slowed,
    }) = throttling
    else {
        return wire::Throttling::default();
    };
    let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
    wire::Throttling(
        wire::Throttling::KNOWN
            | bit(is_undervolted, wire::Throttling::UNDERVOLTED)
            | bit(is_slowed, wire::Throttling::SLOWED),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats() -> FarCameraStats {
        let millis = Duration::from_millis;
        let spread = |p50, p99| {
            Some(Spread {
                p50: millis(p50),
                p99: millis(p99),
            })
        };
        FarCameraStats {
            numbers: CameraNumbers {
                agreed_fps: 30,
                fps: 29.9,
                counts: Counts {
                    good: 1,
                    stale: 2,
                    damaged: 3,
                    unusable: 4,
                    too_large: 5,
                    skipped: 6,
                    mended: 7,
                },
                latency: LatencySummary {
                    stages: [spread(3, 6), None, spread(1, 2), None, None, None],
                    ..LatencySummary::default()
                },
                machine: MachineState {
                    temperature: Some(61.4),
                    throttling: Some(Throttling {
                        is_undervolted: false,
                        is_slowed: true,
                    }),
                },
            },
            viewers: 2,
            ours: ViewerCounts {
                sent: 8,
                dropped: 9,
                left_out: 10,
            },
        }
    }

    #[test]
    fn a_viewer_reads_the_numbers_that_the_station_of_the_camera_has() {
        assert_eq!(FarCameraStats::of_wire(&stats().to_wire()), stats());
        let unknown = FarCameraStats::default();
        assert_eq!(FarCameraStats::of_wire(&unknown.to_wire()), unknown);
    }

    #[test]
    fn values_beyond_those_of_the_wire_are_its_extreme_ones_and_known() {
        let mut far = stats();
        far.numbers.counts.good = u64::MAX;
        far.numbers.fps = f64::INFINITY;
        far.numbers.machine.temperature = Some(f64::NEG_INFINITY);
        far.numbers.latency.stages[0] = Some(Spread {
            p50: Duration::MAX,
            p99: Duration::MAX,
        });
        let read = FarCameraStats::of_wire(&far.to_wire()).numbers;
        assert_eq!(read.counts.good, limits::COUNT);
        assert_eq!(read.fps, 429_496_729.5);
        assert_eq!(read.machine.temperature, Some(-3276.7));
        assert!(read.latency.stages[0].is_some());
    }

    #[test]
    fn a_machine_tells_its_heat_and_what_slows_it_down() {
        let told = |temperature, throttling: Option<(bool, bool)>| {
            let throttling = throttling.map(|(is_slowed, is_undervolted)| Throttling {
                is_undervolted,
                is_slowed,
            });
            let machine = MachineState {
                temperature,
                throttling,
            };
            machine.to_string()
        };
        assert_eq!(told(None, None), "");
        assert_eq!(told(Some(61.4), Some((false, false))), "61 °C");
        assert_eq!(told(None, Some((true, false))), "throttled");
        assert_eq!(
            told(Some(61.4), Some((true, true))),
            "61 °C, throttled, under-voltage"
        );
    }
}
