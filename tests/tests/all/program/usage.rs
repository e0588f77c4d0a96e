//! Exit codes, help, and what needs no peer.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::Command;

use transom_tests::{Person, Scratch};

#[test]
fn id_is_made_once_and_printed_for_programs() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let again = amy.run(&["id"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.contains(amy.key()), "{again:?}");
}

#[cfg(unix)]
#[test]
fn the_private_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let folder = std::fs::metadata(amy.state()).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    for file in std::fs::read_dir(amy.state()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.path());
    }
}

#[test]
fn wrong_usage_is_exit_code_2_with_a_hint() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let wrong: &[&[&str]] = &[
        &["nonsense"],
        &["watch"],
        &["watch", "porch", "elsewhere"],
        &["watch", "-"],
        &["watch", "porch", "-", "--http"],
        &["watch", "127.0.0.1:9", "127.0.0.1:9", "--http"],
        &["call"],
        &["call", "--answer", "nobody-in-the-book"],
        &["send", "box"],
        &["camera", "--size", "wide"],
        &["camera", "--source", "rubbish:1"],
    ];
    for arguments in wrong {
        let end = amy.run(arguments);
        assert_eq!(end.code, Some(2), "{arguments:?}: {end:?}");
        assert!(!end.stderr.is_empty(), "{arguments:?}");
        assert_eq!(end.stdout, "", "{arguments:?}");
    }
}

#[test]
fn wrong_usage_is_one_line() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let end = amy.run(&["send", "box", "x", "--limit", "fast"]);
    let words = end.complaint();
    assert!(
        words.starts_with("transom: invalid value 'fast'"),
        "{words}"
    );
    assert!(words.ends_with("--help"), "{words}");
}

#[test]
fn help_is_success_and_has_examples() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    for command in [
        "id", "camera", "call", "watch", "send", "receive", "users", "cameras", "text", "demo",
    ] {
        let help = amy.run(&[command, "--help"]);
        assert_eq!(help.code, Some(0), "{command}: {help:?}");
        assert!(help.stdout.contains("Example"), "{command}");
    }
}

#[test]
fn an_unknown_name_is_one_clear_line() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let end = amy.run(&["watch", "no such name"]);
    assert_eq!(end.code, Some(2), "{end:?}");
    assert!(end.complaint().starts_with("transom: "), "{end:?}");
}

#[test]
fn nobody_there_is_exit_code_1() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    // The discard port: nothing listens there, and the refusal comes at once.
    let end = amy.run(&["watch", "127.0.0.1:9"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.complaint().contains("127.0.0.1:9"), "{end:?}");
}

#[test]
fn bad_lines_are_named_and_the_others_load() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    amy.write_in_book("good 127.0.0.1\nbad\nalso-good 127.0.0.2 may=view");
    let check = amy.run(&["users", "check"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    let place = format!("{}:2:", amy.book().display());
    assert!(check.stdout.contains(&place), "{check:?}");
    let users = amy.run(&["users", "--json"]);
    assert_eq!(users.code, Some(0), "{users:?}");
    assert_eq!(users.stdout.lines().count(), 2, "{users:?}");
}

#[test]
fn ten_megabytes_of_garbage_are_no_book_and_no_crash() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let garbage: Vec<u8> = (0..10_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    std::fs::write(amy.book(), garbage).unwrap();
    let check = amy.run(&["users", "check"]);
    assert_eq!(check.code, Some(1), "{}", check.stderr);
    assert!(
        check.stdout.len() < 1_000_000,
        "{} bytes",
        check.stdout.len()
    );
}

#[test]
fn cameras_lists_without_a_camera_too() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let end = amy.run(&["cameras"]);
    assert_eq!(end.code, Some(0), "{end:?}");
}

#[test]
fn id_fits_a_box_at_another_port_or_address() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let line = format!("amy 192.168.1.20:8000 key={}", amy.key());
    let end = amy.run(&["id", "--name", "amy", "--listen", "192.168.1.20:8000"]);
    assert_eq!(end.stdout.lines().last(), Some(line.as_str()), "{end:?}");
    let end = amy.run(&["id", "--json", "--port", "8000"]);
    let id: serde_json::Value = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!(id["port"], 8000);
    assert!(id["line"].as_str().unwrap().contains(":8000 key="), "{id}");
    let end = amy.run(&["id", "--port", "0"]);
    assert_eq!(end.code, Some(2), "{end:?}");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_file_of_ours_is_told_and_not_waited_for() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let pipe = |path: &Path| {
        let _ = fs::remove_file(path);
        let made = Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    for file in [amy.book(), amy.state().join("known_peers")] {
        pipe(&file);
        let end = amy.run(&["users"]);
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.complaint().contains(file.to_str().unwrap()), "{end:?}");
        fs::remove_file(&file).unwrap();
        fs::write(&file, "").unwrap();
    }
    pipe(&amy.state().join("key"));
    let end = amy.run(&["id"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.complaint().contains("no regular file"), "{end:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_can_not_be_written_is_exit_code_1() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let commands: &[&[&str]] = &[
        &["id"],
        &["id", "--json"],
        &["users"],
        &["users", "check"],
        &["cameras"],
        &["completions", "bash"],
        &["--help"],
        &["send", "--help"],
    ];
    for arguments in commands {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let end = amy.command(arguments).stdout(full).output().unwrap();
        let words = String::from_utf8_lossy(&end.stderr);
        assert_eq!(end.status.code(), Some(1), "{arguments:?}: {words}");
        assert_eq!(words.lines().count(), 1, "{arguments:?}: {words}");
    }
}
