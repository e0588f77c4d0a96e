//! The fake V4L2 camera of `tests/preload/fake_camera.c`, for the box and for ustreamer alike.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::children::Background;
use crate::failure::Outcome;
use crate::sandbox::Sandbox;
use crate::step;
use crate::workspace;

/// The library that a program preloads.
pub(super) struct FakeCamera(PathBuf);

/// What the camera gives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Mjpg,
    Yuyv,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mjpg => "MJPG",
            Self::Yuyv => "YUYV",
        }
    }
}

/// A camera that gives the same picture all the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    pub kind: Kind,
    pub size: (usize, usize),
    /// The file with the picture.
    pub picture: &'a Path,
}

impl FakeCamera {
    pub(super) const DEVICE: &str = "/dev/video0";
    /// Pictures a second.
    pub(super) const FPS: u32 = 30;

    /// Builds the library.
    pub(super) fn new(sandbox: &Sandbox) -> Outcome<Self> {
        let library = sandbox.path("fake_camera.so");
        let source = workspace::root().join("tests/preload/fake_camera.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O2", "-o"])
            .arg(&library)
            .arg(source);
        step::run("building the fake camera", &mut cc)?;
        Ok(Self(library))
    }

    /// The environment variables of a program that is to have the camera.
    pub(super) fn preload(&self, scene: Scene<'_>) -> [(&'static str, String); 2] {
        let (kind, (width, height)) = (scene.kind.name(), scene.size);
        let (device, fps, file) = (Self::DEVICE, Self::FPS, scene.picture.display());
        [
            (
                "FAKE_CAMERA",
                format!("{device} {width} {height} {fps} {kind} {file}"),
            ),
            ("LD_PRELOAD", self.0.display().to_string()),
        ]
    }

    /// Starts ustreamer on the camera, which gives out JPEG as it comes and encodes YUYV.
    pub(super) fn ustreamer(&self, scene: Scene<'_>, port: u16) -> Outcome<Background> {
        let (width, height) = scene.size;
        let mut command = Command::new("ustreamer");
        command.args(["--device", Self::DEVICE]);
        command.args(["--resolution", &format!("{width}x{height}")]);
        command.args(["--port", &port.to_string(), "--quality", "80"]);
        command.arg("--tcp-nodelay");
        command.args(match scene.kind {
            Kind::Mjpg => ["--format", "MJPEG", "--encoder", "HW"],
            Kind::Yuyv => ["--format", "YUYV", "--encoder", "CPU"],
        });
        command.envs(self.preload(scene)).stderr(Stdio::null());
        Background::start(&mut command)
    }
}
