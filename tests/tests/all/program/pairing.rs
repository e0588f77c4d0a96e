//! Pairing by a typed code with the built program: two terminals, a camera box, and one transfer.

use std::fs;
use std::process::Stdio;

use serde_json::Value;
use transom_tests::{Finished, Person, Program, Scratch};

use super::Pair;

/// Two people that know nobody.
fn strangers() -> Pair {
    let scratch = Scratch::new();
    let near = Person::new(&scratch, "near");
    let far = Person::new(&scratch, "far");
    Pair { scratch, near, far }
}

/// Starts a command that shows a code; also the code and where it is shown.
fn showing(person: &Person, arguments: &[&str]) -> (Program, String, String) {
    let listen = ["--listen", "127.0.0.1:0", "--json"];
    let mut program = person.start(&[arguments, &listen].concat());
    let shown = program.event("code_shown");
    let address = program_address(&shown);
    (program, text(&shown["code"]), address)
}

fn program_address(shown: &Value) -> String {
    text(&shown["addresses"][0])
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Runs a command to its end with that code in the variable.
fn with_code(person: &Person, code: &str, arguments: &[&str]) -> Finished {
    Program::start(person.command(arguments).env("TRANSOM_CODE", code)).finish()
}

/// Another code of the same number.
fn other(code: &str) -> String {
    let (number, words) = code.split_once('-').expect("a code");
    let other = if words == "otter-violin" {
        "violin-otter"
    } else {
        "otter-violin"
    };
    format!("{number}-{other}")
}

fn book(person: &Person) -> String {
    fs::read_to_string(person.book()).unwrap_or_default()
}

#[test]
fn a_file_goes_to_whoever_types_the_code_and_neither_side_keeps_the_other() {
    let pair = strangers();
    let file = pair.scratch.file("out/letter", "dear stranger");
    let (send, code, address) = showing(&pair.near, &["send", "--code", file.to_str().unwrap()]);
    let receive = ["receive", "--from", &address, "--into", "inbox"];
    let end = with_code(&pair.far, &code, &receive);
    assert_eq!(end.code, Some(0), "{end:?}");
    let end = send.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    let received = fs::read(pair.far.path("inbox/letter")).unwrap();
    assert_eq!(received, b"dear stranger");
    for person in [&pair.near, &pair.far] {
        assert_eq!(book(person), "");
        assert!(!person.state().join("known_peers").exists());
    }
}

#[test]
fn several_paths_go_by_one_code_and_a_missing_one_fails_alone() {
    let pair = strangers();
    let files = ["out/one", "out/two"].map(|name| pair.scratch.file(name, name));
    let paths = files.each_ref().map(|file| file.to_str().unwrap());
    let arguments = ["send", "--code", paths[0], "missing", paths[1]];
    let (send, code, address) = showing(&pair.near, &arguments);
    let receive = ["receive", "--from", &address, "--into", "inbox"];
    let end = with_code(&pair.far, &code, &receive);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(send.finish().code, Some(1));
    assert!(pair.far.path("inbox/one").exists() && pair.far.path("inbox/two").exists());
}

#[test]
fn a_wrong_code_fails_at_once_and_the_third_ends_the_offer() {
    let pair = strangers();
    let file = pair.scratch.file("out/letter", "dear stranger");
    let (mut send, code, address) =
        showing(&pair.near, &["send", "--code", file.to_str().unwrap()]);
    for left in [2, 1, 0] {
        let receive = ["receive", "--from", &address, "--into", "inbox"];
        let end = with_code(&pair.far, &other(&code), &receive);
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.complaint().contains("another code"), "{end:?}");
        let wrong = send.event("wrong_code");
        assert_eq!(wrong["tries_left"], left);
    }
    let end = send.finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(
        end.complaint().contains("somebody may be guessing"),
        "{end:?}"
    );
    assert!(!pair.far.path("inbox/letter").exists());
}

#[test]
fn a_code_may_be_typed_into_the_standard_input() {
    let pair = strangers();
    let file = pair.scratch.file("out/letter", "dear stranger");
    let (send, code, address) = showing(&pair.near, &["send", "--code", file.to_str().unwrap()]);
    let typed = pair
        .scratch
        .file("typed", code.to_uppercase().replace('-', " ") + "\n");
    let receive = ["receive", "--from", &address, "--into", "inbox"];
    let input = Stdio::from(fs::File::open(typed).unwrap());
    let end = Program::start_with_input(&mut pair.far.command(&receive), input).finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(send.finish().code, Some(0));
}

#[test]
fn both_may_ask_to_be_remembered() {
    let pair = strangers();
    let file = pair.scratch.file("out/letter", "dear friend");
    let arguments = ["send", "--code", "--remember", file.to_str().unwrap()];
    let (send, code, address) = showing(&pair.near, &arguments);
    let receive = [
        "receive",
        "--from",
        &address,
        "--into",
        "inbox",
        "--remember",
    ];
    let end = with_code(&pair.far, &code, &receive);
    assert_eq!(
        (end.code, send.finish().code),
        (Some(0), Some(0)),
        "{end:?}"
    );
    assert!(
        book(&pair.near).contains(pair.far.key()),
        "{}",
        book(&pair.near)
    );
    assert!(
        book(&pair.far).contains(pair.near.key()),
        "{}",
        book(&pair.far)
    );
    assert!(!book(&pair.far).contains("auto"), "{}", book(&pair.far));
}

#[test]
fn two_terminals_become_each_others_contacts_with_the_rights_that_each_gives() {
    let pair = strangers();
    pair.far.write_in_book("# mine");
    let arguments = ["pair", "--may", "view"];
    let (shows, code, address) = showing(&pair.near, &arguments);
    let arguments = ["pair", "anna", "--from", &address, "--may", "call,files"];
    let end = with_code(&pair.far, &code, &arguments);
    assert_eq!(end.code, Some(0), "{end:?}");
    let end = shows.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    let line = book(&pair.near);
    assert!(
        line.contains(pair.far.key()) && line.contains("may=view"),
        "{line}"
    );
    let lines = book(&pair.far);
    assert!(lines.starts_with("# mine\nanna 127.0.0.1:"), "{lines}");
    assert!(
        lines.contains(pair.near.key()) && lines.contains("may=call,files"),
        "{lines}"
    );
}

#[test]
fn a_box_that_shows_a_code_is_watched_by_whoever_typed_it_and_by_its_next_start_too() {
    let pair = strangers();
    let arguments = ["camera", "--source", "pattern", "--pair"];
    let (mut camera, code, address) = showing(&pair.far, &arguments);
    let end = with_code(&pair.near, &code, &["pair", "porch", "--from", &address]);
    assert_eq!(end.code, Some(0), "{end:?}");
    camera.event("paired");
    camera.event("added");
    let watch = ["watch", "porch", "--frames", "2"];
    let end = pair.near.run(&watch);
    assert_eq!(end.code, Some(0), "{end:?}");
    let line = book(&pair.far);
    assert!(
        line.contains(pair.near.key()) && line.contains("may=view"),
        "{line}"
    );

    // The book lets them in without a code.
    camera.ask_to_end();
    assert_eq!(camera.finish().code, Some(0));
    let (_camera, address) = pair.far.listen(&["camera", "--source", "pattern"]);
    let line = book(&pair.near);
    let old = line.split_whitespace().nth(1).unwrap();
    fs::write(pair.near.book(), line.replace(old, &address)).unwrap();
    let end = pair.near.run(&watch);
    assert_eq!(end.code, Some(0), "{end:?}");
}

#[test]
fn a_code_on_the_boot_partition_is_used_once_and_never_told() {
    let pair = strangers();
    let boot = pair
        .scratch
        .file("boot/transom-pair.txt", "47 Otter Violin\r\n");
    let folder = boot.parent().unwrap().to_str().unwrap();
    let arguments = ["camera", "--source", "pattern", "--boot", folder];
    let (mut camera, address) = pair.far.listen(&arguments);
    let end = with_code(
        &pair.near,
        "47-otter-violin",
        &["pair", "porch", "--from", &address],
    );
    assert_eq!(end.code, Some(0), "{end:?}");
    camera.event("added");
    assert!(!boot.exists());
    camera.ask_to_end();
    let end = camera.finish();
    assert!(!(end.stdout + &end.stderr).to_lowercase().contains("violin"));

    let (_camera, address) = pair.far.listen(&arguments);
    let again = ["pair", "--from", &address];
    let end = with_code(&pair.near, "47-otter-violin", &again);
    assert_eq!(end.code, Some(1));
    assert!(
        end.complaint().contains("no code is shown there"),
        "{end:?}"
    );
}

#[test]
fn a_box_without_a_code_pairs_with_nobody() {
    let pair = strangers();
    let (_camera, address) = pair.far.listen(&["camera", "--source", "pattern"]);
    let end = with_code(&pair.near, "47-otter-violin", &["pair", "--from", &address]);
    assert_eq!(end.code, Some(1));
    assert!(
        end.complaint().contains("no code is shown there"),
        "{end:?}"
    );
}

#[test]
fn a_code_is_no_argument_and_what_is_no_code_is_wrong_usage() {
    let pair = strangers();
    for arguments in [
        &["pair", "47-otter-violin"][..],
        &["receive", "47-otter-violin"],
        &["receive", "--code", "47-otter-violin"],
    ] {
        let end = pair.near.run(arguments);
        assert_eq!(end.code, Some(2), "{end:?}");
    }
    let end = with_code(&pair.near, "my dog", &["pair", "--from", "127.0.0.1:9"]);
    assert_eq!(end.code, Some(2), "{end:?}");
    let end = pair.near.run(&["pair", "--from", "127.0.0.1:9"]);
    assert_eq!(end.code, Some(2), "the input is empty: {end:?}");
}

#[test]
fn a_printed_code_is_a_code() {
    let pair = strangers();
    let end = pair.near.run(&["pair", "--print"]);
    let words: Vec<_> = end.stdout.trim().split('-').collect();
    assert_eq!(
        (end.code, words.len(), words[0].len()),
        (Some(0), 3, 2),
        "{end:?}"
    );
}

#[test]
fn a_signal_ends_the_wait_for_a_code() {
    let pair = strangers();
    let (shows, ..) = showing(&pair.near, &["pair"]);
    shows.ask_to_end();
    let end = shows.finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.complaint().contains("signal"), "{end:?}");
}
