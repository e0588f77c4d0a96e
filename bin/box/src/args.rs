//! The command line: every command and option, with an example in each help. It knows no file and
//! no network.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use transom::media::Source;
use transom::{Collision, PeerName, PublicKey};

use crate::format::parse_bytes;
use crate::guests::Guests;
use crate::measure::{MeasureCamera, MeasureWatch};
use crate::pictures::Pictures;

/// See who is there and pass things through: camera boxes, pictures and files on your own network.
#[derive(Debug, Parser)]
#[command(name = "transom", version, arg_required_else_help = true, after_help = START)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes, before or after its name.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Common {
    /// Where the key and the pinned keys live [default: $TRANSOM_STATE, else
    /// ~/.local/state/transom]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// The contact book [default: $TRANSOM_USERS, else ~/.config/transom/user_list.txt, else
    /// users/user_list.txt]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) users: Option<PathBuf>,
    /// One JSON object a line on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Log what happens; twice: and why. TRANSOM_LOG takes a filter such as transom_net=trace
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say only results and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Leave packets unmarked: by default pictures go as AF41 and files alone as LE (lower effort),
    /// which some networks drop
    #[arg(long, global = true)]
    pub(crate) no_marks: bool,
    /// Send everything in one queue, to measure what our order is worth
    #[arg(long, global = true, hide = true)]
    pub(crate) measure_naive: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show your key, your addresses, and the line for somebody's contact book
    #[command(after_help = ID)]
    Id(Id),
    /// Be a camera box
    #[command(after_help = CAMERA)]
    Camera(Camera),
    /// Ring somebody, or wait for a call and take it
    #[command(after_help = CALL)]
    Call(Call),
    /// Watch a camera box without a window
    #[command(after_help = WATCH)]
    Watch(Watch),
    /// Send files and folders
    #[command(after_help = SEND)]
    Send(Send),
    /// Take files and texts that are sent to you
    #[command(after_help = RECEIVE)]
    Receive(Receive),
    /// Send a line of text
    #[command(after_help = TEXT)]
    Text(Text),
    /// Show and check the contact book, and the keys learned on first use
    #[command(after_help = USERS)]
    Users(Users),
    /// List the cameras: what each can do, or why it can't be used
    #[command(after_help = CAMERAS)]
    Cameras,
    /// Try it all on this machine: a box, a watcher and a file, with throw-away keys
    #[command(after_help = DEMO)]
    Demo(Demo),
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Id {
    /// The name to suggest to others [default: this machine's]
    #[arg(long)]
    pub(crate) name: Option<PeerName>,
    /// Where your box takes connections, such as 192.168.1.20:8000, if not on port 7447 of all
    /// addresses
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen)]
    pub(crate) listen: Option<SocketAddr>,
    /// The same where only the port is another
    #[arg(long, value_name = "N", conflicts_with = "listen", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Draw the line as a QR code too
    #[arg(long)]
    pub(crate) qr: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Camera {
    /// auto, /dev/videoN, /dev/v4l/by-id/NAME, pi, pattern, file:PATH, cmd:COMMAND or - (stdin)
    #[arg(long, default_value = "auto", value_parser = parse_source)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) pictures: Pictures,
    #[command(flatten)]
    pub(crate) door: Door,
    /// Most viewers at once; one key has at most half of the places
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) max_viewers: u16,
    /// Also take files, from those who may, into this folder; none that is there is replaced
    #[arg(long, value_name = "DIR")]
    pub(crate) inbox: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) measure: MeasureCamera,
}

#[derive(Args, Debug)]
pub(crate) struct Call {
    /// A contact's name, or HOST[:PORT]; with --answer the contact whose call to take [default:
    /// whoever may call]
    #[arg(required_unless_present = "answer")]
    pub(crate) peer: Option<String>,
    /// Wait for a call and take it, instead of ringing
    #[arg(long)]
    pub(crate) answer: bool,
    /// Where to wait, such as 192.168.1.20:7447; may be given twice [default: port 7447, all
    /// addresses]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen, requires = "answer")]
    pub(crate) listen: Vec<SocketAddr>,
    /// What to call yourself [default: this machine's name]
    #[arg(long)]
    pub(crate) name: Option<PeerName>,
    /// Show pictures: auto, /dev/videoN, /dev/v4l/by-id/NAME, pi, pattern, file:PATH, cmd:COMMAND
    /// or - (stdin) [default: none]
    #[arg(long, value_parser = parse_source)]
    pub(crate) source: Option<Source>,
    #[command(flatten)]
    pub(crate) pictures: Pictures,
    /// Hang up that many seconds after the call began
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) seconds: Option<u64>,
    /// Give up when nobody answers in that time, or with --answer, nobody rings [default: 45; with
    /// --answer: wait for ever]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) ring_seconds: Option<u64>,
}

/// Where to be found, by whom, under which name.
#[derive(Args, Debug)]
pub(crate) struct Door {
    /// Where to take connections, such as 192.168.1.20:7447; may be given twice [default: port
    /// 7447, all addresses]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen)]
    pub(crate) listen: Vec<SocketAddr>,
    /// What to call yourself [default: this machine's name]
    #[arg(long)]
    pub(crate) name: Option<PeerName>,
    /// Who may connect: known (the contact book) or NAME,…
    #[arg(long, value_name = "WHO", default_value = "known")]
    pub(crate) allow: Guests,
}

#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// A contact's name, or HOST[:PORT]
    pub(crate) peer: String,
    /// - writes the pictures to stdout as MJPEG, for ffplay, mpv or ffmpeg
    #[arg(value_name = "-", value_parser = ["-"])]
    pub(crate) stdout: Option<String>,
    /// One JSON object each second and one at the end
    ///
    /// latency_stages_ms has p50 and p99 of each stage that the pictures had (capture, encode,
    /// wait, wire) and of their total: each second over the last 5 s, at the end over all. Total
    /// and wire are right to plus or minus clock_error_ms; the other stages need no comparison of
    /// clocks.
    #[arg(long)]
    pub(crate) stats_json: bool,
    /// Save the pictures, unchanged, as FILE.mkv or FILE.mjpeg
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// Save the first picture; alone, end then
    #[arg(long, value_name = "FILE.jpg")]
    pub(crate) snapshot: Option<PathBuf>,
    /// End after that many pictures
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) frames: Option<u64>,
    /// End that many seconds after the first picture
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) seconds: Option<u64>,
    #[command(flatten)]
    pub(crate) measure: MeasureWatch,
}

#[derive(Args, Debug)]
pub(crate) struct Send {
    /// A contact's name, or HOST[:PORT]
    pub(crate) peer: String,
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Most bytes a second, such as 2M
    #[arg(long, value_name = "RATE", value_parser = parse_bytes)]
    pub(crate) limit: Option<u64>,
    /// What the receiver does where the name is taken
    #[arg(long, value_enum, default_value_t = CollisionArgument::Rename)]
    pub(crate) on_collision: CollisionArgument,
    /// How long to wait for a peer that was lost on the way
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=31_536_000))]
    pub(crate) wait: u64,
}

/// `Collision` of the wire, as clap lists it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CollisionArgument {
    /// Keep both: "name (1)"
    Rename,
    /// Keep the old one
    Skip,
    /// Replace the old one
    Overwrite,
}

impl From<CollisionArgument> for Collision {
    fn from(argument: CollisionArgument) -> Self {
        match argument {
            CollisionArgument::Rename => Self::Rename,
            CollisionArgument::Skip => Self::Skip,
            CollisionArgument::Overwrite => Self::Overwrite,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Receive {
    /// Where files go; made if missing
    #[arg(long, value_name = "DIR", default_value = "transom-inbox")]
    pub(crate) into: PathBuf,
    /// Whose files to take without asking: ask (nobody's), known (the contact book) or NAME,…
    #[arg(long, value_name = "WHOSE", default_value = "ask")]
    pub(crate) accept: Consent,
    /// Most bytes the inbox may hold, whoever sends them, such as 20G; each file and folder counts
    /// 4 KiB more, and room that an unfinished transfer does not use for a minute is given to
    /// others
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub(crate) quota: Option<u64>,
    /// Let files that are taken without asking replace those of the same name when their sender
    /// wants it; else both are kept
    #[arg(long)]
    pub(crate) allow_overwrite: bool,
    /// End when the first sender that sent something has gone, or has nothing more to send
    #[arg(long)]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) door: Door,
}

/// Whose files are taken without asking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Consent {
    Ask,
    Of(Guests),
}

impl std::str::FromStr for Consent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ask" => Ok(Self::Ask),
            others => others.parse().map(Self::Of),
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Text {
    /// A contact's name, or HOST[:PORT]
    pub(crate) peer: String,
    /// The text; several words become one line
    #[arg(required = true, value_name = "MESSAGE")]
    pub(crate) message: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Users {
    #[command(subcommand)]
    pub(crate) what: Option<UsersCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// Check a contact book: each bad line as FILE:LINE: what
    Check {
        /// [default: the contact book in use]
        file: Option<PathBuf>,
    },
    /// Append a contact to the book; nothing in it is changed
    Add {
        /// NAME HOST[:PORT] [key=ID] [may=view,call,files,auto] [#COMMENT]
        #[arg(required = true, value_name = "LINE")]
        line: Vec<String>,
    },
    /// Pin a key to a name, as if it had been learned on first use
    Trust {
        /// The contact's name
        name: PeerName,
        /// The key, as `transom id` prints it
        id: PublicKey,
    },
    /// Forget the key pinned to a name
    Forget {
        /// The contact's name
        name: PeerName,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// How long to watch
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,
}

fn parse_source(text: &str) -> Result<Source, String> {
    text.parse::<Source>().map_err(|error| error.to_string())
}

/// An address with a port, or without one for the default port.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = text.parse::<SocketAddr>().ok();
    with_port
        .or_else(|| {
            Some(SocketAddr::new(
                bare.parse().ok()?,
                transom::people::DEFAULT_PORT,
            ))
        })
        .ok_or_else(|| {
            "an IP address of this machine, with or without :PORT; 0.0.0.0 means all".into()
        })
}

const START: &str = "\
Start here:
  transom demo                   try it on this machine
  transom id                     your line for somebody's contact book
  transom users add NAME HOST    somebody in yours";
const ID: &str = "\
Example:
  transom id --name porch
  transom id --port 8000         for a box that runs with --listen 0.0.0.0:8000";
const CAMERA: &str = "\
Example:
  transom camera --source /dev/video0 --size 1280x720 --fps 30
  transom camera --source 'cmd:ffmpeg -loglevel error -re -i in.mp4 -f mjpeg -' --allow anna,ben";
const CALL: &str = "\
Example:
  transom call anna --source auto
  transom call anna --source 'file:bell.mjpeg' --ring-seconds 20 --seconds 60
  transom call --answer anna --source auto

Exit status 0 means: it was answered, and somebody hung up.";
const WATCH: &str = "\
Example:
  transom watch porch
  transom watch porch - | ffplay -loglevel error -f mjpeg -
  transom watch 192.168.1.20 --save porch.mkv --seconds 60";
const SEND: &str = "\
Example:
  transom send anna photos/ notes.txt --limit 10M

The same command again goes on where an earlier one ended. Exit status 0 means: all of it is on the
other side's disk and survives a power cut.";
const RECEIVE: &str = "\
Example:
  transom receive --into ~/inbox --accept anna,ben --quota 50G";
const TEXT: &str = "\
Example:
  transom text anna the parcel is here";
const USERS: &str = "\
Example:
  transom users
  transom users add porch 192.168.1.20 may=view
  transom users check users/user_list.txt";
const CAMERAS: &str = "\
Example:
  transom cameras";
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
            "watch porch elsewhere",
            "watch porch --frames 0",
            "send porch",
            "send porch x --limit fast",
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
    fn listen_takes_addresses_with_and_without_port() {
        assert_eq!(
            parse_listen("127.0.0.1:0"),
            Ok("127.0.0.1:0".parse().unwrap())
        );
        assert_eq!(
            parse_listen("10.0.0.1"),
            Ok("10.0.0.1:7447".parse().unwrap())
        );
        assert_eq!(parse_listen("[::1]:99"), Ok("[::1]:99".parse().unwrap()));
        assert_eq!(parse_listen("::1"), Ok("[::1]:7447".parse().unwrap()));
        assert_eq!(parse_listen("[::1]"), Ok("[::1]:7447".parse().unwrap()));
    }

    #[test]
    fn watching_takes_a_dash_for_stdout() {
        let Command::Watch(watch) = parse("watch porch -").unwrap().command else {
            panic!("another command");
        };
        assert_eq!(watch.stdout.as_deref(), Some("-"));
    }
}
