//! A short test of a source: how many pictures it gives, how many of them are bad, and why there
//! are not more.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use transom::latency::Spread;
use transom::media::{
    self, CameraError, CaptureRequest, Counts, Encoder, ImageError, Prefer, Waiter,
};

use super::Finding;
use super::cameras::SUBJECT;

/// The measurement of a source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measurement {
    /// In words, as `MJPG 1280x720 30 fps of HD Webcam`.
    pub(crate) what: String,
    /// Pictures a second as agreed with the device, 0 where nothing is agreed.
    pub(crate) agreed: u32,
    /// Whether each picture is encoded by this machine.
    pub(crate) encodes: bool,
    /// Whether most frames are imperfect, and are shown all the same.
    pub(crate) shows_damaged: bool,
    /// Pictures a second that were asked for.
    pub(crate) wanted_fps: Option<u32>,
    /// How long no frame had come at the end.
    pub(crate) silence: Duration,
    /// The frames in `time`.
    pub(crate) counts: Counts,
    pub(crate) time: Duration,
    /// What was wrong with the last unusable frame.
    pub(crate) fault: Option<ImageError>,
    /// How long encoding took.
    pub(crate) encoding: Option<Spread>,
}

/// The result of a test.
#[derive(Debug)]
pub(crate) enum Probe {
    Measured(Measurement),
    Failed(CameraError),
    /// It did not open, or gave no answer, for so long.
    Hangs(Duration),
}

/// How long a source may take to open, as for a box.
const OPENING: Duration = Duration::from_secs(10);
/// How long the first picture may take after that.
const FIRST_PICTURE: Duration = Duration::from_secs(5);
/// How long closing the device may take.
const CLOSING: Duration = Duration::from_secs(2);
/// The first pictures of many cameras are late, or damaged.
const WARM_UP: Duration = Duration::from_millis(500);

/// Tests a source for `time`, on a thread of its own: if a driver hangs, only that thread hangs.
pub(crate) fn probe(request: &CaptureRequest, time: Duration) -> Probe {
    media::prepare(request);
    let failed = |why| {
        let device = request.source_name();
        let step = "start the test";
        Probe::Failed(CameraError::Io { device, step, why })
    };
    let (hold, waiter) = match Waiter::new() {
        Ok(pair) => pair,
        Err(why) => return failed(why),
    };
    let (opened, is_open) = channel();
    let (ended, end) = channel();
    let wanted = request.clone();
    let thread = Builder::new().name("probe".into()).spawn(move || {
        let seen = watch(&wanted, &waiter, time, || {
            // The doctor may have given up.
            let _ = opened.send(());
        });
        let _ = ended.send(seen);
    });
    if let Err(why) = thread {
        return failed(why);
    }
    if is_open.recv_timeout(OPENING) == Err(RecvTimeoutError::Timeout) {
        return Probe::Hangs(OPENING);
    }
    let result = end
        .recv_timeout(FIRST_PICTURE + WARM_UP + time)
        .or_else(|_| {
            drop(hold);
            end.recv_timeout(CLOSING)
        });
    match result {
        Ok(Ok(seen)) => Probe::Measured(seen),
        Ok(Err(error)) => Probe::Failed(error),
        Err(_) => Probe::Hangs(OPENING + FIRST_PICTURE),
    }
}

/// Reads a source until the time is over or the wait is ended.
fn watch(
    request: &CaptureRequest,
    waiter: &Waiter,
    time: Duration,
    opened: impl FnOnce(),
) -> Result<Measurement, CameraError> {
    let mut camera = media::open(request)?;
    opened();
    let mut encoder = Encoder::new(request.quality, request.size);
    let mut encoding = Vec::new();
    let mut first = None;
    let mut start: Option<(Instant, Counts)> = None;
    let (mut last, mut came) = (Instant::now(), camera.format().counts);
    loop {
        waiter.wait(&*camera);
        if !waiter.is_held() {
            break;
        }
        let picture = camera.newest(Some(&mut encoder))?;
        let (now, counts) = (Instant::now(), camera.format().counts);
        if counts != came {
            (last, came) = (now, counts);
        }
        let took = picture.map(|picture| picture.ready.duration_since(picture.acquired));
        if counts.good > 0 {
            first.get_or_insert(now);
        }
        match start {
            None if first.is_some_and(|first| now >= first + WARM_UP) => {
                start = Some((now, counts));
            }
            Some((since, _)) if now >= since + time => break,
            Some(_) if encoding.len() < MAX_TIMES => encoding.extend(took),
            _ => {}
        }
    }
    let format = camera.format();
    let (since, before) = start.unwrap_or((Instant::now(), Counts::default()));
    Ok(Measurement {
        what: format.what.to_string(),
        agreed: format.fps,
        encodes: format.encodes,
        shows_damaged: format.shows_damaged,
        wanted_fps: request.fps,
        silence: last.elapsed(),
        counts: format.counts.since(&before),
        time: since.elapsed(),
        fault: format.fault.clone(),
        encoding: Spread::of(&mut encoding).filter(|spread| !spread.p50.is_zero()),
    })
}

/// Limit of encoding times: a file or a pipe may give any number of pictures.
const MAX_TIMES: usize = 10_000;

/// The findings of a test of the source of this name. `prefer` is what the camera was set to.
pub(crate) fn findings(probe: &Probe, source: &str, prefer: Prefer) -> Vec<Finding> {
    match probe {
        Probe::Measured(seen) => of_pictures(seen, prefer),
        Probe::Failed(error) => vec![of_error(error)],
        Probe::Hangs(time) => vec![Finding::broken(
            SUBJECT,
            format!("{source} has not answered for {} s", time.as_secs()),
            "unplug the camera, or restart this machine",
        )],
    }
}

/// The text of a camera's error says what to do after a semicolon.
fn of_error(error: &CameraError) -> Finding {
    let told = error.to_string();
    let (text, mend) = told
        .split_once("; ")
        .unwrap_or((&told, "`transom cameras` lists what there is"));
    let text = match std::error::Error::source(error) {
        Some(why) => format!("{text}: {why}"),
        None => text.to_owned(),
    };
    match error {
        // A camera in use by a box works.
        CameraError::Busy { by: Some(by), .. } if by.starts_with("transom") => {
            Finding::good(SUBJECT, format!("it is used by {by}, so it was not tested"))
        }
        _ => Finding::broken(SUBJECT, text, mend),
    }
}

fn of_pictures(seen: &Measurement, prefer: Prefer) -> Vec<Finding> {
    let counts = seen.counts;
    let came = counts.good + counts.bad();
    let what = &seen.what;
    if counts.good == 0 || seen.time.is_zero() {
        let why = seen.fault.as_ref();
        let why = why.map_or_else(String::new, |fault| format!(": {fault}"));
        let mend = match came {
            0 => "try another cable or USB port; check whether a cover or a switch is closed",
            _ => "try another cable or USB port, or a smaller --size",
        };
        let text = format!("{what} gave no picture that can be used{why}");
        return vec![Finding::broken(SUBJECT, text, mend)];
    }
    let rate = |count: u64| count as f64 / seen.time.as_secs_f64();
    let share = |count: u64| count as f64 / (came + counts.skipped) as f64;
    if seen.silence > SILENCE {
        let text = format!(
            "{what} stopped: no frame came in the last {:.0} s",
            seen.silence.as_secs_f64()
        );
        let mend = "a box opens it again by itself; try another cable or USB port, without a hub";
        return vec![Finding::broken(SUBJECT, text, mend)];
    }
    let mut findings = Vec::new();
    if seen.shows_damaged {
        let text = "most of its frames are damaged or cut short; they are shown all the same";
        let mend = "try another cable or USB port, without a hub, or a smaller --size";
        findings.push(Finding::hint(SUBJECT, text, mend));
    }
    if share(counts.bad()) > BAD {
        let reasons = [
            (counts.damaged, "marked as damaged"),
            (counts.unusable, "no usable JPEG"),
            (counts.too_large, "too large"),
        ];
        let reasons = reasons.iter().filter(|(count, _)| *count > 0);
        let reasons: Vec<_> = reasons
            .map(|(count, reason)| format!("{count} {reason}"))
            .collect();
        findings.push(Finding::hint(
            SUBJECT,
            format!(
                "{:.0} % of the pictures are bad: {}",
                share(counts.bad()) * 100.0,
                reasons.join(", ")
            ),
            match counts.too_large == counts.bad() {
                true => "ask for a smaller --size",
                false => "try another cable or USB port, without a hub, or a smaller --size",
            },
        ));
    }
    if share(counts.skipped) > BAD {
        let text = format!(
            "{:.0} % of the pictures never came: the camera or the USB bus skips them",
            share(counts.skipped) * 100.0
        );
        let mend = "use another port, without a hub, or ask for a smaller --size or --fps";
        findings.push(Finding::hint(SUBJECT, text, mend));
    }
    if share(counts.stale) > BAD
        && let Some(encoding) = seen.encoding
    {
        let text = format!(
            "this machine is too slow for {:.0} fps: encoding a picture takes {:.0} ms",
            rate(came),
            encoding.p50.as_secs_f64() * 1000.0
        );
        let mend = "ask for a smaller --size, or use a camera that sends MJPG";
        findings.push(Finding::hint(SUBJECT, text, mend));
    }
    let sent = rate(came + counts.skipped);
    if seen.agreed > 0 && sent < f64::from(seen.agreed) * SLOW {
        let text = format!(
            "the camera takes {sent:.1} fps where {} are agreed: usually too little light",
            seen.agreed
        );
        let mend = match prefer {
            Prefer::Light => "more light, or --prefer fps for darker pictures at the full rate",
            // The camera was asked already not to lower its rate.
            Prefer::Fps => "more light, or a shorter exposure by --control",
        };
        findings.push(Finding::hint(SUBJECT, text, mend));
    } else if seen.encodes && (1..SMOOTH).contains(&seen.agreed) {
        let text = format!("{what}: raw pictures are that few");
        let mend = "ask for a smaller --size, or use a camera that sends MJPG";
        findings.push(Finding::hint(SUBJECT, text, mend));
    }
    let enough = f64::from(seen.wanted_fps.unwrap_or(FEW)) * SLOW;
    if seen.agreed == 0 && sent < enough {
        let text = format!("{what}: {sent:.1} fps are few");
        let mend = "look what its program says and how fast it is";
        findings.push(Finding::hint(SUBJECT, text, mend));
    }
    let agreed = match seen.agreed {
        0 => String::new(),
        fps => format!(" of {fps} agreed"),
    };
    let usable = rate(counts.good - counts.stale.min(counts.good));
    let mended = match counts.mended {
        0 => String::new(),
        mended => format!(", {mended} repaired"),
    };
    findings.insert(
        0,
        Finding::good(
            SUBJECT,
            format!(
                "{what} gives {usable:.1} fps{agreed}, {} bad, {} skipped{mended}",
                counts.bad(),
                counts.skipped
            ),
        ),
    );
    findings
}

/// The fraction of pictures that may be lost without a finding.
const BAD: f64 = 0.03;
/// Below this fraction of the agreed rate a camera counts as slow. In the dark many cameras halve
/// their rate.
const SLOW: f64 = 0.75;
/// Silence after which a box closes a camera too.
const SILENCE: Duration = Duration::from_secs(2);
/// Pictures a second that are few where none were asked for.
const FEW: u32 = 5;
/// Below this rate motion is not smooth.
const SMOOTH: u32 = 20;

#[cfg(test)]
mod tests {
    use transom::media::Source;

    use super::super::Level::{self, Broken, Good, Hint};
    use super::*;

    /// Three seconds of a camera at 30 fps of which so many pictures came.
    fn seen(good: u64) -> Measurement {
        Measurement {
            what: "MJPG 1280x720 30 fps of HD Webcam".to_owned(),
            agreed: 30,
            counts: Counts {
                good,
                ..Counts::default()
            },
            time: Duration::from_secs(3),
            ..Measurement::default()
        }
    }

    fn told(seen: Measurement) -> Vec<String> {
        let findings = findings(&Probe::Measured(seen), "auto", Prefer::Light);
        findings.iter().map(Finding::human).collect()
    }

    fn levels(seen: Measurement) -> Vec<Level> {
        let findings = findings(&Probe::Measured(seen), "auto", Prefer::Light);
        findings.iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn a_camera_at_its_agreed_rate_is_good() {
        let line = "good    camera     MJPG 1280x720 30 fps of HD Webcam gives 30.0 fps of 30 \
                    agreed, 0 bad, 0 skipped";
        assert_eq!(told(seen(90)), [line]);
    }

    #[test]
    fn half_of_the_rate_is_too_little_light() {
        let told = told(seen(45));
        assert!(told[0].contains("15.0 fps of 30 agreed"), "{told:?}");
        assert!(told[1].contains("too little light"), "{told:?}");
        assert!(told[1].ends_with("--prefer fps for darker pictures at the full rate"));
        let already = findings(&Probe::Measured(seen(45)), "auto", Prefer::Fps);
        assert!(!already[1].human().contains("--prefer"), "{already:?}");
    }

    #[test]
    fn lost_pictures_are_reported_by_reason_and_not_as_little_light() {
        let mut bad = seen(45);
        (bad.counts.damaged, bad.counts.unusable) = (40, 5);
        let told = told(bad);
        let reason = "50 % of the pictures are bad: 40 marked as damaged, 5 no usable JPEG";
        assert!(told.len() == 2 && told[1].contains(reason), "{told:?}");
        let mut skipped = seen(45);
        skipped.counts.skipped = 45;
        assert_eq!(levels(skipped), [Good, Hint]);
    }

    #[test]
    fn a_camera_that_stopped_is_broken_and_damaged_or_few_frames_are_a_hint() {
        let stopped = Measurement {
            silence: Duration::from_secs(6),
            ..seen(45)
        };
        assert_eq!(levels(stopped.clone()), [Broken]);
        assert!(told(stopped)[0].contains("no frame came in the last 6 s"));
        let damaged = Measurement {
            shows_damaged: true,
            ..seen(90)
        };
        assert_eq!(levels(damaged), [Good, Hint]);
        let of_program = |good, wanted_fps| Measurement {
            agreed: 0,
            wanted_fps,
            ..seen(good)
        };
        assert_eq!(levels(of_program(3, None)), [Good, Hint]);
        assert_eq!(levels(of_program(30, None)), [Good]);
        assert_eq!(levels(of_program(30, Some(25))), [Good, Hint]);
    }

    #[test]
    fn a_machine_that_encodes_too_slowly_is_reported() {
        let mut slow = seen(90);
        slow.counts.stale = 45;
        slow.encodes = true;
        let time = Duration::from_millis(60);
        slow.encoding = Some(Spread {
            p50: time,
            p99: time,
        });
        let told = told(slow);
        assert!(told[0].contains("gives 15.0 fps of 30"), "{told:?}");
        assert!(
            told[1].contains("encoding a picture takes 60 ms"),
            "{told:?}"
        );
    }

    #[test]
    fn raw_pictures_are_few_by_agreement() {
        let raw = Measurement {
            agreed: 10,
            encodes: true,
            ..seen(30)
        };
        assert_eq!(levels(raw), [Good, Hint]);
    }

    #[test]
    fn no_picture_at_all_is_broken() {
        assert_eq!(levels(seen(0)), [Broken]);
        let mut damaged = seen(0);
        (damaged.counts.damaged, damaged.fault) = (90, Some(ImageError::Flagged));
        assert!(told(damaged)[0].contains("the driver marks it as damaged"));
    }

    #[test]
    fn errors_are_reported_with_their_fix() {
        let device = || "/dev/video0".to_owned();
        let finding = of_error(&CameraError::Bandwidth { device: device() });
        assert_eq!(finding.level, Broken);
        assert!(finding.human().contains("USB bus: ask for a smaller"));
        let busy = |by: &str| CameraError::Busy {
            device: device(),
            by: Some(by.to_owned()),
        };
        assert_eq!(of_error(&busy("transom (7)")).level, Good);
        assert_eq!(of_error(&busy("zoom (7)")).level, Broken);
    }

    #[test]
    fn the_test_pattern_has_its_rate() {
        let request = CaptureRequest {
            source: Source::Pattern,
            size: Some((64, 48)),
            fps: Some(50),
            ..CaptureRequest::default()
        };
        let Probe::Measured(seen) = probe(&request, Duration::from_millis(200)) else {
            panic!("no measurement");
        };
        assert_eq!((seen.agreed, seen.counts.bad()), (50, 0));
        assert!(seen.counts.good > 0 && seen.time >= Duration::from_millis(200));
        let missing = CaptureRequest {
            source: Source::Device("/missing".into()),
            ..CaptureRequest::default()
        };
        let ended = probe(&missing, Duration::from_secs(9));
        assert!(matches!(ended, Probe::Failed(CameraError::NotFound { .. })));
    }
}
