//! The time from a loudspeaker to a microphone, by chirps: `loopback SPEAKER MICROPHONE SECONDS`.
//! It plays chirps on the loudspeaker and looks for them in what the microphone hears.

use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use transom_sound::{Microphone, Speaker, Tone, ToneKind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [speaker, microphone, seconds] = words.as_slice() else {
        return Err("usage: loopback SPEAKER MICROPHONE SECONDS".into());
    };
    let mut poll = Poll::new()?;
    let mut speaker = Speaker::open(&speaker.parse()?, poll.registry(), Token(0))?;
    let mut microphone = Microphone::open(&microphone.parse()?, poll.registry(), Token(1))?;
    let mut tone = Tone::new(ToneKind::Chirps);
    let end = Instant::now() + Duration::from_secs(seconds.parse()?);
    let (mut heard, mut played) = (0, 0);
    let mut events = Events::with_capacity(8);
    while Instant::now() < end {
        let mut sound = vec![0; speaker.room()?];
        tone.fill(&mut sound);
        speaker.write(&sound)?;
        played += sound.len();
        let mut block = [0; 480];
        loop {
            let read = microphone.read(&mut block)?;
            heard += read.samples;
            if read.samples == 0 {
                break;
            }
        }
        let due = microphone.due().into_iter().chain(speaker.due()).min();
        let wait = due.map(|due| due.saturating_duration_since(Instant::now()));
        poll.poll(&mut events, wait)?;
    }
    println!(
        "{} heard={heard} {} played={played}",
        microphone.name(),
        speaker.name()
    );
    Ok(())
}
