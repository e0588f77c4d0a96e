//! Instruments of `cargo xtask sound`, which itself knows nothing of samples. Each prints one line
//! of JSON for each thing that it measured.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::time::Duration;

use transom_sound::measure::{chirp, delay_of, likeness, segmental_snr_db, snr_db};
use transom_sound::{
    BLOCK, Codec, Decoder, Encoder, Playout, RATE, WavReader, WavWriter, level_db, time_of,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const SECOND: usize = RATE as usize;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &arguments[..] {
        ["chirps", path, seconds] => chirps(path, seconds.parse()?),
        ["delays", path] => delays(path),
        ["codec", path] => codec(path),
        ["coded", path, out] => coded(path, out),
        ["drift", ppm] => drift(ppm.parse()?),
        ["call", spoken, heard] => call(spoken, heard),
        _ => Err("ears: chirps, delays, codec, coded, drift or call".into()),
    }
}

/// Two chirps a second: later sound is told from earlier sound up to half a second.
const PERIOD: usize = SECOND / 2;

/// Writes chirps as raw samples.
fn chirps(path: &str, seconds: usize) -> Outcome {
    let mut file = BufWriter::new(File::create(path)?);
    let mut period = chirp();
    period.resize(PERIOD, 0);
    let bytes: Vec<u8> = period.iter().flat_map(|s| s.to_le_bytes()).collect();
    for _ in 0..2 * seconds {
        file.write_all(&bytes)?;
    }
    Ok(file.flush()?)
}

/// Finds each chirp of the mouth (right channel) at the ear (left), in raw samples.
fn delays(path: &str) -> Outcome {
    let bytes = fs::read(path)?;
    let channel = |at: usize| -> Vec<i16> {
        let frames = bytes.chunks_exact(4);
        frames
            .map(|frame| i16::from_le_bytes([frame[at], frame[at + 1]]))
            .collect()
    };
    let (ear, mouth) = (channel(0), channel(2));
    let chirp = chirp();
    let (mut found, mut lost) = (Vec::new(), 0);
    // The first chirps are those in which the devices start.
    let first = delay_of(
        &chirp,
        mouth.get(..PERIOD + chirp.len()).unwrap_or_default(),
    );
    let mut at = first.map_or(0, |first| first.at) + STARTING_CHIRPS * PERIOD;
    while at + 2 * PERIOD < mouth.len().min(ear.len()) {
        // The player may have been held up: where the chirp was really said.
        let around = at.saturating_sub(PERIOD / 10);
        let Some(said) = delay_of(&chirp, &mouth[around..around + PERIOD]) else {
            break;
        };
        let from = around + said.at;
        at = from + PERIOD;
        if said.likeness < 0.9 {
            continue;
        }
        match delay_of(&chirp, &ear[from..from + PERIOD]) {
            Some(heard) if heard.likeness > 0.5 => found.push(heard.at as f64 * 1000.0 / 48_000.0),
            _ => lost += 1,
        }
    }
    found.sort_by(f64::total_cmp);
    let part = |part: f64| {
        let last = found.len().saturating_sub(1) as f64;
        found
            .get((last * part).round() as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    println!(
        "{{\"chirps\":{},\"lost\":{lost},\"median\":{:.1},\"p95\":{:.1},\"p99\":{:.1},\
         \"least\":{:.1},\"most\":{:.1}}}",
        found.len(),
        part(0.5),
        part(0.95),
        part(0.99),
        part(0.0),
        part(1.0),
    );
    Ok(())
}

/// Three seconds: playout's reserve does not grow in them.
const STARTING_CHIRPS: usize = 6;

fn read(path: &str) -> Outcome<Vec<i16>> {
    Ok(WavReader::new(BufReader::new(File::open(path)?))?.read_all()?)
}

/// What a codec makes of these samples, in step with them.
fn through(codec: Codec, samples: &[i16]) -> Outcome<(Vec<i16>, usize)> {
    let mut encoder = Encoder::new(codec)?;
    let mut decoder = Decoder::new(encoder.format())?;
    let (mut out, mut frame, mut block, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
    // The codec's own delay is pushed out by one block more.
    let padded = [samples, &[0; BLOCK]].concat();
    for samples in padded.as_chunks::<BLOCK>().0 {
        encoder.encode(samples, &mut frame);
        bytes += frame.len();
        decoder.decode(&frame, &mut block)?;
        out.extend_from_slice(&block);
    }
    out.drain(..usize::from(codec.delay()));
    out.truncate(samples.len());
    Ok((out, bytes))
}

/// Each codec's loss on a recording.
fn codec(path: &str) -> Outcome {
    let samples = read(path)?;
    for codec in [Codec::Pcm, Codec::Opus] {
        let (out, bytes) = through(codec, &samples)?;
        println!(
            "{{\"codec\":\"{codec:?}\",\"kbit\":{:.1},\"snr\":{:.1},\"segmental\":{:.1},\
             \"likeness\":{:.4}}}",
            bytes as f64 * 8.0 / time_of(samples.len()).as_secs_f64() / 1000.0,
            snr_db(&samples, &out),
            segmental_snr_db(&samples, &out),
            likeness(&samples[..out.len()], &out),
        );
    }
    Ok(())
}

/// Writes what Opus makes of a recording, for judges in other languages.
fn coded(path: &str, out: &str) -> Outcome {
    let (samples, _) = through(Codec::Opus, &read(path)?)?;
    let mut writer = WavWriter::new(File::create(out)?)?;
    writer.write(&samples)?;
    writer.finish()?;
    Ok(())
}

/// Playout over 600 s whose clocks differ by that much, on a hand-moved clock.
fn drift(ppm: f64) -> Outcome {
    let mut playout = Playout::new();
    let mut out = [0; BLOCK / 2];
    let frame = [0; BLOCK];
    let mut queued = Vec::new();
    for sequence in 0..60_000_u32 {
        let captured = time_of(BLOCK) * sequence;
        let now = captured.mul_f64(1.0 - ppm * 1e-6);
        playout.push(sequence, captured, &frame, now);
        playout.pull(&mut out, now);
        playout.pull(&mut out, now + Duration::from_millis(5));
        queued.push(playout.stats().queued.as_secs_f64() * 1000.0);
    }
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    // Ten seconds each, after the start.
    let (start, end) = (&queued[500..1500], &queued[queued.len() - 1000..]);
    println!(
        "{{\"ppm\":{ppm},\"start\":{:.1},\"end\":{:.1},\"most\":{:.1},\"dry_runs\":{}}}",
        mean(start),
        mean(end),
        queued.iter().copied().fold(0.0, f64::max),
        playout.stats().dry_runs,
    );
    Ok(())
}

/// Each minute of what was heard of a recording that was spoken again and again.
fn call(spoken: &str, heard: &str) -> Outcome {
    let (spoken, heard) = (read(spoken)?, read(heard)?);
    let minutes = heard.chunks(60 * SECOND);
    let mut last = None;
    for (minute, sound) in minutes.enumerate() {
        let mut listened = Listened::to(&spoken, sound, minute * 60 * SECOND, &mut last);
        listened.print(minute + 1);
    }
    Ok(())
}

/// A fifth of a second: over longer pieces playout's pace shows in the correlation.
const PIECE: usize = SECOND / 5;

/// What one minute of a call sounded like.
#[derive(Default)]
struct Listened {
    /// Where pieces of the heard minute lie in time against the spoken recording, in ms.
    places: Vec<f64>,
    likeness: Vec<f32>,
    snr: Vec<f32>,
    /// Loud pieces that are nowhere near in what was spoken.
    strange: usize,
    /// Samples of digital silence in stretches of more than 5 ms.
    silent: usize,
    gaps: usize,
    /// Steps larger than any that was spoken.
    clicks: usize,
}

impl Listened {
    fn to(spoken: &[i16], sound: &[i16], start: usize, last: &mut Option<usize>) -> Self {
        let mut listened = Self::default();
        listened.count_gaps(sound);
        let steps = |samples: &[i16]| -> Vec<u16> {
            samples
                .windows(2)
                .map(|two| two[1].abs_diff(two[0]))
                .collect()
        };
        let largest = steps(spoken).into_iter().max().unwrap_or_default();
        listened.clicks = steps(sound).iter().filter(|step| **step > largest).count();
        for (number, piece) in sound.chunks_exact(PIECE).enumerate() {
            if level_db(piece) > -35.0 {
                listened.place(spoken, piece, start + number * PIECE, last);
            }
        }
        listened
    }

    /// Finds a piece in the spoken recording: near where the last one lay, else anywhere.
    fn place(&mut self, spoken: &[i16], piece: &[i16], at: usize, last: &mut Option<usize>) {
        let round = spoken.len();
        let around = last.map(|lag| (at + round - lag % round) % round);
        let near = around.and_then(|around| {
            let from = around.saturating_sub(NEAR);
            let until = (around + PIECE + NEAR).min(round);
            let found = delay_of(piece, &spoken[from.min(until)..until])?;
            (found.likeness > 0.9).then_some((from + found.at, found.likeness))
        });
        let found = near.or_else(|| {
            let found = delay_of(piece, spoken)?;
            (found.likeness > 0.9).then_some((found.at, found.likeness))
        });
        let Some((place, like)) = found else {
            self.strange += 1;
            return;
        };
        let lag = (at + round - place) % round;
        *last = Some(lag);
        self.places.push(lag as f64 * 1000.0 / 48_000.0);
        self.likeness.push(like);
        self.snr.push(snr_db(&spoken[place..place + PIECE], piece));
    }

    fn count_gaps(&mut self, sound: &[i16]) {
        let mut quiet = 0;
        for sample in sound.iter().chain(&[i16::MAX]) {
            if *sample == 0 {
                quiet += 1;
                continue;
            }
            if quiet > SECOND / 200 {
                self.gaps += 1;
                self.silent += quiet;
            }
            quiet = 0;
        }
    }

    fn print(&mut self, minute: usize) {
        let middle = |values: &mut Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|v| f64::from(*v)).collect() };
        println!(
            "{{\"minute\":{minute},\"pieces\":{},\"strange\":{},\"delay\":{:.1},\"likeness\":{:.4},\
             \"snr\":{:.1},\"gaps\":{},\"silent_ms\":{:.0},\"clicks\":{}}}",
            self.places.len(),
            self.strange,
            middle(&mut self.places),
            middle(&mut wide(&self.likeness)),
            middle(&mut wide(&self.snr)),
            self.gaps,
            time_of(self.silent).as_secs_f64() * 1000.0,
            self.clicks,
        );
    }
}

/// How far from where it was expected a piece is looked for first.
const NEAR: usize = SECOND / 4;
