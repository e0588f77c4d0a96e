//! The disk that other tests trust: it forgets what was not synced, and reports errors as Linux
//! does.

use super::*;
use crate::dir::Dir;
use crate::file::File;
use crate::scratch::Scratch;

fn mount(scratch: &Scratch) -> (Disk, Dir) {
    let at = scratch.path("");
    (Disk::mount(&at), Dir::open(&at).unwrap())
}

fn read(scratch: &Scratch, name: &str) -> Option<Vec<u8>> {
    fs::read(scratch.path(name)).ok()
}

fn written(dir: &Dir, name: &str) -> File {
    let file = dir.create(name).unwrap();
    file.write_all_at(b"bytes", 0).unwrap();
    file
}

fn errno<T: std::fmt::Debug>(result: std::io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

const EIO: i32 = 5;

#[test]
fn a_power_cut_leaves_the_bytes_and_names_that_were_synced() {
    let scratch = Scratch::new();
    fs::write(scratch.path("before"), b"before").unwrap();
    let (disk, dir) = mount(&scratch);
    let both = written(&dir, "both");
    written(&dir, "bytes").sync_all().unwrap();
    dir.make("folder").unwrap();
    both.sync_data().unwrap();
    dir.remove_file("bytes").unwrap();
    written(&dir, "name");
    dir.sync().unwrap();
    both.write_all_at(b"later", 5).unwrap();
    written(&dir, "folder/below").sync_all().unwrap();
    dir.rename_over("both", &dir, "moved").unwrap();
    dir.remove_file("before").unwrap();
    assert_eq!(read(&scratch, "moved").unwrap(), b"byteslater");
    disk.cut_power();
    assert_eq!(
        read(&scratch, "both").unwrap(),
        b"bytes",
        "not the later ones"
    );
    assert_eq!(
        read(&scratch, "name").unwrap(),
        b"",
        "a name without its bytes"
    );
    assert_eq!(
        read(&scratch, "before").unwrap(),
        b"before",
        "not yet removed"
    );
    assert!(scratch.path("folder").is_dir());
    let gone = ["moved", "bytes", "folder/below"];
    assert_eq!(gone.map(|name| read(&scratch, name)), [const { None }; 3]);
}

#[test]
fn a_sync_of_the_file_system_brings_everything() {
    let scratch = Scratch::new();
    let (disk, dir) = mount(&scratch);
    dir.make("a").unwrap();
    written(&dir, "a/file");
    dir.sync_all().unwrap();
    written(&dir, "a/later");
    disk.cut_power();
    assert_eq!(read(&scratch, "a/file").unwrap(), b"bytes");
    assert_eq!(read(&scratch, "a/later"), None);
}

#[test]
fn a_write_error_is_told_once_to_each_descriptor_that_was_open() {
    let scratch = Scratch::new();
    let (disk, dir) = mount(&scratch);
    let other = dir.again().unwrap();
    let file = written(&dir, "file");
    let second = dir.read("file").unwrap();
    disk.lose("file");
    disk.write_back();
    // The file's own error and that of the file system are told apart.
    assert_eq!(errno(dir.sync_all()), Some(EIO));
    assert_eq!(errno(dir.sync_all()), None, "told once");
    assert_eq!(errno(other.sync_all()), Some(EIO), "and to each");
    assert_eq!(
        errno(dir.again().unwrap().sync_all()),
        None,
        "that was open"
    );
    let third = dir.read("file").unwrap();
    for file in [&file, &second, &third] {
        assert_eq!(
            errno(file.sync_data()),
            Some(EIO),
            "the next one too, until somebody knows"
        );
    }
    assert_eq!(errno(dir.read("file").unwrap().sync_all()), None);
    assert_eq!(read(&scratch, "file").unwrap(), b"bytes", "memory has it");
    dir.sync().unwrap();
    file.drop_cache();
    assert_eq!(read(&scratch, "file").unwrap(), [0; 5], "the disk has not");
}

#[test]
fn bytes_that_were_lost_are_not_brought_by_another_sync() {
    let scratch = Scratch::new();
    let (disk, dir) = mount(&scratch);
    let file = written(&dir, "file");
    disk.lose("file");
    assert_eq!(errno(file.sync_data()), Some(EIO));
    disk.heal();
    file.sync_data().unwrap();
    dir.sync().unwrap();
    disk.cut_power();
    assert_eq!(read(&scratch, "file").unwrap(), b"");
}

#[test]
fn calls_fail_and_lie_as_planned() {
    let scratch = Scratch::new();
    let (disk, dir) = mount(&scratch);
    disk.on(Op::Create).at("b").nth(2).fail(28);
    disk.on(Op::SyncFolder).lie();
    written(&dir, "a");
    written(&dir, "b1").sync_all().unwrap();
    assert_eq!(errno(dir.create("b2")), Some(28));
    written(&dir, "b2");
    dir.sync().unwrap();
    assert_eq!(disk.faults(), 2);
    let calls = disk.calls();
    let last = Call {
        op: Op::SyncFolder,
        path: String::new(),
    };
    assert_eq!(calls.last(), Some(&last));
    assert!(
        calls.contains(&Call {
            op: Op::SyncFile,
            path: "b1".into()
        }),
        "{calls:?}"
    );
    disk.stop_after(1);
    written_nothing(&dir);
    assert!(disk.has_stopped());
    disk.cut_power();
    assert_eq!(fs::read_dir(scratch.path("")).unwrap().count(), 0);
}

#[test]
fn a_delayed_call_holds_up_no_other_and_is_done_in_the_end() {
    let scratch = Scratch::new();
    let (disk, dir) = mount(&scratch);
    let slow = written(&dir, "slow");
    dir.sync().unwrap();
    disk.calls();
    disk.on(Op::SyncFile)
        .at("slow")
        .delay(Duration::from_secs(2));
    thread::scope(|scope| {
        let sync = scope.spawn(|| slow.sync_all());
        while !disk.calls().iter().any(|call| call.op == Op::SyncFile) {
            thread::yield_now();
        }
        written(&dir, "other").sync_all().unwrap();
        assert!(!sync.is_finished(), "the delay is long enough for others");
        sync.join().unwrap().unwrap();
    });
    assert_eq!(disk.faults(), 1);
    disk.cut_power();
    assert_eq!(read(&scratch, "slow").unwrap(), b"bytes");
}

fn written_nothing(dir: &Dir) {
    let file = dir.create("c").unwrap();
    assert_eq!(errno(file.write_all_at(b"bytes", 0)), Some(EIO));
    assert_eq!(errno(dir.make("folder")), Some(EIO));
    assert!(dir.names().is_ok(), "it can still be looked at");
}

#[test]
fn a_file_system_in_user_space_hides_what_is_removed_while_it_is_open() {
    let scratch = Scratch::new();
    let (disk, dir) = mount(&scratch);
    disk.format(FileSystem::Fuse);
    dir.make("folder").unwrap();
    let file = written(&dir, "folder/file");
    assert_eq!(errno(dir.remove_all("folder")), Some(39), "not empty");
    assert_eq!(read(&scratch, "folder/file"), None);
    drop(file);
    dir.remove_all("folder").unwrap();
    written(&dir, "other");
    dir.sync_all().unwrap();
    disk.cut_power();
    assert_eq!(
        fs::read_dir(scratch.path("")).unwrap().count(),
        0,
        "syncfs did nothing"
    );
}
