//! What a panic costs. It is the only place that says so.
//!
//! | panic | costs |
//! |---|---|
//! | in the codec, on a peer's or camera's picture | that picture, see [`transom_media::guard`] |
//! | in the crate `mdns-sd`, on a packet of the local network | discovery, for ten minutes |
//! | anywhere else, on whatever thread | the program, at once |
//!
//! A panic is a bug of ours. A station whose loop, disk or camera thread is gone would look alive
//! and do nothing; a program that ended is started again by its service manager or its user.

use std::panic::{set_hook, take_hook};
use std::thread;

/// As the crate `mdns-sd` names its thread.
const MDNS_THREAD: &str = "mDNS_daemon";

/// Makes every panic of this program end it, but for those on a picture and on a packet of mDNS.
/// Programs call it first; it also counts for the threads of others. The program has to be built with
/// `panic = "unwind"`, else a bad picture ends it as well.
pub fn abort_on_panic() {
    let print = take_hook();
    set_hook(Box::new(move |panic| {
        if transom_media::is_guarded() {
            // A peer may send such pictures all the time.
            return log::debug!("on a picture: {panic}");
        }
        if thread::current().name() == Some(MDNS_THREAD) {
            // Its thread ends, and ours notices.
            return log::error!("mDNS: {panic}");
        }
        print(panic);
        std::process::abort();
    }));
}
