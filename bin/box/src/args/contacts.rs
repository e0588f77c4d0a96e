//! Options of the commands about keys and contacts: `id`, `users`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use transom::{PeerName, PublicKey};

#[derive(Args, Debug)]
pub(crate) struct Id {
    /// The name to suggest to others [default: this machine's]
    #[arg(long)]
    pub(crate) name: Option<PeerName>,
    /// Where your box takes connections, such as 192.168.1.20:8000, if not on port 7447 of all
    /// addresses
    #[arg(long, value_name = "ADDRESS", value_parser = transom_place::listen_address)]
    pub(crate) listen: Option<SocketAddr>,
    /// The same, if only the port differs
    #[arg(long, value_name = "N", conflicts_with = "listen", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Draw the line as a QR code too
    #[arg(long)]
    pub(crate) qr: bool,
}

#[cfg(feature = "discovery")]
#[derive(Args, Debug)]
pub(crate) struct Find {
    /// How many seconds to listen
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Users {
    #[command(subcommand)]
    pub(crate) what: Option<UsersCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// Check a contact book: print each bad line as FILE:LINE: what
    Check {
        /// [default: the contact book in use]
        file: Option<PathBuf>,
    },
    /// Append a contact to the book; nothing in it is changed
    Add {
        /// NAME HOST[:PORT] [key=ID] [may=view,hear,talk,call,files,auto] [#COMMENT]
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

pub(super) const ID: &str = "\
Example:
  transom id --name porch
  transom id --port 8000         for a box that runs with --listen 0.0.0.0:8000";
#[cfg(feature = "discovery")]
pub(super) const FIND: &str = "\
Example:
  transom find
  transom find --seconds 10 --json

All of it is what those stations say of themselves: a key is checked when you connect. No station is
dialed, and nothing is scanned.";
pub(super) const USERS: &str = "\
Example:
  transom users
  transom users add porch 192.168.1.20 may=view
  transom users check users/user_list.txt";
