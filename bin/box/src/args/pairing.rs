//! Options of `pair`, and those that `send`, `receive` and `camera` have for pairing by a code.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use transom::PeerName;
use transom::people::{Address, Rights};

use super::Announcing;

#[derive(Args, Debug)]
pub(crate) struct Pair {
    /// What to call them in your contact book [default: what they call themselves]
    pub(crate) name: Option<PeerName>,
    /// Take the code that is shown at this address, instead of showing one
    #[arg(long, value_name = "HOST[:PORT]", value_parser = parse_address)]
    pub(crate) from: Option<Address>,
    /// What they may do here
    #[arg(long, value_name = "RIGHTS", default_value = "view,call,files", value_parser = parse_rights)]
    pub(crate) may: Rights,
    /// Where to wait, such as 192.168.1.20:7447; may be given twice [default: port 7447, all
    /// addresses]
    #[arg(long, value_name = "ADDRESS", value_parser = transom_place::listen_address, conflicts_with = "from")]
    pub(crate) listen: Vec<SocketAddr>,
    #[command(flatten)]
    pub(crate) announcing: Announcing,
    /// Print a new code for transom-pair.txt, and end
    #[arg(long, conflicts_with_all = ["name", "from", "listen"])]
    pub(crate) print: bool,
}

/// How a camera box is paired.
#[derive(Args, Debug)]
pub(crate) struct BoxPairing {
    /// Show a code; a user who types it may watch. It is printed on the console and in the log.
    /// Without a terminal, SIGHUP shows a new one after it has expired
    #[arg(long)]
    pub(crate) pair: bool,
    /// The rights of the user who types the code, such as view,hear,talk
    #[arg(long, value_name = "RIGHTS", default_value = "view", value_parser = parse_rights)]
    pub(crate) may: Rights,
    /// Look for transom-pair.txt here instead of on the boot partition; may be given again
    #[arg(long, value_name = "DIR")]
    pub(crate) boot: Vec<PathBuf>,
}

pub(super) fn parse_address(text: &str) -> Result<Address, String> {
    text.parse::<Address>().map_err(|error| error.to_string())
}

fn parse_rights(text: &str) -> Result<Rights, String> {
    text.parse::<Rights>().map_err(|error| error.to_string())
}

pub(super) const PAIR: &str = "\
Example:
  transom pair                   shows a code; type one that the other side shows instead
  transom pair --from 10.0.0.7   asks for the code that is shown there
  transom pair anna --may call,files

The code is asked for, or taken from TRANSOM_CODE; it is never an argument, since other users of
this machine could read it there.";
