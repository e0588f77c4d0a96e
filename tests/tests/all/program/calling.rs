//! `transom call`: ringing, answering, hanging up, and what it says of all that.

use super::Pair;

const PICTURES: &[&str] = &["--source", "pattern", "--size", "320x240", "--fps", "30"];

#[test]
fn a_call_is_rung_answered_and_hung_up_in_time() {
    let pair = Pair::new();
    let mut far = pair.listen("call", &[&["--answer", "near"], PICTURES].concat());
    let call = ["call", "far", "--seconds", "1", "--json"];
    let mut near = pair.near.start(&[&call, PICTURES].concat());
    assert_eq!(near.event("ringing")["outgoing"], true);
    let started = near.event("call_started");
    assert_eq!(
        (&started["kind"], &started["resumed"]),
        (&"talk".into(), &false.into())
    );
    near.event_where("far_camera", |camera| camera["state"] == "live");
    assert_eq!(far.event("ringing")["peer"], "near");
    far.event("call_started");
    far.event_where("far_camera", |camera| camera["state"] == "live");
    assert_eq!(near.finish().code, Some(0));
    assert_eq!(far.event("call_ended")["reason"], "chosen");
    assert_eq!(far.finish().code, Some(0));
}

#[test]
fn a_call_without_a_source_shows_nothing() {
    let pair = Pair::new();
    let far = pair.listen("call", &["--answer"]);
    let mut near = pair.near.start(&["call", "far", "--json"]);
    near.event("call_started");
    assert_eq!(near.event("far_camera")["state"], "off");
    far.ask_to_end();
    assert_eq!(far.finish().code, Some(0));
    assert_eq!(near.event("call_ended")["reason"], "chosen");
    assert_eq!(near.finish().code, Some(0));
}

#[test]
fn a_call_that_nobody_takes_fails_with_one_sentence() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let end = pair.near.run(&["call", "far"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("nobody takes calls here"), "{end:?}");
    assert_eq!(end.stderr.lines().count(), 1, "{end:?}");
}

#[test]
fn who_is_in_a_call_is_busy_for_others() {
    let pair = Pair::new();
    let mut far = pair.listen("call", &["--answer"]);
    let mut near = pair.near.start(&["call", "far", "--json"]);
    near.event("call_started");
    far.event("call_started");
    let end = pair.near.run(&["call", "far"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("busy"), "{end:?}");
    assert!(near.is_running() && far.is_running());
}

#[test]
fn only_the_one_waited_for_is_let_in() {
    let pair = Pair::new();
    let other = transom_tests::Person::new(&pair.scratch, "other");
    pair.far.knows(&other, "127.0.0.1:9", "call");
    let far = pair.listen("call", &["--answer", "other", "--ring-seconds", "60"]);
    let end = pair.near.run(&["call", "far"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("may not know your key"), "{end:?}");
    drop(far);
}

#[test]
fn a_box_is_called_and_shows_its_camera() {
    let pair = Pair::new();
    let mut porch = pair.camera(PICTURES);
    let mut near = pair.near.start(&["call", "far", "--json"]);
    near.event("call_started");
    near.event_where("far_camera", |camera| camera["state"] == "live");
    porch.event("call_started");
    near.ask_to_end();
    assert_eq!(near.finish().code, Some(0));
    assert_eq!(porch.event("call_ended")["reason"], "chosen");
}

#[test]
fn waiting_for_a_call_ends_in_time() {
    let pair = Pair::new();
    let listen = ["--listen", "127.0.0.1:0", "--ring-seconds", "1"];
    let end = pair.far.run(&[&["call", "--answer"][..], &listen].concat());
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("nobody rang"), "{end:?}");
}
