//! Stations that announce themselves, and what finds them: real programs on a network of
//! namespaces. Each test is left out, with a line, where no namespaces can be made.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use mdns_sd::{ServiceDaemon, ServiceInfo};
use serde_json::Value;
use transom::people::Rights;
use transom::{Announce, Handle, Identity, Keep, Notice, PairingTerms, Settings, Station};
use transom_tests::{Finished, Lan, Machine, PATIENCE, Person, Program, Scratch, eventually};

const PATTERN: &[&str] = &["camera", "--source", "pattern", "--size", "320x240"];

/// Two users, each on a machine of its own.
struct Home {
    lan: Lan,
    near: Person,
    far: Person,
    scratch: Scratch,
}

impl Home {
    /// On a network of so many machines.
    fn new(machines: u8) -> Option<Self> {
        let lan = Lan::new(machines)?;
        let scratch = Scratch::new();
        let (near, far) = (Person::new(&scratch, "near"), Person::new(&scratch, "far"));
        far.knows(&near, "10.77.0.2", "view,call,files");
        Some(Self {
            lan,
            near,
            far,
            scratch,
        })
    }

    /// The far user's camera box on machine 1, which listens.
    fn camera(&self, options: &[&str]) -> Program {
        self.station(&self.far, 1, &[PATTERN, options].concat())
    }

    fn station(&self, of: &Person, machine: usize, arguments: &[&str]) -> Program {
        let command = of.command(&[arguments, &["--json"]].concat());
        let mut program = Program::start(&mut self.lan.machine(machine).inside(&command));
        program.event("listening");
        program
    }

    /// What the near user finds from machine 2.
    fn found(&self) -> Vec<Value> {
        let end = self.find(&self.near, self.lan.machine(2));
        end.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| line["event"] == "nearby")
            .collect()
    }

    fn find(&self, user: &Person, machine: &Machine) -> Finished {
        let command = user.command(&["find", "--json", "--seconds", "2"]);
        Program::start(&mut machine.inside(&command)).finish()
    }

    /// Finds until what is found is as wanted: a machine may be so busy that an answer comes late.
    fn find_until(&self, what: &str, wanted: impl Fn(&[Value]) -> bool) {
        eventually(what, || wanted(&self.found()));
    }
}

fn threads_of(id: u32) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let name = |path: &Path| fs::read_to_string(path.join("comm")).unwrap_or_default();
    let names = threads.flatten().map(|thread| name(&thread.path()));
    names.map(|name| name.trim().to_owned()).collect()
}

fn is_camera_of(station: &Value, name: &str) -> bool {
    let can = station["can"].as_array().unwrap();
    station["name"] == name && can.iter().any(|can| can == "camera")
}

#[test]
fn a_box_is_found_by_what_it_announces_and_stays_unproven() {
    let Some(home) = Home::new(2) else { return };
    home.near.knows(&home.far, "10.77.0.1", "view");
    let camera = home.camera(&["--name", "porch"]);
    home.find_until("the box", |found| found.len() == 1);
    // By this name a panic in it is told from others.
    let threads = threads_of(camera.id());
    assert!(
        threads.iter().any(|name| name == "mDNS_daemon"),
        "{threads:?}"
    );
    let station = &home.found()[0];
    assert!(is_camera_of(station, "porch"), "{station}");
    assert_eq!(station["addresses"][0], "10.77.0.1:7447");
    assert_eq!(station["proven"], false);
    assert_eq!(
        (&station["claims"], &station["contact"]),
        (&"contact".into(), &"far".into())
    );
    assert_eq!(station["pairing"], Value::Null);
    assert_eq!(station["page"], Value::Null);
}

#[test]
fn a_page_that_other_machines_reach_is_found_too() {
    let Some(home) = Home::new(2) else { return };
    let _open = home.camera(&["--http", "0.0.0.0:8081"]);
    home.find_until("the page", |found| {
        found.len() == 1 && found[0]["page"] == "http://10.77.0.1:8081/"
    });
}

#[test]
fn a_box_that_is_not_to_be_announced_is_not_found_and_one_that_ends_says_goodbye() {
    let Some(home) = Home::new(2) else { return };
    let hidden = home.camera(&["--name", "hidden", "--no-announce"]);
    // Beside it another one is found, so that the network is known to carry announcements.
    let other = home.station(
        &home.near,
        1,
        &[PATTERN, &["--listen", "10.77.0.1:7448"]].concat(),
    );
    home.find_until("the other", |found| !found.is_empty());
    let found = home.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["addresses"][0], "10.77.0.1:7448");
    assert_eq!(found[0]["claims"], "own");
    drop(hidden);
    other.ask_to_end();
    home.find_until("the goodbye", <[_]>::is_empty);
}

#[test]
fn a_contact_that_moved_is_watched_and_the_book_stays_as_it_is() {
    let Some(home) = Home::new(2) else { return };
    home.near.knows(&home.far, "10.77.0.99", "view");
    let book = fs::read_to_string(home.near.book()).unwrap();
    let _box = home.camera(&[]);
    let watch = home.near.command(&["watch", "far", "--frames", "5"]);
    let end = Program::start(&mut home.lan.machine(2).inside(&watch)).finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    let told = "far is at 10.77.0.1 now; the contact book says 10.77.0.99:7447";
    assert!(end.stdout.contains(told), "{end:?}");
    assert_eq!(fs::read_to_string(home.near.book()).unwrap(), book);
    // Files and texts go the same way.
    let text = home.near.command(&["text", "far", "hello"]);
    let end = Program::start(&mut home.lan.machine(2).inside(&text)).finish();
    assert_eq!(end.code, Some(0), "{end:?}");
}

#[test]
fn b34_an_announcer_with_the_fingerprint_of_a_contact_gets_nothing_and_changes_no_key() {
    let Some(home) = Home::new(2) else { return };
    home.near.knows(&home.far, "10.77.0.99", "view");
    // It listens, and would be told of a stranger's key.
    let liar = Person::new(&home.scratch, "liar");
    let mut listener = home.station(&liar, 1, &[PATTERN, &["--no-announce"]].concat());
    let forger = Forger::on(home.lan.machine(1));
    forger.announce("far", &home.far, ([10, 77, 0, 1], 7447).into());
    home.find_until("the forged one", |found| found.len() == 1);
    assert_eq!(home.found()[0]["contact"], "far");
    let watch = home.near.command(&["watch", "far", "--frames", "5"]);
    let end = Program::start(&mut home.lan.machine(2).inside(&watch)).finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("10.77.0.99"), "{end:?}");
    assert!(!end.stderr.contains("another key"), "{end:?}");
    assert!(listener.is_running());
    listener.ask_to_end();
    let end = listener.finish();
    assert!(!end.stdout.contains("knock"), "{end:?}");
}

#[test]
fn b34_names_of_stations_are_text_and_nothing_else() {
    let Some(home) = Home::new(2) else { return };
    let forger = Forger::on(home.lan.machine(1));
    let names = [
        "<b onclick=x>porch",
        "\u{1b}[2Jporch",
        "po\u{202e}rch\n",
        "far",
    ];
    for (name, port) in names.into_iter().zip(7447..) {
        forger.announce(name, &home.far, ([10, 77, 0, 1], port).into());
    }
    home.find_until("the forged ones", |found| !found.is_empty());
    for json in [true, false] {
        let mut arguments = vec!["find", "--seconds", "2"];
        arguments.extend(json.then_some("--json"));
        let command = home.near.command(&arguments);
        let end = Program::start(&mut home.lan.machine(2).inside(&command)).finish();
        let is_unfit = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!end.stdout.contains(is_unfit), "{end:?}");
        assert!(!end.stderr.contains(is_unfit), "{end:?}");
    }
    assert!(
        home.found()
            .iter()
            .all(|station| station["proven"] == false)
    );
}

#[test]
fn b34_two_stations_of_one_name_on_one_machine_are_both_found() {
    let Some(home) = Home::new(2) else { return };
    let _first = home.camera(&["--name", "porch"]);
    let options = ["--name", "porch", "--listen", "0.0.0.0:7448"];
    let _second = home.station(&home.near, 1, &[PATTERN, &options].concat());
    // Another program with the key of the first.
    let options = ["--into", "inbox", "--accept", "known", "--name", "porch"];
    let options = [&["receive", "--listen", "0.0.0.0:7449"], &options[..]].concat();
    let _third = home.station(&home.far, 1, &options);
    home.find_until("all three", |found| found.len() == 3);
    let found = home.found();
    let mut ports: Vec<_> = found.iter().map(|it| it["addresses"][0].clone()).collect();
    ports.sort_by_key(Value::to_string);
    assert_eq!(
        ports,
        ["10.77.0.1:7447", "10.77.0.1:7448", "10.77.0.1:7449"]
    );
    assert!(found.iter().all(|it| it["name"] == "porch"), "{found:?}");
}

#[test]
fn a_network_that_keeps_its_clients_apart_is_named_among_the_causes() {
    let Some(home) = Home::new(2) else { return };
    let _box = home.camera(&[]);
    home.lan.isolate();
    let end = home.find(&home.near, home.lan.machine(2));
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("client isolation"), "{end:?}");
}

#[test]
fn a_cable_without_a_router_has_a_line_with_a_real_address() {
    let Some(home) = Home::new(1) else { return };
    let machine = home.lan.machine(1);
    let line = || {
        let id = home.far.command(&["id", "--json"]);
        let end = Program::start(&mut machine.inside(&id)).finish();
        let id: Value = serde_json::from_str(&end.stdout).unwrap();
        id["line"].as_str().unwrap().to_owned()
    };
    assert!(line().contains(" 10.77.0.1:7447 "), "{}", line());
    machine.ip("addr add 169.254.3.4/16 dev eth0").unwrap();
    machine.ip("addr del 10.77.0.1/24 dev eth0").unwrap();
    assert!(line().contains(" 169.254.3.4:7447 "), "{}", line());
    // What leads to containers is no address for others.
    let link = "link add docker0 type veth peer name inner";
    machine.ip(link).unwrap();
    machine.ip("addr add 172.17.0.1/16 dev docker0").unwrap();
    machine.ip("link set docker0 up").unwrap();
    assert!(line().contains(" 169.254.3.4:7447 "), "{}", line());
}

#[test]
fn nothing_is_announced_to_containers() {
    let Some(home) = Home::new(2) else { return };
    // A bridge to containers on machine 1, with a listener in one of them.
    let machine = home.lan.machine(1);
    for line in [
        "link add docker0 type veth peer name inner",
        "addr add 172.17.0.1/16 dev docker0",
        "link set docker0 up",
        "addr add 172.17.0.2/16 dev inner",
        "link set inner up",
    ] {
        machine.ip(line).unwrap();
    }
    let _box = home.camera(&[]);
    home.find_until("the box", |found| found.len() == 1);
    let found = home.found();
    let addresses = found[0]["addresses"].to_string();
    assert!(addresses.contains("10.77.0.1:7447"), "{addresses}");
    assert!(!addresses.contains("172.17."), "{addresses}");
}

/// A station of the library on a machine, without a program around it.
pub(super) struct Bare {
    pub(super) handle: Handle,
    notices: Receiver<Notice>,
    thread: Option<JoinHandle<()>>,
}

impl Bare {
    pub(super) fn on(machine: &Machine, announce: Announce) -> Self {
        machine.run(|| {
            let identity = Identity::throwaway().unwrap();
            let mut settings = Settings::new("bare".parse().unwrap(), identity);
            settings.listen = vec!["0.0.0.0:7447".parse().unwrap()];
            settings.announce = announce;
            let station = Station::start(settings).unwrap();
            let handle = station.handle();
            let (sender, notices) = channel();
            let run = move || station.run(|notice| drop(sender.send(notice))).unwrap();
            Self {
                handle,
                notices,
                thread: Some(thread::spawn(run)),
            }
        })
    }

    /// Waits until the pairing numbers of all stations nearby are these.
    fn sees(&self, pairing: &[Option<u8>]) {
        let last = Instant::now() + PATIENCE;
        loop {
            let left = last.saturating_duration_since(Instant::now());
            let notice = self.notices.recv_timeout(left);
            let notice = notice.unwrap_or_else(|_| panic!("too late: {pairing:?}"));
            if let Notice::Nearby { stations } = notice
                && stations
                    .iter()
                    .map(|it| it.pairing)
                    .eq(pairing.iter().copied())
            {
                return;
            }
        }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.handle.stop();
        drop(self.thread.take().map(JoinHandle::join));
    }
}

#[test]
fn a_pairing_is_announced_while_it_is_open_and_so_is_its_end() {
    let Some(lan) = Lan::new(2) else { return };
    let showing = Bare::on(lan.machine(1), Announce::WhenNeeded);
    let looking = Bare::on(lan.machine(2), Announce::Never);
    looking.handle.look_nearby(true);
    let show = |code: &str| {
        let terms = PairingTerms {
            name: None,
            may: Rights::NONE,
            keep: Keep::Once,
            port: None,
        };
        let code = code.parse().unwrap();
        showing.handle.show_code(Some(code), terms);
    };
    show("47-otter-violin");
    looking.sees(&[Some(47)]);
    show("07-otter-violin");
    looking.sees(&[Some(7)]);
    showing.handle.announce(Announce::Always);
    showing.handle.end_pairing();
    looking.sees(&[None]);
    showing.handle.announce(Announce::WhenNeeded);
    looking.sees(&[]);
}

/// A machine that announces stations that there are not.
struct Forger(ServiceDaemon);

impl Forger {
    /// Its sockets are on that machine: threads inherit the network of the thread that starts them.
    fn on(machine: &Machine) -> Self {
        Self(machine.run(|| ServiceDaemon::new().unwrap()))
    }

    /// Announces that the owner of that key is there.
    fn announce(&self, instance: &str, owner: &Person, address: SocketAddr) {
        let id: String = owner.key().chars().filter(|c| *c != '-').take(17).collect();
        // The fourteenth character of a key is a check character.
        let id = format!("{}{}", &id[..13], &id[14..]);
        let info = ServiceInfo::new(
            "_transom._tcp.local.",
            instance,
            &format!("forged-{instance}.local."),
            address.ip(),
            address.port(),
            &[("v", "1"), ("id", id.as_str()), ("does", "camera")][..],
        );
        self.0.register(info.unwrap()).unwrap();
    }
}

impl Drop for Forger {
    fn drop(&mut self) {
        let _ = self.0.shutdown();
    }
}

#[test]
fn a_search_that_is_ended_says_so() {
    let Some(home) = Home::new(1) else { return };
    let find = home.near.command(&["find", "--seconds", "60"]);
    let find = Program::start(&mut home.lan.machine(1).inside(&find));
    eventually("the search", || {
        threads_of(find.id()).iter().any(|name| name == "nearby")
    });
    find.ask_to_end();
    let end = find.finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.complaint().contains("ended by a signal"), "{end:?}");
}

/// A response that holds one address of one name again and again, good for hours.
fn repeated_record() -> Vec<u8> {
    const RECORDS: u16 = 500;
    let (id, flags, no_questions, no_others) = ([0, 0], [0x84, 0], [0, 0], [0; 4]);
    let mut packet = [id, flags, no_questions, RECORDS.to_be_bytes()].concat();
    packet.extend(no_others);
    for at in 0..RECORDS {
        let (name, pointer_to_it) = (&b"\x05flood\x05local\0"[..], &[0xc0, 12][..]);
        packet.extend(if at == 0 { name } else { pointer_to_it });
        let (address, internet, length) = ([0, 1], [0, 1], [0, 4]);
        packet.extend([address, internet].concat());
        packet.extend(7200_u32.to_be_bytes());
        packet.extend(length);
        packet.extend([10, 77, 0, 2]);
    }
    packet
}

#[test]
fn b34_a_flood_of_repeated_records_ends_the_responder_and_not_the_box() {
    let Some(home) = Home::new(2) else { return };
    home.near.knows(&home.far, "10.77.0.1", "view");
    let camera = home.camera(&[]);
    let id = camera.id();
    let announces = || threads_of(id).iter().any(|name| name == "mDNS_daemon");
    eventually("the responder", announces);
    home.lan.machine(2).run(|| {
        let socket = UdpSocket::bind("10.77.0.2:0").unwrap();
        let packet = repeated_record();
        eventually("the end of the responder", || {
            for _ in 0..20 {
                socket.send_to(&packet, "10.77.0.1:5353").unwrap();
            }
            !announces()
        });
    });
    let watch = home.near.command(&["watch", "far", "--frames", "2"]);
    let end = Program::start(&mut home.lan.machine(2).inside(&watch)).finish();
    assert_eq!(end.code, Some(0), "{end:?}");
}
