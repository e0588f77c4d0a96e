//! The real window with its hands full: a large picture, a file as fast as it comes, and a peer
//! that stops reading. Clicks and keys are answered all the same.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use transom::people::Book;
use transom::{
    Accept, CallKind, Handle, Identity, InboxSettings, Notice, Phase, SendOptions, Settings, State,
    Station,
};

use super::display::{Display, until};
use super::doorbox::DoorBox;
use super::{
    FIRST_CONTACT, HEIGHT, PICTURE, Scratch, TEXT_FIELD, WIDTH, Window, program, shown, type_path,
    watch,
};

const SECOND_CONTACT: (i32, i32) = (150, 196);
/// More than the slowest machine needs to type and carry a line; a window that waits for a disk or
/// a peer takes longer.
const SOON: Duration = Duration::from_secs(20);
/// More than the sockets of both sides hold.
const MORE_THAN_FITS: u64 = 64 << 20;
/// Each more than a disk takes while the test runs; so many that the list of transfers has its full
/// height, and things above it stay in their places. What is sent has no blocks of its own.
const ENDLESS: [(&str, u64); 3] = [("a.bin", 2 << 30), ("b.bin", 2 << 30), ("c.bin", 2 << 30)];

/// A peer that takes the first bytes of a file and then nothing: its station stands still inside a
/// notice.
struct Stuck {
    line: String,
    handle: Handle,
    /// Tells when it stands still.
    stands: Receiver<()>,
    /// It goes on when this is gone.
    holds: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stuck {
    fn start(desk: &Identity, inbox: &Path) -> Self {
        let identity = Identity::throwaway().unwrap();
        let key = identity.public_key();
        let (book, errors) = Book::parse(&format!("desk 127.0.0.1 key={}\n", desk.public_key()));
        assert!(errors.is_empty());
        let mut settings = Settings::new("yard".parse().unwrap(), identity);
        settings.book = book;
        settings.listen = vec!["127.0.0.1:0".parse().unwrap()];
        settings.inbox = Some(InboxSettings::new(inbox, Accept::Known));
        let station = Station::start(settings).unwrap();
        let (handle, address) = (station.handle(), station.addresses()[0]);
        let (tell, stands) = channel();
        let (holds, held) = channel::<()>();
        let thread = std::thread::spawn(move || {
            let stand_still = |notice| {
                if is_running(&notice) {
                    // The test may be over, and ends this wait in any case.
                    let _ = tell.send(());
                    let _ = held.recv();
                }
            };
            station.run(stand_still).unwrap();
        });
        Self {
            line: format!("yard {address} key={key}\n"),
            handle,
            stands,
            holds: Some(holds),
            thread: Some(thread),
        }
    }
}

impl Drop for Stuck {
    fn drop(&mut self) {
        drop(self.holds.take());
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn is_running(notice: &Notice) -> bool {
    matches!(notice, Notice::Transfer(status) if status.phase == Phase::Running)
}

fn sparse(path: &Path, bytes: u64) {
    File::create(path).unwrap().set_len(bytes).unwrap();
}

#[test]
fn with_its_hands_full_it_still_answers_clicks_and_keys() {
    let scratch = Scratch::new("busy");
    let Some(display) = super::display(&scratch) else {
        return;
    };
    let desk = State::open(scratch.path("state")).unwrap();
    let desk = desk.identity().unwrap();
    let mut door = DoorBox::start_sized(&desk, &scratch.path("door"), Some((1920, 1080)));
    let yard = Stuck::start(&desk, &scratch.path("yard"));
    let (address, key) = (door.address, door.key);
    let users = format!("door {address} key={key} may=files,auto\n{}", yard.line);
    let users = scratch.write("users.txt", users);
    let mut command = program(&scratch);
    command.args(["--listen", "none", "--name", "desk", "--users"]);
    command.arg(users).env("DISPLAY", &display.name);
    let mut window = Window(command.spawn().unwrap());
    let Some(id) = shown(&display, &mut window) else {
        return;
    };
    display.size(&id, WIDTH, HEIGHT);

    stops_reading(&scratch, &display, &id, &yard);
    watch(&display, &id);
    let watched = |notice: &Notice| matches!(notice, Notice::CallStarted { kind, .. } if *kind == CallKind::View);
    door.wait("being watched", watched);
    display.moves("of a large camera", PICTURE);
    for (name, bytes) in ENDLESS {
        let path = scratch.path(name);
        sparse(&path, bytes);
        door.handle.send(&door.desk, path, SendOptions::default());
    }
    door.wait("its files on the way", is_running);
    answers(&display, &id, &mut door);
}

/// A file is sent to the peer that takes its beginning only.
fn stops_reading(scratch: &Scratch, display: &Display, id: &str, yard: &Stuck) {
    let path = scratch.path("large.bin");
    sparse(&path, MORE_THAN_FITS);
    display.click(id, SECOND_CONTACT);
    type_path(display, id, &path);
    let stands = until(|| yard.stands.try_recv().ok());
    display.keep("stuck");
    assert!(stands.is_some(), "the peer took nothing of its file");
}

/// Somebody else is chosen and back, a field clicked, a line typed: it arrives soon, and the
/// picture goes on.
fn answers(display: &Display, id: &str, door: &mut DoorBox) {
    let begun = Instant::now();
    display.click(id, SECOND_CONTACT);
    display.click(id, FIRST_CONTACT);
    display.click(id, TEXT_FIELD);
    display.keep("busy");
    display.write(id, "still there");
    display.key(id, "Return");
    door.wait(
        "a text beside all that",
        |notice| matches!(notice, Notice::Text { text, .. } if text == "still there"),
    );
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    door.wait("more of its files", is_running);
    watch(display, id);
    display.moves("of a large camera beside a file", PICTURE);
}
