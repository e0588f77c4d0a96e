//! Made rooms: the far side through a loudspeaker, a room and a microphone. What these say of real
//! rooms is little, but a canceller that fails here fails there.

#[cfg(feature = "echo")]
mod cancel;

use std::ops::Range;

use super::{Echo, EchoMode};
use crate::measure::{Noise, speech, stoi};
use crate::{BLOCK, RATE, Resampler, level_db};

/// A room with loudspeaker and microphone.
struct Room {
    /// From the loudspeaker's buffer to the microphone's.
    delay_ms: usize,
    /// How much faster the microphone's clock runs.
    ppm: u32,
    /// Of the echo against what is played.
    echo_db: f32,
}

const ROOM: Room = Room {
    delay_ms: 60,
    ppm: 50,
    echo_db: 0.0,
};

impl Room {
    /// What the microphone hears of `far`: bent by the loudspeaker, late, with a tail of 0.25 s
    /// that is 6 dB below the direct sound, on the microphone's clock.
    fn echo(&self, far: &[i16]) -> Vec<i16> {
        let delay = self.delay_ms * RATE as usize / 1000;
        let taps = self.taps();
        let bent: Vec<f32> = far.iter().map(|sample| bent(*sample)).collect();
        let mut echo = vec![0.0; far.len()];
        for (late, gain) in taps {
            let late = late + delay;
            for (out, sample) in echo[late..].iter_mut().zip(&bent) {
                *out += gain * sample;
            }
        }
        let echo: Vec<i16> = echo.iter().map(|sample| *sample as i16).collect();
        if self.ppm == 0 {
            return echo;
        }
        let parts = 1_000_000 / self.ppm;
        let mut drifted = Vec::new();
        let mut clock = Resampler::new(parts, parts + 1).unwrap();
        clock.resample(&echo, &mut drifted);
        drifted.resize(far.len(), 0);
        drifted
    }

    /// The direct sound, and 300 sparse reflections that decay by 60 dB in 0.25 s.
    fn taps(&self) -> Vec<(usize, f32)> {
        let mut noise = Noise::new(77);
        let decay = |late: usize| 10_f32.powf(-3.0 * late as f32 / (0.25 * RATE as f32));
        let mut tail: Vec<(usize, f32)> = (0..300)
            .map(|_| {
                let late = 100 + noise.bits() as usize % 12_000;
                (late, decay(late) * noise.next().signum())
            })
            .collect();
        let energy: f32 = tail.iter().map(|tap| tap.1 * tap.1).sum();
        let direct = 10_f32.powf(self.echo_db / 20.0);
        let quiet = direct * 0.5 / energy.sqrt();
        tail.iter_mut().for_each(|tap| tap.1 *= quiet);
        tail.push((0, direct));
        tail
    }
}

/// A small loudspeaker: what is loud is pressed.
fn bent(sample: i16) -> f32 {
    let sample = f32::from(sample) / 32_768.0;
    (sample - 0.2 * sample.powi(3)) * 32_768.0
}

/// Runs it all through; the microphone hears echo, near voice and a noise of -65 dBFS.
fn run(mode: EchoMode, far: &[i16], echo: &[i16], near: &[i16]) -> (Vec<i16>, Vec<i16>) {
    let mut control = Echo::new(mode);
    let mut noise = Noise::new(5);
    let (mut raw, mut out) = (Vec::new(), Vec::new());
    let blocks = far.as_chunks().0.iter();
    for (at, far) in blocks.enumerate() {
        control.played(far);
        let mut mic: [i16; BLOCK] = std::array::from_fn(|place| {
            let place = at * BLOCK + place;
            let hiss = (noise.next() * 32.0) as i16;
            echo[place].saturating_add(near[place]).saturating_add(hiss)
        });
        raw.extend(mic);
        control.heard(&mut mic);
        out.extend(mic);
    }
    (raw, out)
}

/// 20 s far alone, then 10 s near alone, then 15 s both.
struct Talk {
    far: Vec<i16>,
    near: Vec<i16>,
}

const FAR_ONLY: Range<usize> = 0..20 * RATE as usize;
const NEAR_ONLY: Range<usize> = 20 * RATE as usize..30 * RATE as usize;

fn talk() -> Talk {
    let mut far = speech(45.0, 21);
    let mut near = speech(45.0, 22);
    far[NEAR_ONLY].fill(0);
    near[FAR_ONLY].fill(0);
    Talk { far, near }
}

fn second(range: Range<usize>) -> Range<usize> {
    range.start * RATE as usize..range.end * RATE as usize
}

/// By how much the echo got softer.
fn erle(raw: &[i16], out: &[i16], seconds: Range<usize>) -> f32 {
    let within = second(seconds);
    level_db(&raw[within.clone()]) - level_db(&out[within])
}

/// Intelligibility of the near voice in what came out, `late` by this many samples.
fn near_stoi(near: &[i16], out: &[i16], within: Range<usize>, late: usize) -> f32 {
    let out = &out[within.start + late..within.end];
    stoi(&near[within.start..within.end - late], out)
}

#[test]
fn room_ducking_silences_the_echo_and_lets_the_near_voice_pass() {
    let talk = talk();
    let echo = ROOM.echo(&talk.far);
    let (raw, out) = run(EchoMode::Duck, &talk.far, &echo, &talk.near);
    let erle = erle(&raw, &out, 0..20);
    // The near side alone: what ducking still holds down at its start is part of it.
    let stoi = near_stoi(&talk.near, &out, NEAR_ONLY, 0);
    println!("ducking: ERLE {erle:.0} dB, near alone STOI {stoi:.3}");
    assert!(erle >= 20.0, "{erle}");
    assert!(stoi >= 0.99, "{stoi}");
}

#[test]
fn off_changes_nothing_and_a_mode_says_what_it_does() {
    let mut echo = Echo::new(EchoMode::Off);
    let mut block = [1_234; BLOCK];
    echo.played(&[i16::MAX; BLOCK]);
    echo.heard(&mut block);
    assert_eq!(block, [1_234; BLOCK]);
    assert_eq!(echo.mode(), EchoMode::Off);
    assert_eq!(Echo::new(EchoMode::Duck).mode(), EchoMode::Duck);
    let cancels = Echo::new(EchoMode::Cancel).mode() == EchoMode::Cancel;
    assert_eq!(cancels, cfg!(feature = "echo"));
}

#[test]
fn full_scale_and_silence_are_harmless() {
    let mut echo = Echo::new(EchoMode::Cancel);
    let mut noise = Noise::new(9);
    for round in 0..300 {
        let mut block: [i16; BLOCK] = match round / 50 % 3 {
            0 => [i16::MIN; BLOCK],
            1 => std::array::from_fn(|_| noise.bits() as i16),
            _ => [0; BLOCK],
        };
        if round % 7 != 0 {
            echo.played(&block);
        }
        echo.heard(&mut block);
    }
    let mut silence = [0; BLOCK];
    for _ in 0..100 {
        echo.played(&[0; BLOCK]);
        silence = [0; BLOCK];
        echo.heard(&mut silence);
    }
    assert!(level_db(&silence) < -80.0, "silence comes back as silence");
}
