//! Measures mouth to ear through a sound server, without a network: chirps are played into a
//! virtual microphone, go through microphone, playout and loudspeaker, and both ends are recorded
//! by one clock. `mouth_to_ear SECONDS` starts a PulseAudio of its own, and ends it; with
//! PULSE_SERVER set it measures that server, which needs the sinks `wire`, `speaker` and `mouth`
//! and the source `mic` as below.

use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use transom_sound::{BLOCK, Microphone, Playout, RATE, Speaker, Tone, ToneKind, measure};

/// One null sink carries the loudspeaker on the left and the microphone on the right.
const MODULES: [&str; 4] = [
    "module-null-sink sink_name=wire rate=48000 channels=2 channel_map=front-left,front-right",
    "module-remap-sink sink_name=speaker master=wire channels=1 master_channel_map=front-left \
     channel_map=mono remix=no",
    "module-remap-sink sink_name=mouth master=wire channels=1 master_channel_map=front-right \
     channel_map=mono remix=no",
    "module-remap-source source_name=mic master=wire.monitor channels=1 \
     master_channel_map=front-right channel_map=mono remix=no",
];

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: mouth_to_ear SECONDS";
    let seconds: u64 = std::env::args().nth(1).ok_or(usage)?.parse()?;
    if std::env::var_os("PULSE_SERVER").is_some() {
        return measure(seconds);
    }
    let folder = std::env::temp_dir().join(format!("mouth-to-ear-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut server = serve(&folder)?;
    std::thread::sleep(Duration::from_secs(2));
    let status = Command::new(std::env::current_exe()?)
        .arg(seconds.to_string())
        .env(
            "PULSE_SERVER",
            format!("unix:{}", folder.join("native").display()),
        )
        .status();
    server.kill()?;
    server.wait()?;
    std::fs::remove_dir_all(&folder)?;
    match status?.success() {
        true => Ok(()),
        false => Err("the measurement failed".into()),
    }
}

fn serve(folder: &Path) -> std::io::Result<Child> {
    let protocol = "module-native-protocol-unix auth-anonymous=1 socket=";
    let mut server = Command::new("pulseaudio");
    server
        .args([
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
            "-L",
        ])
        .arg(format!("{protocol}{}", folder.join("native").display()));
    for module in MODULES {
        server.args(["-L", module]);
    }
    server
        .env("HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

fn measure(seconds: u64) -> Result<(), Box<dyn Error>> {
    let mut player = Command::new("pacat")
        .args([
            "--device=mouth",
            "--format=s16le",
            "--rate=48000",
            "--channels=1",
        ])
        .args(["--latency-msec=50", "--raw"])
        .stdin(Stdio::piped())
        .spawn()?;
    let mut recorder = Command::new("parec")
        .args([
            "--device=wire.monitor",
            "--format=s16le",
            "--rate=48000",
            "--channels=2",
        ])
        .args(["--latency-msec=20", "--raw"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut into_player = player.stdin.take().ok_or("no input")?;
    let mut tone = Tone::new(ToneKind::Chirps);
    let feeder = std::thread::spawn(move || {
        let mut block = [0; BLOCK];
        loop {
            tone.fill(&mut block);
            let bytes: Vec<u8> = block.iter().flat_map(|s| s.to_le_bytes()).collect();
            if into_player.write_all(&bytes).is_err() {
                return;
            }
        }
    });
    let mut from_recorder = recorder.stdout.take().ok_or("no output")?;
    let listener = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came until the end is what there is.
        let _ = from_recorder.read_to_end(&mut bytes);
        bytes
    });
    let before = cpu()?;
    let dry_runs = call(Duration::from_secs(seconds))?;
    let used = cpu()? - before;
    player.kill()?;
    recorder.kill()?;
    player.wait()?;
    recorder.wait()?;
    feeder.join().map_err(|_| "the feeder panicked")?;
    let bytes = listener.join().map_err(|_| "the listener panicked")?;
    report(&bytes, dry_runs, used.as_secs_f64() / seconds as f64);
    Ok(())
}

/// One side of a call with itself; how often its loudspeaker ran dry.
fn call(time: Duration) -> Result<u64, Box<dyn Error>> {
    let mut poll = Poll::new()?;
    let mut speaker = Speaker::open(&"server:speaker".parse()?, poll.registry(), Token(0))?;
    let mut microphone = Microphone::open(&"server:mic".parse()?, poll.registry(), Token(1))?;
    let mut playout = Playout::new();
    let (mut sequence, mut frame) = (0, Vec::new());
    let start = Instant::now();
    let mut events = Events::with_capacity(8);
    while start.elapsed() < time {
        loop {
            let mut block = [0; BLOCK];
            let heard = microphone.read(&mut block)?;
            if heard.samples == 0 {
                break;
            }
            frame.extend_from_slice(&block[..heard.samples]);
            while frame.len() >= BLOCK {
                let captured = heard.captured.saturating_duration_since(start);
                playout.push(sequence, captured, &frame[..BLOCK], start.elapsed());
                frame.drain(..BLOCK);
                sequence += 1;
            }
        }
        let mut sound = vec![0; speaker.room()?];
        playout.pull(&mut sound, start.elapsed());
        speaker.write(&sound)?;
        let due = microphone.due().into_iter().chain(speaker.due()).min();
        let wait = due.map(|due| due.saturating_duration_since(Instant::now()));
        poll.poll(&mut events, wait)?;
    }
    println!(
        "the loudspeaker says that its delay is {:.1?}",
        speaker.delay()
    );
    Ok(playout.stats().dry_runs)
}

/// CPU time of this thread so far.
fn cpu() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = stat.split(' ').next().ok_or("no time")?.parse()?;
    Ok(Duration::from_nanos(nanos))
}

/// Finds each chirp of the mouth at the ear.
fn report(bytes: &[u8], dry_runs: u64, cpu: f64) {
    let sample = |pair: &[u8]| i16::from_le_bytes([pair[0], pair[1]]);
    let ear: Vec<i16> = bytes
        .chunks_exact(4)
        .map(|frame| sample(&frame[..2]))
        .collect();
    let mouth: Vec<i16> = bytes
        .chunks_exact(4)
        .map(|frame| sample(&frame[2..]))
        .collect();
    let second = RATE as usize;
    let chirp = measure::chirp();
    let mut delays = Vec::new();
    // The first seconds are those in which the devices start.
    let mut at = 4 * second;
    while at + 2 * second < mouth.len() {
        let Some(said) = measure::delay_of(&chirp, &mouth[at..at + second]) else {
            break;
        };
        let from = at + said.at;
        let until = (from + second / 2).min(ear.len());
        if said.likeness > 0.9
            && let Some(heard) = measure::delay_of(&chirp, &ear[from..until])
            && heard.likeness > 0.5
        {
            delays.push(heard.at as f64 * 1000.0 / f64::from(RATE));
        }
        at = from + second - second / 10;
    }
    delays.sort_by(f64::total_cmp);
    let Some(last) = delays.len().checked_sub(1) else {
        println!("no chirp was found");
        return;
    };
    let part = |part: f64| delays[(last as f64 * part) as usize];
    println!(
        "chirps={} median={:.1} p95={:.1} least={:.1} most={:.1} ms, dry runs={dry_runs}, \
         cpu of the thread={:.2} %",
        delays.len(),
        part(0.5),
        part(0.95),
        part(0.0),
        part(1.0),
        cpu * 100.0
    );
}
