//! Codes that are typed at a prompt: the built program on a terminal, as a person uses it.

use std::fs;
use std::process::Command;

use transom_tests::{Drawing, Lan, Machine, Person, Program, Terminal};

use super::pairing::{book, showing, strangers, text};

/// A program in front of a terminal.
struct Front {
    terminal: Terminal,
    drawing: Drawing,
    program: Program,
}

impl Front {
    /// This command, started as `place` has it.
    fn start(command: &Command, place: impl FnOnce(&Command) -> Command) -> Self {
        let terminal = Terminal::new(80);
        let drawing = terminal.drawing();
        let command = terminal.command_in_front(command);
        let program = Program::start(&mut place(&command));
        Self {
            terminal,
            drawing,
            program,
        }
    }

    fn on(machine: &Machine, command: &Command) -> Self {
        Self::start(command, |command| machine.inside(command))
    }

    fn here(command: &Command) -> Self {
        Self::start(command, |command| {
            let mut same = Command::new(command.get_program());
            same.args(command.get_args());
            same.current_dir(command.get_current_dir().unwrap());
            same
        })
    }

    /// Ends well; all that was drawn.
    fn succeed(self) -> String {
        let end = self.program.finish();
        let drawn = self.drawing.text();
        assert_eq!(end.code, Some(0), "{drawn}");
        drawn
    }
}

/// `transom send --code` on that machine; also the code.
fn sending(machine: &Machine, sender: &Person, arguments: &[&str]) -> (Program, String) {
    let command = sender.command(&[&["send", "--code", "--json"], arguments].concat());
    let mut send = Program::start(&mut machine.inside(&command));
    let code = text(&send.event("code_shown")["code"]);
    (send, code)
}

#[test]
fn a_code_typed_at_the_prompt_of_pair_makes_two_machines_contacts() {
    let Some(lan) = Lan::new(2) else { return };
    let pair = strangers();
    let shows = pair.near.command(&["pair", "--json"]);
    let mut shows = Program::start(&mut lan.machine(1).inside(&shows));
    let code = text(&shows.event("code_shown")["code"]);

    let types = Front::on(lan.machine(2), &pair.far.command(&["pair"]));
    types
        .drawing
        .until("or type the code that the other side shows");
    types.terminal.type_line("my dog");
    types.drawing.until("two digits and two words");
    let typed = code.to_uppercase().replace('-', " ");
    types.terminal.type_line(&typed);
    types
        .drawing
        .until("looking for the station that shows code");
    types.succeed();
    assert_eq!(shows.finish().code, Some(0));
    for (one, other) in [(&pair.near, &pair.far), (&pair.far, &pair.near)] {
        assert!(book(one).contains(other.key()), "{}", book(one));
    }
}

#[test]
fn a_slip_at_the_prompt_of_receive_is_asked_for_again() {
    let pair = strangers();
    let file = pair.scratch.file("out/letter", "dear stranger");
    let (send, code, address) = showing(&pair.near, &["send", "--code", file.to_str().unwrap()]);
    let receive = ["receive", "--from", &address, "--into", "inbox"];
    let receive = Front::here(&pair.far.command(&receive));
    receive
        .drawing
        .until("type the code that the other side shows");
    receive.terminal.type_line("my dog");
    receive.drawing.until("type it again");
    receive.terminal.type_line(&code);
    let drawn = receive.succeed();
    assert!(drawn.contains(&format!("asking {address}")), "{drawn}");
    assert_eq!(send.finish().code, Some(0));
    let received = fs::read(pair.far.path("inbox/letter")).unwrap();
    assert_eq!(received, b"dear stranger");
}

#[test]
fn a_second_code_does_not_take_the_place_of_a_sender() {
    let Some(lan) = Lan::new(3) else { return };
    let pair = strangers();
    let late = Person::new(&pair.scratch, "late");
    let files = ["out/first", "out/second"].map(|name| pair.scratch.file(name, vec![7; 400_000]));
    let [first, second] = files.each_ref().map(|file| file.to_str().unwrap());
    let slow = [first, "--limit", "100K"];
    let (first, code) = sending(lan.machine(1), &pair.near, &slow);
    let (_second, other) = sending(lan.machine(3), &late, &[second]);

    let receive = pair.far.command(&["receive", "--into", "inbox"]);
    let receive = Front::on(lan.machine(2), &receive);
    receive.drawing.until("type a code here");
    receive.terminal.type_line(&code);
    receive.drawing.until("paired with");
    receive.terminal.type_line(&other);
    receive.drawing.until("for another code run");
    let drawn = receive.succeed();
    // The first contact comes by a code.
    assert!(!drawn.contains("contact book is empty"), "{drawn}");
    assert_eq!(first.finish().code, Some(0));
    assert!(pair.far.path("inbox/first").exists());
    assert!(!pair.far.path("inbox/second").exists());
}
