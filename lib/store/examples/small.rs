//! Receives many small files on one thread and prints how long that takes for one of them. Its
//! system calls are the receiver's alone: `strace -f -c` over two counts of files tells those of a
//! file.
//!
//! `cargo run --release -p transom-store --example small -- FOLDER [FILES] [BYTES]`

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use transom_store::{Begin, Inbox, InboxSettings, Reception, hash_leaf};
use transom_wire::{Collision, Entry, EntryKind, Offer, RelativePath, Shape, TransferKey, limits};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let folder = PathBuf::from(args.next().ok_or("name a folder to measure in")?);
    let mut number = |default| {
        let told = args.next().and_then(|arg| arg.to_str()?.parse().ok());
        told.unwrap_or(default)
    };
    let (files, bytes) = (number(1000), number(4096).min(limits::LEAF as u32));
    let scratch = folder.join("transom-small");
    let measured = measure(&scratch, files, bytes);
    fs::remove_dir_all(&scratch)?;
    measured
}

fn measure(scratch: &Path, files: u32, bytes: u32) -> Result<(), Box<dyn Error>> {
    let mut inbox = Inbox::open(InboxSettings::new(scratch))?;
    let offer = Offer {
        transfer: TransferKey([1; 16]),
        shape: Shape::Folder,
        collision: Collision::Rename,
        files,
        bytes: u64::from(files) * u64::from(bytes),
        is_counted: true,
        name: RelativePath::new("small")?,
    };
    let mut reception = inbox.receive([1; 32], &offer)?;
    let content = vec![7; bytes as usize];
    let root = match bytes {
        0 => *blake3::hash(b"").as_bytes(),
        _ => hash_leaf(&content, 0, bytes.into()),
    };
    let start = Instant::now();
    for index in 0..files {
        // As far ahead as a sender may announce.
        if index == 0 {
            (0..files.min(limits::ENTRIES_AHEAD))
                .try_for_each(|index| announce(&mut reception, index, bytes))?;
        }
        if bytes > 0 {
            reception.leaf(index, 0, &root, &content)?;
        }
        reception.end(index, bytes.into(), &root)?;
        if index + limits::ENTRIES_AHEAD < files {
            announce(&mut reception, index + limits::ENTRIES_AHEAD, bytes)?;
        }
    }
    reception.finish(files)?;
    let each = start.elapsed().as_secs_f64() / f64::from(files) * 1e6;
    println!("{files} files of {bytes} bytes: {each:.1} us each");
    Ok(())
}

fn announce(reception: &mut Reception, index: u32, bytes: u32) -> Result<(), Box<dyn Error>> {
    let path = format!("{}/{index}", index / 1000);
    let entry = Entry {
        index,
        kind: EntryKind::File,
        mode: 0o644,
        mtime: 1_700_000_000_123_456_789,
        size: bytes.into(),
        path: RelativePath::new(&path)?,
    };
    match reception.begin_entry(&entry)? {
        Begin::Data { offset: 0, .. } => Ok(()),
        other => Err(format!("a new file begins with {other:?}").into()),
    }
}
