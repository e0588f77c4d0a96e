//! A link on this machine: two network namespaces and a router between them.
//!
//! ```text
//!  sender 10.99.1.1 -- 10.99.1.2 router 10.99.2.2 -- 10.99.2.1 receiver
//!                                  token bucket of the rate, FIFO of the queue's bytes
//! ```
//!
//! A namespace lives as long as a process in it. Each of ours is held by a `cat` that reads from a
//! pipe of this process, and every program in it is killed when this process ends (`setpriv
//! --pdeathsig`). So nothing has to be cleaned up, also where this process is killed.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Outcome};
use crate::step::written;

/// What lies between the two sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Of the wire, headers and all.
    pub mbit: f64,
    pub queue_bytes: u32,
}

/// The namespaces and what is between them; gone when dropped.
pub(super) struct Lab {
    pub sender: Namespace,
    pub receiver: Namespace,
    router: Namespace,
}

pub(super) const SENDER: &str = "10.99.1.1";
pub(super) const RECEIVER: &str = "10.99.2.1";

impl Lab {
    /// Three namespaces with a token bucket on the router's way to the receiver.
    pub(super) fn new(shape: Shape) -> Outcome<Self> {
        let lab = Self {
            sender: Namespace::new()?,
            receiver: Namespace::new()?,
            router: Namespace::new()?,
        };
        lab.connect(&lab.sender, ["veth-s", "veth-rs"], [SENDER, "10.99.1.2"])?;
        lab.connect(
            &lab.receiver,
            ["veth-d", "veth-rd"],
            [RECEIVER, "10.99.2.2"],
        )?;
        lab.router.write("net/ipv4/ip_forward", "1")?;
        for (side, gateway) in [(&lab.sender, "10.99.1.2"), (&lab.receiver, "10.99.2.2")] {
            side.ip(&format!("route add default via {gateway}"))?;
        }
        lab.tc("add", shape)?;
        Ok(lab)
    }

    /// Gives the link another rate or queue, also while it is in use.
    pub(super) fn change(&self, shape: Shape) -> Outcome {
        self.tc("change", shape)
    }

    fn tc(&self, verb: &str, shape: Shape) -> Outcome {
        let Shape { mbit, queue_bytes } = shape;
        // The burst is that of netlab: five packets, so that a bucket at 20 Mbit/s stays smooth.
        let bucket = format!("rate {mbit}mbit burst 8k limit {queue_bytes}");
        self.router
            .run(&format!("tc qdisc {verb} dev veth-rd root tbf {bucket}"))
    }

    /// One cable from a side to the router.
    fn connect(&self, side: &Namespace, names: [&str; 2], addresses: [&str; 2]) -> Outcome {
        let router = &self.router;
        let [near, far] = names;
        side.ip(&format!("link add {near} type veth peer name {far}"))?;
        side.ip(&format!("link set {far} netns {}", router.id()))?;
        for ((namespace, name), address) in [(side, near), (router, far)].into_iter().zip(addresses)
        {
            namespace.ip(&format!("addr add {address}/24 dev {name}"))?;
            namespace.ip(&format!("link set {name} up"))?;
            // The bucket is to see the packets of a wire, not bundles of 64 KiB.
            namespace.run(&format!("ethtool -K {name} tso off gso off gro off"))?;
        }
        Ok(())
    }
}

/// A network namespace with its loopback up and cubic, as desktops have it.
pub(super) struct Namespace {
    holder: Child,
}

impl Namespace {
    pub(super) fn new() -> Outcome<Self> {
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

    pub(super) fn id(&self) -> u32 {
        self.holder.id()
    }

    /// The same command inside, ended with us.
    pub(super) fn inside(&self, command: &Command) -> Command {
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

    /// Runs a short command of words without spaces in them.
    pub(super) fn run(&self, line: &str) -> Outcome {
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

    fn ip(&self, line: &str) -> Outcome {
        self.run(&format!("ip {line}"))
    }

    fn write(&self, name: &str, value: &str) -> Outcome {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("echo {value} > /proc/sys/{name}")]);
        let mut command = self.inside(&command);
        let status = command.stderr(Stdio::null()).status().context(name)?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::new(format!("/proc/sys/{name}: can't be {value}"))),
        }
    }

    /// A namespace may only choose what the machine allows to everybody.
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

    /// Until the holder is in its namespace: before that it is in ours.
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
        // Both fail only where it has ended already.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
