//! Calls, watches and pictures.

use std::time::Duration;

use transom::{CallKind, EndReason, PublicKey};

use crate::model::Bound;

use super::{line, with_words};

pub(crate) const NOBODY: &str = "Choose a contact, then call or watch them";
pub(crate) const CALL: &str = "Call";
pub(crate) const WATCH: &str = "Watch";
pub(crate) const CANCEL: &str = "Cancel call";
pub(crate) const ANSWER: &str = "Answer";
pub(crate) const ANSWER_WITH_VIDEO: &str = "Answer with video";
pub(crate) const DECLINE: &str = "Decline";
pub(crate) const HANG_UP: &str = "Hang up";
pub(crate) const STOP_WATCHING: &str = "Stop watching";
pub(crate) const CLOSE: &str = "Close";
pub(crate) const CALL_AGAIN: &str = "Call again";
pub(crate) const WATCH_AGAIN: &str = "Watch again";
pub(crate) const CAMERA_ON: &str = "Turn camera on";
pub(crate) const CHOOSE_CAMERA: &str = "Choose a camera";
pub(crate) const CAMERA_OFF: &str = "Turn camera off";
pub(crate) const FULL_SCREEN: &str = "Full screen";
pub(crate) const LEAVE_FULL_SCREEN: &str = "Leave full screen";
pub(crate) const MORE: &str = "Picture…";
/// The same where there is no room for more.
pub(crate) const MORE_SHORT: &str = "…";
pub(crate) const ALONE: &str = "Show alone";
pub(crate) const ALL: &str = "Show all";
pub(crate) const TURN: &str = "Turn right";
pub(crate) const MIRROR: &str = "Mirror";
pub(crate) const FILL: &str = "Fill, cut the edges";
pub(crate) const SNAPSHOT: &str = "Save this picture";
pub(crate) const NO_PICTURE: &str = "There is no picture to keep yet";
pub(crate) const RECORD: &str = "Record";
pub(crate) const STOP_RECORDING: &str = "Stop recording";
pub(crate) const MY_PICTURE: &str = "My picture";
pub(crate) const MOVE_ME: &str = "My picture, moved by the arrow keys";
pub(crate) const MISSED: &str = "Missed calls";
pub(crate) const THEIR_QUALITY: &str = "their picture is reduced";
pub(crate) const OUR_QUALITY: &str = "your picture is reduced";
pub(crate) const NO_NUMBERS: &str = "no picture in the last second";
pub(crate) const HIDE: &str = "Hide";
pub(crate) const MY_CAMERA: &str = "Camera…";
pub(crate) const NO_CAMERA: &str = "No camera";
pub(crate) const ANY_CAMERA: &str = "The first that works";
pub(crate) const ANY_SIZE: &str = "Usual size";
pub(crate) const LOOKING: &str = "Looking for cameras…";
pub(crate) const NONE_FOUND: &str = "No camera was found. You can call without one.";
pub(crate) const CAMERA_IS_OFF: &str = "Your camera is off";
pub(crate) const CAMERA_OPENS: &str = "Your camera is being opened";
pub(crate) const CAMERA_LOST: &str = "Your camera gives no picture";
pub(crate) const CHOSEN_NONE: &str = "No camera is chosen";
pub(crate) const COMING_BACK: &str = "Connection lost; coming back by itself";
pub(crate) const RECORDS_YOU: &str = "recording you";
pub(crate) const YOU_RECORD: &str = "you record";
pub(crate) const MISSED_CLEAR: &str = "Dismiss missed calls";
pub(crate) const CALL_BACK: &str = "Call back";
pub(crate) const CLOSE_HELP: &str = "Close this list";
pub(crate) const HELP_TITLE: &str = "Keys";

/// The keys, in the order of the help window.
pub(crate) const KEYS: [(&str, &str); 21] = [
    ("F1", "this list"),
    ("Tab, Space, Enter", "reach and press every button"),
    ("F11, Alt+Enter", "full screen"),
    ("Enter on a picture", "that one alone, or all again"),
    (
        "Esc",
        "leave full screen, then the single picture, then watching",
    ),
    ("F3", "pace, losses and latency by stage"),
    ("Ctrl+Shift+A", "answer the call that rings"),
    ("Ctrl+Shift+Y", "answer it with video"),
    ("Ctrl+Shift+D", "decline it"),
    ("Ctrl+H", "hang up, or stop watching"),
    ("Ctrl+M", "mute your microphone, or unmute it"),
    ("F7", "the same; held while muted, speak until you let go"),
    ("F8", "your camera on or off"),
    ("F9", "your own picture"),
    ("Ctrl+T", "turn the picture"),
    ("Ctrl+R", "mirror the picture"),
    ("Ctrl+G", "fill or fit"),
    ("Ctrl+S", "save the picture"),
    ("Ctrl+E", "record, or stop it"),
    ("Ctrl with + - 0", "all larger, smaller, as usual"),
    ("Ctrl+Q", "close the window"),
];

/// Who rings.
pub(crate) fn rings(name: &str) -> String {
    format!("{name} calls")
}

/// The short form of a key, to be compared.
pub(crate) fn key(key: &PublicKey) -> String {
    format!("key {}", key.fingerprint())
}

/// A call going out.
pub(crate) fn calling(name: &str) -> String {
    format!("Calling {name}")
}

/// What goes on with somebody, in a few words.
pub(crate) fn goes_on(name: &str, kind: CallKind) -> String {
    match kind {
        CallKind::Talk => format!("in a call with {name}"),
        _ => name.to_owned(),
    }
}

/// More than one call or camera at once.
pub(crate) fn several_calls(count: usize) -> String {
    format!("{count} calls")
}

/// The window's title: what goes on, the program, whose window it is.
pub(crate) fn title(doing: &str, own: &str) -> String {
    match doing {
        "" => format!("transom ({own})"),
        doing => format!("{doing} - transom ({own})"),
    }
}

/// Asked to watch.
pub(crate) fn asking(name: &str) -> String {
    format!("Asking {name} for their picture")
}

/// Somebody who is called isn't connected.
pub(crate) fn not_there(name: &str) -> String {
    format!("{name} is away")
}

/// When that begins after all.
pub(crate) fn starts_later(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Talk => "It rings when they are back.",
        _ => "Watching starts when they are back.",
    }
}
/// Why nothing is sent to somebody.
pub(crate) const SHOWS_OTHER_KEY: &str = "They show another key than they should.";

/// The far camera is gone.
pub(crate) fn far_lost(name: &str) -> String {
    format!("{name}'s camera is lost")
}

/// The far camera is switched off.
pub(crate) fn far_off(name: &str) -> String {
    format!("{name}'s camera is off")
}

/// The newest picture is broken.
pub(crate) fn broken(why: &str) -> String {
    format!("the last good picture: {}", line(why))
}

/// A button's name where there are several.
pub(crate) fn of(text: &str, name: &str) -> String {
    format!("{text} {name}")
}

/// A picture's name for who can't see it.
pub(crate) fn picture_of(name: &str) -> String {
    format!("Picture of {name}")
}

/// The place of a call that is over, for who can't see it.
pub(crate) fn ended_call(name: &str) -> String {
    format!("The ended call with {name}")
}

/// Nothing to see yet in a talk.
pub(crate) fn no_picture_yet(name: &str, kind: CallKind) -> String {
    match kind {
        CallKind::Talk => format!("{name} shows no picture yet"),
        _ => format!("{name} opens their camera"),
    }
}

/// A call nobody took.
pub(crate) fn missed(name: &str, kind: CallKind, minutes: u64) -> String {
    let what = match kind {
        CallKind::Talk => "called",
        _ => "wanted to watch",
    };
    match minutes {
        0 => format!("{name} {what} just now"),
        1..60 => format!("{name} {what} {minutes} min ago"),
        _ => format!("{name} {what} {} h ago", minutes / 60),
    }
}

/// The badge of missed calls.
pub(crate) fn missed_badge(count: usize) -> String {
    format!("{count} missed")
}

/// A call that the station answered by itself, by the peer's right `auto`.
pub(crate) fn taken(name: &str) -> String {
    format!("{name} called and was answered at once with your camera, as your contact list says")
}

/// A peer watches our camera by its right.
pub(crate) fn watches_you(name: &str) -> String {
    format!("{name} watches your camera")
}

/// What holds a stream up.
pub(crate) fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::Camera => "limit: the far camera's pace",
        Bound::Network => "limit: the network",
        Bound::Decoder => "limit: decoding here",
        Bound::Screen => "limit: drawing here",
    }
}

/// A call that was not taken, with the other side's words.
pub(crate) fn declined(name: &str, text: &str) -> String {
    with_words(&format!("{name} declined the call"), text)
}

/// Why a call ended, with the other side's words.
pub(crate) fn end(name: &str, kind: CallKind, reason: EndReason, text: &str) -> String {
    let talk = kind == CallKind::Talk;
    let why = match reason {
        EndReason::Chosen if talk => format!("{name} hung up"),
        EndReason::Chosen => format!("{name} ended the call"),
        EndReason::Forbidden if talk => format!(
            "{name} takes no calls from you; their contact list has to give you the right to call"
        ),
        EndReason::Forbidden => {
            format!(
                "you may not watch {name}; their contact list has to give you the right to view"
            )
        }
        EndReason::Busy if talk => format!("{name} is busy; try again later"),
        EndReason::Busy => format!("{name} has as many viewers as they allow"),
        EndReason::NoCamera => format!("{name} has no camera"),
        EndReason::Unanswered => format!("{name} didn't answer"),
        EndReason::Leaving => format!("{name} is gone"),
        EndReason::Glare => format!("you and {name} called at once; try again"),
        _ => format!("the call with {name} ended"),
    };
    with_words(&why, text)
}

/// A file was written.
pub(crate) fn saved(path: &str) -> String {
    format!("Saved {path}")
}

/// A recording ended.
pub(crate) fn recorded(path: &str, pictures: u64, dropped: u64) -> String {
    match dropped {
        0 => format!("Recorded {pictures} pictures in {path}"),
        dropped => format!(
            "Recorded {pictures} pictures in {path}; the disk was too slow for {dropped} others"
        ),
    }
}

/// Over the stages, as wide as their lines.
pub(crate) const STAGES_TITLE: &str = "last 5 s       p50       p99";
/// All stages together.
pub(crate) const ALL_STAGES: &str = "all";

/// How long a stage takes, half of the pictures and 99 of a hundred.
pub(crate) fn stage(stage: &str, p50: &str, p99: &str) -> String {
    format!("{stage:<8}{p50:>7} ms{p99:>7} ms")
}

/// A stage that the pictures don't pass, or whose clocks are not compared yet.
pub(crate) fn stage_unknown(stage: &str) -> String {
    format!("{stage:<8}{:>7}{:>10}", "-", "-")
}

/// How far the stage that crosses clocks can be off, and the sum with it.
pub(crate) fn clock_error(error: Duration) -> String {
    format!("wire, all: ±{:.2} ms", error.as_secs_f64() * 1e3)
}

/// Pictures and bits a second.
pub(crate) fn pace(fps: f32, megabits: f32) -> String {
    format!("{fps:.0} fps  {megabits:.1} Mbit/s")
}

/// Pictures that were never seen, by where they were lost.
pub(crate) fn losses(missing: u32, undecoded: u32, unseen: u32) -> String {
    format!("lost: way {missing}, decode {undecoded}, draw {unseen}")
}

/// The connection's delays.
pub(crate) fn round_trip(trip: &str, queue: &str) -> String {
    format!("round trip {trip}, queue {queue} ms")
}

/// A picture's size.
pub(crate) fn size(width: usize, height: usize) -> String {
    format!("{width}x{height}")
}

/// Pictures a second.
pub(crate) fn fps(rate: f32) -> String {
    format!("{rate:.0} fps")
}

/// A short time.
pub(crate) fn millis(count: u128) -> String {
    format!("{count} ms")
}

/// Pictures that could not be decoded.
pub(crate) fn broken_count(count: u64) -> String {
    format!("{count} broken")
}
