//! Texts and calls worth keeping: what was said, when, and whether it came through, and the text
//! this is kept as. It opens no file.
//!
//! ```text
//!   < 1764100000000000 they wrote this      > 1764100001000000 we wrote this
//!   + 1764100001000000 (it arrived)         ! 1764100001000000 (it never will)
//!   = 1764100002000000 video 724            = 1764100003000000 missed
//! ```

use std::time::Duration;

use transom::PeerName;

use crate::words;

use super::past::MAX_PAST;
use super::{Delivery, Line, Past, PastCall, Speaker, State};

/// One thing to write down.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    /// They said something.
    Heard { at: Duration, text: String },
    /// We said something. No two of ours have the same time, so it names the line.
    Said { at: Duration, text: String },
    /// It arrived.
    Arrived { at: Duration },
    /// It never will.
    Failed { at: Duration },
    /// A call ended.
    Call(PastCall),
}

impl Entry {
    /// As a line of the file, with its end.
    pub(crate) fn write(&self) -> String {
        match self {
            Self::Heard { at, text } => format!("< {} {}\n", at.as_micros(), one_line(text)),
            Self::Said { at, text } => format!("> {} {}\n", at.as_micros(), one_line(text)),
            Self::Arrived { at } => format!("+ {}\n", at.as_micros()),
            Self::Failed { at } => format!("! {}\n", at.as_micros()),
            Self::Call(PastCall { at, what }) => {
                format!("= {} {}\n", at.as_micros(), past(what))
            }
        }
    }

    /// Reads a line; `None` if it is cut off or of another program.
    fn read(line: &str) -> Option<Self> {
        let mut parts = line.splitn(3, ' ');
        let (mark, at) = (parts.next()?, parts.next()?);
        let at = Duration::from_micros(at.parse().ok()?);
        let text = parts.next().map(many_lines);
        Some(match mark {
            "<" => Self::Heard { at, text: text? },
            ">" => Self::Said { at, text: text? },
            "+" => Self::Arrived { at },
            "!" => Self::Failed { at },
            "=" => Self::Call(PastCall {
                at,
                what: read_past(&text?)?,
            }),
            _ => return None,
        })
    }
}

/// The talk that a file tells of, oldest first. Lines of ours of which no end is told were never
/// delivered.
pub(crate) fn read(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for entry in text.lines().filter_map(Entry::read) {
        let (at, text, by) = match entry {
            Entry::Heard { at, text } => (at, text, Speaker::Them),
            Entry::Said { at, text } => (at, text, Speaker::Us(None, Delivery::Sent)),
            Entry::Call(_) => continue,
            Entry::Arrived { at } => {
                end(&mut lines, at, Delivery::Arrived);
                continue;
            }
            Entry::Failed { at } => {
                end(
                    &mut lines,
                    at,
                    Delivery::Failed(words::AS_TOLD_THEN.to_owned()),
                );
                continue;
            }
        };
        lines.push(Line { text, by, at });
    }
    lines
}

/// The calls that a file tells of, oldest first.
pub(crate) fn read_calls(text: &str) -> Vec<PastCall> {
    let calls = text.lines().filter_map(Entry::read);
    let calls = calls.filter_map(|entry| match entry {
        Entry::Call(call) => Some(call),
        _ => None,
    });
    calls.collect()
}

/// A file's text with its last calls alone, as many as are shown: a peer that rings without end
/// must not push texts out of the file.
pub(crate) fn without_old_calls(text: &str) -> String {
    let is_call = |line: &str| line.starts_with("= ");
    let calls = text.lines().filter(|line| is_call(line)).count();
    let mut old = calls.saturating_sub(MAX_PAST);
    let lines = text.split_inclusive('\n').filter(|line| {
        let is_old = old > 0 && is_call(line);
        old -= usize::from(is_old);
        !is_old
    });
    lines.collect()
}

/// What became of a call, with its seconds where both sides talked.
fn past(what: &Past) -> String {
    match what {
        Past::Talked { video, length } => {
            let kind = if *video { "video" } else { "sound" };
            format!("{kind} {}", length.as_secs())
        }
        Past::Missed => "missed".to_owned(),
        Past::Unanswered => "unanswered".to_owned(),
        Past::LetIn => "let-in".to_owned(),
        Past::SawCamera => "saw-camera".to_owned(),
    }
}

fn read_past(text: &str) -> Option<Past> {
    Some(match text.split_once(' ') {
        Some((kind @ ("video" | "sound"), seconds)) => Past::Talked {
            video: kind == "video",
            length: Duration::from_secs(seconds.parse().ok()?),
        },
        Some(_) => return None,
        None => match text {
            "missed" => Past::Missed,
            "unanswered" => Past::Unanswered,
            "let-in" => Past::LetIn,
            "saw-camera" => Past::SawCamera,
            _ => return None,
        },
    })
}

fn end(lines: &mut [Line], at: Duration, delivery: Delivery) {
    let mut ours = lines.iter_mut().rev();
    let line = ours.find(|line| line.at == at && matches!(line.by, Speaker::Us(..)));
    if let Some(line) = line {
        line.by = Speaker::Us(None, delivery);
    }
}

impl State {
    /// What was said while history is kept and is not written down yet.
    pub(crate) fn unwritten(&mut self) -> Vec<(PeerName, Entry)> {
        std::mem::take(&mut self.unwritten)
    }

    /// The history of every contact is being read. Texts to a contact are held back until its
    /// history was read, as those that an earlier run could not send go first.
    pub(crate) fn await_histories(&mut self) -> Vec<PeerName> {
        let names: Vec<_> = self.people.iter().map(|person| person.name).collect();
        self.awaited.extend(&names);
        names
    }

    /// Whether a text to that contact is held back.
    pub(crate) fn awaits_history(&self, peer: PeerName) -> bool {
        self.awaited.contains(&peer)
    }

    /// The history of a contact was read, or can't be: its talk and its calls go before those of
    /// this run. Gives back the texts that have to be sent now, oldest first.
    pub(crate) fn remember(
        &mut self,
        peer: PeerName,
        lines: Vec<Line>,
        calls: Vec<PastCall>,
    ) -> Vec<(Duration, String)> {
        self.awaited.remove(&peer);
        let mut people = self.people.iter_mut();
        let Some(person) = people.find(|person| person.name == peer) else {
            return Vec::new();
        };
        person.precede(lines, calls);
        person.undelivered()
    }

    pub(super) fn write_down(&mut self, peer: PeerName, entry: Entry) {
        if self.config.history {
            self.unwritten.push((peer, entry));
        }
    }
}

fn one_line(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\");
    escaped.replace('\n', "\\n").replace('\r', "\\r")
}

fn many_lines(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => whole.push('\n'),
                Some('r') => whole.push('\r'),
                Some(other) => whole.push(other),
                None => {}
            },
            c => whole.push(c),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Duration = Duration::from_micros(1_764_100_000_000_000);

    #[test]
    fn every_text_fits_one_line_and_comes_back() {
        for text in ["", " ", "a\nb\r\n\\n", "> 7 x", "\u{1b}[2J", "\\", "日本"] {
            let text = text.to_owned();
            let heard = Entry::Heard { at: AT, text };
            let line = heard.write();
            assert_eq!(line.matches('\n').count(), 1);
            assert_eq!(Entry::read(line.trim_end_matches('\n')), Some(heard));
        }
    }

    #[test]
    fn talk_comes_back_with_what_became_of_it() {
        let later = AT + Duration::from_secs(1);
        let said = |at| Entry::Said {
            at,
            text: "hello".to_owned(),
        };
        let entries = [said(AT), said(later), Entry::Arrived { at: AT }];
        let text: String = entries.iter().map(Entry::write).collect();
        let by: Vec<_> = read(&text).into_iter().map(|line| line.by).collect();
        assert_eq!(
            by,
            [
                Speaker::Us(None, Delivery::Arrived),
                Speaker::Us(None, Delivery::Sent)
            ]
        );
    }

    #[test]
    fn calls_come_back_and_are_no_texts() {
        let talked = |video| Past::Talked {
            video,
            length: Duration::from_secs(724),
        };
        let all = [
            talked(true),
            talked(false),
            Past::Missed,
            Past::Unanswered,
            Past::LetIn,
            Past::SawCamera,
        ];
        let calls = all.map(|what| PastCall { at: AT, what });
        let entries = calls.map(Entry::Call);
        let text: String = entries.iter().map(Entry::write).collect();
        assert_eq!(read_calls(&text), calls);
        assert!(read(&text).is_empty());
        assert!(read_calls("= 5 video\n= 5 video x\n= x missed\n= 5 else 7\n").is_empty());
    }

    #[test]
    fn what_is_no_history_is_passed_over() {
        assert!(read("half a li\n> x y\n+ 5\n\u{fffd}\n< 99999999999999999999999 t\n").is_empty());
    }
}
