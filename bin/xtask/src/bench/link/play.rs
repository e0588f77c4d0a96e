//! One run over a link: a camera box, a viewer and perhaps a file, all of them the built programs,
//! and what they said.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::stage::{Person, STARTING, Stage, is_event, number_field, text_field};

use super::lab::{Lab, Namespace, RECEIVER, SENDER};

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

/// Everybody of one row.
pub(super) struct Cast<'a> {
    stage: &'a Stage,
    lab: &'a Lab,
    camera: Person,
    viewer: Person,
    friend: Person,
    files: u32,
}

/// What one run is to be.
pub(super) struct Scene<'a> {
    /// What the camera box gets beside its address.
    pub source: &'a [&'a str],
    pub file: Option<FileTo>,
    pub file_bytes: u64,
    pub seconds: u32,
}

impl<'a> Cast<'a> {
    pub(super) fn new(stage: &'a Stage, lab: &'a Lab, prefix: &str) -> Outcome<Self> {
        let person = |role| stage.person(&format!("{role}-{prefix}"));
        Ok(Self {
            stage,
            lab,
            camera: person("camera")?,
            viewer: person("viewer")?,
            friend: person("friend")?,
            files: 0,
        })
    }

    /// Plays a scene to its end.
    pub(super) fn play(&mut self, scene: &Scene<'_>) -> Outcome<Played> {
        let (sender, receiver) = (&self.lab.sender, &self.lab.receiver);
        self.files += 1;
        let inbox = self.stage.path(&format!("inbox-{}", self.files));
        fs::create_dir(&inbox).context(inbox.display())?;
        let into = inbox.to_string_lossy().into_owned();
        let file = match scene.file {
            Some(_) => Some(self.file(scene.file_bytes)?),
            None => None,
        };

        self.friend.knows(&self.camera, "127.0.0.1:9")?;
        let mut friend_address = "127.0.0.1:9".to_owned();
        let mut friend = None;
        if matches!(scene.file, Some(FileTo::Peer | FileTo::PeerByOtherProgram)) {
            let receive = ["receive", "--into", &into, "--accept", "known"];
            let (child, address) = listen(&self.friend, receiver, RECEIVER, &receive)?;
            (friend, friend_address) = (Some(child), address);
        }
        self.camera.knows_all(&[
            (&self.viewer, "127.0.0.1:9"),
            (&self.friend, &friend_address),
        ])?;

        let mut arguments = vec!["camera"];
        arguments.extend(scene.source);
        let whom = match scene.file {
            Some(FileTo::Viewer) => Some(&self.viewer),
            Some(FileTo::Peer) => Some(&self.friend),
            Some(FileTo::PeerByOtherProgram) | None => None,
        };
        let beside = whom.zip(file.as_ref());
        let beside = beside.map(|(whom, path)| format!("{}={}", whom.name(), path.display()));
        if let Some(beside) = &beside {
            arguments.extend(["--measure-send", beside]);
        }
        let (_camera, address) = listen(&self.camera, sender, SENDER, &arguments)?;

        self.viewer.knows(&self.camera, &address)?;
        let seconds = scene.seconds.to_string();
        let name = self.camera.name();
        let mut watch = vec!["watch", name, "--seconds", &seconds, "--stats-json"];
        watch.push("--measure-pictures");
        if scene.file == Some(FileTo::Viewer) {
            watch.extend(["--measure-inbox", &into]);
        }
        let viewer = Background::start(&mut receiver.inside(&self.viewer.transom(&watch)))?;
        let mut lines = Vec::new();
        let _other = match (scene.file, &file) {
            (Some(FileTo::PeerByOtherProgram), Some(path)) => {
                lines = viewer.lines_until(Instant::now() + Duration::from_secs(1));
                let path = path.to_string_lossy();
                let send = self
                    .camera
                    .transom(&["send", self.friend.name(), &path, "--json"]);
                Some(Background::start(&mut sender.inside(&send))?)
            }
            _ => None,
        };
        let patience = Duration::from_secs(scene.seconds.into()) + STARTING;
        lines.extend(viewer.lines_until(Instant::now() + patience));
        let ended = Instant::now();
        viewer.finish()?;
        if let Some(friend) = &friend {
            let transfer = |line: &(_, String)| is_event(&line.1, "transfer");
            lines.extend(
                friend
                    .lines_until(Instant::now())
                    .into_iter()
                    .filter(transfer),
            );
        }
        drop((_other, _camera, friend));
        // Whatever came of the file is memory.
        fs::remove_dir_all(&inbox).context(inbox.display())?;
        Played::of(&lines, scene, ended)
    }

    /// A file of holes: nothing of it is on a disk or in memory, and to us it is a file as any.
    fn file(&self, bytes: u64) -> Outcome<PathBuf> {
        let path = self.stage.path(&format!("file-{}.bin", self.files));
        let file = File::create(&path).context(path.display())?;
        file.set_len(bytes).context(path.display())?;
        Ok(path)
    }
}

/// Starts something of a person's that listens in a namespace; gives its address too.
fn listen(
    person: &Person,
    namespace: &Namespace,
    host: &str,
    arguments: &[&str],
) -> Outcome<(Background, String)> {
    let host = format!("{host}:0");
    let at = ["--listen", &host, "--json", "--name", person.name()];
    let command: Command = person.transom(&[arguments, &at].concat());
    let child = Background::start(&mut namespace.inside(&command))?;
    let address = child.line(STARTING, |line| {
        is_event(line, "listening")
            .then(|| text_field(line, "address"))
            .flatten()
    })?;
    Ok((child, address))
}

/// What came of a scene.
pub(super) struct Played {
    /// Each picture: when after the first one, and from ready to received in milliseconds.
    pub pictures: Vec<(Duration, Option<f64>)>,
    /// Pictures that the camera made and the viewer did not get.
    pub lost: u64,
    /// Bytes of pictures a second.
    pub video_rate: f64,
    /// Bytes of the file a second, from a second after its beginning to the scene's end.
    pub file_rate: Option<f64>,
}

impl Played {
    fn of(lines: &[(Instant, String)], scene: &Scene<'_>, ended: Instant) -> Outcome<Self> {
        let mut pictures = Vec::new();
        let mut first = None;
        for (at, line) in lines.iter().filter(|(_, line)| is_event(line, "picture")) {
            let since = *at - *first.get_or_insert(*at);
            pictures.push((since, number_field(line, None, "ready_to_received_ms")));
        }
        let summary = lines.iter().find(|(_, line)| is_event(line, "summary"));
        let (_, summary) = summary.ok_or_else(|| Failure::new("the viewer told no summary"))?;
        let field = |name| {
            number_field(summary, None, name)
                .ok_or_else(|| Failure::new(format!("no {name} in {summary}")))
        };
        let file_rate = match scene.file {
            Some(_) => Some(file_rate(lines, ended)?),
            None => None,
        };
        Ok(Self {
            pictures,
            lost: field("lost")? as u64,
            video_rate: field("bytes")? / field("seconds")?,
            file_rate,
        })
    }

    /// A quantile of the latencies in milliseconds.
    pub(super) fn latency(&self, quantile: f64) -> f64 {
        let mut latencies: Vec<f64> = self.pictures.iter().filter_map(|(_, ms)| *ms).collect();
        latencies.sort_by(f64::total_cmp);
        let rank = (latencies.len() as f64 * quantile).ceil() as usize;
        latencies
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// The share of the camera's pictures that were shown.
    pub(super) fn shown(&self) -> f64 {
        let shown = self.pictures.len() as f64;
        shown / (shown + self.lost as f64)
    }
}

fn file_rate(lines: &[(Instant, String)], ended: Instant) -> Outcome<f64> {
    let moved = lines.iter().filter_map(|(at, line)| {
        let moved = number_field(line, None, "moved")?;
        (is_event(line, "transfer") && moved > 0.0 && *at <= ended).then_some((*at, moved))
    });
    let moved: Vec<_> = moved.collect();
    let rate = || {
        let (begun, _) = moved.first()?;
        let (from, before) = moved.iter().find(|(at, _)| *at - *begun >= FILE_START)?;
        let (to, after) = moved.last()?;
        let span = (*to - *from).as_secs_f64();
        (span > 0.0).then(|| (after - before) / span)
    };
    rate().ok_or_else(|| Failure::new("the file did not move for a second"))
}

/// Left out of a file's rate.
const FILE_START: Duration = Duration::from_secs(1);
