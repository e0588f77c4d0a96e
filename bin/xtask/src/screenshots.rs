//! `cargo xtask screenshots`: the README's pictures, of the built window on a display that nobody
//! sees, with a camera box, a caller and a sender beside it. Everything on them is real; only the
//! cameras show the test pattern.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::children::Background;
use crate::display::Display;
use crate::failure::{Context, Failure, Outcome};
use crate::packages::{self, IMAGEMAGICK, LIBCLANG, WINDOW, XVFB};
use crate::stage::{Person, STARTING, Stage, is_event};
use crate::step;
use crate::workspace;

use crate::bench::peers::free_port;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    if let Some(argument) = arguments.first() {
        return Err(Failure::usage(format!(
            "screenshots: {argument}: not known"
        )));
    }
    packages::ensure(&[&LIBCLANG, &WINDOW, &XVFB, &IMAGEMAGICK])?;
    for package in ["transom-box", "transom-view"] {
        step::run(
            &format!("building {package}"),
            &mut workspace::cargo(["build", "--locked", "--release", "-p", package]),
        )?;
    }
    let stage = Stage::new()?;
    let display = Display::start(WIDTH, HEIGHT)?;
    let folder = workspace::root().join(FOLDER);
    fs::create_dir_all(&folder).context(folder.display())?;
    let scene = Scene::set(&stage, &display)?;
    scene.play(&stage, &display, &folder)
}

/// Beside the program they show.
const FOLDER: &str = "bin/view/screenshots";
const WIDTH: u32 = 1200;
const HEIGHT: u32 = 760;

/// The window at a desk, a box at the door, and a friend.
struct Scene {
    friend: Person,
    window: Background,
    id: String,
    _door: Background,
}

impl Scene {
    fn set(stage: &Stage, display: &Display) -> Outcome<Self> {
        let [desk, door, friend] = ["desk", "door", "anna"].map(|name| stage.person(name));
        let (desk, door, friend) = (desk?, door?, friend?);
        door.knows(&desk, "127.0.0.1:9")?;
        let pattern = "camera --source pattern --size 1280x720 --fps 30".split(' ');
        let (door_box, door_address) = door.listen(&pattern.collect::<Vec<_>>())?;
        let address = format!("127.0.0.1:{}", free_port()?);
        friend.knows(&desk, &address)?;
        desk.knows_all(&[(&door, &door_address), (&friend, "127.0.0.1:9")])?;

        let arguments = [
            "--listen", &address, "--camera", "pattern", "--name", "desk", "--watch", "door",
        ];
        let mut command = desk.program("transom-view", &arguments);
        command
            // Short, as it stands in the picture, and below this person's own folder.
            .args(["--inbox", "Downloads"])
            .env("XDG_CONFIG_HOME", stage.path("config"));
        let window = Background::start(display.on(&mut command, &stage.path("desk")))?;
        let id = display.window_of(window.id())?;
        let (width, height) = (WIDTH.to_string(), HEIGHT.to_string());
        display.hand(&["windowmove", &id, "0", "0"])?;
        display.hand(&["windowsize", &id, &width, &height])?;
        display.hand(&["windowfocus", &id])?;
        door_box.line(STARTING, |line| {
            is_event(line, "call_started").then_some(())
        })?;
        Ok(Self {
            friend,
            window,
            id,
            _door: door_box,
        })
    }

    fn play(mut self, stage: &Stage, display: &Display, folder: &Path) -> Outcome {
        let shoot = |name: &str| shoot(display, &folder.join(name));
        for words in ["are you there?", "I have the plan for the garden"] {
            let text = ["text", "desk", words];
            Background::start(&mut self.friend.transom(&text))?.finish()?;
        }
        let plan = stage.path("garden plan.pdf");
        fs::write(&plan, vec![7; 3_400_000]).context(plan.display())?;
        let plan = plan.to_string_lossy().into_owned();
        let _offer = Background::start(&mut self.friend.transom(&["send", "desk", &plan]))?;
        // The second contact of the list.
        thread::sleep(REST);
        display.hand(&["mousemove", "120", "69", "click", "1"])?;
        shoot("watching.png")?;

        let call = [
            "call", "desk", "--source", "pattern", "--size", "1280x720", "--json",
        ];
        let caller = Background::start(&mut self.friend.transom(&call))?;
        caller.line(STARTING, |line| is_event(line, "ringing").then_some(()))?;
        shoot("ringing.png")?;
        display.hand(&["key", "--window", &self.id, "ctrl+shift+a"])?;
        caller.line(STARTING, |line| {
            is_event(line, "call_started").then_some(())
        })?;
        display.hand(&["key", "--window", &self.id, "F8"])?;
        shoot("call.png")?;
        display.hand(&["key", "--window", &self.id, "F3"])?;
        shoot("numbers.png")?;
        if let Some(status) = self.window.ended()? {
            return Err(Failure::new(format!("transom-view ended early: {status}")));
        }
        println!("\nThe pictures are in {FOLDER}: look at them before they are committed.");
        Ok(())
    }
}

/// Takes the picture of all there is to see, once it has come to rest.
fn shoot(display: &Display, path: &Path) -> Outcome {
    thread::sleep(REST);
    let mut command = Command::new("import");
    command.args(["-window", "root", "-depth", "8"]).arg(path);
    step::run(
        &path.file_name().unwrap_or_default().to_string_lossy(),
        display.on(&mut command, &std::env::temp_dir()),
    )
}

/// Pictures come, panels find their size, and every button is drawn as it stays.
const REST: Duration = Duration::from_secs(2);
