//! `cargo xtask sound quality`: measures the loss of speech quality by a codec.

use std::path::Path;
use std::process::Command;

use crate::failure::{Context as _, Failure, Outcome};
use crate::packages::{self, ESPEAK};
use crate::sandbox::{Sandbox, number_field, text_field};
use crate::step::written;

use super::latency::path;
use super::programs;
use super::table::print;

pub(super) fn run(arguments: &[&str]) -> Outcome {
    let (programs, tools) = programs(arguments)?;
    let sandbox = Sandbox::with_programs(programs)?;
    let given = arguments.first().filter(|first| first.ends_with(".wav"));
    let speech = match given {
        Some(file) => file.into(),
        None => {
            packages::ensure(&[&ESPEAK])?;
            let file = sandbox.path("speech.wav");
            speak(TEXT, "en", &file)?;
            file
        }
    };
    println!("\nspeech against itself");
    for line in tools.run(&["codec", path(&speech)?])? {
        let field = |name| number_field(&line, None, name).unwrap_or(f64::NAN);
        let value = format!(
            "SNR {:.1} dB, segmental {:.1} dB, likeness {:.4}, {:.0} kbit/s",
            field("snr"),
            field("segmental"),
            field("likeness"),
            field("kbit"),
        );
        print(
            &text_field(&line, "codec").unwrap_or_default(),
            &value,
            None,
        );
    }
    let coded = sandbox.path("coded.wav");
    tools.run(&["coded", path(&speech)?, path(&coded)?])?;
    pesq(&speech, &coded)
}

/// Synthesises a text into a WAV file.
pub(super) fn speak(text: &str, voice: &str, file: &Path) -> Outcome {
    let mut command = Command::new("espeak-ng");
    command
        .args(["-v", voice, "-s", "150", "-w"])
        .arg(file)
        .arg(text);
    let status = command.status().context(written(&command))?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::new(format!("{}: {status}", written(&command)))),
    }
}

/// Measures PESQ, if Python has the module, which Debian does not package.
fn pesq(speech: &Path, coded: &Path) -> Outcome {
    let mut python = Command::new("python3");
    python.args(["-c", PESQ]).args([speech, coded]);
    let output = python.output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        println!("PESQ: left out, python3 has no pesq and scipy (pip install pesq scipy)");
        return Ok(());
    };
    let score = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let held = score.parse::<f64>().is_ok_and(|score| score >= 4.3);
    print("PESQ of Opus", &score, Some((">= 4.3", held)));
    Ok(())
}

const PESQ: &str = "\
import sys
from math import gcd
from pesq import pesq
from scipy.io import wavfile
from scipy.signal import resample_poly
def read(path):
    rate, samples = wavfile.read(path)
    samples = samples.astype('float32') / 32768
    common = gcd(rate, 16000)
    return resample_poly(samples, 16000 // common, rate // common)
one, other = read(sys.argv[1]), read(sys.argv[2])
length = min(len(one), len(other))
print(f'{pesq(16000, one[:length], other[:length], \"wb\"):.2f}')
";

pub(super) const TEXT: &str = "\
The harbour was quiet before the storm, and nobody on the quay believed the old pilot. \
He counted the boats twice, tied the last rope himself, and walked home against the wind. \
Please call me when the parcel has come; the door of the shed is never locked on Thursdays. \
Sixteen brown foxes jumped across the frozen river while the children were still asleep. \
What you measure grows better, what you only admire grows old.";
