//! `transom camera`: the camera box. It runs until a signal; a missing camera or a vanished viewer is a line, not an end.

use std::path::Path;

use serde_json::json;
use transom::media::Source;
use transom::{Accept, InboxSettings, Notice, Settings};

use crate::args::Camera;
use crate::door::{self, Knocks};
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::report;
use crate::signals::Signal;
use crate::station::{Event, Running};

pub(crate) fn run(arguments: Camera, place: &Place, output: &Output) -> Result<(), Failure> {
    if let Source::File(path) = &arguments.source {
        check_file(path)?;
    }
    let mut settings = place.settings(arguments.door.name, output)?;
    door::open(&mut settings, arguments.door, output);
    settings.serve_camera = true;
    settings.max_viewers = usize::from(arguments.max_viewers);
    settings.camera = Some(arguments.pictures.of(arguments.source));
    settings.inbox = arguments.inbox.map(|into| InboxSettings {
        into,
        accept: Accept::Known,
        quota: None,
        overwrite: false,
    });
    serve(settings, place, output)
}

/// A device may come later; a file that is not there is a wrong name.
pub(crate) fn check_file(path: &Path) -> Result<(), Failure> {
    let wrong = |why: String| Failure::new(format!("can't play {}", path.display()), why);
    // Looked at before it is opened: to open a pipe is to wait for its writer.
    match std::fs::metadata(path) {
        Err(error) => Err(wrong(error.to_string())),
        Ok(data) if data.is_dir() => Err(wrong("it is a folder".into())),
        Ok(data) if !data.is_file() => Err(wrong("it is no regular file".into())
            .next("for a pipe use `--source -` or `--source cmd:COMMAND`")),
        Ok(_) => std::fs::File::open(path)
            .map(drop)
            .map_err(|error| wrong(error.to_string())),
    }
}

fn serve(settings: Settings, place: &Place, output: &Output) -> Result<(), Failure> {
    door::introduce(&settings, output);
    let running = Running::start(settings)?;
    let mut knocks = Knocks::default();
    loop {
        match running.next(None) {
            Some(Event::Notice(Notice::Knock { key, .. })) if !knocks.is_new(&key) => {}
            Some(Event::Notice(notice)) => report::tell(output, &notice),
            Some(Event::Signal(Signal::Reload)) => door::reload(&running.handle, place, output),
            Some(Event::Signal(Signal::End)) => {
                output.say("ending", json!({"event": "ending"}));
                return Ok(());
            }
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(Event::Typed(_)) | None => {}
        }
    }
}
