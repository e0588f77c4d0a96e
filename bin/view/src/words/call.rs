//! Calls, cameras and pictures.

use std::time::Duration;

use transom::media::{Counts, Source};
use transom::{CallKind, EndReason, FarCameraStats};

use crate::model::{Bound, Ending, OwnTrouble, State, source_of};

use super::{capitalised, line, with_words};

// Beginning one, and one that comes.

pub(crate) const CALL: &str = "Call";
pub(crate) const VIDEO_CALL: &str = "Video call";
pub(crate) const WATCH: &str = "Watch";
pub(crate) const WATCH_A_PERSON: &str = "Watch without calling";
pub(crate) const IT_RINGS: &str = "It is ringing";
pub(crate) const DECLINE: &str = "Decline";
pub(crate) const ANSWER: &str = "Answer";
pub(crate) const ANSWER_WITH_VIDEO: &str = "Answer with video";
pub(crate) const SILENCE: &str = "Silence";
pub(crate) const CHECK_MY_PICTURE: &str = "Check my picture";
pub(crate) const HIDE_MY_PICTURE: &str = "Hide my picture";
pub(crate) const ONLY_YOU_SEE_IT: &str = "Only you see it";
pub(crate) const WANTS_TO_SEE: &str = "Wants to see your camera";
pub(crate) const VERIFIED: &str = "Verified";
pub(crate) const NOT_VERIFIED: &str = "Not verified";

// The bar and its menu.

pub(crate) const CANCEL: &str = "Cancel";
pub(crate) const HANG_UP: &str = "Hang up";
pub(crate) const STOP_VIDEO: &str = "Stop video";
pub(crate) const START_VIDEO: &str = "Start video";
pub(crate) const NO_CAMERA_BUTTON: &str = "No camera";
pub(crate) const CHAT: &str = "Chat";
pub(crate) const CLOSE_CHAT: &str = "Close chat";
pub(crate) const FULL_SCREEN: &str = "Full screen";
pub(crate) const LEAVE_FULL_SCREEN: &str = "Leave full screen";
pub(crate) const MORE: &str = "More";
pub(crate) const ENLARGE: &str = "Enlarge";
pub(crate) const CAMERA: &str = "Camera";
pub(crate) const NO_CAMERA: &str = "No camera";
pub(crate) const FIRST_CAMERA: &str = "First that works";
pub(crate) const USUAL_SIZE: &str = "Usual size";
pub(crate) const LOOKING: &str = "Looking for cameras";
pub(crate) const NO_CAMERA_FOUND: &str = "No camera found";
pub(crate) const FILL_WINDOW: &str = "Fill the window";
pub(crate) const SHOW_WHOLE: &str = "Show the whole picture";
pub(crate) const TURN: &str = "Turn the picture";
pub(crate) const MIRROR: &str = "Mirror";
pub(crate) const SAVE_PICTURE: &str = "Save this picture";
pub(crate) const NO_PICTURE: &str = "No picture to save yet";
pub(crate) const RECORD: &str = "Record";
pub(crate) const STOP_RECORDING: &str = "Stop recording";
/// The same where there is less room.
pub(crate) const STOP_RECORDING_SHORT: &str = "Stop rec";
pub(crate) const CONNECTED: &str = "Connected";
pub(crate) const NUMBERS: &str = "Numbers";
pub(crate) const MY_PICTURE_MOVES: &str = "Your picture, arrow keys move it";
pub(crate) const SHOW_MY_PICTURE: &str = "Show my picture";
pub(crate) const HIDE: &str = "Hide";
pub(crate) const CHOOSE: &str = "Choose";
pub(crate) const CHOOSE_ANOTHER: &str = "Choose another";

// Cameras.

pub(crate) const LIVE: &str = "Live";
pub(crate) const SNAPSHOT: &str = "Snapshot";
pub(crate) const STOP: &str = "Stop";
pub(crate) const HOLD_TO_TALK: &str = "Hold to talk";
/// The same where there is less room.
pub(crate) const TALK: &str = "Talk";
pub(crate) const OR_HOLD_F7: &str = "or hold F7";
pub(crate) const DAMAGED: &str = "A damaged picture: this is the last good one";
pub(crate) const ALL_CAMERAS: &str = "All cameras";
pub(crate) const NO_CAMERAS: &str = "No camera is watched";
pub(crate) const SHOW_ONLY_THIS: &str = "Show only this";
pub(crate) const SHOW_ALL: &str = "Show all";

// Endings.

pub(crate) const RECONNECTING: &str = "Reconnecting";
pub(crate) const CLOSE: &str = "Close";
pub(crate) const WRITE_INSTEAD: &str = "Write instead";
pub(crate) const CALL_AGAIN: &str = "Call again";
pub(crate) const WATCH_AGAIN: &str = "Watch again";
pub(crate) const YOU_RECORD: &str = "You record this";

pub(crate) const KEYS_TITLE: &str = "Keys";

/// The keys, in the order of the help window.
pub(crate) const KEYS: [(&str, &str); 32] = [
    ("Enter", "Send"),
    ("Shift+Enter", "New line"),
    ("Ctrl+K", "Search"),
    ("Alt+Up, Alt+Down", "Previous, next contact"),
    ("Ctrl+1 to Ctrl+9", "That contact"),
    ("Ctrl+Shift+C", "Call"),
    ("Ctrl+Shift+Y", "Video call, or answer with video"),
    ("Ctrl+Shift+A", "Answer"),
    ("Ctrl+Shift+D", "Decline"),
    ("Ctrl+H", "Hang up"),
    ("F7", "Mute; hold to talk"),
    ("F8", "Camera"),
    ("F9", "My picture"),
    ("F11, F", "Full screen"),
    ("Esc", "Back, never ends a call"),
    ("Ctrl+B", "Chat in a call"),
    ("Ctrl+L", "List"),
    ("Ctrl+I", "About this contact"),
    ("Ctrl+O", "Send files"),
    ("Ctrl+N", "Show my code"),
    ("Ctrl+J", "Enter a code"),
    ("Ctrl+,", "Settings"),
    ("F3", "Numbers"),
    ("Ctrl+T", "Turn"),
    ("Ctrl+M", "Mirror"),
    ("Ctrl+G", "Fill"),
    ("Ctrl+S", "Save picture"),
    ("Ctrl+E", "Record"),
    ("Ctrl with + - 0", "Larger, smaller, usual size"),
    ("Tab, Space, Enter", "Reach and press everything"),
    ("F1", "These keys"),
    ("Ctrl+Q", "Close"),
];

/// An incoming call.
pub(crate) fn calls(name: &str) -> String {
    format!("{name} is calling")
}

/// Two remarks in one line.
pub(crate) fn joined(one: &str, other: &str) -> String {
    format!("{one} · {other}")
}

/// A call that gives way to the one that is answered.
pub(crate) fn is_put_on_hold(name: &str) -> String {
    format!("{name} is put on hold")
}

/// A call going out.
pub(crate) fn calling(name: &str, kind: CallKind) -> String {
    match kind {
        CallKind::Talk => format!("Calling {name}"),
        _ => asking(name),
    }
}

/// Asked to watch.
pub(crate) fn asking(name: &str) -> String {
    format!("Asking {name} for its picture")
}

/// Our own picture before the call is answered.
pub(crate) fn only_you_see(name: &str) -> String {
    format!("Only you see this picture until {name} answers")
}

/// A person's window says nothing of who may watch its camera.
pub(crate) fn lets_you_watch(name: &str) -> String {
    format!("Works only if {name} lets you come in without asking and see their camera.")
}

/// The contact that is called isn't connected.
pub(crate) fn away_for_now(name: &str, kind: CallKind) -> String {
    format!("{name} is away. {}", starts_later(kind))
}

/// The contact's station doesn't know our key.
pub(crate) fn turned_away(name: &str) -> String {
    format!("{name}'s Transom doesn't know you, or no longer does. Connect again by a code.")
}

pub(crate) fn does_not_know_you(name: &str) -> String {
    format!("{name} doesn't know you")
}

pub(crate) const CONNECT_AGAIN: &str = "Connect again by its code.";

pub(crate) fn is_away(name: &str) -> String {
    format!("{name} is away")
}

/// When that begins after all.
pub(crate) fn starts_later(kind: CallKind) -> String {
    match kind {
        CallKind::Talk => "It rings when they're back.".to_owned(),
        _ => "It starts when it's back.".to_owned(),
    }
}

/// The picture that stays while a camera is away.
pub(crate) fn last_picture(clock: &str) -> String {
    format!("Last picture {clock}. It comes back by itself.")
}

/// Below *Reconnecting*.
pub(crate) fn broke_ago(seconds: u64) -> String {
    let ago = match seconds {
        0 => "just now".to_owned(),
        1 => "1 second ago".to_owned(),
        seconds => format!("{seconds} seconds ago"),
    };
    format!("The connection broke {ago}. The call comes back by itself.")
}

/// A call or a watch, for the window's title.
pub(crate) fn goes_on(name: &str, kind: CallKind) -> String {
    match kind {
        CallKind::Talk => format!("Call with {name}"),
        _ => name.to_owned(),
    }
}

/// More than one at once, for the window's title.
pub(crate) fn several(count: usize, kind: CallKind) -> String {
    match kind {
        CallKind::Talk => format!("{count} calls"),
        _ => format!("{count} cameras"),
    }
}

/// The window's title: what goes on, the program, and whose window it is where that is not clear.
pub(crate) fn title(doing: &str, own: Option<&str>) -> String {
    let program = match own {
        Some(own) => format!("Transom ({own})"),
        None => "Transom".to_owned(),
    };
    match doing {
        "" => program,
        doing => format!("{doing} - {program}"),
    }
}

/// A picture's name for a screen reader.
pub(crate) fn picture_of(name: &str, speaks: bool) -> String {
    match speaks {
        true => format!("Picture of {name}, speaking"),
        false => format!("Picture of {name}"),
    }
}

/// Whose picture it is, and how long or how it goes.
pub(crate) fn call_chip(name: &str, how: &str) -> String {
    match how {
        "" => name.to_owned(),
        how => format!("{name}, {how}"),
    }
}

/// A button's name where there are several.
pub(crate) fn of(text: &str, name: &str) -> String {
    format!("{text}, {name}")
}

pub(crate) fn chat_with(name: &str) -> String {
    format!("Chat with {name}")
}

/// The way to the list, with what is unread there.
pub(crate) fn show_list(unread: usize) -> String {
    match unread {
        0 => "Show the list".to_owned(),
        unread => format!("Show the list, {unread} unread"),
    }
}

/// The same in a narrow window.
pub(crate) fn back(unread: usize) -> String {
    match unread {
        0 => "Back".to_owned(),
        unread => format!("Back, {unread} unread"),
    }
}

pub(crate) fn of_all(live: usize, all: usize) -> String {
    format!("{live} of {all}")
}

pub(crate) fn records_you(name: &str) -> String {
    format!("{name} records this")
}

/// The far camera is gone.
pub(crate) fn far_camera_lost(name: &str, why: &str) -> String {
    with_words(&format!("{name}'s camera is lost"), why)
}

/// The far camera is switched off.
pub(crate) fn far_camera_off(name: &str) -> String {
    format!("{name}'s camera is off")
}

/// Nothing to see yet.
pub(crate) fn no_picture_yet(name: &str, kind: CallKind) -> String {
    match kind {
        CallKind::Talk => format!("{name} shows no picture yet"),
        _ => format!("{name} opens its camera"),
    }
}

/// Why our camera shows us nothing.
pub(crate) fn own_trouble(trouble: &OwnTrouble<'_>) -> String {
    match trouble {
        OwnTrouble::NoneChosen => "No camera chosen".to_owned(),
        OwnTrouble::Off(why) => with_words("Your camera is off", why),
        OwnTrouble::Opening => "Opening your camera".to_owned(),
        OwnTrouble::Lost(why) => with_words("Your camera gives no picture", why),
    }
}

/// The camera that is used, as its list calls it.
pub(crate) fn source(source: &Source, state: &State) -> String {
    let mut devices = state.calls.own.devices.iter().flatten();
    match devices.find(|device| source_of(device) == *source) {
        _ if *source == Source::Auto => FIRST_CAMERA.to_owned(),
        Some(device) => device.name.clone(),
        None => source.to_string(),
    }
}

/// Why a call is over, as a title and a line below it.
pub(crate) fn ended(name: &str, kind: CallKind, ending: &Ending) -> (String, String) {
    let is_talk = kind == CallKind::Talk;
    let (reason, text) = match ending {
        Ending::Declined { text } if text.is_empty() => {
            return (format!("{name} declined"), String::new());
        }
        Ending::Declined { text } => {
            return (
                format!("{name} declined: \"{}\"", line(text)),
                String::new(),
            );
        }
        // Our own words say it better than those of the other side's program.
        Ending::Reason {
            reason: reason @ EndReason::Forbidden,
            ..
        } => (*reason, String::new()),
        Ending::Reason { reason, text } => (*reason, line(&capitalised(text)).into_owned()),
    };
    let (title, line) = match reason {
        EndReason::Chosen if is_talk => (format!("{name} hung up"), ""),
        EndReason::Chosen => (format!("{name} stopped showing its picture"), ""),
        EndReason::Forbidden if is_talk => (format!("{name} doesn't take calls from you"), ""),
        EndReason::Forbidden => (
            format!("You may not watch {name}"),
            "The other side has to allow it first.",
        ),
        EndReason::Busy if is_talk => (format!("{name} is busy"), "Try later."),
        EndReason::Busy => (format!("{name} has all the viewers it allows"), ""),
        EndReason::NoCamera => (format!("{name} has no camera"), ""),
        EndReason::Unanswered => (format!("{name} didn't answer"), "It rang for one minute."),
        EndReason::Leaving => (format!("{name} left"), ""),
        EndReason::Glare => ("You both called at once".to_owned(), "Try again."),
        _ => ("The call ended".to_owned(), ""),
    };
    match text.is_empty() {
        true => (title, line.to_owned()),
        false => (title, text),
    }
}

/// A file was written.
pub(crate) fn saved(path: &str) -> String {
    format!("Saved as {path}")
}

/// A recording ended.
pub(crate) fn recorded(path: &str, pictures: u64, dropped: u64) -> String {
    match dropped {
        0 => format!("Recorded {pictures} pictures in {path}"),
        dropped => {
            format!("Recorded {pictures} pictures in {path}; the disk missed {dropped} pictures")
        }
    }
}

// The numbers.

pub(crate) const FROM_LENS_TO_EYES: &str = "from the lens to your eyes";
pub(crate) const MILLISECONDS: &str = "milliseconds";
pub(crate) const USUAL: &str = "usual";
pub(crate) const WORST: &str = "worst";
pub(crate) const NETWORK: &str = "Network";
pub(crate) const DECODE: &str = "Decode";
pub(crate) const SCREEN: &str = "Screen";
pub(crate) const PICTURE: &str = "Picture";
pub(crate) const PACE: &str = "Pace";
pub(crate) const RATE: &str = "Rate";
pub(crate) const LOST: &str = "Lost";
pub(crate) const QUEUE: &str = "Queue";
pub(crate) const NO_PICTURES_NOW: &str = "No picture in the last second";

pub(crate) fn unknown() -> String {
    "not known yet".to_owned()
}

/// All stages together.
pub(crate) fn total(time: Option<Duration>) -> String {
    match time {
        Some(time) => format!("{:.0} ms", time.as_secs_f64() * 1e3),
        None => "? ms".to_owned(),
    }
}

pub(crate) fn total_said(total: &str) -> String {
    format!("{total} {FROM_LENS_TO_EYES}")
}

/// A row of the table of stages for a screen reader.
pub(crate) fn stage(name: &str, usual: &str, worst: &str) -> String {
    format!("{name}: {usual} ms, at worst {worst} ms")
}

pub(crate) fn fact(name: &str, fact: &str) -> String {
    format!("{name}: {fact}")
}

pub(crate) fn size(width: usize, height: usize) -> String {
    format!("{width} × {height}")
}

/// Pictures a second.
pub(crate) fn pace(rate: f32) -> String {
    format!("{rate:.0} a second")
}

pub(crate) fn megabits(rate: f32) -> String {
    format!("{rate:.1} Mbit/s")
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// By how much sound is ahead of its pictures, in microseconds.
pub(crate) fn skew(skew_us: i64) -> String {
    let millis = (skew_us as f64 / 1e3).round();
    match millis as i64 {
        0 => "with picture".to_owned(),
        1.. => format!("{millis:.0} ms ahead"),
        _ => format!("{:.0} ms behind", -millis),
    }
}

/// Where pictures were lost that were never seen, if some were.
pub(crate) fn lost(network: u32, undecoded: u32, undrawn: u32) -> Option<String> {
    (network + undecoded + undrawn > 0).then(|| {
        format!("Lost: {network} on the network, {undecoded} undecoded, {undrawn} not drawn")
    })
}

pub(crate) fn round_trip(time: Duration) -> String {
    format!("Round trip {}", millis(time))
}

/// What is heard: how old, how much is buffered, how much should be, and how often there was
/// nothing.
pub(crate) fn sound_detail(
    delay: Option<Duration>,
    queued: Duration,
    reserve: Duration,
    dry_runs: u64,
) -> String {
    let late = delay.map(|delay| format!("{} old, ", millis(delay)));
    let (late, queued, reserve) = (late.unwrap_or_default(), millis(queued), millis(reserve));
    format!("Sound: {late}{queued} buffered of {reserve}, {dry_runs} gaps")
}

/// What a far camera gives, how many see it beside the user, and how its machine is.
pub(crate) fn far_camera(stats: &FarCameraStats) -> String {
    let numbers = &stats.numbers;
    let agreed = match numbers.agreed_fps {
        0 => String::new(),
        fps => format!(" of {fps}"),
    };
    let rate = format!("Camera: {:.1}{agreed} a second", numbers.fps);
    let viewers = (stats.viewers > 1).then(|| format!("{} viewers", stats.viewers));
    let machine = Some(numbers.machine.to_string()).filter(|words| !words.is_empty());
    let parts = [Some(rate), machine, viewers];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Frames that a far camera lost, by cause, if it lost any.
pub(crate) fn camera_lost(counts: &Counts) -> Option<String> {
    let causes = [
        (counts.skipped, "skipped"),
        (counts.damaged, "damaged"),
        (counts.unusable, "unusable"),
        (counts.too_large, "too large"),
        (counts.stale, "replaced"),
    ];
    let causes = causes.into_iter().filter(|(count, _)| *count > 0);
    let causes: Vec<_> = causes
        .map(|(count, cause)| format!("{count} {cause}"))
        .collect();
    (!causes.is_empty()).then(|| format!("Camera lost: {}", causes.join(", ")))
}

/// How the far picture is lowered for a slow link.
pub(crate) fn their_quality(text: &str) -> String {
    with_words("Their picture is reduced", text)
}

/// How ours is.
pub(crate) fn our_quality(text: &str) -> String {
    with_words("Your picture is reduced", text)
}

/// In a tile: total, pace, what limits.
pub(crate) fn brief(total: &str, rate: f32, bound: &str) -> String {
    format!("{total} · {} · {bound}", pace(rate))
}

/// Every picture arrives, and the other side sends fewer or smaller ones than its camera gives.
pub(crate) const REDUCED_THERE: &str = "The other side has reduced its picture";

/// What holds a stream up.
pub(crate) fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::Camera => "All is well. The far camera sets the pace.",
        Bound::Missing => "Not every picture arrives",
        Bound::Decoder => "This computer's decoder is the limit",
        Bound::Screen => "Drawing is the limit here",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_need_no_legend() {
        assert_eq!(skew(12_300), "12 ms ahead");
        assert_eq!(skew(-40_000), "40 ms behind");
        assert_eq!(skew(-400), "with picture");
        assert_eq!(lost(0, 0, 0), None);
        let told = "Lost: 2 on the network, 1 undecoded, 0 not drawn";
        assert_eq!(lost(2, 1, 0).as_deref(), Some(told));
    }

    #[test]
    fn a_far_camera_tells_its_rate_its_heat_and_its_losses_by_cause() {
        let mut stats = FarCameraStats::default();
        assert_eq!(far_camera(&stats), "Camera: 0.0 a second");
        (stats.numbers.fps, stats.numbers.agreed_fps, stats.viewers) = (29.94, 30, 2);
        stats.numbers.machine.temperature = Some(61.4);
        let told = "Camera: 29.9 of 30 a second, 61 °C, 2 viewers";
        assert_eq!(far_camera(&stats), told);
        let mut counts = Counts {
            good: 100,
            mended: 5,
            ..Counts::default()
        };
        assert_eq!(camera_lost(&counts), None);
        (counts.damaged, counts.skipped) = (2, 3);
        let told = "Camera lost: 3 skipped, 2 damaged";
        assert_eq!(camera_lost(&counts).as_deref(), Some(told));
    }
}
