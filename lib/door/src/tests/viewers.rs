//! Streams over time: rates, repeats, lost cameras, slow clients, limits and passes that end.

use super::*;

/// The numbers of the pictures in a stream's bytes.
fn numbers(bytes: &str) -> Vec<u32> {
    let parts = bytes.split("scan").skip(1);
    parts
        .map(|part| part.chars().next().unwrap().into())
        .collect()
}

/// A state's words as a picture, one character a byte.
fn words(state: SourceState) -> String {
    let picture = crate::words::picture(state).iter();
    picture.copied().map(char::from).collect()
}

#[test]
fn the_last_picture_comes_again_each_second() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    rig.show();
    assert_eq!(numbers(&rig.take(1)), [1]);
    rig.pass(Duration::from_millis(3_500));
    assert_eq!(numbers(&rig.take(1)), [1, 1, 1]);
    rig.show();
    assert_eq!(numbers(&rig.take(1)), [2]);
}

#[test]
fn a_lost_camera_is_said_in_a_picture_and_the_stream_goes_on() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    rig.show();
    rig.take(1);
    rig.set_state(SourceState::Lost, "unplugged");
    let words = words(SourceState::Lost);
    assert_eq!(rig.take(1).matches(&words).count(), 1);
    rig.pass(Duration::from_millis(2_500));
    let repeated = rig.take(1);
    assert_eq!(
        (repeated.matches(&words).count(), numbers(&repeated)),
        (2, vec![])
    );
    rig.show();
    assert_eq!(numbers(&rig.take(1)), [2]);
    assert_eq!(rig.fate(1), Fate::Open);
}

#[test]
fn a_cold_camera_is_said_to_start_after_a_second() {
    let mut rig = Rig::new();
    assert_eq!(status(&rig.get(1, "/stream")), "200");
    assert_eq!(rig.door.viewers(CAMERA), 1);
    rig.pass(Duration::from_millis(1_100));
    let words = words(SourceState::Starting);
    assert!(rig.take(1).contains(&words));
}

/// A camera that hangs while it is opened again looked alive.
#[test]
fn the_last_picture_does_not_come_again_while_the_camera_starts_anew() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    rig.show();
    assert_eq!(numbers(&rig.take(1)), [1]);
    rig.set_state(SourceState::Starting, "");
    rig.pass(Duration::from_millis(900));
    assert_eq!(rig.take(1), "", "a short pause is not told");
    rig.pass(Duration::from_millis(1_600));
    let words = words(SourceState::Starting);
    let seen = rig.take(1);
    assert_eq!((seen.matches(&words).count(), numbers(&seen)), (2, vec![]));
    rig.show();
    assert_eq!(numbers(&rig.take(1)), [2]);
}

#[test]
fn a_picture_from_before_the_camera_was_closed_is_not_shown() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    rig.show();
    rig.close(1);
    rig.pass(seconds(60));
    assert_eq!(numbers(&rig.get(2, "/stream")), []);
    assert_eq!(rig.get(3, "/next?after=0"), "");
}

#[test]
fn a_client_that_was_slow_gets_the_newest_picture_and_not_its_last() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    rig.show();
    rig.take(1);
    rig.stuck.insert(1);
    rig.show();
    rig.pass(seconds(2));
    rig.stuck.clear();
    rig.pump();
    assert_eq!(numbers(&rig.take(1)), [2]);
}

#[test]
fn a_client_that_comes_while_the_camera_stands_still_gets_no_old_picture() {
    let mut rig = Rig::new();
    rig.door.set_max_viewers(8);
    rig.get(1, "/stream");
    rig.show();
    rig.pass(Duration::from_millis(900));
    assert_eq!(numbers(&rig.get(2, "/stream")), [1]);
    rig.pass(Duration::from_millis(200));
    assert_eq!(numbers(&rig.get(3, "/stream")), []);
    assert_eq!(rig.get(4, "/next?after=0"), "");
}

#[test]
fn fps_is_kept_on_average_and_in_the_worst_second() {
    for (asked, most) in [
        (1, 1),
        (5, 5),
        (7, 7),
        (10, 10),
        (29, 29),
        (30, 30),
        (60, 30),
    ] {
        let mut rig = Rig::new();
        rig.get(1, &format!("/stream?fps={asked}"));
        let mut seen = Vec::new();
        for frame in 0_u64..100 {
            rig.show();
            // A camera of 30 pictures a second whose pictures come up to 4 ms late.
            rig.pass(Duration::from_micros(
                33_333 + frame * 7 % 5 * 1_000 - 2_000,
            ));
            seen.push(numbers(&rig.take(1)).len());
        }
        let total: usize = seen.iter().sum();
        let wanted = usize::min(asked, 30) * 10 / 3;
        assert!(total.abs_diff(wanted) <= 3, "{asked}: {total} of {wanted}");
        for second in seen.windows(29) {
            assert!(second.iter().sum::<usize>() <= most + 1, "{asked}");
        }
    }
}

#[test]
fn a_pause_of_the_camera_is_not_caught_up_with_by_more_than_fps() {
    let mut rig = Rig::new();
    rig.get(1, "/stream?fps=10");
    rig.show();
    rig.pass(seconds(3));
    rig.take(1);
    let mut seen = 0;
    for _ in 0..30 {
        rig.show();
        rig.pass(Duration::from_micros(33_333));
        seen += numbers(&rig.take(1)).len();
    }
    assert!((10..=11).contains(&seen), "{seen}");
}

#[test]
fn a_slow_client_loses_pictures_alone() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    rig.get(2, "/stream");
    let mut fast = Vec::new();
    let mut slow = Vec::new();
    for frame in 0..60 {
        match frame % 6 {
            0 => rig.stuck.remove(&2),
            _ => rig.stuck.insert(2),
        };
        rig.show();
        fast.extend(numbers(&rig.take(1)));
        slow.extend(numbers(&rig.take(2)));
        rig.pass(Duration::from_millis(33));
    }
    assert_eq!(fast, (1..=60).collect::<Vec<u32>>());
    assert_eq!(slow, (1..=60).step_by(6).collect::<Vec<u32>>());
    assert!(rig.get(3, "/state").contains("\"slow_client\":45"));
}

#[test]
fn a_client_that_takes_nothing_is_gone_after_ten_seconds() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    rig.stuck.insert(1);
    for _ in 0..99 {
        rig.show();
        rig.pass(Duration::from_millis(100));
    }
    assert_eq!(rig.fate(1), Fate::Open);
    rig.pass(Duration::from_millis(2_100));
    assert_eq!(rig.fate(1), Fate::Gone);
    rig.close(1);
    assert_eq!(rig.door.viewers(CAMERA), 0);
}

#[test]
fn a_question_that_is_answered_into_a_full_socket_ends_too() {
    let mut rig = Rig::new();
    rig.get(1, "/next");
    rig.stuck.insert(1);
    rig.pass(seconds(19));
    assert_eq!(rig.fate(1), Fate::Open);
    rig.pass(seconds(2));
    assert_eq!(rig.fate(1), Fate::Gone);
}

#[test]
fn over_the_limit_of_viewers_a_client_is_told_to_come_again() {
    let mut rig = Rig::of(
        &["hall"],
        Access::Open {
            names: vec!["box".into()],
        },
    );
    (1..=4).for_each(|client| assert!(!rig.get(client, "/stream").contains("503")));
    for path in ["/stream", "/snapshot", "/next"] {
        let answer = rig.get(5, path);
        assert_eq!(status(&answer), "503", "{path}");
        assert!(answer.contains("\r\nRetry-After: 5\r\n"));
    }
    assert_eq!(status(&rig.get(6, "/state")), "200");
    assert_eq!(rig.door.viewers(CAMERA), 4);
    rig.close(2);
    assert_eq!(status(&rig.get(5, "/stream")), "200");
    rig.door.set_max_viewers(0);
    assert_eq!(status(&rig.get(6, "/stream")), "503");
}

#[test]
fn one_pass_leaves_a_place_to_the_others() {
    let mut rig = Rig::of(&["hall"], passes(&[1, 2]));
    let get = |rig: &mut Rig, client, pass| {
        rig.connect(client);
        let token = token(pass);
        let head = format!("GET /stream?token={token} HTTP/1.1\r\nHost: box\r\n\r\n");
        rig.send(client, head.as_bytes())
    };
    for client in 1..=3 {
        assert_eq!(status(&get(&mut rig, client, 1)), "200");
    }
    let refused = get(&mut rig, 4, 1);
    assert_eq!(status(&refused), "503");
    assert!(refused.contains("this pass has as many viewers as one pass may have"));
    assert_eq!(status(&get(&mut rig, 5, 2)), "200");
    rig.close(5);
    rig.close(1);
    assert_eq!(status(&get(&mut rig, 4, 1)), "200");
    assert_eq!(status(&get(&mut rig, 6, 2)), "200");
    assert_eq!(rig.door.viewers(CAMERA), 4);
}

#[test]
fn the_share_of_a_pass_is_generous_and_never_nothing() {
    let shares = [0, 1, 2, 3, 4, 5, 8, 32].map(crate::limits::slots_of_pass);
    assert_eq!(shares, [1, 1, 1, 2, 3, 4, 6, 24]);
}

#[test]
fn a_page_keeps_its_place_between_two_pictures() {
    let mut rig = Rig::new();
    rig.get(1, "/next");
    rig.show();
    assert_eq!(status(&rig.take(1)), "200");
    rig.pass(Duration::from_millis(1_900));
    assert_eq!(rig.door.viewers(CAMERA), 1);
    rig.pass(Duration::from_millis(200));
    assert_eq!(rig.door.viewers(CAMERA), 0);
    assert_eq!(rig.fate(1), Fate::Open);
}

#[test]
fn questions_of_other_kinds_keep_no_place() {
    let mut rig = Rig::new();
    rig.get(1, "/next");
    rig.show();
    for _ in 0..3 {
        rig.pass(seconds(1));
        let state = format!("GET /state?token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(1));
        rig.send(1, state.as_bytes());
    }
    assert_eq!(rig.door.viewers(CAMERA), 0);
}

#[test]
fn a_pass_that_is_deleted_ends_what_it_sees() {
    let mut rig = Rig::of(&["hall"], passes(&[1, 2]));
    rig.get(1, "/stream");
    rig.get(2, "/next");
    rig.connect(3);
    let other = format!("GET /stream?token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(2));
    rig.send(3, other.as_bytes());
    rig.door.set_access(passes(&[2]));
    assert_eq!(
        [1, 2, 3].map(|client| rig.fate(client)),
        [Fate::Gone, Fate::Gone, Fate::Open]
    );
    assert_eq!(status(&rig.get(4, "/stream")), "401");
    let used = rig.door.passes().unwrap().iter().map(Pass::last_used);
    assert_eq!(used.collect::<Vec<_>>(), [Some(seconds(1_795_800_836))]);
}

#[test]
fn a_client_that_leaves_gives_its_place_back() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    rig.get(2, "/next");
    rig.end(1);
    rig.end(2);
    assert_eq!(
        [1, 2].map(|client| rig.fate(client)),
        [Fate::Gone, Fate::Gone]
    );
    rig.close(1);
    rig.close(2);
    assert_eq!(rig.door.viewers(CAMERA), 0);
}

#[test]
fn a_client_that_closes_its_side_behind_a_request_is_answered() {
    let mut rig = Rig::new();
    rig.connect(1);
    let head = format!("GET /state?token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(1));
    rig.receive(1, head.as_bytes());
    rig.end(1);
    rig.pump();
    assert_eq!(status(&rig.take(1)), "200");
    assert_ne!(rig.fate(1), Fate::Open);
}

#[test]
fn a_socket_that_is_full_after_an_answer_ends_the_connection() {
    let mut rig = Rig::new();
    rig.connect(1);
    rig.stuck.insert(1);
    let id = ConnectionId(1);
    rig.send(1, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let count = rig.door.poll_transmit(id, rig.now).concat().len();
    rig.door.transmitted(id, count, rig.now);
    rig.pass(Duration::from_millis(9_900));
    assert_eq!(rig.fate(1), Fate::Open);
    rig.pass(Duration::from_millis(200));
    assert_eq!(rig.fate(1), Fate::Gone);
}

#[test]
fn the_owner_reads_which_passes_look_and_what_their_clients_got() {
    let mut rig = Rig::of(&["hall"], passes(&[1, 2, 3]));
    let names = |rig: &Rig| rig.door.passes_that_look().collect::<Vec<_>>().join(" ");
    let counts = |rig: &Rig| {
        let PictureCounts {
            shown,
            sent,
            skipped,
        } = rig.door.pictures(CAMERA);
        (shown, sent, skipped)
    };
    assert_eq!(names(&rig), "");
    rig.connect(3);
    let head = format!(
        "GET /stream?token={} HTTP/1.1\r\nHost: box\r\n\r\n",
        token(3)
    );
    rig.send(3, head.as_bytes());
    rig.get(1, "/stream");
    rig.get(2, "/next?after=0");
    assert_eq!(names(&rig), "pass1 pass3");
    rig.show();
    rig.stuck.insert(1);
    rig.show();
    rig.show();
    rig.stuck.clear();
    rig.pump();
    // Client 2 asked once, client 1 missed one, client 3 none. Its repeats are no pictures.
    assert_eq!(counts(&rig), (3, 1 + 2 + 3, 1));
    rig.pass(seconds(2));
    assert_eq!(counts(&rig), (3, 1 + 2 + 3, 1));
    for client in 1..=3 {
        rig.close(client);
    }
    assert_eq!(names(&rig), "");
}

#[test]
fn what_concerns_all_connections_is_a_change_and_what_a_client_sends_is_none() {
    let mut rig = Rig::new();
    rig.show();
    assert!(!rig.take_dirty(), "a picture without a viewer");
    rig.get(1, "/stream");
    assert!(!rig.take_dirty(), "a request");
    rig.show();
    assert!(rig.take_dirty(), "a picture");
    assert!(!rig.take_dirty(), "told already");
    rig.set_state(SourceState::Lost, "");
    assert!(rig.take_dirty(), "a state");
    rig.pass(seconds(1));
    assert!(rig.take_dirty(), "the time");
    rig.door
        .set_access(Access::Passes(crate::Passes::default()));
    assert!(rig.take_dirty(), "passes");
    for client in 0..64 {
        rig.connect(client);
    }
    assert!(!rig.take_dirty());
    rig.connect(64);
    assert!(rig.take_dirty(), "one that ended for another");
}

#[test]
fn cameras_that_stay_keep_their_viewers_in_another_place_and_streams_of_the_others_end() {
    let mut rig = Rig::of(&["hall", "yard"], passes(&[1]));
    rig.door.set_max_viewers(8);
    rig.get(1, "/hall/stream");
    rig.get(2, "/yard/stream");
    rig.get(3, "/hall/next");
    rig.get(4, "/yard/snapshot");
    rig.door
        .set_sources(vec!["attic".into(), "yard".into(), "garden".into()]);
    let fates = [1, 2, 3, 4].map(|client| rig.fate(client));
    let (open, gone) = (Fate::Open, Fate::Gone);
    assert_eq!(fates, [gone, open, gone, open]);
    // A place that another camera had before.
    rig.door.set_sources(vec!["yard".into(), "hall".into()]);
    assert_eq!(rig.door.viewers(CAMERA), 2);
    assert_eq!(rig.door.viewers(SourceId(1)), 0);
    rig.close(1);
    rig.close(3);
    rig.show();
    assert_eq!(numbers(&rig.take(2)), [1]);
    assert_eq!(numbers(&rig.take(4)), [1]);
    rig.close(2);
    rig.pass(seconds(3));
    assert_eq!(rig.door.viewers(CAMERA), 0);
    // Those whose camera is gone gave the places of their pass back.
    for client in 5..=10 {
        rig.get(client, "/yard/stream");
    }
    assert_eq!(rig.door.viewers(CAMERA), 6);
}

#[test]
fn viewers_that_come_and_go_and_passes_in_use_are_news_and_questions_for_pictures_are_none() {
    let mut rig = Rig::new();
    rig.show();
    assert!(!rig.door.take_owner_event());
    rig.get(1, "/stream");
    assert!(rig.door.take_owner_event(), "a viewer");
    rig.get(2, "/state");
    assert!(
        !rig.door.take_owner_event(),
        "the pass was used in this second"
    );
    rig.show();
    assert!(!rig.door.take_owner_event(), "a picture");
    rig.pass(seconds(1));
    rig.get(2, "/state");
    assert!(rig.door.take_owner_event(), "a later use");
    rig.close(1);
    assert!(rig.door.take_owner_event(), "a viewer that left");
}

#[test]
fn a_client_turns_to_another_camera_though_all_slots_are_taken() {
    let mut rig = Rig::of(&["hall", "yard"], passes(&[1]));
    rig.get(1, "/hall/next");
    rig.show();
    (2..=3).for_each(|client| assert_eq!(status(&rig.get(client, "/hall/stream")), "200"));
    assert_eq!(status(&rig.get(4, "/hall/stream")), "503");
    rig.take(1);
    let ask = format!(
        "GET /yard/next?token={} HTTP/1.1\r\nHost: a\r\n\r\n",
        token(1)
    );
    assert_eq!(rig.send(1, ask.as_bytes()), "", "it waits");
    let viewers = [0, 1].map(|camera| rig.door.viewers(SourceId(camera)));
    assert_eq!(viewers, [2, 1]);
}

/// Each timeout of another client ended it, also in the middle of a picture.
#[test]
fn a_picture_may_take_long_whatever_other_clients_do() {
    let mut rig = Rig::new();
    rig.get(1, "/stream");
    rig.get(2, "/stream");
    rig.stuck.insert(1);
    rig.show();
    for _ in 0..30 {
        rig.trickle(1, 1);
        rig.pass(seconds(1));
    }
    assert_eq!(rig.fate(1), Fate::Open);
    rig.trickle(1, 1_000_000);
    rig.pass(seconds(9));
    assert_eq!(
        rig.fate(1),
        Fate::Open,
        "the socket is full behind the picture"
    );
    rig.pass(seconds(2));
    assert_eq!(rig.fate(1), Fate::Gone);
}
