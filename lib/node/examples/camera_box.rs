//! A camera box: `cargo run --release -p transom --example camera_box -- /dev/video0 viewer=KEY…`
//!
//! Prints its own key; give it to the viewer. Every `NAME=KEY` after the source may watch.

use transom::media::Wish;
use transom::people::DEFAULT_PORT;
use transom::{Notice, Settings, State, Station, everywhere};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let source = arguments.next().unwrap_or_else(|| "pattern".to_owned());
    let state = State::open(State::default_dir().ok_or("no home folder")?)?;
    let mut settings = Settings::new("box".parse()?, state.identity()?);
    println!("this box is {}", settings.identity.public_key());
    for (name, key) in arguments.filter_map(|line| {
        line.split_once('=')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    }) {
        settings
            .book
            .add(format!("{name} 0.0.0.0 key={key} may=view").parse()?)?;
    }
    settings.camera = Some(Wish {
        source: source.parse()?,
        ..Wish::default()
    });
    settings.serve_camera = true;
    settings.listen = everywhere(DEFAULT_PORT);
    Station::start(settings)?.run(|notice| match notice {
        Notice::Knock { key, address, .. } => println!("refused {address}, who has the key {key}"),
        Notice::CallStarted { peer, .. } => println!("{peer} watches"),
        Notice::Camera { lens, text } => println!("camera: {lens:?} {text}"),
        _ => {}
    })?;
    Ok(())
}
