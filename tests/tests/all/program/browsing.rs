//! Camera boxes by HTTP, their own and through the encrypted bridge: the passes, and what programs
//! get that people already have.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::Value;
use transom_tests::{PATIENCE, Person, Program, Scratch, eventually};

/// A box with a pass, and where its door is.
struct CameraBox {
    person: Person,
    camera: Program,
    address: String,
    token: String,
    _scratch: Scratch,
}

impl CameraBox {
    fn new() -> Self {
        Self::with(&[], &[])
    }

    /// With options of the pass and of the camera.
    fn with(of_pass: &[&str], of_camera: &[&str]) -> Self {
        let scratch = Scratch::new();
        let person = Person::new(&scratch, "box");
        let made = person.run(&[&["pass", "add", "tests", "--json"], of_pass].concat());
        let made: Value = serde_json::from_str(&made.stdout).unwrap();
        let token = made["token"].as_str().unwrap().to_owned();
        let options = ["--source", "pattern", "--size", "320x240", "--fps", "30"];
        let http = ["--http", "127.0.0.1:0", "--no-announce"];
        let (mut camera, _) =
            person.listen(&[&["camera"][..], &options, &http, of_camera].concat());
        let listening = camera.event("http_listening");
        let address = listening["address"].as_str().unwrap().to_owned();
        Self {
            person,
            camera,
            address,
            token,
            _scratch: scratch,
        }
    }

    /// The connection after a question, as a plain client asks it.
    fn ask(&self, path: &str) -> TcpStream {
        let mut client = TcpStream::connect(&self.address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = &self.address;
        write!(client, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        client
    }
}

/// The JPEGs of a stream, by the lengths that its parts tell, as go2rtc reads them.
fn pictures(client: &mut TcpStream, count: usize) -> Vec<Vec<u8>> {
    let (mut bytes, mut found) = (Vec::new(), Vec::new());
    let mut some = [0; 16_384];
    while found.len() < count {
        let read = client.read(&mut some).unwrap();
        assert_ne!(read, 0, "the stream ended");
        bytes.extend_from_slice(&some[..read]);
        while let Some((start, end)) = part(&bytes).filter(|(_, end)| *end <= bytes.len()) {
            found.push(bytes[start..end].to_vec());
            bytes.drain(..end);
        }
    }
    found
}

/// Where the JPEG of the first part is.
fn part(bytes: &[u8]) -> Option<(usize, usize)> {
    let find = |text: &[u8], from: usize| {
        let mut windows = bytes.get(from..)?.windows(text.len());
        Some(from + windows.position(|window| window == text)? + text.len())
    };
    let length = find(b"Content-Length: ", 0)?;
    let start = find(b"\r\n\r\n", length)?;
    let digits = bytes[length..].split(|byte| *byte == b'\r').next()?;
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((start, start + length))
}

#[test]
fn a_client_gets_pictures_and_a_removed_pass_ends_its_stream() {
    let mut camera_box = CameraBox::new();
    let stream = format!("/stream?token={}", camera_box.token);
    let mut client = camera_box.ask(&stream);
    for picture in pictures(&mut client, 30) {
        assert!(picture.starts_with(&[0xff, 0xd8]) && picture.ends_with(&[0xff, 0xd9]));
    }
    let watching = camera_box.camera.event("http_viewers");
    assert_eq!(
        (&watching["viewers"], &watching["passes"][0]),
        (&1.into(), &"tests".into())
    );
    let mut refused = String::new();
    let mut stranger = camera_box.ask("/stream?token=wrong");
    while !refused.contains("\r\n\r\n") {
        let mut some = [0; 512];
        let read = stranger.read(&mut some).unwrap();
        assert_ne!(read, 0, "{refused}");
        refused.push_str(&String::from_utf8_lossy(&some[..read]));
    }
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");

    // Links lead to where the box listens.
    let later = camera_box
        .person
        .run(&["pass", "add", "later", "--qr", "--json"]);
    let later: Value = serde_json::from_str(&later.stdout).unwrap();
    let stream = later["stream"].as_str().unwrap();
    let door = format!("http://{}/stream?token=", camera_box.address);
    assert!(stream.starts_with(&door), "{later}");

    let listed = camera_box.person.run(&["pass"]);
    assert!(listed.stdout.contains("tests  last used"), "{listed:?}");
    let removed = camera_box.person.run(&["pass", "remove", "tests"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    // It ends by a close or a reset; a stream that goes on would not end.
    drop(client.read_to_end(&mut Vec::new()));
    let watching = camera_box.camera.event("http_viewers");
    assert_eq!(watching["viewers"], 0);
    camera_box
        .camera
        .event_where("camera", |state| state["state"] == "off");
}

#[test]
fn a_flood_of_strangers_takes_no_pictures_from_a_viewer() {
    let camera_box = CameraBox::new();
    let mut viewer = camera_box.ask(&format!("/stream?token={}", camera_box.token));
    pictures(&mut viewer, 3);
    let many = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1_000);
    let requests = [
        "",
        "GET / HTTP/1.1\r\nHost:",
        &many,
        "\0",
        "GET /state?token=x HTTP/1.1\r\n",
    ];
    let mut flood = Vec::new();
    for request in requests.iter().cycle().take(600) {
        let mut client = TcpStream::connect(&camera_box.address).unwrap();
        client.set_nonblocking(true).unwrap();
        // As much of it as the system takes.
        let _ = client.write(request.as_bytes());
        flood.push(client);
    }
    pictures(&mut viewer, 30);
    #[cfg(target_os = "linux")]
    {
        let descriptors = format!("/proc/{}/fd", camera_box.camera.id());
        let open = std::fs::read_dir(descriptors).unwrap().count();
        assert!(open < 150, "{open} descriptors");
    }
    drop(flood);
    let mut later = camera_box.ask(&format!("/stream?token={}", camera_box.token));
    pictures(&mut later, 3);
}

/// With the default limit of 1024 descriptors strangers don't use them up.
#[cfg(target_os = "linux")]
#[test]
fn strangers_give_their_descriptors_up_for_a_viewer() {
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    let camera_box = CameraBox::new();
    let mut first = camera_box.ask(&format!("/snapshot?token={}", camera_box.token));
    pictures(&mut first, 1);
    let id = camera_box.camera.id();
    let open = std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count();
    let limit = Rlimit {
        current: Some(open as u64 + 10),
        maximum: Some(open as u64 + 10),
    };
    prlimit(Pid::from_raw(id as i32), Resource::Nofile, limit).unwrap();
    let strangers = (0..60).map(|_| TcpStream::connect(&camera_box.address).unwrap());
    let _strangers: Vec<_> = strangers.collect();
    let begun = Instant::now();
    let mut viewer = camera_box.ask(&format!("/state?token={}", camera_box.token));
    let mut answer = [0; 12];
    viewer.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_client_whose_pass_has_sound_hears_the_microphone() {
    let mut camera_box = CameraBox::with(&["--sound"], &["--microphone", "tone"]);
    let mut client = camera_box.ask(&format!("/sound?token={}", camera_box.token));
    let mut heard = Vec::new();
    while heard.len() < 10_000 {
        let mut some = [0; 4096];
        let read = client.read(&mut some).unwrap();
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&some[..read]);
    }
    assert!(heard.windows(4).any(|window| window == b"WAVE"));
    let listening = camera_box.camera.event("http_listeners");
    assert_eq!(
        (&listening["listeners"], &listening["passes"][0]),
        (&1.into(), &"tests".into())
    );
    drop(client);
    assert_eq!(camera_box.camera.event("http_listeners")["listeners"], 0);
    let listed = camera_box.person.run(&["pass"]);
    assert!(listed.stdout.contains(" ago, with sound"), "{listed:?}");
}

#[test]
fn ffmpeg_gets_pictures_with_a_pass_and_none_without() {
    if Command::new("ffmpeg")
        .arg("-version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        println!("skipped: there is no ffmpeg");
        return;
    }
    let camera_box = CameraBox::new();
    let frames = |token: &str| {
        let url = format!("http://{}/stream?token={token}", camera_box.address);
        let options = ["-loglevel", "error", "-nostdin", "-i", &url];
        let output = ["-frames:v", "30", "-f", "null", "-"];
        Program::start(Command::new("ffmpeg").args(options).args(output)).finish()
    };
    let right = frames(&camera_box.token);
    assert_eq!(right.code, Some(0), "{right:?}");
    let wrong = frames("wrong");
    assert_ne!(wrong.code, Some(0));
    assert!(wrong.stderr.contains("401"), "{wrong:?}");
}

#[test]
fn without_a_pass_a_door_is_open_to_this_machine_alone() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    for wrong in [&["--http", "0.0.0.0", "--http-open"][..], &["--http-open"]] {
        let end = amy.run(&[&["camera", "--source", "pattern"], wrong].concat());
        assert_eq!(end.code, Some(2), "{end:?}");
    }
    let open = [
        "camera",
        "--source",
        "pattern",
        "--no-announce",
        "--http",
        "127.0.0.1:0",
    ];
    let (mut camera, _) = amy.listen(&[&open[..], &["--http-open"]].concat());
    let listening = camera.event("http_listening");
    let address = listening["address"].as_str().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    write!(client, "GET /stream HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    assert_eq!(pictures(&mut client, 3).len(), 3);
    // The DNS server of a network could give the machine's name to a page, and then to 127.0.0.1.
    #[cfg(target_os = "linux")]
    {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let machine = host.trim().split('.').next().unwrap();
        for name in [machine, &format!("{machine}.local")] {
            let mut client = TcpStream::connect(address).unwrap();
            write!(client, "GET /state HTTP/1.0\r\nHost: {name}\r\n\r\n").unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.0 421 "), "{answer}");
        }
    }
}

/// `transom watch BOX… --http` on a machine without a camera.
struct Bridge {
    boxes: Vec<(Program, String)>,
    people: Vec<Person>,
    home: Person,
    _scratch: Scratch,
}

impl Bridge {
    /// Boxes of these names, and a person who may watch them.
    fn new(names: &[&str]) -> Self {
        let scratch = Scratch::new();
        let home = Person::new(&scratch, "home");
        let (mut boxes, mut people) = (Vec::new(), Vec::new());
        for name in names {
            let person = Person::new(&scratch, name);
            person.knows(&home, "127.0.0.1:9", "view");
            let (camera, address) = person.listen(CAMERA);
            home.knows(&person, &address, "view");
            boxes.push((camera, address));
            people.push(person);
        }
        Self {
            boxes,
            people,
            home,
            _scratch: scratch,
        }
    }

    /// Opens the door; gives its program and its address.
    fn open(&self, names: &[&str]) -> (Program, String) {
        let http = ["--http", "127.0.0.1:0", "--http-open", "--json"];
        let mut door = self.home.start(&[&["watch"], names, &http].concat());
        let listening = door.event("http_listening");
        (door, listening["address"].as_str().unwrap().to_owned())
    }
}

const CAMERA: &[&str] = &[
    "camera",
    "--source",
    "pattern",
    "--size",
    "320x240",
    "--fps",
    "30",
    "--no-announce",
];

fn get(address: &str, path: &str) -> TcpStream {
    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    client.write_all(head.as_bytes()).unwrap();
    client
}

fn text(address: &str, path: &str) -> String {
    let mut bytes = Vec::new();
    get(address, path).read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn boxes_behind_one_door_are_seen_while_a_client_looks_and_again_when_they_are_back() {
    let mut bridge = Bridge::new(&["hall", "yard"]);
    let (mut door, address) = bridge.open(&["hall", "yard"]);
    let state = text(&address, "/state");
    assert!(state.contains(r#""cameras":[{"name":"hall","#), "{state}");
    assert!(state.contains(r#",{"name":"yard","#), "{state}");
    let mut hall = get(&address, "/hall/stream");
    let mut yard = get(&address, "/yard/stream");
    for stream in [&mut hall, &mut yard] {
        for picture in pictures(stream, 10) {
            assert!(picture.starts_with(&[0xff, 0xd8]) && picture.ends_with(&[0xff, 0xd9]));
        }
    }
    let (camera_program, listen) = bridge.boxes.remove(0);
    camera_program.ask_to_end();
    camera_program.finish();
    door.event_where("left", |left| left["peer"] == "hall");
    pictures(&mut yard, 10);
    let again = [CAMERA, &["--listen", &listen, "--json"]].concat();
    let _again = bridge.people[0].start(&again);
    door.event_where("joined", |joined| joined["peer"] == "hall");
    // The state in words, and then pictures in the same connection.
    let is_of_camera = |picture: &Vec<u8>| {
        let size = picture.windows(4).position(|it| it == [0, 17, 8, 0]);
        size.is_some_and(|at| picture[at + 3..at + 7] == [0, 240, 1, 64])
    };
    while !pictures(&mut hall, 1).iter().any(is_of_camera) {}
    drop((hall, yard));
    let (mut camera_program, _) = bridge.boxes.remove(0);
    camera_program.event_where("camera", |state| state["state"] == "off");
    door.ask_to_end();
    assert_eq!(door.finish().code, Some(0));
}

#[test]
fn a_bridge_says_its_links_and_the_lines_for_go2rtc() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    amy.write_in_book("hall 127.0.0.1:9");
    amy.write_in_book("yard 127.0.0.1:9");
    let lines = amy.run(&["watch", "hall", "yard", "--http", "--go2rtc"]);
    assert_eq!(lines.code, Some(0), "{lines:?}");
    let wanted = "streams:\n  \"hall\":\n    - \"http://127.0.0.1:8080/hall/stream?token=TOKEN\"\n";
    assert!(lines.stdout.starts_with(wanted), "{lines:?}");
    let http = ["--http", "127.0.0.1:0", "--json"];
    let mut door = amy.start(&[&["watch", "hall", "yard"], &http[..]].concat());
    let link = door.event("http_link");
    let page = link["page"].as_str().unwrap();
    assert!(page.ends_with("/hall/"), "{link}");
    door.event_where("unreachable", |event| event["peer"] == "hall");
    let refused = text(&page[7..page.len() - 6], "/hall/state");
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let pass = amy.run(&["pass", "add", "later", "--json"]);
    let pass: Value = serde_json::from_str(&pass.stdout).unwrap();
    let stream = pass["boxes"]["yard"]["stream"].as_str().unwrap();
    let yard = page.replace("/hall/", "/yard/stream?token=");
    assert!(stream.starts_with(&yard), "{pass}");
    door.ask_to_end();
    let end = door.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stderr.contains("no pass is there"), "{end:?}");
}

#[test]
fn a_bridge_takes_no_name_that_is_in_no_book_and_no_box_twice() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    amy.write_in_book("hall 127.0.0.1:9");
    let complaint = |boxes: &[&str]| {
        let end = amy.run(&[&["watch"], boxes, &["--http", "127.0.0.1:0"]].concat());
        assert_eq!(end.code, Some(2), "{end:?}");
        end.complaint().to_owned()
    };
    let unknown = complaint(&["hall", "porch"]);
    assert!(
        unknown.starts_with("transom: can't watch porch: it is not in the contact book "),
        "{unknown}"
    );
    assert!(
        unknown.contains("; pair with it first: transom pair"),
        "{unknown}"
    );
    for twice in [["hall", "127.0.0.1:9"], ["hall", "Hall"]] {
        let twice = complaint(&twice);
        assert_eq!(twice, "transom: can't watch: hall is named twice");
    }
    let twice = complaint(&["127.0.0.2", "127.0.0.2"]);
    assert_eq!(twice, "transom: can't watch: 127.0.0.2 is named twice");
}

#[test]
fn what_a_door_can_not_do_is_told_in_one_line() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let camera = ["camera", "--source", "pattern", "--no-announce"];
    let same = ["--http", "127.0.0.1:9753", "--listen", "127.0.0.1:9753"];
    let open = ["--listen", "127.0.0.1:0", "--http-open"];
    for (arguments, code, told) in [
        (
            [&camera[..], &same].concat(),
            2,
            "can't start: --http and --listen are both 127.0.0.1:9753; give --http another port",
        ),
        (
            [&camera[..], &open].concat(),
            2,
            "--http-open has no effect: there is no --http",
        ),
        (
            vec!["watch", "porch", "--http-open"],
            2,
            "--http-open has no effect: there is no --http",
        ),
        (
            vec!["watch", "porch", "--go2rtc"],
            2,
            "--go2rtc has no effect: there is no --http",
        ),
    ] {
        let end = amy.run(&arguments);
        assert_eq!(end.code, Some(code), "{end:?}");
        assert_eq!(end.complaint(), format!("transom: {told}"));
    }
    // An address for examples, which no machine has.
    let far = ["--http", "192.0.2.7:9753", "--listen", "127.0.0.1:0"];
    let end = amy.run(&[&camera[..], &far].concat());
    let told = "transom: can't start: 192.0.2.7:9753 can't be listened at: this machine does not \
                have that address";
    assert_eq!(end.code, Some(1), "{end:?}");
    assert_eq!(end.stderr.lines().last(), Some(told), "{end:?}");
    assert!(!end.stderr.contains("cross the network"), "{end:?}");
}

#[test]
fn a_box_that_only_clients_watch_and_a_wrong_pass_are_told_in_plain_words() {
    let mut camera_box = CameraBox::new();
    drop(camera_box.ask("/stream?token=wrong").read(&mut [0; 64]));
    let mut client = camera_box.ask(&format!("/stream?token={}", camera_box.token));
    pictures(&mut client, 3);
    camera_box.camera.event("http_viewers");
    eventually("the use of the pass is known", || {
        let listed = camera_box.person.run(&["pass"]);
        listed.stdout.contains("tests  last used less")
    });
    camera_box.camera.ask_to_end();
    let end = camera_box.camera.finish();
    let told: Vec<_> = end.stderr.lines().collect();
    assert_eq!(told.len(), 2, "{end:?}");
    let empty = "transom: the contact book is empty, so nobody may connect but by HTTP; add a ";
    assert!(told[0].starts_with(empty), "{end:?}");
    let wrong = "transom: a client by HTTP at 127.0.0.1 has a wrong pass";
    assert_eq!(told[1], wrong);
}

#[test]
fn links_that_lead_nowhere_or_over_the_network_are_not_made_in_silence() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let nowhere = amy.run(&["pass", "add", "a", "--http", "127.0.0.1:0"]);
    assert_eq!(nowhere.code, Some(2), "{nowhere:?}");
    let network = amy.run(&["pass", "add", "OctoPrint", "--http", "192.0.2.7"]);
    assert_eq!(network.code, Some(0), "{network:?}");
    let told = network.complaint();
    assert!(
        told.contains("cross the network from 192.0.2.7:8080"),
        "{told}"
    );
    let local = amy.run(&["pass", "add", "phone"]);
    assert_eq!((local.code, &local.stderr[..]), (Some(0), ""), "{local:?}");
    let twice = amy.run(&["pass", "add", "octoprint"]);
    assert_eq!(twice.code, Some(1), "{twice:?}");
    let listed = amy.run(&["pass"]);
    let lines = "2 passes\nOctoPrint  never used\nphone      never used";
    assert_eq!(listed.stdout, lines);
}
