//! Compares what was spoken with what was heard: `compare SPOKEN.wav HEARD.wav` prints for each
//! half second of the spoken file where it was found in the heard one, and how like it is.

use std::fs::File;
use std::io::{self, BufReader};

use transom_sound::measure::delay_of;
use transom_sound::{RATE, WavReader};

fn read(path: &str) -> io::Result<Vec<i16>> {
    let file = BufReader::new(File::open(path)?);
    WavReader::new(file).map_err(io::Error::other)?.read_all()
}

fn main() -> io::Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [spoken, heard] = &paths[..] else {
        return Err(io::Error::other("two WAV files are needed"));
    };
    let (spoken, heard) = (read(spoken)?, read(heard)?);
    let piece = RATE as usize / 2;
    for (number, sound) in spoken.chunks_exact(piece).enumerate() {
        let Some(found) = delay_of(sound, &heard) else {
            continue;
        };
        let (at, later) = (number * piece, found.at as f64 - (number * piece) as f64);
        println!(
            "{:6.1} s: {:9.2} ms later, likeness {:.4}",
            at as f64 / f64::from(RATE),
            later * 1000.0 / f64::from(RATE),
            found.likeness,
        );
    }
    Ok(())
}
