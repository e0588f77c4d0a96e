//! Finds all processes that descend from a command, also orphans with a group and session of their
//! own: a mark in the environment is inherited by each of them. Linux only; finds none elsewhere.
//! `cargo xtask test` uses this file too.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A variable with a value that no other command of this machine has.
#[derive(Clone, Debug)]
pub struct Mark {
    name: &'static str,
    value: String,
}

impl Mark {
    /// A new value for the variable `name`. A nested mark needs a name of its own, or it would
    /// replace the outer one.
    pub fn new(name: &'static str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since.unwrap_or_default().as_nanos();
        let value = format!("{}-{count}-{now}", std::process::id());
        Self { name, value }
    }

    /// Marks a command that is to be started.
    pub fn put_on<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env(self.name, &self.value)
    }

    /// The ids of all marked processes that run; not of zombies.
    pub fn running(&self) -> Vec<u32> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let ids = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter(|id| self.is_on(*id)).collect()
    }

    /// Waits until none of them runs any more, but not longer than this. Gives those that are
    /// left, each as "PID COMMAND LINE".
    pub fn left_after(&self, patience: Duration) -> Vec<String> {
        let last = Instant::now() + patience;
        loop {
            let left = self.running();
            if left.is_empty() || Instant::now() >= last {
                return left.into_iter().map(describe).collect();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Processes of other users can't be read, and are none of ours.
    fn is_on(&self, id: u32) -> bool {
        let variable = format!("{}={}", self.name, self.value);
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == variable.as_bytes())
    }
}

fn describe(id: u32) -> String {
    let line = fs::read(format!("/proc/{id}/cmdline"));
    let line = line.unwrap_or_default();
    let words = String::from_utf8_lossy(&line).replace('\0', " ");
    format!("{id} {}", words.trim_end())
}
