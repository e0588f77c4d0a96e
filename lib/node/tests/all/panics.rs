//! What a panic costs, tried in a process of its own: this test program, run again.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, exit};
use std::thread::Builder;

use transom::media::{ImageError, guard};

/// Tells the child where to panic.
const WHERE: &str = "TRANSOM_TEST_PANIC";
const LIVED_ON: i32 = 7;
const SIGABRT: i32 = 6;

#[test]
fn a_thread_that_panics_ends_the_program_at_once() {
    for place in ["thread", "main"] {
        let status = child(place);
        assert_eq!(status.signal(), Some(SIGABRT), "{place}: {status}");
    }
}

#[test]
fn a_panic_on_a_picture_ends_nothing() {
    let status = child("picture");
    assert_eq!(status.code(), Some(LIVED_ON), "{status}");
}

/// As the crate `mdns-sd` calls its thread; a test of the programs looks whether it still does.
#[test]
fn a_panic_on_a_packet_of_mdns_ends_that_thread_only() {
    let status = child("mDNS_daemon");
    assert_eq!(status.code(), Some(LIVED_ON), "{status}");
}

fn child(place: &str) -> ExitStatus {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "panics::in_the_child", "--nocapture"])
        .env(WHERE, place);
    let output = child.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let ends = matches!(place, "thread" | "main");
    assert_eq!(told.contains("panicked"), ends, "{told}");
    output.status
}

#[test]
fn in_the_child() {
    let Ok(place) = std::env::var(WHERE) else {
        return;
    };
    transom::abort_on_panic();
    match place.as_str() {
        "thread" => drop(std::thread::spawn(|| panic!("a bug")).join()),
        "mDNS_daemon" => {
            let thread = Builder::new().name(place);
            let thread = thread.spawn(|| panic!("a bad packet")).unwrap();
            assert!(thread.join().is_err());
        }
        "picture" => {
            let failed = guard(|| -> Result<(), ImageError> { panic!("a bad picture") });
            assert_eq!(failed, Err(ImageError::Panicked));
        }
        _ => panic!("a bug"),
    }
    exit(LIVED_ON);
}
