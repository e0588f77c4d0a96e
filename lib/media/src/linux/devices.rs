//! The video nodes of this machine, with stable names and with the reason why one can't be used.

use std::fs;
use std::path::{Path, PathBuf};

use v4l::v4l_sys::{V4L2_CAP_STREAMING, V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE};

use super::modes::modes;
use crate::sys::video::{Identity, Node};
use crate::{CaptureRequest, Device};

/// Nodes that are looked at; numbers above are free for use, but nobody has so many cameras.
const MAX_NODES: usize = 256;
/// Modes that are told of one device.
const MAX_MODES: usize = 100;
/// Where udev keeps names that stay: by what it is, else by where it is plugged in, for twins
/// without a serial number.
const STABLE: [&str; 2] = ["/dev/v4l/by-id", "/dev/v4l/by-path"];

/// Every video node.
pub(crate) fn list() -> Vec<Device> {
    nodes().map(|path| describe(&path)).collect()
}

/// What may be opened, without its modes and controls: each is looked at as its turn comes. The one
/// of that path comes last, and those behind it first.
pub(crate) fn candidates(last: Option<&Path>) -> impl Iterator<Item = Device> {
    let nodes = in_turn(nodes().collect(), last).into_iter();
    nodes.map(|path| look(&path).0)
}

fn in_turn(mut nodes: Vec<PathBuf>, last: Option<&Path>) -> Vec<PathBuf> {
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
    let (mut device, node) = look(path);
    if let Some(node) = node.filter(|_| device.problem.is_none()) {
        let modes = modes(&node, &CaptureRequest::default());
        device.modes = modes
            .iter()
            .take(MAX_MODES)
            .map(ToString::to_string)
            .collect();
        if modes.is_empty() {
            device.problem = Some("no picture format that can be used".to_owned());
        }
        device.controls = node.controls();
    }
    device
}

/// What a node is; the node itself if it can be opened.
fn look(path: &Path) -> (Device, Option<Node>) {
    let mut device = Device {
        path: path.to_owned(),
        stable: stable_name(path),
        ..Device::default()
    };
    let node = match Node::open(path) {
        Ok(node) => node,
        Err(why) => {
            let told = super::camera::refused(path, "open", why).to_string();
            // Whoever reads it has the path beside it.
            let bare = told.strip_prefix(&format!("{}: ", path.display()));
            device.problem = Some(bare.unwrap_or(&told).to_owned());
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
pub(crate) fn problem(identity: &Identity) -> Option<String> {
    let has = |capability| identity.capabilities & capability != 0;
    let why = match identity.driver.as_str() {
        "unicam" | "rp1-cfe" => {
            "it is the raw sensor of a ribbon cable camera; use the source `pi`"
        }
        "bcm2835-isp" | "bcm2835-codec" | "pispbe" | "rpivid" | "hevc_d" => {
            "it converts pictures, it takes none"
        }
        _ if has(V4L2_CAP_VIDEO_CAPTURE) && has(V4L2_CAP_STREAMING) => return None,
        _ if has(V4L2_CAP_VIDEO_CAPTURE_MPLANE) => {
            "it gives its planes apart, which is not supported"
        }
        _ if has(V4L2_CAP_VIDEO_CAPTURE) => "it can't stream",
        _ => "it takes no pictures; many cameras have a second node for their metadata",
    };
    Some(why.to_owned())
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

    fn told(driver: &str, capabilities: u32) -> Option<String> {
        problem(&Identity {
            driver: driver.to_owned(),
            name: String::new(),
            capabilities,
        })
    }

    #[test]
    fn nodes_that_are_no_cameras_are_told_apart() {
        let camera = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        assert_eq!(told("uvcvideo", camera), None);
        assert!(
            told("uvcvideo", V4L2_CAP_STREAMING)
                .unwrap()
                .contains("metadata")
        );
        assert!(told("unicam", camera).unwrap().contains("`pi`"));
        assert!(told("bcm2835-isp", camera).unwrap().contains("converts"));
        assert!(
            told("rkisp", V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING)
                .unwrap()
                .contains("planes")
        );
    }

    #[test]
    fn the_turn_begins_behind_the_one_that_comes_last() {
        let [a, b, c] = ["/dev/video0", "/dev/video2", "/dev/video4"].map(PathBuf::from);
        let nodes = vec![c.clone(), a.clone(), b.clone()];
        let turn = |last: Option<&Path>| in_turn(nodes.clone(), last);
        assert_eq!(turn(None), [a.clone(), b.clone(), c.clone()]);
        assert_eq!(turn(Some(&a)), [b.clone(), c.clone(), a.clone()]);
        assert_eq!(turn(Some(&c)), [a.clone(), b.clone(), c.clone()]);
        assert_eq!(turn(Some(Path::new("/dev/video9"))), [a, b, c]);
    }

    #[test]
    fn only_video_nodes_are_looked_at() {
        assert!(is_video(Path::new("/dev/video0")) && is_video(Path::new("/dev/video63")));
        assert!(!is_video(Path::new("/dev/video")) && !is_video(Path::new("/dev/videoX")));
    }
}
