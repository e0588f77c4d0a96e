//! A viewer that counts pictures: `cargo run --release -p transom --example viewer -- "box
//! HOST[:PORT] [key=KEY]"`
//!
//! Ends after 100 pictures, or with an error when the box can't be watched. The key is kept in the
//! folder `TRANSOM_STATE`.

use std::process::ExitCode;
use std::time::Instant;

use transom::people::Contact;
use transom::{CallKind, Notice, Redial, Settings, State, Station};

fn main() -> ExitCode {
    transom::abort_on_panic();
    run().unwrap_or_else(|error| {
        eprintln!("viewer: {error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let contact: Contact = std::env::args()
        .nth(1)
        .ok_or("say whom to watch: \"box HOST\"")?
        .parse()?;
    let state = State::open(
        State::default_dir().ok_or("no home folder; name a folder for the key in TRANSOM_STATE")?,
    )?;
    let mut settings = Settings::new("viewer".parse()?, state.identity()?);
    settings.known_peers = state.known_peers()?;
    println!("this viewer is {}", settings.identity.public_key());
    let station = Station::start(settings)?;
    let handle = station.handle();
    handle.connect(contact, Redial::Never);
    let (start, mut pictures, mut bytes, mut failure) = (Instant::now(), 0u32, 0, None);
    station.run(|notice| match notice {
        Notice::Joined { peer, .. } => handle.ring(&peer, CallKind::View),
        Notice::Picture { picture, .. } => {
            (pictures, bytes) = (pictures + 1, bytes + picture.jpeg.len());
            if pictures == 100 {
                handle.stop();
            }
        }
        Notice::Unreachable { obstacle, .. } => {
            failure.get_or_insert(obstacle.to_string());
            handle.stop();
        }
        Notice::Left { why, .. } => {
            failure.get_or_insert(why.to_string());
            handle.stop();
        }
        Notice::CallEnded { text, .. } => {
            failure.get_or_insert(text);
            handle.stop();
        }
        _ => {}
    })?;
    println!(
        "{pictures} pictures, {bytes} bytes in {:.1} s",
        start.elapsed().as_secs_f32()
    );
    if pictures < 100 {
        let why = failure.unwrap_or_else(|| "this viewer was stopped".to_owned());
        println!("no more pictures: {why}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
