//! What is shown, told and run of what a peer sends, and what is told to nobody (B36, B38, B39).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use transom_tests::{EVIL_KEY, EvilSender, Finished, Program, Reply, file_entry, file_offer};
use transom_wire::{Ending, Entry, RefuseReason, Status};

use super::super::pairing::{showing, strangers, with_code};
use super::{CONTENT, Pair, evil_contact, send_folder, send_to_evil};

/// Programs that a desktop or a careless caller may run for what was received.
const RUNNABLE: [&str; 8] = [
    "sh",
    "bash",
    "xdg-open",
    "gio",
    "open",
    "notify-send",
    "thumbnailer",
    "touch",
];

/// A folder of such programs: each leaves the file `ran` there.
fn traps(pair: &Pair) -> std::path::PathBuf {
    let folder = pair.scratch.folder("traps");
    for name in RUNNABLE {
        let trap = folder.join(name);
        let ran = folder.join("ran");
        fs::write(
            &trap,
            format!("#!/bin/sh\necho {name} >> {}\n", ran.display()),
        )
        .unwrap();
        fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// A receiver in whose path there is nothing but traps.
fn trapped_inbox(pair: &Pair, traps: &Path) -> (Program, String) {
    pair.far.write_in_book(&evil_contact("evil", EVIL_KEY));
    let arguments = ["--into", "inbox", "--accept", "known"];
    let program = pair.listen_by("receive", &arguments, |command| {
        Program::start(command.env("PATH", traps))
    });
    (program, pair.address())
}

#[test]
fn b38_what_was_received_is_neither_opened_nor_run() {
    let pair = Pair::new();
    let traps = traps(&pair);
    let (program, address) = trapped_inbox(&pair, &traps);
    let ran = traps.join("ran");
    let script = format!("#!/bin/sh\necho file >> {}\n", ran.display());
    let size = script.len() as u64;
    let mut sender = EvilSender::connect(&address);
    let names = [
        "evil.exe ",
        "run.sh",
        "x.desktop",
        "page.html",
        "photo.jpg",
        "photo.svg",
        "letter.pdf",
        "disk.iso",
    ];
    for (key, name) in (1..).zip(names) {
        let stream = sender.begin(file_offer(key, name, size));
        let entry = Entry {
            mode: 0o7777,
            ..file_entry(0, name, size)
        };
        let reply = sender.file(stream, entry, script.as_bytes());
        assert_eq!(reply, Ok(Reply::Done), "{name}");
        assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable), "{name}");
        // The name is kept to its last blank, so that what it is shows.
        let there = fs::metadata(pair.far.path("inbox").join(name)).unwrap();
        assert_eq!(there.permissions().mode() & 0o7022, 0, "{name}");
    }
    assert_eq!(program.mark().running(), [program.id()]);
    program.ask_to_end();
    assert_eq!(program.finish().code, Some(0));
    assert!(!ran.exists(), "{:?}", fs::read_to_string(ran));
}

/// Names that are more than text to a shell, a page, a link, a format or a command line.
const ACTIVE: [&str; 10] = [
    "$(touch ran)",
    "`touch ran`",
    "; touch ran",
    "| sh",
    "<img src=x onerror=alert(1)>",
    "<b>&amp;",
    "javascript:alert(1)",
    "file:etc",
    "%s%n%x",
    "--into=elsewhere",
];

/// Each line of what a program printed is one object, and each name is in one as it is.
fn tells_as_text(end: &Finished) {
    let told: Vec<serde_json::Value> = end
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for name in ACTIVE {
        let is_told = told
            .iter()
            .any(|object| object.as_object().unwrap().values().any(|it| it == name));
        assert!(is_told, "{name}: {end:?}");
    }
}

#[test]
fn b39_names_of_files_are_text_and_nothing_else() {
    let pair = Pair::new();
    let traps = traps(&pair);
    let (program, address) = trapped_inbox(&pair, &traps);
    let mut sender = EvilSender::connect(&address);
    let size = CONTENT.len() as u64;
    for (key, name) in (1..).zip(ACTIVE) {
        let stream = sender.begin(file_offer(key, name, size));
        let reply = sender.file(stream, file_entry(0, name, size), CONTENT);
        assert_eq!(reply, Ok(Reply::Done), "{name}");
        assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable), "{name}");
    }
    assert_eq!(send_folder(&mut sender, 50, "d", &ACTIVE), Ending::Durable);
    program.ask_to_end();
    tells_as_text(&program.finish());
    for name in ACTIVE {
        for folder in ["inbox", "inbox/d"] {
            assert_eq!(fs::read(pair.far.path(folder).join(name)).unwrap(), CONTENT);
        }
    }
    assert!(!traps.join("ran").exists() && !pair.far.path("elsewhere").exists());
}

#[test]
fn b39_names_and_words_are_text_to_a_sender_too() {
    let pair = Pair::new();
    let traps = traps(&pair);
    let words = "<a href=\"javascript:alert(1)\">$(touch ran)</a> file:///etc/passwd %s%n";
    for name in ACTIVE {
        let path = pair.scratch.file(&format!("out/{name}"), "x");
        let end = send_to_evil(&pair, &path, |receiver| {
            let mut receipt = receiver.offered();
            assert_eq!(receipt.name, name);
            let refuse = Status::new(RefuseReason::Chosen, words);
            receipt.say(transom_wire::Message::Refuse(refuse));
            receipt.evil.closed();
        });
        assert_eq!(end.code, Some(1), "{name}: {end:?}");
        assert!(end.stderr.contains(words), "{name}: {end:?}");
    }
    assert!(!traps.join("ran").exists() && !pair.near.path("ran").exists());
}

/// All bytes that tell something of a secret: it, and how it is written.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        secret.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
    ]
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret)
}

/// All names and files below a folder but that file.
fn written(top: &Path, but: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            bytes.extend_from_slice(path.as_os_str().as_encoded_bytes());
            if path.is_dir() {
                folders.push(path);
            } else if path != but {
                bytes.extend(fs::read(&path).unwrap());
            }
        }
    }
    bytes
}

#[test]
fn b36_a_private_key_is_in_its_file_alone() {
    let pair = Pair::new();
    let key = pair.far.state().join("key");
    let mode = fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secrets = spellings(&fs::read(&key).unwrap());
    let program = pair.listen_by(
        "receive",
        &["--into", "inbox", "--accept", "known"],
        |command| Program::start(command.env("TRANSOM_LOG", "trace")),
    );
    let file = pair.scratch.file("out/letter", "dear");
    let end = pair.near.run(&["send", "far", file.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let mut told = written(pair.scratch.path(), &key);
    for name in ["cmdline", "environ"] {
        // Elsewhere there are no such files.
        told.extend(fs::read(format!("/proc/{}/{name}", program.id())).unwrap_or_default());
    }
    program.ask_to_end();
    let ended = program.finish();
    for text in [end.stdout, end.stderr, ended.stdout, ended.stderr] {
        told.extend(text.into_bytes());
    }
    assert!(!secrets.iter().any(|secret| holds(&told, secret)));
}

#[test]
fn b36_a_code_stays_in_no_file_and_no_output_of_the_side_that_was_given_it() {
    let pair = strangers();
    let file = pair.scratch.file("out/letter", "dear");
    let send = ["send", "--code", file.to_str().unwrap()];
    let (send, code, address) = showing(&pair.near, &send);
    let shown = fs::read(format!("/proc/{}/cmdline", send.id())).unwrap_or_default();
    let receive = ["receive", "--from", &address, "--into", "inbox"];
    let end = with_code(&pair.far, &code, &receive);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(send.finish().code, Some(0));
    let mut told = written(pair.scratch.path(), Path::new(""));
    told.extend(shown);
    told.extend([end.stdout, end.stderr].concat().into_bytes());
    assert!(!holds(&told, code.as_bytes()), "{code}");
}
