//! `cargo xtask deb --check`: installs the package in a clean Debian system in a folder, and runs
//! the commands of its service there, without systemd.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::packages::{self, DEBOOTSTRAP};
use crate::sandbox::{STARTING, Sandbox, is_event, text_field};
use crate::step;
use crate::workspace;

use super::unit::{self, FOLDER, UNIT};

pub(super) fn run(package: &Path) -> Outcome {
    packages::need_root("it installs a system in a folder")?;
    packages::ensure(&[&DEBOOTSTRAP])?;
    let root = Root::make()?;
    step::check("installing the package", || root.install(package))?;
    unit::read_by_systemd(&root.path)?;
    step::check("the service pairs, is watched and ends", || root.serve())?;
    step::run(
        "removing the package",
        root.run("dpkg").args(["--purge", "transom"]),
    )
}

/// A Debian system of the same release as this machine's.
struct Root {
    path: PathBuf,
}

impl Root {
    fn make() -> Outcome<Self> {
        let path = workspace::target().join("debian-root");
        let root = Self { path };
        root.remove()?;
        let mut bootstrap = Command::new("debootstrap");
        bootstrap
            .args(["--variant=minbase", &codename()?])
            .arg(&root.path);
        step::run("a clean Debian", bootstrap.stdout(Stdio::null()))?;
        Ok(root)
    }

    fn remove(&self) -> Outcome {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).context(self.path.display())
            }
            _ => Ok(()),
        }
    }

    /// A command that runs in that system.
    fn run(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command.arg(&self.path).arg(program).env("LC_ALL", "C");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    fn install(&self, package: &Path) -> Outcome {
        fs::copy(package, self.path.join("transom.deb")).context(package.display())?;
        let output = self.run("dpkg").args(["-i", "/transom.deb"]).output();
        let output = output.context("dpkg")?;
        let told = String::from_utf8_lossy(&output.stdout);
        eprint!("{told}{}", String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Err(Failure::new(format!("dpkg: {}", output.status)));
        }
        // Without a paired peer the box is not started, and the package tells the owner what to do.
        if !told.contains("transom pair --print") {
            return Err(Failure::new("the package does not say how to pair"));
        }
        let wanted = "etc/systemd/system/multi-user.target.wants";
        if self.path.join(wanted).join(UNIT).exists() {
            return Err(Failure::new(
                "the service is enabled though no one is paired",
            ));
        }
        for file in FILES {
            fs::metadata(self.path.join(file)).context(file)?;
        }
        let version = self.run("transom").arg("--version").status();
        match version.context("transom")?.success() {
            true => Ok(()),
            false => Err(Failure::new("transom --version failed")),
        }
    }

    /// Acts like systemd: runs the commands of the unit as an unprivileged user, and receives the
    /// notifications. A viewer on this machine pairs by the code of the boot partition.
    fn serve(&self) -> Outcome {
        let unit = self.path.join(FOLDER).join(UNIT);
        let unit = fs::read_to_string(&unit).context(unit.display())?;
        let sandbox = Sandbox::new()?;
        let viewer = sandbox.user("viewer")?;
        let code = viewer
            .transom(&["pair", "--print"])
            .output()
            .context("transom pair")?;
        let code = String::from_utf8_lossy(&code.stdout).trim().to_owned();
        let on_card = self.path.join("boot/transom-pair.txt");
        fs::write(&on_card, format!("{code}\n")).context(on_card.display())?;

        let state = self.path.join("var/lib/transom");
        fs::create_dir_all(&state).context(state.display())?;
        std::os::unix::fs::chown(&state, Some(NOBODY), Some(NOBODY)).context(state.display())?;
        let mut prepare = self.service(&unit, "ExecStartPre")?;
        if !prepare.status().context("ExecStartPre")?.success() || on_card.exists() {
            return Err(Failure::new(
                "ExecStartPre did not move the code from the boot partition",
            ));
        }

        let socket = self.path.join("run/notify");
        let manager = UnixDatagram::bind(&socket).context(socket.display())?;
        std::os::unix::fs::chown(&socket, Some(NOBODY), Some(NOBODY)).context(socket.display())?;
        manager
            .set_read_timeout(Some(Duration::from_secs(1)))
            .context("a socket")?;
        let mut start = self.service(&unit, "ExecStart")?;
        start.args("--source pattern --listen 127.0.0.1:0 --no-announce --json".split(' '));
        let service = Background::start(&mut start)?;
        let address = service.line(STARTING, |line| {
            is_event(line, "listening").then(|| text_field(line, "address"))?
        })?;
        await_message(&manager, "READY=1")?;
        await_message(&manager, "WATCHDOG=1")?;

        let mut pair = viewer.transom(&["pair", "porch", "--from", &address]);
        succeeds("transom pair", pair.env("TRANSOM_CODE", &code))?;
        let mut watch = viewer.transom(&["watch", &address, "--frames", "10"]);
        succeeds("transom watch", &mut watch)?;
        let ended = Command::new("kill").arg(service.id().to_string()).status();
        ended.context("kill")?;
        await_message(&manager, "STOPPING=1")?;
        service.finish()
    }

    /// A command of the unit with the environment that systemd would set; without `+` as an
    /// unprivileged user.
    fn service(&self, unit: &str, key: &str) -> Outcome<Command> {
        let key = format!("{key}=");
        let line = unit.lines().find_map(|line| line.strip_prefix(&key));
        let line = line.ok_or_else(|| Failure::new(format!("the unit has no {key}")))?;
        let line = line.replace("${STATE_DIRECTORY}", STATE);
        let mut command = Command::new("chroot");
        let line = match line.strip_prefix('+') {
            Some(privileged) => privileged,
            None => {
                command.arg(format!("--userspec={NOBODY}:{NOBODY}"));
                &line
            }
        };
        command.arg(&self.path).args(line.split(' '));
        command.env_clear().envs([
            ("PATH", "/usr/bin:/bin"),
            ("STATE_DIRECTORY", STATE),
            ("XDG_STATE_HOME", "/var/lib"),
            ("XDG_CONFIG_HOME", "/var/lib"),
            ("NOTIFY_SOCKET", "/run/notify"),
            ("WATCHDOG_USEC", "2000000"),
        ]);
        Ok(command)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        if let Err(why) = self.remove() {
            eprintln!("xtask: {why}");
        }
    }
}

fn codename() -> Outcome<String> {
    let file = "/etc/os-release";
    let text = fs::read_to_string(file).context(file)?;
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    name.map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("{file} names no release of Debian")))
}

fn succeeds(what: &str, command: &mut Command) -> Outcome {
    let status = command.status().context(what)?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::new(format!("{what}: {status}"))),
    }
}

/// Waits for a notification of the box, and skips others.
fn await_message(manager: &UnixDatagram, message: &str) -> Outcome {
    let last = Instant::now() + STARTING;
    let mut told = [0; 4096];
    while Instant::now() < last {
        let text = match manager.recv(&mut told) {
            Ok(length) => told.get(..length).unwrap_or_default(),
            // No message came within a second.
            Err(_) => continue,
        };
        if text == message.as_bytes() {
            return Ok(());
        }
    }
    Err(Failure::new(format!(
        "the box did not tell the service manager {message}"
    )))
}

const FILES: &[&str] = &[
    "etc/transom/box.toml",
    "usr/lib/transom/take-code",
    "usr/lib/udev/rules.d/60-transom-camera.rules",
    "usr/share/man/man1/transom.1.gz",
    "usr/share/man/man1/transom-camera.1.gz",
    "usr/share/bash-completion/completions/transom",
    "usr/share/zsh/vendor-completions/_transom",
    "usr/share/fish/vendor_completions.d/transom.fish",
    "usr/share/doc/transom/copyright",
];

/// The path of the unit's `StateDirectory`.
const STATE: &str = "/var/lib/transom";

/// The id of the unprivileged user and group.
const NOBODY: u32 = 65534;
