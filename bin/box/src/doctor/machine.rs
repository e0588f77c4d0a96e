//! Temperature and power supply, which can slow the processor down. sysfs is read below a root
//! folder, which a test can replace.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Finding;

/// The readings that this machine has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Machine {
    /// Temperature of the processor in °C.
    pub(crate) temperature: Option<f64>,
    /// The throttling bits of a Raspberry Pi.
    pub(crate) throttling: Option<Throttling>,
}

/// The bits of `vcgencmd get_throttled`, by the firmware of a Raspberry Pi.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Throttling(u32);

impl Throttling {
    /// The supply is too weak now.
    fn is_undervolted(self) -> bool {
        self.0 & 1 != 0
    }

    /// The clock is reduced now, or will be soon: frequency capped, throttled, or at the soft
    /// temperature limit.
    fn is_slowed(self) -> bool {
        self.0 & 0b1110 != 0
    }

    /// The same bits, for any time since the machine started.
    fn ever(self) -> Self {
        Self(self.0 | self.0 >> 16)
    }

    /// For people: `throttled`; empty where all is well now.
    fn words(self) -> &'static str {
        match (self.is_undervolted(), self.is_slowed()) {
            (true, true) => "throttled, under-voltage",
            (true, false) => "under-voltage",
            (false, true) => "throttled",
            (false, false) => "",
        }
    }
}

/// The same value as a file.
const THROTTLED: &str = "sys/devices/platform/soc/soc:firmware/get_throttled";
const ZONES: &str = "sys/class/thermal";
/// A Raspberry Pi slows down at 80 to 85 °C, a PC not much later.
const HOT: f64 = 80.0;

impl Machine {
    /// Reads them from this machine.
    pub(crate) fn read() -> Self {
        Self::below(Path::new("/"))
    }

    fn below(root: &Path) -> Self {
        let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        let bits = text(&root.join(THROTTLED));
        let bits = bits.trim().trim_start_matches("0x");
        let zones = fs::read_dir(root.join(ZONES)).into_iter().flatten();
        let zones = zones.flatten().map(|zone| zone.path());
        let of_processor = zones.filter(|zone| {
            let kind = text(&zone.join("type"));
            kind.contains("cpu") || kind.contains("soc") || kind.starts_with("x86_pkg")
        });
        let degrees = of_processor.filter_map(|zone| {
            let thousandths = text(&zone.join("temp")).trim().parse::<i32>().ok()?;
            Some(f64::from(thousandths) / 1000.0)
        });
        Self {
            temperature: degrees.reduce(f64::max),
            throttling: u32::from_str_radix(bits, 16).ok().map(Throttling),
        }
    }

    /// `61 °C, throttled`; empty where nothing is known.
    pub(crate) fn words(&self) -> String {
        let degrees = self.temperature.map(|degrees| format!("{degrees:.0} °C"));
        let slowed = self.throttling.map(Throttling::words);
        let slowed = slowed.filter(|words| !words.is_empty()).map(str::to_owned);
        degrees
            .into_iter()
            .chain(slowed)
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "temperature": self.temperature,
            "undervolted": self.throttling.map(Throttling::is_undervolted),
            "throttled": self.throttling.map(Throttling::is_slowed),
        })
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        const SUPPLY: &str = "use the power supply made for this machine, and a short cable";
        const COOLING: &str = "improve the airflow, or add a heat sink";
        let mut findings = Vec::new();
        if let Some(now) = self.throttling {
            let ever = now.ever();
            if now.is_undervolted() {
                let text = "the power supply is too weak, and the processor is slowed down";
                findings.push(Finding::broken("power", text, SUPPLY));
            } else if ever.is_undervolted() {
                let text = "the power supply was too weak at times since this machine started";
                findings.push(Finding::hint("power", text, SUPPLY));
            }
            if now.is_slowed() {
                let text = "the processor is slowed down now";
                findings.push(Finding::hint("heat", text, COOLING));
            } else if ever.is_slowed() {
                let text = "the processor was slowed down at times since this machine started";
                findings.push(Finding::hint("heat", text, COOLING));
            }
        }
        let is_told = findings.iter().any(|finding| finding.subject == "heat");
        match self.temperature {
            Some(degrees) if degrees >= HOT && !is_told => {
                let text = format!("the processor has {degrees:.0} °C");
                findings.push(Finding::hint("heat", text, COOLING));
            }
            Some(degrees) if !is_told => {
                let text = format!("the processor has {degrees:.0} °C");
                findings.push(Finding::good("heat", text));
            }
            _ => {}
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn levels(throttling: Option<u32>, temperature: Option<f64>) -> Vec<(&'static str, Level)> {
        let machine = Machine {
            temperature,
            throttling: throttling.map(Throttling),
        };
        let findings = machine.findings().into_iter();
        findings.map(|it| (it.subject, it.level)).collect()
    }

    #[test]
    fn a_machine_is_read_from_sysfs() {
        let root = std::env::temp_dir().join(format!("transom-machine-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert_eq!(Machine::below(&root), Machine::default());
        write("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
        write("sys/class/thermal/thermal_zone0/temp", "61375\n");
        write("sys/class/thermal/thermal_zone1/type", "iwlwifi_1\n");
        write("sys/class/thermal/thermal_zone1/temp", "90000\n");
        write(THROTTLED, "50005\n");
        let machine = Machine::below(&root);
        assert_eq!(machine.words(), "61 °C, throttled, under-voltage");
        assert_eq!(machine.json()["throttled"], true);
        write(THROTTLED, "0x50000\n");
        assert_eq!(Machine::below(&root).words(), "61 °C");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn heat_and_a_weak_supply_are_found() {
        use Level::{Broken, Good, Hint};
        assert_eq!(levels(None, None), []);
        assert_eq!(levels(Some(0), Some(50.0)), [("heat", Good)]);
        assert_eq!(levels(None, Some(85.0)), [("heat", Hint)]);
        assert_eq!(levels(Some(1), None), [("power", Broken)]);
        let before = [("power", Hint), ("heat", Hint)];
        assert_eq!(levels(Some(0x5_0000), Some(85.0)), before);
        assert_eq!(levels(Some(0x4), Some(85.0)), [("heat", Hint)]);
    }
}
