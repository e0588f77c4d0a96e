//! The real window while a person types: a stranger knocks, a file is offered and a call rings. The
//! typed text goes where it was meant to, and nothing is answered by it.

use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use transom::people::Book;
use transom::{CallKind, Handle, Identity, Notice, Redial, SendOptions, Settings, State, Station};

use super::display::Display;
use super::doorbox::DoorBox;
use super::{FIRST_CONTACT, HEIGHT, Scratch, TEXT_FIELD, WIDTH, Window, program, shown};

/// Points whose surroundings change with the first card, with the second one, and with the card of
/// a ringing call.
const FIRST_CARD: (i32, i32) = (1000, 160);
const SECOND_CARD: (i32, i32) = (520, 610);
const RING: (i32, i32) = (800, 250);

/// A program that nobody in the window's contact list has as a contact.
struct Stranger {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Stranger {
    /// Dials the window.
    fn knock(desk: &Identity, at: SocketAddr) -> Self {
        let line = format!("desk {at} key={}\n", desk.public_key());
        let (book, errors) = Book::parse(&line);
        assert!(errors.is_empty());
        let contact = book.contacts()[0].clone();
        let identity = Identity::throwaway().unwrap();
        let mut settings = Settings::new("somebody".parse().unwrap(), identity);
        settings.book = book;
        let station = Station::start(settings).unwrap();
        let handle = station.handle();
        handle.connect(contact, Redial::Always);
        let thread = std::thread::spawn(move || station.run(|_| ()).unwrap());
        Self {
            handle,
            thread: Some(thread),
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Shows that something new is to be seen at that place.
fn appears(display: &Display, what: &str, at: (i32, i32), arrive: impl FnOnce()) {
    let before = display.pixels(at);
    arrive();
    display.differs(what, at, &before);
}

#[test]
fn who_types_goes_on_typing_whatever_arrives() {
    let scratch = Scratch::new("arrivals");
    let Some(display) = super::display(&scratch) else {
        return;
    };
    let desk = State::open(scratch.path("state")).unwrap();
    let desk = desk.identity().unwrap();
    let mut door = DoorBox::start(&desk, &scratch.path("door"));
    // A port that was free a moment ago.
    let listen = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let users = format!("door {} key={} may=call,files\n", door.address, door.key);
    let users = scratch.write("users.txt", users);
    let mut command = program(&scratch);
    command.args(["--listen", &listen.to_string(), "--name", "desk", "--users"]);
    command.arg(users).env("DISPLAY", &display.name);
    let mut window = Window(command.spawn().unwrap());
    let Some(id) = shown(&display, &mut window) else {
        return;
    };
    display.size(&id, WIDTH, HEIGHT);
    door.wait("the window", |notice| {
        matches!(notice, Notice::Joined { .. })
    });
    display.click(&id, FIRST_CONTACT);
    display.click(&id, TEXT_FIELD);
    display.write(&id, "I will be ");
    let mut stranger = None;
    appears(&display, "of a stranger while typing", FIRST_CARD, || {
        stranger = Some(Stranger::knock(&desk, listen));
    });
    display.write(&id, "there ");
    appears(&display, "of an offer while typing", SECOND_CARD, || {
        let plan = scratch.write("plan.txt", "for the desk");
        door.handle.send(&door.desk, plan, SendOptions::default());
    });
    display.write(&id, "at six");
    appears(&display, "of a call while typing", RING, || {
        door.handle.ring(&door.desk, CallKind::Talk);
    });
    display.write(&id, " o'clock");
    display.key(&id, "Return");
    door.wait("the whole text, and no answer", |notice| match notice {
        Notice::Text { text, .. } => text == "I will be there at six o'clock",
        Notice::CallStarted { .. } | Notice::CallEnded { .. } => panic!("{notice:?}"),
        _ => false,
    });
    assert!(
        !scratch.path("inbox/plan.txt").exists(),
        "nobody accepted it"
    );
    display.keep("after-typing");
}
