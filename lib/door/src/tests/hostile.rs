//! Clients that mean harm, and those that know no better.

use super::*;

#[test]
fn a_head_cut_at_any_byte_gets_the_same_answer() {
    let token = token(1);
    for target in [
        "/state",
        "/favicon.ico",
        "/stream",
        "/next?x",
        "/",
        "/ HTTP/9.9\r\nX: ",
    ] {
        let sign = if target.contains('?') { '&' } else { '?' };
        let head = format!("\r\nGET {target}{sign}token={token} HTTP/1.1\r\nHost: a\r\n\r\n");
        let answer = |cuts: &[usize]| {
            let mut rig = Rig::new();
            rig.connect(1);
            let (mut from, mut out) = (0, String::new());
            for cut in cuts.iter().copied().chain([head.len()]) {
                out += &rig.send(1, &head.as_bytes()[from..cut]);
                from = cut;
            }
            rig.show();
            out + &rig.take(1)
        };
        let whole = answer(&[]);
        assert!(!whole.is_empty());
        for cut in 1..head.len() {
            assert_eq!(answer(&[cut]), whole, "{target} at {cut}");
        }
        let every: Vec<usize> = (1..head.len()).collect();
        assert_eq!(answer(&every), whole);
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let mut rig = Rig::new();
    rig.connect(1);
    let get = |path: &str| format!("GET {path}token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(1));
    let asked = [
        get("/state?"),
        get("/next?after=0&"),
        get("/x?"),
        get("/stream?"),
        get("/state?"),
    ];
    let first = rig.send(1, asked.concat().as_bytes());
    assert!(first.ends_with('}') && first.matches("HTTP/1.1 ").count() == 1);
    rig.show();
    let rest = rig.take(1);
    let answers: Vec<&str> = rest.split("HTTP/1.1 ").skip(1).collect();
    assert_eq!(answers.len(), 3, "nothing comes behind a stream");
    assert!(answers[0].starts_with("200") && answers[0].contains("X-Sequence: 1"));
    assert!(answers[1].starts_with("404"));
    assert!(answers[2].starts_with("200") && answers[2].contains("multipart"));
}

#[test]
fn a_flood_of_requests_waits_in_the_client() {
    let mut rig = Rig::new();
    rig.connect(1);
    rig.stuck.insert(1);
    let request = format!("GET /?token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(1));
    let flood = request.repeat(10_000);
    let id = ConnectionId(1);
    let taken = rig.receive(1, flood.as_bytes());
    assert_eq!(taken, crate::limits::MAX_HEAD_BYTES);
    assert!(!rig.door.wants_bytes(id));
    assert_eq!(rig.receive(1, b"more"), 0);
    rig.stuck.clear();
    rig.pump();
    assert!(rig.door.wants_bytes(id));
    let whole = taken / request.len();
    assert_eq!(rig.take(1).matches("HTTP/1.1 200 OK").count(), whole);
}

#[test]
fn a_flood_of_strangers_is_answered_up_to_a_limit_that_passes_of_its_address_do_not_have() {
    let burst = crate::limits::STRANGER_BURST as usize;
    let proxy = Some(IpAddr::from([192, 168, 0, 7]));
    for request in [
        "GET /",
        "HEAD /",
        "GET /state?token=x",
        "OPTIONS /x",
        "PUT /",
    ] {
        let mut rig = Rig::new();
        let flood = format!("{request} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(200);
        let mut answers = String::new();
        for client in 1..9 {
            rig.connect_from(client, proxy).unwrap();
            answers += &rig.send(client, flood.as_bytes());
            assert_eq!(rig.fate(client), Fate::Finishing);
        }
        let all = answers.matches("HTTP/1.1 ").count();
        let refused = answers.matches("HTTP/1.1 429 Too Many Requests\r\n");
        // One for each connection, which it is the end of.
        assert_eq!((all, refused.count()), (burst + 8, 8), "{request}");
        for path in ["/stream", "/state", "/"] {
            assert_eq!(status(&rig.get_from(10, proxy, path)), "200");
        }
        let other = Some(IpAddr::from([192, 168, 0, 8]));
        rig.connect_from(11, other).unwrap();
        let page = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(status(&rig.send(11, page)), "200");
        rig.connect_from(12, proxy).unwrap();
        rig.pass(crate::limits::STRANGER_INTERVAL);
        assert_eq!(status(&rig.send(12, page)), "200");
    }
}

#[test]
fn a_refused_head_is_the_last() {
    let get = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (head, code) in [
        (format!("{get}Content-Length: 30\r\n\r\n"), "413"),
        (
            format!("{get}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "413",
        ),
        (
            format!("{get}Content-Length: 0\r\nContent-Length: 30\r\n\r\n"),
            "400",
        ),
        (format!("{get}Transfer-Encoding : chunked\r\n\r\n"), "400"),
        (format!("{get}Host: b\r\n\r\n"), "400"),
        (format!("{get}{}\r\n", "X: y\r\n".repeat(100)), "431"),
        (format!("{get}X: {}\r\n\r\n", "y".repeat(9_000)), "431"),
        ("GET / HTTP/2.0\r\n\r\n".into(), "505"),
        ("\x16\x03\x01\x00\r\n".into(), "400"),
    ] {
        let mut rig = Rig::new();
        rig.connect(1);
        let smuggled = format!(
            "{head}GET /state?token={} HTTP/1.1\r\nHost: a\r\n\r\n",
            token(1)
        );
        let answer = rig.send(1, smuggled.as_bytes());
        assert_eq!(status(&answer), code, "{head}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{head}");
        assert!(answer.contains("\r\nConnection: close\r\n"), "{head}");
        assert_eq!(rig.fate(1), Fate::Finishing);
        // More of it is dropped for a second.
        assert_eq!(rig.send(1, &[b'x'; 20_000]), "");
        rig.pass(Duration::from_millis(1_100));
        assert_eq!(rig.fate(1), Fate::Gone);
    }
}

#[test]
fn a_slow_head_ends_after_ten_seconds() {
    let mut rig = Rig::new();
    rig.connect(1);
    rig.connect(2);
    for byte in "GET / HTTP/1.1\r\n"
        .bytes()
        .chain(std::iter::repeat(b'a'))
        .take(99)
    {
        rig.send(1, &[byte]);
        rig.pass(Duration::from_millis(100));
    }
    assert_eq!([1, 2].map(|client| rig.fate(client)), [Fate::Open; 2]);
    rig.pass(Duration::from_millis(200));
    assert_eq!(status(&rig.take(1)), "408");
    assert_eq!(
        [1, 2].map(|client| rig.fate(client)),
        [Fate::Finishing, Fate::Gone]
    );
}

#[test]
fn an_idle_connection_ends_and_empty_lines_do_not_keep_it() {
    let mut rig = Rig::new();
    (1..3).for_each(|client| assert_eq!(status(&rig.get(client, "/state")), "200"));
    for _ in 0..29 {
        rig.pass(seconds(1));
        rig.send(2, b"\r\n");
    }
    assert_eq!(rig.fate(1), Fate::Open);
    rig.pass(seconds(1));
    assert_eq!([1, 2].map(|client| rig.fate(client)), [Fate::Gone; 2]);
}

#[test]
fn an_address_has_its_share_of_connections_and_loopback_has_none() {
    let mut rig = Rig::new();
    rig.door.set_max_viewers(100);
    let far = Some(IpAddr::from([192, 168, 0, 7]));
    let mapped = Some("::ffff:192.168.0.7".parse().unwrap());
    (0..16).for_each(|client| assert_eq!(status(&rig.get_from(client, far, "/stream")), "200"));
    assert_eq!(rig.connect_from(16, far), Err(Full::OfAddress));
    assert_eq!(rig.connect_from(16, mapped), Err(Full::OfAddress));
    let near = Some(IpAddr::from([127, 0, 0, 1]));
    (16..48).for_each(|client| rig.connect_from(client, near).unwrap());
    rig.close(3);
    rig.connect_from(3, far).unwrap();
}

/// Behind a proxy or a router all have its address.
#[test]
fn strangers_do_not_use_up_the_share_of_their_address() {
    let mut rig = Rig::new();
    let proxy = Some(IpAddr::from([192, 168, 0, 7]));
    rig.get_from(0, proxy, "/stream");
    for client in 1..100 {
        rig.connect_from(client, proxy).unwrap();
        rig.send(client, b"GET / HTTP/1.1\r\n");
    }
    assert_eq!(status(&rig.get_from(100, proxy, "/stream")), "200");
    let open = (0..=100).filter(|client| rig.fate(*client) == Fate::Open);
    let open: Vec<_> = open.collect();
    assert_eq!(open.len(), crate::limits::MAX_CONNECTIONS_PER_ADDRESS);
    assert_eq!((open[0], open[1]), (0, 86));
}

#[test]
fn a_flood_of_connections_takes_no_place_of_those_with_a_pass() {
    let mut rig = Rig::new();
    rig.get(0, "/stream");
    rig.get(1, "/state");
    for client in 2..10_000_usize {
        let [.., high, low] = client.to_be_bytes();
        let far = IpAddr::from([10, 0, high, low]);
        rig.connect_from(client, Some(far)).unwrap();
    }
    assert_eq!([0, 1].map(|client| rig.fate(client)), [Fate::Open; 2]);
    let open = (0..10_000).filter(|client| rig.fate(*client) == Fate::Open);
    assert_eq!(open.count(), crate::limits::MAX_CONNECTIONS);
    assert_eq!(status(&rig.get(0, "/state")), "200");
}

#[test]
fn strangers_that_take_their_answer_slowly_give_way() {
    let mut rig = Rig::new();
    rig.get(100, "/stream");
    for client in 0..63 {
        let far = IpAddr::from([10, 0, 0, client as u8]);
        rig.connect_from(client, Some(far)).unwrap();
        rig.stuck.insert(client);
        rig.send(client, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let id = ConnectionId(client);
        assert_ne!(rig.door.poll_transmit(id, rig.now), [b""; 4]);
        rig.door.transmitted(id, 1, rig.now);
    }
    assert_eq!(status(&rig.get(101, "/stream")), "200");
    assert_eq!(
        [0, 1, 100].map(|client| rig.fate(client)),
        [Fate::Gone, Fate::Open, Fate::Open]
    );
}

#[test]
fn a_door_full_of_viewers_takes_no_more() {
    let mut rig = Rig::of(&["hall"], Access::Open { names: Vec::new() });
    rig.door.set_max_viewers(100);
    (0..64).for_each(|client| assert_eq!(status(&rig.get(client, "/stream")), "421"));
    let head = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for client in 0..64 {
        rig.connect(client);
        assert_eq!(status(&rig.send(client, head)), "200");
    }
    assert_eq!(rig.connect_from(64, None), Err(Full::Connections));
}

/// Seen in Firefox 153: without the policy the script of such a part runs and has the token.
#[test]
fn parts_that_a_hostile_camera_makes_up_run_no_scripts() {
    let mut rig = Rig::new();
    for path in ["/stream", "/stream?advance_headers=1", "/?action=stream"] {
        let answer = rig.get(1, path);
        let policy = "\r\nContent-Security-Policy: default-src 'none'; sandbox\r\n";
        assert!(split(&answer).0.contains(policy), "{path}");
        let html = b"\xff\xd8\r\n--transomframe\r\nContent-Type: text/html\r\n\r\n<script>";
        rig.show_jpeg(html);
        assert!(rig.take(1).contains("<script>"), "{path}");
    }
}

#[test]
fn long_words_of_another_machine_are_cut() {
    let mut rig = Rig::new();
    rig.get(1, "/next?state=starting");
    rig.set_state(SourceState::Away, &"\u{1f4f7}".repeat(10_000));
    assert!(
        rig.take(1)
            .contains(&format!("\r\nX-Words: {}\r\n", "%F0%9F%93%B7".repeat(200)))
    );
}

#[test]
fn an_open_door_answers_to_its_own_names_only() {
    let names = vec!["hall".into(), "hall.local".into()];
    let mut rig = Rig::of(&["hall"], Access::Open { names });
    let mut ask = |host: &str| {
        rig.connect(1);
        let head = format!("GET /state HTTP/1.1\r\nHost: {host}\r\nOrigin: http://a\r\n\r\n");
        rig.send(1, head.as_bytes())
    };
    for host in ["127.0.0.1:8080", "hall.local:8080", "localhost"] {
        let answer = ask(host);
        assert_eq!(status(&answer), "200", "{host}");
        assert!(!answer.contains("Access-Control-"));
        assert!(answer.contains("\r\nCross-Origin-Resource-Policy: same-site\r\n"));
    }
    for host in ["evil.example:8080", "", "127.0.0.1.evil.example"] {
        assert_eq!(status(&ask(host)), "421", "{host}");
    }
}

/// No browser shows it what it asks for, but the camera's light would go on, and the places of
/// viewers would be taken.
#[test]
fn an_open_door_gives_pages_of_other_sites_nothing() {
    let names = vec!["hall".into()];
    let mut rig = Rig::of(&["hall"], Access::Open { names });
    let mut ask = |path: &str, site: &str| {
        rig.connect(1);
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nsec-fetch-site: {site}\r\n\r\n");
        let answer = rig.send(1, head.as_bytes());
        let viewers = rig.door.viewers(CAMERA);
        (status(&answer).to_owned(), viewers)
    };
    for path in ["/stream", "/state", "/x", "/?action=stream"] {
        assert_eq!(ask(path, "cross-site"), ("403".into(), 0), "{path}");
    }
    // A link of another site leads to the page.
    assert_eq!(ask("/", "cross-site"), ("200".into(), 0));
    for site in ["same-origin", "same-site", "none"] {
        assert_eq!(ask("/stream", site), ("200".into(), 1), "{site}");
    }
}

/// The answers for a camera that is there and for one that isn't are the same bytes.
#[test]
fn a_stranger_cannot_tell_which_cameras_there_are() {
    let doors = || {
        [
            Rig::of(&["hall"], passes(&[1])),
            Rig::of(&["hall", "yard"], passes(&[1])),
        ]
    };
    let ask = |rig: &mut Rig, target: &str| {
        rig.connect(1);
        let head = format!("{target} HTTP/1.1\r\nHost: a\r\n\r\n");
        rig.send(1, head.as_bytes())
    };
    for method in ["GET", "HEAD", "OPTIONS", "PUT"] {
        let mut doors = doors();
        for rest in [
            "",
            "/",
            "//",
            "?x",
            "/?x",
            "/?action=stream",
            "/?action=snapshot",
            "/?action=x",
            "/?action=",
            "/?token=x",
            "/stream",
            "/snapshot",
            "/next",
            "/state",
            "/x",
        ] {
            for door in &mut doors {
                let [there, missing] =
                    ["hall", "hell"].map(|name| ask(door, &format!("{method} /{name}{rest}")));
                assert_eq!(there, missing, "{method} {rest}");
            }
        }
    }
}

#[test]
fn pages_of_other_sites_may_look_with_a_pass_of_their_own() {
    let bearer = format!("Bearer {}", token(1));
    // `x:` and the token of the pass.
    let basic = "Basic eDphZWFxY2FpYmFlYXFjYWliYWVhcWNhaWJhZWFxY2FpYg==";
    let ask = |query: &str, authorization: &str, site: &str| {
        let mut rig = Rig::new();
        rig.connect(1);
        let head = format!(
            "GET /stream{query} HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\n\
             Sec-Fetch-Site: {site}\r\n\r\n"
        );
        status(&rig.send(1, head.as_bytes())).to_owned()
    };
    assert_eq!(
        ask(&format!("?token={}", token(1)), "", "cross-site"),
        "200"
    );
    assert_eq!(ask("", &bearer, "cross-site"), "200");
    assert_eq!(ask("", basic, "same-origin"), "200");
    assert_eq!(ask("", basic, "cross-site"), "401");
}

#[test]
fn an_upload_behind_a_request_ends_the_connection() {
    for path in ["/stream", "/state"] {
        let mut rig = Rig::new();
        rig.get(1, path);
        if path == "/state" {
            rig.send(
                1,
                b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n",
            );
        }
        let most = crate::limits::MAX_DROPPED_BYTES;
        rig.send(1, &vec![b'x'; most]);
        assert_ne!(rig.fate(1), Fate::Gone, "{path}");
        rig.send(1, b"x");
        assert_eq!(rig.fate(1), Fate::Gone, "{path}");
    }
}

#[test]
fn a_removed_pass_ends_a_picture_that_is_taken_slowly() {
    let mut rig = Rig::new();
    rig.get(1, "/snapshot");
    rig.stuck.insert(1);
    rig.show();
    let id = ConnectionId(1);
    assert_ne!(rig.door.poll_transmit(id, rig.now), [b""; 4]);
    rig.door.transmitted(id, 1, rig.now);
    rig.door.set_access(passes(&[1, 2]));
    assert_eq!(rig.fate(1), Fate::Open);
    rig.door.set_access(passes(&[2]));
    assert_eq!(rig.fate(1), Fate::Gone);
}

#[test]
fn connections_that_have_ended_make_no_room_twice() {
    let mut rig = Rig::new();
    (0..64).for_each(|client| rig.connect(client));
    rig.pass(seconds(10));
    (64..192).for_each(|client| rig.connect(client));
    let open = (0..192).filter(|client| rig.fate(*client) == Fate::Open);
    assert_eq!(open.count(), crate::limits::MAX_CONNECTIONS);
}

#[test]
fn a_door_with_passes_answers_to_any_name() {
    let mut rig = Rig::new();
    rig.connect(1);
    let head = format!(
        "GET /state?token={} HTTP/1.1\r\nHost: cam.example\r\n\r\n",
        token(1)
    );
    assert_eq!(status(&rig.send(1, head.as_bytes())), "200");
}

#[test]
fn bytes_for_a_connection_that_is_no_more_are_dropped() {
    let mut rig = Rig::new();
    let id = ConnectionId(7);
    assert_eq!(rig.door.handle_bytes(id, b"GET", rig.now), 3);
    assert_eq!(rig.door.poll_transmit(id, rig.now), [b""; 4]);
    rig.door.transmitted(id, 5, rig.now);
    rig.door.handle_end(id);
    rig.door.remove(id);
    assert_eq!(rig.fate(7), Fate::Gone);
    assert!(!rig.door.wants_bytes(id));
    rig.door.show(
        SourceId(9),
        Picture {
            jpeg: &Arc::default(),
            size: (1, 1),
            orientation: 1,
            captured: rig.now.instant,
        },
        rig.now,
    );
}
