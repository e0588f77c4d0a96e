//! A sound server without sound cards, and the two wires of a room:
//!
//! ```text
//!            wire-a, left: speaker-a, the loudspeaker of the far side
//!  chirps -> wire-a, right: mouth-a -> mic-a, the microphone of the near side
//! ```
//!
//! Both channels of a wire are recorded together, so that one clock times both ends. `wire-b` is
//! the same for the other direction.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context as _, Failure, Outcome};
use crate::machine;
use crate::stage::Stage;

use super::output;

/// The server; ended when dropped, and its clients with it.
pub(super) struct Server {
    socket: String,
    /// What was loaded into a server that is not ours.
    modules: Vec<String>,
    /// `None` where the server is not ours.
    process: Option<Background>,
}

/// One direction of a call.
#[derive(Clone, Copy)]
pub(super) enum Wire {
    A,
    B,
}

impl Wire {
    fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
        }
    }

    /// As the option of a program of ours.
    pub(super) fn microphone(self) -> String {
        format!("server:mic-{}", self.letter())
    }

    /// As [`Self::microphone`].
    pub(super) fn speaker(self) -> String {
        format!("server:speaker-{}", self.letter())
    }

    /// What makes this wire of a server.
    fn modules(self) -> [String; 4] {
        let w = self.letter();
        let one = |kind: &str, name: &str, channel: &str| {
            format!(
                "module-remap-{kind}={name} channels=1 master_channel_map={channel} \
                 channel_map=mono remix=no"
            )
        };
        [
            format!(
                "module-null-sink sink_name=wire-{w} rate=48000 channels=2 \
                 channel_map=front-left,front-right"
            ),
            one(
                "sink sink_name",
                &format!("speaker-{w} master=wire-{w}"),
                "front-left",
            ),
            one(
                "sink sink_name",
                &format!("mouth-{w} master=wire-{w}"),
                "front-right",
            ),
            one(
                "source source_name",
                &format!("mic-{w} master=wire-{w}.monitor"),
                "front-right",
            ),
        ]
    }
}

impl Server {
    /// That of `--server`, or a PulseAudio of our own.
    pub(super) fn start(stage: &Stage, given: Option<&str>) -> Outcome<Self> {
        let mut server = match given {
            Some(address) => Self {
                socket: address.to_owned(),
                modules: Vec::new(),
                process: None,
            },
            None => Self::of_our_own(stage)?,
        };
        server.wait()?;
        for module in Wire::A.modules().iter().chain(&Wire::B.modules()) {
            let words = ["load-module"].into_iter().chain(module.split_whitespace());
            let id = server.control(words)?.into_iter().next();
            server.modules.extend(id);
        }
        Ok(server)
    }

    fn of_our_own(stage: &Stage) -> Outcome<Self> {
        let folder = stage.path("sound-server");
        std::fs::create_dir_all(&folder).context(folder.display())?;
        let socket = folder.join("native");
        // What was there before would be found by `wait`.
        let _ = std::fs::remove_file(&socket);
        let protocol = "module-native-protocol-unix auth-anonymous=1 socket=";
        let mut command = Command::new("pulseaudio");
        command
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
            ])
            .args(["-L", &format!("{protocol}{}", socket.display())])
            .env("HOME", &folder)
            .env("XDG_RUNTIME_DIR", &folder)
            .stderr(Stdio::null());
        Ok(Self {
            socket: format!("unix:{}", socket.display()),
            modules: Vec::new(),
            process: Some(Background::start(&mut command)?),
        })
    }

    fn wait(&self) -> Outcome {
        let last = Instant::now() + STARTING;
        while self.control(["info"]).is_err() {
            if Instant::now() > last {
                return Err(Failure::new(format!(
                    "{}: no sound server answers",
                    self.socket
                )));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn control<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Outcome<Vec<String>> {
        output(self.client(&mut Command::new("pactl")).args(words))
    }

    /// Lets a program find this server.
    pub(super) fn client<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("PULSE_SERVER", &self.socket)
    }

    /// Says raw samples into the mouth of a wire, until dropped.
    pub(super) fn say(&self, wire: Wire, samples: &Path) -> Outcome<Background> {
        let device = format!("--device=mouth-{}", wire.letter());
        let mut command = Command::new("pacat");
        command.args(["--playback", &device, "--latency-msec=50"]);
        command.args(MONO).arg(samples);
        Background::start(self.client(&mut command))
    }

    /// Records both channels of a wire, until dropped.
    pub(super) fn record(&self, wire: Wire, into: &Path) -> Outcome<Background> {
        let device = format!("--device=wire-{}.monitor", wire.letter());
        let mut command = Command::new("pacat");
        command.args(["--record", &device, "--latency-msec=20", "--raw"]);
        command.args(["--format=s16le", "--rate=48000", "--channels=2"]);
        Background::start(self.client(command.arg(into)))
    }

    /// The server's own programs, from microphone to loudspeaker with nothing between: the peer.
    pub(super) fn pipe(&self, wire: Wire) -> Outcome<Background> {
        let w = wire.letter();
        let format = MONO.join(" ");
        let line = format!(
            "parec --device=mic-{w} --latency-msec=10 {format} | \
             pacat --device=speaker-{w} --latency-msec=20 {format}"
        );
        Background::start(self.client(Command::new("sh").args(["-c", &line])))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.is_none() {
            for id in self.modules.iter().rev() {
                // A server that is gone has nothing to unload.
                let _ = self.control(["unload-module", id]);
            }
        }
    }
}

const MONO: [&str; 4] = ["--raw", "--format=s16le", "--rate=48000", "--channels=1"];

const STARTING: Duration = Duration::from_secs(10);

/// What measures and serves, for those who run this where it is missing.
pub(super) fn is_pipewire() -> bool {
    machine::program("pipewire").is_some()
}

/// A recording's path in the folder of a play.
pub(super) fn recording(stage: &Stage, name: &str) -> PathBuf {
    stage.path(&format!("{name}.raw"))
}
