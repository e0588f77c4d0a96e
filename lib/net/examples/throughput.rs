//! Measures file data from one thread to another over the loopback device, sealed and opened,
//! without a disk: `cargo run --release -p transom-net --example throughput [MiB]`.

use std::error::Error;
use std::net::SocketAddr;
use std::thread;
use std::time::Instant;

use transom_net::{Config, Event, Net, PeerId};
use transom_proto::{Event as SessionEvent, LeafData, TransferEvent};
use transom_secure::Identity;
use transom_wire::limits::LEAF;
use transom_wire::{
    ByeCode, Collision, Entry, EntryKind, LeafContent, Offer, Progress, RelativePath, Shape, Start,
    TransferKey,
};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mebibytes: u64 = std::env::args()
        .nth(1)
        .map_or(Ok(8192), |text| text.parse())?;
    let size = mebibytes * 1024 * 1024;
    let here = "127.0.0.1:0".parse()?;
    let receiver = Net::bind(Config::new(Identity::generate()?, vec![here]))?;
    let address = receiver.local_addresses()[0];
    let sender = thread::Builder::new().name("sender".into());
    let sender = sender.spawn(move || send(address, size))?;
    let (bytes, seconds, cipher) = receive(receiver)?;
    sender.join().map_err(|_| "the sender panicked")??;
    println!("{:.0} MB/s, {cipher}", bytes as f64 / seconds / 1e6);
    Ok(())
}

fn send(address: SocketAddr, size: u64) -> Result<(), Failure> {
    let mut net = Net::bind(Config::new(Identity::generate()?, Vec::new()))?;
    net.dial(address)?;
    let mut offset = 0;
    loop {
        net.wait(None)?;
        while let Some(event) = net.next_event() {
            match event {
                Event::Joined { peer, .. } => offer(&mut net, peer, size)?,
                Event::Peer { peer, event } => fill(&mut net, peer, &event, &mut offset, size)?,
                Event::Left { .. } => return Ok(()),
                other => admit(&mut net, &other)?,
            }
        }
    }
}

fn offer(net: &mut Net, peer: PeerId, size: u64) -> Result<(), Failure> {
    let offer = Offer {
        transfer: TransferKey([0; 16]),
        shape: Shape::File,
        collision: Collision::Rename,
        files: 1,
        bytes: size,
        is_counted: true,
        name: RelativePath::new("film")?,
    };
    net.session(peer).ok_or("no session")?.offer(&offer)?;
    Ok(())
}

/// Keeps the session's room for leaves full.
fn fill(
    net: &mut Net,
    peer: PeerId,
    event: &SessionEvent,
    offset: &mut u64,
    size: u64,
) -> Result<(), Failure> {
    let Some(session) = net.session(peer) else {
        return Ok(());
    };
    match *event {
        SessionEvent::Transfer(file, TransferEvent::Accepted { .. }) => {
            let path = RelativePath::new("film")?;
            let (index, kind, mode, mtime) = (0, EntryKind::File, 0o644, 0);
            session.entry(
                file,
                &Entry {
                    index,
                    kind,
                    mode,
                    mtime,
                    size,
                    path,
                },
            )?;
        }
        SessionEvent::Transfer(file, TransferEvent::Started(_) | TransferEvent::Room) => {
            while *offset < size && session.leaf_room(file) >= LEAF {
                let bytes = session.spent().unwrap_or_else(|| vec![7; LEAF]);
                let leaf = LeafData {
                    index: 0,
                    offset: *offset,
                    hash: [0; 32],
                    content: LeafContent::Data,
                    bytes,
                };
                session.leaf(file, leaf)?;
                *offset += LEAF as u64;
            }
        }
        _ => {}
    }
    Ok(())
}

fn receive(mut net: Net) -> Result<(u64, f64, String), Failure> {
    let (mut size, mut received) = (u64::MAX, 0);
    let (mut began, mut cipher) = (Instant::now(), String::new());
    loop {
        net.wait(None)?;
        while let Some(event) = net.next_event() {
            match event {
                Event::Joined { cipher: chosen, .. } => cipher = format!("{chosen:?}"),
                Event::Peer { peer, event } => {
                    // None after the goodbye.
                    let Some(session) = net.session(peer) else {
                        continue;
                    };
                    match event {
                        SessionEvent::Transfer(file, TransferEvent::Offered(offer)) => {
                            (size, began) = (offer.bytes, Instant::now());
                            session.accept(file, 0)?;
                        }
                        SessionEvent::Transfer(file, TransferEvent::Entry(_)) => {
                            session.start(
                                file,
                                &Start {
                                    index: 0,
                                    offset: 0,
                                },
                            )?;
                        }
                        SessionEvent::Transfer(file, TransferEvent::Leaf { leaf, .. }) => {
                            let taken = leaf.bytes.len() as u64;
                            received += taken;
                            session.stored(file, taken, Progress::default())?;
                        }
                        _ => {}
                    }
                    if received == size {
                        size = 0;
                        net.close(peer, ByeCode::Done, "");
                        cipher = format!("{:.2} s, {cipher}", began.elapsed().as_secs_f64());
                        began = Instant::now() - began.elapsed();
                    }
                }
                Event::Left { .. } => return Ok((received, began.elapsed().as_secs_f64(), cipher)),
                other => admit(&mut net, &other)?,
            }
        }
    }
}

fn admit(net: &mut Net, event: &Event) -> Result<(), Failure> {
    if let Event::Key { peer, side, .. } = *event {
        net.admit(
            peer,
            transom_proto::Config::new("rate".parse()?, 1, side as u64),
        );
    }
    Ok(())
}
