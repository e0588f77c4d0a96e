//! Options of the commands that send or show pictures: `camera`, `call`, `watch`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use transom::PeerName;
use transom::media::Source;

use super::{Announcing, BoxPairing, Listening, parse_source};
use crate::http::{BridgeOptions, HttpOptions};
use crate::inbox::RoomOptions;
use crate::measure::{MeasureCall, MeasureCamera, MeasureWatch};
use crate::pictures::Pictures;
use crate::sound::{HearingOptions, SoundOptions};

#[derive(Args, Debug)]
pub(crate) struct Camera {
    /// Take options from this TOML file, such as fps = 30; the command line overrides it
    #[cfg(feature = "config")]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// auto, /dev/videoN, /dev/v4l/by-id/NAME, pi, pattern, file:PATH, cmd:COMMAND or - (stdin)
    #[arg(long, default_value = "auto", value_parser = parse_source)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) pictures: Pictures,
    #[command(flatten)]
    pub(crate) sound: SoundOptions,
    #[command(flatten)]
    pub(crate) listening: Listening,
    #[command(flatten)]
    pub(crate) http: HttpOptions,
    /// Exit with an error if the camera still fails after it was opened again and, where that can
    /// help, its USB device was reset: for containers and service managers, which start the box
    /// again
    #[arg(long)]
    pub(crate) exit_on_camera_error: bool,
    /// Print statistics of the camera and of each viewer every so many seconds; SIGUSR1 prints them
    /// once
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) stats: Option<u64>,
    /// Limit of viewers at once; one key can have at most half of them
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) max_viewers: u16,
    /// Also take files into this folder, from contacts with the right to send; existing files are
    /// never overwritten
    #[arg(long, value_name = "DIR")]
    pub(crate) inbox: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) room: RoomOptions,
    #[command(flatten)]
    pub(crate) pairing: BoxPairing,
    #[command(flatten)]
    pub(crate) measure: MeasureCamera,
}

#[derive(Args, Debug)]
pub(crate) struct Call {
    /// A contact's name, or HOST[:PORT]; with --answer the contact whose call to answer [default:
    /// any contact with the right to call]
    #[arg(required_unless_present = "answer")]
    pub(crate) peer: Option<String>,
    /// Wait for a call and take it, instead of ringing
    #[arg(long)]
    pub(crate) answer: bool,
    /// Where to wait, such as 192.168.1.20:7447; may be given twice [default: port 7447, all
    /// addresses]
    #[arg(long, value_name = "ADDRESS", value_parser = transom_place::listen_address, requires = "answer")]
    pub(crate) listen: Vec<SocketAddr>,
    /// What to call yourself [default: this machine's name]
    #[arg(long)]
    pub(crate) name: Option<PeerName>,
    #[command(flatten)]
    pub(crate) announcing: Announcing,
    /// Show pictures: auto, /dev/videoN, /dev/v4l/by-id/NAME, pi, pattern, file:PATH, cmd:COMMAND
    /// or - (stdin) [default: none]
    #[arg(long, value_parser = parse_source)]
    pub(crate) source: Option<Source>,
    #[command(flatten)]
    pub(crate) pictures: Pictures,
    #[command(flatten)]
    pub(crate) sound: SoundOptions,
    /// Hang up so many seconds after the call began
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) seconds: Option<u64>,
    /// Give up if nobody answers, or with --answer nobody calls, for so many seconds [default: 45;
    /// with --answer: wait for ever]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) ring_seconds: Option<u64>,
    #[command(flatten)]
    pub(crate) measure: MeasureCall,
}

#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// A contact's name, or HOST[:PORT]; with --http several. A - behind it writes the pictures to
    /// stdout as MJPEG, for ffplay, mpv or ffmpeg
    #[arg(required = true, value_name = "BOX")]
    boxes: Vec<String>,
    #[command(flatten)]
    pub(crate) bridge: BridgeOptions,
    /// Print one JSON object each second and one at the end
    ///
    /// latency_stages_ms has p50 and p99 of each stage that the pictures passed (capture, encode,
    /// wait, wire) and of their total: each second over the last 5 s, at the end over all. Total
    /// and wire are exact to plus or minus clock_error_ms; the other stages don't depend on the
    /// clocks of both machines.
    #[arg(long)]
    pub(crate) stats_json: bool,
    /// Also print statistics of the far camera and its machine every so many seconds
    ///
    /// As transom camera --stats prints them, but of the viewers only this one. With JSON they are
    /// the event camera_stats, each second unless this says otherwise. A program older than these
    /// statistics tells none.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) stats: Option<u64>,
    /// Save the pictures, unchanged, as FILE.mkv or FILE.mjpeg
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// Save the first picture; without other options, end then
    #[arg(long, value_name = "FILE.jpg")]
    pub(crate) snapshot: Option<PathBuf>,
    /// End after so many pictures
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) frames: Option<u64>,
    /// End so many seconds after the first picture
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) seconds: Option<u64>,
    /// Fail when no picture comes for so many seconds, as for a snapshot by cron [default: wait]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) timeout: Option<u64>,
    #[command(flatten)]
    pub(crate) hearing: HearingOptions,
    #[command(flatten)]
    pub(crate) measure: MeasureWatch,
}

impl Watch {
    /// What to watch.
    pub(crate) fn boxes(&self) -> &[String] {
        let boxes = self.boxes.strip_suffix(&["-".to_owned()]);
        boxes.unwrap_or(&self.boxes)
    }

    /// Whether the pictures go to stdout.
    pub(crate) fn has_stdout(&self) -> bool {
        self.boxes().len() < self.boxes.len()
    }
}

pub(super) const CAMERA: &str = "\
Example:
  transom camera --source /dev/video0 --size 1280x720 --fps 30
  transom camera --pair          shows a code; who types it in the window may watch
  transom camera --source 'cmd:ffmpeg -loglevel error -re -i in.mp4 -f mjpeg -' --allow anna,ben

It also delivers what `transom send --spool` keeps for contacts.";
pub(super) const CALL: &str = "\
Example:
  transom call anna --source auto
  transom call anna --source 'file:bell.mjpeg' --ring-seconds 20 --seconds 60
  transom call --answer anna --source auto

Exit status 0 means: it was answered, and somebody hung up.";
pub(super) const WATCH: &str = "\
Example:
  transom watch porch
  transom watch porch - | ffplay -fflags nobuffer -vf setpts=0 -f mjpeg -
  transom watch 192.168.1.20 --save porch.mkv --seconds 60
  transom watch porch yard --http          both in a browser, or in a program such as go2rtc";
