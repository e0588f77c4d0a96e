//! `/sound`: which passes may hear, and what a client gets that is slow or without a microphone.

use super::*;
use crate::limits::MAX_SOUND_BYTES;

/// Pass 1 may hear, and pass 2 may not.
fn access() -> Access {
    let pass = |number| Pass::new(&format!("pass{number}"), &token(number)).unwrap();
    Access::Passes([pass(1).with_sound(), pass(2)].into_iter().collect())
}

/// A door with a microphone.
fn rig() -> Rig {
    let mut rig = Rig::of(&["hall"], access());
    rig.door.set_sound(CAMERA, true);
    rig
}

fn get_with(rig: &mut Rig, client: usize, pass: u8, path: &str) -> String {
    rig.connect(client);
    let token = token(pass);
    let head = format!("GET {path}?token={token} HTTP/1.1\r\nHost: box\r\n\r\n");
    rig.send(client, head.as_bytes())
}

/// 10 ms of sound.
fn block(number: u8) -> Vec<u8> {
    vec![number; 960]
}

fn push_sound(rig: &mut Rig, number: u8) {
    rig.door.push_sound(CAMERA, &block(number));
    rig.pump();
}

#[test]
fn a_client_hears_what_comes_as_a_wav_file() {
    let mut rig = rig();
    push_sound(&mut rig, 1);
    let answer = get_with(&mut rig, 1, 1, "/sound");
    let (head, body) = split(&answer);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("\r\nContent-Type: audio/wav\r\n"));
    assert!(head.contains("\r\nConnection: close\r\n") && !head.contains("Content-Length"));
    let body: Vec<u8> = body.chars().map(|byte| byte as u8).collect();
    // One channel of 48,000 samples of 16 bits a second.
    let wav = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xbb\0\0\0\x77\x01\0\x02\0\x10\0data\xff\xff\xff\xff";
    assert_eq!(body, wav);
    assert_eq!(
        (rig.door.listeners(CAMERA), rig.door.viewers(CAMERA)),
        (1, 0)
    );
    assert_eq!(rig.door.passes_that_listen().collect::<Vec<_>>(), ["pass1"]);
    assert_eq!(rig.door.passes_that_look().next(), None);
    push_sound(&mut rig, 2);
    push_sound(&mut rig, 3);
    assert_eq!(rig.take_bytes(1), [block(2), block(3)].concat());
    rig.close(1);
    assert_eq!(rig.door.listeners(CAMERA), 0);
}

#[test]
fn a_client_that_lags_loses_sound_and_gets_the_newest() {
    let mut rig = rig();
    get_with(&mut rig, 1, 1, "/sound");
    rig.stuck.insert(1);
    (0..100).for_each(|number| push_sound(&mut rig, number));
    rig.stuck.clear();
    rig.pump();
    let late = rig.take_bytes(1);
    assert_eq!(late.len(), MAX_SOUND_BYTES);
    assert_eq!(late[..960], block(80));
    assert_eq!(late[MAX_SOUND_BYTES - 960..], block(99));
    rig.door.push_sound(CAMERA, &vec![0; MAX_SOUND_BYTES + 2]);
    rig.door.push_sound(CAMERA, b"odd");
    rig.pump();
    assert_eq!(rig.take_bytes(1), b"od");
}

#[test]
fn only_a_pass_with_sound_hears_and_only_a_microphone_is_heard() {
    let mut rig = rig();
    let sound = |answer: &str| answer.contains(r#""sound":true"#);
    assert_eq!(status(&get_with(&mut rig, 1, 3, "/sound")), "401");
    assert_eq!(status(&get_with(&mut rig, 1, 2, "/sound")), "403");
    assert!(!sound(&get_with(&mut rig, 1, 2, "/state")));
    assert!(sound(&get_with(&mut rig, 1, 1, "/state")));
    rig.door.set_sound(CAMERA, false);
    assert_eq!(status(&get_with(&mut rig, 1, 2, "/sound")), "403");
    assert_eq!(status(&get_with(&mut rig, 1, 1, "/sound")), "404");
    assert!(!sound(&get_with(&mut rig, 1, 1, "/state")));
    assert_eq!(rig.door.listeners(CAMERA), 0);

    let names = vec!["box".into()];
    let mut open = Rig::of(&["hall"], Access::Open { names });
    open.door.set_sound(CAMERA, true);
    assert_eq!(status(&open.get(1, "/sound")), "403");
}

#[test]
fn a_pass_that_may_not_hear_any_more_hears_nothing_more() {
    let mut rig = rig();
    get_with(&mut rig, 1, 1, "/sound");
    get_with(&mut rig, 2, 1, "/stream");
    rig.door.set_access(passes(&[1]));
    assert_eq!((rig.fate(1), rig.fate(2)), (Fate::Gone, Fate::Open));
    push_sound(&mut rig, 1);
    assert_eq!(rig.take(1), "");
}

#[test]
fn without_sound_for_ten_seconds_it_ends() {
    let mut rig = rig();
    get_with(&mut rig, 1, 1, "/sound");
    rig.pass(seconds(9));
    push_sound(&mut rig, 1);
    rig.pass(seconds(9));
    assert_eq!(rig.fate(1), Fate::Open);
    rig.pass(seconds(2));
    assert_eq!(rig.fate(1), Fate::Gone);
    // One that takes nothing does not stay for more.
    get_with(&mut rig, 2, 1, "/sound");
    rig.stuck.insert(2);
    for number in 0..12 {
        push_sound(&mut rig, number);
        rig.pass(seconds(1));
    }
    assert_eq!(rig.fate(2), Fate::Gone);
}

#[test]
fn listeners_have_places_of_their_own_and_a_pass_its_share_of_them() {
    let mut rig = rig();
    for client in 1..=3 {
        assert_eq!(status(&get_with(&mut rig, client, 1, "/sound")), "200");
    }
    assert_eq!(status(&get_with(&mut rig, 4, 1, "/sound")), "503");
    assert_eq!(status(&get_with(&mut rig, 4, 1, "/stream")), "200");
    rig.close(1);
    assert_eq!(status(&get_with(&mut rig, 5, 1, "/sound")), "200");
}

#[test]
fn a_page_that_is_refused_to_listen_goes_on_looking() {
    let mut rig = rig();
    get_with(&mut rig, 1, 1, "/next");
    rig.show();
    assert_eq!(status(&rig.take(1)), "200");
    for client in 2..=4 {
        assert_eq!(status(&get_with(&mut rig, client, 1, "/sound")), "200");
    }
    let ask = format!("GET /sound?token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(1));
    assert_eq!(status(&rig.send(1, ask.as_bytes())), "503");
    assert_eq!(rig.door.viewers(CAMERA), 1);
    rig.pass(seconds(2));
    assert_eq!(rig.door.viewers(CAMERA), 0, "as long as behind any answer");
}

#[test]
fn listeners_of_a_microphone_that_is_gone_end_at_once() {
    let mut rig = Rig::of(&["hall", "yard"], access());
    let yard = SourceId(1);
    rig.door.set_sound(CAMERA, true);
    rig.door.set_sound(yard, true);
    get_with(&mut rig, 1, 1, "/hall/sound");
    get_with(&mut rig, 2, 1, "/yard/sound");
    get_with(&mut rig, 3, 1, "/hall/stream");
    rig.door.set_sound(CAMERA, true);
    rig.pump();
    assert_eq!(rig.fate(1), Fate::Open);
    rig.door.set_sound(CAMERA, false);
    rig.pump();
    let fates = [1, 2, 3].map(|client| rig.fate(client));
    assert_eq!(fates, [Fate::Gone, Fate::Open, Fate::Open]);
    rig.close(1);
    assert_eq!(
        [CAMERA, yard].map(|camera| rig.door.listeners(camera)),
        [0, 1]
    );
    assert_eq!(status(&get_with(&mut rig, 1, 1, "/hall/sound")), "404");
}

#[test]
fn a_request_for_sound_cut_at_any_byte_gets_the_same_answer() {
    let head = format!("GET /sound?token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(1));
    let answer = |cut: usize| {
        let mut rig = rig();
        rig.connect(1);
        let (first, rest) = head.as_bytes().split_at(cut);
        let mut out = rig.send(1, first) + &rig.send(1, rest);
        push_sound(&mut rig, 7);
        out += &rig.take(1);
        out
    };
    let whole = answer(0);
    assert!(whole.starts_with("HTTP/1.1 200 OK\r\n") && whole.ends_with('\u{7}'));
    for cut in 1..head.len() {
        assert_eq!(answer(cut), whole, "{cut}");
    }
}

#[test]
fn a_slow_listener_gets_whole_samples_and_costs_the_others_nothing() {
    let mut rig = rig();
    get_with(&mut rig, 1, 1, "/sound");
    get_with(&mut rig, 2, 1, "/sound");
    let wav_head = rig.take_bytes(1);
    assert_eq!(wav_head, b"", "taken with the answer");
    rig.stuck.insert(1);
    let mut fast = Vec::new();
    for number in 1..=200 {
        push_sound(&mut rig, number);
        // A third of what comes, and seldom an even number of bytes.
        rig.trickle(1, 313);
        fast.extend(rig.take_bytes(2));
        rig.pass(Duration::from_millis(10));
    }
    assert_eq!(fast, (1..=200).flat_map(block).collect::<Vec<u8>>());
    let slow = rig.take_bytes(1);
    assert!(slow.len() > 200 * 300, "{}", slow.len());
    assert!(slow.chunks_exact(2).all(|sample| sample[0] == sample[1]));
    assert!(slow.is_sorted(), "nothing comes twice or late");
    assert!(slow[slow.len() - 1] > 150, "{:?}", slow.last());
    assert_eq!(rig.fate(1), Fate::Open);
}

/// It was due by no timeout of its own: one byte now and then kept the slot for ever.
#[test]
fn a_listener_that_takes_a_byte_now_and_then_ends() {
    let mut rig = rig();
    get_with(&mut rig, 1, 1, "/sound");
    rig.stuck.insert(1);
    push_sound(&mut rig, 1);
    for _ in 0..3 {
        rig.trickle(1, 1);
        rig.pass(seconds(9));
        push_sound(&mut rig, 1);
    }
    assert_eq!(rig.fate(1), Fate::Gone);
}

#[test]
fn without_a_free_slot_a_listener_is_told_to_come_again_and_the_connection_stays() {
    let mut rig = rig();
    rig.door.set_max_viewers(0);
    let refused = get_with(&mut rig, 1, 1, "/sound");
    assert_eq!((status(&refused), rig.fate(1)), ("503", Fate::Open));
    assert!(refused.contains("\r\nRetry-After: 5\r\n"));
    assert!(refused.ends_with("the limit of viewers is reached: try again later\n"));
    rig.door.set_max_viewers(4);
    let again = format!("GET /sound?token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(1));
    assert_eq!(status(&rig.send(1, again.as_bytes())), "200");
    // What is listened to goes on under a lower limit.
    rig.door.set_max_viewers(0);
    push_sound(&mut rig, 1);
    assert_eq!(rig.take_bytes(1), block(1));
}

#[test]
fn a_question_about_sound_takes_no_slot_and_opens_no_microphone() {
    let mut rig = rig();
    rig.connect(1);
    let head = format!("HEAD /sound?token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(1));
    let answer = rig.send(1, head.as_bytes());
    assert_eq!((status(&answer), split(&answer).1), ("200", ""));
    assert!(answer.contains("\r\nContent-Type: audio/wav\r\n"));
    assert_eq!(
        (rig.door.listeners(CAMERA), rig.fate(1)),
        (0, Fate::Finishing)
    );
}

#[test]
fn what_a_listener_sends_is_dropped_up_to_a_limit() {
    let mut rig = rig();
    get_with(&mut rig, 1, 1, "/sound");
    let again = format!("GET /sound?token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(1));
    assert_eq!(
        rig.send(1, again.as_bytes()),
        "",
        "nothing comes behind sound"
    );
    rig.send(
        1,
        &vec![b'x'; crate::limits::MAX_DROPPED_BYTES - again.len()],
    );
    push_sound(&mut rig, 1);
    assert_eq!((rig.take_bytes(1), rig.fate(1)), (block(1), Fate::Open));
    rig.send(1, b"x");
    assert_eq!(rig.fate(1), Fate::Gone);
    rig.close(1);
    assert_eq!(rig.door.listeners(CAMERA), 0);
}

#[test]
fn a_page_that_turns_to_listening_on_its_connection_does_not_look_any_more() {
    let mut rig = rig();
    get_with(&mut rig, 1, 1, "/next");
    rig.show();
    rig.take(1);
    let ask = format!("GET /sound?token={} HTTP/1.1\r\nHost: a\r\n\r\n", token(1));
    assert_eq!(status(&rig.send(1, ask.as_bytes())), "200");
    let places = |rig: &Rig| (rig.door.viewers(CAMERA), rig.door.listeners(CAMERA));
    assert_eq!(places(&rig), (0, 1));
    rig.end(1);
    rig.pump();
    assert_eq!(rig.fate(1), Fate::Gone);
    rig.close(1);
    assert_eq!(places(&rig), (0, 0));
}
