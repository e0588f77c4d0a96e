//! Two fresh computers on one network meet: from two windows that know nobody to two people who see
//! each other, by what a screen reader finds and nothing else. Each window is in a network
//! namespace of its own, joined by a switch, so the two have to find each other by mDNS. The camera
//! is the test pattern, as there is no other one here.
//!
//! Namespaces take root, the rest an accessibility bus and a display; where something is missing
//! the test says so and passes.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use transom_tests::{Lan, Machine, Person, Program};

use super::display::{Display, until};
use super::reader::{Bus, Reader};
use super::{HEIGHT, Scratch, WIDTH, Window, program, skip};

/// Between the two windows, for their frames.
const GAP: i32 = 20;
/// Where the far picture moves in a call, and a camera's that is watched.
const FAR: (i32, i32) = (450, 540);

/// What it may take both of them together.
const MOST_CLICKS: usize = 6;
/// What it may take until the picture of a box is there.
const MOST_CLICKS_TO_A_BOX: usize = 3;

/// A computer with nothing on it, and its window.
struct Desk<'a> {
    stage: &'a Stage,
    window: Window,
    id: String,
    left: i32,
    reader: Reader<'a>,
    clicks: usize,
    _scratch: Scratch,
}

/// What all of it plays on.
struct Stage {
    bus: Bus,
    display: Display,
    lan: Lan,
    /// Keeps the folders of people apart from those of other stages.
    name: &'static str,
    _scratch: Scratch,
}

impl Stage {
    /// `None`, after a line that says why, where it can't be made.
    fn new(name: &'static str) -> Option<Self> {
        let scratch = Scratch::new(name);
        let lan = Lan::new(2)?;
        let made = Display::start_wide(&scratch.0).and_then(|display| {
            let bus = Bus::start(&scratch.0, &display.name)?;
            Ok((display, bus))
        });
        let (display, bus) = made.map_err(|why| skip(&why)).ok()?;
        Some(Self {
            bus,
            display,
            lan,
            name,
            _scratch: scratch,
        })
    }

    /// Opens the window of somebody who never had one; `None`, after a line that says why, where
    /// nothing can be drawn.
    fn desk(&self, name: &str, machine: usize) -> Option<Desk<'_>> {
        let scratch = Scratch::new(&format!("{}-{name}", self.name));
        let mut command = program(&scratch);
        command
            .args(["--name", name])
            .env("HOME", &scratch.0)
            .env("DISPLAY", &self.display.name)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus.address);
        let mut command = on(self.lan.machine(machine), &command);
        let mut window = Window(command.spawn().unwrap());
        let id = match self.display.window(&mut window.0) {
            Ok(id) => id,
            Err(why) if why.contains("mesa-vulkan-drivers") => {
                skip(&why);
                return None;
            }
            Err(why) => panic!("{why}"),
        };
        let left = (machine as i32 - 1) * (WIDTH + GAP);
        self.display.place(&id, left, WIDTH, HEIGHT);
        let reader = self.bus.reader(window.0.id());
        Some(Desk {
            stage: self,
            window,
            id,
            left,
            reader,
            clicks: 0,
            _scratch: scratch,
        })
    }
}

/// The same command on that machine, with nothing to read and its complaints kept.
fn on(machine: &Machine, command: &Command) -> Command {
    let mut inside = machine.inside(command);
    inside
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    inside
}

impl Desk<'_> {
    /// One click of a person.
    fn click(&mut self, name: &str) {
        self.reader.press(name);
        self.clicks += 1;
    }

    /// Types the code into the field that has the keyboard. A display on a busy machine loses a key
    /// now and then; a person sees that too.
    fn types(&self, code: &str) {
        let [_, shown] = said("shows_this_code");
        let typed = (0..5).any(|_| {
            self.stage.display.key(&self.id, "ctrl+a");
            self.stage.display.write(&self.id, code);
            let last = Instant::now() + Duration::from_secs(10);
            let words: Vec<_> = code.split(|c: char| !c.is_alphanumeric()).collect();
            std::iter::repeat_with(|| self.reader.names())
                .take_while(|_| Instant::now() < last)
                .any(|names| {
                    let is_there = |word: &&str| names.iter().any(|name| name == *word);
                    words.iter().all(is_there) && names.iter().any(|name| name.ends_with(&shown))
                })
        });
        assert!(typed, "{code} is not typed: {:#?}", self.reader.names());
    }

    /// The code that the window shows.
    fn code(&self) -> String {
        let [_, mark] = said("code_said");
        let said = self.reader.name("code", |name| name.contains(&mark));
        said.split(&mark).next().unwrap_or_default().to_owned()
    }

    /// Waits until a face moves where the other one is shown.
    fn sees(&self, what: &str) {
        let (x, y) = FAR;
        let at = (self.left + x, y);
        let moved = until(|| self.stage.display.is_moving(at).then_some(()));
        self.stage.display.keep(&what.replace(' ', "-"));
        assert!(
            moved.is_some(),
            "no moving picture {what}: {:#?}",
            self.reader.names()
        );
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        drop(self.window.0.kill());
    }
}

/// A label as it stands in the window's words, so that a better word breaks no test.
fn word(name: &str) -> &'static str {
    let start = format!("pub(crate) const {name}: &str = \"");
    let found = WORDS.iter().find_map(|file| file.split_once(&start));
    let (_, rest) = found.unwrap_or_else(|| panic!("no {name} among the words"));
    rest.split_once('"').unwrap().0
}

/// What stands before and after the first value of such a sentence.
fn said(name: &str) -> [String; 2] {
    let start = format!("pub(crate) fn {name}(");
    let found = WORDS.iter().find_map(|file| file.split_once(&start));
    let (_, rest) = found.unwrap_or_else(|| panic!("no {name} among the words"));
    let (_, format) = rest.split_once("format!(\"").unwrap();
    let (format, _) = format.split_once('"').unwrap();
    let (before, after) = format.split_once('{').unwrap();
    let (_, after) = after.split_once('}').unwrap();
    let after = after.split('{').next().unwrap_or_default();
    [before.to_owned(), after.to_owned()]
}

const WORDS: [&str; 2] = [
    include_str!("../../src/words/pairing.rs"),
    include_str!("../../src/words/call.rs"),
];

#[test]
fn two_fresh_windows_meet_by_one_code_and_six_clicks_at_most() {
    let Some(stage) = Stage::new("meeting") else {
        return;
    };
    let Some(mut anna) = stage.desk("anna", 1) else {
        return;
    };
    let mut bert = stage.desk("bert", 2).unwrap();
    anna.click(word("SHOW_MY_CODE"));
    let code = anna.code();
    bert.click(word("ENTER_A_CODE"));
    bert.types(&code);
    bert.click(word("CONNECT"));
    let [before, _] = said("are_connected");
    for desk in [&anna, &bert] {
        desk.reader
            .name("word of it", |name| name.starts_with(&before));
    }
    anna.click(word("VIDEO_CALL"));
    bert.click(word("ANSWER_WITH_VIDEO"));
    bert.sees("of who called");
    anna.sees("of who answered");
    let clicks = anna.clicks + bert.clicks;
    assert!(clicks <= MOST_CLICKS, "{clicks} clicks");
}

#[test]
fn a_fresh_window_watches_a_box_by_its_code_and_three_clicks() {
    let Some(stage) = Stage::new("meeting-box") else {
        return;
    };
    let folder = transom_tests::Scratch::new();
    let porch = Person::new(&folder, "porch");
    let camera = porch.command(&[
        "camera", "--source", "pattern", "--pair", "--name", "porch", "--json",
    ]);
    let mut camera = Program::start(&mut stage.lan.machine(1).inside(&camera));
    let code = camera.event("code_shown")["code"]
        .as_str()
        .unwrap()
        .to_owned();
    let Some(mut anna) = stage.desk("anna", 2) else {
        return;
    };
    anna.click(&said("connect_to").join("porch"));
    anna.types(&code);
    anna.click(word("CONNECT"));
    anna.click(word("WATCH"));
    anna.sees("of the box");
    assert!(
        anna.clicks <= MOST_CLICKS_TO_A_BOX,
        "{} clicks",
        anna.clicks
    );
}
