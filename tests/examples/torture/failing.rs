//! A sender or a receiver whose disk fails: a station like that of the real program, with the disk
//! of `transom_store::faults` over what it sends, or its inbox. It is a process of its own, so that
//! it can be killed.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use transom::people::{Book, Contact};
use transom::{
    Accept, Handle, InboxSettings, Notice, Redial, SendOptions, Settings, State, Station,
};
use transom_store::faults::{Disk, FileSystem, Op};

/// Arguments: STATE BOOK INBOX FAULT….
pub(crate) fn receive(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [state, book, inbox, faults @ ..] = arguments else {
        return Err("say STATE BOOK INBOX FAULT…".into());
    };
    fs::create_dir_all(inbox)?;
    let disk = mount(inbox, faults)?;
    let mut settings = settings("far", state, book)?;
    settings.listen = vec!["127.0.0.1:0".parse()?];
    settings.inbox = Some(InboxSettings::new(inbox, Accept::Known));
    let listening = |address: &str| {
        println!("{{\"event\":\"listening\",\"address\":\"{address}\"}}");
    };
    let station = Station::start(settings).inspect_err(|_| listening(""))?;
    listening(&station.addresses()[0].to_string());
    obey(disk, station.handle());
    station.run(|notice| {
        if !matches!(notice, Notice::Transfer(_)) {
            eprintln!("{notice:?}");
        }
    })?;
    Ok(())
}

/// Arguments: STATE BOOK FOLDER PATH FAULT…. It sends the path, which is in that folder, to the
/// first contact, and ends as `transom send` does.
pub(crate) fn send(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [state, book, folder, path, faults @ ..] = arguments else {
        return Err("say STATE BOOK FOLDER PATH FAULT…".into());
    };
    let disk = mount(folder, faults)?;
    let station = Station::start(settings("near", state, book)?)?;
    let handle = station.handle();
    obey(disk, station.handle());
    let contact: Contact = fs::read_to_string(book)?
        .lines()
        .next_back()
        .ok_or("nobody is in the book")?
        .parse()?;
    let peer = contact.name;
    handle.connect(contact, Redial::Always);
    let sent = handle.send(&peer, path, SendOptions::default());
    thread::spawn(move || {
        thread::sleep(LONGEST);
        println!("too late");
        std::process::exit(1);
    });
    let mut ended = None;
    let mut left_out = 0;
    station.run(|notice| match notice {
        Notice::EntryFailed {
            transfer,
            path,
            why,
        } if transfer == sent => {
            eprintln!("{path}: {why}");
            left_out += 1;
        }
        Notice::TransferEnded { status, outcome } if status.transfer == sent => {
            ended = Some(outcome);
            handle.stop();
        }
        Notice::Transfer(_) => {}
        notice => eprintln!("{notice:?}"),
    })?;
    match ended {
        Some(outcome) if outcome.is_success() && left_out == 0 => Ok(()),
        Some(outcome) if left_out > 0 => Err(format!("sent in part: {outcome}").into()),
        outcome => Err(format!("{outcome:?}").into()),
    }
}

/// How long a sender may take.
const LONGEST: Duration = Duration::from_secs(30);

fn mount(folder: &str, faults: &[String]) -> Result<Disk, Box<dyn Error>> {
    transom::abort_on_panic();
    let disk = Disk::mount(Path::new(folder));
    faults.iter().try_for_each(|fault| plan(&disk, fault))?;
    Ok(disk)
}

fn settings(name: &str, state: &str, book: &str) -> Result<Settings, Box<dyn Error>> {
    let state = State::open(state)?;
    let mut settings = Settings::new(name.parse()?, state.identity()?);
    settings.known_peers = state.known_peers()?;
    settings.marks = state.marks();
    settings.book = Book::parse(&fs::read_to_string(book)?).0;
    Ok(settings)
}

/// Obeys the lines of the standard input: `heal` for no more faults, `cut` for the end of the
/// power.
fn obey(disk: Disk, handle: Handle) {
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            match line.as_str() {
                "heal" => disk.heal(),
                "cut" => disk.cut_power_for_good(),
                _ => break,
            }
        }
        handle.stop();
        // The disk stays mounted until the station has ended.
        std::mem::forget(disk);
    });
}

/// Plans a fault, as [`crate::plan::DiskFault`] writes it.
fn plan(disk: &Disk, fault: &str) -> Result<(), Box<dyn Error>> {
    match fault.split(' ').collect::<Vec<_>>()[..] {
        ["fuse"] => disk.format(FileSystem::Fuse),
        ["lose"] => disk.lose(""),
        [call, first, count, errno] => {
            let op = OPS.into_iter().find(|op| format!("{op:?}") == call);
            disk.on(op.ok_or("no such call")?)
                .nth(first.parse()?)
                .times(count.parse()?)
                .fail(errno.parse()?);
        }
        _ => return Err("no such fault".into()),
    }
    Ok(())
}

const OPS: [Op; 17] = [
    Op::Create,
    Op::List,
    Op::MakeFolder,
    Op::Open,
    Op::Read,
    Op::Remove,
    Op::RemoveFolder,
    Op::Rename,
    Op::Resize,
    Op::SetMode,
    Op::SetTime,
    Op::Space,
    Op::SyncAll,
    Op::SyncData,
    Op::SyncFile,
    Op::SyncFolder,
    Op::Write,
];
