//! The video nodes of this machine, with their stable names and, where a node can't be used, the
//! reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use v4l::v4l_sys::{V4L2_CAP_STREAMING, V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE};

use super::modes::modes;
use crate::sys::video::{Identity, Node};
use crate::{CameraError, CaptureRequest, Device, DeviceProblem};

/// Limit of nodes that are examined: more than any machine has.
const MAX_NODES: usize = 256;
/// Limit of modes that are listed for one device.
const MAX_MODES: usize = 100;
/// How long a driver may take to answer. A suspended camera takes a fraction of a second to wake
/// up; a driver that hangs never answers.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// Where udev keeps stable names: by device, else by port, for identical devices without a serial
/// number.
const STABLE: [&str; 2] = ["/dev/v4l/by-id", "/dev/v4l/by-path"];

/// The nodes whose drivers have not answered yet. If a driver hangs, its thread stays in the
/// kernel. Such a node is not asked again meanwhile, so there is at most one such thread for each
/// node.
static ASKED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Every video node.
pub(crate) fn list() -> Vec<Device> {
    ask_all(nodes(), describe, ANSWER_TIME)
}

/// The devices that [`Source::Auto`](crate::Source::Auto) tries, without their modes and controls.
/// Each is examined when the iterator reaches it. The order is that of the paths, starting after
/// `last`, which comes last.
pub(crate) fn candidates(last: Option<&Path>) -> impl Iterator<Item = Device> {
    let nodes = rotated(nodes().collect(), last).into_iter();
    nodes.flat_map(|path| ask_all([path].into_iter(), examine, ANSWER_TIME))
}

fn rotated(mut nodes: Vec<PathBuf>, last: Option<&Path>) -> Vec<PathBuf> {
    nodes.sort();
    let place = nodes.iter().position(|node| Some(node.as_path()) == last);
    nodes.rotate_left(place.map_or(0, |place| place + 1));
    nodes
}

fn nodes() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir("/dev").into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| is_video(path)).take(MAX_NODES)
}

/// Asks each node on a thread of its own, and waits at most for `timeout` for all of them.
fn ask_all(
    nodes: impl Iterator<Item = PathBuf>,
    ask: fn(&Path) -> Device,
    timeout: Duration,
) -> Vec<Device> {
    let (sender, answers) = channel();
    let mut waiting = BTreeSet::new();
    for path in nodes {
        waiting.insert(path.clone());
        ask_one(path, ask, sender.clone());
    }
    drop(sender);
    let (until, mut devices) = (Instant::now() + timeout, Vec::new());
    while let Ok(device) = answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
        waiting.remove(&device.path);
        devices.push(device);
    }
    devices.extend(waiting.into_iter().map(|path| Device {
        problem: Some(DeviceProblem::Silent),
        path,
        ..Device::default()
    }));
    devices
}

fn ask_one(path: PathBuf, ask: fn(&Path) -> Device, answer: Sender<Device>) {
    let asked = || ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    if !asked().insert(path.clone()) {
        return;
    }
    let node = path.clone();
    let started = thread::Builder::new()
        .name("list".to_owned())
        .spawn(move || {
            let device = ask(&node);
            asked().remove(&node);
            // Fails if the answer comes after the timeout.
            let _ = answer.send(device);
        });
    if let Err(why) = started {
        log::warn!("{} can't be asked: {why}", path.display());
        asked().remove(&path);
    }
}

fn is_video(path: &Path) -> bool {
    let number = path
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.strip_prefix("video"));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn describe(path: &Path) -> Device {
    let (mut device, node) = open(path);
    if let Some(node) = node.filter(|_| device.problem.is_none()) {
        let modes = modes(&node, &CaptureRequest::default());
        device.modes = modes
            .iter()
            .take(MAX_MODES)
            .map(ToString::to_string)
            .collect();
        if modes.is_empty() {
            device.problem = Some(DeviceProblem::NoFormat);
        }
        device.controls = node.controls();
    }
    device
}

/// What a node is, without its modes and controls.
fn examine(path: &Path) -> Device {
    open(path).0
}

/// What a node is, and the open node.
fn open(path: &Path) -> (Device, Option<Node>) {
    let mut device = Device {
        path: path.to_owned(),
        stable: stable_name(path),
        ..Device::default()
    };
    let node = match Node::open(path) {
        Ok(node) => node,
        Err(why) => {
            let refused = super::camera::refused(path, "open", why);
            let told = refused.to_string();
            // The list shows the path beside it.
            let bare = told.strip_prefix(&format!("{}: ", path.display()));
            let bare = bare.unwrap_or(&told).to_owned();
            device.problem = Some(match refused {
                CameraError::Denied { .. } => DeviceProblem::Denied(bare),
                _ => DeviceProblem::Failed(bare),
            });
            return (device, None);
        }
    };
    let identity = node.identity().unwrap_or_default();
    device.problem = problem(&identity);
    device.name = identity.name;
    device.driver = identity.driver;
    (device, Some(node))
}

/// Why a node is no camera for us.
pub(crate) fn problem(identity: &Identity) -> Option<DeviceProblem> {
    let has = |capability| identity.capabilities & capability != 0;
    Some(match identity.driver.as_str() {
        "unicam" | "rp1-cfe" => DeviceProblem::RawSensor,
        "bcm2835-isp" | "bcm2835-codec" | "pispbe" | "rpivid" | "hevc_d" => {
            DeviceProblem::Converter
        }
        _ if has(V4L2_CAP_VIDEO_CAPTURE) && has(V4L2_CAP_STREAMING) => return None,
        _ if has(V4L2_CAP_VIDEO_CAPTURE_MPLANE) => DeviceProblem::MultiPlanar,
        _ if has(V4L2_CAP_VIDEO_CAPTURE) => DeviceProblem::NoStreaming,
        _ => DeviceProblem::NoCapture,
    })
}

fn stable_name(path: &Path) -> Option<PathBuf> {
    STABLE.iter().find_map(|folder| {
        let mut names: Vec<_> = fs::read_dir(folder)
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        names.sort();
        names
            .into_iter()
            .find(|name| fs::canonicalize(name).is_ok_and(|target| target == path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(driver: &str, capabilities: u32) -> Option<DeviceProblem> {
        problem(&Identity {
            driver: driver.to_owned(),
            name: String::new(),
            capabilities,
        })
    }

    #[test]
    fn nodes_that_are_no_cameras_are_told_apart() {
        let camera = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        let planes = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING;
        for (driver, capabilities, wanted) in [
            ("uvcvideo", camera, None),
            (
                "uvcvideo",
                V4L2_CAP_STREAMING,
                Some(DeviceProblem::NoCapture),
            ),
            ("unicam", camera, Some(DeviceProblem::RawSensor)),
            ("bcm2835-isp", camera, Some(DeviceProblem::Converter)),
            ("rkisp", planes, Some(DeviceProblem::MultiPlanar)),
            (
                "old",
                V4L2_CAP_VIDEO_CAPTURE,
                Some(DeviceProblem::NoStreaming),
            ),
        ] {
            assert_eq!(of(driver, capabilities), wanted, "{driver}");
        }
    }

    #[test]
    fn a_driver_that_hangs_delays_no_other_and_is_asked_once() {
        static LET_GO: Mutex<()> = Mutex::new(());
        fn ask(path: &Path) -> Device {
            if path.ends_with("hangs") {
                drop(LET_GO.lock());
            }
            Device {
                path: path.to_owned(),
                ..Device::default()
            }
        }
        let held = LET_GO.lock().unwrap();
        let list = |timeout| {
            let nodes = ["/test/hangs", "/test/answers"].map(PathBuf::from);
            let devices = ask_all(nodes.into_iter(), ask, timeout);
            let told = |device: Device| (device.path.ends_with("hangs"), device.problem);
            devices.into_iter().map(told).collect::<Vec<_>>()
        };
        let silent = Some(DeviceProblem::Silent);
        // Waiting for the node that hangs takes the whole timeout; the other one answers within it.
        let timeout = Duration::from_millis(500);
        assert_eq!(list(timeout), [(false, None), (true, silent.clone())]);
        // Now the node that hangs is not asked, so there is nothing to wait for.
        let long = Duration::from_secs(600);
        assert_eq!(list(long), [(false, None), (true, silent)]);
        drop(held);
        let both = || list(long).iter().all(|(_, problem)| problem.is_none());
        let until = Instant::now() + Duration::from_secs(60);
        while !both() {
            assert!(Instant::now() < until, "it is not asked again");
        }
    }

    #[test]
    fn the_order_of_candidates_starts_after_the_last_one() {
        let [a, b, c] = ["/dev/video0", "/dev/video2", "/dev/video4"].map(PathBuf::from);
        let nodes = vec![c.clone(), a.clone(), b.clone()];
        let order = |last: Option<&Path>| rotated(nodes.clone(), last);
        assert_eq!(order(None), [a.clone(), b.clone(), c.clone()]);
        assert_eq!(order(Some(&a)), [b.clone(), c.clone(), a.clone()]);
        assert_eq!(order(Some(&c)), [a.clone(), b.clone(), c.clone()]);
        assert_eq!(order(Some(Path::new("/dev/video9"))), [a, b, c]);
    }

    #[test]
    fn only_video_nodes_are_looked_at() {
        assert!(is_video(Path::new("/dev/video0")) && is_video(Path::new("/dev/video63")));
        assert!(!is_video(Path::new("/dev/video")) && !is_video(Path::new("/dev/videoX")));
    }
}
