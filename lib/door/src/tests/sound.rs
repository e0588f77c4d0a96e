//! `/sound`: which passes may hear, and what a client gets that is slow or without a microphone.

use super::*;
use crate::limits::MAX_SOUND_BYTES;

/// A door whose pass 1 may hear and whose pass 2 may not.
fn rig() -> Rig {
    let pass = |number| Pass::new(&format!("pass{number}"), &token(number)).unwrap();
    let passes = [pass(1).with_sound(), pass(2)];
    let mut rig = Rig::of(&["hall"], Access::Passes(passes.into_iter().collect()));
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
