//! Hidden options for `cargo xtask bench` and `cargo xtask sound`: what measurements need of the
//! built programs. Without them nothing changes.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use transom::latency::Stage;
use transom::people::Book;
use transom::{
    Accept, Handle, InboxSettings, Notice, PeerName, Redial, RemotePicture, SendOptions, Settings,
};

use crate::output::Output;
use crate::report::transfer_json;
use crate::sound;

/// For a camera box under measurement.
#[derive(Args, Clone, Debug)]
pub(crate) struct MeasureCamera {
    /// Also send this file to that contact, one second after the first call began
    #[arg(long, hide = true, value_name = "NAME=PATH")]
    measure_send: Option<NamedFile>,
}

/// For a viewer under measurement.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct MeasureWatch {
    /// Also take files, from every contact, into this folder, and print their progress
    #[arg(long, hide = true, value_name = "DIR")]
    measure_inbox: Option<PathBuf>,
    /// One JSON object for each picture
    #[arg(long, hide = true)]
    measure_pictures: bool,
}

/// For a call under measurement.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct MeasureCall {
    /// One JSON object a second for the sound that is heard
    #[arg(long, hide = true)]
    measure_sound: bool,
}

impl MeasureCall {
    pub(crate) fn notice(self, notice: &Notice, handle: &Handle, output: &Output) {
        if !self.measure_sound {
            return;
        }
        if let Notice::CallStarted { .. } = notice {
            handle.measure(true);
        }
        if let Some(mut json) = sound::measured(notice) {
            json["event"] = "sound".into();
            output.answer("", json);
        }
    }
}

/// `NAME=PATH`.
#[derive(Clone, Debug)]
struct NamedFile {
    peer: PeerName,
    path: PathBuf,
}

impl FromStr for NamedFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').ok_or("NAME=PATH")?;
        let peer = name.parse().map_err(|error| format!("{error}"))?;
        let path = path.into();
        Ok(Self { peer, path })
    }
}

/// The file that a camera box sends beside its pictures, until it has begun.
#[derive(Debug)]
pub(crate) struct FileBeside {
    file: Option<NamedFile>,
    due: Option<Instant>,
}

impl FileBeside {
    pub(crate) fn new(options: MeasureCamera) -> Self {
        Self {
            file: options.measure_send,
            due: None,
        }
    }

    /// When to call [`on_time`](Self::on_time).
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(crate) fn notice(&mut self, notice: &Notice) {
        if self.file.is_some() && self.due.is_none() && matches!(notice, Notice::CallStarted { .. })
        {
            self.due = Some(Instant::now() + FILE_DELAY);
        }
    }

    /// Sends the file; a contact that is connected already is not dialed again.
    pub(crate) fn on_time(&mut self, book: &Book, handle: &Handle) {
        if self.due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        self.due = None;
        if let Some(NamedFile { peer, path }) = self.file.take() {
            if let Some(contact) = book.find(peer.as_str()) {
                handle.connect(contact.clone(), Redial::Always);
            }
            handle.send(&peer, path, SendOptions::default());
        }
    }
}

/// For so long the pictures have the link to themselves, as before a file is sent in a call.
const FILE_DELAY: Duration = Duration::from_secs(1);

impl MeasureWatch {
    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.inbox = self
            .measure_inbox
            .clone()
            .map(|into| InboxSettings::new(into, Accept::Known));
    }

    pub(crate) fn notice(&self, notice: &Notice, output: &Output) {
        if let (Some(_), Notice::Transfer(status)) = (&self.measure_inbox, notice) {
            output.answer("", transfer_json("transfer", status, None));
        }
    }

    pub(crate) fn picture(&self, picture: &RemotePicture, output: &Output) {
        if self.measure_pictures {
            let stages = &picture.timing.stages;
            let on_its_way = stages.share(Stage::Wait).zip(stages.get(Stage::Wire));
            let latency = on_its_way.map(|(wait, wire)| (wait + wire).as_secs_f64() * 1000.0);
            let json = json!({
                "event": "picture",
                "sequence": picture.sequence,
                "bytes": picture.jpeg.len(),
                "ready_to_received_ms": latency,
            });
            output.answer("", json);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    use crate::args::Arguments;

    #[test]
    fn a_file_for_a_contact_is_a_name_and_a_path() {
        let file: NamedFile = "anna=/tmp/a=b".parse().unwrap();
        assert_eq!(file.peer.as_str(), "anna");
        assert_eq!(file.path, PathBuf::from("/tmp/a=b"));
        assert!("anna".parse::<NamedFile>().is_err());
        assert!("=/tmp".parse::<NamedFile>().is_err());
    }

    #[test]
    fn no_help_tells_of_measuring() {
        let mut command = Arguments::command();
        command.build();
        for command in std::iter::once(&mut command.clone()).chain(command.get_subcommands_mut()) {
            let help = command.render_long_help().to_string();
            assert!(!help.contains("--measure"), "{help}");
        }
    }
}
