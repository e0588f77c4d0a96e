//! A camera, its viewers and a file over one link: what a row of `cargo xtask bench link` plays
//! with real programs, as a simulation.

use std::path::PathBuf;
use std::time::Duration;

use transom_wire::limits::PICTURE;
use transom_wire::{CallKind, PeerName};

use super::camera::{self, Camera, Gives, encoded_bytes};
use super::files::file;
use super::report::Report;
use super::{Link, Simulation, StationId};
use crate::handle::Handle;
use crate::notice::{Direction, Notice};
use crate::quality::{Adaptation, TradeOff};
use crate::settings::{Accept, InboxSettings, Order, SendOptions, Settings};
use crate::shared_live::OwnerMarks;

/// What is played. The link is the camera's way up; all other links are ideal.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The link, with its delay there; the way back has the same delay.
    pub link: Link,
    /// What the camera gives; `None` for a file alone.
    pub camera: Option<Camera>,
    /// Where a file without end goes.
    pub file: FileTo,
    /// How many look; the first of them gets the file.
    pub viewers: usize,
    /// Bits a second of the last viewer's own way down; 0 for no limit.
    pub slow_viewer: u64,
    /// What happens to the link, and when, after the first picture.
    pub acts: Vec<(Duration, Act)>,
    /// How long, from the first picture on.
    pub length: Duration,
    /// What all that is random follows from.
    pub seed: u64,
    /// How pictures follow a slow link.
    pub adaptation: Adaptation,
    /// What goes first at the camera's owner.
    pub order: Order,
    /// A folder in which programs of one owner tell each other of calls.
    pub marks: Option<PathBuf>,
}

/// Whom the camera's owner sends a file beside the pictures.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FileTo {
    /// There is no file.
    #[default]
    None,
    /// The first viewer, by the same connection.
    Viewer,
    /// Another peer over the same link, from the same program.
    Other,
    /// The same peer, from another program with the camera's key; needs [`Scenario::marks`].
    Program,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// The link changes: both directions have the new delay, loss and state.
    Link(Link),
    /// The file is cancelled.
    EndFile,
}

impl Scenario {
    /// 30 pictures of 40 KB a second for 12 s over that link, and no file.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            camera: Some(Camera::jpeg(30, 40_000)),
            file: FileTo::None,
            viewers: 1,
            slow_viewer: 0,
            acts: Vec::new(),
            length: Duration::from_secs(12),
            seed: 1,
            adaptation: Adaptation::default(),
            order: Order::Priority,
            marks: None,
        }
    }

    /// The scenario of a row of `cargo xtask bench link`; `None` for one whose link has no limit,
    /// where a computer's time is what counts, and for numbers that no row has.
    pub fn row(number: usize) -> Option<Self> {
        let usual = Self {
            file: FileTo::Viewer,
            ..Self::new(Link::mbits(20))
        };
        let seconds = Duration::from_secs;
        // With delay or loss the bench's router is a program without a token bucket.
        let routed = Link {
            burst: 0,
            ..usual.link
        };
        Some(match number {
            1 => usual,
            2 => Self {
                file: FileTo::Other,
                ..usual
            },
            3 => Self {
                file: FileTo::Program,
                ..usual
            },
            4 => usual.over(Link {
                fifo: 150_000,
                ..usual.link
            }),
            5 => usual.over(Link::mbits(100)),
            6 => usual.over(Link {
                delay: Duration::from_millis(10),
                ..routed
            }),
            7 => Self {
                camera: Some(Camera::jpeg(30, 79_167)),
                ..usual.over(Link {
                    delay: Duration::from_millis(20),
                    rate: 1_000_000_000,
                    ..routed
                })
            },
            8 => Self {
                camera: Some(Camera::jpeg(30, 150_000)),
                file: FileTo::None,
                adaptation: Adaptation {
                    trade_off: TradeOff::Off,
                    ..Adaptation::default()
                },
                ..usual
            },
            9 => Self {
                // 17 Mbit/s at full quality, so that they fill the link alone.
                camera: Some(Camera::pixels(30, 848, 480)),
                file: FileTo::Other,
                acts: vec![(seconds(15), Act::EndFile)],
                length: seconds(30),
                ..usual
            },
            10 => Self {
                camera: Some(Camera::jpeg(60, 41_667)),
                acts: vec![
                    (seconds(10), Act::Link(Link::mbits(5))),
                    (seconds(20), Act::Link(Link::mbits(50))),
                ],
                length: seconds(30),
                ..usual.over(Link::mbits(50))
            },
            11 => usual.over(Link {
                loss: 0.01,
                ..routed
            }),
            _ => return None,
        })
    }

    /// Whether there is something to measure.
    ///
    /// # Errors
    /// What is wrong with which part, and what it may be.
    pub fn check(&self) -> Result<(), String> {
        if self.camera.is_none() && self.file == FileTo::None {
            return Err("neither pictures nor a file: nothing is sent".into());
        }
        if let Some(camera) = &self.camera {
            check_camera(camera)?;
        }
        if !(1..=MOST_VIEWERS).contains(&self.viewers) {
            let viewers = self.viewers;
            return Err(format!("{viewers} viewers: 1 to {MOST_VIEWERS} are played"));
        }
        let links = self.acts.iter().filter_map(|(_, act)| match act {
            Act::Link(link) => Some(link),
            Act::EndFile => None,
        });
        if let Some(link) = links.chain([&self.link]).find(|link| link.fifo < PACKET) {
            let fifo = link.fifo;
            return Err(format!("a FIFO of {fifo} bytes: a packet takes {PACKET}"));
        }
        if let Some((at, _)) = self.acts.iter().find(|(at, _)| *at >= self.length) {
            let (at, length) = (at.as_secs_f64(), self.length.as_secs_f64());
            return Err(format!("a change at {at} s: all is over after {length} s"));
        }
        if self.file != FileTo::None && self.length < LEAST_LENGTH {
            let least = LEAST_LENGTH.as_secs();
            return Err(format!(
                "less than {least} s: a file's first second is left out of its rate"
            ));
        }
        if self.file == FileTo::Program && self.marks.is_none() {
            return Err("a file by another program: its folder of marks is missing".into());
        }
        Ok(())
    }

    /// The same over another link.
    #[must_use]
    pub fn over(&self, link: Link) -> Self {
        Self {
            link,
            ..self.clone()
        }
    }

    /// Plays it.
    pub fn play(&self) -> Report {
        Stage::new(self).play()
    }

    /// The same without a file and without anything happening.
    pub fn alone(&self) -> Self {
        Self {
            file: FileTo::None,
            acts: Vec::new(),
            ..self.clone()
        }
    }
}

/// Each is a whole station.
const MOST_VIEWERS: usize = 1_000;

/// Bytes of a full packet on the wire.
const PACKET: usize = 1_514;

/// The shortest time in which the rate of a file is measured.
const LEAST_LENGTH: Duration = Duration::from_secs(3);

/// More would be a picture at each event.
const MOST_FPS: u32 = 1_000;

fn check_camera(camera: &Camera) -> Result<(), String> {
    if !(1..=MOST_FPS).contains(&camera.fps) {
        let fps = camera.fps;
        return Err(format!(
            "{fps} pictures a second: 1 to {MOST_FPS} are played"
        ));
    }
    let bytes = match camera.gives {
        Gives::Jpeg(bytes) => bytes,
        Gives::Pixels if camera.size.0 == 0 || camera.size.1 == 0 => 0,
        Gives::Pixels => encoded_bytes(camera.size.0, camera.size.1, 100),
    };
    let most = PICTURE as usize;
    match (1..=most).contains(&bytes) {
        true => Ok(()),
        false => Err(format!("pictures of {bytes} bytes: they have 1 to {most}")),
    }
}

/// The stations of a scenario.
struct Stage<'a> {
    scenario: &'a Scenario,
    simulation: Simulation,
    camera: StationId,
    viewers: Vec<StationId>,
    /// Who gets the file, and who sends it.
    file: Option<(StationId, StationId)>,
}

/// Longer than any file moves.
const ENDLESS: u64 = 1 << 40;

/// When the other program of the owner begins to send, after the first picture.
const FILE_DELAY: Duration = Duration::from_millis(500);

impl<'a> Stage<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let mut simulation = Simulation::new(scenario.seed);
        let marks = scenario.marks.as_deref().map(OwnerMarks::within);
        let marks = marks.unwrap_or_default();
        let owner = simulation.identity();
        let serve = |settings: &mut Settings| {
            settings.identity = owner.clone();
            settings.serve_camera = scenario.camera.is_some();
            settings.max_viewers = 2 * scenario.viewers.max(1);
            settings.adaptation = scenario.adaptation;
            settings.order = scenario.order;
            settings.marks.clone_from(&marks);
        };
        let back = Link {
            delay: scenario.link.delay,
            ..Link::IDEAL
        };
        let camera = simulation.add("camera", scenario.link, back, serve);
        if let Some(model) = &scenario.camera {
            simulation.set_camera(camera, model.clone());
        }
        let viewers = (0..scenario.viewers).map(|number| {
            let down = match number + 1 == scenario.viewers && scenario.slow_viewer > 0 {
                true => Link {
                    rate: scenario.slow_viewer,
                    ..Link::mbits(1)
                },
                false => Link::IDEAL,
            };
            let viewer = simulation.add(&format!("viewer{number}"), Link::IDEAL, down, take_files);
            simulation.introduce(viewer, camera);
            viewer
        });
        let viewers: Vec<_> = viewers.collect();
        let file = match scenario.file {
            FileTo::None => None,
            FileTo::Viewer => viewers.first().map(|viewer| (*viewer, camera)),
            FileTo::Other | FileTo::Program => {
                let other = simulation.add("other", Link::IDEAL, Link::IDEAL, take_files);
                let sender = match scenario.file {
                    FileTo::Program => {
                        let identity = owner.clone();
                        simulation.add_beside(camera, "sender", identity, |settings| {
                            settings.order = scenario.order;
                            settings.marks = marks;
                        })
                    }
                    _ => camera,
                };
                simulation.introduce(sender, other);
                Some((other, sender))
            }
        };
        Self {
            scenario,
            simulation,
            camera,
            viewers,
            file,
        }
    }

    fn play(mut self) -> Report {
        let mut report = Report::new(self.scenario.viewers);
        let film: PeerName = "camera".parse().expect("a peer's name");
        self.act(&mut report, Duration::from_secs(1));
        if self.scenario.camera.is_some() {
            for viewer in &self.viewers {
                self.simulation.handle(*viewer).ring(&film, CallKind::View);
            }
        }
        let begin = self.simulation.now();
        report.begin = begin;
        let mut transfer = None;
        let mut acts = self.scenario.acts.clone();
        acts.sort_by_key(|(at, _)| *at);
        let delay = match self.scenario.file {
            FileTo::Program => FILE_DELAY,
            _ => Duration::ZERO,
        };
        self.act(&mut report, delay);
        if let Some((to, from)) = self.file {
            let to = self.simulation.contact(to).name;
            let handle = self.simulation.handle(from);
            let path = file("film", ENDLESS);
            transfer = Some((handle.send(&to, path, SendOptions::default()), handle));
        }
        for (at, act) in acts {
            let now = self.simulation.now();
            self.act(&mut report, (begin + at).saturating_sub(now));
            match act {
                Act::Link(link) => self.change(link),
                Act::EndFile => {
                    if let Some((transfer, handle)) = &transfer {
                        handle.cancel(*transfer);
                    }
                }
            }
        }
        let left = (begin + self.scenario.length).saturating_sub(self.simulation.now());
        self.act(&mut report, left);
        report
    }

    fn change(&self, link: Link) {
        let (world, host) = (self.simulation.world(), self.simulation.host(self.camera));
        world.up(host, |up| *up = link);
        world.down(host, |down| {
            (down.delay, down.loss, down.is_down) = (link.delay, link.loss, link.is_down);
        });
    }

    /// Lets time go on and notes what the viewers get.
    fn act(&mut self, report: &mut Report, span: Duration) {
        let (viewers, file) = (&self.viewers, self.file);
        let handles: Vec<Handle> = (viewers.iter())
            .map(|viewer| self.simulation.handle(*viewer))
            .collect();
        self.simulation.run(span, |now, station, notice| {
            let viewer = viewers.iter().position(|viewer| *viewer == station);
            match (notice, viewer) {
                (Notice::Picture { picture, .. }, Some(viewer)) => {
                    let ready = camera::ready(&picture.jpeg).unwrap_or(now);
                    report.picture(viewer, now, ready, &picture);
                }
                (Notice::Transfer(status), _)
                    if status.direction == Direction::Incoming
                        && file.is_some_and(|(to, _)| to == station) =>
                {
                    report.moved(now, status.verified);
                }
                (Notice::CallEnded { peer, .. }, Some(viewer)) => {
                    if let Some(handle) = handles.get(viewer) {
                        handle.ring(&peer, CallKind::View);
                    }
                }
                _ => {}
            }
        });
    }
}

fn take_files(settings: &mut Settings) {
    settings.inbox = Some(InboxSettings::new("inbox", Accept::Known));
}
