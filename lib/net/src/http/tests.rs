use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_door::{Access, Config, Pass, Picture, SourceId, Token};
use transom_secure::Identity;

use super::Http;
use crate::{HttpConfig, Net};

/// A loop that shows a picture at each turn, as a camera does, while there is a viewer.
struct Camera {
    net: Net,
    token: Token,
    shown: u8,
    turns: usize,
}

impl Camera {
    fn new() -> Self {
        Self::at(&["127.0.0.1:0"])
    }

    fn at(addresses: &[&str]) -> Self {
        let addresses = addresses.iter();
        let token = Token::from_random([7; 20]);
        let pass = Pass::new("tests", &token).unwrap();
        let identity = Identity::generate().unwrap();
        let mut config = crate::Config::new(identity, Vec::new());
        config.http = Some(HttpConfig::new(
            addresses.map(|it| it.parse().unwrap()).collect(),
            Config::new(
                vec!["box".into()],
                Access::Passes([pass].into_iter().collect()),
                8,
            ),
        ));
        let net = Net::bind(config).unwrap();
        Self {
            net,
            token,
            shown: 0,
            turns: 0,
        }
    }

    fn client(&self, request: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.net.door_addresses()[0]).unwrap();
        client.write_all(request.as_bytes()).unwrap();
        client.set_nonblocking(true).unwrap();
        client
    }

    fn turn(&mut self) {
        self.turn_until(Instant::now() + Duration::from_millis(5));
    }

    fn turn_until(&mut self, end: Instant) {
        self.turns += 1;
        let (door, now) = self.net.door().unwrap();
        if door.viewers(SourceId(0)) > 0 {
            self.shown = self.shown.wrapping_add(1);
            let jpeg = Arc::new(vec![0xff, 0xd8, self.shown, 0xff, 0xd9]);
            let picture = Picture {
                jpeg: &jpeg,
                size: (8, 8),
                orientation: 1,
                captured: now.instant,
            };
            door.show(SourceId(0), picture, now);
        }
        self.net.wait(Some(end)).unwrap();
    }

    /// Turns until `is_enough` of what the client got, or its end; gives both back.
    fn read(
        &mut self,
        client: &mut TcpStream,
        is_enough: impl Fn(&[u8]) -> bool,
    ) -> (Vec<u8>, bool) {
        let (mut all, last) = (Vec::new(), Instant::now() + Duration::from_secs(10));
        while !is_enough(&all) {
            assert!(Instant::now() < last, "{}", String::from_utf8_lossy(&all));
            self.turn();
            let mut some = [0; 4096];
            match client.read(&mut some) {
                Ok(0) => return (all, true),
                Ok(count) => all.extend_from_slice(&some[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return (all, true),
            }
        }
        (all, false)
    }
}

fn parts(bytes: &[u8]) -> usize {
    let part = b"Content-Type: image/jpeg\r\n";
    bytes.windows(part.len()).filter(|it| it == part).count()
}

fn answers(bytes: &[u8]) -> usize {
    let head = b"HTTP/1.1 200 OK\r\n";
    bytes.windows(head.len()).filter(|it| it == head).count()
}

#[test]
fn a_stream_gets_pictures_and_ends_with_its_pass() {
    let mut camera = Camera::new();
    let token = camera.token.to_string();
    let mut client = camera.client(&format!(
        "GET /stream?token={token} HTTP/1.1\r\nHost: box\r\n\r\n"
    ));
    let (bytes, ended) = camera.read(&mut client, |all| parts(all) >= 30);
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n") && !ended);
    let (door, _) = camera.net.door().unwrap();
    assert_eq!(door.viewers(SourceId(0)), 1);
    door.set_access(Access::Passes("".parse().unwrap()));
    let (_, ended) = camera.read(&mut client, |_| false);
    assert!(ended);
    let (door, _) = camera.net.door().unwrap();
    assert_eq!(door.viewers(SourceId(0)), 0);
}

#[test]
fn a_wrong_pass_is_refused_and_the_socket_is_closed_after_the_answer() {
    let mut camera = Camera::new();
    let request = "GET /stream?token=wrong HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n";
    let mut client = camera.client(request);
    let (bytes, ended) = camera.read(&mut client, |_| false);
    assert!(bytes.starts_with(b"HTTP/1.1 401 "), "{bytes:?}");
    assert!(ended && parts(&bytes) == 0);
}

#[test]
fn pipelined_requests_beyond_the_doors_buffer_are_answered_in_turn() {
    let mut camera = Camera::new();
    let token = camera.token.to_string();
    let request =
        format!("GET /state HTTP/1.1\r\nHost: box\r\nAuthorization: Bearer {token}\r\n\r\n");
    let mut client = camera.client(&request.repeat(200));
    assert!(request.len() * 200 > transom_door::limits::MAX_HEAD_BYTES);
    let (bytes, _) = camera.read(&mut client, |all| answers(all) >= 200);
    assert_eq!(answers(&bytes), 200);
}

/// A flood that is answered at once would keep the loop from the peers for as long.
#[test]
fn a_flood_of_pipelined_requests_is_answered_a_few_a_turn() {
    let mut camera = Camera::new();
    let token = &camera.token;
    let request = format!("HEAD /?token={token} HTTP/1.1\r\nHost: box\r\n\r\n");
    let (each, count) = (40, 40);
    let flood = (0..count).map(|_| camera.client(&request.repeat(each)));
    let mut flood: Vec<_> = flood.map(|client| (client, Vec::new())).collect();
    let (mut answered, before) = (0, camera.turns);
    while answered < each * count {
        // With time left it would go on serving clients.
        camera.turn_until(Instant::now());
        for (client, all) in &mut flood {
            let mut some = [0; 0x8000];
            let read = client.read(&mut some).unwrap_or(0);
            all.extend_from_slice(&some[..read]);
        }
        answered = flood.iter().map(|(_, all)| answers(all)).sum();
        // It writes before and after the wait.
        let most = 2 * super::WRITES * (camera.turns - before);
        assert!(answered <= most, "{answered} of {most}");
    }
}

#[test]
fn a_flood_at_one_address_leaves_the_others_their_connections() {
    let mut camera = Camera::at(&["127.0.0.1:0", "127.0.0.1:0"]);
    let flooded = camera.net.door_addresses()[0];
    let _flood: Vec<_> = (0..50)
        .map(|_| TcpStream::connect(flooded).unwrap())
        .collect();
    let mut client = TcpStream::connect(camera.net.door_addresses()[1]).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: box\r\n\r\n")
        .unwrap();
    // It writes before the next wait.
    (0..2).for_each(|_| camera.turn_until(Instant::now()));
    client.set_nonblocking(true).unwrap();
    let mut answer = [0; 12];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[test]
fn a_viewer_gets_its_pictures_during_a_flood_of_requests() {
    let mut camera = Camera::new();
    let token = camera.token.to_string();
    let request = format!("HEAD /?token={token} HTTP/1.1\r\nHost: box\r\n\r\n").repeat(2_000);
    let mut flood: Vec<_> = (0..40).map(|_| camera.client("")).collect();
    let mut viewer = camera.client(&format!(
        "GET /stream?token={token} HTTP/1.1\r\nHost: box\r\n\r\n"
    ));
    camera.read(&mut viewer, |all| parts(all) >= 1);
    for client in &mut flood {
        // As much of it as the system takes.
        let _ = client.write(request.as_bytes());
    }
    let before = camera.turns;
    camera.read(&mut viewer, |all| parts(all) >= 20);
    // All others are served between two pictures at most.
    let between = flood
        .len()
        .div_ceil(super::WRITES / super::WRITES_OF_CLIENT);
    let turns = camera.turns - before;
    assert!(turns <= 20 * between, "{turns} turns");
}

#[test]
fn a_client_that_vanishes_gives_its_place_back() {
    let mut camera = Camera::new();
    let token = camera.token.to_string();
    let mut client = camera.client(&format!(
        "GET /stream?token={token} HTTP/1.1\r\nHost: box\r\n\r\n"
    ));
    let (_, ended) = camera.read(&mut client, |all| parts(all) >= 1);
    assert!(!ended);
    drop(client);
    let last = Instant::now() + Duration::from_secs(10);
    while camera.net.door().unwrap().0.viewers(SourceId(0)) > 0 {
        assert!(Instant::now() < last);
        camera.turn();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn packets_to_clients_are_marked_as_media_unless_told_otherwise() {
    for (listen, marks_packets) in [
        ("127.0.0.1:0", true),
        ("127.0.0.1:0", false),
        ("[::1]:0", true),
    ] {
        let poll = mio::Poll::new().unwrap();
        let config = HttpConfig::new(
            vec![listen.parse().unwrap()],
            Config::new(vec!["box".into()], Access::Open { names: Vec::new() }, 1),
        );
        let listener = std::iter::once(mio::Token(1));
        let mut http = Http::bind(config, marks_packets, poll.registry(), listener).unwrap();
        let server = std::net::TcpListener::bind(listen).unwrap();
        let _client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let (stream, address) = server.accept().unwrap();
        let stream = mio::net::TcpStream::from_std(stream);
        http.add(2, stream, address, poll.registry()).unwrap();
        let client = &http.0.as_ref().unwrap().clients[&2];
        let socket = socket2::SockRef::from(&client.stream);
        let class = match address.is_ipv6() {
            true => socket.tclass_v6(),
            false => socket.tos_v4(),
        };
        let af41 = 34 << 2;
        assert_eq!(class.unwrap() == af41, marks_packets, "{listen}");
    }
}

#[test]
fn a_wait_goes_on_while_clients_only_ask_and_ends_when_one_looks() {
    let mut camera = Camera::new();
    let mut asker = camera.client("GET / HTTP/1.1\r\nHost: box\r\n\r\n");
    let until = Instant::now() + Duration::from_millis(100);
    camera.net.wait(Some(until)).unwrap();
    assert!(Instant::now() >= until);
    let mut answer = [0; 12];
    asker.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let token = camera.token.to_string();
    let _viewer = camera.client(&format!(
        "GET /stream?token={token} HTTP/1.1\r\nHost: box\r\n\r\n"
    ));
    let until = Instant::now() + Duration::from_secs(60);
    camera.net.wait(Some(until)).unwrap();
    assert!(Instant::now() < until);
    let (door, _) = camera.net.door().unwrap();
    assert_eq!(door.viewers(SourceId(0)), 1);
}
