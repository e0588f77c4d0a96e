//! Paths and names (B01 to B11).

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use transom_tests::{EvilSender, Program, Reply, file_entry, file_offer, folder_offer, with_path};
use transom_wire::{
    ByeCode, Collision, Ending, Entry, FailReason, Failure, Message, RefuseReason, Status,
};

use super::{CONTENT, Inbox, Pair, folder_entry, outside, send_folder, send_to_evil};

/// The receiver hangs up on that path, as the name of a file and of a folder offered, and as an
/// entry of either kind.
fn is_refused(inbox: &Inbox, path: &[u8]) {
    let text = String::from_utf8_lossy(path);
    let size = CONTENT.len() as u64;
    for offer in [file_offer(1, "x", size), folder_offer(2, "x", 1, size)] {
        let mut sender = inbox.sender();
        let stream = sender.new_stream();
        sender
            .evil
            .say_changed(stream, Message::Offer(offer), with_path(path));
        is_hung_up_on(&mut sender, &text);
    }
    let entries = [file_entry(0, "x", size), folder_entry(0, "x")];
    for (key, entry) in (3..).zip(entries) {
        let mut sender = inbox.sender();
        let stream = sender.begin(folder_offer(key, "d", 1, size));
        sender
            .evil
            .say_changed(stream, Message::Entry(entry), with_path(path));
        is_hung_up_on(&mut sender, &text);
    }
}

fn is_hung_up_on(sender: &mut EvilSender, what: &str) {
    let closed = sender.evil.closed();
    assert_eq!(closed.bye, Some(ByeCode::Illegal), "{what:?}");
}

/// Each path arrives under exactly these bytes in a folder, and nowhere else.
fn arrives_as_named(inbox: &mut Inbox, paths: &[&str]) {
    let ending = send_folder(&mut inbox.sender(), 9, "d", paths);
    assert_eq!(ending, Ending::Durable);
    for path in paths {
        let there = fs::read(inbox.path("d").join(path));
        assert_eq!(there.ok().as_deref(), Some(CONTENT), "{path:?}");
    }
    assert_eq!(inbox.names(), ["d"]);
    inbox.still_serves();
}

/// An honest sender's file of that name arrives under the same bytes, in a folder and by itself.
/// Both sides show the name in words fit for a terminal.
fn arrives_byte_for_byte(name: &[u8], shown: &str) {
    let pair = Pair::new();
    let (mut inbox, address) = human_inbox(&pair);
    pair.near.knows(&pair.far, &address, "files");
    let name = OsStr::from_bytes(name);
    let folder = pair.scratch.folder("out/odd");
    fs::write(folder.join(name), "odd").unwrap();
    for path in [&folder, &folder.join(name)] {
        let mut send = pair.near.command(&["send", "far"]);
        let end = Program::start(send.arg(path)).finish();
        assert_eq!(end.code, Some(0), "{end:?}");
        is_fit_for_a_terminal(&end.stdout);
        is_fit_for_a_terminal(&end.stderr);
    }
    inbox.line_with(shown);
    inbox.ask_to_end();
    is_fit_for_a_terminal(&inbox.finish().stdout);
    for place in ["inbox/odd", "inbox"] {
        let there = fs::read_dir(pair.far.path(place)).unwrap();
        let names = there.map(|entry| entry.unwrap().file_name());
        assert!(names.into_iter().any(|found| found == name), "{place}");
    }
}

fn is_fit_for_a_terminal(text: &str) {
    let unfit = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2067}\u{200b}".contains(c);
    assert!(!text.contains(unfit), "{text:?}");
}

#[test]
fn b01_paths_that_lead_out_of_the_inbox_make_nothing_anywhere() {
    let mut inbox = Inbox::new();
    for path in [
        "../x",
        "a/../../x",
        "a/../b",
        "..",
        ".",
        "",
        "/etc/transom-b01",
        "//x",
        "a//b",
        "a/",
        "./a",
        "../../../../../../../tmp/transom-b01",
    ] {
        is_refused(&inbox, path.as_bytes());
    }
    assert!(!fs::exists("/tmp/transom-b01").unwrap() && !fs::exists("/etc/transom-b01").unwrap());
    inbox.is_unharmed();
    // No shell and no option parser reads a path: these are plain names.
    arrives_as_named(
        &mut inbox,
        &["~/.ssh/authorized_keys", "-", "--help", "$HOME"],
    );
}

#[test]
fn b02_paths_of_other_systems_are_refused_and_names_like_them_are_told_by_bytes() {
    let mut inbox = Inbox::new();
    for path in [
        r"..\x",
        r"C:\x",
        "C:x",
        "c:",
        r"\\srv\s\x",
        r"\\?\C:\x",
        r"a\b",
        r"\x",
    ] {
        is_refused(&inbox, path.as_bytes());
    }
    inbox.is_unharmed();
    arrives_byte_for_byte(br"..\x", r"..\x5cx");
    arrives_byte_for_byte(b"C:x", r"C\x3ax");
}

#[test]
fn b03_no_encoding_of_dots_or_slashes_is_decoded_twice() {
    let mut inbox = Inbox::new();
    let broken: [&[u8]; 6] = [
        // Overlong dots and slash, a lone surrogate, no UTF-8 at all, NUL.
        b"\xc0\xae\xc0\xae/x",
        b"..\xc0\xafx",
        b"\xe0\x80\xae\xe0\x80\xae/x",
        b"\xed\xa0\x80x",
        b"\xff\xfe",
        b"a\0b",
    ];
    for path in broken {
        is_refused(&inbox, path);
    }
    inbox.is_unharmed();
    arrives_as_named(
        &mut inbox,
        &[
            "\u{ff0e}\u{ff0e}/x",
            "\u{ff0e}\u{ff0e}\u{ff0f}x",
            "..\u{2215}x",
            "%2e%2e/x",
            "%2e%2e%2fx",
            "%252e%252e%252fx",
            "..;/x",
            "&#46;&#46;/x",
        ],
    );
    arrives_byte_for_byte(b"\xff\xfe", r"\xff\xfe");

    // Characters that stand for bytes: none hides a slash, dots or what has a name already.
    let hidden = [
        "\u{10fe2e}\u{10fe2e}",
        ".\u{10fe2e}",
        "x\u{10fe2f}y",
        "\u{10fe2e}./x",
        "a\u{10fe62}",
    ];
    let size = CONTENT.len() as u64;
    let mut sender = inbox.sender();
    for (key, path) in (1..).zip(hidden) {
        let stream = sender.begin(folder_offer(key, "hidden", 1, size));
        let reply = sender.file(stream, file_entry(0, path, size), CONTENT);
        assert_eq!(reply, Ok(Reply::Failed(FailReason::BadName)), "{path:?}");
        sender.abandon(stream, 0);
        assert_eq!(sender.finish(stream, 1), Ok(Ending::Failed), "{path:?}");
    }
    let stream = sender.offer(file_offer(9, "\u{10fe2e}.", size));
    assert_eq!(sender.answer(stream), Ok(Err(RefuseReason::Unwritable)));
    assert_eq!(inbox.names(), ["d"]);
    inbox.still_serves();
}

#[test]
fn b04_control_characters_reach_no_terminal() {
    let mut inbox = Inbox::new();
    for path in [
        "\u{1b}[2J",
        "a\u{9b}2J",
        "a\rb",
        "a\nb",
        "a\u{8}b",
        "a\u{7f}b",
        "a\u{85}b",
        "a\tb",
        "\u{1b}]0;title\u{7}",
    ] {
        is_refused(&inbox, path.as_bytes());
    }
    inbox.is_unharmed();
    arrives_byte_for_byte(b"a\x1b[2Jb", r"a\x1b[2Jb");
    arrives_byte_for_byte(b"a\nb\x9b", r"a\x0ab\x9b");
}

/// Text that clears a screen, forges a line and turns what follows.
const UNFIT: &str = "\u{1b}[2Jx\u{9b}31m\r\ntransom: all is well\u{202e}gpj";

#[test]
fn b04_the_words_of_a_peer_are_escaped_at_both_sides() {
    let pair = Pair::new();
    let file = pair.scratch.file("out/file", "data");
    let says: [fn() -> Message<'static>; 4] = [
        || Message::Refuse(Status::new(RefuseReason::Chosen, UNFIT)),
        || Message::Cancel(Status::new(RefuseReason::Chosen, UNFIT)),
        || {
            Message::Failed(Failure {
                index: transom_wire::WHOLE,
                reason: FailReason::Io,
                errno: 5,
                text: UNFIT,
            })
        },
        || Message::Finished(Status::new(Ending::Failed, UNFIT)),
    ];
    for (number, say) in says.into_iter().enumerate() {
        let end = send_to_evil(&pair, &file, |receiver| {
            let mut receipt = receiver.offered();
            if number > 0 {
                receipt.accept(1000);
                receipt.entries();
            }
            receipt.say(say());
            receipt.evil.closed();
        });
        assert_eq!(end.code, Some(1), "{number}: {end:?}");
        is_fit_for_a_terminal(&end.stderr);
        is_fit_for_a_terminal(&end.stdout);
        let forged = |line: &str| line.starts_with("transom: all is well");
        assert!(!end.stderr.lines().any(forged), "{end:?}");
    }

    let mut inbox = Inbox::new();
    let mut sender = inbox.sender();
    let stream = sender.begin(file_offer(1, "a", 10));
    let cancel = Message::Cancel(Status::new(RefuseReason::Chosen, UNFIT));
    sender.evil.say(stream, cancel);
    let line = inbox.program.line_with("transfer_ended");
    is_fit_for_a_terminal(&line);
    assert!(line.contains(r"\u001b[2J"), "{line}");
    inbox.still_serves();
}

/// `transom receive` as a person sees it, with its output at the end.
fn human_inbox(pair: &Pair) -> (Program, String) {
    let listen = ["receive", "--into", "inbox", "--accept", "known"];
    let place = ["--name", "far", "--listen", "127.0.0.1:0"];
    let mut program = pair.far.start(&[&listen[..], &place].concat());
    let line = program.line_with("127.0.0.1:");
    let at = line.find("127.0.0.1:").unwrap();
    let rest = &line[at..];
    let end = rest.find([' ', ',', ')']).unwrap_or(rest.len());
    (program, rest[..end].to_owned())
}

#[test]
fn b05_names_that_turn_or_hide_text_are_shown_escaped_and_kept_exactly() {
    let pair = Pair::new();
    pair.far
        .write_in_book(&super::evil_contact("evil", transom_tests::EVIL_KEY));
    let (mut program, address) = human_inbox(&pair);
    let marks = format!("a{}", "\u{301}".repeat(127));
    let names = [
        "photo\u{202e}gpj.exe",
        "a\u{2067}b\u{2069}.txt",
        "in\u{200b}visible",
        &marks,
        &"\u{fffd}".repeat(85),
    ];
    let mut sender = EvilSender::connect(&address);
    for (key, name) in (1..).zip(names) {
        let size = CONTENT.len() as u64;
        let stream = sender.begin(file_offer(key, name, size));
        let reply = sender.file(stream, file_entry(0, name, size), CONTENT);
        assert_eq!(reply, Ok(Reply::Done), "{name:?}");
        assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable), "{name:?}");
        let there = fs::read(pair.far.path("inbox").join(name));
        assert_eq!(there.ok().as_deref(), Some(CONTENT), "{name:?}");
    }
    program.line_with(r"photo\u{202e}gpj.exe");
    program.line_with(&marks);
    program.ask_to_end();
    let end = program.finish();
    is_fit_for_a_terminal(&end.stdout);
    is_fit_for_a_terminal(&end.stderr);
}

#[test]
fn b06_names_of_devices_open_no_device() {
    let names = [
        "NUL",
        "nul",
        "con.txt",
        "COM1",
        "COM\u{b9}",
        "LPT9",
        "CONIN$",
        "CLOCK$",
        "AUX .txt",
        "PRN",
    ];
    arrives_as_named(&mut Inbox::new(), &names);
}

#[test]
fn b07_names_that_another_system_changes_keep_every_byte() {
    let mut inbox = Inbox::new();
    let names = ["ab:c", "a.", "a ", "a...", "<>:\"|?*", "xy:$DATA", "a. ."];
    arrives_as_named(&mut inbox, &names);
    let there = fs::read_dir(inbox.path("d")).unwrap();
    assert_eq!(there.count(), names.len());
}

#[test]
fn b08_names_too_long_are_refused_and_those_that_only_just_fit_are_cut_well() {
    let mut inbox = Inbox::new();
    let parts = |count: usize, part: &str| vec![part; count].join("/");
    for path in [
        "x".repeat(256),
        format!("d/{}/e", "x".repeat(256)),
        parts(129, "x"),
        parts(10_000, "x"),
        "x/".repeat(2048) + "x",
        "x".repeat(32_768),
    ] {
        // What a frame can't hold needs no test of its path.
        if path.len() <= 4096 + 400 {
            is_refused(&inbox, path.as_bytes());
        }
    }
    inbox.is_unharmed();
    let deep = [parts(100, "x"), parts(16, &"y".repeat(200))];
    arrives_as_named(&mut inbox, &[deep[0].as_str(), deep[1].as_str()]);
    fs::remove_dir_all(inbox.path("d")).unwrap();

    // A full name and the number that keeps two apart: cut between characters.
    let name = format!("{}.txt", "é".repeat(125));
    let mut sender = inbox.sender();
    for (key, content) in (20..).zip(["one", "two"]) {
        let size = content.len() as u64;
        let stream = sender.begin(file_offer(key, &name, size));
        let reply = sender.file(stream, file_entry(0, &name, size), content.as_bytes());
        assert_eq!(reply, Ok(Reply::Done));
        assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable));
    }
    let names = inbox.names();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&name), "{names:?}");
    let second = names.iter().find(|one| **one != name).unwrap();
    assert!(
        second.len() <= 255 && second.ends_with("é (1).txt"),
        "{names:?}"
    );
    inbox.still_serves();
}

#[test]
fn b09_names_that_come_twice_or_are_ours_fail_alone() {
    let mut inbox = Inbox::new();
    let mut sender = inbox.sender();
    let size = CONTENT.len() as u64;
    let count = 11;
    let stream = sender.begin(folder_offer(1, "d", count, u64::from(count) * size));
    let mut take = |entry: Entry<'_>| {
        let reply = match entry.size {
            0 => sender.entry(stream, entry),
            _ => sender.file(stream, entry, CONTENT),
        };
        if let Ok(Reply::Failed(_)) = reply {
            sender.abandon(stream, entry.index);
        }
        reply
    };
    let twice = Ok(Reply::Failed(FailReason::Duplicate));
    assert_eq!(take(file_entry(0, "a", size)), Ok(Reply::Done));
    assert_eq!(take(file_entry(1, "a", size)), twice);
    assert_eq!(take(file_entry(2, "a/b", size)), twice);
    assert_eq!(take(folder_entry(3, "a")), twice);
    assert_eq!(take(file_entry(4, "x/y", size)), Ok(Reply::Done));
    assert_eq!(take(file_entry(5, "x", size)), twice);
    // Other spellings are other names on this file system.
    let others = ["README", "readme", "\u{e9}", "e\u{301}", "tree"];
    for (index, other) in (6..).zip(others) {
        let reply = take(file_entry(index, other, size));
        assert_eq!(reply, Ok(Reply::Done), "{other:?}");
    }
    assert_eq!(sender.finish(stream, count), Ok(Ending::Partial));
    let there = fs::read_dir(inbox.path("d")).unwrap();
    assert_eq!(there.count(), 2 + others.len());

    // The private folder itself, in any case, is refused before anything is made.
    for (key, name) in (2..).zip([".transom-incoming", ".Transom-Incoming"]) {
        for offer in [file_offer(key, name, 4), folder_offer(key + 10, name, 1, 4)] {
            let stream = sender.offer(offer);
            assert_eq!(sender.answer(stream), Ok(Err(RefuseReason::Forbidden)));
        }
    }
    // Inside a folder of the sender those names are no one's.
    let names = [".transom-incoming/lock", "record", "leaves/0", "folders"];
    let ending = send_folder(&mut sender, 40, "e", &names);
    assert_eq!(ending, Ending::Durable);
    assert_eq!(inbox.names(), ["d", "e"]);
    inbox.still_serves();
}

#[test]
fn b09_a_sender_of_a_file_that_runs_twice_at_once_gets_one_file() {
    let mut inbox = Inbox::new();
    let size = CONTENT.len() as u64;
    let mut first = inbox.sender();
    let stream = first.begin(file_offer(1, "a", size));
    let mut second = inbox.other_sender();
    // The same key of another peer is another transfer.
    let other = second.begin(file_offer(1, "a", size));
    for (sender, stream) in [(&mut first, stream), (&mut second, other)] {
        let entry = file_entry(0, "a", size);
        assert_eq!(sender.file(stream, entry, CONTENT), Ok(Reply::Done));
    }
    let endings = [first.finish(stream, 1), second.finish(other, 1)];
    assert_eq!(endings, [Ok(Ending::Durable), Ok(Ending::AlreadyThere)]);
    assert_eq!(inbox.names(), ["a"]);
    inbox.still_serves();
}

#[test]
fn b10_ordinary_names_of_all_scripts_arrive() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let full = "é".repeat(127) + "x";
    let names = [
        "文件.txt",
        "👩‍👧.jpg",
        "(1)",
        "[x]",
        "(test).txt",
        ".hidden",
        "-dash",
        "--help",
        "a b",
        " leading and trailing ",
        "a'b\"c`d$e;f&g|h",
        "علی.txt",
        "ខ្មែរ",
        &full,
    ];
    for name in names {
        pair.scratch.file(&format!("out/names/{name}"), name);
    }
    let folder = pair.scratch.join("out/names");
    let end = pair.near.run(&["send", "far", folder.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    for name in names {
        let there = fs::read_to_string(pair.far.path("inbox/names").join(name));
        assert_eq!(there.unwrap(), name);
    }
    // And each as a transfer of its own.
    let files: Vec<_> = names.iter().map(|name| folder.join(name)).collect();
    let mut arguments = vec!["send", "far"];
    arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
    let end = pair.near.run(&arguments);
    assert_eq!(end.code, Some(0), "{end:?}");
    for name in names {
        let there = fs::read_to_string(pair.far.path("inbox").join(name));
        assert_eq!(there.unwrap(), name);
    }
}

#[test]
fn b11_files_that_programs_obey_stay_where_they_are_sent() {
    let mut inbox = Inbox::new();
    let paths = [
        ".ssh/authorized_keys",
        ".bashrc",
        ".config/autostart/x.desktop",
        "desktop.ini",
        "autorun.inf",
        ".git/hooks/post-checkout",
        ".envrc",
        "__MACOSX/._x",
    ];
    arrives_as_named(&mut inbox, &paths);
    // A script says itself that it may be run, and nothing of ours ran it.
    let mut sender = inbox.sender();
    let script = format!("#!/bin/sh\ntouch {}\n", inbox.path("ran").display());
    let size = script.len() as u64;
    let stream = sender.begin(file_offer(50, "x.desktop", size));
    let entry = Entry {
        mode: 0o7777,
        ..file_entry(0, "x.desktop", size)
    };
    let reply = sender.file(stream, entry, script.as_bytes());
    assert_eq!(reply, Ok(Reply::Done));
    assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable));
    assert_eq!(inbox.names(), ["d", "x.desktop"]);
    let mode = fs::metadata(inbox.path("x.desktop")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o7022, 0, "{mode:?}");
    inbox.still_serves();
    // What is there is never replaced without the receiver's permission.
    fs::write(inbox.path(".bashrc"), "mine").unwrap();
    let mut sender = inbox.sender();
    let offer = transom_wire::Offer {
        collision: Collision::Overwrite,
        ..file_offer(51, ".bashrc", CONTENT.len() as u64)
    };
    let stream = sender.begin(offer);
    let entry = file_entry(0, ".bashrc", CONTENT.len() as u64);
    assert_eq!(sender.file(stream, entry, CONTENT), Ok(Reply::Done));
    assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable));
    let mine = fs::read_to_string(inbox.path(".bashrc"));
    assert_eq!(mine.unwrap(), "mine");
    assert_eq!(outside(&inbox.pair), inbox.outside);
}

#[test]
fn b11_no_inbox_holds_the_home_folder() {
    let pair = Pair::new();
    let home = pair.far.path("");
    let link = pair.scratch.join("link");
    std::os::unix::fs::symlink(&home, &link).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = pair.far.command(arguments);
        Program::start(command.env("HOME", &home)).finish()
    };
    for folder in [".", "..", "/", link.to_str().unwrap()] {
        let receive = ["receive", "--accept", "known", "--into", folder];
        let camera = ["camera", "--source", "pattern", "--inbox", folder];
        for arguments in [&receive[..], &camera] {
            let listen = ["--listen", "127.0.0.1:0", "--name", "far"];
            let end = run(&[arguments, &listen].concat());
            assert_eq!(end.code, Some(2), "{folder}: {end:?}");
            assert!(end.stderr.contains("home folder"), "{folder}: {end:?}");
        }
    }
    // A folder in it is an inbox.
    let mut command = pair.far.command(&[
        "receive",
        "--into",
        "inbox",
        "--accept",
        "known",
        "--listen",
        "127.0.0.1:0",
        "--json",
    ]);
    Program::start(command.env("HOME", &home)).event("inbox");
}
