//! Shows a running transfer: a bar on a terminal, otherwise a line every few seconds, JSON objects
//! for programs.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use transom::people::escape;
use transom::{CurrentFile, Direction, Phase, RoomLimit, Shape, TransferStatus};

use crate::controls::Controls;
use crate::format::{bytes, count, duration, fit, rate};
use crate::output::Output;
use crate::report::{at_least, transfer_json};
use crate::words::limit_words;

/// Tells the user by which keys transfers are controlled, when the first bar is shown.
pub(crate) fn explain(controls: &mut Controls, bars: &Bars, output: &Output) {
    if output.is_live()
        && let Some(words) = controls.explain()
    {
        bars.aside(|| output.ask(words));
    }
}

/// The bars of all transfers, one below the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bars(MultiProgress);

impl Bars {
    /// Prints something without tearing the bars.
    pub(crate) fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        self.0.suspend(print)
    }
}

/// One transfer on its way.
pub(crate) struct Progress<'a> {
    output: &'a Output,
    bars: Bars,
    bar: Option<ProgressBar>,
    /// Whether the bar shows a percentage.
    is_counted: Option<bool>,
    last_line: Option<Instant>,
    status: Option<TransferStatus>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(output: &'a Output, bars: &Bars) -> Self {
        Self {
            output,
            bars: bars.clone(),
            bar: None,
            is_counted: None,
            last_line: None,
            status: None,
        }
    }

    /// Shows how far it is.
    pub(crate) fn show(&mut self, status: &TransferStatus) {
        if self.status.is_none() && is_not_yet(status) {
            return;
        }
        let before = self.status.replace(status.clone());
        if self.output.is_live() {
            self.draw(status);
        } else {
            self.tell(
                status,
                before.is_none_or(|before| before.phase != status.phase),
            );
        }
    }

    /// What was shown last, once there was something to show.
    pub(crate) fn status(&mut self) -> Option<&mut TransferStatus> {
        self.status.as_mut()
    }

    fn draw(&mut self, status: &TransferStatus) {
        let bars = &self.bars.0;
        let bar = self.bar.get_or_insert_with(|| bars.add(bar(status)));
        if self.is_counted.replace(status.is_counted) != Some(status.is_counted) {
            bar.set_style(style(status));
        }
        bar.set_length(status.bytes.max(status.verified));
        bar.set_position(status.verified);
        bar.set_message(message(status));
    }

    fn tell(&mut self, status: &TransferStatus, changed: bool) {
        let now = Instant::now();
        let pause = if self.output.is_json() {
            JSON_PAUSE
        } else {
            LINE_PAUSE
        };
        if !changed
            && self
                .last_line
                .is_some_and(|last_line| now - last_line < pause)
        {
            return;
        }
        self.last_line = Some(now);
        let human = format!("{}: {}", status.name, amounts(status));
        self.output
            .say(human, transfer_json("transfer", status, None));
    }

    /// Removes the bar.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            self.bars.0.remove(bar);
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether there is nothing to show yet: the peer has not answered, or the user has not decided on
/// an offer.
fn is_not_yet(status: &TransferStatus) -> bool {
    match status.phase {
        Phase::Waiting => true,
        Phase::Offered => status.direction == Direction::Incoming,
        _ => false,
    }
}

/// The bar, with its first position and message, so that it is never drawn empty.
fn bar(status: &TransferStatus) -> ProgressBar {
    ProgressBar::new(status.bytes)
        .with_message(message(status))
        .with_style(style(status))
}

/// How a bar is drawn: there is no percentage of what is not counted yet.
fn style(status: &TransferStatus) -> ProgressStyle {
    let template = match status.shape {
        _ if status.is_counted => BAR,
        Shape::File => GROWING,
        _ => COUNTING,
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => style.progress_chars("=> "),
        Err(_) => ProgressStyle::default_bar(),
    }
}

/// The text after the bar; a narrow terminal cuts its end.
fn message(status: &TransferStatus) -> String {
    // Escaped first, so that the width of the shown text is measured.
    let name = escape(&status.name);
    let amounts = amounts(status);
    format!("{}  {}", fit(&name, NAME_COLUMNS), escape(&amounts))
}

/// `38.7 MB of 50.0 MB, 13.8 MB/s, 2 s left (their disk), 3 of 12 files, sub/film.mp4 45%`. What
/// matters least is last, where a narrow terminal cuts it off.
fn amounts(status: &TransferStatus) -> String {
    let (done, all) = (bytes(status.verified), bytes(status.bytes));
    let words = words(status);
    let comma = if words.is_empty() { "" } else { ", " };
    let at_least = at_least(status.is_counted);
    format!("{done} of {at_least}{all}{comma}{words}{}", files(status))
}

/// How many files of a folder are done, and how far the current one is.
fn files(status: &TransferStatus) -> String {
    let is_moving = matches!(status.phase, Phase::Running | Phase::Paused);
    if status.shape == Shape::File || !is_moving {
        return String::new();
    }
    let done = format!(
        ", {} of {}{}",
        status.files_done,
        at_least(status.is_counted),
        count(status.files.into(), "file")
    );
    match &status.current {
        Some(CurrentFile { path, bytes, moved }) => {
            let percent = u128::from(*moved) * 100 / u128::from(*bytes).max(1);
            format!("{done}, {path} {percent}%")
        }
        None => done,
    }
}

/// Its phase, with rate and time left while it runs.
fn words(status: &TransferStatus) -> String {
    match status.phase {
        Phase::Waiting => "waiting for the peer".into(),
        Phase::Offered => "waiting for an answer".into(),
        Phase::Running if status.is_checking() => "being checked".into(),
        Phase::Running if status.is_comparing() => "comparing with what is there".into(),
        // It has just begun.
        Phase::Running if status.rate == 0 => String::new(),
        Phase::Running => {
            let left = status
                .eta
                .map_or(String::new(), |eta| format!(", {} left", duration(eta)));
            let yields = if status.yields { YIELDS } else { "" };
            let limit = limit_words(status);
            let limit = limit.map_or(String::new(), |limit| format!(" ({limit})"));
            format!("{}{left}{limit}{yields}", rate(status.rate))
        }
        Phase::Paused if status.paused_here => "paused".into(),
        Phase::Paused => "paused by the other side".into(),
        Phase::Full => no_room(status),
        Phase::Finishing => "being checked and written to disk".into(),
        _ => String::new(),
    }
}

/// `no room within the quota: 3.42 GB more needed`. A sender is not told more than the amount.
fn no_room(status: &TransferStatus) -> String {
    let (peer, missing) = (&status.peer, bytes(status.missing));
    let place = match status.full {
        None => format!("at {peer} (disk or quota)"),
        Some(RoomLimit::Files) => return "no room for more files on the disk".to_owned(),
        Some(RoomLimit::KeepFree) => "beside what the disk keeps free (--keep-free)".to_owned(),
        Some(RoomLimit::Quota) => "within the quota".to_owned(),
        Some(RoomLimit::PeerQuota) => format!("within the quota of {peer}"),
        _ => "on the disk".to_owned(),
    };
    format!("no room {place}: {missing} more needed")
}

/// Fits on 80 columns with a name and amounts after it.
const BAR: &str = "{percent:>3}% [{bar:10}] {wide_msg}";

/// The bar while the sender still counts; as wide as [`BAR`].
const COUNTING: &str = "  counting files  {wide_msg}";

/// As wide as the others.
const GROWING: &str = "  growing file    {wide_msg}";

/// Shown while the transfer yields to a call.
const YIELDS: &str = ", a call goes first";

/// Room for a name beside bar and amounts on 80 columns.
const NAME_COLUMNS: usize = 20;

/// Between two lines in a log file.
const LINE_PAUSE: Duration = Duration::from_secs(5);

/// Between two objects for a program that draws its own bar.
const JSON_PAUSE: Duration = Duration::from_millis(500);

#[cfg(test)]
pub(crate) mod tests {
    use transom::{Handle, Identity, SendOptions, Settings, Station};

    use super::*;

    /// A transfer to anna, and the station that waits for her.
    pub(crate) fn sending(name: &str) -> (Handle, TransferStatus) {
        let (anna, identity) = ("anna".parse().unwrap(), Identity::throwaway().unwrap());
        let settings = Settings::new("ben".parse().unwrap(), identity);
        let handle = Station::start(settings).unwrap().handle();
        let id = handle.send(&anna, name, SendOptions::default());
        let status = TransferStatus::new(id, anna, Direction::Outgoing, name.to_owned());
        (handle, status)
    }

    #[test]
    fn a_transfer_that_has_no_room_says_where() {
        let (_station, mut status) = sending("film");
        (status.phase, status.missing) = (Phase::Full, 3_420_000_000);
        for (full, place) in [
            (None, "at anna (disk or quota)"),
            (Some(RoomLimit::Disk), "on the disk"),
            (
                Some(RoomLimit::KeepFree),
                "beside what the disk keeps free (--keep-free)",
            ),
            (Some(RoomLimit::Quota), "within the quota"),
            (Some(RoomLimit::PeerQuota), "within the quota of anna"),
        ] {
            status.full = full;
            let said = format!("no room {place}: 3.42 GB more needed");
            assert_eq!(words(&status), said);
        }
        status.full = Some(RoomLimit::Files);
        assert_eq!(words(&status), "no room for more files on the disk");
    }

    #[test]
    fn what_moves_nothing_says_what_it_does() {
        let (_station, mut status) = sending("film");
        (status.phase, status.bytes, status.is_counted) = (Phase::Running, 100, true);
        assert_eq!(words(&status), "", "it has just begun");
        (status.verified, status.comparing) = (40, 60);
        assert_eq!(words(&status), "comparing with what is there");
        status.rate = 1000;
        assert_eq!(words(&status), "1.00 kB/s", "what is new comes meanwhile");
        (status.verified, status.comparing) = (100, 0);
        assert_eq!(words(&status), "being checked");
    }
}
