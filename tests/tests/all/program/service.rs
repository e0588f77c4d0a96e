//! A box under a service manager: what it tells by systemd's notification protocol.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::thread::sleep;
use std::time::{Duration, Instant};

use transom_tests::{Program, eventually};

use super::Pair;

/// The socket of a service manager, and what came to it.
struct Manager {
    socket: UnixDatagram,
    told: Vec<String>,
}

impl Manager {
    fn new(socket: UnixDatagram) -> Self {
        socket.set_nonblocking(true).unwrap();
        let told = Vec::new();
        Self { socket, told }
    }

    fn read(&mut self) -> &[String] {
        let mut message = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut message) {
            let text = String::from_utf8(message[..length].to_vec()).unwrap();
            self.told.push(text);
        }
        &self.told
    }

    fn hears(&mut self, message: &str) {
        eventually(message, || self.read().iter().any(|told| told == message));
    }

    /// How often the watchdog was fed.
    fn meals(&mut self) -> usize {
        let told = self.read().iter();
        told.filter(|told| *told == "WATCHDOG=1").count()
    }
}

/// A box of the test pattern that notifies this socket, with a watchdog of that many microseconds.
fn camera(pair: &Pair, socket: &str, watchdog: Option<&str>, source: &str) -> Program {
    pair.listen_by("camera", &["--source", source], |command| {
        command.env("NOTIFY_SOCKET", socket);
        if let Some(time) = watchdog {
            command.env("WATCHDOG_USEC", time);
        }
        Program::start(command)
    })
}

#[test]
fn a_manager_hears_of_the_start_of_viewers_and_of_the_end() {
    let pair = Pair::new();
    let path = pair.scratch.join("notify");
    let mut manager = Manager::new(UnixDatagram::bind(&path).unwrap());
    let camera = camera(&pair, path.to_str().unwrap(), None, "pattern");
    manager.hears("READY=1");
    manager.hears("STATUS=0 viewers; the camera is off");
    let end = pair.near.run(&["watch", "far", "--frames", "3"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    eventually("a status with a viewer", || {
        let live = "STATUS=1 viewer; the camera is live: ";
        manager.read().iter().any(|told| told.starts_with(live))
    });
    camera.ask_to_end();
    manager.hears("STOPPING=1");
    assert_eq!(camera.finish().code, Some(0));
    assert_eq!(manager.meals(), 0, "no watchdog was asked for");
}

#[test]
fn a_watchdog_is_fed_while_pictures_come_and_while_nobody_watches() {
    let pair = Pair::new();
    let name = format!("transom-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let mut manager = Manager::new(UnixDatagram::bind_addr(&address).unwrap());
    let mut camera = camera(&pair, &format!("@{name}"), Some("600000"), "pattern");
    eventually("meals without a viewer", || manager.meals() >= 3);
    let mut watcher = pair.near.start(&["watch", "far", "--json"]);
    watcher.event("stats");
    let before = manager.meals();
    eventually("meals with a viewer", || manager.meals() >= before + 4);
    camera.freeze();
    sleep(Duration::from_millis(700));
    let before = manager.meals();
    sleep(Duration::from_secs(2));
    assert_eq!(manager.meals(), before, "a stopped program feeds nothing");
    camera.thaw();
    eventually("meals again", || manager.meals() > before);
    assert!(camera.is_running());
}

#[test]
fn an_inbox_is_ready_fed_and_stopped_as_well() {
    let pair = Pair::new();
    let path = pair.scratch.join("notify");
    let mut manager = Manager::new(UnixDatagram::bind(&path).unwrap());
    let options = ["--accept", "known", "--into", "inbox"];
    let inbox = pair.listen_by("receive", &options, |command| {
        command.env("NOTIFY_SOCKET", &path);
        Program::start(command.env("WATCHDOG_USEC", "600000"))
    });
    manager.hears("READY=1");
    eventually("meals", || manager.meals() >= 3);
    inbox.ask_to_end();
    manager.hears("STOPPING=1");
    assert_eq!(inbox.finish().code, Some(0));
}

/// The watchdog of another process is none of ours.
#[test]
fn a_watchdog_of_another_process_is_not_fed() {
    let pair = Pair::new();
    let path = pair.scratch.join("notify");
    let mut manager = Manager::new(UnixDatagram::bind(&path).unwrap());
    let _camera = pair.listen_by("camera", &["--source", "pattern"], |command| {
        command
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "100000")
            .env("WATCHDOG_PID", "1");
        Program::start(command)
    });
    manager.hears("READY=1");
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(1) {
        assert_eq!(manager.meals(), 0);
        sleep(Duration::from_millis(50));
    }
}
