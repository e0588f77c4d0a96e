//! A PulseAudio without sound cards, of its own socket: a microphone that hears a steady tone, and
//! for each person a loudspeaker whose sound is written to a file.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::display::until;

/// The server. It and what records it end with it.
pub(crate) struct Pulse {
    folder: PathBuf,
    children: Vec<Child>,
}

impl Pulse {
    /// Starts one with loudspeakers of these names, or says what is missing.
    pub(crate) fn start(folder: &Path, names: [&str; 2]) -> Result<Self, String> {
        let mut pulse = Self {
            folder: folder.to_owned(),
            children: Vec::new(),
        };
        let socket = folder.join("native");
        let protocol = "module-native-protocol-unix auth-anonymous=1 socket=";
        let mut server = Command::new("pulseaudio");
        server.args([
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
        ]);
        server.args(["-L", &format!("{protocol}{}", socket.display())]);
        // With module-sine-source the test now and then heard nothing for a second. The cause is
        // not known.
        server.args([
            "-L",
            "module-null-sink sink_name=mouth rate=48000 channels=1",
        ]);
        server.args(["-L", "module-sine sink=mouth frequency=440"]);
        server.args([
            "-L",
            "module-remap-source source_name=hum master=mouth.monitor",
        ]);
        for name in names {
            let sink = format!("module-null-sink sink_name={name} rate=48000 channels=1");
            server.args(["-L", &sink]);
        }
        pulse.run(&mut server)?;
        let answers = || {
            let asked = pulse.client("pactl").arg("info").output();
            asked.ok().filter(|asked| asked.status.success())
        };
        if until(answers).is_none() {
            return Err("pulseaudio does not answer here".to_owned());
        }
        for name in names {
            let device = format!("--device={name}.monitor");
            let mut recorder = pulse.client("pacat");
            recorder.args(["--record", "--raw", "--format=s16le", "--rate=48000"]);
            recorder.args(["--channels=1", "--latency-msec=50", &device]);
            recorder.arg(pulse.heard(name));
            pulse.run(&mut recorder)?;
        }
        Ok(pulse)
    }

    /// As `PULSE_SERVER` wants it.
    pub(crate) fn address(&self) -> String {
        format!("unix:{}", self.folder.join("native").display())
    }

    /// The microphone, as settings name it.
    pub(crate) fn microphone(&self) -> String {
        "server:hum".to_owned()
    }

    /// The loudspeaker of this name, as settings name it.
    pub(crate) fn speaker(&self, name: &str) -> String {
        format!("server:{name}")
    }

    /// What that loudspeaker plays, as raw samples.
    pub(crate) fn heard(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension("raw")
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PULSE_SERVER", self.address());
        command
    }

    fn run(&mut self, command: &mut Command) -> Result<(), String> {
        let child = command
            .env("HOME", &self.folder)
            .env("XDG_RUNTIME_DIR", &self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let name = command.get_program().to_string_lossy().into_owned();
        self.children
            .push(child.map_err(|why| format!("{name} can't be started: {why}"))?);
        Ok(())
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
