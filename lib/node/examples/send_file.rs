//! Sends a file or folder: `cargo run --release -p transom --example send_file -- "desk HOST[:PORT]
//! [key=KEY]" PATH`
//!
//! Ends well only when every byte is durable at the other side. The same command again goes on
//! where it ended. The key is kept in the folder `TRANSOM_STATE`.

use std::process::ExitCode;

use transom::people::Contact;
use transom::{Notice, Redial, SendOptions, Settings, State, Station};

fn main() -> ExitCode {
    transom::abort_on_panic();
    run().unwrap_or_else(|error| {
        eprintln!("send_file: {error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "say to whom and what: \"desk HOST\" PATH";
    let contact: Contact = arguments.next().ok_or(usage)?.parse()?;
    let path = arguments.next().ok_or(usage)?;
    let state = State::open(
        State::default_dir().ok_or("no home folder; name a folder for the key in TRANSOM_STATE")?,
    )?;
    let mut settings = Settings::new("sender".parse()?, state.identity()?);
    settings.known_peers = state.known_peers()?;
    println!("this sender is {}", settings.identity.public_key());
    let station = Station::start(settings)?;
    let handle = station.handle();
    let peer = contact.name;
    handle.connect(contact, Redial::Never);
    handle.send(&peer, path, SendOptions::default());
    let mut outcome = None;
    station.run(|notice| match notice {
        Notice::Transfer(status) => {
            println!("{} of {} bytes are safe", status.durable, status.bytes)
        }
        Notice::TransferEnded { outcome: ended, .. } => {
            outcome = Some(ended);
            handle.stop();
        }
        _ => {}
    })?;
    let Some(outcome) = outcome else {
        println!("not sent: this sender was stopped");
        return Ok(ExitCode::FAILURE);
    };
    println!("{outcome}");
    Ok(match outcome.is_success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
