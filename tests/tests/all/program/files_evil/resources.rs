//! Resources that a hostile peer uses up (B31, B32).

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use transom_tests::{Program, Raw, file_offer};
use transom_wire::{Message, Ping, RefuseReason};

use super::{Inbox, Pair};

#[test]
fn b31_a_receiver_that_ran_out_of_descriptors_goes_on_once_it_has_some() {
    let pair = Pair::new();
    let arguments = ["--into", "inbox", "--accept", "known"];
    let mut program = pair.listen_by("receive", &arguments, |command| {
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -n 48; exec \"$@\"", "sh"]);
        limited.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        Program::start(limited.current_dir(command.get_current_dir().unwrap()))
    });
    let address = pair.address();
    let crowd: Vec<Raw> = (0..60).map(|_| Raw::connect(&address)).collect();
    // Whether some wait in the system's queue or are hung up on, the program stays.
    thread::sleep(Duration::from_millis(500));
    assert!(program.is_running());
    drop(crowd);
    let file = pair.scratch.file("out/letter", "dear");
    let end = pair.near.run(&["send", "far", file.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let there = fs::read_to_string(pair.far.path("inbox/letter"));
    assert_eq!(there.unwrap(), "dear");
    assert!(program.is_running());
}

#[test]
fn b32_a_thousand_offers_of_a_peer_that_then_stalls_take_little_from_others() {
    let mut inbox = Inbox::new();
    let mut sender = inbox.sender();
    for number in 0..1000_u16 {
        let mut offer = file_offer(0, "film", 1 << 20);
        offer.transfer.0[..2].copy_from_slice(&number.to_be_bytes());
        sender.offer(offer);
    }
    let (mut accepted, mut refused) = (0, 0);
    let answered = sender.evil.wait(|_, message| {
        match message {
            Message::Accept(_) => accepted += 1,
            Message::Refuse(status) => {
                assert_eq!(status.code, RefuseReason::Busy);
                refused += 1;
            }
            _ => {}
        }
        (accepted + refused == 1000).then_some(())
    });
    assert_eq!(answered, Ok(()), "{accepted} accepted, {refused} refused");
    assert!(refused >= 900, "{refused} of 1,000 offers were refused");
    inbox.still_serves();
    let peak = inbox.peak_kib();
    assert!(peak < 64 * 1024, "{peak} KiB");
    // What the peer holds is let go with its connection.
    drop(sender);
    inbox.still_serves();
}

#[test]
fn b32_a_peer_that_reads_nothing_fills_no_memory() {
    let mut inbox = Inbox::new();
    let mut sender = inbox.sender();
    // Each wants an answer, and no answer is read.
    let flood = thread::spawn(move || {
        for clock in 0..200_000 {
            sender.evil.say(0, Message::Ping(Ping { clock }));
        }
        sender
    });
    thread::sleep(Duration::from_secs(1));
    inbox.still_serves();
    let peak = inbox.peak_kib();
    assert!(peak < 64 * 1024, "{peak} KiB");
    // A flood that the program holds back by not reading ends with the program.
    inbox.program.kill();
    flood.join().unwrap();
}
