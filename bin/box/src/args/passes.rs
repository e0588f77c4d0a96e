//! Options of `pass`.

use std::net::SocketAddr;

use clap::{Args, Subcommand};

use crate::http::links_address;

#[derive(Args, Debug)]
pub(crate) struct PassArguments {
    #[command(subcommand)]
    pub(crate) what: Option<PassCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PassCommand {
    /// Make a pass, and print its links: they are shown only once
    Add {
        /// The program or person that gets it, such as octoprint
        name: String,
        /// The address of `--http` [default: where it listened last, or 127.0.0.1:8080]
        #[arg(long, value_name = "ADDRESS", value_parser = links_address)]
        http: Option<SocketAddr>,
        /// Let it hear the microphone of the camera too (`transom camera --microphone`)
        #[arg(long)]
        sound: bool,
        /// Draw the link of the page as a QR code too; a terminal gets it by itself if other
        /// machines can reach the address
        #[arg(long)]
        qr: bool,
    },
    /// Remove a pass; what is shown by it ends
    Remove {
        /// Its name
        name: String,
    },
}

pub(super) const PASS: &str = "\
Example:
  transom pass                   the passes, and when each was last used
  transom pass add octoprint
  transom pass add phone --http 192.168.1.20 --sound --qr
  transom pass remove octoprint

A pass lets a browser or another program look at `transom camera --http` and `transom watch BOX… \
--http` of this user, with --sound listen too, and nothing else. Where that shows several boxes, \
each is below its name: /NAME/stream, /NAME/snapshot.";
