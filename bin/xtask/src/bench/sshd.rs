//! An SSH server for one benchmark, on loopback, with its own keys and configuration.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::sandbox::Sandbox;
use crate::step;

use super::peers::{LISTENING, free_port};

/// The server, ended when dropped.
pub(super) struct Sshd {
    port: u16,
    options: Vec<String>,
    _server: Background,
}

impl Sshd {
    /// Starts it and waits until it listens.
    pub(super) fn start(sandbox: &Sandbox) -> Outcome<Self> {
        let port = free_port()?;
        let folder = sandbox.path(&format!("ssh-{port}"));
        fs::create_dir(&folder).context(folder.display())?;
        let (host, user) = (folder.join("host"), folder.join("user"));
        for key in [&host, &user] {
            make_key(key)?;
        }
        let known = folder.join("known_hosts");
        let public = fs::read_to_string(host.with_extension("pub")).context("the host's key")?;
        fs::write(&known, format!("[127.0.0.1]:{port} {public}")).context(known.display())?;
        let config = folder.join("sshd_config");
        fs::write(&config, configuration(&folder, port)).context(config.display())?;
        // As root, sshd refuses to start without this folder, which its package makes at boot.
        let _ = fs::create_dir_all("/run/sshd");

        let program = machine::program("sshd").unwrap_or_else(|| "/usr/sbin/sshd".into());
        let log = folder.join("log");
        let mut command = Command::new(program);
        command.arg("-D").arg("-E").arg(&log).arg("-f").arg(&config);
        let mut server = Background::start(&mut command)?;
        wait(&mut server, port, &log)?;
        Ok(Self {
            port,
            options: options(&user, &known),
            _server: server,
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The options with which ssh and scp reach this server and ignore the user's configuration.
    pub(super) fn options(&self) -> &[String] {
        &self.options
    }
}

fn make_key(path: &Path) -> Outcome {
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path);
    let status = command.status().context(step::written(&command))?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::new(format!("ssh-keygen: {status}"))),
    }
}

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n\
         PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n"
    )
}

fn options(user: &Path, known: &Path) -> Vec<String> {
    let known = format!("UserKnownHostsFile={}", known.display());
    let user = user.display().to_string();
    let fixed = [
        "-F",
        "/dev/null",
        "-o",
        "BatchMode=yes",
        "-o",
        "IdentitiesOnly=yes",
    ];
    let own = ["-i".to_owned(), user, "-o".to_owned(), known];
    fixed.into_iter().map(String::from).chain(own).collect()
}

fn wait(server: &mut Background, port: u16, log: &Path) -> Outcome {
    let last = Instant::now() + LISTENING;
    while Instant::now() < last && server.ended()?.is_none() {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let words = fs::read_to_string(log).unwrap_or_default();
    Err(Failure::new(format!(
        "sshd did not start: {}",
        words.trim()
    )))
}
