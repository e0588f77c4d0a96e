//! Links, FIFOs and other things planted in the way: nothing is read or written through them.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use transom_store::{Inbox, InboxError};
use transom_wire::{Collision, Ending};

use crate::support::*;

#[test]
fn b13_a_staging_folder_that_is_another_thing_is_refused() {
    type Plant = fn(&Path, &Path);
    let plants: [Plant; 4] = [
        |at, outside| symlink(outside, at).unwrap(),
        |at, _| symlink("/nowhere", at).unwrap(),
        |at, _| fs::write(at, b"").unwrap(),
        |at, _| fifo(at),
    ];
    for plant in plants {
        let scratch = Scratch::new();
        let outside = scratch.path("outside");
        fs::create_dir_all(&outside).unwrap();
        fs::create_dir_all(scratch.path("in")).unwrap();
        plant(&scratch.path("in/.transom-incoming"), &outside);
        let error = Inbox::open(scratch.settings()).unwrap_err();
        assert!(matches!(error, InboxError::Unwritable { .. }), "{error:?}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
}

#[test]
fn a_staging_folder_open_to_others_is_closed() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("in/.transom-incoming")).unwrap();
    let staging = scratch.path("in/.transom-incoming");
    fs::set_permissions(&staging, fs::Permissions::from_mode(0o777)).unwrap();
    let _inbox = scratch.inbox();
    assert_eq!(
        fs::metadata(&staging).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[test]
fn b13_a_name_that_is_a_link_keeps_its_target() {
    for target in ["victim", "outside", "nowhere"] {
        let scratch = Scratch::new();
        scratch.put("victim", b"theirs");
        fs::create_dir_all(scratch.path("outside")).unwrap();
        fs::create_dir_all(scratch.path("in")).unwrap();
        symlink(scratch.path(target), scratch.path("in/a")).unwrap();
        let mut inbox = scratch.inbox();
        let path = scratch.put("a", b"ours");
        assert_eq!(send(&mut inbox, &path).path, scratch.path("in/a (1)"));
        scratch.put("a", b"ours too");
        assert_eq!(
            send_as(&mut inbox, &path, Collision::Skip).ending,
            Ending::Skipped
        );
        assert_eq!(
            send_as(&mut inbox, &path, Collision::Overwrite).ending,
            Ending::Durable
        );
        assert!(
            fs::symlink_metadata(scratch.path("in/a"))
                .unwrap()
                .is_file()
        );
        assert_eq!(fs::read(scratch.path("victim")).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(scratch.path("outside")).unwrap().count(), 0);
        assert!(!scratch.path("nowhere").exists());
    }
}

#[test]
fn b13_a_name_that_is_a_fifo_or_a_folder_does_not_hold_us() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    fifo(&scratch.path("in/a"));
    let path = scratch.put("a", b"ours");
    assert_eq!(send(&mut inbox, &path).path, scratch.path("in/a (1)"));
    assert!(
        fs::symlink_metadata(scratch.path("in/a"))
            .unwrap()
            .file_type()
            .is_fifo()
    );
    fs::create_dir(scratch.path("in/b")).unwrap();
    let path = scratch.put("b", b"ours");
    assert_eq!(send(&mut inbox, &path).path, scratch.path("in/b (1)"));
}

#[test]
fn b12_a_folder_merges_beside_links_and_not_through_them() {
    let scratch = Scratch::new();
    let victim = scratch.put("victim", b"theirs");
    fs::create_dir_all(scratch.path("outside")).unwrap();
    for name in ["file", "sub/inner", "good/x", "turned"] {
        scratch.put(&format!("d/{name}"), b"ours");
    }
    fs::create_dir_all(scratch.path("in/d/turned")).unwrap();
    symlink(&victim, scratch.path("in/d/file")).unwrap();
    symlink(scratch.path("outside"), scratch.path("in/d/sub")).unwrap();
    let (mut outbox, mut reception) = begun_as(
        &mut scratch.inbox(),
        &scratch.path("d"),
        Collision::Overwrite,
    );
    let failed = try_pump(&mut outbox, &mut reception);
    let finished = reception.finish(outbox.counted().entries).unwrap();
    // The link to a file is replaced; what would go through a link or over a folder has no place.
    let failed: Vec<_> = failed.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(failed, ["sub", "turned", "sub/inner"]);
    assert_eq!((finished.ending, finished.failed), (Ending::Partial, 3));
    assert_eq!(fs::read(&victim).unwrap(), b"theirs");
    assert_eq!(fs::read_dir(scratch.path("outside")).unwrap().count(), 0);
    assert_eq!(fs::read(scratch.path("in/d/good/x")).unwrap(), b"ours");
    assert_eq!(fs::read(scratch.path("in/d/file")).unwrap(), b"ours");
}

#[test]
fn b12_a_folder_offered_where_a_link_to_a_folder_is_goes_beside() {
    for collision in [Collision::Rename, Collision::Overwrite] {
        let scratch = Scratch::new();
        scratch.put("d/file", b"ours");
        fs::create_dir_all(scratch.path("outside")).unwrap();
        fs::create_dir_all(scratch.path("in")).unwrap();
        symlink(scratch.path("outside"), scratch.path("in/d")).unwrap();
        let finished = send_as(&mut scratch.inbox(), &scratch.path("d"), collision);
        assert_eq!(finished.path, scratch.path("in/d (1)"));
        assert_eq!(fs::read_dir(scratch.path("outside")).unwrap().count(), 0);
    }
}

#[test]
fn b13_a_component_that_flips_to_a_link_all_the_time_leads_nowhere() {
    let scratch = Scratch::new();
    let outside = scratch.path("outside");
    fs::create_dir_all(&outside).unwrap();
    for i in 0..20 {
        scratch.put(&format!("d/sub/{i}"), b"ours");
    }
    fs::create_dir_all(scratch.path("in/d/sub")).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (at, aside) = (scratch.path("in/d/sub"), scratch.path("in/d/aside"));
            while !stop.load(Ordering::Relaxed) {
                // Whichever step fails is tried again in the next round.
                let _ = fs::rename(&at, &aside);
                let _ = symlink(&outside, &at);
                let _ = fs::remove_file(&at);
                let _ = fs::rename(&aside, &at);
            }
        });
        let mut inbox = scratch.inbox();
        for _ in 0..50 {
            let (mut outbox, mut reception) =
                begun_as(&mut inbox, &scratch.path("d"), Collision::Overwrite);
            try_pump(&mut outbox, &mut reception);
            // It may well fail: only where it writes is asked here.
            let _ = reception.finish(outbox.counted().entries);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn b15_only_what_is_ours_is_cleared_from_the_staging_folder() {
    let scratch = Scratch::new();
    drop(scratch.inbox());
    let outside = scratch.put("outside/file", b"theirs");
    scratch.put("in/.transom-incoming/notes", b"theirs");
    scratch.put("in/.transom-incoming/t-short/file", b"theirs");
    let torn = format!("in/.transom-incoming/t-{}", "0".repeat(32));
    scratch.put(&format!("{torn}/tree/file"), b"ours");
    symlink(
        scratch.path("outside"),
        scratch.path(&torn).join("tree/link"),
    )
    .unwrap();
    drop(scratch.inbox());
    assert!(!scratch.path(&torn).exists());
    assert!(scratch.path("in/.transom-incoming/notes").exists());
    assert!(scratch.path("in/.transom-incoming/t-short/file").exists());
    assert_eq!(fs::read(outside).unwrap(), b"theirs");
}
