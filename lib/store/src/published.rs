//! What became of transfers: which name each got, and when. A peer may learn leaf by leaf whether a
//! file of the inbox is the one it offers only if that file came from the same peer, and this log
//! says which did. It is a hint: without it, files are sent once more and compared at the end.
//!
//! ```text
//! check 8, peer 32, transfer 16 (each in hex), since, until, collision, inode, name
//! ```
//!
//! A line that doesn't check is none, so a torn one costs only itself. Nothing waits for the log to
//! be on the disk. A name that was published has files of the transfer whose status was changed
//! last between `since` and `until`, by the clock of the file system: no program can set that time,
//! so a file that was changed or moved there at another time is not taken for one of them.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::ops::RangeInclusive;

use transom_wire::{Collision, TransferKey};

use crate::dir::Dir;
use crate::file::File;
use crate::journal::sum;
use crate::record::Claim;

/// The log's name in the staging folder.
const NAME: &str = "published";
/// Lines kept, the newest: one for each of a year's transfers, ten a day. They take 1 MiB.
const LINES: usize = 4096;
/// Bytes read at most: twice as many lines, of names as long as can be, are fewer.
const MOST: u64 = 8 << 20;
/// Times that are kept of one name: of a folder that is sent again each day, files that came in the
/// last weeks are recognised.
const TIMES: usize = 32;

/// The log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// None until the first line is written.
    file: Option<File>,
    /// Where the next line goes, and how many are in the file.
    end: u64,
    written: usize,
    lines: VecDeque<Line>,
}

/// A transfer that was published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Line {
    pub(crate) claim: Claim,
    /// When the file system's clock told so, its files came.
    pub(crate) times: RangeInclusive<i64>,
    pub(crate) collision: Collision,
    /// Number of a folder on its file system, so that another of the same name is not taken for it;
    /// 0 for a file.
    pub(crate) inode: u64,
    pub(crate) name: String,
}

/// What a transfer became.
#[derive(Debug)]
pub(crate) struct Previous {
    pub(crate) name: String,
    pub(crate) inode: u64,
    /// Where the log says so, the newest first.
    lines: Vec<Line>,
}

impl Previous {
    /// Whether a file of that name whose status was changed then is one of the transfer.
    pub(crate) fn has(&self, changed: i64) -> bool {
        let mut lines = self.lines.iter();
        lines.any(|line| line.times.contains(&changed))
    }
}

impl Log {
    /// Reads it; a log that can't be read is begun anew.
    pub(crate) fn open(staging: &Dir) -> Self {
        match Self::read(staging) {
            Ok(log) => log,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => {
                log::warn!("can't read which transfers came before error={error}");
                Self::default()
            }
        }
    }

    fn read(staging: &Dir) -> io::Result<Self> {
        let file = staging.write(NAME)?;
        let mut bytes = Vec::new();
        file.reader(0).take(MOST).read_to_end(&mut bytes)?;
        // What is behind the last whole line is torn.
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        bytes.truncate(whole);
        let mut log = Self {
            end: whole as u64,
            ..Self::default()
        };
        file.set_len(log.end)?;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            log.written += 1;
            if let Some(line) = std::str::from_utf8(line).ok().and_then(Line::parse) {
                log.keep(line);
            }
        }
        log.file = Some(file);
        Ok(log)
    }

    /// What became last of what the peer offers again as `offered`. A name that was found beside
    /// others is the transfer's own; the other ways keep to the name that is offered.
    pub(crate) fn find(
        &self,
        claim: &Claim,
        collision: Collision,
        offered: &str,
    ) -> Option<Previous> {
        let is_it = |line: &&Line| match collision {
            Collision::Skip | Collision::Overwrite => line.name == offered,
            _ => line.collision == collision,
        };
        let lines = self.lines.iter().rev();
        let lines = lines.filter(|line| line.claim == *claim);
        let mut lines = lines.filter(is_it).peekable();
        let Line { name, inode, .. } = lines.peek().copied()?.clone();
        let is_same = |line: &&Line| (&line.name, line.inode) == (&name, inode);
        let mut found = Vec::new();
        for line in lines.filter(is_same) {
            // Lines that were renewed are in the file twice.
            if found.len() < TIMES && !found.contains(line) {
                found.push(line.clone());
            }
        }
        let lines = found;
        Some(Previous { name, inode, lines })
    }

    /// What a transfer became is still there: its lines are forgotten after all others.
    pub(crate) fn renew(&mut self, staging: &Dir, previous: &Previous) {
        self.lines.retain(|line| !previous.lines.contains(line));
        for line in previous.lines.iter().rev() {
            self.put(staging, line.clone());
        }
    }

    /// The names that a peer's transfers got.
    pub(crate) fn names_of(&self, peer: &[u8; 32]) -> BTreeSet<&str> {
        let lines = self.lines.iter().filter(|line| line.claim.0 == *peer);
        lines.map(|line| line.name.as_str()).collect()
    }

    /// Adds a line.
    pub(crate) fn put(&mut self, staging: &Dir, line: Line) {
        if let Err(error) = self.append(staging, line) {
            log::warn!("can't note what a transfer became error={error}");
        }
    }

    fn append(&mut self, staging: &Dir, line: Line) -> io::Result<()> {
        let text = line.text();
        self.keep(line);
        if self.written >= 2 * LINES {
            return self.compact(staging);
        }
        if self.file.is_none() {
            self.file = Some(staging.write_or_create(NAME)?);
        }
        if let Some(file) = &self.file {
            file.write_all_at(text.as_bytes(), self.end)?;
        }
        self.end += text.len() as u64;
        self.written += 1;
        Ok(())
    }

    fn keep(&mut self, line: Line) {
        self.lines.push_back(line);
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }

    /// Writes the lines that are kept into a new file, which takes the place of the old one.
    fn compact(&mut self, staging: &Dir) -> io::Result<()> {
        let text: String = self.lines.iter().map(Line::text).collect();
        let new = format!("{NAME}-new");
        let file = staging.write_or_create(&new)?;
        file.set_len(0)?;
        file.write_all_at(text.as_bytes(), 0)?;
        file.sync_data()?;
        staging.rename_over(&new, staging, NAME)?;
        (self.end, self.written) = (text.len() as u64, self.lines.len());
        self.file = Some(file);
        Ok(())
    }
}

impl Line {
    fn text(&self) -> String {
        let Self {
            claim: (peer, TransferKey(transfer)),
            times,
            collision,
            inode,
            name,
        } = self;
        let (since, until, collision) = (times.start(), times.end(), collision.code());
        let (peer, transfer) = (hex(peer), hex(transfer));
        let rest = format!("{peer} {transfer} {since} {until} {collision} {inode} {name}");
        format!("{} {rest}\n", hex(&sum(&[rest.as_bytes()])))
    }

    fn parse(line: &str) -> Option<Self> {
        let (check, rest) = line.strip_suffix('\n')?.split_once(' ')?;
        if check != hex(&sum(&[rest.as_bytes()])) {
            return None;
        }
        let mut words = rest.splitn(7, ' ');
        let (peer, transfer) = (unhex(words.next()?)?, unhex(words.next()?)?);
        let (since, until) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let code: u8 = words.next()?.parse().ok()?;
        let collision = Collision::ALL.iter().find(|known| known.code() == code)?;
        Some(Self {
            claim: (peer, TransferKey(transfer)),
            times: since..=until,
            collision: *collision,
            inode: words.next()?.parse().ok()?,
            name: words.next()?.to_owned(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes().as_chunks::<2>().0;
    let bytes = digits.iter().map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(transfer: u8, name: &str, times: RangeInclusive<i64>) -> Line {
        Line {
            claim: ([7; 32], TransferKey([transfer; 16])),
            times,
            collision: Collision::Rename,
            inode: 1,
            name: name.to_owned(),
        }
    }

    fn in_folder<T>(name: &str, test: impl FnOnce(&std::path::Path, Dir) -> T) -> T {
        let path = std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let tested = test(&path, Dir::open(&path).unwrap());
        std::fs::remove_dir_all(&path).unwrap();
        tested
    }

    #[test]
    fn the_last_name_of_a_transfer_is_found_with_the_times_it_came() {
        in_folder("published", |_, dir| {
            let mut log = Log::open(&dir);
            let wanted = line(1, "a b (1)", 1..=2);
            let lines = [
                line(1, "a b", 0..=1),
                wanted.clone(),
                line(2, "other", 5..=9),
                line(1, "a b (1)", 3..=4),
                Line {
                    collision: Collision::Overwrite,
                    ..line(1, "a b", 5..=6)
                },
            ];
            lines.into_iter().for_each(|line| log.put(&dir, line));
            for log in [log, Log::open(&dir)] {
                let rename = Collision::Rename;
                let found = log.find(&wanted.claim, rename, "a b").unwrap();
                assert_eq!(found.name, "a b (1)");
                let has = [0, 1, 2, 3, 4, 5].map(|changed| found.has(changed));
                assert_eq!(has, [false, true, true, true, true, false]);
                let other = ([8; 32], wanted.claim.1);
                assert!(log.find(&other, rename, "a b").is_none());
                let found = log.find(&wanted.claim, Collision::Skip, "a b").unwrap();
                let has = [0, 1, 2, 5].map(|changed| found.has(changed));
                assert_eq!((&*found.name, has), ("a b", [true, true, false, true]));
            }
        });
    }

    #[test]
    fn what_is_still_there_is_forgotten_last() {
        in_folder("published-renewed", |_, dir| {
            let mut log = Log::open(&dir);
            let kept = [line(1, "kept", 1..=2), line(1, "kept", 5..=6)];
            kept.iter().for_each(|line| log.put(&dir, line.clone()));
            let has = |log: &Log| {
                let found = log.find(&kept[0].claim, Collision::Rename, "kept")?;
                Some([1, 3, 5].map(|changed| found.has(changed)))
            };
            for i in 0..3 * LINES as i64 {
                log.put(&dir, line(2, &i.to_string(), i..=i));
                if i % 1000 == 0 {
                    let found = log.find(&kept[0].claim, Collision::Rename, "kept");
                    log.renew(&dir, &found.unwrap());
                }
            }
            for log in [log, Log::open(&dir)] {
                assert_eq!(has(&log), Some([true, false, true]));
                assert_eq!(log.lines.len(), LINES);
            }
        });
    }

    #[test]
    fn a_log_that_is_torn_or_flipped_anywhere_loses_only_the_line_that_is() {
        in_folder("published-torn", |path, dir| {
            let mut log = Log::open(&dir);
            let lines: Vec<_> = (1..4).map(|i| line(i, "a", 1..=2)).collect();
            lines.iter().for_each(|line| log.put(&dir, line.clone()));
            let bytes = std::fs::read(path.join(NAME)).unwrap();
            for at in 0..bytes.len() {
                std::fs::write(path.join(NAME), &bytes[..at]).unwrap();
                let mut log = Log::open(&dir);
                let ends = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
                assert_eq!(log.lines, &lines[..ends], "cut at {at}");
                log.put(&dir, line(9, "b", 1..=2));
                assert_eq!(Log::open(&dir).lines.len(), ends + 1, "cut at {at}");
                let mut flipped = bytes.clone();
                flipped[at] ^= 1;
                std::fs::write(path.join(NAME), flipped).unwrap();
                let kept = Log::open(&dir).lines;
                assert!(
                    kept.iter().all(|line| lines.contains(line)),
                    "flipped at {at}"
                );
                assert!(kept.len() >= lines.len() - 2, "flipped at {at}");
            }
        });
    }

    #[test]
    fn the_log_is_bounded_in_memory_and_on_the_disk() {
        in_folder("published-many", |path, dir| {
            let mut log = Log::open(&dir);
            for i in 0..2 * LINES as i64 + 10 {
                log.put(&dir, line(1, &i.to_string(), i..=i));
            }
            let len = std::fs::metadata(path.join(NAME)).unwrap().len();
            assert!(len < 200 * LINES as u64, "{len}");
            for log in [log, Log::open(&dir)] {
                assert_eq!(log.lines.len(), LINES);
                let last = format!("{}", 2 * LINES + 9);
                assert_eq!(log.lines.back().unwrap().name, last);
            }
        });
    }
}
