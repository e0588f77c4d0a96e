//! The ways to copy that are compared: ours, and other programs of this machine. A program that is
//! not installed is skipped, with its package named.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::children::Background;
use crate::failure::{Context, Outcome};
use crate::machine;
use crate::sandbox::{Sandbox, User};
use crate::step;

use super::sshd::Sshd;

/// Copies one file into its target folder, and returns when the copy is complete.
pub(super) trait Peer {
    fn name(&self) -> &'static str;
    fn copy(&mut self, source: &Path) -> Outcome;

    /// The process of the other side, if it keeps running between copies.
    fn server(&self) -> Option<u32> {
        None
    }
}

/// Only our way to copy.
pub(super) fn ours(sandbox: &Sandbox, target: &Path) -> Outcome<Box<dyn Peer>> {
    Ok(Box::new(Ours::new(sandbox, target)?))
}

/// All ways that this machine has, ours first.
pub(super) fn all(sandbox: &Sandbox, target: &Path) -> Outcome<Vec<Box<dyn Peer>>> {
    let mut peers: Vec<Box<dyn Peer>> = vec![ours(sandbox, target)?];
    let target = target.to_path_buf();
    if has(&[("sshd", "openssh-server"), ("scp", "openssh-client")]) {
        let (sshd, target) = (Sshd::start(sandbox)?, target.clone());
        peers.push(Box::new(Scp { sshd, target }));
    }
    if let Some(rsync) = Rsync::new(sandbox, &target, "-W")? {
        peers.push(Box::new(rsync));
    }
    if has(&[("socat", "socat")]) {
        peers.push(Box::new(Socat::new(&target)));
    }
    peers.push(Box::new(Cp { target }));
    Ok(peers)
}

pub(super) fn has(programs: &[(&str, &str)]) -> bool {
    let missing: Vec<&str> = programs
        .iter()
        .filter(|(program, _)| machine::program(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        let packages = missing.join(" ");
        eprintln!("left out, not installed: apt-get install {packages}");
    }
    missing.is_empty()
}

/// The other ways of this machine to copy a folder of many files.
pub(super) fn for_folders(sandbox: &Sandbox, target: &Path) -> Outcome<Vec<Box<dyn Peer>>> {
    let mut peers: Vec<Box<dyn Peer>> = Vec::new();
    if has(&[("tar", "tar"), ("socat", "socat")]) {
        peers.push(Box::new(Tar::new(target)));
    }
    if let Some(rsync) = Rsync::new(sandbox, target, "-W")? {
        peers.push(Box::new(rsync));
    }
    Ok(peers)
}

/// Our transfer, encrypted and verified, from the sender's start until it reports that the file is
/// durable.
pub(super) struct Ours {
    sender: User,
    pub(super) receiver: Background,
}

impl Ours {
    pub(super) fn new(sandbox: &Sandbox, target: &Path) -> Outcome<Self> {
        let (sender, receiver) = (sandbox.user("sender")?, sandbox.user("receiver")?);
        receiver.knows(&sender, "127.0.0.1:9")?;
        let into = target.to_string_lossy();
        let (child, address) =
            receiver.listen(&["receive", "--into", &into, "--accept", "known"])?;
        sender.knows(&receiver, &address)?;
        Ok(Self {
            sender,
            receiver: child,
        })
    }

    /// The program that sends that.
    pub(super) fn send(&self, source: &Path) -> Command {
        let source = source.to_string_lossy();
        self.sender
            .transom(&["send", "receiver", &source, "--quiet"])
    }
}

impl Peer for Ours {
    fn name(&self) -> &'static str {
        "transom (encrypted, verified)"
    }

    fn server(&self) -> Option<u32> {
        Some(self.receiver.id())
    }

    fn copy(&mut self, source: &Path) -> Outcome {
        quiet(&mut self.send(source))
    }
}

/// The fastest cipher of OpenSSH on a CPU with AES instructions.
const CIPHER: &str = "aes128-gcm@openssh.com";

struct Scp {
    sshd: Sshd,
    target: PathBuf,
}

impl Peer for Scp {
    fn name(&self) -> &'static str {
        "scp (aes128-gcm)"
    }

    fn copy(&mut self, source: &Path) -> Outcome {
        let mut command = Command::new("scp");
        command.args(["-q", "-c", CIPHER]).args(self.sshd.options());
        command.args(["-P", &self.sshd.port().to_string()]);
        let place = format!("127.0.0.1:{}", self.target.display());
        quiet(command.arg(source).arg(place))
    }
}

pub(super) struct Rsync {
    sshd: Sshd,
    target: PathBuf,
    /// What it does with a file that is there in part.
    how: &'static str,
}

impl Rsync {
    /// `None` without rsync or a server of SSH.
    pub(super) fn new(
        sandbox: &Sandbox,
        target: &Path,
        how: &'static str,
    ) -> Outcome<Option<Self>> {
        if !has(&[("sshd", "openssh-server"), ("rsync", "rsync")]) {
            return Ok(None);
        }
        let (sshd, target) = (Sshd::start(sandbox)?, target.to_path_buf());
        Ok(Some(Self { sshd, target, how }))
    }
}

impl Peer for Rsync {
    fn name(&self) -> &'static str {
        "rsync over ssh (aes128-gcm)"
    }

    fn copy(&mut self, source: &Path) -> Outcome {
        let port = self.sshd.port();
        let options = self.sshd.options().join(" ");
        let shell = format!("ssh -c {CIPHER} -p {port} {options}");
        let mut command = Command::new("rsync");
        command.args(["-a", self.how, "-e", &shell]).arg(source);
        quiet(command.arg(format!("127.0.0.1:{}/", self.target.display())))
    }
}

/// Plain bytes over TCP, neither encrypted nor verified.
pub(super) struct Socat {
    target: PathBuf,
}

impl Socat {
    pub(super) fn new(target: &Path) -> Self {
        let target = target.to_path_buf();
        Self { target }
    }
}

impl Peer for Socat {
    fn name(&self) -> &'static str {
        "socat (plain TCP, unverified)"
    }

    fn copy(&mut self, source: &Path) -> Outcome {
        let port = free_port()?;
        let file = self.target.join(source.file_name().unwrap_or_default());
        let listen = format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr");
        let create = format!("CREATE:{}", file.display());
        let mut receive = Command::new("socat");
        let receiver = Background::start(receive.args(["-u", "-b", BUFFER, &listen, &create]))?;
        let open = format!("FILE:{}", source.display());
        let connect = format!("TCP:127.0.0.1:{port},retry=100,interval=0.01");
        quiet(Command::new("socat").args(["-u", "-b", BUFFER, &open, &connect]))?;
        receiver.finish()
    }
}

/// Socat's default of 8 KiB would make it slower than it can be.
const BUFFER: &str = "262144";

/// An archive over plain TCP, packed and unpacked on the way.
pub(super) struct Tar {
    target: PathBuf,
}

impl Tar {
    pub(super) fn new(target: &Path) -> Self {
        let target = target.to_path_buf();
        Self { target }
    }

    /// Starts the receiver and the sender.
    pub(super) fn start(&self, source: &Path) -> Outcome<[Background; 2]> {
        let port = free_port()?.to_string();
        let mut unpack = Command::new("sh");
        unpack.args(["-c", UNPACK, BUFFER, &port]);
        let receiver = Background::start(unpack.arg(&self.target))?;
        let mut pack = Command::new("sh");
        pack.args(["-c", PACK, BUFFER, &port]);
        pack.arg(source.parent().unwrap_or(source));
        pack.arg(source.file_name().unwrap_or_default());
        Ok([receiver, Background::start(&mut pack)?])
    }
}

impl Peer for Tar {
    fn name(&self) -> &'static str {
        "tar | socat | tar (plain)"
    }

    fn copy(&mut self, source: &Path) -> Outcome {
        let [receiver, sender] = self.start(source)?;
        sender.finish()?;
        receiver.finish()
    }
}

const UNPACK: &str =
    r#"socat -u -b "$0" "TCP-LISTEN:$1,bind=127.0.0.1,reuseaddr" - | tar -x -f - -C "$2""#;
const PACK: &str =
    r#"tar -c -f - -C "$2" "$3" | socat -u -b "$0" - "TCP:127.0.0.1:$1,retry=100,interval=0.01""#;

/// A local copy without a network: the limit of the machine.
struct Cp {
    target: PathBuf,
}

impl Peer for Cp {
    fn name(&self) -> &'static str {
        "cp (no network)"
    }

    fn copy(&mut self, source: &Path) -> Outcome {
        quiet(Command::new("cp").arg(source).arg(&self.target))
    }
}

pub(super) fn quiet(command: &mut Command) -> Outcome {
    let status = command.status().context(step::written(command))?;
    match status.success() {
        true => Ok(()),
        false => Err(crate::failure::Failure::new(format!(
            "{}: {status}",
            step::written(command)
        ))),
    }
}

/// A port that was free a moment ago, for programs that can't report a port chosen by the kernel.
pub(crate) fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("a port of loopback")?;
    Ok(listener.local_addr().context("a port of loopback")?.port())
}

/// How long a server may take to listen.
pub(super) const LISTENING: Duration = Duration::from_secs(10);
