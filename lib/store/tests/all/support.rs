//! Scratch folders and whole transfers in a few lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use transom_store::faults::{Disk, FileSystem, Op};
use transom_store::{
    Begin, Ended, EntryError, EntryInfo, Finished, Inbox, InboxSettings, Outbox, OutboxError,
    Reception, RoomLimits, Run, Step, fuzzing,
};
use transom_wire::{Collision, Ending, Entry, EntryKind, Offer, RelativePath, Shape, TransferKey};

pub(crate) const LEAF: usize = transom_wire::limits::LEAF;
pub(crate) const PEER: [u8; 32] = [7; 32];
pub(crate) const OWN: [u8; 32] = [8; 32];

/// A folder that goes with its test.
pub(crate) struct Scratch(fuzzing::Scratch);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(fuzzing::Scratch::new())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn inbox(&self) -> Inbox {
        Inbox::open(self.settings()).unwrap()
    }

    /// Mounts a disk over the inbox, which can fail.
    pub(crate) fn disk(&self) -> Disk {
        fs::create_dir_all(self.path("in")).unwrap();
        Disk::mount(&self.path("in"))
    }

    pub(crate) fn settings(&self) -> InboxSettings {
        limited(self.path("in"), ALL_ROOM)
    }

    /// An inbox with those limits.
    pub(crate) fn inbox_with(&self, room: RoomLimits) -> Inbox {
        Inbox::open(limited(self.path("in"), room)).unwrap()
    }
}

/// The whole disk.
pub(crate) const ALL_ROOM: RoomLimits = RoomLimits {
    keep_free: Some(0),
    quota: None,
    peer_quota: None,
};

/// The settings of an inbox in that folder.
pub(crate) fn limited(root: PathBuf, room: RoomLimits) -> InboxSettings {
    InboxSettings {
        room,
        ..InboxSettings::new(root)
    }
}

/// Bytes that repeat nowhere near.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state ^ state >> 29).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// BLAKE3 of a file.
pub(crate) fn hash_file(path: &Path) -> [u8; 32] {
    blake3::hash(&fs::read(path).unwrap()).into()
}

/// A file or folder that is counted and walked through.
pub(crate) fn walked(path: &Path) -> Result<Outbox, OutboxError> {
    let mut outbox = Outbox::open(path)?;
    while !outbox.count(1000)?.is_all {}
    while !outbox.walk(1000)?.is_last {}
    Ok(outbox)
}

/// What an outbox offers.
pub(crate) fn offer(outbox: &Outbox, collision: Collision) -> Offer<'_> {
    Offer {
        transfer: outbox.key(&OWN, &PEER),
        shape: outbox.shape(),
        collision,
        files: outbox.counted().entries,
        bytes: outbox.counted().bytes,
        is_counted: true,
        name: RelativePath::new(outbox.name()).unwrap(),
    }
}

/// An offer of one file that nobody has.
pub(crate) fn file_offer(name: &str, bytes: u64) -> Offer<'_> {
    Offer {
        transfer: TransferKey([1; 16]),
        shape: Shape::File,
        collision: Collision::Rename,
        files: 1,
        bytes,
        is_counted: true,
        name: RelativePath::new(name).unwrap(),
    }
}

/// An offer of a folder that nobody has.
pub(crate) fn folder_offer(name: &str, files: u32, bytes: u64) -> Offer<'_> {
    Offer {
        shape: Shape::Folder,
        files,
        ..file_offer(name, bytes)
    }
}

pub(crate) fn entry(index: u32, path: &str, size: u64) -> Entry<'_> {
    Entry {
        index,
        kind: EntryKind::File,
        mode: 0o644,
        mtime: 1_700_000_000_123_456_789,
        size,
        path: RelativePath::new(path).unwrap(),
    }
}

/// Sends a path whole, as a node would.
pub(crate) fn send(inbox: &mut Inbox, path: &Path) -> Finished {
    send_as(inbox, path, Collision::Rename)
}

pub(crate) fn send_as(inbox: &mut Inbox, path: &Path, collision: Collision) -> Finished {
    let (mut outbox, mut reception) = begun_as(inbox, path, collision);
    pump(&mut outbox, &mut reception, u64::MAX);
    reception.finish(outbox.counted().entries).unwrap()
}

/// Sends entries one by one until so many leaves have gone; gives how many went.
pub(crate) fn pump(outbox: &mut Outbox, reception: &mut Reception, most: u64) -> u64 {
    let mut left = most;
    for index in 0..outbox.counted().entries {
        let info = outbox.entry(index).unwrap();
        let Begin::Data { offset } = reception.begin_entry(&announced(index, &info)).unwrap()
        else {
            continue;
        };
        let sender = Sender::new(outbox, index);
        if !sender.send(reception, offset, &mut left).unwrap() {
            return most;
        }
    }
    most - left
}

/// An entry as it is announced.
pub(crate) fn announced(index: u32, info: &EntryInfo) -> Entry<'_> {
    Entry {
        index,
        kind: info.kind,
        mode: info.mode,
        mtime: info.mtime,
        size: info.size,
        path: RelativePath::new(&info.path).unwrap(),
    }
}

/// The sender of one entry, with all of it in memory.
pub(crate) struct Sender {
    pub(crate) index: u32,
    pub(crate) leaves: Vec<([u8; 32], Vec<u8>)>,
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
}

impl Sender {
    pub(crate) fn new(outbox: &mut Outbox, index: u32) -> Self {
        outbox.start(index, 0).unwrap();
        let mut leaves = Vec::new();
        loop {
            match outbox.next_leaf(index, Vec::new()).unwrap() {
                Step::Leaf { hash, bytes, .. } => leaves.push((hash, bytes)),
                Step::Sent { .. } => panic!("it starts at the beginning"),
                Step::End { size, root, .. } => {
                    return Self {
                        index,
                        leaves,
                        size,
                        root,
                    };
                }
            }
        }
    }

    /// Says the hashes of what is held, then sends what is to come, and at last the end; says
    /// whether it got there before so many leaves had gone.
    fn send(
        &self,
        reception: &mut Reception,
        offset: u64,
        left: &mut u64,
    ) -> Result<bool, EntryError> {
        let mut again = self.hashes(reception, offset)?;
        let held = offset.div_ceil(LEAF as u64) as usize;
        for leaf in held..self.leaves.len() {
            match left.checked_sub(1) {
                Some(less) => *left = less,
                None => return Ok(false),
            }
            again.extend(self.leaf(reception, leaf)?);
        }
        loop {
            for leaf in again.drain(..).flat_map(leaves_of).collect::<Vec<_>>() {
                match left.checked_sub(1) {
                    Some(less) => *left = less,
                    None => return Ok(false),
                }
                again.extend(self.leaf(reception, leaf)?);
            }
            if again.is_empty() {
                if *left == 0 {
                    return Ok(false);
                }
                match self.end(reception)? {
                    Ended::Again(more) => again = more,
                    Ended::Done => return Ok(true),
                }
            }
        }
    }

    /// Says the hashes of what is held; gives what is to be sent again.
    pub(crate) fn hashes(
        &self,
        reception: &mut Reception,
        offset: u64,
    ) -> Result<Vec<Run>, EntryError> {
        let held = offset.div_ceil(LEAF as u64) as usize;
        let hashes: Vec<_> = self.leaves[..held].iter().map(|(hash, _)| *hash).collect();
        let mut again = Vec::new();
        for (some, hashes) in hashes.chunks(128).enumerate() {
            let offset = (some * 128 * LEAF) as u64;
            again.extend(reception.hashes(self.index, offset, hashes)?);
        }
        Ok(again)
    }

    pub(crate) fn leaf(
        &self,
        reception: &mut Reception,
        leaf: usize,
    ) -> Result<Option<Run>, EntryError> {
        let (hash, bytes) = &self.leaves[leaf];
        reception.leaf(self.index, (leaf * LEAF) as u64, hash, bytes)
    }

    pub(crate) fn end(&self, reception: &mut Reception) -> Result<Ended, EntryError> {
        reception.end(self.index, self.size, &self.root)
    }
}

/// The numbers of the leaves of a run.
pub(crate) fn leaves_of(run: Run) -> impl Iterator<Item = usize> {
    let first = run.offset as usize / LEAF;
    first..first + run.leaves as usize
}

/// Sends all entries as a node would, until there is no room; those that fail are given up. Gives
/// their paths and errors.
pub(crate) fn try_pump(
    outbox: &mut Outbox,
    reception: &mut Reception,
) -> Vec<(String, EntryError)> {
    try_pump_some(outbox, reception, &mut u64::MAX.clone())
}

/// The same until so many leaves have gone.
pub(crate) fn try_pump_some(
    outbox: &mut Outbox,
    reception: &mut Reception,
    left: &mut u64,
) -> Vec<(String, EntryError)> {
    let mut failed = Vec::new();
    for index in 0..outbox.counted().entries {
        let info = outbox.entry(index).unwrap();
        let sent = reception
            .begin_entry(&announced(index, &info))
            .and_then(|begun| {
                let Begin::Data { offset } = begun else {
                    return Ok(true);
                };
                Sender::new(outbox, index).send(reception, offset, left)
            });
        if let Ok(false) = sent {
            break;
        }
        if let Err(error) = sent {
            let is_full = matches!(error, EntryError::NoRoom { .. });
            failed.push((info.path, error));
            if is_full {
                break;
            }
            reception.abandon(index);
        }
    }
    failed
}

/// Every file and folder below a path, with its content.
pub(crate) fn contents(top: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(top).unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
                found.insert(name, None);
            } else {
                found.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    found
}

/// The names in the inbox, without its private folder, which must be empty but for the lock and the
/// log.
pub(crate) fn published(scratch: &Scratch) -> Vec<String> {
    let staging = scratch.path("in/.transom-incoming");
    let names = fs::read_dir(staging).unwrap().map(|e| e.unwrap());
    let left = names
        .map(|e| e.file_name())
        .filter(|name| name != "published");
    assert_eq!(left.collect::<Vec<_>>(), ["lock"]);
    visible(scratch)
}

/// The names in the inbox, without its private folder.
pub(crate) fn visible(scratch: &Scratch) -> Vec<String> {
    let names = fs::read_dir(scratch.path("in")).unwrap();
    let mut names: Vec<_> = names
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name != ".transom-incoming");
    names.sort();
    names
}

/// Where the one unfinished transfer grows.
pub(crate) fn staged(scratch: &Scratch) -> PathBuf {
    let staging = fs::read_dir(scratch.path("in/.transom-incoming")).unwrap();
    let mut folders: Vec<_> = staging
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    assert_eq!(folders.len(), 1);
    folders.remove(0)
}

/// Sends so many leaves of a path and then loses the connection.
pub(crate) fn send_some(scratch: &Scratch, path: &Path, leaves: u64) {
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun_as(&mut inbox, path, Collision::Rename);
    assert_eq!(pump(&mut outbox, &mut reception, leaves), leaves);
    reception.pause();
    assert_eq!(
        visible(scratch),
        [""; 0],
        "nothing shows before it is whole"
    );
}

/// Sends the path again after a restart; gives the bytes taken over and the leaves that went again.
pub(crate) fn send_rest(scratch: &Scratch, path: &Path) -> (u64, u64) {
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun_as(&mut inbox, path, Collision::Rename);
    let sent = pump(&mut outbox, &mut reception, u64::MAX);
    let finished = reception.finish(outbox.counted().entries).unwrap();
    assert_eq!(finished.ending, Ending::Durable);
    assert_eq!(
        reception.held() + reception.counts().durable,
        outbox.counted().bytes
    );
    if path.is_dir() {
        assert_eq!(contents(path), contents(&finished.path));
    } else {
        assert!(
            fs::read(path).unwrap() == fs::read(&finished.path).unwrap(),
            "not the same"
        );
    }
    (reception.held(), sent)
}

/// Waits until it is so, as long as a machine with much to do may take.
pub(crate) fn wait_for(mut done: impl FnMut() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("it never was");
}

/// Every call that brings something to the disk.
pub(crate) const SYNCS: [Op; 4] = [Op::SyncAll, Op::SyncData, Op::SyncFile, Op::SyncFolder];

/// Where one call reaches all files, and where each is synced by itself.
pub(crate) const SYSTEMS: [FileSystem; 2] = [FileSystem::Ext4, FileSystem::Fuse];

/// How many syncs came since the last time.
pub(crate) fn syncs(disk: &Disk) -> usize {
    let calls = disk.calls().into_iter();
    calls.filter(|call| SYNCS.contains(&call.op)).count()
}

/// Begins to receive a path of that peer.
pub(crate) fn begun(inbox: &mut Inbox, peer: u8, path: &Path) -> (Outbox, Reception) {
    begun_of([peer; 32], inbox, path, Collision::Rename)
}

/// Begins to receive a path with that policy.
pub(crate) fn begun_as(
    inbox: &mut Inbox,
    path: &Path,
    collision: Collision,
) -> (Outbox, Reception) {
    begun_of(PEER, inbox, path, collision)
}

fn begun_of(
    peer: [u8; 32],
    inbox: &mut Inbox,
    path: &Path,
    collision: Collision,
) -> (Outbox, Reception) {
    let outbox = walked(path).unwrap();
    let reception = inbox.receive(peer, &offer(&outbox, collision)).unwrap();
    (outbox, reception)
}

/// A file that is there, open to be changed.
pub(crate) fn writable(path: impl AsRef<Path>) -> fs::File {
    fs::File::options().write(true).open(path).unwrap()
}

/// Makes a FIFO.
pub(crate) fn fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

/// Whether the same content came.
pub(crate) fn is_as_sent(sent: &Path, came: &Path) -> bool {
    match sent.is_dir() {
        true => came.is_dir() && contents(sent) == contents(came),
        false => fs::read(sent).ok() == fs::read(came).ok(),
    }
}
