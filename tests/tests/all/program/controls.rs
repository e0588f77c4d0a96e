//! Pause, cancel and rate limit of transfers from the terminal, and by a signal without one.

use std::fs;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use transom_tests::{Finished, Program, Terminal, eventually};

use super::Pair;

/// The far side's inbox and the near side's transfer of a file that takes minutes, both running.
struct Moving {
    _pair: Pair,
    receive: Program,
    send: Program,
}

impl Moving {
    /// `as_receiver` and `as_sender` say how each of both commands is started.
    fn new(
        as_receiver: impl FnOnce(&Command) -> Command,
        as_sender: impl FnOnce(&Command) -> Command,
    ) -> Self {
        let pair = Pair::new();
        let usual = ["--into", "inbox", "--accept", "known"];
        let receive = pair.listen_by("receive", &usual, |command| {
            Program::start(&mut as_receiver(command))
        });
        let file = pair.scratch.file("film.bin", vec![7; 100_000_000]);
        let file = file.to_str().unwrap();
        let send = pair
            .near
            .command(&["send", "far", file, "--limit", "300k", "--json"]);
        let send = Program::start(&mut as_sender(&send));
        let mut moving = Self {
            _pair: pair,
            receive,
            send,
        };
        moving.both("running");
        moving
    }

    /// Waits until both sides are in that phase.
    fn both(&mut self, phase: &str) {
        for side in [&mut self.send, &mut self.receive] {
            side.event_where("transfer", |status| status["phase"] == phase);
        }
    }

    /// Waits until that rate limit applies at both sides.
    fn limited(&mut self, limit: u64) {
        let is = |status: &Value| status["limit_bytes_per_second"] == limit;
        for side in [&mut self.send, &mut self.receive] {
            side.event_where("transfer", is);
        }
    }

    /// Both sides are told that it was cancelled; how the sender ended.
    fn cancelled(mut self) -> Finished {
        let ended = self.receive.event("transfer_ended");
        assert_eq!(ended["outcome"], "cancelled", "{ended}");
        let end = self.send.finish();
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.stdout.contains("\"outcome\":\"cancelled\""), "{end:?}");
        end
    }
}

fn same(command: &Command) -> Command {
    let mut same = Command::new(command.get_program());
    same.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => same.env(name, value),
            None => same.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        same.current_dir(folder);
    }
    same
}

#[test]
fn keys_pause_limit_and_cancel_what_is_sent_and_the_terminal_is_as_it_was() {
    let terminal = Terminal::new(80);
    let mut moving = Moving::new(same, |command| terminal.command_typing(command));
    eventually("keys are read", || !terminal.is_in_line_mode());
    terminal.type_keys("p");
    moving.both("paused");
    terminal.type_keys("p");
    moving.both("running");
    terminal.type_keys("-");
    moving.limited(200_000);
    terminal.type_keys("+");
    moving.limited(500_000);
    // Any other key takes the first c back.
    terminal.type_keys("cp");
    moving.both("paused");
    // A c that is held down is no yes.
    terminal.type_keys("cccccp");
    moving.both("running");
    terminal.type_keys("cy");
    let end = moving.cancelled();
    let said = [
        "rate limit 200 kB/s",
        "rate limit 500 kB/s",
        "cancel film.bin? y cancels",
    ];
    for said in said {
        assert!(end.stderr.contains(said), "{said}: {end:?}");
    }
    let questions = end.stderr.matches("y cancels").count();
    assert_eq!(
        questions, 3,
        "one for each time that c was pressed: {end:?}"
    );
    assert!(terminal.is_in_line_mode());
}

#[test]
fn keys_pause_and_cancel_what_is_received() {
    let terminal = Terminal::new(80);
    let mut moving = Moving::new(|command| terminal.command_typing(command), same);
    eventually("keys are read", || !terminal.is_in_line_mode());
    terminal.type_keys("p");
    moving.both("paused");
    terminal.type_keys("p");
    moving.both("running");
    terminal.type_keys("cy");
    moving.cancelled();
}

#[test]
fn plus_without_a_limit_says_that_there_is_none() {
    let terminal = Terminal::new(80);
    let mut moving = Moving::new(|command| terminal.command_typing(command), same);
    eventually("keys are read", || !terminal.is_in_line_mode());
    terminal.type_keys("+");
    terminal.type_keys("cy");
    moving.receive.event("transfer_ended");
    moving.receive.ask_to_end();
    let end = moving.receive.finish();
    let said = "there is no rate limit; - sets one";
    assert!(end.stderr.contains(said), "{end:?}");
}

#[test]
fn a_signal_pauses_and_goes_on_without_a_terminal() {
    let mut moving = Moving::new(same, same);
    moving.send.signal(Signal::USR1);
    moving.both("paused");
    moving.send.signal(Signal::USR1);
    moving.both("running");
    moving.receive.signal(Signal::USR1);
    moving.both("paused");
    moving.receive.signal(Signal::USR1);
    moving.both("running");
}

#[test]
fn a_job_that_is_stopped_leaves_the_terminal_as_it_was_and_reads_keys_again_when_it_goes_on() {
    let terminal = Terminal::new(80);
    let mut moving = Moving::new(same, |command| terminal.command_as_job(command));
    eventually("keys are read", || !terminal.is_in_line_mode());
    terminal.type_keys("\u{1a}");
    eventually("it is stopped", || terminal.is_in_line_mode());
    terminal.type_line("");
    eventually("keys are read again", || !terminal.is_in_line_mode());
    terminal.type_keys("p");
    moving.both("paused");
    moving.send.ask_to_end();
}

#[test]
fn every_signal_that_ends_a_program_leaves_the_terminal_as_it_was() {
    for signal in [Signal::INT, Signal::TERM, Signal::QUIT] {
        let terminal = Terminal::new(80);
        let moving = Moving::new(same, |command| terminal.command_typing(command));
        eventually("keys are read", || !terminal.is_in_line_mode());
        moving.send.signal(signal);
        moving.send.finish();
        assert!(terminal.is_in_line_mode(), "{signal:?}");
    }
}

#[test]
fn among_questions_the_controls_are_typed_as_lines() {
    let pair = Pair::new();
    let terminal = Terminal::new(80);
    let drawing = terminal.drawing();
    let receive = [
        "receive",
        "--into",
        "inbox",
        "--listen",
        "127.0.0.1:0",
        "--name",
        "far",
    ];
    let receive = pair.far.command(&receive);
    let _receive = Program::start(&mut terminal.command_in_front(&receive));
    drawing.until("listening on ");
    let text = drawing.text();
    let address = text.split("listening on ").nth(1).unwrap();
    let address = address.split_whitespace().next().unwrap();
    fs::write(pair.near.book(), "").unwrap();
    pair.near.knows(&pair.far, address, "files");
    let file = pair.scratch.file("film.bin", vec![7; 100_000_000]);
    let file = file.to_str().unwrap();
    let mut send = pair
        .near
        .start(&["send", "far", file, "--limit", "300k", "--json"]);
    drawing.until("take it? [y/n]");
    terminal.type_line("y");
    drawing.until("type p to pause");
    terminal.type_line("p");
    send.event_where("transfer", |status| {
        status["phase"] == "paused" && status["paused_here"] == false
    });
    terminal.type_line("c");
    drawing.until("c again cancels film.bin");
    terminal.type_line("c");
    assert_eq!(send.event("transfer_ended")["outcome"], "cancelled");
}
