//! Programs that read the stream: players, recorders and libraries.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::failure::{Context as _, Outcome};
use crate::packages;

use super::python::PYTHON;
use super::visit::{Carrier, TAKEN, Visit, changes, files_in};

/// Prints a hash of each decoded picture.
pub(super) fn ffmpeg(visit: &Visit<'_>) -> Outcome<usize> {
    let mut command = visit.command("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error"]);
    if let Some(header) = visit.header() {
        command.args(["-headers", &format!("{header}\r\n")]);
    }
    command.args(["-i", &visit.link("/stream"), "-frames:v", TAKEN]);
    command.args(["-fps_mode", "passthrough", "-f", "framemd5", "-"]);
    let output = visit.output(&mut command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let frames = text.lines().filter(|line| !line.starts_with('#'));
    Ok(changes(frames.filter_map(|line| line.rsplit(", ").next())))
}

pub(super) fn mpv(visit: &Visit<'_>) -> Outcome<usize> {
    let mut command = visit.command("mpv");
    command.args(["--no-config", "--no-audio", "--vo=image", "--untimed"]);
    command.args(["--really-quiet", &format!("--frames={TAKEN}")]);
    if let Some(header) = visit.header() {
        command.arg(format!("--http-header-fields={header}"));
    }
    visit.output(command.arg(visit.link("/stream")))?;
    Ok(changes(files_in(visit.folder(), ".jpg")))
}

pub(super) fn vlc(visit: &Visit<'_>) -> Outcome<usize> {
    let mut command = visit.command("vlc");
    if packages::is_root() {
        // VLC refuses to run as root.
        let all = Permissions::from_mode(0o777);
        fs::set_permissions(visit.folder(), all).context(visit.folder().display())?;
        command = visit.command("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "vlc"]);
    }
    command.args([
        "--intf=dummy",
        "--no-audio",
        "--vout=dummy",
        "--play-and-exit",
    ]);
    command.args([
        "--video-filter=scene",
        "--scene-format=jpg",
        "--scene-ratio=1",
    ]);
    command.arg("--scene-path").arg(visit.folder());
    command.args([&visit.link("/stream"), "vlc://quit"]);
    visit.watch(&mut command, || {
        (changes(files_in(visit.folder(), ".jpg")), false)
    })
}

pub(super) fn gstreamer(visit: &Visit<'_>) -> Outcome<usize> {
    let mut command = visit.command("gst-launch-1.0");
    command.args(["-q", "souphttpsrc"]);
    command.arg(format!("location={}", visit.link("/stream")));
    if let Carrier::Bearer = visit.carrier() {
        let token = visit.token();
        let headers = format!("headers,Authorization=\"Bearer\\ {token}\"");
        command.arg(format!("extra-headers={headers}"));
    }
    command.args(["!", "multipartdemux", "!", "jpegdec", "!", "identity"]);
    command.arg(format!("eos-after={TAKEN}"));
    command.args(["!", "multifilesink", "location=%05d.raw"]);
    visit.output(&mut command)?;
    Ok(changes(files_in(visit.folder(), ".raw")))
}

/// Prints a hash of each picture.
pub(super) fn opencv(visit: &Visit<'_>) -> Outcome<usize> {
    let mut command = visit.command(PYTHON);
    if let Some(header) = visit.header() {
        command.env("OPENCV_FFMPEG_CAPTURE_OPTIONS", format!("headers;{header}"));
    }
    command.args(["-c", OPENCV, &visit.link("/stream"), TAKEN]);
    let output = visit.output(&mut command)?;
    Ok(changes(String::from_utf8_lossy(&output.stdout).lines()))
}

const OPENCV: &str = "
import sys, hashlib, cv2
stream = cv2.VideoCapture(sys.argv[1])
for _ in range(int(sys.argv[2])):
    is_read, picture = stream.read()
    if not is_read:
        break
    print(hashlib.sha256(picture.tobytes()).hexdigest())
";

/// Without a camera it writes pictures that say so, and its log tells why.
pub(super) fn motion(visit: &Visit<'_>) -> Outcome<usize> {
    let folder = visit.folder().display();
    let camera = match visit.carrier() {
        Carrier::Basic => format!(
            "netcam_url {}\nnetcam_userpass x:{}",
            visit.bare_link("/stream"),
            visit.token()
        ),
        Carrier::Link | Carrier::Bearer => format!("netcam_url {}", visit.link("/stream")),
    };
    let file = visit.folder().join("motion.conf");
    let settings = format!("{MOTION}log_file {folder}/log\ntarget_dir {folder}\n{camera}\n");
    fs::write(&file, settings).context(file.display())?;
    let mut command = visit.command("motion");
    visit.watch(command.arg("-n").arg("-c").arg(&file), || {
        let log = fs::read_to_string(visit.folder().join("log")).unwrap_or_default();
        match log.contains("401 Unauthorized") {
            true => (0, true),
            false => (changes(files_in(visit.folder(), ".jpg")), false),
        }
    })
}

/// Writes each picture, as if there were always a motion in them.
const MOTION: &str = "\
setup_mode off
width 640
height 360
framerate 30
emulate_motion on
picture_output on
picture_filename %Y%m%d%H%M%S-%q
movie_output off
webcontrol_port 0
stream_port 0
log_level 5
";
