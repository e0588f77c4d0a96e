//! The folder that received files go to, and how much it may take of its disk.

use std::path::Path;

use clap::Args;
use serde_json::json;
use transom::{InboxSettings, RoomLimits};
use transom_place::holds_home;

use crate::failure::Failure;
use crate::format::{bytes, parse_bytes};
use crate::output::Output;

/// How much an inbox may take of its disk.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct RoomOptions {
    /// Bytes of the inbox's disk to leave free for others, such as 10G [default: 256 MiB, or a
    /// twentieth of a small disk]
    #[arg(long, value_name = "BYTES", value_parser = parse_room)]
    keep_free: Option<u64>,
    /// Limit of the bytes in the inbox, from all senders, such as 20G. Each file and folder counts
    /// 4 KiB more. A transfer without room waits until there is some, such as after files were
    /// removed; room kept for one without progress is given to others after a minute
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    quota: Option<u64>,
    /// Limit of the bytes in the inbox from each sender
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    peer_quota: Option<u64>,
}

impl RoomOptions {
    pub(crate) fn limits(self) -> RoomLimits {
        RoomLimits {
            keep_free: self.keep_free,
            quota: self.quota,
            peer_quota: self.peer_quota,
        }
    }
}

/// Tells where received files go, and the limits that the owner set.
pub(crate) fn tell(inbox: &InboxSettings, output: &Output) {
    let into = inbox.into.display().to_string();
    let RoomLimits {
        keep_free,
        quota,
        peer_quota,
    } = inbox.room;
    let limits = [
        quota.map(|quota| format!("at most {} in all", bytes(quota))),
        peer_quota.map(|quota| format!("at most {} from each sender", bytes(quota))),
        keep_free.map(|room| format!("{} of the disk stay free", bytes(room))),
    ];
    let limits: Vec<_> = limits.into_iter().flatten().collect();
    let limits = match limits[..] {
        [] => String::new(),
        _ => format!(" ({})", limits.join(", ")),
    };
    output.say(
        format!("files go to {into}{limits}"),
        json!({"event": "inbox", "path": into, "quota": quota, "peer_quota": peer_quota,
               "keep_free": keep_free}),
    );
}

/// Bytes, of which there may be none.
fn parse_room(text: &str) -> Result<u64, String> {
    match text {
        "0" => Ok(0),
        text => parse_bytes(text),
    }
}

/// Refuses the user's home folder and all folders above it. A sender could put files there that
/// programs obey, such as `.ssh/authorized_keys`.
///
/// # Errors
/// The folder is one of these.
pub(crate) fn check(into: &Path) -> Result<(), Failure> {
    if !holds_home(into) {
        return Ok(());
    }
    Err(Failure::usage(
        format!("can't receive into {}", into.display()),
        "your home folder is there, and programs obey files in it",
    )
    .next("name a folder for received files only"))
}
