//! A disk that is slow or hangs.

use super::*;

fn text_of(name: &str, text: &str) -> Notice {
    let (peer, text) = (peer(name), text.to_owned());
    Notice::Text { peer, text }
}

#[test]
fn a_disk_that_hangs_stops_nothing_and_is_told_of_until_it_answers() {
    let scratch = Scratch::new("hangs");
    let (kept, mut state) = scratch.keeper(LIST);
    let Kept {
        mut keeper,
        storage,
    } = kept;
    let (queue, (answers, posted)) = (keeper.queue(), mpsc::channel());
    let (release, released) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let hang = |job| {
            let _ = released.recv();
            storage.carry_out(job)
        };
        queue.serve(hang, |answer| drop(answers.send(answer)))
    });
    let action = save(&state, "yard", "yard 10.0.0.1");
    for _ in 0..3 {
        keeper.carry_out(&mut state, &action);
    }
    state.apply(joined("door"));
    assert_eq!(state.people[0].presence, Presence::Here);
    let silent_at = keeper.silent_at().unwrap();
    keeper.watch(&mut state, silent_at - Duration::from_millis(1));
    assert!(!state.is_disk_silent());
    keeper.watch(&mut state, silent_at);
    assert!(state.is_disk_silent());
    // A window that closes does not wait for ever.
    assert!(!keeper.finish(Instant::now() + Duration::from_millis(20)));
    assert_eq!(state.people[1].address, "192.168.1.21:7447");

    release.send(()).unwrap();
    assert!(keeper.finish(Instant::now() + Duration::from_secs(10)));
    keeper.take(&mut state, posted.try_recv().unwrap());
    keeper.watch(&mut state, Instant::now());
    assert!(!state.is_disk_silent());
    assert_eq!(state.people[1].address, "10.0.0.1:7447");
    assert!(posted.try_recv().is_err(), "more clicks asked for it again");
}

#[test]
fn what_peers_write_while_the_disk_hangs_fills_no_memory_and_its_loss_is_told() {
    let scratch = Scratch::new("full");
    let (mut kept, mut state) = scratch.keeper(LIST);
    state.config.history = true;
    let keeper = &mut kept.keeper;
    while state.warnings.is_empty() {
        state.apply(text_of("door", "hello"));
        keeper.write_down(&mut state);
    }
    let behind = Warning::Trouble(words::DISK_BEHIND.to_owned());
    assert_eq!(state.warnings, [behind]);
    kept.work(&mut state);
    let written = kept.storage.history.read(&unkeyed("door")).unwrap();
    let lines = read_history(&written).len();
    assert!((1000..10_000).contains(&lines), "{lines}");
    assert_eq!(lines + 1, state.people[0].talk.len());
}

#[test]
fn a_text_that_comes_or_is_written_before_the_history_was_read_keeps_its_place() {
    let scratch = Scratch::new("before");
    let (mut kept, mut state) = scratch.keeper(LIST);
    let (ids, door) = (Ids::new(), peer("door"));
    (state.config.history, state.now) = (true, Duration::from_secs(1_764_100_000));
    state.apply(text_of("door", "earlier"));
    state.said(door, ids.text(), "unsent".into());
    kept.write_down(&mut state);

    let (mut kept, mut state) = scratch.keeper(LIST);
    (state.config.history, state.now) = (true, Duration::from_secs(1_764_200_000));
    kept.keeper.recall(&mut state);
    assert!(state.awaits_history(door));
    state.apply(text_of("door", "meanwhile"));
    state.said(door, None::<TextId>, "held".into());
    kept.keeper.write_down(&mut state);
    kept.work(&mut state);
    let told = |state: &State| {
        let lines = state.people[0].talk.iter();
        lines.map(|line| line.text.clone()).collect::<Vec<_>>()
    };
    let all = ["earlier", "unsent", "meanwhile", "held"];
    assert_eq!(told(&state), all);
    // Each is sent once, in this order.
    let sent = state.people[0]
        .talk
        .iter()
        .filter_map(|line| match line.by {
            Speaker::Us(id, _) => id,
            Speaker::Them => None,
        });
    let sent: Vec<_> = sent.collect();
    assert!(sent.len() == 2 && sent.is_sorted(), "{sent:?}");
    assert!(!state.awaits_history(door));

    let (mut kept, mut state) = scratch.keeper(LIST);
    state.config.history = true;
    kept.recall(&mut state);
    assert_eq!(told(&state), all);
}

#[test]
fn a_history_that_can_not_be_read_holds_no_text_back() {
    let scratch = Scratch::new("unreadable");
    let (mut kept, mut state) = scratch.keeper(LIST);
    state.config.history = true;
    fs::create_dir_all(scratch.path("state/history")).unwrap();
    fs::write(scratch.path("state/history/door.txt"), b"\xff").unwrap();
    kept.keeper.recall(&mut state);
    state.said(peer("door"), None::<TextId>, "held".into());
    kept.work(&mut state);
    assert!(matches!(&state.warnings[..], [Warning::Trouble(_)]));
    let line = &state.people[0].talk[0];
    assert!(matches!(line.by, Speaker::Us(Some(_), Delivery::Sent)));
}

#[test]
fn what_comes_while_a_contact_is_removed_or_renamed_goes_with_it() {
    let scratch = Scratch::new("slowly");
    let (mut kept, mut state) = scratch.keeper(LIST);
    state.config.history = true;
    let (yard, to) = (peer("yard"), peer("shed"));
    kept.keeper
        .carry_out(&mut state, &Action::Remove(peer("door")));
    let rename = Action::Rename { peer: yard, to };
    kept.keeper.carry_out(&mut state, &rename);
    for notice in [
        text_of("door", "to be forgotten"),
        text_of("yard", "still here"),
        rings("yard"),
    ] {
        state.apply(notice);
        kept.keeper.write_down(&mut state);
    }
    kept.work(&mut state);
    let files = fs::read_dir(scratch.path("state/history")).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["shed.txt"]);
    let written = kept.storage.history.read(&unkeyed("shed")).unwrap();
    assert_eq!(read_history(&written)[0].text, "still here");
    let names: Vec<_> = state.people.iter().map(|person| person.name).collect();
    assert_eq!(names, [to]);
    assert!(!state.is_busy_with(yard) && !state.is_busy_with(to));
}

#[test]
fn an_error_is_told_in_the_dialog_that_asked_and_in_no_other() {
    let scratch = Scratch::new("dialogs");
    let (mut kept, mut state) = scratch.keeper(LIST);
    state.act(&Action::Open(Dialog::Contact(Box::default())));
    let action = save(&state, "door", "door 10.0.0.9");
    fs::write(scratch.path("list.txt"), "door 10.9.9.9\n").unwrap();
    kept.keeper.carry_out(&mut state, &action);
    // The user does not wait for the answer.
    let form = SettingsForm::of(&state);
    let settings = Dialog::Settings(Box::new(form));
    state.act(&Action::Open(settings.clone()));
    kept.work(&mut state);
    assert_eq!(state.dialog, Some(settings));
    assert!(last_refusal(&state).contains("meanwhile"));
}

#[test]
fn settings_that_change_while_the_disk_is_slow_are_all_kept_and_written_once() {
    let scratch = Scratch::new("twice");
    let (mut kept, mut state) = scratch.keeper(LIST);
    let changes: [fn(&mut Config); 3] = [
        |config| config.bell = false,
        |config| config.theme = Theme::Light,
        |config| config.ask_where = true,
    ];
    for change in changes {
        let mut config = state.config.clone();
        change(&mut config);
        let action = Action::SaveSettings(Box::new(config));
        kept.keeper.carry_out(&mut state, &action);
    }
    // The first one may be half written already.
    let (mut jobs, queue) = (0, kept.keeper.queue());
    while queue.waits_since().is_some() {
        drop(kept.storage.carry_out(queue.next()));
        queue.done(|| ());
        jobs += 1;
    }
    assert_eq!(jobs, 2);
    let (read, _) = read_config(&scratch.path("conf/view.toml"));
    assert_eq!(read, state.config);
    assert!(!read.bell && read.ask_where && read.theme == Theme::Light);
}

#[test]
fn an_edit_that_is_undone_and_made_again_while_the_disk_is_slow_is_made_again() {
    let scratch = Scratch::new("again");
    let (mut kept, mut state) = scratch.keeper(LIST);
    for (from, to) in [("yard", "garden"), ("garden", "yard"), ("yard", "garden")] {
        let (peer, to) = (peer(from), peer(to));
        kept.keeper
            .carry_out(&mut state, &Action::Rename { peer, to });
    }
    kept.work(&mut state);
    let list = scratch.list();
    assert!(list.contains("garden 192.168.1.21"), "{list}");
}
