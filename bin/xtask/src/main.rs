//! `cargo xtask`: the tasks of this workspace (tests, benchmarks, packages), in Rust with hardly
//! more than std. Each command is one file. Each announces what it installs before installing it,
//! and ends the programs that it starts.

mod bench;
mod children;
mod clients;
mod constants;
mod cross;
mod deb;
mod demo;
mod display;
mod failure;
#[path = "../../../tests/support/fake_device.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "the file belongs to the tests' support, a library"
)]
mod fake_device;
mod fuzz;
mod machine;
mod packages;
#[path = "../../../tests/support/processes.rs"]
#[expect(
    unreachable_pub,
    reason = "the file belongs to the tests' support, a library"
)]
mod processes;
mod sandbox;
mod screenshots;
mod sim;
mod step;
mod test;
mod torture;
mod vm;
mod workspace;

use std::env;
use std::process::ExitCode;

use failure::{Failure, Outcome};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            failure.exit_code()
        }
    }
}

fn dispatch(arguments: &[&str]) -> Outcome {
    match arguments {
        [] | ["help" | "--help" | "-h", ..] => {
            print!("{USAGE}");
            Ok(())
        }
        // The simulator prints its own help.
        [command, rest @ ..]
            if *command != "sim" && rest.iter().any(|word| matches!(*word, "--help" | "-h")) =>
        {
            print!("{USAGE}");
            Ok(())
        }
        ["demo", rest @ ..] => demo::run(rest),
        ["test", rest @ ..] => test::run(rest),
        ["clients", rest @ ..] => clients::run(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["sound", rest @ ..] => bench::sound::run(rest),
        ["screenshots", rest @ ..] => screenshots::run(rest),
        ["cross", rest @ ..] => cross::run(rest),
        ["deb", rest @ ..] => deb::run(rest),
        ["soak", rest @ ..] => bench::soak::run(rest),
        ["torture", rest @ ..] => torture::run(rest),
        ["vm", rest @ ..] => vm::run(rest),
        ["sim", rest @ ..] => sim::run(rest),
        ["constants", rest @ ..] => constants::run(rest),
        [other, ..] => Err(Failure::usage(format!(
            "{other}: no such command (cargo xtask help lists them)"
        ))),
    }
}

const USAGE: &str = "\
cargo xtask COMMAND

  demo [--seconds N] [--headless]
                                build, then a camera box, a viewer and a file transfer on loopback;
                                with a display also the window
  test                          everything, from format to the built binaries
  clients [NAME]... [--install] [--light]
                                players, browsers and other programs at the HTTP door of a camera box;
                                --install installs the missing ones, --light leaves out the big ones
  fuzz [TARGET] [--seconds N]   fuzz one target or all of them, 60 s each by default
  bench video [--seconds N]     pictures over loopback: rate, losses, latency, memory
  bench link [--row N] [--seconds N] [--no-naive] [--own-router] [--json]
                                calls and files over slow links made of network namespaces
  bench viewers [--seconds N]   the cost of each further viewer of a camera box
  bench camera [--seconds N] [--rounds N]
                                the camera box and ustreamer on the same fake camera
  bench door [--seconds N] [--rounds N]
                                the HTTP door of the camera box and ustreamer on the same fake camera
  bench door age [--row N] [--seconds N]
                                how old the door's pictures are on the screen of Chromium, Firefox
                                and WebKitGTK: on loopback, on a slow link, behind nginx
  bench files [--row NAME] [--mib N] [--files N] [--rounds N] [--parts]
                                files over loopback, beside scp, rsync, socat, tar and cp. Rows: big
                                (and the unavoidable parts of ours), small, million, syscalls,
                                first-byte, resume; all of them by default
  bench sound [--seconds N]     processor usage of sound in a call, with and without echo cancelling,
                                and without a call; of each stage; playout with drifting clocks
  bench view [--seconds N]      a 1080p film in the window, and in mpv and ffplay: processor time
                                link, viewers, camera, door, files and sound take --bin DIR: the programs
                                to measure
  sound latency [--row N] [--seconds N] [--server pipewire|ADDRESS]
                                mouth-to-ear delay between two programs through a sound server:
                                alone, with pictures, with a file
  sound quality [FILE.wav]      the loss of speech quality by Opus
  sound long [--minutes N] [--alone] [--windows]
                                speech between two programs, or two windows, under load: gaps,
                                clicks, delay
  sim [--row N] [...]           whole stations over modelled links on a virtual clock (--help tells more)
  constants [NAME]...           the effect of each constant of the controller: rows of `link` with
                                the constant halved and doubled
  deb [--box] [--arm64] [--check]
                                Debian packages of the box and of the window (--box: without it),
                                with --arm64 also of the box for 64-bit ARM; --check installs and
                                starts the box in a clean Debian in a folder, as root
  cross                         the box for 64-bit ARM, dynamic and static, each run in an emulator
  soak [--minutes N] [--bin DIR]
                                a camera box for an hour whose viewers come, go, stall and are killed
                                and whose camera is unplugged: memory, descriptors, threads, rate
  torture [--runs N] [--seed S] [--jobs N]
                                files between real programs that are killed, stopped and cut off and
                                whose disks fail and lose power: 30 runs by default. A run that
                                failed is repeated, with the same plan, by its seed
  vm                            the camera box on the kernel's driver for USB cameras, in a virtual
                                machine: 20 times unplugged, silent, reset, busy, swapped
  screenshots                   take the README's screenshots again
";
