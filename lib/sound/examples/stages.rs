//! What each stage of the sound costs: CPU time of the thread for 10 ms of sound.
//!
//! `cargo run --release -p transom-sound --features opus,echo --example stages`

use std::fs;
use std::hint::black_box;
use std::time::Duration;

use transom_sound::measure::speech;
use transom_sound::{
    BLOCK, Codec, Decoder, Echo, EchoMode, Encoder, Level, Playout, Resampler, time_of,
};

fn main() {
    let sound = speech(30.0, 1);
    let blocks = sound.as_chunks::<BLOCK>().0;
    for codec in [Codec::Pcm, Codec::Opus] {
        coder(codec, blocks);
    }
    for (name, ppm) in [
        ("playout, one clock", 0.0),
        ("playout, clocks apart", 100.0),
    ] {
        playout(name, ppm, blocks);
    }
    let mut resampler = Resampler::new(44_100, 48_000).expect("rates in range");
    let mut out = Vec::new();
    stage("resample 44.1 to 48 kHz", blocks, |block| {
        out.clear();
        resampler.resample(&block[..441], &mut out);
    });
    let mut level = Level::new();
    stage("level", blocks, |block| {
        black_box(level.add(block));
    });
    // A tick each half second, and digital silence between.
    let ticks: Vec<[i16; BLOCK]> = (0..blocks.len())
        .map(|at| if at % 50 < 5 { blocks[at] } else { [0; BLOCK] })
        .collect();
    let silence = vec![[0; BLOCK]; blocks.len()];
    for mode in [EchoMode::Duck, EchoMode::Cancel] {
        echo(mode, "both speak", blocks, blocks);
        echo(mode, "ticks and digital silence", &ticks, &ticks);
        echo(mode, "silence, as of a muted peer", &silence, &silence);
    }
}

fn echo(mode: EchoMode, what: &str, far: &[[i16; BLOCK]], near: &[[i16; BLOCK]]) {
    let mut echo = Echo::new(mode);
    if echo.mode() != mode {
        println!("{mode:?}: not built in");
        return;
    }
    // Filters that have adapted to something come to rest in the silence.
    for block in near {
        echo.played(block);
        echo.heard(&mut block.clone());
    }
    let mut near = near.iter().cycle();
    stage(&format!("echo: {mode:?}, {what}"), far, |block| {
        echo.played(block);
        if let Some(near) = near.next() {
            echo.heard(&mut near.clone());
        }
    });
}

fn coder(codec: Codec, blocks: &[[i16; BLOCK]]) {
    let Ok(mut encoder) = Encoder::new(codec) else {
        println!("{codec:?}: not built in");
        return;
    };
    let mut decoder = Decoder::new(encoder.format()).expect("our own format");
    let (mut frame, mut samples) = (Vec::new(), Vec::new());
    stage(&format!("encode {codec:?}"), blocks, |block| {
        encoder.encode(block, &mut frame);
    });
    stage(&format!("encode and decode {codec:?}"), blocks, |block| {
        encoder.encode(block, &mut frame);
        decoder.decode(&frame, &mut samples).expect("our own frame");
    });
}

fn playout(name: &str, ppm: f64, blocks: &[[i16; BLOCK]]) {
    let mut playout = Playout::new();
    let mut sequence = 0;
    let mut out = [0; BLOCK / 2];
    stage(name, blocks, |block| {
        let captured = time_of(BLOCK) * sequence;
        let now = captured.mul_f64(1.0 - ppm * 1e-6);
        playout.push(sequence, captured, block, now);
        sequence += 1;
        playout.pull(&mut out, now);
        playout.pull(&mut out, now + Duration::from_millis(5));
    });
}

/// Prints the mean over all blocks, which go round until the kernel's coarse count means something.
fn stage(name: &str, blocks: &[[i16; BLOCK]], mut work: impl FnMut(&[i16; BLOCK])) {
    let before = cpu_nanos();
    let (mut count, mut nanos) = (0_u32, 0);
    while nanos < 300_000_000 && count < MOST_BLOCKS {
        for block in blocks {
            work(black_box(block));
        }
        count += blocks.len() as u32;
        nanos = cpu_nanos() - before;
    }
    let micros = nanos as f64 / 1000.0 / f64::from(count);
    println!(
        "{name}: {micros:.2} us per 10 ms, {:.3} % of a core",
        micros / 100.0
    );
}

/// Where CPU time is not counted, it ends all the same.
const MOST_BLOCKS: u32 = 1_000_000;

/// CPU time of this thread, where Linux counts it.
fn cpu_nanos() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    first.unwrap_or(0)
}
