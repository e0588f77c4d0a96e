//! Pairing by a typed code with the built program: two terminals, a camera box, and one transfer.

use std::fs;
#[cfg(target_os = "linux")]
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use serde_json::Value;
use transom::people::Book;
use transom::{
    Accept, Candidates, Identity, InboxSettings, Keep, Notice, PairingTerms, Redial, Settings,
    Station,
};
#[cfg(target_os = "linux")]
use transom::{Announce, Code};
#[cfg(target_os = "linux")]
use transom_tests::{Finished, Person, Program, Scratch, eventually};
#[cfg(target_os = "linux")]
use transom_tests::{Lan, Signal};

use super::Pair;
#[cfg(target_os = "linux")]
use super::nearby::Bare;

/// Two people that know nobody.
pub(super) fn strangers() -> Pair {
    let scratch = Scratch::new();
    let near = Person::new(&scratch, "near");
    let far = Person::new(&scratch, "far");
    Pair { scratch, near, far }
}

/// Starts a command that shows a code; also the code and where it is shown.
pub(super) fn showing(person: &Person, arguments: &[&str]) -> (Program, String, String) {
    let listen = ["--listen", "127.0.0.1:0", "--json"];
    let mut program = person.start(&[arguments, &listen].concat());
    let shown = program.event("code_shown");
    let address = program_address(&shown);
    (program, text(&shown["code"]), address)
}

fn program_address(shown: &Value) -> String {
    text(&shown["addresses"][0])
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Runs a command to its end with that code in the variable.
pub(super) fn with_code(person: &Person, code: &str, arguments: &[&str]) -> Finished {
    Program::start(person.command(arguments).env("TRANSOM_CODE", code)).finish()
}

/// Another code of the same number.
pub(super) fn other(code: &str) -> String {
    let (number, words) = code.split_once('-').expect("a code");
    let other = if words == "otter-violin" {
        "violin-otter"
    } else {
        "otter-violin"
    };
    format!("{number}-{other}")
}

pub(super) fn book(person: &Person) -> String {
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

/// A window has one connection to each key: one that is connected to the sender's window stays
/// there when the code of another program of that sender is typed into it.
#[test]
fn a_sender_dials_whoever_typed_its_code_and_does_not_come() {
    let pair = strangers();
    let identity = Identity::throwaway().unwrap();
    let key = identity.public_key();
    let line = format!("window 127.0.0.1:9 key={key} may=view,call,files");
    pair.near.write_in_book(&line);
    let (_window, address) = pair.near.listen(&["receive", "--accept", "known"]);

    let mut settings = Settings::new("window".parse().unwrap(), identity);
    let line = format!("anna {address} key={} may=files", pair.near.key());
    settings.book = Book::parse(&line).0;
    settings.listen = vec!["127.0.0.1:0".parse().unwrap()];
    settings.inbox = Some(InboxSettings::new(pair.far.path("inbox"), Accept::Known));
    let anna = settings.book.contacts()[0].clone();
    let station = Station::start(settings).unwrap();
    let handle = station.handle();
    let (sender, notices) = channel();
    let running = thread::spawn(move || station.run(|notice| drop(sender.send(notice))));
    handle.connect(anna, Redial::Always);
    let joined = |notice: Notice| matches!(notice, Notice::Joined { .. });
    assert!(notices.iter().any(joined));

    let file = pair.scratch.file("out/letter", "dear friend");
    let (send, code, address) = showing(&pair.near, &["send", "--code", file.to_str().unwrap()]);
    let terms = PairingTerms {
        name: None,
        may: "files,auto".parse().unwrap(),
        keep: Keep::Once,
        port: None,
    };
    let at = Candidates::At(vec![address.parse().unwrap()], None);
    handle.enter_code(code.parse().unwrap(), at, terms);
    let end = send.finish();
    handle.stop();
    running.join().unwrap().unwrap();
    assert_eq!(end.code, Some(0), "{end:?}");
    let received = fs::read(pair.far.path("inbox/letter")).unwrap();
    assert_eq!(received, b"dear friend");
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
fn who_receives_is_told_what_to_do_when_the_sender_gives_up() {
    let pair = strangers();
    let file = pair.scratch.file("out/big", vec![7; 3_000_000]);
    let arguments = ["send", "--code", file.to_str().unwrap(), "--limit", "100K"];
    let (send, code, address) = showing(&pair.near, &arguments);
    let receive = ["receive", "--from", &address, "--into", "inbox", "--json"];
    let mut receive = pair.far.command(&receive);
    let mut receive = Program::start(receive.env("TRANSOM_CODE", &code));
    receive.event("offered");
    send.ask_to_end();
    let end = receive.finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.complaint().contains("send it again"), "{end:?}");
}

#[test]
fn paths_are_asked_for_where_a_code_is_to_be_shown_for_nothing() {
    let end = strangers().near.run(&["send", "--code"]);
    assert_eq!(end.code, Some(2), "{end:?}");
    let complaint = end.complaint();
    assert!(complaint.contains("nothing to send"), "{complaint}");
}

#[test]
fn a_contact_that_pairs_again_keeps_the_rights_that_it_had() {
    let pair = strangers();
    pair.near.knows(&pair.far, "127.0.0.1:9", "auto,hear");
    let (mut shows, code, address) = showing(&pair.near, &["pair", "--may", "view"]);
    let end = with_code(&pair.far, &code, &["pair", "--from", &address]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let added = shows.event("added");
    assert_eq!(added["may"], "view,hear,auto");
    assert_eq!(shows.finish().code, Some(0));
    let book = book(&pair.near);
    assert!(book.contains("may=view,hear,auto"), "{book}");
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

#[cfg(target_os = "linux")]
#[test]
fn a_new_code_on_the_boot_partition_replaces_the_one_before_at_a_reload() {
    let pair = strangers();
    let boot = pair
        .scratch
        .file("boot/transom-pair.txt", "47-otter-violin\n");
    let folder = boot.parent().unwrap().to_str().unwrap();
    let arguments = ["camera", "--source", "pattern", "--boot", folder];
    let arguments = [&arguments[..], &["--json", "--listen", "127.0.0.1:0"]].concat();
    let command = pair.far.command(&arguments);
    let mut camera = Program::start(&mut super::signals::without_terminal(&command));
    let address = text(&camera.event("listening")["address"]);
    camera.event("code_read");
    fs::write(&boot, "33-ebook-epidemic\n").unwrap();
    camera.signal(Signal::HUP);
    camera.event("code_read");
    let pair_there = ["pair", "porch", "--from", &address];
    let end = with_code(&pair.near, "47-otter-violin", &pair_there);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(boot.exists());
    let end = with_code(&pair.near, "33-ebook-epidemic", &pair_there);
    assert_eq!(end.code, Some(0), "{end:?}");
    camera.event("added");
    assert!(!boot.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_code_that_was_written_but_not_read_yet_outlives_the_use_of_the_one_before() {
    let pair = strangers();
    let boot = pair
        .scratch
        .file("boot/transom-pair.txt", "47-otter-violin\n");
    let folder = boot.parent().unwrap().to_str().unwrap();
    let (mut camera, address) = pair
        .far
        .listen(&["camera", "--source", "pattern", "--boot", folder]);
    fs::write(&boot, "33-ebook-epidemic\n").unwrap();
    let pair_there = ["pair", "porch", "--from", &address];
    let end = with_code(&pair.near, "47-otter-violin", &pair_there);
    assert_eq!(end.code, Some(0), "{end:?}");
    camera.event("added");
    assert_eq!(fs::read_to_string(&boot).unwrap(), "33-ebook-epidemic\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_box_shows_another_code_when_its_owner_asks_for_it_and_not_by_itself() {
    let pair = strangers();
    let arguments = ["camera", "--source", "pattern", "--pair", "--json"];
    let arguments = [&arguments[..], &["--listen", "127.0.0.1:0"]].concat();
    let command = pair.far.command(&arguments);
    let mut camera = Program::start(&mut super::signals::without_terminal(&command));
    let shown = camera.event("code_shown");
    let (code, address) = (text(&shown["code"]), program_address(&shown));
    // It is shown already, and a reload of the book does not end it.
    camera.signal(Signal::HUP);
    camera.event("reloaded");
    let pair_there = ["pair", "--from", &address];
    for left in [2, 1, 0] {
        let end = with_code(&pair.near, &other(&code), &pair_there);
        assert_eq!(end.code, Some(1), "{end:?}");
        assert_eq!(camera.event("wrong_code")["tries_left"], left);
    }
    camera.event("code_ended");
    let end = with_code(&pair.near, &code, &pair_there);
    assert!(end.complaint().contains("no code is shown"), "{end:?}");

    camera.signal(Signal::HUP);
    let next = text(&camera.event("code_shown")["code"]);
    assert_ne!(next, code);
    let end = with_code(&pair.near, &next, &pair_there);
    assert_eq!(end.code, Some(0), "{end:?}");
}

#[test]
fn a_code_in_the_environment_is_not_handed_on_to_the_program_of_a_camera() {
    let pair = Pair::new();
    let told = pair.scratch.join("told");
    let source = format!(
        "cmd:echo \"code=$TRANSOM_CODE\" >{0}.new; mv {0}.new {0}; sleep 60",
        told.display()
    );
    let with_code =
        |command: &mut Command| Program::start(command.env("TRANSOM_CODE", "47-otter-violin"));
    let _box = pair.listen_by("camera", &["--source", &source], with_code);
    let _watcher = pair.near.start(&["watch", "far"]);
    eventually("the program", || told.exists());
    assert_eq!(fs::read_to_string(told).unwrap(), "code=\n");
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

/// `transom send --code` on machine 1 and, where its code is typed, `transom receive` on machine 2.
#[cfg(target_os = "linux")]
struct Croc {
    lan: Lan,
    pair: Pair,
    send: Program,
    code: String,
    number: u8,
}

#[cfg(target_os = "linux")]
impl Croc {
    /// `None` where no network can be made.
    fn new(machines: u8) -> Option<Self> {
        let lan = Lan::new(machines)?;
        let pair = strangers();
        let file = pair.scratch.file("out/letter", "dear stranger");
        let arguments = ["send", "--code", file.to_str().unwrap(), "--json"];
        let command = pair.near.command(&arguments);
        let mut send = Program::start(&mut lan.machine(1).inside(&command));
        let shown = send.event("code_shown");
        let number = u8::try_from(shown["number"].as_u64().unwrap()).unwrap();
        let code = text(&shown["code"]);
        Some(Self {
            lan,
            pair,
            send,
            code,
            number,
        })
    }

    fn receive(&self) -> Finished {
        let mut receive = self.pair.far.command(&["receive", "--into", "inbox"]);
        receive.env("TRANSOM_CODE", &self.code);
        Program::start(&mut self.lan.machine(2).inside(&receive)).finish()
    }

    fn has_arrived(self) {
        assert_eq!(self.send.finish().code, Some(0));
        let received = fs::read(self.pair.far.path("inbox/letter")).unwrap();
        assert_eq!(received, b"dear stranger");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn two_commands_and_one_code_move_a_file_to_another_machine() {
    let Some(croc) = Croc::new(2) else { return };
    let end = croc.receive();
    assert_eq!(end.code, Some(0), "{end:?}");
    croc.has_arrived();
}

#[cfg(target_os = "linux")]
#[test]
fn somebody_who_announces_the_same_number_gets_no_file_and_keeps_none_away() {
    let Some(croc) = Croc::new(3) else { return };
    // It guesses another code than the one that was read out.
    let bare = Bare::on(croc.lan.machine(3), Announce::Always);
    let guess: Code = other(&croc.code).parse().unwrap();
    assert_eq!(guess.number(), croc.number);
    let terms = PairingTerms {
        name: None,
        may: "files".parse().unwrap(),
        keep: Keep::Once,
        port: None,
    };
    bare.handle.show_code(Some(guess), terms);
    let end = croc.receive();
    assert_eq!(end.code, Some(0), "{end:?}");
    croc.has_arrived();
}

#[cfg(target_os = "linux")]
#[test]
fn an_inbox_takes_another_port_where_its_own_is_taken() {
    let Some(lan) = Lan::new(1) else { return };
    let pair = strangers();
    let machine = lan.machine(1);
    let _other = machine.run(|| TcpListener::bind("0.0.0.0:7447").unwrap());
    let receive = ["receive", "--into", "inbox", "--accept", "known", "--json"];
    let command = pair.far.command(&receive);
    let mut inbox = Program::start(&mut machine.inside(&command));
    let address = text(&inbox.event("listening")["address"]);
    assert!(!address.ends_with(":7447"), "{address}");
    inbox.ask_to_end();
    let end = inbox.finish();
    assert!(
        end.stderr.contains("another program has port 7447"),
        "{end:?}"
    );

    // An address that was named is not replaced by another.
    let named = [&receive[..], &["--listen", "0.0.0.0:7447"]].concat();
    let command = pair.far.command(&named);
    let end = Program::start(&mut machine.inside(&command)).finish();
    assert_eq!(end.code, Some(1), "{end:?}");
}
