//! `cargo xtask screenshots`: the README's pictures, of the built window on a display that nobody
//! sees, with camera boxes, a caller and a sender beside it. Everything on them is real; only the
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
use crate::stage::{Person, STARTING, Stage, is_event, text_field};
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
    let display = Display::start(WIDTH, HEIGHT + TITLE)?;
    let folder = workspace::root().join(FOLDER);
    fs::create_dir_all(&folder).context(folder.display())?;
    let album = Album {
        stage: &stage,
        display: &display,
        folder: &folder,
    };
    album.meeting()?;
    album.days()?;
    println!("\nThe pictures are in {FOLDER}: look at them before they are committed.");
    Ok(())
}

/// Beside the program they show.
const FOLDER: &str = "bin/view/screenshots";
const WIDTH: u32 = 1200;
const HEIGHT: u32 = 760;
/// The window manager's bar above the window.
const TITLE: u32 = 26;

const PATTERN: [&str; 6] = ["--source", "pattern", "--size", "1280x720", "--fps", "30"];

/// Where the pictures are taken and go to.
struct Album<'a> {
    stage: &'a Stage,
    display: &'a Display,
    folder: &'a Path,
}

/// A window that fills the display.
struct Window {
    program: Background,
    id: String,
}

impl Album<'_> {
    /// From a window that knows nobody to a contact.
    fn meeting(&self) -> Outcome {
        let [leo, anna, door] = ["Leo", "Anna", "Porch"].map(|name| self.stage.person(name));
        let (leo, anna, door) = (leo?, anna?, door?);
        let door = self.everywhere(&door, &[&["camera", "--pair"], &PATTERN[..]].concat())?;
        let code = door.line(STARTING, |line| text_field(line, "code"))?;
        let _anna = self.everywhere(&anna, &["call", "--answer"])?;
        let window = self.open(&leo, &["--listen", "127.0.0.1:0"], "")?;
        self.shoot("first-run.png")?;
        self.key(&window, "ctrl+n")?;
        self.shoot("show-code.png")?;
        self.key(&window, "Escape")?;
        self.key(&window, "ctrl+j")?;
        self.display.hand(&["type", "--delay", "150", &code])?;
        self.shoot("enter-code.png")?;
        self.key(&window, "Return")?;
        door.line(STARTING, |line| is_event(line, "paired").then_some(()))?;
        self.shoot("connected.png")?;
        window.close()
    }

    /// What is done with contacts: a conversation, a call, cameras; and all of it light.
    fn days(&self) -> Outcome {
        let [leo, anna] = ["Leo at home", "Anna at home"].map(|name| self.stage.person(name));
        let (leo, anna) = (leo?, anna?);
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut boxes = Vec::new();
        let mut book = anna.contact("Anna", "127.0.0.1:9") + " may=call,files\n";
        for name in CAMERAS {
            let camera = self.stage.person(name)?;
            camera.knows_as("Leo", &leo, "127.0.0.1:9")?;
            let (camera_box, at) = camera.listen(&[&["camera"], &PATTERN[..]].concat())?;
            book += &(camera.contact(name, &at) + "\n");
            boxes.push(camera_box);
        }
        leo.write_book(&book)?;
        anna.knows_as("Leo", &leo, &address)?;
        let listen = ["--listen", &address];
        let window = self.open(&leo, &listen, "")?;
        let say = |words| Background::start(&mut anna.transom(&["text", "Leo", words]))?.finish();
        say("Are you there?")?;
        say("I have the plan for the garden.")?;
        let plan = self.stage.path("Garden plan.pdf");
        fs::write(&plan, vec![7; 3_400_000]).context(plan.display())?;
        let plan = plan.to_string_lossy().into_owned();
        let offer = Background::start(&mut anna.transom(&["send", "Leo", &plan]))?;
        self.key(&window, "ctrl+1")?;
        self.shoot("conversation.png")?;

        let call = [&["call", "Leo", "--json"], &PATTERN[..]].concat();
        let caller = Background::start(&mut anna.transom(&call))?;
        caller.line(STARTING, |line| is_event(line, "ringing").then_some(()))?;
        self.shoot("ringing.png")?;
        self.key(&window, "ctrl+shift+y")?;
        let is_started = |line: &str| is_event(line, "call_started").then_some(());
        caller.line(STARTING, is_started)?;
        thread::sleep(REST);
        // Shows the buttons over the picture.
        self.display.hand(&["mousemove", "600", "400"])?;
        self.shoot("call.png")?;
        self.key(&window, "ctrl+h")?;
        caller.finish()?;

        // A second start hands over to the window that is open.
        let watch = CAMERAS.map(|name| ["--watch", name]).concat();
        let mut second = self.window_program(&leo, &watch);
        Background::start(&mut second)?.finish()?;
        self.shoot("cameras.png")?;
        window.close()?;
        drop(offer);

        let window = self.open(&leo, &listen, "theme = \"light\"\n")?;
        say("The gate is open, come in.")?;
        self.key(&window, "ctrl+1")?;
        self.shoot("light.png")?;
        window.close()
    }

    /// Starts something that is announced on the network.
    fn everywhere(&self, person: &Person, arguments: &[&str]) -> Outcome<Background> {
        let listen = format!("0.0.0.0:{}", free_port()?);
        let options = ["--json", "--name", person.name(), "--listen", &listen];
        Background::start(&mut person.transom(&[arguments, &options].concat()))
    }

    fn window_program(&self, person: &Person, arguments: &[&str]) -> Command {
        let mut command = person.program("transom-view", arguments);
        command
            .args(["--camera", "pattern", "--name", "Leo"])
            // Short, as it stands in the picture, and below this person's own folder.
            .args(["--inbox", "Downloads"])
            .env("XDG_CONFIG_HOME", person.state());
        self.display.on(&mut command, &person.state());
        command
    }

    /// Opens somebody's window with these settings.
    fn open(&self, person: &Person, arguments: &[&str], settings: &str) -> Outcome<Window> {
        let config = person.state().join("transom");
        fs::create_dir_all(&config).context(config.display())?;
        let file = config.join("view.toml");
        let always = "notifications = false\nhistory = true\n";
        fs::write(&file, format!("{always}{settings}")).context(file.display())?;
        let program = Background::start(&mut self.window_program(person, arguments))?;
        let id = self.display.window_of(program.id())?;
        let (width, height) = (WIDTH.to_string(), HEIGHT.to_string());
        self.display.hand(&["windowmove", &id, "0", "0"])?;
        self.display.hand(&["windowsize", &id, &width, &height])?;
        self.display.hand(&["windowfocus", &id])?;
        Ok(Window { program, id })
    }

    fn key(&self, window: &Window, key: &str) -> Outcome {
        self.display.hand(&["windowfocus", &window.id])?;
        self.display.hand(&["key", key])?;
        Ok(())
    }

    fn shoot(&self, name: &str) -> Outcome {
        shoot(self.display, &self.folder.join(name))
    }
}

impl Window {
    /// Ends it; one that has ended before is a failure.
    fn close(mut self) -> Outcome {
        match self.program.ended()? {
            None => Ok(()),
            Some(status) => Err(Failure::new(format!("transom-view ended early: {status}"))),
        }
    }
}

const CAMERAS: [&str; 4] = ["Front-door", "Garden", "Garage", "Nursery"];

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
