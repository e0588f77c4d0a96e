//! Two real windows on one display, of two people who call each other: each of them sees, hears of
//! and sends to the other by nothing but keys, clicks and what is on the screen.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use transom::sounds::RATE;
use transom::{Identity, State};

use super::display::{Display, until};
use super::pulse::Pulse;
use super::{
    FIRST_CONTACT, HEIGHT, Scratch, TEXT_FIELD, WIDTH, Window, close, dialog_that_chooses, program,
    skip,
};

/// Between the two windows, for their frames.
const GAP: i32 = 20;
/// The card of a ringing call, over everything else.
const RING: (i32, i32) = (800, 250);
/// On the card of an offer, over the picture.
const ACCEPT: (i32, i32) = (1121, 208);
/// Where the far picture moves, and nothing of the small one of oneself is; and the same in a
/// window of 1000 by 640.
const FAR: (i32, i32) = (450, 540);
const SMALLER_FAR: (i32, i32) = (340, 440);
/// Where the block of the test picture passes on the whole screen, which cuts off the ramp below.
const WHOLE_FAR: (i32, i32) = (260, 450);
/// The small picture of oneself, in the lower right corner of the picture.
const SELF_VIEW: (i32, i32) = (1076, 681);

/// Two seconds of 16 bit, as there is a chirp in each.
const LAST_BYTES: usize = 4 * RATE as usize;
/// Louder than what a codec leaves in silence.
const CHIRP: i16 = 500;

/// What a person speaks into and hears by.
struct Devices {
    microphone: String,
    speaker: String,
    /// Where what is to be heard is written, sample by sample.
    heard: PathBuf,
    /// The sound server of these devices, as `PULSE_SERVER` wants it.
    server: Option<String>,
}

impl Devices {
    /// The microphone hears a chirp each second, and the loudspeaker is a file.
    fn of_files(scratch: &Scratch) -> Self {
        let heard = scratch.path("heard.wav");
        Self {
            microphone: "tone".to_owned(),
            speaker: format!("file:{}", heard.display()),
            heard,
            server: None,
        }
    }
}

/// Somebody with a computer of their own: key, settings, contact list, folder for files.
struct Person {
    name: &'static str,
    scratch: Scratch,
    devices: Devices,
    identity: Identity,
    address: SocketAddr,
}

impl Person {
    fn new(name: &'static str) -> Self {
        let scratch = Scratch::new(&format!("two-{name}"));
        let devices = Devices::of_files(&scratch);
        Self::with(name, scratch, devices)
    }

    fn with(name: &'static str, scratch: Scratch, devices: Devices) -> Self {
        let identity = State::open(scratch.path("state"))
            .unwrap()
            .identity()
            .unwrap();
        // Kept texts tell the test what was written and what arrived.
        fs::create_dir_all(scratch.path("config/transom")).unwrap();
        // Nothing is done against echo between the two, since both people sound the same.
        let Devices {
            microphone,
            speaker,
            ..
        } = &devices;
        let sound = format!("microphone = {microphone}\nloudspeaker = {speaker}\n");
        let echo = format!("echo 1 = off {microphone} >> {speaker}\n");
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
            devices,
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
        if let Some(server) = &self.devices.server {
            command.env("PULSE_SERVER", server);
        }
        Window(command.env("DISPLAY", &display.name).spawn().unwrap())
    }

    /// Waits until the last seconds of what is heard here have a sound in them, or none.
    fn hears(&self, what: &str, sound: bool) {
        let is_so = until(|| {
            // A WAV header is no whole number of pairs of samples, but one of samples.
            let heard = fs::read(&self.devices.heard).ok()?;
            let whole = heard.len() - heard.len() % 2;
            let (pairs, _) = heard[..whole].last_chunk::<LAST_BYTES>()?.as_chunks();
            let samples = pairs.iter().map(|pair| i16::from_le_bytes(*pair));
            let is_loud = |sample: i16| sample.unsigned_abs() > CHIRP.unsigned_abs();
            (samples.into_iter().any(is_loud) == sound).then_some(())
        });
        assert!(
            is_so.is_some(),
            "{what}: that {} hears a sound is not {sound}",
            self.name
        );
    }

    /// Waits until the kept texts have a line of that kind. There is one contact, whose file has
    /// the name of that one's key.
    fn keeps(&self, what: impl Fn(&str) -> bool) {
        let folder = self.scratch.path("state/history");
        let kept = || {
            let files = fs::read_dir(&folder).into_iter().flatten().flatten();
            let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
            texts.collect::<String>()
        };
        let found = until(|| kept().lines().any(&what).then_some(()));
        assert!(found.is_some(), "{} has only {:?}", self.name, kept());
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
    let Some((left, right)) = sit_down(&display, &ada, &bert) else {
        return;
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

#[test]
fn two_people_hear_each_other_through_a_sound_server_until_one_mutes() {
    let room = Scratch::new("two-pulse");
    let pulse = match Pulse::start(&room.0, ["carl", "dora"]) {
        Ok(pulse) => pulse,
        Err(why) => return skip(&why),
    };
    let person = |name: &'static str| {
        let devices = Devices {
            microphone: pulse.microphone(),
            speaker: pulse.speaker(name),
            heard: pulse.heard(name),
            server: Some(pulse.address()),
        };
        Person::with(name, Scratch::new(&format!("two-{name}")), devices)
    };
    let (carl, dora) = (person("carl"), person("dora"));
    let display = match Display::start_wide(&carl.scratch.0) {
        Ok(display) => display,
        Err(why) => return skip(&why),
    };
    let Some((left, right)) = sit_down(&display, &carl, &dora) else {
        return;
    };
    writes(&carl, &dora, &left, &right);
    calls(&left, &right);
    sounds(&carl, &dora, &right);
    // A window in a call asks before it closes.
    left.key("ctrl+h");
    display.is_titled(&left.id, "Transom (carl)");
    display.is_titled(&right.id, "Transom (dora)");
    left.close();
    right.close();
}

/// Opens both windows; `None`, after a line that says why, where the machine can't draw.
fn sit_down<'a>(
    display: &'a Display,
    left: &Person,
    right: &Person,
) -> Option<(Seat<'a>, Seat<'a>)> {
    let seats = Seat::new(display, left.open(display, right), 0).and_then(|seat| {
        let other = Seat::new(display, right.open(display, left), WIDTH + GAP)?;
        Ok((seat, other))
    });
    match seats {
        Ok(seats) => Some(seats),
        Err(why) if why.contains("mesa-vulkan-drivers") => {
            skip(&why);
            None
        }
        Err(why) => panic!("{why}"),
    }
}

/// A text crosses, by which the two also found each other.
fn writes(ada: &Person, bert: &Person, left: &Seat<'_>, right: &Seat<'_>) {
    right.click(FIRST_CONTACT);
    left.click(FIRST_CONTACT);
    left.click(TEXT_FIELD);
    left.display.write(&left.id, "may I call");
    left.key("Return");
    bert.keeps(|line| line.starts_with('<') && line.ends_with("may I call"));
    ada.keeps(|line| line.starts_with('+'));
}

/// It rings, is answered with the camera, and both see each other and themselves.
fn calls(left: &Seat<'_>, right: &Seat<'_>) {
    let before = right.display.pixels(right.at(RING));
    left.key("ctrl+shift+c");
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
    right.key("F7");
    ada.hears("while the other is muted", false);
    bert.hears("while muted", true);
    right.key("F7");
    ada.hears("after the mute", true);
}

/// A file chosen in a dialog is offered, accepted, and arrives while the pictures go on.
fn sends(bert: &Person, left: &Seat<'_>, right: &Seat<'_>) {
    left.key("ctrl+o");
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
        display.moves("on the whole screen", WHOLE_FAR);
        left.key("F11");
        assert!(display.is_wider(&left.id, WIDTH, false), "no way back");
    }
    left.moves("after the whole screen", FAR);
}

/// One hangs up: both pictures end, and so do both titles.
fn hangs_up(left: &Seat<'_>, right: &Seat<'_>) {
    let display = left.display;
    display.is_titled(&left.id, "Call with bert - Transom (ada)");
    display.is_titled(&right.id, "Call with ada - Transom (bert)");
    left.key("ctrl+h");
    display.is_titled(&left.id, "Transom (ada)");
    display.is_titled(&right.id, "Transom (bert)");
    left.rests("after hanging up", FAR);
    right.rests("after the other hung up", SMALLER_FAR);
}
