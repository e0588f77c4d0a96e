//! Findings about the cameras without starting a stream.

use transom::media::{Device, DeviceProblem, Prefer, Setting, Source};

use super::Finding;

/// The facts about one device.
#[derive(Clone, Debug, Default)]
pub(crate) struct CameraFacts {
    pub(crate) device: Device,
    /// The speed of its USB port, in Mbit/s.
    pub(crate) usb_speed: Option<u32>,
    /// The program that has it open.
    pub(crate) holder: Option<String>,
}

/// The user's request.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) source: Source,
    pub(crate) size: Option<(u16, u16)>,
    pub(crate) prefer: Prefer,
    pub(crate) controls: Vec<Setting>,
}

impl Wanted {
    /// Whether it may be this device that is to give the pictures.
    fn asks_for(&self, device: &Device) -> bool {
        match &self.source {
            Source::Auto => true,
            Source::Device(asked) => asked.canonicalize().is_ok_and(|asked| asked == device.path),
            _ => false,
        }
    }
}

/// The size that is requested if the user names none.
const SIZE: (u16, u16) = (1280, 720);
/// The control by which a camera may lower its rate in little light.
const LOW_LIGHT: &str = "exposure_dynamic_framerate";
pub(crate) const SUBJECT: &str = "camera";

/// Bytes a second that a USB port can carry for a camera: three packets of 1024 bytes in each of
/// 8000 microframes at 480 Mbit/s, one of 1023 bytes in each of 1000 frames at 12 Mbit/s. Faster
/// ports do not limit raw pictures of usual sizes.
fn usb_room(speed: u32) -> Option<u32> {
    match speed {
        0..=12 => Some(1_023_000),
        13..=480 => Some(3 * 1024 * 8000),
        _ => None,
    }
}

/// Frames a second of 4:2:2 pictures that such a port can carry.
fn raw_rate(speed: u32, (width, height): (u16, u16)) -> Option<u32> {
    let frame = u32::from(width) * u32::from(height) * 2;
    usb_room(speed)?.checked_div(frame)
}

/// The findings about all cameras.
pub(crate) fn findings(cameras: &[CameraFacts], wanted: &Wanted) -> Vec<Finding> {
    let mut findings: Vec<_> = cameras
        .iter()
        .flat_map(|camera| of_device(camera, wanted))
        .collect();
    let is_usable = |camera: &CameraFacts| camera.device.problem.is_none() || camera.device.is_pi();
    match &wanted.source {
        Source::Auto if !cameras.iter().any(is_usable) => {
            let text = match cameras {
                [] => "this machine has no camera",
                _ => "no device of this machine gives pictures",
            };
            findings.push(Finding::broken(
                SUBJECT,
                text,
                "plug one in; without a camera: transom camera --source pattern",
            ));
        }
        Source::Device(path) if !path.exists() => {
            let text = format!("{} is not there", path.display());
            let mend = "plug it in, or choose one that `transom cameras` lists";
            findings.push(Finding::broken(SUBJECT, text, mend));
        }
        _ => {}
    }
    findings
}

fn of_device(camera: &CameraFacts, wanted: &Wanted) -> Vec<Finding> {
    let device = &camera.device;
    let path = device.path.display();
    if device.is_pi() {
        let text = format!("{path} is the raw sensor of a ribbon cable camera");
        return match wanted.source {
            Source::Device(_) => vec![Finding::broken(SUBJECT, text, "use --source pi")],
            _ => vec![Finding::good(
                SUBJECT,
                format!("{text}, used by --source pi"),
            )],
        };
    }
    match &device.problem {
        None => of_camera(camera, wanted),
        Some(problem) => vec![of_problem(camera, problem, wanted)],
    }
}

/// The finding about a device that can't be used. It is only a hint if the user didn't ask for it.
fn of_problem(camera: &CameraFacts, problem: &DeviceProblem, wanted: &Wanted) -> Finding {
    let path = camera.device.path.display();
    let text = format!("{path}: {problem}");
    let wrong = |mend: &str| match wanted.asks_for(&camera.device) {
        true => Finding::broken(SUBJECT, &text, mend),
        false => Finding::hint(SUBJECT, &text, mend),
    };
    match problem {
        // Nodes for metadata and for converters are normal.
        DeviceProblem::NoCapture | DeviceProblem::Converter => Finding::good(SUBJECT, text),
        DeviceProblem::MultiPlanar => Finding::hint(
            SUBJECT,
            text,
            format!(
                "let a program convert: --source \"cmd:gst-launch-1.0 -q v4l2src device={path} ! \
                 videoconvert ! jpegenc ! fdsink\""
            ),
        ),
        DeviceProblem::Denied(_) => wrong("sudo usermod -aG video $USER, then log in again"),
        DeviceProblem::Silent => wrong("see also: sudo dmesg | tail"),
        _ => match held(camera) {
            Some(held) => held,
            None => wrong("plug it in again, at another port or without a hub; sudo dmesg | tail"),
        },
    }
}

/// Findings about a device that gives pictures.
fn of_camera(camera: &CameraFacts, wanted: &Wanted) -> Vec<Finding> {
    let device = &camera.device;
    let path = device.path.display();
    let mut findings = vec![held(camera).unwrap_or_else(|| {
        let port = camera.usb_speed;
        let port = port.map_or_else(String::new, |speed| format!(", USB at {speed} Mbit/s"));
        Finding::good(SUBJECT, format!("{path} {}{port}", device.name))
    })];
    let size = wanted.size.unwrap_or(SIZE);
    let rate = camera
        .usb_speed
        .filter(|_| !device.sends_jpeg())
        .and_then(|speed| raw_rate(speed, size));
    match camera.usb_speed {
        Some(speed @ ..=12) => findings.push(Finding::hint(
            SUBJECT,
            format!("{path} is connected at {speed} Mbit/s only"),
            "use another port or cable, without a hub",
        )),
        Some(speed) if rate.is_some_and(|rate| rate < SMOOTH) => {
            let (width, height) = size;
            findings.push(Finding::hint(
                SUBJECT,
                format!(
                    "{path} sends raw pictures only: about {} fps at {width}x{height} over USB at \
                     {speed} Mbit/s",
                    rate.unwrap_or_default()
                ),
                "ask for a smaller --size, or use a camera that sends MJPG",
            ));
        }
        _ => {}
    }
    if wanted.asks_for(device) {
        let refused = { wanted.controls.iter() }.filter_map(|control| device.check(control).err());
        findings.extend(refused.map(|why| {
            let mend = "`transom cameras` lists the controls and what each takes";
            Finding::broken(SUBJECT, format!("{path}: {why}"), mend)
        }));
    }
    let lowers = |name| {
        let control = device.controls.iter().find(|control| control.name == name);
        control.is_some_and(|control| control.value == Some(1))
    };
    if wanted.prefer == Prefer::Light && lowers(LOW_LIGHT) {
        findings.push(Finding::hint(
            SUBJECT,
            format!("{path} lowers its rate in little light"),
            "use --prefer fps for full rate and darker pictures",
        ));
    }
    findings
}

/// Below this rate motion is not smooth.
const SMOOTH: u32 = 20;

/// The finding about a camera that another program has open, which is then not probed.
pub(crate) fn held(camera: &CameraFacts) -> Option<Finding> {
    let holder = camera.holder.as_ref()?;
    let path = camera.device.path.display();
    let text = format!("{path} is used by {holder}, so it was not tested");
    Some(match holder.starts_with("transom") {
        true => Finding::good(SUBJECT, text),
        false => Finding::hint(SUBJECT, text, "close that program if a box is to use it"),
    })
}

/// The finding about a camera that a program of another user has open, perhaps this station.
pub(crate) fn perhaps_held(device: &str, station: &str) -> Finding {
    Finding::hint(
        SUBJECT,
        format!(
            "{device} is used by a program of another user, perhaps {station}; it was not tested"
        ),
        format!("sudo fuser -v {device} names it"),
    )
}

#[cfg(test)]
mod tests {
    use transom::media::Control;

    use super::super::Level::{self, Broken, Good, Hint};
    use super::*;

    fn camera(modes: &[&str], usb_speed: Option<u32>) -> CameraFacts {
        CameraFacts {
            device: Device {
                path: "/dev/video0".into(),
                name: "HD Webcam".to_owned(),
                driver: "uvcvideo".to_owned(),
                modes: modes.iter().map(|mode| (*mode).to_owned()).collect(),
                ..Device::default()
            },
            usb_speed,
            ..CameraFacts::default()
        }
    }

    fn auto() -> Wanted {
        Wanted {
            source: Source::Auto,
            size: None,
            prefer: Prefer::Fps,
            controls: Vec::new(),
        }
    }

    fn levels(camera: &CameraFacts, wanted: &Wanted) -> Vec<Level> {
        let findings = findings(std::slice::from_ref(camera), wanted);
        findings.iter().map(|finding| finding.level).collect()
    }

    fn last(camera: CameraFacts, wanted: &Wanted) -> String {
        findings(&[camera], wanted).pop().unwrap().human()
    }

    #[test]
    fn a_machine_without_a_camera_needs_one_unless_it_shows_something_else() {
        assert_eq!(findings(&[], &auto())[0].level, Broken);
        let pattern = Wanted {
            source: Source::Pattern,
            ..auto()
        };
        assert_eq!(findings(&[], &pattern), []);
        let missing = Wanted {
            source: Source::Device("/missing".into()),
            ..auto()
        };
        assert!(findings(&[], &missing)[0].human().contains("is not there"));
    }

    #[test]
    fn raw_pictures_over_a_slow_port_are_few() {
        let raw = |speed| camera(&["YUYV 1280x720 10 fps"], speed);
        let told = last(raw(Some(480)), &auto());
        assert!(told.contains("about 13 fps at 1280x720"), "{told}");
        let small = Wanted {
            size: Some((640, 480)),
            ..auto()
        };
        assert_eq!(levels(&raw(Some(480)), &small), [Good], "40 fps");
        assert_eq!(levels(&raw(Some(5000)), &auto()), [Good]);
        assert_eq!(levels(&raw(None), &auto()), [Good]);
        let both = ["YUYV 640x480 30 fps", "MJPG 1280x720 30 fps"];
        assert_eq!(levels(&camera(&both, Some(480)), &auto()), [Good]);
        assert_eq!(levels(&camera(&both, Some(12)), &auto()), [Good, Hint]);
    }

    #[test]
    fn a_device_that_cannot_be_used_is_reported_with_its_fix() {
        let with = |problem, driver: &str| {
            let mut facts = camera(&[], None);
            facts.device.path = "/dev/null".into();
            facts.device.problem = Some(problem);
            facts.device.driver = driver.to_owned();
            facts
        };
        let sensor = with(DeviceProblem::RawSensor, "unicam");
        assert_eq!(levels(&sensor, &auto()), [Good]);
        let named = Wanted {
            source: Source::Device("/dev/null".into()),
            ..auto()
        };
        assert!(last(sensor, &named).ends_with("use --source pi"));
        let planes = with(DeviceProblem::MultiPlanar, "rkisp");
        assert_eq!(levels(&planes, &auto()), [Hint, Broken]);
        let metadata = with(DeviceProblem::NoCapture, "uvcvideo");
        assert_eq!(levels(&metadata, &named), [Good]);
        let denied = with(DeviceProblem::Denied("permission denied".to_owned()), "");
        let told = findings(&[denied], &named)[0].human();
        assert!(
            told.starts_with("broken") && told.contains("usermod -aG video"),
            "{told}"
        );
        let other = Wanted {
            source: Source::Device("/dev/zero".into()),
            ..auto()
        };
        for problem in [
            DeviceProblem::Silent,
            DeviceProblem::Failed("open: Input/output error".to_owned()),
            DeviceProblem::NoFormat,
        ] {
            let facts = with(problem, "");
            assert_eq!(levels(&facts, &named), [Broken]);
            assert_eq!(levels(&facts, &other), [Hint], "nobody asks for it");
        }
    }

    #[test]
    fn a_control_that_the_camera_does_not_have_is_reported() {
        let wanted = Wanted {
            controls: vec!["zoom=3".parse().unwrap()],
            ..auto()
        };
        let camera = camera(&["MJPG 640x480"], None);
        assert_eq!(levels(&camera, &wanted), [Good, Broken]);
        assert!(last(camera, &wanted).contains("zoom"));
    }

    #[test]
    fn a_camera_in_use_is_reported_with_its_user() {
        let held = |holder: &str| CameraFacts {
            holder: Some(holder.to_owned()),
            ..camera(&["MJPG 640x480"], None)
        };
        assert_eq!(levels(&held("transom (12)"), &auto()), [Good]);
        assert_eq!(levels(&held("zoom (12)"), &auto()), [Hint]);
    }

    #[test]
    fn a_rate_that_follows_the_light_is_reported_if_it_was_requested() {
        let mut facts = camera(&["MJPG 640x480"], None);
        let mut control = Control::default();
        (control.name, control.value) = (LOW_LIGHT.to_owned(), Some(1));
        facts.device.controls.push(control);
        let light = Wanted {
            prefer: Prefer::Light,
            ..auto()
        };
        assert_eq!(levels(&facts, &auto()), [Good]);
        assert_eq!(levels(&facts, &light), [Good, Hint]);
    }
}
