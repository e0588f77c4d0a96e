//! The real window on a display of its own, watching a real box: clicks, keys, files, texts, and
//! every way it can't start.
//!
//! Needs Xvfb, xdotool and a Vulkan driver. Where one is missing the test says so and passes: what
//! the screen does is tested without a display as well, in `src/ui/tests.rs`.

#![expect(clippy::unwrap_used, reason = "what fails in a test has to end it")]

mod arrivals;
mod busy;
mod display;
mod doorbox;
#[cfg(all(target_os = "linux", feature = "accesskit", feature = "desktop"))]
mod meeting;
mod programs;
mod pulse;
#[cfg(all(target_os = "linux", feature = "accesskit", feature = "desktop"))]
mod reader;
mod two;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use transom::{CallKind, Notice, Outcome, SendOptions, State};

use display::{Display, until};
use doorbox::DoorBox;

/// Where things are in a window of this size, from its left upper or lower corner. The fonts are
/// the window's own, so it is the same everywhere.
const WIDTH: i32 = 1200;
const HEIGHT: i32 = 760;
const FIRST_CONTACT: (i32, i32) = (150, 134);
/// On the first page of a window of 900 by 600.
const ADD_BY_ADDRESS: (i32, i32) = (293, 473);
/// The menu of a contact, and *Watch* in it.
const MORE: (i32, i32) = (1164, 32);
const WATCH: (i32, i32) = (1010, 260);
const PICTURE: (i32, i32) = (752, 560);
const TEXT_FIELD: (i32, i32) = (600, HEIGHT - 38);
/// The menu of the ways to send files, and *Type a path* in it.
const PAPERCLIP: (i32, i32) = (394, HEIGHT - 38);
const TYPE_A_PATH: (i32, i32) = (460, HEIGHT - 90);
/// On the card of an offer, the last of the conversation.
const ACCEPT: (i32, i32) = (697, 644);

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of a failed test helps to understand it.
        if !std::thread::panicking() {
            drop(fs::remove_dir_all(&self.0));
        }
    }
}

/// The program, ended with the test.
struct Window(Child);

impl Drop for Window {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn program(scratch: &Scratch) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transom-view"));
    for name in [
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "WAYLAND_SOCKET",
        "TRANSOM_USERS",
        "TRANSOM_STATE",
        "TRANSOM_LOG",
    ] {
        command.env_remove(name);
    }
    // Where no contact list lies below.
    command
        .current_dir(&scratch.0)
        .arg("--state")
        .arg(scratch.path("state"))
        .arg("--inbox")
        .arg(scratch.path("inbox"))
        .args(["--camera", "pattern"]);
    command
        .env("XDG_RUNTIME_DIR", &scratch.0)
        .env("XDG_CONFIG_HOME", scratch.path("config"))
        .env("LC_ALL", "C.UTF-8");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end; its exit code and what it said.
fn end_of(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

#[test]
fn without_a_display_it_says_so() {
    let scratch = Scratch::new("no-display");
    let (code, said) = end_of(program(&scratch));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("transom-view: no display: "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_wrong_option_is_a_wrong_use_and_a_missing_list_a_failure() {
    let scratch = Scratch::new("wrong-use");
    let mut wrong = program(&scratch);
    wrong.arg("--colour");
    let (code, said) = end_of(wrong);
    assert_eq!(
        (code, said.as_str()),
        (
            Some(2),
            "transom-view: unexpected argument '--colour' found; see transom-view --help\n"
        )
    );
    let mut missing = program(&scratch);
    missing.arg("--users").arg(scratch.path("none.txt"));
    let (code, said) = end_of(missing);
    assert_eq!(code, Some(1));
    assert!(said.contains("none.txt: No such file"), "{said}");
}

#[test]
fn without_a_driver_and_with_a_taken_port_it_says_so() {
    let scratch = Scratch::new("no-driver");
    let Some(display) = display(&scratch) else {
        return;
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut second = program(&scratch);
    second
        .env("DISPLAY", &display.name)
        .arg("--listen")
        .arg(taken.local_addr().unwrap().to_string());
    let (code, said) = end_of(second);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.starts_with("transom-view: ")
            && said.contains(&taken.local_addr().unwrap().to_string()),
        "{said}"
    );
    let mut driverless = program(&scratch);
    driverless
        .env("DISPLAY", &display.name)
        .args(["--listen", "none"]);
    for variable in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        driverless.env(variable, "/nowhere/driver.json");
    }
    let (code, said) = end_of(driverless);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("mesa-vulkan-drivers"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_person_watches_writes_sends_takes_resizes_and_closes() {
    let scratch = Scratch::new("watches");
    let Some(display) = display(&scratch) else {
        return;
    };
    let mut door = door(&scratch);
    let mut window = open(&scratch, &display, &door);
    let Some(id) = shown(&display, &mut window) else {
        return;
    };
    display.size(&id, WIDTH, HEIGHT);
    door.wait("the window", |notice| {
        matches!(notice, Notice::Joined { .. })
    });

    writes(&display, &id, &mut door);
    sends(&scratch, &display, &id, &mut door);
    takes(&scratch, &display, &id, &mut door);
    watches(&display, &id, &mut door);

    // While a frame is drawn the window may change its size: the drawing has to come to an end,
    // whichever size it meets.
    for step in 0..60 {
        display.resize(&id, 760 + step * 37 % 400, 500 + step * 53 % 300);
    }
    display.size(&id, 800, 600);
    display.moves("after the window was made smaller", (530, 440));
    close(&display, &id, &mut window);
    door.wait("goodbye", |notice| {
        matches!(notice, Notice::Left { lost: false, .. })
    });
}

/// The screen of a test; none where there can't be one.
fn display(scratch: &Scratch) -> Option<Display> {
    Display::start(&scratch.0).map_err(|why| skip(&why)).ok()
}

/// The window once it can be seen; none where there is nothing to draw it with.
fn shown(display: &Display, window: &mut Window) -> Option<String> {
    match display.window(&mut window.0) {
        Ok(id) => Some(id),
        Err(why) if why.contains("mesa-vulkan-drivers") => {
            skip(&why);
            None
        }
        Err(why) => panic!("{why}"),
    }
}

/// The box of the test, which knows the window's key.
fn door(scratch: &Scratch) -> DoorBox {
    let desk = State::open(scratch.path("state")).unwrap();
    DoorBox::start(&desk.identity().unwrap(), &scratch.path("door"))
}

fn ends_well(window: &mut Window) {
    let ended = until(|| window.0.try_wait().unwrap());
    assert_eq!(ended.and_then(|status| status.code()), Some(0));
}

/// Closes the window by its key; it ends well and has nothing to say.
fn close(display: &Display, id: &str, window: &mut Window) {
    display.key(id, "ctrl+q");
    let ended = until(|| window.0.try_wait().unwrap());
    let code = ended.and_then(|status| status.code());
    assert_eq!(code, Some(0), "Ctrl+Q ends it");
    let mut said = String::new();
    let mut stderr = window.0.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn a_person_adds_the_first_contact_and_the_window_remembers_its_place() {
    let scratch = Scratch::new("first-contact");
    let Some(display) = display(&scratch) else {
        return;
    };
    let mut door = door(&scratch);
    let mut command = program(&scratch);
    command.args(["--listen", "none", "--name", "desk"]);
    let mut window = Window(command.env("DISPLAY", &display.name).spawn().unwrap());
    let Some(id) = shown(&display, &mut window) else {
        return;
    };
    display.size(&id, 900, 600);
    display.click(&id, ADD_BY_ADDRESS);
    let line = format!("door {} key={} may=view # by hand", door.address, door.key);
    display.write(&id, &line);
    display.keep("added");
    display.key(&id, "Return");
    let list = scratch.path("config/transom/user_list.txt");
    let written = until(|| fs::read_to_string(&list).ok());
    assert_eq!(written, Some(line + "\n"));
    door.wait("the window", |notice| {
        matches!(notice, Notice::Joined { .. })
    });
    display.key(&id, "ctrl+q");
    ends_well(&mut window);
    let kept = fs::read_to_string(scratch.path("config/transom/view.toml")).unwrap();
    assert!(kept.contains("width = 900\n"), "{kept}");
    assert!(kept.contains("height = 600\n"), "{kept}");
}

#[test]
fn who_is_ended_from_outside_says_goodbye_and_remembers_its_place() {
    let scratch = Scratch::new("ended");
    let Some(display) = display(&scratch) else {
        return;
    };
    let mut door = door(&scratch);
    let mut window = open(&scratch, &display, &door);
    let Some(id) = shown(&display, &mut window) else {
        return;
    };
    display.size(&id, 880, 560);
    door.wait("the window", |notice| {
        matches!(notice, Notice::Joined { .. })
    });
    let mut kill = Command::new("kill");
    kill.args(["-TERM", &window.0.id().to_string()]);
    assert!(kill.status().unwrap().success());
    ends_well(&mut window);
    door.wait("goodbye", |notice| {
        matches!(notice, Notice::Left { lost: false, .. })
    });
    let kept = fs::read_to_string(scratch.path("config/transom/view.toml")).unwrap();
    assert!(kept.contains("width = 880\n"), "{kept}");
    assert!(kept.contains("height = 560\n"), "{kept}");
}

#[test]
fn a_folder_for_files_that_can_not_be_used_keeps_no_window_shut() {
    let scratch = Scratch::new("no-inbox");
    let Some(display) = display(&scratch) else {
        return;
    };
    // As where the disk it is on is not there.
    scratch.write("inbox", "no folder");
    let mut command = program(&scratch);
    command.args(["--listen", "none"]);
    let mut window = Window(command.env("DISPLAY", &display.name).spawn().unwrap());
    let Some(id) = shown(&display, &mut window) else {
        return;
    };
    display.keep("no-inbox");
    display.key(&id, "ctrl+q");
    ends_well(&mut window);
}

fn open(scratch: &Scratch, display: &Display, door: &DoorBox) -> Window {
    let users = scratch.write(
        "users.txt",
        format!("door {} key={}\n", door.address, door.key),
    );
    let chosen = scratch.write("chosen ö.txt", "chosen in a dialog");
    let mut command = program(scratch);
    command
        .args(["--listen", "none", "--name", "desk", "--users"])
        .arg(users);
    dialog_that_chooses(scratch, &mut command, &chosen);
    Window(command.env("DISPLAY", &display.name).spawn().unwrap())
}

/// Gives the program a file dialog that chooses that file at once.
fn dialog_that_chooses(scratch: &Scratch, command: &mut Command, chosen: &Path) {
    let programs = scratch.path("bin");
    fs::create_dir_all(&programs).unwrap();
    let zenity = scratch.write(
        "bin/zenity",
        format!("#!/bin/sh\necho '{}'\n", chosen.display()),
    );
    make_executable(&zenity);
    let path = std::env::join_paths(
        [programs]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    command
        .env("PATH", path.unwrap())
        .env("XDG_CURRENT_DESKTOP", "GNOME");
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn watches(display: &Display, id: &str, door: &mut DoorBox) {
    watch(display, id);
    let is_view = |notice: &Notice| {
        matches!(
            notice,
            Notice::CallStarted {
                kind: CallKind::View,
                outgoing: false,
                ..
            }
        )
    };
    door.wait("being watched", is_view);
    display.moves("in the picture", PICTURE);
    display.keep("watching");
}

/// Watches the first contact.
fn watch(display: &Display, id: &str) {
    display.click(id, FIRST_CONTACT);
    display.click(id, MORE);
    display.click(id, WATCH);
}

/// Sends a file by its path.
fn type_path(display: &Display, id: &str, path: &Path) {
    display.click(id, PAPERCLIP);
    display.click(id, TYPE_A_PATH);
    display.write(id, path.to_str().unwrap());
    display.key(id, "Return");
}

fn writes(display: &Display, id: &str, door: &mut DoorBox) {
    display.click(id, FIRST_CONTACT);
    display.click(id, TEXT_FIELD);
    display.write(id, "who is there");
    display.key(id, "Return");
    door.wait(
        "a text",
        |notice| matches!(notice, Notice::Text { text, .. } if text == "who is there"),
    );
    door.handle.text(&door.desk, "the parcel is here");
    door.wait("the text's arrival", |notice| {
        matches!(notice, Notice::TextArrived { .. })
    });
}

fn is_durable(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::TransferEnded {
            outcome: Outcome::Durable { .. },
            ..
        }
    )
}

fn sends(scratch: &Scratch, display: &Display, id: &str, door: &mut DoorBox) {
    let content = vec![7; 3_000_000];
    let path = scratch.write("typed.bin", &content);
    type_path(display, id, &path);
    door.wait("the file whose path was typed", is_durable);
    assert_eq!(fs::read(scratch.path("door/typed.bin")).unwrap(), content);
    display.key(id, "ctrl+o");
    door.wait("the file chosen in the dialog", is_durable);
    assert_eq!(
        fs::read_to_string(scratch.path("door/chosen ö.txt")).unwrap(),
        "chosen in a dialog"
    );
    display.keep("sent");
}

fn takes(scratch: &Scratch, display: &Display, id: &str, door: &mut DoorBox) {
    let offered = scratch.write("plan.txt", "for the desk");
    door.handle
        .send(&door.desk, offered, SendOptions::default());
    display.keep("offered");
    // The offer shows up some frames later; until then the click goes nowhere.
    let accepted = until(|| {
        display.click(id, ACCEPT);
        door.heard(is_durable).then_some(())
    });
    assert!(accepted.is_some(), "the offer was not accepted");
    assert_eq!(
        fs::read_to_string(scratch.path("inbox/plan.txt")).unwrap(),
        "for the desk"
    );
    display.keep("taken");
}

#[test]
fn the_contact_list_of_another_program_does_no_harm() {
    let scratch = Scratch::new("garbage");
    let mut bytes = vec![0u8; 10_000_000];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = ((at * at) >> 3) as u8;
    }
    let users = scratch.write("users.txt", &bytes);
    let mut command = program(&scratch);
    command.arg("--users").arg(users);
    let (code, said) = end_of(command);
    // It got past the list, to the display that is not there.
    assert_eq!(code, Some(1));
    assert!(said.starts_with("transom-view: no display"), "{said}");
}
