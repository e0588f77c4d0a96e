//! The first page and the dialogs of a pairing by a code.

use transom::{CodeEnd, PairingFailure};
use transom_users::Rights;

use crate::model::Station;

pub(crate) const SHOW_MY_CODE: &str = "Show my code";
pub(crate) const THEY_TYPE_IT: &str = "The other person types it, or scans it.";
pub(crate) const ENTER_A_CODE: &str = "Enter a code";
pub(crate) const ONE_IS_SHOWN: &str = "A person or a camera shows you one.";
pub(crate) const NEARBY: &str = "Nearby";
pub(crate) const UNPROVEN: &str = "Names are unproven until you connect";
pub(crate) const CONNECT: &str = "Connect";
pub(crate) const NOBODY_NEARBY: &str = "Nobody nearby yet";
pub(crate) const WHY: &str = "Why?";
pub(crate) const NOBODY_IS_FOUND: &str = "Nobody is found now. Give the address.";

/// Nobody is found until that time of day.
pub(crate) fn finding_paused(until: &str) -> String {
    format!(
        "Finding is paused until {until}: this network sends too many announcements, or lets none \
         through. Addresses can still be typed."
    )
}

pub(crate) const WHY_NOBODY: &str = "Others appear here when they have Transom open on the same network. \
     Guest networks, VPNs and some routers keep computers apart; then use Add by address.";

pub(crate) const CONNECT_WITH: &str = "Connect with somebody";
/// In three parts; the middle part is strong.
pub(crate) const READ_IT_OUT: [&str; 3] = [
    "On the other computer choose ",
    "Enter a code",
    ", and read this out.",
];
pub(crate) const COPY_CODE: &str = "Copy";
pub(crate) const COPIED: &str = "Copied";
pub(crate) const NEW_CODE: &str = "New code";
pub(crate) const WAITING_FOR_THEM: &str = "Waiting for the other side";
pub(crate) const CHANGE: &str = "Change";
pub(crate) const CALL_ME: &str = "Call me";
pub(crate) const SEND_ME_FILES: &str = "Send me files";
pub(crate) const UNASKED: &str = "Come in without asking";
pub(crate) const UNASKED_MEANS: &str = "Calls are answered and files saved at once.";

pub(crate) const WHERE_IT_IS: &str =
    "The other person or the camera shows it. Three letters of each word are enough.";
pub(crate) const CODE_FIELD: &str = "Code";
pub(crate) const GIVE_ADDRESS: &str = "Not found? Give the address";
pub(crate) const ADDRESS_FIELD: &str = "Address";
pub(crate) const ADDRESS_SUCH_AS: &str = "Address, such as 192.168.1.20";
pub(crate) const TRYING_CODE: &str = "Looking for the other side";
pub(crate) const DONE: &str = "Done";

pub(crate) fn you_are_seen_as(name: &str) -> String {
    format!("You are seen as {name}")
}

/// What a station nearby says it is.
pub(crate) fn nearby_kind(nearby: &Station) -> &'static str {
    match (nearby.is_camera, nearby.pairing) {
        (true, Some(_)) => "A camera, waiting for its code",
        (true, None) => "A camera",
        (false, Some(_)) => "A computer, waiting for its code",
        (false, None) => "A computer",
    }
}

/// The button beside such a station, for a screen reader.
pub(crate) fn connect_to(name: &str) -> String {
    format!("Connect to {name}")
}

/// What the other side may do, as a sentence.
pub(crate) fn they_may(call: bool, files: bool, unasked: bool) -> String {
    let mut may: Vec<&str> = Vec::new();
    may.extend(call.then_some("call you"));
    may.extend(files.then_some("send you files"));
    may.extend(unasked.then_some("come in without asking"));
    match may.is_empty() {
        true => "They may do nothing yet.".to_owned(),
        false => format!("They may {}.", listed(&may)),
    }
}

/// What a contact may do beyond the rights that go with the code: rights that it had before the
/// pairing stay.
pub(crate) fn rights_kept(name: &str, may: Rights, with_code: Rights) -> Option<String> {
    let kept = [
        (may.call && !with_code.call, "call you"),
        (may.files && !with_code.files, "send you files"),
        (may.auto && !with_code.auto, "come in without asking"),
        (may.view && !with_code.view, "see your camera"),
        (may.hear && !with_code.hear, "hear your microphone"),
        (may.talk && !with_code.talk, "speak from your loudspeaker"),
    ];
    let kept: Vec<&str> = kept
        .into_iter()
        .filter_map(|(is_kept, right)| is_kept.then_some(right))
        .collect();
    (!kept.is_empty()).then(|| format!("As before, {name} may also {}.", listed(&kept)))
}

/// "a, b and c".
fn listed(all: &[&str]) -> String {
    match all {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// How long a code is good.
pub(crate) fn good_for(time: &str) -> String {
    format!("Good for {time} more")
}

/// A code for a screen reader.
pub(crate) fn code_said(code: &str, minutes: u64) -> String {
    format!("{}, good for {minutes} minutes", code.replace('-', " "))
}

/// A wrong code was typed where ours is asked for.
pub(crate) fn wrong_guess(tries_left: u8) -> String {
    match tries_left {
        0 => "Somebody typed a wrong code.".to_owned(),
        1 => "Somebody typed a wrong code. 1 try left.".to_owned(),
        left => format!("Somebody typed a wrong code. {left} tries left."),
    }
}

/// Why a code is good no more.
pub(crate) fn code_ended(why: CodeEnd) -> &'static str {
    match why {
        CodeEnd::Guessed => {
            "Somebody typed a wrong code three times. This code is dead; make a new one."
        }
        CodeEnd::Expired => "This code is used up. Make a new one.",
        _ => "There is no code now. Make a new one.",
    }
}

/// The picture of a code, for a screen reader.
pub(crate) const QR_SAID: &str = "The code as a picture to scan";

pub(crate) fn shows_this_code(name: &str) -> String {
    format!("{name} is showing this code")
}

pub(crate) fn nobody_shows(number: u8) -> String {
    format!("Nobody nearby shows number {number:02}.")
}

pub(crate) fn no_word(word: &str) -> String {
    format!("\"{word}\" isn't a word of a code")
}

/// Why a code that was typed led nowhere.
pub(crate) fn code_failed(why: &PairingFailure, tries_left: u8) -> String {
    match why {
        PairingFailure::WrongCode if tries_left == 0 => {
            "Too many wrong tries. Ask for a new code.".to_owned()
        }
        PairingFailure::WrongCode if tries_left == 1 => {
            "That isn't the code. 1 try left.".to_owned()
        }
        PairingFailure::WrongCode => format!("That isn't the code. {tries_left} tries left."),
        PairingFailure::TooManyTries => "Too many wrong tries. Ask for a new code.".to_owned(),
        PairingFailure::NobodyNearby => {
            "Nobody nearby shows this number. Are both on the same network?".to_owned()
        }
        PairingFailure::NobodyShows => "No code is shown there. Ask for a new one.".to_owned(),
        PairingFailure::Unreachable(why) => super::with_words("Can't be reached", &why.to_string()),
        PairingFailure::OwnStation => "That is this computer.".to_owned(),
        other => format!("{}.", super::capitalised(&other.to_string())),
    }
}

pub(crate) fn are_connected(name: &str) -> String {
    format!("You and {name} are connected")
}

pub(crate) fn code_has_proven(name: &str) -> String {
    format!(
        "The code has proven that this is {name}. You will find each other by yourselves from now on."
    )
}

pub(crate) fn write_to(name: &str) -> String {
    format!("Write to {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_they_may_is_a_sentence() {
        assert_eq!(
            they_may(true, true, false),
            "They may call you and send you files."
        );
        assert_eq!(they_may(false, false, false), "They may do nothing yet.");
        let all = "They may call you, send you files and come in without asking.";
        assert_eq!(they_may(true, true, true), all);
    }

    #[test]
    fn rights_of_before_are_told_where_they_are_wider() {
        let code = Rights::default();
        assert_eq!(rights_kept("Bob", Rights::NONE, code), None);
        assert_eq!(rights_kept("Bob", code, code), None);
        let (auto, hear) = (true, true);
        let wider = Rights { auto, hear, ..code };
        assert_eq!(
            rights_kept("Bob", wider, code).as_deref(),
            Some("As before, Bob may also come in without asking and hear your microphone.")
        );
    }
}
