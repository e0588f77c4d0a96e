//! The spool: what is kept is whole and on the disk, and nothing else is left, whatever happens.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use transom_store::faults::{Disk, Op};
use transom_store::{MAX_SPOOLED, Outbox, Spool, SpoolError, SpoolItem};
use transom_wire::{Collision, PeerName, PublicKey, Shape};

use crate::support::{LEAF, Scratch, contents, noise};

const ENOSPC: i32 = 28;

fn anna() -> (PublicKey, PeerName) {
    (PublicKey([7; 32]), "anna".parse().unwrap())
}

fn add(spool: &Spool, path: &Path) -> Result<SpoolItem, SpoolError> {
    let left_out = &mut |path: &Path, why: &str| panic!("{}: {why}", path.display());
    spool.add(path, anna(), Collision::Skip, left_out)
}

fn spool(scratch: &Scratch) -> Spool {
    let state = scratch.path("state");
    fs::create_dir_all(&state).unwrap();
    Spool::open_or_make(&state).unwrap()
}

/// The names in the spool, but for its locks.
fn names(scratch: &Scratch) -> Vec<String> {
    let entries = fs::read_dir(scratch.path("state/spool")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names
        .filter(|name| !["adding", "delivering"].contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

/// A folder of three files.
fn some_folder(scratch: &Scratch) -> PathBuf {
    scratch.put("d/a", noise(2 * LEAF + 5, 1));
    scratch.put("d/sub/b", b"b");
    scratch.put("d/sub/empty", b"");
    scratch.path("d")
}

#[test]
fn what_is_kept_is_a_whole_copy_under_its_own_name_until_it_is_removed() {
    let scratch = Scratch::new();
    let spool = spool(&scratch);
    let folder = some_folder(&scratch);
    let hard = OsStr::from_bytes(b"caf\xe9\\ \n\x1b");
    fs::write(folder.join(hard), b"hard").unwrap();
    let holes = fs::File::create(folder.join("holes")).unwrap();
    holes.set_len(64 << 20).unwrap();
    holes.write_all_at(b"end", 40 << 20).unwrap();
    fs::set_permissions(folder.join("a"), fs::Permissions::from_mode(0o750)).unwrap();
    let long = "n".repeat(255);
    let file = scratch.put(&long, b"long");

    let item = add(&spool, &folder).unwrap();
    assert_eq!(contents(&folder), contents(&item.path));
    assert_eq!(fs::read(item.path.join(hard)).unwrap(), b"hard");
    let data = |path: &Path| fs::metadata(path).unwrap();
    assert!(data(&item.path.join("holes")).blocks() < 1024);
    for path in ["a", "sub"] {
        let (old, new) = (data(&folder.join(path)), data(&item.path.join(path)));
        assert_eq!(old.mode() & 0o700, new.mode() & 0o700, "{path}");
        let time = |data: &fs::Metadata| (data.mtime(), data.mtime_nsec());
        assert_eq!(time(&old), time(&new), "{path}");
    }
    assert_eq!((item.number, item.name().as_str()), (1, "d"));
    assert_eq!((item.shape, item.entries), (Shape::Folder, 6));
    assert_eq!(item.bytes, (64 << 20) + 2 * LEAF as u64 + 5 + 1 + 4);
    assert_eq!((item.key, item.contact), anna());
    assert_eq!(item.origin, folder.canonicalize().unwrap());
    let mut again = spool.item(1).unwrap();
    let since = |item: &SpoolItem| item.since.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(since(&again).as_secs(), since(&item).as_secs());
    again.since = item.since;
    assert_eq!(again, item);

    let second = add(&spool, &file).unwrap();
    assert_eq!((second.number, second.name()), (2, long));
    assert_eq!(fs::read(&second.path).unwrap(), b"long");
    assert_eq!(spool.numbers().unwrap(), [1, 2]);
    let mode = data(&scratch.path("state/spool")).mode();
    assert_eq!(mode & 0o777, 0o700);

    // To its receiver a copy is the path that it was made of.
    let (own, peer) = ([1; 32], [2; 32]);
    let direct = Outbox::open(&folder).unwrap().key(&own, &peer);
    assert_eq!(Outbox::key_of(&item.origin, &own, &peer), direct);

    spool.remove(1).unwrap();
    assert_eq!(spool.numbers().unwrap(), [2]);
    assert!(matches!(spool.item(1), Err(SpoolError::Missing(1))));
    assert!(matches!(spool.remove(1), Err(SpoolError::Missing(1))));
    let mut slices = 1;
    while !spool.tidy_some(1).unwrap() {
        slices += 1;
    }
    assert!(slices > 3, "{slices}");
    assert_eq!(names(&scratch), ["2"]);
}

#[test]
fn a_link_in_a_folder_is_told_and_the_rest_is_kept() {
    let scratch = Scratch::new();
    let folder = some_folder(&scratch);
    symlink("a", folder.join("link")).unwrap();
    let mut told = Vec::new();
    let left_out = &mut |path: &Path, why: &str| told.push((path.to_owned(), why.to_owned()));
    let item = spool(&scratch).add(&folder, anna(), Collision::Rename, left_out);
    let item = item.unwrap();
    let link = folder.canonicalize().unwrap().join("link");
    assert_eq!(told, [(link, "is a symbolic link".to_owned())]);
    fs::remove_file(folder.join("link")).unwrap();
    assert_eq!(contents(&folder), contents(&item.path));

    // One that is named is followed, as when it is sent.
    symlink(folder.join("a"), scratch.path("named")).unwrap();
    let item = add(&spool(&scratch), &scratch.path("named")).unwrap();
    assert_eq!(item.name(), "named");
    assert_eq!(fs::read(&item.path).unwrap(), noise(2 * LEAF + 5, 1));
}

#[test]
fn a_power_cut_at_any_change_leaves_a_whole_item_or_none() {
    let scratch = Scratch::new();
    let folder = some_folder(&scratch);
    let is_whole = |item: &SpoolItem| contents(&folder) == contents(&item.path);
    let mut is_done = false;
    for changes in 0.. {
        let _ = fs::remove_dir_all(scratch.path("state"));
        drop(spool(&scratch));
        let disk = Disk::mount(&scratch.path("state"));
        let spool = Spool::open(&scratch.path("state")).unwrap().unwrap();
        disk.stop_after(changes);
        let added = add(&spool, &folder);
        is_done = !disk.has_stopped();
        drop(spool);
        disk.cut_power();
        let spool = self::spool(&scratch);
        let numbers = spool.numbers().unwrap();
        assert!(
            added.is_err() || numbers == [1],
            "change {changes}: {added:?}"
        );
        for number in &numbers {
            assert!(is_whole(&spool.item(*number).unwrap()), "change {changes}");
        }
        while !spool.tidy_some(1).unwrap() {}
        let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
        assert_eq!(names(&scratch), numbers, "change {changes}");
        if is_done {
            assert!(changes > 20, "{changes}");
            break;
        }
    }
    assert!(is_done);
}

#[test]
fn a_disk_that_fails_leaves_nothing_and_says_why() {
    for op in [Op::MakeFolder, Op::Write, Op::SyncFile, Op::Rename] {
        let scratch = Scratch::new();
        let folder = some_folder(&scratch);
        drop(spool(&scratch));
        let disk = Disk::mount(&scratch.path("state"));
        let spool = self::spool(&scratch);
        disk.on(op).at("new").fail(ENOSPC);
        let error = add(&spool, &folder).unwrap_err().text();
        assert!(disk.faults() > 0, "{op:?}");
        let says = error.contains("No space left") || error.contains("more are needed");
        assert!(says, "{op:?}: {error}");
        disk.heal();
        assert_eq!(names(&scratch), [""; 0], "{op:?}");
        assert_eq!(add(&spool, &folder).unwrap().number, 2);
    }
}

#[test]
fn whichever_sync_of_a_folder_fails_nothing_is_kept() {
    for nth in 1.. {
        let scratch = Scratch::new();
        let folder = some_folder(&scratch);
        drop(spool(&scratch));
        let disk = Disk::mount(&scratch.path("state"));
        let spool = self::spool(&scratch);
        disk.on(Op::SyncFolder).nth(nth).fail(ENOSPC);
        let added = add(&spool, &folder);
        if disk.faults() == 0 {
            added.unwrap();
            assert!(nth > 2, "{nth}");
            return;
        }
        assert!(added.is_err(), "{nth}");
        assert_eq!(names(&scratch), [""; 0], "{nth}");
    }
}

#[test]
fn what_can_not_be_read_leaves_nothing() {
    let scratch = Scratch::new();
    let spool = spool(&scratch);
    let error = add(&spool, &scratch.path("missing")).unwrap_err();
    assert!(error.text().contains("No such file"), "{}", error.text());
    assert!(matches!(
        add(&spool, Path::new("/dev/null")),
        Err(SpoolError::Source(_))
    ));
    assert_eq!(names(&scratch), [""; 0]);
}

#[test]
fn what_a_killed_program_left_goes_with_the_next_item() {
    let scratch = Scratch::new();
    let spool = spool(&scratch);
    scratch.put("state/spool/new/content/.transom-incoming/lock", b"");
    scratch.put("state/spool/new/content/half", noise(LEAF, 2));
    let file = scratch.put("f", b"f");
    assert_eq!(add(&spool, &file).unwrap().number, 1);
    assert_eq!(names(&scratch), ["1"]);
    assert_eq!(
        fs::read_dir(scratch.path("state/spool/1/content"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn programs_that_add_at_once_wait_for_each_other() {
    let scratch = Scratch::new();
    drop(spool(&scratch));
    let (scratch, files) = (&scratch, 8);
    std::thread::scope(|scope| {
        for number in 0..files {
            scope.spawn(move || {
                let path = scratch.put(&format!("f{number}"), noise(LEAF, number));
                add(&spool(scratch), &path).unwrap();
            });
        }
    });
    let spool = spool(scratch);
    let numbers = spool.numbers().unwrap();
    assert_eq!(numbers, (1..=files as u32).collect::<Vec<_>>());
    for number in numbers {
        let item = spool.item(number).unwrap();
        assert_eq!(
            fs::read(&item.path).unwrap(),
            fs::read(&item.origin).unwrap()
        );
    }
}

#[test]
fn one_program_delivers_and_the_next_after_its_end() {
    let scratch = Scratch::new();
    let spool = spool(&scratch);
    let delivering = spool.deliver().unwrap().unwrap();
    let other = self::spool(&scratch);
    assert!(other.deliver().unwrap().is_none());
    drop(delivering);
    assert!(other.deliver().unwrap().is_some());
    assert!(!spool.is_gone());
    fs::remove_dir_all(scratch.path("state/spool")).unwrap();
    assert!(spool.is_gone());
    assert!(Spool::open(&scratch.path("state")).unwrap().is_none());
}

#[test]
fn a_reason_stays_with_its_item() {
    let scratch = Scratch::new();
    let spool = spool(&scratch);
    let number = add(&spool, &scratch.put("f", b"f")).unwrap().number;
    for reason in ["refused: they want none", &"é".repeat(600), "lost"] {
        spool.note(number, reason).unwrap();
        let kept = spool.item(number).unwrap().reason.unwrap();
        assert!(reason.starts_with(&kept) && kept.len() >= reason.len().min(511));
    }
    assert!(spool.note(9, "gone").is_err());
}

#[test]
fn a_full_spool_and_a_damaged_record_are_named() {
    let scratch = Scratch::new();
    let spool = spool(&scratch);
    let file = scratch.put("f", b"f");
    scratch.put("state/spool/1/record", b"transom spool 1\n");
    let error = spool.item(1).unwrap_err();
    assert!(matches!(error, SpoolError::Damaged(1)), "{error}");
    for number in 2..=MAX_SPOOLED {
        fs::create_dir(scratch.path(&format!("state/spool/{number}"))).unwrap();
    }
    assert!(matches!(add(&spool, &file), Err(SpoolError::Full)));
    spool.remove(1).unwrap();
    assert_eq!(add(&spool, &file).unwrap().number, MAX_SPOOLED as u32 + 1);
}

#[test]
fn no_number_is_given_twice_and_no_other_item_is_taken_for_one_that_is_gone() {
    let scratch = Scratch::new();
    let spool = spool(&scratch);
    let file = scratch.put("f", b"f");
    let first = add(&spool, &file).unwrap();
    assert!(spool.has(&first).unwrap());
    spool.note(1, "refused").unwrap();
    assert!(spool.has(&first).unwrap());
    spool.remove(1).unwrap();
    assert!(!spool.has(&first).unwrap());
    let second = add(&self::spool(&scratch), &file).unwrap();
    assert_eq!(second.number, 2);
    assert!(spool.has(&spool.item(2).unwrap()).unwrap());

    // Its owner emptied the folder by hand.
    for name in ["2", "1"] {
        let _ = fs::remove_dir_all(scratch.path("state/spool").join(name));
    }
    for name in fs::read_dir(scratch.path("state/spool")).unwrap() {
        let path = name.unwrap().path();
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
    }
    let third = add(&spool, &file).unwrap();
    assert_eq!(third.number, 1);
    assert!(!spool.has(&first).unwrap() && spool.has(&third).unwrap());

    // Or moved it away, and another has its path.
    assert!(!spool.is_gone());
    fs::rename(scratch.path("state/spool"), scratch.path("old")).unwrap();
    drop(self::spool(&scratch));
    assert!(spool.is_gone());
}

#[test]
fn a_link_in_place_of_the_spool_is_refused() {
    let scratch = Scratch::new();
    let state = scratch.path("state");
    fs::create_dir_all(&state).unwrap();
    symlink(scratch.path("elsewhere"), state.join("spool")).unwrap();
    fs::create_dir(scratch.path("elsewhere")).unwrap();
    assert!(Spool::open_or_make(&state).is_err());
    assert!(Spool::open(&state).is_err());
    fs::remove_file(state.join("spool")).unwrap();
    fs::write(state.join("spool"), b"").unwrap();
    let error = Spool::open_or_make(&state).unwrap_err();
    assert!(error.text().contains("Not a directory"), "{}", error.text());
}

#[test]
fn root_neither_adds_to_nor_delivers_from_the_spool_of_another_user() {
    let scratch = Scratch::new();
    let state = scratch.path("state");
    fs::create_dir_all(&state).unwrap();
    let spool = Spool::open_or_make(&state).unwrap();
    if std::os::unix::fs::chown(&state, Some(12_345), Some(12_346)).is_err() {
        // Only root can have this state folder.
        return;
    }
    let error = Spool::open_or_make(&state).unwrap_err();
    assert!(matches!(error, SpoolError::OfAnother), "{error:?}");
    drop(spool);
    let spool = Spool::open(&state).unwrap().unwrap();
    let error = spool.deliver().unwrap_err();
    assert!(matches!(error, SpoolError::OfAnother), "{error:?}");
    let added = spool.add(
        &scratch.path("d"),
        anna(),
        Collision::Rename,
        &mut |_, _| {},
    );
    assert!(matches!(added, Err(SpoolError::OfAnother)), "{added:?}");
    let names = fs::read_dir(state.join("spool")).unwrap().count();
    assert_eq!(names, 0);
}
