//! `transom camera`: the camera box. It runs until a signal; a missing camera or a lost viewer only
//! prints a line.

use std::path::Path;

use serde_json::json;
use transom::media::{self, Device, Setting, Source};
use transom::{Accept, InboxSettings, Notice, Retry, Settings};

use crate::args::Camera;
use crate::box_pairing::BoxPairing;
use crate::camera_stats::{CameraReport, MachineReport};
use crate::deliveries::Deliveries;
use crate::failure::Failure;
use crate::http::HttpDoor;
use crate::inbox;
use crate::listening::{self, Knock, Knocks};
use crate::measure::FileBeside;
use crate::output::Output;
use crate::place::Place;
use crate::progress::Bars;
use crate::report;
use crate::service::Service;
use crate::signals::Signal;
use crate::station::{Event, Running};

pub(crate) fn run(arguments: Camera, place: &Place, output: &Output) -> Result<(), Failure> {
    if let Source::File(path) = &arguments.source {
        check_file(path)?;
    }
    // Only these sources use a device.
    let devices = match &arguments.source {
        Source::Auto | Source::Device(_) => media::list(),
        _ => Vec::new(),
    };
    if let Some(why) = camera_problem(&arguments.source, &devices) {
        // Also with --quiet: until the camera is there, the box does nothing.
        output.complain(format!(
            "{why}; it is tried again whenever a viewer watches"
        ));
    }
    check_controls(&arguments.source, &arguments.pictures.controls, &devices)?;
    let filled = place.filled_by_pairing();
    let place = match arguments.pairing.pair {
        true => &filled,
        false => place,
    };
    let mut settings = place.settings(arguments.listening.name, output)?;
    listening::apply(&mut settings, arguments.listening, output);
    settings.serve_camera = true;
    settings.max_viewers = usize::from(arguments.max_viewers);
    arguments
        .pictures
        .apply(arguments.source, &mut settings, output);
    arguments.sound.apply(&mut settings);
    if let Some(into) = &arguments.inbox {
        inbox::check(into)?;
    }
    settings.inbox = arguments.inbox.map(|into| InboxSettings {
        room: arguments.room.limits(),
        ..InboxSettings::new(into, Accept::Known)
    });
    let duties = Duties {
        has_http: arguments.http.is_given(),
        http: arguments.http.apply(&mut settings, place, output)?,
        pairing: BoxPairing::new(&arguments.pairing, &settings)?,
        beside: FileBeside::new(arguments.measure),
        failures_seen: arguments.exit_on_camera_error.then(CameraFailures::default),
        stats_every: arguments.stats,
    };
    serve(settings, duties, place, output)
}

/// What the command does beside its station.
struct Duties {
    has_http: bool,
    http: HttpDoor,
    pairing: BoxPairing,
    beside: FileBeside,
    failures_seen: Option<CameraFailures>,
    stats_every: Option<u64>,
}

/// Failures in a row after which `--exit-on-camera-error` ends the box: the camera was opened again
/// three times with pauses and, if it stalled or its bus failed, after a reset of its USB device.
const MAX_FAILURES: u32 = 4;

/// Follows the camera for `--exit-on-camera-error`.
#[derive(Debug, Default)]
struct CameraFailures {
    why: String,
}

impl CameraFailures {
    /// The error that ends the box, once the camera has failed for good.
    fn verdict(&mut self, notice: &Notice) -> Option<Failure> {
        match notice {
            Notice::Camera { text, .. } => {
                self.why.clone_from(text);
                None
            }
            Notice::CameraFailed { failures, retry } => {
                let is_over = *failures >= MAX_FAILURES || *retry == Retry::Never;
                // The box ends, so it does not wait as the camera's words say.
                let (why, _) = self
                    .why
                    .split_once("; waiting until")
                    .unwrap_or((&self.why, ""));
                is_over.then(|| Failure::new("the camera is given up", why))
            }
            _ => None,
        }
    }
}

/// Checks the file of `file:PATH`. Unlike a device, a missing file is an error: it won't be plugged
/// in later.
pub(crate) fn check_file(path: &Path) -> Result<(), Failure> {
    let wrong = |why: String| Failure::new(format!("can't play {}", path.display()), why);
    // Checked before it is opened: opening a named pipe would wait for its writer.
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

/// Checks `--control` against the controls of the camera, if it is plugged in.
fn check_controls(
    source: &Source,
    settings: &[Setting],
    devices: &[Device],
) -> Result<(), Failure> {
    let device = match source {
        Source::Auto => devices.iter().find(|device| device.problem.is_none()),
        Source::Device(path) => {
            let real = path.canonicalize().ok();
            devices
                .iter()
                .find(|device| Some(&device.path) == real.as_ref())
        }
        _ if settings.is_empty() => return Ok(()),
        _ => {
            let why = "only a camera with a device node has controls";
            return Err(Failure::usage("--control has no effect", why));
        }
    };
    let Some(device) = device.filter(|device| device.problem.is_none()) else {
        return Ok(());
    };
    let refused = settings
        .iter()
        .find_map(|setting| device.check(setting).err());
    refused.map_or(Ok(()), |error| {
        Err(Failure::usage(device.path.display(), error))
    })
}

/// Why a device would give no pictures now. The camera is opened only for viewers, and a box that
/// is being set up has none yet.
fn camera_problem(source: &Source, devices: &[Device]) -> Option<String> {
    match source {
        Source::Auto if devices.is_empty() => Some(
            "no camera found; plug one in, or try a box without one by `--source pattern`"
                .to_owned(),
        ),
        // A ribbon cable camera is usable, though not through its node.
        Source::Auto => {
            let fit = |device: &Device| device.problem.is_none() || device.is_pi();
            let none = !devices.iter().any(fit);
            none.then(|| "no device gives pictures; `transom cameras` says why of each".to_owned())
        }
        Source::Device(path) => {
            let real = path.canonicalize().ok();
            let known = |device: &&Device| Some(&device.path) == real.as_ref();
            match devices.iter().find(known) {
                Some(device) => {
                    let problem = device.problem.as_ref()?;
                    Some(format!("{}: {problem}", device.path.display()))
                }
                None if real.is_some() => None,
                None => Some(format!(
                    "{}: not found; plug it in, or choose one that `transom cameras` lists",
                    path.display()
                )),
            }
        }
        _ => None,
    }
}

fn serve(
    settings: Settings,
    duties: Duties,
    place: &Place,
    output: &Output,
) -> Result<(), Failure> {
    let Duties {
        has_http,
        mut http,
        mut pairing,
        mut beside,
        mut failures_seen,
        stats_every,
    } = duties;
    listening::introduce(&settings, output);
    let (book, inbox) = (settings.book.clone(), settings.inbox.clone());
    let running = Running::start_service(settings)?;
    if let Some(inbox) = &inbox {
        inbox::tell(inbox, output);
    }
    let mut report = CameraReport::start(stats_every, &running.handle)
        .map_err(|error| Failure::new("can't watch for signals", error))?;
    let mut service = Service::of_camera();
    service.ready(&running.handle);
    pairing.show(&running, output);
    if !pairing.is_shown() {
        listening::warn_of_empty_book(&book, has_http, place, output);
    }
    let mut knocks = Knocks::default();
    let mut machine = MachineReport::default();
    let mut deliveries = Deliveries::new(place, output, &Bars::default())?;
    loop {
        let due = [
            beside.due(),
            service.due(),
            machine.due(),
            http.due(),
            deliveries.due(),
        ];
        let event = running.next(due.into_iter().flatten().min());
        machine.on_time(&running.handle);
        http.on_time(&running.handle, output);
        beside.on_time(&book, &running.handle);
        service.on_time(&running.handle);
        deliveries.on_time(&running.handle);
        if let Some(Event::Notice(notice)) = &event {
            service.notice(notice);
            http.notice(notice, output);
            if deliveries.notice(notice) {
                continue;
            }
        }
        match event {
            Some(Event::Notice(Notice::Knock { key, address, name })) => {
                knocks.tell(&Knock { key, address, name }, place, output);
            }
            Some(Event::Notice(Notice::CameraStats(stats))) => {
                report.take(stats, &running.handle, output);
            }
            Some(Event::Notice(Notice::StatsWanted { on })) => machine.wanted(on),
            Some(Event::Notice(Notice::Pairing(id, notice))) => {
                pairing.notice(id, notice, place, &running, output);
            }
            Some(Event::Notice(notice)) => {
                beside.notice(&notice);
                report::tell(output, &notice);
                let verdict = failures_seen
                    .as_mut()
                    .and_then(|failures_seen| failures_seen.verdict(&notice));
                if let Some(failure) = verdict {
                    return Err(failure);
                }
            }
            Some(Event::Signal(Signal::Reload)) => {
                listening::reload(&running.handle, place, output);
                pairing.show(&running, output);
            }
            Some(Event::Signal(Signal::End)) => {
                service.stopping();
                output.say("ending", json!({"event": "ending"}));
                return Ok(());
            }
            Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
            Some(Event::Typed(_) | Event::Control(_)) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use transom::media::DeviceProblem;

    use super::*;

    fn device(problem: Option<DeviceProblem>) -> Device {
        Device {
            path: "/dev/null".into(),
            problem,
            ..Device::default()
        }
    }

    #[test]
    fn a_camera_that_is_given_up_is_not_said_to_be_waited_for() {
        let mut failures = CameraFailures::default();
        let text = "/dev/video0: not found; waiting until it is plugged in, or so".to_owned();
        let state = transom::CameraState::Lost;
        assert!(failures.verdict(&Notice::Camera { state, text }).is_none());
        let (failures_seen, retry) = (MAX_FAILURES, Retry::Never);
        let verdict = failures.verdict(&Notice::CameraFailed {
            failures: failures_seen,
            retry,
        });
        let told = verdict.unwrap().to_string();
        assert_eq!(told, "the camera is given up: /dev/video0: not found");
    }

    #[test]
    fn a_camera_that_would_give_no_pictures_is_reported_at_the_start() {
        let missing = Source::Device("/missing".into());
        let why = camera_problem(&missing, &[device(None)]);
        let said = "/missing: not found; plug it in, or choose one that `transom cameras` lists";
        assert_eq!(why.as_deref(), Some(said));
        let busy = "used by zoom; close it".to_owned();
        let busy = [device(Some(DeviceProblem::Failed(busy)))];
        for (source, said) in [
            (
                Source::Auto,
                "no device gives pictures; `transom cameras` says why of each",
            ),
            (
                Source::Device("/dev/null".into()),
                "/dev/null: used by zoom; close it",
            ),
        ] {
            assert_eq!(camera_problem(&source, &busy).as_deref(), Some(said));
            assert_eq!(camera_problem(&source, &[device(None)]), None);
        }
        let sensor = Device {
            driver: "unicam".into(),
            ..device(Some(DeviceProblem::RawSensor))
        };
        assert_eq!(camera_problem(&Source::Auto, &[sensor]), None);
        let none = camera_problem(&Source::Auto, &[]).unwrap_or_default();
        assert!(none.starts_with("no camera found; plug one in"), "{none}");
        assert_eq!(camera_problem(&Source::Pattern, &[]), None);
    }
}
