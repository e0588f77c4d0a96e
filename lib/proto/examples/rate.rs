//! Measures how fast one thread moves file data through a pair of sessions: `cargo run --release -p
//! transom-proto --example rate`.

use std::error::Error;
use std::time::{Duration, Instant as Clock};

use transom_proto::{Config, Connection, Event, Instant, LeafData, Session, Side, TransferEvent};
use transom_wire::limits::{LEAF, RECORD_BULK};
use transom_wire::{
    Collision, Entry, EntryKind, LeafContent, Offer, Progress, RelativePath, Shape, Start,
    TransferKey,
};

/// Eight gigabytes.
const SIZE: u64 = 32 * 1024 * LEAF as u64;
/// What a turn of both counts as: a round trip in which acks are due.
const TURN: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::new("rate".parse()?, 1, 1);
    let mut now = Instant(0);
    let mut sender = Connection::new(config.clone(), Side::Dialer, now);
    let mut receiver = Connection::new(config, Side::Listener, now);
    let name = RelativePath::new("file")?;
    sender.session.offer(&Offer {
        transfer: TransferKey([0; 16]),
        shape: Shape::File,
        collision: Collision::Rename,
        files: 1,
        bytes: SIZE,
        is_counted: true,
        name,
    })?;

    let began = Clock::now();
    let mut record = vec![0; RECORD_BULK];
    let mut spare = Vec::new();
    let (mut queued, mut received) = (0, 0);
    while received < SIZE {
        now = now + TURN;
        pump(&mut sender, &mut receiver, &mut record, now)?;
        while let Some(event) = receiver.poll_event() {
            received += receive(&mut receiver.session, event, &mut spare)?;
        }
        pump(&mut receiver, &mut sender, &mut record, now)?;
        while let Some(event) = sender.poll_event() {
            queued = send(&mut sender.session, &event, name, queued, &mut spare)?;
        }
    }
    let rate = SIZE as f64 / began.elapsed().as_secs_f64() / 1e9;
    println!("{rate:.2} GB/s");
    Ok(())
}

fn pump(
    from: &mut Connection,
    to: &mut Connection,
    record: &mut [u8],
    now: Instant,
) -> Result<(), Box<dyn Error>> {
    loop {
        match from.poll_transmit(record, now) {
            0 => return Ok(()),
            used => to.handle_bytes(&record[..used], now)?,
        }
    }
}

/// Takes every leaf as stored at once; gives how many bytes came.
fn receive(
    session: &mut Session,
    event: Event,
    spare: &mut Vec<Vec<u8>>,
) -> Result<u64, Box<dyn Error>> {
    match event {
        Event::Transfer(file, TransferEvent::Offered(_)) => session.accept(file, 0)?,
        Event::Transfer(file, TransferEvent::Entry(_)) => {
            let (index, offset) = (0, 0);
            session.start(file, &Start { index, offset })?;
        }
        Event::Transfer(file, TransferEvent::Leaf { leaf, .. }) => {
            let taken = leaf.bytes.len() as u64;
            session.stored(file, taken, Progress::default())?;
            spare.push(leaf.bytes);
            return Ok(taken);
        }
        _ => {}
    }
    Ok(0)
}

/// Queues as many leaves as there is room for, in buffers that were used before; gives how far the
/// file is queued.
fn send(
    session: &mut Session,
    event: &Event,
    name: RelativePath<'_>,
    queued: u64,
    spare: &mut Vec<Vec<u8>>,
) -> Result<u64, Box<dyn Error>> {
    let mut offset = queued;
    match *event {
        Event::Transfer(file, TransferEvent::Accepted { .. }) => {
            let (kind, size, path) = (EntryKind::File, SIZE, name);
            session.entry(
                file,
                &Entry {
                    index: 0,
                    kind,
                    mode: 0,
                    mtime: 0,
                    size,
                    path,
                },
            )?;
        }
        Event::Transfer(file, TransferEvent::Started(_) | TransferEvent::Room) => {
            while session.leaf_room(file) >= LEAF && offset < SIZE {
                let bytes = spare.pop().unwrap_or_else(|| vec![7; LEAF]);
                let (index, hash) = (0, [0; 32]);
                session.leaf(
                    file,
                    LeafData {
                        index,
                        offset,
                        hash,
                        content: LeafContent::Data,
                        bytes,
                    },
                )?;
                offset += LEAF as u64;
            }
        }
        _ => {}
    }
    Ok(offset)
}
