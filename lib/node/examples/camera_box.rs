//! A camera box: `cargo run --release -p transom --example camera_box -- /dev/video0 viewer=KEY…`
//!
//! Prints its own key; give it to the viewer. Every `NAME=KEY` after the source may watch. The key
//! is kept in the folder `TRANSOM_STATE`.

use std::process::ExitCode;

use transom::media::CaptureRequest;
use transom::people::DEFAULT_PORT;
use transom::{CameraState, Notice, Settings, State, Station, everywhere};

fn main() -> ExitCode {
    transom::abort_on_panic();
    run().unwrap_or_else(|error| {
        eprintln!("camera_box: {error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let source = arguments.next().unwrap_or_else(|| "pattern".to_owned());
    let state = State::open(
        State::default_dir().ok_or("no home folder; name a folder for the key in TRANSOM_STATE")?,
    )?;
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
    settings.camera = Some(CaptureRequest {
        source: source.parse()?,
        ..CaptureRequest::default()
    });
    settings.serve_camera = true;
    settings.listen = everywhere(DEFAULT_PORT);
    Station::start(settings)?.run(|notice| match notice {
        Notice::Knock { key, address, .. } => println!("refused {address}, who has the key {key}"),
        Notice::CallStarted { peer, .. } => println!("{peer} watches"),
        Notice::Camera { state, text } => println!("camera: {}", words(state, &text)),
        _ => {}
    })?;
    Ok(ExitCode::SUCCESS)
}

fn words(state: CameraState, text: &str) -> String {
    match state {
        CameraState::Live => format!("on {text}"),
        CameraState::Off => format!("off {text}"),
        CameraState::Opening => format!("being opened {text}"),
        _ => format!("lost, and tried again: {text}"),
    }
}
