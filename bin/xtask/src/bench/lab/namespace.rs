//! A network namespace of this process.
//!
//! A namespace exists as long as a process is in it. Ours is held by a `cat` that reads from a pipe
//! of this process, and every program in it is killed when this process ends (`setpriv
//! --pdeathsig`). So nothing is left behind, even if this process is killed.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Outcome};
use crate::step::written;

/// A network namespace with loopback and the congestion control cubic, as on desktops.
pub(in crate::bench) struct Namespace {
    holder: Child,
}

impl Namespace {
    pub(in crate::bench) fn new() -> Outcome<Self> {
        let mut command = Command::new("unshare");
        command
            .args(["--net", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        let holder = command.spawn().context(written(&command))?;
        let namespace = Self { holder };
        namespace.wait()?;
        namespace.ip("link set lo up")?;
        namespace.use_cubic()?;
        Ok(namespace)
    }

    pub(in crate::bench) fn id(&self) -> u32 {
        self.holder.id()
    }

    /// The command, run in the namespace and killed when this process ends.
    pub(in crate::bench) fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside
            .arg(format!("--net={}", self.path().display()))
            .args(["--", "setpriv", "--pdeathsig", "KILL"])
            .arg(command.get_program())
            .args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }

    /// Runs a short command in the namespace. Its arguments must not contain spaces.
    pub(in crate::bench) fn run(&self, line: &str) -> Outcome {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        let output = self.inside(&command).output().context(line)?;
        match output.status.success() {
            true => Ok(()),
            false => {
                let why = String::from_utf8_lossy(&output.stderr);
                Err(Failure::new(format!("{line}: {}", why.trim())))
            }
        }
    }

    pub(in crate::bench) fn ip(&self, line: &str) -> Outcome {
        self.run(&format!("ip {line}"))
    }

    /// Sets the address of a device and brings it up. Segmentation offload is turned off, so that
    /// the link carries packets of the wire's size and not bundles of 64 KiB.
    pub(in crate::bench) fn bring_up(&self, device: &str, host: &str) -> Outcome {
        self.ip(&format!("addr add {host}/24 dev {device}"))?;
        self.ip(&format!("link set {device} up"))?;
        self.run(&format!("ethtool -K {device} tso off gso off gro off"))
    }

    /// Sets one of its sysctls.
    pub(in crate::bench) fn write(&self, name: &str, value: &str) -> Outcome {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("echo {value} > /proc/sys/{name}")]);
        let mut command = self.inside(&command);
        let status = command.stderr(Stdio::null()).status().context(name)?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::new(format!("/proc/sys/{name}: can't be {value}"))),
        }
    }

    /// A namespace may only choose a congestion control that the machine allows to all users.
    fn use_cubic(&self) -> Outcome {
        let name = "net/ipv4/tcp_congestion_control";
        if self.write(name, "cubic").is_ok() {
            return Ok(());
        }
        let allowed = "/proc/sys/net/ipv4/tcp_allowed_congestion_control";
        let before = fs::read_to_string(allowed).context(allowed)?;
        eprintln!("allowing cubic to network namespaces: {allowed}");
        fs::write(allowed, format!("{} cubic", before.trim())).context(allowed)?;
        self.write(name, "cubic")
    }

    fn path(&self) -> PathBuf {
        format!("/proc/{}/ns/net", self.id()).into()
    }

    /// Waits until the holder has entered its namespace.
    fn wait(&self) -> Outcome {
        let ours = fs::read_link("/proc/self/ns/net").context("this network namespace")?;
        let last = Instant::now() + HOLDER_START;
        while Instant::now() < last {
            if fs::read_link(self.path()).is_ok_and(|its| its != ours) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(2));
        }
        Err(Failure::new(
            "no network namespace can be made: it takes root",
        ))
    }
}

const HOLDER_START: Duration = Duration::from_secs(5);

impl Drop for Namespace {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
