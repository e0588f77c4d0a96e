//! `cargo xtask sound latency`: measures the mouth-to-ear delay between two built programs, by
//! chirps that are played into the microphone of one and detected at the loudspeaker of the other.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::bench::film::Pictures;
use crate::bench::lab::{Lab, Namespace, Shape};
use crate::bench::number;
use crate::children::Background;
use crate::failure::{Context as _, Failure, Outcome};
use crate::packages::{self, LINK};
use crate::sandbox::{STARTING, Sandbox, User, is_event, number_field, text_field};

use super::server::{Server, ServerChoice, Wire, recording};
use super::table::print;
use super::{Tools, programs};

/// One measurement of the delay.
struct Row {
    title: &'static str,
    setup: Setup,
    seconds: u32,
}

enum Setup {
    /// A call with sound in both directions, through this server unless `--server` names another.
    Call(ServerChoice<'static>),
    /// For comparison: the server's own programs, and our devices without a network.
    Peers,
    /// A box is watched and heard over a link, with and without a file, with and without sound. The
    /// pictures have this size and rate in Mbit/s.
    Box {
        shape: Shape,
        size: &'static str,
        mbit: f64,
        file: bool,
    },
}

const ROWS: [Row; 6] = [
    Row {
        title: "a call on loopback, both ways",
        setup: Setup::Call(ServerChoice::PulseAudio),
        seconds: 60,
    },
    Row {
        title: "peers: nothing but the sound server between mouth and ear",
        setup: Setup::Peers,
        seconds: 20,
    },
    Row {
        title: "a box on loopback, 1080p30 of 40 Mbit/s",
        setup: Setup::Box {
            shape: Shape::LOOPBACK,
            size: "1920x1080",
            mbit: 40.0,
            file: false,
        },
        seconds: 30,
    },
    Row {
        title: "a box at 100 Mbit/s, 720p30 of 20 Mbit/s, a greedy file",
        setup: Setup::Box {
            shape: Shape::new(100.0, 256 << 10),
            size: "1280x720",
            mbit: 20.0,
            file: true,
        },
        seconds: 20,
    },
    Row {
        title: "a box at 20 Mbit/s, 720p30 of 8 Mbit/s, a greedy file",
        setup: Setup::Box {
            shape: Shape::new(20.0, 64 << 10),
            size: "1280x720",
            mbit: 8.0,
            file: true,
        },
        seconds: 20,
    },
    Row {
        title: "a call on loopback, both ways, through PipeWire",
        setup: Setup::Call(ServerChoice::PipeWire),
        seconds: 60,
    },
];

pub(super) fn run(arguments: &[&str]) -> Outcome {
    let wanted = value(arguments, "--row")?.and_then(|row| row.parse().ok());
    let given = ServerChoice::of(arguments)?;
    let (programs, tools) = programs(arguments)?;
    let sandbox = Sandbox::with_programs(programs)?;
    let chirps = recording(&sandbox, "chirps");
    tools.run(&["chirps", path(&chirps)?, "150"])?;
    let mut recorded: Option<(&str, Pictures)> = None;
    for (at, row) in (1..).zip(&ROWS) {
        if wanted.is_some_and(|wanted: usize| wanted != at) {
            continue;
        }
        let server = match (given, &row.setup) {
            (Some(_), Setup::Call(ServerChoice::PipeWire)) => continue,
            (Some(given), _) => given,
            (None, Setup::Call(which)) => *which,
            (None, _) => ServerChoice::PulseAudio,
        };
        packages::ensure(server.needs())?;
        println!("\n{at}. {}", row.title);
        let bench = Bench {
            sandbox: &sandbox,
            tools: &tools,
            server,
            chirps: &chirps,
            seconds: number(arguments, "--seconds", row.seconds)?,
            row: at,
        };
        match &row.setup {
            Setup::Call(_) => bench.call()?,
            Setup::Peers => bench.peers()?,
            Setup::Box {
                shape,
                size,
                mbit,
                file,
            } => {
                let film = sandbox.path(&format!("film-{at}.mjpeg"));
                let known = recorded.take_if(|(of, _)| of == size);
                let pictures = match known {
                    Some((_, pictures)) => pictures,
                    None => Pictures::record_size(&sandbox, size)?,
                };
                let (_, pictures) = recorded.insert((*size, pictures));
                pictures.write(&film, (mbit * 1e6 / 8.0 / 30.0) as usize)?;
                bench.boxes(shape, &film, *file)?;
            }
        }
    }
    Ok(())
}

/// The value after an option.
pub(super) fn value<'a>(arguments: &[&'a str], name: &str) -> Outcome<Option<&'a str>> {
    let Some(at) = arguments.iter().position(|argument| *argument == name) else {
        return Ok(None);
    };
    match arguments.get(at + 1) {
        Some(value) => Ok(Some(value)),
        None => Err(Failure::usage(format!("sound: {name} takes a value"))),
    }
}

pub(super) fn path(path: &Path) -> Outcome<&str> {
    path.to_str()
        .ok_or_else(|| Failure::new(format!("{}: not UTF-8", path.display())))
}

/// The common part of all runs of a row.
struct Bench<'a> {
    sandbox: &'a Sandbox,
    tools: &'a Tools,
    server: ServerChoice<'a>,
    chirps: &'a PathBuf,
    seconds: u32,
    row: usize,
}

/// The delays of the detected chirps, in ms.
struct Delays {
    median: f64,
    p95: f64,
    p99: f64,
    most: f64,
    chirps: f64,
    lost: f64,
}

impl Delays {
    fn print(&self, what: &str, goal: Option<(&str, bool)>) {
        let Self {
            median,
            p95,
            p99,
            most,
            ..
        } = self;
        let value = format!("median {median:.1}, p95 {p95:.1}, p99 {p99:.1}, most {most:.1} ms");
        print(what, &value, goal);
        print(
            "  chirps",
            &format!("{} heard, {} lost", self.chirps, self.lost),
            None,
        );
    }
}

impl Bench<'_> {
    fn call(&self) -> Outcome {
        let server = Server::start(self.sandbox, self.server)?;
        let (near, far) = (self.sandbox.user("near")?, self.sandbox.user("far")?);
        far.knows(&near, NOWHERE)?;
        let _chirps = [
            server.play(Wire::A, self.chirps)?,
            server.play(Wire::B, self.chirps)?,
        ];
        let call = Calling::start(&server, &near, &far, self.seconds, "off")?;
        let recorded = self.record(&server, call.began)?;
        let [near, far] = call.end();
        let delays = self.delays(&recorded)?;
        let held = delays.median <= 55.0 && delays.p95 <= 80.0;
        delays.print("mouth to ear", Some(("median 55, p95 80 ms", held)));
        let dry = dry_runs(&near).max(dry_runs(&far));
        print(
            "  dry runs",
            &format!("{dry:.0} in {} s", self.seconds),
            Some(("0", dry == 0.0)),
        );
        print(
            "  delay reported by the far side",
            &reported_delay(&far),
            None,
        );
        Ok(())
    }

    fn peers(&self) -> Outcome {
        let server = Server::start(self.sandbox, self.server)?;
        let _chirps = server.play(Wire::A, self.chirps)?;
        let pipe = server.pipe(Wire::A)?;
        let recorded = self.record(&server, Instant::now())?;
        self.delays(&recorded)?.print("parec | pacat", None);
        drop((pipe, server));
        // The program starts its own server.
        let seconds = self.seconds.to_string();
        let alone = super::output(self.tools.program("mouth_to_ear").arg(seconds))?;
        print("devices and playout, no network", "", None);
        for line in alone {
            println!("  {line}");
        }
        Ok(())
    }

    fn boxes(&self, shape: &Shape, film: &Path, has_file: bool) -> Outcome {
        let lab = match shape.mbit.is_finite() {
            true => {
                packages::need_root("it makes network namespaces")?;
                packages::ensure(&[&LINK])?;
                Some(Lab::new(shape, false)?)
            }
            false => None,
        };
        let files = if has_file {
            &[false, true][..]
        } else {
            &[false]
        };
        let mut alone = None;
        for &file in files {
            let silent = self.watch(lab.as_ref(), film, file, false)?;
            let heard = self.watch(lab.as_ref(), film, file, true)?;
            let what = if file {
                "mouth to ear beside the file"
            } else {
                "mouth to ear"
            };
            if let Some(delays) = &heard.delays {
                let grown = alone.map(|alone: f64| delays.p99 - alone);
                let goal = grown.map(|grown| ("p99 grows by < 15 ms", grown < 15.0));
                delays.print(what, goal);
                alone = Some(delays.p99);
            }
            print(
                "  dry runs; skew (sound ahead of pictures)",
                &heard.figures,
                Some((
                    "skew within 45 ms",
                    heard.skew.is_some_and(|skew| skew.abs() <= 45.0),
                )),
            );
            let value = format!(
                "p99 {:.2} ms with sound, {:.2} without",
                heard.pictures, silent.pictures
            );
            print("  pictures, ready to received", &value, None);
        }
        Ok(())
    }

    /// Watches a box, with or without sound.
    fn watch(
        &self,
        lab: Option<&Lab>,
        film: &Path,
        has_file: bool,
        is_heard: bool,
    ) -> Outcome<Watched> {
        let server = Server::start(self.sandbox, self.server)?;
        let name = |role: &str| format!("{role}-{}-{has_file}-{is_heard}", self.row);
        let (porch, viewer) = (
            self.sandbox.user(&name("box"))?,
            self.sandbox.user(&name("viewer"))?,
        );
        porch.is_heard_by(&viewer, NOWHERE)?;
        let _chirps = server.play(Wire::A, self.chirps)?;
        let source = format!("file:{}", film.display());
        let (microphone, speaker) = (Wire::A.microphone(), Wire::A.speaker());
        let mut camera = vec![
            "camera", "--source", &source, "--fps", "30", "--adapt", "off",
        ];
        camera.extend(["--microphone", &microphone, "--echo", "off"]);
        let file = Beside::new(self.sandbox, &viewer, has_file)?;
        camera.extend(file.camera());
        let host = format!("{}:0", lab.map_or("127.0.0.1", |lab| lab.sender().1));
        camera.extend(["--listen", &host, "--json", "--name", porch.name()]);
        let sender = lab.map(|lab| lab.sender().0);
        let porch_runs = start(&server, sender, &porch.transom(&camera))?;
        let address = address(&porch_runs)?;
        viewer.knows(&porch, &address)?;
        let seconds = self.seconds.to_string();
        let mut watch = vec!["watch", porch.name(), "--seconds", &seconds, "--stats-json"];
        if is_heard {
            watch.extend(["--speaker", &speaker]);
        }
        watch.extend(file.viewer());
        let receiver = lab.map(|lab| lab.receiver().0);
        let viewer_runs = start(&server, receiver, &viewer.transom(&watch))?;
        let (began, _) = viewer_runs.timed_line(STARTING, |line| is_event(line, "stats"))?;
        let recorded = self.record(&server, began)?;
        let lines = viewer_runs.lines_until(Instant::now() + STARTING);
        let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
        viewer_runs.finish()?;
        let summary = lines.iter().find(|line| is_event(line, "summary"));
        let within = Some("latency_ready_to_received_ms");
        let pictures = summary.and_then(|line| number_field(line, within, "p99"));
        let last = lines.iter().rev().find(|line| is_event(line, "stats"));
        let sound = |name| last.and_then(|line| number_field(line, Some("sound"), name));
        let skew = sound("skew_ms");
        Ok(Watched {
            delays: is_heard.then(|| self.delays(&recorded)).transpose()?,
            pictures: pictures.unwrap_or(f64::NAN),
            figures: format!(
                "{:.0} dry runs; {:.1} ms",
                sound("dry_runs").unwrap_or(f64::NAN),
                skew.unwrap_or(f64::NAN)
            ),
            skew,
        })
    }

    /// Records the wire until the time of the row is over.
    fn record(&self, server: &Server, began: Instant) -> Outcome<PathBuf> {
        let recorded = recording(self.sandbox, "heard");
        let recorder = server.record(Wire::A, &recorded)?;
        // The end of the call is left out.
        let length = Duration::from_secs(self.seconds.into()).saturating_sub(ENDING);
        std::thread::sleep((began + length).saturating_duration_since(Instant::now()));
        drop(recorder);
        Ok(recorded)
    }

    fn delays(&self, recorded: &Path) -> Outcome<Delays> {
        let line = self.tools.line(&["delays", path(recorded)?])?;
        fs::remove_file(recorded).context(recorded.display())?;
        let field = |name| number_field(&line, None, name).unwrap_or(f64::NAN);
        Ok(Delays {
            median: field("median"),
            p95: field("p95"),
            p99: field("p99"),
            most: field("most"),
            chirps: field("chirps"),
            lost: field("lost"),
        })
    }
}

const ENDING: Duration = Duration::from_secs(1);

/// The address of a contact that is never dialed.
const NOWHERE: &str = "127.0.0.1:9";

/// The result of one run of a box.
struct Watched {
    delays: Option<Delays>,
    /// The 99th percentile from ready to received, in ms.
    pictures: f64,
    /// Underruns and skew, as text.
    figures: String,
    skew: Option<f64>,
}

/// The file that a box sends to its viewer, over the same connection.
struct Beside(Option<[String; 2]>);

impl Beside {
    fn new(sandbox: &Sandbox, viewer: &User, is_there: bool) -> Outcome<Self> {
        if !is_there {
            return Ok(Self(None));
        }
        let (file, inbox) = (sandbox.path("greedy.bin"), sandbox.path("inbox"));
        // A sparse file: it is read as any other, but takes no memory.
        let holes = File::create(&file).context(file.display())?;
        holes.set_len(2 << 30).context(file.display())?;
        // A partial file of an earlier run would be resumed.
        let _ = fs::remove_dir_all(&inbox);
        fs::create_dir(&inbox).context(inbox.display())?;
        let send = format!("{}={}", viewer.name(), file.display());
        Ok(Self(Some([send, path(&inbox)?.to_owned()])))
    }

    fn camera(&self) -> Vec<&str> {
        match &self.0 {
            Some([send, _]) => vec!["--measure-send", send],
            None => Vec::new(),
        }
    }

    fn viewer(&self) -> Vec<&str> {
        match &self.0 {
            Some([_, inbox]) => vec!["--measure-inbox", inbox],
            None => Vec::new(),
        }
    }
}

/// Two programs in a call with sound in both directions.
pub(super) struct Calling {
    pub(super) near: Background,
    pub(super) far: Background,
    pub(super) began: Instant,
}

impl Calling {
    pub(super) fn start(
        server: &Server,
        near: &User,
        far: &User,
        seconds: u32,
        echo: &str,
    ) -> Outcome<Self> {
        let sound = |microphone: Wire, speaker: Wire| {
            let devices = [microphone.microphone(), speaker.speaker()];
            let [microphone, speaker] = devices;
            format!(
                "--json --measure-sound --echo {echo} --microphone {microphone} --speaker {speaker}"
            )
        };
        let answer = format!(
            "call --answer --listen 127.0.0.1:0 {}",
            sound(Wire::B, Wire::A)
        );
        let answer: Vec<&str> = answer.split(' ').collect();
        let far_runs = start(server, None, &far.transom(&answer))?;
        near.knows(far, &address(&far_runs)?)?;
        let name = far.name();
        let ring = format!(
            "call {name} --seconds {seconds} {}",
            sound(Wire::A, Wire::B)
        );
        let ring: Vec<&str> = ring.split(' ').collect();
        let near_runs = start(server, None, &near.transom(&ring))?;
        let is_start = |line: &str| is_event(line, "call_started");
        let (began, _) = near_runs.timed_line(STARTING, is_start)?;
        Ok(Self {
            near: near_runs,
            far: far_runs,
            began,
        })
    }

    /// The output of both until the call has ended.
    pub(super) fn end(self) -> [Vec<String>; 2] {
        [self.near, self.far].map(|program| {
            let lines = program.lines_until(Instant::now() + STARTING);
            lines.into_iter().map(|(_, line)| line).collect()
        })
    }
}

/// Starts a program that uses the sound server, in a namespace if one is given.
pub(super) fn start(
    server: &Server,
    namespace: Option<&Namespace>,
    command: &Command,
) -> Outcome<Background> {
    let mut inside = match namespace {
        Some(namespace) => namespace.inside(command),
        None => copy(command),
    };
    Background::start(server.client(&mut inside))
}

fn copy(command: &Command) -> Command {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        copy.current_dir(folder);
    }
    copy
}

/// The address on which a program reports to listen.
pub(super) fn address(program: &Background) -> Outcome<String> {
    program.line(STARTING, |line| {
        is_event(line, "listening")
            .then(|| text_field(line, "address"))
            .flatten()
    })
}

fn last_sound(lines: &[String]) -> Option<&String> {
    lines.iter().rev().find(|line| is_event(line, "sound"))
}

pub(super) fn dry_runs(lines: &[String]) -> f64 {
    let last = last_sound(lines).and_then(|line| number_field(line, None, "dry_runs"));
    last.unwrap_or(f64::NAN)
}

fn reported_delay(lines: &[String]) -> String {
    let field = |name| {
        let value = last_sound(lines).and_then(|line| number_field(line, None, name));
        value.unwrap_or(f64::NAN)
    };
    let (delay, reserve) = (field("delay_ms"), field("reserve_ms"));
    format!("{delay:.1} ms, of which reserve {reserve:.1} ms")
}
