//! Sends a file or folder: `cargo run --release -p transom --example send_file -- "desk HOST[:PORT] [key=KEY]" PATH`
//!
//! Ends well only when every byte is durable at the other side. The same command again goes on where it ended.

use transom::people::Contact;
use transom::{Notice, Outcome, SendOptions, Settings, State, Station};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "say to whom and what: \"desk HOST\" PATH";
    let contact: Contact = arguments.next().ok_or(usage)?.parse()?;
    let path = arguments.next().ok_or(usage)?;
    let state = State::open(State::default_dir().ok_or("no home folder")?)?;
    let mut settings = Settings::new("sender".parse()?, state.identity()?);
    settings.known_peers = state.known_peers()?;
    println!("this sender is {}", settings.identity.public_key());
    let station = Station::start(settings)?;
    let handle = station.handle();
    let peer = contact.name;
    handle.connect(contact, false);
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
    match outcome {
        Some(Outcome::Durable { path } | Outcome::AlreadyThere { path }) => {
            println!("all of it is safe there, as {}", path.display());
            Ok(())
        }
        Some(Outcome::Refused { text, .. }) => Err(format!("refused: {text}").into()),
        Some(Outcome::Lost { why } | Outcome::Failed { why }) => Err(why.into()),
        _ => Err("not all of it was sent".into()),
    }
}
