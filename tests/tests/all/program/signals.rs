//! What ends a program from outside: signals, once and twice, and a terminal that is closed.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use transom_media::fuzzing::read_film;
use transom_tests::{PATIENCE, Program, Signal, Terminal};

use super::Pair;

const SMALL: &[&str] = &["--source", "pattern", "--size", "320x240", "--fps", "30"];

/// The program in front, as a person's shell starts it, in a session without a terminal.
pub(super) fn without_terminal(command: &Command) -> Command {
    prefixed(command, &["env", "--default-signal=HUP,INT,TERM", "setsid"])
}

fn prefixed(command: &Command, prefix: &[&str]) -> Command {
    let mut longer = Command::new(prefix[0]);
    longer.args(&prefix[1..]);
    longer.arg(command.get_program()).args(command.get_args());
    longer.current_dir(command.get_current_dir().unwrap());
    longer
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let last = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < last, "too late: {what}");
        sleep(Duration::from_millis(10));
    }
}

/// A film that was ended has its duration.
fn is_whole(film: &Path) -> bool {
    read_film(&fs::read(film).unwrap()).duration.is_some()
}

#[test]
fn timeout_which_signals_twice_leaves_a_whole_film_and_a_summary() {
    let pair = Pair::new();
    let _box = pair.camera(SMALL);
    let film = pair.scratch.join("film.mkv");
    let arguments = ["watch", "far", "--json", "--save", film.to_str().unwrap()];
    let watch = pair.near.command(&arguments);
    let mut watch = Program::start(&mut prefixed(&watch, &["timeout", "600"]));
    watch.event_where("stats", |stats| stats["pictures"].as_u64() > Some(0));
    watch.ask_to_end();
    let end = watch.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stdout.contains("\"event\":\"summary\""), "{end:?}");
    assert!(is_whole(&film));
}

#[test]
fn two_signals_at_once_end_a_box_in_good_order_and_its_children_with_it() {
    let pair = Pair::new();
    let child = pair.scratch.join("child");
    let source = format!(
        "cmd:echo $$ >{0}.new; mv {0}.new {0}; exec sleep 600 2>&-",
        child.display()
    );
    let mut camera = pair.camera(&["--source", &source]);
    let mut watcher = pair.near.start(&["watch", "far", "--json"]);
    until("a child", || child.exists());
    // Stopped, it meets both signals at the same moment.
    for signal in [Signal::STOP, Signal::TERM, Signal::INT, Signal::CONT] {
        camera.signal(signal);
    }
    camera.event("ending");
    assert_eq!(camera.finish().code, Some(0));
    let left = watcher.event("left");
    assert_eq!(left["lost"], false, "it said goodbye: {left}");
    let child = fs::read_to_string(child).unwrap();
    let child = Path::new("/proc").join(child.trim());
    until("the child's end", || !child.exists());
}

#[test]
fn a_later_second_signal_ends_a_program_that_hangs() {
    let pair = Pair::new();
    // Nobody reads, and there is no room: the first line that is printed waits for ever.
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    while writer.write(&[0; 4096]).is_ok() {}
    while writer.write(&[0]).is_ok() {}
    rustix::fs::fcntl_setfl(&writer, flags).unwrap();
    let watch = pair.near.command(&["watch", "127.0.0.1:9", "--json"]);
    let mut watch = without_terminal(&watch);
    let mut watch = watch.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", watch.id());
    until("a handler of SIGTERM", || {
        let status = fs::read_to_string(&status).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = u64::from_str_radix(mask.unwrap().trim(), 16).unwrap();
        mask >> (Signal::TERM.as_raw() - 1) & 1 == 1
    });
    // However late the first one is noticed, one of the later ones is a second later.
    let id = rustix::process::Pid::from_child(&watch);
    until("its end", || {
        rustix::process::kill_process(id, Signal::TERM).unwrap();
        sleep(Duration::from_millis(1200));
        watch.try_wait().unwrap().is_some()
    });
    let end = watch.wait().unwrap();
    assert_eq!((end.code(), end.signal()), (Some(128 + 15), None));
    drop(reader);
}

#[test]
fn what_watches_calls_or_sends_ends_with_its_terminal() {
    let pair = Pair::new();
    let _box = pair.camera(SMALL);
    let terminal = Terminal::new(80);
    let film = pair.scratch.join("film.mkv");
    let arguments = ["watch", "far", "--json", "--save", film.to_str().unwrap()];
    let watch = pair.near.command(&arguments);
    let mut watch = Program::start(&mut terminal.command(&watch));
    watch.event_where("stats", |stats| stats["pictures"].as_u64() > Some(0));
    drop(terminal);
    let end = watch.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stdout.contains("\"event\":\"summary\""), "{end:?}");
    assert!(is_whole(&film));

    let mut far = pair.listen("call", &["--answer"]);
    let terminal = Terminal::new(80);
    let call = pair
        .near
        .command(&[&["call", "far", "--json"], SMALL].concat());
    let mut call = Program::start(&mut terminal.command(&call));
    call.event("call_started");
    drop(terminal);
    assert_eq!(call.finish().code, Some(0));
    assert_eq!(far.event("call_ended")["reason"], "chosen");

    let _inbox = pair.inbox(&[]);
    let big = pair.scratch.file("out/big", vec![7; 3_000_000]);
    let terminal = Terminal::new(80);
    let arguments = [
        "send",
        "far",
        big.to_str().unwrap(),
        "--limit",
        "10k",
        "--json",
    ];
    let mut send = Program::start(&mut terminal.command(&pair.near.command(&arguments)));
    send.event_where("transfer", |status| status["phase"] == "running");
    drop(terminal);
    let end = send.finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(
        end.complaint().contains("the same command resumes"),
        "{end:?}"
    );
}

#[test]
fn a_box_in_a_terminal_ends_with_it_and_a_service_reads_its_book_again() {
    let pair = Pair::new();
    let commands: [&[&str]; 3] = [
        &["camera", "--source", "pattern"],
        &["receive", "--accept", "known", "--into", "inbox"],
        &["call", "--answer"],
    ];
    for command in commands {
        let command = [command, &["--listen", "127.0.0.1:0", "--json"]].concat();
        let command = pair.far.command(&command);
        let mut service = Program::start(&mut without_terminal(&command));
        service.event("listening");
        service.signal(Signal::HUP);
        assert_eq!(service.event("reloaded")["contacts"], 1);
        service.ask_to_end();
        service.finish();

        let terminal = Terminal::new(80);
        let mut shown = Program::start(&mut terminal.command(&command));
        shown.event("listening");
        drop(terminal);
        let end = shown.finish();
        assert!(!end.stdout.contains("reloaded"), "{end:?}");
    }
}

#[test]
fn nohup_goes_on_without_its_terminal() {
    let pair = Pair::new();
    let _box = pair.camera(SMALL);
    let terminal = Terminal::new(80);
    let watch = pair.near.command(&["watch", "far", "--json"]);
    let watch = prefixed(&watch, &["nohup"]);
    let mut watch = Program::start(&mut terminal.command(&watch));
    watch.event("stats");
    drop(terminal);
    watch.signal(Signal::HUP);
    for _ in 0..2 {
        watch.event_where("stats", |stats| stats["pictures"].as_u64() > Some(0));
    }
    watch.ask_to_end();
    assert_eq!(watch.finish().code, Some(0));
}
