//! The video nodes of this machine, with their stable names and, where a node can't be used, the
//! reason.

use std::fs;
use std::path::{Path, PathBuf};

use v4l::v4l_sys::{V4L2_CAP_STREAMING, V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE};

use super::modes::modes;
use crate::sys::video::{Identity, Node};
use crate::{CaptureRequest, Device};

/// Limit of nodes that are examined: more than any machine has.
const MAX_NODES: usize = 256;
/// Limit of modes that are listed for one device.
const MAX_MODES: usize = 100;
/// Where udev keeps stable names: by device, else by port, for identical devices without a serial
/// number.
const STABLE: [&str; 2] = ["/dev/v4l/by-id", "/dev/v4l/by-path"];

/// Every video node.
pub(crate) fn list() -> Vec<Device> {
    let Ok(entries) = fs::read_dir("/dev") else {
        return Vec::new();
    };
    let nodes = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_video(path));
    nodes.take(MAX_NODES).map(|path| describe(&path)).collect()
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
    let mut device = Device {
        path: path.to_owned(),
        stable: stable_name(path),
        ..Device::default()
    };
    let node = match Node::open(path) {
        Ok(node) => node,
        Err(why) => {
            let told = super::camera::refused(path, "open", why).to_string();
            // The list shows the path beside it.
            let bare = told.strip_prefix(&format!("{}: ", path.display()));
            device.problem = Some(bare.unwrap_or(&told).to_owned());
            return device;
        }
    };
    let identity = node.identity().unwrap_or_default();
    device.problem = problem(&identity);
    if device.problem.is_none() {
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
    device.name = identity.name;
    device.driver = identity.driver;
    device
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
            "it uses the multi-planar API of V4L2, which is not supported"
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
    fn only_video_nodes_are_looked_at() {
        assert!(is_video(Path::new("/dev/video0")) && is_video(Path::new("/dev/video63")));
        assert!(!is_video(Path::new("/dev/video")) && !is_video(Path::new("/dev/videoX")));
    }
}
