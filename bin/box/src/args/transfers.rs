//! Options of the commands that move files and texts: `send`, `receive`, `text`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use transom::Collision;
use transom::people::Address;

use super::pairing::parse_address;
use super::{Announcing, Listening};
use crate::format::parse_bytes;
use crate::guests::Guests;
use crate::inbox::RoomOptions;

#[derive(Args, Debug)]
pub(crate) struct Send {
    /// A contact's name, or HOST[:PORT]; with --code the first path
    #[arg(required_unless_present = "code")]
    pub(crate) peer: Option<OsString>,
    /// Files and folders
    #[arg(required_unless_present = "code", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Keep a copy for a contact who may be away, and end: a `transom camera` or `transom receive`
    /// that runs with the same key sends it once they are there
    #[arg(
        long,
        conflicts_with_all = ["code", "follow", "limit", "remember", "skip_special", "wait"]
    )]
    pub(crate) spool: bool,
    /// Show a code, and send to the user who types it after `transom receive` or in the window
    #[arg(long)]
    pub(crate) code: bool,
    /// Make them a contact too
    #[arg(long, requires = "code")]
    pub(crate) remember: bool,
    /// Where to wait with --code, such as 192.168.1.20:7447 [default: port 7447, all addresses]
    #[arg(long, value_name = "ADDRESS", value_parser = transom_place::listen_address, requires = "code")]
    pub(crate) listen: Vec<SocketAddr>,
    #[command(flatten)]
    pub(crate) announcing: Announcing,
    /// Limit of bytes a second, such as 2M
    #[arg(long, value_name = "RATE", value_parser = parse_bytes)]
    pub(crate) limit: Option<u64>,
    /// Send a file while another program writes to it; Ctrl-C ends it with what the file has then
    #[arg(long)]
    pub(crate) follow: bool,
    /// End a file that is followed once it has not grown for so many seconds
    #[arg(long, value_name = "SECONDS", requires = "follow", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) until_idle: Option<u64>,
    /// What the receiver does if the name is taken
    #[arg(long, value_enum, default_value_t = CollisionArgument::Rename)]
    pub(crate) on_collision: CollisionArgument,
    /// Don't call it a failure that links, devices, pipes and sockets in folders are left out
    #[arg(long)]
    pub(crate) skip_special: bool,
    /// How many seconds to wait for a lost peer to come back
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
    /// Take options from this TOML file, such as accept = "known"; the command line overrides it
    #[cfg(feature = "config")]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder for the files, created if missing; not the home folder or one above it
    #[arg(long, value_name = "DIR", default_value = "transom-inbox")]
    pub(crate) into: PathBuf,
    /// Whose files to take without asking: ask (always ask), known (the contact book) or NAME,…
    #[arg(long, value_name = "WHOSE", default_value = "ask")]
    pub(crate) accept: Consent,
    #[command(flatten)]
    pub(crate) room: RoomOptions,
    /// Let files that are taken without asking overwrite files of the same name if the sender wants
    /// that; otherwise both are kept
    #[arg(long)]
    pub(crate) allow_overwrite: bool,
    /// End when the first sender has gone, or has nothing more to send
    #[arg(long)]
    pub(crate) once: bool,
    /// Take one sender's files by the code that `transom send --code` shows at this address; the
    /// code is asked for
    #[arg(long, value_name = "HOST[:PORT]", value_parser = parse_address)]
    pub(crate) from: Option<Address>,
    /// Make a sender whose code was typed a contact too
    #[arg(long)]
    pub(crate) remember: bool,
    #[command(flatten)]
    pub(crate) listening: Listening,
}

#[derive(Args, Debug)]
pub(crate) struct Spool {
    /// Remove the item with this number; if it is on its way, its transfer is cancelled
    #[arg(long, value_name = "NUMBER")]
    pub(crate) remove: Option<u32>,
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

pub(super) const SEND: &str = "\
Example:
  transom send anna photos/ notes.txt --limit 10M
  transom send --code photos/    to a person who is no contact: shows a code, which they type after
                                 `transom receive`
  transom send anna --follow film.mkv    while it is recorded, until Ctrl-C
  transom send --spool anna clip.mkv   ends at once; sent when anna is there

Keys while it runs: p pauses and goes on, c and then y cancels, + and - change the rate limit.
Without a terminal SIGUSR1 pauses and goes on. The bar says what limits the rate: a disk, the
network, or the rate limit of one of the sides.

A file that is followed may only grow, though its beginning may be rewritten: at the end all of it is
compared once. Ctrl-C sends the rest and ends; a second one stops at once. It fails if the file is
cut short or replaced.

The same command again resumes where an earlier one ended; after a cancel it begins anew. Exit
status 0 means: all of it is on the other side's disk and survives a power cut.";
pub(super) const SPOOL: &str = "\
Example:
  transom send --spool anna clip.mkv   keeps a copy for anna
  transom spool                  what is kept, for whom, and why it was not taken
  transom spool --remove 7

The copies are in the state folder. A `transom camera` or `transom receive` that runs with the same
key sends each to its contact once they are connected or found, one at a time, and removes it when
it is safe on their disk. What they refuse stays, and is tried again when they are connected again,
first after ten seconds and at last once an hour. It holds 1,000 items, and leaves 256 MiB of the
disk free or a twentieth of a small one.";
pub(super) const RECEIVE: &str = "\
Example:
  transom receive                asks for each offer; or type the code of a `transom send --code`
  transom receive --from 10.0.0.7   the same if it is not found by itself; ends afterwards
  transom receive --into ~/inbox --accept anna,ben --quota 50G

Keys while files come: p pauses and goes on, c and then y cancels, + and - change the rate limit of
each transfer. Where offers are asked about, type p, +, - or twice c as lines. Without a terminal
SIGUSR1 pauses and goes on.

It also delivers what `transom send --spool` keeps for contacts, unless it ends with --once.

A code is asked for, or taken from TRANSOM_CODE; it is never an argument, since other users of this
machine could read it there.";
pub(super) const TEXT: &str = "\
Example:
  transom text anna the parcel is here";
