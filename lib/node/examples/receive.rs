//! Receives into a folder: `cargo run --release -p transom --example receive -- FOLDER sender=KEY…`
//!
//! Prints its own key; give it to the sender. Every `NAME=KEY` after the folder may send. Ends
//! after one transfer. The key is kept in the folder `TRANSOM_STATE`.

use std::process::ExitCode;

use transom::people::DEFAULT_PORT;
use transom::{Accept, InboxSettings, Notice, Settings, State, Station, everywhere};

fn main() -> ExitCode {
    transom::abort_on_panic();
    run().unwrap_or_else(|error| {
        eprintln!("receive: {error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let into = arguments.next().ok_or("say where to: FOLDER")?;
    let state = State::open(
        State::default_dir().ok_or("no home folder; name a folder for the key in TRANSOM_STATE")?,
    )?;
    let mut settings = Settings::new("desk".parse()?, state.identity()?);
    println!("this desk is {}", settings.identity.public_key());
    for (name, key) in arguments.filter_map(|line| {
        line.split_once('=')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    }) {
        settings
            .book
            .add(format!("{name} 0.0.0.0 key={key} may=files").parse()?)?;
    }
    settings.listen = everywhere(DEFAULT_PORT);
    settings.inbox = Some(InboxSettings::new(into, Accept::Known));
    let station = Station::start(settings)?;
    let handle = station.handle();
    let mut outcome = None;
    station.run(|notice| match notice {
        Notice::Offered {
            peer, name, bytes, ..
        } => println!("{peer} sends {name:?}, {bytes} bytes"),
        Notice::TransferEnded { outcome: ended, .. } => {
            println!("{ended}");
            outcome = Some(ended);
            handle.stop();
        }
        _ => {}
    })?;
    if !outcome.is_some_and(|outcome| outcome.is_success()) {
        println!("nothing whole came");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
