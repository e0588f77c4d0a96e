//! `transom demo`: a box, a desk that watches and hears it, and a friend who sends the desk a file.
//! All in this process, over real sockets, with keys that are kept nowhere.

mod scratch;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use transom::media::{CaptureRequest, Source};
use transom::people::Contact;
use transom::{
    Accept, CallKind, CameraState, Identity, InboxSettings, Notice, Outcome, PublicKey, Redial,
    RemotePicture, SendOptions, Settings,
};

use crate::args::Demo;
use crate::failure::Failure;
use crate::format::{bytes, rate};
use crate::output::Output;
use crate::signals::Signal;
use crate::sound::{Hearing, add_tone};
use crate::station::{Event, Running};
use crate::stats::{Stats, milliseconds, round};

use scratch::{FILE_BYTES, Scratch, same_bytes};

pub(crate) fn run(arguments: &Demo, output: &Output) -> Result<(), Failure> {
    let scratch =
        Scratch::new().map_err(|error| Failure::new("no room for the demo's file", error))?;
    let time = Duration::from_secs(arguments.seconds);
    output.say(
        format!(
            "a camera box, a desk that watches it for {} s, and a friend who sends the desk {}",
            arguments.seconds,
            bytes(FILE_BYTES)
        ),
        json!({"event": "demo", "seconds": arguments.seconds, "file_bytes": FILE_BYTES}),
    );
    let mut demo = Stations::build(&scratch, time)?;
    demo.play()?;
    let same = matches!(demo.sent, Some((_, true)))
        && same_bytes(&scratch.source(), &scratch.arrived()).unwrap_or(false);
    demo.tell(same, output)
}

/// The three stations, and the results so far.
struct Stations {
    camera: Running,
    desk: Running,
    friend: Running,
    source: PathBuf,
    time: Duration,
    stats: Stats,
    /// The tone of the box; none in a build without sound.
    hearing: Option<Hearing>,
    camera_live: bool,
    sending: Option<Instant>,
    /// How long the file took, and whether the receiver confirmed that it is durable.
    sent: Option<(Duration, bool)>,
    /// The last failure.
    failure: Option<String>,
}

impl Stations {
    fn build(scratch: &Scratch, time: Duration) -> Result<Self, Failure> {
        let [camera_id, desk_id, friend_id] = [identity()?, identity()?, identity()?];
        let (camera_key, desk_key, friend_key) = (
            camera_id.public_key(),
            desk_id.public_key(),
            friend_id.public_key(),
        );
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));

        let mut settings = settings("box", camera_id, [viewer(nowhere, &desk_key)?])?;
        add_tone(&mut settings);
        settings.listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        settings.serve_camera = true;
        settings.camera = Some(pattern());
        let (camera, camera_address) = started(settings)?;

        let mut settings =
            self::settings("desk", desk_id, [contact("friend", nowhere, &friend_key)?])?;
        settings.listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        settings.inbox = Some(InboxSettings::new(scratch.inbox(), Accept::Known));
        let hearing = Hearing::of_demo(&mut settings);
        let (desk, desk_address) = started(settings)?;
        desk.handle
            .connect(contact("box", camera_address, &camera_key)?, Redial::Always);

        let friend = Running::start(self::settings("friend", friend_id, [])?)?;
        friend
            .handle
            .connect(contact("desk", desk_address, &desk_key)?, Redial::Always);
        Ok(Self {
            camera,
            desk,
            friend,
            source: scratch.source(),
            time,
            stats: Stats::default(),
            hearing,
            camera_live: false,
            sending: None,
            sent: None,
            failure: None,
        })
    }

    fn play(&mut self) -> Result<(), Failure> {
        let last = Instant::now() + self.time + EXTRA_TIME;
        while Instant::now() < last && !self.is_over() {
            let step = Instant::now() + STEP;
            if let Some(event) = self.desk.next(Some(step)) {
                self.desk_event(event)?;
            }
            let now = Instant::now();
            while let Some(event) = self.camera.next(Some(now)) {
                self.camera_event(event);
            }
            while let Some(event) = self.friend.next(Some(now)) {
                self.friend_event(event);
            }
        }
        Ok(())
    }

    /// The time of watching is over, the transfer has ended, and the tone was heard.
    fn is_over(&self) -> bool {
        self.stats
            .first()
            .is_some_and(|first| first.elapsed() >= self.time)
            && self.sent.is_some()
            && self.is_heard()
    }

    /// Whether the delay of the tone was measured; true in a build without sound.
    fn is_heard(&self) -> bool {
        let hearing = self.hearing.as_ref();
        hearing.is_none_or(|hearing| hearing.delay().is_some())
    }

    /// The line about the tone; empty in a build without sound.
    fn sound_line(&self) -> String {
        let Some(hearing) = &self.hearing else {
            return String::new();
        };
        let delay = hearing.delay().map_or("not heard".into(), |delay| {
            let delay = milliseconds(delay);
            format!("a tone, {delay:.0} ms from microphone to loudspeaker")
        });
        format!("sound    {}  {delay}\n", verdict(self.is_heard()))
    }

    fn desk_event(&mut self, event: Event) -> Result<(), Failure> {
        if let (Some(hearing), Event::Notice(notice)) = (&mut self.hearing, &event) {
            hearing.notice(notice);
        }
        match event {
            Event::Notice(Notice::Joined { peer, .. }) if peer.as_str() == "box" => {
                self.desk.handle.ring(&peer, CallKind::View);
                if let Some(hearing) = &self.hearing {
                    hearing.ask(&self.desk.handle, &peer);
                }
            }
            Event::Notice(Notice::Picture { picture, .. }) => {
                self.watched(&picture);
            }
            Event::Notice(Notice::Unreachable { obstacle, .. }) => {
                self.failure = Some(obstacle.to_string());
            }
            Event::Notice(Notice::CallEnded { text, .. }) => self.failure = Some(text),
            Event::Signal(Signal::End) => {
                return Err(Failure::new("the demo was ended", "by a signal"));
            }
            Event::Broken(why) => return Err(Failure::new("the desk's station ended", why)),
            _ => {}
        }
        Ok(())
    }

    fn watched(&mut self, picture: &RemotePicture) {
        if self
            .stats
            .first()
            .is_none_or(|first| first.elapsed() < self.time)
        {
            self.stats.add(picture);
        }
    }

    fn camera_event(&mut self, event: Event) {
        match event {
            Event::Notice(Notice::Camera {
                state: CameraState::Live,
                ..
            }) => self.camera_live = true,
            Event::Notice(Notice::Camera {
                state: CameraState::Lost,
                text,
            }) => self.failure = Some(text),
            Event::Broken(why) => self.failure = Some(why),
            _ => {}
        }
    }

    fn friend_event(&mut self, event: Event) {
        match event {
            Event::Notice(Notice::Joined { peer, .. }) if self.sending.is_none() => {
                self.sending = Some(Instant::now());
                self.friend
                    .handle
                    .send(&peer, &self.source, SendOptions::default());
            }
            Event::Notice(Notice::TransferEnded { outcome, .. }) => {
                let took = self.sending.map_or(Duration::ZERO, |since| since.elapsed());
                self.sent = Some((took, matches!(outcome, Outcome::Durable { .. })));
                if !outcome.is_success() {
                    self.failure = Some(crate::words::outcome_words(&outcome));
                }
            }
            Event::Notice(Notice::Unreachable { obstacle, .. }) => {
                self.failure = Some(obstacle.to_string());
            }
            Event::Broken(why) => self.failure = Some(why),
            _ => {}
        }
    }

    fn tell(&self, same: bool, output: &Output) -> Result<(), Failure> {
        let watched = self.stats.pictures() >= MIN_PICTURES;
        let took = self.sent.map_or(Duration::ZERO, |(took, _)| took);
        let speed = (FILE_BYTES as f64 / took.as_secs_f64().max(1e-6)) as u64;
        let file = if same {
            format!(
                "{} in {:.2} s, {}, byte-identical",
                bytes(FILE_BYTES),
                took.as_secs_f64(),
                rate(speed)
            )
        } else {
            "did not arrive whole".into()
        };
        let human = format!(
            "box      {}  camera {}\n\
             watcher  {}  {}\n\
             {}file     {}  {file}",
            verdict(self.camera_live),
            if self.camera_live { "live" } else { "not live" },
            verdict(watched),
            self.stats.summary(),
            self.sound_line(),
            verdict(same),
        );
        let (fps, latency) = (self.stats.fps(), self.stats.latency());
        let mut json = self.stats.json("demo_result", fps, self.time, &latency);
        json["box_worked"] = self.camera_live.into();
        json["watcher_worked"] = watched.into();
        if let Some(hearing) = &self.hearing {
            json["sound_worked"] = self.is_heard().into();
            json["sound_delay_ms"] = hearing.delay().map(milliseconds).map(round).into();
        }
        json["file_worked"] = same.into();
        json["file_bytes"] = FILE_BYTES.into();
        json["file_seconds"] = took.as_secs_f64().into();
        json["file_bytes_per_second"] = if same { speed } else { 0 }.into();
        output.answer(human, json);
        if self.camera_live && watched && same && self.is_heard() {
            return Ok(());
        }
        let why = self
            .failure
            .clone()
            .unwrap_or_else(|| "it took too long".into());
        Err(Failure::new("the demo did not work", why).next("try again with -v"))
    }
}

fn verdict(worked: bool) -> &'static str {
    if worked { "worked" } else { "FAILED" }
}

fn identity() -> Result<Identity, Failure> {
    Identity::throwaway().map_err(|error| Failure::new("no key", error))
}

fn settings<const N: usize>(
    name: &str,
    identity: Identity,
    people: [Contact; N],
) -> Result<Settings, Failure> {
    let broken =
        |error: &dyn std::fmt::Display| Failure::new("the demo's own names are wrong", error);
    let mut settings = Settings::new(name.parse().map_err(|error| broken(&error))?, identity);
    for contact in people {
        settings.book.add(contact).map_err(|error| broken(&error))?;
    }
    Ok(settings)
}

fn contact(name: &str, address: SocketAddr, key: &PublicKey) -> Result<Contact, Failure> {
    format!("{name} {address} key={key}")
        .parse()
        .map_err(|error| Failure::new("the demo's own contact is wrong", error))
}

/// The desk as a contact that may view and hear.
fn viewer(address: SocketAddr, key: &PublicKey) -> Result<Contact, Failure> {
    let mut contact = contact("desk", address, key)?;
    contact.may.hear = true;
    Ok(contact)
}

fn pattern() -> CaptureRequest {
    CaptureRequest {
        source: Source::Pattern,
        size: Some((1280, 720)),
        fps: Some(30),
        ..CaptureRequest::default()
    }
}

/// Starts a station that listens, and returns its address.
fn started(settings: Settings) -> Result<(Running, SocketAddr), Failure> {
    let running = Running::start(settings)?;
    let address = running
        .addresses
        .first()
        .copied()
        .ok_or_else(|| Failure::new("the demo can't start", "its station listens nowhere"))?;
    Ok((running, address))
}

/// So many pictures show that the stream works.
const MIN_PICTURES: u64 = 10;

/// The time allowed besides watching: for starting, and for a slow disk.
const EXTRA_TIME: Duration = Duration::from_secs(60);

/// How often the events of the other two stations are handled.
const STEP: Duration = Duration::from_millis(10);
