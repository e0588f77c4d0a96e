//! One run over a link: a camera box, a viewer and perhaps a file, all of them the built programs,
//! and what they said.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::bench::files::fetch_memory;
use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::stage::{Person, STARTING, Stage, is_event, text_field};

use super::played::{self, Played};
use crate::bench::lab::{Lab, Namespace, Shape};

/// Whom the camera's owner sends a file beside the pictures.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FileTo {
    /// The viewer, by the same connection.
    Viewer,
    /// Another peer at the other side of the same link, from the same program.
    Peer,
    /// The same peer, from another program with the camera's key.
    PeerByOtherProgram,
}

/// Something that happens while the pictures go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// The link gets another rate.
    Rate(f64),
    /// The other peer is gone, and the file with it.
    EndFile,
}

/// What one run is to be.
#[derive(Clone)]
pub(super) struct Scene<'a> {
    /// What the camera box gets beside its address.
    pub source: &'a [String],
    pub file: Option<FileTo>,
    pub file_bytes: u64,
    pub seconds: u32,
    /// Each with its second after the first picture.
    pub acts: &'a [(u32, Act)],
    /// Everything in one queue, in the order in which it came.
    pub is_naive: bool,
}

/// Everybody of one row, and the link between them.
pub(super) struct Cast<'a> {
    stage: &'a Stage,
    lab: &'a Lab,
    shape: Shape,
    camera: Person,
    viewer: Person,
    friend: Person,
    /// How many runs there were: each has an inbox and a file of its own.
    runs: u32,
}

impl<'a> Cast<'a> {
    pub(super) fn new(stage: &'a Stage, lab: &'a Lab, shape: Shape, row: usize) -> Outcome<Self> {
        let person = |role| stage.person(&format!("{role}-{row}"));
        Ok(Self {
            stage,
            lab,
            shape,
            camera: person("camera")?,
            viewer: person("viewer")?,
            friend: person("friend")?,
            runs: row as u32 * 100,
        })
    }

    /// Pictures, and the file if there is one.
    pub(super) fn play(&mut self, scene: &Scene<'_>) -> Outcome<Played> {
        self.run(scene, |cast, props| cast.watch(scene, props))
    }

    /// The file without pictures, in bytes a second.
    pub(super) fn file_alone(&mut self, scene: &Scene<'_>) -> Outcome<f64> {
        let scene = Scene {
            file: Some(FileTo::PeerByOtherProgram),
            ..scene.clone()
        };
        let played = self.run(&scene, |cast, props| {
            let friend = cast.friend(props)?;
            let _send = cast.send(props)?;
            let began = Instant::now();
            let length = Duration::from_secs(scene.seconds.into());
            let lines = friend.child.lines_until(began + length);
            Ok(Played::of(&lines, began, length))
        })?;
        Ok(played.file_rate().unwrap_or_default())
    }

    /// Whatever is to come of the file is removed: it is memory.
    fn run(
        &mut self,
        scene: &Scene<'_>,
        work: impl FnOnce(&Self, &Props) -> Outcome<Played>,
    ) -> Outcome<Played> {
        self.runs += 1;
        let props = Props {
            inbox: self.stage.path(&format!("inbox-{}", self.runs)),
            file: self.stage.path(&format!("file-{}.bin", self.runs)),
            is_naive: scene.is_naive,
        };
        fs::create_dir(&props.inbox).context(props.inbox.display())?;
        // A file of holes: it is read as any other and takes no memory.
        let file = File::create(&props.file).context(props.file.display())?;
        file.set_len(scene.file_bytes)
            .context(props.file.display())?;
        if self.shape.mbit.is_infinite() && scene.file.is_some() {
            fetch_memory(&props.inbox, scene.file_bytes)?;
        }
        let played = work(self, &props);
        fs::remove_dir_all(&props.inbox).context(props.inbox.display())?;
        fs::remove_file(&props.file).context(props.file.display())?;
        let played = played?;
        if scene.file.is_some() {
            played::check_file(&played)?;
        }
        Ok(played)
    }

    fn watch(&self, scene: &Scene<'_>, props: &Props) -> Outcome<Played> {
        let mut friend = match scene.file {
            Some(FileTo::Peer | FileTo::PeerByOtherProgram) => Some(self.friend(props)?),
            Some(FileTo::Viewer) | None => None,
        };
        let camera = self.camera(scene, props, friend.as_ref())?;
        let viewer = self.viewer(scene, props, &camera.address)?;
        let is_picture = |line: &str| is_event(line, "picture");
        let (first, line) = viewer.timed_line(STARTING, is_picture)?;
        let mut lines = vec![(first, line)];
        let mut _sender = None;
        if scene.file == Some(FileTo::PeerByOtherProgram) {
            lines.extend(viewer.lines_until(first + FILE_DELAY));
            _sender = Some(self.send(props)?);
        }
        for (second, act) in scene.acts {
            lines.extend(viewer.lines_until(first + Duration::from_secs((*second).into())));
            match act {
                Act::Rate(mbit) => self.lab.change(&Shape {
                    mbit: *mbit,
                    ..self.shape
                })?,
                Act::EndFile => {
                    let gone = friend.take().into_iter();
                    lines.extend(gone.flat_map(|friend| friend.child.lines_until(Instant::now())));
                }
            }
        }
        let length = Duration::from_secs(scene.seconds.into());
        lines.extend(viewer.lines_until(first + length + STARTING));
        viewer.finish()?;
        let told = friend
            .iter()
            .flat_map(|friend| friend.child.lines_until(Instant::now()));
        lines.extend(told);
        Ok(Played::of(&lines, first, length))
    }

    /// The peer that only takes files.
    fn friend(&self, props: &Props) -> Outcome<Listening> {
        self.friend.knows(&self.camera, NOWHERE)?;
        let receive = [
            "receive",
            "--into",
            text(&props.inbox)?,
            "--accept",
            "known",
        ];
        let friend = listen(&self.friend, self.lab.receiver(), &receive)?;
        self.camera.knows(&self.friend, &friend.address)?;
        Ok(friend)
    }

    fn camera(
        &self,
        scene: &Scene<'_>,
        props: &Props,
        friend: Option<&Listening>,
    ) -> Outcome<Listening> {
        let address = friend.map_or(NOWHERE, |friend| &friend.address);
        let known = [(&self.viewer, NOWHERE), (&self.friend, address)];
        self.camera.knows_all(&known)?;
        let to = match scene.file {
            Some(FileTo::Viewer) => Some(&self.viewer),
            Some(FileTo::Peer) => Some(&self.friend),
            Some(FileTo::PeerByOtherProgram) | None => None,
        };
        let beside = to.map(|to| format!("{}={}", to.name(), props.file.display()));
        let mut arguments = vec!["camera"];
        arguments.extend(scene.source.iter().map(String::as_str));
        if let Some(beside) = &beside {
            arguments.extend(["--measure-send", beside]);
        }
        arguments.extend(props.order());
        listen(&self.camera, self.lab.sender(), &arguments)
    }

    fn viewer(&self, scene: &Scene<'_>, props: &Props, address: &str) -> Outcome<Background> {
        self.viewer.knows(&self.camera, address)?;
        let seconds = scene.seconds.to_string();
        let mut watch = vec!["watch", self.camera.name(), "--seconds", &seconds];
        watch.extend(["--stats-json", "--measure-pictures"]);
        if scene.file == Some(FileTo::Viewer) {
            watch.extend(["--measure-inbox", text(&props.inbox)?]);
        }
        let (namespace, _) = self.lab.receiver();
        Background::start(&mut namespace.inside(&self.viewer.transom(&watch)))
    }

    /// Another program of the camera's owner sends the file.
    fn send(&self, props: &Props) -> Outcome<Background> {
        let mut send = vec!["send", self.friend.name(), text(&props.file)?, "--json"];
        send.extend(props.order());
        let (namespace, _) = self.lab.sender();
        Background::start(&mut namespace.inside(&self.camera.transom(&send)))
    }
}

/// What a run has of its own.
struct Props {
    inbox: PathBuf,
    file: PathBuf,
    is_naive: bool,
}

impl Props {
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
    person: &Person,
    (namespace, host): (&Namespace, &str),
    arguments: &[&str],
) -> Outcome<Listening> {
    let host = format!("{host}:0");
    let at = ["--listen", &host, "--json", "--name", person.name()];
    let command = person.transom(&[arguments, &at].concat());
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

/// Of somebody who is never dialed.
const NOWHERE: &str = "127.0.0.1:9";

/// A file begins that long after the pictures, as in a call in which somebody sends one.
const FILE_DELAY: Duration = Duration::from_secs(1);
