//! A local network of machines on this machine: network namespaces on a bridge. Linux only, and it
//! takes root.
//!
//! Each namespace lives as long as a `cat` that reads from a pipe of this process, so nothing is
//! left behind, also where the test is killed.

use std::fs;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::eventually;

/// A switch, and machines with one cable each to it.
#[derive(Debug)]
pub struct Lan {
    switch: Machine,
    machines: Vec<Machine>,
}

/// A network namespace. The machines' only interface is `eth0`.
#[derive(Debug)]
pub struct Machine {
    holder: Child,
}

impl Lan {
    /// A network of so many machines, with the addresses 10.77.0.1, 10.77.0.2 and so on. `None`,
    /// and a line that says why, where that can't be made.
    pub fn new(machines: u8) -> Option<Self> {
        let lan = Self::build(machines);
        if let Err(why) = &lan {
            eprintln!("skipped: no network namespaces can be made here: {why}");
        }
        lan.ok()
    }

    fn build(count: u8) -> Result<Self, String> {
        let switch = Machine::new()?;
        // Without a router nobody asks for membership, and a snooping bridge would forget groups.
        switch.ip("link add br0 type bridge mcast_snooping 0")?;
        switch.ip("link set br0 up")?;
        let mut machines = Vec::new();
        for number in 1..=count {
            let machine = Machine::new()?;
            let (port, id) = (format!("port{number}"), switch.holder.id());
            machine.ip(&format!("link add eth0 type veth peer name {port}"))?;
            machine.ip(&format!("link set {port} netns {id}"))?;
            switch.ip(&format!("link set {port} master br0"))?;
            switch.ip(&format!("link set {port} up"))?;
            machine.ip("link set lo up")?;
            machine.ip("link set eth0 up")?;
            machine.ip(&format!("addr add 10.77.0.{number}/24 dev eth0"))?;
            machines.push(machine);
        }
        Ok(Self { switch, machines })
    }

    /// The machine whose address ends in that number.
    ///
    /// # Panics
    /// When there is none.
    pub fn machine(&self, number: usize) -> &Machine {
        &self.machines[number - 1]
    }

    /// From now on no machine hears another one, as with the client isolation of a guest Wi-Fi.
    ///
    /// # Panics
    /// When the bridge does not do so.
    pub fn isolate(&self) {
        for number in 1..=self.machines.len() {
            let line = format!("link set port{number} type bridge_slave isolated on");
            self.switch.ip(&line).expect("a bridge isolates its ports");
        }
    }
}

impl Machine {
    fn new() -> Result<Self, String> {
        let mut command = Command::new("unshare");
        command
            .args(["--net", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let holder = command.spawn().map_err(|why| format!("unshare: {why}"))?;
        let mut machine = Self { holder };
        let ours = fs::read_link("/proc/self/ns/net").map_err(|why| why.to_string())?;
        let namespace = machine.namespace();
        let is_apart = || fs::read_link(&namespace).is_ok_and(|its| its != ours);
        eventually("a network namespace", || machine.has_ended() || is_apart());
        match machine.has_ended() {
            true => Err("unshare failed: it takes root".into()),
            false => Ok(machine),
        }
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.holder.try_wait(), Ok(None))
    }

    fn namespace(&self) -> PathBuf {
        format!("/proc/{}/ns/net", self.holder.id()).into()
    }

    /// The same command on this machine. Its process id is that of the program itself.
    pub fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside
            .arg(format!("--net={}", self.namespace().display()))
            .arg("--")
            .arg(command.get_program())
            .args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    /// Does that on a thread on this machine. Threads that it starts stay there, as do sockets.
    ///
    /// # Panics
    /// When it panics, or the thread can't move there.
    pub fn run<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let namespace = fs::File::open(self.namespace()).expect("the machine is there");
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let network = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(namespace.as_fd(), network)
                    .expect("who made the machine may enter it");
                act()
            });
            thread.join().expect("what is done there does not panic")
        })
    }

    /// Configures it by a command of `ip`.
    ///
    /// # Errors
    /// What `ip` complains of.
    pub fn ip(&self, line: &str) -> Result<(), String> {
        let mut command = Command::new("ip");
        command.args(line.split_whitespace());
        let output = self.inside(&command).output();
        let output = output.map_err(|why| format!("ip {line}: {why}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
