//! A message bus of a test's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use zbus::blocking::connection;

/// Longer than the slowest machine takes for one step.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// A running bus; it ends with the test.
pub(super) struct Bus {
    child: Child,
    address: String,
}

impl Bus {
    /// `None` where there is no dbus-daemon.
    pub(super) fn start() -> Option<Self> {
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--print-address"]);
        let mut child = daemon
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut address = String::new();
        let said = child.stdout.as_mut().map(BufReader::new);
        said?.read_line(&mut address).ok()?;
        let address = address.trim().to_owned();
        Some(Self { child, address })
    }

    pub(super) fn builder(&self) -> zbus::Result<connection::Builder<'static>> {
        connection::Builder::address(self.address.as_str())
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
