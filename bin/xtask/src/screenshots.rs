//! `cargo xtask screenshots`: takes the README's screenshots of the built window on a virtual
//! display, with camera boxes, a caller and a sender. All programs are real; only the cameras show
//! the test pattern.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::children::Background;
use crate::display::Display;
use crate::failure::{Context, Failure, Outcome};
use crate::packages::{self, IMAGEMAGICK, LIBCLANG, WINDOW, XVFB};
use crate::sandbox::{STARTING, Sandbox, User, is_event, text_field};
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
    let sandbox = Sandbox::new()?;
    let display = Display::start(WIDTH, HEIGHT + TITLE)?;
    let folder = workspace::root().join(FOLDER);
    fs::create_dir_all(&folder).context(folder.display())?;
    let album = Album {
        sandbox: &sandbox,
        display: &display,
        folder: &folder,
    };
    album.meeting()?;
    album.contacts()?;
    println!("\nThe pictures are in {FOLDER}: look at them before they are committed.");
    Ok(())
}

/// Beside the program that they show.
const FOLDER: &str = "bin/view/screenshots";
const WIDTH: u32 = 1200;
const HEIGHT: u32 = 760;
/// Height of the window manager's title bar.
const TITLE: u32 = 26;

const PATTERN: [&str; 6] = ["--source", "pattern", "--size", "1280x720", "--fps", "30"];

/// The display that is photographed, and the folder of the pictures.
struct Album<'a> {
    sandbox: &'a Sandbox,
    display: &'a Display,
    folder: &'a Path,
}

/// A window that fills the display.
struct Window {
    program: Background,
    id: String,
}

impl Album<'_> {
    /// From a window without contacts to the first contact.
    fn meeting(&self) -> Outcome {
        let [leo, anna, door] = ["Leo", "Anna", "Porch"].map(|name| self.sandbox.user(name));
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
        self.display.xdotool(&["type", "--delay", "150", &code])?;
        self.shoot("enter-code.png")?;
        self.key(&window, "Return")?;
        door.line(STARTING, |line| is_event(line, "paired").then_some(()))?;
        self.shoot("connected.png")?;
        window.close()
    }

    /// A conversation, a call, cameras; then the light theme.
    fn contacts(&self) -> Outcome {
        let [leo, anna] = ["Leo at home", "Anna at home"].map(|name| self.sandbox.user(name));
        let (leo, anna) = (leo?, anna?);
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut boxes = Vec::new();
        let mut book = anna.contact("Anna", "127.0.0.1:9") + " may=call,files\n";
        for name in CAMERAS {
            let camera = self.sandbox.user(name)?;
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
        let plan = self.sandbox.path("Garden plan.pdf");
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
        // Moving the mouse shows the buttons over the picture.
        self.display.xdotool(&["mousemove", "600", "400"])?;
        self.shoot("call.png")?;
        self.key(&window, "ctrl+h")?;
        caller.finish()?;

        // A second start passes its arguments to the open window.
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

    /// Starts a program that listens on all addresses and is announced on the network.
    fn everywhere(&self, user: &User, arguments: &[&str]) -> Outcome<Background> {
        let listen = format!("0.0.0.0:{}", free_port()?);
        let options = ["--json", "--name", user.name(), "--listen", &listen];
        Background::start(&mut user.transom(&[arguments, &options].concat()))
    }

    fn window_program(&self, user: &User, arguments: &[&str]) -> Command {
        let mut command = user.program("transom-view", arguments);
        command
            .args(["--camera", "pattern", "--name", "Leo"])
            // A relative path, because it is short in the picture; it is below the user's own
            // folder.
            .args(["--inbox", "Downloads"])
            .env("XDG_CONFIG_HOME", user.state());
        self.display.on(&mut command, &user.state());
        command
    }

    /// Opens the window of a user with these settings.
    fn open(&self, user: &User, arguments: &[&str], settings: &str) -> Outcome<Window> {
        let config = user.state().join("transom");
        fs::create_dir_all(&config).context(config.display())?;
        let file = config.join("view.toml");
        let always = "notifications = false\nhistory = true\n";
        fs::write(&file, format!("{always}{settings}")).context(file.display())?;
        let program = Background::start(&mut self.window_program(user, arguments))?;
        let id = self.display.window_of(program.id())?;
        let (width, height) = (WIDTH.to_string(), HEIGHT.to_string());
        self.display.xdotool(&["windowmove", &id, "0", "0"])?;
        self.display
            .xdotool(&["windowsize", &id, &width, &height])?;
        self.display.xdotool(&["windowfocus", &id])?;
        Ok(Window { program, id })
    }

    fn key(&self, window: &Window, key: &str) -> Outcome {
        self.display.xdotool(&["windowfocus", &window.id])?;
        self.display.xdotool(&["key", key])?;
        Ok(())
    }

    fn shoot(&self, name: &str) -> Outcome {
        shoot(self.display, &self.folder.join(name))
    }
}

impl Window {
    /// Ends the program; if it has ended already, that is a failure.
    fn close(mut self) -> Outcome {
        match self.program.ended()? {
            None => Ok(()),
            Some(status) => Err(Failure::new(format!("transom-view ended early: {status}"))),
        }
    }
}

const CAMERAS: [&str; 4] = ["Front-door", "Garden", "Garage", "Nursery"];

/// Takes a screenshot of the whole display, after [`REST`].
fn shoot(display: &Display, path: &Path) -> Outcome {
    thread::sleep(REST);
    let mut command = Command::new("import");
    command.args(["-window", "root", "-depth", "8"]).arg(path);
    step::run(
        &path.file_name().unwrap_or_default().to_string_lossy(),
        display.on(&mut command, &std::env::temp_dir()),
    )
}

/// Until pictures have come, panels have their size, and animations have ended.
const REST: Duration = Duration::from_secs(2);
