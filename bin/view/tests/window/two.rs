//! Two real windows on one display, of two people who call each other: each of them sees, hears of
//! and sends to the other by nothing but keys, clicks and what is on the screen.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};

use transom::sounds::{RATE, WavReader};
use transom::{Identity, State};

use super::display::{Display, until};
use super::{
    ACCEPT, FIRST_CONTACT, HEIGHT, SEND_FILE, Scratch, TEXT_FIELD, WIDTH, Window, close,
    dialog_that_chooses, program, skip,
};

/// Between the two windows, for their frames.
const GAP: i32 = 20;
const CALL: (i32, i32) = (950, 36);
/// The card of a ringing call, over everything else.
const RING: (i32, i32) = (WIDTH / 2, 490);
/// Where the far picture moves, and nothing of the small one of oneself is; and the same in a
/// window of 1000 by 640.
const FAR: (i32, i32) = (450, 540);
const SMALLER_FAR: (i32, i32) = (340, 440);
/// The small picture of oneself, in the upper right of the pictures.
const SELF_VIEW: (i32, i32) = (795, 99);

/// What is heard, as a file.
const HEARD: &str = "heard.wav";
/// Two seconds, as there is a chirp in each.
const LAST_SAMPLES: usize = 2 * RATE as usize;
/// Louder than what a codec leaves in silence.
const CHIRP: i16 = 500;

/// Somebody with a computer of their own: key, settings, contact list, folder for files.
struct Person {
    name: &'static str,
    scratch: Scratch,
    identity: Identity,
    address: SocketAddr,
}

impl Person {
    fn new(name: &'static str) -> Self {
        let scratch = Scratch::new(&format!("two-{name}"));
        let identity = State::open(scratch.path("state"))
            .unwrap()
            .identity()
            .unwrap();
        // Kept texts tell the test what was written and what arrived.
        fs::create_dir_all(scratch.path("config/transom")).unwrap();
        // The microphone hears a chirp each second, and the loudspeaker writes what is to be heard;
        // nothing is done against echo between the two, since both people chirp the same.
        let heard = format!("file:{}", scratch.path(HEARD).display());
        let sound = format!("microphone = tone\nloudspeaker = {heard}\n");
        let echo = format!("echo 1 = off tone >> {heard}\n");
        let settings = format!("history = yes\nbell = no\n{sound}{echo}");
        scratch.write("config/transom/view.conf", settings);
        // A port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        Self {
            name,
            scratch,
            identity,
            address,
        }
    }

    /// Opens the person's window, with the other as the only contact.
    fn open(&self, display: &Display, other: &Self) -> Window {
        let (name, address) = (other.name, other.address);
        let key = other.identity.public_key();
        let users = self.scratch.write(
            "users.txt",
            format!("{name} {address} key={key} may=call,files\n"),
        );
        let chosen = self.scratch.write("plan.txt", "as we said");
        let mut command = program(&self.scratch);
        command.args(["--name", self.name, "--listen", &self.address.to_string()]);
        command.arg("--users").arg(users);
        dialog_that_chooses(&self.scratch, &mut command, &chosen);
        Window(command.env("DISPLAY", &display.name).spawn().unwrap())
    }

    /// Waits until the last seconds of what is heard here have a chirp in them, or none.
    fn hears(&self, what: &str, chirps: bool) {
        let is_so = until(|| {
            let file = File::open(self.scratch.path(HEARD)).ok()?;
            let heard = WavReader::new(file).ok()?.read_all().ok()?;
            let last = heard.last_chunk::<LAST_SAMPLES>()?;
            (last.iter().any(|sample| sample.abs() > CHIRP) == chirps).then_some(())
        });
        assert!(
            is_so.is_some(),
            "{what}: chirps for {} are not {chirps}",
            self.name
        );
    }

    /// Waits until the kept texts with the other have a line of that kind.
    fn keeps(&self, other: &Self, what: impl Fn(&str) -> bool) {
        let file = self
            .scratch
            .path("state/history")
            .join(other.name)
            .with_extension("txt");
        let found = until(|| {
            let kept = fs::read_to_string(&file).ok()?;
            kept.lines().any(&what).then_some(())
        });
        let kept = fs::read_to_string(&file);
        assert!(found.is_some(), "{} has only {kept:?}", self.name);
    }
}

/// A window and where it stands.
struct Seat<'a> {
    display: &'a Display,
    window: Window,
    id: String,
    left: i32,
}

impl<'a> Seat<'a> {
    fn new(display: &'a Display, mut window: Window, left: i32) -> Result<Self, String> {
        let id = display.window(&mut window.0)?;
        display.place(&id, left, WIDTH, HEIGHT);
        Ok(Self {
            display,
            window,
            id,
            left,
        })
    }

    /// A place of the window as one of the screen.
    fn at(&self, (x, y): (i32, i32)) -> (i32, i32) {
        (self.left + x, y)
    }

    fn moves(&self, what: &str, place: (i32, i32)) {
        self.display.moves(what, self.at(place));
    }

    fn rests(&self, what: &str, place: (i32, i32)) {
        self.display.rests(what, self.at(place));
    }

    fn click(&self, place: (i32, i32)) {
        self.display.click(&self.id, place);
    }

    fn key(&self, key: &str) {
        self.display.key(&self.id, key);
    }

    fn close(mut self) {
        close(self.display, &self.id, &mut self.window);
    }
}

#[test]
fn two_people_call_see_write_send_and_hang_up() {
    let (ada, bert) = (Person::new("ada"), Person::new("bert"));
    let display = match Display::start_wide(&ada.scratch.0) {
        Ok(display) => display,
        Err(why) => return skip(&why),
    };
    let seats = Seat::new(&display, ada.open(&display, &bert), 0).and_then(|left| {
        let right = Seat::new(&display, bert.open(&display, &ada), WIDTH + GAP)?;
        Ok((left, right))
    });
    let (left, right) = match seats {
        Ok(seats) => seats,
        Err(why) if why.contains("mesa-vulkan-drivers") => return skip(&why),
        Err(why) => panic!("{why}"),
    };
    writes(&ada, &bert, &left, &right);
    calls(&left, &right);
    sounds(&ada, &bert, &right);
    sends(&bert, &left, &right);
    sizes(&left, &right);
    hangs_up(&left, &right);
    left.close();
    right.close();
}

/// A text crosses, by which the two also found each other.
fn writes(ada: &Person, bert: &Person, left: &Seat<'_>, right: &Seat<'_>) {
    right.click(FIRST_CONTACT);
    left.click(FIRST_CONTACT);
    left.click(TEXT_FIELD);
    left.display.write(&left.id, "may I call");
    left.key("Return");
    bert.keeps(ada, |line| {
        line.starts_with('<') && line.ends_with("may I call")
    });
    ada.keeps(bert, |line| line.starts_with('+'));
}

/// It rings, is answered with the camera, and both see each other and themselves.
fn calls(left: &Seat<'_>, right: &Seat<'_>) {
    let before = right.display.pixels(right.at(RING));
    left.click(CALL);
    right
        .display
        .differs("where it rings", right.at(RING), &before);
    // The card takes no key at first.
    let answered = until(|| {
        right.key("ctrl+shift+y");
        left.display.is_moving(left.at(FAR)).then_some(())
    });
    assert!(answered.is_some(), "the call was not answered");
    left.moves("of who answered", FAR);
    right.moves("of oneself after the answer", SELF_VIEW);
    left.key("F8");
    right.moves("of who called", FAR);
    left.moves("of oneself", SELF_VIEW);
    left.moves("of who answered in the call both ways", FAR);
}

/// Both hear each other without having done anything for it, until one of them mutes.
fn sounds(ada: &Person, bert: &Person, right: &Seat<'_>) {
    ada.hears("in the call", true);
    bert.hears("in the call", true);
    right.key("ctrl+m");
    ada.hears("while the other is muted", false);
    bert.hears("while muted", true);
    right.key("F7");
    ada.hears("after the mute", true);
}

/// A file chosen in a dialog is offered, accepted, and arrives while the pictures go on.
fn sends(bert: &Person, left: &Seat<'_>, right: &Seat<'_>) {
    left.click(SEND_FILE);
    let file = bert.scratch.path("inbox/plan.txt");
    // The offer shows up some frames later; until then the click goes nowhere.
    let content = until(|| {
        right.click(ACCEPT);
        fs::read_to_string(&file).ok()
    });
    assert_eq!(content.as_deref(), Some("as we said"));
    left.moves("beside a file", FAR);
    right.moves("beside an accepted file", FAR);
}

/// Another size, the whole screen and back: the picture goes on in each.
fn sizes(left: &Seat<'_>, right: &Seat<'_>) {
    let display = right.display;
    display.place(&right.id, right.left, 1000, 640);
    display.moves("in a smaller window", right.at(SMALLER_FAR));
    if display.is_managed() {
        left.key("F11");
        assert!(display.is_wider(&left.id, WIDTH, true), "no full screen");
        display.moves("on the whole screen", (WIDTH, 640));
        left.key("F11");
        assert!(display.is_wider(&left.id, WIDTH, false), "no way back");
    }
    left.moves("after the whole screen", FAR);
}

/// One hangs up: both pictures end, and so do both titles.
fn hangs_up(left: &Seat<'_>, right: &Seat<'_>) {
    let display = left.display;
    display.is_titled(&left.id, "in a call with bert - transom (ada)");
    display.is_titled(&right.id, "in a call with ada - transom (bert)");
    left.key("ctrl+h");
    display.is_titled(&left.id, "transom (ada)");
    display.is_titled(&right.id, "transom (bert)");
    left.rests("after hanging up", FAR);
    right.rests("after the other hung up", SMALLER_FAR);
}
