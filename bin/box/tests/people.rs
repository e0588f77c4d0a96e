//! `transom users` and the places where it looks, with the real program in folders of its own. What
//! needs two peers is tested in `tests/`.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A home that goes away with the test.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let dir =
            std::env::temp_dir().join(format!("transom-people-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = Command::new(env!("CARGO_BIN_EXE_transom"));
        self.surrounded(program, arguments)
    }

    /// Without a terminal: in one, SIGHUP would end it.
    #[cfg(unix)]
    fn service(&self, arguments: &[&str]) -> Command {
        let mut session = Command::new("setsid");
        session.arg(env!("CARGO_BIN_EXE_transom"));
        self.surrounded(session, arguments)
    }

    /// Nothing of the tester's own surroundings reaches the program.
    fn surrounded(&self, mut command: Command, arguments: &[&str]) -> Command {
        command
            .args(arguments)
            .current_dir(&self.0)
            .env("HOME", &self.0);
        for name in [
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "TRANSOM_STATE",
            "TRANSOM_USERS",
            "TRANSOM_LOG",
        ] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn key(&self, state: &str) -> String {
        let id = self.run(&["id", "--json", "--state", state]);
        let id: serde_json::Value = serde_json::from_slice(&id.stdout).unwrap();
        id["key"].as_str().unwrap().to_owned()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output, code: i32) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(
        text.starts_with("transom: ") && text.lines().count() == 1,
        "{text}"
    );
    text
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_book_is_looked_for_in_order() {
    let home = Home::new("order");
    let books = [
        ("users/user_list.txt", "below"),
        (".config/transom/user_list.txt", "config"),
        ("named.txt", "environment"),
        ("option.txt", "option"),
    ];
    for (path, name) in books {
        let path = home.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{name} 127.0.0.1\n")).unwrap();
    }
    let listed = |command: &mut Command| out(&command.arg("--json").output().unwrap());
    let found = |text: String, name: &str| {
        assert!(text.contains(&format!("\"name\":\"{name}\"")), "{text}")
    };
    let environment = home.path("named.txt");
    let mut with_both = home.command(&["users", "--users", "option.txt"]);
    found(
        listed(with_both.env("TRANSOM_USERS", &environment)),
        "option",
    );
    found(
        listed(home.command(&["users"]).env("TRANSOM_USERS", &environment)),
        "environment",
    );
    found(listed(&mut home.command(&["users"])), "config");
    fs::remove_file(home.path(".config/transom/user_list.txt")).unwrap();
    found(listed(&mut home.command(&["users"])), "below");
}

#[test]
fn a_book_of_the_current_folder_gives_nobody_a_right_unless_it_was_named() {
    let home = Home::new("below");
    fs::create_dir_all(home.path("users")).unwrap();
    fs::write(
        home.path("users/user_list.txt"),
        "mallory 127.0.0.1 may=auto,files\n",
    )
    .unwrap();
    let listed = |arguments: &[&str]| out(&home.command(arguments).output().unwrap());
    let found = listed(&["users", "--json"]);
    assert!(
        found.contains("\"name\":\"mallory\"") && found.contains("\"may\":\"\""),
        "{found}"
    );
    let named = listed(&["users", "--json", "--users", "users/user_list.txt"]);
    assert!(named.contains("\"may\":\"files,auto\""), "{named}");
    // A new contact goes to the user's own book, which counts from then on.
    out(&home.run(&["users", "add", "anna", "127.0.0.1"]));
    let found = listed(&["users", "--json"]);
    assert!(
        found.contains("anna") && !found.contains("mallory"),
        "{found}"
    );
}

#[test]
fn a_book_that_was_named_has_to_be_there() {
    let home = Home::new("named");
    let text = complaint(&home.run(&["users", "--users", "nowhere.txt"]), 1);
    assert!(text.contains("nowhere.txt"), "{text}");
    assert_eq!(
        home.run(&["users"]).status.code(),
        Some(0),
        "without a name there may be none"
    );
}

#[test]
fn add_appends_one_line_and_changes_nothing_else() {
    let home = Home::new("add");
    let book = home.path("book.txt");
    let before = "# mine\nbad line without\taddress?\nben 10.0.0.7 # no newline here";
    fs::write(&book, before).unwrap();
    let users = ["--users", "book.txt"];
    let add = |line: &[&str]| home.run(&[&["users", "add"], line, &users[..]].concat());

    assert_eq!(
        add(&["porch", "192.168.1.20:99", "may=view", "#front"])
            .status
            .code(),
        Some(0)
    );
    let after = read(&book);
    assert_eq!(
        after,
        format!("{before}\nporch 192.168.1.20:99 may=view #front\n")
    );

    let twice = complaint(&add(&["ben", "10.0.0.8"]), 1);
    assert!(twice.contains("book.txt:3"), "{twice}");
    complaint(&add(&["porch2", "10.0.0.8", "may=fly"]), 2);
    assert_eq!(read(&book), after);
}

#[test]
fn a_comment_brings_no_second_contact_into_a_book_new_or_old() {
    let home = Home::new("two-lines");
    for _ in 0..2 {
        for line in [
            "eve 10.0.0.1 #\nroot 10.0.0.2 may=auto",
            "eve 10.0.0.1 #x\r\nroot a",
        ] {
            let said = home.run(&["--users", "book", "users", "add", line]);
            complaint(&said, 2);
            let text = fs::read_to_string(home.path("book")).unwrap_or_default();
            assert!(!text.contains("root") && !text.contains("eve"), "{text}");
        }
        home.run(&["--users", "book", "users", "add", "ben", "10.0.0.7"]);
    }
}

#[test]
fn nobody_is_added_where_no_line_is_read_any_more() {
    let home = Home::new("long");
    let book = home.path("book");
    let text = "# a long comment\n".repeat(70_000);
    fs::write(&book, &text).unwrap();
    let said = home.run(&["--users", "book", "users", "add", "eve", "10.0.0.1"]);
    let said = complaint(&said, 1);
    assert!(said.contains("can't add eve"), "{said}");
    assert_eq!(read(&book), text);
}

#[test]
fn the_first_contact_makes_the_book() {
    let home = Home::new("first");
    assert_eq!(
        home.run(&["users", "add", "ben", "10.0.0.7"]).status.code(),
        Some(0)
    );
    assert_eq!(
        read(&home.path(".config/transom/user_list.txt")),
        "ben 10.0.0.7\n"
    );
}

#[test]
fn keys_are_pinned_shown_and_forgotten() {
    let home = Home::new("trust");
    let (one, other) = (home.key("one"), home.key("other"));
    assert_ne!(one, other);
    assert_eq!(
        home.run(&["users", "trust", "ben", &one]).status.code(),
        Some(0)
    );
    assert_eq!(
        home.run(&["users", "trust", "ben", &one]).status.code(),
        Some(0),
        "once more is no harm"
    );
    let refused = complaint(&home.run(&["users", "trust", "ben", &other]), 1);
    assert!(refused.contains("transom users forget ben"), "{refused}");
    let list = out(&home.run(&["users"]));
    assert!(list.contains("ben"), "{list}");

    assert_eq!(home.run(&["users", "forget", "ben"]).status.code(), Some(0));
    complaint(&home.run(&["users", "forget", "ben"]), 1);
    assert_eq!(
        home.run(&["users", "trust", "ben", &other]).status.code(),
        Some(0)
    );
}

#[test]
fn a_key_in_the_book_is_the_owners_to_change() {
    let home = Home::new("book-key");
    let (one, other) = (home.key("one"), home.key("other"));
    assert_eq!(
        home.run(&["users", "add", "ben", "10.0.0.7", &format!("key={one}")])
            .status
            .code(),
        Some(0)
    );
    let refused = complaint(&home.run(&["users", "trust", "ben", &other]), 1);
    assert!(refused.contains("user_list.txt"), "{refused}");
    let still = complaint(&home.run(&["users", "forget", "ben"]), 1);
    assert!(still.contains("line 1"), "{still}");
}

#[test]
fn check_names_the_line_that_is_no_text() {
    let home = Home::new("bytes");
    fs::write(home.path("book.txt"), b"ben 10.0.0.7\n\xff\xfe 10.0.0.8\n").unwrap();
    let check = home.run(&["users", "check", "book.txt"]);
    complaint(&check, 1);
    assert!(
        out(&check).contains("book.txt:2: not UTF-8 text"),
        "{}",
        out(&check)
    );
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let home = Home::new("pipe");
    let script = "\"$0\" completions bash | head -c 1 >/dev/null; \"$0\" id | true";
    let status = Command::new("bash")
        .args([
            "-c",
            &format!("set -o pipefail; {script}"),
            env!("CARGO_BIN_EXE_transom"),
        ])
        .env("HOME", &home.0)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&status.stderr), "");
    assert_eq!(status.status.code(), Some(0));
}

#[test]
fn a_receiver_with_nobody_to_ask_says_so() {
    let home = Home::new("ask");
    let text = complaint(&home.run(&["receive"]), 2);
    assert!(text.contains("--accept known"), "{text}");
}

#[test]
fn a_spoilt_key_file_is_not_overwritten() {
    let home = Home::new("spoilt");
    home.key("one");
    let key = home.path("one/key");
    let content = fs::read(&key).unwrap();
    fs::write(&key, b"short").unwrap();
    complaint(&home.run(&["id", "--state", "one"]), 1);
    assert_eq!(fs::read(&key).unwrap(), b"short");
    fs::write(&key, [&content[..], b"more"].concat()).unwrap();
    complaint(&home.run(&["id", "--state", "one"]), 1);
}

#[cfg(unix)]
#[test]
fn a_book_made_after_the_start_is_found() {
    let home = Home::new("late-book");
    let listen = ["receive", "--accept", "known", "--json", "--listen"];
    let mut receiver = home
        .service(&listen)
        .args(["127.0.0.1:0", "--into", "inbox"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(receiver.stdout.take().unwrap()).lines();
    let mut until = |event: &str| {
        let named = format!("\"event\":\"{event}\"");
        let mut lines = lines.by_ref().map_while(Result::ok);
        lines.find(|line| line.contains(&named))
    };
    assert!(until("listening").is_some());
    let added = home.run(&["users", "add", "anna", "127.0.0.1"]);
    let pid = receiver.id().to_string();
    let hung_up = Command::new("kill").args(["-HUP", &pid]).status();
    let reloaded = until("reloaded");
    receiver.kill().unwrap();
    receiver.wait().unwrap();
    assert!(added.status.success() && hung_up.unwrap().success());
    assert!(reloaded.is_some_and(|line| line.contains("\"contacts\":1")));
}

/// What a camera box warns of until it listens.
#[cfg(unix)]
fn warnings_of_a_box(home: &Home, pairs: &[&str]) -> String {
    let arguments = ["camera", "--json", "--source", "pattern", "--no-announce"];
    let mut camera = home
        .service(&arguments)
        .args(["--listen", "127.0.0.1:0"])
        .args(pairs)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(camera.stdout.take().unwrap()).lines();
    let listens = lines.any(|line| line.unwrap().contains("\"event\":\"listening\""));
    camera.kill().unwrap();
    let output = camera.wait_with_output().unwrap();
    assert!(listens, "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[cfg(unix)]
#[test]
fn a_box_that_shows_a_code_does_not_warn_that_nobody_may_connect() {
    let home = Home::new("first-code");
    let warning = "nobody may connect";
    let warned = warnings_of_a_box(&home, &[]);
    assert!(warned.contains(warning), "{warned}");
    let warned = warnings_of_a_box(&home, &["--pair"]);
    assert!(!warned.contains(warning), "{warned}");
}

#[test]
fn a_named_book_that_is_missing_says_that_an_empty_file_will_do() {
    let home = Home::new("no-file");
    let said = complaint(&home.run(&["users", "--users", "none.txt"]), 1);
    assert!(said.contains("make an empty file of that name"), "{said}");
    fs::write(home.path("none.txt"), "").unwrap();
    let listed = home.run(&["users", "--users", "none.txt"]);
    assert!(listed.status.success(), "{listed:?}");
}
