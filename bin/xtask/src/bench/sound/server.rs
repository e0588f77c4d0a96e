//! A sound server without sound cards, with two virtual wires:
//!
//! ```text
//!            wire-a, left: speaker-a, the loudspeaker of the far side
//!  chirps -> wire-a, right: mouth-a -> mic-a, the microphone of the near side
//! ```
//!
//! Both channels of a wire are recorded together, so that both ends have the same clock. `wire-b`
//! is the same for the other direction.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context as _, Failure, Outcome};
use crate::packages::{Need, PIPEWIRE, PULSE_CLIENTS, PULSEAUDIO};
use crate::sandbox::Sandbox;

use super::latency::value;
use super::output;

/// The server. Dropping it ends it, and with it its clients.
pub(super) struct Server {
    socket: String,
    /// The modules that we loaded into a server that we did not start.
    modules: Vec<String>,
    /// The programs of a server that we started, in the order in which they are ended.
    processes: Vec<Background>,
}

/// The server to use.
#[derive(Clone, Copy, Debug)]
pub(super) enum ServerChoice<'a> {
    /// A running server at this address.
    Given(&'a str),
    /// A PipeWire of our own.
    PipeWire,
    /// A PulseAudio of our own.
    PulseAudio,
}

impl<'a> ServerChoice<'a> {
    /// The value of `--server`: an address, `pipewire` or `pulseaudio`.
    pub(super) fn of(arguments: &[&'a str]) -> Outcome<Option<Self>> {
        let given = value(arguments, "--server")?;
        Ok(given.map(|given| match given {
            "pipewire" => Self::PipeWire,
            "pulseaudio" => Self::PulseAudio,
            address => Self::Given(address),
        }))
    }

    /// The packages that it needs. PipeWire is controlled by PulseAudio's programs too.
    pub(super) fn needs(self) -> &'static [&'static Need] {
        match self {
            Self::Given(_) => &[&PULSE_CLIENTS],
            Self::PipeWire => &[&PULSE_CLIENTS, &PIPEWIRE],
            Self::PulseAudio => &[&PULSEAUDIO],
        }
    }
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

    /// The name of the microphone, for an option of our programs.
    pub(super) fn microphone(self) -> String {
        format!("server:mic-{}", self.letter())
    }

    /// The name of the loudspeaker.
    pub(super) fn speaker(self) -> String {
        format!("server:speaker-{}", self.letter())
    }

    /// The modules to load into a server to make this wire.
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
    pub(super) fn start(sandbox: &Sandbox, which: ServerChoice<'_>) -> Outcome<Self> {
        let mut server = match which {
            ServerChoice::Given(address) => Self {
                socket: address.to_owned(),
                modules: Vec::new(),
                processes: Vec::new(),
            },
            ServerChoice::PipeWire => Self::pipewire(sandbox)?,
            ServerChoice::PulseAudio => Self::pulseaudio(sandbox)?,
        };
        server.wait()?;
        for module in Wire::A.modules().iter().chain(&Wire::B.modules()) {
            let words = ["load-module"].into_iter().chain(module.split_whitespace());
            let id = server.control(words)?.into_iter().next();
            server.modules.extend(id);
        }
        Ok(server)
    }

    fn pulseaudio(sandbox: &Sandbox) -> Outcome<Self> {
        let folder = folder(sandbox)?;
        let socket = folder.join("native");
        let protocol = "module-native-protocol-unix auth-anonymous=1 socket=";
        let mut command = isolated("pulseaudio", &folder);
        command
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
            ])
            .args(["-L", &format!("{protocol}{}", socket.display())]);
        Ok(Self {
            socket: format!("unix:{}", socket.display()),
            modules: Vec::new(),
            processes: vec![Background::start(&mut command)?],
        })
    }

    /// Starts PipeWire, its server for PulseAudio's protocol, and its session manager, which needs
    /// a D-Bus.
    fn pipewire(sandbox: &Sandbox) -> Outcome<Self> {
        let folder = folder(sandbox)?;
        let start = |command: &mut Command, makes: Option<&str>| {
            let program = Background::start(command)?;
            let until = Instant::now() + STARTING;
            while makes.is_some_and(|made| !folder.join(made).exists()) && Instant::now() < until {
                thread::sleep(Duration::from_millis(50));
            }
            Ok(program)
        };
        let mut bus = isolated("dbus-daemon", &folder);
        bus.args(["--session", "--nofork", "--nopidfile"]);
        bus.arg(format!("--address={}", bus_of(&folder)));
        let bus = start(&mut bus, Some("bus"))?;
        let core = start(&mut isolated("pipewire", &folder), Some("pipewire-0"))?;
        let pulse = start(&mut isolated("pipewire-pulse", &folder), None)?;
        let manager = start(&mut isolated("wireplumber", &folder), None)?;
        Ok(Self {
            socket: format!("unix:{}", folder.join("pulse/native").display()),
            modules: Vec::new(),
            processes: vec![manager, pulse, core, bus],
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

    /// Makes a program use this server.
    pub(super) fn client<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("PULSE_SERVER", &self.socket)
    }

    /// Plays raw samples into the microphone end of a wire, until dropped.
    pub(super) fn play(&self, wire: Wire, samples: &Path) -> Outcome<Background> {
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

    /// Connects microphone and loudspeaker with the server's own programs, for comparison.
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
        if self.processes.is_empty() {
            for id in self.modules.iter().rev() {
                // Fails if the server is gone.
                let _ = self.control(["unload-module", id]);
            }
        }
    }
}

const MONO: [&str; 4] = ["--raw", "--format=s16le", "--rate=48000", "--channels=1"];

const STARTING: Duration = Duration::from_secs(10);

/// An empty folder for the files of a server: `wait` would find sockets of an earlier one.
fn folder(sandbox: &Sandbox) -> Outcome<PathBuf> {
    let folder = sandbox.path("sound-server");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context(folder.display())?;
    }
    std::fs::create_dir_all(&folder).context(folder.display())?;
    Ok(folder)
}

/// A program of a server, isolated from other servers and buses, and from the user's settings.
fn isolated(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .env("DBUS_SESSION_BUS_ADDRESS", bus_of(folder))
        .stderr(Stdio::null());
    command
}

fn bus_of(folder: &Path) -> String {
    format!("unix:path={}", folder.join("bus").display())
}

/// The path of a recording in the sandbox.
pub(super) fn recording(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.path(&format!("{name}.raw"))
}
