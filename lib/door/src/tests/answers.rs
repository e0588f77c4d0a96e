//! What each path answers, to whom.

use super::*;

fn with_head(rig: &mut Rig, client: usize, head: &str) -> String {
    rig.connect(client);
    rig.send(client, head.replace('\n', "\r\n").as_bytes())
}

#[test]
fn a_stranger_learns_only_that_a_door_is_there() {
    let mut rig = Rig::of(&["hall", "yard"], passes(&[1]));
    let mut ask = |path: &str| with_head(&mut rig, 1, &format!("GET {path} HTTP/1.1\nHost: a\n\n"));
    let refused = ask("/hall/stream");
    assert_eq!(status(&refused), "401");
    assert!(refused.contains("\r\nWWW-Authenticate: Basic realm=\"transom\"\r\n"));
    assert!(refused.contains("\r\nAccess-Control-Allow-Origin: *\r\n"));
    for path in [
        "/hall",
        "/attic",
        "/attic/stream",
        "/state",
        "/hall/state",
        "/metrics",
        "/hall/?action=stream",
    ] {
        assert_eq!(ask(path), refused, "{path}");
    }
    let page = ask("/");
    assert_eq!(status(&page), "200");
    assert_eq!(ask("/hall/"), page);
    assert_eq!(ask("/attic/"), page);
    assert_eq!(rig.door.viewers(CAMERA), 0);
}

#[test]
fn a_pass_is_taken_from_each_place_and_its_use_is_noted() {
    let mut rig = Rig::new();
    let token = token(1);
    for (path, header) in [
        (format!("/state?token={token}"), String::new()),
        ("/state".into(), format!("Authorization: Bearer {token}\n")),
        // The user x.
        (
            "/state".into(),
            "Authorization: Basic eDphZWFxY2FpYmFlYXFjYWliYWVhcWNhaWJhZWFxY2FpYg==\n".into(),
        ),
        (
            "/state?token=old".into(),
            format!("Authorization: Bearer {token}\n"),
        ),
    ] {
        let answer = with_head(
            &mut rig,
            1,
            &format!("GET {path} HTTP/1.1\nHost: a\n{header}\n"),
        );
        assert_eq!(status(&answer), "200", "{path} {header}");
    }
    let used = rig
        .door
        .passes()
        .unwrap()
        .iter()
        .next()
        .unwrap()
        .last_used();
    assert_eq!(used, Some(seconds(1_795_800_836)));
    let wrong = with_head(&mut rig, 1, "GET /state?token=wrong HTTP/1.1\nHost: a\n\n");
    assert_eq!(status(&wrong), "401");
}

#[test]
fn options_allow_a_fetch_with_bearer() {
    let mut rig = Rig::new();
    let answer = with_head(
        &mut rig,
        1,
        "OPTIONS /next HTTP/1.1\nHost: a\nOrigin: b\n\n",
    );
    assert_eq!(status(&answer), "204");
    for header in [
        "Access-Control-Allow-Methods: GET, HEAD",
        "Access-Control-Allow-Headers: Authorization",
        "Access-Control-Max-Age: 600",
    ] {
        assert!(answer.contains(&format!("\r\n{header}\r\n")), "{answer}");
    }
    let star = with_head(&mut rig, 1, "OPTIONS * HTTP/1.1\nHost: a\n\n");
    assert_eq!(status(&star), "204");
}

#[test]
fn other_methods_bodies_and_paths_are_refused() {
    let mut rig = Rig::new();
    let token = token(1);
    let post = with_head(&mut rig, 1, "POST /stream HTTP/1.1\nHost: a\n\n");
    assert_eq!(status(&post), "405");
    assert!(post.contains("\r\nAllow: GET, HEAD, OPTIONS\r\n"));
    assert_eq!(rig.fate(1), Fate::Open);
    let body = with_head(
        &mut rig,
        2,
        "POST / HTTP/1.1\nHost: a\nContent-Length: 3\n\nabc",
    );
    assert_eq!((status(&body), rig.fate(2)), ("413", Fate::Finishing));
    let path = format!("GET /favicon.ico?token={token} HTTP/1.1\nHost: a\n\n");
    assert_eq!(status(&with_head(&mut rig, 3, &path)), "404");
}

#[test]
fn head_is_answered_without_a_body_and_opens_no_camera() {
    let mut rig = Rig::new();
    let token = token(1);
    for path in ["/stream", "/snapshot", "/next", "/state", "/"] {
        let head = format!("HEAD {path}?token={token} HTTP/1.1\nHost: a\n\n");
        let answer = with_head(&mut rig, 1, &head);
        assert_eq!((status(&answer), split(&answer).1), ("200", ""), "{path}");
        assert_eq!(rig.door.viewers(CAMERA), 0, "{path}");
    }
}

#[test]
fn a_snapshot_is_never_old() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    rig.show();
    rig.pass(Duration::from_millis(20));
    assert_eq!(
        rig.get(2, "/snapshot"),
        "",
        "the picture is from before the question"
    );
    rig.pass(Duration::from_millis(20));
    let picture = rig.show();
    let answer = rig.take_bytes(2);
    assert!(answer.ends_with(&picture) && answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    let answer: String = answer.into_iter().map(char::from).collect();
    assert!(answer.contains("\r\nContent-Type: image/jpeg\r\nContent-Length: 22\r\n"));
    assert!(answer.contains("\r\nX-Sequence: 2\r\n"));
}

#[test]
fn a_picture_that_was_on_its_way_when_the_question_came_is_no_snapshot() {
    let mut rig = Rig::new();
    let before = rig.now.instant;
    rig.pass(Duration::from_millis(50));
    assert_eq!(rig.get(1, "/?action=snapshot"), "");
    let picture = Picture {
        jpeg: &Arc::new(jpeg(9)),
        size: (1, 1),
        orientation: 1,
        captured: before,
    };
    rig.door.show(CAMERA, picture, rig.now);
    rig.pump();
    assert_eq!(rig.take(1), "");
}

#[test]
fn without_a_picture_a_snapshot_says_why_after_four_seconds() {
    let mut rig = Rig::new();
    assert_eq!(rig.get(1, "/snapshot"), "");
    assert_eq!(rig.door.viewers(CAMERA), 1, "a cold camera is opened");
    rig.set_state(SourceState::Lost, "unplugged");
    rig.pass(Duration::from_millis(3_990));
    assert_eq!(rig.take(1), "");
    rig.pass(Duration::from_millis(20));
    let answer = rig.take(1);
    assert_eq!(status(&answer), "503");
    assert!(answer.contains("\r\nRetry-After: 2\r\n"));
    assert!(answer.ends_with("no picture: the camera is lost: unplugged\n"));
    assert_eq!(rig.fate(1), Fate::Open);
}

#[test]
fn next_is_the_first_picture_after_a_number_and_keeps_the_connection() {
    let mut rig = Rig::new();
    assert_eq!(rig.get(1, "/next?after=0"), "");
    for sequence in 1..4 {
        rig.show();
        let answer = rig.take(1);
        assert!(
            answer.contains(&format!("\r\nX-Sequence: {sequence}\r\n")),
            "{answer}"
        );
        assert!(!answer.contains("Connection: close"));
        rig.pass(Duration::from_millis(30));
        let ask = format!(
            "GET /next?after={sequence}&state=live&token={} HTTP/1.1\r\nHost: a\r\n\r\n",
            token(1)
        );
        assert_eq!(rig.send(1, ask.as_bytes()), "");
    }
}

#[test]
fn a_number_of_an_earlier_run_is_answered_by_the_newest() {
    let mut rig = Rig::new();
    rig.get(2, "/stream");
    rig.show();
    let answer = rig.get(1, "/next?after=5000");
    assert!(answer.contains("\r\nX-Sequence: 1\r\n"), "{answer}");
}

#[test]
fn next_tells_of_another_state_at_once_and_of_the_same_after_ten_seconds() {
    let mut rig = Rig::new();
    assert_eq!(rig.get(1, "/next?after=0&state=starting"), "");
    rig.set_state(SourceState::Lost, "unplugged\r\nX-Evil: 1 é");
    let answer = rig.take(1);
    assert_eq!((status(&answer), split(&answer).1), ("204", ""));
    assert!(answer.contains("\r\nX-State: lost\r\n"));
    assert!(answer.contains("\r\nX-Words: unplugged%0D%0AX-Evil%3A%201%20%C3%A9\r\n"));
    assert_eq!(rig.get(1, "/next?after=0&state=lost"), "");
    rig.pass(Duration::from_millis(9_900));
    assert_eq!(rig.take(1), "");
    rig.pass(Duration::from_millis(200));
    assert_eq!(status(&rig.take(1)), "204");
}

#[test]
fn the_state_has_ustreamer_s_names_and_ours() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    for _ in 0..40 {
        rig.show();
        rig.pass(Duration::from_millis(100));
    }
    let answer = rig.get(2, "/state");
    let (head, body) = split(&answer);
    assert!(head.contains("\r\nContent-Type: application/json\r\n"));
    assert_eq!(
        body,
        concat!(
            r#"{"ok":true,"result":{"source":{"resolution":{"width":640,"height":480},"#,
            r#""online":true,"captured_fps":10},"stream":{"clients":1},"#,
            r#""camera":{"name":"hall","state":"live","words":""},"#,
            r#""viewers":{"now":1,"most":4},"dropped":{"slow_client":0},"sound":false}}"#
        )
    );
}

#[test]
fn several_cameras_are_listed_to_a_pass() {
    let mut rig = Rig::of(&["hall", "Zoë"], passes(&[1]));
    let answer = rig.get(1, "/state");
    assert!(answer.ends_with(concat!(
        r#"{"ok":true,"result":{"cameras":["#,
        r#"{"name":"hall","state":"starting","words":""},"#,
        "{\"name\":\"Zo\u{c3}\u{ab}\",\"state\":\"starting\",\"words\":\"\"}]}}",
    )));
    let moved = rig.get(1, "/Zo%c3%ab");
    assert_eq!(status(&moved), "308");
    assert!(moved.contains("\r\nLocation: Zo%C3%AB/\r\n"));
    assert_eq!(status(&rig.get(1, "/stream")), "404");
    assert_eq!(rig.get(1, "/Zo%c3%ab/next"), "");
    assert_eq!(
        (rig.door.viewers(CAMERA), rig.door.viewers(SourceId(1))),
        (0, 1)
    );
}

#[test]
fn the_page_has_its_policy() {
    let mut rig = Rig::new();
    let answer = with_head(&mut rig, 1, "GET /?1700000000 HTTP/1.1\nHost: a\n\n");
    let (head, body) = split(&answer);
    assert!(
        head.contains("\r\nContent-Security-Policy: default-src 'none'; img-src blob: data:; ")
    );
    assert!(head.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"));
    let length = format!("\r\nContent-Length: {}\r\n", body.chars().count());
    assert!(head.contains(&length) && body.ends_with("</html>\n"));
}

#[test]
fn a_rate_that_is_no_number_is_refused_in_words() {
    let mut rig = Rig::new();
    for fps in ["foo", "", "2.5", "-1", "99999999999", "%35x"] {
        let answer = rig.get(1, &format!("/stream?fps={fps}"));
        assert_eq!(status(&answer), "400", "{fps}");
        let words = "fps takes a whole number of pictures a second, such as fps=5\n";
        assert_eq!(split(&answer).1, words, "{fps}");
        assert_eq!((rig.fate(1), rig.door.viewers(CAMERA)), (Fate::Open, 0));
    }
    for fps in ["5", "%35", "0", "4294967295"] {
        let answer = rig.get(1, &format!("/?action=stream&fps={fps}"));
        assert_eq!(status(&answer), "200", "{fps}");
    }
    // Keys without a value are no parameters.
    assert_eq!(status(&rig.get(1, "/stream?fps")), "200");
}
