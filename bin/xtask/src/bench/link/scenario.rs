//! One run over a link: a camera box, a viewer and perhaps a file, all with the built programs, and
//! their output.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::bench::files::fetch_memory;
use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::sandbox::{STARTING, Sandbox, User, is_event, text_field};

use super::run_result::{self, RunResult};
use crate::bench::lab::{Lab, Namespace, Shape};

/// To which peer a file is sent during the video, and by which program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FileTo {
    /// To the viewer, over the same connection.
    Viewer,
    /// To another peer behind the same link, by the same program.
    Peer,
    /// To that other peer, by another program with the camera's key.
    PeerByOtherProgram,
}

/// An event during the run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// The link gets another rate.
    Rate(f64),
    /// The other peer ends, and with it the file transfer.
    EndFile,
}

/// The description of one run.
#[derive(Clone)]
pub(super) struct Scenario<'a> {
    /// Options of the camera box.
    pub source: &'a [String],
    pub file: Option<FileTo>,
    pub file_bytes: u64,
    pub seconds: u32,
    /// Each with its time in seconds after the first picture.
    pub events: &'a [(u32, Event)],
    /// Whether to send everything in one queue, without priorities.
    pub is_naive: bool,
}

/// The users of one row, and the link between them.
pub(super) struct Participants<'a> {
    sandbox: &'a Sandbox,
    lab: &'a Lab,
    shape: Shape,
    camera: User,
    viewer: User,
    friend: User,
    /// The number of runs so far: each has its own inbox and file.
    runs: u32,
}

impl<'a> Participants<'a> {
    pub(super) fn new(
        sandbox: &'a Sandbox,
        lab: &'a Lab,
        shape: Shape,
        row: usize,
    ) -> Outcome<Self> {
        let user = |role| sandbox.user(&format!("{role}-{row}"));
        Ok(Self {
            sandbox,
            lab,
            shape,
            camera: user("camera")?,
            viewer: user("viewer")?,
            friend: user("friend")?,
            runs: row as u32 * 100,
        })
    }

    /// Runs the video, and the file if there is one.
    pub(super) fn run(&mut self, scenario: &Scenario<'_>) -> Outcome<RunResult> {
        self.with_files(scenario, |participants, files| {
            participants.watch(scenario, files)
        })
    }

    /// The rate of the file without video, in bytes a second.
    pub(super) fn file_alone(&mut self, scenario: &Scenario<'_>) -> Outcome<f64> {
        let scenario = Scenario {
            file: Some(FileTo::PeerByOtherProgram),
            ..scenario.clone()
        };
        let run_result = self.with_files(&scenario, |participants, files| {
            let friend = participants.friend(files)?;
            let _send = participants.send(files)?;
            let began = Instant::now();
            let length = Duration::from_secs(scenario.seconds.into());
            let lines = friend.child.lines_until(began + length);
            Ok(RunResult::of(&lines, began, length))
        })?;
        Ok(run_result.file_rate().unwrap_or_default())
    }

    /// Removes the files afterwards, because they are in memory.
    fn with_files(
        &mut self,
        scenario: &Scenario<'_>,
        work: impl FnOnce(&Self, &RunFiles) -> Outcome<RunResult>,
    ) -> Outcome<RunResult> {
        self.runs += 1;
        let files = RunFiles {
            inbox: self.sandbox.path(&format!("inbox-{}", self.runs)),
            file: self.sandbox.path(&format!("file-{}.bin", self.runs)),
            is_naive: scenario.is_naive,
        };
        fs::create_dir(&files.inbox).context(files.inbox.display())?;
        // A sparse file: it is read as any other, but takes no memory.
        let file = File::create(&files.file).context(files.file.display())?;
        file.set_len(scenario.file_bytes)
            .context(files.file.display())?;
        if self.shape.mbit.is_infinite() && scenario.file.is_some() {
            fetch_memory(&files.inbox, scenario.file_bytes)?;
        }
        let run_result = work(self, &files);
        fs::remove_dir_all(&files.inbox).context(files.inbox.display())?;
        fs::remove_file(&files.file).context(files.file.display())?;
        let run_result = run_result?;
        if scenario.file.is_some() {
            run_result::check_file(&run_result)?;
        }
        Ok(run_result)
    }

    fn watch(&self, scenario: &Scenario<'_>, files: &RunFiles) -> Outcome<RunResult> {
        let mut friend = match scenario.file {
            Some(FileTo::Peer | FileTo::PeerByOtherProgram) => Some(self.friend(files)?),
            Some(FileTo::Viewer) | None => None,
        };
        let camera = self.camera(scenario, files, friend.as_ref())?;
        let viewer = self.viewer(scenario, files, &camera.address)?;
        let is_picture = |line: &str| is_event(line, "picture");
        let (first, line) = viewer.timed_line(STARTING, is_picture)?;
        let mut lines = vec![(first, line)];
        let mut _sender = None;
        if scenario.file == Some(FileTo::PeerByOtherProgram) {
            lines.extend(viewer.lines_until(first + FILE_DELAY));
            _sender = Some(self.send(files)?);
        }
        for (second, event) in scenario.events {
            lines.extend(viewer.lines_until(first + Duration::from_secs((*second).into())));
            match event {
                Event::Rate(mbit) => self.lab.change(&Shape {
                    mbit: *mbit,
                    ..self.shape
                })?,
                Event::EndFile => {
                    let gone = friend.take().into_iter();
                    lines.extend(gone.flat_map(|friend| friend.child.lines_until(Instant::now())));
                }
            }
        }
        let length = Duration::from_secs(scenario.seconds.into());
        lines.extend(viewer.lines_until(first + length + STARTING));
        viewer.finish()?;
        let told = friend
            .iter()
            .flat_map(|friend| friend.child.lines_until(Instant::now()));
        lines.extend(told);
        Ok(RunResult::of(&lines, first, length))
    }

    /// The peer that only takes files.
    fn friend(&self, files: &RunFiles) -> Outcome<Listening> {
        self.friend.knows(&self.camera, NOWHERE)?;
        let receive = [
            "receive",
            "--into",
            text(&files.inbox)?,
            "--accept",
            "known",
        ];
        let friend = listen(&self.friend, self.lab.receiver(), &receive)?;
        self.camera.knows(&self.friend, &friend.address)?;
        Ok(friend)
    }

    fn camera(
        &self,
        scenario: &Scenario<'_>,
        files: &RunFiles,
        friend: Option<&Listening>,
    ) -> Outcome<Listening> {
        let address = friend.map_or(NOWHERE, |friend| &friend.address);
        let known = [(&self.viewer, NOWHERE), (&self.friend, address)];
        self.camera.knows_all(&known)?;
        let to = match scenario.file {
            Some(FileTo::Viewer) => Some(&self.viewer),
            Some(FileTo::Peer) => Some(&self.friend),
            Some(FileTo::PeerByOtherProgram) | None => None,
        };
        let beside = to.map(|to| format!("{}={}", to.name(), files.file.display()));
        let mut arguments = vec!["camera"];
        arguments.extend(scenario.source.iter().map(String::as_str));
        if let Some(beside) = &beside {
            arguments.extend(["--measure-send", beside]);
        }
        arguments.extend(files.order());
        listen(&self.camera, self.lab.sender(), &arguments)
    }

    fn viewer(
        &self,
        scenario: &Scenario<'_>,
        files: &RunFiles,
        address: &str,
    ) -> Outcome<Background> {
        self.viewer.knows(&self.camera, address)?;
        let seconds = scenario.seconds.to_string();
        let mut watch = vec!["watch", self.camera.name(), "--seconds", &seconds];
        watch.extend(["--stats-json", "--measure-pictures"]);
        if scenario.file == Some(FileTo::Viewer) {
            watch.extend(["--measure-inbox", text(&files.inbox)?]);
        }
        let (namespace, _) = self.lab.receiver();
        Background::start(&mut namespace.inside(&self.viewer.transom(&watch)))
    }

    /// Sends the file with another program of the camera's owner.
    fn send(&self, files: &RunFiles) -> Outcome<Background> {
        let mut send = vec!["send", self.friend.name(), text(&files.file)?, "--json"];
        send.extend(files.order());
        let (namespace, _) = self.lab.sender();
        Background::start(&mut namespace.inside(&self.camera.transom(&send)))
    }
}

/// The files of one run.
struct RunFiles {
    inbox: PathBuf,
    file: PathBuf,
    is_naive: bool,
}

impl RunFiles {
    fn order(&self) -> Option<&'static str> {
        self.is_naive.then_some("--measure-naive")
    }
}

/// A program that takes connections.
struct Listening {
    child: Background,
    address: String,
}

fn listen(
    user: &User,
    (namespace, host): (&Namespace, &str),
    arguments: &[&str],
) -> Outcome<Listening> {
    let host = format!("{host}:0");
    let at = ["--listen", &host, "--json", "--name", user.name()];
    let command = user.transom(&[arguments, &at].concat());
    let child = Background::start(&mut namespace.inside(&command))?;
    let address = child.line(STARTING, |line| {
        is_event(line, "listening")
            .then(|| text_field(line, "address"))
            .flatten()
    })?;
    Ok(Listening { child, address })
}

fn text(path: &Path) -> Outcome<&str> {
    path.to_str()
        .ok_or_else(|| Failure::new(format!("{}: not UTF-8", path.display())))
}

/// The address of a contact that is never dialed.
const NOWHERE: &str = "127.0.0.1:9";

/// The file begins so long after the pictures, as when it is sent during a call.
const FILE_DELAY: Duration = Duration::from_secs(1);
