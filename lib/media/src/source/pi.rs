//! The ribbon cable camera of a Raspberry Pi, through the program that comes with its system.
//! Linking libcamera would tie us to one version of it.

use std::process::{Command, Stdio};

use super::command::drive;
use crate::{Camera, CameraError, CaptureRequest};

/// The program's present and former name.
const PROGRAMS: [&str; 2] = ["rpicam-vid", "libcamera-vid"];
const HINT: &str = "; install rpicam-apps";
const SIZE: (u16, u16) = (1280, 720);
pub(crate) const FPS: u32 = 30;

/// Starts the first of the programs that is installed.
pub(crate) fn open(request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
    let [present, former] = PROGRAMS;
    let camera = match drive("pi".to_owned(), command(present, request), HINT) {
        Err(CameraError::NotFound { .. }) => drive("pi".to_owned(), command(former, request), HINT),
        other => other,
    };
    Ok(Box::new(camera?))
}

fn command(program: &str, request: &CaptureRequest) -> Command {
    let (width, height) = request.size.unwrap_or(SIZE);
    let mut command = Command::new(program);
    // The program's last message says why it can't use the camera; it becomes part of the error.
    command.stderr(Stdio::piped());
    // Without `--flush` the tail of each picture waits in a buffer for the next; `-t 0` runs
    // without an end.
    command
        .args([
            "--nopreview",
            "--timeout",
            "0",
            "--verbose",
            "0",
            "--codec",
            "mjpeg",
            "--flush",
        ])
        .args([
            "--width",
            &width.to_string(),
            "--height",
            &height.to_string(),
        ])
        .args(["--framerate", &request.fps_or(FPS).to_string()])
        .args(["--quality", &request.quality.clamp(1, 100).to_string()])
        .args(["--output", "-"]);
    command
}
