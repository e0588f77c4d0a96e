//! `cargo xtask demo`: from a fresh checkout to moving pictures with nothing asked.
//! First without a display, which is quick to build; then, where there is one, in the window.

use std::io::{self, IsTerminal as _};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Failure, Outcome};
use crate::machine;
use crate::packages;
use crate::stage::{STARTING, Stage, is_event};
use crate::step;
use crate::workspace;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let request = Wish::parse(arguments)?;
    packages::ensure(&[&packages::LIBCLANG])?;
    build("transom-box")?;
    step::run(
        "camera box, watcher and file transfer on loopback",
        Command::new(workspace::release("transom")).args(["demo", "--seconds", &request.seconds]),
    )?;
    if request.headless || !machine::has_display() {
        eprintln!(
            "\nNo display is used. Where there is one, this also opens the window on the box."
        );
        return Ok(());
    }
    packages::ensure(&[&packages::WINDOW])?;
    build("transom-view")?;
    step::check("the window on a camera box", window)
}

fn build(package: &str) -> Outcome {
    step::run(
        &format!("building {package}"),
        &mut workspace::cargo(["build", "--locked", "--release", "-p", package]),
    )
}

/// The window worked when the box says that somebody watches.
fn window() -> Outcome {
    let stage = Stage::new()?;
    let (camera, person) = (stage.person("box")?, stage.person("you")?);
    camera.knows(&person, "127.0.0.1:9")?;
    let pattern = [
        "camera", "--source", "pattern", "--size", "1280x720", "--fps", "30",
    ];
    let (camera_box, address) = camera.listen(&pattern)?;
    person.knows(&camera, &address)?;
    let mut view = Background::start(&mut person.program("transom-view", &["--watch", "box"]))?;
    camera_box.line(STARTING, |line| {
        is_event(line, "call_started").then_some(())
    })?;
    if io::stdout().is_terminal() {
        eprintln!("The window shows the box. Close it to end the demo.");
        return view.finish();
    }
    // Nobody is there to close it.
    let last = Instant::now() + SHOWN;
    while Instant::now() < last {
        if let Some(status) = view.ended()? {
            return Err(Failure::new(format!("transom-view ended early: {status}")));
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// How long the window stays where nobody can close it.
const SHOWN: Duration = Duration::from_secs(5);

struct Wish {
    seconds: String,
    headless: bool,
}

impl Wish {
    fn parse(arguments: &[&str]) -> Outcome<Self> {
        let mut request = Self {
            seconds: "10".into(),
            headless: false,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match (*argument, rest.as_slice().first()) {
                ("--seconds", Some(value)) if value.parse::<u32>().is_ok_and(|n| n > 0) => {
                    request.seconds = (*value).into();
                    rest.next();
                }
                ("--headless", _) => request.headless = true,
                ("--seconds", _) => {
                    return Err(Failure::usage("demo: --seconds takes a number from 1"));
                }
                (other, _) => return Err(Failure::usage(format!("demo: {other}: not known"))),
            }
        }
        Ok(request)
    }
}
