//! Files in a folder of the test's own.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc;

use transom::sounds::{DeviceName, EchoMode};
use transom::{EndReason, Notice, Outcome, Phase, PublicKey, State as Folder, TextId};

use super::history::{History, Owner};
use super::*;
use crate::model::calls_tests::rings;
use crate::model::tests::{Ids, ended, joined, lost, peer, refused_port, status};
use crate::model::{
    ContactForm, Delivery, Dialog, Edit, Entry, Past, PastCall, Person, Presence, SettingsForm,
    Speaker, Theme, Unsent, read_calls, read_history,
};

mod slow;

/// A folder that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("transom-keep-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A keeper of a book with that text, and the state it fills.
    fn keeper(&self, text: &str) -> (Kept, State) {
        let path = self.path("list.txt");
        fs::write(&path, text).unwrap();
        let (book, _) = Book::parse(text);
        let state = State::new(book.contacts(), path.clone(), Vec::new());
        let settings = Some(self.path("conf/view.toml"));
        let storage = Storage::new(path, &self.path("state"), settings);
        (Kept::new(storage, book), state)
    }

    fn list(&self) -> String {
        fs::read_to_string(self.path("list.txt")).unwrap()
    }
}

/// A keeper with its files, and without the thread between them.
struct Kept {
    keeper: Keeper,
    storage: Storage,
}

impl Kept {
    fn new(storage: Storage, book: Book) -> Self {
        let keeper = Keeper::new(Ids::new().handle().clone(), book);
        Self { keeper, storage }
    }

    /// Carries out what waits, as the thread does.
    fn work(&mut self, state: &mut State) {
        while self.keeper.queue.waits_since().is_some() {
            let answer = self.storage.carry_out(self.keeper.queue.next());
            self.keeper.queue.done(|| ());
            self.keeper.take(state, answer);
        }
    }

    fn carry_out(&mut self, state: &mut State, action: &Action) {
        self.keeper.carry_out(state, action);
        self.work(state);
    }

    fn write_down(&mut self, state: &mut State) {
        self.keeper.write_down(state);
        self.work(state);
    }

    fn save_unsent(&mut self, state: &mut State) {
        self.keeper.save_unsent(state);
        self.work(state);
    }

    fn recall(&mut self, state: &mut State) {
        self.storage.recall(state);
        self.keeper.recall(state);
        self.work(state);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A contact whose key is not known.
fn unkeyed(name: &str) -> Owner {
    let (peer, key) = (peer(name), None);
    Owner { peer, key }
}

const LIST: &str = "# mine\n\ndoor 192.168.1.20  # the camera\nnonsense\nyard 192.168.1.21\n";

fn save(state: &State, name: &str, line: &str) -> Action {
    let person = state.people.iter().find(|person| person.name == peer(name));
    let before = person.and_then(|person| person.contact.clone());
    let contact = line.parse().unwrap();
    Action::SaveContact(Box::new(Edit { before, contact }))
}

/// Why the last wish was not fulfilled.
fn last_refusal(state: &State) -> String {
    match state.news.last().map(|told| &told.news) {
        Some(News::Refused(why)) => why.clone(),
        other => panic!("nothing was refused: {other:?}"),
    }
}

#[test]
fn an_edit_changes_its_line_the_list_and_what_the_next_edit_starts_from() {
    let scratch = Scratch::new("edit");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let action = save(&state, "door", "door 192.168.1.99 may=view # the camera");
    keeper.carry_out(&mut state, &action);
    let line = "door 192.168.1.99:7447 may=view  # the camera";
    assert_eq!(
        scratch.list(),
        LIST.replace("door 192.168.1.20  # the camera", line)
    );
    assert_eq!(state.people[0].address, "192.168.1.99:7447");
    let action = save(&state, "door", "door 192.168.1.20 # the camera");
    keeper.carry_out(&mut state, &action);
    assert_eq!(state.people[0].address, "192.168.1.20:7447");
}

#[test]
fn a_new_contact_makes_the_file_and_is_chosen() {
    let scratch = Scratch::new("first");
    let path = scratch.path("new/folder/list.txt");
    let mut state = State::new(&[], path.clone(), Vec::new());
    let storage = Storage::new(path.clone(), &scratch.path("state"), None);
    let mut keeper = Kept::new(storage, Book::default());
    state.act(&Action::Open(Dialog::Contact(Box::default())));
    let action = save(&state, "anna", "anna 10.0.0.2");
    keeper.carry_out(&mut state, &action);
    assert_eq!(fs::read_to_string(path).unwrap(), "anna 10.0.0.2:7447\n");
    assert_eq!((state.chosen, state.dialog), (Some(peer("anna")), None));
}

#[test]
fn what_another_program_wrote_meanwhile_stays_and_a_line_it_changed_is_not_clobbered() {
    let scratch = Scratch::new("meanwhile");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let changed = LIST.replace("192.168.1.20", "10.9.9.9") + "carl 10.0.0.4\n";
    fs::write(scratch.path("list.txt"), &changed).unwrap();
    let form = ContactForm::of(&state.people[0]);
    state.act(&Action::Open(Dialog::Contact(Box::new(form))));
    let action = save(&state, "door", "door 192.168.1.99");
    keeper.carry_out(&mut state, &action);
    assert_eq!(scratch.list(), changed);
    let Some(Dialog::Contact(form)) = &state.dialog else {
        panic!("the dialog is gone");
    };
    assert!(
        form.problem
            .as_ref()
            .is_some_and(|why| why.contains("meanwhile"))
    );
    let action = save(&state, "yard", "yard 192.168.1.77");
    keeper.carry_out(&mut state, &action);
    assert!(scratch.list().contains("10.9.9.9") && scratch.list().contains("carl"));
    assert_eq!(state.people.len(), 3);
}

#[test]
fn a_removed_contact_leaves_the_file_the_list_and_the_known_keys() {
    let scratch = Scratch::new("remove");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let folder = Folder::open(scratch.path("state")).unwrap();
    let mut known = folder.known_peers().unwrap();
    known.learn(&peer("door"), &PublicKey([7; 32])).unwrap();
    keeper.carry_out(&mut state, &Action::Remove(peer("door")));
    assert_eq!(
        scratch.list(),
        LIST.replace("door 192.168.1.20  # the camera\n", "")
    );
    assert_eq!(state.people.len(), 1);
    assert_eq!(state.chosen, Some(peer("yard")));
    known.refresh().unwrap();
    assert_eq!(known.peers().key_of(&peer("door")), None);
}

#[test]
fn who_was_called_from_the_command_line_stays_and_can_be_added() {
    let scratch = Scratch::new("called");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let called: Contact = "10.0.0.7 10.0.0.7".parse().unwrap();
    state.people.push(Person::from_contact(&called));
    keeper.keeper.also(&mut state, called.clone());
    let action = save(&state, "yard", "yard 10.0.0.1");
    keeper.carry_out(&mut state, &action);
    let person = state.people.last().unwrap();
    assert_eq!((person.name, &person.contact), (called.name, &None));
    let contact = ContactForm::of(person).contact().unwrap();
    let edit = Edit {
        before: None,
        contact,
    };
    keeper.carry_out(&mut state, &Action::SaveContact(Box::new(edit)));
    assert!(scratch.list().ends_with("10.0.0.7 10.0.0.7:7447\n"));
    assert_eq!(state.people.last().unwrap().contact, Some(called));
}

#[cfg(unix)]
#[test]
fn a_linked_book_is_changed_where_it_is_and_keeps_its_mode() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let scratch = Scratch::new("link");
    let real = scratch.path("real.txt");
    let (_, mut state) = scratch.keeper(LIST);
    fs::rename(scratch.path("list.txt"), &real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.txt", scratch.path("list.txt")).unwrap();
    let (book, _) = Book::parse(LIST);
    let storage = Storage::new(scratch.path("list.txt"), &scratch.path("state"), None);
    let mut keeper = Kept::new(storage, book);
    let action = save(&state, "yard", "yard 10.0.0.1");
    keeper.carry_out(&mut state, &action);
    assert!(
        fs::symlink_metadata(scratch.path("list.txt"))
            .unwrap()
            .is_symlink()
    );
    assert!(
        fs::read_to_string(&real)
            .unwrap()
            .contains("yard 10.0.0.1:7447")
    );
    let mode = fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let beside = fs::read_dir(&scratch.0).unwrap().count();
    assert_eq!(beside, 2, "nothing is left beside");
}

#[cfg(unix)]
#[test]
fn what_lies_where_the_new_file_is_written_is_not_written_to() {
    use std::os::unix::fs::symlink;
    let scratch = Scratch::new("planted");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let other = scratch.path("other.txt");
    fs::write(&other, "not ours").unwrap();
    let beside = format!("list.txt.new-{}", std::process::id());
    symlink("other.txt", scratch.path(&beside)).unwrap();
    let action = save(&state, "yard", "yard 10.0.0.1");
    keeper.carry_out(&mut state, &action);
    assert_eq!(fs::read_to_string(&other).unwrap(), "not ours");
    assert!(scratch.list().contains("yard 10.0.0.1:7447"));
    let kind = fs::symlink_metadata(scratch.path("list.txt")).unwrap();
    assert!(!kind.is_symlink());
}

#[test]
fn a_book_that_is_no_text_is_left_alone_and_its_line_named() {
    let scratch = Scratch::new("garbage");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let bytes = b"door 10.0.0.1\n\xff\xfe\n";
    fs::write(scratch.path("list.txt"), bytes).unwrap();
    let action = save(&state, "anna", "anna h");
    keeper.carry_out(&mut state, &action);
    assert_eq!(fs::read(scratch.path("list.txt")).unwrap(), bytes);
    let told = last_refusal(&state);
    assert!(told.starts_with("Line 2 of "), "{told}");
}

#[test]
fn a_verified_key_stays_verified_and_another_key_of_the_same_contact_is_not() {
    let scratch = Scratch::new("verified");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    fs::create_dir_all(scratch.path("state")).unwrap();
    let key = PublicKey([7; 32]);
    state.pin(peer("door"), key);
    let action = Action::Verify { key, on: true };
    state.act(&action);
    keeper.carry_out(&mut state, &action);
    assert!(state.is_verified(&state.people[0]));
    let (mut keeper, mut again) = scratch.keeper(LIST);
    keeper.recall(&mut again);
    assert_eq!(again.verified, [key]);
    again.pin(peer("door"), PublicKey([8; 32]));
    assert!(!again.is_verified(&again.people[0]));
}

#[test]
fn settings_are_kept_and_a_folder_that_takes_no_files_is_told() {
    let scratch = Scratch::new("settings");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    state.inbox = scratch.path("inbox");
    let mut config = state.config.clone();
    config.bell = false;
    config.inbox = Some(scratch.path("files"));
    keeper.carry_out(&mut state, &Action::SaveSettings(Box::new(config)));
    assert_eq!(state.inbox, scratch.path("files"));
    let (read, errors) = read_config(&scratch.path("conf/view.toml"));
    assert_eq!((read, errors), (state.config.clone(), vec![]));
    let mut config = state.config.clone();
    config.inbox = Some(scratch.path("list.txt"));
    keeper.carry_out(&mut state, &Action::SaveSettings(Box::new(config)));
    let told = last_refusal(&state);
    assert!(told.starts_with("Files can't be saved in"), "{told}");
    assert_eq!(state.inbox, scratch.path("files"));
    let mut config = state.config.clone();
    config.inbox = Some("/".into());
    keeper.carry_out(&mut state, &Action::SaveSettings(Box::new(config)));
    let told = last_refusal(&state);
    assert!(told.contains("your home folder is there"), "{told}");
    assert_eq!(state.inbox, scratch.path("files"));
}

#[test]
fn of_folders_chosen_one_after_the_other_the_last_counts() {
    let scratch = Scratch::new("folders");
    let (mut kept, mut state) = scratch.keeper(LIST);
    state.inbox = scratch.path("inbox");
    let choose = |kept: &mut Kept, state: &mut State, name| {
        let mut config = state.config.clone();
        config.inbox = Some(scratch.path(name));
        let action = Action::SaveSettings(Box::new(config));
        kept.keeper.carry_out(state, &action);
    };
    // Back to the one before, while the disk tries the other.
    choose(&mut kept, &mut state, "files");
    choose(&mut kept, &mut state, "inbox");
    kept.work(&mut state);
    assert_eq!(state.inbox, scratch.path("inbox"));
    choose(&mut kept, &mut state, "files");
    choose(&mut kept, &mut state, "films");
    kept.work(&mut state);
    assert_eq!(state.inbox, scratch.path("films"));
}

#[test]
fn a_closing_window_reads_no_more_and_writes_all() {
    let scratch = Scratch::new("closing");
    let (mut kept, mut state) = scratch.keeper(LIST);
    state.config.history = true;
    kept.keeper.recall(&mut state);
    kept.keeper.save(&mut state);
    kept.keeper.stop_reading();
    // One is being carried out.
    assert!(matches!(kept.keeper.queue.next(), Job::ReadHistory(_)));
    kept.keeper.queue.done(|| ());
    assert!(matches!(kept.keeper.queue.next(), Job::SaveSettings(_)));
    kept.keeper.queue.done(|| ());
    assert!(kept.keeper.queue.waits_since().is_none());
}

#[test]
fn texts_are_kept_only_if_wanted_and_the_undelivered_are_sent_again() {
    let (scratch, ids) = (Scratch::new("texts"), Ids::new());
    let (mut keeper, mut state) = scratch.keeper(LIST);
    state.said(peer("door"), ids.text(), "unkept".into());
    keeper.write_down(&mut state);
    assert!(!scratch.path("state/history").exists());
    state.config.history = true;
    state.now = Duration::from_secs(1_764_100_000);
    let (first, second) = (ids.text(), ids.text());
    state.said(peer("door"), first, "one\nline".into());
    state.said(peer("door"), second, "waits".into());
    state.apply(transom::Notice::TextArrived {
        peer: peer("door"),
        text: first,
    });
    state.apply(rings("door"));
    state.apply(ended("door", EndReason::Unanswered));
    keeper.write_down(&mut state);
    let (mut keeper, mut again) = scratch.keeper(LIST);
    again.config.history = true;
    keeper.recall(&mut again);
    let talk = &again.people[0].talk;
    assert_eq!((talk.len(), talk[0].text.as_str()), (2, "one\nline"));
    assert!(matches!(talk[1].by, Speaker::Us(Some(_), _)));
    assert!(
        talk.iter()
            .all(|line| line.by != Speaker::Us(None, Delivery::Sent))
    );
    let calls = &again.people[0].past;
    let what: Vec<_> = calls.iter().map(|call| call.what).collect();
    assert_eq!(what, [Past::Missed]);
}

#[cfg(unix)]
#[test]
fn a_history_is_private_and_never_grows_beyond_its_limit() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("rotation");
    let history = History::new(scratch.path("history"));
    let friend = unkeyed("Ä/../b");
    for count in 0..400 {
        let entry = Entry::Heard {
            at: Duration::from_secs(count),
            text: "x".repeat(4096),
        };
        history.append(&friend, &entry).unwrap();
    }
    let files: Vec<_> = fs::read_dir(scratch.path("history")).unwrap().collect();
    assert_eq!(files.len(), 1);
    let file = files[0].as_ref().unwrap().metadata().unwrap();
    assert!(file.len() <= 1024 * 1024);
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    let lines = read_history(&history.read(&friend).unwrap());
    assert_eq!(lines.last().unwrap().at, Duration::from_secs(399));
    assert!(lines.len() > 100);
    history.forget().unwrap();
    assert_eq!(history.read(&friend).unwrap(), "");
}

#[test]
fn of_a_history_that_is_too_long_the_newest_lines_are_read_and_the_rest_is_told() {
    let scratch = Scratch::new("too-long");
    let (mut keeper, mut state) = scratch.keeper("door 10.0.0.1\n");
    state.config.history = true;
    let entry = |at: u64| Entry::Heard {
        at: Duration::from_secs(at),
        text: "ä".repeat(2000),
    };
    let text: String = (1..=600).map(|at| entry(at).write()).collect();
    assert!(text.len() > 2 * 1024 * 1024);
    let folder = scratch.path("state/history");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("door.txt"), &text).unwrap();
    let (read, cut) = keeper.storage.history.newest(&unkeyed("door")).unwrap();
    assert!(text.ends_with(&read) && read.len() > 2_000_000);
    assert_eq!(read_history(&read).len(), read.lines().count());
    let cut = cut.unwrap();
    assert!(cut.contains("door.txt"), "{cut}");
    keeper.recall(&mut state);
    let last = state.people[0].talk.back().unwrap();
    assert_eq!(last.at, Duration::from_secs(600));
    assert_eq!(state.warnings, [Warning::Trouble(cut)]);
}

#[test]
fn half_a_line_of_a_history_does_not_speak_with_the_next_one_s_voice() {
    let scratch = Scratch::new("half");
    let folder = scratch.path("history");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("friend.txt"), "> 1764100000000000 hal").unwrap();
    let history = History::new(folder);
    let friend = unkeyed("friend");
    let at = Duration::from_micros(1_764_100_001_000_000);
    let text = "hello".to_owned();
    history.append(&friend, &Entry::Heard { at, text }).unwrap();
    let lines = read_history(&history.read(&friend).unwrap());
    let said: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(said, ["hal", "hello"]);
    assert_eq!(lines[1].by, Speaker::Them);
}

#[test]
fn what_was_on_its_way_when_the_window_closed_is_there_at_the_next_start() {
    let scratch = Scratch::new("unsent");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let (ids, door) = (Ids::new(), peer("door"));
    let send = |state: &mut State, path: &str, outcome| {
        let transfer = ids.transfer();
        state.sending(transfer, path.into());
        let status = status(transfer, Phase::Running, 1);
        state.apply(Notice::Transfer(status.clone()));
        if let Some(outcome) = outcome {
            state.apply(Notice::TransferEnded { status, outcome });
        }
    };
    send(&mut state, "/films/my film.avi", None);
    send(&mut state, "/two\nlines", None);
    send(&mut state, "/lost", Some(lost()));
    let path = "sent".into();
    send(&mut state, "/sent", Some(Outcome::Durable { path }));
    keeper.save_unsent(&mut state);
    let (mut keeper, mut next) = scratch.keeper(LIST);
    keeper.recall(&mut next);
    let left = |path: &str| Unsent {
        peer: door,
        path: path.into(),
    };
    assert_eq!(next.unsent, [left("/films/my film.avi"), left("/lost")]);
    next.act(&Action::ForgetUnsent(left("/lost")));
    keeper.save_unsent(&mut next);
    let (mut keeper, mut last) = scratch.keeper(LIST);
    keeper.recall(&mut last);
    assert_eq!(last.unsent, [left("/films/my film.avi")]);
    // A file that can't be read is told at the start, and is whole again after the end.
    fs::write(scratch.path("state/unsent"), b"\xff").unwrap();
    keeper.save_unsent(&mut last);
    let kept = fs::read_to_string(scratch.path("state/unsent")).unwrap();
    assert_eq!(kept, "door\t/films/my film.avi\n");
}

#[test]
fn a_folder_in_the_place_of_a_file_is_told_and_nothing_is_left_beside_it() {
    let scratch = Scratch::new("folder");
    fs::create_dir_all(scratch.path("state/unsent")).unwrap();
    let storage = Storage::new(scratch.path("list.txt"), &scratch.path("state"), None);
    let unsent = vec![Unsent {
        peer: peer("door"),
        path: "/film".into(),
    }];
    let why = storage
        .carry_out(Job::SaveUnsent(unsent))
        .result
        .unwrap_err();
    assert!(why.ends_with("can't be written: it is a folder"), "{why}");
    let beside = fs::read_dir(scratch.path("state")).unwrap().count();
    assert_eq!(beside, 1);
}

#[cfg(unix)]
#[test]
fn a_device_behind_a_link_is_not_replaced() {
    let scratch = Scratch::new("device");
    fs::create_dir_all(scratch.path("state")).unwrap();
    std::os::unix::fs::symlink("/dev/null", scratch.path("state/unsent")).unwrap();
    let unsent = vec![Unsent {
        peer: peer("door"),
        path: "/film".into(),
    }];
    let storage = Storage::new(scratch.path("list.txt"), &scratch.path("state"), None);
    let why = storage
        .carry_out(Job::SaveUnsent(unsent))
        .result
        .unwrap_err();
    assert!(
        why.ends_with("can't be written: it is no regular file"),
        "{why}"
    );
}

#[test]
fn what_a_contact_can_do_is_known_at_the_next_start() {
    use crate::model::tests::joined_as;
    use transom::Capabilities;

    let scratch = Scratch::new("can");
    let (door, guest) = (PublicKey([3; 32]), PublicKey([4; 32]));
    let list = format!("door 192.168.1.20 key={door}\n");
    let (mut keeper, mut state) = scratch.keeper(&list);
    let can = Capabilities::CAMERA | Capabilities::FILES;
    state.apply(joined_as("door", door, can | Capabilities(1 << 20)));
    state.apply(joined_as("passer-by", guest, Capabilities::CALLS));
    keeper.write_down(&mut state);
    let file = scratch.path("state/capabilities");
    let kept = fs::read_to_string(&file).unwrap();
    assert_eq!(kept, format!("{door} camera files\n"), "contacts alone");

    fs::write(
        &file,
        format!("nonsense\n{kept}{guest} calls of-next-year\n"),
    )
    .unwrap();
    let (mut keeper, mut state) = scratch.keeper(&list);
    keeper.recall(&mut state);
    let known: Vec<_> = state.capabilities.into_iter().collect();
    assert_eq!(known, [(door, can), (guest, Capabilities::CALLS)]);
}

#[test]
fn what_is_chosen_for_sound_is_there_after_the_next_start() {
    let scratch = Scratch::new("sound");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let headset: DeviceName = "server:headset".parse().unwrap();
    let (door, volume) = (peer("door"), Volume(250));
    for action in [
        Action::SetMicrophone(headset.clone()),
        Action::SetSpeaker(headset.clone()),
        Action::SetEcho(EchoMode::Off),
        Action::SetVolume { peer: door, volume },
        Action::Watch(door),
        Action::Hear {
            peer: door,
            on: true,
        },
    ] {
        state.act(&action);
        keeper.carry_out(&mut state, &action);
    }
    let (read, errors) = read_config(&scratch.path("conf/view.toml"));
    assert!(errors.is_empty(), "{errors:?}");
    let (_, mut next) = scratch.keeper(LIST);
    next.config = read;
    next.use_devices();
    assert_eq!(next.sound.settings, state.sound.settings);
    assert_eq!(next.sound.settings.microphone, headset);
    assert_eq!(next.sound.settings.echo, EchoMode::Off);
    let kept = next.preferences(door);
    assert_eq!((kept.volume, kept.hears), (volume, true));
}

#[test]
fn what_other_programs_see_and_their_links_are_there_after_the_next_start() {
    let scratch = Scratch::new("programs");
    let (mut kept, mut state) = scratch.keeper(LIST);
    let show = Action::ShowInPrograms {
        peer: peer("door"),
        on: true,
    };
    for action in [show, Action::NewLinks] {
        state.act(&action);
        kept.carry_out(&mut state, &action);
        assert_eq!(state.wanted_bridge().unwrap().cameras, [peer("door")]);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let file = fs::metadata(scratch.path("state/http-token")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
    let next = |scratch: &Scratch| {
        let (mut kept, mut next) = scratch.keeper(LIST);
        let (config, errors) = read_config(&scratch.path("conf/view.toml"));
        assert!(errors.is_empty(), "{errors:?}");
        next.config = config;
        kept.recall(&mut next);
        (kept, next)
    };
    // Another port is told of once the station has tried it.
    state.bridge.door = Door::Open;
    let mut config = state.config.clone();
    config.programs_port = 8081;
    kept.carry_out(&mut state, &Action::SaveSettings(Box::new(config)));
    assert_eq!(state.bridge.door, Door::Opening);
    let (mut kept, mut again) = next(&scratch);
    assert_eq!(again.wanted_bridge(), state.wanted_bridge());
    let old = again.links_to(peer("door")).unwrap();
    kept.carry_out(&mut again, &Action::NewLinks);
    let new = again.links_to(peer("door")).unwrap();
    assert_ne!(new, old);
    assert_eq!(next(&scratch).1.links_to(peer("door")), Some(new));
    // What is no token is replaced by one.
    fs::write(scratch.path("state/http-token"), "nonsense\n").unwrap();
    let (_, last) = next(&scratch);
    assert!(last.wanted_bridge().is_some());
    assert_eq!(next(&scratch).1.wanted_bridge(), last.wanted_bridge());
}

#[test]
fn a_renamed_contact_keeps_its_line_its_texts_and_its_key() {
    let scratch = Scratch::new("rename");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    state.config.history = true;
    let key = PublicKey([7; 32]);
    state.pin(peer("door"), key);
    let (door, text) = (peer("door"), "hello".to_owned());
    state.apply(transom::Notice::Text { peer: door, text });
    keeper.write_down(&mut state);
    let to = peer("Front-door");
    let action = Action::Rename { peer: door, to };
    keeper.carry_out(&mut state, &action);
    let line = format!("Front-door 192.168.1.20:7447 key={key}  # the camera");
    let wanted = LIST.replace("door 192.168.1.20  # the camera", &line);
    assert_eq!(scratch.list(), wanted);
    assert!(state.people.iter().all(|person| person.name != door));
    let person = state
        .people
        .iter()
        .find(|person| person.name == to)
        .unwrap();
    assert_eq!((person.talk.len(), person.key), (1, Some(key)));
    let (mut keeper, mut again) = scratch.keeper(&wanted);
    again.config.history = true;
    keeper.recall(&mut again);
    let person = again
        .people
        .iter()
        .find(|person| person.name == to)
        .unwrap();
    assert_eq!(person.talk[0].text, "hello");
}

#[test]
fn a_contact_is_not_renamed_while_a_file_is_on_its_way() {
    let (scratch, ids) = (Scratch::new("busy"), Ids::new());
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let running = transom::Phase::Running;
    let running = crate::model::tests::status(ids.transfer(), running, 0);
    state.apply(transom::Notice::Transfer(running));
    let to = peer("Front-door");
    let action = Action::Rename {
        peer: peer("door"),
        to,
    };
    keeper.carry_out(&mut state, &action);
    assert_eq!(last_refusal(&state), words::BUSY_WITH_THEM);
    assert_eq!(scratch.list(), LIST);
}

#[test]
fn another_name_counts_at_once() {
    let scratch = Scratch::new("name");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    state.own.name = "desk".to_owned();
    let config = Config {
        name: Some(peer("Leo")),
        ..Config::default()
    };
    let action = Action::SaveSettings(Box::new(config));
    keeper.carry_out(&mut state, &action);
    assert!(state.own.line().starts_with("Leo "), "{}", state.own.line());
}

#[test]
fn another_port_is_saved_when_it_is_listened_at() {
    let scratch = Scratch::new("port");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let listening = |port| Notice::Listening {
        request: None,
        address: ([0, 0, 0, 0], port).into(),
    };
    let mut choose = |state: &mut State, port, answer: Option<Notice>| {
        let action = Action::UsePort(port);
        state.act(&action);
        keeper.carry_out(state, &action);
        if let Some(notice) = answer {
            state.apply(notice);
        }
        keeper.write_down(state);
        let (config, errors) = read_config(&scratch.path("conf/view.toml"));
        assert!(errors.is_empty(), "{errors:?}");
        config.port
    };
    state.apply(listening(7447));
    let why = "can't listen on 0.0.0.0:80: Permission denied".to_owned();
    let refused = refused_port(&why);
    assert_eq!(choose(&mut state, 80, Some(refused)), None);
    assert_eq!(state.warnings, [Warning::PortRefused { port: 80, why }]);
    assert_eq!(choose(&mut state, 7448, None), None);
    assert!(state.warnings.is_empty());
    assert_eq!(choose(&mut state, 7448, Some(listening(7448))), Some(7448));
    // The port that was left is not ours any more, until the station listens there again.
    assert_eq!(choose(&mut state, 7447, None), Some(7448));
    assert_eq!(choose(&mut state, 7447, Some(listening(7447))), Some(7447));
    // No second socket is bound at a port of ours.
    assert_eq!(choose(&mut state, 7447, None), Some(7447));
}

#[test]
fn a_forgotten_contact_leaves_nothing_to_the_next_one_of_that_name() {
    let (scratch, ids) = (Scratch::new("forgotten"), Ids::new());
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let door = peer("door");
    state.config.history = true;
    state.unsent = vec![Unsent {
        peer: door,
        path: "/earlier".into(),
    }];
    let transfer = ids.transfer();
    state.sending(transfer, "/running".into());
    state.apply(Notice::Transfer(status(transfer, Phase::Running, 1)));
    state.said(door, ids.text(), "for the old one".into());
    for action in [
        Action::SetVolume {
            peer: door,
            volume: Volume(250),
        },
        Action::Watch(door),
        Action::Hear {
            peer: door,
            on: true,
        },
        Action::Call(door),
    ] {
        state.act(&action);
        keeper.carry_out(&mut state, &action);
    }
    keeper.write_down(&mut state);
    keeper.save_unsent(&mut state);
    assert!(scratch.path("state/history/door.txt").exists());

    keeper.carry_out(&mut state, &Action::Remove(door));
    keeper.write_down(&mut state);
    assert!(state.people.iter().all(|person| person.name != door));
    keeper.save_unsent(&mut state);
    assert!(!scratch.path("state/history/door.txt").exists());
    let (config, _) = read_config(&scratch.path("conf/view.toml"));
    assert_eq!(config.contacts, []);
    let (mut keeper, mut next) = scratch.keeper(LIST);
    next.config = config;
    keeper.recall(&mut next);
    assert!(next.people[0].talk.is_empty() && next.people[0].past.is_empty());
    assert_eq!(next.unsent, []);
}

#[test]
fn a_renamed_contact_gets_nothing_that_an_earlier_one_of_that_name_left() {
    let scratch = Scratch::new("orphan");
    let (mut keeper, mut state) = scratch.keeper(LIST);
    let (door, yard, hall, shed) = (peer("door"), peer("yard"), peer("hall"), peer("shed"));
    let heard = |text: &str| Entry::Heard {
        at: Duration::from_secs(1_764_100_000),
        text: text.to_owned(),
    };
    for (name, text) in [(hall, "left"), (shed, "left"), (yard, "its own")] {
        let owner = unkeyed(name.as_str());
        keeper.storage.history.append(&owner, &heard(text)).unwrap();
        state.unsent.push(Unsent {
            peer: name,
            path: text.into(),
        });
        state.config.prefer(name, state.preferences(name));
    }
    for (peer, to) in [(door, hall), (yard, shed)] {
        let action = Action::Rename { peer, to };
        keeper.carry_out(&mut state, &action);
    }
    assert_eq!(keeper.storage.history.read(&unkeyed("hall")).unwrap(), "");
    assert_eq!(
        keeper.storage.history.read(&unkeyed("shed")).unwrap(),
        heard("its own").write()
    );
    let own = Unsent {
        peer: shed,
        path: "its own".into(),
    };
    assert_eq!(state.unsent, [own]);
    let names: Vec<_> = state.config.contacts.iter().map(|one| one.0).collect();
    assert_eq!(names, [shed]);
}

#[test]
fn a_history_stays_with_its_key_when_the_book_is_changed_by_hand() {
    let (scratch, ids) = (Scratch::new("keyed"), Ids::new());
    let keys = [1, 2, 3].map(|byte| PublicKey([byte; 32]));
    let line = |name: &str, key: usize| format!("{name} 10.0.0.4 key={}\n", keys[key]);
    let texts = |state: &State, name: &str| {
        let mut people = state.people.iter();
        let person = people.find(|person| person.name == peer(name)).unwrap();
        person.talk.len()
    };
    let started = |list: &str| {
        let (mut keeper, mut state) = scratch.keeper(list);
        state.config.history = true;
        keeper.recall(&mut state);
        (keeper, state)
    };
    // As an earlier version left it, by the name.
    fs::create_dir_all(scratch.path("state/history")).unwrap();
    let old = scratch.path("state/history/anna.txt");
    fs::write(&old, "> 1764100000000000 hello\n").unwrap();
    let (mut keeper, mut state) = started(&line("anna", 0));
    state.said(peer("anna"), ids.text(), "for the first anna".into());
    keeper.write_down(&mut state);
    assert!(!old.exists());

    let (_, state) = started(&line("anna", 1));
    assert_eq!(texts(&state, "anna"), 0, "another key");
    let (mut keeper, mut state) = started(&line("ann", 0));
    assert_eq!(texts(&state, "ann"), 2, "another name");
    // A key that the user changes here is one of the same contact.
    let action = save(&state, "ann", line("ann", 2).trim_end());
    keeper.carry_out(&mut state, &action);
    let (_, state) = started(&line("ann", 2));
    assert_eq!(texts(&state, "ann"), 2, "a new key");
    // Two names of one key have one history, which goes with the last of them.
    let both = line("ann", 2) + &line("again", 2);
    let (mut keeper, mut state) = started(&both);
    keeper.carry_out(&mut state, &Action::Remove(peer("again")));
    let (mut keeper, mut state) = started(&line("ann", 2));
    assert_eq!(texts(&state, "ann"), 2);
    keeper.carry_out(&mut state, &Action::Remove(peer("ann")));
    let (_, state) = started(&line("ann", 2));
    assert_eq!(texts(&state, "ann"), 0);
}

#[test]
fn calls_without_end_push_no_text_out_of_a_history() {
    let scratch = Scratch::new("calls");
    let folder = scratch.path("history");
    let friend = unkeyed("friend");
    let at = Duration::from_micros(1_764_100_000_000_000);
    let text = "hello".to_owned();
    let missed = Entry::Call(PastCall {
        at,
        what: Past::Missed,
    });
    let calls = missed.write().repeat(1024 * 1024 / missed.write().len());
    let full = Entry::Heard { at, text }.write() + &calls;
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("friend.txt"), full).unwrap();
    let history = History::new(folder);
    history.append(&friend, &missed).unwrap();
    let kept = history.read(&friend).unwrap();
    assert_eq!(read_history(&kept).len(), 1);
    assert_eq!(read_calls(&kept).len(), 501);
}
