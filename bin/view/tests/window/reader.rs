//! A screen reader's view of a window: its controls by their names, over the accessibility bus. It
//! knows no place on the screen.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use zbus::blocking::{Connection, connection};
use zbus::export::serde::Serialize;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Value};

use super::display::until;

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// How long a control is there before it is pressed, as a reader says its name first. What comes by
/// itself takes no click for 0.8 s, and the bus says of every button that it is enabled.
const READ_OUT: Duration = Duration::from_secs(2);
/// More controls than any window of ours has.
const MOST: usize = 5000;

/// A session bus of its own, on which the accessibility bus is started as on a desktop. Both have a
/// place in the file system, since abstract sockets don't lead out of a network namespace.
pub(crate) struct Bus {
    /// As `DBUS_SESSION_BUS_ADDRESS` wants it.
    pub(crate) address: String,
    accessibility: Connection,
    _daemon: Daemon,
}

/// Ended when dropped, and with it what was started on its bus.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A control, or what holds some: whose it is, and its path there.
type Node = (String, OwnedObjectPath);

impl Bus {
    /// Starts both for the windows on that display, or says what is missing.
    pub(crate) fn start(folder: &Path, display: &str) -> Result<Self, String> {
        let socket = folder.join("bus");
        let address = format!("unix:path={}", socket.display());
        let daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile"])
            .arg(format!("--address={address}"))
            .env("DISPLAY", display)
            .env("XDG_RUNTIME_DIR", folder)
            .env("HOME", folder)
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|why| format!("there is no dbus-daemon here: {why}"))?;
        let daemon = Daemon(daemon);
        until(|| socket.exists().then_some(())).ok_or("dbus-daemon does not start here")?;
        let accessibility = accessibility(&address)
            .map_err(|why| format!("there is no accessibility bus here (at-spi2-core): {why}"))?;
        Ok(Self {
            address,
            accessibility,
            _daemon: daemon,
        })
    }

    /// The window of that process.
    pub(crate) fn reader(&self, process: u32) -> Reader<'_> {
        let found = until(|| {
            let programs = self.children(&root()).ok()?;
            programs.into_iter().find(|(owner, _)| {
                let asked = self.ask(
                    "org.freedesktop.DBus",
                    "/org/freedesktop/DBus",
                    "org.freedesktop.DBus",
                    "GetConnectionUnixProcessID",
                    &owner.as_str(),
                );
                asked.and_then(|answer| answer.body().deserialize::<u32>()) == Ok(process)
            })
        });
        Reader {
            bus: self,
            program: found.expect("the window is on the accessibility bus"),
        }
    }

    fn children(&self, node: &Node) -> zbus::Result<Vec<Node>> {
        let answer = self.ask(&node.0, node.1.as_str(), ACCESSIBLE, "GetChildren", &())?;
        answer.body().deserialize()
    }

    fn name(&self, node: &Node) -> zbus::Result<String> {
        let name = self.ask(
            &node.0,
            node.1.as_str(),
            PROPERTIES,
            "Get",
            &(ACCESSIBLE, "Name"),
        )?;
        let value: OwnedValue = name.body().deserialize()?;
        Ok(String::try_from(value)?)
    }

    fn ask<T: Serialize + DynamicType>(
        &self,
        owner: &str,
        path: &str,
        interface: &str,
        method: &str,
        with: &T,
    ) -> zbus::Result<zbus::Message> {
        self.accessibility
            .call_method(Some(owner), path, Some(interface), method, with)
    }
}

/// Above all programs.
fn root() -> Node {
    let path = OwnedObjectPath::try_from("/org/a11y/atspi/accessible/root");
    ("org.a11y.atspi.Registry".to_owned(), path.unwrap())
}

/// The accessibility bus of that session, with a screen reader said to be there.
fn accessibility(session: &str) -> zbus::Result<Connection> {
    let session = connection::Builder::address(session)?.build()?;
    let ask = |interface: &str, method: &str| {
        session.call_method(
            Some("org.a11y.Bus"),
            "/org/a11y/bus",
            Some(interface),
            method,
            &(),
        )
    };
    let address: String = ask("org.a11y.Bus", "GetAddress")?.body().deserialize()?;
    let on = ("org.a11y.Status", "ScreenReaderEnabled", Value::from(true));
    session.call_method(
        Some("org.a11y.Bus"),
        "/org/a11y/bus",
        Some(PROPERTIES),
        "Set",
        &on,
    )?;
    connection::Builder::address(address.as_str())?.build()
}

/// The controls of one window.
pub(crate) struct Reader<'a> {
    bus: &'a Bus,
    program: Node,
}

impl Reader<'_> {
    /// Waits until the name of a control is so, and gives the name.
    ///
    /// # Panics
    /// When patience ends first.
    pub(crate) fn name(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let found = until(|| self.names().into_iter().find(|name| is_it(name)));
        found.unwrap_or_else(|| panic!("no {what}: {:#?}", self.names()))
    }

    /// Presses the control of that name, once it was there for a while. Of several, the last one
    /// lies over the others.
    ///
    /// # Panics
    /// When patience ends first.
    pub(crate) fn press(&self, name: &str) {
        self.name(name, |other| other == name);
        sleep(READ_OUT);
        let pressed = until(|| {
            let all = self.controls();
            let (node, _) = all.into_iter().rev().find(|(_, other)| other == name)?;
            let action = "org.a11y.atspi.Action";
            let done = self
                .bus
                .ask(&node.0, node.1.as_str(), action, "DoAction", &0_i32);
            done.ok()
        });
        assert!(pressed.is_some(), "no {name:?}: {:#?}", self.names());
    }

    /// All names, in the order of the window.
    pub(crate) fn names(&self) -> Vec<String> {
        self.controls().into_iter().map(|(_, name)| name).collect()
    }

    /// All that has a name. What goes while it is looked at is left out.
    fn controls(&self) -> Vec<(Node, String)> {
        let (mut waiting, mut found) = (vec![self.program.clone()], Vec::new());
        while let Some(node) = waiting.pop()
            && found.len() < MOST
        {
            let children = self.bus.children(&node).unwrap_or_default();
            waiting.extend(children.into_iter().rev());
            if let Ok(name) = self.bus.name(&node)
                && !name.is_empty()
            {
                found.push((node, name));
            }
        }
        found
    }
}
