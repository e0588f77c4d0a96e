//! Prints how fast one thread reads and hashes a file, and how fast one checks and writes it.
//!
//! `cargo run --release -p transom-store --example rate -- FOLDER [MIB]`

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use transom_store::{Begin, Inbox, InboxSettings, Outbox, OutboxError, Step};
use transom_wire::{Collision, Entry, Offer, RelativePath, limits};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let folder = PathBuf::from(args.next().ok_or("name a folder to measure in")?);
    let mebibytes: u64 = args
        .next()
        .and_then(|n| n.to_str()?.parse().ok())
        .unwrap_or(2048);
    let scratch = folder.join("transom-rate");
    let measured = measure(&scratch, mebibytes << 20);
    fs::remove_dir_all(&scratch)?;
    measured
}

fn measure(scratch: &std::path::Path, bytes: u64) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(scratch)?;
    let path = scratch.join("file");
    let start = Instant::now();
    fill(&path, bytes)?;
    report("plain write", bytes, start);
    let start = Instant::now();
    read(&path)?;
    report("next_leaf", bytes, start);
    let (start, reading) = write(&path, &scratch.join("in"))?;
    report("leaf", bytes, start + reading);
    Ok(())
}

fn report(what: &str, bytes: u64, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!("{what}: {:.0} MB/s", bytes as f64 / seconds / 1e6);
}

/// Writes a file whose leaves differ; what that takes is what the disk alone can do.
fn fill(path: &std::path::Path, bytes: u64) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    let mut block: Vec<u8> = (0..limits::LEAF).map(|n| (n ^ n >> 7) as u8).collect();
    for at in 0..bytes / limits::LEAF as u64 {
        block[..8].copy_from_slice(&at.to_le_bytes());
        file.write_all(&block)?;
    }
    Ok(())
}

/// The one file of a transfer.
fn opened(path: &std::path::Path) -> Result<Outbox, OutboxError> {
    let mut outbox = Outbox::open(path)?;
    outbox.count(2)?;
    outbox.walk(2)?;
    Ok(outbox)
}

fn read(path: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let mut outbox = opened(path)?;
    outbox.start(0, 0)?;
    let mut buffer = Vec::new();
    while let Step::Leaf { bytes, .. } = outbox.next_leaf(0, buffer)? {
        buffer = bytes;
    }
    Ok(())
}

/// Receives the file; gives the start and the time that reading took of it.
fn write(
    path: &std::path::Path,
    into: &std::path::Path,
) -> Result<(Instant, std::time::Duration), Box<dyn Error>> {
    let mut outbox = opened(path)?;
    let mut inbox = Inbox::open(InboxSettings::new(into))?;
    let info = outbox.entry(0).ok_or("there is one entry")?;
    let name = RelativePath::new(&info.path)?;
    let mut reception = inbox.receive(
        [1; 32],
        &Offer {
            transfer: outbox.key(&[1; 32], &[2; 32]),
            shape: outbox.shape(),
            collision: Collision::Rename,
            files: outbox.counted().entries,
            bytes: outbox.counted().bytes,
            is_counted: true,
            name,
        },
    )?;
    let entry = Entry {
        index: 0,
        kind: info.kind,
        mode: info.mode,
        mtime: info.mtime,
        size: info.size,
        path: name,
    };
    let Begin::Data { offset } = reception.begin_entry(&entry)? else {
        return Err("a file begins with data".into());
    };
    let start = Instant::now();
    let mut reading = std::time::Duration::ZERO;
    outbox.start(0, offset)?;
    let mut buffer = Vec::new();
    loop {
        let began = Instant::now();
        let step = outbox.next_leaf(0, buffer)?;
        reading += began.elapsed();
        match step {
            Step::Leaf {
                index,
                offset,
                hash,
                bytes,
                ..
            } => {
                reception.leaf(index, offset, &hash, &bytes)?;
                buffer = bytes;
            }
            Step::Sent { .. } => return Err("the inbox has a part of the file".into()),
            Step::End { size, root, .. } => {
                reception.end(0, size, &root)?;
                reception.finish(1)?;
                return Ok((start, reading));
            }
        }
    }
}
