//! The command line: every command and option, with an example in each help. It knows no file and
//! no network.

mod calls;
mod contacts;
mod pairing;
#[cfg(feature = "http")]
mod passes;
mod transfers;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use transom::media::{CaptureRequest, Setting, Source};
use transom::{Announce, PeerName};
use transom_place::listen_address;

use crate::format::parse_size;
use crate::guests::Guests;
#[cfg(feature = "http")]
use crate::http::http_address;
use crate::pictures::PreferArgument;

use calls::{CALL, CAMERA, WATCH};
#[cfg(feature = "discovery")]
use contacts::FIND;
use contacts::{ID, USERS};
use pairing::PAIR;
#[cfg(feature = "http")]
use passes::PASS;
use transfers::{RECEIVE, SEND, SPOOL, TEXT};

pub(crate) use calls::{Call, Camera, Watch};
#[cfg(feature = "discovery")]
pub(crate) use contacts::Find;
pub(crate) use contacts::{Id, Users, UsersCommand};
pub(crate) use pairing::{BoxPairing, Pair};
#[cfg(feature = "http")]
pub(crate) use passes::{PassArguments, PassCommand};
pub(crate) use transfers::{Consent, Receive, Send, Spool, Text};

/// See who is there and pass things through: camera boxes, pictures and files on your own network.
#[derive(Debug, Parser)]
#[command(name = "transom", version, arg_required_else_help = true, after_help = START)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command, given before or after its name.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Common {
    /// Where the key and the pinned keys are [default: $TRANSOM_STATE, else ~/.local/state/transom]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// The contact book [default: $TRANSOM_USERS, else ~/.config/transom/user_list.txt; else
    /// users/user_list.txt, which lets nobody in]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) users: Option<PathBuf>,
    /// Print one JSON object a line on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Log what happens; given twice, also why. TRANSOM_LOG takes a filter such as
    /// transom_net=trace
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print no progress and no success: only what was asked for, received texts, and what failed
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Leave packets unmarked: by default pictures go as AF41 and files alone as LE (lower effort),
    /// which some networks drop
    #[arg(long, global = true)]
    pub(crate) no_marks: bool,
    /// Send everything in one queue, to measure what the priorities gain
    #[arg(long, global = true, hide = true)]
    pub(crate) measure_naive: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show your key, your addresses, and the line for other people's contact books
    #[command(after_help = ID)]
    Id(Id),
    /// Run a camera box
    #[command(after_help = CAMERA)]
    Camera(Box<Camera>),
    /// Call a contact, or wait for a call and answer it
    #[command(after_help = CALL)]
    Call(Call),
    /// Watch a camera box without a window
    #[command(after_help = WATCH)]
    Watch(Watch),
    /// Send files and folders
    #[command(after_help = SEND)]
    Send(Send),
    /// List what `transom send --spool` keeps for contacts who are away, or remove some of it
    #[command(after_help = SPOOL)]
    Spool(Spool),
    /// Take files and texts that are sent to you
    #[command(after_help = RECEIVE)]
    Receive(Receive),
    /// Add a contact by a code that one of you shows and the other types
    #[command(after_help = PAIR)]
    Pair(Pair),
    /// Send a line of text
    #[command(after_help = TEXT)]
    Text(Text),
    /// Show and check the contact book, and the keys learned on first use
    #[command(after_help = USERS)]
    Users(Users),
    /// Show, make and remove passes, by which browsers and other programs look at a camera box
    #[cfg(feature = "http")]
    #[command(after_help = PASS)]
    Pass(PassArguments),
    /// List the cameras with their modes and controls, or why each can't be used
    #[command(after_help = CAMERAS)]
    Cameras,
    /// List the microphones and loudspeakers: how to name each, or why it can't be used
    #[cfg(feature = "sound")]
    #[command(after_help = SOUNDS)]
    Sounds,
    /// List the stations nearby that announce themselves
    #[cfg(feature = "discovery")]
    #[command(after_help = FIND)]
    Find(Find),
    /// Find out what is wrong with the cameras and the station of this machine, and how to fix it
    #[command(after_help = DOCTOR)]
    Doctor(Doctor),
    /// Try everything on this machine: a box, a viewer and a file, with throw-away keys
    #[command(after_help = DEMO)]
    Demo(Demo),
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages
    #[cfg(feature = "manual")]
    #[command(hide = true)]
    Manual {
        /// The folder to write them into
        folder: PathBuf,
    },
}

/// The command that looks at what others would use.
#[cfg(feature = "config")]
pub(crate) const DOCTOR_COMMAND: &str = "doctor";
/// The command whose file it takes too.
#[cfg(feature = "config")]
pub(crate) const CAMERA_COMMAND: &str = "camera";

#[cfg(feature = "config")]
impl Command {
    /// The command's name and the file of `--config`, if one was given.
    pub(crate) fn config(&self) -> Option<(&'static str, &std::path::Path)> {
        match self {
            Self::Camera(camera) => Some((CAMERA_COMMAND, camera.config.as_deref()?)),
            Self::Receive(receive) => Some(("receive", receive.config.as_deref()?)),
            Self::Doctor(doctor) => Some((DOCTOR_COMMAND, doctor.config.as_deref()?)),
            _ => None,
        }
    }
}

/// Where to listen, for whom, under which name.
#[derive(Args, Debug)]
pub(crate) struct Listening {
    /// Where to take connections, such as 192.168.1.20:7447; may be given twice [default: port
    /// 7447, all addresses]
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    pub(crate) listen: Vec<SocketAddr>,
    /// What to call yourself [default: this machine's name]
    #[arg(long)]
    pub(crate) name: Option<PeerName>,
    /// Who may connect: known (the contact book) or NAME,…
    #[arg(long, value_name = "WHO", default_value = "known")]
    pub(crate) allow: Guests,
    #[command(flatten)]
    pub(crate) announcing: Announcing,
}

/// Whether to announce this station on the local network.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Announcing {
    /// Don't announce this station on the local network: by default mDNS announces its name, the
    /// fingerprint of its key, its port and what it does
    #[arg(long)]
    no_announce: bool,
}

impl From<Announcing> for Announce {
    fn from(announcing: Announcing) -> Self {
        match announcing.no_announce {
            true => Self::Never,
            false => Self::Always,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// How many seconds to watch
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,
}

/// The options of a box that matter for the diagnosis.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Look at what a camera box with that file would use, such as /etc/transom/box.toml
    #[cfg(feature = "config")]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The source to test, as for `transom camera`
    #[arg(long, default_value = "auto", value_parser = parse_source)]
    pub(crate) source: Source,
    /// Picture size, such as 1280x720
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub(crate) size: Option<(u16, u16)>,
    /// Pictures a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=240))]
    pub(crate) fps: Option<u32>,
    /// What to prefer where there is too little light: full rate or longer exposure
    #[arg(long, value_enum, default_value_t = PreferArgument::Fps)]
    pub(crate) prefer: PreferArgument,
    /// A control to be set, as for `transom camera`; may be given again
    #[arg(long = "control", value_name = "NAME=VALUE")]
    pub(crate) controls: Vec<Setting>,
    /// How many seconds to watch the pictures; 0 opens no camera
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=60))]
    pub(crate) seconds: u64,
    /// Where the station would take connections; may be given twice [default: port 7447, all
    /// addresses]
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    pub(crate) listen: Vec<SocketAddr>,
    /// Also look at the address of a box's HTTP door and at its passes, as for `transom camera`
    /// [default address: 127.0.0.1:8080]
    #[cfg(feature = "http")]
    #[arg(
        long,
        value_name = "ADDRESS",
        num_args = 0..=1,
        default_missing_value = "127.0.0.1:8080",
        value_parser = http_address
    )]
    pub(crate) http: Option<SocketAddr>,
    /// The door of the box needs no passes, as for `transom camera`
    #[cfg(feature = "http")]
    #[arg(long)]
    pub(crate) http_open: bool,
}

impl Doctor {
    /// The pictures that a box with these options would ask for.
    pub(crate) fn request(&self) -> CaptureRequest {
        CaptureRequest {
            source: self.source.clone(),
            size: self.size,
            fps: self.fps,
            prefer: self.prefer.into(),
            controls: self.controls.clone(),
            ..CaptureRequest::default()
        }
    }
}

fn parse_source(text: &str) -> Result<Source, String> {
    text.parse::<Source>().map_err(|error| error.to_string())
}

const START: &str = "\
Start here:
  transom demo                   try it on this machine
  transom pair                   add a contact by a code
  transom send --code FILE       send to a person who types a code at `transom receive`
  transom find                   who is nearby";
const CAMERAS: &str = "\
Example:
  transom cameras";
#[cfg(feature = "sound")]
const SOUNDS: &str = "\
Example:
  transom sounds
  transom camera --microphone auto --speaker auto";
const DOCTOR: &str = "\
Example:
  transom doctor
  transom doctor --source /dev/video2 --size 1920x1080 --seconds 10";
const DEMO: &str = "\
Example:
  transom demo --seconds 5";
const COMPLETIONS: &str = "\
Example:
  transom completions bash > ~/.local/share/bash-completion/completions/transom";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(std::iter::once("transom").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn common_options_stand_before_or_after_the_command() {
        for line in ["--json -vv --state /s id", "id --json -v -v --state /s"] {
            let arguments = parse(line).unwrap();
            assert!(arguments.common.json);
            assert_eq!(arguments.common.verbose, 2);
            assert_eq!(arguments.common.state, Some(PathBuf::from("/s")));
        }
        for line in [
            "--users /b users check",
            "users --users /b check",
            "users check --users /b",
        ] {
            let arguments = parse(line).unwrap();
            assert_eq!(arguments.common.users, Some(PathBuf::from("/b")), "{line}");
        }
    }

    #[test]
    fn every_help_has_an_example() {
        for command in Arguments::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(help.contains("Example:"), "{}", command.get_name());
        }
    }

    #[test]
    fn wrong_values_are_usage_errors() {
        let lines = [
            "camera --source nothing:like-that",
            "camera --size 1280",
            "camera --fps 0",
            "camera --quality 101",
            "camera --listen example.org:1",
            "camera --allow a,,b",
            "watch porch --http here",
            "watch porch --http --save porch.mkv",
            "watch porch --http --stats 5",
            "watch porch --frames 0",
            "send porch",
            "pair --may everything",
            "pair --print anna",
            "receive --from a:b:c",
            "send porch x --limit fast",
            "send --spool porch x --limit 2M",
            "send --spool --code porch x",
            "spool --remove it",
            "send porch x --on-collision explode",
            "users trust anna NOTAKEY",
            "call",
            "call porch --listen 127.0.0.1:0",
            "call porch --ring-seconds 0",
        ];
        for line in lines {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn watching_takes_a_dash_for_stdout() {
        let Command::Watch(watch) = parse("watch porch -").unwrap().command else {
            panic!("another command");
        };
        assert!(watch.has_stdout());
        assert_eq!(watch.boxes(), ["porch"]);
    }
}
