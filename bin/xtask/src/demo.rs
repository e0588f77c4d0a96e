//! `cargo xtask demo`: from a fresh checkout to moving pictures without a question. First without a
//! display, which is quick to build; then, if there is a display, two windows that find each other.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::peers::free_port;
use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::packages;
use crate::sandbox::{STARTING, Sandbox, text_field};
use crate::step;
use crate::workspace;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let options = Options::parse(arguments)?;
    packages::ensure(&[&packages::LIBCLANG])?;
    build("transom-box")?;
    step::run(
        "camera box, watcher and file transfer on loopback",
        Command::new(workspace::release("transom")).args(["demo", "--seconds", &options.seconds]),
    )?;
    if options.headless || !machine::has_display() {
        eprintln!(
            "\nNo display is used. Where there is one, this also opens two windows that find each \
             other."
        );
        return Ok(());
    }
    packages::ensure(&[&packages::WINDOW])?;
    build("transom-view")?;
    step::check("two windows, Anna's and Bert's, and a camera", windows)
}

fn build(package: &str) -> Outcome {
    step::run(
        &format!("building {package}"),
        &mut workspace::cargo(["build", "--locked", "--release", "-p", package]),
    )
}

/// Two windows with empty contact books, and a camera box that shows a code. They find each other
/// by their announcements on the local network.
fn windows() -> Outcome {
    let sandbox = Sandbox::new()?;
    let listen = || free_port().map(|port| format!("0.0.0.0:{port}"));
    let porch = sandbox.user("Porch")?;
    let pattern = "camera --source pattern --size 1280x720 --fps 30 --pair --json --name Porch";
    let mut camera = porch.transom(&pattern.split(' ').collect::<Vec<_>>());
    let camera = Background::start(camera.args(["--listen", &listen()?]))?;
    let code = camera.line(STARTING, |line| text_field(line, "code"))?;
    let mut windows = Vec::new();
    for name in ["Anna", "Bert"] {
        let user = sandbox.user(name)?;
        let mut view = user.program("transom-view", &["--name", name, "--camera", "pattern"]);
        let settings = sandbox.path(name).join("transom");
        fs::create_dir(&settings).context(settings.display())?;
        // Without a contact a window announces itself only if the settings say so.
        let file = settings.join("view.toml");
        fs::write(&file, "announce = true\n").context(file.display())?;
        view.args(["--listen", &listen()?, "--inbox", "Downloads"])
            .env("XDG_CONFIG_HOME", sandbox.path(name));
        windows.push(Background::start(&mut view)?);
    }
    eprintln!("{}", hints(&code));
    if io::stdout().is_terminal() {
        return windows.into_iter().try_for_each(Background::finish);
    }
    // Without a terminal, as in a test, no user closes the windows.
    let last = Instant::now() + SHOWN;
    while Instant::now() < last {
        for view in &mut windows {
            if let Some(status) = view.ended()? {
                return Err(Failure::new(format!("transom-view ended early: {status}")));
            }
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn hints(code: &str) -> String {
    format!(
        "
Two windows are open, Anna's and Bert's. Under Nearby each lists the other one, and a camera named
Porch; on a computer without any network nobody is nearby.
  1. Anna: Show my code.
  2. Bert: Connect beside Anna, type her code, Connect.
  3. Anna: Video call. Bert: Answer with video.
  4. The code of the camera is {code}.
Close both windows to end the demo. Nothing of it is kept."
    )
}

/// How long the windows stay open without a terminal.
const SHOWN: Duration = Duration::from_secs(5);

struct Options {
    seconds: String,
    headless: bool,
}

impl Options {
    fn parse(arguments: &[&str]) -> Outcome<Self> {
        let mut options = Self {
            seconds: "10".into(),
            headless: false,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match (*argument, rest.as_slice().first()) {
                ("--seconds", Some(value)) if value.parse::<u32>().is_ok_and(|n| n > 0) => {
                    options.seconds = (*value).into();
                    rest.next();
                }
                ("--headless", _) => options.headless = true,
                ("--seconds", _) => {
                    return Err(Failure::usage("demo: --seconds takes a number from 1"));
                }
                (other, _) => return Err(Failure::usage(format!("demo: {other}: not known"))),
            }
        }
        Ok(options)
    }
}
