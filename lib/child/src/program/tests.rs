use std::fs;
use std::io::{ErrorKind, Read};
use std::process::Stdio;

use super::*;
use crate::group::{has_members, runs_in};

const NOW: Ending = Ending::Background {
    finish: Duration::ZERO,
};

/// A program with all of its pipes.
fn started(script: &str, ending: Ending) -> Program {
    let mut command = shell(script);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Program::start(command, ending).unwrap()
}

/// The group of a program that has done what the script does before it prints a line.
fn begun(script: &str, ending: Ending) -> (Program, ChildStdout, i32) {
    let mut program = started(script, ending);
    let mut output = program.take_output().unwrap();
    output.read_exact(&mut [0]).unwrap();
    let group = program.group.id();
    assert!(has_members(group));
    (program, output, group)
}

/// Asks until it is so: far longer than any of it takes.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let last = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < last, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Programs with children, some of which ignore SIGTERM or outlive the program.
fn families() -> [String; 4] {
    let children = "sleep 600 | sleep 600 & (sleep 600 & sleep 600) &";
    [
        format!("{children} echo; wait"),
        format!("trap '' TERM; {children} echo; wait"),
        format!("{children} (trap '' TERM; sleep 600) & echo; wait"),
        format!("{children} echo"),
    ]
}

#[test]
fn a_drop_that_waits_returns_when_all_of_the_group_has_ended() {
    for script in families() {
        let (program, _output, group) = begun(&script, Ending::Wait);
        drop(program);
        assert!(!has_members(group) && runs_in(group).is_none(), "{script}");
    }
}

#[test]
fn a_drop_in_the_background_ends_all_of_the_group_too() {
    for script in families() {
        let (program, _output, group) = begun(&script, NOW);
        drop(program);
        until(&script, || !has_members(group) && runs_in(group).is_none());
    }
}

#[test]
fn a_program_in_the_background_has_time_to_finish() {
    let finish = Duration::from_secs(20);
    let script = "echo; cat >/dev/null; sleep 0.2; echo finished";
    let (mut program, mut output, _) = begun(script, Ending::Background { finish });
    let input = program.take_input().unwrap();
    drop(program);
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "finished\n");
}

#[test]
fn programs_that_were_dropped_are_reaped_when_others_start() {
    let (program, _output, group) = begun("echo; sleep 600", NOW);
    drop(program);
    until("the watcher is a zombie for ever", || {
        drop(started("exit", NOW));
        fs::exists(format!("/proc/{group}")).is_ok_and(|exists| !exists)
    });
}

#[test]
fn a_program_that_can_not_be_started_leaves_no_watcher() {
    // No other watcher waits so long before SIGTERM.
    let seconds = 100_000 + std::process::id();
    let finish = Duration::from_secs(seconds.into());
    let missing = Command::new("/no/such/program");
    let started = Program::start(missing, Ending::Background { finish });
    assert_eq!(started.err().unwrap().kind(), ErrorKind::NotFound);
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let watcher = format!("watcher\0{seconds}\0");
    for line in lines {
        let line = String::from_utf8_lossy(&line);
        assert!(!line.contains(&watcher), "{line}");
    }
}

#[test]
fn messages_are_handed_on_line_by_line_and_the_last_one_stands_in_the_end() {
    let long = "l".repeat(2_000);
    let script = format!(
        "printf 'first\\n\\n \\033[1mbold\\r\\n%s\\n' {long} >&2; echo; read -r _; \
         printf last >&2; exit 3"
    );
    let (mut program, _output, _) = begun(&script, Ending::Wait);
    let mut lines = Vec::new();
    program.listen(|line| lines.push(line.to_owned()));
    assert_eq!(lines, ["first", "[1mbold", &long[..512]]);
    drop(program.take_input());
    until("the end", || program.has_ended());
    assert_eq!(
        program.how_it_ended(Instant::now()).unwrap(),
        "the command ended with exit status: 3: last"
    );
}

#[test]
fn a_program_that_closes_its_pipe_and_runs_on_is_told_as_that_after_a_second() {
    let mut program = started("exec sleep 600", Ending::Wait);
    let now = Instant::now();
    assert_eq!(program.how_it_ended(now), None);
    assert_eq!(program.how_it_ended(now + LAST_WORDS / 2), None);
    let how = program.how_it_ended(now + LAST_WORDS);
    assert_eq!(how.unwrap(), "the command closed its input");
}

#[test]
fn a_pipe_that_is_not_there_is_an_error() {
    let mut command = shell("exit");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut program = Program::start(command, Ending::Wait).unwrap();
    assert!(program.take_input().is_err());
    assert!(program.take_output().is_ok());
    assert!(program.take_output().is_err());
}
