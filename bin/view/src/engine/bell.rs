//! The bell: a short sound, played over and over by whatever player the desktop has, until the
//! ringing ends. Without a player the window only flashes.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Programs that play a WAV file, in the order they are tried: the newest sound system first.
const PLAYERS: [&str; 4] = ["pw-play", "paplay", "aplay", "afplay"];
/// How often a player is looked after; ringing ends within this time.
const LOOK: Duration = Duration::from_millis(50);
/// How long it is quiet between two strokes.
const PAUSE: Duration = Duration::from_millis(1200);
/// How long one stroke may take: a player that hangs is ended.
const MAX_STROKE: Duration = Duration::from_secs(5);
const SAMPLES_PER_SECOND: u32 = 22_050;

/// Whether it should ring.
#[derive(Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    rings: bool,
    closed: bool,
}

impl Bell {
    /// Rings from now on, or is quiet.
    pub(super) fn ring(&self, on: bool) {
        self.lock().rings = on;
        self.changed.notify_all();
    }

    /// Is quiet for ever.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        (state.rings, state.closed) = (false, true);
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until it should ring; false once it is closed.
    fn wait(&self) -> bool {
        let state = self.lock();
        let state = self
            .changed
            .wait_while(state, |state| !state.rings && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        !state.closed
    }

    /// Lets that time pass while it rings; whether it still does.
    fn rings_for(&self, time: Duration) -> bool {
        let state = self.lock();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, time, |state| state.rings)
            .unwrap_or_else(PoisonError::into_inner);
        state.rings
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Plays whenever it rings, until it is closed.
pub(super) fn run(bell: &Bell) {
    while bell.wait() {
        if let Err(error) = play(bell) {
            log::info!("the bell is silent: {error}");
            while bell.rings_for(PAUSE) {}
        }
    }
}

/// One ringing from its first stroke to its end.
fn play(bell: &Bell) -> io::Result<()> {
    let file = Sound::write()?;
    let mut player = PLAYERS.iter();
    let mut command = player.next();
    while let Some(program) = command {
        match stroke(bell, program, &file.0) {
            Ok(true) => {
                if !bell.rings_for(PAUSE) {
                    return Ok(());
                }
            }
            Ok(false) => command = player.next(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => command = player.next(),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("none of its players works here"))
}

/// Plays once, or until the ringing ends; false where the player failed.
fn stroke(bell: &Bell, program: &str, file: &Path) -> io::Result<bool> {
    let mut player = Player(
        Command::new(program)
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let mut left = MAX_STROKE;
    while bell.rings_for(LOOK) {
        if let Some(status) = player.0.try_wait()? {
            return Ok(status.success());
        }
        left = left.saturating_sub(LOOK);
        if left.is_zero() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A running player, ended with the ringing.
struct Player(Child);

impl Drop for Player {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nobody to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The sound as a file of its own, gone with the ringing.
struct Sound(PathBuf);

impl Sound {
    fn write() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("transom-bell-{}.wav", std::process::id()));
        // What lies there is from an earlier process of that number. A link put there by somebody
        // else is not followed.
        let _ = fs::remove_file(&path);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        let sound = Self(path);
        file.write_all(&wav())?;
        Ok(sound)
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            log::debug!("the bell's file stays: {error}");
        }
    }
}

/// Two tones that fade, 16 bits, one channel.
fn wav() -> Vec<u8> {
    let tone = |hertz: f32, seconds: f32| {
        let count = (SAMPLES_PER_SECOND as f32 * seconds) as u32;
        (0..count).map(move |at| {
            let time = at as f32 / SAMPLES_PER_SECOND as f32;
            let fading = (1.0 - time / seconds).powi(2);
            ((time * hertz * std::f32::consts::TAU).sin() * fading * 9_000.0) as i16
        })
    };
    let samples: Vec<u8> = tone(784.0, 0.45)
        .chain(tone(622.0, 0.7))
        .flat_map(i16::to_le_bytes)
        .collect();
    let length = samples.len() as u32;
    let mut file = Vec::with_capacity(samples.len() + 44);
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    // Uncompressed, one channel.
    file.extend([1, 0, 1, 0]);
    file.extend(SAMPLES_PER_SECOND.to_le_bytes());
    file.extend((SAMPLES_PER_SECOND * 2).to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_sound_is_a_wav_whose_sizes_are_right() {
        let file = wav();
        let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&file[..4], &file[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
        assert_eq!((number(4), number(40)), (file.len() - 8, file.len() - 44));
    }

    #[test]
    fn a_stroke_ends_with_the_ringing_though_its_player_goes_on() {
        let bell = Bell::default();
        bell.ring(true);
        let start = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(100));
                bell.ring(false);
            });
            // A player that would take half a minute.
            assert!(stroke(&bell, "sleep", Path::new("30")).unwrap());
        });
        assert!(start.elapsed() < Duration::from_secs(10));
        bell.ring(true);
        assert!(!stroke(&bell, "false", Path::new("x")).unwrap());
    }

    #[test]
    fn a_closed_bell_rings_no_more() {
        let bell = Bell::default();
        bell.ring(true);
        bell.close();
        run(&bell);
        assert!(!bell.rings_for(Duration::ZERO));
    }
}
