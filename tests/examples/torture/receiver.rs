//! A receiver whose disk fails: a station like that of `transom receive`, with the disk of
//! `transom_store::faults` over its inbox. It is a process of its own, so that it can be killed.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;

use transom::people::Book;
use transom::{Accept, InboxSettings, Notice, Settings, State, Station};
use transom_store::faults::{Disk, FileSystem, Op};

/// Arguments: STATE BOOK INBOX FAULT…. It obeys the lines of its standard input: `heal` for no more
/// faults, `cut` for the end of the power, `end`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    transom::abort_on_panic();
    let [state, book, inbox, faults @ ..] = arguments else {
        return Err("say STATE BOOK INBOX FAULT…".into());
    };
    let inbox = Path::new(inbox);
    fs::create_dir_all(inbox)?;
    let disk = Disk::mount(inbox);
    faults.iter().try_for_each(|fault| plan(&disk, fault))?;
    let state = State::open(state)?;
    let mut settings = Settings::new("far".parse()?, state.identity()?);
    settings.known_peers = state.known_peers()?;
    settings.book = Book::parse(&fs::read_to_string(book)?).0;
    settings.listen = vec!["127.0.0.1:0".parse()?];
    settings.inbox = Some(InboxSettings::new(inbox, Accept::Known));
    let listening = |address: &str| {
        println!("{{\"event\":\"listening\",\"address\":\"{address}\"}}");
    };
    let station = Station::start(settings).inspect_err(|_| listening(""))?;
    listening(&station.addresses()[0].to_string());
    let handle = station.handle();
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
    station.run(|notice| {
        if !matches!(notice, Notice::Transfer(_)) {
            eprintln!("{notice:?}");
        }
    })?;
    Ok(())
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
