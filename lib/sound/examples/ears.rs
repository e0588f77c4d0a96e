//! Instruments of `cargo xtask sound`, which itself knows nothing of samples. Each prints one line
//! of JSON for each thing that it measured.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::time::Duration;

use transom_sound::measure::{chirp, clicks, delay_of, likeness, segmental_snr_db, snr_db, speech};
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
    let sound = speech(10.0, 1);
    let frames = sound.as_chunks::<BLOCK>().0;
    let mut queued = Vec::new();
    let mut sequence = 0_u32;
    // The loudspeaker's clock; a sender that is faster has its frames here sooner.
    for tick in 0..120_000_u32 {
        let now = Duration::from_millis(5) * tick;
        loop {
            let captured = time_of(BLOCK) * sequence;
            if captured.mul_f64(1.0 - ppm * 1e-6) > now {
                break;
            }
            let frame = &frames[sequence as usize % frames.len()];
            playout.push(sequence, captured, frame, now);
            sequence += 1;
        }
        playout.pull(&mut out, now);
        queued.push(playout.stats().queued.as_secs_f64() * 1000.0);
    }
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    // Ten seconds each, after the start.
    let (start, end) = (&queued[1000..3000], &queued[queued.len() - 2000..]);
    println!(
        "{{\"ppm\":{ppm},\"start\":{:.1},\"end\":{:.1},\"most\":{:.1},\"dry_runs\":{}}}",
        mean(start),
        mean(end),
        queued.iter().copied().fold(0.0, f64::max),
        playout.stats().dry_runs,
    );
    Ok(())
}

/// Each whole minute of what was heard of a recording that was spoken again and again; less than a
/// minute is one too. What is left at the end is the end of the call.
fn call(spoken: &str, heard: &str) -> Outcome {
    let (mut spoken, heard) = (read(spoken)?, read(heard)?);
    let round = spoken.len();
    // A piece may lie across the end of the recording.
    spoken.extend_from_within(..(PIECE + 2 * NEAR).min(round));
    let minute = heard.len().clamp(1, 60 * SECOND);
    let mut last = None;
    for (number, sound) in heard.chunks_exact(minute).enumerate() {
        let mut listened = Listened {
            spoken: &spoken,
            round,
            start: number * minute,
            ..Listened::default()
        };
        listened.listen(sound, &mut last);
        listened.print(number + 1);
    }
    Ok(())
}

/// A fifth of a second: over longer pieces playout's pace shows in the correlation.
const PIECE: usize = SECOND / 5;

/// What one minute of a call sounded like.
#[derive(Default)]
struct Listened<'a> {
    /// The recording and a little more of its next round; how long a round is.
    spoken: &'a [i16],
    round: usize,
    /// Where the minute begins in all that was heard.
    start: usize,
    /// Where pieces that were found begin in the minute, and how far behind the recording, in
    /// samples of a round.
    lags: Vec<(usize, usize)>,
    likeness: Vec<f32>,
    snr: Vec<f32>,
    /// Loud pieces that are nowhere in what was spoken.
    strange: usize,
    /// Samples of digital silence in stretches of more than 5 ms in which somebody spoke.
    silent: usize,
    gaps: usize,
    /// Samples that follow neither from those before them nor from the recording.
    clicks: usize,
    /// Where sound is left out or comes in, beyond what playout's speed explains.
    jumps: usize,
    /// Searches of the whole recording.
    searches: usize,
}

impl Listened<'_> {
    fn listen(&mut self, sound: &[i16], last: &mut Option<usize>) {
        for (number, piece) in sound.chunks_exact(PIECE).enumerate() {
            if level_db(piece) > -35.0 {
                self.place(sound, piece, number * PIECE, last);
            }
        }
        self.count_gaps(sound);
    }

    /// Finds a piece of a minute in the recording: near where the last one lay, else anywhere.
    fn place(&mut self, sound: &[i16], piece: &[i16], at: usize, last: &mut Option<usize>) {
        let round = self.round;
        let mut searches = self.searches;
        let behind = |place: usize| (self.start + at + round - place % round) % round;
        let whole = piece;
        let paces = PACES.map(|pace| at_pace(whole, pace));
        let near = paces.iter().filter_map(|piece| {
            let (place, like) = self.near(piece, behind((*last)?))?;
            Some((place, like, &piece[..]))
        });
        let found = near.max_by(|one, two| one.1.total_cmp(&two.1)).or_else(|| {
            let (place, like) = anywhere(self.spoken, &paces[0], &mut searches)?;
            Some((place, like, &paces[0][..]))
        });
        self.searches = searches;
        let Some((place, like, piece)) = found else {
            self.strange += 1;
            return;
        };
        let lag = (self.start + at + round - place % round) % round;
        *last = Some(lag);
        self.count_jumps(at, lag);
        self.lags.push((at, lag));
        self.likeness.push(like);
        self.snr
            .push(snr_db(&self.spoken[place..place + piece.len()], piece));
        self.clicks += self.clicks_near(sound, at, place);
    }

    /// Clicks within a piece. The ends of a sound are not judged, so more is handed over.
    fn clicks_near(&self, sound: &[i16], at: usize, place: usize) -> usize {
        let before = UNJUDGED.min(at).min(place);
        let until = (at + PIECE + UNJUDGED).min(sound.len());
        let found = clicks(&self.spoken[place - before..], &sound[at - before..until]);
        let within = |click: &&usize| (before..before + PIECE).contains(*click);
        found.iter().filter(within).count()
    }

    fn near(&self, piece: &[i16], around: usize) -> Option<(usize, f32)> {
        let from = around.saturating_sub(NEAR);
        let until = (around + PIECE + NEAR).min(self.spoken.len());
        let found = delay_of(piece, self.spoken.get(from..until)?)?;
        (found.likeness > 0.9).then_some((from + found.at, found.likeness))
    }

    /// Against the piece before; after a second without one, pauses are as likely.
    fn count_jumps(&mut self, at: usize, lag: usize) {
        let Some((before, old)) = self.lags.last() else {
            return;
        };
        let (passed, moved) = (at - before, lag.abs_diff(*old));
        let moved = moved.min(self.round - moved);
        self.jumps += usize::from(passed < SECOND && moved > JUMP + passed / 200);
    }

    /// Silence where the recording has none, by the lag of the nearest piece.
    fn count_gaps(&mut self, sound: &[i16]) {
        let mut quiet = 0;
        for (at, sample) in sound.iter().chain(&[i16::MAX]).enumerate() {
            if *sample == 0 {
                quiet += 1;
                continue;
            }
            // Before the first word the call begins.
            let began = self.start > 0 || self.lags.first().is_some_and(|(first, _)| at > *first);
            if quiet > SHORT && began && self.was_spoken(at - quiet, quiet) {
                self.gaps += 1;
                self.silent += quiet;
            }
            quiet = 0;
        }
    }

    fn was_spoken(&self, at: usize, length: usize) -> bool {
        let nearest = self.lags.iter().min_by_key(|(place, _)| place.abs_diff(at));
        let Some((_, lag)) = nearest else {
            return true;
        };
        let place = (self.start + at + self.round - lag) % self.round;
        // The edges are those of the pause itself, a little off.
        let edge = length / 4;
        let mut spoken = self.spoken.iter().cycle().skip(place + edge);
        let spoken: Vec<i16> = spoken.by_ref().take(length - 2 * edge).copied().collect();
        level_db(&spoken) > -50.0
    }

    fn print(&self, minute: usize) {
        let middle = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|v| f64::from(*v)).collect() };
        let in_ms = |lag: &(usize, usize)| lag.1 as f64 * 1000.0 / 48_000.0;
        println!(
            "{{\"minute\":{minute},\"pieces\":{},\"strange\":{},\"delay\":{:.1},\"likeness\":{:.4},\
             \"snr\":{:.1},\"gaps\":{},\"silent_ms\":{:.0},\"clicks\":{},\"jumps\":{}}}",
            self.lags.len(),
            self.strange,
            middle(self.lags.iter().map(in_ms).collect()),
            middle(wide(&self.likeness)),
            middle(wide(&self.snr)),
            self.gaps,
            time_of(self.silent).as_secs_f64() * 1000.0,
            self.clicks,
            self.jumps,
        );
    }
}

/// Such a search takes a second, so a minute has only so many; beyond, a piece is strange.
fn anywhere(spoken: &[i16], piece: &[i16], searches: &mut usize) -> Option<(usize, f32)> {
    *searches += 1;
    if *searches > MOST_SEARCHES {
        return None;
    }
    let found = delay_of(piece, spoken)?;
    (found.likeness > 0.9).then_some((found.at, found.likeness))
}

/// Most of a piece as it was before playout sped it up by so much.
fn at_pace(piece: &[i16], pace: f32) -> Vec<i16> {
    let sample = |at: usize| {
        let place = at as f32 / pace;
        let (whole, part) = (place as usize, place.fract());
        let [one, two] =
            [whole, whole + 1].map(|at| f32::from(piece.get(at).copied().unwrap_or(0)));
        (one + (two - one) * part) as i16
    };
    (0..PIECE - PIECE / 100).map(sample).collect()
}

/// The speeds of playout: over a piece, the fastest shifts sound by a millisecond.
const PACES: [f32; 9] = [
    1.0, 0.995, 0.996_25, 0.997_5, 0.998_75, 1.001_25, 1.002_5, 1.003_75, 1.005,
];

/// How far from where it was expected a piece is looked for first: as far as the reserve grows at
/// once, and more.
const NEAR: usize = SECOND / 8;

/// 12.5 ms at the ends of what [`clicks`] is given.
const UNJUDGED: usize = SECOND / 80;

/// 5 ms.
const SHORT: usize = SECOND / 200;

/// 1 ms: speed alone moves the delay by half a percent, within some samples.
const JUMP: usize = SECOND / 1000;

/// Of a minute.
const MOST_SEARCHES: usize = 20;
